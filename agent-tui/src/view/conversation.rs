//! The conversation: title, the rows that are in the window, and the composer.
//!
//! A text is drawn right of the gutter and never reaches it, so that no guest can imitate the bar
//! or the word that say who speaks.

use std::ops::Range;

use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use support_shared::message::SenderRole;

use super::{Role, Theme, put, spread};
use crate::core::card::Card;
use crate::core::cards::tags;
use crate::core::conversation::{Conversation, Room};
use crate::core::draft::Mode;
use crate::core::layout::{self, GUTTER};
use crate::core::rows::{Row, Voice};
use crate::core::scroll::{Blocks, Key};
use crate::core::{Focus, State};
use crate::text::{expand_tabs, has_rtl, rows, width};

pub(super) fn draw(state: &State, theme: Theme, frame: &mut Frame, parts: layout::Conversation) {
    let Some(conversation) = state.conversation() else {
        let text = if state.open.is_some() { " Opening…" } else { " No conversation is open" };
        put(frame, parts.title, 0, &Line::from(Span::styled(text, theme.style(Role::Faint))));
        return;
    };
    title(state, conversation, theme, frame, parts.title);
    timeline(state, conversation, theme, frame, parts.timeline);
    rule(state, conversation, theme, frame, parts.rule);
    composer(state, conversation, theme, frame, parts.composer);
}

fn title(state: &State, conversation: &Conversation, theme: Theme, frame: &mut Frame, area: Rect) {
    let card = &conversation.card;
    let standing = match (card.is_open(), conversation.room) {
        (false, _) => "closed ",
        (true, _) if card.ended_by_guest => "the guest is done ",
        (true, Room::Joined) if conversation.silent => "watching, unseen ",
        (true, Room::Joined) => "",
        (true, Room::Joining) if state.is_online() => "joining… ",
        (true, Room::Joining) => "offline ",
        (true, Room::Left) => "not joined ",
    };
    let right = match &conversation.writing {
        Some(writing) if standing.is_empty() => {
            let somebody = match writing.role {
                SenderRole::Guest => "the guest",
                _ => "a colleague",
            };
            format!("{} is writing… ", beside(writing.name.line(20), somebody))
        }
        _ => {
            let here = here(state, conversation, usize::from(area.width) / 4);
            let parts = [here, assignee(state, card), standing.trim_end().to_owned()];
            let open = card.is_open();
            let parts = parts.into_iter().skip(if open { 0 } else { 2 });
            let parts: Vec<String> = parts.filter(|part| !part.is_empty()).collect();
            format!("{} ", parts.join(" · "))
        }
    };
    let about = beside(card.about().line(usize::from(area.width)), "");
    let about = if about.is_empty() { about } else { format!(" · {about}") };
    let mut left = format!(" {} {}{about}", card.reference, beside(card.guest.line(30), "guest"));
    for tag in tags(card).filter(|tag| !has_rtl(tag)) {
        if width(&left) + width(&tag) + width(&right) + 3 <= usize::from(area.width) {
            left = format!("{left} {tag}");
        }
    }
    let (left, right) = spread(&left, &right, ' ', usize::from(area.width));
    let style = theme.style(if state.focus == Focus::Queue { Role::Faint } else { Role::Title });
    put(
        frame,
        area,
        0,
        &Line::from(vec![
            Span::styled(left, style),
            Span::styled(right, theme.style(Role::Waiting)),
        ]),
    );
}

/// A text that may stand beside others, or what stands for it: one that is written from right to
/// left has rows of its own in the queue, the conversation and the details.
fn beside(text: String, other: &str) -> String {
    if has_rtl(&text) { other.to_owned() } else { text }
}

/// Which colleagues are in the conversation.
fn here(state: &State, conversation: &Conversation, cells: usize) -> String {
    let mut others = conversation.people.others(&state.me.display_name);
    match (others.next(), others.count()) {
        (None, _) => String::new(),
        (Some(one), 0) => format!("{} is here", beside(one.line(cells), "a colleague")),
        (Some(one), more) => {
            format!("{} and {more} more are here", beside(one.line(cells), "a colleague"))
        }
    }
}

