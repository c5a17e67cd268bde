//! The main screens at three sizes: the text, and how it looks with the terminal's colours and
//! without any. A picture has the text once and a list of its styles for each theme.

use std::fmt::Write;

use ratatui::style::{Color, Modifier};
use support_shared::message::{Message, SenderRole};
use support_shared::notice::{AgentNotice, PresenceChanged, TicketNotice};
use support_shared::ticket::{AgentName, PresenceState, Ticket, TicketStatus};
use support_shared::{ApiError, ErrorCode};

use super::Theme;
use super::stage::{self, bytes, drawn, sized, talk};
use crate::core::Msg;
use crate::core::fixture::{agent, note, ticket};
use crate::core::link::{LinkEvent, Refusal};
use crate::core::stories::{Story, guest};

const SIZES: [(u16, u16); 3] = [(80, 24), (120, 40), (200, 60)];

/// How a cell looks, in words; empty for one like any other.
fn look(foreground: Color, background: Color, modifier: Modifier) -> String {
    let mut words = Vec::new();
    for (colour, of) in [(foreground, ""), (background, "on ")] {
        if colour != Color::Reset {
            words.push(format!("{of}{colour}").to_lowercase());
        }
    }
    words.extend(modifier.iter_names().map(|(name, _)| name.to_lowercase()));
    words.join(" ")
}

/// The text of a screen, then its styles: row, columns, look.
fn picture(story: &Story) -> String {
    let mut out = String::new();
    for theme in [Theme::Ansi16, Theme::Mono] {
        let terminal = drawn(story, theme);
        let buffer = terminal.backend().buffer();
        if theme == Theme::Ansi16 {
            for row in 0..buffer.area.height {
                let line = stage::row(buffer, row);
                writeln!(out, "{row:>2}|{}", line.trim_end()).unwrap();
            }
        }
        writeln!(out, "{theme:?}").unwrap();
        for row in 0..buffer.area.height {
            let mut runs: Vec<(u16, u16, String)> = Vec::new();
            for x in 0..buffer.area.width {
                let cell = &buffer[(x, row)];
                let look = look(cell.fg, cell.bg, cell.modifier);
                match runs.last_mut() {
                    Some((_, end, last)) if *end + 1 == x && *last == look => *end = x,
                    _ => runs.push((x, x, look)),
                }
            }
            runs.retain(|(.., look)| !look.is_empty());
            let runs: Vec<String> =
                runs.iter().map(|(from, to, look)| format!("{from}-{to} {look}")).collect();
            if !runs.is_empty() {
                writeln!(out, "{row:>2}|{}", runs.join(", ")).unwrap();
            }
        }
    }
    out
}

fn conversation() -> Story {
    let mut story = Story::online([ticket(1), ticket(2)]);
    story.keys("<enter>");
    let theirs =
        Message { sender_name: "Bob".to_owned(), sender_id: None, ..note(1, 3, "Ring her") };
    story.joined_with_notes(None, talk(), [theirs]);
    story
}

/// Two tickets that nobody has, one of them waiting, and one of a colleague's.
fn queue() -> Story {
    let bob =
        AgentName { id: support_shared::AgentId::from_ulid(ulid::Ulid::nil()), name: "Bob".into() };
    let answered = Ticket { waiting_since: None, agent_read_seq: 1, ..ticket(2) };
    let mut story =
        Story::online([ticket(1), answered, Ticket { assignee: Some(bob), ..ticket(3) }]);
    story.keys("<down>");
    story
}

fn with_keys(keys: &str) -> Story {
    let mut story = conversation();
    story.keys(keys);
    story
}

fn closed() -> Story {
    let mut story = conversation();
    let by = AgentName { id: agent().id, name: "Bob".to_owned() };
    let ticket = Ticket {
        status: TicketStatus::Closed,
        closed_by: Some(by),
        waiting_since: None,
        ..ticket(1)
    };
    story.notices(AgentNotice::TicketClosed(TicketNotice { ticket }));
    story.keys("<esc>");
    story
}

fn offline() -> Story {
    let mut story = conversation();
    let retry_at = story.now.plus_millis(2_500);
    story.happens(Msg::Link(LinkEvent::Offline { why: "gone".into(), retry_at }));
    story.keys("Try it again<enter>and");
    story
}

fn refused() -> Story {
    let mut story = conversation();
    story.keys("Try it again<enter>");
    story.is_saved();
    let sent = story.effects().into_iter().find_map(|effect| match effect {
        crate::core::Effect::Ask(request) if request.name() == "message:send" => Some(request),
        _ => None,
    });
    let error = ApiError::new(ErrorCode::TicketClosed, "this conversation is closed".to_owned());
    let answer = Err(Refusal::Error(error));
    story.happens(Msg::Link(LinkEvent::Answered { request: sent.unwrap(), answer }));
    story.keys("<esc>");
    story
}

fn away_from_the_end() -> Story {
    let mut story = Story::in_conversation((1..120).map(guest));
    story.keys("<pgup>");
    story.says(guest(120));
    story
}

