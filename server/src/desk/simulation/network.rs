//! What lies between clients and nodes: connections that delay, keep their order, and break; rooms;
//! and the bus between nodes, which may lose what it carries. Also everything that the parts of a
//! simulation share: the agenda, the trace, the faults in force and the checks.

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

impl std::fmt::Debug for Event {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Wake(client, wake) => write!(f, "client {client}: {wake:?}"),
            Self::Open(link) => write!(f, "link {link} opens"),
            Self::Request(link, request, command) => {
                write!(f, "link {link} > {request} {:?} {:?}", command.action(), command.ticket())
            }
            Self::Frame(link, frame) => write!(f, "link {link} < {}", frame.brief()),
            Self::LostAtServer(link) => write!(f, "link {link} is gone for the server"),
            Self::LostAtClient(link) => write!(f, "link {link} is gone for the client"),
            Self::Bus(node, tell) => write!(f, "bus to {node:?}: {}", tell.brief()),
            Self::Fault(fault) => write!(f, "==== {fault:?}"),
        }
    }
}

fn entry(message: &Message) -> String {
    let Message { id, ticket_id, seq, note_seq, sender_role, client_message_id, event, .. } =
        message;
    let event = event.as_ref().map(|_| &message.content);
    format!("{id} {ticket_id} {seq:?} {note_seq:?} {sender_role:?} {client_message_id:?} {event:?}")
}

fn guest_notice(notice: &GuestNotice) -> String {
    match notice {
        GuestNotice::MessageNew(new) => entry(&new.message),
        GuestNotice::TicketUpdated(it) | GuestNotice::TicketClosed(it) => {
            format!("{} {} {}", notice.name(), it.ticket.id, it.ticket.last_seq)
        }
        GuestNotice::Head(head) => format!("{head:?}"),
        other => other.name().to_owned(),
    }
}

fn agent_notice(notice: &AgentNotice) -> String {
    match notice {
        AgentNotice::MessageNew(new) => entry(&new.message),
        AgentNotice::TicketUpdated(it) | AgentNotice::TicketClosed(it) => {
            format!("{} {} {}", notice.name(), it.ticket.id, it.ticket.last_seq)
        }
        AgentNotice::Head(head) => format!("{head:?}"),
        other => other.name().to_owned(),
    }
}

impl Frame {
    fn brief(&self) -> String {
        match self {
            Self::Accepted => "accepted".to_owned(),
            Self::Refused(code) => format!("refused: {code:?}"),
            Self::Guest(notice) => guest_notice(notice),
            Self::Agent(notice) => agent_notice(notice),
            Self::Answer(request, Err(code)) => format!("{request}: {code:?}"),
            Self::Answer(request, Ok(reply)) => match reply {
                Reply::Sent(sent) => format!("{request}: {}", entry(&sent.message)),
                Reply::Joined(joined) => {
                    let seqs: Vec<_> = joined.messages.iter().map(|it| it.seq).collect();
                    let (reset, more) = (joined.reset, joined.has_more);
                    format!(
                        "{request}: joined, {} reset {reset}, {seqs:?} more {more}",
                        joined.epoch
                    )
                }
                _ => format!("{request}: done"),
            },
        }
    }
}

impl Tell {
    fn brief(&self) -> String {
        match self {
            Self::Guest(ticket, notice) => format!("guest of {ticket}: {}", guest_notice(notice)),
            Self::Agents(agents, notice) => format!("{agents:?}: {}", agent_notice(notice)),
            other => format!("{other:?}"),
        }
    }
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

    // ---- Connections ----

    pub(super) fn open(&mut self, client: usize, node: NodeId, who: Who, side: Side) -> LinkId {
        let id = self.next_link;
        self.next_link += 1;
        let name: Arc<str> = Arc::from(id.to_string());
        let connection = Connection { side, id: Arc::clone(&name), seat: name };
        let actor = Actor { who, connection: Some(connection), address: None };
        let link = Link {
            client,
            node,
            actor,
            cut: false,
            at_server: false,
            at_client: true,
            line: None,
            rooms: BTreeMap::new(),
            with_agents: false,
            told: BTreeSet::new(),
            up: 0,
            down: 0,
        };
        self.links.insert(id, link);
        let after = self.latency();
        self.plan(after, Event::Open(id));
        id
    }

