//! What the server tells without being asked. A socket that misses one heals by number: see
//! `ticket:join` with `afterSeq`.

use serde::{Deserialize, Serialize};

use crate::{
    AgentId, TicketId,
    message::{Message, SenderRole},
    ticket::{GuestTicket, PresenceState, Ticket},
    wire::events,
};

events! {
    /// What guests are told.
    GuestNotice {
        /// A new entry of the conversation, in the order of the log.
        "message:new" => MessageNew(MessageNew),
        /// Something in the guest's view of the ticket has changed.
        "ticket:updated" => TicketUpdated(TicketNotice<GuestTicket>),
        /// The ticket is read-only now.
        "ticket:closed" => TicketClosed(TicketNotice<GuestTicket>),
        /// Somebody else in the room is writing, or not any more.
        "ticket:typing" => Typing(TypingNotice),
        /// Somebody else in the room has read.
        "ticket:read" => Read(ReadNotice),
        /// Where the ticket's log ends, from time to time.
        "ticket:head" => Head(HeadNotice),
        /// The server will end this session now.
        "session:ended" => SessionEnded(SessionEnded),
        /// The server will stop in a moment.
        "server:draining" => ServerDraining(ServerDraining),
    }
}

events! {
    /// What agents are told.
    AgentNotice {
        /// A new entry of either log, in the order of its log.
        "message:new" => MessageNew(MessageNew),
        /// A ticket has changed, or is new.
        "ticket:updated" => TicketUpdated(TicketNotice<Ticket>),
        /// The ticket was closed; agents have left its room.
        "ticket:closed" => TicketClosed(TicketNotice<Ticket>),
        /// Somebody else in the room is writing, or not any more.
        "ticket:typing" => Typing(TypingNotice),
        /// Somebody else in the room has read.
        "ticket:read" => Read(ReadNotice),
        /// Where the ticket's logs end, from time to time.
        "ticket:head" => Head(HeadNotice),
        /// A colleague has come or gone.
        "presence:changed" => PresenceChanged(PresenceChanged),
        /// The server will end this session now.
        "session:ended" => SessionEnded(SessionEnded),
        /// The server will stop in a moment.
        "server:draining" => ServerDraining(ServerDraining),
    }
}

/// `message:new`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct MessageNew {
    /// The entry.
    pub message: Message,
}

/// `ticket:updated`, `ticket:closed`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct TicketNotice<T> {
    /// The ticket now.
    pub ticket: T,
}

/// `ticket:typing`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct TypingNotice {
    /// Where.
    #[cfg_attr(test, ts(type = "string"))]
    pub ticket_id: TicketId,
    /// Who.
    pub name: String,
    /// What it is.
    pub role: SenderRole,
    /// Writing, or not any more.
    pub typing: bool,
}

/// `ticket:read`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct ReadNotice {
    /// Where.
    #[cfg_attr(test, ts(type = "string"))]
    pub ticket_id: TicketId,
    /// Whose mark: the guest's, or the agents'.
    pub role: SenderRole,
    /// Up to this number.
    #[cfg_attr(test, ts(type = "number"))]
    pub seq: u64,
}

/// `ticket:head`: who is behind joins again with `afterSeq`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct HeadNotice {
    /// Where.
    #[cfg_attr(test, ts(type = "string"))]
    pub ticket_id: TicketId,
    /// The number of the last entry of the conversation.
    #[cfg_attr(test, ts(type = "number"))]
    pub seq: u64,
    /// The number of the last note (agents).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(skip))]
    pub note_seq: Option<u64>,
    /// The history that the numbers count in.
    pub epoch: String,
}

/// `presence:changed`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PresenceChanged {
    /// Who.
    pub agent_id: AgentId,
    /// The display name.
    pub name: String,
    /// What it is now.
    pub state: PresenceState,
}

/// `session:ended`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct SessionEnded {
    /// Why, for programs: an error code.
    pub code: crate::ErrorCode,
    /// Why, for people.
    pub message: String,
}

/// `server:draining`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct ServerDraining {
    /// Milliseconds to wait before connecting again; spread, so that not all come at once.
    #[cfg_attr(test, ts(type = "number"))]
    pub reconnect_in_ms: u64,
}
