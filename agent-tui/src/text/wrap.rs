//! Breaking a text into rows: at blanks where possible, inside a word only when it is longer than
//! a row, never inside a grapheme cluster. Works on ranges of the text, so that the composer can
//! place its cursor by the same rows that are drawn.

use std::ops::Range;

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use super::width::is_cell_each;

/// The columns of a tab. Fixed, so that a row's width does not depend on where it was broken.
pub(crate) const TAB: usize = 4;

/// The rows of `text` in `cells` columns, as ranges of bytes. A text has at least one row.
pub(crate) fn rows(text: &str, cells: usize) -> Vec<Range<usize>> {
    let cells = cells.max(1);
    let mut rows = Vec::new();
    let mut start = 0;
    for line in text.split('\n') {
        break_line(line, start, cells, &mut rows);
        start += line.len() + 1;
    }
    rows
}

fn break_line(line: &str, offset: usize, cells: usize, rows: &mut Vec<Range<usize>>) {
    if is_cell_each(line) && line.len() <= cells {
        rows.push(offset..offset + line.len());
        return;
    }
    let mut row_start = 0;
    let mut used = 0;
    // Where the last run of blanks in this row begins and ends.
    let mut blank: Option<Range<usize>> = None;
    let mut after_word = false;
    // Blanks at the edge that are left out.
    let mut hangs = false;
    for (at, cluster) in line.grapheme_indices(true) {
        let size = cluster_width(cluster).min(cells);
        let is_blank = cluster == " " || cluster == "\t";
        if hangs || used + size > cells {
            if is_blank && after_word {
                // The break falls on the blanks after a word: they end the row unseen.
                match &mut blank {
                    Some(run) if run.end == at => run.end = at + cluster.len(),
                    _ => blank = Some(at..at + cluster.len()),
                }
                hangs = true;
                continue;
            }
            let (end, next) = match blank.take() {
                Some(run) if run.start > row_start => (run.start, run.end),
                _ => (at, at),
            };
            rows.push(offset + row_start..offset + end);
            row_start = next;
            used = line[next..at].graphemes(true).map(cluster_width).sum();
            if used > 0 && used + size > cells {
                // The word before took hardly any room: what is left is still too long.
                rows.push(offset + row_start..offset + at);
                row_start = at;
                used = 0;
            }
            after_word = false;
            hangs = false;
        }
        if is_blank {
            match &mut blank {
                Some(run) if run.end == at => run.end = at + cluster.len(),
                // Blanks that begin a row are indentation, not a place to break.
                _ if after_word => blank = Some(at..at + cluster.len()),
                _ => {}
            }
        } else {
            after_word = true;
        }
        used += size;
    }
    match blank {
        // Blanks beyond the edge at the end of a line are not worth a row.
        Some(run) if hangs && run.end == line.len() => {
            rows.push(offset + row_start..offset + run.start);
        }
        _ => rows.push(offset + row_start..offset + line.len()),
    }
}

fn cluster_width(cluster: &str) -> usize {
    if cluster == "\t" { TAB } else { cluster.width() }
}

/// A row as it is drawn: tabs as blanks, and a cluster that is wider than the row as `�`.
pub(crate) fn expand_tabs(row: &str, cells: usize) -> String {
    if is_cell_each(row) {
        return row.to_owned();
    }
    let mut out = String::with_capacity(row.len());
    for cluster in row.graphemes(true) {
        if cluster == "\t" {
            out.extend(std::iter::repeat_n(' ', TAB.min(cells)));
        } else if cluster.width() > cells {
            out.push('\u{fffd}');
        } else {
            out.push_str(cluster);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::text::width;

    fn wrapped(text: &str, cells: usize) -> Vec<String> {
        rows(text, cells).into_iter().map(|row| expand_tabs(&text[row], cells)).collect()
    }

    #[test]
    fn rows_break_at_blanks_and_inside_words_only_when_they_must() {
        for (text, cells, expected) in [
            ("", 10, vec![""]),
            ("hello world", 20, vec!["hello world"]),
            ("hello world", 7, vec!["hello", "world"]),
            ("hello world", 5, vec!["hello", "world"]),
            ("hello   world", 6, vec!["hello", "world"]),
            ("abcdefghij", 4, vec!["abcd", "efgh", "ij"]),
            ("a abcdefghij", 4, vec!["a", "abcd", "efgh", "ij"]),
            ("one\n\ntwo", 9, vec!["one", "", "two"]),
            ("  indented text", 10, vec!["  indented", "text"]),
            ("see https://example.com/a", 22, vec!["see", "https://example.com/a"]),
            ("日本語テキスト", 5, vec!["日本", "語テ", "キス", "ト"]),
            ("a\tb", 10, vec!["a    b"]),
            ("👩‍👩‍👧👩‍👩‍👧", 3, vec!["👩‍👩‍👧", "👩‍👩‍👧"]),
            ("日", 1, vec!["\u{fffd}"]),
            ("end    ", 4, vec!["end"]),
        ] {
            assert_eq!(wrapped(text, cells), expected, "{text:?} in {cells}");
        }
    }

    proptest! {
        #[test]
        fn no_row_is_wider_than_it_may_be_and_no_word_is_lost(
            text in "[a-zé日👩\u{301} \t\n]{0,80}", cells in 1usize..30
        ) {
            let out = wrapped(&text, cells);

            for row in &out {
                prop_assert!(width(row) <= cells, "{row:?}");
            }
            if cells > 1 {
                let solid = |s: &str| s.chars().filter(|c| !c.is_whitespace()).collect::<String>();
                prop_assert_eq!(solid(&out.concat()), solid(&text));
            }
        }
    }
}
