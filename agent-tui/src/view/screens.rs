//! Whole screens: what is on them as snapshots, and what they must say at every size.

use ratatui::layout::Size;
use ratatui::style::{Color, Modifier};
use support_shared::message::{Message, SenderRole};
use support_shared::notice::{AgentNotice, PresenceChanged, TicketNotice, TypingNotice};
use support_shared::ticket::{AgentName, PresenceState, Ticket};

use super::Theme;
use super::stage::{conversation, drawn, rows, screen, sized, talk};
use crate::core::Msg;
use crate::core::fixture::{agent, note, ticket};
use crate::core::stories::{Story, guest};

#[test]
fn the_first_frame_needs_no_connection() {
    insta::assert_snapshot!("first_frame_80x24", screen(&Story::new()));
}

#[test]
fn an_empty_queue_says_so() {
    insta::assert_snapshot!("empty_queue_80x24", screen(&Story::online([])));
}

#[test]
fn the_queue() {
    let story = Story::online((1..=3).map(ticket));

    insta::assert_snapshot!("queue_80x24", screen(&story));
    insta::assert_snapshot!("queue_120x40", screen(&sized(story, 120, 40)));
}

#[test]
fn a_conversation() {
    let story = conversation();

    insta::assert_snapshot!("conversation_80x24", screen(&story));
    insta::assert_snapshot!("conversation_120x40", screen(&sized(story, 120, 40)));
}

#[test]
fn three_panes() {
    let mut story = conversation();
    story.keys("<esc>");

    insta::assert_snapshot!("conversation_200x60", screen(&sized(story, 200, 60)));
}

#[test]
fn the_details_over_a_narrow_screen() {
    let mut story = conversation();
    story.keys("<esc>d");

    insta::assert_snapshot!("details_80x24", screen(&story));
}

#[test]
fn picking_a_colleague_who_is_here_or_not() {
    let mut story = conversation();
    for (n, name) in [(7, "Bob"), (8, "Carol")] {
        story.notices(AgentNotice::PresenceChanged(PresenceChanged {
            agent_id: support_shared::AgentId::from_ulid(ulid::Ulid::from_parts(n, 1)),
            name: name.to_owned(),
            state: if n == 7 { PresenceState::Online } else { PresenceState::Offline },
        }));
    }
    story.keys("<esc>A<down>");

    insta::assert_snapshot!("assign_80x24", screen(&story));
}

#[test]
fn a_search_that_finds_nothing() {
    let mut story = Story::online((1..=3).map(ticket));
    story.keys("/refund");

    insta::assert_snapshot!("search_80x24", screen(&story));
}

#[test]
fn the_closing_question() {
    let mut story = conversation();
    story.keys("<esc>x");

    insta::assert_snapshot!("close_80x24", screen(&story));
}

#[test]
fn the_help() {
    let mut story = conversation();
    story.keys("<esc>?");

    insta::assert_snapshot!("help_80x24", screen(&story));
    insta::assert_snapshot!("help_120x40", screen(&sized(story, 120, 40)));
}

#[test]
fn the_palette() {
    let mut story = conversation();
    story.keys("<c-k>");
    insta::assert_snapshot!("palette_80x24", screen(&story));
    story.keys("re");
    insta::assert_snapshot!("palette_typed_120x40", screen(&sized(story, 120, 40)));
}

#[test]
fn canned_replies() {
    let mut story = crate::core::stories::canned::writing();
    story.keys("/ref");
    insta::assert_snapshot!("canned_80x24", screen(&story));
    story.keys("<enter>");
    insta::assert_snapshot!("hole_80x24", screen(&story));
    let terminal = drawn(&story, Theme::Mono);
    let marked = |cell: &&ratatui::buffer::Cell| cell.modifier.contains(Modifier::REVERSED);
    let marked: String = terminal
        .backend()
        .buffer()
        .content
        .iter()
        .filter(marked)
        .map(ratatui::buffer::Cell::symbol)
        .collect();
    assert_eq!(marked, "{amount}");
}

#[test]
fn what_may_follow_a_key() {
    let mut story = conversation();
    story.keys("<esc>g");

    insta::assert_snapshot!("which_key_80x24", screen(&story));
}

#[test]
fn a_message_that_waits_offline() {
    let mut story = conversation();
    let retry_at = story.now.plus_millis(2_500);
    story
        .happens(Msg::Link(crate::core::link::LinkEvent::Offline { why: "gone".into(), retry_at }));
    story.keys("Try it again<enter>and");

    insta::assert_snapshot!("offline_80x24", screen(&story));
}

