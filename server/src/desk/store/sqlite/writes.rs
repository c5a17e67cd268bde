//! What is written, each in the transaction that the writer has open. What may follow what is
//! `desk::log`'s to say, here in the step that writes it.

use rusqlite::params;
use support_shared::{
    TicketId,
    message::{Message, SenderRole},
    ticket::{Guest, Rating, TicketStatus},
};

use super::super::{
    Appended, Created, Filter, Listing, Rated, Result, StoreError, Stored, What, moving::EntryKey,
};
use super::rows;
use super::writer::Db;
use crate::desk::{
    log::{Draft, Verdict},
    record::{NewTicket, TicketRecord},
};

/// What stands beside a ticket's record and moves it from list to list.
#[derive(PartialEq)]
pub(super) struct Place {
    pub(super) status: &'static str,
    pub(super) assignee: Option<String>,
    pub(super) order: i64,
    pub(super) counts: bool,
    pub(super) attended: bool,
    tags: Vec<String>,
}

impl Place {
    pub(super) fn of(ticket: &TicketRecord) -> Self {
        let status = match ticket.conversation.status {
            TicketStatus::Open => "open",
            TicketStatus::Closed => "closed",
        };
        let listing = Listing::Of(ticket.conversation.status, Filter::default());
        Self {
            status,
            assignee: ticket.notes.assignee.as_ref().map(|agent| agent.id.to_string()),
            order: listing.key(ticket),
            counts: ticket.counts(),
            attended: !ticket.conversation.present.is_empty(),
            tags: ticket.notes.tags.clone(),
        }
    }
}

fn add(db: &Db<'_>, ticket: &TicketRecord) -> Result<()> {
    let place = Place::of(ticket);
    db.connection
        .prepare_cached(
            "INSERT INTO tickets (id, reference, guest, created_by, status, assignee, place,
               counts, attended, active_at, record, checksum)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, checksum(?11))",
        )?
        .execute(params![
            ticket.id.to_string(),
            ticket.reference.to_string(),
            ticket.guest.id.to_string(),
            ticket.created_by.as_str(),
            place.status,
            place.assignee,
            place.order,
            place.counts,
            place.attended,
            ticket.conversation.at.as_millis(),
            rows::json(ticket)?,
        ])?;
    db.connection
        .prepare_cached(
            "INSERT INTO words (rowid, subject, reference, name, email)
             VALUES (last_insert_rowid(), ?1, ?2, ?3, ?4)",
        )?
        .execute(params![
            ticket.subject,
            ticket.reference.to_string(),
            ticket.guest.name,
            ticket.guest.email
        ])?;
    tag(db, ticket)
}

fn tag(db: &Db<'_>, ticket: &TicketRecord) -> Result<()> {
    for tag in &ticket.notes.tags {
        db.connection
            .prepare_cached("INSERT INTO tags (tag, ticket) VALUES (?1, ?2)")?
            .execute([tag, &ticket.id.to_string()])?;
    }
    Ok(())
}

/// Writes the record, and the columns beside it only if the ticket moves: most messages leave the
/// ticket where it is.
fn save(db: &Db<'_>, before: &Place, ticket: &TicketRecord) -> Result<()> {
    let id = ticket.id.to_string();
    let place = Place::of(ticket);
    if place.tags != before.tags {
        db.connection.prepare_cached("DELETE FROM tags WHERE ticket = ?1")?.execute([&id])?;
        tag(db, ticket)?;
    }
    if place != *before {
        db.connection
            .prepare_cached(
                "UPDATE tickets SET status = ?2, assignee = ?3, place = ?4, counts = ?5,
                   attended = ?6 WHERE id = ?1",
            )?
            .execute(params![
                id,
                place.status,
                place.assignee,
                place.order,
                place.counts,
                place.attended
            ])?;
    }
    db.connection
        .prepare_cached(
            "UPDATE tickets SET record = ?2, checksum = checksum(?2), active_at = ?3 WHERE id = ?1",
        )?
        .execute(params![id, rows::json(ticket)?, ticket.conversation.at.as_millis()])?;
    Ok(())
}

