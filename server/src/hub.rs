//! Reaches the connected through Socket.IO. The only file that names rooms.
//!
//! A room never holds back the desk: a connection whose buffer is full is lagging. It gets nothing
//! more and is disconnected as soon as its buffer lets that through; it comes back with `afterSeq`
//! and has lost nothing. One that does not read at all is cut off by the transport.

use std::collections::{HashMap, HashSet};
use std::str::FromStr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use serde::Serialize;
use socketioxide::{
    SendError, SocketError, SocketIo, extract::SocketRef, operators::BroadcastOperators,
    socket::Sid,
};
use support_shared::{
    AgentId, SessionId, TicketId,
    notice::{AgentNotice, GuestNotice, SessionEnded},
};
use tokio_util::task::TaskTracker;

use crate::desk::{Agents, Connection, Ending, Hub, Passing, Side};

/// The namespace of guests.
pub(crate) const GUEST: &str = "/guest";

/// The namespace of agents.
pub(crate) const AGENT: &str = "/agent";

/// The room of all agents: it carries the queue.
const AGENTS: &str = "agents";

/// What the names of tickets' rooms begin with.
const TICKET: &str = "ticket:";

/// How often a lagging connection's buffer is tried.
const LAGGING_EVERY: Duration = Duration::from_millis(100);

/// How many times, until the transport's own time-outs must have ended it.
const LAGGING_TRIES: u32 = 600;

/// The rooms of the Socket.IO server.
#[derive(Clone, Default)]
pub(crate) struct Rooms {
    /// Set once the server is built, which needs this first.
    io: Arc<OnceLock<SocketIo>>,
    tasks: TaskTracker,
    /// How many connections there have been.
    connections: Arc<AtomicU64>,
}

/// The name of a socket's connection that no other has had.
#[derive(Clone)]
struct Seat(Arc<str>);

/// What a connection knew of the tickets whose rooms it is in, when it entered them. It ends with
/// the connection.
#[derive(Clone, Default)]
struct Entered(Arc<Mutex<HashMap<TicketId, u64>>>);

impl Entered {
    /// Of a socket. Its requests are done in their order: the first one makes it.
    fn of(socket: &SocketRef) -> Self {
        if let Some(entered) = socket.extensions.get::<Self>() {
            return entered;
        }
        let entered = Self::default();
        socket.extensions.insert(entered.clone());
        entered
    }

    fn seqs(&self) -> MutexGuard<'_, HashMap<TicketId, u64>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn raise(&self, ticket: TicketId, seq: u64) {
        let mut seqs = self.seqs();
        let known = seqs.entry(ticket).or_default();
        *known = seq.max(*known);
    }

    /// Of a room that it is in.
    fn set(&self, ticket: TicketId, seq: u64) {
        if let Some(known) = self.seqs().get_mut(&ticket) {
            *known = seq;
        }
    }

    fn forget(&self, ticket: TicketId) {
        self.seqs().remove(&ticket);
    }

    /// False, and nothing is forgotten, when it knew of the entry `closed`.
    fn forget_before(&self, ticket: TicketId, closed: u64) -> bool {
        let mut seqs = self.seqs();
        let before = seqs.get(&ticket).is_none_or(|seq| *seq < closed);
        if before {
            seqs.remove(&ticket);
        }
        before
    }
}

fn of_ticket(ticket: TicketId) -> String {
    format!("{TICKET}{ticket}")
}

fn of_session(session: SessionId) -> String {
    format!("session:{session}")
}

fn of_agent(agent: AgentId) -> String {
    format!("agent:{agent}")
}

fn namespace(side: Side) -> &'static str {
    match side {
        Side::Guest => GUEST,
        Side::Agent => AGENT,
    }
}

impl Rooms {
    /// Hands over the server whose rooms these are.
    pub(crate) fn connect(&self, io: SocketIo) {
        let _ = self.io.set(io);
    }

    /// Lets an agent's connection into the rooms that it is in as long as it lives.
    pub(crate) fn admit(socket: &SocketRef, agent: AgentId, session: SessionId) {
        socket.join([AGENTS.to_owned(), of_agent(agent), of_session(session)]);
    }

    /// The connection of a socket.
    pub(crate) fn connection(&self, socket: &SocketRef, side: Side) -> Connection {
        let number = self.connections.fetch_add(1, Ordering::Relaxed);
        let seat: Arc<str> = Arc::from(format!("{number}"));
        socket.extensions.insert(Seat(Arc::clone(&seat)));
        Connection { side, id: Arc::from(socket.id.as_str()), seat }
    }

    fn within(&self, side: Side, room: String) -> Vec<SocketRef> {
        let io = self.io.get().and_then(|io| io.of(namespace(side)));
        io.map(|io| io.within(room).sockets()).unwrap_or_default()
    }

    fn others(&self, side: Side, ticket: TicketId, but: Option<&Connection>) -> Vec<SocketRef> {
        let mut sockets = self.within(side, of_ticket(ticket));
        // One connection may be on both sides; only the side that it speaks on is its own.
        let but = but.filter(|connection| connection.side == side);
        sockets.retain(|socket| but.is_none_or(|it| *it.id != *socket.id.as_str()));
        sockets
    }

    fn socket(&self, connection: &Connection) -> Option<SocketRef> {
        let id = Sid::from_str(&connection.id).ok()?;
        let socket = self.io.get()?.of(namespace(connection.side))?.get_socket(id)?;
        // A transport may have left this side and come in again, as somebody else: what was asked
        // before is not done for whom it is now.
        let seat = socket.extensions.get::<Seat>()?;
        (seat.0 == connection.seat).then_some(socket)
    }

