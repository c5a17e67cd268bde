//! Being in a ticket: entering its room, resuming, leaving, and being gone. Whether an agent has
//! joined is the log's to say; when it has left is decided here.

use std::sync::Arc;
use std::time::Duration;

use support_shared::{
    AgentId, TicketId,
    answer::{Empty, Joined},
    message::SystemEvent,
    notice::{AgentNotice, GuestNotice, HeadNotice, PresenceChanged},
    request::JoinTicket,
    ticket::PresenceState,
};

use super::{
    Desk, DeskError, Known,
    actor::{Actor, Who},
    command::Reply,
    hub::Agents,
    log::Log,
    record::TicketRecord,
    store::{AgentRecord, Page, Range},
};

#[cfg(test)]
use super::mutant::{self, Mutant};

impl Desk {
    pub(super) async fn show_ticket(
        &self,
        known: &Known,
        ticket: TicketRecord,
    ) -> Result<Reply, DeskError> {
        let request = JoinTicket {
            ticket_id: ticket.id,
            after_seq: None,
            after_note_seq: None,
            epoch: None,
            limit: None,
            silent: true,
        };
        self.joined(known, ticket, &request).await
    }

    pub(super) async fn join_ticket(
        self: &Arc<Self>,
        actor: &Actor,
        known: &Known,
        ticket: TicketRecord,
        request: JoinTicket,
    ) -> Result<Reply, DeskError> {
        let id = ticket.id;
        let Some(connection) = &actor.connection else {
            return self.joined(known, ticket, &request).await;
        };
        if !ticket.is_open() {
            // Nobody can say anything there; but its guest is to see it when it is opened again,
            // as it would if it had stayed since before the close.
            if let Known::Guest(_) = known {
                self.hub.enter(connection, id, ticket.conversation.seq);
            }
            return self.joined(known, ticket, &request).await;
        }
        // The room is entered before the log is read: what is told in between is told twice, and
        // dropped by its number. The other way round it would be lost.
        let seq = ticket.conversation.seq;
        self.hub.enter(connection, id, seq);
        if request.silent {
            self.presence.watch(id, &connection.seat, seq);
        } else if let Known::Agent(agent) = known {
            self.presence.sit(id, agent.id, &connection.seat, seq);
            let event = SystemEvent::AgentJoined { agent: agent.name() };
            self.append_event(id, event).await?;
        }
        let ticket = self.store.ticket(id).await?.ok_or(DeskError::NotFound)?;
        if ticket.is_open() {
            // Once more: a close and a reopening in between have emptied the room, or will when
            // that close is told of.
            let seq = ticket.conversation.seq;
            self.hub.enter(connection, id, seq);
            if request.silent {
                self.presence.watch(id, &connection.seat, seq);
            } else if let Known::Agent(agent) = known {
                self.presence.sit(id, agent.id, &connection.seat, seq);
            }
        } else if let Known::Agent(agent) = known {
            self.hub.leave(connection, id);
            self.presence.stand(id, agent.id, &connection.seat);
        }
        #[cfg(test)]
        if mutant::is(Mutant::NoRoomBeforeRead) {
            self.hub.leave(connection, id);
            let joined = self.joined(known, ticket, &request).await;
            self.hub.enter(connection, id, seq);
            return joined;
        }
        self.joined(known, ticket, &request).await
    }

    /// What a client gets that has entered: the ticket, and the part of its logs that it has not.
    async fn joined(
        &self,
        known: &Known,
        ticket: TicketRecord,
        request: &JoinTicket,
    ) -> Result<Reply, DeskError> {
        let epoch = self.store.epoch();
        let id = ticket.id;
        let size = self.limits.size(request.limit);
        let strange = request.epoch.as_ref().is_some_and(|theirs| theirs != epoch);
        #[cfg(test)]
        let strange = strange && !mutant::is(Mutant::NoEpoch);
        // Who has more than the store counts in another history, whatever it says. Of the notes
        // only agents may learn even that.
        let agent = matches!(known, Known::Agent(_));
        let ahead = request.after_seq.is_some_and(|seq| seq > ticket.conversation.seq)
            || (agent && request.after_note_seq.is_some_and(|seq| seq > ticket.notes.seq));
        let reset = strange || ahead;
        let range = |after: Option<u64>| match after {
            Some(seq) if !reset => Range::After(seq),
            _ => Range::Before(u64::MAX),
        };
        let Page { messages, has_more } =
            self.store.messages(id, Log::Conversation, range(request.after_seq), size).await?;
        let notes = match known {
            Known::Agent(_) => Some(
                self.store.messages(id, Log::Notes, range(request.after_note_seq), size).await?,
            ),
            Known::Guest(_) | Known::Stranger | Known::Ended | Known::Operator => None,
        };
        Ok(Reply::Joined(Joined {
            participants: ticket.participants(),
            ticket: known.view(&ticket),
            epoch: epoch.to_owned(),
            reset,
            messages,
            has_more,
            has_more_notes: notes.as_ref().map(|page| page.has_more),
            notes: notes.map(|page| page.messages),
        }))
    }

    pub(super) async fn leave_ticket(
        self: &Arc<Self>,
        actor: &Actor,
        known: &Known,
        ticket: TicketRecord,
    ) -> Result<Reply, DeskError> {
        if let Some(connection) = &actor.connection {
            self.hub.leave(connection, ticket.id);
            if let Known::Agent(agent) = known
                && self.presence.stand(ticket.id, agent.id, &connection.seat)
            {
                // It has stood up, whatever becomes of this request: what cannot be written now is
                // written then.
                self.leave_after_grace(ticket.id, agent.id);
                let event = SystemEvent::AgentLeft { agent: agent.name() };
                self.append_event(ticket.id, event).await?;
            }
        }
        Ok(Reply::Empty(Empty {}))
    }

