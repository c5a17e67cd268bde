//! Words about the ticket that is joined: who answers for it, its tags, how urgent it is, what is
//! known of it. Each goes the way that the screen goes, under the same conditions.

use support_shared::ticket::{PresenceState, Priority};
use support_shared::{AgentId, ErrorCode};

use super::{INVALID, JOIN_FIRST, command, fault, say};
use crate::commands::CommandId as C;
use crate::core::card::Card;
use crate::core::details;
use crate::core::overlay::Overlay;
use crate::core::pick::{give, hurry, priority_word};
use crate::core::run::{run, subject};
use crate::core::{Effect, Stamp, State};
use crate::text::Untrusted;

pub(super) fn assign(state: &mut State, stamp: &Stamp, name: &str, effects: &mut Vec<Effect>) {
    // Whether it may be is asked as for the key; the list itself is for those who see it.
    command(state, stamp, C::Assign, effects);
    let Some(Overlay::Pick(_)) = state.overlay.take() else { return };
    let Some(ticket) = subject(state).map(|card| card.id) else { return };
    match called(state, name) {
        Ok(agent) => match give(state, ticket, agent) {
            Some(effect) => effects.push(effect),
            None => effects.push(say("that is so already".to_owned())),
        },
        Err(why) => effects.push(fault(why, ErrorCode::NotFound)),
    }
}

/// The one colleague of this name, or of a name that begins so.
fn called(state: &State, name: &str) -> Result<AgentId, String> {
    let wanted = name.to_lowercase();
    let mine = Untrusted::from(state.me.display_name.as_str()).line(40);
    let others = state.colleagues.others(state.me.id);
    let mut known: Vec<(AgentId, String)> = vec![(state.me.id, mine)];
    known.extend(others.iter().map(|it| (it.id, it.name.line(40))));
    if wanted == "me" {
        return Ok(state.me.id);
    }
    let of = |fits: &dyn Fn(&str) -> bool| -> Vec<AgentId> {
        let found = known.iter().filter(|(_, name)| fits(&name.to_lowercase()));
        found.map(|(id, _)| *id).collect()
    };
    let exact = of(&|name| name == wanted);
    let found = if exact.is_empty() { of(&|name| name.starts_with(&wanted)) } else { exact };
    if let [one] = found[..] {
        return Ok(one);
    }
    let names: Vec<String> = known.into_iter().map(|(_, name)| name).collect();
    let what = if found.is_empty() { "nobody is" } else { "more than one is" };
    let name = Untrusted::from(name).line(40);
    Err(format!("{what} called {name}; there are {}", names.join(", ")))
}

pub(super) fn hand_back(state: &mut State, stamp: &Stamp, note: &str, effects: &mut Vec<Effect>) {
    line(state, stamp, C::HandBack, note, effects);
}

pub(super) fn tags(
    state: &mut State,
    stamp: &Stamp,
    tags: Option<&str>,
    effects: &mut Vec<Effect>,
) {
    let Some(tags) = tags else {
        return about(state, effects, |card| {
            let tags: Vec<String> = card.tags.iter().map(|tag| tag.shown.line(32)).collect();
            if tags.is_empty() {
                "no tags".to_owned()
            } else {
                format!("tags: {}", tags.join(", "))
            }
        });
    };
    line(state, stamp, C::Tags, if tags == "-" { "" } else { tags }, effects);
}

/// Runs a command that asks for a line, with this line.
fn line(state: &mut State, stamp: &Stamp, id: C, text: &str, effects: &mut Vec<Effect>) {
    command(state, stamp, id, effects);
    let Some(Overlay::Line(line)) = &mut state.overlay else { return };
    line.text.take();
    line.insert(text);
    accept(state, stamp, effects);
}

/// Takes the line that is there. One that stays open cannot be: it is gone, and why is said.
pub(super) fn accept(state: &mut State, stamp: &Stamp, effects: &mut Vec<Effect>) {
    run(state, stamp, C::Accept, effects);
    if state.overlay.take().is_some()
        && let Some(toast) = state.toast.take()
    {
        effects.push(fault(toast.text, INVALID));
    }
}

pub(super) fn priority(
    state: &mut State,
    stamp: &Stamp,
    priority: Option<Priority>,
    effects: &mut Vec<Effect>,
) {
    let Some(priority) = priority else {
        return about(state, effects, |card| format!("priority: {}", priority_word(card.priority)));
    };
    command(state, stamp, C::Priority, effects);
    let Some(Overlay::Pick(_)) = state.overlay.take() else { return };
    let Some(ticket) = subject(state).map(|card| card.id) else { return };
    match hurry(state, ticket, priority) {
        Some(effect) => effects.push(effect),
        None => effects.push(say("that is so already".to_owned())),
    }
}

/// Says something of the ticket that is joined.
fn about(state: &State, effects: &mut Vec<Effect>, text: impl Fn(&Card) -> String) {
    match state.conversation() {
        Some(open) => effects.push(say(text(&open.card))),
        None => effects.push(fault(JOIN_FIRST.to_owned(), INVALID)),
    }
}

pub(super) fn details(state: &State, effects: &mut Vec<Effect>) {
    let Some(ticket) = state.open else {
        return effects.push(fault(JOIN_FIRST.to_owned(), INVALID));
    };
    for row in details::details(state, ticket) {
        let text = row.text.replace('\n', ", ");
        let label =
            if row.label.is_empty() { "    ".to_owned() } else { format!("{}: ", row.label) };
        effects.push(say(format!("{label}{text}")));
    }
}

/// Who works here, as far as the server has told, and who is in the conversation.
pub(super) fn who(state: &State, effects: &mut Vec<Effect>) {
    let mine = Untrusted::from(state.me.display_name.as_str()).line(40);
    effects.push(say(format!("{mine}, that is you")));
    for other in state.colleagues.others(state.me.id) {
        let here = match other.state {
            Some(PresenceState::Online) => "online",
            Some(PresenceState::Away) => "away",
            Some(PresenceState::Offline) => "not here",
            None => "not told whether here",
        };
        effects.push(say(format!("{}, {here}", other.name.line(40))));
    }
    if let Some(open) = state.conversation() {
        let others = open.people.others(&state.me.display_name);
        let others: Vec<String> = others.map(|name| name.line(40)).collect();
        if !others.is_empty() {
            effects.push(say(format!("in {}: {}", open.card.reference, others.join(", "))));
        }
    }
}

pub(super) fn unsent(state: &State, effects: &mut Vec<Effect>) {
    for item in state.outbox.items() {
        let text = Untrusted::from(item.parcel.text.as_str()).line(100);
        effects.push(say(format!("{}: {text}", item.parcel.reference)));
    }
    if state.outbox.items().is_empty() {
        effects.push(say("every message was sent".to_owned()));
    }
}
