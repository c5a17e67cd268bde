//! What the simulated collections hold: documents and unique indexes, as the database has them, and
//! beside them what the logs say (the truth), for whoever checks the promises. Each method is atomic
//! for one document. Decides nothing, and knows of no node.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use support_shared::{
    AgentId, CannedId, ClientMessageId, GuestId, MessageId, SessionId, TicketId, Timestamp,
    message::{Message, SenderRole},
    ticket::{Guest, Rating},
};
use ulid::Ulid;

use super::super::super::memory::{Data, Kept};
use super::super::super::{
    AgentRecord, CannedRecord, Heartbeat, ReplacedCanned, SessionRecord,
    moving::{AuditRecord, GuestRecord},
};
use super::super::collections::{Account, Gate, Inserted, Mark, Opening, log, number};
use crate::desk::{
    log::Log,
    mutant::{self, Mutant},
    record::{NewTicket, TicketRecord},
};

/// An entry's place: its ticket, whether it is a note, its number.
type Place = (TicketId, bool, u64);

/// A ticket's document.
#[derive(Clone)]
pub(super) struct TicketDocument {
    pub(super) record: TicketRecord,
    pub(super) slot: Option<u32>,
    /// The entry that was about to open it, until the record knows of it.
    pub(super) opening: Option<u64>,
}

impl TicketDocument {
    /// Whether it counts against its guest's limit, as far as it knows.
    pub(super) fn counts(&self) -> bool {
        self.record.counts()
    }
}

/// All documents.
#[derive(Clone, Default)]
pub(crate) struct Tables {
    /// Counts the restores: what was sent before one does not arrive after it.
    pub(super) history: u64,
    pub(crate) epoch: String,
    pub(super) entries: BTreeMap<Place, Message>,
    ids: BTreeSet<MessageId>,
    keys: BTreeMap<(TicketId, String, ClientMessageId), Place>,
    pub(super) tickets: BTreeMap<TicketId, TicketDocument>,
    pub(super) guests: BTreeMap<GuestId, GuestRecord>,
    pub(super) accounts: BTreeMap<AgentId, Account>,
    pub(super) gate: Gate,
    pub(super) canned: BTreeMap<CannedId, CannedRecord>,
    pub(super) audit: BTreeMap<Ulid, AuditRecord>,
    pub(super) heartbeats: BTreeMap<Ulid, Heartbeat>,
    pub(super) importing: bool,
    truth: Arc<Mutex<Data>>,
}

impl Tables {
    /// With nothing in them; what is stored is shown in `truth`.
    pub(crate) fn new(epoch: String, truth: Arc<Mutex<Data>>) -> Self {
        truth.lock().unwrap().epoch.clone_from(&epoch);
        Self { epoch, truth, ..Self::default() }
    }

    // ---- Entries ----

    pub(super) fn insert_entry(&mut self, entry: Message) -> Inserted {
        let place = (entry.ticket_id, log(&entry) == Log::Notes, number(&entry));
        let key = entry.sender_id.clone().zip(entry.client_message_id.clone());
        let key = key.map(|(sender, key)| index_key(entry.ticket_id, &sender, &key));
        let known = key.as_ref().is_some_and(|key| self.keys.contains_key(key));
        if self.ids.contains(&entry.id)
            || self.entries.contains_key(&place)
            || known && !mutant::is(Mutant::NoUniqueId)
        {
            return Inserted::Taken;
        }
        self.ids.insert(entry.id);
        if let Some(key) = key {
            self.keys.insert(key, place);
        }
        self.entries.insert(place, entry);
        self.show_ticket(place.0);
        Inserted::Done
    }

    pub(super) fn entry_by_key(
        &self,
        ticket: TicketId,
        sender: &str,
        key: &ClientMessageId,
    ) -> Option<Message> {
        let place = self.keys.get(&index_key(ticket, sender, key))?;
        self.entries.get(place).cloned()
    }

    pub(super) fn entries(&self, ticket: TicketId, of: Log, first: u64, last: u64) -> Vec<Message> {
        let notes = of == Log::Notes;
        if first > last {
            return Vec::new();
        }
        let range = (ticket, notes, first)..=(ticket, notes, last);
        self.entries.range(range).map(|(_, entry)| entry.clone()).collect()
    }

