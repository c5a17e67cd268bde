//! Texts that people write, checked once when they are parsed.
//!
//! What has one of these types needs no second look at its form. Sizes that an operator may set
//! (the length of a message) are not checked here, but where the limits are known. A text stays
//! hostile to whatever shows it: nothing here makes it fit for a terminal or a page.

use std::fmt;

use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;

/// The text cannot be what it was sent as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadText {
    /// Nothing in it can be seen.
    #[error("the text is blank")]
    Blank,
    /// It must fit on one line and has a line break or a control character.
    #[error("must be one line without control characters")]
    NotOneLine,
    /// It is longer than this many characters (Unicode scalar values).
    #[error("must be at most {0} characters")]
    TooLong(usize),
    /// A name that would pass for the desk itself.
    #[error("this name is reserved")]
    Reserved,
    /// Not an e-mail address.
    #[error("not an e-mail address")]
    NotAnEmail,
    /// Not what agents sign in with.
    #[error("must be of a-z, 0-9, ., - and _")]
    NotAUsername,
    /// Not what canned replies are found by.
    #[error("must be of a-z, 0-9, - and _")]
    NotAShortcut,
}

/// Whether a reader sees nothing of `c`: white space, format characters, fillers.
fn is_invisible(c: char) -> bool {
    c.is_whitespace()
        || c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}' | '\u{ffa0}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

