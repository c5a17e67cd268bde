//! Looks at everything in the file: that its structure holds, that each row is what was written, and
//! that the rows say the same of the desk. Changes nothing, and names ids, nobody's words.

use std::collections::{BTreeMap, HashSet};
use std::path::Path;

use rusqlite::{Connection, OptionalExtension, Row};
use support_shared::{
    message::{Message, SystemEvent},
    ticket::Guest,
};

use super::super::{self as store, AgentRecord, CannedRecord, StoreError, moving::EntryKey};
use super::{file, migrations, rows, writes::Place};
use crate::desk::{
    log::Log,
    maintenance::{MaintenanceError, Progress, Report},
    record::{NewTicket, TicketRecord},
};

/// Faults of its structure that SQLite is asked for.
const STRUCTURE: i64 = 100;

/// What each row's checksum is over, by table, and the format that has it first.
const SUMS: [(i32, &str, &str, &str); 8] = [
    (2, "meta", "key", "key, value"),
    (2, "guests", "id", "id, name, email, created_at"),
    (2, "agents", "id", "record"),
    (2, "sessions", "id", "id, agent, ends_at, ended"),
    (3, "canned", "id", "record"),
    (2, "tickets", "id", "record"),
    (2, "entries", "ticket || '/' || log || '/' || seq", "entry"),
    (2, "audit", "id", "id, at, who, what, object, result"),
];

/// Looks at the store of the directory `data`, which nobody may be using.
pub(in crate::desk) fn check(
    data: &Path,
    progress: &mut Progress<'_>,
) -> Result<Report, MaintenanceError> {
    file::path(data)?;
    let (_lock, path) = file::lock(data)?;
    let (connection, format) = file::connect_to_examine(&path)?;
    Ok(examine(&connection, format, progress))
}

/// Looks at a copy.
pub(in crate::desk) fn check_file(
    path: &Path,
    progress: &mut Progress<'_>,
) -> Result<Report, MaintenanceError> {
    let path = path.canonicalize().map_err(|e| MaintenanceError::File(path.to_owned(), e))?;
    let (connection, format) = file::connect_to_examine(&path)?;
    Ok(examine(&connection, format, progress))
}

/// Looks at a file of this format, or of an older one for what that has.
pub(super) fn examine(db: &Connection, format: i32, progress: &mut Progress<'_>) -> Report {
    let mut report = Report::new(format);
    let steps: [(&str, Step); 7] = [
        ("structure", structure),
        ("schema", schema),
        ("checksums", checksums),
        ("people", people),
        ("canned", canned),
        ("tickets", tickets),
        ("strays", strays),
    ];
    for (what, step) in steps {
        if let Err(error) = step(db, &mut report, progress) {
            let cause = match error {
                StoreError::Unavailable(cause) | StoreError::Corrupt(cause) => cause,
            };
            report.fault(format!("{what}: cannot be read: {cause:#}"));
        }
    }
    report
}

