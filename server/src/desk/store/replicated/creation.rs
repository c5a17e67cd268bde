//! Opening a ticket without a transaction. The first entry is written before the ticket, so that a
//! ticket never is without one; the ticket's insert is the commit. An entry whose ticket never came
//! is reached by nobody.

use support_shared::ids::TicketName;

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
            Place::TooMany => {
                // The very ticket may have been opened meanwhile, on another connection.
                return match in_time(collections.summary_by_creation(guest, &key)).await? {
                    Some(before) => opened_before(collections, announce, before).await,
                    None => Ok(Created::TooMany),
                };
            }
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
    if count(&open) >= most_open || open.iter().any(|it| !it.ticket.counts()) {
        // Some may have been closed by a node that has ended since, and those that are marked as
        // opening may have been opened.
        let tickets = open.into_iter().map(|it| it.ticket).collect();
        let mended = mending::mend(collections, tickets).await?;
        collections.save(&mended).await?;
        open = collections.open_of(ticket.guest.id).await?;
        for it in &mut open {
            if let Some(mended) = mended.iter().find(|mended| mended.id == it.ticket.id) {
                it.ticket = mended.clone();
            }
        }
    }
    open.retain(|it| it.ticket.counts());
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
    let counted = open.iter().filter(|it| it.ticket.counts()).count();
    u32::try_from(counted).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use support_shared::{
        GuestId, MessageId, TicketId, TicketRef, Timestamp,
        message::SystemEvent,
        ticket::{AgentName, Guest},
    };
    use tokio::sync::mpsc;
    use ulid::Ulid;

    use super::super::simulated::{Calm, Fate, Faults, Simulated, Tables};
    use super::super::{Replicated, Store};
    use super::*;
    use crate::desk::log::{Body, OnlyFrom, Sender};

    /// A node that ends before its summaries are on a majority.
    struct LosesSummaries;

    impl Faults for LosesSummaries {
        fn fate(&self) -> Fate {
            Fate { is_rolled_back: true, ..Fate::default() }
        }

        fn is_alive(&self) -> bool {
            true
        }
    }

    fn draft(id: u128, sender: Sender, body: Body) -> Draft {
        Draft {
            id: MessageId::from_ulid(Ulid::from(id)),
            log: Log::Conversation,
            at: Timestamp::from_millis(1),
            sender,
            body,
            only_from: OnlyFrom::Anybody,
        }
    }

    #[tokio::test]
    async fn a_ticket_that_was_opened_again_counts_also_when_its_summary_was_lost() {
        let tables = Arc::new(Mutex::new(Tables::new("history".to_owned(), Arc::default())));
        let node = |faults: Arc<dyn Faults>| {
            let collections = Simulated::open(Arc::clone(&tables), faults);
            let (announce, announced) = mpsc::channel(100);
            (Replicated::start(collections, announce), announced)
        };
        let guest = Guest { id: GuestId::from_ulid(Ulid::from(1)), name: None, email: None };
        let create = async |store: &Replicated<Simulated>, number: u32| {
            let key: support_shared::ClientMessageId = format!("k{number}").parse().unwrap();
            let new = NewTicket {
                id: TicketId::from_ulid(Ulid::from(u128::from(number))),
                reference: TicketRef::from_bits(number),
                guest: guest.clone(),
                subject: None,
                created_by: key.clone(),
                at: Timestamp::from_millis(1),
            };
            let body = Body::Text { content: "hello".to_owned(), client_message_id: key };
            let sender = Sender::Guest(guest.id, "Maya".to_owned());
            let first = draft(u128::from(number) * 100, sender, body);
            store.create_ticket(new, first, 1).await.unwrap()
        };
        let (calm, _calm) = node(Arc::new(Calm));
        let (ends, _ends) = node(Arc::new(LosesSummaries));
        let Created::New(ticket, _) = create(&calm, 1).await else { panic!() };
        let agent = AgentName {
            id: support_shared::AgentId::from_ulid(Ulid::from(2)),
            name: "A".to_owned(),
        };
        let event = |id, event| draft(id, Sender::System, Body::Event(event));
        let closed = SystemEvent::TicketClosed { agent: Some(agent.clone()), reason: None };
        calm.append(ticket.id, event(2, closed)).await.unwrap();
        let reopened = SystemEvent::TicketReopened { agent: Some(agent) };
        ends.append(ticket.id, event(3, reopened)).await.unwrap();

        assert_eq!(create(&calm, 2).await, Created::TooMany);
    }
}
