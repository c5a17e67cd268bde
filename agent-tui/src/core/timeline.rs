//! The messages of one ticket by number. The apply rule is here: what is known is dropped, what is
//! next is applied, what is ahead is held until the gap before it is filled. So every message is
//! shown once, in the order of the log, whatever the connection does.

use std::collections::{BTreeMap, VecDeque};

use support_shared::message::{Message, SenderRole};
use support_shared::{ClientMessageId, Timestamp};

use crate::text::Untrusted;

/// How many messages ahead of a gap are held. More are dropped: the answer that fills the gap
/// brings them too.
const HELD: usize = 256;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) seq: u64,
    pub(crate) role: SenderRole,
    pub(crate) name: Untrusted,
    pub(crate) sender_id: Option<String>,
    pub(crate) content: Untrusted,
    pub(crate) at: Timestamp,
    pub(crate) client_message_id: Option<ClientMessageId>,
}

impl Entry {
    /// An entry of the conversation; notes have another log.
    pub(crate) fn of(message: Message) -> Option<Self> {
        Some(Self {
            seq: message.seq?,
            role: message.sender_role,
            name: message.sender_name.into(),
            sender_id: message.sender_id,
            content: message.content.into(),
            at: message.created_at,
            client_message_id: message.client_message_id,
        })
    }
}

/// What became of an entry.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Applied {
    /// It was known.
    Known,
    /// It is shown now, with what was held behind it.
    Shown,
    /// Something before it is missing: ask again from [`Timeline::last`].
    Gap,
}

#[derive(Debug, Default)]
pub(crate) struct Timeline {
    entries: VecDeque<Entry>,
    held: BTreeMap<u64, Entry>,
    loaded: bool,
    earlier: bool,
    pub(crate) epoch: Option<String>,
    /// A page of earlier messages is being asked for.
    pub(crate) asking_earlier: bool,
}

impl Timeline {
    pub(crate) fn entries(&self) -> &VecDeque<Entry> {
        &self.entries
    }

    /// Whether the latest page has been read.
    pub(crate) fn is_loaded(&self) -> bool {
        self.loaded
    }

    /// Whether there are messages before the first one here.
    pub(crate) fn has_earlier(&self) -> bool {
        self.earlier
    }

    pub(crate) fn first(&self) -> Option<u64> {
        self.entries.front().map(|entry| entry.seq)
    }

    /// The number up to which everything is here.
    pub(crate) fn last(&self) -> Option<u64> {
        self.loaded.then(|| self.entries.back().map_or(0, |entry| entry.seq))
    }

    /// The latest page: what was here is forgotten, what came meanwhile is kept.
    pub(crate) fn load(&mut self, page: impl IntoIterator<Item = Entry>, earlier: bool) {
        self.entries = page.into_iter().collect();
        self.loaded = true;
        self.earlier = earlier;
        self.asking_earlier = false;
        self.release();
    }

    /// Forgets everything: the numbers count in another history.
    pub(crate) fn reset(&mut self) {
        *self = Self::default();
    }

    /// Forgets what is ahead of a gap.
    pub(crate) fn forget_held(&mut self) {
        self.held.clear();
    }

    pub(crate) fn apply(&mut self, entry: Entry) -> Applied {
        let next = self.last().map(|last| last + 1);
        match next {
            Some(next) if entry.seq < next => Applied::Known,
            Some(next) if entry.seq == next => {
                self.entries.push_back(entry);
                self.release();
                Applied::Shown
            }
            _ => {
                if self.held.len() < HELD {
                    self.held.insert(entry.seq, entry);
                }
                // Before the first page everything is held, and the page is on its way.
                if self.loaded { Applied::Gap } else { Applied::Known }
            }
        }
    }

    /// Moves what was held and is next now to where it belongs.
    fn release(&mut self) {
        let Some(mut last) = self.last() else { return };
        self.held.retain(|seq, _| *seq > last);
        while let Some(entry) = self.held.remove(&(last + 1)) {
            self.entries.push_back(entry);
            last += 1;
        }
    }

    /// A page of earlier messages. What does not join the first one is not an answer to us.
    pub(crate) fn prepend(&mut self, page: Vec<Entry>, earlier: bool) {
        self.asking_earlier = false;
        let Some(first) = self.first() else { return };
        let joins = page.last().is_none_or(|entry| entry.seq + 1 == first);
        if !joins {
            return;
        }
        self.earlier = earlier && !page.is_empty();
        for entry in page.into_iter().rev() {
            self.entries.push_front(entry);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::core::fixture::message;

    fn entry(seq: u64) -> Entry {
        Entry::of(message(seq, SenderRole::Guest, "hello")).unwrap()
    }

    fn seqs(timeline: &Timeline) -> Vec<u64> {
        timeline.entries().iter().map(|e| e.seq).collect()
    }

    fn loaded(page: std::ops::RangeInclusive<u64>) -> Timeline {
        let mut timeline = Timeline::default();
        timeline.load(page.map(entry), true);
        timeline
    }

    #[test]
    fn what_is_known_is_dropped_and_what_is_next_is_shown() {
        let mut timeline = loaded(3..=5);

        assert_eq!(timeline.apply(entry(5)), Applied::Known);
        assert_eq!(timeline.apply(entry(6)), Applied::Shown);
        assert_eq!(seqs(&timeline), [3, 4, 5, 6]);
    }

    #[test]
    fn what_is_ahead_waits_for_the_gap_to_be_filled() {
        let mut timeline = loaded(1..=2);

        assert_eq!(timeline.apply(entry(5)), Applied::Gap);
        assert_eq!(timeline.apply(entry(4)), Applied::Gap);
        assert_eq!(seqs(&timeline), [1, 2]);
        assert_eq!(timeline.apply(entry(3)), Applied::Shown);
        assert_eq!(seqs(&timeline), [1, 2, 3, 4, 5]);
    }

    #[test]
    fn notices_before_the_first_page_are_kept_for_it() {
        let mut timeline = Timeline::default();

        assert_eq!(timeline.apply(entry(3)), Applied::Known);
        timeline.load([entry(1), entry(2)], false);

        assert_eq!(seqs(&timeline), [1, 2, 3]);
    }

    #[test]
    fn an_earlier_page_must_join_what_is_here() {
        let mut timeline = loaded(10..=12);

        timeline.prepend(vec![entry(3), entry(4)], true);
        assert_eq!(timeline.first(), Some(10));

        timeline.prepend(vec![entry(8), entry(9)], true);
        assert_eq!(timeline.first(), Some(8));
        assert!(timeline.has_earlier());

        timeline.prepend(vec![], false);
        assert!(!timeline.has_earlier());
    }

    proptest! {
        #[test]
        fn whatever_the_order_every_message_is_shown_once(order in Just((3u64..40).collect::<Vec<_>>()).prop_shuffle()) {
            let mut timeline = loaded(1..=2);

            for seq in &order {
                timeline.apply(entry(*seq));
                timeline.apply(entry(*seq));
            }

            prop_assert_eq!(seqs(&timeline), (1..40).collect::<Vec<_>>());
        }
    }
}
