//! The text of a canned reply with its variables filled in, and what is left to fill in by hand.

/// What a template knows of the conversation, each fit for a terminal; `None` for what is unknown.
#[derive(Debug, Clone)]
pub(crate) struct Known {
    pub(crate) guest_name: Option<String>,
    pub(crate) agent_name: String,
    pub(crate) ticket_ref: String,
}

/// Fills in the variables. Whatever else stands in braces on one line is a hole, and so is a
/// variable that nobody knows; each is named once, as it stands in the text.
pub(crate) fn fill(template: &str, known: &Known) -> (String, Vec<String>) {
    let mut text = String::new();
    let mut holes: Vec<String> = Vec::new();
    let mut rest = template;
    while let Some((before, blank, after)) = next_blank(rest) {
        text.push_str(before);
        let value = match blank {
            "{guest.name}" => known.guest_name.as_deref(),
            "{agent.name}" => Some(known.agent_name.as_str()),
            "{ticket.ref}" => Some(known.ticket_ref.as_str()),
            _ => None,
        };
        text.push_str(value.unwrap_or(blank));
        if value.is_none() && !holes.iter().any(|hole| hole == blank) {
            holes.push(blank.to_owned());
        }
        rest = after;
    }
    text.push_str(rest);
    (text, holes)
}

/// The first `{…}` on one line, with what is before and after it.
fn next_blank(text: &str) -> Option<(&str, &str, &str)> {
    let mut from = 0;
    loop {
        let open = from + text[from..].find('{')?;
        let inside = &text[open + 1..];
        match inside.find(['{', '}', '\n']) {
            Some(end) if inside[end..].starts_with('}') => {
                let close = open + 1 + end + 1;
                return Some((&text[..open], &text[open..close], &text[close..]));
            }
            Some(end) => from = open + 1 + end,
            None => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(template: &str) -> (String, Vec<String>) {
        let known = Known {
            guest_name: Some("Maya {amount}".to_owned()),
            agent_name: "Alice".to_owned(),
            ticket_ref: "K7Q4MD".to_owned(),
        };
        fill(template, &known)
    }

    #[test]
    fn variables_are_filled_in_and_everything_else_in_braces_is_a_hole() {
        let (text, holes) =
            filled("{ticket.ref}: we refund {amount} by {day}, {amount}. {agent.name}");

        assert_eq!(text, "K7Q4MD: we refund {amount} by {day}, {amount}. Alice");
        assert_eq!(holes, ["{amount}", "{day}"]);
    }

    #[test]
    fn a_brace_that_is_not_closed_on_its_line_is_a_brace() {
        for text in ["a { b", "a {\nb}", "} {", "", "{"] {
            assert_eq!(filled(text), (text.to_owned(), Vec::new()), "{text:?}");
        }
        assert_eq!(filled("{ {x}").1, ["{x}"]);
    }

    #[test]
    fn what_a_guest_is_called_makes_no_hole() {
        assert_eq!(filled("Dear {guest.name}"), ("Dear Maya {amount}".to_owned(), Vec::new()));
    }

    #[test]
    fn a_name_that_the_guest_has_not_told_is_a_hole() {
        let known = Known {
            guest_name: None,
            agent_name: "Alice".to_owned(),
            ticket_ref: "K7Q4MD".to_owned(),
        };
        let (text, holes) = fill("Dear {guest.name},", &known);
        assert_eq!(
            (text.as_str(), holes.as_slice()),
            ("Dear {guest.name},", &["{guest.name}".to_owned()][..])
        );
    }
}
