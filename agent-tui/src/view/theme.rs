//! Roles and what they look like: with the terminal's own 16 colours, with colours of our own, or
//! without any.
//!
//! Without colours nothing here may emit one: crossterm answers `NO_COLOR` by resetting the
//! modifiers too, and a selection nobody sees is worse than a grey one.

use crate::core::rows::Voice;
use ratatui::style::{Color, Modifier, Style};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// Lines between panes, days, rules.
    Chrome,
    Title,
    Faint,
    Key,
    Selected,
    Guest,
    Agent,
    System,
    /// What only the desk reads.
    Note,
    Waiting,
    Good,
    Bad,
    Toast,
}

impl Role {
    pub(crate) const ALL: [Self; 13] = [
        Self::Chrome,
        Self::Title,
        Self::Faint,
        Self::Key,
        Self::Selected,
        Self::Guest,
        Self::Agent,
        Self::System,
        Self::Note,
        Self::Waiting,
        Self::Good,
        Self::Bad,
        Self::Toast,
    ];

    /// What it is called in the file of settings.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Chrome => "chrome",
            Self::Title => "title",
            Self::Faint => "faint",
            Self::Key => "key",
            Self::Selected => "selected",
            Self::Guest => "guest",
            Self::Agent => "agent",
            Self::System => "system",
            Self::Note => "note",
            Self::Waiting => "waiting",
            Self::Good => "good",
            Self::Bad => "bad",
            Self::Toast => "toast",
        }
    }
}

/// What a role looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Look {
    pub(crate) colour: Option<Color>,
    pub(crate) modifier: Modifier,
}

/// What every role looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Looks([Look; Role::ALL.len()]);

impl Looks {
    pub(crate) fn of(theme: Theme) -> Self {
        Self(Role::ALL.map(|role| theme.look(role)))
    }

    pub(crate) fn set(&mut self, role: Role, look: Look) {
        self.0[role as usize] = look;
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Theme {
    Ansi16,
    /// Modifiers only.
    Mono,
    /// Colours that can be read on black and on white.
    TrueColour,
    /// As the agent wants it.
    Own(Looks),
}

impl Theme {
    pub(crate) fn style(self, role: Role) -> Style {
        let look = self.look(role);
        let style = Style::new().add_modifier(look.modifier);
        look.colour.map_or(style, |colour| style.fg(colour))
    }

    fn look(self, role: Role) -> Look {
        let (colour, modifier) = match role {
            Role::Chrome | Role::Faint | Role::System => (None, Modifier::DIM),
            Role::Title | Role::Key => (None, Modifier::BOLD),
            Role::Selected => (None, Modifier::REVERSED),
            Role::Guest => (Some(Color::Cyan), Modifier::BOLD),
            Role::Note => (Some(Color::Magenta), Modifier::BOLD),
            Role::Waiting => (Some(Color::Yellow), Modifier::empty()),
            Role::Agent | Role::Good => (Some(Color::Green), Modifier::empty()),
            Role::Bad => (Some(Color::Red), Modifier::BOLD),
            Role::Toast => (None, Modifier::BOLD.union(Modifier::REVERSED)),
        };
        match self {
            Self::Ansi16 => Look { colour, modifier },
            Self::Mono => Look { colour: None, modifier },
            Self::TrueColour => match true_colour(role) {
                // A colour says what dimness did, and every terminal draws it alike.
                Some(colour) => Look { colour: Some(colour), modifier: modifier - Modifier::DIM },
                None => Look { colour: None, modifier },
            },
            Self::Own(looks) => looks.0[role as usize],
        }
    }

    pub(crate) fn voice(self, voice: Voice) -> Style {
        self.style(match voice {
            Voice::Guest => Role::Guest,
            Voice::Agent => Role::Agent,
            Voice::Note => Role::Note,
        })
    }
}

fn true_colour(role: Role) -> Option<Color> {
    Some(match role {
        Role::Title | Role::Key | Role::Selected | Role::Toast => return None,
        Role::Chrome | Role::Faint | Role::System => Color::Rgb(120, 120, 120),
        Role::Guest => Color::Rgb(0, 128, 128),
        Role::Note => Color::Rgb(180, 60, 180),
        Role::Waiting => Color::Rgb(160, 110, 0),
        Role::Agent | Role::Good => Color::Rgb(30, 130, 60),
        Role::Bad => Color::Rgb(215, 60, 60),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_role_has_its_place() {
        for (at, role) in Role::ALL.into_iter().enumerate() {
            assert_eq!(role as usize, at);
        }
        assert_eq!(
            Theme::Own(Looks::of(Theme::Ansi16)).style(Role::Note),
            Theme::Ansi16.style(Role::Note)
        );
    }

    /// How bright a colour is, as WCAG 2 reckons it.
    fn luminance(colour: Color) -> f64 {
        let Color::Rgb(red, green, blue) = colour else { panic!("{colour:?}") };
        let linear = |part: u8| {
            let part = f64::from(part) / 255.0;
            if part <= 0.03928 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue)
    }

    #[test]
    fn true_colours_can_be_read_on_black_and_on_white() {
        for role in Role::ALL {
            let Some(colour) = true_colour(role) else { continue };
            let bright = luminance(colour);
            let (on_black, on_white) = ((bright + 0.05) / 0.05, 1.05 / (bright + 0.05));
            assert!(on_black >= 4.0 && on_white >= 4.0, "{role:?} {on_black} {on_white}");
        }
    }
}
