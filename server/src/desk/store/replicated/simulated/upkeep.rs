//! The steps on all the rest.

use super::*;

#[async_trait]
impl Upkeep for Simulated {
    fn epoch(&self) -> &str {
        &self.epoch
    }

    async fn ping(&self) -> Result<()> {
        self.step(|_| ()).await
    }

    async fn canned(&self) -> Result<Vec<CannedRecord>> {
        self.step(|tables| {
            let mut canned: Vec<CannedRecord> = tables.canned.values().cloned().collect();
            canned.sort_by(|one, other| one.shortcut.cmp(&other.shortcut));
            canned
        })
        .await
    }

    async fn insert_canned(&self, canned: &CannedRecord) -> Result<Inserted> {
        let canned = canned.clone();
        self.step(move |tables| tables.insert_canned(canned)).await
    }

    async fn replace_canned(&self, canned: &CannedRecord) -> Result<ReplacedCanned> {
        let canned = canned.clone();
        self.step(move |tables| tables.replace_canned(canned)).await
    }

    async fn delete_canned(&self, id: CannedId) -> Result<bool> {
        self.step(move |tables| tables.canned.remove(&id).is_some()).await
    }

    async fn beat(&self, heartbeat: &Heartbeat) -> Result<()> {
        let heartbeat = heartbeat.clone();
        self.step(move |tables| tables.beat(heartbeat)).await
    }

    async fn heartbeats(&self) -> Result<Vec<Heartbeat>> {
        self.step(|tables| tables.heartbeats.values().cloned().collect()).await
    }

    async fn forget_node(&self, node: Ulid, beat: u64) -> Result<()> {
        self.step(move |tables| {
            tables.heartbeats.retain(|it, last| *it != node || last.beat > beat);
        })
        .await
    }

    async fn add_audit(&self, audit: &AuditRecord) -> Result<Inserted> {
        let audit = audit.clone();
        self.step(move |tables| {
            if tables.audit.contains_key(&audit.id) {
                return Inserted::Taken;
            }
            tables.audit.insert(audit.id, audit);
            Inserted::Done
        })
        .await
    }

    async fn newest_audit(&self) -> Result<Option<Ulid>> {
        self.step(|tables| tables.audit.last_key_value().map(|(id, _)| *id)).await
    }

    async fn last_audit(&self) -> Result<Option<(u64, String)>> {
        self.step(|tables| {
            let last = tables.audit.values().last()?;
            let AuditRecord { who, what, object, result, .. } = last;
            let object = object.as_deref().unwrap_or("-");
            Some((tables.audit.len() as u64, format!("{who} {what} {object} {result}")))
        })
        .await
    }

    async fn guests_after(&self, key: Option<&str>, count: usize) -> Result<Vec<GuestRecord>> {
        let after = behind(key);
        self.step(move |tables| {
            let guests = tables.guests.values().filter(|it| after(&it.guest.id.to_string()));
            guests.take(count).cloned().collect()
        })
        .await
    }

    async fn tickets_after(&self, key: Option<&str>, count: usize) -> Result<Vec<TicketRecord>> {
        let after = behind(key);
        self.step(move |tables| {
            let tickets = tables.tickets.values().map(|it| &it.record);
            tickets.filter(|it| after(&it.id.to_string())).take(count).cloned().collect()
        })
        .await
    }

    async fn entries_after(&self, key: Option<EntryKey>, count: usize) -> Result<Vec<Message>> {
        self.step(move |tables| {
            let place =
                |entry: &Message| (entry.ticket_id, log(entry) == Log::Notes, number(entry));
            let from = key.map(|key| (key.ticket, key.log == Log::Notes, key.seq));
            let entries = tables.entries.values();
            let behind = entries.filter(|it| from.is_none_or(|from| place(it) > from));
            behind.take(count).cloned().collect()
        })
        .await
    }

    async fn audit_after(&self, key: Option<&str>, count: usize) -> Result<Vec<AuditRecord>> {
        let after = behind(key);
        self.step(move |tables| {
            let audit = tables.audit.values().filter(|it| after(&it.id.to_string()));
            audit.take(count).cloned().collect()
        })
        .await
    }

    async fn set_importing(&self, importing: bool) -> Result<()> {
        self.step(move |tables| tables.importing = importing).await
    }
}
