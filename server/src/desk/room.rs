//! Being in a ticket: entering its room, resuming where one was, and leaving. Whether an agent has
//! joined is the log's to say; who has gone without a word is `attendance`'s to find.

use std::sync::Arc;
use std::time::Duration;

use support_shared::{
    TicketId,
    answer::{Empty, Joined},
    message::SystemEvent,
    notice::{AgentNotice, GuestNotice, HeadNotice},
    request::JoinTicket,
};

use super::{
    Desk, DeskError, Known,
    actor::{Actor, Connection},
    command::{Reply, TicketView},
    hub::Agents,
    log::Log,
    presence::{Place, Seat},
    record::TicketRecord,
    store::{Page, Range},
};

#[cfg(test)]
use super::mutant::{self, Mutant};

/// How often a ticket may be closed and opened again while somebody joins.
const TRIES: usize = 4;

impl Known {
    /// Whether a ticket's log says of an agent that it is in it. Of others it says nothing.
    fn is_in(&self, ticket: &TicketRecord) -> bool {
        match self {
            Self::Agent(agent) => ticket.conversation.present.iter().any(|it| it.id == agent.id),
            Self::Stranger | Self::Ended | Self::Operator | Self::Guest(_) => true,
        }
    }
}

/// Whether what a client gets has a close that its ticket does not know of. A page that ends before
/// the log does says nothing, and the client asks for the next one.
fn was_closed_after(seq: u64, joined: &Joined<TicketView>) -> bool {
    joined.messages.iter().any(|message| {
        let closed = matches!(message.event, Some(SystemEvent::TicketClosed { .. }));
        closed && message.seq.is_some_and(|it| it > seq)
    })
}

/// A place that an agent's connection is about to take. If nothing comes of it, because the store
/// fails or nobody waits any more, the connection is again what it was before: who was refused is
/// not in the ticket.
struct Taking<'a> {
    desk: &'a Arc<Desk>,
    connection: &'a Connection,
    seat: Option<Seat>,
    is_done: bool,
}

impl<'a> Taking<'a> {
    fn begins(
        desk: &'a Arc<Desk>,
        connection: &'a Connection,
        known: &Known,
        ticket: TicketId,
    ) -> Self {
        let seat = match known {
            Known::Agent(agent) => Some((ticket, agent.id)),
            Known::Stranger | Known::Ended | Known::Operator | Known::Guest(_) => None,
        };
        if let Some(seat) = seat {
            desk.presence.begin_joining(seat, &connection.seat);
        }
        Self { desk, connection, seat, is_done: false }
    }
}

impl Drop for Taking<'_> {
    fn drop(&mut self) {
        let Some((ticket, agent)) = self.seat else { return };
        let presence = &self.desk.presence;
        if self.is_done {
            return presence.end_joining(&self.connection.seat);
        }
        let (before, stood) = presence.take_back_joining((ticket, agent), &self.connection.seat);
        if stood {
            // It may have been written.
            self.desk.leave_after_grace(ticket, agent);
        }
        match before {
            Place::Watch(since) | Place::Seat(since) => {
                self.desk.hub.put_back(self.connection, ticket, since);
            }
            Place::None => self.desk.hub.leave(self.connection, ticket),
        }
    }
}

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
        self.joined(known, ticket, &request).await.map(Reply::Joined)
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
            return self.joined(known, ticket, &request).await.map(Reply::Joined);
        };
        if !ticket.is_open() {
            // Nobody can say anything there; but its guest is to see it when it is opened again,
            // as it would if it had stayed since before the close.
            if let Known::Guest(_) = known {
                self.hub.enter(connection, id, ticket.conversation.seq);
            }
            return self.joined(known, ticket, &request).await.map(Reply::Joined);
        }
        let mut taking = Taking::begins(self, connection, known, id);
        let mut ticket = ticket;
        for _ in 0..TRIES {
            if !ticket.is_open() {
                break;
            }
            // The room is entered before the log is read: what is told in between is told twice,
            // and dropped by its number. The other way round it would be lost.
            self.take_place(connection, known, &ticket, request.silent);
            if let (Known::Agent(agent), false) = (known, request.silent) {
                // Before the log says so: whoever writes the agent out elsewhere sees one of the
                // two.
                self.say_seats().await?;
                let event = SystemEvent::AgentJoined { agent: agent.name() };
                self.append_event(id, event).await?;
            }
            ticket = self.store.ticket(id).await?.ok_or(DeskError::NotFound)?;
            if !ticket.is_open() {
                break;
            }
            // Once more: a close and a reopening in between have emptied the room, or will when
            // that close is told of.
            self.take_place(connection, known, &ticket, request.silent);
            #[cfg(test)]
            if mutant::is(Mutant::NoRoomBeforeRead) {
                self.hub.leave(connection, id);
                let joined = self.joined(known, ticket, &request).await;
                self.hub.enter(connection, id, 0);
                return joined.map(Reply::Joined);
            }
            let seq = ticket.conversation.seq;
            let is_in = request.silent || known.is_in(&ticket);
            let joined = self.joined(known, ticket, &request).await?;
            if is_in && !was_closed_after(seq, &joined) {
                taking.is_done = true;
                return Ok(Reply::Joined(joined));
            }
            // A close since then has emptied the room, and may have done so before it was entered.
            ticket = self.store.ticket(id).await?.ok_or(DeskError::NotFound)?;
        }
        // A guest stays in the room of a ticket that has been closed.
        if let Known::Agent(agent) = known {
            self.hub.leave(connection, id);
            self.presence.stand(id, agent.id, &connection.seat);
        }
        taking.is_done = true;
        if ticket.is_open() {
            let why = anyhow::anyhow!("the ticket is closed and opened again all the time");
            return Err(DeskError::Unavailable(why));
        }
        self.joined(known, ticket, &request).await.map(Reply::Joined)
    }

    /// Lets a connection into a ticket's room, as one that knows the ticket as it is here.
    fn take_place(
        &self,
        connection: &Connection,
        known: &Known,
        ticket: &TicketRecord,
        silent: bool,
    ) {
        let (id, seq) = (ticket.id, ticket.conversation.seq);
        self.hub.enter(connection, id, seq);
        if silent {
            self.presence.watch(id, &connection.seat, seq);
        } else if let Known::Agent(agent) = known {
            self.presence.sit(id, agent.id, &connection.seat, seq);
        }
    }

    /// What a client gets that has entered: the ticket, and the part of its logs that it has not.
    async fn joined(
        &self,
        known: &Known,
        ticket: TicketRecord,
        request: &JoinTicket,
    ) -> Result<Joined<TicketView>, DeskError> {
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
        Ok(Joined {
            participants: ticket.participants(),
            ticket: known.view(&ticket),
            epoch: epoch.to_owned(),
            reset,
            messages,
            has_more,
            has_more_notes: notes.as_ref().map(|page| page.has_more),
            notes: notes.map(|page| page.messages),
        })
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
                self.leave_unless_seated(ticket.id, agent.name()).await?;
            }
        }
        Ok(Reply::Empty(Empty {}))
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
