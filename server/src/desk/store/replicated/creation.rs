//! Opening a ticket without a transaction. The first entry is written before the ticket, so that a
//! ticket never is without one; the ticket's insert is the commit. An entry whose ticket never came
//! is reached by nobody.

use support_shared::{ids::TicketName, ticket::TicketStatus};

use super::super::{Announce, Created, Result, StoreError, Stored, What};
use super::collections::{Collections, Inserted, OpenTicket};
use super::{in_time, mending};
use crate::desk::{
    log::{Draft, Log, Verdict},
    record::{NewTicket, TicketRecord},
};

/// How often to look again when another ticket of the guest came between.
const TRIES: usize = 16;

/// What the guest's limit says.
enum Place {
    /// There is none, or this place is free.
    Free(Option<u32>),
    TooMany,
}

pub(super) async fn create(
    collections: &impl Collections,
    announce: &Announce,
    new: NewTicket,
    first: Draft,
    most_open: u32,
) -> Result<Created> {
    let (guest, key) = (new.guest.id, new.created_by.clone());
    let reference = TicketName::Ref(new.reference);
    let mut ticket = new.record();
    let Verdict::Write(message) = first.on(&ticket) else {
        return Err(StoreError::Corrupt(anyhow::anyhow!("a new ticket takes its first message")));
    };
    ticket.apply(&message);
    let mut written = false;
    for _ in 0..TRIES {
        if let Some(before) = in_time(collections.summary_by_creation(guest, &key)).await? {
            return opened_before(collections, announce, before).await;
        }
        let place = match in_time(place(collections, &ticket, most_open)).await? {
            Place::Free(place) => place,
            Place::TooMany => return Ok(Created::TooMany),
        };
        if in_time(collections.summary(reference, None)).await?.is_some() {
            return Ok(Created::RefTaken);
        }
        if !written {
            let entry = std::slice::from_ref(message.as_ref());
            let insert = async { collections.insert_entries(entry).await.into_iter().collect() };
            let _: Vec<Inserted> = in_time(insert).await?;
            written = true;
        }
        if in_time(collections.insert_ticket(&ticket, place)).await? == Inserted::Done {
            let what = What::Entry(message.clone());
            let _ = announce.send(Stored { ticket: ticket.clone(), what }).await;
            return Ok(Created::New(Box::new(ticket), message));
        }
    }
    Err(StoreError::Unavailable(anyhow::anyhow!("too many tickets of one guest at once")))
}

async fn opened_before(
    collections: &impl Collections,
    announce: &Announce,
    summary: TicketRecord,
) -> Result<Created> {
    let mended = in_time(mending::mend(collections, vec![summary])).await?.pop();
    let lost = || StoreError::Corrupt(anyhow::anyhow!("a ticket without entries"));
    let ticket = mended.ok_or_else(lost)?;
    let first = in_time(collections.entries(ticket.id, Log::Conversation, 1, 1)).await?.pop();
    let message = Box::new(first.ok_or_else(lost)?);
    let what = What::Again(message.clone());
    let _ = announce.send(Stored { ticket: ticket.clone(), what }).await;
    Ok(Created::Duplicate(Box::new(ticket), message))
}

/// A free one of the places that a guest's open tickets take. The unique index on guest and
/// place is what makes the limit hold when several are opened at once; a ticket that was opened
/// again has no place, so that it takes away from those that are left.
async fn place(
    collections: &impl Collections,
    ticket: &TicketRecord,
    most_open: u32,
) -> Result<Place> {
    if most_open == 0 {
        return Ok(Place::Free(None));
    }
    let mut open = collections.open_of(ticket.guest.id).await?;
    if count(&open) >= most_open {
        // Some may have been closed by a node that has ended since.
        let tickets = open.into_iter().map(|it| it.ticket).collect();
        let mended = mending::mend(collections, tickets).await?;
        collections.save(&mended).await?;
        open = collections.open_of(ticket.guest.id).await?;
    }
    let displaced = open.iter().filter(|it| it.place.is_none()).count();
    let places = most_open.saturating_sub(u32::try_from(displaced).unwrap_or(u32::MAX));
    let free: Vec<u32> =
        (0..places).filter(|place| open.iter().all(|it| it.place != Some(*place))).collect();
    if free.is_empty() || count(&open) >= most_open {
        return Ok(Place::TooMany);
    }
    // Those that are opened at once look for different ones.
    let chance = ticket.id.to_string().bytes().next_back().unwrap_or_default();
    Ok(Place::Free(free.get(usize::from(chance) % free.len()).copied()))
}

fn count(open: &[OpenTicket]) -> u32 {
    let counted = open.iter().filter(|it| {
        let conversation = &it.ticket.conversation;
        conversation.status == TicketStatus::Open && !conversation.ended_by_guest
    });
    u32::try_from(counted.count()).unwrap_or(u32::MAX)
}
