//! A list to pick one of: what was typed, the choices in columns, and a word on the selected one.
//! What would do nothing is faint, and says why in words.

use ratatui::Frame;
use ratatui::layout::Position;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::overlay::{window, window_below};
use super::{Role, Theme, put, spread};
use crate::core::State;
use crate::core::cards::LEGEND;
use crate::core::pick::{Choice, Pick, PickOf};
use crate::text::{expand_tabs, fit, rows, width};

/// Columns of a list that is short, and of one that says more.
const NARROW: u16 = 60;
const WIDE: u16 = 96;
/// The most rows of a list that must leave something of the screen to be seen.
const LITTLE: usize = 5;
/// The most columns of the labels when something stands beside them.
const LABEL: usize = 20;

pub(super) fn draw(state: &State, pick: &Pick, theme: Theme, frame: &mut Frame) {
    let choices = pick.choices(state);
    let at = pick.position(&choices);
    let note = pick.note(state, choices.get(at));
    let size = frame.area();
    let legend = if pick.of == PickOf::Help { legend(size.width) } else { Vec::new() };
    let below = if note.is_empty() && !pick.is_long() { 0 } else { pick.note_rows() };
    let below = below + legend.len();
    let most = usize::from(size.height).saturating_sub(6 + below).max(1);
    // A list that is searched keeps its size, so that nothing jumps while one types.
    let most = if pick.leaves_room() { most.min(LITTLE) } else { most };
    let rows = if pick.is_long() { most } else { choices.len().clamp(1, most) };
    let cells = if pick.is_long() { WIDE } else { NARROW };
    let cells = usize::from(cells.min(size.width.saturating_sub(4)));
    let inner = if pick.leaves_room() {
        // What the guest has written stays in sight, and so does the composer.
        let high = u16::try_from(rows + 3 + below).unwrap_or(u16::MAX);
        let above = size.height.saturating_sub(high + 3);
        window_below(frame, pick.title(), cells, rows + 1 + below, above)
    } else {
        window(frame, pick.title(), cells, rows + 1 + below)
    };
    let note = note_rows(&note, cells, below - legend.len());
    for (row, text) in (0..).zip(note) {
        let row = inner.height.saturating_sub(u16::try_from(below).unwrap_or(0)) + row;
        put(frame, inner, row, &Line::from(Span::styled(text, theme.style(Role::Faint))));
    }
    for (row, line) in (0..).zip(&legend) {
        let row = inner.height.saturating_sub(u16::try_from(legend.len()).unwrap_or(0)) + row;
        put(frame, inner, row, &Line::from(Span::styled(line.as_str(), theme.style(Role::Faint))));
    }
    let typed = if pick.typed.is_empty() {
        Span::styled(pick.prompt(), theme.style(Role::Faint))
    } else {
        Span::raw(pick.typed.clone())
    };
    put(frame, inner, 0, &Line::from(vec![Span::styled("> ", theme.style(Role::Key)), typed]));
    if choices.is_empty() {
        let none = Span::styled(pick.nothing(state), theme.style(Role::Faint));
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

/// What the signs of the queue mean, in as few rows as they need.
fn legend(wide: u16) -> Vec<String> {
    let cells = usize::from(WIDE.min(wide.saturating_sub(4)));
    let mut out: Vec<String> = Vec::new();
    for (sign, words) in LEGEND {
        let part = format!("{sign} {words}");
        match out.last_mut().filter(|line| width(line) + width(&part) + 3 <= cells) {
            Some(line) => *line = format!("{line}   {part}"),
            None => out.push(part),
        }
    }
    out
}

/// The beginning of the note in as many rows as there are; what is cut off is seen to be.
fn note_rows(note: &str, cells: usize, most: usize) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    let rows = rows(note, cells.saturating_sub(1));
    let more = rows.len() > most;
    for range in rows.into_iter().take(most) {
        out.push(expand_tabs(&note[range], cells));
    }
    if let Some(last) = out.last_mut().filter(|_| more) {
        last.push('…');
    }
    out
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
