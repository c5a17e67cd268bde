//! A conversation as rows: what leads an entry in (day, author), its wrapped text, and the texts
//! that are not sent yet below. Scrolling counts these rows and the view draws them.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use support_shared::Timestamp;
use support_shared::message::SenderRole;

use super::conversation::Conversation;
use super::draft::Mode;
use super::outbox::{Item, Outbox, Standing};
use super::scroll::{Blocks, Height, Key, Top};
use super::timeline::{Entry, Place};
use super::unsent::standing;
use crate::text::{expand_tabs, fit, has_rtl, rows};

/// Messages of one author this close together share one line that names it.
const SAME_BREATH_MILLIS: i64 = 5 * 60_000;
/// Whose a note of one's own is, and whose it is not.
const OWN_NOTE: &str = "by you, not for the guest";
const NOTE: &str = "not for the guest";
/// How far back the last reply that was read is looked for.
const FAR: usize = 200;
/// The most columns of a name.
pub(crate) const NAME_CELLS: usize = 40;

/// Who is to be seen speaking: a note is never taken for a reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Voice {
    Guest,
    Agent,
    /// Somebody of the desk to the desk.
    Note,
}

/// A row of the timeline; its texts are neutralised.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Row {
    Day(String),
    /// What follows was unread when the conversation came onto the screen.
    Unread(usize),
    Author {
        voice: Voice,
        word: &'static str,
        name: String,
        time: String,
    },
    /// The name alone, where it may not share a row with anything.
    Name {
        voice: Voice,
        name: String,
    },
    Text {
        voice: Voice,
        text: String,
    },
    System {
        /// Only the desk reads it.
        internal: bool,
        text: String,
        time: String,
    },
    /// What becomes of a text that is not sent yet.
    Standing {
        text: String,
        failed: bool,
    },
}

/// What leads an entry in.
struct Above {
    day: bool,
    /// How much is unread from here on.
    unread: Option<usize>,
    author: bool,
}

pub(crate) struct ConversationRows<'a> {
    conversation: &'a Conversation,
    pending: Vec<&'a Item>,
    /// The newest reply that the guest has read and not answered.
    seen: Option<Place>,
    me: &'a str,
    zone: &'a TimeZone,
    cells: usize,
}

impl<'a> ConversationRows<'a> {
    pub(crate) fn new(
        conversation: &'a Conversation,
        outbox: &'a Outbox,
        me: &'a str,
        zone: &'a TimeZone,
        cells: usize,
    ) -> Self {
        let pending = outbox.of(conversation.card.id).collect();
        let seen = newest_seen(conversation);
        Self { conversation, pending, seen, me, zone, cells }
    }

    /// The rows of a block: first those that lead it in.
    pub(crate) fn rows(&self, index: usize) -> Vec<Row> {
        let mut out = self.lead(index);
        out.extend(self.body(index));
        out
    }

