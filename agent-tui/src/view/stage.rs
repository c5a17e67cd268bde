//! Screens for tests: a story drawn, as rows, as cells, as what a terminal is sent.

use ratatui::backend::{CrosstermBackend, TestBackend};
use ratatui::buffer::Buffer;
use ratatui::layout::{Rect, Size};
use ratatui::{Terminal, TerminalOptions, Viewport};
use support_shared::message::{Message, SenderRole};

use super::{Theme, draw};
use crate::core::Msg;
use crate::core::fixture::message;
use crate::core::stories::Story;
use crate::text::width;

pub(super) fn sized(mut story: Story, width: u16, height: u16) -> Story {
    story.happens(Msg::Resize(Size::new(width, height)));
    story
}

pub(super) fn drawn(story: &Story, theme: Theme) -> Terminal<TestBackend> {
    let Size { width, height } = story.state.size;
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| draw(&story.state, theme, frame)).unwrap();
    terminal
}

/// The rows of the screen.
pub(crate) fn rows(story: &Story) -> Vec<String> {
    let terminal = drawn(story, Theme::Mono);
    let buffer = terminal.backend().buffer();
    (0..buffer.area.height).map(|y| row(buffer, y)).collect()
}

/// A row of a screen as it is read.
pub(super) fn row(buffer: &Buffer, y: u16) -> String {
    let mut row = String::new();
    let mut x = 0;
    while x < buffer.area.width {
        let symbol = buffer[(x, y)].symbol();
        row.push_str(symbol);
        // What is two columns wide covers the next cell.
        x += u16::try_from(width(symbol)).unwrap().max(1);
    }
    row
}

/// What a terminal is sent for a screen.
pub(super) fn bytes(story: &Story, theme: Theme) -> Vec<u8> {
    let mut bytes = Vec::new();
    let Size { width, height } = story.state.size;
    let options = TerminalOptions { viewport: Viewport::Fixed(Rect::new(0, 0, width, height)) };
    let mut terminal = Terminal::with_options(CrosstermBackend::new(&mut bytes), options).unwrap();
    terminal.draw(|frame| draw(&story.state, theme, frame)).unwrap();
    drop(terminal);
    bytes
}

/// A screen as a snapshot has it.
pub(super) fn screen(story: &Story) -> String {
    drawn(story, Theme::Ansi16).backend().to_string()
}

/// What was said in it.
pub(super) fn talk() -> Vec<Message> {
    let mut joined = message(2, SenderRole::System, "Alice joined the chat");
    joined.created_at = joined.created_at.plus_millis(1_000);
    let long = "It says \"error 51\" whenever I press the button, and then the page goes back to where it \
                was before, with everything that I had typed gone.\n\n    line 1: kept as it is\n\ttabbed";
    vec![
        message(1, SenderRole::Guest, "My card is declined 👩‍👩‍👧 日本語"),
        joined,
        message(3, SenderRole::Agent, "Hi Maya, which message do you see?"),
        message(4, SenderRole::Guest, long),
    ]
}

/// In the conversation of ticket 1.
pub(super) fn conversation() -> Story {
    Story::in_conversation(talk())
}
