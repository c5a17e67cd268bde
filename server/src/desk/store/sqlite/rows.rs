//! Reading rows. Every list is served by an index and bounded by its page.

use rusqlite::{Connection, OptionalExtension, Params, Row, ToSql};
use serde::{Serialize, de::DeserializeOwned};
use support_shared::{
    GuestId, SessionId, TicketId, Timestamp,
    ids::TicketName,
    message::Message,
    ticket::{Guest, TicketStatus},
};

use super::super::{
    Answering, Cursor, Facts, Filter, Listing, Page, Range, Result, SessionRecord, Size,
    StoreError, Whose,
};
use super::checksum;
use crate::desk::{log::Log, record::TicketRecord};

pub(super) fn json(record: &impl Serialize) -> Result<String> {
    serde_json::to_string(record).map_err(|error| StoreError::Corrupt(error.into()))
}

pub(super) fn parse<T: DeserializeOwned>(json: &str) -> Result<T> {
    serde_json::from_str(json).map_err(|error| StoreError::Corrupt(error.into()))
}

pub(super) fn one_record<T: DeserializeOwned>(
    db: &Connection,
    sql: &str,
    params: impl Params,
) -> Result<Option<T>> {
    let mut statement = db.prepare_cached(sql)?;
    let mut rows = statement.query(params)?;
    rows.next()?.map(record).transpose()
}

/// The record in a row's first column, whose checksum is in the second.
pub(super) fn record<T: DeserializeOwned>(row: &Row<'_>) -> Result<T> {
    let json = row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?;
    checksum::verify(json, row.get(1)?)?;
    parse(json)
}

pub(super) fn records<T: DeserializeOwned>(
    db: &Connection,
    sql: &str,
    params: impl Params,
) -> Result<Vec<T>> {
    let mut statement = db.prepare_cached(sql)?;
    let mut rows = statement.query(params)?;
    let mut records = Vec::new();
    while let Some(row) = rows.next()? {
        records.push(record(row)?);
    }
    Ok(records)
}

pub(super) fn ticket(db: &Connection, id: TicketId) -> Result<Option<TicketRecord>> {
    one_record(db, "SELECT record, checksum FROM tickets WHERE id = ?1", [id.to_string()])
}

pub(super) fn facts(db: &Connection, whose: Whose, name: Option<TicketName>) -> Result<Facts> {
    // One transaction is one moment: nothing is decided on a mixture of before and after.
    let _moment = db.unchecked_transaction()?;
    let mut facts = Facts::default();
    match whose {
        Whose::Nobodys => {}
        Whose::Guest(id) => facts.guest = guest(db, id)?,
        Whose::Agent(id, session_id) => {
            let sql = "SELECT record, checksum FROM agents WHERE id = ?1";
            facts.agent = one_record(db, sql, [id.to_string()])?;
            facts.session = session(db, session_id)?;
        }
    }
    // Another guest's is not looked at any further than one that is not there.
    let owner = match whose {
        Whose::Guest(id) => Some(id.to_string()),
        Whose::Nobodys | Whose::Agent(..) => None,
    };
    facts.ticket = match name {
        None => None,
        Some(TicketName::Id(id)) => {
            let sql =
                "SELECT record, checksum FROM tickets WHERE id = ?1 AND guest = ifnull(?2, guest)";
            one_record(db, sql, (id.to_string(), owner))?
        }
        Some(TicketName::Ref(reference)) => {
            let sql = "SELECT record, checksum FROM tickets WHERE reference = ?1 AND guest = ifnull(?2, guest)";
            one_record(db, sql, (reference.to_string(), owner))?
        }
    };
    Ok(facts)
}

fn guest(db: &Connection, id: GuestId) -> Result<Option<Guest>> {
    let sql = "SELECT name, email, checksum = checksum(id, name, email, created_at)
               FROM guests WHERE id = ?1";
    let row = db
        .prepare_cached(sql)?
        .query_row([id.to_string()], |row| {
            Ok((Guest { id, name: row.get(0)?, email: row.get(1)? }, row.get(2)?))
        })
        .optional()?;
    row.map(|(guest, intact)| checksum::intact(intact).map(|()| guest)).transpose()
}

