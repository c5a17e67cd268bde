//! Who acts: an identity that was proven, the connection it acts on, and where it comes from. What it
//! may do is not said here: that is looked up at every command.

use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;

use support_shared::{AgentId, GuestId, SessionId, Timestamp};

/// Who acts, as a credential that was verified says. Never made of what a client claims.
#[derive(Debug, Clone)]
pub struct Actor {
    /// Who.
    pub who: Who,
    /// The live connection on which it acts, if it has one.
    pub connection: Option<Connection>,
    /// Where it comes from, if over a network.
    pub address: Option<Address>,
}

/// Where somebody comes from, for limits only: an IPv4 address, or the /64 of an IPv6 one, which is
/// what one subscriber has (RFC 6177).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Address(IpAddr);

impl Address {
    /// The address as limits count it.
    pub fn of(ip: IpAddr) -> Self {
        match ip.to_canonical() {
            IpAddr::V6(six) => {
                let network = six.to_bits() & !u128::from(u64::MAX);
                Self(IpAddr::V6(Ipv6Addr::from_bits(network)))
            }
            four @ IpAddr::V4(_) => Self(four),
        }
    }
}

/// An identity. Whether it still stands is looked up at every command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    /// Nobody in particular.
    Stranger,
    /// The guest of a signed cookie.
    Guest(GuestId),
    /// The agent of a token.
    Agent {
        /// Who.
        agent: AgentId,
        /// In which login.
        session: SessionId,
        /// When the token ends.
        expires_at: Timestamp,
    },
    /// Somebody whose credential is none. It is not overlooked: such a caller is refused what even
    /// a stranger may not do, and after what it sends was parsed.
    Unproven,
    /// Whoever has the data directory in its hands.
    Operator,
}

/// A live connection of somebody.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Connection {
    /// On which side of the desk.
    pub side: Side,
    /// The transport's name for it, which both sides of one transport share.
    pub id: Arc<str>,
    /// A name that no other connection has had, for what is kept by connection.
    pub seat: Arc<str>,
}

/// The two sides of the desk. What one may reach is another surface than what the other may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Side {
    /// Guests.
    Guest,
    /// Agents and admins.
    Agent,
}

impl Actor {
    /// Somebody without a live connection, from nowhere in particular.
    pub fn without_connection(who: Who) -> Self {
        Self { who, connection: None, address: None }
    }

    /// The same, from there.
    #[must_use]
    pub fn from(self, address: Address) -> Self {
        Self { address: Some(address), ..self }
    }
}
