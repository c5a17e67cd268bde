//! Entries of a ticket's two logs: the conversation, which its guest sees, and the notes, which
//! only agents see.

use serde::{Deserialize, Serialize};

use crate::{ClientMessageId, MessageId, TicketId, Timestamp, ticket::AgentName, ticket::Priority};

/// What the sender of an entry is. The server derives it from the credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "lowercase")]
pub enum SenderRole {
    /// The ticket's guest.
    Guest,
    /// An agent or admin.
    Agent,
    /// The desk itself.
    System,
}

/// What happened, in an entry that the desk itself wrote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum SystemEvent {
    /// An agent has come into the conversation.
    AgentJoined {
        /// Who.
        agent: AgentName,
    },
    /// An agent has left the conversation.
    AgentLeft {
        /// Who.
        agent: AgentName,
    },
    /// The guest has said that it is done.
    GuestEnded,
    /// The ticket was closed: the last entry until it is opened again.
    TicketClosed {
        /// Who closed it; nobody when a rule did.
        agent: Option<AgentName>,
        /// Why, in the agent's words.
        #[serde(default)]
        reason: Option<String>,
    },
    /// The ticket was opened again.
    TicketReopened {
        /// Who opened it.
        agent: Option<AgentName>,
    },
    /// Somebody else answers for the ticket now (an entry of the notes).
    TicketAssigned {
        /// Who decided.
        by: AgentName,
        /// Who answers for it; nobody when it went back to the queue.
        assignee: Option<AgentName>,
    },
    /// Tags or priority changed (an entry of the notes).
    TicketTagged {
        /// Who decided.
        by: AgentName,
        /// The tags now.
        tags: Vec<String>,
        /// The priority now.
        #[cfg_attr(test, ts(type = "string"))]
        priority: Priority,
    },
}

/// An entry of a ticket's log.
///
/// An entry of the conversation has `seq`; a note has `noteSeq`, and `afterSeq`, the head of the
/// conversation when it was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct Message {
    /// Its id.
    #[cfg_attr(test, ts(type = "string"))]
    pub id: MessageId,
    /// Whose log it is in.
    #[cfg_attr(test, ts(type = "string"))]
    pub ticket_id: TicketId,
    /// Its number in the conversation: 1, 2, 3, … without holes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(type = "number", optional))]
    pub seq: Option<u64>,
    /// Its number in the notes: 1, 2, 3, … without holes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(skip))]
    pub note_seq: Option<u64>,
    /// Where a note stands in the conversation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(skip))]
    pub after_seq: Option<u64>,
    /// What its sender is.
    pub sender_role: SenderRole,
    /// What its sender is called.
    pub sender_name: String,
    /// Who sent it; nobody for a system message.
    #[serde(default)]
    pub sender_id: Option<String>,
    /// What it says.
    pub content: String,
    /// When it was written. A label: never earlier than the entry before it.
    #[cfg_attr(test, ts(type = "string"))]
    pub created_at: Timestamp,
    /// The sender's own name for it.
    #[serde(default)]
    #[cfg_attr(test, ts(type = "string | null"))]
    pub client_message_id: Option<ClientMessageId>,
    /// It is in the notes, which guests never see.
    #[serde(default)]
    pub internal: bool,
    /// What happened, when the desk itself wrote it.
    #[serde(default)]
    pub event: Option<SystemEvent>,
}
