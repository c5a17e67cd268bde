//! What the append protocol needs of a database. Each method is one step, atomic for one document
//! and durable on a majority when it returns, except where it says otherwise. The database decides
//! nothing: it only says whether a unique index let a document in.

use std::collections::HashSet;
use std::time::Duration;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use support_shared::{
    AgentId, CannedId, ClientMessageId, GuestId, SessionId, TicketId, Timestamp,
    ids::TicketName,
    message::{Message, SenderRole},
    ticket::{Guest, Rating},
};
use ulid::Ulid;

use super::super::{
    AgentRecord, CannedRecord, Cursor, Heartbeat, Listing, ReplacedCanned, Result, SessionRecord,
    moving::{AuditRecord, EntryKey, GuestRecord},
};
use crate::desk::{log::Log, record::TicketRecord};

/// Entries of one log that [`Entries::tails`] reads at once.
pub(super) const TAIL: u64 = 256;

/// What a unique index has said to a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Inserted {
    Done,
    /// There is one with its number, its key or its name.
    Taken,
}

/// The part of a log behind what a summary knows.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tail {
    pub(super) ticket: TicketId,
    pub(super) log: Log,
    pub(super) after: u64,
}

/// A read mark that rises.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Mark {
    pub(super) ticket: TicketId,
    pub(super) role: SenderRole,
    pub(super) seq: u64,
}

/// An entry that makes a ticket count against its guest's limit again, by its number.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Opening {
    pub(crate) ticket: TicketId,
    pub(crate) seq: u64,
}

/// A ticket of a guest that is open or may be, and which of the places that it may have it takes.
#[derive(Debug, Clone)]
pub(crate) struct OpenTicket {
    pub(super) ticket: TicketRecord,
    pub(super) place: Option<u32>,
}

/// An agent and its logins, in one document: a login and a change of the password cannot both win.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Account {
    pub(super) agent: AgentRecord,
    pub(super) sessions: Vec<SessionRecord>,
    /// Counts the changes: what was decided on an older one is not written.
    pub(super) version: i64,
}

/// Who is about to stop being an admin: see `accounts`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Gate {
    pub(super) version: i64,
    pub(super) leaving: Option<AgentId>,
}

/// The entries of all logs.
#[async_trait]
pub(crate) trait Entries: Send + Sync + 'static {
    /// Inserts each entry by itself, unless its number or its key is taken. An outcome for each, in
    /// their order. An error says that the entry may be there or not.
    async fn insert_entries(&self, entries: &[Message]) -> Vec<Result<Inserted>>;
    /// The entry that a sender has stored under its own name for it, in either log.
    async fn entry_by_key(
        &self,
        ticket: TicketId,
        sender: &str,
        key: &ClientMessageId,
    ) -> Result<Option<Message>>;
    /// The entries from the number `first` to the number `last`, ascending.
    async fn entries(
        &self,
        ticket: TicketId,
        log: Log,
        first: u64,
        last: u64,
    ) -> Result<Vec<Message>>;
    /// Of each of these at most [`TAIL`] entries, those with the smallest numbers; in any order.
    async fn tails(&self, tails: &[Tail]) -> Result<Vec<Message>>;
    /// The tickets of entries whose ids were made in the time before the newest.
    async fn recent_tickets(&self, before_newest: Duration) -> Result<Vec<TicketId>>;
}

/// The tickets' summaries.
#[async_trait]
pub(crate) trait Tickets: Send + Sync + 'static {
    /// Inserts a ticket's first summary, unless the guest's name for it, its ref or the guest's
    /// place is taken.
    async fn insert_ticket(&self, ticket: &TicketRecord, place: Option<u32>) -> Result<Inserted>;
    /// The summaries that there are of these, in any order.
    async fn summaries(&self, ids: &[TicketId]) -> Result<Vec<TicketRecord>>;
    /// The summary of this name, if the ticket is this guest's when one is given.
    async fn summary(
        &self,
        name: TicketName,
        owner: Option<GuestId>,
    ) -> Result<Option<TicketRecord>>;
    async fn summary_by_creation(
        &self,
        guest: GuestId,
        key: &ClientMessageId,
    ) -> Result<Option<TicketRecord>>;
    /// The guest's tickets that count against its limit as far as their summaries know, and those
    /// that were marked as opening and whose summaries know no more.
    async fn open_of(&self, guest: GuestId) -> Result<Vec<OpenTicket>>;
    /// A page of summaries.
    async fn list(
        &self,
        listing: &Listing,
        after: Option<Cursor>,
        entries: usize,
    ) -> Result<Vec<TicketRecord>>;
    /// Summaries in which an agent is present.
    async fn attended(&self) -> Result<Vec<TicketRecord>>;
    /// Marks tickets whose next entries will make them count again, until their summaries know of
    /// those entries.
    async fn mark_opening(&self, openings: &[Opening]) -> Result<()>;
    /// Brings summaries forward, each log's part by itself, and never back. Need not be durable:
    /// what is lost is mended from the log.
    async fn save(&self, tickets: &[TicketRecord]) -> Result<()>;
    /// Raises marks that are lower.
    async fn raise_marks(&self, marks: &[Mark]) -> Result<()>;
    /// Stores a rating unless there is one.
    async fn rate(&self, ticket: TicketId, rating: &Rating) -> Result<Inserted>;
}

