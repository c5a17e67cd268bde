//! Promises about closing a store and opening it again.

use super::*;

pub(super) async fn everything_is_there_after_a_restart(place: &mut Place) {
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

pub(super) async fn a_closed_store_says_that_it_is_out_of_reach(place: &mut Place) {
    let ticket = place.open_ticket().await;
    place.store.close().await;

    let draft = text(Sender::Agent(alice()), "late", "late");
    assert!(place.store.append(ticket.id, draft).await.is_err());
}
