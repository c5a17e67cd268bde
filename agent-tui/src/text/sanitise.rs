//! The one policy for hostile text: what a terminal may be shown of it.
//!
//! Nothing is hidden from the reader: what could act on the terminal becomes visible or goes, and
//! what follows it stays. Callers that need one line use `Untrusted::line`.

use std::borrow::Cow;

use unicode_width::UnicodeWidthChar;

/// The most combining marks that one base character keeps.
const MARKS: usize = 8;
/// The longest escape sequence that is taken for pasted colours and dropped as a whole.
const CSI_BYTES: usize = 64;

/// A text as it may be shown.
pub(crate) struct Clean<'a> {
    pub(crate) text: Cow<'a, str>,
    /// Something was taken out or made visible.
    pub(crate) altered: bool,
}

/// Makes `text` fit for a terminal; lines and tabs stay.
pub(crate) fn sanitise(text: &str) -> Clean<'_> {
    if text.bytes().all(|b| matches!(b, b' '..=b'~' | b'\n' | b'\t')) {
        return Clean { text: Cow::Borrowed(text), altered: false };
    }
    let mut altered = false;
    let first = neutralise_controls(text, &mut altered);
    let kept = keep_sound_clusters(&first, &mut altered);
    if kept == text {
        Clean { text: Cow::Borrowed(text), altered }
    } else {
        Clean { text: Cow::Owned(kept), altered }
    }
}

/// Line ends become `\n`, colours go, every other control becomes a picture, invisible characters
/// that no cluster needs go.
fn neutralise_controls(text: &str, altered: &mut bool) -> Vec<char> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let mut step = c.len_utf8();
        match c {
            '\n' | '\t' => out.push(c),
            '\r' => {
                if rest[1..].starts_with('\n') {
                    step += 1;
                }
                out.push('\n');
            }
            '\u{85}' | '\u{2028}' | '\u{2029}' => out.push('\n'),
            _ => {
                if let Some(length) = csi_length(rest) {
                    *altered = true;
                    step = length;
                } else if c.is_control() {
                    *altered = true;
                    picture(c, &mut out);
                } else if is_dropped(c) {
                    *altered = true;
                } else {
                    out.push(c);
                }
            }
        }
        rest = &rest[step..];
    }
    out
}

/// How many bytes of a whole CSI sequence `text` begins with.
fn csi_length(text: &str) -> Option<usize> {
    let start =
        if text.starts_with("\u{1b}[") || text.starts_with('\u{9b}') { 2 } else { return None };
    let bytes = text.as_bytes();
    let mut at = start;
    while at < bytes.len() && matches!(bytes[at], 0x30..=0x3f) {
        at += 1;
    }
    while at < bytes.len() && matches!(bytes[at], 0x20..=0x2f) {
        at += 1;
    }
    let whole = at < bytes.len() && matches!(bytes[at], 0x40..=0x7e) && at < CSI_BYTES;
    whole.then_some(at + 1)
}

/// A control as a reader can see it; a C1 control as the two characters that it stands for.
fn picture(c: char, out: &mut Vec<char>) {
    match u32::from(c) {
        code @ 0..=0x1f => out.extend(char::from_u32(0x2400 + code)),
        0x7f => out.push('␡'),
        code => {
            out.push('␛');
            out.extend(char::from_u32(code - 0x40));
        }
    }
}

/// Characters that are never shown, whatever stands beside them.
fn is_dropped(c: char) -> bool {
    matches!(c,
        // Direction: reorders what is beside it, our own words too.
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
        // Invisible, or invisible on some terminals and not on others.
        | '\u{ad}' | '\u{34f}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}' | '\u{2060}'..='\u{2065}' | '\u{206a}'..='\u{206f}'
        | '\u{3164}' | '\u{feff}' | '\u{ffa0}' | '\u{fff9}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}'
        | '\u{1d173}'..='\u{1d17a}' | '\u{fe00}'..='\u{fe0d}' | '\u{fff0}'..='\u{fff8}'
        | '\u{e0000}'..='\u{e001f}' | '\u{e0080}'..='\u{e0fff}'
        // Private use: fonts draw anything, some terminals draw images by it.
        | '\u{e000}'..='\u{f8ff}' | '\u{f0000}'..='\u{10ffff}'
        | '\u{fdd0}'..='\u{fdef}')
        || u32::from(c) & 0xfffe == 0xfffe
}

/// Keeps joiners, variation selectors, tags and marks where a cluster needs them.
fn keep_sound_clusters(text: &[char], altered: &mut bool) -> String {
    let mut out = String::with_capacity(text.len());
    let mut last = None;
    let mut marks = 0;
    let mut at = 0;
    while at < text.len() {
        let c = text[at];
        let next = text.get(at + 1).copied();
        let flag = flag_length(&text[at..]);
        if flag > 0 {
            out.extend(&text[at..at + flag]);
            last = Some('\u{e007f}');
            at += flag;
            marks = 0;
            continue;
        }
        let zero_width = c.width() == Some(0);
        let keep = match c {
            '\u{200d}' => last.zip(next).is_some_and(|(a, b)| joins(a, b) || shapes(a, b)),
            '\u{200c}' => last.zip(next).is_some_and(|(a, b)| shapes(a, b)),
            '\u{fe0e}' | '\u{fe0f}' => last.is_some_and(takes_variation),
            '\u{e0020}'..='\u{e007f}' => false,
            _ if zero_width => {
                marks += 1;
                marks <= MARKS
            }
            _ => {
                marks = 0;
                true
            }
        };
        if keep {
            out.push(c);
            last = Some(c);
        } else {
            *altered = true;
        }
        at += 1;
    }
    out
}

