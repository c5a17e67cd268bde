//! Canned replies: found, filled in, and never sent with a hole by accident.

use support_shared::CannedId;
use support_shared::canned::Canned;
use support_shared::notice::TicketNotice;

use super::*;
use crate::core::Focus;
use crate::core::draft::Mode;
use crate::core::overlay::Overlay;

fn canned(n: u64, shortcut: &str, title: &str, text: &str) -> Canned {
    Canned {
        id: CannedId::from_ulid(ulid::Ulid::from_parts(n, 9)),
        shortcut: shortcut.to_owned(),
        title: title.to_owned(),
        text: text.to_owned(),
        updated_at: noon(),
    }
}

fn desk() -> Vec<Canned> {
    vec![
        canned(1, "hello", "First words", "Hello {guest.name}, this is {agent.name}."),
        canned(2, "refund", "Money back", "Dear {guest.name}, {amount} by {day} ({ticket.ref})."),
    ]
}

/// In the composer of ticket 1, the desk's replies read.
pub(crate) fn writing() -> Story {
    let mut story = Story::in_conversation([guest(1)]);
    story.happens(Msg::Canned(Ok(desk())));
    story
}

fn text(story: &Story) -> &str {
    story.state.conversation().unwrap().composer.text()
}

fn is_picking(story: &Story) -> bool {
    matches!(story.state.overlay, Some(Overlay::Pick(_)))
}

fn reads(story: &mut Story) -> usize {
    let effects = std::mem::take(&mut story.effects);
    effects.iter().filter(|effect| **effect == Effect::ReadCanned).count()
}

#[test]
fn a_slash_before_anything_is_written_offers_the_canned_replies() {
    let mut story = writing();
    story.keys("/hel<enter>");
    assert_eq!(text(&story), "Hello Maya, this is Alice.");
    story.keys("<enter>");
    assert_eq!(story.state.outbox.of(ticket_id(1)).count(), 1);
}

#[test]
fn a_slash_within_a_text_is_a_slash_and_two_at_its_beginning_are_one() {
    let mut story = writing();
    story.keys("and/or");
    assert_eq!(text(&story), "and/or");
    let mut story = writing();
    story.keys("//etc");
    assert_eq!((text(&story), is_picking(&story)), ("/etc", false));
    let mut story = writing();
    story.happens(Msg::Paste("/usr/bin".to_owned()));
    assert_eq!((text(&story), is_picking(&story)), ("/usr/bin", false));
}

#[test]
fn a_title_finds_a_reply_too_and_escape_leaves_the_composer_as_it_was() {
    let mut story = writing();
    story.keys("/money<esc>");
    assert_eq!((text(&story), story.state.focus), ("", Focus::Composer));
    story.keys("/money<enter>");
    assert!(text(&story).starts_with("Dear Maya, {amount}"));
}

#[test]
fn typing_fills_in_the_first_hole_and_tab_goes_to_the_next() {
    let mut story = writing();
    story.keys("/refund<enter>5 EUR<tab>Friday");
    let filled = format!("Dear Maya, 5 EUR by Friday ({}).", ticket(1).reference);
    assert_eq!(text(&story), filled);
    // No hole is left: Tab is the way to the queue again.
    story.keys("<tab>");
    assert_eq!(story.state.focus, Focus::Queue);
}

#[test]
fn a_text_with_a_hole_is_not_sent_by_accident() {
    let mut story = writing();
    story.keys("/refund<enter>5 EUR<enter>");
    assert_eq!(story.state.outbox.of(ticket_id(1)).count(), 0);
    assert_eq!(story.toast(), "not sent: fill in {day}, or send it as it is with Alt-s");
    // The hole is selected and stays so: what is typed fills it in.
    story.keys("<enter>Friday<enter>");
    assert_eq!(story.state.outbox.of(ticket_id(1)).count(), 1);

    story.keys("/refund<enter><a-s>");
    let sent: Vec<_> =
        story.state.outbox.of(ticket_id(1)).map(|it| it.parcel.text.clone()).collect();
    assert!(sent[1].contains("{amount} by {day}"), "{sent:?}");
}

#[test]
fn braces_of_the_agent_s_own_are_sent_as_they_are() {
    let mut story = writing();
    story.keys("try {id: 1}<enter>");
    assert_eq!(story.state.outbox.of(ticket_id(1)).count(), 1);
}

#[test]
fn a_hole_is_still_one_after_the_console_was_started_again() {
    let mut story = writing();
    story.keys("/refund<enter><esc>");
    story.now = story.now.plus_millis(1_000);
    story.happens(Msg::Deadline);
    let kept = std::mem::take(&mut story.effects);
    let drafts = kept.into_iter().find_map(|effect| match effect {
        Effect::SaveDrafts(drafts) => Some(drafts),
        _ => None,
    });
    let mut story = Story::with_left(Vec::new(), drafts.unwrap());
    story.comes_online();
    story.lists([ticket(1)]);
    story.keys("<enter>");
    story.joined(None, [guest(1)]);
    story.keys("<enter>");
    assert!(story.toast().starts_with("not sent: fill in {amount}"), "{}", story.toast());
}

