//! The model: a store in memory that is as simple as the promises allow, for tests to compare the
//! others with and for the simulation to run on. One lock, plain collections, everything is read by
//! looking at all of it. What may follow what is `desk::log`'s to say, as in every store.

pub(crate) mod listing;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use async_trait::async_trait;
use support_shared::{
    AgentId, CannedId, ClientMessageId, GuestId, SessionId, TicketId, Timestamp,
    ids::TicketName,
    message::{Message, SenderRole},
    ticket::{AgentRole, Guest, Rating},
};
use ulid::Ulid;

use super::{
    AddedCanned, AgentChange, AgentRecord, Announce, Appended, Audit, CannedRecord, Changed,
    Created, Cursor, Facts, Heartbeat, Listing, Page, Range, Rated, ReplacedCanned, Result,
    SessionRecord, Size, Store, StoreError, Stored, What, Whose,
    moving::{AuditRecord, EntryKey, GuestRecord, Kind, Record},
};
use crate::desk::{
    log::{Draft, Log, Verdict},
    mutant::{self, Mutant},
    record::{NewTicket, TicketRecord},
};

/// What is kept, whoever has it open.
#[derive(Clone, Default)]
pub(crate) struct Data {
    pub(crate) epoch: String,
    pub(crate) tickets: BTreeMap<TicketId, Kept>,
    pub(crate) guests: BTreeMap<GuestId, GuestRecord>,
    pub(crate) agents: BTreeMap<AgentId, AgentRecord>,
    pub(crate) sessions: BTreeMap<SessionId, SessionRecord>,
    pub(crate) canned: BTreeMap<CannedId, CannedRecord>,
    pub(crate) audit: BTreeMap<Ulid, AuditRecord>,
    pub(crate) heartbeats: BTreeMap<Ulid, Heartbeat>,
    pub(crate) importing: bool,
}

/// A ticket with its logs.
#[derive(Clone)]
pub(crate) struct Kept {
    pub(crate) record: TicketRecord,
    pub(crate) conversation: Vec<Message>,
    pub(crate) notes: Vec<Message>,
}

impl Kept {
    pub(crate) fn log(&self, log: Log) -> &Vec<Message> {
        match log {
            Log::Conversation => &self.conversation,
            Log::Notes => &self.notes,
        }
    }

    fn write(&mut self, message: Message) {
        self.record.apply(&message);
        if message.internal { &mut self.notes } else { &mut self.conversation }.push(message);
    }

    fn by_key(&self, sender: &str, key: &ClientMessageId) -> Option<&Message> {
        let any_sender = mutant::is(Mutant::IdScopeWithoutSender);
        self.conversation.iter().chain(&self.notes).find(|message| {
            (message.sender_id.as_deref() == Some(sender) || any_sender)
                && message.client_message_id.as_ref() == Some(key)
        })
    }
}

impl Data {
    /// All records of a kind, in the order of their keys.
    fn records(&self, kind: Kind) -> Vec<Record> {
        let tickets = self.tickets.values();
        match kind {
            Kind::Guest => self.guests.values().cloned().map(Record::Guest).collect(),
            Kind::Agent => self.agents.values().cloned().map(Record::Agent).collect(),
            Kind::Session => self.sessions.values().cloned().map(Record::Session).collect(),
            Kind::Canned => self.canned.values().cloned().map(Record::Canned).collect(),
            Kind::Ticket => tickets.map(|it| Record::Ticket(Box::new(it.record.clone()))).collect(),
            Kind::Entry => {
                let entries = tickets.flat_map(|it| it.conversation.iter().chain(&it.notes));
                entries.map(|it| Record::Entry(Box::new(it.clone()))).collect()
            }
            Kind::Audit => self.audit.values().cloned().map(Record::Audit).collect(),
        }
    }

    fn load(&mut self, record: Record) {
        match record {
            Record::Guest(it) => _ = self.guests.entry(it.guest.id).or_insert(it),
            Record::Agent(it) => _ = self.agents.entry(it.id).or_insert(it),
            Record::Session(it) => _ = self.sessions.entry(it.id).or_insert(it),
            Record::Canned(it) => _ = self.canned.entry(it.id).or_insert(it),
            Record::Ticket(it) => {
                let (record, conversation, notes) = (*it, Vec::new(), Vec::new());
                self.tickets.entry(record.id).or_insert(Kept { record, conversation, notes });
            }
            Record::Entry(it) => {
                let kept = self.tickets.get_mut(&it.ticket_id).unwrap();
                let seq = EntryKey::of(&it).seq;
                let log = if it.internal { &mut kept.notes } else { &mut kept.conversation };
                if seq == log.len() as u64 + 1 {
                    log.push(*it);
                }
            }
            Record::Audit(it) => _ = self.audit.entry(it.id).or_insert(it),
        }
    }
}

