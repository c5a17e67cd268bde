//! One run: nodes, clients and a store on one agenda, from one seed. First there is trouble, then
//! there is none and everything has to come to rest, then everybody leaves.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use support_shared::{
    AgentId, GuestId, Timestamp,
    ticket::{AgentName, AgentRole, Guest},
};
use tokio::{sync::mpsc, time::Instant};
use tokio_util::sync::CancellationToken;
use ulid::Ulid;

use super::checks::{Checks, Violation};
use super::client::{Client, Identity};
use super::ground::{Ground, Kind, Snapshot};
use super::network::{Event, Frame, Inner, LINE, LinkId, NodeId, Rooms, Shared, Wake, Weather};
use crate::clock::{Clock, Source};
use crate::desk::store::memory::Data;
use crate::desk::store::{AgentRecord, SessionRecord};
use crate::desk::{Actor, Command, Desk, Limits, Reply, Who};
use crate::seeded::{Guessable, Seeded};
use crate::telemetry::Meter;

/// Milliseconds of trouble.
const TROUBLE: u64 = 30_000;

/// Milliseconds after which everybody is connected again and has sent what it had to.
const SENT: u64 = TROUBLE + 60_000;

/// Milliseconds after which everybody has seen everything (V8), and is told to leave.
const SEEN: u64 = SENT + 32_000;

/// Milliseconds after which everybody has left.
const LEFT: u64 = SEEN + 60_000;

/// Open tickets of a guest.
const MOST_OPEN: u32 = 2;

/// A moment of the wall clock.
const EPOCH: i64 = 1_800_000_000_000;

/// What goes wrong, or is done from outside.
#[derive(Debug, Clone, Copy)]
pub(super) enum Fault {
    Crash,
    Start(usize),
    Cut,
    Weather,
    Calm,
    ClientRestarts,
    SignOut,
    Snapshot,
    Restore,
    ClockJumps,
    /// There is no trouble any more.
    Peace,
    Sent,
    Leave,
    End,
}

pub(super) fn end_of_time() -> Timestamp {
    Timestamp::from_millis(EPOCH * 2)
}

/// The clock of one node: simulated time, and off by something.
struct Skewed {
    began: tokio::time::Instant,
    off: Arc<Mutex<i64>>,
}

impl Clock for Skewed {
    fn now(&self) -> Timestamp {
        let passed = i64::try_from(self.began.elapsed().as_millis()).unwrap();
        Timestamp::from_millis(EPOCH + passed + *self.off.lock().unwrap())
    }
}

struct Node {
    id: NodeId,
    desk: Arc<Desk>,
    /// Ends everything that runs in it.
    power: CancellationToken,
}

pub(super) struct World {
    shared: Arc<Shared>,
    ground: Ground,
    random: Seeded,
    began: Instant,
    places: usize,
    lives: u64,
    nodes: BTreeMap<usize, Node>,
    clocks: Vec<Arc<Mutex<i64>>>,
    clients: Vec<Client>,
    snapshot: Option<Snapshot>,
    histories: u64,
    peace: bool,
}

/// What came of a run.
pub(super) struct Outcome {
    pub(super) violation: Option<Violation>,
    /// The same for the same seed.
    pub(super) hash: u64,
    pub(super) steps: u64,
    pub(super) trace: Vec<String>,
}

impl World {
    pub(super) fn new(seed: u64, kind: Kind) -> Self {
        let mut random = Seeded::new(seed);
        let ground = Ground::new(kind, "history-0");
        let checks = Checks::new(Arc::clone(&ground.truth), MOST_OPEN, kind.opening_takes());
        let shared = Shared::new(Seeded::new(random.next()), checks);
        let places = 1 + usize::try_from(random.below(2)).unwrap();
        let clocks = (0..places).map(|_| Arc::default()).collect();
        let mut world = Self {
            shared,
            ground,
            random,
            began: Instant::now(),
            places,
            lives: 0,
            nodes: BTreeMap::new(),
            clocks,
            clients: Vec::new(),
            snapshot: None,
            histories: 0,
            peace: false,
        };
        world.populate();
        world.plan();
        world
    }

