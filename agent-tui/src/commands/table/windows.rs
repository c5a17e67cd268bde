//! What can be done in what lies over the panes: lines that are asked for, lists, questions.

use super::super::available::{always, can_send_picked, has_found};
use super::super::scope::Scope::{Confirm, Details, Line, Pick};
use super::{Command, CommandId as C, row};

pub(super) const ROWS: &[Command] = &[
    row(C::Accept, Line, &["Enter"], "done", "Take the line as it is", always),
    row(C::Cancel, Line, &["Esc", "Ctrl-C"], "cancel", "Leave things as they are", always),
    row(C::Previous, Line, &["Up"], "", "Select the ticket above", has_found),
    row(C::Next, Line, &["Down"], "select", "Select the ticket below", has_found),
    row(C::CursorLeft, Line, &["Left"], "", "Move the cursor left", always),
    row(C::CursorRight, Line, &["Right"], "", "Move the cursor right", always),
    row(C::LineStart, Line, &["Home", "Ctrl-A"], "", "Go to the beginning", always),
    row(C::LineEnd, Line, &["End", "Ctrl-E"], "", "Go to the end", always),
    row(C::EraseLeft, Line, &["Backspace", "Ctrl-H"], "", "Erase to the left", always),
    row(C::EraseRight, Line, &["Del", "Ctrl-D"], "", "Erase to the right", always),
    row(C::EraseWord, Line, &["Ctrl-W"], "", "Erase the word to the left", always),
    row(C::EraseLine, Line, &["Ctrl-U"], "", "Erase to the beginning", always),
    row(C::Redraw, Line, &["Ctrl-L"], "", "Draw the whole screen anew", always),
    row(C::Accept, Pick, &["Enter"], "choose", "Take the selected one", always),
    row(
        C::SendPicked,
        Pick,
        &["Alt-Enter"],
        "send now",
        "Send the selected canned reply at once",
        can_send_picked,
    ),
    row(C::Previous, Pick, &["Up", "Ctrl-P"], "", "Select the one above", always),
    row(C::Next, Pick, &["Down", "Ctrl-N"], "select", "Select the one below", always),
    row(C::PageUp, Pick, &["PgUp"], "", "Go ten up", always),
    row(C::PageDown, Pick, &["PgDn"], "", "Go ten down", always),
    row(C::First, Pick, &["Home"], "", "Select the first", always),
    row(C::Last, Pick, &["End"], "", "Select the last", always),
    row(C::Cancel, Pick, &["Esc", "Ctrl-C"], "cancel", "Leave things as they are", always),
    row(C::EraseLeft, Pick, &["Backspace", "Ctrl-H"], "", "Erase what was typed last", always),
    row(C::EraseLine, Pick, &["Ctrl-U", "Ctrl-W"], "", "Erase what was typed", always),
    row(C::Redraw, Pick, &["Ctrl-L"], "", "Draw the whole screen anew", always),
    row(C::Yes, Confirm, &["Enter"], "yes", "Do it", always),
    row(C::No, Confirm, &["Esc", "n", "Ctrl-C"], "no", "Leave everything as it is", always),
    row(C::Redraw, Confirm, &["Ctrl-L"], "", "Draw the whole screen anew", always),
    row(C::DetailsUp, Details, &["Up", "k", "PgUp"], "", "Scroll up", always),
    row(C::DetailsDown, Details, &["Down", "j", "PgDn"], "scroll", "Scroll down", always),
    row(
        C::DetailsClose,
        Details,
        &["Esc", "d", "q", "Enter", "Ctrl-C"],
        "back",
        "Close the details",
        always,
    ),
    row(C::Redraw, Details, &["Ctrl-L"], "", "Draw the whole screen anew", always),
];
