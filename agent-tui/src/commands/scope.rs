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
    Help,
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
            (Some(Overlay::Help { .. }), _) => Self::Help,
            (Some(Overlay::Confirm(_)), _) => Self::Confirm,
            (Some(Overlay::Details { .. }), _) => Self::Details,
            (Some(Overlay::Line(_)), _) => Self::Line,
            (Some(Overlay::Pick(_)), _) => Self::Pick,
            (None, focus) => Self::of_focus(focus),
        }
    }

    pub(crate) fn of_focus(focus: Focus) -> Self {
        match focus {
            Focus::Queue => Self::Queue,
            Focus::Timeline => Self::Timeline,
            Focus::Composer => Self::Composer,
        }
    }
}