    fn populate(&mut self) {
        let (guests, agents) = (1 + self.random.below(3), 1 + self.random.below(3));
        for number in 0..guests {
            let id = GuestId::from_ulid(Ulid::from(1000 + u128::from(number)));
            let guest = Guest { id, name: Some(format!("Guest {number}")), email: None };
            self.ground.add_guest(guest, Timestamp::from_millis(EPOCH));
            self.add_client(Identity::Guest(id));
        }
        for number in 0..agents {
            let id = AgentId::from_ulid(Ulid::from(2000 + u128::from(number)));
            let name = format!("Agent {number}");
            let record = AgentRecord {
                id,
                username: format!("agent-{number}"),
                display_name: name.clone(),
                role: AgentRole::Agent,
                disabled: false,
                must_change_password: false,
                password_hash: String::new(),
                created_at: Timestamp::from_millis(EPOCH),
            };
            self.ground.add_agent(record);
            let session = self.ground.new_session(id);
            self.add_client(Identity::Agent(AgentName { id, name }, session));
        }
    }

    fn add_client(&mut self, who: Identity) {
        let number = self.clients.len();
        self.clients.push(Client::new(number, who, self.ground.clone()));
    }

    fn plan(&mut self) {
        let shared = Arc::clone(&self.shared);
        let mut net = shared.lock();
        for place in 0..self.places {
            net.plan(0, Event::Fault(Fault::Start(place)));
        }
        for number in 0..self.clients.len() {
            net.plan(1 + self.random.below(500), Event::Wake(number, Wake::Connect));
            net.plan(100, Event::Wake(number, Wake::Act));
        }
        let kinds = [
            Fault::Crash,
            Fault::Crash,
            Fault::Cut,
            Fault::Cut,
            Fault::Cut,
            Fault::Weather,
            Fault::Weather,
            Fault::Calm,
            Fault::ClientRestarts,
            Fault::SignOut,
            Fault::Snapshot,
            Fault::Restore,
            Fault::ClockJumps,
        ];
        for _ in 0..self.random.below(30) {
            let fault = *self.random.pick(&kinds);
            net.plan(self.random.below(TROUBLE), Event::Fault(fault));
        }
        net.plan(TROUBLE, Event::Fault(Fault::Peace));
        net.plan(SENT, Event::Fault(Fault::Sent));
        net.plan(SEEN, Event::Fault(Fault::Leave));
        net.plan(LEFT, Event::Fault(Fault::End));
    }

    pub(super) async fn run(mut self) -> Outcome {
        let shared = Arc::clone(&self.shared);
        loop {
            let (now, next) = {
                let net = shared.lock();
                (net.now(), net.agenda.first_key_value().map(|((at, _), _)| net.instant(*at)))
            };
            // `lock` has said that something was planned, which is nothing new.
            shared.planned.notified().await;
            let Some(next) = next else { break };
            if next > self.began + std::time::Duration::from_millis(now) {
                tokio::select! {
                    biased;
                    () = shared.planned.notified() => continue,
                    () = tokio::time::sleep_until(next) => {}
                }
            }
            let event = {
                let mut net = shared.lock();
                let Some((_, event)) = net.agenda.pop_first() else { break };
                if !matches!(event, Event::Wake(_, Wake::Act | Wake::Overdue(..))) {
                    net.note(|| format!("{event:?}"));
                }
                event
            };
            let ends = matches!(event, Event::Fault(Fault::End));
            self.handle(event);
            tokio::task::yield_now().await;
            let mut net = shared.lock();
            net.checks.look();
            if net.checks.violation.is_some() || ends {
                break;
            }
        }
        for node in self.nodes.values() {
            node.desk.stopping.cancel();
            node.power.cancel();
        }
        let mut net = shared.lock();
        Outcome {
            violation: net.checks.violation.take(),
            hash: net.trace.hash(),
            steps: net.trace.steps,
            trace: std::mem::take(&mut net.trace.lines),
        }
    }