    /// Up a connection: after what was sent up before.
    pub(super) fn ask(&mut self, id: LinkId, request: u64, command: Command) {
        let soonest = self.now() + self.latency();
        let Some(link) = self.links.get_mut(&id) else { return };
        link.up = link.up.max(soonest);
        let at = link.up;
        self.plan_at(at, Event::Request(id, request, Box::new(command)));
    }

    /// Down a connection: after what was sent down before.
    pub(super) fn send(&mut self, id: LinkId, frame: Frame) {
        let soonest = self.now() + self.latency();
        let Some(link) = self.links.get_mut(&id) else { return };
        if !link.cut {
            link.down = link.down.max(soonest);
            let at = link.down;
            self.plan_at(at, Event::Frame(id, Box::new(frame)));
        }
    }

    /// Breaks a connection. Each side finds out within so many milliseconds.
    pub(super) fn cut(&mut self, id: LinkId, server: u64, client: u64) {
        let (server, client) = (self.random.below(server + 1), self.random.below(client + 1));
        let Some(link) = self.links.get_mut(&id) else { return };
        if !link.cut {
            link.cut = true;
            self.plan(server, Event::LostAtServer(id));
            self.plan(client, Event::LostAtClient(id));
        }
    }

    /// The node has found out: its part of the connection is gone.
    pub(super) fn lose_at_server(&mut self, id: LinkId) {
        if let Some(link) = self.links.get_mut(&id) {
            link.cut = true;
            link.at_server = false;
            link.line = None;
            link.rooms.clear();
            link.with_agents = false;
            if !link.at_client {
                self.links.remove(&id);
            }
        }
    }

    /// The client has found out, or has closed it.
    pub(super) fn lose_at_client(&mut self, id: LinkId) {
        if let Some(link) = self.links.get_mut(&id) {
            link.at_client = false;
            if !link.at_server && link.line.is_none() {
                self.links.remove(&id);
            }
        }
    }

    // ---- Rooms ----

    fn of_node(&self, node: NodeId, side: Side) -> impl Iterator<Item = (LinkId, &Link)> {
        self.links
            .iter()
            .filter(move |(_, link)| link.node == node && link.at_server)
            .filter(move |(_, link)| link.side() == side)
            .map(|(id, link)| (*id, link))
    }

    fn room(&self, node: NodeId, side: Side, ticket: TicketId) -> Vec<LinkId> {
        let links = self.of_node(node, side);
        links.filter(|(_, link)| link.rooms.contains_key(&ticket)).map(|(id, _)| id).collect()
    }

    /// Whether a client is told of what happens in a ticket.
    pub(super) fn is_in_room(&self, client: usize, ticket: TicketId) -> bool {
        let mut links = self.links.values().filter(|link| link.client == client && !link.cut);
        links.any(|link| link.rooms.contains_key(&ticket))
    }

    /// Does on a node's own connections what was told there or has come over the bus.
    pub(super) fn tell(&mut self, node: NodeId, tell: Tell) {
        if !self.is_alive(node) {
            return;
        }
        match tell {
            Tell::Guest(ticket, notice) => {
                for id in self.room(node, Side::Guest, ticket) {
                    self.told(id, &notice);
                    self.send(id, Frame::Guest(notice.clone()));
                }
            }
            Tell::Agents(agents, notice) => {
                let links = match agents {
                    Agents::In(ticket) => self.room(node, Side::Agent, ticket),
                    Agents::All => {
                        let links = self.of_node(node, Side::Agent);
                        links.filter(|(_, link)| link.with_agents).map(|(id, _)| id).collect()
                    }
                };
                for id in links {
                    if let AgentNotice::MessageNew(new) = &notice {
                        self.told(id, &GuestNotice::MessageNew(new.clone()));
                    }
                    self.send(id, Frame::Agent(notice.clone()));
                }
            }
            Tell::Others(ticket, passing, but) => {
                let (guest, agent) = match passing {
                    Passing::Typing(it) => {
                        (GuestNotice::Typing(it.clone()), AgentNotice::Typing(it))
                    }
                    Passing::Read(it) => (GuestNotice::Read(it.clone()), AgentNotice::Read(it)),
                };
                for id in self.room(node, Side::Guest, ticket) {
                    if Some(id) != but {
                        self.send(id, Frame::Guest(guest.clone()));
                    }
                }
                for id in self.room(node, Side::Agent, ticket) {
                    if Some(id) != but {
                        self.send(id, Frame::Agent(agent.clone()));
                    }
                }
            }
            Tell::ClearAgents(ticket, closed) => {
                for id in self.room(node, Side::Agent, ticket) {
                    if let Some(link) = self.links.get_mut(&id) {
                        link.rooms.retain(|it, seq| *it != ticket || *seq >= closed);
                    }
                }
            }
            Tell::End(whose, why) => {
                let links = self.of_node(node, Side::Agent);
                let links = links.filter(|(_, link)| link.is_ended_by(whose));
                let ended: Vec<LinkId> = links.map(|(id, _)| id).collect();
                for id in ended {
                    self.send(id, Frame::Agent(AgentNotice::SessionEnded(why.clone())));
                    self.lose_at_server(id);
                    let after = self.latency();
                    self.plan(after, Event::LostAtClient(id));
                }
            }
        }
    }

