//! What requests are answered with.
//!
//! The types are generic over the view of a ticket: [`Ticket`](crate::ticket::Ticket) for agents,
//! [`GuestTicket`](crate::ticket::GuestTicket) for guests.

use serde::{Deserialize, Serialize};

use crate::{
    ApiError, Timestamp,
    message::Message,
    ticket::{Agent, Guest, Participant},
};

/// The acknowledgement of every request: exactly one of an answer and an error.
#[derive(Debug, Clone, PartialEq)]
pub enum Ack<T> {
    /// It was done.
    Done(T),
    /// It was not.
    Refused(ApiError),
}

#[derive(Serialize, Deserialize)]
struct AckForm<T> {
    ok: bool,
    #[serde(default = "Option::default", skip_serializing_if = "Option::is_none")]
    data: Option<T>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    error: Option<ApiError>,
}

impl<T: Serialize> Serialize for Ack<T> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Done(data) => AckForm { ok: true, data: Some(data), error: None },
            Self::Refused(error) => AckForm { ok: false, data: None, error: Some(error.clone()) },
        }
        .serialize(serializer)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Ack<T> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match AckForm::deserialize(deserializer)? {
            AckForm { ok: true, data: Some(data), .. } => Ok(Self::Done(data)),
            AckForm { ok: false, error: Some(error), .. } => Ok(Self::Refused(error)),
            _ => Err(serde::de::Error::custom("neither an answer nor an error")),
        }
    }
}

/// The answer to a request of which only the success matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Empty {}

/// The answer to `ticket:create`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct TicketCreated<T> {
    /// The ticket.
    pub ticket: T,
    /// Its conversation so far.
    pub messages: Vec<Message>,
}

/// The answer to `ticket:list`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct TicketPage<T> {
    /// The tickets.
    pub tickets: Vec<T>,
    /// Where the next page begins; nothing on the last one.
    pub next_cursor: Option<String>,
}

/// The answer to `ticket:join`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct Joined<T> {
    /// The ticket.
    pub ticket: T,
    /// The history that its numbers count in.
    pub epoch: String,
    /// The client's history is not the store's: it must forget what it has.
    pub reset: bool,
    /// What was asked for, ascending.
    pub messages: Vec<Message>,
    /// There is more in the direction that was asked for.
    pub has_more: bool,
    /// The notes, ascending (agents).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(skip))]
    pub notes: Option<Vec<Message>>,
    /// There are more notes in the direction that was asked for (agents).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(skip))]
    pub has_more_notes: Option<bool>,
    /// Who is in the conversation now.
    pub participants: Vec<Participant>,
}

/// The answer to a request that changed a ticket.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct TicketAnswer<T> {
    /// The ticket now.
    pub ticket: T,
}

/// The answer to `message:send`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct MessageSent {
    /// The message as it is stored.
    pub message: Message,
    /// It was stored before, under the same client message id.
    pub duplicate: bool,
}

/// The answer to `message:list`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct MessagePage {
    /// A page of the log, ascending.
    pub messages: Vec<Message>,
    /// There are earlier ones.
    pub has_more: bool,
}

/// The answer to a sign-in (HTTP).
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct SignedIn {
    /// The JWT. Whoever has it is the agent.
    pub token: String,
    /// When the token ends.
    pub expires_at: Timestamp,
    /// Who signed in.
    pub agent: Agent,
}

/// The answer to `GET /agent/me` (HTTP).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AgentAnswer {
    /// The agent.
    pub agent: Agent,
}

/// The answer to `GET /api/v1/agents` (HTTP).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AgentList {
    /// The agents, by username.
    pub agents: Vec<Agent>,
}

/// The answer to `POST /guest/session` (HTTP).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct GuestAnswer {
    /// The guest.
    pub guest: Guest,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorCode;

    #[test]
    fn an_acknowledgement_is_one_of_an_answer_and_an_error() {
        let done = Ack::Done(Empty {});
        let refused = Ack::<Empty>::Refused(ApiError::new(ErrorCode::TicketClosed, "closed"));

        assert_eq!(serde_json::to_string(&done).unwrap(), r#"{"ok":true,"data":{}}"#);
        assert_eq!(
            serde_json::to_string(&refused).unwrap(),
            r#"{"ok":false,"error":{"code":"ticket_closed","message":"closed","retryAfterMs":null}}"#
        );
        let json = serde_json::to_string(&refused).unwrap();
        assert_eq!(serde_json::from_str::<Ack<Empty>>(&json).unwrap(), refused);
        assert!(serde_json::from_str::<Ack<Empty>>(r#"{"ok":true}"#).is_err());
    }
}
