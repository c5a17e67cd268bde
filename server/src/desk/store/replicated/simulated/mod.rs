//! Collections in memory, for tests, that fail as a database behind a network does: each step is on
//! its way by itself. It may be slow, fail before or after it took effect, take effect when whoever
//! sent it has given up or ended, and the parts of an unordered one arrive one by one in any order.
//! What becomes of each is [`Faults`]' to say.

mod tables;

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
    Account, Collections, Gate, Inserted, Mark, OpenTicket, Opening, TAIL, Tail, log, number,
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

#[async_trait]
impl Collections for Simulated {
    fn epoch(&self) -> &str {
        &self.epoch
    }

    async fn ping(&self) -> Result<()> {
        self.step(|_| ()).await
    }

    async fn insert_entries(&self, entries: &[Message]) -> Vec<Result<Inserted>> {
        let parts = entries
            .iter()
            .cloned()
            .map(|entry| -> Part<Inserted> { Box::new(move |tables| tables.insert_entry(entry)) });
        match self.unordered(parts.collect()).await {
            Ok(outcomes) => outcomes.into_iter().map(Ok).collect(),
            Err(_) => entries.iter().map(|_| Err(unavailable())).collect(),
        }
    }

    async fn entry_by_key(
        &self,
        ticket: TicketId,
        sender: &str,
        key: &ClientMessageId,
    ) -> Result<Option<Message>> {
        let (sender, key) = (sender.to_owned(), key.clone());
        self.step(move |tables| tables.entry_by_key(ticket, &sender, &key)).await
    }

    async fn entries(
        &self,
        ticket: TicketId,
        log: Log,
        first: u64,
        last: u64,
    ) -> Result<Vec<Message>> {
        self.step(move |tables| tables.entries(ticket, log, first, last)).await
    }

    /// Each of them is read at its own moment, as a cursor does.
    async fn tails(&self, tails: &[Tail]) -> Result<Vec<Message>> {
        let parts = tails.iter().copied().map(|Tail { ticket, log, after }| -> Part<_> {
            Box::new(move |tables| tables.entries(ticket, log, after + 1, after + TAIL))
        });
        Ok(self.unordered(parts.collect()).await?.into_iter().flatten().collect())
    }

    async fn recent_tickets(&self, before_newest: Duration) -> Result<Vec<TicketId>> {
        self.step(move |tables| tables.recent_tickets(before_newest)).await
    }

    async fn insert_ticket(&self, ticket: &TicketRecord, place: Option<u32>) -> Result<Inserted> {
        let ticket = ticket.clone();
        self.step(move |tables| tables.insert_ticket(ticket, place)).await
    }

    async fn summaries(&self, ids: &[TicketId]) -> Result<Vec<TicketRecord>> {
        let ids: HashSet<TicketId> = ids.iter().copied().collect();
        self.step(move |tables| {
            let found = tables.tickets.values().filter(|it| ids.contains(&it.record.id));
            found.map(|it| it.record.clone()).collect()
        })
        .await
    }

    async fn summary(
        &self,
        name: TicketName,
        owner: Option<GuestId>,
    ) -> Result<Option<TicketRecord>> {
        self.step(move |tables| {
            tables.find(|ticket| {
                owner.is_none_or(|guest| ticket.is_of(guest))
                    && match name {
                        TicketName::Id(id) => ticket.id == id,
                        TicketName::Ref(reference) => ticket.reference == reference,
                    }
            })
        })
        .await
    }

    async fn summary_by_creation(
        &self,
        guest: GuestId,
        key: &ClientMessageId,
    ) -> Result<Option<TicketRecord>> {
        let key = key.clone();
        self.step(move |tables| tables.find(|it| it.is_of(guest) && it.created_by == key)).await
    }

    async fn open_of(&self, guest: GuestId) -> Result<Vec<OpenTicket>> {
        self.step(move |tables| {
            let open = tables
                .tickets
                .values()
                .filter(|it| it.record.is_of(guest) && (it.counts() || it.opening.is_some()));
            open.map(|it| OpenTicket { ticket: it.record.clone(), place: it.slot }).collect()
        })
        .await
    }

