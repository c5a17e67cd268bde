//! Which keys each command has: those of the table, or what the agent has chosen instead. Knows
//! sequences of keys, and finds the command of what was pressed.

use std::fmt;
use std::str::FromStr;

use super::chord::{BadChord, Chord};
use super::scope::Scope;
use super::table::{Command, CommandId, rows};

/// The most keys that are pressed one after the other for one command.
const LONGEST: usize = 4;

/// Keys that are pressed one after the other; most often one.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Keys(Vec<Chord>);

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BadKeys {
    #[error("{0}")]
    Chord(#[from] BadChord),
    #[error("no key is named")]
    None,
    #[error("more than {LONGEST} keys one after the other")]
    TooMany,
}

impl Keys {
    pub(crate) fn first(&self) -> Chord {
        self.0[0]
    }

    fn begins_with(&self, pressed: &[Chord]) -> bool {
        self.0.starts_with(pressed)
    }

    /// The key after those that were pressed, and whether it is the last.
    pub(crate) fn after(&self, pressed: &[Chord]) -> Option<(Chord, bool)> {
        let left = self.0.strip_prefix(pressed)?;
        left.first().map(|next| (*next, left.len() == 1))
    }
}

impl FromStr for Keys {
    type Err = BadKeys;

    fn from_str(text: &str) -> Result<Self, BadKeys> {
        let chords: Vec<Chord> =
            text.split_whitespace().map(str::parse).collect::<Result<_, _>>()?;
        match chords.len() {
            0 => Err(BadKeys::None),
            1..=LONGEST => Ok(Self(chords)),
            _ => Err(BadKeys::TooMany),
        }
    }
}

impl fmt::Display for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, chord) in self.0.iter().enumerate() {
            let gap = if at == 0 { "" } else { " " };
            write!(f, "{gap}{chord}")?;
        }
        Ok(())
    }
}

/// What was pressed means.
pub(crate) enum Found {
    Command(&'static Command),
    /// The beginning of something.
    Prefix,
    Nothing,
}

/// The keys of every row of the table, in its order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Keymap(Vec<Vec<Keys>>);

impl Default for Keymap {
    fn default() -> Self {
        // The tests of the table see to it that every one of them can be read.
        let read = |command: &Command| command.keys.iter().filter_map(|it| it.parse().ok());
        Self(rows().map(|command| read(command).collect()).collect())
    }
}

impl Keymap {
    /// Every row with its keys.
    pub(crate) fn rows(&self) -> impl Iterator<Item = (&'static Command, &[Keys])> {
        rows().zip(self.0.iter().map(Vec::as_slice))
    }

    /// The rows that work where the keys go to `here`.
    pub(crate) fn rows_at(&self, here: Scope) -> impl Iterator<Item = (&'static Command, &[Keys])> {
        self.rows().filter(move |(command, _)| command.scope.covers(here))
    }

    /// What may follow what was pressed: each command with the key, and whether it is the last one.
    pub(crate) fn following(
        &self,
        here: Scope,
        pressed: &[Chord],
    ) -> Vec<(Chord, bool, &'static Command)> {
        let mut out = Vec::new();
        for (command, keys) in self.rows_at(here) {
            let next = keys.iter().filter_map(|keys| keys.after(pressed));
            out.extend(next.map(|(key, last)| (key, last, command)));
        }
        out
    }

    /// The keys of a command in words, as one would tell somebody.
    pub(crate) fn keys_of(&self, id: CommandId) -> String {
        let row = self.rows().find(|(command, _)| command.id == id);
        let key = row.and_then(|(_, keys)| keys.first()).map(ToString::to_string);
        key.unwrap_or_else(|| id.name())
    }

    /// A key that begins several commands here, if there is one.
    pub(crate) fn prefix(&self, here: Scope) -> Option<Chord> {
        let begins = |keys: &&Keys| keys.0.len() > 1;
        self.rows_at(here).find_map(|(_, keys)| keys.iter().find(begins)).map(Keys::first)
    }

    /// The command of these keys where they go to `here`.
    pub(crate) fn find(&self, here: Scope, pressed: &[Chord]) -> Found {
        let mut found = Found::Nothing;
        for (command, keys) in self.rows_at(here) {
            for keys in keys.iter().filter(|keys| keys.begins_with(pressed)) {
                if keys.0.len() == pressed.len() {
                    return Found::Command(command);
                }
                found = Found::Prefix;
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::CommandId;

    const PLACES: [Scope; 8] = [
        Scope::Details,
        Scope::Queue,
        Scope::Timeline,
        Scope::Composer,
        Scope::Blank,
        Scope::Confirm,
        Scope::Line,
        Scope::Pick,
    ];

    #[test]
    fn a_key_means_one_thing_in_each_place() {
        let keymap = Keymap::default();
        for place in PLACES {
            let mut seen: Vec<&Keys> = Vec::new();
            for (command, keys) in keymap.rows_at(place) {
                for keys in keys {
                    let clash = |it: &&&Keys| it.begins_with(&keys.0) || keys.begins_with(&it.0);
                    assert!(!seen.iter().any(|it| clash(&it)), "{keys} of {:?}", command.id);
                    seen.push(keys);
                }
            }
        }
    }

    #[test]
    fn no_letter_is_a_command_where_text_is_written() {
        let keymap = Keymap::default();
        for place in [Scope::Composer, Scope::Line, Scope::Pick] {
            for (command, keys) in keymap.rows_at(place) {
                let typed = keys.iter().any(|keys| keys.first().typed().is_some());
                assert!(!typed, "{:?}", command.id);
            }
        }
        for (command, keys) in keymap.rows_at(Scope::Blank) {
            let typed = keys.iter().filter_map(|keys| keys.first().typed());
            assert!(typed.into_iter().all(|c| c == '/'), "{:?}", command.id);
        }
    }

    #[test]
    fn a_sequence_is_found_key_by_key() {
        let mut keymap = Keymap::default();
        let at = keymap.rows().position(|(command, _)| command.id == CommandId::Quiet).unwrap();
        keymap.0[at] = vec!["z d".parse().unwrap()];

        let z = "z".parse::<Chord>().unwrap();
        assert!(matches!(keymap.find(Scope::Queue, &[z]), Found::Prefix));
        let found = keymap.find(Scope::Queue, &[z, "d".parse().unwrap()]);
        assert!(matches!(found, Found::Command(it) if it.id == CommandId::Quiet));
        assert!(matches!(keymap.find(Scope::Queue, &[z, z]), Found::Nothing));
        assert!(matches!(keymap.find(Scope::Composer, &[z]), Found::Nothing));
    }
}
