//! Requests that read: lists of tickets, a ticket's room and pages of its logs.

use serde::{Deserialize, Deserializer, Serialize};

use super::Limit;
use crate::{AgentId, TicketId, ticket::TicketStatus};

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
