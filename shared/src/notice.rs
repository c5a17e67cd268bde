//! What the server tells without being asked. A socket that misses one heals by number: see
//! `ticket:join` with `afterSeq`.

use serde::{Deserialize, Serialize};

use crate::{
    message::Message,
    ticket::{GuestTicket, Ticket},
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
