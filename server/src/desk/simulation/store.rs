//! The store as one node reaches it: each call may be slow, fail before or after it took effect,
//! and overtake others; what is announced lags, and is lost with the node. What store is below is
//! not known here.

use std::sync::Arc;

use async_trait::async_trait;
use support_shared::{
    AgentId, CannedId, ClientMessageId, GuestId, SessionId, TicketId, Timestamp,
    ids::TicketName,
    message::SenderRole,
    ticket::{Guest, Rating},
};
use tokio::sync::mpsc;
use ulid::Ulid;

use super::network::{NodeId, Shared};
use crate::desk::log::{Draft, Log, Verdict};
use crate::desk::mutant::{self, Mutant};
use crate::desk::record::{NewTicket, TicketRecord};
use crate::desk::store::replicated::simulated::{Fails, Fate, pass};
use crate::desk::store::{
    AddedCanned, AgentChange, AgentRecord, Appended, Audit, CannedRecord, Changed, Created, Cursor,
    Facts, Heartbeat, Listing, Page, Range, Rated, ReplacedCanned, Result, SessionRecord,
    SharedStore, Size, Store, StoreError, Stored, What, Whose,
    moving::{Kind, Record},
};

/// A store behind a network that has its faults.
pub(super) struct Faulty {
    pub(super) below: SharedStore,
    pub(super) shared: Arc<Shared>,
    pub(super) node: NodeId,
    /// Calls fail and take their time, and not only what they are made of.
    pub(super) calls_fail: bool,
}

fn unavailable() -> StoreError {
    StoreError::Unavailable(anyhow::anyhow!("the simulated store is away"))
}

impl Faulty {
    /// A node that has crashed hears nothing any more and does nothing more.
    async fn while_alive(&self) {
        if !self.shared.lock().is_alive(self.node) {
            std::future::pending::<()>().await;
        }
    }

    async fn call<T>(&self, work: impl Future<Output = Result<T>>) -> Result<T> {
        let fate = if self.calls_fail { self.shared.lock().fate() } else { Fate::default() };
        pass(fate.before).await;
        self.while_alive().await;
        if fate.fails == Some(Fails::BeforeItTookEffect) {
            return Err(unavailable());
        }
        let result = work.await;
        pass(fate.after).await;
        self.while_alive().await;
        if fate.fails.is_some() { Err(unavailable()) } else { result }
    }

    /// Answers as if it were stored, and stores it when there is time.
    async fn append_later(&self, ticket: TicketId, draft: Draft) -> Result<Appended> {
        let record = self.below.ticket(ticket).await?;
        if let Some(mut record) = record
            && let Verdict::Write(message) = draft.clone().on(&record)
        {
            record.apply(&message);
            let (below, shared, node) =
                (Arc::clone(&self.below), Arc::clone(&self.shared), self.node);
            let tasks = shared.lock().tasks.clone();
            tasks.spawn(async move {
                pass(300).await;
                if shared.lock().is_alive(node) {
                    let _ = below.append(ticket, draft).await;
                }
            });
            return Ok(Appended::New(Box::new(record), message));
        }
        self.below.append(ticket, draft).await
    }
}

/// Takes what a store announces to its node: late, in its order, and never after a crash.
pub(super) async fn announce(
    mut from: mpsc::Receiver<Stored>,
    to: mpsc::Sender<Stored>,
    shared: Arc<Shared>,
    node: NodeId,
) {
    while let Some(stored) = from.recv().await {
        if let What::Again(_) = &stored.what {
            shared.lock().checks.announced_again(node);
        }
        let lag = shared.lock().lag();
        pass(lag).await;
        if !shared.lock().is_alive(node) || to.send(stored).await.is_err() {
            return;
        }
    }
}

#[async_trait]
impl Store for Faulty {
    fn epoch(&self) -> &str {
        self.below.epoch()
    }

    async fn ping(&self) -> Result<()> {
        self.call(self.below.ping()).await
    }

    async fn create_ticket(&self, new: NewTicket, first: Draft, most_open: u32) -> Result<Created> {
        self.call(async {
            let created = self.below.create_ticket(new, first, most_open).await?;
            match &created {
                Created::New(_, message) => self.shared.lock().checks.appended(self.node, message),
                Created::Duplicate(..) => self.shared.lock().checks.duplicate(self.node),
                Created::TooMany | Created::RefTaken => {}
            }
            Ok(created)
        })
        .await
    }

    async fn ticket_opened(
        &self,
        guest: GuestId,
        key: ClientMessageId,
    ) -> Result<Option<TicketId>> {
        self.call(self.below.ticket_opened(guest, key)).await
    }

