//! The two logs of one ticket as one: messages by their number, each note where the conversation
//! was when it was written. The apply rule is here, for each log on its own: what is known is
//! dropped, what is next is applied, what is ahead is held until the gap before it is filled. So
//! every entry is shown once, in the order of its log, whatever the connection does.

mod entry;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

pub(crate) use entry::{Author, Entry, Place};

/// How many entries ahead of a gap are held. More are dropped: the answer that fills the gap
/// brings them too.
const HELD: usize = 256;
/// How many authors of late are remembered, so that their entries share one name.
const AUTHORS: usize = 16;

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

/// How far one log is here.
#[derive(Debug, Default)]
struct Log {
    /// The numbers of the first and the last entry here.
    first: u64,
    last: u64,
    /// Whether there are entries before the first one here.
    earlier: bool,
    /// A page of them is being asked for.
    asking: bool,
    held: BTreeMap<u64, Entry>,
}

impl Log {
    fn loaded(&mut self, page: &[Entry], earlier: bool) {
        self.first = page.first().map_or(0, Entry::number);
        self.last = page.last().map_or(0, Entry::number);
        self.earlier = earlier && !page.is_empty();
        self.asking = false;
    }

    fn hold(&mut self, entry: Entry) {
        if self.held.len() < HELD {
            self.held.insert(entry.number(), entry);
        }
    }

    /// The entry that was held and is next now.
    fn next_held(&mut self) -> Option<Entry> {
        self.held.retain(|number, _| *number > self.last);
        self.held.remove(&(self.last + 1))
    }

    /// Whether a page of earlier entries joins the first one here.
    fn joins(&self, page: &[Entry]) -> bool {
        page.last().is_none_or(|entry| entry.number() + 1 == self.first)
    }

    fn prepended(&mut self, page: &[Entry], earlier: bool) {
        self.earlier = earlier && !page.is_empty();
        self.first = page.first().map_or(self.first, Entry::number);
    }
}

#[derive(Debug, Default)]
pub(crate) struct Timeline {
    /// Of both logs, as they are shown.
    entries: VecDeque<Entry>,
    /// Notes to messages that have not been read yet, which stand above all that is shown.
    above: BTreeMap<u64, Entry>,
    messages: Log,
    notes: Log,
    authors: VecDeque<Arc<Author>>,
    loaded: bool,
    pub(crate) epoch: Option<String>,
}

impl Timeline {
    pub(crate) fn entries(&self) -> &VecDeque<Entry> {
        &self.entries
    }

    /// Whether the latest page has been read.
    pub(crate) fn is_loaded(&self) -> bool {
        self.loaded
    }

    /// Whether all between what was read and this message is here.
    pub(crate) fn reaches(&self, message: u64, read: u64) -> bool {
        !self.messages.earlier || self.messages.first <= read + 1 && message >= self.messages.first
    }

    /// Whether there are messages before the first one here.
    #[cfg(test)]
    pub(crate) fn has_earlier(&self) -> bool {
        self.messages.earlier
    }

    /// The number of the first message here.
    #[cfg(test)]
    pub(crate) fn first(&self) -> Option<u64> {
        (self.messages.first > 0).then_some(self.messages.first)
    }

    /// The number up to which every message is here.
    pub(crate) fn last(&self) -> Option<u64> {
        self.loaded.then_some(self.messages.last)
    }

    /// The number up to which every note is here.
    pub(crate) fn last_note(&self) -> Option<u64> {
        self.loaded.then_some(self.notes.last)
    }

    /// The latest page of each log, and whether there is more before it: what was here is
    /// forgotten, what came meanwhile is kept.
    pub(crate) fn load(
        &mut self,
        (messages, earlier): (Vec<Entry>, bool),
        (notes, earlier_notes): (Vec<Entry>, bool),
    ) {
        self.entries.clear();
        self.above.clear();
        self.loaded = true;
        self.messages.loaded(&messages, earlier);
        self.notes.loaded(&notes, earlier_notes);
        for entry in messages {
            let entry = self.shared(entry);
            self.entries.push_back(entry);
        }
        for note in notes {
            self.show_note(note);
        }
        self.release();
    }

    /// Forgets everything: the numbers count in another history.
    pub(crate) fn reset(&mut self) {
        *self = Self::default();
    }

