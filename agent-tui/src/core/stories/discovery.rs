//! Finding out what can be done: keys one after the other, the palette, the help.

use super::*;
use crate::commands::Keymap;
use crate::core::Focus;
use crate::core::filter::Filter;
use crate::core::overlay::Overlay;
use crate::core::pick::{Choice, Pick};

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
    assert_eq!(story.toast(), "g x does nothing here: ? shows what keys do");
    assert!(story.state.pressed.is_empty());
    story.keys("g<esc>");
    assert_eq!((story.toast(), story.state.pressed.len()), ("", 0));
    story.keys("g");
    story.happens(Msg::Paste("x".to_owned()));
    assert!(story.state.pressed.is_empty());
    story.keys("jgg");
    assert_eq!(story.state.queue.position(), Some(0));
}

#[test]
fn a_letter_of_a_sequence_is_a_letter_where_text_is_written() {
    let mut story = Story::in_conversation([guest(1)]);
    story.keys("going");
    assert_eq!(story.state.conversation().unwrap().composer.text(), "going");
}

fn list(story: &Story) -> &Pick {
    match &story.state.overlay {
        Some(Overlay::Pick(pick)) => pick,
        other => panic!("no list is open: {other:?}"),
    }
}

fn choices(story: &Story) -> Vec<Choice> {
    list(story).choices(&story.state)
}

fn labels(story: &Story) -> Vec<String> {
    choices(story).into_iter().map(|choice| choice.label).collect()
}

/// Every way to stand somewhere: palette and help are opened from panes only.
fn places() -> [Story; 3] {
    let mut timeline = Story::in_conversation([guest(1)]);
    timeline.keys("<esc>");
    [Story::online([ticket(1)]), timeline, Story::in_conversation([guest(1)])]
}

#[test]
fn the_palette_and_the_help_have_every_command_once_and_each_that_does_nothing_says_why() {
    let mut names: Vec<String> =
        Keymap::default().rows().map(|(command, _)| command.id.name()).collect();
    names.sort();
    names.dedup();
    for mut story in places() {
        story.keys("<c-k>");
        let mut listed = labels(&story);
        listed.sort();
        assert_eq!(listed, names);
        for choice in choices(&story) {
            assert!(!choice.about.is_empty() && !choice.hint.is_empty(), "{}", choice.label);
            assert!(choice.why_not.is_none_or(|why| why.len() > 4), "{}", choice.label);
        }
        story.keys("<esc><f1>");
        assert_eq!(choices(&story).len(), names.len());
    }
}

#[test]
fn a_command_that_is_picked_does_what_its_key_does() {
    let mut story = Story::online([ticket(1), ticket(2)]);
    story.keys("<c-k>claim");
    assert_eq!(labels(&story)[0], "claim");
    story.keys("<enter>");
    assert_eq!(story.asked(), ["ticket:assign"]);
    story.keys(":show-m<enter>");
    assert_eq!(story.state.queue.filter(), Filter::Mine);

    // In the help by the same way.
    story.keys("?sear<enter>");
    assert!(matches!(story.state.overlay, Some(Overlay::Line(_))));
    story.keys("<esc>?q");
    assert_eq!(labels(&story)[0], "q", "a key is found by itself");
}

#[test]
fn a_command_that_does_nothing_now_says_why_when_it_is_picked() {
    let mut story = Story::online([ticket(1)]);
    story.keys("<c-k>reconnect<enter>");
    assert_eq!(story.toast(), "the console is online");
    story.keys("<c-k>close<enter>");
    assert_eq!(story.toast(), "it works in a conversation");
    assert!(story.state.overlay.is_none());
    story.keys("<c-k>no such thing<enter>");
    assert!(story.state.overlay.is_none() && story.asked().is_empty());
}

#[test]
fn who_writes_runs_the_conversation_s_commands_by_name_and_goes_on_writing() {
    let mut story = Story::in_conversation([guest(1)]);
    story.keys("dear<c-k>claim<enter> Maya");
    assert_eq!(story.asked(), ["ticket:assign"]);
    assert_eq!(story.state.conversation().unwrap().composer.text(), "dear Maya");
}

#[test]
fn a_ticket_is_gone_to_by_its_handle_or_its_guest() {
    let mut other = ticket(2);
    other.guest.name = Some("Tomás".to_owned());
    let reference = other.reference.to_string();
    let mut story = Story::online([ticket(1), other]);
    story.keys("<c-k>tomas<enter>");
    assert_eq!(story.state.open, Some(ticket_id(2)));
    story.keys(&format!("<esc>:{}<enter>", reference.to_lowercase()));
    assert_eq!(story.state.open, Some(ticket_id(2)));
}

#[test]
fn what_is_selected_stays_so_while_the_list_changes_under_it() {
    let mut story = Story::online([ticket(1), ticket(2)]);
    let reference = ticket(2).reference.to_string();
    story.keys(&format!("<c-k>{reference}"));
    // A ticket that has waited longer comes, before the others in the list.
    let older = Ticket { waiting_since: Some(noon().plus_millis(-9_000_000)), ..ticket(3) };
    story.keys("<c-u>declined<down>");
    let at = list(&story).position(&choices(&story));
    let label = labels(&story)[at].clone();
    story.says(Message { ticket_id: ticket_id(3), ..guest(1) });
    story.notices(AgentNotice::TicketUpdated(support_shared::notice::TicketNotice {
        ticket: older,
    }));
    let at = list(&story).position(&choices(&story));
    assert_eq!((labels(&story).len(), labels(&story)[at].clone()), (3, label));
}

#[test]
fn a_paste_narrows_a_list_down_and_runs_nothing() {
    let mut story = Story::online([ticket(1)]);
    story.keys("<c-k>");
    story.happens(Msg::Paste("qu\u{1b}it\n".to_owned()));
    assert_eq!((list(&story).typed.as_str(), labels(&story)[0].as_str()), ("quit", "quit"));
}
