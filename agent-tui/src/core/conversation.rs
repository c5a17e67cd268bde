//! One ticket that the agent has opened: its messages, where they are scrolled to, and the text
//! that is being written to its guest. Lives as long as the console, so that nothing written or
//! read is lost by looking at another ticket.

use support_shared::Timestamp;
use support_shared::message::SenderRole;

use super::card::Card;
use super::composer::Composer;
use super::copy::Mark;
use super::draft::{self, Draft, Mode};
use super::people::People;
use super::reading::Reading;
use super::scroll::Scroll;
use super::timeline::Timeline;
use crate::text::Untrusted;

/// How long somebody counts as writing after the last word of it: a notice that it is over may be
/// lost.
const WRITING_MILLIS: i64 = 6_000;

/// Whether the server has us in the ticket's room.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Room {
    /// We are out, and stay out until the agent opens the ticket again.
    #[default]
    Left,
    /// We want in; asked, and not answered yet.
    Joining,
    Joined,
}

/// Somebody else who is writing here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Writing {
    pub(crate) name: Untrusted,
    pub(crate) role: SenderRole,
    pub(crate) until: Timestamp,
}

impl Writing {
    pub(crate) fn new(name: Untrusted, role: SenderRole, now: Timestamp) -> Self {
        Self { name, role, until: now.plus_millis(WRITING_MILLIS) }
    }
}

#[derive(Debug)]
pub(crate) struct Conversation {
    pub(crate) card: Card,
    pub(crate) timeline: Timeline,
    /// What is being written, in the mode that is on the screen.
    pub(crate) composer: Composer,
    /// What is written in the other mode.
    pub(crate) aside: Composer,
    /// The mode that is on disk with the drafts.
    pub(super) kept_mode: Mode,
    pub(crate) scroll: Scroll,
    pub(crate) room: Room,
    /// We look on, and nobody is told.
    pub(crate) silent: bool,
    pub(crate) people: People,
    pub(crate) reading: Reading,
    pub(crate) writing: Option<Writing>,
    /// When to look whether what the queue has told of is here.
    pub(crate) check_at: Option<Timestamp>,
    /// The message that was pointed at or copied last.
    pub(crate) mark: Option<Mark>,
}

impl Conversation {
    pub(crate) fn new(card: Card) -> Self {
        Self {
            card,
            timeline: Timeline::default(),
            composer: Composer::new(Mode::Reply),
            aside: Composer::new(Mode::Note),
            kept_mode: Mode::Reply,
            scroll: Scroll::default(),
            room: Room::default(),
            silent: false,
            people: People::default(),
            reading: Reading::default(),
            writing: None,
            check_at: None,
            mark: None,
        }
    }

    /// Whom the composer writes to.
    pub(crate) fn mode(&self) -> Mode {
        self.composer.mode()
    }

    /// Writes in this mode from now on. Each mode keeps its own text.
    pub(crate) fn switch(&mut self, mode: Mode) {
        if self.mode() != mode {
            std::mem::swap(&mut self.composer, &mut self.aside);
        }
    }

    pub(crate) fn composer_of(&mut self, mode: Mode) -> &mut Composer {
        if self.mode() == mode { &mut self.composer } else { &mut self.aside }
    }

    /// Whether something is written here, in either mode.
    pub(crate) fn has_draft(&self) -> bool {
        !self.composer.is_blank() || !self.aside.is_blank()
    }

    /// What is written here, as it is kept.
    pub(crate) fn drafts(&self) -> impl Iterator<Item = Draft> {
        let both = [(&self.composer, false), (&self.aside, true)];
        both.into_iter().filter_map(|(it, aside)| draft::of(self.card.id, it, aside))
    }

    /// How many messages are below that have not been on the screen yet.
    pub(crate) fn new_below(&self) -> u64 {
        self.reading.ahead(self.timeline.last())
    }
}
