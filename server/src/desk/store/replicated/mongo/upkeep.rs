//! The steps on all the rest, each one command.

use async_trait::async_trait;
use futures_util::TryStreamExt;
use mongodb::{
    Collection,
    bson::{Document, doc},
};
use support_shared::{CannedId, Timestamp, message::Message};
use ulid::Ulid;

use super::super::super::{
    CannedRecord, Heartbeat, ReplacedCanned, Result,
    moving::{AuditRecord, EntryKey, GuestRecord},
};
use super::super::collections::{Inserted, Upkeep};
use super::documents::{integer, log_number, part, value};
use super::queries::{inserted, most};
use super::{IMPORT, Mongo, is_duplicate};
use crate::desk::record::TicketRecord;

#[async_trait]
impl Upkeep for Mongo {
    fn epoch(&self) -> &str {
        &self.epoch
    }

    async fn ping(&self) -> Result<()> {
        self.database.run_command(doc! { "ping": 1 }).await?;
        Ok(())
    }

    async fn canned(&self) -> Result<Vec<CannedRecord>> {
        let found = self.canned.find(doc! {}).sort(doc! { "shortcut": 1 }).await?;
        let found: Vec<Document> = found.try_collect().await?;
        found.into_iter().map(|it| part(it, "record")).collect()
    }

    async fn insert_canned(&self, canned: &CannedRecord) -> Result<Inserted> {
        let mut document = canned_document(canned)?;
        document.insert("_id", canned.id.to_string());
        inserted(self.canned.insert_one(document).await)
    }

    async fn replace_canned(&self, canned: &CannedRecord) -> Result<ReplacedCanned> {
        let before = doc! { "_id": canned.id.to_string(), "version": canned.version - 1 };
        let change = doc! { "$set": canned_document(canned)? };
        match self.canned.update_one(before, change).await {
            Ok(done) if done.matched_count == 1 => Ok(ReplacedCanned::Done),
            Ok(_) => Ok(ReplacedCanned::Stale),
            Err(error) if is_duplicate(&error) => Ok(ReplacedCanned::ShortcutTaken),
            Err(error) => Err(error.into()),
        }
    }

    async fn delete_canned(&self, id: CannedId) -> Result<bool> {
        Ok(self.canned.delete_one(doc! { "_id": id.to_string() }).await?.deleted_count == 1)
    }

    async fn beat(&self, heartbeat: &Heartbeat) -> Result<()> {
        self.write_heartbeat(heartbeat).await
    }

    async fn heartbeats(&self) -> Result<Vec<Heartbeat>> {
        self.read_heartbeats().await
    }

    async fn forget_node(&self, node: Ulid, beat: u64) -> Result<()> {
        let last = doc! { "_id": node.to_string(), "beat": { "$lte": integer(beat) } };
        self.nodes.delete_one(last).await?;
        Ok(())
    }

    async fn add_audit(&self, audit: &AuditRecord) -> Result<Inserted> {
        let AuditRecord { id, at, who, what, object, result } = audit;
        let document = doc! {
            "_id": id.to_string(),
            "at": at.as_millis(),
            "who": who,
            "what": what,
            "object": object,
            "result": result,
        };
        inserted(self.audit.insert_one(document).await)
    }

    async fn newest_audit(&self) -> Result<Option<Ulid>> {
        let newest = self.audit.find_one(doc! {}).sort(doc! { "_id": -1 }).await?;
        newest.map(|newest| part(newest, "_id")).transpose()
    }

    #[cfg(test)]
    async fn last_audit(&self) -> Result<Option<(u64, String)>> {
        let count = self.audit.count_documents(doc! {}).await?;
        let last = self.audit.find_one(doc! {}).sort(doc! { "_id": -1 }).await?;
        let Some(last) = last else { return Ok(None) };
        let text = |name| last.get_str(name).unwrap_or("-").to_owned();
        let line = ["who", "what", "object", "result"].map(text).join(" ");
        Ok(Some((count, line)))
    }

    async fn guests_after(&self, key: Option<&str>, count: usize) -> Result<Vec<GuestRecord>> {
        let found = page_after(&self.guests, key, count).await?;
        found
            .into_iter()
            .map(|it| {
                let created_at = Timestamp::from_millis(part(it.clone(), "createdAt")?);
                Ok(GuestRecord { guest: part(it, "guest")?, created_at })
            })
            .collect()
    }

    async fn tickets_after(&self, key: Option<&str>, count: usize) -> Result<Vec<TicketRecord>> {
        let found = page_after(&self.tickets, key, count).await?;
        found.into_iter().map(|it| part(it, "record")).collect()
    }

    async fn entries_after(&self, key: Option<EntryKey>, count: usize) -> Result<Vec<Message>> {
        let filter = key.map_or_else(Document::new, |EntryKey { ticket, log, seq }| {
            let (ticket, log) = (ticket.to_string(), log_number(log));
            doc! { "$or": [
                { "ticketId": &ticket, "log": log, "seq": { "$gt": integer(seq) } },
                { "ticketId": &ticket, "log": { "$gt": log } },
                { "ticketId": { "$gt": &ticket } },
            ] }
        });
        let order = doc! { "ticketId": 1, "log": 1, "seq": 1 };
        let found = self.entries.find(filter).sort(order).limit(most(count)).await?;
        let found: Vec<Document> = found.try_collect().await?;
        found.into_iter().map(|it| part(it, "entry")).collect()
    }

    async fn audit_after(&self, key: Option<&str>, count: usize) -> Result<Vec<AuditRecord>> {
        let found = page_after(&self.audit, key, count).await?;
        found
            .into_iter()
            .map(|it| {
                Ok(AuditRecord {
                    id: part(it.clone(), "_id")?,
                    at: Timestamp::from_millis(part(it.clone(), "at")?),
                    who: part(it.clone(), "who")?,
                    what: part(it.clone(), "what")?,
                    object: part(it.clone(), "object")?,
                    result: part(it, "result")?,
                })
            })
            .collect()
    }

    async fn set_importing(&self, importing: bool) -> Result<()> {
        let mark = doc! { "_id": IMPORT };
        if importing {
            inserted(self.meta.insert_one(mark).await)?;
        } else {
            self.meta.delete_one(mark).await?;
        }
        Ok(())
    }
}

/// Documents in the order of their ids, from behind `key` on.
async fn page_after(
    of: &Collection<Document>,
    key: Option<&str>,
    count: usize,
) -> Result<Vec<Document>> {
    let filter = key.map_or_else(Document::new, |key| doc! { "_id": { "$gt": key } });
    let found = of.find(filter).sort(doc! { "_id": 1 }).limit(most(count)).await?;
    Ok(found.try_collect().await?)
}

/// A canned reply's fields: what it is found by, and the record.
fn canned_document(canned: &CannedRecord) -> Result<Document> {
    Ok(doc! {
        "shortcut": &canned.shortcut,
        "version": canned.version,
        "record": value(canned)?,
    })
}
