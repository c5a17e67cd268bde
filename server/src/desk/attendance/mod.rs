//! Who has gone: what the logs say of who is in a ticket, held against where people sit. A leave is
//! written when the grace period is over; what that has missed, because the store was away or a node
//! has ended, is found in rounds. Decides nothing of a log: an entry that is not due is not written.

mod nodes;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use support_shared::{
    AgentId, TicketId,
    message::SystemEvent,
    notice::{AgentNotice, PresenceChanged},
    ticket::{AgentName, PresenceState},
};
use tokio::time::Instant;

use super::{
    Desk, DeskError, PATIENCE,
    actor::{Actor, Who},
    hub::Agents,
    log::Log,
    presence::Seat,
    store::{AgentRecord, Page, Range},
};

pub(super) use self::nodes::Nodes;

/// How often logs and seats are held against each other.
const ROUND: Duration = Duration::from_secs(5);

/// How long a seat may be unknown to its log before something is done about it: longer than any
/// join is under way.
const JOINING: Duration = PATIENCE.saturating_mul(2);

/// Of how many colleagues an agent is told when it connects, in all, before those who are not here
/// are left out.
const TOLD: usize = 200;

/// What did not agree, and since when. It may be on its way to.
#[derive(Default)]
struct Disagreeing {
    /// In a ticket, as its log says, and sitting nowhere.
    absent: BTreeMap<Seat, Instant>,
    /// Sitting here, and not in the ticket as its log says.
    unknown: BTreeMap<Seat, Instant>,
}

impl Desk {
    /// A connection is gone. Its agent has left the tickets that it does not come back to within
    /// the grace period.
    pub fn disconnected(self: &Arc<Self>, actor: &Actor) {
        let Some(connection) = &actor.connection else {
            return;
        };
        self.connections.close(actor);
        if let Who::Agent { agent, .. } = actor.who
            && let Some(name) = self.presence.go(agent, &connection.seat)
        {
            self.is_away(agent, name);
        }
        for (ticket, agent) in self.presence.gone(&connection.seat) {
            self.leave_after_grace(ticket, agent);
        }
    }

    /// Starts the grace period of everybody whom the last run of the server left in a ticket.
    pub async fn resume(self: &Arc<Self>) -> Result<(), DeskError> {
        for ticket in self.store.attended_tickets().await? {
            for agent in &ticket.conversation.present {
                self.leave_after_grace(ticket.id, agent.id);
            }
        }
        Ok(())
    }

    pub(super) fn leave_after_grace(self: &Arc<Self>, ticket: TicketId, agent: AgentId) {
        let desk = Arc::clone(self);
        self.tasks.spawn(async move {
            if desk.waits(desk.grace()).await
                && let Err(error) = desk.leave_unless_back(ticket, agent).await
            {
                // A round will find it.
                tracing::warn!(%ticket, %agent, %error, "an agent has left, not written yet");
            }
        });
    }

    fn grace(&self) -> Duration {
        Duration::from_millis(self.limits.left_grace_ms)
    }

    /// False when the server stops meanwhile.
    pub(super) async fn waits(&self, time: Duration) -> bool {
        tokio::select! {
            () = tokio::time::sleep(time) => true,
            () = self.stopping.cancelled() => false,
        }
    }

    async fn leave_unless_back(&self, ticket: TicketId, agent: AgentId) -> Result<(), DeskError> {
        if self.presence.sits(ticket, agent) {
            return Ok(());
        }
        let record = self.store.ticket(ticket).await?;
        let present = record.map(|ticket| ticket.conversation.present).unwrap_or_default();
        match present.into_iter().find(|it| it.id == agent) {
            Some(name) => self.leave_unless_seated(ticket, name).await,
            None => Ok(()),
        }
    }

    /// Writes that an agent has left, unless it sits in the ticket, here or on another node.
    pub(super) async fn leave_unless_seated(
        &self,
        ticket: TicketId,
        agent: AgentName,
    ) -> Result<(), DeskError> {
        let seat = (ticket, agent.id);
        if self.sits_anywhere(seat).await? {
            return Ok(());
        }
        self.append_event(ticket, SystemEvent::AgentLeft { agent: agent.clone() }).await?;
        if self.sits_anywhere(seat).await? {
            // Back at the very moment: it has joined again.
            self.append_event(ticket, SystemEvent::AgentJoined { agent }).await?;
        }
        Ok(())
    }

    async fn sits_anywhere(&self, (ticket, agent): Seat) -> Result<bool, DeskError> {
        Ok(self.presence.sits(ticket, agent) || self.sits_elsewhere((ticket, agent)).await?)
    }

    // ---- Rounds ----

    /// Holds logs and seats against each other, now and then, until the server stops.
    pub(super) async fn look_after_seats(self: Arc<Self>) {
        let mut disagreeing = Disagreeing::default();
        while self.waits(ROUND).await {
            if let Err(error) = self.look_at_seats(&mut disagreeing).await {
                tracing::warn!(%error, "who is in which ticket was not looked at");
            }
        }
    }

