//! What an acknowledgement says, by the request that it answers.

use serde_json::Value;
use support_shared::answer::{
    Ack, Empty, Joined, MessagePage, MessageSent, TicketAnswer, TicketPage,
};
use support_shared::request::AgentRequest;
use support_shared::ticket::Ticket;
use support_shared::{ApiError, ErrorCode};

use crate::core::link::{Answer, Refusal};

pub(super) fn decode(request: &AgentRequest, json: Value) -> Result<Answer, Refusal> {
    fn read<T: serde::de::DeserializeOwned>(json: Value) -> Result<T, Refusal> {
        match serde_json::from_value::<Ack<T>>(json) {
            Ok(Ack::Done(answer)) => Ok(answer),
            Ok(Ack::Refused(error)) => Err(Refusal::Error(error)),
            Err(error) => {
                tracing::warn!(%error, "an answer that cannot be read");
                let text = "the server's answer cannot be read";
                Err(Refusal::Error(ApiError::new(ErrorCode::Invalid, text)))
            }
        }
    }
    match request {
        AgentRequest::ListTickets(_) => {
            read::<TicketPage<Ticket>>(json).map(Box::new).map(Answer::Tickets)
        }
        AgentRequest::JoinTicket(_) => {
            read::<Joined<Ticket>>(json).map(Box::new).map(Answer::Joined)
        }
        AgentRequest::LeaveTicket(_) => read::<Empty>(json).map(|Empty {}| Answer::Left),
        AgentRequest::CloseTicket(_) => {
            read::<TicketAnswer<Ticket>>(json).map(|answer| Answer::Closed(Box::new(answer.ticket)))
        }
        AgentRequest::ReopenTicket(_)
        | AgentRequest::AssignTicket(_)
        | AgentRequest::TagTicket(_) => read::<TicketAnswer<Ticket>>(json)
            .map(|answer| Answer::Changed(Box::new(answer.ticket))),
        // A typing notice has no acknowledgement; the console sends none.
        AgentRequest::MarkRead(_) | AgentRequest::Typing(_) => {
            read::<Empty>(json).map(|Empty {}| Answer::Noted)
        }
        AgentRequest::SendMessage(_) => read::<MessageSent>(json).map(Box::new).map(Answer::Sent),
        AgentRequest::ListMessages(_) => {
            read::<MessagePage>(json).map(Box::new).map(Answer::Messages)
        }
    }
}