fn write_entry(db: &Db<'_>, message: &Message, log: i64) -> Result<()> {
    let seq = message.seq.or(message.note_seq).unwrap_or_default();
    let by_sender = message.client_message_id.as_ref().and(message.sender_id.as_ref());
    db.connection
        .prepare_cached(
            "INSERT INTO entries (ticket, log, seq, sender, client_message_id, entry, checksum)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, checksum(?6))",
        )?
        .execute(params![
            message.ticket_id.to_string(),
            log,
            i64::try_from(seq).unwrap_or(i64::MAX),
            by_sender,
            message.client_message_id.as_ref().map(support_shared::ClientMessageId::as_str),
            rows::json(message)?,
        ])?;
    Ok(())
}

/// Stores a ticket as it is; false when it is there.
pub(super) fn load_ticket(db: &Db<'_>, ticket: &TicketRecord) -> Result<bool> {
    let there: bool = db
        .connection
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM tickets WHERE id = ?1)")?
        .query_row([ticket.id.to_string()], |row| row.get(0))?;
    if !there {
        add(db, ticket)?;
    }
    Ok(!there)
}

/// Stores an entry as it is; false when its number is there.
pub(super) fn load_entry(db: &Db<'_>, message: &Message) -> Result<bool> {
    let EntryKey { ticket, log, seq } = EntryKey::of(message);
    let log = rows::number(log);
    let there: bool = db
        .connection
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM entries WHERE ticket = ?1 AND log = ?2 AND seq = ?3)",
        )?
        .query_row(
            params![ticket.to_string(), log, i64::try_from(seq).unwrap_or(i64::MAX)],
            |row| row.get(0),
        )?;
    if !there {
        write_entry(db, message, log)?;
    }
    Ok(!there)
}

/// Remembers what to tell of once it is committed.
fn announce(db: &mut Db<'_>, ticket: &TicketRecord, what: What) {
    db.stored.push(Stored { ticket: ticket.clone(), what });
}

pub(super) fn append(db: &mut Db<'_>, id: TicketId, draft: Draft) -> Result<Appended> {
    let Some(mut ticket) = rows::ticket(db.connection, id)? else {
        return Ok(Appended::NoTicket);
    };
    if let Some((sender, key)) = draft.key() {
        let sql = "SELECT entry, checksum FROM entries
                   WHERE ticket = ?1 AND sender = ?2 AND client_message_id = ?3";
        let before: Option<Message> =
            rows::one_record(db.connection, sql, (id.to_string(), sender, key.as_str()))?;
        if let Some(message) = before {
            announce(db, &ticket, What::Again(Box::new(message.clone())));
            return Ok(Appended::Duplicate(Box::new(message)));
        }
    }
    let log = rows::number(draft.log);
    match draft.on(&ticket) {
        Verdict::Write(message) => {
            let before = Place::of(&ticket);
            ticket.apply(&message);
            write_entry(db, &message, log)?;
            save(db, &before, &ticket)?;
            announce(db, &ticket, What::Entry(message.clone()));
            Ok(Appended::New(Box::new(ticket), message))
        }
        Verdict::Unchanged => Ok(Appended::Unchanged(Box::new(ticket))),
        Verdict::Refused(refusal) => Ok(Appended::Refused(refusal)),
    }
}