    pub(super) fn recent_tickets(&self, before_newest: Duration) -> Vec<TicketId> {
        let made = |entry: &Message| ulid_of(entry.id).timestamp_ms();
        let newest = self.entries.values().map(made).max().unwrap_or_default();
        let since = newest.saturating_sub(u64::try_from(before_newest.as_millis()).unwrap());
        let recent = self.entries.values().filter(|entry| made(entry) >= since);
        let tickets: BTreeSet<TicketId> = recent.map(|entry| entry.ticket_id).collect();
        tickets.into_iter().collect()
    }

    // ---- Tickets ----

    pub(super) fn insert_ticket(&mut self, record: TicketRecord, slot: Option<u32>) -> Inserted {
        let taken = self.tickets.values().any(|it| {
            let same_guest = it.record.guest.id == record.guest.id;
            it.record.id == record.id
                || it.record.reference == record.reference
                || same_guest && it.record.created_by == record.created_by
                || same_guest && slot.is_some() && it.slot == slot
        });
        if taken {
            return Inserted::Taken;
        }
        let id = record.id;
        self.tickets.insert(id, TicketDocument { record, slot, opening: None });
        self.show_ticket(id);
        Inserted::Done
    }

    pub(super) fn find(&self, is_it: impl Fn(&TicketRecord) -> bool) -> Option<TicketRecord> {
        self.tickets.values().map(|it| &it.record).find(|it| is_it(it)).cloned()
    }

    /// Brings the part of a summary that one log says forward.
    pub(super) fn forward(&mut self, summary: &TicketRecord, of: Log) {
        let Some(known) = self.tickets.get_mut(&summary.id) else { return };
        let record = &mut known.record;
        match of {
            Log::Conversation if record.conversation.seq < summary.conversation.seq => {
                record.conversation = summary.conversation.clone();
                record.guest_read_seq = record.guest_read_seq.max(summary.guest_read_seq);
                record.agent_read_seq = record.agent_read_seq.max(summary.agent_read_seq);
                if known.opening <= Some(known.record.conversation.seq) {
                    known.opening = None;
                }
                if !known.counts() {
                    known.slot = None;
                }
            }
            Log::Notes if record.notes.seq < summary.notes.seq => {
                record.notes = summary.notes.clone();
            }
            Log::Conversation | Log::Notes => {}
        }
        self.show_ticket(summary.id);
    }

    pub(super) fn mark_opening(&mut self, Opening { ticket, seq }: Opening) {
        if let Some(known) = self.tickets.get_mut(&ticket) {
            known.opening = known.opening.max(Some(seq));
        }
    }

    pub(super) fn raise_mark(&mut self, Mark { ticket, role, seq }: Mark) {
        let Some(known) = self.tickets.get_mut(&ticket) else { return };
        let mark = match role {
            SenderRole::Guest => &mut known.record.guest_read_seq,
            SenderRole::Agent | SenderRole::System => &mut known.record.agent_read_seq,
        };
        *mark = seq.max(*mark);
        self.show_ticket(ticket);
    }

    pub(super) fn rate(&mut self, ticket: TicketId, rating: Rating) -> Inserted {
        match self.tickets.get_mut(&ticket) {
            Some(known) if known.record.rating.is_none() => {
                known.record.rating = Some(rating);
                self.show_ticket(ticket);
                Inserted::Done
            }
            _ => Inserted::Taken,
        }
    }

    pub(super) fn name_guest_of(&mut self, ticket: TicketId, guest: Guest) {
        if let Some(known) = self.tickets.get_mut(&ticket) {
            known.record.guest = guest;
            self.show_ticket(ticket);
        }
    }

    // ---- People ----

    pub(crate) fn add_guest(&mut self, guest: Guest, created_at: Timestamp) {
        self.guests.entry(guest.id).or_insert(GuestRecord { guest, created_at });
    }

    pub(crate) fn add_agent(&mut self, agent: AgentRecord) {
        self.insert_account(Account { agent, sessions: Vec::new(), version: 0 });
    }

    /// Somebody has signed in, elsewhere.
    pub(crate) fn add_session(&mut self, session: SessionRecord) {
        if let Some(account) = self.accounts.get_mut(&session.agent) {
            let agent = session.agent;
            account.sessions.push(session);
            account.version += 1;
            self.show_account(agent);
        }
    }

    pub(super) fn insert_account(&mut self, account: Account) -> Inserted {
        let id = account.agent.id;
        let same = |it: &Account| it.agent.id == id || it.agent.username == account.agent.username;
        if self.accounts.values().any(same) {
            return Inserted::Taken;
        }
        self.accounts.insert(id, account);
        self.show_account(id);
        Inserted::Done
    }