    fn handle(&mut self, event: Event) {
        let shared = Arc::clone(&self.shared);
        let mut net = shared.lock();
        match event {
            Event::Wake(client, wake) => self.clients[client].wake(&mut net, wake),
            Event::Open(link) => self.open(&mut net, link),
            Event::Request(link, request, command) => {
                let link = net.links.get(&link).filter(|link| !link.cut);
                if let Some(line) = link.and_then(|link| link.line.as_ref()) {
                    // A full line ends the connection; no client here asks that much.
                    line.try_send((request, *command, Instant::now())).unwrap();
                }
            }
            Event::Frame(link, frame) => {
                let cut = net.links.get(&link).is_none_or(|link| link.cut && link.at_server);
                if let Some(client) = net.links.get(&link).filter(|_| !cut).map(|it| it.client) {
                    self.clients[client].frame(&mut net, link, *frame);
                }
            }
            Event::LostAtServer(link) => net.lose_at_server(link),
            Event::LostAtClient(link) => {
                if let Some(client) = net.links.get(&link).map(|it| it.client) {
                    self.clients[client].lost(&mut net, link);
                }
            }
            Event::Bus(node, tell) => net.tell(node, *tell),
            Event::Fault(fault) => self.fault(&mut net, fault),
        }
    }

    // ---- Nodes ----

    fn start(&mut self, net: &mut Inner, place: usize) {
        if self.nodes.contains_key(&place) {
            return;
        }
        self.lives += 1;
        let id = NodeId { place, life: self.lives };
        net.nodes.push(id);
        let (store, line) = self.ground.open(&self.shared, id, &net.tasks);
        let hub = Arc::new(Rooms { shared: Arc::clone(&self.shared), node: id });
        let clock = Skewed { began: self.began, off: Arc::clone(&self.clocks[place]) };
        let random = Guessable(Arc::new(Mutex::new(Seeded::new(self.random.next()))));
        let limits = Limits {
            page: 5,
            guest_open_tickets: MOST_OPEN,
            guest_messages_per_second: 0,
            guest_messages_per_minute: 0,
            agent_messages_per_second: 0,
            guest_new_tickets: 0,
            ..Limits::default()
        };
        let source = Source::new(clock, random);
        let desk = Desk::on(store, line, hub, limits, source, Meter::new());
        let power = CancellationToken::new();
        let (resumes, off) = (Arc::clone(&desk), power.clone());
        net.tasks.spawn(async move {
            // A server that cannot read its store does not start; here it tries again.
            let resumed = async {
                while resumes.resume().await.is_err() {
                    tokio::time::sleep(std::time::Duration::from_millis(500)).await;
                }
            };
            off.run_until_cancelled(resumed).await;
        });
        self.nodes.insert(place, Node { id, desk, power });
    }

    fn crash(&mut self, net: &mut Inner, place: usize) {
        let Some(node) = self.nodes.remove(&place) else { return };
        net.nodes.retain(|id| *id != node.id);
        node.power.cancel();
        node.desk.stopping.cancel();
        let links: Vec<LinkId> =
            net.links.iter().filter(|(_, link)| link.node == node.id).map(|(id, _)| *id).collect();
        for link in links {
            net.lose_at_server(link);
            net.plan(self.random.below(3000), Event::LostAtClient(link));
        }
    }

    /// A connection comes in: it is admitted, and what it asks is carried out in its order.
    fn open(&mut self, net: &mut Inner, id: LinkId) {
        // One that was cut on its way does not come to be.
        let Some(link) = net.links.get_mut(&id).filter(|link| !link.cut) else { return };
        let node = self.nodes.get(&link.node.place).filter(|node| node.id == link.node);
        let Some(node) = node else {
            link.cut = true;
            return net.plan(1 + self.random.below(50), Event::LostAtClient(id));
        };
        let (line, requests) = mpsc::channel(LINE);
        link.line = Some(line);
        link.at_server = true;
        let served = Served {
            id,
            actor: link.actor.clone(),
            desk: Arc::clone(&node.desk),
            shared: Arc::clone(&self.shared),
            node: node.id,
        };
        let power = node.power.clone();
        net.tasks.spawn(async move {
            power.run_until_cancelled(Box::pin(served.serve(requests))).await;
        });
    }

