//! The holes that a canned reply leaves in the text: where they are, and which one is selected. A
//! hole is there as long as its very words are in the text, whatever else was done to it.

use std::ops::Range;

use super::Composer;

impl Composer {
    /// Puts in a text with these holes and selects the first. Says whether there was room for all.
    pub(crate) fn insert_with_holes(&mut self, text: &str, holes: Vec<String>) -> bool {
        self.holes.retain(|hole| self.text.contains(hole.as_str()));
        for hole in holes {
            if !self.holes.contains(&hole) {
                self.holes.push(hole);
            }
        }
        self.erase_selected();
        let from = self.cursor;
        let fits = self.insert(text);
        if let Some(first) = self.hole_after(from) {
            self.select(first);
        }
        fits
    }

    pub(crate) fn holes(&self) -> &[String] {
        &self.holes
    }

    pub(crate) fn has_holes(&self) -> bool {
        self.hole_after(0).is_some()
    }

    /// What is replaced by what is typed next, as a range of the text.
    pub(crate) fn selected(&self) -> Option<Range<usize>> {
        self.selected.clone()
    }

    pub(crate) fn selected_text(&self) -> Option<&str> {
        self.selected.clone().map(|range| &self.text[range])
    }

    /// Selects the hole after the cursor, or from the last the first. Says whether there is one.
    pub(crate) fn select_hole(&mut self) -> bool {
        let next = self.hole_after(self.cursor).or_else(|| self.hole_after(0));
        let found = next.is_some();
        if let Some(range) = next {
            self.select(range);
        }
        found
    }

    /// Selects the first hole, unless one is selected already. Says whether there is one.
    pub(crate) fn select_first_hole(&mut self) -> bool {
        let on_one = |composer: &Self| {
            composer.selected_text().is_some_and(|text| composer.holes.iter().any(|it| it == text))
        };
        if on_one(self) {
            return true;
        }
        let first = self.hole_after(0);
        let found = first.is_some();
        if let Some(range) = first {
            self.select(range);
        }
        found
    }

    fn select(&mut self, range: Range<usize>) {
        self.cursor = range.end;
        self.selected = Some(range);
    }

    fn hole_after(&self, from: usize) -> Option<Range<usize>> {
        let find = |hole: &String| {
            self.text[from..].find(hole.as_str()).map(|at| from + at..from + at + hole.len())
        };
        self.holes.iter().filter_map(find).min_by_key(|range| range.start)
    }

    /// Takes what is selected out of the text. Says whether anything was.
    pub(super) fn erase_selected(&mut self) -> bool {
        let Some(range) = self.selected.take() else { return false };
        self.cursor = range.start;
        self.text.replace_range(range, "");
        self.changed = true;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::super::Step;
    use super::*;

    fn refund() -> Composer {
        let mut composer = Composer::default();
        let holes = vec!["{amount}".to_owned(), "{day}".to_owned()];
        assert!(composer.insert_with_holes("Dear Maya, {amount} by {day}.", holes));
        composer
    }

    #[test]
    fn typing_replaces_the_hole_that_is_selected_and_the_next_one_is_a_step_away() {
        let mut composer = refund();
        assert_eq!(composer.selected_text(), Some("{amount}"));
        composer.insert("5");
        composer.insert("0 €");
        assert!(composer.select_hole());
        assert_eq!(composer.selected_text(), Some("{day}"));
        composer.insert("Friday");
        assert_eq!(composer.text(), "Dear Maya, 50 € by Friday.");
        assert!(!composer.select_hole() && !composer.has_holes());
    }

    #[test]
    fn a_hole_is_erased_as_a_whole_and_a_cursor_that_moves_lets_it_go() {
        let mut composer = refund();
        composer.erase(Step::Left);
        assert_eq!(composer.text(), "Dear Maya,  by {day}.");
        let mut composer = refund();
        assert!(composer.go(Step::Left, 80));
        composer.insert("!");
        assert_eq!(composer.text(), "Dear Maya, {amount!} by {day}.");
    }

    #[test]
    fn the_holes_are_gone_through_again_from_the_last_to_the_first() {
        let mut composer = refund();
        assert!(composer.select_hole() && composer.select_hole());
        assert_eq!(composer.selected_text(), Some("{amount}"));
    }

    #[test]
    fn braces_that_were_typed_are_no_holes() {
        let mut composer = Composer::default();
        composer.insert("{\"a\": 1}");
        assert!(!composer.has_holes());
    }

    #[test]
    fn a_text_that_was_taken_leaves_no_holes_behind() {
        let mut composer = refund();
        composer.take();
        composer.insert("{amount}");
        assert!(!composer.has_holes());
    }
}
