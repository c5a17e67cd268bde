//! A list to pick one of: what was typed, the choices in columns, and a word on the selected one.
//! What would do nothing is faint, and says why in words.

use ratatui::Frame;
use ratatui::layout::Position;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::overlay::window;
use super::{Role, Theme, put, spread};
use crate::core::State;
use crate::core::pick::{Choice, Pick};
use crate::text::{fit, width};

/// Columns of a list that is short, and of one that says more.
const NARROW: u16 = 60;
const WIDE: u16 = 96;
/// The most columns of the labels when something stands beside them.
const LABEL: usize = 20;

pub(super) fn draw(state: &State, pick: &Pick, theme: Theme, frame: &mut Frame) {
    let choices = pick.choices(state);
    let at = pick.position(&choices);
    let note = pick.note(choices.get(at));
    let size = frame.area();
    let below = usize::from(!note.is_empty());
    let most = usize::from(size.height).saturating_sub(6 + below).max(1);
    // A list that is searched keeps its size, so that nothing jumps while one types.
    let rows = if pick.is_long() { most } else { choices.len().clamp(1, most) };
    let cells = if pick.is_long() { WIDE } else { NARROW };
    let cells = usize::from(cells.min(size.width.saturating_sub(4)));
    let inner = window(frame, pick.title(), cells, rows + 1 + below);
    if below > 0 {
        let note = fit(&note, cells);
        let bottom = inner.height.saturating_sub(1);
        put(frame, inner, bottom, &Line::from(Span::styled(note, theme.style(Role::Faint))));
    }
    let typed = if pick.typed.is_empty() {
        Span::styled(pick.prompt(), theme.style(Role::Faint))
    } else {
        Span::raw(pick.typed.clone())
    };
    put(frame, inner, 0, &Line::from(vec![Span::styled("> ", theme.style(Role::Key)), typed]));
    if choices.is_empty() {
        let none = Span::styled(pick.nothing(), theme.style(Role::Faint));
        put(frame, inner, 1, &Line::from(none));
    }
    let column = choices.iter().map(|choice| width(&choice.label)).max().unwrap_or(0).min(LABEL);
    let first = (at + 1).saturating_sub(rows);
    for (row, (index, choice)) in (1..).zip(choices.iter().enumerate().skip(first).take(rows)) {
        put(frame, inner, row, &line(choice, index == at, column, cells, theme));
    }
    let right = u16::try_from(width(&pick.typed) + 2).unwrap_or(0).min(inner.width);
    frame.set_cursor_position(Position::new(inner.x + right, inner.y));
}

fn line(
    choice: &Choice,
    selected: bool,
    column: usize,
    cells: usize,
    theme: Theme,
) -> Line<'static> {
    let about = match choice.why_not {
        Some(why) => format!("({why})"),
        None => choice.about.clone(),
    };
    let left = if about.is_empty() {
        format!(" {}", choice.label)
    } else {
        let label = fit(&choice.label, LABEL);
        format!(" {label}{} {about}", " ".repeat((column + 1).saturating_sub(width(&label))))
    };
    let hint = fit(&choice.hint, cells / 3);
    let (left, right) = spread(&left, &format!("{hint} "), ' ', cells);
    let style = match (selected, choice.why_not) {
        (true, _) => theme.style(Role::Selected),
        (false, Some(_)) => theme.style(Role::Faint),
        (false, None) => Style::new(),
    };
    Line::from(Span::styled(left + &right, style))
}