/// Who answers for the ticket, if anybody does.
fn assignee(state: &State, card: &Card) -> String {
    match &card.assignee {
        None => String::new(),
        Some(_) if card.assignee_id == Some(state.me.id) => "yours".to_owned(),
        Some(name) => format!("assigned to {}", beside(name.line(20), "a colleague")),
    }
}

fn timeline(
    state: &State,
    conversation: &Conversation,
    theme: Theme,
    frame: &mut Frame,
    area: Rect,
) {
    if !conversation.timeline.is_loaded() {
        let text = if state.is_online() {
            "reading the conversation…"
        } else {
            "the conversation comes with the connection"
        };
        put(
            frame,
            area,
            0,
            &Line::from(Span::styled(format!("  {text}"), theme.style(Role::Faint))),
        );
    }
    let blocks = state.rows(conversation, area.width);
    let view = usize::from(area.height);
    let top = conversation.scroll.top(&blocks, view);
    let mut skip = top.skip;
    let mut row = 0;
    for index in top.index..blocks.len() {
        let marked = conversation.mark.is_some_and(|it| blocks.key(index) == Key::Entry(it.place));
        for line in blocks.rows(index).into_iter().skip(skip) {
            if row == area.height {
                return;
            }
            let mut line = line_of(line, theme, usize::from(area.width));
            if let Some(bar) = line.spans.first_mut().filter(|_| marked) {
                bar.style = theme.style(Role::Selected);
            }
            put(frame, area, row, &line);
            row += 1;
        }
        skip = 0;
    }
}

fn line_of(row: Row, theme: Theme, cells: usize) -> Line<'static> {
    match row {
        Row::Day(day) => {
            let side = cells.saturating_sub(width(&day) + 2) / 2;
            let text = format!("{0} {day} {0}", "─".repeat(side));
            Line::from(Span::styled(text, theme.style(Role::Chrome)))
        }
        Row::Unread(count) => {
            let text = format!(" {count} new ");
            let left = cells.saturating_sub(width(&text)) / 2;
            let right = cells.saturating_sub(width(&text) + left);
            let text = format!("{}{text}{}", "━".repeat(left), "━".repeat(right));
            Line::from(Span::styled(text, theme.style(Role::Waiting)))
        }
        Row::Name { voice, name } => Line::from(vec![
            Span::styled(bar(voice), theme.voice(voice)),
            Span::styled(name, theme.style(Role::Title)),
        ]),
        Row::Author { voice, word, name, time } => {
            let (_, right) = spread(
                "",
                &format!("{time} "),
                ' ',
                cells.saturating_sub(width(word) + width(&name) + 4),
            );
            Line::from(vec![
                Span::styled(bar(voice), theme.voice(voice)),
                Span::styled(word, theme.voice(voice)),
                Span::raw(" "),
                Span::styled(name, theme.style(Role::Title)),
                Span::styled(right, theme.style(Role::Faint)),
            ])
        }
        Row::Text { voice, text } => {
            Line::from(vec![Span::styled(bar(voice), theme.voice(voice)), Span::raw(text)])
        }
        Row::System { internal, text, time } => {
            let mark = if internal { '#' } else { '·' };
            let said = [text, time].into_iter().filter(|part| !part.is_empty());
            let said = said.collect::<Vec<_>>().join(" ");
            Line::from(Span::styled(format!("  {mark} {said}"), theme.style(Role::System)))
        }
        Row::Standing { text, failed } => {
            let style = theme.style(if failed { Role::Bad } else { Role::Faint });
            Line::from(Span::styled(format!("  {text}"), style))
        }
    }
}

/// What stands left of a text. The text cannot get there, and so cannot look like another's.
fn bar(voice: Voice) -> &'static str {
    match voice {
        Voice::Guest | Voice::Agent => "▌ ",
        Voice::Note => "# ",
    }
}

