//! Promises about what is written into a ticket and its logs.

use super::*;

pub(super) async fn entries_are_numbered_without_holes_however_many_write_at_once(
    place: &mut Place,
) {
    let ticket = place.open_ticket().await;
    let keys: Vec<String> = (0..200).map(|number| format!("k{number}")).collect();

    futures_util::future::join_all(keys.iter().map(|key| place.send(&ticket, key))).await;

    let messages = place.all(ticket.id, Log::Conversation).await;
    assert_eq!(seqs(&messages), (1..=201).collect::<Vec<_>>());
    let stored: HashSet<&str> = messages.iter().map(|it| it.content.as_str()).collect();
    assert_eq!(stored.len(), 201);
}

pub(super) async fn a_message_is_stored_once_and_its_first_content_wins(place: &mut Place) {
    let ticket = place.open_ticket().await;
    let sender = || Sender::Guest(ticket.guest.id, "Maya".to_owned());
    let Appended::New(_, first) = place.append(ticket.id, text(sender(), "k", "one")).await else {
        panic!()
    };

    let again = place.append(ticket.id, text(sender(), "k", "two")).await;

    assert_eq!(again, Appended::Duplicate(first));
    assert_eq!(place.all(ticket.id, Log::Conversation).await.len(), 2);
}

pub(super) async fn a_message_is_stored_once_also_when_it_is_sent_at_once(place: &mut Place) {
    let ticket = place.open_ticket().await;

    let sent = futures_util::future::join_all((0..20).map(|_| place.send(&ticket, "k"))).await;

    assert_eq!(sent.iter().filter(|it| matches!(it, Appended::New(..))).count(), 1);
    assert_eq!(sent.iter().filter(|it| matches!(it, Appended::Duplicate(_))).count(), 19);
    assert_eq!(place.all(ticket.id, Log::Conversation).await.len(), 2);
}

pub(super) async fn a_client_message_id_belongs_to_its_sender_and_ticket(place: &mut Place) {
    let ticket = place.open_ticket().await;
    let other = place.open_ticket().await;

    assert!(matches!(place.send(&ticket, "k").await, Appended::New(..)));
    assert!(matches!(
        place.append(ticket.id, text(Sender::Agent(alice()), "k", "mine")).await,
        Appended::New(..)
    ));
    assert!(matches!(place.send(&other, "k").await, Appended::New(..)));
}

pub(super) async fn a_client_message_id_spans_both_logs(place: &mut Place) {
    let ticket = place.open_ticket().await;
    let note = Draft { log: Log::Notes, ..text(Sender::Agent(alice()), "k", "a note") };
    let Appended::New(_, stored) = place.append(ticket.id, note).await else { panic!() };

    let reply = place.append(ticket.id, text(Sender::Agent(alice()), "k", "a reply")).await;

    assert_eq!(reply, Appended::Duplicate(stored));
}

pub(super) async fn a_closed_ticket_takes_nothing_until_it_is_opened_again(place: &mut Place) {
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

pub(super) async fn a_guest_who_had_no_answer_waits_again_when_the_ticket_is_opened_again(
    place: &mut Place,
) {
    let ticket = place.open_ticket().await;
    let reopen = || event(Log::Conversation, SystemEvent::TicketReopened { agent: Some(bob()) });
    let waits = async |place: &Place| {
        let ticket = place.store.ticket(ticket.id).await.unwrap().unwrap();
        ticket.conversation.waiting_since.is_some()
    };
    let done = || event(Log::Conversation, SystemEvent::GuestEnded);
    let answer = || text(Sender::Agent(alice()), "a", "hello");
    for (said, waits_again) in [(None, true), (Some(done()), false), (Some(answer()), false)] {
        for draft in said.into_iter().chain([close()]) {
            place.append(ticket.id, draft).await;
        }
        assert!(!waits(place).await);
        place.append(ticket.id, reopen()).await;
        assert_eq!(waits(place).await, waits_again);
    }
}

pub(super) async fn a_message_and_a_close_never_both_win(place: &mut Place) {
    for round in 0..place.rounds(200) {
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

pub(super) async fn notes_have_numbers_of_their_own_and_move_nothing_of_the_conversation(
    place: &mut Place,
) {
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

pub(super) async fn of_many_who_claim_a_ticket_one_wins_and_the_rest_hear_who(place: &mut Place) {
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

pub(super) async fn an_agent_joins_once_and_leaves_once(place: &mut Place) {
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

pub(super) async fn time_is_a_label_that_never_runs_backwards(place: &mut Place) {
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

pub(super) async fn a_log_is_announced_in_its_order_and_only_once_stored(place: &mut Place) {
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

pub(super) async fn read_marks_rise_and_never_pass_the_head(place: &mut Place) {
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

pub(super) async fn a_conversation_is_rated_once_and_when_it_is_over(place: &mut Place) {
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

pub(super) async fn tags_are_changed_on_top_of_what_they_are(place: &mut Place) {
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
