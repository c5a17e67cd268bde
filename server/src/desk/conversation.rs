//! What is said in a ticket: messages and notes, read page by page, and what passes without being
//! kept (who writes) or beside the log (who has read).

use support_shared::{
    ClientMessageId, MessageId, TicketId,
    answer::{Empty, MessagePage, MessageSent},
    message::SenderRole,
    notice::{AgentNotice, ReadNotice, TypingNotice},
    request::{Limit, MarkRead, Typing},
    text::Content,
};

use super::{
    Desk, DeskError, Known,
    actor::Actor,
    command::Reply,
    hub::Passing,
    log::{Body, Draft, Log, OnlyFrom, Sender},
    record::TicketRecord,
    store::{Appended, Page, Range},
};

#[cfg(test)]
use super::mutant;

impl Desk {
    pub(super) async fn send_message(
        &self,
        known: &Known,
        ticket: &TicketRecord,
        content: Content,
        client_message_id: ClientMessageId,
        internal: bool,
    ) -> Result<Reply, DeskError> {
        let sender = match known {
            Known::Guest(guest) => Sender::Guest(guest.id, ticket.guest_name()),
            Known::Agent(agent) => Sender::Agent(agent.name()),
            Known::Stranger | Known::Ended | Known::Operator => return Err(DeskError::Forbidden),
        };
        #[cfg(test)]
        let sender = mutant::claimed_role(sender, content.as_str());
        let draft = Draft {
            id: MessageId::from_ulid(self.source.ulid()),
            log: if internal { Log::Notes } else { Log::Conversation },
            at: self.source.now(),
            sender,
            body: Body::Text { content: content.into(), client_message_id },
            only_from: OnlyFrom::Anybody,
        };
        let appended = self.store.append(ticket.id, draft).await?;
        #[cfg(test)]
        mutant::emit_in_request_task(&appended, self.hub.as_ref());
        match appended {
            Appended::New(_, message) => {
                Ok(Reply::Sent(MessageSent { message: *message, duplicate: false }))
            }
            Appended::Duplicate(message) => {
                Ok(Reply::Sent(MessageSent { message: *message, duplicate: true }))
            }
            Appended::Refused(refusal) => Err(refusal.into()),
            Appended::NoTicket => Err(DeskError::NotFound),
            Appended::Unchanged(_) => {
                Err(DeskError::Internal(anyhow::anyhow!("a message always changes its log")))
            }
        }
    }

    pub(super) async fn list_messages(
        &self,
        ticket: TicketId,
        before: Option<u64>,
        limit: Limit,
        notes: bool,
    ) -> Result<Reply, DeskError> {
        let log = if notes { Log::Notes } else { Log::Conversation };
        let range = Range::Before(before.unwrap_or(u64::MAX));
        let Page { messages, has_more } =
            self.store.messages(ticket, log, range, self.limits.size(limit)).await?;
        Ok(Reply::Messages(MessagePage { messages, has_more }))
    }

    pub(super) async fn mark_read(
        &self,
        actor: &Actor,
        known: &Known,
        request: MarkRead,
    ) -> Result<Reply, DeskError> {
        let MarkRead { ticket_id, seq } = request;
        let role = known.role();
        // Who looks on without being seen leaves no mark either.
        let unseen = actor
            .connection
            .as_ref()
            .is_some_and(|connection| self.presence.watches(ticket_id, &connection.seat));
        if !unseen && self.store.mark_read(ticket_id, role, seq).await? {
            let ticket = self.store.ticket(ticket_id).await?.ok_or(DeskError::NotFound)?;
            let seq = match role {
                SenderRole::Guest => ticket.guest_read_seq,
                SenderRole::Agent | SenderRole::System => ticket.agent_read_seq,
            };
            let read = Passing::Read(ReadNotice { ticket_id, role, seq });
            self.hub.tell_others(ticket_id, &read, actor.connection.as_ref());
        }
        Ok(Reply::Empty(Empty {}))
    }

    /// Passes on that somebody writes or has stopped, when that is news. Never stored, and nothing is
    /// said of it when it is not passed on.
    pub(super) fn typing(
        &self,
        actor: &Actor,
        known: &Known,
        ticket: &TicketRecord,
        request: &Typing,
    ) -> Result<Reply, DeskError> {
        let (who, name) = match known {
            Known::Guest(guest) => (guest.id.to_string(), ticket.guest_name()),
            Known::Agent(_) | Known::Stranger | Known::Ended | Known::Operator => {
                let agent = known.agent()?;
                (agent.id.to_string(), agent.display_name.clone())
            }
        };
        let Typing { ticket_id, typing, internal } = *request;
        if ticket.is_open() && self.writers.passes((who, ticket_id, internal), typing) {
            let notice = TypingNotice { ticket_id, name, role: known.role(), typing };
            let but = actor.connection.as_ref();
            if internal {
                self.hub.tell_other_agents(ticket_id, &AgentNotice::Typing(notice), but);
            } else {
                self.hub.tell_others(ticket_id, &Passing::Typing(notice), but);
            }
        }
        Ok(Reply::Empty(Empty {}))
    }
}
