//! One entry of a log, and where it stands among those of both.

use std::sync::Arc;

use support_shared::Timestamp;
use support_shared::message::{Message, SenderRole};

use crate::text::Untrusted;

/// Where an entry stands: a message at its number, a note behind the message that was the last one
/// then. Ascending on the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    pub(super) seq: u64,
    /// The number of a note; 0 is none, and stands before all of them.
    pub(super) note: u64,
}

impl Place {
    pub(crate) fn of_message(seq: u64) -> Self {
        Self { seq, note: 0 }
    }

    pub(crate) fn is_note(self) -> bool {
        self.note > 0
    }

    /// The number of the entry in its own log.
    pub(crate) fn number(self) -> u64 {
        if self.is_note() { self.note } else { self.seq }
    }
}

/// Who has written an entry.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Author {
    pub(crate) role: SenderRole,
    pub(crate) name: Untrusted,
    pub(crate) id: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) place: Place,
    pub(crate) author: Arc<Author>,
    pub(crate) content: Untrusted,
    pub(crate) at: Timestamp,
}

impl Entry {
    /// An entry of either log.
    pub(crate) fn of(message: Message) -> Option<Self> {
        let place = match (message.seq, message.note_seq) {
            (Some(seq), _) => Place::of_message(seq),
            (None, Some(note)) => Place { seq: message.after_seq.unwrap_or(0), note },
            (None, None) => return None,
        };
        let (role, name, id) = (message.sender_role, message.sender_name.into(), message.sender_id);
        let author = Arc::new(Author { role, name, id });
        let content = message.content.into();
        Some(Self { place, author, content, at: message.created_at })
    }

    /// Its number in its own log.
    pub(crate) fn number(&self) -> u64 {
        self.place.number()
    }
}
