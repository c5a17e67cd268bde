//! The top row: where we are connected, who we are, whether we are online, and what waits; for a
//! moment a toast, which hides neither texts nor keys there.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::{Role, Theme, put};
use crate::commands::{CommandId, Scope};
use crate::core::State;
use crate::core::link::LinkState;
use crate::core::rows::NAME_CELLS;
use crate::core::toast::Toast;
use crate::text::{Untrusted, fit, has_rtl, width};

pub(super) fn draw(state: &State, theme: Theme, frame: &mut Frame, area: Rect) {
    let cells = usize::from(area.width);
    if let Some(toast) = &state.toast {
        return self::toast(state, toast, theme, frame, area);
    }
    let (status, role) = status(state);
    let counts = counts(state);
    let name = Untrusted::from(state.me.display_name.as_str()).line(NAME_CELLS);
    let name = if has_rtl(&name) {
        Untrusted::from(state.me.username.as_str()).line(NAME_CELLS)
    } else {
        name
    };
    let who = format!("{name} @ {}", state.server);
    // The status and the counts always fit; who and where give way.
    let taken = width(&status) + width(&counts) + 6;
    let who = fit(&who, cells.saturating_sub(taken));
    let gap = cells.saturating_sub(width(&who) + width(&status) + width(&counts) + 4);
    let line = Line::from(vec![
        Span::raw(" "),
        Span::styled(who, theme.style(Role::Title)),
        Span::raw("  "),
        Span::styled(status, theme.style(role)),
        Span::raw(" ".repeat(gap)),
        Span::raw(counts),
        Span::raw(" "),
    ]);
    put(frame, area, 0, &line);
}

/// A toast has the row for itself while it is there: all else of it can wait, but not that we are
/// offline.
fn toast(state: &State, toast: &Toast, theme: Theme, frame: &mut Frame, area: Rect) {
    let cells = usize::from(area.width);
    let (status, role) = status(state);
    let status = if state.is_online() { String::new() } else { format!(" {status} ") };
    let more = toast.leads_to.map_or_else(String::new, |to| {
        let key = state.keymap.keys_of(to);
        match Scope::of(state) {
            Scope::Composer | Scope::Blank => {
                format!(" ({}, then {key} shows it)", state.keymap.keys_of(CommandId::StopWriting))
            }
            _ => format!(" ({key} shows it)"),
        }
    });
    // A long text wants the row more than the status does: it is back in a moment.
    let wanted = width(&toast.text) + width(&more) + 2;
    let status = if wanted + width(&status) > cells { String::new() } else { status };
    let room = cells.saturating_sub(width(&status) + width(&more) + 2);
    let text = format!(" {}{more} ", fit(&toast.text, room));
    let gap = cells.saturating_sub(width(&text) + width(&status));
    let line = Line::from(vec![
        Span::styled(text, theme.style(Role::Toast)),
        Span::raw(" ".repeat(gap)),
        Span::styled(status, theme.style(role)),
    ]);
    put(frame, area, 0, &line);
}

fn status(state: &State) -> (String, Role) {
    match &state.link {
        LinkState::Online => ("online".to_owned(), Role::Good),
        LinkState::Connecting => ("offline, connecting…".to_owned(), Role::Waiting),
        LinkState::SignedOut => {
            let key = state.keymap.keys_of(CommandId::Reconnect);
            (format!("signed out, {key} signs in"), Role::Bad)
        }
        LinkState::Offline { retry_at, .. } => {
            let left = (retry_at.as_millis() - state.now.as_millis()).max(0);
            (format!("offline, again in {} s", (left + 999) / 1000), Role::Bad)
        }
    }
}

fn counts(state: &State) -> String {
    let mut parts = Vec::new();
    if state.attention.quiet {
        parts.push("do not disturb".to_owned());
    }
    let unsent = state.outbox.items().len();
    if unsent > 0 {
        parts.push(format!("{unsent} unsent"));
    }
    if state.queue.is_loaded() {
        parts.push(format!("{} waiting", state.queue.waiting()));
        parts.push(format!("{} open", state.queue.cards().len()));
    }
    parts.join(", ")
}