    /// Forgets what is ahead of a gap.
    pub(crate) fn forget_held(&mut self) {
        self.messages.held.clear();
        self.notes.held.clear();
    }

    pub(crate) fn apply(&mut self, entry: Entry) -> Applied {
        let (loaded, number) = (self.loaded, entry.number());
        let log = self.log_mut(entry.place.is_note());
        if loaded && number <= log.last {
            return Applied::Known;
        }
        if loaded && number == log.last + 1 {
            self.append(entry);
            self.release();
            return Applied::Shown;
        }
        log.hold(entry);
        // Before the first page everything is held, and the page is on its way.
        if loaded { Applied::Gap } else { Applied::Known }
    }

    /// A page of earlier messages. What does not join the first one is not an answer to us.
    pub(crate) fn prepend(&mut self, page: Vec<Entry>, earlier: bool) {
        self.messages.asking = false;
        if self.messages.first == 0 || !self.messages.joins(&page) {
            return;
        }
        self.messages.prepended(&page, earlier);
        for entry in page.into_iter().rev() {
            let entry = self.shared(entry);
            // Notes may stand before the first message here.
            let at = self.entries.partition_point(|it| it.place < entry.place);
            self.entries.insert(at, entry);
        }
        for (_, note) in std::mem::take(&mut self.above) {
            self.show_note(note);
        }
    }

    /// The same of the notes.
    pub(crate) fn prepend_notes(&mut self, page: Vec<Entry>, earlier: bool) {
        self.notes.asking = false;
        if self.notes.joins(&page) {
            self.notes.prepended(&page, earlier);
            for note in page {
                self.show_note(note);
            }
        }
    }

    /// The number before which messages are to be asked for, if there are any and they are not
    /// under way: they are from now on.
    pub(crate) fn ask_earlier(&mut self) -> Option<u64> {
        let ask = self.messages.earlier && !self.messages.asking;
        self.messages.asking |= ask;
        ask.then_some(self.messages.first)
    }

    /// The same of the notes: those to the messages that are here are wanted with them.
    pub(crate) fn ask_notes(&mut self) -> Option<u64> {
        let ask = self.notes.earlier && !self.notes.asking && self.above.is_empty();
        self.notes.asking |= ask;
        ask.then_some(self.notes.first)
    }

    /// No answer comes to what was asked for.
    pub(crate) fn gave_up(&mut self, notes: bool) {
        self.log_mut(notes).asking = false;
    }

    fn log_mut(&mut self, notes: bool) -> &mut Log {
        if notes { &mut self.notes } else { &mut self.messages }
    }

    /// The next entry of its log.
    fn append(&mut self, entry: Entry) {
        let number = entry.number();
        let log = self.log_mut(entry.place.is_note());
        log.last = number;
        if log.first == 0 {
            log.first = number;
        }
        if entry.place.is_note() {
            self.show_note(entry);
        } else {
            let entry = self.shared(entry);
            // A note may have come before the message that it was written after.
            let at = self.entries.partition_point(|it| it.place < entry.place);
            self.entries.insert(at, entry);
        }
    }

    fn show_note(&mut self, note: Entry) {
        let note = self.shared(note);
        if self.messages.earlier && note.place.seq + 1 < self.messages.first {
            self.above.insert(note.place.note, note);
            return;
        }
        let at = self.entries.partition_point(|it| it.place < note.place);
        self.entries.insert(at, note);
    }

    /// Moves what was held and is next now to where it belongs.
    fn release(&mut self) {
        while let Some(entry) = self.messages.next_held().or_else(|| self.notes.next_held()) {
            self.append(entry);
        }
    }

