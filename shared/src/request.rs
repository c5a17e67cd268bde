//! What clients may ask over Socket.IO, by event.
//!
//! Who asks is never part of a request: the server knows it from the credential. Unknown fields are
//! ignored.

use std::num::NonZeroU64;

use serde::{Deserialize, Deserializer, Serialize};

use crate::{
    AgentId, ClientMessageId, TicketId,
    text::{Content, Email, Name, Subject, Tag},
    ticket::{Priority, TicketStatus},
    wire::events,
};

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
pub type Limit = Option<NonZeroU64>;

/// `ticket:create`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct CreateTicket {
    /// The first message.
    #[cfg_attr(test, ts(type = "string"))]
    pub content: Content,
    /// The guest's own name for it: the same again gives the same ticket.
    #[cfg_attr(test, ts(type = "string"))]
    pub client_message_id: ClientMessageId,
    /// What it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(type = "string", optional))]
    pub subject: Option<Subject>,
    /// What the guest wants to be called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(type = "string", optional))]
    pub name: Option<Name>,
    /// Where the guest can be reached.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(type = "string", optional))]
    pub email: Option<Email>,
}

/// `ticket:list`, from a guest
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct ListOwnTickets {
    /// Where the page before ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub cursor: Option<String>,
    /// How many.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(type = "number", optional))]
    pub limit: Limit,
}

/// Whose tickets to list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AssigneeFilter {
    /// The caller's.
    Me,
    /// Nobody's.
    None,
    /// This agent's.
    Agent(AgentId),
}

crate::schema::text!(AssigneeFilter, "`me`, `none` or an agent's id");

impl Serialize for AssigneeFilter {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Me => serializer.serialize_str("me"),
            Self::None => serializer.serialize_str("none"),
            Self::Agent(id) => id.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for AssigneeFilter {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        match text.as_str() {
            "me" => Ok(Self::Me),
            "none" => Ok(Self::None),
            id => id.parse().map(Self::Agent).map_err(serde::de::Error::custom),
        }
    }
}

/// `ticket:list`, from an agent
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ListTickets {
    /// Open (unless told otherwise) or closed ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<TicketStatus>,
    /// Whose.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assignee: Option<AssigneeFilter>,
    /// With this tag.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
    /// With these words in subject, ref, guest's name or email.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub q: Option<String>,
    /// Where the page before ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
    /// How many.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Limit,
}

/// `ticket:join`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct JoinTicket {
    /// Which.
    #[cfg_attr(test, ts(type = "string"))]
    pub ticket_id: TicketId,
    /// What the client has: everything after it is answered. Without, the latest page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(type = "number", optional))]
    pub after_seq: Option<u64>,
    /// The same for the notes (agents).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(skip))]
    pub after_note_seq: Option<u64>,
    /// The history that `afterSeq` counts in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub epoch: Option<String>,
    /// How many.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(type = "number", optional))]
    pub limit: Limit,
    /// Watch without being seen (agents).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    #[cfg_attr(test, ts(skip))]
    pub silent: bool,
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

/// `ticket:close`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CloseTicket {
    /// Which.
    pub ticket_id: TicketId,
    /// Why, in the agent's words. The guest can read it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Subject>,
}

/// `message:send`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct SendMessage {
    /// Where to.
    #[cfg_attr(test, ts(type = "string"))]
    pub ticket_id: TicketId,
    /// What it says.
    #[cfg_attr(test, ts(type = "string"))]
    pub content: Content,
    /// The sender's own name for it: the same again gives the stored message.
    #[cfg_attr(test, ts(type = "string"))]
    pub client_message_id: ClientMessageId,
    /// Into the notes instead of the conversation (agents).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    #[cfg_attr(test, ts(skip))]
    pub internal: bool,
}

/// `message:list`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct ListMessages {
    /// Whose.
    #[cfg_attr(test, ts(type = "string"))]
    pub ticket_id: TicketId,
    /// Those with a smaller number. Without, the latest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(type = "number", optional))]
    pub before: Option<u64>,
    /// How many.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(type = "number", optional))]
    pub limit: Limit,
    /// Of the notes instead of the conversation (agents).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    #[cfg_attr(test, ts(skip))]
    pub notes: bool,
}

/// `ticket:read`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct MarkRead {
    /// Which.
    #[cfg_attr(test, ts(type = "string"))]
    pub ticket_id: TicketId,
    /// Up to this number. A mark only rises, and not past the head.
    #[cfg_attr(test, ts(type = "number"))]
    pub seq: u64,
}

