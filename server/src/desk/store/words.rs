//! The words that a ticket is found by: lower case, without diacritics, split at what is neither a
//! letter nor a digit. It is what SQLite's `unicode61 remove_diacritics 2` makes of a text, for
//! searches, and for stores that have to make their index of words themselves (emoji excepted, which
//! it takes for letters).

use unicode_normalization::{char::decompose_canonical, char::is_combining_mark};

/// The words of `text`, in their order.
pub(crate) fn words(text: &str) -> Vec<String> {
    let letters = text.chars().filter(|c| !is_combining_mark(*c)).map(plain);
    let letters: String = letters.flat_map(char::to_lowercase).map(small).collect();
    let words = letters.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.map(str::to_owned).collect()
}

/// A Latin letter without its marks. In other scripts what looks like one makes another letter.
fn plain(letter: char) -> char {
    let mut first = None;
    decompose_canonical(letter, |part| {
        first.get_or_insert(part);
    });
    first.filter(char::is_ascii_alphabetic).unwrap_or(letter)
}

/// At the end of a word a sigma has another small form, which is no other letter.
fn small(letter: char) -> char {
    if letter == 'ς' { 'σ' } else { letter }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn in_sqlite(text: &str) -> Vec<String> {
        let db = rusqlite::Connection::open_in_memory().unwrap();
        db.execute_batch(
            "CREATE VIRTUAL TABLE t USING fts5 (x, tokenize = \"unicode61 remove_diacritics 2\");
             CREATE VIRTUAL TABLE v USING fts5vocab (t, instance);",
        )
        .unwrap();
        db.execute("INSERT INTO t VALUES (?1)", [text]).unwrap();
        let mut words = db.prepare("SELECT term FROM v ORDER BY offset").unwrap();
        words.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    }

    #[test]
    fn a_text_is_found_by_its_letters_and_digits_in_any_case_and_without_marks() {
        assert_eq!(words("Zoë MÜLLER-42"), ["zoe", "muller", "42"]);
        assert_eq!(words("e\u{301}te\u{301} zoe@example.com"), ["ete", "zoe", "example", "com"]);
        assert!(words(" \"*-_ ").is_empty());
    }

    #[test]
    fn the_words_are_those_of_the_embedded_store() {
        for text in [
            "Card declined, K7Q4MD: zoe@example.com!",
            "Zoë MÜLLER Ångström Łódź Đorđe ÇELİK ırmak Ấn Ộ",
            "e\u{301}te\u{301} Straße ŒUVRE naïve",
            "ΟΔΟΣ οδός Щука ЁЛКА йод 東京 한국어 Ⅷ ½ x² ",
            "a_b a-b a.b a'b a’b \"NEAR(a b)\" *",
        ] {
            assert_eq!(words(text), in_sqlite(text), "{text}");
        }
    }
}
