//! The queue: one row for each ticket on a narrow screen, two in the side pane.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use support_shared::message::SenderRole;
use support_shared::ticket::Priority;

use super::{Role, Theme, put, spread};
use crate::core::card::{Card, age};
use crate::core::filter::Filter;
use crate::core::layout::{Cards, is_wide};
use crate::core::line::Purpose;
use crate::core::overlay::Overlay;
use crate::core::{Focus, State};
use crate::text::{fit, width};

/// Columns of the guest's name in a one-row ticket.
const NAME: usize = 18;

pub(super) fn draw(state: &State, theme: Theme, frame: &mut Frame, area: Rect) {
    let cells = usize::from(area.width);
    let focused = state.focus == Focus::Queue;
    title(state, focused, theme, frame, Rect { height: 1, ..area });
    let shown = state.queue.shown();
    if shown.is_empty() {
        let text = nothing(state);
        put(
            frame,
            area,
            2,
            &Line::from(Span::styled(format!(" {text}"), theme.style(Role::Faint))),
        );
        return;
    }
    let at = state.queue.position().unwrap_or(0);
    let Cards { first, most, rows: rows_each } = Cards::of(state, area);
    let mut row = 1;
    for (index, card) in shown.into_iter().enumerate().skip(first).take(most) {
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

/// The filters with their counts, or what is searched for; the line in which it is written.
fn title(state: &State, focused: bool, theme: Theme, frame: &mut Frame, area: Rect) {
    if let Some(Overlay::Line(line)) = &state.overlay
        && line.purpose == Purpose::Search
    {
        return super::ask::written(line, theme, frame, Rect { x: area.x + 1, ..area });
    }
    let cells = usize::from(area.width);
    let queue = &state.queue;
    let more = if queue.has_more() { "+" } else { "" };
    let found =
        if queue.is_read() { format!("{}{more} ", queue.shown().len()) } else { String::new() };
    let here = theme.style(if focused { Role::Title } else { Role::Faint });
    let faint = theme.style(Role::Faint);
    if !queue.words().is_empty() {
        let words = fit(queue.words(), cells.saturating_sub(width(&found) + 16));
        let text = format!(" \u{201c}{words}\u{201d} in {}", queue.filter().word());
        let (left, right) = spread(&text, &found, ' ', cells);
        let spans = vec![Span::styled(left, here), Span::styled(right, faint)];
        return put(frame, area, 0, &Line::from(spans));
    }
    if is_wide(state.size) {
        let (left, right) = spread(&format!(" {}", heading(queue.filter())), &found, ' ', cells);
        let spans = vec![Span::styled(left, here), Span::styled(right, faint)];
        return put(frame, area, 0, &Line::from(spans));
    }
    let mut spans = Vec::new();
    for (key, filter) in (1..).zip(Filter::ALL) {
        let chosen = filter == queue.filter();
        let count = match filter {
            Filter::Closed if chosen => format!(" {}", found.trim_end()),
            Filter::Closed => String::new(),
            _ if queue.is_loaded() => format!(" {}", queue.count(filter)),
            _ => String::new(),
        };
        let text = format!("{key} {}{count}", filter.word());
        spans.push(Span::raw(if key == 1 { " " } else { "   " }));
        spans.push(Span::styled(text, if chosen { here } else { faint }));
    }
    put(frame, area, 0, &Line::from(spans));
}

fn heading(filter: Filter) -> &'static str {
    match filter {
        Filter::Mine => "Mine",
        Filter::Unassigned => "Unassigned",
        Filter::Open => "All open",
        Filter::Closed => "Closed",
    }
}

/// Why the list is empty.
fn nothing(state: &State) -> &'static str {
    match (state.queue.is_read(), state.is_online(), state.queue.filter()) {
        (false, true, _) if state.queue.is_loaded() => "Looking it up…",
        (false, true, _) => "Reading the queue…",
        (false, false, _) => "The queue comes with the connection",
        _ if !state.queue.words().is_empty() => "No ticket has these words (Esc ends the search)",
        (true, _, Filter::Mine) => "No open ticket is yours",
        (true, _, Filter::Unassigned) => "Somebody has every open ticket",
        (true, _, Filter::Open) => "No open tickets",
        (true, _, Filter::Closed) => "No closed tickets",
    }
}

/// What stands before a ticket: `>` is open on the screen, `+` has something written in it that is
/// not sent, `*` waits for an answer.
fn mark(state: &State, card: &Card) -> char {
    if state.open == Some(card.id) {
        '>'
    } else if state.has_draft(card.id) {
        '+'
    } else if card.waiting_since.is_some() {
        '*'
    } else {
        ' '
    }
}

/// How long the guest waits, or how long ago the ticket was closed.
fn waits(state: &State, card: &Card) -> String {
    card.waiting_since
        .or(card.closed_at.filter(|_| !card.is_open()))
        .map(|since| age(since, state.now))
        .unwrap_or_default()
}

/// What no agent has read, in at most three columns.
fn unread(card: &Card) -> String {
    match card.unread() {
        0 => String::new(),
        many @ 1..=99 => format!("+{many}"),
        _ => "99+".to_owned(),
    }
}

fn one_row(state: &State, card: &Card, cells: usize) -> String {
    let guest = card.guest.line(NAME);
    let pad = " ".repeat(NAME.saturating_sub(width(&guest)));
    let assignee =
        card.assignee.as_ref().map(|name| format!("  {}", name.line(12))).unwrap_or_default();
    let start = format!(
        "{}{} {:>3} {:>3}  {guest}{pad}  ",
        mark(state, card),
        card.reference,
        waits(state, card),
        unread(card)
    );
    let room = cells.saturating_sub(width(&start) + width(&assignee) + 1);
    let (left, right) =
        spread(&format!("{start}{}", about(card, room)), &format!("{assignee} "), ' ', cells);
    left + &right
}

fn two_rows(state: &State, card: &Card, cells: usize) -> Vec<String> {
    let waits = format!(" {} {:>3} ", unread(card), waits(state, card));
    let start = format!("{}{} ", mark(state, card), card.reference);
    let name = card.guest.line(cells.saturating_sub(width(&start) + width(&waits)));
    let (left, right) = spread(&format!("{start}{name}"), &waits, ' ', cells);
    let (about, pad) =
        spread(&format!("  {}", about(card, cells.saturating_sub(3))), "", ' ', cells);
    vec![left + &right, fit(&(about + &pad), cells)]
}

/// The subject, and the last message behind it as far as there is room.
fn about(card: &Card, cells: usize) -> String {
    let urgent = match card.priority {
        Priority::Urgent => "!! ",
        Priority::High => "! ",
        Priority::Normal | Priority::Low => "",
    };
    let subject = format!("{urgent}{}", card.about().line(cells.saturating_sub(urgent.len())));
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
