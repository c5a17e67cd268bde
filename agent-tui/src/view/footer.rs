//! The bottom row: the keys that work now, from the command table; and the toast, which lies on
//! chrome so that it hides no text.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::{Role, Theme, put};
use crate::commands::{Availability, COMMANDS, Command, CommandId, Scope};
use crate::core::State;
use crate::core::conversation::Conversation;
use crate::core::draft::Mode;
use crate::core::layout::Layout;
use crate::text::{fit, width};

pub(super) fn draw(state: &State, theme: Theme, frame: &mut Frame, area: Rect) {
    let hints = hints(state, usize::from(area.width).saturating_sub(2));
    let mut spans = vec![Span::raw(" ")];
    for (at, (key, word)) in hints.iter().enumerate() {
        if at > 0 {
            spans.push(Span::raw("  "));
        }
        spans.push(Span::styled(key.clone(), theme.style(Role::Key)));
        spans.push(Span::styled(format!(" {word}"), theme.style(Role::Faint)));
    }
    put(frame, area, 0, &Line::from(spans));
}

/// Key and word of each command that works now, as many as fit; the way to the help always does.
pub(crate) fn hints(state: &State, cells: usize) -> Vec<(String, &'static str)> {
    let here = Scope::of(state);
    let works = |command: &&Command| {
        command.scope.covers(here) && (command.available)(state) == Availability::Enabled
    };
    let help = COMMANDS.iter().filter(works).find(|command| command.id == CommandId::Help);
    let hint = |command: &Command| {
        let mode = state.conversation().map(Conversation::mode);
        let word = match (command.id, mode) {
            (CommandId::Send, Some(Mode::Reply)) => "send to guest",
            (CommandId::Send, Some(Mode::Note)) => "save note",
            (CommandId::SwitchMode, Some(mode)) => mode.other().word(),
            _ if command.hint.is_empty() => "help",
            _ => command.hint,
        };
        (key_of(command), word)
    };
    let size = |(key, word): &(String, &str)| width(key) + width(word) + 3;
    let last = help.map(hint);
    let mut left = cells.saturating_sub(last.as_ref().map_or(0, size));
    let mut out = Vec::new();
    for command in COMMANDS.iter().filter(works) {
        let named = !command.hint.is_empty() && command.id != CommandId::Help;
        let hint = hint(command);
        if named && size(&hint) <= left {
            left -= size(&hint);
            out.push(hint);
        }
    }
    out.extend(last);
    out
}

fn key_of(command: &Command) -> String {
    match command.id {
        // Two commands, one hint: both keys are named.
        CommandId::Next | CommandId::HelpDown | CommandId::DetailsDown => "↑↓".to_owned(),
        CommandId::ShowMine => "1-4".to_owned(),
        CommandId::PageUp => "PgUp/PgDn".to_owned(),
        _ => command.keys.first().map(ToString::to_string).unwrap_or_default(),
    }
}

/// A toast lies on the composer's rule, or on the last row of the queue where there is none.
pub(super) fn toast(state: &State, theme: Theme, frame: &mut Frame, layout: &Layout) {
    let Some(toast) = &state.toast else { return };
    let rule = layout.conversation.map(|conversation| conversation.rule);
    let Some(area) = rule.or_else(|| layout.queue.map(last_row)) else { return };
    let text = format!(" {} ", fit(&toast.text, usize::from(area.width).saturating_sub(2)));
    put(frame, area, 0, &Line::from(Span::styled(text, theme.style(Role::Toast))));
}

fn last_row(area: Rect) -> Rect {
    Rect { y: area.bottom().saturating_sub(1), height: 1, ..area }
}