#[test]
fn the_newest_messages_below_are_counted() {
    let mut story = Story::in_conversation((1..60).map(guest));
    story.keys("<pgup>");
    story.says(guest(60));

    insta::assert_snapshot!("scrolled_80x24", screen(&story));
}

#[test]
fn the_title_says_who_has_the_ticket_and_who_writes() {
    let title = |story: &Story| screen(story).lines().nth(1).unwrap().to_owned();
    let mut story = conversation();
    let bob = AgentName { id: agent().id, name: "Bob".to_owned() };
    let has = |by: AgentName| {
        let ticket = Ticket { assignee: Some(by), ..ticket(1) };
        AgentNotice::TicketUpdated(TicketNotice { ticket })
    };

    story.notices(has(bob));
    assert!(title(&story).contains("yours"));
    story.state.me.id = support_shared::AgentId::from_ulid(ulid::Ulid::nil());
    assert!(title(&story).contains("assigned to Bob"));
    story.notices(AgentNotice::Typing(TypingNotice {
        ticket_id: ticket(1).id,
        name: "Maya".to_owned(),
        role: SenderRole::Guest,
        typing: true,
    }));
    assert!(title(&story).contains("Maya is writing…"));
}

#[test]
fn a_terminal_that_is_too_small_says_so() {
    assert!(screen(&sized(conversation(), 39, 9)).contains("too small"));
}

#[test]
fn the_footer_leads_from_a_new_ticket_to_its_end_by_itself() {
    let mut story = Story::online([ticket(1)]);
    let footer = |story: &Story| screen(story).lines().last().unwrap().to_owned();

    assert!(footer(&story).contains("Enter open"));
    story.keys("<enter>");
    story.joined(None, talk());
    assert!(footer(&story).contains("/ canned") && footer(&story).contains("Esc commands"));
    story.keys("y");
    assert!(footer(&story).contains("Enter send") && footer(&story).contains("Ctrl-X close"));
    story.keys("<esc>");
    assert!(footer(&story).contains("x close"));
    story.keys("x");
    assert!(screen(&story).contains("Close 938NG1 with Maya?"));
    assert!(footer(&story).contains("Enter close") && footer(&story).contains("Esc cancel"));
}

#[test]
fn the_footer_offers_only_what_can_be_done() {
    let footer = |story: &Story| screen(story).lines().last().unwrap().to_owned();
    let bob =
        AgentName { id: support_shared::AgentId::from_ulid(ulid::Ulid::nil()), name: "Bob".into() };
    let mut story = Story::online([Ticket { assignee: Some(bob), ..ticket(1) }]);

    assert!(!footer(&story).contains("claim"), "{}", footer(&story));
    story.keys("T");
    assert!(footer(&story).contains("Enter save"), "{}", footer(&story));
    assert!(!footer(&story).contains("select"), "{}", footer(&story));
    story.keys("<esc>/car");
    assert!(footer(&story).contains("Enter done"), "{}", footer(&story));
    assert!(footer(&sized(Story::online([ticket(1)]), 80, 24)).contains("a claim"));
}

#[test]
fn no_description_is_cut_at_80_by_24() {
    let mut story = conversation();
    story.keys("<esc>");
    let mut noted = std::collections::BTreeSet::new();
    for (command, keys) in crate::commands::Keymap::default().rows() {
        let name = command.id.name();
        story.keys(&format!("<c-k>{name}"));
        let shown = screen(&story);
        let lines: Vec<&str> =
            shown.lines().map(|line| line.trim_matches(['"', ' ', '│'])).collect();
        if lines.iter().any(|line| line.starts_with(&format!("{name}: "))) {
            let flat = lines.join(" ");
            let help = crate::commands::rows().filter(|it| it.id == command.id);
            let whole = help.map(|it| format!("{name}: {}", it.help)).any(|it| flat.contains(&it));
            assert!(whole, "{keys:?}\n{shown}");
            noted.insert(name);
        }
        story.keys("<esc>");
    }
    let all: std::collections::BTreeSet<String> =
        crate::commands::rows().map(|command| command.id.name()).collect();
    assert_eq!(noted, all, "each has its row");
    story.keys("g");
    let shown = screen(&story);
    let lines: Vec<&str> = shown.lines().map(|line| line.trim_matches(['"', ' ', '│'])).collect();
    assert!(lines.join(" ").contains("(the newest message is on the screen)"), "{shown}");
    assert!(screen(&offline()).contains("Alice @ 127.0.0.1:3000 "), "{}", screen(&offline()));
}

/// Offline with something unsent: the longest header that there is.
fn offline() -> Story {
    let mut story = conversation();
    story.keys("Try it again<enter>");
    let retry_at = story.now.plus_millis(12_500);
    let offline = crate::core::link::LinkEvent::Offline { why: "gone".into(), retry_at };
    story.happens(Msg::Link(offline));
    // What was said of it lies over the header until the next key.
    story.keys("<esc>");
    story
}

