//! Other scripts and pictures: how wide they are, that a terminal shows each row as it was laid out,
//! and that nothing shares a row with what is written from right to left.

use std::num::NonZeroU16;

use ratatui::backend::CrosstermBackend;
use ratatui::layout::Rect;
use ratatui::{Terminal, TerminalOptions, Viewport};
use support_shared::message::{Message, SenderRole};
use support_shared::notice::{AgentNotice, TicketNotice};
use support_shared::ticket::Ticket;

use super::stage::{rows, sized};
use super::{Theme, draw};
use crate::core::fixture::{message, note, ticket};
use crate::core::scroll::Blocks;
use crate::core::stories::{Story, guest};
use crate::text::{has_rtl, width};

/// Texts and their columns.
const WIDTHS: [(&str, usize); 82] = [
    ("hello", 5),
    ("Grüße, Åsa", 10),
    ("naïve café", 10),
    ("ﬁn", 2),
    ("e\u{301}t\u{e9}", 3),
    ("Привет", 6),
    ("Ωμέγα", 5),
    ("Հայերեն", 7),
    ("ქართული", 7),
    ("Tiếng Việt", 10),
    ("a\u{308}\u{301}", 1),
    ("Ź\u{323}", 1),
    ("½ ¾", 3),
    ("№ 5", 3),
    ("€ £ ¥", 5),
    ("日本語", 6),
    ("中文字", 6),
    ("漢字かな", 8),
    ("カタカナ", 8),
    ("ﾊﾝｶｸ", 4),
    ("が", 2),
    ("か\u{3099}", 2),
    ("한국어", 6),
    ("각", 2),
    ("\u{1100}\u{1161}\u{11a8}", 2),
    ("Ａｂｃ", 6),
    ("「引用」", 8),
    ("、。", 4),
    ("㈱", 2),
    ("𠮷野家", 6),
    ("ไทย", 3),
    ("ที่นี่", 2),
    ("ภาษาไทย", 7),
    ("ລາວ", 3),
    ("ខ្មែរ", 3),
    ("हिन्दी", 5),
    ("क्षमा", 4),
    ("नमस्ते", 4),
    ("বাংলা", 3),
    ("தமிழ்", 4),
    ("తెలుగు", 5),
    ("ಕನ್ನಡ", 4),
    ("മലയാളം", 5),
    ("සිංහල", 4),
    ("བོད་", 3),
    ("አማርኛ", 4),
    ("ᏣᎳᎩ", 3),
    ("ᐃᓄᒃᑎᑐᑦ", 6),
    ("\u{16a0}\u{16a2}", 2),
    ("𝒜𝓑", 2),
    ("שלום", 4),
    ("שָׁלוֹם", 4),
    ("שלום, עולם!", 11),
    ("العربية", 7),
    ("مرحبا بك", 8),
    ("فارسی", 5),
    ("می\u{200c}خواهم", 7),
    ("اردو", 4),
    ("مُحَمَّد", 4),
    ("ދިވެހި", 3),
    ("ܣܘܪܝܝܐ", 6),
    ("ߒߞߏ", 3),
    ("order ١٢٣", 9),
    ("12 שקל", 6),
    ("(שלום)", 6),
    ("👋", 2),
    ("😀😀", 4),
    ("❤️", 2),
    ("❤", 1),
    ("☎️", 2),
    ("👍🏽", 2),
    ("👩‍👩‍👧", 2),
    ("👨🏿‍🚀", 2),
    ("🏳️‍🌈", 2),
    ("🇩🇪", 2),
    ("🇩🇪🇫🇷", 4),
    ("1️⃣", 2),
    ("#️⃣", 2),
    ("🏴\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}", 2),
    ("↩ … ·", 5),
    ("┌─┐", 3),
    ("▌█", 2),
];

#[test]
fn every_text_has_the_columns_that_it_is_drawn_in() {
    let wrong: Vec<_> = WIDTHS
        .iter()
        .filter(|(text, cells)| {
            width(text) != *cells || ratatui::text::Span::raw(*text).width() != *cells
        })
        .map(|(text, cells)| format!("{text}: {} and not {cells}", width(text)))
        .collect();
    assert_eq!(wrong, Vec::<String>::new());
}

/// The screen of a terminal that was sent this one.
fn shown(story: &Story) -> vt100::Parser {
    let mut bytes = Vec::new();
    let (wide, high) = (story.state.size.width, story.state.size.height);
    let options = TerminalOptions { viewport: Viewport::Fixed(Rect::new(0, 0, wide, high)) };
    let mut terminal = Terminal::with_options(CrosstermBackend::new(&mut bytes), options).unwrap();
    terminal.draw(|frame| draw(&story.state, Theme::Ansi16, frame)).unwrap();
    drop(terminal);
    let size = |n| NonZeroU16::new(n).unwrap();
    let mut parser = vt100::Parser::new(size(high), size(wide), 0);
    parser.process(&bytes);
    parser
}

