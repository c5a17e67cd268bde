//! Lists of tickets as lines. The open ones are here already; closed ones, and those with certain
//! words, are looked up and said when the answer is there.

use support_shared::ErrorCode;

use super::{described, fault, say};
use crate::core::filter::Filter;
use crate::core::{Effect, State};

pub(super) fn list(state: &mut State, filter: Filter, effects: &mut Vec<Effect>) {
    show(state, filter, "", effects);
}

/// The tickets of the list that was said last which have these words.
pub(super) fn search(state: &mut State, words: &str, effects: &mut Vec<Effect>) {
    show(state, state.queue.filter(), words, effects);
}

fn show(state: &mut State, filter: Filter, words: &str, effects: &mut Vec<Effect>) {
    state.lines.listing = false;
    let looked_up = filter == Filter::Closed || !words.is_empty();
    let why_not = if looked_up && !state.is_online() {
        "offline: what has to be looked up is when the server is back"
    } else if !state.queue.is_loaded() {
        "the queue has not been read yet"
    } else {
        state.queue.show(filter, words, state.now);
        state.queue.retry_refused(state.now);
        state.lines.listing = true;
        return;
    };
    effects.push(fault(why_not.to_owned(), ErrorCode::Unavailable));
}

/// Says the list that was asked for, as soon as it is here.
pub(in crate::core) fn tell(state: &mut State, effects: &mut Vec<Effect>) {
    if !state.lines.listing {
        return;
    }
    if !state.queue.is_read() {
        if !state.is_online() {
            state.lines.listing = false;
        }
        return;
    }
    state.lines.listing = false;
    let shown = state.queue.shown();
    effects.extend(shown.iter().map(|card| say(described(state, card))));
    if shown.is_empty() {
        effects.push(say("no tickets".to_owned()));
    }
    if state.queue.has_more() {
        effects.push(say("there are more: search WORDS finds them".to_owned()));
    }
}
