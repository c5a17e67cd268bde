//! What nodes know of each other's seats, by the store and nothing else. Each node says there who
//! sits at it, and counts; one that does not count any more has ended. Rounds are counted, and no
//! clock is compared with another. A store that is one node's alone has none of this.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use ulid::Ulid;

use crate::desk::{Desk, DeskError, presence::Seat, store::Heartbeat};

/// How often a node counts on.
const BEAT: Duration = Duration::from_secs(5);

/// How soon it tries again when it could not.
const BEAT_AGAIN: Duration = Duration::from_millis(500);

/// Rounds in which a node has not counted on before it is taken for one that has ended. Rounds in
/// which the store could not be read do not count: then nobody could.
const SILENT: u32 = 4;

/// Rounds after which what it has said is forgotten.
const FORGOTTEN: u32 = 120;

/// What this node says, and what it has seen of others.
pub(in crate::desk) struct Nodes {
    /// This one. Another one after each start.
    own: Ulid,
    /// How often a seat was taken, and which of that the store has been told.
    taken: watch::Sender<u64>,
    told: watch::Sender<u64>,
    others: Mutex<BTreeMap<Ulid, Pulse>>,
}

/// What a node was seen to do.
struct Pulse {
    beat: u64,
    /// Rounds in which it has said nothing new.
    silent: u32,
}

impl Nodes {
    pub(in crate::desk) fn new(own: Ulid) -> Self {
        Self {
            own,
            taken: watch::Sender::default(),
            told: watch::Sender::default(),
            others: Mutex::default(),
        }
    }

    fn others(&self) -> MutexGuard<'_, BTreeMap<Ulid, Pulse>> {
        self.others.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a round. Answers with the nodes that have said nothing for so long that nobody needs
    /// to know what they said.
    fn observe(&self, heartbeats: &[Heartbeat]) -> Vec<(Ulid, u64)> {
        let mut others = self.others();
        others.retain(|node, _| heartbeats.iter().any(|it| it.node == *node));
        for Heartbeat { node, beat, .. } in heartbeats.iter().filter(|it| it.node != self.own) {
            let pulse = others.entry(*node).or_insert(Pulse { beat: *beat, silent: 0 });
            pulse.silent = if pulse.beat == *beat { pulse.silent + 1 } else { 0 };
            pulse.beat = *beat;
        }
        let forgotten = others.iter().filter(|(_, pulse)| pulse.silent > FORGOTTEN);
        forgotten.map(|(node, pulse)| (*node, pulse.beat)).collect()
    }

    /// The seats at other nodes that live, as far as is known.
    fn seats(&self, heartbeats: Vec<Heartbeat>) -> BTreeSet<Seat> {
        let others = self.others();
        let lives = |it: &Heartbeat| {
            let pulse = others.get(&it.node);
            pulse.is_none_or(|pulse| pulse.silent <= SILENT || pulse.beat != it.beat)
        };
        let others = heartbeats.into_iter().filter(|it| it.node != self.own && lives(it));
        others.flat_map(|it| it.seats).collect()
    }
}

impl Desk {
    /// Says who sits here, again and again, until the server stops. Several who sit down at once
    /// share one word.
    pub(in crate::desk) async fn say_who_sits_here(self: Arc<Self>) {
        let mut taken = self.nodes.taken.subscribe();
        for beat in 1.. {
            let known = *taken.borrow_and_update();
            let seats = self.presence.seats().into_keys().collect();
            let heartbeat = Heartbeat { node: self.nodes.own, beat, seats };
            let pause = match self.store.beat(heartbeat).await {
                Ok(()) => {
                    self.nodes.told.send_replace(known);
                    BEAT
                }
                Err(error) => {
                    tracing::warn!(%error, "the other nodes were not told who sits here");
                    BEAT_AGAIN
                }
            };
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                _ = taken.changed(), if pause == BEAT => {}
                () = self.stopping.cancelled() => return,
            }
        }
    }

    /// A seat was taken: waits until the other nodes can know.
    pub(in crate::desk) async fn say_seats(&self) -> Result<(), DeskError> {
        if self.store.is_shared() {
            let mut own = 0;
            self.nodes.taken.send_modify(|taken| {
                *taken += 1;
                own = *taken;
            });
            let mut told = self.nodes.told.subscribe();
            tokio::select! {
                _ = told.wait_for(|told| *told >= own) => {}
                () = self.stopping.cancelled() => {
                    return Err(DeskError::Unavailable(anyhow::anyhow!("the server stops")));
                }
            }
        }
        Ok(())
    }

    /// Takes back what this node has said: nobody sits here any more.
    pub(in crate::desk) async fn say_farewell(&self) {
        if self.store.is_shared()
            && let Err(error) = self.store.forget_node(self.nodes.own, u64::MAX).await
        {
            tracing::debug!(?error, "the other nodes will find out that this one has ended");
        }
    }

    pub(super) async fn sits_elsewhere(&self, seat: Seat) -> Result<bool, DeskError> {
        if !self.store.is_shared() {
            return Ok(false);
        }
        let heartbeats = self.store.heartbeats().await?;
        Ok(self.nodes.seats(heartbeats).contains(&seat))
    }

    /// The seats at other nodes. Counts a round.
    pub(super) async fn seats_elsewhere(&self) -> Result<BTreeSet<Seat>, DeskError> {
        if !self.store.is_shared() {
            return Ok(BTreeSet::new());
        }
        let heartbeats = self.store.heartbeats().await?;
        for (node, beat) in self.nodes.observe(&heartbeats) {
            self.store.forget_node(node, beat).await?;
        }
        Ok(self.nodes.seats(heartbeats))
    }
}
