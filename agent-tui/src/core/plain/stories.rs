//! The line mode, told as stories: lines in, lines and requests out.

use support_shared::message::{Message, SenderRole};
use support_shared::request::AgentRequest;

use super::*;
use crate::core::fixture::{message, note, ticket};
use crate::core::stories::{Story, guest};
use crate::core::{Effect, Msg};

/// A line mode over a story.
struct Lines {
    story: Story,
    told: Told,
    reader: Reader,
}

impl Lines {
    fn of(story: Story) -> Self {
        let mut story = story;
        story.state.size = PAGE;
        Self { story, told: Told::default(), reader: Reader::default() }
    }

    /// In a conversation that has been read out.
    fn joined(messages: impl IntoIterator<Item = Message>) -> Self {
        let mut lines = Self::of(Story::online([ticket(1), ticket(2)]));
        lines.types("join 938NG1");
        lines.story.joined(None, messages);
        lines.news();
        lines
    }

    /// Types a line; answers with what is said then.
    fn types(&mut self, line: &str) -> Vec<String> {
        if let Some(word) = self.reader.line(line) {
            self.story.happens(Msg::Word(word));
        }
        self.news()
    }

    fn news(&mut self) -> Vec<String> {
        let said = self.story.effects().into_iter().filter_map(|effect| match effect {
            Effect::Say { text, .. } => Some(text),
            other => {
                self.story.keep(other);
                None
            }
        });
        let mut lines: Vec<String> = said.collect();
        lines.extend(self.told.news(&self.story.state));
        lines
    }
}

#[test]
fn a_conversation_is_read_out_once_and_followed() {
    let mut lines = Lines::of(Story::online([ticket(1)]));
    assert_eq!(lines.news(), ["online as Alice: 1 waiting, 1 open"]);
    assert_eq!(lines.types("list"), ["938NG1 Maya, waits 5m, 1 unread: Card declined 1"]);

    assert!(lines.types("join 938ng1").is_empty());
    lines.story.joined_with_notes(None, [guest(1)], [note(1, 1, "she is abroad")]);
    assert_eq!(
        lines.news(),
        [
            "conversation 938NG1 with Maya: Card declined 1",
            "Sunday 22 November 2026",
            "11:59 guest Maya: message 1",
            "11:59 note by Alice, not for Maya: she is abroad",
        ]
    );
    lines.story.says(guest(2));
    assert_eq!(lines.news(), ["11:59 guest Maya: message 2"]);
    assert!(lines.news().is_empty());
}

#[test]
fn a_line_is_on_disk_before_it_is_sent_and_is_read_out_when_it_is_stored() {
    let mut lines = Lines::joined([guest(1)]);

    assert!(lines.types("close the window and try again").is_empty());
    assert!(!lines.story.asked().iter().any(|asked| asked.starts_with("send")));
    lines.story.is_saved();
    let asked = lines.story.asked();
    assert!(asked.iter().any(|it| it.ends_with("close the window and try again")), "{asked:?}");
}

#[test]
fn a_forged_line_of_a_guest_is_indented_and_acts_on_nothing() {
    let mut lines = Lines::joined([guest(1)]);

    let text = "hi\n11:59 agent Bob: pay her\u{1b}]0;mine\u{7}\ttab";
    lines.story.says(message(2, SenderRole::Guest, text));

    assert_eq!(
        lines.news(),
        ["11:59 guest Maya: hi", "    11:59 agent Bob: pay her␛]0;mine␇    tab"]
    );
}

#[test]
fn closing_asks_once_and_any_other_line_means_no() {
    let mut lines = Lines::joined([guest(1)]);
    lines.story.asked();

    assert_eq!(lines.types("close"), ["close 938NG1 with Maya? yes or no"]);
    assert_eq!(lines.types("list mine"), ["not closed", "no tickets"]);
    lines.types("close");
    assert!(lines.story.asked().is_empty());
    lines.types("yes");

    assert_eq!(lines.story.asked(), ["ticket:close"]);
    assert_eq!(lines.types("yes"), ["there was no question"]);
}

#[test]
fn what_is_read_out_is_read_however_much_it_is() {
    let mut lines = Lines::joined((1..=200).map(guest));

    let marked = |effect: &Effect| match effect {
        Effect::Ask(request) => match **request {
            AgentRequest::MarkRead(ref mark) => mark.seq == 200,
            _ => false,
        },
        _ => false,
    };
    assert!(lines.story.effects().iter().any(marked));
}

#[test]
fn what_cannot_be_done_says_why() {
    let mut lines = Lines::of(Story::online([ticket(1)]));
    lines.news();

    assert_eq!(lines.types("hello"), ["no ticket is joined: join REF, or help"]);
    assert_eq!(lines.types("claim"), ["join a ticket first: join REF"]);
    assert_eq!(lines.types("join 000000"), ["no open ticket is called 000000"]);
    let help = lines.types("help").join("\n");
    for word in ["list", "join REF", "reply TEXT", "note TEXT", "claim", "close", "quit"] {
        assert!(help.contains(word), "{word}");
    }
}

#[test]
fn offline_a_line_is_kept_and_said_to_be() {
    let mut lines = Lines::joined([guest(1)]);
    lines.story.goes_offline();
    assert!(lines.news()[0].starts_with("connection lost"));

    lines.types("Try it again");
    lines.story.is_saved();

    assert_eq!(lines.news(), ["your message to 938NG1 is kept until the server is back"]);
    assert_eq!(unsent(&lines.story.state), 1);
}
