//! A ticket as a client shows it: the rule by which it applies what it gets. Below: dropped. Next:
//! shown. Above: held, and asked for again from the last.

use std::collections::BTreeMap;

use support_shared::message::Message;

/// Entries ahead of a gap that are held.
const HELD: usize = 256;

/// One log of a ticket, from some entry on.
#[derive(Debug, Default)]
pub(super) struct LogView {
    pub(super) entries: Vec<Message>,
    pub(super) held: BTreeMap<u64, Message>,
    pub(super) loaded: bool,
}

/// A ticket with its logs.
#[expect(clippy::struct_excessive_bools, reason = "each is a thing of its own that is so or not")]
#[derive(Debug, Default)]
pub(super) struct View {
    pub(super) epoch: Option<String>,
    pub(super) conversation: LogView,
    pub(super) notes: LogView,
    pub(super) open: bool,
    pub(super) silent: bool,
    /// An answer to a join is on its way.
    pub(super) joining: bool,
    /// As far as the client knows, it is told of what is new.
    pub(super) in_room: bool,
    /// As far as the client knows, it has joined, for everybody to see.
    pub(super) seated: bool,
    /// The client wants to be in it again when it comes back.
    pub(super) wanted: bool,
    /// What the ticket itself says of its log.
    pub(super) ticket_seq: u64,
    pub(super) ticket_note_seq: u64,
    pub(super) checking: bool,
}

pub(super) fn number(message: &Message) -> u64 {
    message.seq.or(message.note_seq).unwrap_or_default()
}

impl LogView {
    pub(super) fn last(&self) -> u64 {
        self.entries.last().map_or(0, number)
    }

    /// What it has, for a join that goes on from there.
    pub(super) fn after(&self) -> Option<u64> {
        self.loaded.then(|| self.last())
    }

    /// Takes the latest page; what was held may follow on.
    pub(super) fn load(&mut self, page: Vec<Message>) -> Vec<Message> {
        self.entries.clone_from(&page);
        self.loaded = true;
        let mut shown = page;
        shown.extend(self.release());
        shown
    }

    /// Takes entries, and answers with those that are shown now.
    pub(super) fn receive(&mut self, messages: Vec<Message>) -> Vec<Message> {
        for message in messages {
            if self.held.len() < HELD {
                self.held.insert(number(&message), message);
            }
        }
        self.release()
    }

    fn release(&mut self) -> Vec<Message> {
        let mut shown = Vec::new();
        if self.loaded {
            while let Some(next) = self.held.remove(&(self.last() + 1)) {
                self.entries.push(next.clone());
                shown.push(next);
            }
            let last = self.last();
            self.held.retain(|seq, _| *seq > last);
        }
        shown
    }

    pub(super) fn has_gap(&self) -> bool {
        self.loaded && !self.held.is_empty()
    }
}

impl View {
    /// Forgets what another history has said.
    pub(super) fn reset(&mut self) {
        self.epoch = None;
        self.conversation = LogView::default();
        self.notes = LogView::default();
        self.ticket_seq = 0;
        self.ticket_note_seq = 0;
    }

    pub(super) fn is_behind(&self) -> bool {
        self.conversation.has_gap()
            || self.notes.has_gap()
            || self.ticket_seq > self.conversation.last()
            || self.ticket_note_seq > self.notes.last()
    }
}