pub(super) fn create_ticket(
    db: &mut Db<'_>,
    new: NewTicket,
    first: Draft,
    most_open: u32,
) -> Result<Created> {
    let guest = new.guest.id.to_string();
    let sql = "SELECT record, checksum FROM tickets WHERE guest = ?1 AND created_by = ?2";
    let before: Option<TicketRecord> =
        rows::one_record(db.connection, sql, (&guest, new.created_by.as_str()))?;
    if let Some(ticket) = before {
        let sql = "SELECT entry, checksum FROM entries WHERE ticket = ?1 AND log = 0 AND seq = 1";
        let message: Message = rows::one_record(db.connection, sql, [ticket.id.to_string()])?
            .ok_or_else(|| StoreError::Corrupt(anyhow::anyhow!("a ticket without entries")))?;
        announce(db, &ticket, What::Again(Box::new(message.clone())));
        return Ok(Created::Duplicate(Box::new(ticket), Box::new(message)));
    }
    let open: u32 = db
        .connection
        .prepare_cached("SELECT count(*) FROM tickets WHERE guest = ?1 AND counts")?
        .query_row([&guest], |row| row.get(0))?;
    if most_open != 0 && open >= most_open {
        return Ok(Created::TooMany);
    }
    let taken: bool = db
        .connection
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM tickets WHERE reference = ?1)")?
        .query_row([new.reference.to_string()], |row| row.get(0))?;
    if taken {
        return Ok(Created::RefTaken);
    }
    let mut ticket = new.record();
    let log = rows::number(first.log);
    match first.on(&ticket) {
        Verdict::Write(message) => {
            ticket.apply(&message);
            write_entry(db, &message, log)?;
            add(db, &ticket)?;
            announce(db, &ticket, What::Entry(message.clone()));
            Ok(Created::New(Box::new(ticket), message))
        }
        Verdict::Unchanged | Verdict::Refused(_) => {
            Err(StoreError::Corrupt(anyhow::anyhow!("a new ticket takes its first message")))
        }
    }
}

pub(super) fn change_guest(db: &mut Db<'_>, guest: &Guest) -> Result<()> {
    let id = guest.id.to_string();
    db.connection
        .prepare_cached(
            "UPDATE guests SET name = ?2, email = ?3, checksum = checksum(id, ?2, ?3, created_at)
             WHERE id = ?1",
        )?
        .execute(params![id, guest.name, guest.email])?;
    let tickets: Vec<TicketRecord> = rows::records(
        db.connection,
        "SELECT record, checksum FROM tickets WHERE guest = ?1 ORDER BY id",
        [&id],
    )?;
    for mut ticket in tickets {
        ticket.guest = guest.clone();
        db.connection
            .prepare_cached(
                "UPDATE words SET name = ?2, email = ?3
                 WHERE rowid = (SELECT number FROM tickets WHERE id = ?1)",
            )?
            .execute(params![ticket.id.to_string(), guest.name, guest.email])?;
        save(db, &Place::of(&ticket), &ticket)?;
        if ticket.counts() {
            announce(db, &ticket, What::Guest);
        }
    }
    Ok(())
}

pub(super) fn mark_read(db: &mut Db<'_>, id: TicketId, role: SenderRole, seq: u64) -> Result<bool> {
    let Some(mut ticket) = rows::ticket(db.connection, id)? else { return Ok(false) };
    let seq = seq.min(ticket.conversation.seq);
    let mark = match role {
        SenderRole::Guest => &mut ticket.guest_read_seq,
        SenderRole::Agent | SenderRole::System => &mut ticket.agent_read_seq,
    };
    if seq <= *mark {
        return Ok(false);
    }
    *mark = seq;
    save(db, &Place::of(&ticket), &ticket)?;
    announce(db, &ticket, What::Mark);
    Ok(true)
}

pub(super) fn rate(db: &mut Db<'_>, id: TicketId, rating: Rating) -> Result<Rated> {
    let Some(mut ticket) = rows::ticket(db.connection, id)? else { return Ok(Rated::NoTicket) };
    let over = !ticket.counts();
    if !over || ticket.rating.is_some() {
        return Ok(Rated::Refused);
    }
    ticket.rating = Some(rating);
    save(db, &Place::of(&ticket), &ticket)?;
    announce(db, &ticket, What::Rating);
    Ok(Rated::Done(Box::new(ticket)))
}
