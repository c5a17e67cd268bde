//! What clients may ask over Socket.IO, by event.
//!
//! Who asks is never part of a request: the server knows it from the credential. Unknown fields are
//! ignored.

mod change;
mod list;
mod say;

use std::num::NonZeroU64;

use serde::{
    Deserialize, Deserializer, Serialize,
    de::{self, Unexpected, Visitor},
};

pub use change::{
    AssignTicket, Assignment, CloseTicket, IfAssignee, NewAssignee, RateTicket, Score, TagTicket,
    Tagging,
};
pub use list::{AssigneeFilter, JoinTicket, ListMessages, ListOwnTickets, ListTickets};
pub use say::{CreateTicket, MarkRead, SendMessage, Typing};

use crate::{TicketId, wire::events};

events! {
    /// What a guest may ask, in the namespace `/guest`.
    GuestRequest {
        /// Opens a ticket with its first message.
        "ticket:create" => CreateTicket(CreateTicket),
        /// Lists the guest's own tickets.
        "ticket:list" => ListTickets(ListOwnTickets),
        /// Enters a ticket's room and reads its log.
        "ticket:join" => JoinTicket(JoinTicket),
        /// Leaves a ticket's room.
        "ticket:leave" => LeaveTicket(NameTicket),
        /// Sends a message.
        "message:send" => SendMessage(SendMessage),
        /// Reads a page of a log.
        "message:list" => ListMessages(ListMessages),
        /// Says how far it has read.
        "ticket:read" => MarkRead(MarkRead),
        /// Says that it is writing, or not any more. Has no acknowledgement.
        "ticket:typing" => Typing(Typing),
        /// Says that it is done.
        "ticket:end" => EndTicket(NameTicket),
        /// Says how it was.
        "ticket:rate" => RateTicket(RateTicket),
    }
}

events! {
    /// What an agent may ask, in the namespace `/agent`.
    AgentRequest {
        /// Lists tickets.
        "ticket:list" => ListTickets(ListTickets),
        /// Enters a ticket's room and reads its logs.
        "ticket:join" => JoinTicket(JoinTicket),
        /// Leaves a ticket's room.
        "ticket:leave" => LeaveTicket(NameTicket),
        /// Closes a ticket.
        "ticket:close" => CloseTicket(CloseTicket),
        /// Sends a message or, with `internal`, a note.
        "message:send" => SendMessage(SendMessage),
        /// Reads a page of a log.
        "message:list" => ListMessages(ListMessages),
        /// Says how far it has read.
        "ticket:read" => MarkRead(MarkRead),
        /// Says that it is writing, or not any more. Has no acknowledgement.
        "ticket:typing" => Typing(Typing),
        /// Opens a closed ticket again.
        "ticket:reopen" => ReopenTicket(NameTicket),
        /// Says who answers for a ticket.
        "ticket:assign" => AssignTicket(AssignTicket),
        /// Changes tags and priority.
        "ticket:tag" => TagTicket(TagTicket),
    }
}

/// How many of a list to answer with. Below 1 it does not parse; over the maximum it is clamped.
pub type Limit = Option<Count>;

/// A number from 1. One that is too large for the type is the largest: over every maximum too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(inline))]
#[serde(transparent)]
pub struct Count(NonZeroU64);

impl Count {
    /// One.
    pub const ONE: Self = Self(NonZeroU64::MIN);

    /// The count, unless it is 0.
    pub const fn new(count: u64) -> Option<Self> {
        match NonZeroU64::new(count) {
            Some(count) => Some(Self(count)),
            None => None,
        }
    }

    /// As a number.
    pub const fn get(self) -> u64 {
        self.0.get()
    }
}

impl<'de> Deserialize<'de> for Count {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_u64(Counting)
    }
}

struct Counting;

impl Visitor<'_> for Counting {
    type Value = Count;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a number from 1")
    }

    fn visit_u64<E: de::Error>(self, count: u64) -> Result<Count, E> {
        let wrong = || E::invalid_value(Unexpected::Unsigned(count), &self);
        Count::new(count).ok_or_else(wrong)
    }

    /// JSON's numbers beyond 64 bits come as these.
    fn visit_f64<E: de::Error>(self, count: f64) -> Result<Count, E> {
        const BEYOND: f64 = 18_446_744_073_709_551_616.0;
        if count >= BEYOND {
            return Ok(Count(NonZeroU64::MAX));
        }
        Err(E::invalid_value(Unexpected::Float(count), &self))
    }
}

