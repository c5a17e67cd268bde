//! One line that is written outside the composer: the words of a search, a note to whoever takes a
//! ticket next, tags. Nothing is done before Enter; Esc leaves everything as it was.

use std::fmt;

use support_shared::TicketId;
use support_shared::request::{AgentRequest, AssignTicket, CloseTicket, TagTicket};
use support_shared::text::{Content, Subject, Tag};

use super::composer::{Composer, Step};
use super::overlay::Overlay;
use super::toast::Toast;
use super::{Effect, State, desk, sign_in};
use crate::commands::CommandId as C;

/// The most characters of a line: the server's limit of a subject, with room for several tags.
const MOST_CHARS: usize = 500;
/// The most lines that are kept for their next try; of more, the latest.
const MOST_KEPT: usize = 16;

#[derive(Clone)]
pub(crate) struct Line {
    pub(crate) purpose: Purpose,
    pub(crate) text: Composer,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Words to look for among the tickets.
    Search,
    /// Why a ticket goes back to the queue.
    HandBack(TicketId),
    /// The tags of a ticket, with commas between them.
    Tags(TicketId),
    /// Why a ticket is closed: the question before it.
    Close(TicketId),
    /// The password of an agent whose session has ended.
    Password,
}

impl Purpose {
    /// What Enter does, in a word or two.
    pub(crate) fn verb(self) -> &'static str {
        match self {
            Self::Search => "done",
            Self::HandBack(_) => "hand back",
            Self::Tags(_) => "save",
            Self::Close(_) => "close",
            Self::Password => "sign in",
        }
    }
}

/// What is in it may be a password.
impl fmt::Debug for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Line").field("purpose", &self.purpose).finish_non_exhaustive()
    }
}

impl Line {
    pub(super) fn new(purpose: Purpose, text: &str) -> Self {
        let mut line = Self { purpose, text: Composer::default() };
        line.insert(text);
        line
    }

    /// Puts in what was typed or pasted, on one line.
    pub(super) fn insert(&mut self, text: &str) {
        let room = MOST_CHARS.saturating_sub(self.text.text().chars().count());
        let secret = self.purpose == Purpose::Password;
        let flat = |c: char| if c.is_whitespace() && !secret { ' ' } else { c };
        let flat: String =
            text.chars().filter(|c| !secret || !c.is_control()).map(flat).take(room).collect();
        self.text.insert(&flat);
    }
}

/// What was written to go with changes that were not made, for the next try.
#[derive(Debug, Default)]
pub(crate) struct Kept(Vec<(Purpose, String)>);

impl Kept {
    /// Keeps the words of a change, if there are any.
    pub(super) fn keep(&mut self, request: &AgentRequest) {
        let (purpose, text) = match request {
            AgentRequest::CloseTicket(CloseTicket { ticket_id, reason: Some(reason) }) => {
                (Purpose::Close(*ticket_id), reason.as_str())
            }
            AgentRequest::AssignTicket(AssignTicket { ticket_id, note: Some(note), .. }) => {
                (Purpose::HandBack(*ticket_id), note.as_str())
            }
            _ => return,
        };
        self.0.retain(|(known, _)| *known != purpose);
        self.0.truncate(MOST_KEPT - 1);
        self.0.insert(0, (purpose, text.to_owned()));
    }

    /// A line with what was kept for it.
    pub(super) fn line(&mut self, purpose: Purpose) -> Overlay {
        let kept = self.0.extract_if(.., |(known, _)| *known == purpose).next();
        Overlay::Line(Line::new(purpose, &kept.map_or_else(String::new, |(_, text)| text)))
    }
}

/// Text for the line that is open. Without one, nothing.
pub(super) fn write(state: &mut State, text: &str) {
    if let Some(Overlay::Line(line)) = &mut state.overlay {
        line.insert(text);
        search_as_typed(state);
    }
}

