//! What can be done in more than one pane.

use super::super::available::{
    always, can_change, can_hand_back, can_show_details, has_conversation, is_offline,
};
use super::super::scope::Scope::{Panes, Reading};
use super::{Command, CommandId as C, row};

pub(super) const ROWS: &[Command] = &[
    row(C::ShowMine, Reading, &["g m"], "", "List my tickets", always),
    row(C::ShowUnassigned, Reading, &["g u"], "", "List the tickets that nobody has", always),
    row(C::ShowOpen, Reading, &["g o"], "", "List all open tickets", always),
    row(C::ShowClosed, Reading, &["g c"], "", "List closed tickets, last closed first", always),
    row(C::Assign, Reading, &["A"], "assign", "Assign the ticket to a colleague", can_change),
    row(
        C::HandBack,
        Reading,
        &["b"],
        "hand back",
        "Put the ticket back into the queue, with a note for whoever takes it",
        can_hand_back,
    ),
    row(C::Tags, Reading, &["T"], "tags", "Change the ticket's tags", can_change),
    row(C::Priority, Reading, &["P"], "priority", "Change how urgent the ticket is", can_change),
    row(
        C::Details,
        Reading,
        &["d"],
        "details",
        "Show what is known of the ticket and its guest",
        can_show_details,
    ),
    row(
        C::Quiet,
        Reading,
        &["D"],
        "",
        "Do not disturb: no bell and no notices, until pressed again",
        always,
    ),
    row(
        C::SwitchPane,
        Reading,
        &["Tab"],
        "switch pane",
        "Switch between queue and conversation",
        has_conversation,
    ),
    row(
        C::SwitchPane,
        Panes,
        &["Shift-Tab"],
        "",
        "Switch between queue and conversation",
        has_conversation,
    ),
    row(
        C::Reconnect,
        Panes,
        &["Ctrl-R"],
        "reconnect now",
        "Connect now instead of waiting; when the session has ended, sign in again",
        is_offline,
    ),
    row(
        C::Palette,
        Panes,
        &["Ctrl-K"],
        "commands",
        "Find a command or a ticket by its name",
        always,
    ),
    row(C::Palette, Reading, &[":"], "", "Find a command or a ticket by its name", always),
    row(C::Help, Reading, &["?"], "help", "Show and search the keys", always),
    row(C::Help, Panes, &["F1"], "", "Show and search the keys", always),
    row(C::Redraw, Panes, &["Ctrl-L"], "", "Draw the whole screen anew", always),
    row(C::Quit, Reading, &["q"], "quit", "Leave the console", always),
    row(C::Suspend, Panes, &["Ctrl-Z"], "", "Suspend the console; fg brings it back", always),
    row(C::Interrupt, Panes, &["Ctrl-C"], "", "Leave the console; press it twice", always),
];
