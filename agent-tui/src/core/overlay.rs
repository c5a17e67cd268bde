//! What lies over the panes and takes every key while it is there.

use support_shared::TicketId;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Overlay {
    /// The commands of the place from which it was opened, from this line on.
    Help { line: usize },
    /// A question that Enter answers with yes and Esc with no.
    Confirm(Question),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Question {
    Close(TicketId),
    /// Leave the console although a text would be lost.
    Quit,
}
