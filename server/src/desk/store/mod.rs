//! What the desk needs of a store, and nothing about how it is done.
//!
//! Private to the desk: there is no other way to the data. Each method is atomic by itself, and
//! nothing spans two of them, which is what SQLite and a MongoDB without transactions can both
//! promise. What is absent is `None`, never an error. The promises are the tests of `contract`.

#[cfg(test)]
pub(crate) mod contract;
#[cfg(test)]
mod differential;
#[cfg(test)]
pub(crate) mod memory;
pub(crate) mod moving;
#[cfg(any(feature = "mongo", test))]
mod page;
#[cfg(any(feature = "mongo", test))]
pub(crate) mod replicated;
pub(crate) mod sqlite;
pub(crate) mod words;

use std::sync::Arc;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use support_shared::{
    AgentId, CannedId, ClientMessageId, GuestId, SessionId, TicketId, Timestamp,
    ids::TicketName,
    message::{Message, SenderRole},
    ticket::{AgentRole, Guest, Rating, TicketStatus},
};
use tokio::sync::mpsc;
use ulid::Ulid;

use self::moving::{Kind, Record};
use super::{
    log::{Draft, Log, Refusal},
    record::{NewTicket, TicketRecord},
};

/// An agent as stores keep it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AgentRecord {
    pub(crate) id: AgentId,
    pub(crate) username: String,
    pub(crate) display_name: String,
    pub(crate) role: AgentRole,
    pub(crate) disabled: bool,
    pub(crate) must_change_password: bool,
    /// Argon2id in PHC form.
    pub(crate) password_hash: String,
    pub(crate) created_at: Timestamp,
}

/// One login of an agent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SessionRecord {
    pub(crate) id: SessionId,
    pub(crate) agent: AgentId,
    /// When it ends whatever happens.
    pub(crate) ends_at: Timestamp,
    /// It was ended before that: by logging out or for the agent.
    pub(crate) ended: bool,
}

/// A canned reply as stores keep it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CannedRecord {
    pub(crate) id: CannedId,
    pub(crate) shortcut: String,
    pub(crate) title: String,
    pub(crate) text: String,
    pub(crate) updated_at: Timestamp,
    /// Counts the changes: what was decided on an older one is not written.
    pub(crate) version: i64,
}

/// What became of a new canned reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AddedCanned {
    Done,
    ShortcutTaken,
    TooMany,
}

/// What became of a change to a canned reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ReplacedCanned {
    Done,
    ShortcutTaken,
    /// It is another one by now, or gone.
    Stale,
}

/// Something that is kept for whoever has to answer for it later.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Audit {
    pub(crate) at: Timestamp,
    /// An agent's id, `operator`, or `stranger`.
    pub(crate) who: String,
    /// The action, as the policy calls it.
    pub(crate) what: String,
    /// The id of the agent that it was done to.
    pub(crate) object: Option<String>,
    /// `ok` or an error code.
    pub(crate) result: &'static str,
}

/// What may be changed of an agent. `None` leaves it as it is.
#[derive(Clone, Default)]
pub(crate) struct AgentChange {
    pub(crate) password_hash: Option<String>,
    pub(crate) must_change_password: Option<bool>,
    pub(crate) role: Option<AgentRole>,
    pub(crate) disabled: Option<bool>,
    pub(crate) display_name: Option<String>,
    /// Only while this is the hash of its password.
    pub(crate) if_password_hash: Option<String>,
}

impl AgentChange {
    /// Whether the agent has to sign in again: after a change of what it may do, or of how it
    /// proves who it is.
    pub(crate) fn ends_sessions(&self) -> bool {
        self.password_hash.is_some() || self.role.is_some() || self.disabled.is_some()
    }
}

/// What is on stable storage, and its ticket after it.
#[derive(Debug, Clone)]
pub(crate) struct Stored {
    pub(crate) ticket: TicketRecord,
    pub(crate) what: What,
}

/// What was stored.
#[derive(Debug, Clone)]
pub(crate) enum What {
    /// An entry of a log.
    Entry(Box<Message>),
    /// An entry that was stored before: told of again, because a crash may have come between
    /// storing it and telling of it. Clients drop it by its number.
    Again(Box<Message>),
    /// Something that is in no log: a read mark.
    Mark,
    /// The guest's rating.
    Rating,
    /// What the guest is called, or where it can be reached.
    Guest,
}

/// What became of a rating.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Rated {
    Done(Box<TicketRecord>),
    /// The guest has rated before, or the conversation goes on.
    Refused,
    NoTicket,
}

/// What became of a change to an agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Changed {
    Done,
    NoAgent,
    /// Nobody would be left to administer the desk.
    LastAdmin,
    /// The password is another one by now.
    OtherPassword,
}

