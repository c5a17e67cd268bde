//! The embedded store: one SQLite file in the data directory.
//!
//! One thread writes ([`writer`]), several connections read. Durability is SQLite's WAL with
//! `synchronous=FULL`: a commit that has returned is on the disk. Owns the file and its lock; makes
//! no decision about the desk, which is `desk::log`'s.

mod backup;
mod canned;
mod check;
mod checksum;
#[cfg(test)]
mod damage;
mod dump;
mod file;
mod migrations;
mod people;
mod reader;
mod rows;
mod writer;
mod writes;

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use support_shared::{
    AgentId, CannedId, ClientMessageId, GuestId, SessionId, TicketId, Timestamp,
    ids::TicketName,
    message::SenderRole,
    ticket::{Guest, Rating},
};
use tokio::sync::mpsc;

use self::{reader::Readers, writer::Writer};
use super::{
    AddedCanned, AgentChange, AgentRecord, Announce, Appended, Audit, CannedRecord, Changed,
    Created, Cursor, Facts, Listing, Page, Range, Rated, ReplacedCanned, Result, SessionRecord,
    Size, Store, StoreError, Whose,
    moving::{GuestRecord, Kind, Record},
};
use crate::clock::Source;
use crate::desk::{
    log::{Draft, Log},
    record::{NewTicket, TicketRecord},
};

pub(in crate::desk) use backup::{backup, restore};
pub(in crate::desk) use check::{check, check_file};
#[cfg(test)]
pub(in crate::desk) use checksum::add_functions;
pub(crate) use file::OpenError;

/// Read-only connections beside the writer.
const READERS: usize = 4;

/// The store in one file.
pub(crate) struct Sqlite {
    writer: Writer,
    readers: Arc<Readers>,
    epoch: String,
}

impl Sqlite {
    /// Opens the store in the directory `data`, making it when there is none.
    pub(crate) fn open(
        data: &Path,
        source: &Source,
        announce: Announce,
    ) -> std::result::Result<Self, OpenError> {
        let opened = file::open(data, source)?;
        if opened.unfinished {
            return Err(OpenError::Unfinished(data.to_owned()));
        }
        Self::on(opened, announce)
    }

    /// The same for an export: makes none.
    pub(crate) fn open_to_export(
        data: &Path,
        source: &Source,
    ) -> std::result::Result<Self, OpenError> {
        file::path(data)?;
        let (announce, _) = mpsc::channel(1);
        Self::open(data, source, announce)
    }

    /// The same for an import, also where one has begun and not ended.
    pub(crate) fn open_to_import(
        data: &Path,
        source: &Source,
    ) -> std::result::Result<Self, OpenError> {
        // Nothing is announced, so nobody has to listen.
        let (announce, _) = mpsc::channel(1);
        Self::on(file::open(data, source)?, announce)
    }

    fn on(opened: file::Opened, announce: Announce) -> std::result::Result<Self, OpenError> {
        let file::Opened { connection, lock, path, epoch, .. } = opened;
        let readers = (0..READERS)
            .map(|_| file::connect_to_read(&path))
            .collect::<rusqlite::Result<Vec<_>>>()
            .map_err(|error| OpenError::Database(path.clone(), error))?;
        Ok(Self {
            writer: Writer::start(connection, lock, announce).map_err(OpenError::Thread)?,
            readers: Arc::new(Readers::new(readers)),
            epoch,
        })
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(rusqlite::ErrorCode::DatabaseCorrupt | rusqlite::ErrorCode::NotADatabase) => {
                Self::Corrupt(error.into())
            }
            _ => Self::Unavailable(error.into()),
        }
    }
}

#[async_trait]
impl Store for Sqlite {
    fn epoch(&self) -> &str {
        &self.epoch
    }

    async fn ping(&self) -> Result<()> {
        self.readers.read(|db| Ok(db.query_row("SELECT 1", [], |_| Ok(()))?)).await
    }

    async fn create_ticket(&self, new: NewTicket, first: Draft, most_open: u32) -> Result<Created> {
        self.writer.write(move |db| writes::create_ticket(db, new, first, most_open)).await
    }

    async fn ticket_opened(
        &self,
        guest: GuestId,
        key: ClientMessageId,
    ) -> Result<Option<TicketId>> {
        self.readers
            .read(move |db| {
                let sql =
                    "SELECT record, checksum FROM tickets WHERE guest = ?1 AND created_by = ?2";
                let ticket: Option<TicketRecord> =
                    rows::one_record(db, sql, (guest.to_string(), key.as_str()))?;
                Ok(ticket.map(|ticket| ticket.id))
            })
            .await
    }

    async fn append(&self, ticket: TicketId, draft: Draft) -> Result<Appended> {
        self.writer.write(move |db| writes::append(db, ticket, draft)).await
    }

    async fn facts(&self, whose: Whose, ticket: Option<TicketName>) -> Result<Facts> {
        self.readers.read(move |db| rows::facts(db, whose, ticket)).await
    }

    async fn mark_read(&self, ticket: TicketId, role: SenderRole, seq: u64) -> Result<bool> {
        self.writer.write(move |db| writes::mark_read(db, ticket, role, seq)).await
    }

    async fn rate(&self, ticket: TicketId, rating: Rating) -> Result<Rated> {
        self.writer.write(move |db| writes::rate(db, ticket, rating)).await
    }

