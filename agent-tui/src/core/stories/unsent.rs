//! What is not sent: it is told of by name, listed, and decided about one by one.

use support_shared::notice::{AgentNotice, TicketNotice};
use support_shared::request::AgentRequest;
use support_shared::ticket::{AgentName, Ticket};
use support_shared::{AgentId, ApiError, ErrorCode};

use super::{Story, closed, guest};
use crate::core::conversation::Room;
use crate::core::fixture::{ticket, ticket_id};
use crate::core::link::Refusal;
use crate::core::overlay::{Overlay, Question};
use crate::core::{Effect, Focus, Msg};
use crate::view::footer::hints;

/// The request that a message is sent by, if it is.
fn sending(story: &Story) -> Option<AgentRequest> {
    story.effects.iter().rev().find_map(|effect| match effect {
        Effect::Ask(request) if matches!(**request, AgentRequest::SendMessage(_)) => {
            Some((**request).clone())
        }
        _ => None,
    })
}

/// A console that has come back to its queue after the server refused a message to ticket 1.
fn refused() -> Story {
    let mut story = Story::in_conversation([guest(1)]);
    story.keys("It is on its way<enter>");
    story.is_saved();
    let request = sending(&story).unwrap();
    story.keys("<esc><esc>");
    let error = ApiError::new(ErrorCode::TicketClosed, "this conversation is closed");
    story.answer(request, Err(Refusal::Error(error)));
    story.effects.clear();
    story
}

fn footer(story: &Story) -> Vec<(String, &'static str)> {
    hints(&story.state, 78)
}

fn listed(story: &Story) -> bool {
    matches!(story.state.overlay, Some(Overlay::Unsent { .. }))
}

#[test]
fn a_refusal_names_the_ticket_and_the_footer_the_key_that_lists_what_is_not_sent() {
    let story = refused();
    let reference = ticket(1).reference.to_string();

    assert_eq!(story.toast(), format!("not sent to {reference}: this conversation is closed"));
    assert!(footer(&story).contains(&("u".to_owned(), "unsent")), "{:?}", footer(&story));
    assert!(story.state.outbox.of(ticket_id(1)).any(crate::core::outbox::Item::is_failed));
}

#[test]
fn from_the_list_a_message_is_sent_again_under_its_old_name() {
    let mut story = refused();
    let id = story.state.outbox.items()[0].parcel.client_message_id.clone();

    story.keys("ut");
    story.is_saved();

    let Some(AgentRequest::SendMessage(sent)) = sending(&story) else { panic!("not sent") };
    assert_eq!(sent.client_message_id, id);
    let mut stored = super::mine(2, 0, "It is on its way");
    stored.client_message_id = Some(id);
    story.joined(Some(1), [stored]);
    assert!(story.state.outbox.items().is_empty());
    assert!(!listed(&story), "there is nothing left to list");
}

#[test]
fn from_the_list_a_message_is_taken_back_into_the_box_of_its_ticket() {
    let mut story = refused();
    story.keys("<down>");

    story.keys("ue");

    assert_eq!(story.state.open, Some(ticket_id(1)));
    assert_eq!(story.state.focus, Focus::Composer);
    assert_eq!(story.state.conversation().unwrap().composer.text(), "It is on its way");
    assert!(story.state.outbox.items().is_empty());
}

#[test]
fn a_message_is_thrown_away_only_after_a_question_that_can_be_answered_with_no() {
    let mut story = refused();

    story.keys("ux");
    assert!(matches!(
        story.state.overlay,
        Some(Overlay::Confirm(Question::Discard { listed: true, .. }))
    ));
    story.keys("<esc>");
    assert!(listed(&story));
    assert_eq!(story.state.outbox.items().len(), 1);
    story.keys("x<enter>");

    assert!(story.state.outbox.items().is_empty());
    assert!(story.state.overlay.is_none());
    assert!(
        story.effects.iter().any(
            |effect| matches!(effect, Effect::SaveOutbox { parcels, .. } if parcels.is_empty())
        )
    );
}

#[test]
fn what_waits_for_the_connection_is_listed_and_cannot_be_taken_back_as_it_may_be_stored() {
    let mut story = Story::in_conversation([guest(1)]);
    story.goes_offline();
    story.keys("one<enter><esc>u");
    assert!(listed(&story));

    story.keys("e");

    assert_eq!(story.toast(), "it is sent as soon as it can be");
    assert_eq!(story.state.outbox.items().len(), 1);
    let names: Vec<&str> = footer(&story).iter().map(|(_, word)| *word).collect();
    assert_eq!(names, ["go there", "select", "back"]);
}

