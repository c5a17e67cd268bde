//! Roles and what they look like: with the terminal's own 16 colours, or without any.
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

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Theme {
    Ansi16,
    /// Modifiers only.
    Mono,
}

impl Theme {
    pub(crate) fn style(self, role: Role) -> Style {
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
        let style = Style::new().add_modifier(modifier);
        match (self, colour) {
            (Self::Ansi16, Some(colour)) => style.fg(colour),
            _ => style,
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