#[test]
fn the_end_of_the_session_covers_nothing_and_the_password_is_not_shown() {
    let mut story = conversation();
    story.keys("half a sen");
    let ended = crate::core::link::LinkEvent::SignedOut { why: "the session has ended".into() };
    story.happens(Msg::Link(ended));
    story.keys("tence");
    assert!(screen(&story).contains("signed out, Ctrl-R signs in"), "{}", screen(&story));
    assert!(screen(&story).contains("> half a sentence"));
    let footer = screen(&story).lines().last().unwrap().to_owned();
    assert!(footer.contains("Ctrl-R sign in"), "{footer}");
    story.keys("<c-r>secret");
    let shown = screen(&story);
    assert!(shown.contains("Sign in again as alice") && shown.contains("> ••••••"), "{shown}");
    assert!(!shown.contains("secret"), "{shown}");
}

#[test]
fn without_colours_none_is_used_and_the_selection_is_still_seen() {
    for story in [Story::online((1..=3).map(ticket)), conversation()] {
        let terminal = drawn(&story, Theme::Mono);
        let cells = &terminal.backend().buffer().content;

        assert!(cells.iter().all(|cell| cell.fg == Color::Reset && cell.bg == Color::Reset));
    }
    let terminal = drawn(&Story::online([ticket(1)]), Theme::Mono);
    let cells = &terminal.backend().buffer().content;
    assert!(cells.iter().any(|cell| cell.modifier.contains(Modifier::REVERSED)));
}

#[test]
fn a_sign_in_name_that_stands_for_one_from_right_to_left_is_shown_as_text_of_others_is() {
    let mut story = Story::online([]);
    story.state.me.display_name = "ليلى".to_owned();
    story.state.me.username = "leyla\u{1b}".to_owned();

    let header = rows(&story).remove(0);

    assert!(header.contains("leyla␛ @"), "{header:?}");
}

#[test]
fn a_note_differs_from_a_reply_in_five_ways_of_which_colour_is_one() {
    let mut story = conversation();
    let parts = |story: &Story| {
        let lines: Vec<String> = screen(story).lines().map(str::to_owned).collect();
        let count = lines.len();
        (lines[count - 3].clone(), lines[count - 2].clone(), lines[count - 1].clone())
    };
    let colour = |story: &Story| {
        let terminal = drawn(story, Theme::Ansi16);
        terminal.backend().buffer()[(2, story.state.size.height - 3)].fg
    };
    story.keys("she");
    let (rule, line, footer) = parts(&story);
    assert!(rule.contains("── Reply to Maya ───"), "{rule}");
    assert!(line.contains("> she"), "{line}");
    assert!(footer.contains("Enter send to guest"), "{footer}");
    assert_eq!(colour(&story), Color::Reset);

    story.keys("<c-n>");
    insta::assert_snapshot!("note_80x24", screen(&story));
    story.keys("she");
    let (rule, line, footer) = parts(&story);
    assert!(rule.contains("══ NOTE for the desk, hidden from Maya ═══"), "{rule}");
    assert!(line.contains("# she"), "{line}");
    assert!(footer.contains("Enter save note"), "{footer}");
    assert_eq!(colour(&story), Color::Magenta);
}

#[test]
fn a_note_in_the_conversation_is_not_taken_for_a_reply() {
    let mut story = Story::online([ticket(1)]);
    story.keys("<enter>");
    let assigned = Message {
        sender_role: SenderRole::System,
        sender_id: None,
        ..note(1, 3, "Alice has this ticket now")
    };
    let theirs =
        Message { sender_name: "Bob".to_owned(), sender_id: None, ..note(2, 4, "Ring her") };
    let notes = [assigned, theirs, note(3, 4, "I did\nShe was out")];
    story.joined_with_notes(None, talk(), notes);
    story.happens(Msg::Resize(Size::new(80, 34)));

    insta::assert_snapshot!("notes_80x34", screen(&story));
}

#[test]
fn what_waits_says_whether_the_guest_will_read_it() {
    let mut story = conversation();
    let retry_at = story.now.plus_millis(2_500);
    story
        .happens(Msg::Link(crate::core::link::LinkEvent::Offline { why: "gone".into(), retry_at }));
    story.keys("To Maya<enter><c-n>Not to Maya<enter><c-n>To Maya again<enter>");
    story.happens(Msg::Resize(Size::new(80, 34)));

    insta::assert_snapshot!("waiting_80x34", screen(&story));
}
