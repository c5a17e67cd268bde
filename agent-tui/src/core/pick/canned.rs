//! The canned replies as a list: by shortcut and title, with the text as it would be written.

use super::super::State;
use super::super::canned::{Reply, filled};
use super::{Choice, Value};

pub(super) fn replies(state: &State) -> Vec<Choice> {
    let choice = |reply: &Reply| Choice {
        name: format!("{} {}", reply.shortcut, reply.title),
        label: reply.shortcut.clone(),
        about: reply.title.clone(),
        hint: String::new(),
        why_not: None,
        is_now: false,
        value: Value::Canned(reply.id),
    };
    state.replies.all().iter().map(choice).collect()
}

/// What stands where no reply is found: why there may be none.
pub(super) fn nothing(state: &State) -> String {
    match state.replies.trouble(state.is_online()) {
        Some(trouble) => trouble,
        None if state.replies.is_empty() => {
            "the desk has none yet: an admin adds them with support-agent canned add".to_owned()
        }
        None => "no canned reply is called so".to_owned(),
    }
}

/// The text of the selected one; before it what is wrong with the list, if anything is.
pub(super) fn note(state: &State, selected: Option<&Choice>) -> String {
    let text = match selected.map(|choice| choice.value) {
        Some(Value::Canned(id)) => filled(state, id).map(|(text, _)| text),
        _ => None,
    };
    let trouble = text.is_some().then(|| state.replies.trouble(state.is_online())).flatten();
    [trouble.map(|it| format!("({it})")), text].into_iter().flatten().collect::<Vec<_>>().join("\n")
}