type Step = fn(&Connection, &mut Report, &mut Progress<'_>) -> store::Result<()>;

fn structure(
    db: &Connection,
    report: &mut Report,
    progress: &mut Progress<'_>,
) -> store::Result<()> {
    progress("structure", 0, 1);
    let pages = db.pragma_query_value(None, "page_count", |row| row.get::<_, i64>(0))?;
    report.looked_at("pages", pages.unsigned_abs());
    db.pragma(None, "integrity_check", STRUCTURE, |row| {
        let line: String = row.get(0)?;
        if line != "ok" {
            report.fault(format!("structure: {line}"));
        }
        Ok(())
    })?;
    Ok(())
}

/// The tables and indexes must be those that the migrations make.
fn schema(db: &Connection, report: &mut Report, _: &mut Progress<'_>) -> store::Result<()> {
    let model = Connection::open_in_memory()?;
    super::checksum::add_functions(&model)?;
    migrations::model(&model, report.format)?;
    let read = |db: &Connection| -> rusqlite::Result<BTreeMap<String, String>> {
        let sql = "SELECT type || ' ' || name || ' on ' || tbl_name, coalesce(sql, '')
                   FROM sqlite_schema";
        db.prepare(sql)?.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
    };
    let (wanted, found) = (read(&model)?, read(db)?);
    report.looked_at("tables and indexes", found.len() as u64);
    for name in wanted.keys().filter(|name| !found.contains_key(*name)) {
        report.fault(format!("schema: no {name}"));
    }
    for (name, sql) in &found {
        match wanted.get(name) {
            None => report.fault(format!("schema: {name} is not ours")),
            Some(wanted) if wanted != sql => report.fault(format!("schema: {name} is changed")),
            Some(_) => {}
        }
    }
    Ok(())
}

fn checksums(
    db: &Connection,
    report: &mut Report,
    progress: &mut Progress<'_>,
) -> store::Result<()> {
    let format = report.format;
    let sums = SUMS.into_iter().filter(|(since, ..)| *since <= format);
    for (done, (_, table, key, values)) in sums.enumerate() {
        progress("checksums", done as u64, SUMS.len() as u64);
        let mut seen = 0;
        let sql = format!("SELECT {key}, checksum = checksum({values}) FROM {table} NOT INDEXED");
        let mut statement = db.prepare(&sql)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            seen += 1;
            if !row.get::<_, bool>(1)? {
                let key = String::from_utf8_lossy(row.get_ref(0)?.as_bytes().unwrap_or_default());
                report.fault(format!("{table}: {}: checksum does not match", key.escape_debug()));
            }
        }
        report.looked_at(table, seen);
    }
    Ok(())
}

fn canned(db: &Connection, report: &mut Report, _: &mut Progress<'_>) -> store::Result<()> {
    if report.format < 3 {
        return Ok(());
    }
    let mut statement = db.prepare("SELECT record, id, shortcut FROM canned")?;
    let mut canned = statement.query([])?;
    while let Some(row) = canned.next()? {
        let id: String = row.get(1)?;
        match rows::parse::<CannedRecord>(text(row, 0)?) {
            Err(_) => report.fault(format!("canned: {id}: the record does not parse")),
            Ok(it) if it.id.to_string() != id || it.shortcut != text(row, 2)? => {
                report.fault(format!("canned: {id}: the columns are not the record's"));
            }
            Ok(_) => {}
        }
    }
    Ok(())
}

fn people(db: &Connection, report: &mut Report, _: &mut Progress<'_>) -> store::Result<()> {
    let mut statement = db.prepare("SELECT record, id, username FROM agents")?;
    let mut agents = statement.query([])?;
    while let Some(row) = agents.next()? {
        let id: String = row.get(1)?;
        match rows::parse::<AgentRecord>(text(row, 0)?) {
            Err(_) => report.fault(format!("agents: {id}: the record does not parse")),
            Ok(agent) if agent.id.to_string() != id || agent.username != text(row, 2)? => {
                report.fault(format!("agents: {id}: the columns are not the record's"));
            }
            Ok(_) => {}
        }
    }
    let sql = "SELECT id FROM sessions WHERE agent NOT IN (SELECT id FROM agents)";
    for id in texts(db, sql)? {
        report.fault(format!("sessions: {id}: no such agent"));
    }
    for id in texts(db, "SELECT value FROM meta WHERE key = 'import'")? {
        report.fault(format!("meta: an import has {id} and not ended"));
    }
    if texts(db, "SELECT value FROM meta WHERE key = 'epoch'")?.is_empty() {
        report.fault(format!("meta: no {}", file::EPOCH));
    }
    Ok(())
}