    async fn list(
        &self,
        listing: &Listing,
        after: Option<Cursor>,
        entries: usize,
    ) -> Result<Vec<TicketRecord>> {
        let listing = listing.clone();
        self.step(move |tables| {
            let tickets = tables.tickets.values().map(|it| &it.record);
            memory::listing::page(tickets, &listing, after, entries)
        })
        .await
    }

    async fn attended(&self) -> Result<Vec<TicketRecord>> {
        self.step(|tables| {
            let tickets = tables.tickets.values().map(|it| &it.record);
            tickets.filter(|it| !it.conversation.present.is_empty()).cloned().collect()
        })
        .await
    }

    async fn mark_opening(&self, openings: &[Opening]) -> Result<()> {
        let parts = openings
            .iter()
            .copied()
            .map(|it| -> Part<()> { Box::new(move |tables| tables.mark_opening(it)) });
        self.unordered(parts.collect()).await.map(|_| ())
    }

    async fn save(&self, tickets: &[TicketRecord]) -> Result<()> {
        if self.faults.fate().is_rolled_back {
            return Ok(());
        }
        let parts = tickets.iter().flat_map(|ticket| {
            [Log::Conversation, Log::Notes].map(|log| -> Part<()> {
                let ticket = ticket.clone();
                Box::new(move |tables| tables.forward(&ticket, log))
            })
        });
        self.unordered(parts.collect()).await.map(|_| ())
    }

    async fn raise_marks(&self, marks: &[Mark]) -> Result<()> {
        let parts = marks
            .iter()
            .copied()
            .map(|mark| -> Part<()> { Box::new(move |tables| tables.raise_mark(mark)) });
        self.unordered(parts.collect()).await.map(|_| ())
    }

    async fn rate(&self, ticket: TicketId, rating: &Rating) -> Result<Inserted> {
        let rating = rating.clone();
        self.step(move |tables| tables.rate(ticket, rating)).await
    }

    async fn add_guest(&self, guest: &Guest, at: Timestamp) -> Result<()> {
        let guest = guest.clone();
        self.step(move |tables| tables.add_guest(guest, at)).await
    }

    async fn guest(&self, id: GuestId) -> Result<Option<Guest>> {
        self.step(move |tables| tables.guests.get(&id).map(|it| it.guest.clone())).await
    }

    async fn change_guest(&self, guest: &Guest) -> Result<()> {
        let new = guest.clone();
        let tickets: Vec<TicketId> = self
            .step(move |tables| {
                let id = new.id;
                if let Some(known) = tables.guests.get_mut(&id) {
                    known.guest = new;
                }
                let tickets = tables.tickets.values().filter(|it| it.record.is_of(id));
                tickets.map(|it| it.record.id).collect()
            })
            .await?;
        let parts = tickets.into_iter().map(|ticket| -> Part<()> {
            let guest = guest.clone();
            Box::new(move |tables| tables.name_guest_of(ticket, guest))
        });
        self.unordered(parts.collect()).await.map(|_| ())
    }

    async fn insert_agent(&self, account: &Account) -> Result<Inserted> {
        let account = account.clone();
        self.step(move |tables| tables.insert_account(account)).await
    }

    async fn agent(&self, id: AgentId) -> Result<Option<Account>> {
        self.step(move |tables| tables.accounts.get(&id).cloned()).await
    }

    async fn agent_by_name(&self, username: &str) -> Result<Option<Account>> {
        let username = username.to_owned();
        self.step(move |tables| {
            tables.accounts.values().find(|it| it.agent.username == username).cloned()
        })
        .await
    }

    async fn agent_by_session(&self, session: SessionId) -> Result<Option<Account>> {
        self.step(move |tables| tables.account_of(session)).await
    }

    async fn agents(&self) -> Result<Vec<Account>> {
        self.step(|tables| {
            let mut accounts: Vec<Account> = tables.accounts.values().cloned().collect();
            accounts.sort_by(|one, other| one.agent.username.cmp(&other.agent.username));
            accounts
        })
        .await
    }

    async fn replace_agent(&self, account: &Account) -> Result<bool> {
        let account = account.clone();
        self.step(move |tables| tables.replace_account(account)).await
    }

    async fn gate(&self) -> Result<Gate> {
        self.step(|tables| tables.gate.clone()).await
    }

    async fn replace_gate(&self, gate: &Gate) -> Result<bool> {
        let gate = gate.clone();
        self.step(move |tables| tables.replace_gate(gate)).await
    }

