//! When a command would do something, and if not, why: in words for whoever pressed its key.

use crate::core::State;
use crate::core::conversation::Room;
use crate::core::link::LinkState;

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
    let why_not =
        if state.queue.is_loaded() { "no open tickets" } else { "the queue has not been read yet" };
    enabled(!state.queue.cards().is_empty(), why_not)
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
    enabled(state.outbox.first_failed().is_some(), "every message was sent or is on its way")
}

pub(super) fn is_offline(state: &State) -> Availability {
    match state.link {
        LinkState::Offline { .. } => Availability::Enabled,
        LinkState::Online => Availability::Disabled("the console is online"),
        LinkState::Connecting | LinkState::SignedOut => {
            Availability::Disabled("it is connecting already")
        }
    }
}
