//! What a notice would have told and did not: the console finds out by another way.

use support_shared::AgentId;
use support_shared::notice::{AgentNotice, HeadNotice, TicketNotice};
use support_shared::ticket::{AgentName, Ticket};

use super::{Story, closed, guest};
use crate::core::Msg;
use crate::core::fixture::{note, ticket};

/// The queue's word on ticket 1: its conversation ends with this number now.
fn ends_with(seq: u64, later_millis: i64) -> AgentNotice {
    let known = ticket(1);
    let updated_at = known.updated_at.plus_millis(later_millis);
    AgentNotice::TicketUpdated(TicketNotice {
        ticket: Ticket { last_seq: seq, updated_at, ..known },
    })
}

/// The queue's word on ticket 1: its notes end with this number now.
fn notes_end_with(note: u64, later_millis: i64) -> AgentNotice {
    let known = ticket(1);
    let updated_at = known.updated_at.plus_millis(later_millis);
    AgentNotice::TicketUpdated(TicketNotice {
        ticket: Ticket { last_note_seq: note, updated_at, ..known },
    })
}

/// What is on the screen of both logs, from the top.
fn read(story: &Story) -> Vec<String> {
    let entries = story.state.conversation().unwrap().timeline.entries();
    entries.iter().map(|entry| entry.content.line(40)).collect()
}

fn after_a_while(story: &mut Story, millis: i64) {
    story.now = story.now.plus_millis(millis);
    story.happens(Msg::Deadline);
}

#[test]
fn a_room_that_the_server_has_taken_from_us_is_joined_again_when_the_queue_tells_of_more() {
    let mut story = Story::in_conversation([guest(1), guest(2)]);
    // Closed, opened again and joined: the notice of the close comes late, and is stale here.
    story.notices(ends_with(2, 10));
    story.notices(AgentNotice::TicketClosed(TicketNotice { ticket: closed(1) }));
    assert!(story.asked().is_empty());

    story.notices(ends_with(3, 20));
    assert!(story.asked().is_empty());
    let due = story.state.next_deadline().unwrap();
    assert!(due <= story.now.plus_millis(2_000), "nothing else would wake the console");
    after_a_while(&mut story, 2_000);

    assert_eq!(story.asked(), ["join after Some(2)"]);
}

#[test]
fn the_queue_s_word_that_comes_just_before_the_message_asks_for_nothing() {
    let mut story = Story::in_conversation([guest(1), guest(2)]);

    story.notices(ends_with(3, 10));
    story.says(guest(3));
    after_a_while(&mut story, 2_000);

    assert!(!story.asked().iter().any(|asked| asked.starts_with("join")));
}

#[test]
fn a_note_that_was_lost_is_asked_for_when_the_queue_tells_of_it() {
    let mut story = Story::in_conversation([guest(1), guest(2)]);

    story.notices(notes_end_with(1, 10));
    after_a_while(&mut story, 2_000);

    assert_eq!(story.asked(), ["join after Some(2)"]);
}

#[test]
fn a_head_that_counts_more_notes_asks_for_them() {
    let mut story = Story::in_conversation([guest(1)]);
    let head = |note_seq| {
        AgentNotice::Head(HeadNotice {
            ticket_id: ticket(1).id,
            seq: 1,
            note_seq,
            epoch: "e".into(),
        })
    };

    story.notices(head(Some(0)));
    assert!(story.asked().is_empty());
    story.notices(head(Some(1)));

    assert_eq!(story.asked(), ["join after Some(1)"]);
}

#[test]
fn notes_are_read_with_the_conversation_and_followed() {
    let mut story = Story::online([ticket(1)]);
    story.keys("<enter>");
    story.joined_with_notes(None, [guest(1), guest(2)], [note(1, 1, "she is abroad")]);
    assert_eq!(read(&story), ["message 1", "she is abroad", "message 2"]);

    story.says(note(2, 2, "paid back"));
    story.says(guest(3));
    assert_eq!(read(&story)[2..], ["message 2", "paid back", "message 3"]);

    // One is missing: everything after what is here is asked for, in both logs.
    story.asked();
    story.says(note(4, 3, "done"));
    assert_eq!(story.asked(), ["join after Some(3)"]);
    story.joined_with_notes(Some(3), [], [note(3, 3, "sent"), note(4, 3, "done")]);
    assert_eq!(read(&story)[4..], ["message 3", "sent", "done"]);
}

#[test]
fn what_was_held_above_a_gap_goes_with_the_connection() {
    let mut story = Story::in_conversation([guest(1)]);
    story.says(guest(4));
    assert_eq!(story.shown(), [1]);

    // A backup is restored meanwhile: the numbers after 1 are other messages now.
    story.goes_offline();
    story.comes_online();
    story.joined(Some(1), [guest(2), guest(3)]);

    assert_eq!(story.shown(), [1, 2, 3]);
}

#[test]
fn an_answer_from_before_a_close_does_not_open_the_ticket_again() {
    let mut story = Story::in_conversation([guest(1), guest(2)]);
    let close = Ticket { last_seq: 3, ..closed(1) };
    story.notices(AgentNotice::TicketClosed(TicketNotice { ticket: close }));

    story.joined(Some(1), [guest(2)]);

    assert!(!story.state.conversation().unwrap().card.is_open());
}

#[test]
fn an_answer_from_before_a_claim_does_not_take_the_ticket_from_whoever_has_it() {
    let mut story = Story::in_conversation([guest(1), guest(2)]);
    let bob = AgentName { id: AgentId::from_ulid(ulid::Ulid::from(7u128)), name: "Bob".to_owned() };
    let updated_at = ticket(1).updated_at.plus_millis(10);
    let claimed = Ticket { assignee: Some(bob.clone()), last_note_seq: 1, updated_at, ..ticket(1) };
    story.notices(AgentNotice::TicketUpdated(TicketNotice { ticket: claimed }));

    story.joined(Some(1), [guest(2)]);

    assert_eq!(story.state.conversation().unwrap().card.assignee_id, Some(bob.id));
}
