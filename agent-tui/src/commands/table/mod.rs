//! The command table: every command with its words, its keys, where it works and when.
//!
//! To add a command: a [`CommandId`], a row in the file of the place where it works, and what it
//! does in `core::run`. Key map, footer, help, palette and the key page follow.

mod composer;
mod conversation;
mod panes;
mod queue;
mod unsent;
mod windows;

#[cfg(test)]
mod tests;

use super::available::Availability;
use super::scope::Scope;
use crate::core::State;

/// What the console can be told to do. The name of each in the file of settings is this one, in
/// small letters with dashes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum CommandId {
    Open,
    Previous,
    Next,
    First,
    Last,
    QueueUp,
    QueueDown,
    ShowMine,
    ShowUnassigned,
    ShowOpen,
    ShowClosed,
    Search,
    EndSearch,
    NextNeed,
    Peek,
    Claim,
    Assign,
    HandBack,
    Tags,
    Priority,
    Details,
    Close,
    Reopen,
    Leave,
    Back,
    Unsent,
    Retry,
    TakeBack,
    Discard,
    PageUp,
    PageDown,
    RowUp,
    RowDown,
    Oldest,
    Newest,
    Copy,
    CopyLink,
    Reply,
    Note,
    Send,
    SendAnyway,
    Canned,
    SendPicked,
    NextHole,
    SwitchMode,
    NewLine,
    Editor,
    StopWriting,
    CursorLeft,
    CursorRight,
    CursorUp,
    CursorDown,
    WordLeft,
    WordRight,
    LineStart,
    LineEnd,
    EraseLeft,
    EraseRight,
    EraseWord,
    EraseLine,
    Accept,
    Cancel,
    Yes,
    No,
    DetailsUp,
    DetailsDown,
    DetailsClose,
    SwitchPane,
    Reconnect,
    Quiet,
    Help,
    Palette,
    Redraw,
    Suspend,
    Quit,
    Interrupt,
}

impl CommandId {
    /// What the command is called where people write it.
    pub(crate) fn name(self) -> String {
        let mut name = String::new();
        for c in format!("{self:?}").chars() {
            if c.is_ascii_uppercase() && !name.is_empty() {
                name.push('-');
            }
            name.push(c.to_ascii_lowercase());
        }
        name
    }
}

/// A row of the table: a command in one of the places where it works.
#[derive(Debug)]
pub(crate) struct Command {
    pub(crate) id: CommandId,
    pub(crate) scope: Scope,
    /// The keys that it has unless the agent says otherwise, as people write them.
    pub(super) keys: &'static [&'static str],
    /// One or two words for the footer; empty for what the footer does not name.
    pub(crate) hint: &'static str,
    pub(crate) help: &'static str,
    pub(crate) available: fn(&State) -> Availability,
}

const fn row(
    id: CommandId,
    scope: Scope,
    keys: &'static [&'static str],
    hint: &'static str,
    help: &'static str,
    available: fn(&State) -> Availability,
) -> Command {
    Command { id, scope, keys, hint, help, available }
}

/// What the keys that begin several commands are for.
const GROUPS: [(&str, &str); 1] = [("g", "go to")];

/// What is begun with these keys, in words; nothing if nobody has named it.
pub(crate) fn group(pressed: &str) -> &'static str {
    GROUPS.iter().find(|(keys, _)| *keys == pressed).map_or("", |(_, words)| words)
}

const TABLE: [&[Command]; 6] =
    [queue::ROWS, conversation::ROWS, composer::ROWS, panes::ROWS, windows::ROWS, unsent::ROWS];

/// Every row, in the order in which footer and help name them.
pub(crate) fn rows() -> impl Iterator<Item = &'static Command> {
    TABLE.into_iter().flatten()
}
