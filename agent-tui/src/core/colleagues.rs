//! The agents of the desk as far as the console has heard of them: from their coming and going,
//! and from the tickets that they answer for.

use std::collections::BTreeMap;

use support_shared::AgentId;
use support_shared::notice::PresenceChanged;
use support_shared::ticket::{AgentName, PresenceState, Ticket};

use crate::text::Untrusted;

/// The most colleagues that are remembered.
const MOST: usize = 1_000;

#[derive(Debug, Clone)]
pub(crate) struct Colleague {
    pub(crate) id: AgentId,
    pub(crate) name: Untrusted,
    /// Nothing before we were told.
    pub(crate) state: Option<PresenceState>,
}

#[derive(Debug, Default)]
pub(crate) struct Colleagues(BTreeMap<AgentId, Colleague>);

impl Colleagues {
    pub(super) fn hear(&mut self, changed: PresenceChanged) {
        if let Some(known) = self.meet(changed.agent_id, &changed.name) {
            known.name = changed.name.into();
            known.state = Some(changed.state);
        }
    }

    /// Whoever a ticket names works here.
    pub(super) fn read(&mut self, ticket: &Ticket) {
        for AgentName { id, name } in ticket.assignee.iter().chain(&ticket.closed_by) {
            self.meet(*id, name);
        }
    }

    /// Who is online is told again after an outage.
    pub(super) fn forget_states(&mut self) {
        for colleague in self.0.values_mut() {
            colleague.state = None;
        }
    }

    /// Everybody but this agent: who is online first, then by name.
    pub(crate) fn others(&self, me: AgentId) -> Vec<&Colleague> {
        let mut others: Vec<&Colleague> = self.0.values().filter(|it| it.id != me).collect();
        others.sort_by_cached_key(|it| {
            (it.state != Some(PresenceState::Online), it.name.line(80).to_lowercase(), it.id)
        });
        others
    }

    fn meet(&mut self, id: AgentId, name: &str) -> Option<&mut Colleague> {
        if self.0.len() >= MOST && !self.0.contains_key(&id) {
            return None;
        }
        let new = || Colleague { id, name: name.into(), state: None };
        Some(self.0.entry(id).or_insert_with(new))
    }
}
