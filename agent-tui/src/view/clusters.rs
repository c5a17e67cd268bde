//! Clusters on whose width terminals disagree: flags, joined pictures, skin tones, and signs that a
//! selector turns into pictures. Whoever counts one otherwise than we do is a column off for the
//! rest of the row, and leaves pieces behind. So each is drawn as what every terminal draws alike,
//! in the columns that were reckoned for it; what is copied is what was written.

use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::Position;
use unicode_width::UnicodeWidthChar;

use crate::text::width;

/// Draws every such cluster of a frame in the safe way.
pub(super) fn settle(buffer: &mut Buffer) {
    let area = buffer.area;
    for y in area.top()..area.bottom() {
        for x in area.left()..area.right() {
            // One character of up to three bytes is what most cells have.
            let Some(safe) = buffer.cell((x, y)).map(Cell::symbol).filter(|it| it.len() > 3) else {
                continue;
            };
            let Some(safe) = safe_form(safe) else { continue };
            for (at, c) in (x..area.right()).zip(safe.chars().flat_map(cells)) {
                if let Some(cell) = buffer.cell_mut(Position::new(at, y)) {
                    match c {
                        Some(c) => cell.set_char(c),
                        None => cell.set_char(' '),
                    };
                }
            }
        }
    }
}

/// A character, and nothing for the column that it covers beside its own.
fn cells(c: char) -> impl Iterator<Item = Option<char>> {
    let covered = c.width().unwrap_or(1).saturating_sub(1);
    std::iter::once(Some(c)).chain(std::iter::repeat_n(None, covered))
}

/// What is drawn for a cluster, as wide as the cluster; nothing if it can be drawn as it is.
fn safe_form(cluster: &str) -> Option<String> {
    let mut rest = cluster.chars();
    let first = rest.next()?;
    let regional = |c| matches!(c, '\u{1f1e6}'..='\u{1f1ff}');
    let mut safe = if regional(first) {
        cluster.chars().filter_map(letter).collect()
    } else if rest.clone().any(|c| is_disputed(first, c)) {
        // The first picture of those that are joined, without tone or selector.
        String::from(first)
    } else {
        return None;
    };
    let missing = width(cluster).saturating_sub(width(&safe));
    safe.extend(std::iter::repeat_n(' ', missing));
    Some(safe)
}

/// The letter that a regional indicator stands for.
fn letter(c: char) -> Option<char> {
    let nth = u32::from(c).checked_sub(0x1f1e6)?;
    char::from_u32(u32::from('A') + nth).filter(char::is_ascii_uppercase)
}

/// What makes one of several characters, or another one of the one before, where a terminal knows
/// of it. A joiner between letters decides their shape only.
fn is_disputed(first: char, c: char) -> bool {
    let picture = matches!(first, '\u{203c}'..='\u{3299}' | '\u{1f000}'..='\u{1faff}');
    matches!(c, '\u{fe0e}' | '\u{fe0f}' | '\u{20e3}' | '\u{1f3fb}'..='\u{1f3ff}'
        | '\u{1f1e6}'..='\u{1f1ff}' | '\u{e0020}'..='\u{e007f}')
        || picture && c == '\u{200d}'
}

#[cfg(test)]
mod tests {
    use ratatui::layout::Rect;
    use ratatui::style::Style;

    use super::*;

    fn drawn(text: &str) -> String {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 40, 1));
        buffer.set_string(0, 0, text, Style::new());
        let before = width(text);
        settle(&mut buffer);
        let mut out = String::new();
        let mut x = 0;
        while x < 40 {
            let symbol = buffer[(x, 0)].symbol();
            out.push_str(symbol);
            x += u16::try_from(width(symbol)).unwrap().max(1);
        }
        let out = out.trim_end().to_owned();
        assert!(width(&out) <= before, "{text}: {out}");
        out
    }

    #[test]
    fn what_terminals_count_differently_is_drawn_as_what_they_all_count_alike() {
        for (written, shown) in [
            ("a 🇩🇪🇫🇷 b", "a DEFR b"),
            ("🇩 alone", "D alone"),
            ("x ❤️ y", "x ❤  y"),
            ("👩‍👩‍👧!", "👩!"),
            ("👍🏽.", "👍."),
            ("1️⃣2", "1 2"),
            ("🏴\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}|", "🏴|"),
            ("☎\u{fe0e}|", "☎|"),
        ] {
            assert_eq!(drawn(written), shown, "{written}");
        }
    }

    #[test]
    fn everything_else_is_drawn_as_it_was_written() {
        for text in [
            "plain",
            "日本語",
            "e\u{301}",
            "👋 😀",
            "שלום",
            "می\u{200c}خواهم",
            "हिन्दी",
            "각",
            "ไทย",
        ] {
            assert_eq!(drawn(text), text);
        }
    }
}
