//! The line mode: the console's core with words instead of keys and lines instead of a screen, for
//! screen readers, dumb terminals and pipes. What a word does is what the command of the same name
//! does, under the same conditions.

mod about;
mod looked_up;
mod report;
#[cfg(test)]
mod stories;
mod words;

use ratatui::layout::Size;
use support_shared::ErrorCode;
use support_shared::ids::TicketName;

use super::card::{Card, age};
use super::draft::Mode;
use super::line::Purpose;
use super::link::LinkState;
use super::outbox::Standing;
use super::overlay::Overlay;
use super::{Effect, Focus, Stamp, State, desk, run};
use crate::commands::{Availability, CommandId as C, rows};
use crate::text::Untrusted;
pub(super) use looked_up::tell;
pub(crate) use report::Told;
pub(crate) use words::{Reader, Word};

/// The screen that there is not: everything is read out, and so nothing is out of the window.
pub(crate) const PAGE: Size = Size::new(80, u16::MAX);

/// What the lines have asked for that is said when it is there.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    /// A list that the server looks up.
    pub(super) listing: bool,
}

/// Does what a line says.
pub(super) fn act(state: &mut State, stamp: &Stamp, word: Word, effects: &mut Vec<Effect>) {
    state.focus = if state.open.is_some() { Focus::Timeline } else { Focus::Queue };
    if let Some(Overlay::Line(_)) = state.overlay {
        // The question is the one before a close: its reason is in the line that Enter takes.
        match word {
            Word::Yes => return about::accept(state, stamp, effects),
            _ => state.overlay = None,
        }
        effects.push(say("not closed".to_owned()));
        if word == Word::No {
            return;
        }
    }
    match word {
        Word::List(filter) => looked_up::list(state, filter, effects),
        Word::Search(words) => looked_up::search(state, &words, effects),
        Word::Open { name, silent } => open(state, name, silent, effects),
        Word::Say { mode, text } => post(state, stamp, mode, text, effects),
        Word::Run(id) => command(state, stamp, id, effects),
        Word::Quiet => {
            command(state, stamp, C::Quiet, effects);
            let quiet = "do not disturb: no notices until quiet is typed again".to_owned();
            if let Some(toast) = state.toast.as_mut().filter(|_| state.attention.quiet) {
                toast.text = quiet;
            }
        }
        Word::Close(reason) => close(state, stamp, &reason, effects),
        Word::Assign(name) => about::assign(state, stamp, &name, effects),
        Word::HandBack(note) => about::hand_back(state, stamp, &note, effects),
        Word::Tags(tags) => about::tags(state, stamp, tags.as_deref(), effects),
        Word::Priority(priority) => about::priority(state, stamp, priority, effects),
        Word::Details => about::details(state, effects),
        Word::Who => about::who(state, effects),
        Word::Unsent => about::unsent(state, effects),
        Word::Canned(shortcut) => canned(state, stamp, shortcut.as_deref(), effects),
        Word::Back => match state.open.take() {
            Some(id) => {
                let reference = state.reference(id);
                let text =
                    format!("lines go to no guest; {reference} is not left: join {reference}");
                effects.push(say(text));
            }
            None => effects.push(fault(JOIN_FIRST.to_owned(), INVALID)),
        },
        Word::Help => effects.extend(words::help().map(say)),
        // The end of it is the loop's: what is under way is waited for.
        Word::Quit => {}
        Word::Yes | Word::No => effects.push(fault("there was no question".to_owned(), INVALID)),
        Word::Begin(mode) => {
            if let Some(why) = cannot_write(state) {
                return effects.push(fault(why.to_owned(), INVALID));
            }
            let text = match mode {
                Mode::Reply => "write the reply; a line with a single dot sends it",
                Mode::Note => "write the note, which the guest cannot see; a single dot ends it",
            };
            effects.push(say(text.to_owned()));
        }
        Word::Unfinished { mode, text } => {
            if let Some(open) = state.conversation_mut() {
                open.composer_of(mode).append(&text);
            }
            let text = "not sent, no line with a single dot ended it; it is kept as a draft";
            effects.push(fault(text.to_owned(), INVALID));
        }
        Word::Wrong(why) => effects.push(fault(why, INVALID)),
    }
}

/// Asks once, and says what the guest will read as the reason.
fn close(state: &mut State, stamp: &Stamp, reason: &str, effects: &mut Vec<Effect>) {
    command(state, stamp, C::Close, effects);
    let Some(Overlay::Line(line)) = &mut state.overlay else { return };
    line.text.take();
    line.insert(reason);
    let Purpose::Close(id) = line.purpose else { return };
    let Some(card) = desk::card(state, id) else { return };
    let (reference, guest) = (card.reference, card.guest.line(40));
    let because = match reason {
        "" => String::new(),
        reason => format!(", who can read this: {}", Untrusted::from(reason).line(200)),
    };
    effects.push(say(format!("close {reference} with {guest}{because}? yes or no")));
}

