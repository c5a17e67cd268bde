//! What can be done in a conversation in which nothing is being written.

use super::super::available::{
    always, can_claim, can_close, can_leave, can_reopen, has_failed, has_rows, has_unsent, is_away,
    is_open, needs_me,
};
use super::super::scope::Scope::Timeline;
use super::{Command, CommandId as C, row};

pub(super) const ROWS: &[Command] = &[
    row(
        C::NextNeed,
        Timeline,
        &["n"],
        "next",
        "Look at what needs me next: mine that wait, then nobody's, longest waiting first",
        needs_me,
    ),
    row(C::Reopen, Timeline, &["o"], "reopen", "Open the closed ticket again", can_reopen),
    row(
        C::Unsent,
        Timeline,
        &["u"],
        "unsent",
        "Open the ticket of a message that could not be sent",
        has_unsent,
    ),
    row(C::Reply, Timeline, &["r", "Enter"], "reply", "Write to the guest", is_open),
    row(
        C::Note,
        Timeline,
        &["i"],
        "note",
        "Write a note for the desk; the guest never sees it",
        is_open,
    ),
    row(C::Canned, Timeline, &["c"], "canned", "Reply to the guest from a canned reply", is_open),
    row(C::Retry, Timeline, &["t"], "try again", "Send the refused message again", has_failed),
    row(
        C::TakeBack,
        Timeline,
        &["e"],
        "edit",
        "Take the refused message back into the composer",
        has_failed,
    ),
    row(C::Close, Timeline, &["x"], "close", "Close the ticket; asks once", can_close),
    row(
        C::Claim,
        Timeline,
        &["a"],
        "claim",
        "Assign the ticket to me, unless somebody has it",
        can_claim,
    ),
    row(
        C::Leave,
        Timeline,
        &["l"],
        "leave",
        "Leave the conversation; its guest sees that you did",
        can_leave,
    ),
    row(
        C::Back,
        Timeline,
        &["Esc", "g q"],
        "queue",
        "Go back to the queue and stay in the conversation",
        always,
    ),
    row(C::RowUp, Timeline, &["Up", "k"], "", "Scroll up one row", has_rows),
    row(C::RowDown, Timeline, &["Down", "j"], "", "Scroll down one row", has_rows),
    row(
        C::Oldest,
        Timeline,
        &["Home", "g g"],
        "",
        "Go to the earliest message read so far",
        has_rows,
    ),
    row(
        C::Newest,
        Timeline,
        &["End", "G", "g e"],
        "newest",
        "Go to the newest message and follow it",
        is_away,
    ),
    row(C::PageUp, Timeline, &["PgUp"], "scroll", "Page back through the history", has_rows),
    row(C::PageDown, Timeline, &["PgDn"], "", "Page forward", has_rows),
];
