//! The store for several machines: the append protocol, on any database that has unique indexes.
//!
//! A ticket's log is the truth, and an entry's insert is the whole of its commit: two unique indexes
//! decide who was first, on any number of nodes, without a lock or a transaction across documents. A
//! ticket's record is a summary of its log; a crash between the two leaves it behind, and whoever
//! next loads the ticket reads the log's tail on top of it. Owns no decision about the desk, which
//! is `desk::log`'s, and no word of a database's language, which is [`Collections`]'s.

mod accounts;
pub(crate) mod collections;
mod committer;
mod creation;
mod mending;
#[cfg(feature = "mongo")]
pub(crate) mod mongo;
mod moving;
#[cfg(test)]
pub(crate) mod simulated;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use support_shared::{
    AgentId, CannedId, ClientMessageId, GuestId, SessionId, TicketId, Timestamp,
    ids::TicketName,
    message::SenderRole,
    ticket::{Guest, Rating},
};
use tokio::sync::mpsc;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use ulid::Ulid;

use self::{
    collections::{Collections, Inserted},
    committer::{Committer, Line},
};
use super::{
    AddedCanned, AgentChange, AgentRecord, Announce, Appended, Audit, CannedRecord, Changed,
    Created, Cursor, Facts, Heartbeat, Listing, Page, Range, Rated, ReplacedCanned, Result,
    SessionRecord, Size, Store, StoreError, Stored, What, Whose,
    moving::{Kind, Record},
};
use crate::desk::{
    log::{Draft, Log},
    record::{NewTicket, TicketRecord},
};

/// How long one step of the database may take. Shorter than a command's patience, so that the
/// answer still says what happened.
const STEP: Duration = Duration::from_secs(4);

/// A store on collections that several nodes share.
pub(crate) struct Replicated<C> {
    collections: Arc<C>,
    line: Line,
    /// The committer's own way ends with it: who listens hears that the store is closed.
    announce: mpsc::WeakSender<Stored>,
    tasks: TaskTracker,
    stopping: CancellationToken,
}

impl<C: Collections> Replicated<C> {
    /// Starts what works in the background: the committer, and the mending of summaries that a
    /// crash of some node has left behind.
    pub(crate) fn start(collections: C, announce: Announce) -> Self {
        let collections = Arc::new(collections);
        let tasks = TaskTracker::new();
        let stopping = CancellationToken::new();
        let weak = announce.downgrade();
        let (line, committer) = Committer::new(Arc::clone(&collections), announce);
        tasks.spawn(committer.run());
        tasks.spawn(
            stopping
                .clone()
                .run_until_cancelled_owned(mending::mend_now_and_then(Arc::clone(&collections))),
        );
        Self { collections, line, announce: weak, tasks, stopping }
    }

    async fn load(&self, id: TicketId) -> Result<Option<TicketRecord>> {
        let mut loaded = mending::load(self.collections.as_ref(), &[id]).await?;
        Ok(loaded.pop())
    }

    /// The ticket of this name; for a guest, only if it is its own.
    async fn named(&self, name: TicketName, whose: Whose) -> Result<Option<TicketRecord>> {
        let owner = match whose {
            Whose::Guest(id) => Some(id),
            Whose::Nobodys | Whose::Agent(..) => None,
        };
        match self.collections.summary(name, owner).await? {
            Some(summary) => self.mended(summary).await.map(Some),
            None => Ok(None),
        }
    }

    async fn mended(&self, summary: TicketRecord) -> Result<TicketRecord> {
        let mut mended = mending::mend(self.collections.as_ref(), vec![summary]).await?;
        mended.pop().ok_or_else(|| StoreError::Corrupt(anyhow::anyhow!("a ticket went missing")))
    }
}

/// Gives up on a step of the database that takes too long.
async fn in_time<T>(step: impl Future<Output = Result<T>>) -> Result<T> {
    match tokio::time::timeout(STEP, step).await {
        Ok(result) => result,
        Err(late) => Err(StoreError::Unavailable(late.into())),
    }
}

#[async_trait]
impl<C: Collections> Store for Replicated<C> {
    fn epoch(&self) -> &str {
        self.collections.epoch()
    }

    async fn ping(&self) -> Result<()> {
        in_time(self.collections.ping()).await
    }

