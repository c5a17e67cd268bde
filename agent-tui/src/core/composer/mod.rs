//! The text that is being written: a text and a cursor between grapheme clusters. Each conversation
//! has two, a reply and a note. Knows no keys; rows come from `text::rows`, the same that are drawn.

mod holes;

use std::ops::Range;

use support_shared::Timestamp;
use unicode_segmentation::{GraphemeCursor, UnicodeSegmentation};

use super::draft::{Draft, Mode};
use crate::text::{TAB, rows, width};

/// The most that is held: some times what a message may have, so that a long paste can be cut to
/// size here.
pub(crate) const MOST_CHARS: usize = 16_000;

#[derive(Debug, Default, Clone)]
pub(crate) struct Composer {
    mode: Mode,
    text: String,
    /// A byte position at the edge of a cluster.
    cursor: usize,
    /// What is replaced by what is typed next. The cursor is at its end.
    selected: Option<Range<usize>>,
    /// What a canned reply has left to fill in, as it stands in the text.
    holes: Vec<String>,
    /// The text has changed since somebody asked.
    changed: bool,
    changed_at: Option<Timestamp>,
}

/// Where the cursor may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    Left,
    Right,
    WordLeft,
    WordRight,
    RowUp,
    RowDown,
    LineStart,
    LineEnd,
}

impl Composer {
    pub(crate) fn new(mode: Mode) -> Self {
        Self { mode, ..Self::default() }
    }

    pub(crate) fn mode(&self) -> Mode {
        self.mode
    }

    pub(crate) fn changed_at(&self) -> Timestamp {
        self.changed_at.unwrap_or(Timestamp::from_millis(0))
    }

    /// Whether the text has changed since this was asked last; if so, `now` is when it did.
    pub(crate) fn note_change(&mut self, now: Timestamp) -> bool {
        if self.changed {
            self.changed_at = Some(now);
        }
        std::mem::take(&mut self.changed)
    }

    /// Takes up what was written before, as it was kept.
    pub(crate) fn restore(&mut self, draft: &Draft) {
        self.insert(&draft.text);
        self.holes.clone_from(&draft.holes);
        self.changed = false;
        self.changed_at = Some(draft.changed_at);
    }

