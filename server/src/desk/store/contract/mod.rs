//! What every store promises, one test a promise, run on each store there is. A promise that only
//! one of them keeps is none.

mod accounts;
mod canned;
mod entries;
pub(crate) mod moving;
mod nodes;
mod opening;
mod reading;
mod stopping;

use std::collections::HashSet;
use std::sync::{Arc, Mutex};

use futures_util::{FutureExt, future::BoxFuture};
use support_shared::{
    AgentId, CannedId, ClientMessageId, GuestId, MessageId, SessionId, TicketId, TicketRef,
    Timestamp,
    ids::TicketName,
    message::{Message, SenderRole, SystemEvent},
    request::Tagging,
    text::Tag,
    ticket::{AgentName, AgentRole, Guest, Rating, TicketStatus},
};
use tokio::sync::mpsc;
use ulid::Ulid;

#[cfg(feature = "mongo")]
use super::replicated::mongo::{Mongo, testing::Scratch};
use super::{
    AddedCanned, AgentChange, AgentRecord, Answering, Appended, Audit, CannedRecord, Changed,
    Created, Cursor, Filter, Heartbeat, Listing, Range, Rated, ReplacedCanned, SessionRecord, Size,
    Store, Stored, What, Whose,
    memory::{Data, Memory},
    replicated::{
        Replicated,
        simulated::{Calm, Simulated, Tables},
    },
};
use crate::clock::Source;
use crate::desk::log::{Body, Draft, Log, OnlyFrom, Refusal, Sender};
use crate::desk::record::{NewTicket, TicketRecord};

type Opened = (Arc<dyn Store>, mpsc::Receiver<Stored>);

/// Opens a store again, as often as is wanted.
type Reopen = Box<dyn Fn() -> BoxFuture<'static, Opened>>;

/// A store with nothing in it, what it announces, and how to open it again.
struct Place {
    store: Arc<dyn Store>,
    announced: mpsc::Receiver<Stored>,
    reopen: Reopen,
    kept: Kept,
}

/// Where a place keeps what outlives its store.
enum Kept {
    /// Goes when the place does.
    Directory(#[expect(dead_code, reason = "held for its drop")] tempfile::TempDir),
    /// It need not.
    Elsewhere,
    Tables(Arc<Mutex<Tables>>),
    #[cfg(feature = "mongo")]
    Database(Scratch),
}

impl Place {
    async fn new(kept: Kept, reopen: Reopen) -> Self {
        let (store, announced) = reopen().await;
        Self { store, announced, reopen, kept }
    }

    async fn sqlite() -> Self {
        let data = tempfile::tempdir().unwrap();
        let place = Self::sqlite_in(data.path()).await;
        Self { kept: Kept::Directory(data), ..place }
    }

    /// In a directory that outlives it.
    async fn sqlite_in(data: &std::path::Path) -> Self {
        let path = data.to_owned();
        let reopen = move || {
            let (announce, announced) = mpsc::channel(10_000);
            let store = super::sqlite::Sqlite::open(&path, &Source::system(), announce).unwrap();
            let opened: Opened = (Arc::new(store), announced);
            async { opened }.boxed()
        };
        Self::new(Kept::Elsewhere, Box::new(reopen)).await
    }

    async fn memory() -> Self {
        let data = Arc::new(Mutex::new(Data { epoch: ulid().to_string(), ..Data::default() }));
        let reopen = move || {
            let (announce, announced) = mpsc::channel(10_000);
            let store = Memory::open(Arc::clone(&data), announce);
            let opened: Opened = (Arc::new(store), announced);
            async { opened }.boxed()
        };
        Self::new(Kept::Elsewhere, Box::new(reopen)).await
    }

    /// The protocol of several nodes, on collections in memory.
    async fn simulated() -> Self {
        let tables = Arc::new(Mutex::new(Tables::new(ulid().to_string(), Arc::default())));
        let kept = Kept::Tables(Arc::clone(&tables));
        let reopen = move || {
            let (announce, announced) = mpsc::channel(10_000);
            let collections = Simulated::open(Arc::clone(&tables), Arc::new(Calm));
            let opened: Opened = (Arc::new(Replicated::start(collections, announce)), announced);
            async { opened }.boxed()
        };
        Self::new(kept, Box::new(reopen)).await
    }

    async fn simulated_on_two_nodes() -> Self {
        Self::simulated().await
    }

    #[cfg(feature = "mongo")]
    async fn mongodb() -> Self {
        let scratch = Scratch::new();
        let address = scratch.address.clone();
        let reopen = move || {
            let address = address.clone();
            async move {
                let (announce, announced) = mpsc::channel(10_000);
                let collections = Mongo::open(&address, &Source::system()).await.unwrap();
                let store = Replicated::start(collections, announce);
                (Arc::new(store) as Arc<dyn Store>, announced)
            }
            .boxed()
        };
        Self::new(Kept::Database(scratch), Box::new(reopen)).await
    }

