//! Each step of the protocol as one command of the database.

use std::time::Duration;

use async_trait::async_trait;
use futures_util::TryStreamExt;
use mongodb::{
    Collection,
    bson::{Bson, Document, doc},
    error::{Error, ErrorKind},
};
use support_shared::{
    AgentId, CannedId, ClientMessageId, GuestId, SessionId, TicketId, Timestamp,
    ids::TicketName,
    message::{Message, SenderRole},
    ticket::{Guest, Rating, TicketStatus},
};
use ulid::Ulid;

use super::super::super::{
    Answering, CannedRecord, Cursor, Filter, Heartbeat, Listing, ReplacedCanned, Result,
    StoreError,
    moving::{AuditRecord, EntryKey, GuestRecord},
    words::words,
};
use super::super::collections::{
    Account, Collections, Gate, Inserted, Mark, OpenTicket, Opening, TAIL, Tail,
};
use super::documents::{
    answering, entry, found_by, integer, log_number, parse, part, places, status, ticket, value,
};
use super::{DUPLICATE, IMPORT, Mongo, indexes, is_duplicate};
use crate::desk::{log::Log, record::TicketRecord};

impl Mongo {
    pub(super) async fn all(
        &self,
        of: &Collection<Document>,
        filter: Document,
    ) -> Result<Vec<Document>> {
        Ok(of.find(filter).await?.try_collect().await?)
    }

    async fn one_summary(&self, filter: Document) -> Result<Option<TicketRecord>> {
        self.tickets.find_one(filter).await?.map(|found| part(found, "record")).transpose()
    }

    async fn account(&self, filter: Document) -> Result<Option<Account>> {
        let found = self.agents.find_one(filter).await?;
        found.map(|found| parse(Bson::Document(found))).transpose()
    }

    /// Several updates in one command. What is written here is no entry of a log, and is mended
    /// when it is lost: `durable` says whether that may be.
    async fn update_tickets(&self, updates: Vec<Document>, durable: bool) -> Result<()> {
        if updates.is_empty() {
            return Ok(());
        }
        let concern = if durable {
            doc! { "w": "majority", "j": true }
        } else {
            doc! { "w": 1 }
        };
        let command = doc! {
            "update": indexes::TICKETS,
            "updates": updates,
            "ordered": false,
            "writeConcern": concern,
        };
        let answer = self.database.run_command(command).await?;
        if answer.contains_key("writeErrors") || answer.contains_key("writeConcernError") {
            return Err(StoreError::Unavailable(anyhow::anyhow!("tickets were not updated")));
        }
        Ok(())
    }
}

fn inserted<T>(result: std::result::Result<T, Error>) -> Result<Inserted> {
    match result {
        Ok(_) => Ok(Inserted::Done),
        Err(error) if is_duplicate(&error) => Ok(Inserted::Taken),
        Err(error) => Err(error.into()),
    }
}

fn number_of(log: Log, first: u64, last: u64) -> Document {
    doc! { "log": log_number(log), "seq": { "$gte": integer(first), "$lte": integer(last) } }
}

fn mark_field(role: SenderRole) -> &'static str {
    match role {
        SenderRole::Guest => "record.guestReadSeq",
        SenderRole::Agent | SenderRole::System => "record.agentReadSeq",
    }
}

/// The updates that bring a summary forward, each only onto an older part. Of the first two one is
/// done: where the ticket was marked as opening by an entry that is known by now, the mark goes.
fn forward(summary: &TicketRecord) -> Result<[Document; 3]> {
    let id = summary.id.to_string();
    let mut conversation = doc! { "record.conversation": value(&summary.conversation)? };
    conversation.extend(places(summary));
    let mut change = doc! {
        "$set": conversation,
        "$max": {
            "record.guestReadSeq": integer(summary.guest_read_seq),
            "record.agentReadSeq": integer(summary.agent_read_seq),
        },
    };
    let seq = integer(summary.conversation.seq);
    let mut opened = change.clone();
    let mut unset = doc! { "opening": "" };
    if !summary.counts() {
        change.insert("$unset", doc! { "slot": "" });
        unset.insert("slot", "");
    }
    opened.insert("$unset", unset);
    let mut notes = doc! { "record.notes": value(&summary.notes)? };
    notes.extend(answering(summary));
    let older = |part: &str, seq: u64| doc! { "_id": &id, part: { "$lt": integer(seq) } };
    let conversation = || older("record.conversation.seq", summary.conversation.seq);
    let mut marked = conversation();
    marked.insert("opening", doc! { "$lte": seq });
    Ok([
        doc! { "q": marked, "u": opened },
        doc! { "q": conversation(), "u": change },
        doc! { "q": older("record.notes.seq", summary.notes.seq), "u": { "$set": notes } },
    ])
}