    fn told(&mut self, id: LinkId, notice: &GuestNotice) {
        if let GuestNotice::MessageNew(new) = notice
            && let (Some(seq), Some(link)) = (new.message.seq, self.links.get_mut(&id))
        {
            link.told.insert((new.message.ticket_id, seq));
        }
    }

    /// The same on every node: at once on this one, over the bus on the others.
    fn tell_everywhere(&mut self, node: NodeId, tell: Tell) {
        if !self.is_alive(node) {
            return;
        }
        let others: Vec<NodeId> = self.nodes.iter().copied().filter(|it| *it != node).collect();
        for other in others {
            let Weather { bus_is_cut, bus_loses, .. } = self.weather;
            if bus_is_cut || self.random.chance(bus_loses) {
                continue;
            }
            let soonest = self.now() + self.latency();
            let free = self.bus_at.entry((node.place, other.place)).or_default();
            *free = soonest.max(*free);
            let at = *free;
            self.plan_at(at, Event::Bus(other, Box::new(tell.clone())));
        }
        self.tell(node, tell);
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

/// The hub of one node.
pub(super) struct Rooms {
    pub(super) shared: Arc<Shared>,
    pub(super) node: NodeId,
}

fn id(connection: &Connection) -> LinkId {
    connection.id.parse().unwrap()
}

impl Rooms {
    fn tell(&self, tell: Tell) {
        let mut inner = self.shared.lock();
        let message = match &tell {
            Tell::Guest(_, GuestNotice::MessageNew(new))
            | Tell::Agents(_, AgentNotice::MessageNew(new)) => Some(new.message.clone()),
            _ => None,
        };
        if inner.is_alive(self.node) {
            if let Some(message) = message {
                inner.checks.announces(self.node, &message);
            }
            inner.tell_everywhere(self.node, tell);
        }
    }
}

impl Hub for Rooms {
    fn tell_guest(&self, ticket: TicketId, notice: &GuestNotice) {
        self.tell(Tell::Guest(ticket, notice.clone()));
    }

    fn tell_agents(&self, agents: Agents, notice: &AgentNotice) {
        self.tell(Tell::Agents(agents, notice.clone()));
    }

    fn tell_others(&self, ticket: TicketId, notice: &Passing, but: Option<&Connection>) {
        self.tell(Tell::Others(ticket, notice.clone(), but.map(id)));
    }

    fn tell_other_agents(&self, ticket: TicketId, notice: &AgentNotice, _: Option<&Connection>) {
        // Only typing in the notes, which is not simulated.
        self.tell(Tell::Agents(Agents::In(ticket), notice.clone()));
    }

    fn occupied(&self) -> Vec<TicketId> {
        let inner = self.shared.lock();
        let links = inner.links.values().filter(|it| it.node == self.node && it.at_server);
        let rooms: BTreeSet<TicketId> = links.flat_map(|it| it.rooms.keys().copied()).collect();
        rooms.into_iter().collect()
    }

    fn enter(&self, connection: &Connection, ticket: TicketId, seq: u64) {
        if let Some(link) = self.shared.lock().links.get_mut(&id(connection))
            && link.at_server
        {
            let known = link.rooms.entry(ticket).or_default();
            *known = seq.max(*known);
        }
    }

    fn leave(&self, connection: &Connection, ticket: TicketId) {
        if let Some(link) = self.shared.lock().links.get_mut(&id(connection)) {
            link.rooms.remove(&ticket);
        }
    }

    fn clear_agents(&self, ticket: TicketId, closed: u64) {
        self.tell(Tell::ClearAgents(ticket, closed));
    }

    fn end(&self, whose: Ending, why: &SessionEnded) {
        self.tell(Tell::End(whose, why.clone()));
    }
}