    async fn canned(&self) -> Result<Vec<CannedRecord>> {
        self.step(|tables| {
            let mut canned: Vec<CannedRecord> = tables.canned.values().cloned().collect();
            canned.sort_by(|one, other| one.shortcut.cmp(&other.shortcut));
            canned
        })
        .await
    }

    async fn insert_canned(&self, canned: &CannedRecord) -> Result<Inserted> {
        let canned = canned.clone();
        self.step(move |tables| tables.insert_canned(canned)).await
    }

    async fn replace_canned(&self, canned: &CannedRecord) -> Result<ReplacedCanned> {
        let canned = canned.clone();
        self.step(move |tables| tables.replace_canned(canned)).await
    }

    async fn delete_canned(&self, id: CannedId) -> Result<bool> {
        self.step(move |tables| tables.canned.remove(&id).is_some()).await
    }

    async fn beat(&self, heartbeat: &Heartbeat) -> Result<()> {
        let heartbeat = heartbeat.clone();
        self.step(move |tables| tables.beat(heartbeat)).await
    }

    async fn heartbeats(&self) -> Result<Vec<Heartbeat>> {
        self.step(|tables| tables.heartbeats.values().cloned().collect()).await
    }

    async fn forget_node(&self, node: Ulid, beat: u64) -> Result<()> {
        self.step(move |tables| {
            tables.heartbeats.retain(|it, last| *it != node || last.beat > beat);
        })
        .await
    }

    async fn add_audit(&self, audit: &AuditRecord) -> Result<Inserted> {
        let audit = audit.clone();
        self.step(move |tables| {
            if tables.audit.contains_key(&audit.id) {
                return Inserted::Taken;
            }
            tables.audit.insert(audit.id, audit);
            Inserted::Done
        })
        .await
    }

    async fn newest_audit(&self) -> Result<Option<Ulid>> {
        self.step(|tables| tables.audit.last_key_value().map(|(id, _)| *id)).await
    }

    async fn last_audit(&self) -> Result<Option<(u64, String)>> {
        self.step(|tables| {
            let last = tables.audit.values().last()?;
            let AuditRecord { who, what, object, result, .. } = last;
            let object = object.as_deref().unwrap_or("-");
            Some((tables.audit.len() as u64, format!("{who} {what} {object} {result}")))
        })
        .await
    }

    async fn guests_after(&self, key: Option<&str>, count: usize) -> Result<Vec<GuestRecord>> {
        let after = behind(key);
        self.step(move |tables| {
            let guests = tables.guests.values().filter(|it| after(&it.guest.id.to_string()));
            guests.take(count).cloned().collect()
        })
        .await
    }

    async fn tickets_after(&self, key: Option<&str>, count: usize) -> Result<Vec<TicketRecord>> {
        let after = behind(key);
        self.step(move |tables| {
            let tickets = tables.tickets.values().map(|it| &it.record);
            tickets.filter(|it| after(&it.id.to_string())).take(count).cloned().collect()
        })
        .await
    }

    async fn entries_after(&self, key: Option<EntryKey>, count: usize) -> Result<Vec<Message>> {
        self.step(move |tables| {
            let place =
                |entry: &Message| (entry.ticket_id, log(entry) == Log::Notes, number(entry));
            let from = key.map(|key| (key.ticket, key.log == Log::Notes, key.seq));
            let entries = tables.entries.values();
            let behind = entries.filter(|it| from.is_none_or(|from| place(it) > from));
            behind.take(count).cloned().collect()
        })
        .await
    }

    async fn audit_after(&self, key: Option<&str>, count: usize) -> Result<Vec<AuditRecord>> {
        let after = behind(key);
        self.step(move |tables| {
            let audit = tables.audit.values().filter(|it| after(&it.id.to_string()));
            audit.take(count).cloned().collect()
        })
        .await
    }

    async fn set_importing(&self, importing: bool) -> Result<()> {
        self.step(move |tables| tables.importing = importing).await
    }
}

fn behind(key: Option<&str>) -> impl Fn(&str) -> bool + Send + 'static {
    let key = key.map(str::to_owned);
    move |id| key.as_ref().is_none_or(|key| id > key.as_str())
}
