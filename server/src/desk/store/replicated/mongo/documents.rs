//! Records as documents, and back. A document holds the record as it is, and beside it, in fields
//! of their own, what is looked up or listed. Nothing that a client has sent becomes a key or an
//! operator: values only.

use mongodb::bson::{self, Bson, Document, doc};
use serde::{Serialize, de::DeserializeOwned};
use support_shared::{
    message::Message,
    ticket::{Guest, TicketStatus},
};

use super::super::super::{Filter, Listing, Result, StoreError, words::words};
use super::super::collections::{log, number};
use crate::desk::{log::Log, record::TicketRecord};

pub(super) fn value(record: &impl Serialize) -> Result<Bson> {
    bson::serialize_to_bson(record).map_err(|error| StoreError::Corrupt(error.into()))
}

pub(super) fn parse<T: DeserializeOwned>(value: Bson) -> Result<T> {
    bson::deserialize_from_bson(value).map_err(|error| StoreError::Corrupt(error.into()))
}

/// The part `name` of a document.
pub(super) fn part<T: DeserializeOwned>(mut document: Document, name: &str) -> Result<T> {
    let missing = || StoreError::Corrupt(anyhow::anyhow!("a document without {name}"));
    parse(document.remove(name).ok_or_else(missing)?)
}

pub(super) fn integer(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

pub(super) fn log_number(log: Log) -> i32 {
    match log {
        Log::Conversation => 0,
        Log::Notes => 1,
    }
}

pub(super) fn entry(message: &Message) -> Result<Document> {
    let mut document = doc! {
        "_id": message.id.to_string(),
        "ticketId": message.ticket_id.to_string(),
        "log": log_number(log(message)),
        "seq": integer(number(message)),
        "entry": value(message)?,
    };
    if let (Some(sender), Some(key)) = (&message.sender_id, &message.client_message_id) {
        document.insert("senderId", sender);
        document.insert("clientMessageId", key.as_str());
    }
    Ok(document)
}

pub(super) fn ticket(ticket: &TicketRecord, slot: Option<u32>) -> Result<Document> {
    let mut document = doc! {
        "_id": ticket.id.to_string(),
        "ref": ticket.reference.to_string(),
        "guestId": ticket.guest.id.to_string(),
        "createdBy": ticket.created_by.as_str(),
        "words": found_by(ticket, &ticket.guest),
        "record": value(ticket)?,
    };
    document.extend(places(ticket));
    document.extend(answering(ticket));
    if let Some(slot) = slot {
        document.insert("slot", slot);
    }
    Ok(document)
}

/// What the conversation says of the lists that a ticket is in.
pub(super) fn places(ticket: &TicketRecord) -> Document {
    let conversation = &ticket.conversation;
    doc! {
        "status": status(conversation.status),
        "order": Listing::Of(conversation.status, Filter::default()).key(ticket),
        "counts": ticket.counts(),
        "attended": !conversation.present.is_empty(),
        "activeAt": conversation.at.as_millis(),
    }
}

/// What the notes say of the lists that a ticket is in.
pub(super) fn answering(ticket: &TicketRecord) -> Document {
    doc! {
        "assignee": ticket.notes.assignee.as_ref().map(|agent| agent.id.to_string()),
        "tags": ticket.notes.tags.clone(),
    }
}

/// The words that a ticket of this guest is found by, each once.
pub(super) fn found_by(ticket: &TicketRecord, guest: &Guest) -> Vec<String> {
    let reference = ticket.reference.to_string();
    let texts = [
        ticket.subject.as_deref(),
        Some(reference.as_str()),
        guest.name.as_deref(),
        guest.email.as_deref(),
    ];
    let mut found: Vec<String> = texts.into_iter().flatten().flat_map(words).collect();
    found.sort();
    found.dedup();
    found
}

pub(super) fn status(status: TicketStatus) -> &'static str {
    match status {
        TicketStatus::Open => "open",
        TicketStatus::Closed => "closed",
    }
}