/// The commands of a line. False when there is none, and the command is meant for something else.
pub(super) fn run(state: &mut State, command: C, effects: &mut Vec<Effect>) -> bool {
    let Some(Overlay::Line(line)) = &mut state.overlay else { return false };
    let purpose = line.purpose;
    match command {
        C::Accept => accept(state, effects),
        C::Cancel => {
            state.overlay = None;
            if purpose == Purpose::Search {
                state.queue.show(state.queue.filter(), "", state.now);
            }
        }
        C::Previous => state.queue.step(-1),
        C::Next => state.queue.step(1),
        C::EraseLeft => line.text.erase(Step::Left),
        C::EraseRight => line.text.erase(Step::Right),
        C::EraseWord => line.text.erase(Step::WordLeft),
        C::EraseLine => line.text.erase(Step::LineStart),
        other => {
            let step = match other {
                C::CursorLeft => Step::Left,
                C::CursorRight => Step::Right,
                C::WordLeft => Step::WordLeft,
                C::WordRight => Step::WordRight,
                C::LineStart => Step::LineStart,
                C::LineEnd => Step::LineEnd,
                _ => return false,
            };
            // Nobody sees where in a password the cursor is: it stays at the end.
            if purpose != Purpose::Password {
                line.text.go(step, usize::MAX);
            }
        }
    }
    search_as_typed(state);
    true
}

fn search_as_typed(state: &mut State) {
    if let Some(Overlay::Line(Line { purpose: Purpose::Search, text })) = &state.overlay {
        state.queue.show(state.queue.filter(), text.text(), state.now);
    }
}

fn accept(state: &mut State, effects: &mut Vec<Effect>) {
    let Some(Overlay::Line(line)) = &state.overlay else { return };
    let text = line.text.text().trim().to_owned();
    match line.purpose {
        Purpose::Search => state.overlay = None,
        Purpose::HandBack(ticket) => match Content::try_from(text.clone()) {
            Ok(note) => desk::hand_back(state, ticket, Some(note), effects),
            Err(_) if text.is_empty() => desk::hand_back(state, ticket, None, effects),
            Err(why) => state.toast = Some(Toast::new(why.to_string(), state.now)),
        },
        Purpose::Close(ticket_id) => {
            let reason = Some(text).filter(|text| !text.is_empty()).map(Subject::try_from);
            match reason.transpose() {
                Ok(reason) => {
                    state.overlay = None;
                    let request = AgentRequest::CloseTicket(CloseTicket { ticket_id, reason });
                    effects.push(Effect::Ask(Box::new(request)));
                }
                Err(why) => state.toast = Some(Toast::new(format!("a reason: {why}"), state.now)),
            }
        }
        Purpose::Password => sign_in::ask(state, effects),
        Purpose::Tags(ticket) => match changes(state, ticket, &text) {
            Err(why) => state.toast = Some(Toast::new(why, state.now)),
            Ok(request) => {
                state.overlay = None;
                if !(request.add.is_empty() && request.remove.is_empty()) {
                    effects.push(Effect::Ask(Box::new(AgentRequest::TagTicket(request))));
                }
            }
        },
    }
}

/// What is to be added and taken away, so that the ticket has these tags.
fn changes(state: &State, ticket_id: TicketId, text: &str) -> Result<TagTicket, String> {
    let wanted: Vec<&str> = text.split(',').map(str::trim).filter(|it| !it.is_empty()).collect();
    let known = desk::card(state, ticket_id).map_or(&[][..], |card| &card.tags);
    let has = |word: &str| known.iter().any(|tag| tag.shown.line(32) == word);
    let mut add = Vec::new();
    for word in wanted.iter().filter(|word| !has(word)) {
        let tag = Tag::try_from((*word).to_owned()).map_err(|why| format!("a tag: {why}"))?;
        add.push(tag);
    }
    let remove = known
        .iter()
        .filter(|tag| !wanted.contains(&tag.shown.line(32).as_str()))
        .filter_map(|tag| tag.tag.clone())
        .collect();
    Ok(TagTicket { ticket_id, add, remove, priority: None })
}
