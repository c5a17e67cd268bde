//! Finds the addresses in a text. Only http and https: nothing else is opened or copied as a link.

/// The longest address that is one.
const LONGEST: usize = 2_048;

/// The http and https addresses in a neutralised text, in their order, each as it is written.
pub(crate) fn links(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find("http") {
        let tail = &rest[at..];
        let scheme = ["https://", "http://"].into_iter().find(|scheme| tail.starts_with(scheme));
        let glued = rest[..at].ends_with(|c: char| c.is_alphanumeric());
        let (Some(scheme), false) = (scheme, glued) else {
            rest = &tail["http".len()..];
            continue;
        };
        let ends = |c: char| c.is_whitespace() || c.is_control() || "<>\"`{}|\\^".contains(c);
        let end = tail.find(ends).unwrap_or(tail.len());
        let link = without_the_sentence(&tail[..end]);
        if link.len() > scheme.len() && link.len() <= LONGEST {
            found.push(link);
        }
        rest = &tail[end..];
    }
    found
}

/// The address without what ends the sentence around it; a bracket stays if it was opened within.
fn without_the_sentence(link: &str) -> &str {
    let mut link = link;
    loop {
        let shorter = link.trim_end_matches(['.', ',', ';', ':', '!', '?', '\'']);
        let closes = |open: char, close: char| {
            shorter.ends_with(close)
                && shorter.matches(close).count() > shorter.matches(open).count()
        };
        let next = if closes('(', ')') || closes('[', ']') {
            &shorter[..shorter.len() - 1]
        } else {
            shorter
        };
        if next == link {
            return link;
        }
        link = next;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_found_without_the_sentence_around_them() {
        for (text, expected) in [
            ("see https://example.com/a?b=c, please", vec!["https://example.com/a?b=c"]),
            ("(http://a.example)", vec!["http://a.example"]),
            ("https://en.example/wiki/Rust_(a)!", vec!["https://en.example/wiki/Rust_(a)"]),
            (
                "one https://a.example two http://b.example.",
                vec!["https://a.example", "http://b.example"],
            ),
            ("javascript:alert(1) file:///etc/passwd xhttp://no.example http:// https", vec![]),
            ("\"https://a.example/日本\"", vec!["https://a.example/日本"]),
        ] {
            assert_eq!(links(text), expected, "{text}");
        }
        assert!(links(&format!("https://{}", "a".repeat(LONGEST))).is_empty());
    }
}