    // ---- Trouble ----

    fn fault(&mut self, net: &mut Inner, fault: Fault) {
        match fault {
            Fault::Crash => {
                let place = usize::try_from(self.random.below(self.places as u64)).unwrap();
                self.crash(net, place);
                net.plan(200 + self.random.below(4000), Event::Fault(Fault::Start(place)));
            }
            Fault::Start(place) => self.start(net, place),
            Fault::Cut => {
                let links: Vec<LinkId> = net.links.keys().copied().collect();
                if !links.is_empty() {
                    let link = *self.random.pick(&links);
                    net.cut(link, 20_000, 10_000);
                }
            }
            Fault::Weather => {
                net.weather = Weather {
                    store_fails: *self.random.pick(&[0, 0, 20, 200, 1000]),
                    store_slow: *self.random.pick(&[0, 5, 50, 2000, 7000]),
                    lag: *self.random.pick(&[0, 0, 50, 3000]),
                    latency: *self.random.pick(&[5, 50, 1000]),
                    bus_is_cut: self.random.chance(200),
                    bus_loses: *self.random.pick(&[0, 0, 100]),
                };
            }
            Fault::Calm => net.weather = Weather { latency: 20, ..Weather::default() },
            Fault::ClientRestarts => {
                let client = usize::try_from(self.random.below(self.clients.len() as u64));
                self.clients[client.unwrap()].restart(net);
            }
            Fault::SignOut => self.sign_out(net),
            Fault::Snapshot => self.snapshot = Some(self.ground.snapshot()),
            Fault::Restore => self.restore(net),
            Fault::ClockJumps => {
                let off = i64::try_from(self.random.below(20_000)).unwrap() - 10_000;
                *self.random.pick(&self.clocks).lock().unwrap() = off;
            }
            Fault::Peace => {
                self.peace = true;
                net.weather = Weather { latency: 20, ..Weather::default() };
                for client in &mut self.clients {
                    client.quiet = true;
                }
            }
            Fault::Sent => self.all_is_sent(net),
            Fault::Leave => {
                self.all_is_seen(net);
                for client in &mut self.clients {
                    client.gone = true;
                    client.hang_up(net);
                }
            }
            Fault::End => self.all_have_left(net),
        }
    }

    /// Somebody ends a session, on any node.
    fn sign_out(&mut self, net: &mut Inner) {
        let sessions: Vec<SessionRecord> = {
            let data = self.ground.truth.lock().unwrap();
            data.sessions.values().filter(|it| !it.ended).cloned().collect()
        };
        let nodes: Vec<&Node> = self.nodes.values().collect();
        if nodes.is_empty() || sessions.is_empty() {
            return;
        }
        let SessionRecord { id: session, agent, .. } = *self.random.pick(&sessions);
        let node = self.random.pick(&nodes);
        let (desk, power, id) = (Arc::clone(&node.desk), node.power.clone(), node.id);
        let shared = Arc::clone(&self.shared);
        // It may be coming back at that very moment.
        let links = net.links.iter().filter(|(_, link)| link.session() == Some(session));
        let links: Vec<LinkId> = links.map(|(id, _)| *id).collect();
        let returns = self.random.chance(600);
        for link in links.into_iter().filter(|_| returns) {
            net.cut(link, 1000, 100);
        }
        let after = if returns { self.random.below(3500) } else { 0 };
        net.tasks.spawn(async move {
            tokio::time::sleep(std::time::Duration::from_millis(after)).await;
            let who = Who::Agent { agent, session, expires_at: end_of_time() };
            let actor = Actor::without_connection(who);
            let ended = power.run_until_cancelled(desk.execute(&actor, Command::SignOut)).await;
            if let Some(Ok(_)) = ended {
                let mut net = shared.lock();
                let left = net.links.values().find(|link| {
                    link.node == id && link.with_agents && link.session() == Some(session)
                });
                let left = left.map(|link| link.client);
                net.checks.require(left.is_none(), "V12", || {
                    format!("{session} has ended, and client {left:?} is still connected with it")
                });
            }
        });
    }

