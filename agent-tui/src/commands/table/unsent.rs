//! What can be done in the list of texts that are not sent.

use super::super::available::{always, can_decide};
use super::super::scope::Scope::Unsent;
use super::{Command, CommandId as C, row};

pub(super) const ROWS: &[Command] = &[
    row(C::Open, Unsent, &["Enter"], "go there", "Open the ticket that it was written to", always),
    row(C::Previous, Unsent, &["Up", "k"], "", "Select the one above", always),
    row(C::Next, Unsent, &["Down", "j"], "select", "Select the one below", always),
    row(C::Retry, Unsent, &["t"], "send again", "Send it again as it is", can_decide),
    row(C::TakeBack, Unsent, &["e"], "edit", "Take it back into the composer", can_decide),
    row(C::Discard, Unsent, &["Del", "x"], "discard", "Throw it away; asks once", can_decide),
    row(C::Redraw, Unsent, &["Ctrl-L"], "", "Draw the whole screen anew", always),
    row(C::Cancel, Unsent, &["Esc", "u", "q", "Ctrl-C"], "back", "Close the list", always),
];
