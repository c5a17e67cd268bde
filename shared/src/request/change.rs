//! Requests that change a ticket: its end, its rating, who answers for it, its tags.

use serde::{Deserialize, Deserializer, Serialize};

use crate::{
    AgentId, TicketId,
    text::{Content, Subject, Tag},
    ticket::Priority,
};

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
