//! What lies over the panes and takes every key while it is there.

use support_shared::{ClientMessageId, TicketId};

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
    /// The texts that are not sent, with this one selected, else the first.
    Unsent { on: Option<ClientMessageId> },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Question {
    /// Throw away a text that was not sent; asked from the list of them, or where it stands.
    Discard { id: ClientMessageId, listed: bool },
    /// Leave the console although a text would be lost, or is not sent.
    Quit,
}
