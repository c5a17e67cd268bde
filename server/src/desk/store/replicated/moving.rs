//! Everything in the collections, record by record, to another store and from one. And the audit,
//! whose ids are given here because they are what puts it in an order.

use std::collections::HashSet;

use support_shared::TicketId;
use ulid::Ulid;

use super::super::{
    Audit, Result, StoreError,
    moving::{AuditRecord, EntryKey, Kind, Record},
};
use super::collections::{Account, Collections, Inserted};
use super::{in_time, mending};

/// How often to give another id when another node has given it too.
const TRIES: usize = 16;

pub(super) async fn audit(collections: &impl Collections, audit: Audit) -> Result<()> {
    let Audit { at, who, what, object, result } = audit;
    for _ in 0..TRIES {
        let last = in_time(collections.newest_audit()).await?;
        let next = last.map_or(0, |last| u128::from(last) + 1);
        let now = Ulid::from_parts(u64::try_from(at.as_millis()).unwrap_or_default(), 0);
        let id = now.max(Ulid::from(next));
        let (who, what, object) = (who.clone(), what.clone(), object.clone());
        let record = AuditRecord { id, at, who, what, object, result: result.to_owned() };
        if in_time(collections.add_audit(&record)).await? == Inserted::Done {
            return Ok(());
        }
    }
    Err(StoreError::Unavailable(anyhow::anyhow!("others write into the audit all the time")))
}

pub(super) async fn dump(
    collections: &impl Collections,
    kind: Kind,
    after: Option<String>,
    count: usize,
) -> Result<Vec<Record>> {
    let after = after.as_deref();
    Ok(match kind {
        Kind::Guest => {
            let guests = collections.guests_after(after, count).await?;
            guests.into_iter().map(Record::Guest).collect()
        }
        Kind::Agent => {
            let mut agents = collections.agents().await?;
            agents.sort_by_key(|account| account.agent.id.to_string());
            agents
                .into_iter()
                .filter(|it| after.is_none_or(|after| it.agent.id.to_string().as_str() > after))
                .take(count)
                .map(|account| Record::Agent(account.agent))
                .collect()
        }
        Kind::Session => {
            let agents = collections.agents().await?;
            let mut sessions: Vec<_> =
                agents.into_iter().flat_map(|account| account.sessions).collect();
            sessions.sort_by_key(|session| session.id.to_string());
            sessions
                .into_iter()
                .filter(|it| after.is_none_or(|after| it.id.to_string().as_str() > after))
                .take(count)
                .map(Record::Session)
                .collect()
        }
        Kind::Canned => {
            let mut canned = collections.canned().await?;
            canned.sort_by_key(|it| it.id.to_string());
            canned
                .into_iter()
                .filter(|it| after.is_none_or(|after| it.id.to_string().as_str() > after))
                .take(count)
                .map(Record::Canned)
                .collect()
        }
        Kind::Ticket => {
            let summaries = collections.tickets_after(after, count).await?;
            let tickets = mending::mend(collections, summaries).await?;
            tickets.into_iter().map(|ticket| Record::Ticket(Box::new(ticket))).collect()
        }
        Kind::Entry => entries(collections, after, count).await?,
        Kind::Audit => {
            let audit = collections.audit_after(after, count).await?;
            audit.into_iter().map(Record::Audit).collect()
        }
    })
}

/// Entries of tickets that there are: see `creation` for those that belong to none.
async fn entries(
    collections: &impl Collections,
    after: Option<&str>,
    count: usize,
) -> Result<Vec<Record>> {
    let mut after = after
        .map(str::parse::<EntryKey>)
        .transpose()
        .map_err(|error| StoreError::Corrupt(error.into()))?;
    loop {
        let page = collections.entries_after(after, count).await?;
        let Some(last) = page.last() else { return Ok(Vec::new()) };
        after = Some(EntryKey::of(last));
        let ids: HashSet<TicketId> = page.iter().map(|entry| entry.ticket_id).collect();
        let ids: Vec<TicketId> = ids.into_iter().collect();
        let tickets = collections.summaries(&ids).await?;
        let there: HashSet<TicketId> = tickets.into_iter().map(|ticket| ticket.id).collect();
        let found: Vec<Record> = page
            .into_iter()
            .filter(|entry| there.contains(&entry.ticket_id))
            .map(|entry| Record::Entry(Box::new(entry)))
            .collect();
        if !found.is_empty() {
            return Ok(found);
        }
    }
}

pub(super) async fn load(collections: &impl Collections, records: Vec<Record>) -> Result<()> {
    let mut entries = Vec::new();
    for record in records {
        match record {
            Record::Guest(guest) => collections.add_guest(&guest.guest, guest.created_at).await?,
            Record::Agent(agent) => {
                let account = Account { agent, sessions: Vec::new(), version: 0 };
                collections.insert_agent(&account).await?;
            }
            Record::Session(session) => super::accounts::load_session(collections, session).await?,
            Record::Canned(canned) => {
                collections.insert_canned(&canned).await?;
            }
            Record::Ticket(ticket) => {
                collections.insert_ticket(&ticket, None).await?;
            }
            Record::Entry(entry) => entries.push(*entry),
            Record::Audit(audit) => {
                collections.add_audit(&audit).await?;
            }
        }
    }
    if !entries.is_empty() {
        let _: Vec<Inserted> =
            collections.insert_entries(&entries).await.into_iter().collect::<Result<_>>()?;
    }
    Ok(())
}