fn tickets(db: &Connection, report: &mut Report, progress: &mut Progress<'_>) -> store::Result<()> {
    let count: i64 = db.query_row("SELECT count(*) FROM tickets", [], |row| row.get(0))?;
    let mut statement = db.prepare(
        "SELECT record, id, reference, guest, created_by, status, assignee, place, counts,
           attended, active_at, number FROM tickets NOT INDEXED",
    )?;
    let mut tickets = statement.query([])?;
    let mut done = 0;
    while let Some(row) = tickets.next()? {
        if done % 64 == 0 {
            progress("tickets", done, count.unsigned_abs());
        }
        done += 1;
        let id: String = row.get(1)?;
        let mut fault = |text: &str| report.fault(format!("tickets: {id}: {text}"));
        let Ok(ticket) = rows::parse::<TicketRecord>(text(row, 0)?) else {
            fault("the record does not parse");
            continue;
        };
        if !has_its_columns(row, &ticket)? {
            fault("the columns are not the record's");
        }
        if !is_found_by_its_words(db, row.get(11)?, &ticket)? {
            fault("what it is found by is not the record's");
        }
        let tags = texts_of(db, "SELECT tag FROM tags WHERE ticket = ?1 ORDER BY tag", &id)?;
        let mut own = ticket.notes.tags.clone();
        own.sort_unstable();
        if tags != own {
            fault("the tags are not the record's");
        }
        if guest_of(db, &ticket)?.as_ref() != Some(&ticket.guest) {
            fault("its guest is another one");
        }
        replay(db, &ticket, &mut fault)?;
    }
    Ok(())
}

fn has_its_columns(row: &Row<'_>, ticket: &TicketRecord) -> store::Result<bool> {
    let place = Place::of(ticket);
    Ok(ticket.id.to_string() == text(row, 1)?
        && ticket.reference.to_string() == text(row, 2)?
        && ticket.guest.id.to_string() == text(row, 3)?
        && ticket.created_by.as_str() == text(row, 4)?
        && place.status == text(row, 5)?
        && place.assignee == row.get::<_, Option<String>>(6)?
        && place.order == row.get::<_, i64>(7)?
        && place.counts == row.get::<_, bool>(8)?
        && place.attended == row.get::<_, bool>(9)?
        && ticket.conversation.at.as_millis() == row.get::<_, i64>(10)?)
}

type Words = (Option<String>, String, Option<String>, Option<String>);

fn is_found_by_its_words(
    db: &Connection,
    number: i64,
    ticket: &TicketRecord,
) -> store::Result<bool> {
    let sql = "SELECT subject, reference, name, email FROM words WHERE rowid = ?1";
    let row = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?));
    let found: Option<Words> = db.prepare_cached(sql)?.query_row([number], row).optional()?;
    let Guest { name, email, .. } = ticket.guest.clone();
    Ok(found == Some((ticket.subject.clone(), ticket.reference.to_string(), name, email)))
}

fn guest_of(db: &Connection, ticket: &TicketRecord) -> store::Result<Option<Guest>> {
    let id = ticket.guest.id;
    Ok(db
        .prepare_cached("SELECT name, email FROM guests WHERE id = ?1")?
        .query_row([id.to_string()], |row| Ok(Guest { id, name: row.get(0)?, email: row.get(1)? }))
        .optional()?)
}