/// Where a store tells of what it has stored, entry by entry, in the order of each log.
pub(crate) type Announce = mpsc::Sender<Stored>;

/// What became of an append.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Appended {
    /// Stored as the next entry.
    New(Box<TicketRecord>, Box<Message>),
    /// Stored before under the same key.
    Duplicate(Box<Message>),
    /// What it says is so already; nothing was written.
    Unchanged(Box<TicketRecord>),
    /// It may not be written.
    Refused(Refusal),
    /// There is no such ticket.
    NoTicket,
}

/// What became of a new ticket.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Created {
    /// Stored, with its first message.
    New(Box<TicketRecord>, Box<Message>),
    /// The guest opened it before under the same key.
    Duplicate(Box<TicketRecord>, Box<Message>),
    /// The guest has as many open tickets as it may.
    TooMany,
    /// Another ticket has this ref.
    RefTaken,
}

/// What a node says of itself to the others that share its store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Heartbeat {
    pub(crate) node: Ulid,
    /// Counts up: whoever sees that it does knows that the node lives.
    pub(crate) beat: u64,
    /// Which agents sit in which tickets, by connections to this node.
    pub(crate) seats: Vec<(TicketId, AgentId)>,
}

/// Which part of a log to read. Always ascending.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Range {
    /// The last ones with a smaller number.
    Before(u64),
    /// The first ones with a greater number.
    After(u64),
}

/// A page of a log.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Page {
    pub(crate) messages: Vec<Message>,
    /// There are more in the direction of the range.
    pub(crate) has_more: bool,
}

/// How much of a list to read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Size {
    pub(crate) entries: usize,
    pub(crate) bytes: usize,
}

/// Which tickets to list, and in which order they come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Listing {
    /// Open ones longest waiting first, with those that nobody waits in last; closed ones last
    /// closed first.
    Of(TicketStatus, Filter),
    /// A guest's own, last activity first.
    Own(GuestId),
}

/// Which of the open or closed tickets.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Filter {
    pub(crate) answering: Answering,
    pub(crate) tag: Option<String>,
    /// All of these words, each a whole one or the beginning of one, in what a ticket is found by.
    pub(crate) words: Vec<String>,
}

/// Who answers for a ticket.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Answering {
    #[default]
    Anybody,
    Nobody,
    Agent(AgentId),
}

/// Whose records to look up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Whose {
    Nobodys,
    Guest(GuestId),
    Agent(AgentId, SessionId),
}

/// The records that a command is decided on, as they were at one moment.
#[derive(Default)]
pub(crate) struct Facts {
    pub(crate) guest: Option<Guest>,
    pub(crate) agent: Option<AgentRecord>,
    pub(crate) session: Option<SessionRecord>,
    pub(crate) ticket: Option<TicketRecord>,
}

/// Where a page of a list begins: behind the ticket with this key and id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cursor {
    pub(crate) key: i64,
    pub(crate) id: TicketId,
}

impl Listing {
    /// What the listing is ordered by; ties by id.
    pub(crate) fn key(&self, ticket: &TicketRecord) -> i64 {
        match self {
            Self::Of(TicketStatus::Open, _) => {
                ticket.conversation.waiting_since.map_or(i64::MAX, Timestamp::as_millis)
            }
            Self::Of(TicketStatus::Closed, _) | Self::Own(_) => ticket.conversation.at.as_millis(),
        }
    }
}

