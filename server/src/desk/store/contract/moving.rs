//! Promises about moving to another store and from one.

use super::super::moving::{Kind, Record};
use super::*;

/// Everything that a store holds, in pages of `count`.
pub(crate) async fn everything(store: &dyn Store, count: usize) -> Vec<Record> {
    let mut all: Vec<Record> = Vec::new();
    for kind in Kind::ALL {
        let mut after = None;
        loop {
            let page = store.dump(kind, after, count).await.unwrap();
            assert!(page.len() <= count && page.iter().all(|record| record.kind() == kind));
            let Some(last) = page.last() else { break };
            after = Some(last.key());
            all.extend(page);
        }
    }
    all
}

/// A store's records are told by their JSON: passwords' hashes have no other form to print.
pub(crate) fn lines(records: &[Record]) -> Vec<String> {
    records.iter().map(|record| serde_json::to_string(record).unwrap()).collect()
}

/// What is left of a day in the directory `data`, with as many `messages` more.
pub(crate) async fn a_day_in(data: &std::path::Path, messages: usize) -> Arc<dyn Store> {
    let place = Place::sqlite_in(data).await;
    let ticket = place.live_a_day().await;
    let sends = (0..messages).map(|number| {
        let sender = Sender::Guest(ticket.guest.id, "Maya".to_owned());
        let content = format!("{number} {}", "where is my order ".repeat(1 + number % 20));
        place.append(ticket.id, text(sender, &format!("day{number}"), &content))
    });
    for sent in futures_util::future::join_all(sends).await {
        assert!(matches!(sent, Appended::New(..)));
    }
    place.store
}

/// Appends to the first ticket there is, under `key`; the number of the entry.
pub(crate) async fn write(store: &dyn Store, key: &str) -> u64 {
    let tickets = store.tickets(Listing::Of(TicketStatus::Open, Filter::default()), None, 1).await;
    let ticket = tickets.unwrap().remove(0);
    let draft = text(Sender::Guest(ticket.guest.id, "Maya".to_owned()), key, key);
    match store.append(ticket.id, draft).await.unwrap() {
        Appended::New(_, message) => message.seq.unwrap(),
        other => panic!("{other:?}"),
    }
}

impl Place {
    /// Leaves some of every kind.
    async fn live_a_day(&self) -> TicketRecord {
        let alice = agent("alice");
        self.store.add_agent(alice.clone()).await.unwrap();
        let (id, agent) = (SessionId::from_ulid(ulid()), alice.id);
        let session = SessionRecord { id, agent, ends_at: time(1000), ended: false };
        assert!(self.store.add_session(session, "hash".to_owned(), time(0)).await.unwrap());
        for object in [None, Some(alice.id.to_string())] {
            let (who, what) = ("operator".to_owned(), "add_agent".to_owned());
            let audit = Audit { at: time(1), who, what, object, result: "ok" };
            self.store.audit(audit).await.unwrap();
        }
        let canned = super::canned::canned("hello");
        assert_eq!(self.store.add_canned(canned, 9).await.unwrap(), AddedCanned::Done);
        let ended = self.open_ticket().await;
        self.append(ended.id, event(Log::Conversation, SystemEvent::GuestEnded)).await;
        let rating = Rating { score: 4, comment: Some("fine".to_owned()), at: time(9) };
        assert!(matches!(self.store.rate(ended.id, rating).await.unwrap(), Rated::Done(_)));
        self.append(ended.id, close()).await;
        let ticket = self.open_ticket().await;
        let join = SystemEvent::AgentJoined { agent: self::alice() };
        self.append(ticket.id, event(Log::Conversation, join)).await;
        for number in 0..12 {
            self.send(&ticket, &format!("k{number}")).await;
        }
        let tagging =
            Tagging { add: vec![Tag::try_from("vip".to_owned()).unwrap()], ..Tagging::default() };
        let body = Body::Tagging { by: self::alice(), tagging };
        self.append(ticket.id, Draft { body, ..event(Log::Notes, SystemEvent::GuestEnded) }).await;
        let note = Draft { log: Log::Notes, ..text(Sender::Agent(self::alice()), "n", "a note") };
        self.append(ticket.id, note).await;
        self.append(ticket.id, assign(Some(self::alice()), OnlyFrom::Anybody)).await;
        assert!(self.store.mark_read(ticket.id, SenderRole::Agent, 5).await.unwrap());
        self.store.ticket(ticket.id).await.unwrap().unwrap()
    }
}

pub(super) async fn everything_can_move_to_a_store_and_is_the_same_there(place: &mut Place) {
    let old = Place::sqlite().await;
    old.live_a_day().await;
    let records = everything(&*old.store, 3).await;
    let kinds: HashSet<Kind> = records.iter().map(Record::kind).collect();
    assert_eq!(kinds.len(), Kind::ALL.len());

    for some in records.chunks(5) {
        place.store.load(some.to_vec()).await.unwrap();
    }

    assert_eq!(lines(&everything(&*place.store, 4).await), lines(&records));
    place.store.load(records.clone()).await.unwrap();
    place.restart().await;
    assert_eq!(lines(&everything(&*place.store, 1000).await), lines(&records));
    assert!(place.announced.try_recv().is_err());
}

pub(super) async fn everything_can_move_from_a_store_and_is_the_same_elsewhere(place: &mut Place) {
    place.live_a_day().await;
    let records = everything(&*place.store, 4).await;
    let new = Place::sqlite().await;

    new.store.load(records.clone()).await.unwrap();

    assert_eq!(lines(&everything(&*new.store, 3).await), lines(&records));
}

pub(super) async fn a_desk_that_has_moved_goes_on_where_it_was(place: &mut Place) {
    let old = Place::sqlite().await;
    let ticket = old.live_a_day().await;
    place.store.load(everything(&*old.store, 1000).await).await.unwrap();

    assert_eq!(place.by_ref(ticket.reference).await, Some(ticket.clone()));
    assert!(matches!(place.send(&ticket, "k3").await, Appended::Duplicate(_)));
    let Appended::New(after, message) = place.send(&ticket, "new").await else { panic!() };
    assert_eq!(message.seq, Some(ticket.conversation.seq + 1));
    assert_eq!(after.conversation.seq, ticket.conversation.seq + 1);
    assert!(!place.store.add_agent(agent("alice")).await.unwrap());
    let list = async |filter| {
        let listing = Listing::Of(TicketStatus::Open, filter);
        place.store.tickets(listing, None, 10).await.unwrap().len()
    };
    assert_eq!(list(Filter { tag: Some("vip".to_owned()), ..Filter::default() }).await, 1);
    assert_eq!(list(Filter { words: vec!["maya".to_owned()], ..Filter::default() }).await, 1);
    assert_eq!(place.store.attended_tickets().await.unwrap().len(), 1);
    assert!(matches!(place.create(&ticket.guest, "first", 1).await, Created::Duplicate(..)));
    assert_eq!(place.create(&ticket.guest, "other", 1).await, Created::TooMany);
    let audit =
        Audit { at: time(0), who: "x".into(), what: "y".into(), object: None, result: "ok" };
    place.store.audit(audit).await.unwrap();
    assert_eq!(place.store.last_audit().await.unwrap(), Some((3, "x y - ok".to_owned())));
}
