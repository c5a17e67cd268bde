//! What asks for a line or a choice: a window over the panes. The line of a search stands in the
//! queue's title instead, so that what it finds is seen below it.

use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::overlay::window;
use super::{Role, Theme, put, spread};
use crate::core::State;
use crate::core::line::{self, Purpose};
use crate::core::pick::Pick;
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

pub(super) fn pick(state: &State, pick: &Pick, theme: Theme, frame: &mut Frame) {
    let choices = pick.choices(state);
    let at = pick.position(&choices);
    let most = usize::from(frame.area().height).saturating_sub(7).max(1);
    let rows = choices.len().clamp(1, most);
    let whence = pick.whence();
    let inner = window(frame, pick.title(), cells(frame), rows + 1 + usize::from(whence.is_some()));
    if let Some(whence) = whence {
        let bottom = inner.height.saturating_sub(1);
        put(frame, inner, bottom, &Line::from(Span::styled(whence, theme.style(Role::Faint))));
    }
    let typed = if pick.typed.is_empty() {
        Span::styled("type to narrow the list down", theme.style(Role::Faint))
    } else {
        Span::raw(pick.typed.clone())
    };
    put(frame, inner, 0, &Line::from(vec![Span::styled("> ", theme.style(Role::Key)), typed]));
    if choices.is_empty() {
        let none = Span::styled("nobody of this name is known here", theme.style(Role::Faint));
        put(frame, inner, 1, &Line::from(none));
    }
    let first = (at + 1).saturating_sub(rows);
    for (row, (index, choice)) in (1..).zip(choices.iter().enumerate().skip(first).take(rows)) {
        let style = if index == at { theme.style(Role::Selected) } else { Style::new() };
        let (left, right) = spread(
            &format!(" {}", choice.label),
            &format!("{} ", choice.hint),
            ' ',
            usize::from(inner.width),
        );
        put(frame, inner, row, &Line::from(Span::styled(left + &right, style)));
    }
    let right = u16::try_from(width(&pick.typed) + 2).unwrap_or(0).min(inner.width);
    frame.set_cursor_position(Position::new(inner.x + right, inner.y));
}

fn cells(frame: &Frame) -> usize {
    usize::from(CELLS.min(frame.area().width.saturating_sub(4)))
}
