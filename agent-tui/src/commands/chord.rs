//! A key with its modifiers, spelled one way whatever the terminal reports.

use std::fmt;
use std::str::FromStr;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Chord {
    pub(crate) code: KeyCode,
    pub(crate) modifiers: KeyModifiers,
}

impl Chord {
    pub(crate) const fn key(code: KeyCode) -> Self {
        Self { code, modifiers: KeyModifiers::NONE }
    }

    pub(crate) const fn ctrl(c: char) -> Self {
        Self { code: KeyCode::Char(c), modifiers: KeyModifiers::CONTROL }
    }

    /// The character that the key types, if it types one.
    pub(crate) fn typed(self) -> Option<char> {
        match self.code {
            KeyCode::Char(c) if self.modifiers.is_empty() => Some(c),
            _ => None,
        }
    }
}

impl From<KeyEvent> for Chord {
    fn from(event: KeyEvent) -> Self {
        let mut modifiers =
            event.modifiers & (KeyModifiers::CONTROL | KeyModifiers::ALT | KeyModifiers::SHIFT);
        let code = match event.code {
            KeyCode::Char(c) => {
                // Shift is in the letter already; with Ctrl terminals disagree about its case.
                modifiers.remove(KeyModifiers::SHIFT);
                if modifiers.contains(KeyModifiers::CONTROL) {
                    KeyCode::Char(c.to_ascii_lowercase())
                } else {
                    KeyCode::Char(c)
                }
            }
            KeyCode::BackTab => {
                modifiers.remove(KeyModifiers::SHIFT);
                KeyCode::BackTab
            }
            other => other,
        };
        Self { code, modifiers }
    }
}

impl fmt::Display for Chord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (modifier, word) in [
            (KeyModifiers::CONTROL, "Ctrl-"),
            (KeyModifiers::ALT, "Alt-"),
            (KeyModifiers::SHIFT, "Shift-"),
        ] {
            if self.modifiers.contains(modifier) {
                f.write_str(word)?;
            }
        }
        match self.code {
            KeyCode::Char(' ') => f.write_str("Space"),
            KeyCode::Char(c) if self.modifiers.contains(KeyModifiers::CONTROL) => {
                write!(f, "{}", c.to_ascii_uppercase())
            }
            KeyCode::Char(c) => write!(f, "{c}"),
            KeyCode::F(n) => write!(f, "F{n}"),
            KeyCode::PageUp => f.write_str("PgUp"),
            KeyCode::PageDown => f.write_str("PgDn"),
            KeyCode::Up => f.write_str("↑"),
            KeyCode::Down => f.write_str("↓"),
            KeyCode::Left => f.write_str("←"),
            KeyCode::Right => f.write_str("→"),
            KeyCode::BackTab => f.write_str("Shift-Tab"),
            KeyCode::Delete => f.write_str("Del"),
            other => write!(f, "{other:?}"),
        }
    }
}

/// Keys by the names that people give them, in small letters; the first of each is printed.
const NAMED: [(&str, KeyCode); 21] = [
    ("enter", KeyCode::Enter),
    ("return", KeyCode::Enter),
    ("esc", KeyCode::Esc),
    ("escape", KeyCode::Esc),
    ("tab", KeyCode::Tab),
    ("space", KeyCode::Char(' ')),
    ("backspace", KeyCode::Backspace),
    ("del", KeyCode::Delete),
    ("delete", KeyCode::Delete),
    ("home", KeyCode::Home),
    ("end", KeyCode::End),
    ("pgup", KeyCode::PageUp),
    ("pgdn", KeyCode::PageDown),
    ("up", KeyCode::Up),
    ("down", KeyCode::Down),
    ("left", KeyCode::Left),
    ("right", KeyCode::Right),
    ("↑", KeyCode::Up),
    ("↓", KeyCode::Down),
    ("←", KeyCode::Left),
    ("→", KeyCode::Right),
];

/// A key that is none, or that no terminal sends.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BadChord {
    #[error("{0:?} is no key; keys are written like x, G, Enter, Ctrl-K, Alt-Enter, F1, Space")]
    Unknown(String),
    #[error("a terminal sends the same for {0} as for {1}: name that one")]
    Same(String, &'static str),
}

impl FromStr for Chord {
    type Err = BadChord;

