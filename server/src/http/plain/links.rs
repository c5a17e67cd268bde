//! Finds links in a message, as the live page does: http and https only, and shown in full. It cuts
//! the text into pieces and never changes a character of it.

/// A part of a text.
pub(super) struct Piece<'a> {
    pub(super) text: &'a str,
    pub(super) is_link: bool,
}

/// The text in pieces, in order.
pub(super) fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut found = Vec::new();
    let (mut end, mut from) = (0, 0);
    while let Some(start) = next_scheme(text, from) {
        let link = without_punctuation(until_end(&text[start..]));
        from = start + link.len().max(1);
        if has_host(link) {
            found.push(Piece { text: &text[end..start], is_link: false });
            found.push(Piece { text: link, is_link: true });
            end = from;
        }
    }
    found.push(Piece { text: &text[end..], is_link: false });
    found.retain(|piece| !piece.text.is_empty());
    found
}

/// Where the next `http://` or `https://` begins that no word runs into.
fn next_scheme(text: &str, from: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    let is_here = |at: &usize| {
        let begins = |scheme: &str| {
            bytes[*at..]
                .get(..scheme.len())
                .is_some_and(|it| it.eq_ignore_ascii_case(scheme.as_bytes()))
        };
        let in_word = at
            .checked_sub(1)
            .is_some_and(|before| bytes[before].is_ascii_alphanumeric() || bytes[before] == b'_');
        !in_word && (begins("http://") || begins("https://"))
    };
    (from..bytes.len()).find(is_here)
}

fn until_end(text: &str) -> &str {
    let ends = |c: char| c.is_whitespace() || matches!(c, '<' | '>' | '"' | '\u{feff}');
    &text[..text.find(ends).unwrap_or(text.len())]
}

/// The full stop after a link belongs to the sentence; a bracket does unless the link opened it.
fn without_punctuation(link: &str) -> &str {
    // Counted once: a guest may send a link that ends in thousands of brackets, again and again.
    let mut stray = [('(', ')'), ('[', ']'), ('{', '}')].map(|(open, close)| {
        let (opened, closed) = (link.matches(open).count(), link.matches(close).count());
        (close, closed.saturating_sub(opened))
    });
    let mut rest = link;
    while let Some(last) = rest.chars().next_back() {
        match stray.iter_mut().find(|(close, _)| *close == last) {
            Some((_, 0)) => break,
            Some((_, left)) => *left -= 1,
            None if ".,;:!?'’”…*_".contains(last) => {}
            None => break,
        }
        rest = &rest[..rest.len() - last.len_utf8()];
    }
    rest
}

fn has_host(link: &str) -> bool {
    let rest = link.split_once("://").map_or("", |(_, rest)| rest);
    let host = rest.split(['/', '?', '#', '\\']).next().unwrap_or_default();
    host.chars().any(char::is_alphanumeric)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn links(text: &str) -> Vec<&str> {
        pieces(text).iter().filter(|it| it.is_link).map(|it| it.text).collect()
    }

    #[test]
    fn http_and_https_become_links_and_nothing_else_does() {
        let two = "see https://a.example/x?y=1#z and HTTP://b.example";
        assert_eq!(links(two), ["https://a.example/x?y=1#z", "HTTP://b.example"]);
        for none in [
            "javascript:alert(1) data:text/html,x ftp://a.example //a.example www.a.example",
            "https://",
            "https:///x",
            "http://?",
            "xhttps://a.example",
            "http:/a.example",
        ] {
            assert_eq!(links(none), Vec::<&str>::new(), "{none}");
        }
    }

    #[test]
    fn punctuation_around_a_link_is_not_part_of_it() {
        assert_eq!(links("(see https://a.example/b)."), ["https://a.example/b"]);
        let both = ["https://a.example/b_(c)", "https://a.example/d"];
        assert_eq!(links("https://a.example/b_(c), “https://a.example/d”!"), both);
        assert_eq!(links("https://a.example/é\u{a0}x"), ["https://a.example/é"]);
        assert_eq!(links("<https://a.example\"onclick=x>"), ["https://a.example"]);
    }

    #[test]
    fn a_link_with_very_many_brackets_after_it_costs_no_more_than_its_length() {
        let text = format!("https://a.example/(b){}", ")]}".repeat(1_000_000));
        assert_eq!(links(&text), ["https://a.example/(b)"]);
    }

    #[test]
    fn the_pieces_together_are_the_text() {
        for text in [
            "",
            "plain",
            "https://a.example",
            "a https://b.example. c\nhttp://d.example/))) <https://e.example> é",
            "http://http://https://",
            "https://\u{1f600}.example/\u{1f600}…",
        ] {
            assert_eq!(pieces(text).iter().map(|it| it.text).collect::<String>(), text);
        }
    }
}
