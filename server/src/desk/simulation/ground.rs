//! What lies below all nodes, and is kept when they end: the data of the model, or the collections
//! under the append protocol. Opens a store on it for one node, and does what happens to it from
//! outside. Knows nothing of clients.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use support_shared::{AgentId, SessionId, Timestamp, ticket::Guest};
use tokio::sync::mpsc;
use ulid::Ulid;

use super::checks::Truth;
use super::network::{NodeId, Shared};
use super::store::{self, Faulty};
use super::world;
use crate::desk::announce;
use crate::desk::store::memory::{Data, Memory};
use crate::desk::store::replicated::{
    Replicated,
    simulated::{Fate, Faults, Simulated, Tables},
};
use crate::desk::store::{AgentRecord, SessionRecord, SharedStore, Stored, moving::GuestRecord};

/// Which of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// The simple store that is right by being simple: what is tried is the desk above it.
    Model,
    /// The protocol of several nodes, as on MongoDB: what is tried is that, too.
    Collections,
}

impl Kind {
    pub(super) const ALL: [Self; 2] = [Self::Model, Self::Collections];

    /// How long opening a ticket may take: a call, and one step that arrives after it. On the model
    /// it is one moment.
    pub(super) fn opening_takes(self) -> Duration {
        match self {
            Self::Model => Duration::ZERO,
            Self::Collections => Duration::from_secs(12),
        }
    }

    /// A third of the seeds run on collections.
    pub(super) fn of(seed: u64) -> Self {
        if seed.is_multiple_of(3) { Self::Collections } else { Self::Model }
    }
}

#[derive(Clone)]
pub(super) struct Ground {
    pub(super) truth: Truth,
    tables: Option<Arc<Mutex<Tables>>>,
}

/// A copy of everything.
pub(super) enum Snapshot {
    Data(Data),
    Tables(Tables),
}

impl Ground {
    pub(super) fn new(kind: Kind, epoch: &str) -> Self {
        let data = Data { epoch: epoch.to_owned(), ..Data::default() };
        let truth: Truth = Arc::new(Mutex::new(data));
        let tables = (kind == Kind::Collections)
            .then(|| Arc::new(Mutex::new(Tables::new(epoch.to_owned(), Arc::clone(&truth)))));
        Self { truth, tables }
    }

    /// A node's store, and what it announces.
    pub(super) fn open(
        &self,
        shared: &Arc<Shared>,
        node: NodeId,
        tasks: &tokio_util::task::TaskTracker,
    ) -> (SharedStore, mpsc::Receiver<Stored>) {
        let (announce, announced) = mpsc::channel(announce::LINE);
        let (lagging, line) = mpsc::channel(announce::LINE);
        let below: SharedStore = match &self.tables {
            None => Arc::new(Memory::open(Arc::clone(&self.truth), announce)),
            Some(tables) => {
                let faults = Arc::new(StepFaults { shared: Arc::clone(shared), node });
                let collections = Simulated::open(Arc::clone(tables), faults);
                Arc::new(Replicated::start(collections, announce))
            }
        };
        tasks.spawn(store::announce(announced, lagging, Arc::clone(shared), node));
        // Where each step has its faults, the calls made of them need no more.
        let calls_fail = self.tables.is_none();
        (Arc::new(Faulty { below, shared: Arc::clone(shared), node, calls_fail }), line)
    }

    pub(super) fn add_guest(&self, guest: Guest, created_at: Timestamp) {
        if let Some(tables) = &self.tables {
            return tables.lock().unwrap().add_guest(guest, created_at);
        }
        let mut data = self.truth.lock().unwrap();
        data.guests.insert(guest.id, GuestRecord { guest, created_at });
    }

    pub(super) fn add_agent(&self, agent: AgentRecord) {
        match &self.tables {
            Some(tables) => tables.lock().unwrap().add_agent(agent),
            None => _ = self.truth.lock().unwrap().agents.insert(agent.id, agent),
        }
    }

    /// Somebody has signed in: without a password, which is not what is tried here.
    pub(super) fn new_session(&self, agent: AgentId) -> SessionId {
        let made = self.truth.lock().unwrap().sessions.len();
        let id = SessionId::from_ulid(Ulid::from(3000 + made as u128));
        let session = SessionRecord { id, agent, ends_at: world::end_of_time(), ended: false };
        match &self.tables {
            Some(tables) => tables.lock().unwrap().add_session(session),
            None => _ = self.truth.lock().unwrap().sessions.insert(id, session),
        }
        id
    }

    pub(super) fn snapshot(&self) -> Snapshot {
        match &self.tables {
            Some(tables) => Snapshot::Tables(tables.lock().unwrap().clone()),
            None => Snapshot::Data(self.truth.lock().unwrap().clone()),
        }
    }

    /// Everything is as it was when it was copied, but for the sessions.
    pub(super) fn restore(&self, snapshot: &Snapshot, epoch: String) {
        match (snapshot, &self.tables) {
            (Snapshot::Tables(snapshot), Some(tables)) => {
                tables.lock().unwrap().restore(snapshot, epoch);
            }
            (Snapshot::Data(snapshot), _) => {
                let mut data = self.truth.lock().unwrap();
                let sessions = std::mem::take(&mut data.sessions);
                *data = Data { epoch, sessions, ..snapshot.clone() };
            }
            (Snapshot::Tables(_), None) => unreachable!("a snapshot is of its own ground"),
        }
    }
}

/// The weather, for the steps of one node.
struct StepFaults {
    shared: Arc<Shared>,
    node: NodeId,
}

impl Faults for StepFaults {
    fn fate(&self) -> Fate {
        self.shared.lock().step_fate()
    }

    fn is_alive(&self) -> bool {
        self.shared.lock().is_alive(self.node)
    }
}
