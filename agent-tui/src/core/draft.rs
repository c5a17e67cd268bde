//! What is written and not sent: the two modes of the composer, and the drafts as they are kept on
//! disk. A draft belongs to a ticket and a mode and never moves to another of either.

use serde::{Deserialize, Serialize};
use support_shared::{TicketId, Timestamp};

use super::card::Card;
use super::composer::Composer;
use super::conversation::Conversation;
use super::{Effect, State};

/// How long a change waits for others before it is put on disk.
const SETTLE_MILLIS: i64 = 400;
/// The most drafts that are kept on disk; of more, those that changed last.
pub(crate) const MOST: usize = 100;

/// Who is going to read what is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Mode {
    /// The guest and the desk.
    #[default]
    Reply,
    /// The desk only.
    Note,
}

impl Mode {
    pub(crate) fn other(self) -> Self {
        match self {
            Self::Reply => Self::Note,
            Self::Note => Self::Reply,
        }
    }

    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Reply => "reply",
            Self::Note => "note",
        }
    }
}

/// A text that nobody has sent, as it is kept on disk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Draft {
    pub(crate) ticket_id: TicketId,
    pub(crate) mode: Mode,
    pub(crate) text: String,
    pub(crate) changed_at: Timestamp,
    /// What of the text is to be filled in before it is sent.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) holes: Vec<String>,
    /// The other mode was on the screen: what is written next was meant for that one.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) aside: bool,
}

/// The drafts beside the conversations that hold them, and what of them is on disk.
#[derive(Debug, Default)]
pub(crate) struct Drafts {
    /// Those of tickets that this console has not opened yet.
    shelved: Vec<Draft>,
    /// When what has changed must be put on disk.
    due: Option<Timestamp>,
    /// The last save failed: what is written is in memory only.
    pub(crate) unsafe_on_disk: bool,
}

impl Drafts {
    /// What an earlier run left behind.
    pub(crate) fn recovered(shelved: Vec<Draft>) -> Self {
        Self { shelved, ..Self::default() }
    }

    pub(crate) fn due(&self) -> Option<Timestamp> {
        self.due
    }

    pub(crate) fn has_shelved(&self, ticket: TicketId) -> bool {
        self.shelved.iter().any(|draft| draft.ticket_id == ticket)
    }

    /// A conversation with what was written in it before.
    pub(crate) fn conversation(&mut self, card: Card) -> Conversation {
        let mut conversation = Conversation::new(card);
        let ticket = conversation.card.id;
        let mut shown = None;
        for draft in self.shelved.extract_if(.., |draft| draft.ticket_id == ticket) {
            conversation.composer_of(draft.mode).restore(&draft);
            // A note weighs more: nobody sends its words to a guest by a mode that was guessed.
            let mode = if draft.aside { draft.mode.other() } else { draft.mode };
            shown = shown.max(Some(mode));
        }
        conversation.switch(shown.unwrap_or_default());
        conversation.kept_mode = conversation.mode();
        conversation
    }
}

/// Notes what has changed, and asks for it to be kept when it is due.
pub(super) fn keep(state: &mut State, effects: &mut Vec<Effect>) {
    if has_changed(state) {
        state.drafts.due.get_or_insert(state.now.plus_millis(SETTLE_MILLIS));
    }
    // What was handed to the outbox is a draft no more: a crash within the pause would bring a part of
    // it back, to be sent again.
    let sends = effects.iter().any(|effect| matches!(effect, Effect::SaveOutbox { .. }));
    if state.drafts.due.is_some_and(|due| sends || due <= state.now) {
        save(state, effects);
    }
}

/// Asks for what is written to be kept, as it is now.
pub(super) fn save(state: &mut State, effects: &mut Vec<Effect>) {
    has_changed(state);
    state.drafts.due = None;
    effects.push(Effect::SaveDrafts(all(state)));
}

/// Whether a text was changed since this was asked last.
fn has_changed(state: &mut State) -> bool {
    let now = state.now;
    let mut changed = false;
    for conversation in state.conversations.values_mut() {
        changed |= conversation.composer.note_change(now);
        changed |= conversation.aside.note_change(now);
        let mode = conversation.mode();
        changed |= conversation.kept_mode != mode && conversation.has_draft();
        conversation.kept_mode = mode;
    }
    changed
}

/// A conversation is going to be forgotten: what was written in it has been sent or thrown away.
pub(super) fn forgotten(state: &mut State) {
    state.drafts.due.get_or_insert(state.now.plus_millis(SETTLE_MILLIS));
}

/// Every draft there is, those that changed last first, as many as are kept.
pub(crate) fn all(state: &State) -> Vec<Draft> {
    let mut drafts = state.drafts.shelved.clone();
    for conversation in state.conversations.values() {
        drafts.extend(conversation.drafts());
    }
    newest(drafts)
}

/// As many as are kept of them, of each ticket and mode the one that changed last.
pub(crate) fn newest(mut drafts: Vec<Draft>) -> Vec<Draft> {
    drafts.sort_by_key(|draft| (draft.ticket_id, draft.mode, std::cmp::Reverse(draft.changed_at)));
    drafts.dedup_by_key(|draft| (draft.ticket_id, draft.mode));
    drafts.sort_by_key(|draft| std::cmp::Reverse(draft.changed_at));
    drafts.truncate(MOST);
    drafts
}

/// A text of the composer as it is kept.
pub(super) fn of(ticket_id: TicketId, composer: &Composer, aside: bool) -> Option<Draft> {
    (!composer.is_blank()).then(|| Draft {
        ticket_id,
        mode: composer.mode(),
        aside,
        text: composer.text().to_owned(),
        changed_at: composer.changed_at(),
        holes: composer.holes().to_vec(),
    })
}