pub(super) fn session(db: &Connection, id: SessionId) -> Result<Option<SessionRecord>> {
    let sql = "SELECT agent, ends_at, ended, checksum = checksum(id, agent, ends_at, ended)
               FROM sessions WHERE id = ?1";
    let row = db
        .prepare_cached(sql)?
        .query_row([id.to_string()], |row| {
            Ok((row.get::<_, String>(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
        })
        .optional()?;
    row.map(|(agent, ends_at, ended, intact)| {
        checksum::intact(intact)?;
        let agent = agent.parse().map_err(|e| StoreError::Corrupt(anyhow::Error::from(e)))?;
        Ok(SessionRecord { id, agent, ends_at: Timestamp::from_millis(ends_at), ended })
    })
    .transpose()
}

pub(super) fn tickets(
    db: &Connection,
    listing: &Listing,
    after: Option<Cursor>,
    entries: usize,
) -> Result<Vec<TicketRecord>> {
    let mut conditions: Vec<&str> = Vec::new();
    let mut values: Vec<(&str, Box<dyn ToSql>)> = Vec::new();
    let (key, descending) = match listing {
        Listing::Of(status, Filter { answering, tag, words }) => {
            match answering {
                Answering::Anybody => {}
                Answering::Nobody => conditions.push("assignee IS NULL"),
                Answering::Agent(agent) => {
                    conditions.push("assignee = :assignee");
                    values.push((":assignee", Box::new(agent.to_string())));
                }
            }
            if let Some(tag) = tag {
                conditions.push("id IN (SELECT ticket FROM tags WHERE tag = :tag)");
                values.push((":tag", Box::new(tag.clone())));
            }
            if !words.is_empty() {
                conditions.push("number IN (SELECT rowid FROM words WHERE words MATCH :words)");
                values.push((":words", Box::new(quoted(words))));
            }
            match status {
                TicketStatus::Open => {
                    conditions.push("status = 'open'");
                    ("place", false)
                }
                TicketStatus::Closed => {
                    conditions.push("status = 'closed'");
                    ("place", true)
                }
            }
        }
        Listing::Own(guest) => {
            conditions.push("guest = :guest");
            values.push((":guest", Box::new(guest.to_string())));
            ("active_at", true)
        }
    };
    let (direction, beyond) = if descending { ("DESC", "<") } else { ("ASC", ">") };
    let behind = format!("({key}, id) {beyond} (:key, :id)");
    if let Some(cursor) = after {
        conditions.push(&behind);
        values.push((":key", Box::new(cursor.key)));
        values.push((":id", Box::new(cursor.id.to_string())));
    }
    values.push((":entries", Box::new(i64::try_from(entries).unwrap_or(i64::MAX))));
    let sql = format!(
        "SELECT record, checksum FROM tickets WHERE {} ORDER BY {key} {direction}, id {direction} LIMIT :entries",
        conditions.join(" AND "),
    );
    let values: Vec<(&str, &dyn ToSql)> =
        values.iter().map(|(name, value)| (*name, value.as_ref())).collect();
    records(db, &sql, values.as_slice())
}

pub(super) fn messages(
    db: &Connection,
    ticket: TicketId,
    log: Log,
    range: Range,
    size: Size,
) -> Result<Page> {
    let (sql, bound) = match range {
        Range::Before(seq) => (
            "SELECT entry, checksum FROM entries WHERE ticket = ?1 AND log = ?2 AND seq < ?3 ORDER BY seq DESC",
            seq,
        ),
        Range::After(seq) => (
            "SELECT entry, checksum FROM entries WHERE ticket = ?1 AND log = ?2 AND seq > ?3 ORDER BY seq ASC",
            seq,
        ),
    };
    let bound = i64::try_from(bound).unwrap_or(i64::MAX);
    let mut statement = db.prepare_cached(sql)?;
    let mut rows = statement.query((ticket.to_string(), number(log), bound))?;
    let mut messages: Vec<Message> = Vec::new();
    let mut bytes = 0;
    let mut has_more = false;
    while let Some(row) = rows.next()? {
        let entry = row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?;
        bytes += entry.len();
        // A page always moves on, by one entry at least.
        if messages.len() == size.entries || (bytes > size.bytes && !messages.is_empty()) {
            has_more = true;
            break;
        }
        messages.push(record(row)?);
    }
    if let Range::Before(_) = range {
        messages.reverse();
    }
    Ok(Page { messages, has_more })
}

/// The words as literal beginnings, so that nothing in them is the search's own syntax.
fn quoted(words: &[String]) -> String {
    let quoted: Vec<String> =
        words.iter().map(|word| format!("\"{}\"*", word.replace('"', "\"\""))).collect();
    quoted.join(" ")
}

pub(super) fn number(log: Log) -> i64 {
    match log {
        Log::Conversation => 0,
        Log::Notes => 1,
    }
}
