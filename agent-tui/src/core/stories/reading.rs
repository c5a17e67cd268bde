//! What is unread when a conversation comes onto the screen, and what has been read of it since.

use support_shared::message::{Message, SenderRole};
use support_shared::notice::{AgentNotice, ReadNotice};
use support_shared::request::AgentRequest;
use support_shared::ticket::Ticket;

use super::{Story, guest};
use crate::core::fixture::{message, note, ticket, ticket_id};
use crate::core::{Effect, Msg};
use crate::view::stage::rows;

/// Ticket 1, of which the desk has read this much.
fn read_to(seq: u64) -> Ticket {
    Ticket { agent_read_seq: seq, ..ticket(1) }
}

/// A console that opens ticket 1 with these messages.
fn opened(read: u64, messages: impl IntoIterator<Item = Message>) -> Story {
    let mut story = Story::online([read_to(read), ticket(2)]);
    story.keys("<enter>");
    story.effects.clear();
    story.joined_to(read_to(read), None, messages, []);
    story
}

/// How far the server was told that we have read, since the last look.
fn marks(story: &mut Story) -> Vec<u64> {
    let mark = |effect| match effect {
        Effect::Ask(request) => match *request {
            AgentRequest::MarkRead(mark) => Some(mark.seq),
            _ => None,
        },
        _ => None,
    };
    story.effects().into_iter().filter_map(mark).collect()
}

fn passes(story: &mut Story, millis: i64) {
    story.now = story.now.plus_millis(millis);
    story.happens(Msg::Deadline);
}

/// The row of the screen that has this in it.
fn row_of(story: &Story, part: &str) -> Option<usize> {
    rows(story).iter().position(|row| row.contains(part))
}

#[test]
fn a_conversation_opens_at_what_is_unread_and_reading_on_marks_it_read() {
    let mut story = opened(10, (1..=60).map(guest));

    assert_eq!(row_of(&story, "━ 50 new ━"), Some(2), "{:#?}", rows(&story));
    assert!(row_of(&story, "message 11").is_some() && row_of(&story, "message 10").is_none());
    assert!(row_of(&story, "new below (End)").is_some());
    assert_eq!(marks(&mut story), Vec::<u64>::new(), "it may go on at once");
    assert!(story.state.next_deadline().unwrap() <= story.now.plus_millis(1_000));
    passes(&mut story, 1_000);
    let first = marks(&mut story);
    assert!(first.len() == 1 && (20..40).contains(&first[0]), "{first:?}");

    story.keys("<pgdn>");
    passes(&mut story, 1_000);
    let second = marks(&mut story);
    assert!(second.len() == 1 && second[0] > first[0] && second[0] < 60, "{second:?}");
    story.keys("<esc><end>");
    assert_eq!(marks(&mut story), [60]);
    assert!(row_of(&story, "new below").is_none());
}

#[test]
fn what_was_read_before_the_conversation_is_left_is_told_and_nothing_stays_due() {
    let mut story = opened(10, (1..=60).map(guest));
    assert_eq!(marks(&mut story), Vec::<u64>::new());

    story.keys("<esc><esc>");
    passes(&mut story, 1_000);

    let told = marks(&mut story);
    assert!(told.len() == 1 && (20..40).contains(&told[0]), "{told:?}");
    assert!(story.state.next_deadline().is_none_or(|next| next > story.now), "it would spin");
}

#[test]
fn what_is_unread_and_fits_is_marked_as_new_and_read_at_once() {
    let mut story = opened(3, (1..=6).map(guest));

    let divider = row_of(&story, "━ 3 new ━").unwrap();
    assert!(rows(&story)[divider + 1].contains("guest Maya"), "{:#?}", rows(&story));
    assert_eq!(row_of(&story, "message 4"), Some(divider + 2));
    assert!(story.state.conversation().unwrap().scroll.is_following());
    assert_eq!(marks(&mut story), [6]);
    story.says(guest(7));
    assert!(row_of(&story, "━ 3 new ━").is_some(), "what comes is seen to come");
    story.keys("hello<enter>");

    assert!(row_of(&story, "━ 3 new ━").is_none(), "an answer ends it");
}