    fn tell(&self, sockets: Vec<SocketRef>, event: &str, payload: &impl Serialize) {
        for socket in sockets {
            if let Err(SendError::Socket(SocketError::InternalChannelFull)) =
                socket.emit(event, payload)
            {
                self.drop_lagging(socket);
            }
        }
    }

    /// Drops a connection that does not take what it is sent.
    pub(crate) fn give_up(&self, connection: &Connection) {
        if let Some(socket) = self.socket(connection) {
            self.drop_lagging(socket);
        }
    }

    /// Drops a connection that asks for more than is done for it.
    pub(crate) fn give_up_socket(&self, socket: SocketRef) {
        self.drop_lagging(socket);
    }

    fn drop_lagging(&self, socket: SocketRef) {
        tracing::info!(socket.id = %socket.id, "a connection lags behind and is dropped");
        socket.leave_all();
        self.tasks.spawn(async move {
            for _ in 0..LAGGING_TRIES {
                match socket.clone().disconnect() {
                    Err(SocketError::InternalChannelFull) => {
                        tokio::time::sleep(LAGGING_EVERY).await;
                    }
                    Ok(()) | Err(SocketError::Closed) => return,
                }
            }
        });
    }

    /// Says why a connection ends, and ends it.
    pub(crate) fn dismiss(&self, connection: &Connection, why: &SessionEnded) {
        if let Some(socket) = self.socket(connection) {
            self.dismiss_all(vec![socket], why);
        }
    }

    fn dismiss_all(&self, sockets: Vec<SocketRef>, why: &SessionEnded) {
        for socket in sockets {
            let _ = socket.emit("session:ended", why);
            if socket.clone().disconnect().is_err() {
                self.drop_lagging(socket);
            }
        }
    }

    /// Tells everybody the same.
    pub(crate) fn tell_everybody<T: Serialize>(&self, event: &str, payload: impl Fn() -> T) {
        for side in [Side::Guest, Side::Agent] {
            let io = self.io.get().and_then(|io| io.of(namespace(side)));
            for socket in
                io.map(socketioxide::operators::BroadcastOperators::sockets).unwrap_or_default()
            {
                let _ = socket.emit(event, &payload());
            }
        }
    }
}

impl Hub for Rooms {
    fn tell_guest(&self, ticket: TicketId, notice: &GuestNotice) {
        self.tell(self.within(Side::Guest, of_ticket(ticket)), notice.name(), notice);
    }

    fn tell_agents(&self, agents: Agents, notice: &AgentNotice) {
        let room = match agents {
            Agents::All => AGENTS.to_owned(),
            Agents::In(ticket) => of_ticket(ticket),
        };
        self.tell(self.within(Side::Agent, room), notice.name(), notice);
    }

    fn tell_one(&self, connection: &Connection, notice: &AgentNotice) {
        self.tell(self.socket(connection).into_iter().collect(), notice.name(), notice);
    }

    fn tell_others(&self, ticket: TicketId, notice: &Passing, but: Option<&Connection>) {
        let (for_guest, for_agents) = match notice.clone() {
            Passing::Typing(typing) => {
                (GuestNotice::Typing(typing.clone()), AgentNotice::Typing(typing))
            }
            Passing::Read(read) => (GuestNotice::Read(read.clone()), AgentNotice::Read(read)),
        };
        let guests = self.others(Side::Guest, ticket, but);
        self.tell(guests, for_guest.name(), &for_guest);
        self.tell_other_agents(ticket, &for_agents, but);
    }

    fn tell_other_agents(&self, ticket: TicketId, notice: &AgentNotice, but: Option<&Connection>) {
        self.tell(self.others(Side::Agent, ticket, but), notice.name(), notice);
    }

    fn occupied(&self) -> Vec<TicketId> {
        let mut tickets = HashSet::new();
        for side in [Side::Guest, Side::Agent] {
            let io = self.io.get().and_then(|io| io.of(namespace(side)));
            for socket in io.map(BroadcastOperators::sockets).unwrap_or_default() {
                let rooms = socket.rooms();
                let names = rooms.iter().filter_map(|room| room.strip_prefix(TICKET));
                tickets.extend(names.filter_map(|name| name.parse::<TicketId>().ok()));
            }
        }
        tickets.into_iter().collect()
    }

    fn enter(&self, connection: &Connection, ticket: TicketId, seq: u64) {
        if let Some(socket) = self.socket(connection) {
            Entered::of(&socket).raise(ticket, seq);
            socket.join(of_ticket(ticket));
        }
    }

    fn put_back(&self, connection: &Connection, ticket: TicketId, seq: u64) {
        if let Some(socket) = self.socket(connection) {
            Entered::of(&socket).set(ticket, seq);
        }
    }

    fn leave(&self, connection: &Connection, ticket: TicketId) {
        if let Some(socket) = self.socket(connection) {
            socket.leave(of_ticket(ticket));
            Entered::of(&socket).forget(ticket);
        }
    }

    fn clear_agents(&self, ticket: TicketId, closed: u64) {
        for socket in self.within(Side::Agent, of_ticket(ticket)) {
            if Entered::of(&socket).forget_before(ticket, closed) {
                socket.leave(of_ticket(ticket));
            }
        }
    }

    fn end(&self, whose: Ending, why: &SessionEnded) {
        let (room, but) = match whose {
            Ending::Session(session) => (of_session(session), None),
            Ending::Agent(agent, but) => (of_agent(agent), but.map(of_session)),
        };
        let kept = |socket: &SocketRef| {
            but.as_ref().is_some_and(|room| socket.rooms().iter().any(|it| it.as_ref() == room))
        };
        let mut sockets = self.within(Side::Agent, room);
        sockets.retain(|socket| !kept(socket));
        self.dismiss_all(sockets, why);
    }
}
