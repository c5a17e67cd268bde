//! What lies over the panes and takes every key while it is there.

use support_shared::TicketId;

use super::line::Line;
use super::pick::Pick;

#[derive(Debug, Clone)]
pub(crate) enum Overlay {
    /// A question that Enter answers with yes and Esc with no.
    Confirm(Question),
    /// The details of a ticket, from this line on.
    Details { ticket: TicketId, line: usize },
    /// A line that is being written.
    Line(Line),
    /// A list to pick one of.
    Pick(Pick),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Question {
    Close(TicketId),
    /// Leave the console although a text would be lost.
    Quit,
}
