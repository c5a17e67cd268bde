//! What the desk needs of whoever reaches the connected. The types keep the sides apart: a guest
//! cannot be told what is an agent's.

use support_shared::{
    AgentId, SessionId, TicketId,
    notice::{AgentNotice, GuestNotice, ReadNotice, SessionEnded, TypingNotice},
};

use super::actor::Connection;

/// Which agents to tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Agents {
    /// All that are connected.
    All,
    /// Those in this ticket's room.
    In(TicketId),
}

/// Whose connections to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// Those of one login.
    Session(SessionId),
    /// Those of an agent, but not of this login.
    Agent(AgentId, Option<SessionId>),
}

/// What passes between the two sides of a conversation without being kept.
#[derive(Debug, Clone, PartialEq)]
pub enum Passing {
    /// Somebody writes.
    Typing(TypingNotice),
    /// Somebody has read.
    Read(ReadNotice),
}

/// Reaches the connected. Nothing here waits: what cannot be delivered at once is the connection's
/// trouble, which heals by number.
pub trait Hub: Send + Sync + 'static {
    /// Tells the guest of a ticket, on each of its connections in the room.
    fn tell_guest(&self, ticket: TicketId, notice: &GuestNotice);
    /// Tells agents, each connection once.
    fn tell_agents(&self, agents: Agents, notice: &AgentNotice);
    /// Tells one agent's connection.
    fn tell_one(&self, connection: &Connection, notice: &AgentNotice);
    /// Tells everybody in a ticket's room but this connection what may be told to both sides.
    fn tell_others(&self, ticket: TicketId, notice: &Passing, but: Option<&Connection>);
    /// Tells the agents in a ticket's room but this connection.
    fn tell_other_agents(&self, ticket: TicketId, notice: &AgentNotice, but: Option<&Connection>);
    /// The tickets that somebody is in now.
    fn occupied(&self) -> Vec<TicketId>;
    /// Lets a connection into a ticket's room, which knows of the ticket's log up to `seq`.
    fn enter(&self, connection: &Connection, ticket: TicketId, seq: u64);
    /// A connection that is in a ticket's room knows of its log up to `seq` only, whatever it was
    /// let in with since.
    fn put_back(&self, connection: &Connection, ticket: TicketId, seq: u64);
    /// Takes a connection out of a ticket's room.
    fn leave(&self, connection: &Connection, ticket: TicketId);
    /// Takes all agents out of a ticket's room who entered before the entry `closed`: it may be told
    /// of late, when the ticket is open again and some have come back.
    fn clear_agents(&self, ticket: TicketId, closed: u64);
    /// Says why, and ends connections.
    fn end(&self, whose: Ending, why: &SessionEnded);
}
