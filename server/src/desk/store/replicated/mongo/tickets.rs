//! The steps on tickets' summaries, each one command.

use async_trait::async_trait;
use futures_util::TryStreamExt;
use mongodb::bson::{Bson, Document, doc};
use support_shared::{
    ClientMessageId, GuestId, TicketId,
    ids::TicketName,
    message::SenderRole,
    ticket::{Rating, TicketStatus},
};

use super::super::super::{Answering, Cursor, Filter, Listing, Result, StoreError, words::words};
use super::super::collections::{Inserted, Mark, OpenTicket, Opening, Tickets};
use super::documents::{answering, integer, parse, part, places, status, ticket, value};
use super::queries::{inserted, most};
use super::{Mongo, indexes};
use crate::desk::record::TicketRecord;

impl Mongo {
    async fn one_summary(&self, filter: Document) -> Result<Option<TicketRecord>> {
        self.tickets.find_one(filter).await?.map(|found| part(found, "record")).transpose()
    }

    /// Several updates in one command. What is written here is no entry of a log, and is mended
    /// when it is lost: `durable` says whether that may be.
    pub(super) async fn update_tickets(&self, updates: Vec<Document>, durable: bool) -> Result<()> {
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

#[async_trait]
impl Tickets for Mongo {
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