/// Folds both logs again: they must be whole, keep the rules, and come to what the record says.
fn replay(
    db: &Connection,
    ticket: &TicketRecord,
    fault: &mut impl FnMut(&str),
) -> store::Result<()> {
    let mut fold = NewTicket {
        id: ticket.id,
        reference: ticket.reference,
        guest: ticket.guest.clone(),
        subject: ticket.subject.clone(),
        created_by: ticket.created_by.clone(),
        at: ticket.created_at,
    }
    .record();
    let sql = "SELECT entry, log, seq, sender, client_message_id FROM entries
               WHERE ticket = ?1 ORDER BY log, seq";
    let mut statement = db.prepare_cached(sql)?;
    let mut rows = statement.query([ticket.id.to_string()])?;
    let mut closings = HashSet::new();
    while let Some(row) = rows.next()? {
        let (number, seq): (i64, i64) = (row.get(1)?, row.get(2)?);
        let name = if number == 0 { "conversation" } else { "notes" };
        let Ok(entry) = rows::parse::<Message>(text(row, 0)?) else {
            fault(&format!("{name} {seq}: the entry does not parse"));
            continue;
        };
        let mut fault = |text: &str| fault(&format!("{name} {seq}: {text}"));
        let key = EntryKey::of(&entry);
        let by_sender = entry.client_message_id.as_ref().and(entry.sender_id.as_deref());
        let own = key.ticket == ticket.id
            && rows::number(key.log) == number
            && i64::try_from(key.seq) == Ok(seq)
            && row.get::<_, Option<String>>(3)?.as_deref() == by_sender
            && row.get::<_, Option<String>>(4)?.as_deref()
                == entry.client_message_id.as_ref().map(support_shared::ClientMessageId::as_str);
        if !own {
            fault("the columns are not the entry's");
        }
        let (head, at) = match key.log {
            Log::Conversation => (fold.conversation.seq, fold.conversation.at),
            Log::Notes => (fold.notes.seq, fold.notes.at),
        };
        if key.seq != head + 1 {
            fault(&format!("does not follow {head}"));
        }
        if entry.created_at < at {
            fault("is earlier than what is before it");
        }
        let reopens = matches!(entry.event, Some(SystemEvent::TicketReopened { .. }));
        let late = match key.log {
            Log::Conversation => !fold.is_open() && !reopens,
            Log::Notes => entry.after_seq.is_some_and(|seq| closings.contains(&seq)),
        };
        if late {
            fault("was written after the ticket was closed");
        }
        if matches!(entry.event, Some(SystemEvent::TicketClosed { .. })) {
            closings.insert(key.seq);
        }
        fold.apply(&entry);
    }
    if fold.conversation != ticket.conversation || fold.notes != ticket.notes {
        fault("the summary is not what its logs say");
    }
    let head = fold.conversation.seq;
    let mark = |folded: u64, kept: u64| (folded..=head).contains(&kept);
    if head == 0 {
        fault("has no first message");
    } else if !mark(fold.guest_read_seq, ticket.guest_read_seq)
        || !mark(fold.agent_read_seq, ticket.agent_read_seq)
    {
        fault("a read mark is where it cannot be");
    }
    Ok(())
}

/// Rows that belong to no ticket.
fn strays(db: &Connection, report: &mut Report, _: &mut Progress<'_>) -> store::Result<()> {
    for (table, sql) in [
        (
            "entries",
            "SELECT DISTINCT ticket FROM entries WHERE ticket NOT IN (SELECT id FROM tickets)",
        ),
        ("tags", "SELECT DISTINCT ticket FROM tags WHERE ticket NOT IN (SELECT id FROM tickets)"),
        (
            "words",
            "SELECT CAST(rowid AS TEXT) FROM words
             WHERE rowid NOT IN (SELECT number FROM tickets)",
        ),
    ] {
        for id in texts(db, sql)? {
            report.fault(format!("{table}: {}: no such ticket", id.escape_debug()));
        }
    }
    Ok(())
}

fn text<'a>(row: &'a Row<'_>, column: usize) -> store::Result<&'a str> {
    Ok(row.get_ref(column)?.as_str().map_err(rusqlite::Error::from)?)
}

fn texts(db: &Connection, sql: &str) -> store::Result<Vec<String>> {
    let mut statement = db.prepare(sql)?;
    let texts = statement.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
    Ok(texts)
}

fn texts_of(db: &Connection, sql: &str, of: &str) -> store::Result<Vec<String>> {
    let mut statement = db.prepare_cached(sql)?;
    let texts = statement.query_map([of], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
    Ok(texts)
}