/// One opening of the data.
pub(crate) struct Memory {
    data: Arc<Mutex<Data>>,
    epoch: String,
    announce: Announce,
    closed: AtomicBool,
}

impl Memory {
    pub(crate) fn open(data: Arc<Mutex<Data>>, announce: Announce) -> Self {
        let epoch = data.lock().unwrap().epoch.clone();
        Self { data, epoch, announce, closed: AtomicBool::new(false) }
    }

    /// The two mutants that decide in one step and write in another.
    async fn append_in_two_steps(&self, ticket: TicketId, draft: Draft) -> Result<Appended> {
        let counts = mutant::is(Mutant::CounterThenInsert);
        let before = {
            let mut data = self.data()?;
            let Some(kept) = data.tickets.get_mut(&ticket) else { return Ok(Appended::NoTicket) };
            let known = draft.key().and_then(|(sender, key)| kept.by_key(&sender, key)).cloned();
            if let Some(message) = known {
                self.announce(&kept.record, What::Again(Box::new(message.clone())));
                return Ok(Appended::Duplicate(Box::new(message)));
            }
            let before = kept.record.clone();
            if counts && matches!(draft.clone().on(&before), Verdict::Write(_)) {
                kept.record.conversation.seq += u64::from(draft.log == Log::Conversation);
                kept.record.notes.seq += u64::from(draft.log == Log::Notes);
            }
            before
        };
        mutant::between_two_writes().await;
        let mut data = self.data()?;
        let Some(kept) = data.tickets.get_mut(&ticket) else { return Ok(Appended::NoTicket) };
        let mut flag = before.clone();
        if !counts {
            // Whether it is closed was looked up; the number is the next one there is now.
            flag = kept.record.clone();
            flag.conversation.status = before.conversation.status;
        }
        match draft.on(&flag) {
            Verdict::Write(message) => {
                let (seq, note_seq) = (kept.record.conversation.seq, kept.record.notes.seq);
                kept.write(Message::clone(&message));
                if counts {
                    kept.record.conversation.seq = seq;
                    kept.record.notes.seq = note_seq;
                }
                self.announce(&kept.record, What::Entry(message.clone()));
                Ok(Appended::New(Box::new(kept.record.clone()), message))
            }
            Verdict::Unchanged => Ok(Appended::Unchanged(Box::new(kept.record.clone()))),
            Verdict::Refused(refusal) => Ok(Appended::Refused(refusal)),
        }
    }

    fn data(&self) -> Result<MutexGuard<'_, Data>> {
        if self.closed.load(Ordering::Relaxed) {
            return Err(StoreError::Unavailable(anyhow::anyhow!("the store is closed")));
        }
        Ok(self.data.lock().unwrap())
    }

    /// Called with the data locked, so that announcements have the order of the log.
    fn announce(&self, ticket: &TicketRecord, what: What) {
        // Nobody may be left to be told; that there is no room would be a fault of the test.
        let told = self.announce.try_send(Stored { ticket: ticket.clone(), what });
        assert!(!matches!(told, Err(tokio::sync::mpsc::error::TrySendError::Full(_))));
    }
}

#[async_trait]
impl Store for Memory {
    fn epoch(&self) -> &str {
        &self.epoch
    }

    async fn ping(&self) -> Result<()> {
        self.data().map(|_| ())
    }

    async fn create_ticket(&self, new: NewTicket, first: Draft, most_open: u32) -> Result<Created> {
        let mut data = self.data()?;
        let own = || data.tickets.values().filter(|it| it.record.is_of(new.guest.id));
        if let Some(before) = own().find(|it| it.record.created_by == new.created_by) {
            let (ticket, message) = (before.record.clone(), before.conversation[0].clone());
            self.announce(&ticket, What::Again(Box::new(message.clone())));
            return Ok(Created::Duplicate(Box::new(ticket), Box::new(message)));
        }
        let counts = |it: &&Kept| it.record.counts();
        if most_open != 0 && own().filter(counts).count() >= most_open as usize {
            return Ok(Created::TooMany);
        }
        if data.tickets.values().any(|it| it.record.reference == new.reference) {
            return Ok(Created::RefTaken);
        }
        let mut kept = Kept { record: new.record(), conversation: Vec::new(), notes: Vec::new() };
        let Verdict::Write(message) = first.on(&kept.record) else {
            panic!("a new ticket takes its first message");
        };
        kept.write(Message::clone(&message));
        let ticket = kept.record.clone();
        data.tickets.insert(ticket.id, kept);
        self.announce(&ticket, What::Entry(message.clone()));
        Ok(Created::New(Box::new(ticket), message))
    }