    async fn look_at_seats(&self, disagreeing: &mut Disagreeing) -> Result<(), DeskError> {
        let elsewhere = self.seats_elsewhere().await?;
        let mut present = BTreeSet::new();
        for ticket in self.store.attended_tickets().await? {
            present.extend(ticket.conversation.present.iter().map(|agent| (ticket.id, agent.id)));
        }
        let here = self.presence.seats();

        let Disagreeing { absent, unknown } = disagreeing;
        let is_absent = |seat: &Seat| {
            present.contains(seat) && !here.contains_key(seat) && !elsewhere.contains(seat)
        };
        let gone = since(absent, present.iter().copied().filter(is_absent), self.grace());
        for (ticket, agent) in gone {
            if let Err(error) = self.leave_unless_back(ticket, agent).await {
                tracing::warn!(%ticket, %agent, %error, "an agent has left, not written yet");
            }
        }
        let sitting = here.keys().copied().filter(|seat| !present.contains(seat));
        for seat in since(unknown, sitting, JOINING) {
            if let Err(error) = self.settle_seat(seat, here[&seat]).await {
                tracing::warn!(ticket = %seat.0, agent = %seat.1, %error, "a seat is not settled");
            }
        }
        Ok(())
    }

    /// A seat that its log does not know of, taken when the log was known up to `seq`: the ticket
    /// was closed on another node, which has cleared only its own seats; or this node was taken for
    /// one that has ended, and its agents were written out.
    async fn settle_seat(&self, (ticket, agent): Seat, seq: u64) -> Result<(), DeskError> {
        let Some(record) = self.store.ticket(ticket).await? else { return Ok(()) };
        let present = &record.conversation.present;
        if present.iter().any(|it| it.id == agent) {
            return Ok(());
        }
        let closed = if record.is_open() {
            self.last_close_after(ticket, seq).await?
        } else {
            Some(record.conversation.seq)
        };
        if let Some(closed) = closed {
            self.presence.clear(ticket, closed);
            return Ok(());
        }
        let agents = self.store.agents().await?;
        match agents.iter().find(|it| it.id == agent) {
            Some(record) if self.presence.sits(ticket, agent) => {
                let joined = SystemEvent::AgentJoined { agent: record.name() };
                self.append_event(ticket, joined).await
            }
            _ => Ok(()),
        }
    }

    async fn last_close_after(
        &self,
        ticket: TicketId,
        mut seq: u64,
    ) -> Result<Option<u64>, DeskError> {
        let size = self.limits.size(None);
        let mut closed = None;
        loop {
            let read = self.store.messages(ticket, Log::Conversation, Range::After(seq), size);
            let Page { messages, has_more } = read.await?;
            for message in &messages {
                seq = message.seq.unwrap_or(seq);
                if let Some(SystemEvent::TicketClosed { .. }) = message.event {
                    closed = Some(seq);
                }
            }
            if !has_more || messages.is_empty() {
                return Ok(closed);
            }
        }
    }

    // ---- Colleagues ----

    /// An agent's connection has come in; its colleagues hear of the first.
    pub(super) fn came(&self, actor: &Actor, agent: &AgentRecord) {
        if let Some(connection) = &actor.connection
            && self.presence.come(agent.id, &agent.display_name, &connection.seat)
        {
            let _telling = self.presence.telling();
            self.tell_presence(agent.id, agent.display_name.clone(), PresenceState::Online);
        }
    }

    /// Tells an agent that has just connected which of its colleagues are here: it has not heard
    /// them come. Those who are not are told of too, as far as there is room: a ticket can be
    /// given to them all the same.
    pub async fn tell_who_is_here(&self, actor: &Actor) {
        let (Who::Agent { agent: own, .. }, Some(connection)) = (actor.who, &actor.connection)
        else {
            return;
        };
        let all = self.store.agents().await.unwrap_or_else(|error| {
            tracing::warn!(%error, "an agent is not told who is absent");
            Vec::new()
        });
        let _telling = self.presence.telling();
        let here = self.presence.here();
        let is_absent = |agent: &AgentRecord| {
            !agent.disabled && !here.iter().any(|(present, _)| *present == agent.id)
        };
        let absent = all.into_iter().filter(is_absent).take(TOLD.saturating_sub(here.len()));
        let absent = absent.map(|it| (it.id, it.display_name, PresenceState::Offline));
        let present = here.iter().map(|(id, name)| (*id, name.clone(), PresenceState::Online));
        for (agent_id, name, state) in present.chain(absent).filter(|(id, ..)| *id != own) {
            let changed = PresenceChanged { agent_id, name, state };
            self.hub.tell_one(connection, &AgentNotice::PresenceChanged(changed));
        }
    }

    /// An agent's last connection is gone: it is away, and when it does not come back within the
    /// grace period, offline.
    fn is_away(self: &Arc<Self>, agent: AgentId, name: String) {
        self.tell_absence(agent, name.clone(), PresenceState::Away);
        let desk = Arc::clone(self);
        self.tasks.spawn(async move {
            if desk.waits(desk.grace()).await {
                desk.tell_absence(agent, name, PresenceState::Offline);
            }
        });
    }

    fn tell_absence(&self, agent: AgentId, name: String, state: PresenceState) {
        let _telling = self.presence.telling();
        if !self.presence.is_here(agent) {
            self.tell_presence(agent, name, state);
        }
    }

    fn tell_presence(&self, agent_id: AgentId, name: String, state: PresenceState) {
        let changed = PresenceChanged { agent_id, name, state };
        self.hub.tell_agents(Agents::All, &AgentNotice::PresenceChanged(changed));
    }
}

/// Keeps what still is so, adds what is so now, and answers with what has been so for longer than
/// `time`.
fn since(
    known: &mut BTreeMap<Seat, Instant>,
    now: impl Iterator<Item = Seat>,
    time: Duration,
) -> Vec<Seat> {
    let moment = Instant::now();
    *known = now.map(|seat| (seat, known.get(&seat).copied().unwrap_or(moment))).collect();
    let long = known.iter().filter(|(_, since)| since.elapsed() > time);
    long.map(|(seat, _)| *seat).collect()
}
