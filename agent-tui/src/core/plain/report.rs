//! What the line mode says: each thing that has changed as a line, once. A text of others is
//! indented below its first line, so that it cannot pass for a line of ours.

use std::collections::{BTreeMap, BTreeSet};

use support_shared::message::SenderRole;
use support_shared::{ClientMessageId, TicketId};

use crate::core::State;
use crate::core::conversation::Conversation;
use crate::core::draft::Mode;
use crate::core::link::LinkState;
use crate::core::outbox::Standing;
use crate::core::rows::{self, NAME_CELLS};
use crate::core::timeline::Entry;
use crate::core::toast::Toast;

/// What has been said.
#[derive(Debug, Default)]
pub(crate) struct Told {
    online: Option<bool>,
    toast: Option<Toast>,
    open: Option<TicketId>,
    day: String,
    /// How far each conversation was read out: messages and notes.
    read: BTreeMap<TicketId, (u64, u64)>,
    /// The texts of which it was said that they wait, or that they are refused.
    waiting: BTreeSet<ClientMessageId>,
    failed: BTreeSet<ClientMessageId>,
}

impl Told {
    /// What is to be said now.
    pub(crate) fn news(&mut self, state: &State) -> Vec<String> {
        let mut lines = Vec::new();
        self.link(state, &mut lines);
        if state.toast != self.toast {
            self.toast.clone_from(&state.toast);
            lines.extend(state.toast.as_ref().map(|toast| toast.text.clone()));
        }
        self.conversation(state, &mut lines);
        self.outbox(state, &mut lines);
        lines
    }

    fn link(&mut self, state: &State, lines: &mut Vec<String>) {
        let now = match &state.link {
            LinkState::Online if state.queue.is_loaded() => Some(true),
            LinkState::Offline { .. } | LinkState::SignedOut => Some(false),
            LinkState::Online | LinkState::Connecting => None,
        };
        if now.is_none() || now == self.online {
            return;
        }
        if let LinkState::Offline { why, .. } = &state.link
            && self.online.is_none()
        {
            // Later on the loss itself is told.
            lines.push(format!("offline: {}; what you send is kept", why.line(80)));
        }
        if state.is_online() {
            let (waiting, open) = (state.queue.waiting(), state.queue.cards().len());
            let name =
                crate::text::Untrusted::from(state.me.display_name.as_str()).line(NAME_CELLS);
            lines.push(format!("online as {name}: {waiting} waiting, {open} open"));
        }
        self.online = now;
    }

    fn conversation(&mut self, state: &State, lines: &mut Vec<String>) {
        if state.open.is_none() {
            self.open = None;
        }
        let Some(open) = state.conversation().filter(|open| open.timeline.is_loaded()) else {
            return;
        };
        let card = &open.card;
        if self.open != Some(card.id) {
            self.open = Some(card.id);
            self.day.clear();
            let (guest, about) = (card.guest.line(NAME_CELLS), card.about().line(100));
            let how = if open.silent { "watching" } else { "conversation" };
            lines.push(format!("{how} {} with {guest}: {about}", card.reference));
        }
        let (mut message, mut note) = self.read.get(&card.id).copied().unwrap_or_default();
        for entry in open.timeline.entries() {
            let last = if entry.place.is_note() { &mut note } else { &mut message };
            if entry.number() > *last {
                *last = entry.number();
                self.entry(state, open, entry, lines);
            }
        }
        self.read.insert(card.id, (message, note));
    }

    fn entry(
        &mut self,
        state: &State,
        open: &Conversation,
        entry: &Entry,
        lines: &mut Vec<String>,
    ) {
        let day = rows::day(entry.at, &state.zone);
        if day != self.day {
            lines.push(day.clone());
            self.day = day;
        }
        let at = rows::time(entry.at, &state.zone);
        let name = entry.author.name.line(NAME_CELLS);
        let mine = entry.author.id.as_deref() == Some(state.my_id.as_str());
        let guest = open.card.guest.line(NAME_CELLS);
        let who = match entry.author.role {
            SenderRole::System if entry.place.is_note() => format!("{at} desk, not for {guest}:"),
            SenderRole::System => at,
            _ if entry.place.is_note() => format!("{at} note by {name}, not for {guest}:"),
            _ if mine => format!("{at} you:"),
            SenderRole::Guest => format!("{at} guest {name}:"),
            SenderRole::Agent => format!("{at} agent {name}:"),
        };
        let text = entry.content.shown().replace('\t', "    ");
        let mut parts = text.lines();
        lines.push(format!("{who} {}", parts.next().unwrap_or_default()));
        lines.extend(parts.map(|part| format!("    {part}")));
    }

    fn outbox(&mut self, state: &State, lines: &mut Vec<String>) {
        for item in state.outbox.items() {
            let id = &item.parcel.client_message_id;
            let (what, reference) = match item.parcel.mode {
                Mode::Reply => ("message", item.parcel.reference),
                Mode::Note => ("note", item.parcel.reference),
            };
            match &item.standing {
                Standing::Failed(why) | Standing::Held(why) if self.failed.insert(id.clone()) => {
                    let why = why.line(100);
                    lines.push(format!(
                        "your {what} to {reference} is not sent: {why}. There, retry or takeback"
                    ));
                }
                Standing::Waiting if !state.is_online() && self.waiting.insert(id.clone()) => {
                    lines.push(format!(
                        "your {what} to {reference} is kept until the server is back"
                    ));
                }
                Standing::Unsaved | Standing::Sending => {
                    self.failed.remove(id);
                }
                _ => {}
            }
        }
        let here = |id: &ClientMessageId| {
            state.outbox.items().iter().any(|item| item.parcel.client_message_id == *id)
        };
        self.waiting.retain(here);
        self.failed.retain(here);
    }
}
