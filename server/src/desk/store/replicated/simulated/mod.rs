//! Collections in memory, for tests, that fail as a database behind a network does: each step is on
//! its way by itself. It may be slow, fail before or after it took effect, take effect when whoever
//! sent it has given up or ended, and the parts of an unordered one arrive one by one in any order.
//! What becomes of each is [`Faults`]' to say.

mod entries;
mod people;
mod tables;
mod tickets;
mod upkeep;

use std::collections::HashSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use support_shared::{
    AgentId, CannedId, ClientMessageId, GuestId, SessionId, TicketId, Timestamp,
    ids::TicketName,
    message::Message,
    ticket::{Guest, Rating},
};
use tokio::sync::oneshot;
use tokio_util::task::TaskTracker;
use ulid::Ulid;

pub(crate) use self::tables::Tables;
use super::super::{
    CannedRecord, Cursor, Heartbeat, Listing, ReplacedCanned, Result, StoreError, memory,
    moving::{AuditRecord, EntryKey, GuestRecord},
};
use super::collections::{
    Account, Entries, Gate, Inserted, Mark, OpenTicket, Opening, People, TAIL, Tail, Tickets,
    Upkeep, log, number,
};
use crate::desk::{log::Log, record::TicketRecord};
use crate::seeded::Seeded;

/// What becomes of one step, or of one call of a store.
#[derive(Debug, Clone, Default)]
pub(crate) struct Fate {
    /// Milliseconds until it takes effect, and from then to its answer.
    pub(crate) before: u64,
    pub(crate) after: u64,
    pub(crate) fails: Option<Fails>,
    /// It does not arrive when its node ends meanwhile.
    pub(crate) ends_with_node: bool,
    /// What need not be durable is lost although it was acknowledged.
    pub(crate) is_rolled_back: bool,
    /// Says in which order the parts of an unordered step arrive.
    pub(crate) order: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fails {
    BeforeItTookEffect,
    /// Some parts of it have arrived. Where it has one, this is `AfterItTookEffect`.
    Midway,
    AfterItTookEffect,
}

/// What happens to the steps of one node.
pub(crate) trait Faults: Send + Sync + 'static {
    /// What becomes of the next step.
    fn fate(&self) -> Fate;
    /// A node that has ended takes no further step and hears no answer.
    fn is_alive(&self) -> bool;
}

/// Nothing happens.
pub(crate) struct Calm;

impl Faults for Calm {
    fn fate(&self) -> Fate {
        Fate::default()
    }

    fn is_alive(&self) -> bool {
        true
    }
}

/// The collections as one node reaches them.
pub(crate) struct Simulated {
    tables: Arc<Mutex<Tables>>,
    epoch: String,
    faults: Arc<dyn Faults>,
    on_their_way: TaskTracker,
}

type Part<T> = Box<dyn FnOnce(&mut Tables) -> T + Send>;

fn unavailable() -> StoreError {
    StoreError::Unavailable(anyhow::anyhow!("the simulated database is away"))
}

pub(crate) async fn pass(millis: u64) {
    if millis > 0 {
        tokio::time::sleep(Duration::from_millis(millis)).await;
    }
}

impl Simulated {
    pub(crate) fn open(tables: Arc<Mutex<Tables>>, faults: Arc<dyn Faults>) -> Self {
        let epoch = tables.lock().unwrap().epoch.clone();
        Self { tables, epoch, faults, on_their_way: TaskTracker::new() }
    }

    async fn while_alive(&self) {
        if !self.faults.is_alive() {
            std::future::pending::<()>().await;
        }
    }

    async fn step<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Tables) -> T + Send + 'static,
    ) -> Result<T> {
        self.unordered(vec![Box::new(work)]).await?.pop().ok_or_else(unavailable)
    }

    /// Sends a step off. Whoever drops this future does not stop it.
    async fn unordered<T: Send + 'static>(&self, parts: Vec<Part<T>>) -> Result<Vec<T>> {
        self.while_alive().await;
        let fate = self.faults.fate();
        let (answer, answered) = oneshot::channel();
        let (tables, faults) = (Arc::clone(&self.tables), Arc::clone(&self.faults));
        let history = tables.lock().unwrap().history;
        self.on_their_way.spawn(async move {
            pass(fate.before).await;
            let arrives = faults.is_alive() || !fate.ends_with_node;
            if fate.fails == Some(Fails::BeforeItTookEffect) || !arrives {
                return;
            }
            let mut random = Seeded::new(fate.order);
            let all = parts.len();
            let mut left: Vec<(usize, Part<T>)> = parts.into_iter().enumerate().collect();
            let mut results = Vec::with_capacity(all);
            while !left.is_empty() {
                if fate.fails == Some(Fails::Midway) && results.len() > all / 2 {
                    return;
                }
                let next = usize::try_from(random.below(left.len() as u64)).unwrap();
                let (place, part) = left.swap_remove(next);
                {
                    let mut tables = tables.lock().unwrap();
                    if tables.history != history {
                        return;
                    }
                    results.push((place, part(&mut tables)));
                }
                if !left.is_empty() {
                    pass(random.below(fate.before.min(4) + 1)).await;
                }
            }
            pass(fate.after).await;
            results.sort_by_key(|(place, _)| *place);
            if fate.fails.is_none() {
                // Whoever has given up waiting hears nothing.
                let _ = answer.send(results.into_iter().map(|(_, result)| result).collect());
            }
        });
        let answered = answered.await;
        self.while_alive().await;
        answered.map_err(|_| unavailable())
    }
}

fn behind(key: Option<&str>) -> impl Fn(&str) -> bool + Send + 'static {
    let key = key.map(str::to_owned);
    move |id| key.as_ref().is_none_or(|key| id > key.as_str())
}
