//! What moves from one store to another: every record in a form that belongs to no store, each with
//! a key that puts those of its kind in an order.

use serde::{Deserialize, Serialize};
use support_shared::{TicketId, Timestamp, message::Message, ticket::Guest};
use ulid::Ulid;

use super::{AgentRecord, CannedRecord, SessionRecord};
use crate::desk::{log::Log, record::TicketRecord};

/// What there is, in the order in which it moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Kind {
    Guest,
    Agent,
    Session,
    Canned,
    Ticket,
    Entry,
    Audit,
}

impl Kind {
    pub(crate) const ALL: [Self; 7] = [
        Self::Guest,
        Self::Agent,
        Self::Session,
        Self::Canned,
        Self::Ticket,
        Self::Entry,
        Self::Audit,
    ];
}

/// A record of some kind.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Record {
    Guest(GuestRecord),
    Agent(AgentRecord),
    Session(SessionRecord),
    Canned(CannedRecord),
    Ticket(Box<TicketRecord>),
    Entry(Box<Message>),
    Audit(AuditRecord),
}

/// A guest as stores keep it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct GuestRecord {
    #[serde(flatten)]
    pub(crate) guest: Guest,
    pub(crate) created_at: Timestamp,
}

/// An entry of the audit as stores keep it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AuditRecord {
    /// Given by the store that wrote it, later ones greater. It keeps it wherever it moves.
    pub(crate) id: Ulid,
    pub(crate) at: Timestamp,
    pub(crate) who: String,
    pub(crate) what: String,
    pub(crate) object: Option<String>,
    pub(crate) result: String,
}

/// Which entry of which log: the key of an entry, as text that sorts as the entries do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct EntryKey {
    pub(crate) ticket: TicketId,
    pub(crate) log: Log,
    pub(crate) seq: u64,
}

impl EntryKey {
    pub(crate) fn of(message: &Message) -> Self {
        let (log, seq) = match message.note_seq {
            Some(seq) => (Log::Notes, seq),
            None => (Log::Conversation, message.seq.unwrap_or_default()),
        };
        Self { ticket: message.ticket_id, log, seq }
    }
}

impl std::fmt::Display for EntryKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let log = match self.log {
            Log::Conversation => 0,
            Log::Notes => 1,
        };
        write!(f, "{}/{log}/{:020}", self.ticket, self.seq)
    }
}

impl std::str::FromStr for EntryKey {
    type Err = NoKey;

    fn from_str(text: &str) -> Result<Self, NoKey> {
        let mut parts = text.splitn(3, '/');
        let mut next = || parts.next().ok_or(NoKey);
        let ticket = next()?.parse().map_err(|_| NoKey)?;
        let log = match next()? {
            "0" => Log::Conversation,
            "1" => Log::Notes,
            _ => return Err(NoKey),
        };
        Ok(Self { ticket, log, seq: next()?.parse().map_err(|_| NoKey)? })
    }
}

/// The text is no key of an entry.
#[derive(Debug, thiserror::Error)]
#[error("not the key of an entry")]
pub(crate) struct NoKey;

impl Record {
    pub(crate) fn kind(&self) -> Kind {
        match self {
            Self::Guest(_) => Kind::Guest,
            Self::Agent(_) => Kind::Agent,
            Self::Session(_) => Kind::Session,
            Self::Canned(_) => Kind::Canned,
            Self::Ticket(_) => Kind::Ticket,
            Self::Entry(_) => Kind::Entry,
            Self::Audit(_) => Kind::Audit,
        }
    }

    /// Its own among those of its kind. Keys are compared as bytes.
    pub(crate) fn key(&self) -> String {
        match self {
            Self::Guest(guest) => guest.guest.id.to_string(),
            Self::Agent(agent) => agent.id.to_string(),
            Self::Session(session) => session.id.to_string(),
            Self::Canned(canned) => canned.id.to_string(),
            Self::Ticket(ticket) => ticket.id.to_string(),
            Self::Entry(message) => EntryKey::of(message).to_string(),
            Self::Audit(audit) => audit.id.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_keys_of_entries_sort_as_the_entries_do_and_read_back() {
        let ticket = |number: u128| TicketId::from_ulid(Ulid::from(number));
        let keys = [
            EntryKey { ticket: ticket(1), log: Log::Conversation, seq: 9 },
            EntryKey { ticket: ticket(1), log: Log::Conversation, seq: 10 },
            EntryKey { ticket: ticket(1), log: Log::Notes, seq: 1 },
            EntryKey { ticket: ticket(2), log: Log::Conversation, seq: u64::MAX },
        ];
        let texts = keys.map(|key| key.to_string());

        assert!(texts.is_sorted());
        assert_eq!(texts.map(|text| text.parse::<EntryKey>().unwrap()), keys);
        assert!("".parse::<EntryKey>().is_err());
        assert!(format!("{}/2/1", ticket(1)).parse::<EntryKey>().is_err());
    }
}
