//! The queue: one row for each ticket on a narrow screen, two in the side pane.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use support_shared::message::SenderRole;

use super::{Role, Theme, put, spread};
use crate::core::card::{Card, age};
use crate::core::layout::is_wide;
use crate::core::{Focus, State};
use crate::text::{fit, width};

/// Columns of the guest's name in a one-row ticket.
const NAME: usize = 18;

pub(super) fn draw(state: &State, theme: Theme, frame: &mut Frame, area: Rect) {
    let cells = usize::from(area.width);
    let focused = state.focus == Focus::Queue;
    let count = if state.queue.is_loaded() {
        format!("{} open ", state.queue.cards().len())
    } else {
        String::new()
    };
    let (left, right) = spread(" Queue", &count, ' ', cells);
    let title = theme.style(if focused { Role::Title } else { Role::Faint });
    put(
        frame,
        area,
        0,
        &Line::from(vec![Span::styled(left, title), Span::styled(right, theme.style(Role::Faint))]),
    );
    if state.queue.cards().is_empty() {
        let text = match (state.queue.is_loaded(), state.is_online()) {
            (true, _) => "No open tickets",
            (false, true) => "Reading the queue…",
            (false, false) => "The queue comes with the connection",
        };
        put(
            frame,
            area,
            2,
            &Line::from(Span::styled(format!(" {text}"), theme.style(Role::Faint))),
        );
        return;
    }
    // The last row stays free for a toast.
    let rows_each = if is_wide(state.size) { 2 } else { 1 };
    let most = usize::from(area.height.saturating_sub(2)) / rows_each;
    let at = state.queue.position().unwrap_or(0);
    let first = (at + 1).saturating_sub(most.max(1));
    let mut row = 1;
    for (index, card) in state.queue.cards().iter().enumerate().skip(first).take(most) {
        let selected = index == at;
        let lines = if rows_each == 2 {
            two_rows(state, card, cells)
        } else {
            vec![one_row(state, card, cells)]
        };
        for (line, text) in lines.into_iter().enumerate() {
            let style = match (selected, line) {
                (true, _) => theme.style(if focused { Role::Selected } else { Role::Title }),
                (false, 0) if card.waiting_since.is_some() => theme.style(Role::Waiting),
                (false, 0) => Style::new(),
                (false, _) => theme.style(Role::Faint),
            };
            put(frame, area, row, &Line::from(Span::styled(text, style)));
            row += 1;
        }
    }
}

/// What stands before a ticket: `>` is open on the screen, `*` waits for an answer.
fn mark(state: &State, card: &Card) -> char {
    if state.open == Some(card.id) {
        '>'
    } else if card.waiting_since.is_some() {
        '*'
    } else {
        ' '
    }
}

fn waits(state: &State, card: &Card) -> String {
    card.waiting_since.map(|since| age(since, state.now)).unwrap_or_default()
}

fn one_row(state: &State, card: &Card, cells: usize) -> String {
    let guest = card.guest.line(NAME);
    let pad = " ".repeat(NAME.saturating_sub(width(&guest)));
    let assignee =
        card.assignee.as_ref().map(|name| format!("  {}", name.line(12))).unwrap_or_default();
    let start = format!(
        "{}{} {:>3}  {guest}{pad}  ",
        mark(state, card),
        card.reference,
        waits(state, card)
    );
    let room = cells.saturating_sub(width(&start) + width(&assignee) + 1);
    let (left, right) =
        spread(&format!("{start}{}", about(card, room)), &format!("{assignee} "), ' ', cells);
    left + &right
}

fn two_rows(state: &State, card: &Card, cells: usize) -> Vec<String> {
    let waits = format!(" {} ", waits(state, card));
    let start = format!("{}{} ", mark(state, card), card.reference);
    let name = card.guest.line(cells.saturating_sub(width(&start) + width(&waits)));
    let (left, right) = spread(&format!("{start}{name}"), &waits, ' ', cells);
    let (about, pad) =
        spread(&format!("  {}", about(card, cells.saturating_sub(3))), "", ' ', cells);
    vec![left + &right, fit(&(about + &pad), cells)]
}

/// The subject, and the last message behind it as far as there is room.
fn about(card: &Card, cells: usize) -> String {
    let subject = card.about().line(cells);
    let Some(preview) = card.preview.as_ref().filter(|_| card.subject.is_some()) else {
        return subject;
    };
    let who = if card.last_role == Some(SenderRole::Guest) { "" } else { "↩ " };
    let room = cells.saturating_sub(width(&subject) + width(who) + 3);
    if room < 12 || preview.is_blank() {
        return subject;
    }
    format!("{subject} · {who}{}", preview.line(room))
}
