//! A conversation as rows: what leads an entry in (day, author), its wrapped text, and the texts
//! that are not sent yet below. Scrolling counts these rows and the view draws them.

use jiff::tz::TimeZone;
use support_shared::Timestamp;
use support_shared::message::SenderRole;

use super::conversation::Conversation;
use super::draft::Mode;
use super::outbox::{Item, Outbox, Standing};
use super::scroll::{Blocks, Height, Key};
use super::timeline::Entry;
use super::unsent::standing;
use crate::text::{expand_tabs, fit, rows};

/// Messages of one author this close together share one line that names it.
const SAME_BREATH_MILLIS: i64 = 5 * 60_000;
/// Whose a note of one's own is, and whose it is not.
const OWN_NOTE: &str = "by you, not for the guest";
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
    Author {
        voice: Voice,
        word: &'static str,
        name: String,
        time: String,
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

pub(crate) struct ConversationRows<'a> {
    conversation: &'a Conversation,
    pending: Vec<&'a Item>,
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
        Self { conversation, pending, me, zone, cells }
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
        let before = index.checked_sub(1).and_then(|before| self.entry(before));
        let mut out = Vec::new();
        let day = day(entry.at, self.zone);
        let new_day = before.is_none_or(|before| self::day(before.at, self.zone) != day);
        if new_day {
            out.push(Row::Day(day));
        }
        let same_author = before.is_some_and(|before| {
            before.author == entry.author
                && before.place.is_note() == entry.place.is_note()
                && entry.at.as_millis() - before.at.as_millis() < SAME_BREATH_MILLIS
        });
        if entry.author.role != SenderRole::System && (new_day || !same_author) {
            let name = entry.author.name.line(NAME_CELLS);
            let (word, name) = match entry.author.role {
                _ if entry.place.is_note() && self.is_mine(entry) => ("note", OWN_NOTE.to_owned()),
                _ if entry.place.is_note() => ("note", format!("by {name}, not for the guest")),
                _ if self.is_mine(entry) => ("you", name),
                SenderRole::Guest => ("guest", name),
                _ => ("agent", name),
            };
            let time = time(entry.at, self.zone);
            out.push(Row::Author { voice: voice_of(entry), word, name, time });
        }
        out
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

    fn body(&self, index: usize) -> Vec<Row> {
        if let Some(entry) = self.entry(index) {
            let shown = entry.content.shown();
            if entry.author.role == SenderRole::System {
                let internal = entry.place.is_note();
                let time = time(entry.at, self.zone);
                let cells = self.cells.saturating_sub(time.len() + 5).max(1);
                return wrapped(&shown, cells)
                    .map(|text| Row::System { internal, text, time: time.clone() })
                    .collect();
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
        Height { above: self.lead(index).len(), body: self.body(index).len() }
    }
}

pub(crate) fn time(at: Timestamp, zone: &TimeZone) -> String {
    format(at, zone, "%H:%M")
}

pub(crate) fn day(at: Timestamp, zone: &TimeZone) -> String {
    format(at, zone, "%A %-d %B %Y")
}

fn format(at: Timestamp, zone: &TimeZone, form: &str) -> String {
    jiff::Timestamp::from_millisecond(at.as_millis())
        .map(|instant| instant.to_zoned(zone.clone()).strftime(form).to_string())
        .unwrap_or_default()
}
