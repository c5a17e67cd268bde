//! How many columns a text takes: the same sum over grapheme clusters that ratatui draws by.

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

/// Whether every byte is a cluster of one column, as in most texts: then nothing needs counting.
pub(super) fn is_cell_each(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b' '..=b'~'))
}

/// The columns that `text` takes on one row.
pub(crate) fn width(text: &str) -> usize {
    if is_cell_each(text) {
        return text.len();
    }
    text.graphemes(true).map(UnicodeWidthStr::width).sum()
}

/// `text` if it fits into `cells` columns, else its beginning and `…`.
pub(crate) fn fit(text: &str, cells: usize) -> String {
    if width(text) <= cells {
        return text.to_owned();
    }
    let mut cut = String::new();
    let mut used = 0;
    for cluster in text.graphemes(true) {
        used += cluster.width();
        if used + 1 > cells {
            break;
        }
        cut.push_str(cluster);
    }
    if cells > 0 {
        cut.push('…');
    }
    cut
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn widths_are_those_of_the_drawn_cells() {
        for (text, cells) in [
            ("abc", 3),
            ("日本", 4),
            ("❤️", 2),
            ("👩‍👩‍👧", 2),
            ("🇫🇮", 2),
            ("e\u{301}", 1),
            ("ﾊﾝｶｸ", 4),
            ("", 0),
        ] {
            assert_eq!(width(text), cells, "{text}");
            assert_eq!(ratatui::text::Span::raw(text).width(), cells, "{text}");
        }
    }

    #[test]
    fn a_text_that_does_not_fit_says_so_within_its_columns() {
        assert_eq!(fit("hello", 5), "hello");
        assert_eq!(fit("hello", 4), "hel…");
        assert_eq!(fit("日本語", 4), "日…");
        assert_eq!(fit("x", 0), "");
    }
}
