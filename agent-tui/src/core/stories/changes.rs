//! Changes of a ticket right after something was written in it: they do not overtake the text.

use support_shared::answer::MessageSent;
use support_shared::message::Message;
use support_shared::request::{AgentRequest, CloseTicket, SendMessage};
use support_shared::{ApiError, ErrorCode};

use super::{Story, closed, guest, mine};
use crate::core::fixture::{ticket, ticket_id};
use crate::core::link::{Answer, Refusal};
use crate::core::outbox::Standing;
use crate::core::{Effect, Msg};
use crate::view::stage::rows;

/// The text that was asked for last.
fn sent(effects: &[Effect]) -> SendMessage {
    let asked = effects.iter().rev().find_map(|effect| match effect {
        Effect::Ask(request) => match &**request {
            AgentRequest::SendMessage(sent) => Some(sent.clone()),
            _ => None,
        },
        _ => None,
    });
    asked.expect("a text is on its way")
}

/// Ticket 1 is closed right after Enter, before the text is on disk.
fn closes_right_after_enter() -> Story {
    let mut story = Story::in_conversation([guest(1)]);
    story.keys("bye<enter><esc>x<enter>");
    story
}

/// The changes that were asked for since the last look.
fn changes(story: &mut Story) -> Vec<String> {
    let asked = story.asked();
    asked.into_iter().filter(|it| it != "ticket:read").collect()
}

fn stored(story: &mut Story, text: SendMessage) {
    let id = text.client_message_id.clone();
    let message = Message { client_message_id: Some(id), ..mine(2, 1, &text.content.to_string()) };
    let answer = Answer::Sent(Box::new(MessageSent { message, duplicate: false }));
    story.answer(AgentRequest::SendMessage(text), Ok(answer));
}

#[test]
fn a_close_right_after_enter_waits_until_the_text_is_stored() {
    let mut story = closes_right_after_enter();
    assert!(story.asked().is_empty(), "the text is not on disk yet");
    assert!(story.toast().contains("waits until"), "{}", story.toast());

    story.is_saved();
    let text = sent(&story.effects);
    assert_eq!(story.asked().len(), 1, "the text alone is on its way");
    stored(&mut story, text);

    assert_eq!(changes(&mut story), ["ticket:close"]);
    let request = CloseTicket { ticket_id: ticket_id(1), reason: None };
    let answer = Answer::Closed(Box::new(closed(1)));
    story.answer(AgentRequest::CloseTicket(request), Ok(answer));
    assert!(story.state.outbox.items().is_empty());
    assert!(story.state.open.is_none());
}

#[test]
fn the_question_before_a_close_says_what_becomes_of_what_was_written() {
    let says = |story: &Story, part: &str| rows(story).iter().any(|row| row.contains(part));
    let mut story = Story::in_conversation([guest(1)]);
    story.keys("bye<enter><c-x>");
    assert!(says(&story, "closed as soon as what you wrote is sent"), "{:#?}", rows(&story));
    assert!(!says(&story, "will not be"));

    story.is_saved();
    let text = sent(&story.effects);
    let error = ApiError::new(ErrorCode::TooLarge, "too long");
    story.answer(AgentRequest::SendMessage(text), Err(Refusal::Error(error)));
    assert!(says(&story, "1 of your messages could not be sent and will not be"));
    assert!(!says(&story, "as soon as"));
}

#[test]
fn a_text_that_is_refused_for_now_is_still_before_the_close() {
    let mut story = closes_right_after_enter();
    story.is_saved();
    let text = sent(&story.effects);
    story.effects();
    let mut busy = ApiError::new(ErrorCode::RateLimited, "too fast");
    busy.retry_after_ms = Some(500);

    story.answer(AgentRequest::SendMessage(text), Err(Refusal::Error(busy)));
    assert!(story.asked().is_empty());
    story.now = story.now.plus_millis(500);
    story.happens(Msg::Deadline);
    let text = sent(&story.effects);
    assert_eq!(story.asked().len(), 1);
    stored(&mut story, text);

    assert_eq!(changes(&mut story), ["ticket:close"]);
}

#[test]
fn a_ticket_is_not_closed_over_a_text_that_was_refused() {
    let mut story = closes_right_after_enter();
    story.is_saved();
    let text = sent(&story.effects);
    story.effects();
    let error = ApiError::new(ErrorCode::TooLarge, "too long");

    story.answer(AgentRequest::SendMessage(text), Err(Refusal::Error(error)));

    assert!(story.asked().is_empty());
    assert_eq!(story.toast(), "not closed: what you wrote here was not sent");
    assert!(matches!(story.state.outbox.items()[0].standing, Standing::Failed(_)));
    // Whoever has seen it decides: now it is closed.
    story.keys("x<enter>");
    assert_eq!(story.asked(), ["ticket:close"]);
}

#[test]
fn changes_of_other_tickets_wait_for_nothing_and_those_of_one_keep_their_order() {
    let mut story = Story::in_conversation([guest(1)]);
    story.keys("bye<enter>");
    let close = |n| {
        let request = CloseTicket { ticket_id: ticket_id(n), reason: None };
        Effect::Ask(Box::new(AgentRequest::CloseTicket(request)))
    };
    story.effects();

    story.keys("<esc>a");
    story.keys("x<enter>x<enter>");
    assert!(story.asked().is_empty());
    let mut others = vec![close(2)];
    crate::core::deferred::order(&mut story.state, &mut others);
    assert_eq!(others, [close(2)]);

    story.is_saved();
    let text = sent(&story.effects);
    story.effects();
    stored(&mut story, text);
    assert_eq!(changes(&mut story), ["ticket:assign", "ticket:close"]);
}

#[test]
fn a_change_that_waits_when_the_connection_is_lost_is_not_made_later() {
    let mut story = closes_right_after_enter();
    let written = story.state.outbox.items()[0].parcel.client_message_id.clone();
    story.effects();

    story.goes_offline();
    assert_eq!(story.toast(), "connection lost: the ticket may not be closed");
    story.is_saved();
    story.comes_online();
    story.lists([ticket(1)]);
    story.joined(Some(1), []);
    let text = sent(&story.effects);
    assert_eq!(text.client_message_id, written, "it goes on under its name");
    story.effects();
    stored(&mut story, text);

    assert!(!story.asked().contains(&"ticket:close".to_owned()));
    assert!(!story.state.outbox.has(&written));
}
