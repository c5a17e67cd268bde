//! The canned replies as this console knows them, and their way into the composer. They are read
//! from the server by the link, and kept as long as the console lives.

use support_shared::{CannedId, Timestamp, canned};

use super::composer::Composer;
use super::draft::Mode;
use super::template::{self, Known};
use super::toast::Toast;
use super::{Effect, Focus, State, desk, run};
use crate::text::Untrusted;

/// The most that are kept; a desk has fewer.
const MOST: usize = 1_000;
/// What was read longer ago is read again when the list is opened.
const FRESH_MILLIS: i64 = 3_000;

/// A canned reply, its texts fit for a terminal.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    pub(crate) id: CannedId,
    pub(crate) shortcut: String,
    pub(crate) title: String,
    pub(crate) text: String,
}

/// What is known of them.
#[derive(Debug, Default)]
pub(crate) struct Replies {
    known: Vec<Reply>,
    /// How many the server has named beyond those that are kept.
    left_out: usize,
    read_at: Option<Timestamp>,
    asking: bool,
    /// Why they could not be read the last time.
    failed: Option<Untrusted>,
}

impl Replies {
    pub(crate) fn all(&self) -> &[Reply] {
        &self.known
    }

    pub(crate) fn get(&self, id: CannedId) -> Option<&Reply> {
        self.known.iter().find(|reply| reply.id == id)
    }

    /// What is wrong with the list, if anything is.
    pub(crate) fn trouble(&self, online: bool) -> Option<String> {
        match (&self.failed, self.read_at) {
            (Some(why), None) => Some(format!("they could not be read: {}", why.line(60))),
            (Some(why), Some(_)) => Some(format!("as they were; not read again: {}", why.line(60))),
            (None, None) if self.asking => Some("reading them…".to_owned()),
            (None, None) if !online => {
                Some("offline: they are read when the server is back".to_owned())
            }
            (None, Some(_)) if self.left_out > 0 => {
                Some(format!("the first {MOST}; {} more are not shown", self.left_out))
            }
            _ => None,
        }
    }

    /// Whether an answer is on its way.
    pub(crate) fn is_reading(&self) -> bool {
        self.asking
    }

    /// Whether the desk has none.
    pub(crate) fn is_empty(&self) -> bool {
        self.read_at.is_some() && self.known.is_empty()
    }
}

/// Asks for them, if that is worth it.
pub(super) fn refresh(state: &mut State, effects: &mut Vec<Effect>) {
    let replies = &mut state.replies;
    let fresh = replies.read_at.is_some_and(|at| state.now < at.plus_millis(FRESH_MILLIS));
    if state.link == super::link::LinkState::Online && !replies.asking && !fresh {
        replies.asking = true;
        effects.push(Effect::ReadCanned);
    }
}

/// The connection is over: nobody is going to answer.
pub(super) fn cut(state: &mut State) {
    if std::mem::take(&mut state.replies.asking) {
        state.replies.failed = Some("the connection was lost".into());
    }
}

/// They have been read, or could not be.
pub(super) fn heard(state: &mut State, outcome: Result<Vec<canned::Canned>, Untrusted>) {
    let replies = &mut state.replies;
    replies.asking = false;
    match outcome {
        Ok(all) => {
            replies.left_out = all.len().saturating_sub(MOST);
            replies.known = all.into_iter().take(MOST).map(Reply::from).collect();
            replies.read_at = Some(state.now);
            replies.failed = None;
        }
        Err(why) => replies.failed = Some(why),
    }
}

impl From<canned::Canned> for Reply {
    fn from(canned: canned::Canned) -> Self {
        Self {
            id: canned.id,
            shortcut: Untrusted::from(canned.shortcut).line(32),
            title: Untrusted::from(canned.title).line(80),
            text: Untrusted::from(canned.text).shown().into_owned(),
        }
    }
}

/// A reply as it would be written in the open conversation, and the holes in it.
pub(crate) fn filled(state: &State, id: CannedId) -> Option<(String, Vec<String>)> {
    let card = &state.conversation()?.card;
    let known = Known {
        guest_name: card.is_named.then(|| card.guest.line(40)),
        agent_name: Untrusted::from(state.me.display_name.as_str()).line(40),
        ticket_ref: card.reference.to_string(),
    };
    Some(template::fill(&state.replies.get(id)?.text, &known))
}

/// What is written where a reply would be put now.
pub(crate) fn written(state: &State) -> Option<&Composer> {
    let open = state.conversation()?;
    let here = state.focus == Focus::Composer || open.mode() == Mode::Reply;
    Some(if here { &open.composer } else { &open.aside })
}

/// Puts a reply into the composer, its first hole selected.
pub(super) fn insert(state: &mut State, id: CannedId, effects: &mut Vec<Effect>) {
    let Some((text, holes)) = filled(state, id) else { return };
    if state.focus != Focus::Composer {
        desk::step_in(state, effects);
        run::compose(state, Mode::Reply);
    }
    let Some(conversation) = state.conversation_mut() else { return };
    if !conversation.composer.insert_with_holes(&text, holes) {
        run::full(state);
    }
}

/// Goes to the next hole. Says whether there is one.
pub(super) fn next_hole(state: &mut State) -> bool {
    state.conversation_mut().is_some_and(|open| open.composer.select_hole())
}

/// Goes to a hole that would be sent, and says so. False when there is none.
pub(super) fn holds_back(state: &mut State) -> bool {
    if !state.conversation_mut().is_some_and(|open| open.composer.select_first_hole()) {
        return false;
    }
    let composer = state.conversation().map(|open| &open.composer);
    let hole = composer.and_then(|it| it.selected_text()).unwrap_or_default();
    let hole = crate::text::fit(hole, 30);
    let anyway = state.keymap.keys_of(crate::commands::CommandId::SendAnyway);
    let text = format!("not sent: fill in {hole}, or send it as it is with {anyway}");
    state.toast = Some(Toast::new(text, state.now));
    true
}
