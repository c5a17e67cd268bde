//! Reading everything in the order of its keys, and writing it as it was elsewhere.

use rusqlite::{Connection, Params, Row};
use support_shared::{Timestamp, ticket::Guest};
use ulid::Ulid;

use super::super::{
    Result, SessionRecord, StoreError,
    moving::{AuditRecord, EntryKey, GuestRecord, Kind, Record},
};
use super::writer::Db;
use super::{canned, checksum, people, rows, writes};

pub(super) fn dump(
    db: &Connection,
    kind: Kind,
    after: Option<&str>,
    count: usize,
) -> Result<Vec<Record>> {
    let count = i64::try_from(count).unwrap_or(i64::MAX);
    let after = after.unwrap_or_default();
    match kind {
        Kind::Guest => {
            let sql = "SELECT id, name, email, created_at,
                         checksum = checksum(id, name, email, created_at)
                       FROM guests WHERE id > ?1 ORDER BY id LIMIT ?2";
            list(db, sql, (after, count), guest)
        }
        Kind::Agent => {
            let sql = "SELECT record, checksum FROM agents WHERE id > ?1 ORDER BY id LIMIT ?2";
            list(db, sql, (after, count), |row| rows::record(row).map(Record::Agent))
        }
        Kind::Session => {
            let sql = "SELECT id, agent, ends_at, ended,
                         checksum = checksum(id, agent, ends_at, ended)
                       FROM sessions WHERE id > ?1 ORDER BY id LIMIT ?2";
            list(db, sql, (after, count), session)
        }
        Kind::Canned => {
            let sql = "SELECT record, checksum FROM canned WHERE id > ?1 ORDER BY id LIMIT ?2";
            list(db, sql, (after, count), |row| rows::record(row).map(Record::Canned))
        }
        Kind::Ticket => {
            let sql = "SELECT record, checksum FROM tickets WHERE id > ?1 ORDER BY id LIMIT ?2";
            list(db, sql, (after, count), |row| rows::record(row).map(Record::Ticket))
        }
        Kind::Entry => entries(db, after, count),
        Kind::Audit => {
            let sql = "SELECT id, at, who, what, object, result,
                         checksum = checksum(id, at, who, what, object, result)
                       FROM audit WHERE id > ?1 ORDER BY id LIMIT ?2";
            list(db, sql, (after, count), audit)
        }
    }
}

fn entries(db: &Connection, after: &str, count: i64) -> Result<Vec<Record>> {
    let record = |row: &Row<'_>| rows::record(row).map(Record::Entry);
    if after.is_empty() {
        let sql = "SELECT entry, checksum FROM entries ORDER BY ticket, log, seq LIMIT ?1";
        return list(db, sql, [count], record);
    }
    let EntryKey { ticket, log, seq } = after.parse().map_err(corrupt)?;
    let sql = "SELECT entry, checksum FROM entries WHERE (ticket, log, seq) > (?1, ?2, ?3)
               ORDER BY ticket, log, seq LIMIT ?4";
    let seq = i64::try_from(seq).unwrap_or(i64::MAX);
    list(db, sql, (ticket.to_string(), rows::number(log), seq, count), record)
}

fn list(
    db: &Connection,
    sql: &str,
    params: impl Params,
    record: impl Fn(&Row<'_>) -> Result<Record>,
) -> Result<Vec<Record>> {
    let mut statement = db.prepare_cached(sql)?;
    let mut rows = statement.query(params)?;
    let mut records = Vec::new();
    while let Some(row) = rows.next()? {
        records.push(record(row)?);
    }
    Ok(records)
}

fn guest(row: &Row<'_>) -> Result<Record> {
    checksum::intact(row.get(4)?)?;
    Ok(Record::Guest(GuestRecord {
        guest: Guest {
            id: row.get::<_, String>(0)?.parse().map_err(corrupt)?,
            name: row.get(1)?,
            email: row.get(2)?,
        },
        created_at: Timestamp::from_millis(row.get(3)?),
    }))
}

fn session(row: &Row<'_>) -> Result<Record> {
    checksum::intact(row.get(4)?)?;
    Ok(Record::Session(SessionRecord {
        id: row.get::<_, String>(0)?.parse().map_err(corrupt)?,
        agent: row.get::<_, String>(1)?.parse().map_err(corrupt)?,
        ends_at: Timestamp::from_millis(row.get(2)?),
        ended: row.get(3)?,
    }))
}

fn audit(row: &Row<'_>) -> Result<Record> {
    checksum::intact(row.get(6)?)?;
    Ok(Record::Audit(AuditRecord {
        id: Ulid::from_string(&row.get::<_, String>(0)?).map_err(corrupt)?,
        at: Timestamp::from_millis(row.get(1)?),
        who: row.get(2)?,
        what: row.get(3)?,
        object: row.get(4)?,
        result: row.get(5)?,
    }))
}

fn corrupt(error: impl std::error::Error + Send + Sync + 'static) -> StoreError {
    StoreError::Corrupt(error.into())
}

/// All of them or, when one cannot be written, none.
pub(super) fn load(db: &Db<'_>, records: &[Record]) -> Result<()> {
    for record in records {
        match record {
            Record::Guest(guest) => people::add_guest(db.connection, guest)?,
            Record::Agent(agent) => people::add_agent(db.connection, agent)?,
            Record::Session(session) => people::insert_session(db.connection, session)?,
            Record::Canned(it) => canned::insert(db.connection, it)?,
            Record::Ticket(ticket) => writes::load_ticket(db, ticket)?,
            Record::Entry(message) => writes::load_entry(db, message)?,
            Record::Audit(audit) => people::insert_audit(db.connection, audit)?,
        };
    }
    Ok(())
}