    fn entry(&self, index: usize) -> Option<&'a Entry> {
        self.conversation.timeline.entries().get(index)
    }

    fn is_mine(&self, entry: &Entry) -> bool {
        let author = &entry.author;
        author.role == SenderRole::Agent && author.id.as_deref() == Some(self.me)
    }

    fn lead(&self, index: usize) -> Vec<Row> {
        let Some(entry) = self.entry(index) else { return self.lead_pending(index) };
        let above = self.above(index, entry);
        let mut out = Vec::new();
        if above.day {
            out.push(Row::Day(day(entry.at, self.zone)));
        }
        out.extend(above.unread.map(Row::Unread));
        if above.author {
            let (voice, time) = (voice_of(entry), time(entry.at, self.zone));
            let name = entry.author.name.line(NAME_CELLS);
            let alone = self.name_alone(entry);
            let (word, beside) = match entry.author.role {
                _ if entry.place.is_note() && self.is_mine(entry) => ("note", OWN_NOTE.to_owned()),
                _ if entry.place.is_note() && alone => ("note", NOTE.to_owned()),
                _ if entry.place.is_note() => ("note", format!("by {name}, {NOTE}")),
                _ if self.is_mine(entry) => ("you", name.clone()),
                SenderRole::Guest => ("guest", name.clone()),
                _ => ("agent", name.clone()),
            };
            let beside = if alone && !entry.place.is_note() { String::new() } else { beside };
            out.push(Row::Author { voice, word, name: beside, time });
            if alone {
                out.push(Row::Name { voice, name });
            }
        }
        out
    }

    /// What an entry has above it, by the one before.
    fn above(&self, index: usize, entry: &Entry) -> Above {
        let before = index.checked_sub(1).and_then(|before| self.entry(before));
        let day = before.is_none_or(|it| date(it.at, self.zone) != date(entry.at, self.zone));
        let same_author = before.is_some_and(|before| {
            before.author == entry.author
                && before.place.is_note() == entry.place.is_note()
                && entry.at.as_millis() - before.at.as_millis() < SAME_BREATH_MILLIS
        });
        // With nothing before it there is nothing to tell it from.
        let divider = self.conversation.reading.divider().filter(|_| before.is_some());
        let unread = divider
            .filter(|(first, _)| entry.place == Place::of_message(*first))
            .map(|(_, count)| count);
        let begins = day || unread.is_some() || !same_author;
        let author = entry.author.role != SenderRole::System && begins;
        Above { day, unread, author }
    }

    /// Whether the name of an author has a row of its own: it is written from right to left, and
    /// some terminals would move what stands beside it.
    fn name_alone(&self, entry: &Entry) -> bool {
        let own_note = entry.place.is_note() && self.is_mine(entry);
        !own_note && has_rtl(&entry.author.name.line(NAME_CELLS))
    }

    fn pending(&self, index: usize) -> Option<&'a Item> {
        let at = index.checked_sub(self.conversation.timeline.entries().len())?;
        self.pending.get(at).copied()
    }

    /// The first text that is not sent yet says that it is ours, unless ours are right above; a
    /// note among them always says what it is.
    fn lead_pending(&self, index: usize) -> Vec<Row> {
        let Some(item) = self.pending(index) else { return Vec::new() };
        let before = index.checked_sub(1);
        let mine = before.and_then(|at| self.entry(at)).filter(|it| self.is_mine(it));
        let after_mine = mine.map(|it| if it.place.is_note() { Mode::Note } else { Mode::Reply });
        let above = before.and_then(|at| self.pending(at)).map(|it| it.parcel.mode).or(after_mine);
        if above == Some(item.parcel.mode) {
            return Vec::new();
        }
        let (word, name) = match item.parcel.mode {
            Mode::Reply => ("you", ""),
            Mode::Note => ("note", OWN_NOTE),
        };
        vec![Row::Author {
            voice: voice(item.parcel.mode),
            word,
            name: name.to_owned(),
            time: String::new(),
        }]
    }

    /// How many columns a text of the system has beside its time.
    fn cells_beside(&self, time: &str) -> usize {
        self.cells.saturating_sub(time.len() + 5).max(1)
    }

    /// How many rows [`Self::body`] has for an entry.
    fn entry_height(&self, entry: &Entry) -> usize {
        let shown = entry.content.shown();
        if entry.author.role == SenderRole::System {
            let beside = self.cells_beside(&time(entry.at, self.zone));
            return rows(&shown, beside).len() + usize::from(has_rtl(&shown));
        }
        let below = usize::from(entry.content.is_altered()) + usize::from(self.is_seen(entry));
        rows(&shown, self.cells).len() + below
    }

    fn is_seen(&self, entry: &Entry) -> bool {
        self.seen == Some(entry.place)
    }

    fn body(&self, index: usize) -> Vec<Row> {
        if let Some(entry) = self.entry(index) {
            let shown = entry.content.shown();
            if entry.author.role == SenderRole::System {
                let internal = entry.place.is_note();
                let time = time(entry.at, self.zone);
                let texts = wrapped(&shown, self.cells_beside(&time));
                if !has_rtl(&shown) {
                    let row = |text| Row::System { internal, text, time: time.clone() };
                    return texts.map(row).collect();
                }
                let row = |text| Row::System { internal, text, time: String::new() };
                let first = Row::System { internal, text: String::new(), time: time.clone() };
                return std::iter::once(first).chain(texts.map(row)).collect();
            }
            let mut out: Vec<Row> = wrapped(&shown, self.cells)
                .map(|text| Row::Text { voice: voice_of(entry), text })
                .collect();
            if entry.content.is_altered() {
                out.push(Row::Standing {
                    text: "(control characters removed)".to_owned(),
                    failed: false,
                });
            }
            if self.is_seen(entry) {
                out.push(Row::Standing { text: "seen".to_owned(), failed: false });
            }
            return out;
        }
        let Some(item) = self.pending(index) else { return Vec::new() };
        let mut out: Vec<Row> = wrapped(&item.parcel.text, self.cells)
            .map(|text| Row::Text { voice: voice(item.parcel.mode), text })
            .collect();
        let failed = item.is_failed();
        out.push(Row::Standing { text: standing(item, self.cells), failed });
        let again = match item.standing {
            Standing::Held(_) => "t send all the same",
            _ => "t try again",
        };
        if failed {
            let text = fit(&format!("({again}, e edit, Del discard)"), self.cells);
            out.push(Row::Standing { text, failed });
        }
        out
    }
}

/// Whose bar stands beside a text that is not sent yet.
fn voice(mode: Mode) -> Voice {
    match mode {
        Mode::Reply => Voice::Agent,
        Mode::Note => Voice::Note,
    }
}