macro_rules! text {
    ($(#[$doc:meta])* $name:ident, $parse:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// The text as it is stored.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = BadText;

            fn try_from(text: String) -> Result<Self, BadText> {
                let parse: fn(&str) -> Result<String, BadText> = $parse;
                parse(&text).map(Self)
            }
        }

        impl From<$name> for String {
            fn from(text: $name) -> Self {
                text.0
            }
        }

        crate::schema::text!($name, "see the protocol's limits");

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

text!(
    /// What a message says. Controls other than newline and tab are removed; not blank.
    Content,
    |text| {
        let kept: String =
            text.chars().filter(|c| matches!(c, '\n' | '\t') || !c.is_control()).collect();
        if kept.chars().all(is_invisible) { Err(BadText::Blank) } else { Ok(kept) }
    }
);

text!(
    /// A ticket's subject: one line, at most 200 characters.
    Subject,
    |text| one_line(text, 200)
);

text!(
    /// The name of a person: one line, at most 80 characters, not one that reads like `system`.
    Name,
    |text| {
        let name = one_line(text, 80)?;
        let read_as: String = name
            .nfkc()
            .filter(|c| !is_invisible(*c))
            .flat_map(char::to_lowercase)
            .collect();
        if read_as == "system" { Err(BadText::Reserved) } else { Ok(name) }
    }
);

text!(
    /// What a canned reply is for: one line, at most 80 characters.
    Title,
    |text| one_line(text, 80)
);

text!(
    /// What a canned reply is found by: 1 to 32 of `a-z 0-9 - _`, lower case.
    Shortcut,
    |text| {
        let shortcut = one_line(text, 32)?.to_ascii_lowercase();
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_".contains(c);
        if shortcut.chars().all(plain) { Ok(shortcut) } else { Err(BadText::NotAShortcut) }
    }
);

text!(
    /// A tag: one line, at most 32 characters.
    Tag,
    |text| one_line(text, 32)
);

text!(
    /// An e-mail address: one line, at most 254 characters (RFC 5321, section 4.5.3.1), something
    /// on both sides of an `@`. Whether it exists is not asked.
    Email,
    |text| {
        let email = one_line(text, 254)?;
        let whole = email
            .rsplit_once('@')
            .is_some_and(|(local, domain)| !local.is_empty() && !domain.is_empty());
        if whole && !email.chars().any(is_invisible) { Ok(email) } else { Err(BadText::NotAnEmail) }
    }
);

text!(
    /// The name by which an agent signs in: 1 to 32 of `a-z 0-9 . _ -`, lower case.
    Username,
    |text| {
        let name = one_line(text, 32)?.to_ascii_lowercase();
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || ".-_".contains(c);
        if name == "system" {
            Err(BadText::Reserved)
        } else if name.chars().all(plain) {
            Ok(name)
        } else {
            Err(BadText::NotAUsername)
        }
    }
);

fn one_line(text: &str, most: usize) -> Result<String, BadText> {
    let line = text.trim();
    if line.chars().any(|c| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}')) {
        return Err(BadText::NotOneLine);
    }
    if line.chars().all(is_invisible) {
        return Err(BadText::Blank);
    }
    if line.chars().count() > most {
        return Err(BadText::TooLong(most));
    }
    Ok(line.to_owned())
}

/// The beginning of a message for a list: its first line with something on it, at most `most`
/// characters, with `…` where something was left out.
pub fn preview(content: &str, most: usize) -> String {
    let mut lines = content.lines().map(str::trim).filter(|line| !line.is_empty());
    let first = lines.next().unwrap_or_default();
    let cut: String = first.chars().take(most).collect();
    if cut.len() < first.len() || lines.next().is_some() { cut + "…" } else { cut }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse<T: TryFrom<String, Error = BadText>>(text: &str) -> Result<T, BadText> {
        T::try_from(text.to_owned())
    }

    #[test]
    fn a_message_loses_its_control_characters_but_not_its_lines() {
        let content: Content = parse("a\u{1b}[2J\r\nb\tc\u{9b}").unwrap();

        assert_eq!(content.as_str(), "a[2J\nb\tc");
    }

    #[test]
    fn a_message_of_which_nothing_can_be_seen_is_blank() {
        for blank in ["", "  \n\t", "\u{200b}\u{200b}", "\u{7}\u{1b}", "\u{3164}", "\u{e0041}"] {
            assert_eq!(parse::<Content>(blank), Err(BadText::Blank), "{blank:?}");
        }
        assert!(parse::<Content>("👩‍👩‍👧").is_ok());
    }

    #[test]
    fn a_name_is_one_line_and_does_not_pass_for_the_system() {
        for reserved in ["system", "SYSTEM", "ＳＹＳＴＥＭ", " sys\u{200b}tem "] {
            assert_eq!(parse::<Name>(reserved), Err(BadText::Reserved), "{reserved:?}");
        }
        assert_eq!(parse::<Name>("a\nlevel=ERROR"), Err(BadText::NotOneLine));
        assert_eq!(parse::<Name>("a\u{2028}b"), Err(BadText::NotOneLine));
        assert_eq!(parse::<Name>(&"x".repeat(81)), Err(BadText::TooLong(80)));
        assert_eq!(parse::<Name>(" Maya ").unwrap().as_str(), "Maya");
    }

    #[test]
    fn an_email_has_something_on_both_sides() {
        assert!(parse::<Email>("maya@example.com").is_ok());
        for bad in ["maya", "@example.com", "maya@", "a b@c", "a@b\u{200b}"] {
            assert_eq!(parse::<Email>(bad), Err(BadText::NotAnEmail), "{bad}");
        }
    }

    #[test]
    fn a_shortcut_is_typed_without_thinking() {
        assert_eq!(parse::<Shortcut>(" Refund-2_b ").unwrap().as_str(), "refund-2_b");
        for bad in ["a b", "grüße", "/refund", "{x}"] {
            assert_eq!(parse::<Shortcut>(bad), Err(BadText::NotAShortcut), "{bad}");
        }
        assert_eq!(parse::<Shortcut>(""), Err(BadText::Blank));
    }

    #[test]
    fn a_preview_is_one_line_and_says_that_it_was_cut() {
        assert_eq!(preview("hello", 10), "hello");
        assert_eq!(preview("\n  hello\nworld", 10), "hello…");
        assert_eq!(preview("ééééé", 3), "ééé…");
    }
}
