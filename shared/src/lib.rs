//! The protocol of the support desk: what clients send, what the server answers and tells, and the
//! rules of both that need nothing but the value itself.
//!
//! This crate is the single source of every public name. It does no I/O and knows no runtime, so
//! the server, the console and the tests read the very same definitions; the guest page's
//! TypeScript types (`guest-web/src/wire.ts`) are generated from it, and a test fails when they are
//! stale.
//!
//! | module | owns |
//! | --- | --- |
//! | [`ids`] | identifiers: ULIDs made by the server, client message ids, ticket refs |
//! | [`time`] | instants as the wire writes them |
//! | [`text`] | texts that people write, checked once when they are parsed |
//! | [`canned`] | canned replies |
//! | [`ticket`] | tickets, agents and guests as each side sees them |
//! | [`message`] | entries of a ticket's logs |
//! | [`request`] | what clients may ask, by event |
//! | [`answer`] | what each request is answered with |
//! | [`notice`] | what the server tells without being asked |
//! | [`error`] | error codes with their HTTP status and exit code |

#![warn(missing_docs)]

pub mod answer;
pub mod canned;
pub mod error;
pub mod ids;
pub mod message;
pub mod notice;
pub mod request;
mod schema;
pub mod text;
pub mod ticket;
pub mod time;
mod wire;

#[cfg(test)]
mod bindings;

pub use error::{ApiError, ErrorCode};
pub use ids::{
    AgentId, CannedId, ClientMessageId, GuestId, MessageId, SessionId, TicketId, TicketRef,
};
pub use time::Timestamp;
pub use wire::{DecodeError, object, parse_packet};
