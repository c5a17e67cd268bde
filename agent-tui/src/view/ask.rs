//! What asks for a line: a window over the panes. The line of a search stands in the
//! queue's title instead, so that what it finds is seen below it.

use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};

use super::overlay::window;
use super::{Role, Theme, put};
use crate::core::State;
use crate::core::conversation::Conversation;
use crate::core::line::{self, Purpose};
use crate::core::sign_in::SignIn;
use crate::text::{Untrusted, fit, width};
use support_shared::TicketId;

/// Columns of a window that asks.
const CELLS: u16 = 60;

pub(super) fn line(state: &State, line: &line::Line, theme: Theme, frame: &mut Frame) {
    let of = |title: &str, ticket| format!(" {title} · {} ", state.reference(ticket));
    let (title, hints) = match line.purpose {
        Purpose::Search => return,
        Purpose::HandBack(ticket) => {
            let hint = "a note for whoever takes it, or nothing";
            (of("Back to the queue", ticket), vec![hint.to_owned()])
        }
        Purpose::Tags(ticket) => (of("Tags", ticket), vec!["with commas between them".to_owned()]),
        Purpose::Close(ticket) => closing(state, ticket),
        Purpose::Password => signing_in(state),
    };
    let inner = window(frame, &title, cells(frame), 1 + hints.len());
    written(line, theme, frame, Rect { height: 1, ..inner });
    for (row, hint) in (1..).zip(hints) {
        let hint = fit(&hint, usize::from(inner.width));
        put(frame, inner, row, &Line::from(Span::styled(hint, theme.style(Role::Faint))));
    }
}

/// The question before a ticket is closed: whose it is, and what would be lost.
fn closing(state: &State, ticket: TicketId) -> (String, Vec<String>) {
    let conversation = state.conversations.get(&ticket);
    let guest = conversation.map_or_else(String::new, |it| it.card.guest.line(30));
    let title = format!(" Close {} with {guest}? ", state.reference(ticket));
    let mut hints = vec!["why, which the guest can read, or nothing".to_owned()];
    let texts = state.outbox.of(ticket).count();
    let waiting = state.outbox.unanswered_in(ticket).count();
    if waiting > 0 {
        hints.push("closed as soon as what you wrote is sent".to_owned());
    }
    match texts - waiting {
        0 => {}
        failed => {
            hints.push(format!("{failed} of your messages could not be sent and will not be"));
        }
    }
    if conversation.is_some_and(Conversation::has_draft) {
        hints.push("What you are writing stays, but cannot be sent".to_owned());
    }
    (title, hints)
}

fn signing_in(state: &State) -> (String, Vec<String>) {
    let why = state.ended.as_ref().map_or_else(String::new, |why| why.line(50));
    let hint = match &state.sign_in {
        SignIn { asked: true, .. } => "signing in…".to_owned(),
        SignIn { refused: Some(why), .. } => why.line(60),
        SignIn { .. } => format!("the password, please ({why})"),
    };
    let name = Untrusted::from(state.me.username.as_str()).line(30);
    (format!(" Sign in again as {name} "), vec![hint])
}

/// The text of a line with the cursor in it; its end is seen when it does not fit.
pub(super) fn written(line: &line::Line, theme: Theme, frame: &mut Frame, area: Rect) {
    let room = usize::from(area.width.saturating_sub(3));
    let secret = line.purpose == Purpose::Password;
    let dots = if secret { "•".repeat(line.text.text().chars().count()) } else { String::new() };
    let whole = if secret { dots.as_str() } else { line.text.text() };
    let column = if secret { width(whole) } else { line.text.position(usize::MAX).1 };
    let mut text = whole;
    let mut cut = 0;
    while column - cut > room {
        let Some(first) = text.chars().next() else { break };
        text = &text[first.len_utf8()..];
        cut = width(whole) - width(text);
    }
    let prompt = if line.purpose == Purpose::Search { "/ " } else { "> " };
    let text = fit(text, room + 1);
    let spans = vec![Span::styled(prompt, theme.style(Role::Key)), Span::raw(text)];
    put(frame, area, 0, &Line::from(spans));
    let right = u16::try_from(column.saturating_sub(cut) + 2).unwrap_or(0);
    frame.set_cursor_position(Position::new(area.x + right, area.y));
}

fn cells(frame: &Frame) -> usize {
    usize::from(CELLS.min(frame.area().width.saturating_sub(4)))
}