    async fn append(&self, ticket: TicketId, draft: Draft) -> Result<Appended> {
        self.call(async {
            // The protocol of several nodes has this mutant itself.
            let appended = if mutant::is(Mutant::AckBeforeCommit) && self.calls_fail {
                self.append_later(ticket, draft).await?
            } else {
                self.below.append(ticket, draft).await?
            };
            match &appended {
                Appended::New(_, message) => self.shared.lock().checks.appended(self.node, message),
                Appended::Duplicate(_) => self.shared.lock().checks.duplicate(self.node),
                Appended::Unchanged(_) | Appended::Refused(_) | Appended::NoTicket => {}
            }
            Ok(appended)
        })
        .await
    }

    async fn facts(&self, whose: Whose, ticket: Option<TicketName>) -> Result<Facts> {
        self.call(self.below.facts(whose, ticket)).await
    }

    async fn mark_read(&self, ticket: TicketId, role: SenderRole, seq: u64) -> Result<bool> {
        self.call(self.below.mark_read(ticket, role, seq)).await
    }

    async fn rate(&self, ticket: TicketId, rating: Rating) -> Result<Rated> {
        self.call(self.below.rate(ticket, rating)).await
    }

    async fn ticket(&self, id: TicketId) -> Result<Option<TicketRecord>> {
        self.call(self.below.ticket(id)).await
    }

    async fn tickets(
        &self,
        listing: Listing,
        after: Option<Cursor>,
        entries: usize,
    ) -> Result<Vec<TicketRecord>> {
        self.call(self.below.tickets(listing, after, entries)).await
    }

    async fn attended_tickets(&self) -> Result<Vec<TicketRecord>> {
        self.call(self.below.attended_tickets()).await
    }

    async fn messages(&self, ticket: TicketId, log: Log, range: Range, size: Size) -> Result<Page> {
        self.call(self.below.messages(ticket, log, range, size)).await
    }

    async fn add_guest(&self, guest: Guest, at: Timestamp) -> Result<()> {
        self.call(self.below.add_guest(guest, at)).await
    }

    async fn change_guest(&self, guest: Guest) -> Result<()> {
        self.call(self.below.change_guest(guest)).await
    }

    async fn add_agent(&self, agent: AgentRecord) -> Result<bool> {
        self.call(self.below.add_agent(agent)).await
    }

    async fn agent_by_name(&self, username: String) -> Result<Option<AgentRecord>> {
        self.call(self.below.agent_by_name(username)).await
    }

    async fn agents(&self) -> Result<Vec<AgentRecord>> {
        self.call(self.below.agents()).await
    }

    async fn change_agent(
        &self,
        id: AgentId,
        change: AgentChange,
        keep: Option<SessionId>,
    ) -> Result<Changed> {
        self.call(self.below.change_agent(id, change, keep)).await
    }

    async fn add_session(
        &self,
        session: SessionRecord,
        password_hash: String,
        now: Timestamp,
    ) -> Result<bool> {
        self.call(self.below.add_session(session, password_hash, now)).await
    }

    async fn session(&self, id: SessionId) -> Result<Option<SessionRecord>> {
        self.call(self.below.session(id)).await
    }

    async fn end_session(&self, id: SessionId) -> Result<()> {
        self.call(self.below.end_session(id)).await
    }

    async fn ended_sessions(&self, of: Vec<SessionId>) -> Result<Vec<SessionId>> {
        self.call(self.below.ended_sessions(of)).await
    }

    async fn canned(&self) -> Result<Vec<CannedRecord>> {
        self.call(self.below.canned()).await
    }

    async fn add_canned(&self, canned: CannedRecord, most: usize) -> Result<AddedCanned> {
        self.call(self.below.add_canned(canned, most)).await
    }

    async fn replace_canned(&self, canned: CannedRecord) -> Result<ReplacedCanned> {
        self.call(self.below.replace_canned(canned)).await
    }

    async fn remove_canned(&self, id: CannedId) -> Result<bool> {
        self.call(self.below.remove_canned(id)).await
    }

    fn is_shared(&self) -> bool {
        self.below.is_shared()
    }

    async fn beat(&self, heartbeat: Heartbeat) -> Result<()> {
        self.call(self.below.beat(heartbeat)).await
    }

    async fn heartbeats(&self) -> Result<Vec<Heartbeat>> {
        self.call(self.below.heartbeats()).await
    }

    async fn forget_node(&self, node: Ulid, beat: u64) -> Result<()> {
        self.call(self.below.forget_node(node, beat)).await
    }

    async fn audit(&self, audit: Audit) -> Result<()> {
        self.call(self.below.audit(audit)).await
    }

    async fn last_audit(&self) -> Result<Option<(u64, String)>> {
        self.below.last_audit().await
    }

    async fn dump(&self, kind: Kind, after: Option<String>, count: usize) -> Result<Vec<Record>> {
        self.below.dump(kind, after, count).await
    }

    async fn load(&self, records: Vec<Record>) -> Result<()> {
        self.below.load(records).await
    }

    async fn set_importing(&self, importing: bool) -> Result<()> {
        self.below.set_importing(importing).await
    }

    async fn close(&self) {
        self.below.close().await;
    }
}