    async fn ticket_opened(
        &self,
        guest: GuestId,
        key: ClientMessageId,
    ) -> Result<Option<TicketId>> {
        let data = self.data()?;
        let mut tickets = data.tickets.values().map(|it| &it.record);
        Ok(tickets.find(|it| it.is_of(guest) && it.created_by == key).map(|it| it.id))
    }

    async fn append(&self, ticket: TicketId, draft: Draft) -> Result<Appended> {
        if mutant::is(Mutant::CounterThenInsert) || mutant::is(Mutant::CloseAsFlag) {
            return self.append_in_two_steps(ticket, draft).await;
        }
        let mut data = self.data()?;
        let Some(kept) = data.tickets.get_mut(&ticket) else { return Ok(Appended::NoTicket) };
        let before = draft.key().and_then(|(sender, key)| kept.by_key(&sender, key)).cloned();
        if let Some(message) = before.filter(|_| !mutant::is(Mutant::NoUniqueId)) {
            if !mutant::is(Mutant::NoReannounce) {
                self.announce(&kept.record, What::Again(Box::new(message.clone())));
            }
            return Ok(Appended::Duplicate(Box::new(message)));
        }
        match draft.on(&kept.record) {
            Verdict::Write(message) => {
                kept.write(Message::clone(&message));
                self.announce(&kept.record, What::Entry(message.clone()));
                Ok(Appended::New(Box::new(kept.record.clone()), message))
            }
            Verdict::Unchanged => Ok(Appended::Unchanged(Box::new(kept.record.clone()))),
            Verdict::Refused(refusal) => Ok(Appended::Refused(refusal)),
        }
    }

    async fn facts(&self, whose: Whose, ticket: Option<TicketName>) -> Result<Facts> {
        let data = self.data()?;
        let mut facts = Facts::default();
        match whose {
            Whose::Nobodys => {}
            Whose::Guest(id) => facts.guest = data.guests.get(&id).map(|it| it.guest.clone()),
            Whose::Agent(id, session) => {
                facts.agent = data.agents.get(&id).cloned();
                facts.session = data.sessions.get(&session).cloned();
            }
        }
        let theirs = |ticket: &&TicketRecord| match whose {
            Whose::Guest(id) => ticket.is_of(id),
            Whose::Nobodys | Whose::Agent(..) => true,
        };
        let mut tickets = data.tickets.values().map(|it| &it.record).filter(theirs);
        let found = match ticket {
            None => None,
            Some(TicketName::Id(id)) => tickets.find(|it| it.id == id),
            Some(TicketName::Ref(reference)) => tickets.find(|it| it.reference == reference),
        };
        facts.ticket = found.cloned();
        Ok(facts)
    }

    async fn mark_read(&self, ticket: TicketId, role: SenderRole, seq: u64) -> Result<bool> {
        let mut data = self.data()?;
        let Some(kept) = data.tickets.get_mut(&ticket) else { return Ok(false) };
        let seq = seq.min(kept.record.conversation.seq);
        let mark = match role {
            SenderRole::Guest => &mut kept.record.guest_read_seq,
            SenderRole::Agent | SenderRole::System => &mut kept.record.agent_read_seq,
        };
        let rises = seq > *mark;
        if rises {
            *mark = seq;
            self.announce(&kept.record, What::Mark);
        }
        Ok(rises)
    }

    async fn rate(&self, ticket: TicketId, rating: Rating) -> Result<Rated> {
        let mut data = self.data()?;
        let Some(kept) = data.tickets.get_mut(&ticket) else { return Ok(Rated::NoTicket) };
        let over = !kept.record.counts();
        if !over || kept.record.rating.is_some() {
            return Ok(Rated::Refused);
        }
        kept.record.rating = Some(rating);
        self.announce(&kept.record, What::Rating);
        Ok(Rated::Done(Box::new(kept.record.clone())))
    }

    async fn ticket(&self, id: TicketId) -> Result<Option<TicketRecord>> {
        Ok(self.data()?.tickets.get(&id).map(|it| it.record.clone()))
    }

    async fn tickets(
        &self,
        listing: Listing,
        after: Option<Cursor>,
        entries: usize,
    ) -> Result<Vec<TicketRecord>> {
        let data = self.data()?;
        let tickets = data.tickets.values().map(|it| &it.record);
        Ok(listing::page(tickets, &listing, after, entries))
    }