/// Names a ticket and nothing else.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct NameTicket {
    /// Which.
    #[cfg_attr(test, ts(type = "string"))]
    pub ticket_id: TicketId,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{AgentId, DecodeError};

    const TICKET: &str = "01JD0000000000000000000000";

    #[test]
    fn a_request_is_decoded_by_its_event_and_prints_the_same() {
        let json = format!(r#"{{"ticketId":"{TICKET}","content":"hi","clientMessageId":"a-1"}}"#);

        let request = GuestRequest::decode("message:send", &json).unwrap();

        assert_eq!(request.name(), "message:send");
        assert_eq!(serde_json::to_string(&request).unwrap(), json);
    }

    #[test]
    fn an_event_of_the_other_side_is_unknown() {
        let json = format!(r#"{{"ticketId":"{TICKET}"}}"#);

        assert!(AgentRequest::decode("ticket:close", &json).is_ok());
        assert_eq!(GuestRequest::decode("ticket:close", &json), Err(DecodeError::UnknownEvent));
    }

    #[test]
    fn a_limit_is_a_whole_number_from_1_however_large() {
        let limit = |text: &str| {
            let json = format!(r#"{{"limit":{text}}}"#);
            AgentRequest::decode("ticket:list", &json).map(|request| match request {
                AgentRequest::ListTickets(list) => list.limit.map(Count::get),
                other => panic!("{other:?}"),
            })
        };

        assert_eq!(limit("null"), Ok(None));
        assert_eq!(limit("7"), Ok(Some(7)));
        assert_eq!(limit("9007199254740993"), Ok(Some(9_007_199_254_740_993)));
        for huge in ["18446744073709551615", "18446744073709551616", "99999999999999999999"] {
            assert_eq!(limit(huge), Ok(Some(u64::MAX)), "{huge}");
        }
        for bad in [
            "0",
            "-1",
            "1.5",
            "0.0",
            "1e2",
            "\"7\"",
            "true",
            "[]",
            "-99999999999999999999",
            "1e999",
        ] {
            assert!(limit(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_key_given_twice_is_refused_and_an_unknown_one_ignored() {
        let twice = format!(r#"{{"ticketId":"{TICKET}","ticketId":"{TICKET}"}}"#);
        let unknown = format!(r#"{{"ticketId":"{TICKET}","senderRole":"agent"}}"#);

        assert!(GuestRequest::decode("ticket:leave", &twice).is_err());
        assert!(GuestRequest::decode("ticket:leave", &unknown).is_ok());
    }

    #[test]
    fn a_payload_is_an_object_and_no_list() {
        let list = format!(r#"["{TICKET}","hi","k"]"#);

        assert!(GuestRequest::decode("message:send", &list).is_err());
        assert!(GuestRequest::decode("ticket:list", "[]").is_err());
        assert!(GuestRequest::decode("ticket:list", "null").is_err());
        assert!(GuestRequest::decode("ticket:list", " {}").is_ok());
    }

    #[test]
    fn a_limit_is_a_whole_number_from_one() {
        let list = |limit: &str| {
            let json = format!(r#"{{"ticketId":"{TICKET}","limit":{limit}}}"#);
            GuestRequest::decode("message:list", &json)
        };

        for good in ["1", "200", "1000000000", "null"] {
            assert!(list(good).is_ok(), "{good}");
        }
        for bad in ["0", "-1", "\"50\"", "1.5", "[]", "{}"] {
            assert!(list(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn an_assignment_tells_nobody_from_nothing() {
        let assign = |rest: &str| {
            let json = format!(r#"{{"ticketId":"{TICKET}"{rest}}}"#);
            match AgentRequest::decode("ticket:assign", &json) {
                Ok(AgentRequest::AssignTicket(it)) => Ok((it.agent_id, it.if_assignee)),
                other => Err(format!("{other:?}")),
            }
        };
        let id: AgentId = TICKET.parse().unwrap();

        assert!(assign("").is_err());
        assert_eq!(assign(r#","agentId":null"#), Ok((NewAssignee::Nobody, IfAssignee::Anybody)));
        assert_eq!(
            assign(r#","agentId":"me","ifAssignee":null"#),
            Ok((NewAssignee::Me, IfAssignee::Nobody))
        );
        let both = format!(r#","agentId":"{TICKET}","ifAssignee":"{TICKET}""#);
        assert_eq!(assign(&both), Ok((NewAssignee::Agent(id), IfAssignee::Agent(id))));
        assert!(assign(r#","agentId":7"#).is_err());
    }

    #[test]
    fn a_score_is_one_to_five() {
        let rate = |score: &str| {
            let json = format!(r#"{{"ticketId":"{TICKET}","score":{score}}}"#);
            GuestRequest::decode("ticket:rate", &json)
        };

        assert!(rate("1").is_ok() && rate("5").is_ok());
        for bad in ["0", "6", "-1", "4.5", "\"5\"", "null"] {
            assert!(rate(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn what_a_client_sends_is_never_a_query() {
        for json in [
            r#"{"ticketId":{"$gt":""}}"#,
            r#"{"ticketId":"01JD0000000000000000000000","clientMessageId":{"$regex":"^a"},"content":"x"}"#,
        ] {
            assert!(GuestRequest::decode("message:send", json).is_err(), "{json}");
        }
    }
}
