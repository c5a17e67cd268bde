//! What every store promises, one test a promise, run on each store there is. A promise that only
//! one of them keeps is none.

use std::collections::HashSet;
use std::sync::Arc;

use support_shared::{
    AgentId, ClientMessageId, GuestId, MessageId, SessionId, TicketId, TicketRef, Timestamp,
    ids::TicketName,
    message::{Message, SenderRole, SystemEvent},
    request::Tagging,
    text::Tag,
    ticket::{AgentName, AgentRole, Guest, Rating, TicketStatus},
};
use tokio::sync::mpsc;
use ulid::Ulid;

use super::{
    AgentChange, AgentRecord, Answering, Appended, Audit, Changed, Created, Cursor, Filter,
    Listing, Range, Rated, SessionRecord, Size, Store, Stored, What, Whose,
};
use crate::clock::Source;
use crate::desk::log::{Body, Draft, Log, OnlyFrom, Refusal, Sender};
use crate::desk::record::{NewTicket, TicketRecord};

type Opened = (Arc<dyn Store>, mpsc::Receiver<Stored>);

/// A store with nothing in it, what it announces, and how to open it again.
struct Place {
    store: Arc<dyn Store>,
    announced: mpsc::Receiver<Stored>,
    reopen: Box<dyn Fn() -> Opened>,
    _data: tempfile::TempDir,
}

impl Place {
    fn sqlite() -> Self {
        let data = tempfile::tempdir().unwrap();
        let path = data.path().to_owned();
        let reopen = move || {
            let (announce, announced) = mpsc::channel(10_000);
            let store = super::sqlite::Sqlite::open(&path, &Source::system(), announce).unwrap();
            (Arc::new(store) as Arc<dyn Store>, announced)
        };
        let (store, announced) = reopen();
        Self { store, announced, reopen: Box::new(reopen), _data: data }
    }

