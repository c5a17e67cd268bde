//! The commands as a list: by name for the palette, by keys for the help. Each is there once and
//! everywhere; what does not work here says where it does.

use super::{Choice, State, Value};
use crate::commands::{Availability, Command, Keys, Scope};

/// A command as it is offered where the palette or the help was opened.
struct Offer {
    command: &'static Command,
    keys: Vec<String>,
    why_not: Option<&'static str>,
}

pub(super) fn by_name(state: &State) -> Vec<Choice> {
    let choice = |offer: Offer| Choice {
        name: offer.command.id.name(),
        label: offer.command.id.name(),
        about: offer.command.help.to_owned(),
        hint: offer.keys.join(", "),
        why_not: offer.why_not,
        is_now: false,
        value: Value::Command(offer.command),
    };
    let mut offers = offers(state);
    // What works comes first, and what the footer has a word for before what one does without
    // thinking of it.
    offers.sort_by_key(|offer| (offer.why_not.is_some(), offer.command.hint.is_empty()));
    offers.into_iter().map(choice).collect()
}

pub(super) fn by_keys(state: &State) -> Vec<Choice> {
    let choice = |offer: Offer| Choice {
        name: offer.command.id.name(),
        label: offer.keys.join(", "),
        about: offer.command.help.to_owned(),
        hint: String::new(),
        why_not: offer.why_not,
        is_now: false,
        value: Value::Command(offer.command),
    };
    offers(state).into_iter().map(choice).collect()
}

/// Every command once: those of this place in the order of the table, then all others.
fn offers(state: &State) -> Vec<Offer> {
    let here = Scope::pane(state);
    let mut out: Vec<Offer> = Vec::new();
    let mut offer = |command: &'static Command, keys: &[Keys], why_not, merge| {
        let keys = keys.iter().map(ToString::to_string);
        match out.iter_mut().find(|it| it.command.id == command.id) {
            // Keys of two rows are keys of one command to whoever reads.
            Some(known) if merge => known.keys.extend(keys),
            Some(_) => {}
            None => out.push(Offer { command, keys: keys.collect(), why_not }),
        }
    };
    for (command, keys) in state.keymap.rows_at(here) {
        offer(command, keys, why_not(state, command), true);
    }
    for (command, keys) in state.keymap.rows().filter(|(it, _)| it.scope.is_near(here)) {
        offer(command, keys, why_not(state, command), false);
    }
    for (command, keys) in state.keymap.rows() {
        offer(command, keys, Some(command.scope.elsewhere()), false);
    }
    out
}

fn why_not(state: &State, command: &Command) -> Option<&'static str> {
    match (command.available)(state) {
        Availability::Enabled => None,
        Availability::Disabled(why) => Some(why),
    }
}
