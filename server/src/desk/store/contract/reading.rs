//! Promises about pages, lists and searches.

use super::*;

pub(super) async fn a_page_ends_where_it_was_told_to_and_says_whether_there_is_more(
    place: &mut Place,
) {
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

pub(super) async fn a_page_ends_before_its_bytes_but_always_moves_on(place: &mut Place) {
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

pub(super) async fn open_tickets_come_longest_waiting_first_and_closed_ones_last_closed_first(
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

pub(super) async fn tickets_are_listed_by_who_answers_for_them(place: &mut Place) {
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

pub(super) async fn tickets_are_found_by_tag_and_by_words(place: &mut Place) {
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

pub(super) async fn what_is_not_there_is_nothing_and_no_error(place: &mut Place) {
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

pub(super) async fn another_guests_ticket_is_not_there_for_a_guest(place: &mut Place) {
    let ticket = place.open_ticket().await;
    let eve = guest();
    place.store.add_guest(eve.clone(), time(0)).await.unwrap();

    for name in [TicketName::Id(ticket.id), TicketName::Ref(ticket.reference)] {
        let found = async |whose| place.store.facts(whose, Some(name)).await.unwrap().ticket;
        assert_eq!(found(Whose::Guest(eve.id)).await, None);
        assert_eq!(found(Whose::Guest(ticket.guest.id)).await, Some(ticket.clone()));
        assert_eq!(found(Whose::Nobodys).await, Some(ticket.clone()));
        let session = SessionId::from_ulid(ulid());
        assert_eq!(found(Whose::Agent(alice().id, session)).await, Some(ticket.clone()));
    }
}
