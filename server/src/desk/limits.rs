//! How much is too much. Every number is a setting; sizes that no operator may change are in the
//! types of the protocol.

use support_shared::{request::Limit, text::Content};

use super::error::DeskError;
use super::store::Size;

/// A page of anything stops before this many bytes of records.
const PAGE_BYTES: usize = 256 * 1024;

macro_rules! limits {
    ($($(#[doc = $doc:literal])* $name:ident: $kind:ty = $default:literal,)*) => {
        /// The limits in force. 0 means none where that makes sense.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct Limits {
            $($(#[doc = $doc])* pub $name: $kind,)*
        }

        impl Default for Limits {
            fn default() -> Self {
                Self { $($name: $default,)* }
            }
        }

        impl Limits {
            /// The names of the settings, as the configuration file has them under `[limits]`.
            pub const NAMES: &[&str] = &[$(stringify!($name)),*];

            /// Every setting with what it says, for people.
            pub fn described() -> impl Iterator<Item = (&'static str, &'static str)> {
                [$((stringify!($name), concat!($($doc),*))),*].into_iter()
            }

            /// Every setting with its value.
            pub fn values(&self) -> impl Iterator<Item = (&'static str, u64)> {
                [$((stringify!($name), u64::try_from(self.$name).unwrap_or(u64::MAX))),*].into_iter()
            }

            /// Sets a limit by its name. Errors say what is wrong with name or value.
            pub fn set(&mut self, name: &str, value: &str) -> Result<(), String> {
                match name {
                    $(stringify!($name) => {
                        self.$name = value.parse().map_err(|_| {
                            format!("limits.{name}: {value:?} is not a number from 0 to {}", <$kind>::MAX)
                        })?;
                    })*
                    _ => return Err(format!("there is no setting limits.{name}")),
                }
                Ok(())
            }
        }
    };
}

limits! {
    /// Unicode scalar values in a message.
    content_chars: usize = 4_000,
    /// Bytes of UTF-8 in a message.
    content_bytes: usize = 16_384,
    /// Bytes in one websocket message or polling body.
    packet_bytes: usize = 65_536,
    /// Entries of a page that asks for no number.
    page: usize = 50,
    /// Entries of a page at most.
    page_max: usize = 200,
    /// Open tickets of a guest that it has not ended.
    guest_open_tickets: u32 = 3,
    /// Messages of a guest a second, after a burst.
    guest_messages_per_second: u32 = 5,
    /// Messages of a guest at once.
    guest_messages_burst: u32 = 20,
    /// Messages of a guest a minute, sustained.
    guest_messages_per_minute: u32 = 60,
    /// Messages of an agent a second, after a burst.
    agent_messages_per_second: u32 = 20,
    /// Messages of an agent at once.
    agent_messages_burst: u32 = 60,
    /// Lists that a guest reads a second, after a burst.
    guest_reads_per_second: u32 = 5,
    /// Lists that a guest reads at once.
    guest_reads_burst: u32 = 10,
    /// Tickets and lists that an agent reads a minute.
    agent_reads_per_minute: u32 = 600,
    /// New tickets of a guest in 12 hours.
    guest_new_tickets: u32 = 6,
    /// New guest sessions of an address in an hour.
    address_guest_sessions: u32 = 120,
    /// Live connections of a guest.
    guest_sockets: u32 = 10,
    /// Live connections of an agent.
    agent_sockets: u32 = 20,
    /// Live connections of an address (IPv6: of a /64).
    address_sockets: u32 = 100,
    /// Connections of an address that speak HTTP (IPv6: of a /64; not those of a trusted proxy).
    address_connections: u32 = 256,
    /// New connections to the server in a second.
    handshakes_per_second: u32 = 300,
    /// Wrong passwords for a name from an address before it has to wait.
    login_tries: u32 = 5,
    /// Wrong passwords from an address in 10 minutes before it has to wait.
    login_address_tries: u32 = 30,
    /// Milliseconds until a connection without a namespace, or that does not finish a request, is closed.
    connect_timeout_ms: u64 = 10_000,
    /// Milliseconds until a peer that does not read is closed.
    peer_timeout_ms: u32 = 20_000,
    /// Milliseconds between two words on where a ticket's log ends.
    head_every_ms: u64 = 25_000,
    /// Milliseconds that an agent may be away before it has left.
    left_grace_ms: u64 = 10_000,
}

impl Limits {
    /// The settings that cannot be without a limit.
    pub(crate) const NEEDED: &[&str] = &[
        "packet_bytes",
        "page",
        "page_max",
        "connect_timeout_ms",
        "peer_timeout_ms",
        "head_every_ms",
    ];

    /// Refuses a message that is too long.
    pub(super) fn check_content(&self, content: &Content) -> Result<(), DeskError> {
        let text = content.as_str();
        let over = |limit: usize, size: usize| limit != 0 && size > limit;
        let limit = if over(self.content_bytes, text.len()) {
            "content_bytes"
        } else if over(self.content_chars, text.chars().count()) {
            "content_chars"
        } else {
            return Ok(());
        };
        let message = format!(
            "a message has at most {} characters and {} bytes",
            self.content_chars, self.content_bytes
        );
        Err(DeskError::TooLarge { limit, message })
    }

    /// How much of a list to answer with: what was asked for, clamped.
    pub(super) fn size(&self, asked: Limit) -> Size {
        let asked =
            asked.map_or(self.page, |limit| usize::try_from(limit.get()).unwrap_or(usize::MAX));
        Size { entries: asked.min(self.page_max), bytes: PAGE_BYTES }
    }
}