fn listed(listing: &Listing, after: Option<Cursor>) -> (Document, Document) {
    let (mut filter, key, direction) = match listing {
        Listing::Of(state, Filter { answering, tag, words: sought }) => {
            let mut filter = doc! { "status": status(*state) };
            match answering {
                Answering::Anybody => {}
                Answering::Nobody => {
                    filter.insert("assignee", Bson::Null);
                }
                Answering::Agent(agent) => {
                    filter.insert("assignee", agent.to_string());
                }
            }
            if let Some(tag) = tag {
                filter.insert("tags", tag);
            }
            let beginnings: Vec<Document> = sought
                .iter()
                .flat_map(|word| words(word))
                // Letters and digits only: nothing in a word is the expression's own syntax.
                .map(|word| doc! { "words": { "$regex": format!("^{word}") } })
                .collect();
            if !beginnings.is_empty() {
                filter.insert("$and", beginnings);
            }
            (filter, "order", if *state == TicketStatus::Open { 1 } else { -1 })
        }
        Listing::Own(guest) => (doc! { "guestId": guest.to_string() }, "activeAt", -1),
    };
    if let Some(Cursor { key: from, id }) = after {
        let beyond = if direction == 1 { "$gt" } else { "$lt" };
        filter.insert(
            "$or",
            vec![
                doc! { key: { beyond: from } },
                doc! { key: from, "_id": { beyond: id.to_string() } },
            ],
        );
    }
    (filter, doc! { key: direction, "_id": direction })
}

#[async_trait]
impl Collections for Mongo {
    fn epoch(&self) -> &str {
        &self.epoch
    }

    async fn ping(&self) -> Result<()> {
        self.database.run_command(doc! { "ping": 1 }).await?;
        Ok(())
    }

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

    async fn insert_ticket(&self, summary: &TicketRecord, place: Option<u32>) -> Result<Inserted> {
        inserted(self.tickets.insert_one(ticket(summary, place)?).await)
    }

    async fn summaries(&self, ids: &[TicketId]) -> Result<Vec<TicketRecord>> {
        let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
        let found = self.all(&self.tickets, doc! { "_id": { "$in": ids } }).await?;
        found.into_iter().map(|it| part(it, "record")).collect()
    }

    async fn summary(
        &self,
        name: TicketName,
        owner: Option<GuestId>,
    ) -> Result<Option<TicketRecord>> {
        let mut filter = match name {
            TicketName::Id(id) => doc! { "_id": id.to_string() },
            TicketName::Ref(reference) => doc! { "ref": reference.to_string() },
        };
        if let Some(guest) = owner {
            filter.insert("guestId", guest.to_string());
        }
        self.one_summary(filter).await
    }

    async fn summary_by_creation(
        &self,
        guest: GuestId,
        key: &ClientMessageId,
    ) -> Result<Option<TicketRecord>> {
        self.one_summary(doc! { "guestId": guest.to_string(), "createdBy": key.as_str() }).await
    }

    async fn open_of(&self, guest: GuestId) -> Result<Vec<OpenTicket>> {
        let filter = doc! {
            "guestId": guest.to_string(),
            "$or": [{ "counts": true }, { "opening": { "$exists": true } }],
        };
        let found = self.all(&self.tickets, filter).await?;
        found
            .into_iter()
            .map(|it| {
                let place = it.get("slot").cloned().map(parse).transpose()?;
                Ok(OpenTicket { place, ticket: part(it, "record")? })
            })
            .collect()
    }

    async fn list(
        &self,
        listing: &Listing,
        after: Option<Cursor>,
        entries: usize,
    ) -> Result<Vec<TicketRecord>> {
        let (filter, order) = listed(listing, after);
        let found = self.tickets.find(filter).sort(order).limit(most(entries)).await?;
        let found: Vec<Document> = found.try_collect().await?;
        found.into_iter().map(|it| part(it, "record")).collect()
    }

    async fn attended(&self) -> Result<Vec<TicketRecord>> {
        let found = self.all(&self.tickets, doc! { "attended": true }).await?;
        found.into_iter().map(|it| part(it, "record")).collect()
    }

    async fn mark_opening(&self, openings: &[Opening]) -> Result<()> {
        let updates = openings.iter().map(|it| {
            doc! {
                "q": { "_id": it.ticket.to_string() },
                "u": { "$max": { "opening": integer(it.seq) } },
            }
        });
        self.update_tickets(updates.collect(), true).await
    }

    async fn save(&self, tickets: &[TicketRecord]) -> Result<()> {
        let updates: Result<Vec<[Document; 3]>> = tickets.iter().map(forward).collect();
        self.update_tickets(updates?.into_iter().flatten().collect(), false).await
    }

