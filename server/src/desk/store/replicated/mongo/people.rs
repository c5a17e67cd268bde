//! The steps on guests and agents, each one command.

use std::collections::HashSet;

use async_trait::async_trait;
use futures_util::TryStreamExt;
use mongodb::bson::{Bson, Document, doc};
use serde::Deserialize;
use support_shared::{AgentId, GuestId, SessionId, Timestamp, ticket::Guest};

use super::super::super::{Result, StoreError};
use super::super::collections::{Account, Gate, Inserted, People};
use super::Mongo;
use super::documents::{found_by, parse, part, value};
use super::queries::inserted;
use crate::desk::record::TicketRecord;

impl Mongo {
    async fn account(&self, filter: Document) -> Result<Option<Account>> {
        let found = self.agents.find_one(filter).await?;
        found.map(|found| parse(Bson::Document(found))).transpose()
    }

    async fn accounts(&self, filter: Document) -> Result<Vec<Account>> {
        let found = self.agents.find(filter).sort(doc! { "agent.username": 1 }).await?;
        let found: Vec<Document> = found.try_collect().await?;
        found.into_iter().map(|it| parse(Bson::Document(it))).collect()
    }
}

#[async_trait]
impl People for Mongo {
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

    async fn standing_sessions(&self, of: &[SessionId]) -> Result<HashSet<SessionId>> {
        let ids: Vec<String> = of.iter().map(SessionId::to_string).collect();
        let found = self
            .agents
            .clone_with_type::<Logins>()
            .find(doc! { "sessions.id": { "$in": ids } })
            .projection(doc! { "_id": 0, "sessions.id": 1, "sessions.ended": 1 })
            .await?;
        let found: Vec<Logins> = found.try_collect().await?;
        let stand = found.into_iter().flat_map(|it| it.sessions).filter(|login| !login.ended);
        Ok(stand.map(|login| login.id).collect())
    }

    async fn agents(&self) -> Result<Vec<Account>> {
        self.accounts(doc! {}).await
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
}

/// Of an account, which logins stand.
#[derive(Deserialize)]
struct Logins {
    sessions: Vec<Login>,
}

#[derive(Deserialize)]
struct Login {
    id: SessionId,
    ended: bool,
}

/// An account's fields. A session's time is text in it, as in every record.
fn account_document(account: &Account) -> Result<Document> {
    match value(account)? {
        Bson::Document(document) => Ok(document),
        other => Err(StoreError::Corrupt(anyhow::anyhow!("an account became {other:?}"))),
    }
}
