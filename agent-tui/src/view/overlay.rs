//! What lies over the panes: the question that is asked once, and the help.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Clear, Widget};

use super::{Role, Theme, ask, details, put};
use crate::commands::{Availability, Command, Scope};
use crate::core::State;
use crate::core::conversation::Conversation;
use crate::core::overlay::{Overlay, Question};
use crate::text::{fit, width};

pub(super) fn draw(state: &State, theme: Theme, frame: &mut Frame) {
    match &state.overlay {
        None => {}
        Some(Overlay::Confirm(question)) => confirm(state, *question, theme, frame),
        Some(Overlay::Help { line }) => help(state, *line, theme, frame),
        Some(Overlay::Details { ticket, line }) => {
            details::over(state, *ticket, *line, theme, frame);
        }
        Some(Overlay::Line(line)) => ask::line(state, line, theme, frame),
        Some(Overlay::Pick(pick)) => ask::pick(state, pick, theme, frame),
    }
}

fn confirm(state: &State, question: Question, theme: Theme, frame: &mut Frame) {
    let lines = match question {
        Question::Close(id) => {
            let reference = state
                .conversations
                .get(&id)
                .map(|c| c.card.reference.to_string())
                .unwrap_or_default();
            let mut lines = vec![format!("Close {reference}? Enter closes, Esc keeps it open")];
            let unsent = state.outbox.of(id).count();
            if unsent > 0 {
                lines.push(format!("{unsent} of your messages are not sent yet and will not be"));
            }
            if state.conversations.get(&id).is_some_and(Conversation::has_draft) {
                lines.push("What you are writing stays, but cannot be sent".to_owned());
            }
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

fn help(state: &State, from: usize, theme: Theme, frame: &mut Frame) {
    let lines = help_lines(state);
    let size = frame.area();
    let wide = lines
        .iter()
        .map(|(keys, text, _)| width(keys).max(KEYS) + width(text) + 2)
        .max()
        .unwrap_or(0);
    let view = lines.len().min(usize::from(size.height).saturating_sub(4));
    let inner = window(
        frame,
        " Keys that work here ",
        wide.min(usize::from(size.width).saturating_sub(4)),
        view,
    );
    let from = from.min(lines.len().saturating_sub(view));
    for (row, (keys, text, works)) in (0..).zip(lines.into_iter().skip(from).take(view)) {
        let pad = " ".repeat(KEYS.saturating_sub(width(&keys)) + 2);
        let text = fit(&text, usize::from(inner.width).saturating_sub(width(&keys) + pad.len()));
        let style = if works { ratatui::style::Style::new() } else { theme.style(Role::Faint) };
        let line = vec![
            Span::styled(keys, theme.style(Role::Key)),
            Span::raw(pad),
            Span::styled(text, style),
        ];
        put(frame, inner, row, &Line::from(line));
    }
}

/// Columns of the keys in the help.
const KEYS: usize = 20;

/// Keys, words, and whether it works now, of every command of the place that has the keys.
fn help_lines(state: &State) -> Vec<(String, String, bool)> {
    let here = Scope::of_focus(state.focus);
    let mut lines: Vec<(&Command, String)> = Vec::new();
    for (command, keys) in state.keymap.rows_at(here) {
        let keys = keys.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        // A command with keys in two scopes is one command to whoever reads.
        match lines.iter_mut().find(|(known, _)| known.id == command.id) {
            Some((_, known)) => *known = format!("{known}, {keys}"),
            None => lines.push((command, keys)),
        }
    }
    let line = |(command, keys): (&Command, String)| match (command.available)(state) {
        Availability::Enabled => (keys, command.help.to_owned(), true),
        Availability::Disabled(why) => (keys, format!("{} ({why})", command.help), false),
    };
    lines.into_iter().map(line).collect()
}

/// An emptied box in the middle, and the place inside it.
pub(super) fn window(frame: &mut Frame, title: &str, cells: usize, rows: usize) -> Rect {
    let size = frame.area();
    let wide = u16::try_from(cells + 4).unwrap_or(u16::MAX).min(size.width);
    let high = u16::try_from(rows + 2).unwrap_or(u16::MAX).min(size.height);
    let area = Rect::new((size.width - wide) / 2, (size.height - high) / 2, wide, high);
    Clear.render(area, frame.buffer_mut());
    Block::bordered().title(title.to_owned()).render(area, frame.buffer_mut());
    Rect::new(area.x + 2, area.y + 1, wide.saturating_sub(4), high.saturating_sub(2))
}