#[test]
fn a_reply_without_holes_can_be_sent_from_the_list_and_one_with_holes_cannot() {
    let mut story = writing();
    story.keys("/refund<a-enter>");
    assert_eq!(story.toast(), "it has a hole to fill in: Enter inserts it");
    story.keys("<esc>/hello<a-enter>");
    assert_eq!(story.state.outbox.of(ticket_id(1)).count(), 1);
    assert_eq!((text(&story), is_picking(&story)), ("", false));
    // With something written already nothing goes out unseen.
    story.keys("wait<a-/>hello<a-enter>");
    assert_eq!(story.toast(), "something is written already: Enter adds to it");
    story.keys("<enter>");
    assert_eq!(text(&story), "waitHello Maya, this is Alice.");
}

#[test]
fn an_unfinished_reply_behind_a_blank_note_does_not_go_out_with_a_canned_one() {
    let mut story = writing();
    story.keys("half a reply<c-n><esc>c");
    assert!(is_picking(&story));

    story.keys("hello<a-enter>");

    assert_eq!(story.toast(), "something is written already: Enter adds to it");
    assert_eq!(story.state.outbox.items().len(), 0);
    // What is written as a note is in nobody's way: from here it is a reply that is sent.
    let mut story = writing();
    story.keys("<c-n>angry<esc>chello<a-enter>");
    assert_eq!(story.state.outbox.items()[0].parcel.text, "Hello Maya, this is Alice.");
    assert_eq!(story.state.outbox.items()[0].parcel.mode, Mode::Reply);
}

#[test]
fn nothing_is_sent_from_the_list_into_a_ticket_that_was_closed_meanwhile() {
    let mut story = writing();
    story.keys("/hello");
    story.notices(AgentNotice::TicketClosed(TicketNotice { ticket: super::closed(1) }));

    story.keys("<a-enter>");

    assert_eq!(story.toast(), "this conversation is closed");
    assert_eq!(story.state.outbox.items().len(), 0);
}

#[test]
fn from_the_conversation_it_is_a_reply_to_the_guest_and_nobody_s_note() {
    let mut story = writing();
    story.keys("<c-n>angry<esc>c");
    assert!(is_picking(&story));
    story.keys("hello<enter>");
    let open = story.state.conversation().unwrap();
    assert_eq!((open.mode(), open.aside.text()), (Mode::Reply, "angry"));
    assert_eq!(open.composer.text(), "Hello Maya, this is Alice.");
}

#[test]
fn names_are_filled_in_as_they_are_shown_and_an_unknown_one_is_a_hole() {
    let mut named = ticket(1);
    named.guest.name = Some("Ma\u{1b}]0;x\u{7}ya\nLin".to_owned());
    let mut story = Story::online([named]);
    story.happens(Msg::Canned(Ok(desk())));
    story.keys("<enter>/hello<enter>");
    assert!(!text(&story).contains(char::is_control), "{:?}", text(&story));

    let mut unnamed = ticket(1);
    unnamed.guest.name = None;
    let mut story = Story::online([unnamed]);
    story.happens(Msg::Canned(Ok(desk())));
    story.keys("<enter>/hello<enter>Maya");
    assert_eq!(text(&story), "Hello Maya, this is Alice.");
}

#[test]
fn they_are_read_once_online_and_again_when_they_are_old() {
    let mut story = Story::new();
    story.comes_online();
    assert_eq!(reads(&mut story), 1);
    story.happens(Msg::Canned(Ok(desk())));
    story.lists([ticket(1)]);
    story.keys("<enter>/<esc>");
    assert_eq!(reads(&mut story), 0);
    story.now = story.now.plus_millis(2_999);
    story.keys("/<esc>");
    assert_eq!(reads(&mut story), 0, "they are as good as new");
    story.now = story.now.plus_millis(1);
    story.keys("/<esc>/<esc>");
    assert_eq!(reads(&mut story), 1, "one read at a time");
}

#[test]
fn a_list_that_could_not_be_read_says_so() {
    let note = |story: &Story| match &story.state.overlay {
        Some(Overlay::Pick(pick)) => pick.nothing(&story.state),
        other => panic!("{other:?}"),
    };
    let mut story = Story::new();
    story.comes_online();
    story.lists([ticket(1)]);
    story.keys("<enter>/");
    assert_eq!(note(&story), "reading them…");
    story.happens(Msg::Canned(Err("not a server".into())));
    assert_eq!(note(&story), "they could not be read: not a server");
    story.keys("<esc>/");
    story.goes_offline();
    assert_eq!(note(&story), "they could not be read: the connection was lost");
    story.happens(Msg::Canned(Ok(Vec::new())));
    assert!(note(&story).starts_with("the desk has none yet"));
}

#[test]
fn what_was_read_before_is_there_offline_and_says_that_it_is_old() {
    let mut story = writing();
    story.now = story.now.plus_millis(60_000);
    story.keys("/");
    story.goes_offline();
    story.keys("hello<enter>");
    assert_eq!(text(&story), "Hello Maya, this is Alice.");
}

#[test]
fn more_than_are_kept_are_counted() {
    let mut story = Story::in_conversation([guest(1)]);
    let many = (1..=1_003).map(|n| canned(n, &format!("r{n}"), "x", "y")).collect();
    story.happens(Msg::Canned(Ok(many)));
    let trouble = story.state.replies.trouble(true).unwrap();
    assert_eq!(trouble, "the first 1000; 3 more are not shown");
    assert_eq!(story.state.replies.all().len(), 1_000);
}
