//! What may be pressed next, once the first of several keys has been: a box above the footer. It is
//! there at once and stays until the next key; nothing runs out.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Clear, Widget};

use super::{Role, Theme, put};
use crate::commands::{Availability, Scope, group};
use crate::core::State;
use crate::text::{rows as wrapped, width};

pub(super) fn draw(state: &State, theme: Theme, frame: &mut Frame) {
    if state.pressed.is_empty() {
        return;
    }
    let rows = rows(state);
    let keys = rows.iter().map(|(key, _, _)| width(key)).max().unwrap_or(0);
    let texts = rows.iter().map(|(_, text, _)| width(text)).max().unwrap_or(0);
    let size = frame.area();
    let wide = u16::try_from(keys + texts + 6).unwrap_or(u16::MAX).min(size.width);
    let cells = usize::from(wide).saturating_sub(keys + 6).max(1);
    // What does not fit into a row goes on in the next, so that no reason is cut.
    let mut lines = Vec::new();
    for (key, text, works) in rows {
        let style = if works { Style::new() } else { theme.style(Role::Faint) };
        for (at, range) in wrapped(&text, cells).into_iter().enumerate() {
            let key = if at == 0 { key.as_str() } else { "" };
            let pad = " ".repeat(keys - width(key) + 2);
            lines.push(Line::from(vec![
                Span::styled(key.to_owned(), theme.style(Role::Key)),
                Span::raw(pad),
                Span::styled(text[range].to_owned(), style),
            ]));
        }
    }
    let high = u16::try_from(lines.len() + 2).unwrap_or(u16::MAX).min(size.height - 2);
    let area = Rect::new(0, size.height - 1 - high, wide, high);
    Clear.render(area, frame.buffer_mut());
    Block::bordered().title(title(state)).render(area, frame.buffer_mut());
    let inner = Rect::new(area.x + 2, area.y + 1, wide.saturating_sub(4), high.saturating_sub(2));
    for (row, line) in (0..).zip(lines) {
        put(frame, inner, row, &line);
    }
}

fn title(state: &State) -> String {
    let pressed: Vec<String> = state.pressed.iter().map(ToString::to_string).collect();
    let pressed = pressed.join(" ");
    match group(&pressed) {
        "" => format!(" {pressed} … "),
        words => format!(" {pressed} {words} "),
    }
}

/// Key, words, and whether it works now, of everything that may follow.
fn rows(state: &State) -> Vec<(String, String, bool)> {
    let mut out: Vec<(String, String, bool)> = Vec::new();
    for (key, last, command) in state.keymap.following(Scope::of(state), &state.pressed) {
        let key = key.to_string();
        if !last {
            // Several commands go on with the same key: one row for them.
            if !out.iter().any(|(known, _, _)| *known == key) {
                out.push((key, "more keys".to_owned(), true));
            }
            continue;
        }
        out.push(match (command.available)(state) {
            Availability::Enabled => (key, command.help.to_owned(), true),
            Availability::Disabled(why) => (key, format!("{} ({why})", command.help), false),
        });
    }
    out
}
