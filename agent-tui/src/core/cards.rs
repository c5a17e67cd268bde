//! The tickets of the queue as rows of text: one for each on a narrow screen, two in the side pane.
//! What is written from right to left has a row of its own. Counted by the pointer and the scrolling,
//! drawn by the view.

use ratatui::layout::Rect;
use support_shared::message::SenderRole;
use support_shared::ticket::Priority;

use super::State;
use super::card::{Card, age};
use super::layout::is_wide;
use crate::text::{fit, has_rtl, width};

/// Columns of the guest's name in a one-row ticket.
const NAME: usize = 16;
/// The most columns of the assignee's name, and of one tag.
const ASSIGNEE: usize = 12;
const TAG: usize = 32;
/// The columns before what is written by people, in a row of its own.
const INDENT: usize = 5;

/// What the signs in the queue mean, for whoever asks for the keys.
pub(crate) const LEGEND: [(&str, &str); 10] = [
    (">", "open here"),
    ("*", "guest waits"),
    ("~", "draft"),
    ("?", "not sent"),
    ("^", "on its way"),
    ("+1", "unread"),
    ("!", "high"),
    ("!!", "urgent"),
    ("#", "tag"),
    ("↩", "we wrote last"),
];

/// The tickets that are in the queue's pane, below its title, as many as fit around the selection.
pub(crate) struct Cards(Vec<(usize, Vec<String>)>);

impl Cards {
    pub(crate) fn of(state: &State, area: Rect) -> Self {
        let shown = state.queue.shown();
        let most = usize::from(area.height.saturating_sub(1));
        let cells = usize::from(area.width);
        let rows = |at: usize| shown.get(at).map(|card| (at, lines(state, card, cells)));
        let at = state.queue.position().unwrap_or(0);
        let mut cards: Vec<(usize, Vec<String>)> = rows(at).into_iter().collect();
        let mut used: usize = cards.iter().map(|(_, lines)| lines.len()).sum();
        // The selected one is the last, if not all before it fit.
        for before in (0..at).rev() {
            let Some((index, lines)) = rows(before).filter(|it| used + it.1.len() <= most) else {
                break;
            };
            used += lines.len();
            cards.push((index, lines));
        }
        cards.reverse();
        for after in at + 1.. {
            let Some((index, lines)) = rows(after).filter(|it| used + it.1.len() <= most) else {
                break;
            };
            used += lines.len();
            cards.push((index, lines));
        }
        Self(cards)
    }

    /// Each ticket by its place in the list, with its rows.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &(usize, Vec<String>)> {
        self.0.iter()
    }

    /// The ticket that has this row of the pane.
    pub(crate) fn at(&self, row: u16) -> Option<usize> {
        let mut left = usize::from(row.checked_sub(1)?);
        self.0.iter().find_map(|(index, lines)| {
            let found = left < lines.len();
            left = left.saturating_sub(lines.len());
            found.then_some(*index)
        })
    }
}

/// What is on its own row, and what may stand beside others.
#[derive(Default)]
struct Apart(Vec<String>);

impl Apart {
    /// The text if it may stand beside others, else nothing, and a row for it below.
    fn beside(&mut self, text: String) -> String {
        if has_rtl(&text) {
            self.0.push(text);
            return String::new();
        }
        text
    }
}

fn lines(state: &State, card: &Card, cells: usize) -> Vec<String> {
    let mut apart = Apart::default();
    let mut lines = if is_wide(state.size) {
        two_rows(state, card, cells, &mut apart)
    } else {
        vec![one_row(state, card, cells, &mut apart)]
    };
    let room = cells.saturating_sub(INDENT + 1);
    for text in apart.0 {
        lines.push(padded(&format!("{}{}", " ".repeat(INDENT), fit(&text, room)), cells));
    }
    lines
}

