//! The texts that are written and not stored by the server: the list of them, and what the agent
//! decides about one that was refused or held: send it again, take it back, throw it away.

use support_shared::ClientMessageId;

use super::outbox::{Item, Standing};
use super::overlay::{Overlay, Question};
use super::toast::Toast;
use super::{Effect, Focus, State, desk, run};
use crate::commands::CommandId as C;

/// The one that is selected in the list, with its place.
pub(crate) fn selected(state: &State) -> Option<(usize, &Item)> {
    let Some(Overlay::Unsent { on }) = &state.overlay else { return None };
    let items = state.outbox.items();
    let at = items.iter().position(|item| Some(&item.parcel.client_message_id) == on.as_ref());
    let at = at.unwrap_or(0);
    items.get(at).map(|item| (at, item))
}

/// Lists them, at the first that waits for a decision.
pub(super) fn show(state: &mut State) {
    let first = state.outbox.first_failed().map(|parcel| parcel.client_message_id.clone());
    state.overlay = Some(Overlay::Unsent { on: first });
}

/// The commands of the list. False when it is not there.
pub(super) fn run(state: &mut State, command: C, effects: &mut Vec<Effect>) -> bool {
    if !matches!(state.overlay, Some(Overlay::Unsent { .. })) {
        return false;
    }
    let Some((at, item)) = selected(state) else {
        state.overlay = None;
        return true;
    };
    let (id, ticket) = (item.parcel.client_message_id.clone(), item.parcel.ticket_id);
    match command {
        C::Previous => go(state, at.saturating_sub(1)),
        C::Next => go(state, at + 1),
        C::Open => {
            state.overlay = None;
            run::open(state, ticket, false, effects);
            state.focus = Focus::Timeline;
        }
        C::Retry => retry(state, &id, effects),
        C::TakeBack => {
            state.overlay = None;
            run::open(state, ticket, false, effects);
            state.focus = Focus::Timeline;
            take_back(state, &id, effects);
        }
        C::Discard => ask(state, id, true),
        C::Cancel => state.overlay = None,
        _ => return false,
    }
    true
}

fn go(state: &mut State, to: usize) {
    let items = state.outbox.items();
    let item = items.get(to.min(items.len().saturating_sub(1)));
    let on = item.map(|item| item.parcel.client_message_id.clone());
    state.overlay = Some(Overlay::Unsent { on });
}

/// The same commands in the conversation: about the first that waits for a decision there.
pub(super) fn run_here(state: &mut State, command: C, effects: &mut Vec<Effect>) {
    let Some(id) = state.open.and_then(|ticket| state.outbox.failed_in(ticket)) else { return };
    match command {
        C::Retry => retry(state, &id, effects),
        C::TakeBack => take_back(state, &id, effects),
        _ => ask(state, id, false),
    }
}

fn retry(state: &mut State, id: &ClientMessageId, effects: &mut Vec<Effect>) {
    let Some(ticket) = state.outbox.get(id).map(|item| item.parcel.ticket_id) else { return };
    let assignee = desk::card(state, ticket).and_then(|card| card.assignee_id);
    state.outbox.retry(id, assignee);
    run::save(state, effects);
}

fn take_back(state: &mut State, id: &ClientMessageId, effects: &mut Vec<Effect>) {
    if state.conversation().is_none() || state.outbox.is_in_doubt(id) {
        // It may have been stored before the connection was lost; then the log names it.
        let text = "wait until the conversation has been read: the message may be in it";
        state.toast = Some(Toast::new(text, state.now));
        return;
    }
    if let Some((mode, text)) = state.outbox.take_back(id) {
        if let Some(conversation) = state.conversation_mut() {
            conversation.switch(mode);
            conversation.composer.append(&text);
        }
        state.focus = Focus::Composer;
        // Before it leaves the outbox: a crash between the two finds it in one of them.
        super::draft::save(state, effects);
        run::save(state, effects);
    }
}

fn ask(state: &mut State, id: ClientMessageId, listed: bool) {
    state.overlay = Some(Overlay::Confirm(Question::Discard { id, listed }));
}

/// The answer to whether a text is to be thrown away; whoever came from the list goes back there.
pub(super) fn answered(
    state: &mut State,
    id: &ClientMessageId,
    listed: bool,
    yes: bool,
    effects: &mut Vec<Effect>,
) {
    if yes && state.outbox.take_back(id).is_some() {
        run::save(state, effects);
        state.toast = Some(Toast::new("discarded", state.now));
    }
    if listed && !state.outbox.items().is_empty() {
        state.overlay = Some(Overlay::Unsent { on: Some(id.clone()) });
    }
}

/// A list of nothing is no list.
pub(super) fn close_if_empty(state: &mut State) {
    if matches!(state.overlay, Some(Overlay::Unsent { .. })) && state.outbox.items().is_empty() {
        state.overlay = None;
    }
}

/// What becomes of a text, in words.
pub(crate) fn standing(item: &Item, cells: usize) -> String {
    match &item.standing {
        Standing::Unsaved | Standing::Waiting => "waiting to be sent".to_owned(),
        Standing::Sending => "sending…".to_owned(),
        Standing::Held(why) => format!("held: {}", why.line(cells.saturating_sub(6))),
        Standing::Failed(why) => format!("not sent: {}", why.line(cells.saturating_sub(10))),
    }
}

/// What to say to whoever leaves while something is not sent.
pub(crate) fn parting(state: &State) -> Vec<String> {
    let failed = state.outbox.items().iter().filter(|item| item.is_failed()).count();
    let waiting = state.outbox.items().len() - failed;
    let say = |count: usize, one: &str, more: &str| match count {
        0 => None,
        1 => Some(format!("1 message {one}")),
        more_of => Some(format!("{more_of} messages {more}")),
    };
    let next = "the next start of the console sends";
    let waiting = say(
        waiting,
        &format!("is not sent yet: {next} it"),
        &format!("are not sent yet: {next} them"),
    );
    let failed = say(
        failed,
        "could not be sent: it is kept, and the next start asks about it",
        "could not be sent: they are kept, and the next start asks about them",
    );
    waiting.into_iter().chain(failed).collect()
}
