//! The bottom row: the keys that work now, from the command table.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::{Role, Theme, put};
use crate::commands::{Availability, Command, CommandId as C, Keys, Scope, group};
use crate::core::State;
use crate::core::conversation::Conversation;
use crate::core::draft::Mode;
use crate::core::link::LinkState;
use crate::core::overlay::Overlay;
use crate::text::width;

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
    if !state.pressed.is_empty() {
        return vec![("Esc".to_owned(), "give up")];
    }
    let here = Scope::of(state);
    let works = |command: &Command| (command.available)(state) == Availability::Enabled;
    let rows: Vec<(&Command, &[Keys])> =
        state.keymap.rows_at(here).filter(|(command, _)| works(command)).collect();
    let key_of = |id: C| {
        let mut keys = rows.iter().filter(|(command, _)| command.id == id);
        keys.find_map(|(_, keys)| keys.first()).map(ToString::to_string)
    };
    let picks = match &state.overlay {
        Some(Overlay::Pick(pick)) => pick.verb(),
        Some(Overlay::Line(line)) => Some(line.purpose.verb()),
        _ => None,
    };
    let signed_out = state.link == LinkState::SignedOut;
    let holes = state.conversation().is_some_and(|open| open.composer.has_holes());
    let hint = |command: &Command| {
        let mode = state.conversation().map(Conversation::mode);
        let word = match (command.id, mode) {
            (C::Send, Some(Mode::Reply)) => "send to guest",
            (C::Send, Some(Mode::Note)) => "save note",
            (C::SwitchMode, Some(mode)) => mode.other().word(),
            (C::Accept, _) if picks.is_some() => picks.unwrap_or_default(),
            (C::NextHole, _) if !holes => return None,
            (C::Reconnect, _) if signed_out => "sign in",
            _ if command.hint.is_empty() => "help",
            _ => command.hint,
        };
        Some((keys_of(command.id, key_of)?, word))
    };
    let size = |(key, word): &(String, &str)| width(key) + width(word) + 3;
    let help = rows.iter().find(|(command, _)| command.id == C::Help);
    let last = help.and_then(|(command, _)| hint(command));
    let mut left = cells.saturating_sub(last.as_ref().map_or(0, size));
    let mut out = Vec::new();
    // Without a session nothing else goes far.
    let first = |(command, _): &&(&Command, &[Keys])| command.id == C::Reconnect && signed_out;
    let in_order = rows.iter().filter(first).chain(rows.iter().filter(|row| !first(row)));
    for (command, _) in in_order {
        let named = !command.hint.is_empty() && command.id != C::Help;
        if let Some(hint) = hint(command).filter(|hint| named && size(hint) <= left) {
            left -= size(&hint);
            out.push(hint);
        }
    }
    let prefix = state.keymap.prefix(here).map(|key| key.to_string());
    if let Some(begins) = prefix.map(|key| (key.clone(), group(&key))) {
        out.extend(Some(begins).filter(|hint| !hint.1.is_empty() && size(hint) <= left));
    }
    out.extend(last);
    out
}

/// The key of a command. Where several commands share a hint, all their keys are named.
fn keys_of(id: C, key_of: impl Fn(C) -> Option<String>) -> Option<String> {
    let together: &[C] = match id {
        C::Next => &[C::Previous, C::Next],
        C::DetailsDown => &[C::DetailsUp, C::DetailsDown],
        C::PageUp => &[C::PageUp, C::PageDown],
        C::ShowMine => &[C::ShowMine, C::ShowUnassigned, C::ShowOpen, C::ShowClosed],
        _ => return key_of(id),
    };
    let keys: Vec<String> = together.iter().filter_map(|id| key_of(*id)).collect();
    Some(match (keys.first()?.as_str(), keys.last()?.as_str()) {
        ("↑", "↓") => "↑↓".to_owned(),
        ("1", "4") => "1-4".to_owned(),
        _ => keys.join("/"),
    })
}