    async fn create_ticket(&self, new: NewTicket, first: Draft, most_open: u32) -> Result<Created> {
        let closed = || StoreError::Unavailable(anyhow::anyhow!("the store is closed"));
        let announce = self.announce.upgrade().ok_or_else(closed)?;
        self.line.summaries_written().await;
        creation::create(self.collections.as_ref(), &announce, new, first, most_open).await
    }

    async fn ticket_opened(
        &self,
        guest: GuestId,
        key: ClientMessageId,
    ) -> Result<Option<TicketId>> {
        let summary = self.collections.summary_by_creation(guest, &key).await?;
        Ok(summary.map(|ticket| ticket.id))
    }

    async fn append(&self, ticket: TicketId, draft: Draft) -> Result<Appended> {
        self.line.append(ticket, draft).await
    }

    async fn facts(&self, whose: Whose, ticket: Option<TicketName>) -> Result<Facts> {
        let mut facts = Facts::default();
        let who = async {
            match whose {
                Whose::Nobodys => Ok((None, None)),
                Whose::Guest(id) => Ok((self.collections.guest(id).await?, None)),
                Whose::Agent(id, _) => Ok((None, self.collections.agent(id).await?)),
            }
        };
        let what = async {
            match ticket {
                Some(name) => self.named(name, whose).await,
                None => Ok(None),
            }
        };
        let ((guest, account), ticket) = tokio::try_join!(who, what)?;
        facts.guest = guest;
        facts.ticket = ticket;
        if let (Some(account), Whose::Agent(_, session)) = (account, whose) {
            facts.session = account.sessions.into_iter().find(|it| it.id == session);
            facts.agent = Some(account.agent);
        }
        Ok(facts)
    }

    async fn mark_read(&self, ticket: TicketId, role: SenderRole, seq: u64) -> Result<bool> {
        self.line.mark_read(ticket, role, seq).await
    }

    async fn rate(&self, ticket: TicketId, rating: Rating) -> Result<Rated> {
        self.line.rate(ticket, rating).await
    }

    async fn ticket(&self, id: TicketId) -> Result<Option<TicketRecord>> {
        self.load(id).await
    }

    async fn tickets(
        &self,
        listing: Listing,
        after: Option<Cursor>,
        entries: usize,
    ) -> Result<Vec<TicketRecord>> {
        self.line.summaries_written().await;
        self.collections.list(&listing, after, entries).await
    }

    async fn attended_tickets(&self) -> Result<Vec<TicketRecord>> {
        let attended = self.collections.attended().await?;
        let mut mended = mending::mend(self.collections.as_ref(), attended).await?;
        mended.retain(|ticket| !ticket.conversation.present.is_empty());
        Ok(mended)
    }

    /// Both ends of what is read are known before: a log has no holes, and a database that is asked
    /// for "the newest fifty" may read all that is older to find them.
    async fn messages(&self, ticket: TicketId, log: Log, range: Range, size: Size) -> Result<Page> {
        let Some(record) = self.load(ticket).await? else {
            return Ok(Page { messages: Vec::new(), has_more: false });
        };
        let head = match log {
            Log::Conversation => record.conversation.seq,
            Log::Notes => record.notes.seq,
        };
        let most = u64::try_from(size.entries).unwrap_or(u64::MAX);
        let (first, last) = match range {
            Range::Before(seq) => {
                let last = head.min(seq.saturating_sub(1));
                ((last + 1).saturating_sub(most).max(1), last)
            }
            Range::After(seq) => (seq.saturating_add(1), head.min(seq.saturating_add(most))),
        };
        if first > last {
            return Ok(Page { messages: Vec::new(), has_more: false });
        }
        let found = self.collections.entries(ticket, log, first, last).await?;
        let more = match range {
            Range::Before(_) => first > 1,
            Range::After(_) => last < head,
        };
        super::page::within(found, range, size, more)
    }

    async fn add_guest(&self, guest: Guest, at: Timestamp) -> Result<()> {
        self.collections.add_guest(&guest, at).await
    }

