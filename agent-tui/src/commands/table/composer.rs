//! What can be done while a text to a guest, or a note, is being written.

use super::super::available::{always, has_rows, is_open, is_written};
use super::super::scope::Scope::Composer;
use super::{Command, CommandId as C, row};

pub(super) const ROWS: &[Command] = &[
    row(
        C::Send,
        Composer,
        &["Enter"],
        "send",
        "Send the reply to the guest, or save the note for the desk",
        is_open,
    ),
    row(
        C::StopWriting,
        Composer,
        &["Esc"],
        "commands",
        "Leave the composer; the text stays",
        always,
    ),
    row(
        C::SwitchMode,
        Composer,
        &["Ctrl-N"],
        "note/reply",
        "Switch between reply and note; each keeps its own text",
        is_open,
    ),
    row(
        C::NewLine,
        Composer,
        &["Alt-Enter", "Ctrl-J", "Shift-Enter"],
        "new line",
        "Begin a new line",
        always,
    ),
    row(
        C::Editor,
        Composer,
        &["Ctrl-E"],
        "editor",
        "Write in $VISUAL or $EDITOR; nothing is sent by it",
        is_written,
    ),
    row(C::PageUp, Composer, &["PgUp"], "scroll", "Page back through the history", has_rows),
    row(C::PageDown, Composer, &["PgDn"], "", "Page forward", has_rows),
    row(C::CursorLeft, Composer, &["Left"], "", "Move the cursor left", always),
    row(C::CursorRight, Composer, &["Right"], "", "Move the cursor right", always),
    row(C::CursorUp, Composer, &["Up"], "", "Move the cursor up; in the first row, scroll", always),
    row(
        C::CursorDown,
        Composer,
        &["Down"],
        "",
        "Move the cursor down; in the last row, scroll",
        always,
    ),
    row(C::WordLeft, Composer, &["Ctrl-Left", "Alt-b"], "", "Move one word left", always),
    row(C::WordRight, Composer, &["Ctrl-Right", "Alt-f"], "", "Move one word right", always),
    row(C::LineStart, Composer, &["Home", "Ctrl-A"], "", "Go to the beginning of the line", always),
    row(
        C::LineEnd,
        Composer,
        &["End"],
        "",
        "Go to the end of the line; there, to the newest message",
        always,
    ),
    row(C::EraseLeft, Composer, &["Backspace", "Ctrl-H"], "", "Erase to the left", always),
    row(C::EraseRight, Composer, &["Del", "Ctrl-D"], "", "Erase to the right", always),
    row(
        C::EraseWord,
        Composer,
        &["Ctrl-W", "Alt-Backspace"],
        "",
        "Erase the word to the left",
        always,
    ),
    row(C::EraseLine, Composer, &["Ctrl-U"], "", "Erase to the beginning of the line", always),
];
