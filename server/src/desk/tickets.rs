//! Opening tickets, and what becomes of them: closing, reopening, assigning, tagging, rating. What
//! may follow what is decided by the log, in the store; here it is asked for.

use support_shared::{
    AgentId, MessageId, TicketId, TicketRef,
    answer::{TicketAnswer, TicketCreated},
    message::SystemEvent,
    request::{Assignment, CreateTicket, IfAssignee, NewAssignee, RateTicket, Tagging},
    text::Subject,
    ticket::{AgentName, Guest, Rating},
};

use super::{
    Desk, DeskError, Known,
    actor::Actor,
    command::Reply,
    log::{Body, Draft, Log, OnlyFrom, Sender, TAGS},
    record::{NewTicket, TicketRecord},
    store::{Appended, Created, Range, Rated, StoreError},
};

impl Desk {
    pub(super) async fn open_ticket(
        &self,
        actor: &Actor,
        known: &Known,
        request: CreateTicket,
    ) -> Result<Reply, DeskError> {
        let guest = known.guest()?;
        // One that is opened again after a lost answer is no new one.
        let opened = self.store.ticket_opened(guest.id, request.client_message_id.clone()).await?;
        let place = match opened {
            None => Some(self.openings.take(guest.id, request.client_message_id.clone())?),
            Some(_) => None,
        };
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
            self.hub.enter(connection, new.id, 0);
        }
        let room = new.id;
        let created = self.create(new, first).await;
        let stays = matches!(&created, Ok(Created::New(..)));
        if let Some(place) = place.filter(|_| stays) {
            place.keep();
        }
        if let Some(connection) = &actor.connection
            && !stays
        {
            self.hub.leave(connection, room);
        }
        let (ticket, messages) = match created? {
            Created::New(ticket, message) => (ticket, vec![*message]),
            Created::Duplicate(ticket, _) => {
                if let Some(connection) = &actor.connection {
                    self.hub.enter(connection, ticket.id, ticket.conversation.seq);
                }
                let (size, all) = (self.limits.size(None), Range::After(0));
                let id = ticket.id;
                let page = self.store.messages(id, Log::Conversation, all, size).await?;
                (ticket, page.messages)
            }
            Created::TooMany => {
                self.meter.limited("guest_open_tickets");
                return Err(DeskError::Conflict(
                    "you have too many open conversations; end one first".to_owned(),
                ));
            }
            Created::RefTaken => {
                return Err(DeskError::Internal(anyhow::anyhow!("no ref is free")));
            }
        };
        Ok(Reply::Created(TicketCreated { ticket: known.view(&ticket), messages }))
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

    /// Writes a system message, unless what it says is so already or the ticket is closed.
    pub(super) async fn append_event(
        &self,
        ticket: TicketId,
        event: SystemEvent,
    ) -> Result<(), DeskError> {
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
        let agent = Some(known.agent()?.name());
        let reason = reason.map(String::from);
        let draft = self.event(Log::Conversation, SystemEvent::TicketClosed { agent, reason });
        let closed = changed(self.store.append(ticket, draft).await?)?;
        // Closing has written everybody out; who comes back after a reopening comes anew, and may
        // have done so by now.
        self.presence.clear(ticket, closed.conversation.seq);
        Ok(Reply::Ticket(TicketAnswer { ticket: known.view(&closed) }))
    }

    pub(super) async fn reopen_ticket(
        &self,
        known: &Known,
        ticket: TicketId,
    ) -> Result<Reply, DeskError> {
        let agent = Some(known.agent()?.name());
        self.change(known, ticket, SystemEvent::TicketReopened { agent }).await
    }

    pub(super) async fn end_ticket(
        &self,
        known: &Known,
        ticket: TicketId,
    ) -> Result<Reply, DeskError> {
        self.change(known, ticket, SystemEvent::GuestEnded).await
    }

