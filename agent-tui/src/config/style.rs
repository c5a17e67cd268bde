//! Themes in words: the name of one that is built in, or one with looks of the agent's own.

use ratatui::style::{Color, Modifier};

use super::{Colours, close_to};
use crate::view::{Look, Looks, Role, Theme};

const BUILT_IN: [(&str, Theme); 3] =
    [("ansi16", Theme::Ansi16), ("mono", Theme::Mono), ("truecolor", Theme::TrueColour)];

const COLOURS: [(&str, Color); 18] = [
    ("default", Color::Reset),
    ("black", Color::Black),
    ("red", Color::Red),
    ("green", Color::Green),
    ("yellow", Color::Yellow),
    ("blue", Color::Blue),
    ("magenta", Color::Magenta),
    ("cyan", Color::Cyan),
    ("white", Color::Gray),
    ("gray", Color::DarkGray),
    ("bright-black", Color::DarkGray),
    ("bright-red", Color::LightRed),
    ("bright-green", Color::LightGreen),
    ("bright-yellow", Color::LightYellow),
    ("bright-blue", Color::LightBlue),
    ("bright-magenta", Color::LightMagenta),
    ("bright-cyan", Color::LightCyan),
    ("bright-white", Color::White),
];

const MODIFIERS: [(&str, Modifier); 5] = [
    ("bold", Modifier::BOLD),
    ("dim", Modifier::DIM),
    ("italic", Modifier::ITALIC),
    ("underlined", Modifier::UNDERLINED),
    ("reversed", Modifier::REVERSED),
];

/// The theme that the agent has chosen, in the agent's words.
#[derive(Debug, Clone)]
pub(super) struct ThemeChoice {
    base: &'static str,
    own: Vec<(Role, String, Look)>,
}

impl Default for ThemeChoice {
    fn default() -> Self {
        Self { base: "ansi16", own: Vec::new() }
    }
}

impl ThemeChoice {
    /// One that is built in.
    pub(super) fn named(name: &str) -> Result<Self, String> {
        let names = BUILT_IN.map(|(name, _)| name);
        match names.iter().find(|it| **it == name) {
            Some(base) => Ok(Self { base, own: Vec::new() }),
            None => Err(format!("no theme is called {name:?}{}", close_to(name, &names))),
        }
    }

    /// Gives a role a look of its own.
    pub(super) fn set(&mut self, role: &str, words: &str) -> Result<(), String> {
        let names = Role::ALL.map(Role::name);
        let Some(role) = Role::ALL.into_iter().find(|it| it.name() == role) else {
            return Err(format!("no role is called so{}", close_to(role, &names)));
        };
        self.own.push((role, words.to_owned(), look(words)?));
        Ok(())
    }

    /// What is drawn with on a terminal that takes these colours.
    pub(super) fn theme(&self, colours: Colours) -> Theme {
        let base = BUILT_IN.iter().find(|(name, _)| *name == self.base).map(|(_, theme)| *theme);
        let base = match (base.unwrap_or(Theme::Ansi16), colours) {
            // Looks that are only a colour would be none: modifiers that are known to be enough.
            (_, Colours::None) => return Theme::Mono,
            (Theme::TrueColour, Colours::Sixteen) => Theme::Ansi16,
            (base, _) => base,
        };
        if self.own.is_empty() {
            return base;
        }
        let mut looks = Looks::of(base);
        for (role, _, look) in &self.own {
            looks.set(*role, *look);
        }
        Theme::Own(looks)
    }

    pub(super) fn base(&self) -> &'static str {
        self.base
    }

    pub(super) fn own(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.own.iter().map(|(role, words, _)| (role.name(), words.as_str()))
    }
}

/// A colour and modifiers, in any order, with blanks between them.
fn look(words: &str) -> Result<Look, String> {
    let mut look = Look { colour: None, modifier: Modifier::empty() };
    for word in words.split_whitespace() {
        if let Some((_, modifier)) = MODIFIERS.iter().find(|(name, _)| *name == word) {
            look.modifier |= *modifier;
        } else if let Some((_, colour)) = COLOURS.iter().find(|(name, _)| *name == word) {
            if look.colour.replace(*colour).is_some() {
                return Err(format!("{words:?} names two colours"));
            }
        } else {
            let names: Vec<&str> = COLOURS
                .iter()
                .map(|(name, _)| *name)
                .chain(MODIFIERS.iter().map(|(name, _)| *name))
                .collect();
            let close = close_to(word, &names);
            return Err(format!("{word:?} is neither a colour nor a modifier{close}"));
        }
    }
    Ok(look)
}