    fn from_str(text: &str) -> Result<Self, BadChord> {
        let unknown = || BadChord::Unknown(text.to_owned());
        let mut modifiers = KeyModifiers::NONE;
        let mut rest = text;
        while let Some((word, tail)) = rest.split_once('-').filter(|(_, tail)| !tail.is_empty()) {
            modifiers |= match word.to_ascii_lowercase().as_str() {
                "ctrl" => KeyModifiers::CONTROL,
                "alt" => KeyModifiers::ALT,
                "shift" => KeyModifiers::SHIFT,
                _ => return Err(unknown()),
            };
            rest = tail;
        }
        let name = rest.to_lowercase();
        let mut letters = rest.chars();
        let code = match (letters.next(), letters.next()) {
            (Some(c), None) if !c.is_control() && !NAMED.iter().any(|(it, _)| *it == name) => {
                KeyCode::Char(c)
            }
            _ => match NAMED.iter().find(|(it, _)| *it == name) {
                Some((_, code)) => *code,
                None => name
                    .strip_prefix('f')
                    .and_then(|n| n.parse().ok())
                    .filter(|n| (1..=12).contains(n))
                    .map(KeyCode::F)
                    .ok_or_else(unknown)?,
            },
        };
        let shifted = modifiers.contains(KeyModifiers::SHIFT);
        let chord = match code {
            KeyCode::Char(c) if modifiers.contains(KeyModifiers::CONTROL) => {
                let same = match c.to_ascii_lowercase() {
                    'i' => Some("Tab"),
                    'm' => Some("Enter"),
                    '[' => Some("Esc"),
                    _ => None,
                };
                if let Some(same) = same {
                    return Err(BadChord::Same(text.to_owned(), same));
                }
                KeyEvent::new(code, modifiers)
            }
            KeyCode::Char(c) if shifted => {
                KeyEvent::new(KeyCode::Char(c.to_ascii_uppercase()), modifiers)
            }
            KeyCode::Tab if shifted => KeyEvent::new(KeyCode::BackTab, modifiers),
            code => KeyEvent::new(code, modifiers),
        };
        Ok(chord.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_printed_can_be_read_again() {
        for name in [
            "x",
            "G",
            "-",
            "?",
            "Space",
            "Enter",
            "Esc",
            "Tab",
            "Shift-Tab",
            "Ctrl-K",
            "Alt-Enter",
            "Shift-Enter",
            "Ctrl-Alt-x",
            "Alt-/",
            "F1",
            "F12",
            "PgUp",
            "PgDn",
            "Home",
            "End",
            "Del",
            "Backspace",
            "↑",
            "↓",
            "←",
            "→",
            "Ctrl-←",
            "ß",
        ] {
            let chord: Chord = name.parse().unwrap();
            assert_eq!(chord.to_string().parse::<Chord>().unwrap(), chord, "{name}");
        }
        assert_eq!("ctrl-k".parse::<Chord>().unwrap().to_string(), "Ctrl-K");
        assert_eq!("up".parse::<Chord>().unwrap().to_string(), "↑");
        assert_eq!("Shift-g".parse::<Chord>().unwrap().to_string(), "G");
    }

    #[test]
    fn what_no_terminal_sends_is_refused_in_words() {
        for bad in ["", "Ctrl-", "Hyper-x", "F13", "xy", "Entre", "\u{7}"] {
            assert!(matches!(bad.parse::<Chord>(), Err(BadChord::Unknown(_))), "{bad:?}");
        }
        let same = "Ctrl-I".parse::<Chord>().unwrap_err().to_string();
        assert_eq!(same, "a terminal sends the same for Ctrl-I as for Tab: name that one");
    }

    #[test]
    fn keys_read_as_people_call_them() {
        for (chord, name) in [
            (Chord::ctrl('c'), "Ctrl-C"),
            (Chord::key(KeyCode::Char('G')), "G"),
            (Chord::key(KeyCode::PageUp), "PgUp"),
            (KeyEvent::new(KeyCode::Enter, KeyModifiers::ALT).into(), "Alt-Enter"),
            (Chord::key(KeyCode::Esc), "Esc"),
            (Chord::key(KeyCode::F(1)), "F1"),
        ] {
            assert_eq!(chord.to_string(), name);
        }
    }

    #[test]
    fn a_capital_is_the_same_key_with_and_without_shift() {
        let shifted = KeyEvent::new(KeyCode::Char('G'), KeyModifiers::SHIFT);
        let plain = KeyEvent::new(KeyCode::Char('G'), KeyModifiers::NONE);

        assert_eq!(Chord::from(shifted), Chord::from(plain));
    }
}