    #[cfg(feature = "mongo")]
    async fn mongodb_on_two_nodes() -> Self {
        Self::mongodb().await
    }

    /// How often to try what is left to chance: less where each step crosses a network.
    fn rounds(&self, most: usize) -> usize {
        match self.kept {
            Kept::Directory(_) | Kept::Elsewhere | Kept::Tables(_) => most,
            #[cfg(feature = "mongo")]
            Kept::Database(_) => most / 10,
        }
    }

    /// Leaves nothing behind.
    async fn end(self) {
        self.store.close().await;
        match self.kept {
            Kept::Directory(_) | Kept::Elsewhere | Kept::Tables(_) => {}
            #[cfg(feature = "mongo")]
            Kept::Database(scratch) => scratch.drop().await,
        }
    }

    /// As after a crash between two commits: whatever was not answered may be lost.
    async fn restart(&mut self) {
        self.store.close().await;
        (self.store, self.announced) = (self.reopen)().await;
    }

    async fn open_ticket(&self) -> TicketRecord {
        let guest = guest();
        self.store.add_guest(guest.clone(), time(0)).await.unwrap();
        match self.create(&guest, "first", 3).await {
            Created::New(ticket, _) => *ticket,
            other => panic!("{other:?}"),
        }
    }

    async fn create(&self, guest: &Guest, key: &str, most_open: u32) -> Created {
        let new = NewTicket {
            id: TicketId::from_ulid(ulid()),
            reference: TicketRef::from_bits(u32::from_le_bytes(Source::system().bytes())),
            guest: guest.clone(),
            subject: Some("Card declined".to_owned()),
            created_by: id(key),
            at: time(1),
        };
        let first = text(Sender::Guest(guest.id, "Maya".to_owned()), key, "hello");
        self.store.create_ticket(new, first, most_open).await.unwrap()
    }

    async fn append(&self, ticket: TicketId, draft: Draft) -> Appended {
        self.store.append(ticket, draft).await.unwrap()
    }

    async fn send(&self, ticket: &TicketRecord, key: &str) -> Appended {
        let sender = Sender::Guest(ticket.guest.id, "Maya".to_owned());
        self.append(ticket.id, text(sender, key, key)).await
    }

    async fn by_ref(&self, reference: TicketRef) -> Option<TicketRecord> {
        let name = Some(TicketName::Ref(reference));
        self.store.facts(Whose::Nobodys, name).await.unwrap().ticket
    }