#[test]
fn a_reply_that_is_held_says_who_has_the_ticket_now() {
    let mut story = Story::in_conversation([guest(1)]);
    story.goes_offline();
    story.keys("I will refund it<enter>");
    story.is_saved();
    story.comes_online();

    let bob = AgentName { id: AgentId::from_ulid(ulid::Ulid::from(7u128)), name: "Bob".to_owned() };
    story.lists([Ticket { assignee: Some(bob), ..ticket(1) }, ticket(2)]);

    let reference = ticket(1).reference.to_string();
    assert_eq!(story.toast(), format!("not sent to {reference}: Bob has it now"));
}

/// A reply to ticket 1 was under way when the connection was lost; meanwhile the ticket went to Bob.
fn held() -> Story {
    let mut story = Story::in_conversation([guest(1)]);
    story.keys("It is on its way<enter>");
    story.is_saved();
    story.goes_offline();
    story.comes_online();
    let bob = AgentName { id: AgentId::from_ulid(ulid::Ulid::from(7u128)), name: "Bob".to_owned() };
    story.lists([Ticket { assignee: Some(bob), ..ticket(1) }, ticket(2)]);
    story.effects.clear();
    story
}

#[test]
fn what_may_be_stored_is_not_taken_back_before_the_log_has_been_read() {
    let mut story = held();
    let id = story.state.outbox.items()[0].parcel.client_message_id.clone();

    story.keys("<esc>ue");

    assert!(story.toast().starts_with("wait until the conversation has been read"));
    assert_eq!(story.state.outbox.items().len(), 1);
    assert_eq!(story.state.conversation().unwrap().composer.text(), "");
    let mut stored = super::mine(2, 0, "It is on its way");
    stored.client_message_id = Some(id);
    story.joined(Some(1), [stored]);
    assert!(story.state.outbox.items().is_empty(), "it was there");

    let mut story = held();
    story.joined(Some(1), []);
    story.keys("<esc>ue");
    assert_eq!(story.state.conversation().unwrap().composer.text(), "It is on its way");
}

#[test]
fn whoever_has_left_the_ticket_goes_there_again_before_taking_back_what_may_be_stored() {
    let mut story = Story::in_conversation([guest(1)]);
    story.keys("It is on its way<enter>");
    story.is_saved();
    story.keys("a draft<esc>l");
    assert_eq!(story.state.conversation().unwrap().room, Room::Left);
    story.goes_offline();
    story.comes_online();
    let bob = AgentName { id: AgentId::from_ulid(ulid::Ulid::from(7u128)), name: "Bob".to_owned() };
    story.lists([Ticket { assignee: Some(bob), ..ticket(1) }, ticket(2)]);

    story.keys("<tab><esc>e");

    assert!(story.toast().starts_with("wait until the conversation has been read"));
    assert_eq!(story.state.outbox.items().len(), 1);
}

#[test]
fn what_is_taken_back_is_kept_as_a_draft_before_it_leaves_the_outbox() {
    let mut story = refused();

    story.keys("ue");

    let saves: Vec<Effect> = story.effects();
    let draft = saves.iter().position(|it| match it {
        Effect::SaveDrafts(drafts) => drafts.iter().any(|it| it.text == "It is on its way"),
        _ => false,
    });
    let gone = saves.iter().position(|it| match it {
        Effect::SaveOutbox { parcels, .. } => parcels.is_empty(),
        _ => false,
    });
    assert!(draft.unwrap() < gone.unwrap(), "{saves:?}");
    story.now = story.now.plus_millis(1_000);
    story.happens(Msg::Deadline);
    assert!(!story.effects().iter().any(|it| matches!(it, Effect::SaveDrafts(_))), "kept already");
}

#[test]
fn leaving_says_what_is_not_sent_and_that_it_is_kept() {
    let mut story = refused();

    story.keys("q");
    assert!(matches!(story.state.overlay, Some(Overlay::Confirm(Question::Quit))));
    assert!(story.effects.is_empty());
    story.keys("<enter>");

    assert_eq!(story.effects(), [Effect::Quit]);
    story.keys("<c-c>");
    assert!(story.toast().contains("1 message could not be sent: it is kept"), "{}", story.toast());
}

#[test]
fn a_text_that_was_taken_back_into_a_closed_ticket_has_a_way_out() {
    let mut story = Story::in_conversation([guest(1)]);
    story.keys("one more thing");
    story.notices(AgentNotice::TicketClosed(TicketNotice { ticket: closed(1) }));

    assert!(footer(&story).contains(&("Ctrl-O".to_owned(), "reopen")), "{:?}", footer(&story));
    story.keys("<c-o>");

    assert_eq!(story.asked(), ["ticket:reopen"]);
    assert_eq!(story.state.conversation().unwrap().composer.text(), "one more thing");
}
