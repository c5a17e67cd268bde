//! What holds of every row of the table.

use std::collections::HashSet;

use super::*;
use crate::commands::Keys;

#[test]
fn every_command_has_keys_that_can_be_read_and_says_what_it_does() {
    for command in rows() {
        assert!(!command.keys.is_empty(), "{:?}", command.id);
        for keys in command.keys {
            assert!(keys.parse::<Keys>().is_ok(), "{keys} of {:?}", command.id);
        }
        assert!(command.help.len() > 4, "{:?}", command.id);
        assert!(command.hint.len() <= 14, "{:?}", command.id);
    }
}

#[test]
fn a_place_has_a_command_once() {
    let mut seen = HashSet::new();
    for command in rows() {
        assert!(seen.insert((command.scope, command.id)), "{:?}", command.id);
    }
}

#[test]
fn names_are_written_as_in_a_file() {
    assert_eq!(CommandId::Open.name(), "open");
    assert_eq!(CommandId::NextNeed.name(), "next-need");
}

#[test]
fn every_pane_has_a_way_to_the_help() {
    for place in [Scope::Queue, Scope::Timeline, Scope::Composer] {
        let helps =
            |command: &Command| command.id == CommandId::Help && command.scope.covers(place);
        assert!(rows().any(helps), "{place:?}");
    }
}
