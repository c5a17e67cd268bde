//! The command table: every command with its words, its keys, where it works and when.
//!
//! To add a command: a row here, and what it does in `core::run`. Footer, help and key map follow.

use crossterm::event::{KeyCode, KeyModifiers};

use super::Chord;
use super::available::{
    Availability, always, can_change, can_claim, can_close, can_hand_back, can_leave, can_peek,
    can_reopen, can_show_details, has_conversation, has_failed, has_rows, has_selection,
    has_unsent, is_away, is_offline, is_open, is_searching, is_written, needs_me,
};
use super::scope::Scope;
use crate::core::State;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum CommandId {
    Open,
    Previous,
    Next,
    First,
    Last,
    Reply,
    Note,
    SwitchMode,
    Editor,
    Claim,
    Close,
    Leave,
    Back,
    Retry,
    TakeBack,
    Unsent,
    PageUp,
    PageDown,
    RowUp,
    RowDown,
    Oldest,
    Newest,
    Send,
    NewLine,
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
    Yes,
    No,
    HelpUp,
    HelpDown,
    HelpClose,
    SwitchPane,
    Reconnect,
    Help,
    Suspend,
    Quit,
    Interrupt,
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
    Assign,
    HandBack,
    Tags,
    Priority,
    Reopen,
    Accept,
    Cancel,
    Details,
    DetailsUp,
    DetailsDown,
    DetailsClose,
    Quiet,
}

pub(crate) struct Command {
    pub(crate) id: CommandId,
    pub(crate) scope: Scope,
    pub(crate) keys: &'static [Chord],
    /// One or two words for the footer; empty for what the footer does not name.
    pub(crate) hint: &'static str,
    pub(crate) help: &'static str,
    pub(crate) available: fn(&State) -> Availability,
}

/// The command of this key where the keys go to `here`.
pub(crate) fn find(here: Scope, key: Chord) -> Option<&'static Command> {
    COMMANDS.iter().find(|command| command.scope.covers(here) && command.keys.contains(&key))
}

const fn row(
    id: CommandId,
    scope: Scope,
    keys: &'static [Chord],
    hint: &'static str,
    help: &'static str,
    available: fn(&State) -> Availability,
) -> Command {
    Command { id, scope, keys, hint, help, available }
}

const UP: Chord = Chord::key(KeyCode::Up);
const DOWN: Chord = Chord::key(KeyCode::Down);
const LEFT: Chord = Chord::key(KeyCode::Left);
const RIGHT: Chord = Chord::key(KeyCode::Right);
const HOME: Chord = Chord::key(KeyCode::Home);
const END: Chord = Chord::key(KeyCode::End);
const ENTER: Chord = Chord::key(KeyCode::Enter);
const ESC: Chord = Chord::key(KeyCode::Esc);
const PAGE_UP: Chord = Chord::key(KeyCode::PageUp);
const PAGE_DOWN: Chord = Chord::key(KeyCode::PageDown);