    async fn attended_tickets(&self) -> Result<Vec<TicketRecord>> {
        let data = self.data()?;
        let tickets = data.tickets.values().map(|it| &it.record);
        Ok(tickets.filter(|it| !it.conversation.present.is_empty()).cloned().collect())
    }

    async fn messages(&self, ticket: TicketId, log: Log, range: Range, size: Size) -> Result<Page> {
        let data = self.data()?;
        let entries =
            data.tickets.get(&ticket).map(|it| it.log(log).as_slice()).unwrap_or_default();
        let number = |message: &Message| message.seq.or(message.note_seq).unwrap();
        let mut within: Vec<&Message> = match range {
            Range::Before(seq) => entries.iter().rev().filter(|it| number(it) < seq).collect(),
            Range::After(seq) => entries.iter().filter(|it| number(it) > seq).collect(),
        };
        let all = within.len();
        let mut bytes = 0;
        let fits = within.iter().take(size.entries).take_while(|message| {
            bytes += serde_json::to_string(message).unwrap().len();
            bytes <= size.bytes
        });
        let page = fits.count().max(1).min(all);
        within.truncate(page);
        if let Range::Before(_) = range {
            within.reverse();
        }
        Ok(Page { messages: within.into_iter().cloned().collect(), has_more: page < all })
    }

    async fn add_guest(&self, guest: Guest, at: Timestamp) -> Result<()> {
        self.data()?.guests.insert(guest.id, GuestRecord { guest, created_at: at });
        Ok(())
    }

    async fn change_guest(&self, guest: Guest) -> Result<()> {
        let mut data = self.data()?;
        let mut told = Vec::new();
        for kept in data.tickets.values_mut().filter(|it| it.record.is_of(guest.id)) {
            kept.record.guest = guest.clone();
            told.push(kept.record.clone());
        }
        told.retain(TicketRecord::counts);
        told.sort_by_key(|ticket| ticket.id);
        for ticket in told {
            self.announce(&ticket, What::Guest);
        }
        if let Some(known) = data.guests.get_mut(&guest.id) {
            known.guest = guest;
        }
        Ok(())
    }

    async fn add_agent(&self, agent: AgentRecord) -> Result<bool> {
        let mut data = self.data()?;
        let taken =
            data.agents.values().any(|it| it.id == agent.id || it.username == agent.username);
        if !taken {
            data.agents.insert(agent.id, agent);
        }
        Ok(!taken)
    }

    async fn agent_by_name(&self, username: String) -> Result<Option<AgentRecord>> {
        Ok(self.data()?.agents.values().find(|it| it.username == username).cloned())
    }

    async fn agents(&self) -> Result<Vec<AgentRecord>> {
        let mut agents: Vec<AgentRecord> = self.data()?.agents.values().cloned().collect();
        agents.sort_by(|one, other| one.username.cmp(&other.username));
        Ok(agents)
    }

    async fn change_agent(
        &self,
        id: AgentId,
        change: AgentChange,
        keep: Option<SessionId>,
    ) -> Result<Changed> {
        let mut data = self.data()?;
        let administers = |agent: &AgentRecord| agent.role == AgentRole::Admin && !agent.disabled;
        let others = data.agents.values().any(|it| it.id != id && administers(it));
        let Some(before) = data.agents.get(&id).cloned() else { return Ok(Changed::NoAgent) };
        if change.if_password_hash.as_ref().is_some_and(|hash| *hash != before.password_hash) {
            return Ok(Changed::OtherPassword);
        }
        let ends_sessions = change.ends_sessions();
        let was = before.clone();
        let after = AgentRecord {
            password_hash: change.password_hash.unwrap_or(before.password_hash),
            must_change_password: change
                .must_change_password
                .unwrap_or(before.must_change_password),
            role: change.role.unwrap_or(before.role),
            disabled: change.disabled.unwrap_or(before.disabled),
            display_name: change.display_name.unwrap_or(before.display_name),
            ..before
        };
        if administers(&was) && !administers(&after) && !others {
            return Ok(Changed::LastAdmin);
        }
        data.agents.insert(id, after);
        if ends_sessions {
            for session in data.sessions.values_mut().filter(|it| it.agent == id) {
                session.ended |= keep != Some(session.id);
            }
        }
        Ok(Changed::Done)
    }

    async fn add_session(
        &self,
        session: SessionRecord,
        password_hash: String,
        now: Timestamp,
    ) -> Result<bool> {
        let mut data = self.data()?;
        let agent = data.agents.get(&session.agent);
        if !agent.is_some_and(|it| it.password_hash == password_hash && !it.disabled) {
            return Ok(false);
        }
        data.sessions.retain(|_, it| it.agent != session.agent || it.ends_at >= now);
        data.sessions.insert(session.id, session);
        Ok(true)
    }

