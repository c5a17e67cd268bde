//! An agent between two connections: the last one is gone, and the grace period goes on. Its
//! colleagues are told that it is away; that it has gone, or is back, is for `attendance` to say.

use std::time::Duration;

use support_shared::{
    notice::{AgentNotice, PresenceChanged},
    ticket::PresenceState,
};

use super::{
    Desk, PATIENCE,
    actor::{Actor, Who},
    hub::Agents,
};

impl Desk {
    /// Tells that an agent is away, if the connection that has just gone was its last.
    pub async fn tell_away(&self, actor: &Actor) {
        let Who::Agent { agent, .. } = actor.who else { return };
        if self.presence.is_here(agent) {
            return;
        }
        // What is not known well before it has gone is not told any more: the last word is right.
        let patience = PATIENCE.min(Duration::from_millis(self.limits.left_grace_ms / 2));
        let Ok(Ok(agents)) = tokio::time::timeout(patience, self.store.agents()).await else {
            return;
        };
        let Some(record) = agents.into_iter().find(|it| it.id == agent) else { return };
        let _telling = self.presence.telling();
        if !self.presence.is_here(agent) {
            let (name, state) = (record.display_name, PresenceState::Away);
            let changed = PresenceChanged { agent_id: agent, name, state };
            self.hub.tell_agents(Agents::All, &AgentNotice::PresenceChanged(changed));
        }
    }
}