    /// The system is stopped, and comes back as it was when it was copied, in a new history.
    fn restore(&mut self, net: &mut Inner) {
        if self.snapshot.is_none() {
            return;
        }
        for place in 0..self.places {
            self.crash(net, place);
            net.plan(500 + self.random.below(2000), Event::Fault(Fault::Start(place)));
        }
        self.histories += 1;
        net.checks.begin_history();
        // What was acked in the other history and is still on its way would be held against this.
        net.agenda.retain(|_, event| !matches!(event, Event::Frame(..)));
        if let Some(snapshot) = &self.snapshot {
            self.ground.restore(snapshot, format!("history-{}", self.histories));
        }
    }

    // ---- Rest ----

    fn all_is_sent(&mut self, net: &mut Inner) {
        for (number, client) in self.clients.iter().enumerate() {
            let (online, waits, asks) = (client.online, client.waits(), client.unanswered());
            net.checks.require(online, "V8", || format!("client {number} is not connected"));
            net.checks.require(waits == 0, "V9", || format!("client {number} has {waits} to send"));
            net.checks
                .require(asks == 0, "V17", || format!("client {number} waits for {asks} answers"));
        }
        let alive = net.nodes.clone();
        net.checks.at_rest(&alive);
        // Between nodes the bus may have lost it.
        let admitted = net.links.values().filter(|link| link.with_agents && self.places == 1);
        let left = admitted.filter_map(|link| Some((link.client, link.session()?)));
        let left = left.collect::<Vec<_>>().into_iter().find(|it| net.checks.has_ended(it.1));
        net.checks.require(left.is_none(), "V12", || {
            format!("client, session {left:?}: has ended, and is still told of the queue")
        });
    }

    fn all_is_seen(&mut self, net: &mut Inner) {
        let truth = Arc::clone(&self.ground.truth);
        let data = truth.lock().unwrap().clone();
        for (number, client) in self.clients.iter().enumerate() {
            let is_agent = matches!(client.who, Identity::Agent(..));
            for (id, view) in &client.views {
                let epoch = view.epoch.as_deref();
                net.checks.shown(epoch, &view.conversation.entries);
                net.checks.shown(epoch, &view.notes.entries);
                let Some(kept) = data.tickets.get(id).filter(|_| view.in_room) else { continue };
                // With several nodes, the bus may have lost the notice of a close and not the close.
                let told = !view.open || self.places > 1 || net.is_in_room(number, *id);
                net.checks.require(told, "V8", || {
                    format!("client {number} is not in the room of {id}, and thinks it is in it")
                });
                let has = (view.conversation.last(), view.notes.last());
                let is = (kept.conversation.len() as u64, kept.notes.len() as u64);
                let all = has.0 == is.0 && (!is_agent || has.1 == is.1);
                let same = epoch == Some(data.epoch.as_str());
                net.checks.require(all && same, "V8", || {
                    format!("client {number} has {has:?} of {is:?} in {id}, and thinks it is in it")
                });
            }
        }
        self.presence_is_right(net, &data);
    }

