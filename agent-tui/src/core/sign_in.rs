//! Signing in again when the session has ended, without leaving the screen: what is written stays
//! where it is, and no key that was meant for it goes anywhere else. Only the password is asked for,
//! and only when the agent wants it.

use std::fmt;

use super::line::{Line, Purpose};
use super::link::LinkState;
use super::overlay::Overlay;
use super::toast::Toast;
use super::{Effect, State};
use crate::commands::CommandId;
use crate::text::Untrusted;

/// A password on its way to the server. It is never printed or kept.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Password(String);

impl Password {
    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(…)")
    }
}

/// How far it is.
#[derive(Debug, Default)]
pub(crate) struct SignIn {
    /// A password is with the server.
    pub(crate) asked: bool,
    /// Why the last one was of no use.
    pub(crate) refused: Option<Untrusted>,
}

/// The session is over. Nothing covers the screen: somebody may be in the middle of a word.
pub(super) fn ended(state: &mut State, why: &Untrusted) {
    state.link = LinkState::SignedOut;
    state.sign_in = SignIn::default();
    let key = state.keymap.keys_of(CommandId::Reconnect);
    let text = format!("{}: {key} signs you in again; what you write is kept", why.line(30));
    state.toast = Some(Toast::new(text, state.now));
}

/// Asks the agent for the password.
pub(super) fn open(state: &mut State) {
    state.overlay = Some(Overlay::Line(Line::new(Purpose::Password, "")));
}

/// Hands the password that was written to the server, once.
pub(super) fn ask(state: &mut State, effects: &mut Vec<Effect>) {
    let Some(Overlay::Line(line)) = &mut state.overlay else { return };
    if state.sign_in.asked || line.text.text().is_empty() {
        return;
    }
    let password = Password(line.text.take());
    state.sign_in = SignIn { asked: true, refused: None };
    effects.push(Effect::SignIn { agent: state.me.clone(), password });
}

/// It was of no use.
pub(super) fn refused(state: &mut State, why: Untrusted) {
    state.sign_in = SignIn { asked: false, refused: Some(why) };
}

/// Somebody is signed in.
pub(super) fn done(state: &mut State) {
    state.sign_in = SignIn::default();
    if is_asked_for(state) {
        state.overlay = None;
    }
}

fn is_asked_for(state: &State) -> bool {
    matches!(&state.overlay, Some(Overlay::Line(line)) if line.purpose == Purpose::Password)
}
