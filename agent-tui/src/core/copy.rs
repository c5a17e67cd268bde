//! Copies a message, or a link, to the clipboard: the newest on the screen first, the one before it
//! by the same key again, or the one that was pointed at.

use super::scroll::{Blocks, Key};
use super::timeline::{Entry, Place};
use super::toast::Toast;
use super::{Effect, State};
use crate::text::{Untrusted, links};

/// The message that was pointed at or copied last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Mark {
    pub(crate) place: Place,
    /// Which of its links was copied.
    link: Option<usize>,
    /// It was copied, and the same key goes on from here.
    copied: bool,
}

impl Mark {
    pub(super) fn pointed_at(place: Place) -> Self {
        Self { place, link: None, copied: false }
    }
}

/// Copies a message.
pub(super) fn message(state: &mut State, effects: &mut Vec<Effect>) {
    let Some(open) = state.conversation() else { return };
    let seen: Vec<&Entry> = seen(state);
    let places: Vec<Place> = seen.iter().map(|entry| entry.place).collect();
    let before = open.mark.map(|mark| (mark.place, mark.copied));
    let Some(at) = next(&places, before) else {
        state.toast = Some(Toast::new("there is no message on the screen to copy", state.now));
        return;
    };
    let entry = seen[at];
    let text = entry.content.copied();
    let name = entry.author.name.line(30);
    let said = match text.lines().count() {
        0 | 1 => format!("copied what {name} wrote (again: the message before)"),
        lines => format!("copied {lines} lines of {name}: mind where you paste them"),
    };
    let mark = Mark { place: entry.place, link: None, copied: true };
    done(state, mark, said, text, effects);
}

/// Copies a link.
pub(super) fn link(state: &mut State, effects: &mut Vec<Effect>) {
    let Some(open) = state.conversation() else { return };
    let mark = open.mark;
    let mut found: Vec<((Place, usize), String)> = Vec::new();
    for entry in seen(state) {
        let text = entry.content.copied();
        let links = links(&text).into_iter().map(str::to_owned).enumerate();
        found.extend(links.map(|(nth, link)| ((entry.place, nth), link)));
    }
    let at = match mark {
        // The last link of what was pointed at.
        Some(Mark { place, copied: false, .. }) => {
            found.iter().rposition(|((it, _), _)| *it == place)
        }
        mark => {
            let places: Vec<(Place, usize)> = found.iter().map(|(place, _)| *place).collect();
            let before = mark.and_then(|it| it.link.map(|nth| ((it.place, nth), it.copied)));
            next(&places, before)
        }
    };
    let Some(at) = at else {
        state.toast = Some(Toast::new("there is no link on the screen to copy", state.now));
        return;
    };
    let ((place, nth), link) = found.swap_remove(at);
    let said = format!("copied {}", Untrusted::from(link.as_str()).line(200));
    done(state, Mark { place, link: Some(nth), copied: true }, said, link, effects);
}

fn done(state: &mut State, mark: Mark, said: String, text: String, effects: &mut Vec<Effect>) {
    if let Some(conversation) = state.conversation_mut() {
        conversation.mark = Some(mark);
    }
    state.toast = Some(Toast::new(said, state.now));
    effects.push(Effect::Copy(text));
}

/// What is copied now: what was pointed at, else the one before what was copied, else the last.
fn next<T: PartialEq>(all: &[T], before: Option<(T, bool)>) -> Option<usize> {
    let last = all.len().checked_sub(1)?;
    let known = before.and_then(|(it, copied)| {
        let at = all.iter().position(|other| *other == it)?;
        Some(if copied { at.checked_sub(1).unwrap_or(last) } else { at })
    });
    Some(known.unwrap_or(last))
}

/// What people have written and is on the screen, from the top.
fn seen(state: &State) -> Vec<&Entry> {
    let (Some(open), Some(area)) = (state.conversation(), state.layout().conversation) else {
        return Vec::new();
    };
    let blocks = state.rows(open, area.timeline.width);
    let view = usize::from(area.timeline.height);
    let top = open.scroll.top(&blocks, view);
    let mut rows = 0;
    let mut seen = Vec::new();
    for index in top.index..blocks.len() {
        if rows >= view + top.skip {
            break;
        }
        rows += blocks.total(index);
        let entry = open.timeline.entries().get(index);
        seen.extend(
            entry.filter(|it| it.author.role != support_shared::message::SenderRole::System),
        );
    }
    seen
}

/// The entry that has this row of the window.
pub(super) fn at_row(state: &State, row: u16) -> Option<Place> {
    let (open, area) = (state.conversation()?, state.layout().conversation?);
    let blocks = state.rows(open, area.timeline.width);
    let top = open.scroll.top(&blocks, usize::from(area.timeline.height));
    let mut left = usize::from(row) + top.skip;
    for index in top.index..blocks.len() {
        let rows = blocks.total(index);
        if left < rows {
            return match blocks.key(index) {
                Key::Entry(place) => Some(place),
                Key::Pending(_) => None,
            };
        }
        left -= rows;
    }
    None
}