/// Why a store could not do it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StoreError {
    /// Out of reach, full or too slow: nothing was stored as far as it can tell.
    #[error("the store is unavailable")]
    Unavailable(#[source] anyhow::Error),
    /// What it has is not what it wrote.
    #[error("the store holds something that does not parse")]
    Corrupt(#[source] anyhow::Error),
}

pub(crate) type Result<T> = std::result::Result<T, StoreError>;

/// Where everything is kept.
#[async_trait]
pub(crate) trait Store: Send + Sync + 'static {
    /// Names this history: another one after a restore.
    fn epoch(&self) -> &str;

    /// Answers when the store can be read.
    async fn ping(&self) -> Result<()>;

    /// Stores a ticket with its first message, once for a guest and key, unless the guest has
    /// `most_open` open tickets that it has not ended (0: no limit).
    async fn create_ticket(&self, new: NewTicket, first: Draft, most_open: u32) -> Result<Created>;

    /// The ticket that a guest has opened under this key.
    async fn ticket_opened(&self, guest: GuestId, key: ClientMessageId)
    -> Result<Option<TicketId>>;

    /// Stores an entry as the next of its log: see DESIGN of the append in `desk::log`.
    async fn append(&self, ticket: TicketId, draft: Draft) -> Result<Appended>;

    /// Looks up at once what a command is decided on. To a guest, another guest's ticket is not there.
    async fn facts(&self, whose: Whose, ticket: Option<TicketName>) -> Result<Facts>;

    /// Raises a read mark, not past the head. True if it rose.
    async fn mark_read(&self, ticket: TicketId, role: SenderRole, seq: u64) -> Result<bool>;

    /// Stores a rating, once, of a conversation that is closed or that its guest has ended.
    async fn rate(&self, ticket: TicketId, rating: Rating) -> Result<Rated>;

    async fn ticket(&self, id: TicketId) -> Result<Option<TicketRecord>>;

    /// A page of tickets, each with its place in the list.
    async fn tickets(
        &self,
        listing: Listing,
        after: Option<Cursor>,
        entries: usize,
    ) -> Result<Vec<TicketRecord>>;

    /// Open tickets in which some agent has joined and not left.
    async fn attended_tickets(&self) -> Result<Vec<TicketRecord>>;

    async fn messages(&self, ticket: TicketId, log: Log, range: Range, size: Size) -> Result<Page>;

    async fn add_guest(&self, guest: Guest, at: Timestamp) -> Result<()>;
    /// Replaces a guest's name and email; its tickets show them from then on.
    async fn change_guest(&self, guest: Guest) -> Result<()>;

    /// Stores an agent; false when the username is taken.
    async fn add_agent(&self, agent: AgentRecord) -> Result<bool>;
    async fn agent_by_name(&self, username: String) -> Result<Option<AgentRecord>>;
    async fn agents(&self) -> Result<Vec<AgentRecord>>;
    /// Changes an agent and, if the change asks for it, ends its sessions but `keep`. The last
    /// admin that is not disabled stays one.
    async fn change_agent(
        &self,
        id: AgentId,
        change: AgentChange,
        keep: Option<SessionId>,
    ) -> Result<Changed>;

    /// Stores a session that was proved by the password of this hash; false when that is the
    /// agent's no more, or the agent is disabled. Forgets those of the agent that
    /// ended before `now`.
    async fn add_session(
        &self,
        session: SessionRecord,
        password_hash: String,
        now: Timestamp,
    ) -> Result<bool>;
    async fn session(&self, id: SessionId) -> Result<Option<SessionRecord>>;
    async fn end_session(&self, id: SessionId) -> Result<()>;
    /// Those of these sessions that were ended, or are not there.
    async fn ended_sessions(&self, of: Vec<SessionId>) -> Result<Vec<SessionId>>;

    /// The canned replies, by shortcut.
    async fn canned(&self) -> Result<Vec<CannedRecord>>;
    /// Stores a canned reply unless its shortcut is taken or there are `most`; several nodes that
    /// add at once may pass that by as many.
    async fn add_canned(&self, canned: CannedRecord, most: usize) -> Result<AddedCanned>;
    /// Puts a canned reply in the place of its version before.
    async fn replace_canned(&self, canned: CannedRecord) -> Result<ReplacedCanned>;
    /// Forgets a canned reply; false when it is not there.
    async fn remove_canned(&self, id: CannedId) -> Result<bool>;

    /// Whether other nodes may be on the same data. If not, nobody asks for heartbeats.
    fn is_shared(&self) -> bool {
        false
    }

    /// Puts what a node says of itself in the place of what it said before.
    async fn beat(&self, _heartbeat: Heartbeat) -> Result<()> {
        Ok(())
    }

    /// The last that each node has said.
    async fn heartbeats(&self) -> Result<Vec<Heartbeat>> {
        Ok(Vec::new())
    }

    /// Forgets what a node has said, unless it has counted further than `beat` since.
    async fn forget_node(&self, _node: Ulid, _beat: u64) -> Result<()> {
        Ok(())
    }

    /// Adds to the audit.
    async fn audit(&self, audit: Audit) -> Result<()>;
    /// How many entries the audit has, and the last of them.
    #[cfg(test)]
    async fn last_audit(&self) -> Result<Option<(u64, String)>>;

    /// The first `count` records of a kind whose keys are behind `after`, in the order of their
    /// keys. For moving house, while nobody writes.
    async fn dump(&self, kind: Kind, after: Option<String>, count: usize) -> Result<Vec<Record>>;

    /// Stores records as they are, all or some of them when it fails, and announces nothing. One
    /// whose key is there already changes nothing, so that whatever was cut short can be repeated.
    /// Tickets come with their summaries: it does not matter that their entries come later.
    async fn load(&self, records: Vec<Record>) -> Result<()>;

    /// Keeps in mind that an import has begun, or has ended: a store with half of one must not be
    /// opened for anything but the rest.
    async fn set_importing(&self, importing: bool) -> Result<()>;

    /// Finishes what was begun and lets go of the data.
    async fn close(&self);
}

/// A store that several parts share.
pub(crate) type SharedStore = Arc<dyn Store>;
