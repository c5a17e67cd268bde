//! Finding out what can be done: keys one after the other, the palette, the help.

use super::*;
use crate::core::Focus;
use crate::core::filter::Filter;

#[test]
fn keys_one_after_the_other_run_one_command_and_nothing_waits_for_a_clock() {
    let mut story = Story::in_conversation([guest(1)]);
    story.keys("<esc>");
    let before = story.state.next_deadline();
    story.keys("g");
    assert_eq!(story.state.next_deadline(), before);
    assert_eq!(story.state.pressed.len(), 1);
    story.keys("m");
    assert_eq!((story.state.queue.filter(), story.state.focus), (Filter::Mine, Focus::Queue));
    assert!(story.state.pressed.is_empty());
}

#[test]
fn a_sequence_that_is_none_says_so_and_escape_gives_one_up() {
    let mut story = Story::online([ticket(1), ticket(2)]);
    story.keys("gx");
    assert_eq!(story.toast(), "g x does nothing here");
    assert!(story.state.pressed.is_empty());
    story.keys("g<esc>");
    assert_eq!((story.toast(), story.state.pressed.len()), ("", 0));
    story.keys("jgg");
    assert_eq!(story.state.queue.position(), Some(0));
}

#[test]
fn a_letter_of_a_sequence_is_a_letter_where_text_is_written() {
    let mut story = Story::in_conversation([guest(1)]);
    story.keys("going");
    assert_eq!(story.state.conversation().unwrap().composer.text(), "going");
}
