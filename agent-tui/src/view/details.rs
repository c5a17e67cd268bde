//! The details of a ticket and its guest: the third pane of a wide screen, a window on others.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::overlay::window;
use super::{Role, Theme, put};
use crate::core::State;
use crate::core::details::{Detail, details, shown};
use crate::text::{has_rtl, rows, width};
use support_shared::TicketId;

/// Columns of the labels.
const LABEL: usize = 10;
/// Columns of the window.
const CELLS: u16 = 62;

pub(super) fn pane(state: &State, theme: Theme, frame: &mut Frame, area: Rect) {
    put(frame, area, 0, &Line::from(Span::styled(" Details", theme.style(Role::Faint))));
    let Some(ticket) = shown(state) else { return };
    let inner = Rect {
        x: area.x + 1,
        y: area.y + 2,
        width: area.width.saturating_sub(2),
        height: area.height.saturating_sub(2),
    };
    for (row, line) in (0..inner.height).zip(lines(state, ticket, theme, inner.width)) {
        put(frame, inner, row, &line);
    }
}

pub(super) fn over(state: &State, ticket: TicketId, from: usize, theme: Theme, frame: &mut Frame) {
    let size = frame.area();
    let cells = CELLS.min(size.width.saturating_sub(4));
    let lines = lines(state, ticket, theme, cells);
    let view = lines.len().min(usize::from(size.height).saturating_sub(4)).max(1);
    let from = from.min(lines.len().saturating_sub(view));
    let more = from + view < lines.len();
    let title = if more { " Details (\u{2193} more) " } else { " Details " };
    let inner = window(frame, title, usize::from(cells), view);
    for (row, line) in (0..).zip(lines.into_iter().skip(from).take(view)) {
        put(frame, inner, row, &line);
    }
}

fn lines(state: &State, ticket: TicketId, theme: Theme, cells: u16) -> Vec<Line<'static>> {
    let room = usize::from(cells).saturating_sub(LABEL).max(1);
    let mut out = Vec::new();
    for Detail { label, text } in details(state, ticket) {
        let parts = rows(&text, room).into_iter().map(|range| text[range].to_owned());
        for (at, part) in parts.enumerate() {
            let label = if at == 0 { label } else { "" };
            let pad = " ".repeat(LABEL.saturating_sub(width(label)));
            let alone = has_rtl(&part) && !label.is_empty();
            if alone {
                out.push(Line::from(Span::styled(label, theme.style(Role::Faint))));
            }
            let label = if alone { "" } else { label };
            let pad = if alone { " ".repeat(LABEL) } else { pad };
            out.push(Line::from(vec![
                Span::styled(format!("{label}{pad}"), theme.style(Role::Faint)),
                Span::styled(part, Style::new()),
            ]));
        }
    }
    out
}
