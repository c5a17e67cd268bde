//! The type of text that other people wrote.
//!
//! It has no `Display`, no `AsRef<str>` and a silent `Debug`, so that hostile bytes cannot reach a
//! terminal or a log by accident. The ways out are the methods below, and each neutralises.

use std::borrow::Cow;
use std::fmt;

use super::{sanitise, width::fit};

/// Text that must be neutralised before anybody sees it.
///
/// ```compile_fail
/// let text = support_agent::Untrusted::new("\u{1b}]0;mine\u{7}");
/// println!("{text}");
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Untrusted(String);

impl Untrusted {
    /// Takes charge of a text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text with its lines, fit for a terminal. Tabs are kept for the layout to expand.
    pub fn shown(&self) -> Cow<'_, str> {
        sanitise(&self.0).text
    }

    /// Whether showing the text takes something out of it or makes something visible.
    pub fn is_altered(&self) -> bool {
        sanitise(&self.0).altered
    }

    /// The text on one line of at most `cells` columns, for names, subjects and previews.
    pub fn line(&self, cells: usize) -> String {
        let shown = self.shown();
        let words: Vec<&str> = shown.split_whitespace().collect();
        fit(&words.join(" "), cells)
    }

    /// The text as it is handed to a clipboard, from where it may get into a shell: its lines
    /// without any control character, and without what nobody sees.
    pub fn copied(&self) -> String {
        let lines = self.0.replace("\r\n", "\n").replace('\r', "\n");
        let kept: String =
            lines.chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t')).collect();
        sanitise(&kept).text.into_owned()
    }

    /// Whether nothing of it would be seen.
    pub fn is_blank(&self) -> bool {
        self.shown().trim().is_empty()
    }
}

impl fmt::Debug for Untrusted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Untrusted({} bytes)", self.0.len())
    }
}

impl From<&str> for Untrusted {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl From<String> for Untrusted {
    fn from(text: String) -> Self {
        Self(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_line_without_surrounding_blanks() {
        let name = Untrusted::from("  Maya\n\u{202e}Lin\t ");

        assert_eq!(name.line(40), "Maya Lin");
        assert_eq!(name.line(5), "Maya…");
    }

    #[test]
    fn what_is_copied_has_no_control_character() {
        let text = Untrusted::from("a\u{1b}[31mb\u{7}\r\nc\u{202e}\u{9b}2J\td\u{200b}");

        assert_eq!(text.copied(), "a[31mb\nc2J\td");
    }

    #[test]
    fn a_log_never_sees_the_text() {
        assert_eq!(format!("{:?}", Untrusted::from("secret")), "Untrusted(6 bytes)");
    }
}
