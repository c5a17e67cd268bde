//! What the commands print. Everything goes through here, so that a reader who has gone away ends
//! the program quietly and nothing that acts on a terminal gets out.

use std::fmt::Write as _;
use std::io::{self, Write};

use support_shared::ApiError;

use crate::text::width;

/// The arguments make no sense together.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct Usage(pub(super) String);

/// Prints a text and a line end.
pub(super) fn line(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.write_all(b"\n")?;
    out.flush()
}

/// Prints JSON as the server wrote it; characters that a terminal might act on or hide are written
/// as `\uXXXX`, which is the same value.
pub(super) fn json(text: &str) -> io::Result<()> {
    line(escape(text.trim()).as_str())
}

pub(super) fn complain(text: &str) {
    // Nobody reads it if this fails.
    let _ = writeln!(io::stderr(), "support-agent: {text}");
}

/// The same for programs: one object, on one line.
pub(super) fn complain_json(error: &ApiError) {
    let json = serde_json::to_string(error).unwrap_or_default();
    let _ = writeln!(io::stderr(), "{}", escape(&json));
}

pub(super) fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

/// Rows in columns as wide as their widest cell; the last column ends where it ends.
pub(super) fn table(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns)
        .map(|column| {
            rows.iter().filter_map(|row| row.get(column)).map(|cell| width(cell)).max().unwrap_or(0)
        })
        .collect();
    let line = |row: &Vec<String>| {
        let mut out = String::new();
        for (at, cell) in row.iter().enumerate() {
            out.push_str(cell);
            if at + 1 < row.len() {
                out.extend(std::iter::repeat_n(' ', widths[at].saturating_sub(width(cell)) + 2));
            }
        }
        out.trim_end().to_owned()
    };
    rows.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn escape(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        if is_plain(c) {
            out.push(c);
        } else {
            for unit in c.encode_utf16(&mut [0; 2]) {
                // Writing into a String does not fail.
                let _ = write!(out, "\\u{unit:04x}");
            }
        }
    }
    out
}

/// Whether a character may stand in JSON on a terminal as it is. Outside ASCII: letters, digits,
/// and what is drawn; no controls, nothing that is invisible or turns the direction.
fn is_plain(c: char) -> bool {
    match c {
        '\n' | '\r' | '\t' | ' '..='~' => true,
        _ if c.is_ascii() => false,
        _ => {
            let shown = crate::text::Untrusted::new(c.to_string());
            !shown.is_altered() && shown.shown() == c.encode_utf8(&mut [0; 4]) as &str
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_on_a_terminal_is_the_same_value_without_anything_that_acts() {
        let hostile = "{\"a\":\"x\u{9b}2J\u{7f}\u{202e}\u{2028}\u{e0041}é日👩\"}";

        let shown = escape(hostile);

        assert_eq!(
            serde_json::from_str::<serde_json::Value>(&shown).unwrap(),
            serde_json::from_str::<serde_json::Value>(hostile).unwrap()
        );
        assert!(shown.contains("é日👩"));
        assert!(
            !shown
                .chars()
                .any(|c| c.is_control() || matches!(c, '\u{202e}' | '\u{2028}' | '\u{e0041}'))
        );
    }

    #[test]
    fn columns_line_up_by_what_is_drawn() {
        let rows =
            vec![vec!["日本".to_owned(), "a".to_owned()], vec!["x".to_owned(), "b".to_owned()]];

        assert_eq!(table(&rows), "日本  a\nx     b");
    }
}