#[test]
fn where_the_unread_begin_out_of_reach_nothing_is_guessed() {
    let story = opened(10, (100..=150).map(guest));

    assert!(row_of(&story, " new ━").is_none());
    assert!(row_of(&story, "message 150").is_some());
}

#[test]
fn what_the_desk_has_written_itself_is_not_new() {
    let joined = message(3, SenderRole::System, "Bob joined the chat");
    let reply = message(4, SenderRole::Agent, "one moment");
    let mut story = Story::online([read_to(2)]);
    story.keys("<enter>");
    story.joined_to(read_to(2), None, [guest(1), guest(2), joined, reply], [note(1, 4, "for us")]);

    assert!(row_of(&story, " new ━").is_none(), "{:#?}", rows(&story));
}

#[test]
fn who_comes_back_finds_what_came_meanwhile_below_a_line() {
    let mut story = opened(2, [guest(1), guest(2)]);
    story.keys("<esc><esc>");
    for seq in 3..=5 {
        story.says(guest(seq));
    }
    assert_eq!(marks(&mut story), Vec::<u64>::new(), "the queue is on the screen");

    story.keys("<enter>");

    let divider = row_of(&story, "━ 3 new ━").unwrap();
    assert_eq!(row_of(&story, "message 3"), Some(divider + 2), "{:#?}", rows(&story));
    assert_eq!(marks(&mut story), [5]);
    story.keys("<esc><esc><enter>");
    assert!(row_of(&story, " new ━").is_none(), "all of it has been read");
}

#[test]
fn a_peek_shows_what_is_new_and_marks_nothing() {
    let mut story = Story::online([read_to(10), ticket(2)]);
    story.keys("p");
    story.joined_to(read_to(10), None, (1..=60).map(guest), []);
    story.effects.clear();

    assert!(row_of(&story, "━ 50 new ━").is_some());
    story.keys("<end>");
    passes(&mut story, 2_000);

    assert_eq!(marks(&mut story), Vec::<u64>::new());
    assert!(row_of(&story, "new below").is_none());
}

#[test]
fn a_reply_says_that_the_guest_has_seen_it_once_the_guest_has() {
    let reads = |story: &mut Story, seq| {
        let read = ReadNotice { ticket_id: ticket_id(1), role: SenderRole::Guest, seq };
        story.notices(AgentNotice::Read(read));
    };
    let mut story = Story::in_conversation([guest(1)]);
    story.says(message(2, SenderRole::Agent, "first reply"));
    story.says(message(3, SenderRole::Agent, "second reply"));
    assert!(row_of(&story, "  seen").is_none());

    reads(&mut story, 2);
    assert_eq!(row_of(&story, "  seen"), Some(row_of(&story, "first reply").unwrap() + 1));
    reads(&mut story, 3);
    let second = row_of(&story, "second reply").unwrap();
    assert_eq!(row_of(&story, "  seen"), Some(second + 1));
    assert_eq!(row_of(&story, "first reply"), Some(second - 1), "only the newest says so");
    reads(&mut story, 2);
    assert!(row_of(&story, "  seen").is_some(), "a mark only rises");
    story.says(guest(4));

    assert!(row_of(&story, "  seen").is_none(), "an answer says as much");
}

#[test]
fn another_agent_s_mark_takes_the_ticket_s_count_away() {
    let mut story = Story::online([ticket(1)]);
    assert!(rows(&story)[2].contains("+1"));

    let read = ReadNotice { ticket_id: ticket_id(1), role: SenderRole::Agent, seq: 1 };
    story.notices(AgentNotice::Read(read));

    assert!(!rows(&story)[2].contains("+1"));
}