/// Guests and agents.
#[async_trait]
pub(crate) trait People: Send + Sync + 'static {
    /// Adds a guest unless it is there.
    async fn add_guest(&self, guest: &Guest, at: Timestamp) -> Result<()>;
    async fn guest(&self, id: GuestId) -> Result<Option<Guest>>;
    /// Replaces a guest's name and email, then those on its tickets.
    async fn change_guest(&self, guest: &Guest) -> Result<()>;
    /// Inserts an account unless the username is taken.
    async fn insert_agent(&self, account: &Account) -> Result<Inserted>;
    async fn agent(&self, id: AgentId) -> Result<Option<Account>>;
    async fn agent_by_name(&self, username: &str) -> Result<Option<Account>>;
    async fn agent_by_session(&self, session: SessionId) -> Result<Option<Account>>;
    /// Those of these sessions that there are and that have not ended, beside others of the same
    /// accounts. Asked for again and again: it reads no more of an account than that.
    async fn standing_sessions(&self, of: &[SessionId]) -> Result<HashSet<SessionId>>;
    /// All of them, by username.
    async fn agents(&self) -> Result<Vec<Account>>;
    /// Puts an account in the place of its version before; false when that is not there any more.
    async fn replace_agent(&self, account: &Account) -> Result<bool>;
    async fn gate(&self) -> Result<Gate>;
    /// Puts a gate in the place of its version before; false when that is not there any more.
    async fn replace_gate(&self, gate: &Gate) -> Result<bool>;
}

/// The rest: what is the database's own, what has few documents, and what moving house needs.
#[async_trait]
pub(crate) trait Upkeep: Send + Sync + 'static {
    /// Names this history.
    fn epoch(&self) -> &str;
    async fn ping(&self) -> Result<()>;
    /// The canned replies, by shortcut.
    async fn canned(&self) -> Result<Vec<CannedRecord>>;
    /// Inserts a canned reply unless its id or shortcut is taken.
    async fn insert_canned(&self, canned: &CannedRecord) -> Result<Inserted>;
    /// Puts a canned reply in the place of its version before, unless its shortcut is taken.
    async fn replace_canned(&self, canned: &CannedRecord) -> Result<ReplacedCanned>;
    /// False when there is none of this id.
    async fn delete_canned(&self, id: CannedId) -> Result<bool>;
    /// Stores a heartbeat, unless a later one of its node is there.
    async fn beat(&self, heartbeat: &Heartbeat) -> Result<()>;
    /// The last heartbeat of each node.
    async fn heartbeats(&self) -> Result<Vec<Heartbeat>>;
    /// Removes a node's heartbeat unless it is later than `beat`.
    async fn forget_node(&self, node: Ulid, beat: u64) -> Result<()>;
    /// Adds to the audit unless its id is taken.
    async fn add_audit(&self, audit: &AuditRecord) -> Result<Inserted>;
    async fn newest_audit(&self) -> Result<Option<Ulid>>;
    #[cfg(test)]
    async fn last_audit(&self) -> Result<Option<(u64, String)>>;
    /// Pages of everything, in the order of their keys, from behind a key on.
    async fn guests_after(&self, key: Option<&str>, count: usize) -> Result<Vec<GuestRecord>>;
    async fn tickets_after(&self, key: Option<&str>, count: usize) -> Result<Vec<TicketRecord>>;
    async fn entries_after(&self, key: Option<EntryKey>, count: usize) -> Result<Vec<Message>>;
    async fn audit_after(&self, key: Option<&str>, count: usize) -> Result<Vec<AuditRecord>>;
    /// Marks that an import has begun, or has ended.
    async fn set_importing(&self, importing: bool) -> Result<()>;
}

/// The database.
pub(crate) trait Collections: Entries + Tickets + People + Upkeep {}

impl<T: Entries + Tickets + People + Upkeep> Collections for T {}

/// An entry's number in its log.
pub(super) fn number(entry: &Message) -> u64 {
    entry.seq.or(entry.note_seq).unwrap_or_default()
}

/// The log that an entry is in.
pub(super) fn log(entry: &Message) -> Log {
    if entry.note_seq.is_some() { Log::Notes } else { Log::Conversation }
}
