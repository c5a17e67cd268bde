//! The queue: the filters with their counts, and the tickets of the one that is chosen.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::{Role, Theme, put, spread};
use crate::core::cards::Cards;
use crate::core::filter::Filter;
use crate::core::line::Purpose;
use crate::core::overlay::Overlay;
use crate::core::{Focus, State};
use crate::text::{fit, width};

pub(super) fn draw(state: &State, theme: Theme, frame: &mut Frame, area: Rect) {
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
    let mut row = 1;
    for (index, lines) in Cards::of(state, area).iter() {
        let selected = *index == at;
        let waits = shown.get(*index).is_some_and(|card| card.waiting_since.is_some());
        for (line, text) in lines.iter().enumerate() {
            let style = match (selected, line) {
                (true, _) => theme.style(if focused { Role::Selected } else { Role::Title }),
                (false, 0) if waits => theme.style(Role::Waiting),
                (false, 0) => Style::new(),
                (false, _) => theme.style(Role::Faint),
            };
            put(frame, area, row, &Line::from(Span::styled(text.as_str(), style)));
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
    let count = |filter: Filter| match filter {
        Filter::Closed if filter == queue.filter() => format!(" {}", found.trim_end()),
        Filter::Closed => String::new(),
        _ if queue.is_loaded() => format!(" {}", queue.count(filter)),
        _ => String::new(),
    };
    let parts = |form: &Form| -> Vec<(Filter, String)> {
        let part = |(nth, filter): (usize, Filter)| {
            let key = if form.keys { format!("{} ", nth + 1) } else { String::new() };
            (filter, format!("{key}{}{}", (form.word)(filter), count(filter).trim_end()))
        };
        Filter::ALL.into_iter().enumerate().map(part).collect()
    };
    let fits = |form: &&Form| {
        let parts = parts(form);
        let texts: usize = parts.iter().map(|(_, text)| width(text)).sum();
        texts + form.gap.len() * (parts.len() - 1) < cells
    };
    let form = FORMS.iter().find(fits).unwrap_or(&FORMS[FORMS.len() - 1]);
    let mut spans = Vec::new();
    for (at, (filter, text)) in parts(form).into_iter().enumerate() {
        spans.push(Span::raw(if at == 0 { " " } else { form.gap }));
        spans.push(Span::styled(text, if filter == queue.filter() { here } else { faint }));
    }
    put(frame, area, 0, &Line::from(spans));
}

/// How the filters are named: in full where there is room, and always with their counts.
struct Form {
    word: fn(Filter) -> &'static str,
    keys: bool,
    gap: &'static str,
}

const FORMS: [Form; 3] = [
    Form { word: Filter::word, keys: true, gap: "   " },
    Form { word: brief, keys: true, gap: "  " },
    Form { word: brief, keys: false, gap: " " },
];

/// A filter in one short word.
fn brief(filter: Filter) -> &'static str {
    match filter {
        Filter::Mine => "mine",
        Filter::Unassigned => "free",
        Filter::Open => "all",
        Filter::Closed => "closed",
    }
}

/// Why the list is empty.
fn nothing(state: &State) -> &'static str {
    match (state.queue.is_read(), state.is_online(), state.queue.filter()) {
        (false, true, _) if state.queue.is_loaded() => "Looking it up…",
        (false, true, _) => "Reading the queue…",
        (false, false, _) => "The queue comes with the connection",
        _ if state.queue.is_refused() => "The server refuses to look it up",
        _ if !state.queue.words().is_empty() => "No ticket has these words (Esc ends the search)",
        (true, _, Filter::Mine) => "No open ticket is yours",
        (true, _, Filter::Unassigned) => "Somebody has every open ticket",
        (true, _, Filter::Open) => "No open tickets",
        (true, _, Filter::Closed) => "No closed tickets",
    }
}