    async fn session(&self, id: SessionId) -> Result<Option<SessionRecord>> {
        Ok(self.data()?.sessions.get(&id).cloned())
    }

    async fn end_session(&self, id: SessionId) -> Result<()> {
        if let Some(session) = self.data()?.sessions.get_mut(&id) {
            session.ended = true;
        }
        Ok(())
    }

    async fn ended_sessions(&self, of: Vec<SessionId>) -> Result<Vec<SessionId>> {
        let data = self.data()?;
        let ended = |id: &SessionId| data.sessions.get(id).is_none_or(|session| session.ended);
        Ok(of.into_iter().filter(ended).collect())
    }

    async fn canned(&self) -> Result<Vec<CannedRecord>> {
        let mut all: Vec<CannedRecord> = self.data()?.canned.values().cloned().collect();
        all.sort_by(|one, other| one.shortcut.cmp(&other.shortcut));
        Ok(all)
    }

    async fn add_canned(&self, canned: CannedRecord, most: usize) -> Result<AddedCanned> {
        let mut data = self.data()?;
        if data.canned.len() >= most {
            return Ok(AddedCanned::TooMany);
        }
        if data.canned.values().any(|it| it.id == canned.id || it.shortcut == canned.shortcut) {
            return Ok(AddedCanned::ShortcutTaken);
        }
        data.canned.insert(canned.id, canned);
        Ok(AddedCanned::Done)
    }

    async fn replace_canned(&self, canned: CannedRecord) -> Result<ReplacedCanned> {
        let mut data = self.data()?;
        let known = data.canned.get(&canned.id);
        if known.is_none_or(|it| it.version + 1 != canned.version) {
            return Ok(ReplacedCanned::Stale);
        }
        let others = data.canned.values().filter(|it| it.id != canned.id);
        if others.into_iter().any(|it| it.shortcut == canned.shortcut) {
            return Ok(ReplacedCanned::ShortcutTaken);
        }
        data.canned.insert(canned.id, canned);
        Ok(ReplacedCanned::Done)
    }

    async fn remove_canned(&self, id: CannedId) -> Result<bool> {
        Ok(self.data()?.canned.remove(&id).is_some())
    }

    fn is_shared(&self) -> bool {
        true
    }

    async fn beat(&self, heartbeat: Heartbeat) -> Result<()> {
        let mut data = self.data()?;
        let last = data.heartbeats.entry(heartbeat.node).or_insert_with(|| heartbeat.clone());
        if last.beat < heartbeat.beat {
            *last = heartbeat;
        }
        Ok(())
    }

    async fn heartbeats(&self) -> Result<Vec<Heartbeat>> {
        Ok(self.data()?.heartbeats.values().cloned().collect())
    }

    async fn forget_node(&self, node: Ulid, beat: u64) -> Result<()> {
        self.data()?.heartbeats.retain(|it, last| *it != node || last.beat > beat);
        Ok(())
    }

    async fn audit(&self, audit: Audit) -> Result<()> {
        let mut data = self.data()?;
        let id = data.audit.last_key_value().map_or(0, |(last, _)| u128::from(*last)) + 1;
        let Audit { at, who, what, object, result } = audit;
        let (id, result) = (Ulid::from(id), result.to_owned());
        data.audit.insert(id, AuditRecord { id, at, who, what, object, result });
        Ok(())
    }

    async fn last_audit(&self) -> Result<Option<(u64, String)>> {
        let data = self.data()?;
        Ok(data.audit.values().last().map(|AuditRecord { who, what, object, result, .. }| {
            let object = object.as_deref().unwrap_or("-");
            (data.audit.len() as u64, format!("{who} {what} {object} {result}"))
        }))
    }

    async fn dump(&self, kind: Kind, after: Option<String>, count: usize) -> Result<Vec<Record>> {
        let mut records = self.data()?.records(kind);
        records.retain(|record| after.as_ref().is_none_or(|after| record.key() > *after));
        records.truncate(count);
        Ok(records)
    }

    async fn load(&self, records: Vec<Record>) -> Result<()> {
        let mut data = self.data()?;
        for record in records {
            data.load(record);
        }
        Ok(())
    }

    async fn set_importing(&self, importing: bool) -> Result<()> {
        self.data()?.importing = importing;
        Ok(())
    }

    async fn close(&self) {
        self.closed.store(true, Ordering::Relaxed);
    }
}
