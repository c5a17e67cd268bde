//! One run: nodes, clients and a store on one agenda, from one seed. First there is trouble, then
//! there is none and everything has to come to rest, then everybody leaves.

mod rest;
mod served;
mod trouble;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use support_shared::{
    AgentId, GuestId, Timestamp,
    ticket::{AgentName, AgentRole, Guest},
};
use tokio::{sync::mpsc, time::Instant};
use tokio_util::sync::CancellationToken;
use ulid::Ulid;

use self::served::Served;
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
            guest_reads_per_second: 0,
            agent_reads_per_minute: 0,
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
}
