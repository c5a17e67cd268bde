//! Lists of tickets, made by looking at all of them. What a list has and in which order is
//! `Listing`'s to say; indexes are for those who have many.

use support_shared::{TicketId, ticket::TicketStatus};

use super::super::{Answering, Cursor, Filter, Listing, words::words};
use crate::desk::record::TicketRecord;

/// A page of the tickets that are in the list.
pub(crate) fn page<'a>(
    tickets: impl Iterator<Item = &'a TicketRecord>,
    listing: &Listing,
    after: Option<Cursor>,
    entries: usize,
) -> Vec<TicketRecord> {
    let of_listing = |ticket: &&TicketRecord| match listing {
        Listing::Own(guest) => ticket.is_of(*guest),
        Listing::Of(status, filter) => {
            ticket.conversation.status == *status && passes(filter, ticket)
        }
    };
    let mut tickets: Vec<(i64, &TicketRecord)> =
        tickets.filter(of_listing).map(|ticket| (listing.key(ticket), ticket)).collect();
    tickets.sort_by_key(|(key, ticket)| (*key, ticket.id));
    if !is_ascending(listing) {
        tickets.reverse();
    }
    let beyond = |place: (i64, TicketId)| match after {
        None => true,
        Some(Cursor { key, id }) if is_ascending(listing) => place > (key, id),
        Some(Cursor { key, id }) => place < (key, id),
    };
    tickets.retain(|(key, ticket)| beyond((*key, ticket.id)));
    tickets.into_iter().take(entries).map(|(_, ticket)| ticket.clone()).collect()
}

fn is_ascending(listing: &Listing) -> bool {
    matches!(listing, Listing::Of(TicketStatus::Open, _))
}

fn passes(Filter { answering, tag, words: wanted }: &Filter, ticket: &TicketRecord) -> bool {
    let assignee = ticket.notes.assignee.as_ref().map(|agent| agent.id);
    let answers = match answering {
        Answering::Anybody => true,
        Answering::Nobody => assignee.is_none(),
        Answering::Agent(agent) => assignee == Some(*agent),
    };
    let tagged = tag.as_ref().is_none_or(|tag| ticket.notes.tags.contains(tag));
    let fields = [
        ticket.subject.clone(),
        Some(ticket.reference.to_string()),
        ticket.guest.name.clone(),
        ticket.guest.email.clone(),
    ]
    .map(|field| words(&field.unwrap_or_default()));
    answers && tagged && wanted.iter().all(|it| fields.iter().any(|field| has(field, &words(it))))
}

/// Whether the words stand in the field one after the other, the last one begun at least.
fn has(field: &[String], wanted: &[String]) -> bool {
    let Some((last, whole)) = wanted.split_last() else { return true };
    field.windows(wanted.len()).any(|window| {
        window[..whole.len()] == *whole && window[whole.len()].starts_with(last.as_str())
    })
}