/// The length of a flag of a region (black flag, tags, end tag) at the beginning of `text`.
fn flag_length(text: &[char]) -> usize {
    if text.first() != Some(&'\u{1f3f4}') {
        return 0;
    }
    let tags = text[1..].iter().take_while(|c| matches!(c, '\u{e0030}'..='\u{e007a}')).count();
    if (3..=6).contains(&tags) && text.get(tags + 1) == Some(&'\u{e007f}') { tags + 2 } else { 0 }
}

/// Whether a joiner between the two makes one picture of them.
fn joins(before: char, after: char) -> bool {
    let person = matches!(before, '\u{fe0f}' | '\u{1f3fb}'..='\u{1f3ff}') || is_pictograph(before);
    person && is_pictograph(after)
}

/// Whether the two are letters of scripts in which a joiner decides the shape.
fn shapes(before: char, after: char) -> bool {
    let shaped = |c| matches!(c, '\u{600}'..='\u{1cff}' | '\u{a800}'..='\u{abff}' | '\u{10a00}'..='\u{11fff}');
    shaped(before) && shaped(after)
}

fn is_pictograph(c: char) -> bool {
    matches!(c, '\u{a9}' | '\u{ae}' | '\u{203c}' | '\u{2049}' | '\u{2122}' | '\u{2139}'
        | '\u{2190}'..='\u{23ff}' | '\u{2460}'..='\u{2bff}' | '\u{3030}' | '\u{303d}'
        | '\u{3297}' | '\u{3299}' | '\u{1f000}'..='\u{1faff}')
}

fn takes_variation(c: char) -> bool {
    is_pictograph(c) || matches!(c, '0'..='9' | '#' | '*')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn clean(text: &str) -> String {
        sanitise(text).text.into_owned()
    }

    #[test]
    fn what_could_act_on_the_terminal_goes_or_becomes_visible() {
        for (hostile, shown) in [
            ("a\u{1b}[31m red \u{1b}[0m z", "a red  z"),
            ("\u{9b}2Jx", "x"),
            ("\u{1b}]0;title\u{7}after", "␛]0;title␇after"),
            ("\u{1b}]52;c;aGk=", "␛]52;c;aGk="),
            ("\u{1b}P1;2q#\u{1b}\\x", "␛P1;2q#␛\\x"),
            ("\u{9d}0;t\u{9c}", "␛]0;t␛\\"),
            ("\u{1b}[31", "␛[31"),
            ("bell\u{7} del\u{7f} nul\0", "bell␇ del␡ nul␀"),
            ("one\r\ntwo\rthree\u{2028}four\u{85}five", "one\ntwo\nthree\nfour\nfive"),
            ("abc\u{8}\u{8}\u{8}xyz", "abc␈␈␈xyz"),
            ("\u{202e}evil\u{2066}x\u{2069}", "evilx"),
            ("pay\u{200b}pal\u{ad}", "paypal"),
            ("a\u{e0041}\u{e0042}b", "ab"),
            ("\u{10eeee}\u{305}x\u{e000}", "\u{305}x"),
        ] {
            assert_eq!(clean(hostile), shown, "{hostile:?}");
        }
    }

    #[test]
    fn what_people_write_stays_as_it_is() {
        for sound in [
            "plain",
            "Grüße, Åsa",
            "日本語テキスト",
            "👩‍👩‍👧 ❤️ 1️⃣ 🇫🇮",
            "🏴\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}",
            "می‌خواهم",
            "क्‍ष",
            "שלום",
            "tab\there\nline",
            "e\u{301}",
        ] {
            let shown = sanitise(sound);
            assert_eq!(shown.text, sound);
            assert!(matches!(shown.text, Cow::Borrowed(_)), "{sound}");
            assert!(!shown.altered, "{sound}");
        }
    }

    #[test]
    fn a_tower_of_marks_is_cut() {
        let tower = format!("a{}b", "\u{301}".repeat(300));

        assert_eq!(clean(&tower).chars().count(), 2 + MARKS);
    }

    #[test]
    fn a_long_run_of_parameters_is_not_taken_for_a_colour() {
        let long = format!("\u{1b}[{}m", "1;".repeat(100));

        assert!(clean(&long).starts_with("␛[1;"));
    }

    fn hostile() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            any::<char>().prop_map(String::from),
            (0u32..0xa0).prop_filter_map("a character", char::from_u32).prop_map(String::from),
            (0x2000u32..0x2070)
                .prop_filter_map("a character", char::from_u32)
                .prop_map(String::from),
            (0xe0000u32..0xe0100)
                .prop_filter_map("a character", char::from_u32)
                .prop_map(String::from),
            Just("\u{1b}[".to_owned()),
            Just("\u{1b}]0;".to_owned()),
            Just("\u{200d}".to_owned()),
            Just("👩".to_owned()),
            Just("\u{1f3f4}".to_owned()),
            Just("\u{fe0f}".to_owned()),
            Just("\u{301}".to_owned()),
            "[0-9;a-z]{0,4}",
        ];
        prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn nothing_that_acts_is_left_and_a_second_pass_changes_nothing(text in hostile()) {
            let shown = clean(&text);

            prop_assert!(shown.chars().all(|c| matches!(c, '\n' | '\t') || !c.is_control()));
            prop_assert!(!shown.chars().any(is_dropped));
            prop_assert_eq!(clean(&shown), shown.clone());
        }

        #[test]
        fn a_text_with_something_to_see_never_becomes_empty(text in hostile(), word in "[a-z]{2,5}") {
            let shown = clean(&format!("{text} {word}"));

            prop_assert!(!shown.trim().is_empty());
        }
    }
}