/// Each sign in its own column: open on the screen, waiting, a draft, a text that is not sent.
fn marks(state: &State, card: &Card) -> [char; 4] {
    let mark = |yes: bool, sign| if yes { sign } else { ' ' };
    let mut unsent = state.outbox.of(card.id).peekable();
    let on_its_way = unsent.peek().is_some();
    let decide = unsent.any(super::outbox::Item::is_failed);
    [
        mark(state.open == Some(card.id), '>'),
        mark(card.waiting_since.is_some(), '*'),
        mark(state.has_draft(card.id), '~'),
        if decide { '?' } else { mark(on_its_way, '^') },
    ]
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

fn assignee(state: &State, card: &Card) -> String {
    match &card.assignee {
        Some(_) if card.assignee_id == Some(state.me.id) => "you".to_owned(),
        Some(name) => name.line(ASSIGNEE),
        None => String::new(),
    }
}

/// Tags as far as they fit, then who has it.
fn right(state: &State, card: &Card, cells: usize, apart: &mut Apart) -> String {
    let assignee = apart.beside(assignee(state, card));
    let mut out = String::new();
    for tag in tags(card) {
        let tag = apart.beside(tag);
        if !tag.is_empty() && width(&out) + width(&tag) + width(&assignee) + 2 <= cells {
            out = format!("{out}{tag} ");
        }
    }
    format!(" {out}{assignee}").trim_end().to_owned()
}

/// The tags of a ticket, as they are shown.
pub(crate) fn tags(card: &Card) -> impl Iterator<Item = String> {
    card.tags.iter().map(|tag| format!("#{}", tag.shown.line(TAG)))
}

fn one_row(state: &State, card: &Card, cells: usize, apart: &mut Apart) -> String {
    let [open, waiting, draft, unsent] = marks(state, card);
    let guest = apart.beside(card.guest.line(NAME));
    let pad = " ".repeat(NAME.saturating_sub(width(&guest)));
    let start = format!(
        "{open}{waiting}{draft}{unsent} {} {:>3} {:>3}  {guest}{pad}  ",
        card.reference,
        waits(state, card),
        unread(card)
    );
    let left = cells.saturating_sub(width(&start) + 1);
    let about_first = about(card, left);
    let alone = has_rtl(&about_first);
    let right = right(state, card, left / 2, apart);
    let room = left.saturating_sub(width(&right));
    let about = if alone { apart.beside(about_first) } else { about(card, room) };
    padded_between(&format!("{start}{}", fit(&about, room)), &right, cells)
}

fn two_rows(state: &State, card: &Card, cells: usize, apart: &mut Apart) -> Vec<String> {
    let [open, waiting, draft, unsent] = marks(state, card);
    let waits = format!(" {} {:>3}", self::unread(card), waits(state, card));
    let start = format!("{open}{waiting} {} ", card.reference);
    let room = cells.saturating_sub(width(&start) + width(&waits) + 1);
    let name = apart.beside(card.guest.line(room));
    let above = padded_between(&format!("{start}{name}"), &waits, cells);
    let left = cells.saturating_sub(4);
    let whole = about(card, left);
    let alone = has_rtl(&whole);
    let right = right(state, card, left / 2, apart);
    let room = left.saturating_sub(width(&right));
    let about = if alone { apart.beside(whole) } else { about(card, room) };
    let below = padded_between(&format!("{draft}{unsent} {}", fit(&about, room)), &right, cells);
    // What would stand there stands alone below.
    if alone && below.trim().is_empty() { vec![above] } else { vec![above, below] }
}

/// Left and right with blanks between them, and one at the edge.
fn padded_between(left: &str, right: &str, cells: usize) -> String {
    let gap = cells.saturating_sub(width(left) + width(right) + 1);
    padded(&format!("{left}{}{right}", " ".repeat(gap)), cells)
}

fn padded(text: &str, cells: usize) -> String {
    let text = fit(text, cells);
    let pad = " ".repeat(cells.saturating_sub(width(&text)));
    text + &pad
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
    if room < 12 || preview.is_blank() || has_rtl(&subject) {
        return subject;
    }
    let preview = preview.line(room);
    if has_rtl(&preview) { subject } else { format!("{subject} · {who}{preview}") }
}
