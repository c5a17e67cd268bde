//! Text of others that tries to act on the terminal, wherever it is shown.

use support_shared::message::{Message, SenderRole};
use support_shared::notice::{AgentNotice, PresenceChanged, TicketNotice, TypingNotice};
use support_shared::ticket::{AgentName, PresenceState, Rating};

use super::Theme;
use super::stage::{bytes, conversation, sized};
use crate::core::Msg;
use crate::core::fixture::{agent, message, noon, ticket};

/// Counts what a terminal would have done beyond drawing.
#[derive(Default)]
pub(crate) struct Acts(pub(crate) Vec<String>);

impl vt100::Callbacks for Acts {
    fn audible_bell(&mut self, _: &mut vt100::Screen) {
        self.0.push("bell".to_owned());
    }
    fn visual_bell(&mut self, _: &mut vt100::Screen) {
        self.0.push("flash".to_owned());
    }
    fn set_window_title(&mut self, _: &mut vt100::Screen, title: &[u8]) {
        self.0.push(format!("title {title:?}"));
    }
    fn set_window_icon_name(&mut self, _: &mut vt100::Screen, name: &[u8]) {
        self.0.push(format!("icon {name:?}"));
    }
    fn copy_to_clipboard(&mut self, _: &mut vt100::Screen, _: &[u8], data: &[u8]) {
        self.0.push(format!("clipboard {data:?}"));
    }
    fn paste_from_clipboard(&mut self, _: &mut vt100::Screen, _: &[u8]) {
        self.0.push("clipboard read".to_owned());
    }
    fn unhandled_osc(&mut self, _: &mut vt100::Screen, params: &[&[u8]]) {
        self.0.push(format!("osc {params:?}"));
    }
    fn unhandled_escape(&mut self, _: &mut vt100::Screen, _: Option<u8>, _: Option<u8>, byte: u8) {
        self.0.push(format!("escape {byte}"));
    }
}

pub(crate) const HOSTILE: &[&str] = &[
    "\u{1b}]0;owned\u{7}",
    "\u{1b}]2;owned\u{1b}\\",
    "\u{9d}0;owned\u{9c}",
    "\u{1b}]52;c;aGVsbG8=\u{7}",
    "\u{1b}]52;c;?\u{7}",
    "\u{1b}]8;;http://evil\u{1b}\\click\u{1b}]8;;\u{1b}\\",
    "\u{1b}]9;4;1;50\u{7}",
    "\u{1b}]1337;File=inline=1:AAAA\u{7}",
    "\u{1b}P0;1|17/ab\u{1b}\\",
    "\u{1b}_Gf=24;AAAA\u{1b}\\",
    "\u{1b}c",
    "\u{1b}[2J\u{1b}[H",
    "\u{9b}31m",
    "\u{1b}[?1049l",
    "\u{1b}[?2004l",
    "\u{7}\u{7}\u{8}\u{8}",
    "\u{202e}gnp.exe",
    "\u{10eeee}\u{305}\u{305}",
];

#[test]
fn the_terminal_of_these_tests_notices_what_acts() {
    let size = |n| std::num::NonZeroU16::new(n).unwrap();
    for acts in HOSTILE[..5].iter().chain(["\u{7}"].iter()) {
        let mut parser = vt100::Parser::new_with_callbacks(size(24), size(80), 0, Acts::default());
        parser.process(acts.as_bytes());
        assert!(!parser.callbacks().0.is_empty() || acts.starts_with('\u{9d}'), "{acts:?}");
    }
}

#[test]
fn hostile_text_acts_on_nothing_wherever_it_is_shown() {
    for hostile in HOSTILE {
        let mut bad = ticket(1);
        bad.subject = Some(format!("s{hostile}"));
        bad.guest.name = Some(format!("n{hostile}"));
        bad.guest.email = Some(format!("e{hostile}"));
        bad.tags = vec![format!("t{hostile}")];
        bad.rating = Some(Rating { score: 1, comment: Some(format!("r{hostile}")), at: noon() });
        bad.closed_by = Some(AgentName { id: agent().id, name: format!("c{hostile}") });
        bad.assignee = Some(AgentName { id: agent().id, name: format!("g{hostile}") });
        bad.last_message.as_mut().unwrap().preview = format!("p{hostile}");
        let mut said = message(2, SenderRole::Guest, &format!("before {hostile} after"));
        said.sender_name = format!("m{hostile}");
        let mut story = conversation();
        story.notices(AgentNotice::TicketUpdated(TicketNotice { ticket: bad }));
        story.says(Message { seq: Some(5), ..said });
        story.state.me.id = support_shared::AgentId::from_ulid(ulid::Ulid::nil());
        // Who writes stands in the title where else the assignee does: each in its turn.
        if hostile.len() % 2 == 0 {
            story.notices(AgentNotice::Typing(TypingNotice {
                ticket_id: ticket(1).id,
                name: format!("w{hostile}"),
                role: SenderRole::Guest,
                typing: true,
            }));
        }
        story.state.me.display_name = format!("a{hostile}");
        let text = format!("{{guest.name}} {{agent.name}} {{h{hostile}}}");
        story.happens(Msg::Canned(Ok(vec![support_shared::canned::Canned {
            id: support_shared::CannedId::from_ulid(ulid::Ulid::nil()),
            shortcut: format!("u{hostile}"),
            title: format!("l{hostile}"),
            text,
            updated_at: noon(),
        }])));
        story.notices(AgentNotice::PresenceChanged(PresenceChanged {
            agent_id: agent().id,
            name: format!("k{hostile}"),
            state: PresenceState::Online,
        }));
        for (width, keys) in [
            (80, ""),
            (140, "<esc>"),
            (80, "x"),
            (80, "<esc><esc>"),
            (80, "d"),
            (80, "<esc>A"),
            (80, "<esc>T"),
            (80, "<esc><c-k>938"),
            (80, "<esc>c"),
        ] {
            story = sized(story, width, 24);
            story.keys(keys);

            let bytes = bytes(&story, Theme::Ansi16);
            let size = |n| std::num::NonZeroU16::new(n).unwrap();
            let mut parser =
                vt100::Parser::new_with_callbacks(size(24), size(width), 0, Acts::default());
            parser.process(&bytes);
            assert_eq!(parser.callbacks().0, Vec::<String>::new(), "{hostile:?}");
            assert!(!String::from_utf8_lossy(&bytes).contains('\u{202e}'));
        }
    }
}