    async fn all(&self, ticket: TicketId, log: Log) -> Vec<Message> {
        let size = Size { entries: 100_000, bytes: usize::MAX };
        self.store.messages(ticket, log, Range::After(0), size).await.unwrap().messages
    }
}

fn ulid() -> Ulid {
    Source::system().ulid()
}

fn time(second: i64) -> Timestamp {
    Timestamp::from_millis(1_800_000_000_000 + second * 1000)
}

fn id(key: &str) -> ClientMessageId {
    key.parse().unwrap()
}

fn guest() -> Guest {
    Guest { id: GuestId::from_ulid(ulid()), name: Some("Maya".to_owned()), email: None }
}

fn alice() -> AgentName {
    AgentName { id: AgentId::from_ulid(Ulid::from(1)), name: "Alice".to_owned() }
}

fn bob() -> AgentName {
    AgentName { id: AgentId::from_ulid(Ulid::from(2)), name: "Bob".to_owned() }
}

fn text(sender: Sender, key: &str, content: &str) -> Draft {
    Draft {
        id: MessageId::from_ulid(ulid()),
        log: Log::Conversation,
        at: time(2),
        sender,
        body: Body::Text { content: content.to_owned(), client_message_id: id(key) },
        only_from: OnlyFrom::Anybody,
    }
}

fn event(log: Log, event: SystemEvent) -> Draft {
    Draft {
        id: MessageId::from_ulid(ulid()),
        log,
        at: time(2),
        sender: Sender::System,
        body: Body::Event(event),
        only_from: OnlyFrom::Anybody,
    }
}

fn close() -> Draft {
    event(Log::Conversation, SystemEvent::TicketClosed { agent: Some(alice()), reason: None })
}

fn assign(to: Option<AgentName>, only_from: OnlyFrom) -> Draft {
    let assigned = SystemEvent::TicketAssigned { by: alice(), assignee: to };
    Draft { only_from, ..event(Log::Notes, assigned) }
}

fn agent(name: &str) -> AgentRecord {
    AgentRecord {
        id: AgentId::from_ulid(ulid()),
        username: name.to_owned(),
        display_name: name.to_owned(),
        role: AgentRole::Agent,
        disabled: false,
        must_change_password: true,
        password_hash: "hash".to_owned(),
        created_at: time(0),
    }
}

fn seqs(messages: &[Message]) -> Vec<u64> {
    messages.iter().filter_map(|message| message.seq.or(message.note_seq)).collect()
}

/// Runs the promises on one kind of store: `Place` has a function of its name.
macro_rules! promises_of {
    ($store:ident: $($subject:ident::$promise:ident,)*) => {
        mod $store {
            $(#[tokio::test]
            async fn $promise() {
                let mut place = super::Place::$store().await;
                super::$subject::$promise(&mut place).await;
                place.end().await;
            })*
        }
    };
}

macro_rules! contract {
    ($($promises:tt)*) => {
        promises_of! { sqlite: $($promises)* }
        promises_of! { memory: $($promises)* }
        promises_of! { simulated: $($promises)* }
        #[cfg(feature = "mongo")]
        promises_of! { mongodb: $($promises)* }
    };
}

contract! {
    opening::a_ticket_begins_with_its_first_message,
    opening::a_ticket_is_opened_once_for_a_guest_and_key,
    opening::a_guest_has_no_more_open_tickets_than_it_may,
    opening::open_tickets_are_limited_also_when_they_are_opened_at_once,
    opening::two_tickets_never_share_a_ref,
    entries::entries_are_numbered_without_holes_however_many_write_at_once,
    entries::a_message_is_stored_once_and_its_first_content_wins,
    entries::a_message_is_stored_once_also_when_it_is_sent_at_once,
    entries::a_client_message_id_belongs_to_its_sender_and_ticket,
    entries::a_client_message_id_spans_both_logs,
    entries::a_closed_ticket_takes_nothing_until_it_is_opened_again,
    entries::a_guest_who_had_no_answer_waits_again_when_the_ticket_is_opened_again,
    entries::a_message_and_a_close_never_both_win,
    entries::notes_have_numbers_of_their_own_and_move_nothing_of_the_conversation,
    entries::of_many_who_claim_a_ticket_one_wins_and_the_rest_hear_who,
    entries::an_agent_joins_once_and_leaves_once,
    entries::time_is_a_label_that_never_runs_backwards,
    entries::a_log_is_announced_in_its_order_and_only_once_stored,
    reading::a_page_ends_where_it_was_told_to_and_says_whether_there_is_more,
    reading::a_page_ends_before_its_bytes_but_always_moves_on,
    reading::open_tickets_come_longest_waiting_first_and_closed_ones_last_closed_first,
    reading::tickets_are_listed_by_who_answers_for_them,
    reading::tickets_are_found_by_tag_and_by_words,
    reading::what_is_not_there_is_nothing_and_no_error,
    reading::another_guests_ticket_is_not_there_for_a_guest,
    accounts::a_guests_new_name_is_on_its_tickets,
    accounts::a_username_is_given_once,
    accounts::changing_an_agent_ends_its_other_sessions,
    accounts::of_sessions_it_says_which_have_ended,
    accounts::the_last_admin_stays,
    canned::canned_replies_come_by_shortcut_and_a_shortcut_is_given_once,
    canned::a_canned_reply_is_changed_on_top_of_what_it_is_and_not_after_it_is_gone,
    entries::read_marks_rise_and_never_pass_the_head,
    entries::a_conversation_is_rated_once_and_when_it_is_over,
    entries::tags_are_changed_on_top_of_what_they_are,
    accounts::the_audit_keeps_what_it_is_told,
    stopping::everything_is_there_after_a_restart,
    moving::everything_can_move_to_a_store_and_is_the_same_there,
    moving::everything_can_move_from_a_store_and_is_the_same_elsewhere,
    moving::a_desk_that_has_moved_goes_on_where_it_was,
    stopping::a_closed_store_says_that_it_is_out_of_reach,
}

macro_rules! contract_of_two_nodes {
    ($($promises:tt)*) => {
        promises_of! { simulated_on_two_nodes: $($promises)* }
        #[cfg(feature = "mongo")]
        promises_of! { mongodb_on_two_nodes: $($promises)* }
    };
}

contract_of_two_nodes! {
    nodes::a_message_and_a_close_on_two_nodes_never_both_win,
    nodes::a_message_that_is_sent_to_two_nodes_is_stored_once,
    nodes::a_guests_limit_holds_on_two_nodes,
    nodes::a_ticket_counts_that_a_node_opened_again_when_it_ended,
    nodes::the_last_admin_stays_however_many_nodes_there_are,
    nodes::an_entry_whose_node_ended_is_in_the_summary_of_whoever_loads_it,
    nodes::what_a_node_says_of_itself_is_read_by_the_others_until_it_is_forgotten,
    nodes::a_read_mark_never_falls_behind_what_a_summary_has_missed,
}
