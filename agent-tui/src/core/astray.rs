//! Keys that do nothing where they were pressed: what is said of them, so that no key is silent.
//! Runs nothing.

use crossterm::event::KeyCode;

use super::State;
use super::toast::Toast;
use crate::commands::{Chord, Command, CommandId as C, Found, Scope};

/// Where a key that does nothing here may have been meant for, the likeliest first.
const PLACES: [Scope; 4] = [Scope::Timeline, Scope::Queue, Scope::Composer, Scope::Blank];

/// Says that these keys do nothing here, and where they would. What was begun with several keys is
/// given up without a word.
pub(super) fn say(state: &mut State, here: Scope, pressed: &[Chord]) {
    let given_up = |key: &Chord| [Chord::key(KeyCode::Esc), Chord::ctrl('c')].contains(key);
    if pressed.len() > 1 && pressed.last().is_some_and(given_up) {
        return;
    }
    let keys: Vec<String> = pressed.iter().map(ToString::to_string).collect();
    let text = format!("{}{}", keys.join(" "), of(state, here, pressed));
    state.toast = Some(Toast::new(text, state.now));
}

/// What is to be said of them.
fn of(state: &State, here: Scope, pressed: &[Chord]) -> String {
    let key = |id| key_of(state, here, id);
    match here {
        Scope::Confirm => {
            return format!(" is no answer: {} is yes, {} is no", key(C::Yes), key(C::No));
        }
        Scope::Details => {
            return format!(" does nothing in the details: {} closes them", key(C::DetailsClose));
        }
        Scope::Line | Scope::Pick | Scope::Unsent => {
            return format!(" does nothing here: {} leaves it", key(C::Cancel));
        }
        _ => {}
    }
    match elsewhere(state, pressed) {
        Some(command) => {
            let way = match (here, command.scope) {
                (Scope::Queue, Scope::Timeline | Scope::Composer | Scope::Blank) => {
                    format!(", {} opens the ticket", key(C::Open))
                }
                (Scope::Timeline, Scope::Queue) => format!(", {} goes there", key(C::Back)),
                _ => String::new(),
            };
            format!(" is {}: {}{way}", command.id.name(), command.scope.elsewhere())
        }
        None => format!(" does nothing here: {} shows what keys do", key(C::Help)),
    }
}

/// The key of a command where the keys go.
fn key_of(state: &State, here: Scope, id: C) -> String {
    let mut rows = state.keymap.rows_at(here).filter(|(command, _)| command.id == id);
    let key = rows.find_map(|(_, keys)| keys.first()).map(ToString::to_string);
    key.unwrap_or_else(|| id.name())
}

/// The command that these keys are in another pane.
fn elsewhere(state: &State, pressed: &[Chord]) -> Option<&'static Command> {
    PLACES.into_iter().find_map(|place| match state.keymap.find(place, pressed) {
        Found::Command(command) => Some(command),
        Found::Prefix | Found::Nothing => None,
    })
}