    /// A connection is gone. Its agent has left the tickets that it does not come back to within
    /// the grace period.
    pub fn disconnected(self: &Arc<Self>, actor: &Actor) {
        let Some(connection) = &actor.connection else {
            return;
        };
        self.connections.close(actor);
        if let Who::Agent { agent, .. } = actor.who
            && self.presence.go(agent, &connection.seat)
        {
            self.away_after_grace(agent);
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

    fn leave_after_grace(self: &Arc<Self>, ticket: TicketId, agent: AgentId) {
        let desk = Arc::clone(self);
        self.tasks.spawn(async move {
            while desk.grace_is_over().await {
                match desk.leave_unless_back(ticket, agent).await {
                    // Once more, or the agent would be in the ticket until the next start.
                    Err(error @ DeskError::Unavailable(_)) => {
                        tracing::warn!(%ticket, %agent, %error, "an agent has left, not written yet");
                    }
                    Err(error) => {
                        tracing::error!(%ticket, %agent, %error, "cannot write that an agent has left");
                        return;
                    }
                    Ok(()) => return,
                }
            }
        });
    }

    /// Waits for the time that an agent may be away; false when the server stops meanwhile.
    async fn grace_is_over(&self) -> bool {
        let grace = Duration::from_millis(self.limits.left_grace_ms);
        tokio::select! {
            () = tokio::time::sleep(grace) => true,
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
            Some(name) => {
                let left = SystemEvent::AgentLeft { agent: name.clone() };
                self.append_event(ticket, left).await?;
                if self.presence.sits(ticket, agent) {
                    // Back at the very moment: it has joined again.
                    self.append_event(ticket, SystemEvent::AgentJoined { agent: name }).await?;
                }
                Ok(())
            }
            None => Ok(()),
        }
    }

    /// An agent's connection has come in; its colleagues hear of the first.
    pub(super) fn came(&self, actor: &Actor, agent: &AgentRecord) {
        if let Some(connection) = &actor.connection
            && self.presence.come(agent.id, &agent.display_name, &connection.seat)
        {
            let _telling = self.presence.telling();
            self.tell_presence(agent, PresenceState::Online);
        }
    }

    /// Tells an agent that has just connected which of its colleagues are here: it has not heard
    /// them come.
    pub fn tell_who_is_here(&self, actor: &Actor) {
        let (Who::Agent { agent: own, .. }, Some(connection)) = (actor.who, &actor.connection)
        else {
            return;
        };
        let _telling = self.presence.telling();
        for (agent_id, name) in self.presence.here() {
            if agent_id != own {
                let state = PresenceState::Online;
                let changed = PresenceChanged { agent_id, name, state };
                self.hub.tell_one(connection, &AgentNotice::PresenceChanged(changed));
            }
        }
    }

    /// Says that an agent is gone that did not come back within the grace period.
    fn away_after_grace(self: &Arc<Self>, agent: AgentId) {
        let desk = Arc::clone(self);
        self.tasks.spawn(async move {
            while desk.grace_is_over().await && !desk.presence.is_here(agent) {
                match desk.store.agents().await {
                    // Once more, or its colleagues would see it online until it comes back.
                    Err(error) => tracing::warn!(%agent, %error, "an agent is gone, not told yet"),
                    Ok(agents) => {
                        let _telling = desk.presence.telling();
                        if let Some(agent) = agents.iter().find(|it| it.id == agent)
                            && !desk.presence.is_here(agent.id)
                        {
                            desk.tell_presence(agent, PresenceState::Offline);
                        }
                        return;
                    }
                }
            }
        });
    }

    fn tell_presence(&self, agent: &AgentRecord, state: PresenceState) {
        let name = agent.display_name.clone();
        let changed = PresenceChanged { agent_id: agent.id, name, state };
        self.hub.tell_agents(Agents::All, &AgentNotice::PresenceChanged(changed));
    }

    /// Tells every room where its log ends, again and again: who has missed even the last message
    /// finds out by it.
    pub(super) async fn tell_heads(self: Arc<Self>) {
        let period = Duration::from_millis(self.limits.head_every_ms.max(1));
        #[cfg(test)]
        if mutant::is(Mutant::NoBeacon) {
            return self.stopping.cancelled().await;
        }
        loop {
            let rooms = self.hub.occupied();
            // Spread over the period, so that it is never felt.
            let pause = period / u32::try_from(rooms.len() + 1).unwrap_or(u32::MAX);
            for ticket in rooms.into_iter().map(Some).chain([None]) {
                tokio::select! {
                    () = tokio::time::sleep(pause) => {}
                    () = self.stopping.cancelled() => return,
                }
                if let Some(id) = ticket
                    && let Ok(Some(ticket)) = self.store.ticket(id).await
                {
                    self.tell_head(&ticket);
                }
            }
        }
    }

    fn tell_head(&self, ticket: &TicketRecord) {
        let head = HeadNotice {
            ticket_id: ticket.id,
            seq: ticket.conversation.seq,
            note_seq: None,
            epoch: self.store.epoch().to_owned(),
        };
        self.hub.tell_guest(ticket.id, &GuestNotice::Head(head.clone()));
        let head = HeadNotice { note_seq: Some(ticket.notes.seq), ..head };
        self.hub.tell_agents(Agents::In(ticket.id), &AgentNotice::Head(head));
    }
}
