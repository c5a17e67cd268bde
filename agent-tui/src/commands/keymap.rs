//! Which keys each command has: those of the table, or what the agent has chosen instead. Knows
//! sequences of keys, and finds the command of what was pressed.

use std::fmt;
use std::str::FromStr;

use super::chord::{BadChord, Chord};
use super::scope::Scope;
use super::table::{Command, CommandId, rows};
use crate::config::close_to;

/// The most keys that are pressed one after the other for one command.
const LONGEST: usize = 4;

/// What nobody could do without: ways out, ways on, and the way to everything else.
const NEEDED: [CommandId; 8] = [
    CommandId::Accept,
    CommandId::Cancel,
    CommandId::Yes,
    CommandId::No,
    CommandId::DetailsClose,
    CommandId::StopWriting,
    CommandId::Interrupt,
    CommandId::Palette,
];

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
    /// Gives a command these keys instead of what it had: in one place, or wherever it works.
    pub(crate) fn set(
        &mut self,
        scope: Option<Scope>,
        name: &str,
        keys: &[Keys],
    ) -> Result<(), String> {
        let mut found = false;
        for (row, command) in self.0.iter_mut().zip(rows()) {
            if command.id.name() == name && scope.is_none_or(|it| it == command.scope) {
                keys.clone_into(row);
                found = true;
            }
        }
        if found {
            return Ok(());
        }
        let there = |command: &&Command| scope.is_none_or(|it| it == command.scope);
        let names: Vec<String> = rows().filter(there).map(|command| command.id.name()).collect();
        let place = scope.map_or("", Scope::words);
        let close = close_to(name, &names);
        Err(format!("no command {place} is called so{close}").replace("  ", " "))
    }

    /// What cannot be: keys that mean two things in one place, letters that are text, and places
    /// that nobody could leave.
    pub(crate) fn problems(&self) -> Vec<String> {
        let mut out: Vec<String> = Vec::new();
        let mut note = |problem| {
            if !out.contains(&problem) {
                out.push(problem);
            }
        };
        for place in Scope::PLACES {
            let mut seen: Vec<(&Keys, String)> = Vec::new();
            let pairs =
                self.rows_at(place).flat_map(|(it, keys)| keys.iter().map(move |k| (it, k)));
            for (command, keys) in pairs {
                let name = command.id.name();
                let typed = keys.first().typed();
                let is_text = place.takes_text() && typed.is_some()
                    || place == Scope::Blank && typed.is_some_and(char::is_alphanumeric);
                if is_text {
                    let place = place.words();
                    note(format!("{place} {:?} is text and cannot be {name}", keys.to_string()));
                }
                for (other, known) in &seen {
                    let (one, two) = (keys.to_string(), other.to_string());
                    let place = place.words();
                    if one == two {
                        note(format!("{place} {one:?} is both {known} and {name}"));
                    } else if keys.begins_with(&other.0) {
                        note(format!("{place} {two:?} is {known} and begins {one:?}, {name}"));
                    } else if other.begins_with(&keys.0) {
                        note(format!("{place} {one:?} is {name} and begins {two:?}, {known}"));
                    }
                }
                seen.push((keys, name));
            }
        }
        for (command, keys) in self.rows() {
            if keys.is_empty() && NEEDED.contains(&command.id) {
                let (name, place) = (command.id.name(), command.scope.words());
                note(format!("{name} needs a key {place}"));
            }
        }
        out
    }

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

    #[test]
    fn the_keys_of_the_table_go_together() {
        assert_eq!(Keymap::default().problems(), Vec::<String>::new());
    }

    #[test]
    fn a_sequence_is_found_key_by_key() {
        let mut keymap = Keymap::default();
        keymap.set(None, "quiet", &["z d".parse().unwrap()]).unwrap();

        let z = "z".parse::<Chord>().unwrap();
        assert!(matches!(keymap.find(Scope::Queue, &[z]), Found::Prefix));
        let found = keymap.find(Scope::Queue, &[z, "d".parse().unwrap()]);
        assert!(matches!(found, Found::Command(it) if it.id == CommandId::Quiet));
        assert!(matches!(keymap.find(Scope::Queue, &[z, z]), Found::Nothing));
        assert!(matches!(keymap.find(Scope::Composer, &[z]), Found::Nothing));
    }
}
