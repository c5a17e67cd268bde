//! The line mode: the console's core with words instead of keys and lines instead of a screen, for
//! screen readers, dumb terminals and pipes. What a word does is what the command of the same name
//! does, under the same conditions.

mod report;
#[cfg(test)]
mod stories;
mod words;

use ratatui::layout::Size;
use support_shared::ErrorCode;
use support_shared::ids::TicketName;

use super::card::{Card, age};
use super::draft::Mode;
use super::filter::Filter;
use super::link::LinkState;
use super::outbox::Standing;
use super::overlay::{Overlay, Question};
use super::{Effect, Focus, Stamp, State, desk, run};
use crate::commands::{Availability, CommandId as C, rows};
pub(crate) use report::Told;
pub(crate) use words::{Reader, Word};

/// The screen that there is not: everything is read out, and so nothing is out of the window.
pub(crate) const PAGE: Size = Size::new(80, u16::MAX);

/// Does what a line says.
pub(super) fn act(state: &mut State, stamp: &Stamp, word: Word, effects: &mut Vec<Effect>) {
    state.focus = if state.open.is_some() { Focus::Timeline } else { Focus::Queue };
    if let Some(Overlay::Confirm(_)) = state.overlay {
        let answer = match word {
            Word::Yes => C::Yes,
            Word::No => return run::run(state, stamp, C::No, effects),
            _ => C::No,
        };
        run::run(state, stamp, answer, effects);
        if answer == C::Yes {
            return;
        }
        effects.push(say("not closed".to_owned()));
    }
    match word {
        Word::List(filter) => list(state, filter, effects),
        Word::Open { name, silent } => open(state, name, silent, effects),
        Word::Say { mode, text } => post(state, stamp, mode, text, effects),
        Word::Claim => command(state, stamp, C::Claim, effects),
        Word::Leave => command(state, stamp, C::Leave, effects),
        Word::Next => command(state, stamp, C::NextNeed, effects),
        Word::Retry => command(state, stamp, C::Retry, effects),
        Word::TakeBack => command(state, stamp, C::TakeBack, effects),
        Word::Close => {
            command(state, stamp, C::Close, effects);
            if let Some(Overlay::Confirm(Question::Close(id))) = state.overlay
                && let Some(card) = desk::card(state, id)
            {
                let (reference, guest) = (card.reference, card.guest.line(40));
                effects.push(say(format!("close {reference} with {guest}? yes or no")));
            }
        }
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

const INVALID: ErrorCode = ErrorCode::Invalid;

/// Whether everything is known that a word may need, and what was written before is where it can
/// be: with the server, or without a connection on disk. Nothing may overtake it, least of all a
/// close.
pub(crate) fn is_settled(state: &State) -> bool {
    match state.link {
        LinkState::Connecting => false,
        LinkState::Online => {
            state.queue.is_loaded() && unsent(state) == 0 && state.deferred.is_empty()
        }
        LinkState::Offline { .. } | LinkState::SignedOut => !is_unsaved(state),
    }
}

/// How many texts are neither stored by the server nor refused.
pub(crate) fn unsent(state: &State) -> usize {
    let waits = |item: &&super::outbox::Item| !item.is_failed();
    state.outbox.items().iter().filter(waits).count()
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
    if state.open.is_none() && matches!(id, C::Claim | C::Close | C::Leave | C::Retry | C::TakeBack)
    {
        return effects.push(fault("join a ticket first: join REF".to_owned(), INVALID));
    }
    match known.map(|command| (command.available)(state)) {
        Some(Availability::Disabled(why)) => {
            effects.push(fault(why.to_owned(), ErrorCode::Conflict));
        }
        _ => run::run(state, stamp, id, effects),
    }
}

fn list(state: &State, filter: Filter, effects: &mut Vec<Effect>) {
    if !state.queue.is_loaded() {
        let text = "the queue has not been read yet".to_owned();
        return effects.push(fault(text, ErrorCode::Unavailable));
    }
    let me = state.me.id;
    let mut count = 0;
    for card in state.queue.cards().iter().filter(|card| filter.takes(card, me)) {
        count += 1;
        effects.push(say(described(state, card)));
    }
    if count == 0 {
        effects.push(say("no tickets".to_owned()));
    }
}

/// A ticket as a sentence.
fn described(state: &State, card: &Card) -> String {
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
    let known = state.queue.cards().iter().chain(open).find(called).map(|card| card.id);
    match (known, name) {
        (Some(id), _) | (None, TicketName::Id(id)) => run::open(state, id, silent, effects),
        (None, TicketName::Ref(reference)) if state.queue.is_loaded() => {
            let text = format!("no open ticket is called {reference}");
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
