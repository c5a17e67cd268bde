//! Which agents are in a conversation: told when we join, followed by the log.

use support_shared::message::{SenderRole, SystemEvent};
use support_shared::ticket::Participant;

use crate::text::Untrusted;

#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct People(Vec<Untrusted>);

impl People {
    pub(super) fn told(participants: Vec<Participant>) -> Self {
        let agents = participants.into_iter().filter(|it| it.role == SenderRole::Agent);
        Self(agents.map(|it| it.name.into()).collect())
    }

    pub(super) fn follow(&mut self, event: &SystemEvent) {
        match event {
            SystemEvent::AgentJoined { agent } => {
                let name = Untrusted::from(agent.name.as_str());
                if !self.0.contains(&name) {
                    self.0.push(name);
                }
            }
            SystemEvent::AgentLeft { agent } => {
                let name = Untrusted::from(agent.name.as_str());
                self.0.retain(|known| *known != name);
            }
            SystemEvent::TicketClosed { .. } => self.0.clear(),
            _ => {}
        }
    }

    /// Everybody but the agent of this name.
    pub(crate) fn others<'a>(&'a self, me: &str) -> impl Iterator<Item = &'a Untrusted> {
        let me = Untrusted::from(me);
        self.0.iter().filter(move |name| **name != me)
    }
}