fn rule(state: &State, conversation: &Conversation, theme: Theme, frame: &mut Frame, area: Rect) {
    let card = &conversation.card;
    let mode = conversation.mode();
    let guest = beside(card.guest.line(30), "the guest");
    // A note is another border, another word, another prompt, another colour and another hint.
    let (line, title) = match mode {
        _ if !card.is_open() && conversation.composer.is_blank() => {
            ('─', "Closed: read only".to_owned())
        }
        _ if !card.is_open() => ('─', "Closed: not sent unless it is opened again".to_owned()),
        Mode::Reply => ('─', format!("Reply to {guest}")),
        Mode::Note => ('═', format!("NOTE for the desk, hidden from {guest}")),
    };
    let edge = format!("{line}{line}");
    let begun = (!conversation.aside.is_blank())
        .then(|| format!(" {} begun (Ctrl-N) {edge}", mode.other().word()));
    let below = match conversation.new_below() {
        0 if conversation.scroll.is_following() => begun.unwrap_or_default(),
        0 => format!(" more below (End) {edge}"),
        new => format!(" {new} new below (End) {edge}"),
    };
    let left = format!("{edge} {title} ");
    let (left, right) = spread(&left, &below, line, usize::from(area.width));
    let style = match (mode, state.focus) {
        (Mode::Note, _) if card.is_open() => theme.style(Role::Note),
        (_, Focus::Composer) => Style::new(),
        _ => theme.style(Role::Chrome),
    };
    put(frame, area, 0, &Line::from(vec![Span::styled(left, style), Span::styled(right, style)]));
}

fn composer(
    state: &State,
    conversation: &Conversation,
    theme: Theme,
    frame: &mut Frame,
    area: Rect,
) {
    let cells = layout::composer_width(area.width);
    let text = conversation.composer.text();
    let writing = state.focus == Focus::Composer;
    let mode = conversation.mode();
    let (glyph, prompt) = match mode {
        Mode::Reply => ("> ", theme.style(if writing { Role::Key } else { Role::Faint })),
        Mode::Note => ("# ", theme.style(Role::Note)),
    };
    put(frame, area, 0, &Line::from(Span::styled(glyph, prompt)));
    let inner = Rect { x: area.x + GUTTER, width: area.width.saturating_sub(GUTTER), ..area };
    if text.is_empty() && conversation.card.is_open() {
        let hint = match (writing, mode) {
            (false, _) => "r to reply, i for a note",
            (true, Mode::Reply) => "Enter sends to the guest; / for canned replies",
            (true, Mode::Note) => "Enter saves the note; the guest cannot see it",
        };
        put(frame, inner, 0, &Line::from(Span::styled(hint, theme.style(Role::Faint))));
    }
    let (row, column) = conversation.composer.position(cells);
    let first = (row + 1).saturating_sub(usize::from(area.height));
    for (at, range) in
        rows(text, cells).into_iter().skip(first).take(usize::from(area.height)).enumerate()
    {
        let selected = conversation.composer.selected().filter(|_| writing);
        let line = written(text, range, selected, theme, cells);
        put(frame, inner, u16::try_from(at).unwrap_or(u16::MAX), &line);
    }
    if writing && state.overlay.is_none() {
        let down = u16::try_from(row - first).unwrap_or(0);
        let right = u16::try_from(column).unwrap_or(0);
        frame.set_cursor_position(Position::new(inner.x + right, inner.y + down));
    }
}

/// A row of the written text, with what is selected of it marked.
fn written(
    text: &str,
    row: Range<usize>,
    selected: Option<Range<usize>>,
    theme: Theme,
    cells: usize,
) -> Line<'static> {
    let selected = selected.unwrap_or(row.end..row.end);
    let from = selected.start.clamp(row.start, row.end);
    let to = selected.end.clamp(from, row.end);
    Line::from(vec![
        Span::raw(expand_tabs(&text[row.start..from], cells)),
        Span::styled(expand_tabs(&text[from..to], cells), theme.style(Role::Selected)),
        Span::raw(expand_tabs(&text[to..row.end], cells)),
    ])
}
