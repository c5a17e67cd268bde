//! Lists of tickets, page by page. A page costs what it holds, not what came before it.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use support_shared::{
    answer::TicketPage,
    request::{AssigneeFilter, Limit, ListOwnTickets, ListTickets},
    ticket::TicketStatus,
};

use super::{
    Desk, DeskError, Known,
    command::{Reply, TicketView},
    store::{Answering, Cursor, Filter, Listing, words::words},
};

/// Characters that a search has at most, and words.
const SEARCH_CHARS: usize = 200;
const SEARCH_WORDS: usize = 8;

impl Desk {
    pub(super) async fn list_tickets(
        &self,
        known: &Known,
        request: ListTickets,
    ) -> Result<Reply, DeskError> {
        let answering = match request.assignee {
            None => Answering::Anybody,
            Some(AssigneeFilter::None) => Answering::Nobody,
            Some(AssigneeFilter::Me) => Answering::Agent(known.agent()?.id),
            Some(AssigneeFilter::Agent(agent)) => Answering::Agent(agent),
        };
        let words = request.q.as_deref().map(search_words).transpose()?.unwrap_or_default();
        let filter = Filter { answering, tag: request.tag, words };
        let listing = Listing::Of(request.status.unwrap_or(TicketStatus::Open), filter);
        self.list(known, listing, request.cursor, request.limit).await
    }

    pub(super) async fn list_own_tickets(
        &self,
        known: &Known,
        request: ListOwnTickets,
    ) -> Result<Reply, DeskError> {
        self.list(known, Listing::Own(known.guest()?.id), request.cursor, request.limit).await
    }

    async fn list(
        &self,
        known: &Known,
        listing: Listing,
        cursor: Option<String>,
        limit: Limit,
    ) -> Result<Reply, DeskError> {
        let after = cursor.as_deref().map(parse_cursor).transpose()?;
        let size = self.limits.size(limit);
        // One more than asked for tells whether there is a next page.
        let found = self.store.tickets(listing.clone(), after, size.entries + 1).await?;
        let mut tickets = Vec::new();
        let mut bytes = 0;
        for ticket in found.iter().take(size.entries) {
            let view = known.view(ticket);
            bytes += printed(&view)?;
            // A page always moves on, by one entry at least.
            if bytes > size.bytes && !tickets.is_empty() {
                break;
            }
            tickets.push(view);
        }
        let last = tickets.len().checked_sub(1).filter(|last| last + 1 < found.len());
        let last = last.and_then(|last| found.get(last));
        let next_cursor =
            last.map(|last| print_cursor(Cursor { key: listing.key(last), id: last.id }));
        Ok(Reply::Tickets(TicketPage { tickets, next_cursor }))
    }
}

/// How many bytes a ticket takes in an answer, with what parts it from the next.
fn printed(view: &TicketView) -> Result<usize, DeskError> {
    let text = serde_json::to_vec(view).map_err(|error| DeskError::Internal(error.into()))?;
    Ok(text.len() + 1)
}

/// The words of a search, as the index sees them.
fn search_words(q: &str) -> Result<Vec<String>, DeskError> {
    if q.chars().count() > SEARCH_CHARS {
        return Err(DeskError::Invalid(format!("a search has at most {SEARCH_CHARS} characters")));
    }
    let words = words(q);
    if words.is_empty() || words.len() > SEARCH_WORDS {
        return Err(DeskError::Invalid(format!("a search has 1 to {SEARCH_WORDS} words")));
    }
    Ok(words)
}

/// A cursor says where in a list, and nothing that its reader may not know: the key of a ticket
/// that was just answered.
fn print_cursor(cursor: Cursor) -> String {
    URL_SAFE_NO_PAD.encode(format!("{}.{}", cursor.key, cursor.id))
}

fn parse_cursor(text: &str) -> Result<Cursor, DeskError> {
    let parse = || {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let text = String::from_utf8(bytes).ok()?;
        let (key, id) = text.split_once('.')?;
        Some(Cursor { key: key.parse().ok()?, id: id.parse().ok()? })
    };
    parse().ok_or_else(|| DeskError::Invalid("not a cursor of this list".to_owned()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_letter_and_its_mark_are_one_letter_however_they_were_typed() {
        assert_eq!(search_words("Zoe\u{308} M\u{fc}ller").unwrap(), ["zoe", "muller"]);
    }

    proptest! {
        #[test]
        fn no_text_makes_a_cursor_panic_and_a_cursor_survives_printing(text in ".{0,100}", key: i64, id: u128) {
            let _ = parse_cursor(&text);
            let _ = parse_cursor(&URL_SAFE_NO_PAD.encode(&text));
            let id = support_shared::TicketId::from_ulid(ulid::Ulid::from(id));
            let cursor = Cursor { key, id };
            prop_assert_eq!(parse_cursor(&print_cursor(cursor)).ok(), Some(cursor));
        }

        #[test]
        fn what_is_left_of_a_search_is_words(q in ".{0,300}") {
            if let Ok(words) = search_words(&q) {
                prop_assert!((1..=SEARCH_WORDS).contains(&words.len()));
                prop_assert!(words.iter().all(|word| word.chars().all(char::is_alphanumeric)));
            }
        }
    }
}