/// Says which canned replies there are, or sends one that has nothing to be filled in.
fn canned(state: &mut State, stamp: &Stamp, shortcut: Option<&str>, effects: &mut Vec<Effect>) {
    let replies = &state.replies;
    if let Some(trouble) = replies.trouble(state.is_online()) {
        effects.push(fault(trouble, ErrorCode::Unavailable));
    }
    let Some(shortcut) = shortcut else {
        if replies.is_empty() {
            effects.push(say("the desk has no canned replies".to_owned()));
        }
        let lines = replies.all().iter().map(|it| say(format!("{}: {}", it.shortcut, it.title)));
        return effects.extend(lines);
    };
    let shortcut = shortcut.trim_start_matches('/').to_lowercase();
    let Some(id) = replies.all().iter().find(|it| it.shortcut == shortcut).map(|it| it.id) else {
        let text = format!("no canned reply is called {}", Untrusted::from(shortcut).line(40));
        return effects.push(fault(text, ErrorCode::NotFound));
    };
    match super::canned::filled(state, id) {
        None => effects.push(fault(JOIN_FIRST.to_owned(), INVALID)),
        Some((text, holes)) if holes.is_empty() => post(state, stamp, Mode::Reply, text, effects),
        Some((text, holes)) => {
            effects.extend(text.lines().map(|line| say(format!("    {line}"))));
            let text =
                format!("not sent: fill in {}, with reply before the text", holes.join(", "));
            effects.push(fault(text, INVALID));
        }
    }
}

const JOIN_FIRST: &str = "join a ticket first: join REF";
const INVALID: ErrorCode = ErrorCode::Invalid;

/// Whether everything is known that a word may need, and what was written before is where it can
/// be: with the server, or without a connection on disk. Nothing may overtake it, least of all a
/// close.
pub(crate) fn is_settled(state: &State) -> bool {
    match state.link {
        LinkState::Connecting => false,
        LinkState::Online => {
            let reading = state.lines.listing || state.replies.is_reading();
            let done = !state.outbox.has_unanswered() && state.deferred.is_empty();
            state.queue.is_loaded() && done && !reading
        }
        LinkState::Offline { .. } | LinkState::SignedOut => !is_unsaved(state),
    }
}

/// Whether a text is not on disk yet.
fn is_unsaved(state: &State) -> bool {
    state.outbox.items().iter().any(|item| item.standing == Standing::Unsaved)
}

fn say(text: String) -> Effect {
    Effect::Say { text, fault: None }
}

fn fault(text: String, code: ErrorCode) -> Effect {
    Effect::Say { text, fault: Some(code) }
}

/// Runs a command if it would do something, or says why not.
fn command(state: &mut State, stamp: &Stamp, id: C, effects: &mut Vec<Effect>) {
    let known = rows().find(|command| command.id == id);
    let needs_none = matches!(id, C::NextNeed | C::Quiet | C::Reconnect);
    if state.open.is_none() && !needs_none {
        return effects.push(fault(JOIN_FIRST.to_owned(), INVALID));
    }
    match known.map(|command| (command.available)(state)) {
        Some(Availability::Disabled(why)) => {
            effects.push(fault(run::why_not(state, id, why), ErrorCode::Conflict));
        }
        _ => run::run(state, stamp, id, effects),
    }
}

/// A ticket as a sentence.
pub(super) fn described(state: &State, card: &Card) -> String {
    let waits = card.waiting_since.map(|since| match age(since, state.now).as_str() {
        "now" => "waits".to_owned(),
        age => format!("waits {age}"),
    });
    let mine = card.assignee_id == Some(state.me.id);
    let whose = card.assignee.as_ref().map(|name| {
        if mine { "yours".to_owned() } else { format!("assigned to {}", name.line(40)) }
    });
    let unread = (card.unread() > 0).then(|| format!("{} unread", card.unread()));
    let first = format!("{} {}", card.reference, card.guest.line(40));
    let parts: Vec<String> = [Some(first), waits, whose, unread].into_iter().flatten().collect();
    format!("{}: {}", parts.join(", "), card.about().line(80))
}

fn open(state: &mut State, name: TicketName, silent: bool, effects: &mut Vec<Effect>) {
    let called = |card: &&Card| match name {
        TicketName::Id(id) => card.id == id,
        TicketName::Ref(reference) => card.reference == reference,
    };
    let open = state.conversations.values().map(|it| &it.card);
    let listed = state.queue.shown().into_iter();
    let known = state.queue.cards().iter().chain(listed).chain(open).find(called);
    let known = known.map(|card| card.id);
    match (known, name) {
        (Some(id), _) | (None, TicketName::Id(id)) => run::open(state, id, silent, effects),
        (None, TicketName::Ref(reference)) if state.queue.is_loaded() => {
            let text = format!("no open ticket is called {reference}, and none of the last list");
            effects.push(fault(text, ErrorCode::NotFound));
        }
        (None, TicketName::Ref(_)) => {
            let text = "the queue has not been read yet".to_owned();
            effects.push(fault(text, ErrorCode::Unavailable));
        }
    }
}

fn cannot_write(state: &State) -> Option<&'static str> {
    match state.conversation() {
        None => Some("no ticket is joined: join REF, or help"),
        Some(open) if !open.card.is_open() => Some("this conversation is closed"),
        Some(_) => None,
    }
}

fn post(state: &mut State, stamp: &Stamp, mode: Mode, text: String, effects: &mut Vec<Effect>) {
    if let Some(why) = cannot_write(state) {
        let closed = state.conversation().is_some();
        let code = if closed { ErrorCode::TicketClosed } else { INVALID };
        return effects.push(fault(why.to_owned(), code));
    }
    if mode == Mode::Reply {
        desk::step_in(state, effects);
    }
    if let Err(why) = run::post(state, stamp, mode, text, effects) {
        effects.push(fault(why, INVALID));
    }
}
