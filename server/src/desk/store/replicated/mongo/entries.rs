//! The steps on the entries of all logs, each one command.

use std::time::Duration;

use async_trait::async_trait;
use futures_util::TryStreamExt;
use mongodb::{
    bson::{Document, doc},
    error::ErrorKind,
};
use support_shared::{ClientMessageId, TicketId, message::Message};
use ulid::Ulid;

use super::super::super::{Result, StoreError};
use super::super::collections::{Entries, Inserted, TAIL, Tail};
use super::documents::{entry, integer, log_number, parse, part};
use super::{DUPLICATE, Mongo};
use crate::desk::log::Log;

#[async_trait]
impl Entries for Mongo {
    async fn insert_entries(&self, entries: &[Message]) -> Vec<Result<Inserted>> {
        let documents: Result<Vec<Document>> = entries.iter().map(entry).collect();
        let fail = |why: &dyn std::fmt::Display| {
            let unavailable = |_| Err(StoreError::Unavailable(anyhow::anyhow!("{why}")));
            entries.iter().map(unavailable).collect()
        };
        let documents = match documents {
            Ok(documents) => documents,
            Err(error) => return fail(&error),
        };
        let Err(error) = self.entries.insert_many(documents).ordered(false).await else {
            return entries.iter().map(|_| Ok(Inserted::Done)).collect();
        };
        let ErrorKind::InsertMany(failed) = error.kind.as_ref() else { return fail(&error) };
        // Without its majority an entry may be rolled back: none of them is acknowledged.
        if failed.write_concern_error.is_some() {
            return fail(&error);
        }
        let mut outcomes: Vec<Result<Inserted>> =
            entries.iter().map(|_| Ok(Inserted::Done)).collect();
        for failure in failed.write_errors.iter().flatten() {
            if let Some(outcome) = outcomes.get_mut(failure.index) {
                *outcome = if failure.code == DUPLICATE {
                    Ok(Inserted::Taken)
                } else {
                    Err(StoreError::Unavailable(anyhow::anyhow!("{}", failure.message)))
                };
            }
        }
        outcomes
    }

    async fn entry_by_key(
        &self,
        ticket: TicketId,
        sender: &str,
        key: &ClientMessageId,
    ) -> Result<Option<Message>> {
        let filter = doc! {
            "ticketId": ticket.to_string(),
            "senderId": sender,
            "clientMessageId": key.as_str(),
        };
        self.entries.find_one(filter).await?.map(|found| part(found, "entry")).transpose()
    }

    async fn entries(
        &self,
        ticket: TicketId,
        log: Log,
        first: u64,
        last: u64,
    ) -> Result<Vec<Message>> {
        let mut filter = doc! { "ticketId": ticket.to_string() };
        filter.extend(number_of(log, first, last));
        let found = self.entries.find(filter).sort(doc! { "seq": 1 }).await?;
        let found: Vec<Document> = found.try_collect().await?;
        found.into_iter().map(|it| part(it, "entry")).collect()
    }

    async fn tails(&self, tails: &[Tail]) -> Result<Vec<Message>> {
        let either: Vec<Document> = tails
            .iter()
            .map(|tail| {
                let mut filter = doc! { "ticketId": tail.ticket.to_string() };
                filter.extend(number_of(tail.log, tail.after + 1, tail.after + TAIL));
                filter
            })
            .collect();
        if either.is_empty() {
            return Ok(Vec::new());
        }
        let found = self.all(&self.entries, doc! { "$or": either }).await?;
        found.into_iter().map(|it| part(it, "entry")).collect()
    }

    async fn recent_tickets(&self, before_newest: Duration) -> Result<Vec<TicketId>> {
        let newest = self.entries.find_one(doc! {}).sort(doc! { "_id": -1 }).await?;
        let Some(newest) = newest else { return Ok(Vec::new()) };
        let id: Ulid = part::<String>(newest, "_id")?
            .parse()
            .map_err(|error: ulid::DecodeError| StoreError::Corrupt(error.into()))?;
        let look_back = u64::try_from(before_newest.as_millis()).unwrap_or(u64::MAX);
        let since = Ulid::from_parts(id.timestamp_ms().saturating_sub(look_back), 0);
        let filter = doc! { "_id": { "$gte": since.to_string() } };
        let tickets = self.entries.distinct("ticketId", filter).await?;
        tickets.into_iter().map(parse).collect()
    }
}

fn number_of(log: Log, first: u64, last: u64) -> Document {
    doc! { "log": log_number(log), "seq": { "$gte": integer(first), "$lte": integer(last) } }
}
