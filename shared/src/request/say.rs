//! Requests of a conversation: what is said, and how far it is read.

use serde::{Deserialize, Serialize};

use crate::{
    ClientMessageId, TicketId,
    text::{Content, Email, Name, Subject},
};

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
