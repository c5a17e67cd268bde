//! When a command would do something, and if not, why: in words for whoever pressed its key.

use crate::core::State;
use crate::core::canned;
use crate::core::composer::Composer;
use crate::core::conversation::Room;
use crate::core::line::Purpose;
use crate::core::link::LinkState;
use crate::core::overlay::Overlay;

/// Whether a command would do something now, and if not, why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Availability {
    Enabled,
    Disabled(&'static str),
}

fn enabled(yes: bool, why_not: &'static str) -> Availability {
    if yes { Availability::Enabled } else { Availability::Disabled(why_not) }
}

pub(super) fn always(_: &State) -> Availability {
    Availability::Enabled
}

pub(super) fn has_selection(state: &State) -> Availability {
    let why_not = if state.queue.is_read() {
        "there is no ticket in this list"
    } else {
        "the queue has not been read yet"
    };
    enabled(state.queue.position().is_some(), why_not)
}

pub(super) fn has_conversation(state: &State) -> Availability {
    enabled(
        state.conversation().is_some(),
        "no conversation is open: Enter opens the selected ticket",
    )
}

pub(super) fn has_rows(state: &State) -> Availability {
    has_conversation(state)
}

pub(super) fn is_open(state: &State) -> Availability {
    match state.conversation() {
        None => has_conversation(state),
        Some(conversation) => enabled(conversation.card.is_open(), "this conversation is closed"),
    }
}

pub(super) fn can_send(state: &State) -> Availability {
    match is_open(state) {
        Availability::Enabled => {
            let written = state.conversation().is_some_and(|open| !open.composer.is_blank());
            enabled(written, "nothing is written yet")
        }
        no @ Availability::Disabled(_) => no,
    }
}

pub(super) fn has_holes(state: &State) -> Availability {
    let holes = state.conversation().is_some_and(|open| open.composer.has_holes());
    enabled(holes, "nothing is left to fill in")
}

/// The canned reply that is selected can go to the guest as it is.
pub(super) fn can_send_picked(state: &State) -> Availability {
    let Some(Overlay::Pick(pick)) = &state.overlay else {
        return Availability::Disabled("it works in the list of canned replies");
    };
    let blank = canned::written(state).is_none_or(Composer::is_blank);
    match (pick.ready(state), is_open(state)) {
        (None, _) => Availability::Disabled("only a canned reply can be sent from its list"),
        (Some(_), closed @ Availability::Disabled(_)) => closed,
        (Some(false), _) => Availability::Disabled("it has a hole to fill in: Enter inserts it"),
        (Some(true), _) => enabled(blank, "something is written already: Enter adds to it"),
    }
}

pub(super) fn is_written(state: &State) -> Availability {
    match state.conversation() {
        Some(open) if open.has_draft() => Availability::Enabled,
        _ => is_open(state),
    }
}

pub(super) fn can_close(state: &State) -> Availability {
    match is_open(state) {
        Availability::Enabled => {
            enabled(state.is_online(), "offline: a ticket can be closed when the server is back")
        }
        no @ Availability::Disabled(_) => no,
    }
}

pub(super) fn can_claim(state: &State) -> Availability {
    match crate::core::run::subject(state) {
        None => has_selection(state),
        Some(card) if !card.is_open() => Availability::Disabled("this conversation is closed"),
        Some(card) if card.assignee_id == Some(state.me.id) => {
            Availability::Disabled("this ticket is yours already")
        }
        Some(card) if card.assignee_id.is_some() => {
            Availability::Disabled("somebody has this ticket: assign gives it to you all the same")
        }
        Some(_) => {
            enabled(state.is_online(), "offline: a ticket can be claimed when the server is back")
        }
    }
}

pub(super) fn can_leave(state: &State) -> Availability {
    match state.conversation() {
        None => has_conversation(state),
        Some(conversation) => {
            enabled(conversation.room != Room::Left, "you are not in this conversation")
        }
    }
}

pub(super) fn is_away(state: &State) -> Availability {
    let away = state.conversation().is_some_and(|conversation| !conversation.scroll.is_following());
    enabled(away, "the newest message is on the screen")
}

pub(super) fn has_failed(state: &State) -> Availability {
    let failed = state.open.and_then(|ticket| state.outbox.failed_in(ticket));
    enabled(failed.is_some(), "no message here was refused")
}

pub(super) fn has_unsent(state: &State) -> Availability {
    enabled(!state.outbox.items().is_empty(), "every message was sent")
}

/// What is selected of the texts that are not sent waits for a decision.
pub(super) fn can_decide(state: &State) -> Availability {
    let decides = crate::core::unsent::selected(state).is_some_and(|(_, item)| item.is_failed());
    enabled(decides, "it is sent as soon as it can be")
}

pub(super) fn is_offline(state: &State) -> Availability {
    match state.link {
        LinkState::Offline { .. } | LinkState::SignedOut => Availability::Enabled,
        LinkState::Online => Availability::Disabled("the console is online"),
        LinkState::Connecting => Availability::Disabled("it is connecting already"),
    }
}

fn online_for(state: &State, why_not: &'static str) -> Availability {
    enabled(state.is_online(), why_not)
}

/// The line that is written searches, so that there are tickets below it to choose from.
pub(super) fn has_found(state: &State) -> Availability {
    match &state.overlay {
        Some(Overlay::Line(line)) if line.purpose == Purpose::Search => has_selection(state),
        _ => Availability::Disabled("there is only this one line"),
    }
}

pub(super) fn is_searching(state: &State) -> Availability {
    enabled(!state.queue.words().is_empty(), "nothing is searched for")
}

pub(super) fn needs_me(state: &State) -> Availability {
    let why_not = if state.queue.is_loaded() {
        "nothing else waits for you"
    } else {
        "the queue has not been read yet"
    };
    enabled(crate::core::next_need(state).is_some(), why_not)
}

pub(super) fn can_peek(state: &State) -> Availability {
    let Some(card) = state.queue.selected() else { return has_selection(state) };
    let inside = state
        .conversations
        .get(&card.id)
        .is_some_and(|conversation| conversation.room != Room::Left && !conversation.silent);
    enabled(!inside, "you are in this conversation already")
}

/// The ticket is open, and its assignee, tags or priority can be changed now.
pub(super) fn can_change(state: &State) -> Availability {
    match crate::core::run::subject(state) {
        None => has_selection(state),
        Some(card) if !card.is_open() => Availability::Disabled("this conversation is closed"),
        Some(_) => online_for(state, "offline: a ticket can be changed when the server is back"),
    }
}

pub(super) fn can_hand_back(state: &State) -> Availability {
    match crate::core::run::subject(state) {
        Some(card) if card.is_open() && card.assignee_id.is_none() => {
            Availability::Disabled("this ticket is in the queue: nobody has it")
        }
        _ => can_change(state),
    }
}

pub(super) fn can_reopen(state: &State) -> Availability {
    match crate::core::run::subject(state) {
        None => has_selection(state),
        Some(card) if card.is_open() => Availability::Disabled("this conversation is open"),
        Some(_) => {
            online_for(state, "offline: a ticket can be opened again when the server is back")
        }
    }
}

pub(super) fn can_show_details(state: &State) -> Availability {
    match crate::core::run::subject(state) {
        None => has_selection(state),
        Some(_) => {
            enabled(state.layout().details.is_none(), "the details are on the right of the screen")
        }
    }
}
