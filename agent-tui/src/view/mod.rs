//! Draws the state, and changes nothing. Every text of others comes out of `Untrusted` on its way
//! here; styles come from the theme's roles.

mod ask;
mod clusters;
mod conversation;
mod details;
pub(crate) mod footer;
mod header;
mod overlay;
mod pick;
mod queue;
mod theme;
mod unsent;
mod which_key;

#[cfg(test)]
mod chrome;
#[cfg(test)]
mod cost;
#[cfg(test)]
pub(crate) mod hostile;
#[cfg(test)]
mod pictures;
#[cfg(test)]
mod screens;
#[cfg(test)]
mod scripts;
#[cfg(test)]
pub(crate) mod stage;

use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};

pub(crate) use theme::{Look, Looks, Role, Theme};

use crate::core::State;
use crate::core::layout::is_too_small;
use crate::text::{fit, width};

/// One frame of the console.
pub(crate) fn draw(state: &State, theme: Theme, frame: &mut Frame) {
    if is_too_small(state.size) {
        let area = frame.area();
        put(frame, area, 0, &Line::from("too small: 40x10 at least"));
        return;
    }
    let layout = state.layout();
    header::draw(state, theme, frame, layout.header);
    if let Some(area) = layout.queue {
        queue::draw(state, theme, frame, area);
    }
    let left_of = |area: Rect| Rect { x: area.x - 1, width: 1, ..area };
    for area in layout.divider.into_iter().chain(layout.details.map(left_of)) {
        for row in 0..area.height {
            put(frame, area, row, &Line::from(Span::styled("│", theme.style(Role::Chrome))));
        }
    }
    if let Some(area) = layout.details {
        details::pane(state, theme, frame, area);
    }
    if let Some(parts) = layout.conversation {
        conversation::draw(state, theme, frame, parts);
    }
    footer::draw(state, theme, frame, layout.footer);
    overlay::draw(state, theme, frame);
    which_key::draw(state, theme, frame);
    clusters::settle(frame.buffer_mut());
}

/// Writes a line into a row of `area`, never past its edge.
fn put(frame: &mut Frame, area: Rect, row: u16, line: &Line) {
    if row < area.height && frame.area().contains(Position::new(area.x, area.y + row)) {
        frame.buffer_mut().set_line(area.x, area.y + row, line, area.width);
    }
}

/// Left text, right text, and blanks or a rule between them; the left gives way.
fn spread(left: &str, right: &str, fill: char, cells: usize) -> (String, String) {
    let right = fit(right, cells);
    let left = fit(left, cells.saturating_sub(width(&right) + 1));
    let gap = cells.saturating_sub(width(&left) + width(&right));
    (left, std::iter::repeat_n(fill, gap).collect::<String>() + &right)
}
