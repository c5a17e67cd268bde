//! Whether a text has letters that are written from right to left. Terminals disagree about where
//! they draw what stands beside such a text in the same row; so nothing of ours does.

/// Whether something of `text` runs from right to left.
pub(crate) fn has_rtl(text: &str) -> bool {
    // Most texts have nothing beyond Latin, and no byte of those scripts.
    text.bytes().any(|byte| byte >= 0xd6) && text.chars().any(is_rtl)
}

/// The letters whose direction is right to left by the standard (classes R and AL): all of them
/// are in these blocks.
fn is_rtl(c: char) -> bool {
    matches!(c, '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{fefe}'
        | '\u{10800}'..='\u{10fff}' | '\u{1e800}'..='\u{1efff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hebrew_and_arabic_are_found_among_other_letters_and_nothing_else_is() {
        for rtl in ["שלום", "order ليلى 12", "ﷺ", "ދިވެހި", "ߒߞߏ", "𞤀", "a\u{5d0}"]
        {
            assert!(has_rtl(rtl), "{rtl}");
        }
        for ltr in ["", "Maya 02:39", "日本語", "Привет", "ไทย", "हिन्दी", "👩‍👩‍👧 🇫🇮", "…·↩"]
        {
            assert!(!has_rtl(ltr), "{ltr}");
        }
    }
}