    async fn raise_marks(&self, marks: &[Mark]) -> Result<()> {
        let updates = marks.iter().map(|mark| {
            doc! {
                "q": { "_id": mark.ticket.to_string() },
                "u": { "$max": { mark_field(mark.role): integer(mark.seq) } },
            }
        });
        self.update_tickets(updates.collect(), true).await
    }

    async fn rate(&self, ticket: TicketId, rating: &Rating) -> Result<Inserted> {
        let unrated = doc! { "_id": ticket.to_string(), "record.rating": Bson::Null };
        let change = doc! { "$set": { "record.rating": value(rating)? } };
        let done = self.tickets.update_one(unrated, change).await?;
        Ok(if done.matched_count == 1 { Inserted::Done } else { Inserted::Taken })
    }

    async fn add_guest(&self, guest: &Guest, at: Timestamp) -> Result<()> {
        let document = doc! {
            "_id": guest.id.to_string(),
            "guest": value(guest)?,
            "createdAt": at.as_millis(),
        };
        inserted(self.guests.insert_one(document).await)?;
        Ok(())
    }

    async fn guest(&self, id: GuestId) -> Result<Option<Guest>> {
        let found = self.guests.find_one(doc! { "_id": id.to_string() }).await?;
        found.map(|found| part(found, "guest")).transpose()
    }

    async fn change_guest(&self, guest: &Guest) -> Result<()> {
        let id = guest.id.to_string();
        let new = value(guest)?;
        let change = doc! { "$set": { "guest": new.clone() } };
        self.guests.update_one(doc! { "_id": &id }, change).await?;
        let tickets = self.all(&self.tickets, doc! { "guestId": &id }).await?;
        let updates: Result<Vec<Document>> = tickets
            .into_iter()
            .map(|it| {
                let ticket: TicketRecord = part(it, "record")?;
                let named = doc! {
                    "record.guest": new.clone(),
                    "words": found_by(&ticket, guest),
                };
                let q = doc! { "_id": ticket.id.to_string() };
                Ok(doc! { "q": q, "u": { "$set": named } })
            })
            .collect();
        self.update_tickets(updates?, true).await
    }

    async fn insert_agent(&self, account: &Account) -> Result<Inserted> {
        let mut document = account_document(account)?;
        document.insert("_id", account.agent.id.to_string());
        inserted(self.agents.insert_one(document).await)
    }

    async fn agent(&self, id: AgentId) -> Result<Option<Account>> {
        self.account(doc! { "_id": id.to_string() }).await
    }

    async fn agent_by_name(&self, username: &str) -> Result<Option<Account>> {
        self.account(doc! { "agent.username": username }).await
    }

    async fn agent_by_session(&self, session: SessionId) -> Result<Option<Account>> {
        self.account(doc! { "sessions.id": session.to_string() }).await
    }

    async fn agents(&self) -> Result<Vec<Account>> {
        let found = self.agents.find(doc! {}).sort(doc! { "agent.username": 1 }).await?;
        let found: Vec<Document> = found.try_collect().await?;
        found.into_iter().map(|it| parse(Bson::Document(it))).collect()
    }

    async fn replace_agent(&self, account: &Account) -> Result<bool> {
        let before = doc! { "_id": account.agent.id.to_string(), "version": account.version - 1 };
        let change = doc! { "$set": account_document(account)? };
        Ok(self.agents.update_one(before, change).await?.matched_count == 1)
    }

    async fn gate(&self) -> Result<Gate> {
        let found = self.meta.find_one(doc! { "_id": "admins" }).await?;
        found.map_or_else(|| Ok(Gate::default()), |found| parse(Bson::Document(found)))
    }

    async fn replace_gate(&self, gate: &Gate) -> Result<bool> {
        let Bson::Document(mut document) = value(gate)? else { return Ok(false) };
        if gate.version == 1 {
            document.insert("_id", "admins");
            return Ok(inserted(self.meta.insert_one(document).await)? == Inserted::Done);
        }
        let before = doc! { "_id": "admins", "version": gate.version - 1 };
        let change = doc! { "$set": document };
        Ok(self.meta.update_one(before, change).await?.matched_count == 1)
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

fn most(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// A canned reply's fields: what it is found by, and the record.
fn canned_document(canned: &CannedRecord) -> Result<Document> {
    Ok(doc! {
        "shortcut": &canned.shortcut,
        "version": canned.version,
        "record": value(canned)?,
    })
}

/// An account's fields. A session's time is text in it, as in every record.
fn account_document(account: &Account) -> Result<Document> {
    match value(account)? {
        Bson::Document(document) => Ok(document),
        other => Err(StoreError::Corrupt(anyhow::anyhow!("an account became {other:?}"))),
    }
}