/// `ticket:typing`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct Typing {
    /// Where.
    #[cfg_attr(test, ts(type = "string"))]
    pub ticket_id: TicketId,
    /// Writing, or not any more.
    pub typing: bool,
    /// A note (agents).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    #[cfg_attr(test, ts(skip))]
    pub internal: bool,
}

/// `ticket:rate`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct RateTicket {
    /// Which.
    #[cfg_attr(test, ts(type = "string"))]
    pub ticket_id: TicketId,
    /// 1 (bad) to 5 (good).
    #[cfg_attr(test, ts(type = "number"))]
    pub score: Score,
    /// In the guest's own words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(type = "string", optional))]
    pub comment: Option<Content>,
}

/// How good it was: 1 to 5.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "u8", into = "u8")]
pub struct Score(u8);

impl TryFrom<u8> for Score {
    type Error = &'static str;

    fn try_from(score: u8) -> Result<Self, Self::Error> {
        if (1..=5).contains(&score) { Ok(Self(score)) } else { Err("a score is 1 to 5") }
    }
}

impl From<Score> for u8 {
    fn from(score: Score) -> Self {
        score.0
    }
}

/// Who is to answer for a ticket. On the wire `"me"`, an id, or `null`; it may not be missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NewAssignee {
    /// The caller.
    Me,
    /// This agent.
    Agent(AgentId),
    /// Nobody: the ticket goes back to the queue.
    Nobody,
}

crate::schema::text_or_null!(NewAssignee, "`me`, an agent's id, or null: back to the queue");

impl Serialize for NewAssignee {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Me => serializer.serialize_str("me"),
            Self::Agent(id) => id.serialize(serializer),
            Self::Nobody => serializer.serialize_none(),
        }
    }
}

impl<'de> Deserialize<'de> for NewAssignee {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Option::<String>::deserialize(deserializer)?.as_deref() {
            None => Ok(Self::Nobody),
            Some("me") => Ok(Self::Me),
            Some(id) => id.parse().map(Self::Agent).map_err(serde::de::Error::custom),
        }
    }
}

/// From which state an assignment may start. On the wire missing, an id, or `null`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum IfAssignee {
    /// From any.
    #[default]
    Anybody,
    /// While this agent answers for the ticket.
    Agent(AgentId),
    /// While nobody does.
    Nobody,
}

impl IfAssignee {
    fn is_anybody(&self) -> bool {
        *self == Self::Anybody
    }
}

crate::schema::text_or_null!(IfAssignee, "an agent's id, or null: nobody");

impl Serialize for IfAssignee {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Agent(id) => id.serialize(serializer),
            Self::Anybody | Self::Nobody => serializer.serialize_none(),
        }
    }
}

impl<'de> Deserialize<'de> for IfAssignee {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Option::<AgentId>::deserialize(deserializer).map(|id| id.map_or(Self::Nobody, Self::Agent))
    }
}

/// `ticket:assign`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AssignTicket {
    /// Which.
    pub ticket_id: TicketId,
    /// Who.
    #[serde(deserialize_with = "NewAssignee::deserialize")]
    pub agent_id: NewAssignee,
    /// A word to the colleague, kept in the notes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<Content>,
    /// Only from this state: of many who claim a ticket one wins.
    #[serde(default, skip_serializing_if = "IfAssignee::is_anybody")]
    pub if_assignee: IfAssignee,
}

/// `POST …/assign`: the same without the ticket, which the path names.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Assignment {
    /// Who.
    #[serde(deserialize_with = "NewAssignee::deserialize")]
    pub agent_id: NewAssignee,
    /// A word to the colleague, kept in the notes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<Content>,
    /// Only from this state: of many who claim a ticket one wins.
    #[serde(default, skip_serializing_if = "IfAssignee::is_anybody")]
    pub if_assignee: IfAssignee,
}

/// `ticket:tag`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TagTicket {
    /// Which.
    pub ticket_id: TicketId,
    /// Tags to add.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub add: Vec<Tag>,
    /// Tags to remove.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remove: Vec<Tag>,
    /// The priority from now on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub priority: Option<Priority>,
}

/// `POST …/tags`: the same without the ticket, which the path names.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Tagging {
    /// Tags to add.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub add: Vec<Tag>,
    /// Tags to remove.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remove: Vec<Tag>,
    /// The priority from now on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub priority: Option<Priority>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::DecodeError;

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
