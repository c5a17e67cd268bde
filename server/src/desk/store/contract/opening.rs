//! Promises about opening tickets.

use super::*;

pub(super) async fn a_ticket_begins_with_its_first_message(place: &mut Place) {
    let ticket = place.open_ticket().await;

    assert_eq!(place.store.ticket(ticket.id).await.unwrap(), Some(ticket.clone()));
    assert_eq!(place.by_ref(ticket.reference).await, Some(ticket.clone()));
    let messages = place.all(ticket.id, Log::Conversation).await;
    assert_eq!(seqs(&messages), [1]);
    assert_eq!(messages[0].content, "hello");
    assert_eq!(ticket.conversation.last_message.unwrap().preview, "hello");
}

pub(super) async fn a_ticket_is_opened_once_for_a_guest_and_key(place: &mut Place) {
    let guest = guest();
    place.store.add_guest(guest.clone(), time(0)).await.unwrap();

    let Created::New(first, message) = place.create(&guest, "same", 3).await else { panic!() };
    let again = place.create(&guest, "same", 3).await;

    assert_eq!(again, Created::Duplicate(first, message));
    let other = self::guest();
    place.store.add_guest(other.clone(), time(0)).await.unwrap();
    assert!(matches!(place.create(&other, "same", 3).await, Created::New(..)));
}

pub(super) async fn a_guest_has_no_more_open_tickets_than_it_may(place: &mut Place) {
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

pub(super) async fn open_tickets_are_limited_also_when_they_are_opened_at_once(place: &mut Place) {
    let guest = guest();
    place.store.add_guest(guest.clone(), time(0)).await.unwrap();
    let keys: Vec<String> = (0..20).map(|number| format!("k{number}")).collect();

    let created =
        futures_util::future::join_all(keys.iter().map(|key| place.create(&guest, key, 3))).await;

    assert_eq!(created.iter().filter(|it| matches!(it, Created::New(..))).count(), 3);
    assert_eq!(created.iter().filter(|it| **it == Created::TooMany).count(), 17);
}

pub(super) async fn two_tickets_never_share_a_ref(place: &mut Place) {
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
