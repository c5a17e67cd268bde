//! What can be done in the queue.

use super::super::available::{
    always, can_claim, can_peek, can_reopen, has_selection, has_unsent, is_searching, needs_me,
};
use super::super::scope::Scope::Queue;
use super::{Command, CommandId as C, row};

pub(super) const ROWS: &[Command] = &[
    row(
        C::Open,
        Queue,
        &["Enter"],
        "open",
        "Join the selected ticket; its guest sees that you did",
        has_selection,
    ),
    row(
        C::Unsent,
        Queue,
        &["u"],
        "unsent",
        "List what is not sent: send it again, take it back, or throw it away",
        has_unsent,
    ),
    row(C::Previous, Queue, &["Up", "k"], "", "Select the ticket above", has_selection),
    row(C::Next, Queue, &["Down", "j"], "select", "Select the ticket below", has_selection),
    row(C::First, Queue, &["Home", "g g"], "", "Select the longest waiting ticket", has_selection),
    row(C::Last, Queue, &["End", "G", "g e"], "", "Select the last ticket", has_selection),
    row(
        C::Claim,
        Queue,
        &["a"],
        "claim",
        "Assign the ticket to me, unless somebody has it",
        can_claim,
    ),
    row(
        C::NextNeed,
        Queue,
        &["n"],
        "next",
        "Look at what needs me next: mine that wait, then nobody's, longest waiting first",
        needs_me,
    ),
    row(C::ShowMine, Queue, &["1"], "filter", "List my tickets", always),
    row(C::ShowUnassigned, Queue, &["2"], "", "List the tickets that nobody has", always),
    row(C::ShowOpen, Queue, &["3"], "", "List all open tickets", always),
    row(C::ShowClosed, Queue, &["4"], "", "List closed tickets, last closed first", always),
    row(
        C::Search,
        Queue,
        &["/"],
        "search",
        "Find tickets of this list by words of subject, ref, name or e-mail",
        always,
    ),
    row(C::EndSearch, Queue, &["Esc"], "end search", "List everything again", is_searching),
    row(
        C::Peek,
        Queue,
        &["p"],
        "peek",
        "Look at the selected ticket; nobody sees that you did",
        can_peek,
    ),
    row(C::Reopen, Queue, &["o"], "reopen", "Open the closed ticket again", can_reopen),
    row(C::QueueUp, Queue, &["PgUp"], "", "Go ten tickets up", has_selection),
    row(C::QueueDown, Queue, &["PgDn"], "", "Go ten tickets down", has_selection),
];
