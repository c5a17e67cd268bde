//! What nodes say of themselves, one document a node. A node writes its own only.

use mongodb::bson::{Bson, Document, doc};
use ulid::Ulid;

use super::super::super::{Heartbeat, Result, StoreError};
use super::documents::{integer, parse};
use super::{Mongo, is_duplicate};

impl Mongo {
    pub(super) async fn write_heartbeat(&self, heartbeat: &Heartbeat) -> Result<()> {
        let seats: Vec<Document> = heartbeat
            .seats
            .iter()
            .map(|(ticket, agent)| doc! { "t": ticket.to_string(), "a": agent.to_string() })
            .collect();
        let beat = integer(heartbeat.beat);
        let older = doc! { "_id": heartbeat.node.to_string(), "beat": { "$lt": beat } };
        let change = doc! { "$set": { "beat": beat, "seats": seats } };
        match self.nodes.update_one(older, change).upsert(true).await {
            // A later one is there: this one was long on its way.
            Err(error) if is_duplicate(&error) => Ok(()),
            Err(error) => Err(error.into()),
            Ok(_) => Ok(()),
        }
    }

    pub(super) async fn read_heartbeats(&self) -> Result<Vec<Heartbeat>> {
        let found = self.all(&self.nodes, doc! {}).await?;
        found.iter().map(heartbeat).collect()
    }
}

fn heartbeat(document: &Document) -> Result<Heartbeat> {
    let corrupt = || StoreError::Corrupt(anyhow::anyhow!("a heartbeat does not parse"));
    let node: Ulid =
        document.get_str("_id").ok().and_then(|id| id.parse().ok()).ok_or_else(corrupt)?;
    let beat = document.get_i64("beat").ok().and_then(|beat| u64::try_from(beat).ok());
    let mut seats = Vec::new();
    for seat in document.get_array("seats").map_err(|_| corrupt())? {
        let name = |part| seat.as_document().and_then(|seat| seat.get(part)).cloned();
        let part = |name: Option<Bson>| name.ok_or_else(corrupt);
        seats.push((parse(part(name("t"))?)?, parse(part(name("a"))?)?));
    }
    Ok(Heartbeat { node, beat: beat.ok_or_else(corrupt)?, seats })
}