fn voice_of(entry: &Entry) -> Voice {
    match entry.author.role {
        _ if entry.place.is_note() => Voice::Note,
        SenderRole::Guest => Voice::Guest,
        SenderRole::Agent | SenderRole::System => Voice::Agent,
    }
}

fn wrapped(text: &str, cells: usize) -> impl Iterator<Item = String> {
    rows(text, cells).into_iter().map(move |row| expand_tabs(&text[row], cells))
}

impl Blocks for ConversationRows<'_> {
    fn len(&self) -> usize {
        self.conversation.timeline.entries().len() + self.pending.len()
    }

    fn key(&self, index: usize) -> Key {
        let count = self.conversation.timeline.entries().len();
        self.entry(index)
            .map_or(Key::Pending(index.saturating_sub(count)), |entry| Key::Entry(entry.place))
    }

    fn height(&self, index: usize) -> Height {
        // Most of what is measured is not drawn: no row of it is made.
        match self.entry(index) {
            Some(entry) => {
                let above = self.above(index, entry);
                let named = above.author && self.name_alone(entry);
                let rows = [above.day, above.unread.is_some(), above.author, named];
                let above = rows.into_iter().filter(|row| *row).count();
                Height { above, body: self.entry_height(entry) }
            }
            None => Height { above: self.lead(index).len(), body: self.body(index).len() },
        }
    }
}

impl ConversationRows<'_> {
    /// The newest message of which the last row is in a window of `view` rows.
    pub(crate) fn last_message_in(&self, top: Top, view: usize) -> Option<u64> {
        let mut left = view + top.skip;
        let mut newest = None;
        for index in top.index..self.len() {
            let rows = self.total(index);
            if rows > left {
                break;
            }
            left -= rows;
            let message = self.entry(index).filter(|entry| !entry.place.is_note());
            newest = message.map(Entry::number).or(newest);
        }
        newest
    }
}

/// The newest reply that the guest has read; none if it has written since, which says as much.
fn newest_seen(conversation: &Conversation) -> Option<Place> {
    let entries = conversation.timeline.entries();
    let read = Place::of_message(conversation.card.guest_read);
    let upto = entries.partition_point(|entry| entry.place <= read);
    let spoken = |entry: &&Entry| entry.author.role != SenderRole::System && !entry.place.is_note();
    let newest = entries.range(..upto).rev().take(FAR).find(spoken)?;
    let mut after = entries.range(upto..).take(FAR);
    let answered = after.any(|entry| entry.author.role == SenderRole::Guest);
    (newest.author.role == SenderRole::Agent && !answered).then_some(newest.place)
}

pub(crate) fn time(at: Timestamp, zone: &TimeZone) -> String {
    format(at, zone, "%H:%M")
}

pub(crate) fn day(at: Timestamp, zone: &TimeZone) -> String {
    format(at, zone, "%A %-d %B %Y")
}

fn date(at: Timestamp, zone: &TimeZone) -> Option<Date> {
    let instant = jiff::Timestamp::from_millisecond(at.as_millis()).ok()?;
    Some(zone.to_datetime(instant).date())
}

fn format(at: Timestamp, zone: &TimeZone, form: &str) -> String {
    jiff::Timestamp::from_millisecond(at.as_millis())
        .map(|instant| instant.to_zoned(zone.clone()).strftime(form).to_string())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::fixture::{message, note};
    use crate::core::stories::{Story, guest};

    #[test]
    fn what_is_measured_is_what_is_drawn() {
        let texts =
            ["short", "a line\nanother", "red \u{1b}[31m\u{202e}text", "日本語 テキスト", " "];
        let mut messages: Vec<_> = (1..=9).map(guest).collect();
        for (seq, text) in (10..).zip(texts) {
            messages.push(message(seq, SenderRole::Agent, &text.repeat(9)));
            messages.push(message(seq + 50, SenderRole::System, &text.repeat(9)));
        }
        messages.sort_by_key(|message| message.seq);
        for (at, message) in (1..).zip(&mut messages) {
            message.seq = Some(at);
            let hours = i64::try_from(at).unwrap() * 3_600_000 * 5;
            message.created_at =
                message.created_at.plus_millis(if at % 3 == 0 { hours } else { 0 });
        }
        let mut story = Story::in_conversation([]);
        story.joined_with_notes(None, messages, [note(1, 2, "for us"), note(2, 2, "too")]);
        story.keys("not sent yet, and longer than one row can be<enter>");

        for pane in [12, 20, 80] {
            let state = &story.state;
            let blocks = state.rows(state.conversation().unwrap(), pane);
            assert!(blocks.len() > 20);
            for index in 0..blocks.len() {
                let drawn = blocks.rows(index).len();
                assert_eq!(blocks.total(index), drawn, "block {index} in {pane} columns");
            }
        }
    }
}
