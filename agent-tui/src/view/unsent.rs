//! The texts that are not sent, as a window: for which ticket and why, and below it what is written.

use ratatui::Frame;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::overlay::window;
use super::{Role, Theme, put, spread};
use crate::core::State;
use crate::core::unsent::{selected, standing};
use crate::text::Untrusted;

/// Columns of the window, at most.
const CELLS: u16 = 96;

pub(super) fn draw(state: &State, theme: Theme, frame: &mut Frame) {
    let size = frame.area();
    let cells = usize::from(CELLS.min(size.width.saturating_sub(4)));
    let items = state.outbox.items();
    let most = usize::from(size.height.saturating_sub(6) / 2).max(1);
    let view = items.len().clamp(1, most);
    let at = selected(state).map_or(0, |(at, _)| at);
    let first = (at + 1).saturating_sub(view);
    let title = format!(" Not sent: {} ", items.len());
    let inner = window(frame, &title, cells, view * 2);
    let shown = items.iter().enumerate().skip(first).take(view);
    for (row, (index, item)) in (0..).step_by(2).zip(shown) {
        let parcel = &item.parcel;
        let head = format!(" {} {} ", parcel.reference, parcel.mode.word());
        let why = standing(item, cells.saturating_sub(head.len() + 1));
        let (head, pad) = spread(&format!("{head} {why}"), "", ' ', cells);
        let room = cells.saturating_sub(4);
        let text = Untrusted::from(parcel.text.as_str()).line(room);
        let (text, fill) = spread(&format!("   {text}"), "", ' ', cells);
        let (above, below) = match (index == at, item.is_failed()) {
            (true, _) => (theme.style(Role::Selected), theme.style(Role::Selected)),
            (false, true) => (theme.style(Role::Bad), Style::new()),
            (false, false) => (theme.style(Role::Faint), Style::new()),
        };
        put(frame, inner, row, &Line::from(Span::styled(head + &pad, above)));
        put(frame, inner, row + 1, &Line::from(Span::styled(text + &fill, below)));
    }
}
