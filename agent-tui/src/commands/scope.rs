//! Where commands work, and where the keys go.

use crate::core::conversation::Conversation;
use crate::core::overlay::Overlay;
use crate::core::{Focus, State};

/// Where a command works.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Scope {
    Queue,
    Timeline,
    Composer,
    /// The composer before anything is written.
    Blank,
    Confirm,
    /// A line that is written outside the composer.
    Line,
    /// The window with the details of a ticket.
    Details,
    /// A list to pick one of.
    Pick,
    /// The texts that are not sent.
    Unsent,
    /// In every pane.
    Panes,
    /// In every pane in which no text is written.
    Reading,
}

impl Scope {
    pub(crate) const ALL: [Self; 11] = [
        Self::Queue,
        Self::Timeline,
        Self::Blank,
        Self::Composer,
        Self::Reading,
        Self::Panes,
        Self::Pick,
        Self::Line,
        Self::Confirm,
        Self::Details,
        Self::Unsent,
    ];

    /// The places that the keys go to, one at a time.
    pub(super) const PLACES: [Self; 9] = [
        Self::Queue,
        Self::Timeline,
        Self::Blank,
        Self::Composer,
        Self::Pick,
        Self::Line,
        Self::Confirm,
        Self::Details,
        Self::Unsent,
    ];

    /// What it is called in the file of settings.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Queue => "queue",
            Self::Timeline => "conversation",
            Self::Composer => "composer",
            Self::Blank => "blank",
            Self::Confirm => "question",
            Self::Line => "line",
            Self::Details => "details",
            Self::Pick => "list",
            Self::Unsent => "unsent",
            Self::Panes => "panes",
            Self::Reading => "reading",
        }
    }

    /// What it is called in a sentence.
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::Queue => "in the queue",
            Self::Timeline => "in a conversation",
            Self::Composer => "while writing",
            Self::Blank => "before anything is written",
            Self::Confirm => "when asked a question",
            Self::Line => "in a line that is asked for",
            Self::Details => "in the details",
            Self::Pick => "in a list",
            Self::Unsent => "in the list of what is not sent",
            Self::Panes => "in every pane",
            Self::Reading => "wherever no text is written",
        }
    }

    /// Whether letters are text there.
    pub(super) fn takes_text(self) -> bool {
        matches!(self, Self::Composer | Self::Line | Self::Pick)
    }

    /// Whether commands of this scope work while the keys go to `here`.
    pub(crate) fn covers(self, here: Self) -> bool {
        let writing = matches!(here, Self::Composer | Self::Blank);
        let pane = matches!(here, Self::Queue | Self::Timeline) || writing;
        self == here
            || self == Self::Panes && pane
            || self == Self::Composer && writing
            || self == Self::Reading && pane && !writing
    }

    /// Where the keys go now.
    pub(crate) fn of(state: &State) -> Self {
        match &state.overlay {
            Some(Overlay::Confirm(_)) => Self::Confirm,
            Some(Overlay::Details { .. }) => Self::Details,
            Some(Overlay::Line(_)) => Self::Line,
            Some(Overlay::Pick(_)) => Self::Pick,
            Some(Overlay::Unsent { .. }) => Self::Unsent,
            None => Self::pane(state),
        }
    }

    /// The pane that the keys go to, or would if nothing lay over it.
    pub(crate) fn pane(state: &State) -> Self {
        let written = |open: &Conversation| !open.composer.text().is_empty();
        match state.focus {
            Focus::Queue => Self::Queue,
            Focus::Timeline => Self::Timeline,
            Focus::Composer if state.conversation().is_some_and(written) => Self::Composer,
            Focus::Composer => Self::Blank,
        }
    }

    /// Whether commands of this scope make sense at `here` although their keys do not work there:
    /// who writes can run those of the conversation by name.
    pub(crate) fn is_near(self, here: Self) -> bool {
        let writing = matches!(here, Self::Composer | Self::Blank);
        self.covers(here) || writing && self.covers(Self::Timeline)
    }

    /// Where commands of this scope work, as a reason why they do not work here.
    pub(crate) fn elsewhere(self) -> &'static str {
        match self {
            Self::Queue => "it works in the queue",
            Self::Timeline => "it works in a conversation",
            Self::Composer => "it works while you write to a guest",
            Self::Blank => "it works before anything is written",
            Self::Confirm => "it answers a question",
            Self::Line => "it works while a line is asked for",
            Self::Details => "it works in the details of a ticket",
            Self::Pick => "it works in a list like this one",
            Self::Unsent => "it works in the list of what is not sent",
            Self::Panes => "it works in the panes",
            Self::Reading => "it works where no text is written",
        }
    }
}