    async fn change(
        &self,
        known: &Known,
        ticket: TicketId,
        event: SystemEvent,
    ) -> Result<Reply, DeskError> {
        let draft = self.event(Log::Conversation, event);
        let ticket = changed(self.store.append(ticket, draft).await?)?;
        Ok(Reply::Ticket(TicketAnswer { ticket: known.view(&ticket) }))
    }

    pub(super) async fn assign_ticket(
        &self,
        known: &Known,
        ticket: TicketId,
        Assignment { agent_id, note, if_assignee }: Assignment,
    ) -> Result<Reply, DeskError> {
        let by = known.agent()?.name();
        let assignee = match agent_id {
            NewAssignee::Nobody => None,
            NewAssignee::Me => Some(by.clone()),
            NewAssignee::Agent(id) => Some(self.assignable(id).await?),
        };
        let only_from = match if_assignee {
            IfAssignee::Anybody => OnlyFrom::Anybody,
            IfAssignee::Nobody => OnlyFrom::Assignee(None),
            IfAssignee::Agent(id) => OnlyFrom::Assignee(Some(id)),
        };
        let event = SystemEvent::TicketAssigned { by: by.clone(), assignee };
        let draft = Draft { only_from, ..self.event(Log::Notes, event) };
        let mut ticket = changed(self.store.append(ticket, draft).await?)?;
        if let Some(note) = note {
            // After the assignment: who loses a claim has written nothing.
            let key = self.source.ulid().to_string().parse().map_err(anyhow::Error::from);
            let draft = Draft {
                id: MessageId::from_ulid(self.source.ulid()),
                log: Log::Notes,
                at: self.source.now(),
                sender: Sender::Agent(by),
                body: Body::Text {
                    content: note.into(),
                    client_message_id: key.map_err(DeskError::Internal)?,
                },
                only_from: OnlyFrom::Anybody,
            };
            ticket = changed(self.store.append(ticket.id, draft).await?)?;
        }
        Ok(Reply::Ticket(TicketAnswer { ticket: known.view(&ticket) }))
    }

    /// The agent of this id, if it can answer for tickets.
    async fn assignable(&self, id: AgentId) -> Result<AgentName, DeskError> {
        let agents = self.store.agents().await?;
        match agents.into_iter().find(|agent| agent.id == id) {
            Some(agent) if agent.disabled => {
                Err(DeskError::Conflict(format!("{} is disabled", agent.display_name)))
            }
            Some(agent) => Ok(agent.name()),
            None => Err(DeskError::NotFound),
        }
    }

    pub(super) async fn tag_ticket(
        &self,
        known: &Known,
        ticket: TicketId,
        tagging: Tagging,
    ) -> Result<Reply, DeskError> {
        if tagging.add.len().max(tagging.remove.len()) > TAGS {
            return Err(DeskError::Invalid(format!("a ticket has at most {TAGS} tags")));
        }
        let draft = Draft {
            id: MessageId::from_ulid(self.source.ulid()),
            log: Log::Notes,
            at: self.source.now(),
            sender: Sender::System,
            body: Body::Tagging { by: known.agent()?.name(), tagging },
            only_from: OnlyFrom::Anybody,
        };
        let ticket = changed(self.store.append(ticket, draft).await?)?;
        Ok(Reply::Ticket(TicketAnswer { ticket: known.view(&ticket) }))
    }

    pub(super) async fn rate_ticket(
        &self,
        known: &Known,
        request: RateTicket,
    ) -> Result<Reply, DeskError> {
        let rating = Rating {
            score: request.score.into(),
            comment: request.comment.map(String::from),
            at: self.source.now(),
        };
        match self.store.rate(request.ticket_id, rating).await? {
            Rated::Done(ticket) => Ok(Reply::Ticket(TicketAnswer { ticket: known.view(&ticket) })),
            Rated::Refused => {
                Err(DeskError::Conflict("a conversation is rated once, when it is over".to_owned()))
            }
            Rated::NoTicket => Err(DeskError::NotFound),
        }
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
