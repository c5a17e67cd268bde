//! Promises of a store that several nodes share: nothing that one node knows may be needed by
//! another.

use super::super::replicated::collections::{Collections, Inserted, Opening};
use super::*;

type Below<'a> = &'a dyn Collections;

/// A store of its own on what the place keeps.
async fn another(place: &Place) -> Place {
    let (store, announced) = (place.reopen)().await;
    Place { store, announced, reopen: Box::new(|| unreachable!()), kept: Kept::Elsewhere }
}

/// Puts an entry into its log without a node, and without a word of it anywhere else.
async fn insert(place: &Place, entry: &Message) {
    let entries = std::slice::from_ref(entry);
    let outcome =
        with_collections(place, async |it| it.insert_entries(entries).await.pop().unwrap()).await;
    assert_eq!(outcome.unwrap(), Inserted::Done);
}

/// Does something to what lies below the protocol.
async fn with_collections<T>(place: &Place, step: impl AsyncFn(Below<'_>) -> T) -> T {
    match &place.kept {
        Kept::Tables(tables) => step(&Simulated::open(Arc::clone(tables), Arc::new(Calm))).await,
        #[cfg(feature = "mongo")]
        Kept::Database(scratch) => {
            step(&Mongo::open(&scratch.address, &Source::system()).await.unwrap()).await
        }
        Kept::Directory(_) | Kept::Elsewhere => panic!("there are no collections here"),
    }
}

pub(super) async fn a_message_and_a_close_on_two_nodes_never_both_win(place: &mut Place) {
    let other = another(place).await;
    for round in 0..20 {
        let ticket = place.open_ticket().await;
        let keys: Vec<String> = (0..6).map(|number| format!("r{round}-{number}")).collect();
        let sends = futures_util::future::join_all(keys.iter().map(|key| place.send(&ticket, key)));

        let (sent, closed) = tokio::join!(sends, other.append(ticket.id, close()));

        assert!(matches!(closed, Appended::New(..)));
        for sent in &sent {
            let closed = Appended::Refused(Refusal::Closed);
            assert!(matches!(sent, Appended::New(..)) || *sent == closed, "{sent:?}");
        }
        let messages = other.all(ticket.id, Log::Conversation).await;
        assert_eq!(seqs(&messages), (1..=messages.len() as u64).collect::<Vec<_>>());
        assert!(messages.last().unwrap().event.is_some());
        let stored = sent.iter().filter(|it| matches!(it, Appended::New(..))).count();
        assert_eq!(stored, messages.len() - 2);
    }
}

pub(super) async fn a_message_that_is_sent_to_two_nodes_is_stored_once(place: &mut Place) {
    let other = another(place).await;
    let ticket = place.open_ticket().await;
    for number in 0..20 {
        let key = format!("k{number}");

        let (one, two) = tokio::join!(place.send(&ticket, &key), other.send(&ticket, &key));

        let message = |it: Appended| match it {
            Appended::New(_, message) | Appended::Duplicate(message) => *message,
            other => panic!("{other:?}"),
        };
        assert_eq!(message(one), message(two));
    }
    assert_eq!(seqs(&place.all(ticket.id, Log::Conversation).await), (1..=21).collect::<Vec<_>>());
}

pub(super) async fn a_guests_limit_holds_on_two_nodes(place: &mut Place) {
    let other = another(place).await;
    let guest = guest();
    place.store.add_guest(guest.clone(), time(0)).await.unwrap();
    let keys: Vec<String> = (0..12).map(|number| format!("k{number}")).collect();

    let created = keys.iter().enumerate().map(|(number, key)| {
        let node = if number % 2 == 0 { &*place } else { &other };
        node.create(&guest, key, 3)
    });
    let created = futures_util::future::join_all(created).await;

    let new: Vec<&Created> = created.iter().filter(|it| matches!(it, Created::New(..))).collect();
    assert_eq!(new.len(), 3);
    let Created::New(ticket, _) = new[0] else { panic!() };
    assert!(matches!(other.append(ticket.id, close()).await, Appended::New(..)));
    assert!(matches!(place.create(&guest, "next", 3).await, Created::New(..)));
    assert_eq!(other.create(&guest, "more", 3).await, Created::TooMany);
    // A ticket that is opened again is one too many, and is let be; a new one is not.
    let reopen = event(Log::Conversation, SystemEvent::TicketReopened { agent: None });
    assert!(matches!(place.append(ticket.id, reopen).await, Appended::New(..)));
    assert_eq!(place.create(&guest, "again", 4).await, Created::TooMany);
}

pub(super) async fn a_ticket_counts_that_a_node_opened_again_when_it_ended(place: &mut Place) {
    let ticket = place.open_ticket().await;
    let other = another(place).await;
    let closed = place.append(ticket.id, close()).await;
    let Appended::New(record, mut entry) = closed else { panic!("{closed:?}") };
    // What a node has written when it ends before the summary: the mark, and then the entry.
    let opening = Opening { ticket: ticket.id, seq: record.conversation.seq + 1 };
    with_collections(place, async |it| it.mark_opening(&[opening]).await.unwrap()).await;
    let new = other.create(&ticket.guest, "two", 1).await;
    let Created::New(second, _) = new else { panic!("the mark alone opens nothing: {new:?}") };
    other.append(second.id, close()).await;
    (entry.id, entry.seq) = (MessageId::from_ulid(ulid()), Some(opening.seq));
    entry.event = Some(SystemEvent::TicketReopened { agent: None });
    insert(place, &entry).await;

    assert_eq!(other.create(&ticket.guest, "three", 1).await, Created::TooMany);
    other.append(ticket.id, close()).await;
    assert!(matches!(other.create(&ticket.guest, "four", 1).await, Created::New(..)));
}

pub(super) async fn the_last_admin_stays_however_many_nodes_there_are(place: &mut Place) {
    let other = another(place).await;
    let admin = |name: &str| AgentRecord { role: AgentRole::Admin, ..agent(name) };
    let role = |role| AgentChange { role: Some(role), ..AgentChange::default() };
    let (one, two) = (admin("one"), admin("two"));
    for admin in [&one, &two] {
        assert!(place.store.add_agent(admin.clone()).await.unwrap());
    }
    for round in 0..10 {
        let (here, there) = tokio::join!(
            place.store.change_agent(one.id, role(AgentRole::Agent), None),
            other.store.change_agent(two.id, role(AgentRole::Agent), None),
        );

        let agents = place.store.agents().await.unwrap();
        let left: Vec<&AgentRecord> =
            agents.iter().filter(|it| it.role == AgentRole::Admin).collect();
        assert_eq!(left.len(), 1, "round {round}: {here:?} {there:?}");
        let refused = [here.unwrap(), there.unwrap()];
        assert!(refused.contains(&Changed::LastAdmin) && refused.contains(&Changed::Done));
        for id in [one.id, two.id] {
            place.store.change_agent(id, role(AgentRole::Admin), None).await.unwrap();
        }
    }
}

pub(super) async fn an_entry_whose_node_ended_is_in_the_summary_of_whoever_loads_it(
    place: &mut Place,
) {
    let ticket = place.open_ticket().await;
    // What a node has written when it ends before the summary.
    let Appended::New(_, second) = place.send(&ticket, "two").await else { panic!() };
    let mut third = *second.clone();
    (third.id, third.seq) = (MessageId::from_ulid(ulid()), Some(3));
    third.client_message_id = Some(id("three"));
    insert(place, &third).await;

    let loaded = place.store.ticket(ticket.id).await.unwrap().unwrap();

    assert_eq!(loaded.conversation.seq, 3);
    assert_eq!(place.all(ticket.id, Log::Conversation).await.last(), Some(&third));
    assert!(matches!(place.send(&ticket, "three").await, Appended::Duplicate(_)));
    place.restart().await;
    // The start mends what nobody loads.
    let in_list = async {
        loop {
            let listing = Listing::Of(TicketStatus::Open, Filter::default());
            let tickets = place.store.tickets(listing, None, 10).await.unwrap();
            if tickets[0].conversation.seq == 3 {
                return;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(30), in_list).await.unwrap();
}

pub(super) async fn a_read_mark_never_falls_behind_what_a_summary_has_missed(place: &mut Place) {
    let ticket = place.open_ticket().await;
    let Appended::New(_, second) = place.send(&ticket, "two").await else { panic!() };
    // The summary knows of two entries; the third and the fourth come from a node that has ended.
    for seq in [3, 4] {
        let mut entry = *second.clone();
        (entry.id, entry.seq) = (MessageId::from_ulid(ulid()), Some(seq));
        entry.client_message_id = Some(id(&format!("k{seq}")));
        if seq == 4 {
            entry.sender_role = SenderRole::Agent;
            entry.sender_id = Some(alice().id.to_string());
        }
        insert(place, &entry).await;
    }
    assert!(place.store.mark_read(ticket.id, SenderRole::Guest, 4).await.unwrap());

    let loaded = place.store.ticket(ticket.id).await.unwrap().unwrap();

    assert_eq!((loaded.conversation.seq, loaded.guest_read_seq), (4, 4));
}

pub(super) async fn what_a_node_says_of_itself_is_read_by_the_others_until_it_is_forgotten(
    place: &mut Place,
) {
    let other = another(place).await;
    let seat = |number: u128| (TicketId::from_ulid(Ulid::from(number)), alice().id);
    let says =
        |node: u128, beat: u64, seats: Vec<_>| Heartbeat { node: Ulid::from(node), beat, seats };
    let read = async |place: &Place| {
        let mut heartbeats = place.store.heartbeats().await.unwrap();
        heartbeats.sort_by_key(|it| it.node);
        heartbeats
    };
    assert!(place.store.is_shared());
    assert_eq!(read(place).await, []);

    place.store.beat(says(1, 1, vec![seat(1)])).await.unwrap();
    place.store.beat(says(1, 3, vec![seat(1), seat(2)])).await.unwrap();
    // Long on its way.
    place.store.beat(says(1, 2, vec![])).await.unwrap();
    other.store.beat(says(2, 1, vec![])).await.unwrap();

    let all = [says(1, 3, vec![seat(1), seat(2)]), says(2, 1, vec![])];
    assert_eq!(read(&other).await, all);
    other.store.forget_node(Ulid::from(1), 2).await.unwrap();
    assert_eq!(read(place).await, all);
    other.store.forget_node(Ulid::from(1), 3).await.unwrap();
    place.store.forget_node(Ulid::from(2), u64::MAX).await.unwrap();
    assert_eq!(read(&other).await, []);
}
