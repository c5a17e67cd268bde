//! What lies between clients and nodes: connections that delay, keep their order, and break; rooms;
//! and the bus between nodes, which may lose what it carries. Also everything that the parts of a
//! simulation share: the agenda, the trace, the faults in force and the checks.

mod brief;
mod links;
mod rooms;

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, Mutex, MutexGuard};

use support_shared::{
    ErrorCode, SessionId, TicketId,
    message::Message,
    notice::{AgentNotice, GuestNotice, SessionEnded},
};
use tokio::sync::{Notify, mpsc};
use tokio::time::Instant;
use tokio_util::task::TaskTracker;

pub(super) use self::rooms::Rooms;
use super::checks::Checks;
use super::world::Fault;
use crate::desk::store::replicated::simulated::{Fails, Fate};
use crate::desk::{Actor, Agents, Command, Connection, Ending, Hub, Passing, Reply, Side, Who};
use crate::seeded::Seeded;

/// One life of a node: after a crash it has the next one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct NodeId {
    pub(super) place: usize,
    pub(super) life: u64,
}

pub(super) type LinkId = u64;

/// Requests of one connection that wait for their turn.
pub(super) const LINE: usize = 512;

/// What happens at a moment.
pub(super) enum Event {
    /// A client's own timer.
    Wake(usize, Wake),
    /// A connection comes to its node.
    Open(LinkId),
    /// A request comes to its node.
    Request(LinkId, u64, Box<Command>),
    /// Something comes to a client.
    Frame(LinkId, Box<Frame>),
    LostAtServer(LinkId),
    LostAtClient(LinkId),
    /// Something comes to a node from another.
    Bus(NodeId, Box<Tell>),
    Fault(Fault),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Wake {
    Act,
    Connect,
    /// It has waited long enough before it sends again.
    Rested,
    /// It has waited long enough for a gap to close.
    Check(TicketId),
    /// It leaves a ticket that it could not leave.
    Leave(TicketId),
    /// It reads again what it could not read.
    Resync,
    /// It has waited long enough for this answer.
    Overdue(LinkId, u64),
}

/// What a node sends to a client.
#[derive(Debug)]
pub(super) enum Frame {
    Accepted,
    Refused(ErrorCode),
    Answer(u64, Result<Reply, ErrorCode>),
    Guest(GuestNotice),
    Agent(AgentNotice),
}

/// What a hub does, on its own connections and on those of the other nodes.
#[derive(Debug, Clone)]
pub(super) enum Tell {
    Guest(TicketId, GuestNotice),
    Agents(Agents, AgentNotice),
    Others(TicketId, Passing, Option<LinkId>),
    ClearAgents(TicketId, u64),
    End(Ending, SessionEnded),
}

/// A connection of a client with a node.
#[expect(clippy::struct_excessive_bools, reason = "each is a thing of its own that is so or not")]
pub(super) struct Link {
    pub(super) client: usize,
    pub(super) node: NodeId,
    pub(super) actor: Actor,
    /// What is sent gets lost from now on; each side finds out by itself.
    pub(super) cut: bool,
    pub(super) at_server: bool,
    pub(super) at_client: bool,
    /// The way into the node, as long as it knows the connection. Each request with when it came.
    pub(super) line: Option<mpsc::Sender<(u64, Command, Instant)>>,
    /// Each with what was known of the ticket's log when it was entered.
    pub(super) rooms: BTreeMap<TicketId, u64>,
    pub(super) with_agents: bool,
    /// Entries that it was told of.
    pub(super) told: BTreeSet<(TicketId, u64)>,
    up: u64,
    down: u64,
}

/// Faults in force.
#[derive(Debug, Default)]
pub(super) struct Weather {
    /// Calls of a thousand that fail.
    pub(super) store_fails: u64,
    /// Milliseconds that a call takes at most.
    pub(super) store_slow: u64,
    /// Milliseconds that an announcement lags at most.
    pub(super) lag: u64,
    /// Milliseconds that the network takes at most.
    pub(super) latency: u64,
    pub(super) bus_is_cut: bool,
    /// Of a thousand.
    pub(super) bus_loses: u64,
}

pub(super) struct Inner {
    pub(super) random: Seeded,
    pub(super) agenda: BTreeMap<(u64, u64), Event>,
    planned: u64,
    began: Instant,
    pub(super) links: BTreeMap<LinkId, Link>,
    next_link: LinkId,
    /// The nodes that live.
    pub(super) nodes: Vec<NodeId>,
    pub(super) weather: Weather,
    bus_at: BTreeMap<(usize, usize), u64>,
    pub(super) checks: Checks,
    pub(super) tasks: TaskTracker,
    pub(super) trace: Trace,
}

/// What happened, and a hash of it.
#[derive(Default)]
pub(super) struct Trace {
    hasher: DefaultHasher,
    pub(super) steps: u64,
    pub(super) lines: Vec<String>,
}

impl Trace {
    pub(super) fn add(&mut self, line: String) {
        line.hash(&mut self.hasher);
        self.steps += 1;
        self.lines.push(line);
    }

