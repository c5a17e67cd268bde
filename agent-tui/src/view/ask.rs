//! What asks for a line: a window over the panes. The line of a search stands in the
//! queue's title instead, so that what it finds is seen below it.

use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};

use super::overlay::window;
use super::{Role, Theme, put};
use crate::core::State;
use crate::core::line::{self, Purpose};
use crate::text::{fit, width};

/// Columns of a window that asks.
const CELLS: u16 = 60;

pub(super) fn line(state: &State, line: &line::Line, theme: Theme, frame: &mut Frame) {
    let (ticket, title, hint) = match line.purpose {
        Purpose::Search => return,
        Purpose::HandBack(ticket) => {
            (ticket, "Back to the queue", "a note for whoever takes it, or nothing")
        }
        Purpose::Tags(ticket) => (ticket, "Tags", "with commas between them"),
    };
    let reference = state.reference(ticket);
    let inner = window(frame, &format!(" {title} · {reference} "), cells(frame), 2);
    written(line, theme, frame, Rect { height: 1, ..inner });
    put(frame, inner, 1, &Line::from(Span::styled(hint, theme.style(Role::Faint))));
}

/// The text of a line with the cursor in it; its end is seen when it does not fit.
pub(super) fn written(line: &line::Line, theme: Theme, frame: &mut Frame, area: Rect) {
    let room = usize::from(area.width.saturating_sub(3));
    let (_, column) = line.text.position(usize::MAX);
    let mut text = line.text.text();
    let mut cut = 0;
    while column - cut > room {
        let Some(first) = text.chars().next() else { break };
        text = &text[first.len_utf8()..];
        cut = width(line.text.text()) - width(text);
    }
    let prompt = if line.purpose == Purpose::Search { "/ " } else { "> " };
    let text = fit(text, room + 1);
    let spans = vec![Span::styled(prompt, theme.style(Role::Key)), Span::raw(text)];
    put(frame, area, 0, &Line::from(spans));
    let right = u16::try_from(column.saturating_sub(cut) + 2).unwrap_or(0);
    frame.set_cursor_position(Position::new(area.x + right, area.y));
}

fn cells(frame: &Frame) -> usize {
    usize::from(CELLS.min(frame.area().width.saturating_sub(4)))
}