#[test]
fn a_terminal_shows_each_row_as_it_was_laid_out() {
    for (text, cells) in WIDTHS {
        let said = format!("{text} |{text}| end");
        let story = sized(Story::in_conversation([message(1, SenderRole::Guest, &said)]), 80, 12);
        let parser = shown(&story);
        let at = |column: usize| {
            let cell = parser.screen().cell(4, u16::try_from(column).unwrap());
            cell.map(|cell| cell.contents().to_owned()).unwrap_or_default()
        };

        let first = 2 + cells + 1;
        let second = first + 1 + cells;
        let bars = (at(first), at(second), at(second + 2), at(second + 4));
        assert_eq!(bars, ("|".into(), "|".into(), "e".into(), "d".into()), "{text}");
        let others = parser.screen().rows(0, 80).enumerate().filter(|(row, _)| *row != 4);
        for (row, terminal) in others {
            assert_eq!(terminal.trim_end(), rows(&story)[row].trim_end(), "{text}");
        }
    }
}

/// Ticket 1 of a guest whose every word is written from right to left.
fn from_right_to_left() -> Story {
    let name = "ليلى";
    let mut ticket =
        Ticket { subject: Some("البطاقة مرفوضة".to_owned()), ..ticket(1) };
    ticket.guest.name = Some(name.to_owned());
    ticket.tags = vec!["שלום".to_owned()];
    let said = |seq, role, text: &str| Message {
        sender_name: name.to_owned(),
        ..message(seq, role, text)
    };
    let noted =
        Message { sender_name: "דנה".to_owned(), sender_id: None, ..note(1, 3, "Ring her") };
    let messages = [
        said(1, SenderRole::Guest, "لا تعمل البطاقة"),
        said(2, SenderRole::System, "ليلى joined the chat"),
        said(3, SenderRole::Guest, "order 1142"),
    ];
    let mut story = Story::online([ticket.clone()]);
    story.keys("<enter>");
    story.joined_to(ticket.clone(), None, messages, [noted]);
    story.notices(AgentNotice::TicketUpdated(TicketNotice { ticket }));
    story
}

#[test]
fn time_name_and_text_never_share_a_row_with_what_runs_from_right_to_left() {
    let mut story = from_right_to_left();
    for (wide, keys) in [(80, ""), (80, "<esc>"), (80, "d"), (120, "<esc>"), (200, "")] {
        story.keys(keys);
        story = sized(story, wide, 40);
        for row in rows(&story) {
            // Panes and a window beside each other have their own columns; each part is a row.
            for part in row.split(['│', '┌', '┐', '└', '┘']).filter(|part| has_rtl(part))
            {
                let digits = part.chars().any(|c| c.is_ascii_digit());
                let said = part.contains("joined the chat");
                let words = part.chars().any(|c| c.is_ascii_alphabetic());
                assert!(!digits && (said || !words), "{wide} {keys}: {part:?}");
            }
        }
    }
    let story = sized(from_right_to_left(), 80, 24);
    let screen = rows(&story);
    for alone in ["▌ ليلى", "▌ لا تعمل البطاقة", "# דנה"] {
        assert!(screen.iter().any(|row| row.trim_end() == alone), "{alone}: {screen:#?}");
    }
    let of_system = screen.iter().position(|row| row.contains("joined the chat")).unwrap();
    assert_eq!(screen[of_system - 1].trim_end(), "  · 11:59");
    assert!(screen[1].starts_with(" 938NG1 guest ") && screen[21].contains("Reply to the guest"));
}

#[test]
fn what_is_measured_is_what_is_drawn_from_right_to_left_too() {
    let story = from_right_to_left();
    for pane in [12, 40, 80] {
        let blocks = story.state.rows(story.state.conversation().unwrap(), pane);
        for index in 0..blocks.len() {
            assert_eq!(blocks.total(index), blocks.rows(index).len(), "block {index} in {pane}");
        }
    }
    let unread = Ticket { agent_read_seq: 2, ..ticket(1) };
    let mut story = Story::online([unread.clone()]);
    story.keys("<enter>");
    story.joined_to(unread, None, (1..=4).map(guest), []);
    assert!(rows(&story).iter().any(|row| row.contains("━ 2 new ━")));
    let blocks = story.state.rows(story.state.conversation().unwrap(), 80);
    for index in 0..blocks.len() {
        assert_eq!(blocks.total(index), blocks.rows(index).len(), "block {index}");
    }
}
