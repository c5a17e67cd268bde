//! What is left of a list when something is typed: names by their letters in order, what stands
//! beside them by whole pieces of it, the best first.

use nucleo_matcher::pattern::{AtomKind, CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};

use super::Choice;

/// A name that fits is before everything of which only the rest fits, and a label that is the very
/// thing (a key in the help) before both.
const NAME: u32 = 10_000;
const EXACT: u32 = 2 * NAME;

pub(super) fn rank(choices: Vec<Choice>, typed: &str) -> Vec<Choice> {
    if typed.trim().is_empty() {
        return choices;
    }
    let pattern = |kind| Pattern::new(typed, CaseMatching::Ignore, Normalization::Smart, kind);
    let (letters, pieces) = (pattern(AtomKind::Fuzzy), pattern(AtomKind::Substring));
    let mut matcher = Matcher::new(Config::DEFAULT);
    let mut buffer = Vec::new();
    let mut score = |choice: &Choice| {
        if choice.label.split(", ").any(|it| it == typed.trim()) {
            return Some(EXACT);
        }
        let name = letters.score(Utf32Str::new(&choice.name, &mut buffer), &mut matcher);
        let rest = format!("{} {}", choice.label, choice.about);
        let rest = || pieces.score(Utf32Str::new(&rest, &mut buffer), &mut matcher);
        name.map(|score| score + NAME).or_else(rest)
    };
    let mut scored: Vec<(u32, Choice)> =
        choices.into_iter().filter_map(|choice| Some((score(&choice)?, choice))).collect();
    // Stable: of equal ones the first stays first. What would do nothing is below what does,
    // however well its name fits; a key that was typed is still found by itself.
    scored.sort_by_key(|(score, choice)| {
        let works = *score == EXACT || choice.why_not.is_none();
        (!works, std::cmp::Reverse(*score))
    });
    scored.into_iter().map(|(_, choice)| choice).collect()
}