fn all() -> Vec<(&'static str, Story)> {
    vec![
        ("queue", queue()),
        ("conversation", with_keys("<esc>")),
        ("reply", with_keys("I am looking at it,<c-j>one moment")),
        ("note", with_keys("<c-n>She is abroad")),
        ("details", with_keys("<esc>d")),
        ("help", with_keys("<esc>?")),
        ("closed", closed()),
        ("offline", offline()),
        ("refused", refused()),
        ("scrolled", away_from_the_end()),
    ]
}

/// What lies over the screens, or stands in their place.
fn over() -> Vec<(&'static str, Story)> {
    let online = |keys: &str| {
        let mut story = queue();
        story.keys(keys);
        story
    };
    let mut canned = crate::core::stories::canned::writing();
    canned.keys("/");
    let mut hole = crate::core::stories::canned::writing();
    hole.keys("/refund<enter><enter>");
    let mut assign = conversation();
    for (n, name, state) in
        [(7, "Bob", PresenceState::Online), (8, "Carol", PresenceState::Offline)]
    {
        let agent_id = support_shared::AgentId::from_ulid(ulid::Ulid::from_parts(n, 1));
        let changed = PresenceChanged { agent_id, name: name.to_owned(), state };
        assign.notices(AgentNotice::PresenceChanged(changed));
    }
    assign.keys("<esc>A");
    let mut signed_out = with_keys("half a sentence");
    let why = "the session has ended".into();
    signed_out.happens(Msg::Link(LinkEvent::SignedOut { why }));
    signed_out.keys("<c-r>secret");
    vec![
        ("palette", with_keys("<esc><c-k>re")),
        ("canned", canned),
        ("hole", hole),
        ("search", online("/card")),
        ("which_key", with_keys("<esc>g")),
        ("assign", assign),
        ("close", with_keys("<esc>x")),
        ("tags", with_keys("<esc>T")),
        ("sign_in", signed_out),
        ("empty_queue", Story::online([])),
    ]
}

#[test]
fn what_lies_over_the_screens_narrow_and_wide_in_both_themes() {
    photograph(over(), &SIZES[..2]);
}

#[test]
fn the_main_screens_at_every_size_in_both_themes() {
    photograph(all(), &SIZES);
}

fn photograph(stories: Vec<(&'static str, Story)>, sizes: &[(u16, u16)]) {
    let mut settings = insta::Settings::clone_current();
    settings.set_omit_expression(true);
    settings.set_snapshot_path("pictures");
    settings.bind(|| {
        for (name, story) in stories {
            let mut story = story;
            for &(width, height) in sizes {
                story = sized(story, width, height);
                insta::assert_snapshot!(format!("{name}_{width}x{height}"), picture(&story));
            }
        }
    });
}

/// The numbers of the sequences that set a colour.
fn colours(bytes: &[u8]) -> Vec<u32> {
    let text = String::from_utf8_lossy(bytes).into_owned();
    let styles = text.split("\u{1b}[").skip(1).filter_map(|rest| rest.split_once('m'));
    let numbers =
        styles.flat_map(|(style, _)| style.split([';', ':']).filter_map(|it| it.parse().ok()));
    numbers.filter(|it| matches!(it, 30..=38 | 40..=48 | 90..=97 | 100..=107)).collect()
}

#[test]
fn without_colours_no_screen_sets_one_and_what_matters_is_still_told_apart() {
    for (name, story) in all().into_iter().chain(over()) {
        assert_eq!(colours(&bytes(&story, Theme::Mono)), Vec::<u32>::new(), "{name}");
    }
    assert!(!colours(&bytes(&conversation(), Theme::Ansi16)).is_empty());
    let text = |story: &Story| drawn(story, Theme::Mono).backend().to_string();
    let whole = text(&sized(conversation(), 120, 40));
    for word in ["▌ guest Maya", "▌ you Alice", "# note by Bob, not for the guest", "# Ring her"]
    {
        assert!(whole.contains(word), "{word}:\n{whole}");
    }
    assert!(text(&sized(refused(), 80, 40)).contains("not sent: this conversation is closed"));
    let selected = drawn(&queue(), Theme::Mono);
    let cells = &selected.backend().buffer().content;
    assert!(cells.iter().any(|cell| cell.modifier.contains(Modifier::REVERSED)));
}

#[test]
fn at_80_by_24_the_sender_s_word_is_there_for_every_kind_of_message() {
    let roles = [SenderRole::Guest, SenderRole::Agent, SenderRole::System];
    let mut story = conversation();
    for (seq, role) in (5..).zip(roles) {
        story.says(crate::core::fixture::message(seq, role, &format!("this is {role:?}")));
    }
    let text = drawn(&story, Theme::Mono).backend().to_string();
    for part in ["▌ this is Guest", "▌ this is Agent", "· this is System"] {
        assert!(text.contains(part), "{text}");
    }
}