    async fn change_guest(&self, guest: Guest) -> Result<()> {
        self.collections.change_guest(&guest).await?;
        let open = self.collections.open_of(guest.id).await?;
        let ids: Vec<TicketId> = open.into_iter().map(|open| open.ticket.id).collect();
        if let Some(announce) = self.announce.upgrade() {
            let mut tickets = mending::load(self.collections.as_ref(), &ids).await?;
            tickets.retain(TicketRecord::counts);
            tickets.sort_by_key(|ticket| ticket.id);
            for ticket in tickets {
                let _ = announce.send(Stored { ticket, what: What::Guest }).await;
            }
        }
        Ok(())
    }

    async fn add_agent(&self, agent: AgentRecord) -> Result<bool> {
        accounts::add(self.collections.as_ref(), agent).await
    }

    async fn agent_by_name(&self, username: String) -> Result<Option<AgentRecord>> {
        Ok(self.collections.agent_by_name(&username).await?.map(|account| account.agent))
    }

    async fn agents(&self) -> Result<Vec<AgentRecord>> {
        Ok(self.collections.agents().await?.into_iter().map(|account| account.agent).collect())
    }

    async fn change_agent(
        &self,
        id: AgentId,
        change: AgentChange,
        keep: Option<SessionId>,
    ) -> Result<Changed> {
        accounts::change(self.collections.as_ref(), id, &change, keep).await
    }

    async fn add_session(
        &self,
        session: SessionRecord,
        password_hash: String,
        now: Timestamp,
    ) -> Result<bool> {
        accounts::add_session(self.collections.as_ref(), session, &password_hash, now).await
    }

    async fn session(&self, id: SessionId) -> Result<Option<SessionRecord>> {
        let account = self.collections.agent_by_session(id).await?;
        Ok(account.and_then(|account| account.sessions.into_iter().find(|it| it.id == id)))
    }

    async fn end_session(&self, id: SessionId) -> Result<()> {
        accounts::end_session(self.collections.as_ref(), id).await
    }

    async fn ended_sessions(&self, of: Vec<SessionId>) -> Result<Vec<SessionId>> {
        let stand = in_time(self.collections.standing_sessions(&of)).await?;
        Ok(of.into_iter().filter(|id| !stand.contains(id)).collect())
    }

    async fn canned(&self) -> Result<Vec<CannedRecord>> {
        in_time(self.collections.canned()).await
    }

    async fn add_canned(&self, canned: CannedRecord, most: usize) -> Result<AddedCanned> {
        if in_time(self.collections.canned()).await?.len() >= most {
            return Ok(AddedCanned::TooMany);
        }
        Ok(match in_time(self.collections.insert_canned(&canned)).await? {
            Inserted::Done => AddedCanned::Done,
            Inserted::Taken => AddedCanned::ShortcutTaken,
        })
    }

    async fn replace_canned(&self, canned: CannedRecord) -> Result<ReplacedCanned> {
        in_time(self.collections.replace_canned(&canned)).await
    }

    async fn remove_canned(&self, id: CannedId) -> Result<bool> {
        in_time(self.collections.delete_canned(id)).await
    }

    fn is_shared(&self) -> bool {
        true
    }

    async fn beat(&self, heartbeat: Heartbeat) -> Result<()> {
        in_time(self.collections.beat(&heartbeat)).await
    }

    async fn heartbeats(&self) -> Result<Vec<Heartbeat>> {
        in_time(self.collections.heartbeats()).await
    }

    async fn forget_node(&self, node: Ulid, beat: u64) -> Result<()> {
        in_time(self.collections.forget_node(node, beat)).await
    }

    async fn audit(&self, audit: Audit) -> Result<()> {
        moving::audit(self.collections.as_ref(), audit).await
    }

    #[cfg(test)]
    async fn last_audit(&self) -> Result<Option<(u64, String)>> {
        self.collections.last_audit().await
    }

    async fn dump(&self, kind: Kind, after: Option<String>, count: usize) -> Result<Vec<Record>> {
        moving::dump(self.collections.as_ref(), kind, after, count).await
    }

    async fn load(&self, records: Vec<Record>) -> Result<()> {
        moving::load(self.collections.as_ref(), records).await
    }

    async fn set_importing(&self, importing: bool) -> Result<()> {
        self.collections.set_importing(importing).await
    }

    async fn close(&self) {
        self.line.close().await;
        self.stopping.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }
}
