//! Tickets, agents and guests as each side sees them.
//!
//! A guest's view has a type of its own, so that what agents know cannot reach a guest by
//! forgetting to remove it.

use serde::{Deserialize, Serialize};

use crate::{AgentId, GuestId, TicketId, TicketRef, Timestamp, message::SenderRole};

/// Where a ticket is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "lowercase")]
pub enum TicketStatus {
    /// Takes messages.
    Open,
    /// Read-only until it is opened again.
    Closed,
}

/// How urgent agents hold a ticket to be.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Priority {
    /// May wait.
    Low,
    /// As it came.
    #[default]
    Normal,
    /// Before the others.
    High,
    /// Now.
    Urgent,
}

/// What an agent may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum AgentRole {
    /// Every open ticket and the archive.
    Agent,
    /// That, and the administration of agents, settings and data.
    Admin,
}

/// An agent's account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Agent {
    /// Its id.
    pub id: AgentId,
    /// The name it signs in with.
    pub username: String,
    /// The name that guests and colleagues see.
    pub display_name: String,
    /// What it may do.
    pub role: AgentRole,
    /// A disabled agent can do nothing.
    pub disabled: bool,
    /// Its password was set for one use.
    pub must_change_password: bool,
}

/// An agent by name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct AgentName {
    /// Its id.
    #[cfg_attr(test, ts(type = "string"))]
    pub id: AgentId,
    /// Its display name.
    pub name: String,
}

/// A guest as agents and the guest itself see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Guest {
    /// Its id, which is no secret.
    #[cfg_attr(test, ts(type = "string"))]
    pub id: GuestId,
    /// The name it gave, if any.
    pub name: Option<String>,
    /// The address it gave, if any. Nobody has checked it.
    pub email: Option<String>,
}

/// What a guest said of the conversation afterwards.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Rating {
    /// 1 (bad) to 5 (good).
    pub score: u8,
    /// In the guest's own words.
    pub comment: Option<String>,
    /// When it was given.
    #[cfg_attr(test, ts(type = "string"))]
    pub at: Timestamp,
}

/// The last message of a conversation, for lists.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct LastMessage {
    /// Its number.
    #[cfg_attr(test, ts(type = "number"))]
    pub seq: u64,
    /// What its sender is.
    pub sender_role: SenderRole,
    /// What its sender is called.
    pub sender_name: String,
    /// Its beginning, on one line.
    pub preview: String,
    /// When it was written.
    #[cfg_attr(test, ts(type = "string"))]
    pub created_at: Timestamp,
}

/// Whether an agent is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum PresenceState {
    /// Connected.
    Online,
    /// Connected, and not at the keyboard.
    Away,
    /// Not connected.
    Offline,
}

/// A ticket as agents see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Ticket {
    /// Its id, which events take.
    pub id: TicketId,
    /// Its handle, which people read and type.
    #[serde(rename = "ref")]
    pub reference: TicketRef,
    /// Where it is in its life.
    pub status: TicketStatus,
    /// What it is about, in the guest's words.
    pub subject: Option<String>,
    /// Whose it is.
    pub guest: Guest,
    /// Who answers for it.
    pub assignee: Option<AgentName>,
    /// How agents have sorted it.
    pub tags: Vec<String>,
    /// How urgent it is.
    pub priority: Priority,
    /// When it was opened first.
    pub created_at: Timestamp,
    /// When either log changed last.
    pub updated_at: Timestamp,
    /// When it was closed, while it is.
    pub closed_at: Option<Timestamp>,
    /// Who closed it, while it is.
    pub closed_by: Option<AgentName>,
    /// Its guest has said that it is done, and nothing since.
    pub ended_by_guest: bool,
    /// What its guest said afterwards.
    pub rating: Option<Rating>,
    /// The number of the last entry of the conversation.
    pub last_seq: u64,
    /// The number of the last entry of the notes; 0 without any.
    pub last_note_seq: u64,
    /// How far the guest has read.
    pub guest_read_seq: u64,
    /// How far some agent has read.
    pub agent_read_seq: u64,
    /// Since when the guest waits for an answer.
    pub waiting_since: Option<Timestamp>,
    /// The last message, for lists.
    pub last_message: Option<LastMessage>,
}

/// An assignee as guests see one: by display name only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct GuestAssignee {
    /// The display name.
    pub name: String,
}

/// A ticket as its guest sees it, all of it computed from the conversation alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct GuestTicket {
    /// Its id, which events take.
    #[cfg_attr(test, ts(type = "string"))]
    pub id: TicketId,
    /// Its handle, which people read and type.
    #[serde(rename = "ref")]
    #[cfg_attr(test, ts(type = "string"))]
    pub reference: TicketRef,
    /// Where it is in its life.
    pub status: TicketStatus,
    /// What it is about.
    pub subject: Option<String>,
    /// The guest itself.
    pub guest: Guest,
    /// Who answers for it.
    pub assignee: Option<GuestAssignee>,
    /// When it was opened first.
    #[cfg_attr(test, ts(type = "string"))]
    pub created_at: Timestamp,
    /// When the conversation changed last.
    #[cfg_attr(test, ts(type = "string"))]
    pub updated_at: Timestamp,
    /// When it was closed, while it is.
    #[cfg_attr(test, ts(type = "string | null"))]
    pub closed_at: Option<Timestamp>,
    /// The guest has said that it is done, and nothing since.
    pub ended_by_guest: bool,
    /// What the guest said afterwards.
    pub rating: Option<Rating>,
    /// The number of the last entry.
    #[cfg_attr(test, ts(type = "number"))]
    pub last_seq: u64,
    /// How far the guest has read.
    #[cfg_attr(test, ts(type = "number"))]
    pub guest_read_seq: u64,
    /// How far some agent has read.
    #[cfg_attr(test, ts(type = "number"))]
    pub agent_read_seq: u64,
    /// The last message, for lists.
    pub last_message: Option<LastMessage>,
}

/// Somebody who is in a conversation now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Participant {
    /// What it is.
    pub role: SenderRole,
    /// What it is called.
    pub name: String,
}
