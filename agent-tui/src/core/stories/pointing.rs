//! The clipboard and the mouse.

use ratatui::layout::{Position, Size};
use support_shared::message::{Message, SenderRole};

use super::{Story, guest};
use crate::core::fixture::{message, ticket};
use crate::core::pointer::Pointer;
use crate::core::{Effect, Focus, Msg};

fn points(story: &mut Story, what: Pointer, column: u16, row: u16) {
    story.happens(Msg::Pointer(what, Position::new(column, row)));
}

/// What was handed to the clipboard since the last look.
fn copied(story: &mut Story) -> Vec<String> {
    let copy = |effect| match effect {
        Effect::Copy(text) => Some(text),
        _ => None,
    };
    story.effects().into_iter().filter_map(copy).collect()
}

fn talk() -> Vec<Message> {
    vec![
        message(1, SenderRole::Guest, "see https://a.example/x and http://b.example."),
        message(2, SenderRole::Agent, "one\ntwo\u{1b}]52;c;eA==\u{7}"),
        message(3, SenderRole::System, "Alice joined the chat"),
    ]
}

#[test]
fn the_newest_message_is_copied_and_the_one_before_by_the_same_key() {
    let mut story = Story::in_conversation(talk());

    story.keys("<esc>y");
    assert_eq!(story.toast(), "copied 2 lines of Alice: mind where you paste them");
    story.keys("y");
    assert!(story.toast().starts_with("copied what Maya wrote"));
    assert_eq!(
        copied(&mut story),
        ["one\ntwo]52;c;eA==", "see https://a.example/x and http://b.example."]
    );
    // Anything else begins with the newest again.
    story.keys("jy");
    assert_eq!(copied(&mut story), ["one\ntwo]52;c;eA=="]);
}

#[test]
fn a_link_is_copied_as_it_is_written_and_said_in_full() {
    let mut story = Story::in_conversation(talk());

    story.keys("<esc>Y");
    assert_eq!(story.toast(), "copied http://b.example");
    story.keys("Y");

    assert_eq!(copied(&mut story), ["http://b.example", "https://a.example/x"]);
    let mut story = Story::in_conversation([guest(1)]);
    story.keys("<esc>Y");
    assert_eq!(story.toast(), "there is no link on the screen to copy");
    assert!(copied(&mut story).is_empty());
}

#[test]
fn a_click_marks_a_message_and_what_is_marked_is_copied() {
    let mut story = Story::in_conversation(talk());

    // Header, title, day, author: then the guest's text.
    points(&mut story, Pointer::Press, 5, 4);
    assert_eq!(story.state.focus, Focus::Timeline);
    story.keys("y");
    assert_eq!(copied(&mut story), ["see https://a.example/x and http://b.example."]);
    points(&mut story, Pointer::Press, 5, 22);
    assert_eq!(story.state.focus, Focus::Composer);
}

#[test]
fn the_wheel_scrolls_what_it_is_over_and_a_click_selects_a_ticket_without_opening_it() {
    let mut story = Story::in_conversation((1..80).map(guest));
    story.happens(Msg::Resize(Size::new(120, 40)));
    story.asked();

    points(&mut story, Pointer::WheelUp, 60, 10);
    assert!(!story.state.conversation().unwrap().scroll.is_following());
    points(&mut story, Pointer::WheelDown, 60, 10);
    assert!(story.state.conversation().unwrap().scroll.is_following());

    points(&mut story, Pointer::Press, 3, 5);
    assert_eq!(story.state.focus, Focus::Queue);
    assert_eq!(story.state.queue.selected().unwrap().id, ticket(2).id);
    assert!(!story.asked().iter().any(|asked| asked.starts_with("join")));
    points(&mut story, Pointer::WheelUp, 3, 5);
    assert_eq!(story.state.queue.selected().unwrap().id, ticket(1).id);
    // Below the last ticket is none.
    points(&mut story, Pointer::Press, 3, 30);
    assert_eq!(story.state.queue.selected().unwrap().id, ticket(1).id);
}