    /// As after a crash between two commits: whatever was not answered may be lost.
    async fn restart(&mut self) {
        self.store.close().await;
        (self.store, self.announced) = (self.reopen)();
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

async fn a_ticket_begins_with_its_first_message(place: &mut Place) {
    let ticket = place.open_ticket().await;

    assert_eq!(place.store.ticket(ticket.id).await.unwrap(), Some(ticket.clone()));
    assert_eq!(place.by_ref(ticket.reference).await, Some(ticket.clone()));
    let messages = place.all(ticket.id, Log::Conversation).await;
    assert_eq!(seqs(&messages), [1]);
    assert_eq!(messages[0].content, "hello");
    assert_eq!(ticket.conversation.last_message.unwrap().preview, "hello");
}

async fn a_ticket_is_opened_once_for_a_guest_and_key(place: &mut Place) {
    let guest = guest();
    place.store.add_guest(guest.clone(), time(0)).await.unwrap();

    let Created::New(first, message) = place.create(&guest, "same", 3).await else { panic!() };
    let again = place.create(&guest, "same", 3).await;

    assert_eq!(again, Created::Duplicate(first, message));
    let other = self::guest();
    place.store.add_guest(other.clone(), time(0)).await.unwrap();
    assert!(matches!(place.create(&other, "same", 3).await, Created::New(..)));
}

async fn a_guest_has_no_more_open_tickets_than_it_may(place: &mut Place) {
    let guest = guest();
    place.store.add_guest(guest.clone(), time(0)).await.unwrap();
    let mut opened = Vec::new();
    for key in ["a", "b", "c", "d", "e"] {
        if let Created::New(ticket, _) = place.create(&guest, key, 3).await {
            opened.push(ticket);
        }
    }
    assert_eq!(opened.len(), 3);
    assert!(matches!(place.create(&guest, "a", 3).await, Created::Duplicate(..)));

    place.append(opened[0].id, close()).await;
    assert!(matches!(place.create(&guest, "f", 3).await, Created::New(..)));
    place.append(opened[1].id, event(Log::Conversation, SystemEvent::GuestEnded)).await;
    assert!(matches!(place.create(&guest, "g", 3).await, Created::New(..)));
    assert_eq!(place.create(&guest, "h", 3).await, Created::TooMany);
    assert!(matches!(place.create(&guest, "h", 0).await, Created::New(..)));
}

async fn open_tickets_are_limited_also_when_they_are_opened_at_once(place: &mut Place) {
    let guest = guest();
    place.store.add_guest(guest.clone(), time(0)).await.unwrap();
    let keys: Vec<String> = (0..20).map(|number| format!("k{number}")).collect();

    let created =
        futures_util::future::join_all(keys.iter().map(|key| place.create(&guest, key, 3))).await;

    assert_eq!(created.iter().filter(|it| matches!(it, Created::New(..))).count(), 3);
    assert_eq!(created.iter().filter(|it| **it == Created::TooMany).count(), 17);
}

async fn two_tickets_never_share_a_ref(place: &mut Place) {
    let ticket = place.open_ticket().await;
    let new = NewTicket {
        id: TicketId::from_ulid(ulid()),
        reference: ticket.reference,
        guest: ticket.guest.clone(),
        subject: None,
        created_by: id("other"),
        at: time(1),
    };
    let first = text(Sender::Guest(ticket.guest.id, "Maya".to_owned()), "other", "x");

    assert_eq!(place.store.create_ticket(new, first, 3).await.unwrap(), Created::RefTaken);
}

async fn entries_are_numbered_without_holes_however_many_write_at_once(place: &mut Place) {
    let ticket = place.open_ticket().await;
    let keys: Vec<String> = (0..200).map(|number| format!("k{number}")).collect();

    futures_util::future::join_all(keys.iter().map(|key| place.send(&ticket, key))).await;

    let messages = place.all(ticket.id, Log::Conversation).await;
    assert_eq!(seqs(&messages), (1..=201).collect::<Vec<_>>());
    let stored: HashSet<&str> = messages.iter().map(|it| it.content.as_str()).collect();
    assert_eq!(stored.len(), 201);
}

async fn a_message_is_stored_once_and_its_first_content_wins(place: &mut Place) {
    let ticket = place.open_ticket().await;
    let sender = || Sender::Guest(ticket.guest.id, "Maya".to_owned());
    let Appended::New(_, first) = place.append(ticket.id, text(sender(), "k", "one")).await else {
        panic!()
    };

    let again = place.append(ticket.id, text(sender(), "k", "two")).await;

    assert_eq!(again, Appended::Duplicate(first));
    assert_eq!(place.all(ticket.id, Log::Conversation).await.len(), 2);
}

async fn a_message_is_stored_once_also_when_it_is_sent_at_once(place: &mut Place) {
    let ticket = place.open_ticket().await;

    let sent = futures_util::future::join_all((0..20).map(|_| place.send(&ticket, "k"))).await;

    assert_eq!(sent.iter().filter(|it| matches!(it, Appended::New(..))).count(), 1);
    assert_eq!(sent.iter().filter(|it| matches!(it, Appended::Duplicate(_))).count(), 19);
    assert_eq!(place.all(ticket.id, Log::Conversation).await.len(), 2);
}

async fn a_client_message_id_belongs_to_its_sender_and_ticket(place: &mut Place) {
    let ticket = place.open_ticket().await;
    let other = place.open_ticket().await;

    assert!(matches!(place.send(&ticket, "k").await, Appended::New(..)));
    assert!(matches!(
        place.append(ticket.id, text(Sender::Agent(alice()), "k", "mine")).await,
        Appended::New(..)
    ));
    assert!(matches!(place.send(&other, "k").await, Appended::New(..)));
}

async fn a_client_message_id_spans_both_logs(place: &mut Place) {
    let ticket = place.open_ticket().await;
    let note = Draft { log: Log::Notes, ..text(Sender::Agent(alice()), "k", "a note") };
    let Appended::New(_, stored) = place.append(ticket.id, note).await else { panic!() };

    let reply = place.append(ticket.id, text(Sender::Agent(alice()), "k", "a reply")).await;

    assert_eq!(reply, Appended::Duplicate(stored));
}

async fn a_closed_ticket_takes_nothing_until_it_is_opened_again(place: &mut Place) {
    let ticket = place.open_ticket().await;
    place.send(&ticket, "before").await;
    place.append(ticket.id, close()).await;

    assert_eq!(place.send(&ticket, "late").await, Appended::Refused(Refusal::Closed));
    assert_eq!(place.append(ticket.id, close()).await, Appended::Refused(Refusal::Closed));
    let note = Draft { log: Log::Notes, ..text(Sender::Agent(alice()), "n", "a note") };
    assert_eq!(place.append(ticket.id, note).await, Appended::Refused(Refusal::Closed));
    assert!(matches!(place.send(&ticket, "before").await, Appended::Duplicate(_)));
    let last = place.all(ticket.id, Log::Conversation).await.pop().unwrap();
    assert!(matches!(last.event, Some(SystemEvent::TicketClosed { .. })));

    let reopen = || event(Log::Conversation, SystemEvent::TicketReopened { agent: Some(bob()) });
    assert!(matches!(place.append(ticket.id, reopen()).await, Appended::New(..)));
    assert_eq!(place.append(ticket.id, reopen()).await, Appended::Refused(Refusal::NotClosed));
    assert!(matches!(place.send(&ticket, "late").await, Appended::New(..)));
}

async fn a_message_and_a_close_never_both_win(place: &mut Place) {
    for round in 0..20 {
        let ticket = place.open_ticket().await;
        let keys: Vec<String> = (0..10).map(|number| format!("r{round}-{number}")).collect();
        let sends = futures_util::future::join_all(keys.iter().map(|key| place.send(&ticket, key)));

        let (sent, closed) = tokio::join!(sends, place.append(ticket.id, close()));

        assert!(matches!(closed, Appended::New(..)));
        let messages = place.all(ticket.id, Log::Conversation).await;
        let end = messages.iter().position(|it| it.event.is_some()).unwrap();
        assert_eq!(end, messages.len() - 1);
        let stored = sent.iter().filter(|it| matches!(it, Appended::New(..))).count();
        assert_eq!(stored, messages.len() - 2);
    }
}

async fn notes_have_numbers_of_their_own_and_move_nothing_of_the_conversation(place: &mut Place) {
    let ticket = place.open_ticket().await;
    place.send(&ticket, "two").await;
    let before = place.store.ticket(ticket.id).await.unwrap().unwrap();

    let note = Draft { log: Log::Notes, ..text(Sender::Agent(alice()), "n", "a note") };
    let Appended::New(after, note) = place.append(ticket.id, note).await else { panic!() };

    assert_eq!((note.seq, note.note_seq, note.after_seq), (None, Some(1), Some(2)));
    assert!(note.internal);
    assert_eq!(after.for_guest(), before.for_guest());
    assert_eq!(seqs(&place.all(ticket.id, Log::Conversation).await), [1, 2]);
    assert_eq!(seqs(&place.all(ticket.id, Log::Notes).await), [1]);
}

async fn of_many_who_claim_a_ticket_one_wins_and_the_rest_hear_who(place: &mut Place) {
    let ticket = place.open_ticket().await;
    let claims = (0..20u64).map(|number| {
        let name = format!("Agent {number}");
        let claimant =
            AgentName { id: AgentId::from_ulid(Ulid::from(u128::from(number) + 1)), name };
        place.append(ticket.id, assign(Some(claimant), OnlyFrom::Assignee(None)))
    });

    let claimed = futures_util::future::join_all(claims).await;

    let winner = place.store.ticket(ticket.id).await.unwrap().unwrap().notes.assignee;
    assert!(winner.is_some());
    assert_eq!(claimed.iter().filter(|it| matches!(it, Appended::New(..))).count(), 1);
    let told = Appended::Refused(Refusal::Assigned(winner));
    assert_eq!(claimed.iter().filter(|it| **it == told).count(), 19);
}

async fn an_agent_joins_once_and_leaves_once(place: &mut Place) {
    let ticket = place.open_ticket().await;
    let join = || event(Log::Conversation, SystemEvent::AgentJoined { agent: alice() });
    let leave = || event(Log::Conversation, SystemEvent::AgentLeft { agent: alice() });

    assert!(matches!(place.append(ticket.id, leave()).await, Appended::Unchanged(_)));
    assert!(matches!(place.append(ticket.id, join()).await, Appended::New(..)));
    assert!(matches!(place.append(ticket.id, join()).await, Appended::Unchanged(_)));
    let attended = place.store.attended_tickets().await.unwrap();
    assert_eq!(attended.iter().map(|it| it.id).collect::<Vec<_>>(), [ticket.id]);
    assert!(matches!(place.append(ticket.id, leave()).await, Appended::New(..)));
    assert_eq!(place.store.attended_tickets().await.unwrap(), []);
    place.append(ticket.id, join()).await;
    place.append(ticket.id, close()).await;
    assert!(matches!(place.append(ticket.id, leave()).await, Appended::Unchanged(_)));
}

async fn time_is_a_label_that_never_runs_backwards(place: &mut Place) {
    let ticket = place.open_ticket().await;
    let mut late = text(Sender::Agent(alice()), "a", "a");
    late.at = time(500);
    place.append(ticket.id, late).await;
    place.send(&ticket, "b").await;

    let times: Vec<Timestamp> =
        place.all(ticket.id, Log::Conversation).await.iter().map(|it| it.created_at).collect();

    assert!(times.is_sorted(), "{times:?}");
    assert_eq!(times.last(), Some(&time(500)));
}

async fn a_log_is_announced_in_its_order_and_only_once_stored(place: &mut Place) {
    let ticket = place.open_ticket().await;
    let keys: Vec<String> = (0..100).map(|number| format!("k{number}")).collect();
    futures_util::future::join_all(keys.iter().map(|key| place.send(&ticket, key))).await;
    place.send(&ticket, "k0").await;

    let mut announced = Vec::new();
    while announced.len() < 102 {
        announced.push(place.announced.recv().await.unwrap());
    }

    let again = announced.pop().unwrap();
    assert!(matches!(again.what, What::Again(message) if message.content == "k0"));
    for (place, stored) in announced.into_iter().enumerate() {
        let What::Entry(message) = stored.what else { panic!("{:?}", stored.what) };
        assert_eq!(message.seq, Some(place as u64 + 1));
        assert_eq!(stored.ticket.conversation.seq, place as u64 + 1);
    }
}

async fn a_page_ends_where_it_was_told_to_and_says_whether_there_is_more(place: &mut Place) {
    let ticket = place.open_ticket().await;
    for number in 2..=10 {
        place.send(&ticket, &format!("k{number}")).await;
    }
    let page = async |range, entries| {
        let size = Size { entries, bytes: usize::MAX };
        let page = place.store.messages(ticket.id, Log::Conversation, range, size).await.unwrap();
        (seqs(&page.messages), page.has_more)
    };

    assert_eq!(page(Range::Before(u64::MAX), 3).await, (vec![8, 9, 10], true));
    assert_eq!(page(Range::Before(8), 7).await, ((1..=7).collect(), false));
    assert_eq!(page(Range::Before(1), 7).await, (vec![], false));
    assert_eq!(page(Range::Before(0), 7).await, (vec![], false));
    assert_eq!(page(Range::After(8), 7).await, (vec![9, 10], false));
    assert_eq!(page(Range::After(7), 2).await, (vec![8, 9], true));
    assert_eq!(page(Range::After(u64::MAX), 2).await, (vec![], false));
}

async fn a_page_ends_before_its_bytes_but_always_moves_on(place: &mut Place) {
    let ticket = place.open_ticket().await;
    let long = "🙂".repeat(4_000);
    for number in 0..6 {
        let sender = Sender::Guest(ticket.guest.id, "Maya".to_owned());
        place.append(ticket.id, text(sender, &format!("k{number}"), &long)).await;
    }

    let size = Size { entries: 200, bytes: 50_000 };
    let range = Range::Before(u64::MAX);
    let page = place.store.messages(ticket.id, Log::Conversation, range, size).await.unwrap();
    assert_eq!((page.messages.len(), page.has_more), (3, true));
    let size = Size { entries: 200, bytes: 1 };
    let page = place.store.messages(ticket.id, Log::Conversation, range, size).await.unwrap();
    assert_eq!((page.messages.len(), page.has_more), (1, true));
}

async fn open_tickets_come_longest_waiting_first_and_closed_ones_last_closed_first(
    place: &mut Place,
) {
    let mut tickets = Vec::new();
    for _ in 0..5 {
        tickets.push(place.open_ticket().await);
    }
    // An answer ends the waiting of the first; the second is closed, then the third.
    place.append(tickets[0].id, text(Sender::Agent(alice()), "a", "hello")).await;
    for (number, ticket) in [&tickets[1], &tickets[2]].into_iter().enumerate() {
        let mut closing = close();
        closing.at = time(100 + i64::try_from(number).unwrap());
        place.append(ticket.id, closing).await;
    }

    let list = async |listing: Listing| {
        let mut after = None;
        let mut listed = Vec::new();
        loop {
            let page = place.store.tickets(listing.clone(), after, 2).await.unwrap();
            let Some(last) = page.last() else {
                break listed;
            };
            after = Some(Cursor { key: listing.key(last), id: last.id });
            listed.extend(page.iter().map(|ticket| ticket.id));
        }
    };
    let open = list(Listing::Of(TicketStatus::Open, Filter::default())).await;
    assert_eq!(open.len(), 3);
    assert_eq!(open[2], tickets[0].id);
    let closed = list(Listing::Of(TicketStatus::Closed, Filter::default())).await;
    assert_eq!(closed, [tickets[2].id, tickets[1].id]);
    assert_eq!(list(Listing::Own(tickets[4].guest.id)).await, [tickets[4].id]);
    assert_eq!(list(Listing::Own(GuestId::from_ulid(ulid()))).await, []);
}

async fn tickets_are_listed_by_who_answers_for_them(place: &mut Place) {
    let nobodys = place.open_ticket().await;
    let alices = place.open_ticket().await;
    let closed = place.open_ticket().await;
    for ticket in [&alices, &closed] {
        place.append(ticket.id, assign(Some(alice()), OnlyFrom::Anybody)).await;
    }
    place.append(closed.id, close()).await;
    let list = async |status, answering| {
        let listing = Listing::Of(status, Filter { answering, ..Filter::default() });
        let tickets = place.store.tickets(listing, None, 10).await.unwrap();
        tickets.iter().map(|ticket| ticket.id).collect::<Vec<_>>()
    };

    assert_eq!(list(TicketStatus::Open, Answering::Nobody).await, [nobodys.id]);
    assert_eq!(list(TicketStatus::Open, Answering::Agent(alice().id)).await, [alices.id]);
    assert_eq!(list(TicketStatus::Open, Answering::Agent(bob().id)).await, []);
    assert_eq!(list(TicketStatus::Closed, Answering::Agent(alice().id)).await, [closed.id]);
    assert_eq!(list(TicketStatus::Closed, Answering::Nobody).await, []);
}

async fn tickets_are_found_by_tag_and_by_words(place: &mut Place) {
    let ticket = place.open_ticket().await;
    let other = place.open_ticket().await;
    let tagging =
        Tagging { add: vec![Tag::try_from("vip".to_owned()).unwrap()], ..Tagging::default() };
    let draft = event(Log::Notes, SystemEvent::GuestEnded);
    let body = Body::Tagging { by: alice(), tagging };
    place.append(ticket.id, Draft { body, ..draft }).await;
    let named = Guest {
        name: Some("Zoë Müller".to_owned()),
        email: Some("zoe@example.com".to_owned()),
        ..ticket.guest.clone()
    };
    place.store.change_guest(named).await.unwrap();
    let find = async |filter| {
        let listing = Listing::Of(TicketStatus::Open, filter);
        let tickets = place.store.tickets(listing, None, 10).await.unwrap();
        tickets.iter().map(|ticket| ticket.id).collect::<Vec<_>>()
    };
    let tag = |tag: &str| Filter { tag: Some(tag.to_owned()), ..Filter::default() };
    let words = |words: &[&str]| Filter {
        words: words.iter().map(|&word| word.to_owned()).collect(),
        ..Filter::default()
    };

    assert_eq!(find(tag("vip")).await, [ticket.id]);
    assert_eq!(find(tag("vi")).await, []);
    assert_eq!(find(words(&["zoe"])).await, [ticket.id]);
    assert_eq!(find(words(&["MULL", "card"])).await, [ticket.id]);
    assert_eq!(find(words(&["example"])).await, [ticket.id]);
    assert_eq!(find(words(&["zoe", "nothing"])).await, []);
    let reference = other.reference.to_string();
    assert_eq!(find(words(&[&reference.to_lowercase()])).await, [other.id]);
    assert_eq!(find(words(&["card"])).await.len(), 2);
    // None of this is the search's own syntax.
    for odd in ["\"", "NEAR(a b)", "a OR b", "*", "subject:card"] {
        assert_eq!(find(words(&[odd, "zoe"])).await.len(), usize::from(odd == "\"" || odd == "*"));
    }
}

async fn what_is_not_there_is_nothing_and_no_error(place: &mut Place) {
    let store = &place.store;

    assert_eq!(store.ticket(TicketId::from_ulid(ulid())).await.unwrap(), None);
    assert_eq!(place.by_ref(TicketRef::from_bits(7)).await, None);
    let guest = Whose::Guest(GuestId::from_ulid(ulid()));
    assert_eq!(store.facts(guest, None).await.unwrap().guest, None);
    let agent = Whose::Agent(AgentId::from_ulid(ulid()), SessionId::from_ulid(ulid()));
    let facts = store.facts(agent, None).await.unwrap();
    assert!(facts.agent.is_none() && facts.session.is_none());
    assert!(store.agent_by_name("nobody".to_owned()).await.unwrap().is_none());
    assert!(store.session(SessionId::from_ulid(ulid())).await.unwrap().is_none());
    assert_eq!(place.append(TicketId::from_ulid(ulid()), close()).await, Appended::NoTicket);
}

async fn a_guests_new_name_is_on_its_tickets(place: &mut Place) {
    let ticket = place.open_ticket().await;
    let renamed = Guest { name: Some("Mia".to_owned()), ..ticket.guest.clone() };

    place.store.change_guest(renamed.clone()).await.unwrap();

    let facts = place.store.facts(Whose::Guest(renamed.id), None).await.unwrap();
    assert_eq!(facts.guest, Some(renamed.clone()));
    assert_eq!(place.store.ticket(ticket.id).await.unwrap().unwrap().guest, renamed);
}

async fn a_username_is_given_once(place: &mut Place) {
    let first = agent("alice");

    assert!(place.store.add_agent(first.clone()).await.unwrap());
    assert!(!place.store.add_agent(agent("alice")).await.unwrap());
    assert!(place.store.add_agent(agent("bob")).await.unwrap());
    let found = place.store.agent_by_name("alice".to_owned()).await.unwrap().unwrap();
    assert_eq!(found.id, first.id);
    assert_eq!(place.store.agents().await.unwrap().len(), 2);
}

async fn changing_an_agent_ends_its_other_sessions(place: &mut Place) {
    let alice = agent("alice");
    let bob = agent("bob");
    let session = |agent: &AgentRecord| SessionRecord {
        id: SessionId::from_ulid(ulid()),
        agent: agent.id,
        ends_at: time(1000),
        ended: false,
    };
    let (kept, other, strange) = (session(&alice), session(&alice), session(&bob));
    for agent in [&alice, &bob] {
        place.store.add_agent(agent.clone()).await.unwrap();
    }
    let add = async |session: &SessionRecord, hash: &str| {
        place.store.add_session(session.clone(), hash.to_owned(), time(0)).await.unwrap()
    };
    for session in [&kept, &other, &strange] {
        assert!(add(session, "hash").await);
    }
    // Proved by a password that is the agent's no more.
    assert!(!add(&session(&alice), "another").await);
    let change = AgentChange {
        password_hash: Some("new".to_owned()),
        must_change_password: Some(false),
        ..AgentChange::default()
    };

    let changed = place.store.change_agent(alice.id, change, Some(kept.id)).await.unwrap();
    assert_eq!(changed, Changed::Done);

    let ended = async |id| place.store.session(id).await.unwrap().unwrap().ended;
    assert!(!ended(kept.id).await);
    assert!(ended(other.id).await);
    assert!(!ended(strange.id).await);
    let whose = Whose::Agent(alice.id, kept.id);
    let changed = place.store.facts(whose, None).await.unwrap().agent.unwrap();
    assert_eq!(changed.password_hash, "new");
    assert!(!changed.must_change_password);
    place.store.end_session(kept.id).await.unwrap();
    assert!(ended(kept.id).await);
}

async fn the_last_admin_stays(place: &mut Place) {
    let admin = |name: &str| AgentRecord { role: AgentRole::Admin, ..agent(name) };
    let (one, two) = (admin("one"), admin("two"));
    place.store.add_agent(one.clone()).await.unwrap();
    place.store.add_agent(agent("alice")).await.unwrap();
    let change = async |agent: &AgentRecord, change| {
        place.store.change_agent(agent.id, change, None).await.unwrap()
    };
    let disable = || AgentChange { disabled: Some(true), ..AgentChange::default() };
    let demote = || AgentChange { role: Some(AgentRole::Agent), ..AgentChange::default() };

    assert_eq!(change(&one, disable()).await, Changed::LastAdmin);
    assert_eq!(change(&one, demote()).await, Changed::LastAdmin);
    place.store.add_agent(two.clone()).await.unwrap();
    assert_eq!(change(&one, disable()).await, Changed::Done);
    assert_eq!(change(&two, demote()).await, Changed::LastAdmin);
    assert_eq!(change(&agent("nobody"), disable()).await, Changed::NoAgent);
}

async fn read_marks_rise_and_never_pass_the_head(place: &mut Place) {
    let ticket = place.open_ticket().await;
    place.append(ticket.id, text(Sender::Agent(alice()), "a", "hello")).await;
    place.append(ticket.id, text(Sender::Agent(alice()), "b", "hello")).await;
    let mark = async |role, seq| place.store.mark_read(ticket.id, role, seq).await.unwrap();
    let marks = async || {
        let ticket = place.store.ticket(ticket.id).await.unwrap().unwrap();
        (ticket.guest_read_seq, ticket.agent_read_seq)
    };

    assert_eq!(marks().await, (1, 3));
    assert!(mark(SenderRole::Guest, 2).await);
    assert!(!mark(SenderRole::Guest, 1).await);
    assert!(mark(SenderRole::Guest, u64::MAX).await);
    assert!(!mark(SenderRole::Agent, 9).await);
    assert_eq!(marks().await, (3, 3));
}

async fn a_conversation_is_rated_once_and_when_it_is_over(place: &mut Place) {
    let ticket = place.open_ticket().await;
    let rate = async |score| {
        let rating = Rating { score, comment: None, at: time(9) };
        place.store.rate(ticket.id, rating).await.unwrap()
    };

    assert_eq!(rate(5).await, Rated::Refused);
    place.append(ticket.id, event(Log::Conversation, SystemEvent::GuestEnded)).await;
    assert!(matches!(rate(4).await, Rated::Done(_)));
    assert_eq!(rate(5).await, Rated::Refused);
    let rated = place.store.ticket(ticket.id).await.unwrap().unwrap().rating.unwrap();
    assert_eq!(rated.score, 4);
}

async fn tags_are_changed_on_top_of_what_they_are(place: &mut Place) {
    let ticket = place.open_ticket().await;
    let tag = |text: &str| Tag::try_from(text.to_owned()).unwrap();
    let tagging = |add: &[&str], remove: &[&str]| Draft {
        log: Log::Notes,
        body: Body::Tagging {
            by: alice(),
            tagging: Tagging {
                add: add.iter().map(|it| tag(it)).collect(),
                remove: remove.iter().map(|it| tag(it)).collect(),
                priority: None,
            },
        },
        ..event(Log::Notes, SystemEvent::GuestEnded)
    };

    futures_util::future::join_all(
        ["a", "b", "c"].map(|it| place.append(ticket.id, tagging(&[it], &[]))),
    )
    .await;
    place.append(ticket.id, tagging(&["d"], &["b"])).await;

    let mut tags = place.store.ticket(ticket.id).await.unwrap().unwrap().notes.tags;
    tags.sort();
    assert_eq!(tags, ["a", "c", "d"]);
    let unchanged = place.append(ticket.id, tagging(&["d"], &["b"])).await;
    assert!(matches!(unchanged, Appended::Unchanged(_)));
}

async fn the_audit_keeps_what_it_is_told(place: &mut Place) {
    assert_eq!(place.store.last_audit().await.unwrap(), None);
    let audit = |who: &str, result| Audit {
        at: time(1),
        who: who.to_owned(),
        what: "SignIn".to_owned(),
        object: None,
        result,
    };

    place.store.audit(audit("stranger", "invalid_credentials")).await.unwrap();
    place.store.audit(audit("alice", "ok")).await.unwrap();
    place.restart().await;

    let last = place.store.last_audit().await.unwrap();
    assert_eq!(last, Some((2, "alice SignIn - ok".to_owned())));
}

async fn everything_is_there_after_a_restart(place: &mut Place) {
    let ticket = place.open_ticket().await;
    place.send(&ticket, "two").await;
    place.append(ticket.id, close()).await;
    let before = place.store.ticket(ticket.id).await.unwrap().unwrap();
    let messages = place.all(ticket.id, Log::Conversation).await;
    let epoch = place.store.epoch().to_owned();

    place.restart().await;

    assert_eq!(place.store.ticket(ticket.id).await.unwrap(), Some(before.clone()));
    assert_eq!(place.all(ticket.id, Log::Conversation).await, messages);
    assert_eq!(place.store.epoch(), epoch);
    assert_eq!(before.conversation.status, TicketStatus::Closed);
    assert!(matches!(place.send(&ticket, "two").await, Appended::Duplicate(_)));
}

async fn a_closed_store_says_that_it_is_out_of_reach(place: &mut Place) {
    let ticket = place.open_ticket().await;
    place.store.close().await;

    let draft = text(Sender::Agent(alice()), "late", "late");
    assert!(place.store.append(ticket.id, draft).await.is_err());
}

macro_rules! contract {
    ($($promise:ident,)*) => {
        mod sqlite {
            $(#[tokio::test]
            async fn $promise() {
                super::$promise(&mut super::Place::sqlite()).await;
            })*
        }
    };
}

contract! {
    a_ticket_begins_with_its_first_message,
    a_ticket_is_opened_once_for_a_guest_and_key,
    a_guest_has_no_more_open_tickets_than_it_may,
    open_tickets_are_limited_also_when_they_are_opened_at_once,
    two_tickets_never_share_a_ref,
    entries_are_numbered_without_holes_however_many_write_at_once,
    a_message_is_stored_once_and_its_first_content_wins,
    a_message_is_stored_once_also_when_it_is_sent_at_once,
    a_client_message_id_belongs_to_its_sender_and_ticket,
    a_client_message_id_spans_both_logs,
    a_closed_ticket_takes_nothing_until_it_is_opened_again,
    a_message_and_a_close_never_both_win,
    notes_have_numbers_of_their_own_and_move_nothing_of_the_conversation,
    of_many_who_claim_a_ticket_one_wins_and_the_rest_hear_who,
    an_agent_joins_once_and_leaves_once,
    time_is_a_label_that_never_runs_backwards,
    a_log_is_announced_in_its_order_and_only_once_stored,
    a_page_ends_where_it_was_told_to_and_says_whether_there_is_more,
    a_page_ends_before_its_bytes_but_always_moves_on,
    open_tickets_come_longest_waiting_first_and_closed_ones_last_closed_first,
    tickets_are_listed_by_who_answers_for_them,
    tickets_are_found_by_tag_and_by_words,
    what_is_not_there_is_nothing_and_no_error,
    a_guests_new_name_is_on_its_tickets,
    a_username_is_given_once,
    changing_an_agent_ends_its_other_sessions,
    the_last_admin_stays,
    read_marks_rise_and_never_pass_the_head,
    a_conversation_is_rated_once_and_when_it_is_over,
    tags_are_changed_on_top_of_what_they_are,
    the_audit_keeps_what_it_is_told,
    everything_is_there_after_a_restart,
    a_closed_store_says_that_it_is_out_of_reach,
}