    pub(super) fn hash(&self) -> u64 {
        self.hasher.finish()
    }
}

/// What the parts of a simulation share. All of it is in one thread; nothing waits with the lock.
pub(super) struct Shared {
    inner: Mutex<Inner>,
    pub(super) planned: Notify,
}

impl Shared {
    pub(super) fn new(random: Seeded, checks: Checks) -> Arc<Self> {
        let inner = Inner {
            random,
            agenda: BTreeMap::new(),
            planned: 0,
            began: Instant::now(),
            links: BTreeMap::new(),
            next_link: 1,
            nodes: Vec::new(),
            weather: Weather { latency: 20, ..Weather::default() },
            bus_at: BTreeMap::new(),
            checks,
            tasks: TaskTracker::new(),
            trace: Trace::default(),
        };
        Arc::new(Self { inner: Mutex::new(inner), planned: Notify::new() })
    }

    /// Wakes the agenda too: whoever locks may plan something.
    pub(super) fn lock(&self) -> MutexGuard<'_, Inner> {
        self.planned.notify_one();
        self.inner.lock().unwrap()
    }
}

impl Inner {
    pub(super) fn now(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap()
    }

    pub(super) fn instant(&self, at: u64) -> Instant {
        self.began + std::time::Duration::from_millis(at)
    }

    pub(super) fn plan(&mut self, after: u64, event: Event) {
        self.plan_at(self.now() + after, event);
    }

    fn plan_at(&mut self, at: u64, event: Event) {
        self.planned += 1;
        self.agenda.insert((at, self.planned), event);
    }

    pub(super) fn note(&mut self, line: impl FnOnce() -> String) {
        let line = format!("{:>6} {}", self.now(), line());
        self.trace.add(line);
    }

    pub(super) fn is_alive(&self, node: NodeId) -> bool {
        self.nodes.contains(&node)
    }

    /// What becomes of the next call of the store.
    pub(super) fn fate(&mut self) -> Fate {
        let Weather { store_fails, store_slow, .. } = self.weather;
        let fails = self
            .random
            .chance(store_fails)
            .then(|| *self.random.pick(&[Fails::BeforeItTookEffect, Fails::AfterItTookEffect]));
        let mut delay = || match store_slow {
            0 => 0,
            // Most calls are fast even then.
            slow if self.random.chance(200) => self.random.below(slow),
            slow => self.random.below(slow.min(5)),
        };
        Fate { before: delay(), after: delay(), fails, ..Fate::default() }
    }

    /// What becomes of the next step of the collections. Several make up a call.
    pub(super) fn step_fate(&mut self) -> Fate {
        let fate = self.fate();
        let midway = fate.fails.is_some() && self.random.chance(300);
        Fate {
            // Time has to pass for who tries again and again.
            before: fate.before.max(1),
            fails: if midway { Some(Fails::Midway) } else { fate.fails },
            ends_with_node: self.random.chance(500),
            is_rolled_back: self.weather.store_fails > 0 && self.random.chance(300),
            order: self.random.next(),
            ..fate
        }
    }

    pub(super) fn lag(&mut self) -> u64 {
        match self.weather.lag {
            0 => 0,
            _ if self.random.chance(700) => 0,
            lag => self.random.below(lag),
        }
    }

    fn latency(&mut self) -> u64 {
        1 + self.random.below(self.weather.latency)
    }
}

impl Link {
    pub(super) fn side(&self) -> Side {
        self.actor.connection.as_ref().map_or(Side::Guest, |connection| connection.side)
    }

    pub(super) fn session(&self) -> Option<SessionId> {
        match self.actor.who {
            Who::Agent { session, .. } => Some(session),
            Who::Guest(_) | Who::Stranger | Who::Unproven | Who::Operator => None,
        }
    }

    fn is_ended_by(&self, whose: Ending) -> bool {
        match (whose, self.actor.who) {
            (Ending::Session(ended), Who::Agent { session, .. }) => ended == session,
            (Ending::Agent(ended, kept), Who::Agent { agent, session, .. }) => {
                ended == agent && kept != Some(session)
            }
            _ => false,
        }
    }
}