    /// Another text instead of this one. Says whether all of it was taken.
    pub(crate) fn replace(&mut self, text: &str) -> bool {
        self.text.clear();
        self.selected = None;
        self.cursor = 0;
        self.insert(text)
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    pub(crate) fn is_blank(&self) -> bool {
        self.text.trim().is_empty()
    }

    /// Takes the text out, as it is.
    pub(crate) fn take(&mut self) -> String {
        self.cursor = 0;
        self.selected = None;
        self.holes.clear();
        self.changed = true;
        std::mem::take(&mut self.text)
    }

    /// Puts a text in at the cursor. Controls other than line breaks and tabs are left out: they
    /// come from a paste, and the server removes them too. Says whether there was room for all of
    /// it.
    pub(crate) fn insert(&mut self, text: &str) -> bool {
        let text = text.replace("\r\n", "\n").replace('\r', "\n");
        let mut kept: String =
            text.chars().filter(|c| matches!(c, '\n' | '\t') || !c.is_control()).collect();
        if !kept.is_empty() {
            self.erase_selected();
        }
        // Bytes first: they are at least as many as the characters, and known without counting.
        let mut fits = true;
        if self.text.len() + kept.len() > MOST_CHARS {
            let room = MOST_CHARS.saturating_sub(self.text.chars().count());
            if let Some((end, _)) = kept.char_indices().nth(room) {
                let end = kept.grapheme_indices(true).map(|(at, _)| at).take_while(|at| *at <= end);
                let end = end.last().unwrap_or(0);
                kept.truncate(end);
                fits = false;
            }
        }
        self.text.insert_str(self.cursor, &kept);
        // A mark joins the letter before it: the cursor is never inside what it has made.
        let end = self.cursor + kept.len();
        let mut edge = GraphemeCursor::new(end, self.text.len(), true);
        let inside = edge.is_boundary(&self.text, 0) == Ok(false);
        let next =
            if inside { edge.next_boundary(&self.text, 0).ok().flatten() } else { Some(end) };
        self.cursor = next.unwrap_or(self.text.len());
        self.changed |= !kept.is_empty();
        fits
    }

    /// Puts a text below what is written.
    pub(crate) fn append(&mut self, text: &str) {
        if !self.text.is_empty() {
            self.text.push('\n');
        }
        self.text.push_str(text);
        self.cursor = self.text.len();
        self.selected = None;
        self.changed = true;
    }

    pub(crate) fn erase(&mut self, step: Step) {
        if self.erase_selected() {
            return;
        }
        let from = self.cursor;
        let to = self.target(step, usize::MAX);
        let range = from.min(to)..from.max(to);
        self.changed |= !range.is_empty();
        self.cursor = range.start;
        self.text.replace_range(range, "");
    }

    /// Moves the cursor; rows are those of a composer of `cells` columns. Says whether it moved.
    pub(crate) fn go(&mut self, step: Step, cells: usize) -> bool {
        let to = self.target(step, cells);
        let moved = to != self.cursor || self.selected.is_some();
        self.selected = None;
        self.cursor = to;
        moved
    }

    fn target(&self, step: Step, cells: usize) -> usize {
        let (before, after) = self.text.split_at(self.cursor);
        match step {
            Step::Left => before.grapheme_indices(true).next_back().map_or(0, |(at, _)| at),
            Step::Right => self.cursor + after.graphemes(true).next().map_or(0, str::len),
            Step::WordLeft => {
                let trimmed = before.trim_end();
                trimmed
                    .rfind(char::is_whitespace)
                    .map_or(0, |at| at + trimmed[at..].chars().next().map_or(1, char::len_utf8))
            }
            Step::WordRight => {
                let blanks = after.len() - after.trim_start().len();
                let word =
                    after[blanks..].find(char::is_whitespace).unwrap_or(after.len() - blanks);
                self.cursor + blanks + word
            }
            Step::LineStart => before.rfind('\n').map_or(0, |at| at + 1),
            Step::LineEnd => self.cursor + after.find('\n').unwrap_or(after.len()),
            Step::RowUp | Step::RowDown => self.row_target(step, cells),
        }
    }

    fn row_target(&self, step: Step, cells: usize) -> usize {
        let rows = rows(&self.text, cells);
        let (row, column) = self.position(cells);
        let next = match step {
            Step::RowUp => row.checked_sub(1),
            _ => Some(row + 1).filter(|next| *next < rows.len()),
        };
        let Some(range) = next.map(|next| rows[next].clone()) else { return self.cursor };
        let mut at = range.start;
        let mut used = 0;
        for cluster in self.text[range].graphemes(true) {
            let size = if cluster == "\t" { TAB } else { width(cluster) };
            if used + size > column {
                break;
            }
            used += size;
            at += cluster.len();
        }
        at
    }

    /// The cursor's row and column in a composer of `cells` columns.
    pub(crate) fn position(&self, cells: usize) -> (usize, usize) {
        let rows = rows(&self.text, cells);
        let row = rows.iter().rposition(|row| row.start <= self.cursor).unwrap_or(0);
        let end = self.cursor.min(rows[row].end).max(rows[row].start);
        let before = self.text[rows[row].start..end].replace('\t', "    ");
        (row, width(&before).min(cells.saturating_sub(1)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(text: &str) -> Composer {
        let mut composer = Composer::default();
        composer.insert(text);
        composer
    }

    #[test]
    fn a_cluster_is_erased_as_a_whole() {
        let mut composer = written("a❤️👩‍👩‍👧e\u{301}");

        composer.erase(Step::Left);
        assert_eq!(composer.text(), "a❤️👩‍👩‍👧");
        composer.erase(Step::Left);
        assert_eq!(composer.text(), "a❤️");
        composer.erase(Step::Left);
        assert_eq!(composer.text(), "a");
    }

    #[test]
    fn a_paste_keeps_its_lines_and_loses_its_controls() {
        assert_eq!(written("one\r\ntwo\u{1b}[31m\tx").text(), "one\ntwo[31m\tx");
    }

    #[test]
    fn the_cursor_goes_by_words_and_lines() {
        let mut composer = written("one two\nthree");

        composer.go(Step::WordLeft, 20);
        composer.go(Step::WordLeft, 20);
        assert_eq!(composer.position(20), (0, 4));
        composer.go(Step::LineEnd, 20);
        assert_eq!(composer.position(20), (0, 7));
        composer.go(Step::RowDown, 20);
        assert_eq!(composer.position(20), (1, 5));
        composer.erase(Step::WordLeft);
        assert_eq!(composer.text(), "one two\n");
    }

    #[test]
    fn rows_are_those_that_are_drawn() {
        let mut composer = written("hello brave new world");

        assert_eq!(composer.position(11), (1, 9));
        assert!(composer.go(Step::RowUp, 11));
        assert_eq!(composer.position(11), (0, 9));
        assert!(!composer.go(Step::RowUp, 11));
    }
}
