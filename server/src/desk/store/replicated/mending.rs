//! Brings a ticket's summary up to its log. A node that ends between an entry and its summary leaves
//! the summary behind; nothing that is read here trusts it further than its numbers.

use std::collections::HashMap;
use std::time::Duration;

use support_shared::TicketId;

use super::super::Result;
use super::collections::{Collections, TAIL, Tail, log, number};
use super::in_time;
use crate::desk::{log::Log, record::TicketRecord};

/// How often summaries of tickets that nobody loads are mended.
const ROUND: Duration = Duration::from_mins(1);

/// How far back a round looks: longer than a round, an outage of the database and a difference of
/// clocks take together.
const LOOK_BACK: Duration = Duration::from_mins(10);

/// Tickets that are mended at once.
const AT_ONCE: usize = 100;

/// The tickets that there are of these, as their logs say.
pub(super) async fn load(
    collections: &impl Collections,
    ids: &[TicketId],
) -> Result<Vec<TicketRecord>> {
    let summaries = collections.summaries(ids).await?;
    mend(collections, summaries).await
}

/// The tickets of these summaries, as their logs say.
pub(super) async fn mend(
    collections: &impl Collections,
    tickets: Vec<TicketRecord>,
) -> Result<Vec<TicketRecord>> {
    let mut behind: Vec<Tail> = tickets.iter().flat_map(tails).collect();
    let mut tickets: HashMap<TicketId, TicketRecord> =
        tickets.into_iter().map(|ticket| (ticket.id, ticket)).collect();
    let order: Vec<TicketId> = behind.iter().step_by(2).map(|tail| tail.ticket).collect();
    while !behind.is_empty() {
        let mut found = collections.tails(&behind).await?;
        found.sort_by_key(number);
        for entry in &found {
            if let Some(ticket) = tickets.get_mut(&entry.ticket_id) {
                // An entry that was written while this was read may be seen before the one that
                // precedes it: then the log ends, for this reader, before both.
                if number(entry) == head(ticket, log(entry)) + 1 {
                    ticket.apply(entry);
                }
            }
        }
        // Where as much was found as is read at once, there may be more.
        behind.retain_mut(|tail| {
            let now = tickets.get(&tail.ticket).map_or(tail.after, |it| head(it, tail.log));
            let full = now == tail.after + TAIL;
            tail.after = now;
            full
        });
    }
    Ok(order.iter().filter_map(|id| tickets.remove(id)).collect())
}

/// Brings the summaries of recent tickets forward, now and in rounds.
pub(super) async fn mend_now_and_then(collections: std::sync::Arc<impl Collections>) {
    let mut rounds = tokio::time::interval(ROUND);
    rounds.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        rounds.tick().await;
        if let Err(error) = mend_recent(collections.as_ref()).await {
            tracing::warn!(?error, "the summaries of tickets were not looked at");
        }
    }
}

async fn mend_recent(collections: &impl Collections) -> Result<()> {
    let recent = in_time(collections.recent_tickets(LOOK_BACK)).await?;
    for ids in recent.chunks(AT_ONCE) {
        let summaries = in_time(collections.summaries(ids)).await?;
        let mended = in_time(mend(collections, summaries.clone())).await?;
        let behind: Vec<TicketRecord> =
            mended.into_iter().filter(|ticket| !summaries.contains(ticket)).collect();
        if !behind.is_empty() {
            tracing::info!(tickets = behind.len(), "summaries mended");
            in_time(collections.save(&behind)).await?;
        }
    }
    Ok(())
}

fn tails(ticket: &TicketRecord) -> [Tail; 2] {
    [Log::Conversation, Log::Notes].map(|log| Tail {
        ticket: ticket.id,
        log,
        after: head(ticket, log),
    })
}

fn head(ticket: &TicketRecord, log: Log) -> u64 {
    match log {
        Log::Conversation => ticket.conversation.seq,
        Log::Notes => ticket.notes.seq,
    }
}