    fn presence_is_right(&mut self, net: &mut Inner, data: &Data) {
        for kept in data.tickets.values().filter(|kept| kept.record.is_open()) {
            let ticket = kept.record.id;
            for client in &self.clients {
                let Identity::Agent(agent, _) = &client.who else { continue };
                let present =
                    kept.record.conversation.present.iter().any(|present| present.id == agent.id);
                let seated = self.nodes.values();
                let seated = seated.filter(|it| it.desk.presence.sits(ticket, agent.id)).count();
                net.checks.require(present == (seated > 0), "V15", || {
                    format!("{} in {ticket}: present {present}, {seated} seats", agent.name)
                });
                // With several nodes, the bus may have lost what a client knows it by.
                if self.places > 1 {
                    continue;
                }
                let view = client.views.get(&ticket);
                // A join that was refused may have been written, and then it is tried again.
                let sits = view.is_some_and(|view| view.in_room && view.seated);
                let may = view.is_some_and(|view| view.in_room);
                net.checks.require(!sits && !present || present && may, "V15", || {
                    format!("{} in {ticket}: present {present}, sits {sits}", agent.name)
                });
            }
        }
    }

    fn all_have_left(&mut self, net: &mut Inner) {
        let data = self.ground.truth.lock().unwrap().clone();
        for kept in data.tickets.values() {
            let present = &kept.record.conversation.present;
            net.checks.require(present.is_empty(), "V15", || {
                format!("{present:?} are in {} after everybody has left", kept.record.id)
            });
        }
        let (links, rooms) =
            (net.links.len(), net.links.values().map(|it| it.rooms.len()).sum::<usize>());
        net.checks.require(links == 0 && rooms == 0, "V18", || format!("{links} links"));
        for node in self.nodes.values() {
            let desk = &node.desk;
            let empty = desk.presence.is_empty() && desk.connections.is_empty();
            let tasks = desk.tasks.len();
            // Those that tell of what is stored, and where logs end, that look after seats, and
            // that say who sits here.
            net.checks.require(empty && tasks == 4, "V18", || {
                format!("{:?} keeps seats: {}, tasks: {tasks}", node.id, !empty)
            });
        }
    }
}

/// A connection in its node.
struct Served {
    id: LinkId,
    actor: Actor,
    desk: Arc<Desk>,
    shared: Arc<Shared>,
    node: NodeId,
}

impl Served {
    async fn serve(self, mut requests: mpsc::Receiver<(u64, Command, Instant)>) {
        let side = self.actor.connection.as_ref().unwrap().side;
        match self.desk.execute(&self.actor, Command::Connect(side)).await {
            Ok(_) => self.admit(),
            Err(error) => {
                let mut net = self.shared.lock();
                net.send(self.id, Frame::Refused(error.code()));
                net.lose_at_server(self.id);
                return;
            }
        }
        while let Some((request, command, asked)) = requests.recv().await {
            let ended = self.has_ended();
            let result = self.desk.execute_asked(&self.actor, command, asked).await;
            let mut net = self.shared.lock();
            net.checks.require(!ended || result.is_err(), "V12", || {
                format!("{request} of link {} was done after its session had ended", self.id)
            });
            if let Ok(Reply::Joined(joined)) = &result
                && !joined.has_more
                && let Some(link) = net.links.get(&self.id)
                && let Some(ticket) = joined.messages.last().map(|it| it.ticket_id)
                && link.rooms.contains_key(&ticket)
            {
                let seq = joined.messages.last().and_then(|it| it.seq).unwrap_or_default();
                let told = link.told.clone();
                net.checks.joined(self.node, ticket, seq, &told);
            }
            let answer = result.map_err(|error| error.code());
            net.note(|| match &answer {
                Ok(_) => format!("link {}: {request} is done", self.id),
                Err(code) => format!("link {}: {request} is refused: {code:?}", self.id),
            });
            net.send(self.id, Frame::Answer(request, answer));
        }
        self.desk.disconnected(&self.actor);
    }

    fn admit(&self) {
        let mut net = self.shared.lock();
        if let Some(link) = net.links.get_mut(&self.id)
            && link.at_server
        {
            link.with_agents = matches!(link.actor.who, Who::Agent { .. });
        }
        net.send(self.id, Frame::Accepted);
    }

    fn has_ended(&self) -> bool {
        let net = self.shared.lock();
        let Who::Agent { session, .. } = self.actor.who else { return false };
        net.checks.has_ended(session)
    }
}
