//! Opening, listing, joining, leaving and closing tickets. What a ticket may become is decided by
//! its log, in the store; here it is asked for.

use std::sync::Arc;
use std::time::Duration;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use support_shared::{
    MessageId, TicketId, TicketRef,
    answer::{Empty, Joined, TicketAnswer, TicketCreated, TicketPage},
    message::SystemEvent,
    request::{CreateTicket, JoinTicket, Limit, ListOwnTickets, ListTickets},
    text::Subject,
    ticket::{AgentName, Guest, TicketStatus},
};

use super::{
    Desk, DeskError, Known,
    command::{Actor, Reply},
    log::{Body, Draft, Log, OnlyFrom, Sender},
    record::{NewTicket, TicketRecord},
    store::{Appended, Created, Cursor, Listing, Page, Range, StoreError},
};

impl Desk {
    pub(super) async fn open_ticket(
        &self,
        actor: &Actor,
        known: &Known,
        request: CreateTicket,
    ) -> Result<Reply, DeskError> {
        self.limits.check_content(&request.content)?;
        let guest = known.guest()?;
        // One that is opened again after a lost answer is no new one.
        let opened = self.store.ticket_opened(guest.id, request.client_message_id.clone()).await?;
        if opened.is_none() {
            self.rates.guest_tickets.take(&guest.id)?;
        }
        let guest = self.named(guest, &request).await?;
        let at = self.source.now();
        let new = NewTicket {
            id: TicketId::from_ulid(self.source.ulid()),
            reference: self.fresh_ref(),
            guest: guest.clone(),
            subject: request.subject.map(String::from),
            created_by: request.client_message_id.clone(),
            at,
        };
        let name = new.clone().record().guest_name();
        let first = Draft {
            id: MessageId::from_ulid(self.source.ulid()),
            log: Log::Conversation,
            at,
            sender: Sender::Guest(guest.id, name),
            body: Body::Text {
                content: request.content.into(),
                client_message_id: request.client_message_id,
            },
            only_from: OnlyFrom::Anybody,
        };
        // In its room before anything can be told of it, so that no notice of it is missed.
        if let Some(connection) = &actor.connection {
            self.hub.enter(connection, new.id);
        }
        let room = new.id;
        let created = self.create(new, first).await;
        let stays = matches!(&created, Ok(Created::New(..)));
        if let Some(connection) = &actor.connection
            && !stays
        {
            self.hub.leave(connection, room);
        }
        let (ticket, message) = match created? {
            Created::New(ticket, message) | Created::Duplicate(ticket, message) => {
                (ticket, message)
            }
            Created::TooMany => {
                return Err(DeskError::Conflict(
                    "you have too many open conversations; end one first".to_owned(),
                ));
            }
            Created::RefTaken => {
                return Err(DeskError::Internal(anyhow::anyhow!("no ref is free")));
            }
        };
        if let Some(connection) = &actor.connection
            && ticket.is_open()
        {
            self.hub.enter(connection, ticket.id);
        }
        Ok(Reply::Created(TicketCreated { ticket: known.view(&ticket), messages: vec![*message] }))
    }

    /// Stores a ticket under a ref that is free. Of a thousand million refs the first few tried
    /// are taken only when the desk is full.
    async fn create(&self, mut new: NewTicket, first: Draft) -> Result<Created, StoreError> {
        let most_open = self.limits.guest_open_tickets;
        for _ in 0..8 {
            let created = self.store.create_ticket(new.clone(), first.clone(), most_open).await?;
            if created != Created::RefTaken {
                return Ok(created);
            }
            new.reference = self.fresh_ref();
        }
        Ok(Created::RefTaken)
    }

    fn fresh_ref(&self) -> TicketRef {
        TicketRef::from_bits(u32::from_le_bytes(self.source.bytes()))
    }

    /// The guest with what it says of itself now, kept for its next tickets too.
    async fn named(&self, guest: &Guest, request: &CreateTicket) -> Result<Guest, DeskError> {
        let mut named = guest.clone();
        if let Some(name) = &request.name {
            named.name = Some(name.as_str().to_owned());
        }
        if let Some(email) = &request.email {
            named.email = Some(email.as_str().to_owned());
        }
        if named != *guest {
            self.store.change_guest(named.clone()).await?;
        }
        Ok(named)
    }

    pub(super) async fn list_tickets(
        &self,
        known: &Known,
        request: ListTickets,
    ) -> Result<Reply, DeskError> {
        let listing = match request.status.unwrap_or(TicketStatus::Open) {
            TicketStatus::Open => {
                Listing::Open { assignee: request.assignee, me: Some(known.agent()?.id) }
            }
            TicketStatus::Closed => Listing::Closed,
        };
        self.list(known, listing, request.cursor, request.limit).await
    }

    pub(super) async fn list_own_tickets(
        &self,
        known: &Known,
        request: ListOwnTickets,
    ) -> Result<Reply, DeskError> {
        self.list(known, Listing::Own(known.guest()?.id), request.cursor, request.limit).await
    }

