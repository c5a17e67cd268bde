//! The one place where the state changes: sorts what happened to whoever deals with it.

use support_shared::request::AgentRequest;

use super::{
    Effect, Focus, Msg, Stamp, State, astray, attention, canned, deferred, details, heal, inbound,
    line, pick, plain, pointer, reading, run, unsent,
};
use crate::commands::{Availability, Chord, Command, CommandId, Found, Scope};
use crate::core::toast::Toast;

/// A paste of more lines says how many there are: most of them are not on the screen.
const LONG_PASTE: usize = 10;

/// Takes one thing that happened and says what is to be done about it.
pub(crate) fn update(state: &mut State, stamp: &Stamp, msg: Msg) -> Vec<Effect> {
    state.now = stamp.now;
    let mut effects = Vec::new();
    if matches!(msg, Msg::Paste(_) | Msg::Pointer(..)) {
        // Whoever does something else has given the keys up that were begun.
        state.pressed.clear();
    }
    match msg {
        Msg::Key(key) => press(state, stamp, key, &mut effects),
        Msg::Paste(text) => paste(state, &text),
        Msg::Resize(size) => state.size = size,
        Msg::Pointer(what, at) => pointer::act(state, what, at, &mut effects),
        Msg::Focus(focused) => attention::focus(state, focused),
        Msg::Link(event) => inbound::link(state, event, &mut effects),
        Msg::Saved { revision, outcome } => {
            if let Err(why) = &outcome {
                let text = format!("cannot keep the message on disk: {}", why.line(80));
                state.toast = Some(Toast::new(text, state.now));
            }
            state.outbox.saved(revision, outcome.as_ref().copied());
        }
        Msg::DraftsSaved(outcome) => {
            if let Err(why) = &outcome {
                let text = format!("cannot keep drafts on disk: {}", why.line(80));
                state.toast = Some(Toast::new(text, state.now));
            }
            state.drafts.unsafe_on_disk = outcome.is_err();
        }
        Msg::Edited { ticket, mode, outcome } => run::edited(state, ticket, mode, outcome),
        Msg::Canned(outcome) => canned::heard(state, outcome),
        Msg::Word(word) => plain::act(state, stamp, word, &mut effects),
        Msg::Fatal(why) => effects.push(Effect::Fail(why)),
        Msg::Deadline => {}
    }
    expire(state);
    unsent::close_if_empty(state);
    inbound::resync_if_due(state, &mut effects);
    heal::check_if_due(state, &mut effects);
    look_up(state, &mut effects);
    plain::tell(state, &mut effects);
    details::look_up(state, &mut effects);
    reading::look(state, &mut effects);
    send_next(state, &mut effects);
    deferred::order(state, &mut effects);
    attention::note_own(state, &effects);
    attention::flush(state, &mut effects);
    super::draft::keep(state, &mut effects);
    effects
}

fn press(state: &mut State, stamp: &Stamp, key: Chord, effects: &mut Vec<Effect>) {
    state.toast = None;
    let here = Scope::of(state);
    let mut pressed = std::mem::take(&mut state.pressed);
    pressed.push(key);
    match state.keymap.find(here, &pressed) {
        Found::Command(command) => attempt(state, stamp, command, effects),
        Found::Prefix => state.pressed = pressed,
        Found::Nothing if pressed.len() > 1 => astray::say(state, here, &pressed),
        Found::Nothing => write(state, here, key),
    }
}

/// Runs a command, or says why it does nothing now.
pub(super) fn attempt(
    state: &mut State,
    stamp: &Stamp,
    command: &Command,
    effects: &mut Vec<Effect>,
) {
    if !matches!(command.id, CommandId::Copy | CommandId::CopyLink)
        && let Some(conversation) = state.conversation_mut()
    {
        conversation.mark = None;
    }
    match (command.available)(state) {
        Availability::Enabled => run::run(state, stamp, command.id, effects),
        Availability::Disabled(why) => {
            let why = run::why_not(state, command.id, why);
            state.toast = Some(Toast::new(why, state.now));
        }
    }
}

/// A key that is no command: where text is written, it is text.
fn write(state: &mut State, here: Scope, key: Chord) {
    let Some(c) = key.typed() else { return astray::say(state, here, &[key]) };
    match here {
        Scope::Line => line::write(state, c.encode_utf8(&mut [0; 4])),
        Scope::Pick => {
            if !pick::is_literal(state, c) {
                pick::write(state, c.encode_utf8(&mut [0; 4]));
            }
        }
        Scope::Composer | Scope::Blank => {
            if let Some(conversation) = state.conversation_mut()
                && !conversation.composer.insert(c.encode_utf8(&mut [0; 4]))
            {
                run::full(state);
            }
        }
        _ => astray::say(state, here, &[key]),
    }
}

/// A paste is text, wherever the keys go: it never runs commands.
fn paste(state: &mut State, text: &str) {
    if state.overlay.is_some() {
        line::write(state, text);
        pick::write(state, text);
        return;
    }
    if state.focus == Focus::Queue || state.conversation().is_none() {
        state.toast = Some(Toast::new("open a conversation before pasting", state.now));
        return;
    }
    state.focus = Focus::Composer;
    if let Some(conversation) = state.conversation_mut() {
        let lines = text.lines().count();
        if !conversation.composer.insert(text) {
            run::full(state);
        } else if lines > LONG_PASTE {
            let text = format!("{lines} lines pasted; nothing is sent before Enter");
            state.toast = Some(Toast::new(text, state.now));
        }
    }
}

fn expire(state: &mut State) {
    if state.toast.as_ref().is_some_and(|toast| toast.until <= state.now) {
        state.toast = None;
    }
    for conversation in state.conversations.values_mut() {
        if conversation.writing.as_ref().is_some_and(|writing| writing.until <= state.now) {
            conversation.writing = None;
        }
    }
    if state.leaving_until.is_some_and(|until| until <= state.now) {
        state.leaving_until = None;
    }
}

/// Asks for the page that the list shown goes on with.
fn look_up(state: &mut State, effects: &mut Vec<Effect>) {
    if state.is_online()
        && let Some(request) = state.queue.next_request(state.now)
    {
        effects.push(Effect::Ask(Box::new(AgentRequest::ListTickets(request))));
    }
}

/// Sends what waits, one at a time.
fn send_next(state: &mut State, effects: &mut Vec<Effect>) {
    if state.is_online()
        && let Some(parcel) = state.outbox.next(state.now)
    {
        match run::send_request(&parcel) {
            Ok(request) => effects.push(Effect::Ask(Box::new(request))),
            Err(error) => {
                state.outbox.refused(&parcel.client_message_id, &error, state.now);
            }
        }
    }
}