    pub(super) fn replace_account(&mut self, account: Account) -> bool {
        let id = account.agent.id;
        match self.accounts.get_mut(&id) {
            Some(before) if before.version == account.version - 1 => {
                *before = account;
                self.show_account(id);
                true
            }
            _ => false,
        }
    }

    pub(super) fn account_of(&self, session: SessionId) -> Option<Account> {
        let has = |it: &&Account| it.sessions.iter().any(|it| it.id == session);
        self.accounts.values().find(has).cloned()
    }

    pub(super) fn replace_gate(&mut self, gate: Gate) -> bool {
        let next = gate.version == self.gate.version + 1;
        if next {
            self.gate = gate;
        }
        next
    }

    // ---- Canned replies ----

    pub(super) fn insert_canned(&mut self, canned: CannedRecord) -> Inserted {
        let same = |it: &CannedRecord| it.id == canned.id || it.shortcut == canned.shortcut;
        if self.canned.values().any(same) {
            return Inserted::Taken;
        }
        self.canned.insert(canned.id, canned);
        Inserted::Done
    }

    pub(super) fn replace_canned(&mut self, canned: CannedRecord) -> ReplacedCanned {
        let before = self.canned.get(&canned.id).map(|it| it.version);
        if before != Some(canned.version - 1) {
            return ReplacedCanned::Stale;
        }
        let taken = |it: &CannedRecord| it.id != canned.id && it.shortcut == canned.shortcut;
        if self.canned.values().any(taken) {
            return ReplacedCanned::ShortcutTaken;
        }
        self.canned.insert(canned.id, canned);
        ReplacedCanned::Done
    }

    // ---- Nodes ----

    pub(super) fn beat(&mut self, heartbeat: Heartbeat) {
        let last = self.heartbeats.entry(heartbeat.node).or_insert_with(|| heartbeat.clone());
        if last.beat < heartbeat.beat {
            *last = heartbeat;
        }
    }

    // ---- What is checked ----

    /// Everything is as in `snapshot`, but for the sessions, and in a new history.
    pub(crate) fn restore(&mut self, snapshot: &Self, epoch: String) {
        let (truth, history) = (Arc::clone(&self.truth), self.history + 1);
        let mut accounts = std::mem::take(&mut self.accounts);
        for (id, account) in &mut accounts {
            account.agent = snapshot.accounts[id].agent.clone();
        }
        *self = Self { history, epoch, accounts, truth, ..snapshot.clone() };
        let fresh = Data { epoch: self.epoch.clone(), ..Data::default() };
        *self.truth.lock().unwrap() = fresh;
        for ticket in self.tickets.keys() {
            self.show_ticket(*ticket);
        }
        for agent in self.accounts.keys() {
            self.show_account(*agent);
        }
    }

    /// What the logs say of a ticket, whatever its summary knows of it. An entry that belongs to no
    /// ticket is reached by nobody.
    fn show_ticket(&self, id: TicketId) {
        let Some(TicketDocument { record: known, .. }) = self.tickets.get(&id) else { return };
        let new = NewTicket {
            id,
            reference: known.reference,
            guest: known.guest.clone(),
            subject: known.subject.clone(),
            created_by: known.created_by.clone(),
            at: known.created_at,
        };
        let conversation = self.entries(id, Log::Conversation, 0, u64::MAX);
        let notes = self.entries(id, Log::Notes, 0, u64::MAX);
        let mut record = new.record();
        conversation.iter().chain(&notes).for_each(|entry| record.apply(entry));
        record.guest_read_seq = record.guest_read_seq.max(known.guest_read_seq);
        record.agent_read_seq = record.agent_read_seq.max(known.agent_read_seq);
        record.rating.clone_from(&known.rating);
        self.truth.lock().unwrap().tickets.insert(id, Kept { record, conversation, notes });
    }

    fn show_account(&self, id: AgentId) {
        let account = &self.accounts[&id];
        let mut truth = self.truth.lock().unwrap();
        truth.agents.insert(id, account.agent.clone());
        truth.sessions.retain(|_, session| session.agent != id);
        truth.sessions.extend(account.sessions.iter().map(|it| (it.id, it.clone())));
    }
}

fn index_key(
    ticket: TicketId,
    sender: &str,
    key: &ClientMessageId,
) -> (TicketId, String, ClientMessageId) {
    let sender = if mutant::is(Mutant::IdScopeWithoutSender) { "" } else { sender };
    (ticket, sender.to_owned(), key.clone())
}

fn ulid_of(id: MessageId) -> Ulid {
    id.to_string().parse().unwrap()
}
