//! Sending messages and notes, and reading them page by page.

use support_shared::{
    ClientMessageId, MessageId, TicketId,
    answer::{MessagePage, MessageSent},
    request::Limit,
    text::Content,
};

use super::{
    Desk, DeskError, Known,
    command::Reply,
    log::{Body, Draft, Log, OnlyFrom, Sender},
    record::TicketRecord,
    store::{Appended, Page, Range},
};

impl Desk {
    pub(super) async fn send_message(
        &self,
        known: &Known,
        ticket: &TicketRecord,
        content: Content,
        client_message_id: ClientMessageId,
        internal: bool,
    ) -> Result<Reply, DeskError> {
        self.limits.check_content(&content)?;
        let sender = match known {
            Known::Guest(guest) => {
                self.rates.guest_messages_sustained.take(&guest.id)?;
                self.rates.guest_messages.take(&guest.id)?;
                Sender::Guest(guest.id, ticket.guest_name())
            }
            Known::Agent(agent) => {
                self.rates.agent_messages.take(&agent.id)?;
                Sender::Agent(agent.name())
            }
            Known::Stranger | Known::Ended | Known::Operator => return Err(DeskError::Forbidden),
        };
        let draft = Draft {
            id: MessageId::from_ulid(self.source.ulid()),
            log: if internal { Log::Notes } else { Log::Conversation },
            at: self.source.now(),
            sender,
            body: Body::Text { content: content.into(), client_message_id },
            only_from: OnlyFrom::Anybody,
        };
        match self.store.append(ticket.id, draft).await? {
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
}