/// In the order in which footer and help name them.
pub(crate) const COMMANDS: &[Command] = {
    use CommandId as C;
    use Scope::{Composer, Confirm, Details, Help, Line, Panes, Pick, Queue, Reading, Timeline};
    &[
        row(
            C::Open,
            Queue,
            &[ENTER],
            "open",
            "Join the selected ticket; its guest sees that you did",
            has_selection,
        ),
        row(
            C::Previous,
            Queue,
            &[UP, Chord::char('k')],
            "",
            "Select the ticket above",
            has_selection,
        ),
        row(
            C::Next,
            Queue,
            &[DOWN, Chord::char('j')],
            "select",
            "Select the ticket below",
            has_selection,
        ),
        row(
            C::First,
            Queue,
            &[HOME, Chord::char('g')],
            "",
            "Select the longest waiting ticket",
            has_selection,
        ),
        row(C::Last, Queue, &[END, Chord::char('G')], "", "Select the last ticket", has_selection),
        row(
            C::Claim,
            Queue,
            &[Chord::char('a')],
            "claim",
            "Assign the selected ticket to me, unless somebody has it",
            can_claim,
        ),
        row(
            C::NextNeed,
            Reading,
            &[Chord::char('n')],
            "next",
            "Look at what needs me next: mine that wait, then nobody's, longest waiting first",
            needs_me,
        ),
        row(C::ShowMine, Queue, &[Chord::char('1')], "filter", "List my tickets", always),
        row(
            C::ShowUnassigned,
            Queue,
            &[Chord::char('2')],
            "",
            "List the tickets that nobody has",
            always,
        ),
        row(C::ShowOpen, Queue, &[Chord::char('3')], "", "List all open tickets", always),
        row(
            C::ShowClosed,
            Queue,
            &[Chord::char('4')],
            "",
            "List closed tickets, last closed first",
            always,
        ),
        row(
            C::Search,
            Queue,
            &[Chord::char('/')],
            "search",
            "Find tickets of this list by words of subject, ref, name or e-mail",
            always,
        ),
        row(C::EndSearch, Queue, &[ESC], "end search", "List everything again", is_searching),
        row(
            C::Peek,
            Queue,
            &[Chord::char('p')],
            "peek",
            "Look at the selected ticket; nobody sees that you did",
            can_peek,
        ),
        row(
            C::Reopen,
            Queue,
            &[Chord::char('o')],
            "reopen",
            "Open the closed ticket again",
            can_reopen,
        ),
        row(
            C::Reopen,
            Timeline,
            &[Chord::char('o')],
            "reopen",
            "Open the closed ticket again",
            can_reopen,
        ),
        row(C::QueueUp, Queue, &[PAGE_UP], "", "Go ten tickets up", has_selection),
        row(C::QueueDown, Queue, &[PAGE_DOWN], "", "Go ten tickets down", has_selection),
        row(
            C::Unsent,
            Reading,
            &[Chord::char('u')],
            "unsent",
            "Open the ticket of a message that could not be sent",
            has_unsent,
        ),
        row(C::Reply, Timeline, &[Chord::char('r'), ENTER], "reply", "Write to the guest", is_open),
        row(
            C::Note,
            Timeline,
            &[Chord::char('i')],
            "note",
            "Write a note for the desk; the guest never sees it",
            is_open,
        ),
        row(
            C::Retry,
            Timeline,
            &[Chord::char('t')],
            "try again",
            "Send the refused message again",
            has_failed,
        ),
        row(
            C::TakeBack,
            Timeline,
            &[Chord::char('e')],
            "edit",
            "Take the refused message back into the composer",
            has_failed,
        ),
        row(
            C::Close,
            Timeline,
            &[Chord::char('x')],
            "close",
            "Close the ticket; asks once",
            can_close,
        ),
        row(
            C::Claim,
            Timeline,
            &[Chord::char('a')],
            "claim",
            "Assign the ticket to me, unless somebody has it",
            can_claim,
        ),
        row(
            C::Leave,
            Timeline,
            &[Chord::char('l')],
            "leave",
            "Leave the conversation; its guest sees that you did",
            can_leave,
        ),
        row(
            C::Back,
            Timeline,
            &[ESC],
            "queue",
            "Go back to the queue and stay in the conversation",
            always,
        ),
        row(C::RowUp, Timeline, &[UP, Chord::char('k')], "", "Scroll up one row", has_rows),
        row(C::RowDown, Timeline, &[DOWN, Chord::char('j')], "", "Scroll down one row", has_rows),
        row(
            C::Oldest,
            Timeline,
            &[HOME, Chord::char('g')],
            "",
            "Go to the earliest message read so far",
            has_rows,
        ),
        row(
            C::Newest,
            Timeline,
            &[END, Chord::char('G')],
            "newest",
            "Go to the newest message and follow it",
            is_away,
        ),
        row(
            C::Send,
            Composer,
            &[ENTER],
            "send",
            "Send the reply to the guest, or save the note for the desk",
            is_open,
        ),
        row(
            C::StopWriting,
            Composer,
            &[ESC],
            "commands",
            "Leave the composer; the text stays",
            always,
        ),
        row(
            C::SwitchMode,
            Composer,
            &[Chord::ctrl('n')],
            "note/reply",
            "Switch between reply and note; each keeps its own text",
            is_open,
        ),
        row(
            C::NewLine,
            Composer,
            &[
                Chord::with(KeyCode::Enter, KeyModifiers::ALT),
                Chord::ctrl('j'),
                Chord::with(KeyCode::Enter, KeyModifiers::SHIFT),
            ],
            "new line",
            "Begin a new line",
            always,
        ),
        row(
            C::Editor,
            Composer,
            &[Chord::ctrl('e')],
            "editor",
            "Write in $VISUAL or $EDITOR; nothing is sent by it",
            is_written,
        ),
        row(C::PageUp, Timeline, &[PAGE_UP], "scroll", "Page back through the history", has_rows),
        row(C::PageDown, Timeline, &[PAGE_DOWN], "", "Page forward", has_rows),
        row(C::PageUp, Composer, &[PAGE_UP], "scroll", "Page back through the history", has_rows),
        row(C::PageDown, Composer, &[PAGE_DOWN], "", "Page forward", has_rows),
        row(C::CursorLeft, Composer, &[LEFT], "", "Move the cursor left", always),
        row(C::CursorRight, Composer, &[RIGHT], "", "Move the cursor right", always),
        row(
            C::CursorUp,
            Composer,
            &[UP],
            "",
            "Move the cursor up; in the first row, scroll",
            always,
        ),
        row(
            C::CursorDown,
            Composer,
            &[DOWN],
            "",
            "Move the cursor down; in the last row, scroll",
            always,
        ),
        row(
            C::WordLeft,
            Composer,
            &[
                Chord::with(KeyCode::Left, KeyModifiers::CONTROL),
                Chord::with(KeyCode::Char('b'), KeyModifiers::ALT),
            ],
            "",
            "Move one word left",
            always,
        ),
        row(
            C::WordRight,
            Composer,
            &[
                Chord::with(KeyCode::Right, KeyModifiers::CONTROL),
                Chord::with(KeyCode::Char('f'), KeyModifiers::ALT),
            ],
            "",
            "Move one word right",
            always,
        ),
        row(
            C::LineStart,
            Composer,
            &[HOME, Chord::ctrl('a')],
            "",
            "Go to the beginning of the line",
            always,
        ),
        row(
            C::LineEnd,
            Composer,
            &[END],
            "",
            "Go to the end of the line; there, to the newest message",
            always,
        ),
        row(
            C::EraseLeft,
            Composer,
            &[Chord::key(KeyCode::Backspace), Chord::ctrl('h')],
            "",
            "Erase to the left",
            always,
        ),
        row(
            C::EraseRight,
            Composer,
            &[Chord::key(KeyCode::Delete), Chord::ctrl('d')],
            "",
            "Erase to the right",
            always,
        ),
        row(
            C::EraseWord,
            Composer,
            &[Chord::ctrl('w'), Chord::with(KeyCode::Backspace, KeyModifiers::ALT)],
            "",
            "Erase the word to the left",
            always,
        ),
        row(
            C::EraseLine,
            Composer,
            &[Chord::ctrl('u')],
            "",
            "Erase to the beginning of the line",
            always,
        ),
        row(
            C::Assign,
            Reading,
            &[Chord::char('A')],
            "assign",
            "Assign the ticket to a colleague",
            can_change,
        ),
        row(
            C::HandBack,
            Reading,
            &[Chord::char('b')],
            "hand back",
            "Put the ticket back into the queue, with a note for whoever takes it",
            can_hand_back,
        ),
        row(C::Tags, Reading, &[Chord::char('T')], "tags", "Change the ticket's tags", can_change),
        row(
            C::Priority,
            Reading,
            &[Chord::char('P')],
            "priority",
            "Change how urgent the ticket is",
            can_change,
        ),
        row(
            C::Details,
            Reading,
            &[Chord::char('d')],
            "details",
            "Show what is known of the ticket and its guest",
            can_show_details,
        ),
        row(
            C::Quiet,
            Reading,
            &[Chord::char('D')],
            "",
            "Do not disturb: no bell and no notices, until pressed again",
            always,
        ),
        row(C::DetailsUp, Details, &[UP, Chord::char('k'), PAGE_UP], "", "Scroll up", always),
        row(
            C::DetailsDown,
            Details,
            &[DOWN, Chord::char('j'), PAGE_DOWN],
            "scroll",
            "Scroll down",
            always,
        ),
        row(
            C::DetailsClose,
            Details,
            &[ESC, Chord::char('d'), Chord::char('q'), ENTER, Chord::ctrl('c')],
            "back",
            "Close the details",
            always,
        ),
        row(C::Accept, Line, &[ENTER], "done", "Take the line as it is", always),
        row(
            C::Cancel,
            Line,
            &[ESC, Chord::ctrl('c')],
            "cancel",
            "Leave things as they are",
            always,
        ),
        row(C::Previous, Line, &[UP], "", "Select the ticket above", is_searching),
        row(C::Next, Line, &[DOWN], "select", "Select the ticket below", is_searching),
        row(C::CursorLeft, Line, &[LEFT], "", "Move the cursor left", always),
        row(C::CursorRight, Line, &[RIGHT], "", "Move the cursor right", always),
        row(C::LineStart, Line, &[HOME, Chord::ctrl('a')], "", "Go to the beginning", always),
        row(C::LineEnd, Line, &[END, Chord::ctrl('e')], "", "Go to the end", always),
        row(
            C::EraseLeft,
            Line,
            &[Chord::key(KeyCode::Backspace), Chord::ctrl('h')],
            "",
            "Erase to the left",
            always,
        ),
        row(
            C::EraseRight,
            Line,
            &[Chord::key(KeyCode::Delete), Chord::ctrl('d')],
            "",
            "Erase to the right",
            always,
        ),
        row(C::EraseWord, Line, &[Chord::ctrl('w')], "", "Erase the word to the left", always),
        row(C::EraseLine, Line, &[Chord::ctrl('u')], "", "Erase to the beginning", always),
        row(C::Accept, Pick, &[ENTER], "choose", "Take the selected one", always),
        row(C::Previous, Pick, &[UP], "", "Select the one above", always),
        row(C::Next, Pick, &[DOWN], "select", "Select the one below", always),
        row(
            C::Cancel,
            Pick,
            &[ESC, Chord::ctrl('c')],
            "cancel",
            "Leave things as they are",
            always,
        ),
        row(
            C::EraseLeft,
            Pick,
            &[Chord::key(KeyCode::Backspace), Chord::ctrl('h')],
            "",
            "Erase what narrows the list down",
            always,
        ),
        row(C::Yes, Confirm, &[ENTER], "yes", "Do it", always),
        row(
            C::No,
            Confirm,
            &[ESC, Chord::char('n'), Chord::ctrl('c')],
            "no",
            "Leave everything as it is",
            always,
        ),
        row(C::HelpUp, Help, &[UP, Chord::char('k'), PAGE_UP], "", "Scroll up", always),
        row(
            C::HelpDown,
            Help,
            &[DOWN, Chord::char('j'), PAGE_DOWN],
            "scroll",
            "Scroll down",
            always,
        ),
        row(
            C::HelpClose,
            Help,
            &[
                ESC,
                Chord::char('q'),
                Chord::char('?'),
                ENTER,
                Chord::key(KeyCode::F(1)),
                Chord::ctrl('c'),
            ],
            "back",
            "Close the help",
            always,
        ),
        row(
            C::SwitchPane,
            Panes,
            &[Chord::key(KeyCode::Tab), Chord::key(KeyCode::BackTab)],
            "switch pane",
            "Switch between queue and conversation",
            has_conversation,
        ),
        row(
            C::Reconnect,
            Panes,
            &[Chord::ctrl('r')],
            "reconnect now",
            "Connect now instead of waiting",
            is_offline,
        ),
        row(C::Help, Reading, &[Chord::char('?')], "help", "Show the keys that work here", always),
        row(
            C::Help,
            Panes,
            &[Chord::key(KeyCode::F(1))],
            "",
            "Show the keys that work here",
            always,
        ),
        row(C::Quit, Reading, &[Chord::char('q')], "quit", "Leave the console", always),
        row(
            C::Suspend,
            Panes,
            &[Chord::ctrl('z')],
            "",
            "Suspend the console; fg brings it back",
            always,
        ),
        row(
            C::Interrupt,
            Panes,
            &[Chord::ctrl('c')],
            "",
            "Leave the console; press it twice",
            always,
        ),
    ]
};

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    const PLACES: [Scope; 8] = [
        Scope::Details,
        Scope::Queue,
        Scope::Timeline,
        Scope::Composer,
        Scope::Confirm,
        Scope::Help,
        Scope::Line,
        Scope::Pick,
    ];

    #[test]
    fn every_command_has_a_key_and_says_what_it_does() {
        for command in COMMANDS {
            assert!(!command.keys.is_empty(), "{:?}", command.id);
            assert!(command.help.len() > 4, "{:?}", command.id);
            assert!(command.hint.len() <= 14, "{:?}", command.id);
        }
    }

    #[test]
    fn a_key_means_one_thing_in_each_place() {
        for place in PLACES {
            let mut seen = HashSet::new();
            for command in COMMANDS.iter().filter(|command| command.scope.covers(place)) {
                for key in command.keys {
                    assert!(seen.insert(*key), "{key} in {place:?}");
                }
            }
        }
    }

    #[test]
    fn no_letter_is_a_command_where_text_is_written() {
        for place in [Scope::Composer, Scope::Line, Scope::Pick] {
            for command in COMMANDS.iter().filter(|command| command.scope.covers(place)) {
                assert!(command.keys.iter().all(|key| key.typed().is_none()), "{:?}", command.id);
            }
        }
    }

    #[test]
    fn every_pane_has_a_way_to_the_help() {
        for place in [Scope::Queue, Scope::Timeline, Scope::Composer] {
            let help =
                |command: &&Command| command.id == CommandId::Help && command.scope.covers(place);
            assert!(COMMANDS.iter().any(|command| help(&command)), "{place:?}");
        }
    }
}