    async fn list(
        &self,
        known: &Known,
        listing: Listing,
        cursor: Option<String>,
        limit: Limit,
    ) -> Result<Reply, DeskError> {
        let after = cursor.as_deref().map(parse_cursor).transpose()?;
        let entries = self.limits.size(limit).entries;
        // One more than asked for tells whether there is a next page.
        let mut tickets = self.store.tickets(listing.clone(), after, entries + 1).await?;
        let more = tickets.len() > entries;
        tickets.truncate(entries);
        let last = tickets.last().filter(|_| more);
        let next_cursor =
            last.map(|last| print_cursor(Cursor { key: listing.key(last), id: last.id }));
        let tickets = tickets.iter().map(|ticket| known.view(ticket)).collect();
        Ok(Reply::Tickets(TicketPage { tickets, next_cursor }))
    }

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
            return self.joined(known, ticket, &request).await;
        }
        // The room is entered before the log is read: what is told in between is told twice, and
        // dropped by its number. The other way round it would be lost.
        self.hub.enter(connection, id);
        if let Known::Agent(agent) = known
            && !request.silent
        {
            self.presence.sit(id, agent.id, &connection.id);
            let event = SystemEvent::AgentJoined { agent: agent.name() };
            self.append_event(id, event).await?;
        }
        let ticket = self.store.ticket(id).await?.ok_or(DeskError::NotFound)?;
        if !ticket.is_open() {
            self.hub.leave(connection, id);
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
        // Who has more than the store counts in another history, whatever it says.
        let ahead = request.after_seq.is_some_and(|seq| seq > ticket.conversation.seq)
            || request.after_note_seq.is_some_and(|seq| seq > ticket.notes.seq);
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
        &self,
        actor: &Actor,
        known: &Known,
        ticket: TicketRecord,
    ) -> Result<Reply, DeskError> {
        if let Some(connection) = &actor.connection {
            self.hub.leave(connection, ticket.id);
            if let Known::Agent(agent) = known
                && self.presence.stand(ticket.id, agent.id, &connection.id)
            {
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
        for (ticket, agent) in self.presence.gone(&connection.id) {
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

    fn leave_after_grace(self: &Arc<Self>, ticket: TicketId, agent: support_shared::AgentId) {
        let desk = Arc::clone(self);
        let grace = Duration::from_millis(self.limits.left_grace_ms);
        self.tasks.spawn(async move {
            tokio::select! {
                () = tokio::time::sleep(grace) => {}
                () = desk.stopping.cancelled() => return,
            }
            if let Err(error) = desk.leave_unless_back(ticket, agent).await {
                tracing::warn!(%ticket, %agent, %error, "could not write that an agent has left");
            }
        });
    }

    async fn leave_unless_back(
        &self,
        ticket: TicketId,
        agent: support_shared::AgentId,
    ) -> Result<(), DeskError> {
        if self.presence.sits(ticket, agent) {
            return Ok(());
        }
        let record = self.store.ticket(ticket).await?;
        let present = record.map(|ticket| ticket.conversation.present).unwrap_or_default();
        match present.into_iter().find(|it| it.id == agent) {
            Some(agent) => self.append_event(ticket, SystemEvent::AgentLeft { agent }).await,
            None => Ok(()),
        }
    }

    /// Writes a system message, unless what it says is so already or the ticket is closed.
    async fn append_event(&self, ticket: TicketId, event: SystemEvent) -> Result<(), DeskError> {
        let draft = self.event(Log::Conversation, event);
        self.store.append(ticket, draft).await?;
        Ok(())
    }

    fn event(&self, log: Log, event: SystemEvent) -> Draft {
        Draft {
            id: MessageId::from_ulid(self.source.ulid()),
            log,
            at: self.source.now(),
            sender: Sender::System,
            body: Body::Event(event),
            only_from: OnlyFrom::Anybody,
        }
    }

    pub(super) async fn close_ticket(
        &self,
        known: &Known,
        ticket: TicketId,
        reason: Option<Subject>,
    ) -> Result<Reply, DeskError> {
        let agent: AgentName = known.agent()?.name();
        let reason = reason.map(String::from);
        let draft =
            self.event(Log::Conversation, SystemEvent::TicketClosed { agent: Some(agent), reason });
        let ticket = changed(self.store.append(ticket, draft).await?)?;
        Ok(Reply::Ticket(TicketAnswer { ticket: known.view(&ticket) }))
    }
}

/// The ticket after a change, or why there was none.
fn changed(appended: Appended) -> Result<Box<TicketRecord>, DeskError> {
    match appended {
        Appended::New(ticket, _) | Appended::Unchanged(ticket) => Ok(ticket),
        Appended::Refused(refusal) => Err(refusal.into()),
        Appended::NoTicket => Err(DeskError::NotFound),
        Appended::Duplicate(_) => {
            Err(DeskError::Internal(anyhow::anyhow!("an event has no key to be doubled by")))
        }
    }
}

/// A cursor says where in a list, and nothing that its reader may not know: the key of a ticket
/// that was just answered.
fn print_cursor(cursor: Cursor) -> String {
    URL_SAFE_NO_PAD.encode(format!("{}.{}", cursor.key, cursor.id))
}

fn parse_cursor(text: &str) -> Result<Cursor, DeskError> {
    let parse = || {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let text = String::from_utf8(bytes).ok()?;
        let (key, id) = text.split_once('.')?;
        Some(Cursor { key: key.parse().ok()?, id: id.parse().ok()? })
    };
    parse().ok_or_else(|| DeskError::Invalid("not a cursor of this list".to_owned()))
}
