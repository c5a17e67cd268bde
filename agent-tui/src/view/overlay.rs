//! What lies over the panes: the question that is asked once, and whatever else has a window.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Clear, Widget};

use super::{Role, Theme, ask, details, pick, put, unsent};
use crate::core::State;
use crate::core::overlay::{Overlay, Question};
use crate::core::unsent::parting;
use crate::text::{Untrusted, width};

pub(super) fn draw(state: &State, theme: Theme, frame: &mut Frame) {
    match &state.overlay {
        None => {}
        Some(Overlay::Confirm(question)) => confirm(state, question, theme, frame),
        Some(Overlay::Details { ticket, line }) => {
            details::over(state, *ticket, *line, theme, frame);
        }
        Some(Overlay::Line(line)) => ask::line(state, line, theme, frame),
        Some(Overlay::Pick(pick)) => pick::draw(state, pick, theme, frame),
        Some(Overlay::Unsent { .. }) => unsent::draw(state, theme, frame),
    }
}

fn confirm(state: &State, question: &Question, theme: Theme, frame: &mut Frame) {
    let lines = match question {
        Question::Discard { id, .. } => match state.outbox.get(id) {
            Some(item) => {
                let text = Untrusted::from(item.parcel.text.as_str());
                vec![
                    format!(
                        "Throw away your {} to {}?",
                        item.parcel.mode.word(),
                        item.parcel.reference
                    ),
                    text.line(60),
                    "It cannot be brought back. Enter discards, Esc keeps it".to_owned(),
                ]
            }
            None => vec!["It has been sent meanwhile (Esc)".to_owned()],
        },
        Question::Quit if !state.would_lose() => {
            let mut lines = parting(state);
            lines.push("Enter leaves, Esc stays".to_owned());
            lines
        }
        Question::Quit => vec![
            "Leave? Drafts cannot be kept on disk: what is not sent is lost".to_owned(),
            "Enter leaves, Esc stays".to_owned(),
        ],
    };
    let inner =
        window(frame, "", lines.iter().map(|line| width(line)).max().unwrap_or(0), lines.len());
    for (row, line) in (0..).zip(lines) {
        put(frame, inner, row, &Line::from(Span::styled(line, theme.style(Role::Title))));
    }
}

/// An emptied box in the middle, and the place inside it.
pub(super) fn window(frame: &mut Frame, title: &str, cells: usize, rows: usize) -> Rect {
    let high = u16::try_from(rows + 2).unwrap_or(u16::MAX).min(frame.area().height);
    let above = (frame.area().height - high) / 2;
    window_below(frame, title, cells, rows, above)
}

/// The same with this many rows above it.
pub(super) fn window_below(
    frame: &mut Frame,
    title: &str,
    cells: usize,
    rows: usize,
    above: u16,
) -> Rect {
    let size = frame.area();
    let wide = u16::try_from(cells + 4).unwrap_or(u16::MAX).min(size.width);
    let high = u16::try_from(rows + 2).unwrap_or(u16::MAX).min(size.height);
    let above = above.min(size.height - high);
    let area = Rect::new((size.width - wide) / 2, above, wide, high);
    Clear.render(area, frame.buffer_mut());
    Block::bordered().title(title.to_owned()).render(area, frame.buffer_mut());
    Rect::new(area.x + 2, area.y + 1, wide.saturating_sub(4), high.saturating_sub(2))
}