    /// The entry, with its author in common with others.
    fn shared(&mut self, mut entry: Entry) -> Entry {
        if let Some(known) = self.authors.iter().find(|known| **known == entry.author) {
            entry.author = Arc::clone(known);
        } else {
            self.authors.truncate(AUTHORS - 1);
            self.authors.push_front(Arc::clone(&entry.author));
        }
        entry
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use support_shared::message::SenderRole;

    use super::*;
    use crate::core::fixture::{message, note};

    fn entry(seq: u64) -> Entry {
        Entry::of(message(seq, SenderRole::Guest, "hello")).unwrap()
    }

    fn noted(number: u64, after: u64) -> Entry {
        Entry::of(note(number, after, "for us")).unwrap()
    }

    fn seqs(timeline: &Timeline) -> Vec<u64> {
        let messages = timeline.entries().iter().filter(|entry| !entry.place.is_note());
        messages.map(Entry::number).collect()
    }

    /// Both logs as they are shown: `3` is a message, `3#1` the first note, after it.
    fn shown(timeline: &Timeline) -> String {
        let words = timeline.entries().iter().map(|entry| match entry.place {
            Place { seq, note: 0 } => seq.to_string(),
            Place { seq, note } => format!("{seq}#{note}"),
        });
        words.collect::<Vec<_>>().join(" ")
    }

    fn loaded(page: std::ops::RangeInclusive<u64>) -> Timeline {
        let mut timeline = Timeline::default();
        let earlier = *page.start() > 1;
        timeline.load((page.map(entry).collect(), earlier), (Vec::new(), false));
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
        assert_eq!(timeline.apply(noted(2, 2)), Applied::Known);
        timeline.load((vec![entry(1), entry(2)], false), (vec![noted(1, 1)], false));

        assert_eq!(shown(&timeline), "1 1#1 2 2#2 3");
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

    #[test]
    fn a_note_stands_behind_the_message_that_was_the_last_one_whichever_comes_first() {
        let mut timeline = loaded(1..=2);

        assert_eq!(timeline.apply(noted(1, 3)), Applied::Shown);
        assert_eq!(timeline.apply(entry(3)), Applied::Shown);
        assert_eq!(timeline.apply(entry(4)), Applied::Shown);
        assert_eq!(timeline.apply(noted(3, 4)), Applied::Gap);
        assert_eq!(timeline.apply(noted(2, 3)), Applied::Shown);

        assert_eq!(shown(&timeline), "1 2 3 3#1 3#2 4 4#3");
        assert_eq!((timeline.last(), timeline.last_note()), (Some(4), Some(3)));
    }

    #[test]
    fn a_note_to_messages_that_are_not_here_yet_comes_with_them() {
        let mut timeline = Timeline::default();
        let notes = vec![noted(3, 2), noted(4, 5), noted(5, 7), noted(6, 7)];
        timeline.load((vec![entry(6), entry(7)], true), (notes, true));
        assert_eq!(shown(&timeline), "5#4 6 7 7#5 7#6");
        assert_eq!(timeline.ask_notes(), None, "the oldest note here is to a message above");

        assert_eq!(timeline.ask_earlier(), Some(6));
        assert_eq!(timeline.ask_earlier(), None, "asked already");
        timeline.prepend(vec![entry(2), entry(3), entry(4), entry(5)], true);
        assert_eq!(shown(&timeline), "2 2#3 3 4 5 5#4 6 7 7#5 7#6");
        assert_eq!(timeline.ask_notes(), Some(3), "there may be more to these");
        timeline.prepend_notes(vec![noted(1, 1), noted(2, 2)], false);

        assert_eq!(shown(&timeline), "1#1 2 2#2 2#3 3 4 5 5#4 6 7 7#5 7#6");
        assert_eq!(timeline.ask_notes(), None);
    }

    #[test]
    fn the_entries_of_one_author_have_one_name_in_common() {
        let timeline = loaded(1..=3);

        let authors: Vec<_> = timeline.entries().iter().map(|entry| &entry.author).collect();
        assert!(Arc::ptr_eq(authors[0], authors[2]));
    }

    proptest! {
        #[test]
        fn whatever_the_order_every_message_is_shown_once(
            order in Just((3u64..40).collect::<Vec<_>>()).prop_shuffle(),
            noting in Just((1u64..20).collect::<Vec<_>>()).prop_shuffle(),
        ) {
            let mut timeline = loaded(1..=2);

            for (at, seq) in order.iter().enumerate() {
                timeline.apply(entry(*seq));
                timeline.apply(entry(*seq));
                if let Some(number) = noting.get(at) {
                    timeline.apply(noted(*number, *number * 2));
                }
            }

            prop_assert_eq!(seqs(&timeline), (1..40).collect::<Vec<_>>());
            let places: Vec<Place> = timeline.entries().iter().map(|entry| entry.place).collect();
            prop_assert!(places.is_sorted());
            prop_assert_eq!(places.iter().filter(|place| place.is_note()).count(), 19);
        }
    }
}