    async fn ticket(&self, id: TicketId) -> Result<Option<TicketRecord>> {
        self.readers.read(move |db| rows::ticket(db, id)).await
    }

    async fn tickets(
        &self,
        listing: Listing,
        after: Option<Cursor>,
        entries: usize,
    ) -> Result<Vec<TicketRecord>> {
        self.readers.read(move |db| rows::tickets(db, &listing, after, entries)).await
    }

    async fn attended_tickets(&self) -> Result<Vec<TicketRecord>> {
        self.readers
            .read(|db| rows::records(db, "SELECT record, checksum FROM tickets WHERE attended", []))
            .await
    }

    async fn messages(&self, ticket: TicketId, log: Log, range: Range, size: Size) -> Result<Page> {
        self.readers.read(move |db| rows::messages(db, ticket, log, range, size)).await
    }

    async fn add_guest(&self, guest: Guest, at: Timestamp) -> Result<()> {
        let guest = GuestRecord { guest, created_at: at };
        let added = self.writer.write(move |db| people::add_guest(db.connection, &guest)).await?;
        let taken = || StoreError::Unavailable(anyhow::anyhow!("another guest has this id"));
        added.then_some(()).ok_or_else(taken)
    }

    async fn change_guest(&self, guest: Guest) -> Result<()> {
        self.writer.write(move |db| writes::change_guest(db, &guest)).await
    }

    async fn add_agent(&self, agent: AgentRecord) -> Result<bool> {
        self.writer.write(move |db| people::add_agent(db.connection, &agent)).await
    }

    async fn agent_by_name(&self, username: String) -> Result<Option<AgentRecord>> {
        self.readers
            .read(move |db| {
                rows::one_record(
                    db,
                    "SELECT record, checksum FROM agents WHERE username = ?1",
                    [username],
                )
            })
            .await
    }

    async fn agents(&self) -> Result<Vec<AgentRecord>> {
        self.readers
            .read(|db| {
                rows::records(db, "SELECT record, checksum FROM agents ORDER BY username", [])
            })
            .await
    }

    async fn change_agent(
        &self,
        id: AgentId,
        change: AgentChange,
        keep: Option<SessionId>,
    ) -> Result<Changed> {
        self.writer.write(move |db| people::change_agent(db, id, change, keep)).await
    }

    async fn add_session(
        &self,
        session: SessionRecord,
        password_hash: String,
        now: Timestamp,
    ) -> Result<bool> {
        self.writer.write(move |db| people::add_session(db, &session, &password_hash, now)).await
    }

    async fn session(&self, id: SessionId) -> Result<Option<SessionRecord>> {
        self.readers.read(move |db| rows::session(db, id)).await
    }

    async fn end_session(&self, id: SessionId) -> Result<()> {
        self.writer.write(move |db| people::end_session(db.connection, id)).await
    }

    async fn ended_sessions(&self, of: Vec<SessionId>) -> Result<Vec<SessionId>> {
        self.readers
            .read(move |db| {
                let mut ended = Vec::new();
                for id in of {
                    if rows::session(db, id)?.is_none_or(|session| session.ended) {
                        ended.push(id);
                    }
                }
                Ok(ended)
            })
            .await
    }

    async fn canned(&self) -> Result<Vec<CannedRecord>> {
        self.readers.read(canned::all).await
    }

    async fn add_canned(&self, canned: CannedRecord, most: usize) -> Result<AddedCanned> {
        self.writer.write(move |db| canned::add(db.connection, &canned, most)).await
    }

    async fn replace_canned(&self, canned: CannedRecord) -> Result<ReplacedCanned> {
        self.writer.write(move |db| canned::replace(db.connection, &canned)).await
    }

    async fn remove_canned(&self, id: CannedId) -> Result<bool> {
        self.writer.write(move |db| canned::remove(db.connection, id)).await
    }

    async fn audit(&self, audit: Audit) -> Result<()> {
        self.writer.write(move |db| people::add_audit(db.connection, audit)).await
    }

    #[cfg(test)]
    async fn last_audit(&self) -> Result<Option<(u64, String)>> {
        self.readers
            .read(|db| {
                let sql = "SELECT count(*), max(id) FROM audit";
                let (count, last) = db.query_row(sql, [], |row| {
                    Ok((row.get::<_, i64>(0)?, row.get::<_, Option<String>>(1)?))
                })?;
                let Some(last) = last else { return Ok(None) };
                let sql =
                    "SELECT who || ' ' || what || ' ' || coalesce(object, '-') || ' ' || result
                           FROM audit WHERE id = ?1";
                let line = db.query_row(sql, [last], |row| row.get(0))?;
                Ok(Some((count.unsigned_abs(), line)))
            })
            .await
    }

    async fn dump(&self, kind: Kind, after: Option<String>, count: usize) -> Result<Vec<Record>> {
        self.readers.read(move |db| dump::dump(db, kind, after.as_deref(), count)).await
    }

    async fn load(&self, records: Vec<Record>) -> Result<()> {
        self.writer.write(move |db| dump::load(db, &records)).await
    }

    async fn set_importing(&self, importing: bool) -> Result<()> {
        self.writer
            .write(move |db| {
                if importing {
                    file::set_meta(db.connection, file::IMPORT, "begun")?;
                } else {
                    db.connection.execute("DELETE FROM meta WHERE key = ?1", [file::IMPORT])?;
                }
                Ok(())
            })
            .await
    }

    async fn close(&self) {
        self.writer.close().await;
    }
}
