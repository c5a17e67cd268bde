//! Where commands work, and where the keys go.

use crate::core::overlay::Overlay;
use crate::core::{Focus, State};

/// Where a command works.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Scope {
    Queue,
    Timeline,
    Composer,
    Confirm,
    /// A line that is written outside the composer.
    Line,
    /// The window with the details of a ticket.
    Details,
    /// A list to pick one of.
    Pick,
    /// In every pane.
    Panes,
    /// In every pane in which no text is written.
    Reading,
}

impl Scope {
    /// Whether commands of this scope work while the keys go to `here`.
    pub(crate) fn covers(self, here: Self) -> bool {
        let pane = matches!(here, Self::Queue | Self::Timeline | Self::Composer);
        self == here
            || self == Self::Panes && pane
            || self == Self::Reading && pane && here != Self::Composer
    }

    /// Where the keys go now.
    pub(crate) fn of(state: &State) -> Self {
        match (&state.overlay, state.focus) {
            (Some(Overlay::Confirm(_)), _) => Self::Confirm,
            (Some(Overlay::Details { .. }), _) => Self::Details,
            (Some(Overlay::Line(_)), _) => Self::Line,
            (Some(Overlay::Pick(_)), _) => Self::Pick,
            (None, focus) => Self::of_focus(focus),
        }
    }

    /// The pane that the keys go to, or would if nothing lay over it.
    pub(crate) fn pane(state: &State) -> Self {
        Self::of_focus(state.focus)
    }

    /// Whether commands of this scope make sense at `here` although their keys do not work there:
    /// who writes can run those of the conversation by name.
    pub(crate) fn is_near(self, here: Self) -> bool {
        self.covers(here) || here == Self::Composer && self.covers(Self::Timeline)
    }

    /// Where commands of this scope work, as a reason why they do not work here.
    pub(crate) fn elsewhere(self) -> &'static str {
        match self {
            Self::Queue => "it works in the queue",
            Self::Timeline => "it works in a conversation",
            Self::Composer => "it works while you write to a guest",
            Self::Confirm => "it answers a question",
            Self::Line => "it works while a line is asked for",
            Self::Details => "it works in the details of a ticket",
            Self::Pick => "it works in a list like this one",
            Self::Panes => "it works in the panes",
            Self::Reading => "it works where no text is written",
        }
    }

    fn of_focus(focus: Focus) -> Self {
        match focus {
            Focus::Queue => Self::Queue,
            Focus::Timeline => Self::Timeline,
            Focus::Composer => Self::Composer,
        }
    }
}
