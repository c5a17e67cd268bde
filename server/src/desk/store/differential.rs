//! The same commands give the same answers, announcements and contents on every store (V20): random
//! sequences from a seed, each compared with the model in memory. Whatever differs from store to
//! store by right (ids, times) is an argument.

use std::fmt::Debug;
use std::sync::{Arc, Mutex};

use support_shared::{
    AgentId, CannedId, GuestId, MessageId, SessionId, TicketId, TicketRef, Timestamp,
    ids::TicketName,
    message::{SenderRole, SystemEvent},
    request::Tagging,
    text::Tag,
    ticket::{AgentName, AgentRole, Guest, Priority, Rating, TicketStatus},
};
use tokio::sync::mpsc;
use ulid::Ulid;

#[cfg(feature = "mongo")]
use super::replicated::mongo::{Mongo, testing::Scratch};
use super::{
    AgentChange, AgentRecord, Answering, Audit, CannedRecord, Cursor, Facts, Filter, Listing,
    Range, Result, SessionRecord, Size, Store, StoreError, Stored, Whose,
    memory::{Data, Memory},
    replicated::{
        Replicated,
        simulated::{Calm, Simulated, Tables},
    },
};
use crate::clock::Source;
use crate::desk::log::{Body, Draft, Log, OnlyFrom, Sender};
use crate::desk::record::NewTicket;
use crate::seeded::Seeded;

/// Sequences of a run; more with `DIFFERENTIAL_SEEDS`.
const SEEDS: u64 = 300;

/// Commands of a sequence.
const COMMANDS: u64 = 60;

/// Announcements of one command at most, with room to spare.
const LINE: usize = 1000;

struct Compared {
    name: &'static str,
    store: Arc<dyn Store>,
    announced: mpsc::Receiver<Stored>,
    /// Goes when the store does.
    _directory: Option<tempfile::TempDir>,
}

fn memory() -> Compared {
    let (announce, announced) = mpsc::channel(LINE);
    let store = Arc::new(Memory::open(Arc::<Mutex<Data>>::default(), announce));
    Compared { name: "memory", store, announced, _directory: None }
}

fn sqlite() -> Compared {
    let (announce, announced) = mpsc::channel(LINE);
    // Thousands of commits: where there is a disk in memory, it is fast enough for them.
    let directory = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap();
    let store = super::sqlite::Sqlite::open(directory.path(), &Source::system(), announce);
    let store = Arc::new(store.unwrap());
    Compared { name: "sqlite", store, announced, _directory: Some(directory) }
}

fn simulated() -> Compared {
    let (announce, announced) = mpsc::channel(LINE);
    let tables = Arc::new(Mutex::new(Tables::default()));
    let collections = Simulated::open(tables, Arc::new(Calm));
    let store = Arc::new(Replicated::start(collections, announce));
    Compared { name: "simulated", store, announced, _directory: None }
}

#[cfg(feature = "mongo")]
async fn mongodb(scratch: &Scratch) -> Compared {
    let (announce, announced) = mpsc::channel(LINE);
    let collections = Mongo::open(&scratch.address, &Source::system()).await.unwrap();
    let store = Arc::new(Replicated::start(collections, announce));
    Compared { name: "mongodb", store, announced, _directory: None }
}

/// Makes commands out of few names, so that they meet.
struct Commands {
    random: Seeded,
    made: u128,
    tickets: Vec<TicketId>,
}

fn ulid(kind: u128, number: u64) -> Ulid {
    Ulid::from((kind << 64) + u128::from(number))
}

impl Commands {
    fn fresh(&mut self) -> Ulid {
        self.made += 1;
        Ulid::from((9 << 64) + self.made)
    }

    fn time(&mut self) -> Timestamp {
        let moment = i64::try_from(self.random.below(40)).unwrap();
        Timestamp::from_millis(1_800_000_000_000 + moment)
    }

    fn guest(&mut self) -> Guest {
        let id = GuestId::from_ulid(ulid(1, self.random.below(2)));
        let names = [None, Some("Zoë Müller"), Some("Maya"), Some("maya-lin 42")];
        let name = self.random.pick(&names).map(str::to_owned);
        let email = self.random.chance(500).then(|| "zoe@example.com".to_owned());
        Guest { id, name, email }
    }

    fn agent(&mut self) -> AgentName {
        let number = self.random.below(3);
        AgentName { id: AgentId::from_ulid(ulid(2, number)), name: format!("Agent {number}") }
    }

    fn record(&mut self) -> AgentRecord {
        let AgentName { id, name } = self.agent();
        AgentRecord {
            id,
            username: format!("agent-{}", self.random.below(3)),
            display_name: name,
            role: *self.random.pick(&[AgentRole::Agent, AgentRole::Admin]),
            disabled: self.random.chance(200),
            must_change_password: self.random.chance(500),
            password_hash: self.hash(),
            created_at: self.time(),
        }
    }

    fn hash(&mut self) -> String {
        format!("hash {}", self.random.below(2))
    }

    fn canned(&mut self, version: i64) -> CannedRecord {
        CannedRecord {
            id: CannedId::from_ulid(ulid(4, self.random.below(6))),
            shortcut: format!("shortcut-{}", self.random.below(5)),
            title: "A title".to_owned(),
            text: format!("text {}", self.random.below(100)),
            updated_at: self.time(),
            version,
        }
    }

    fn session(&mut self) -> SessionId {
        SessionId::from_ulid(ulid(3, self.random.below(4)))
    }

    fn ticket(&mut self) -> TicketId {
        if self.random.chance(50) || self.tickets.is_empty() {
            TicketId::from_ulid(ulid(4, 0))
        } else {
            *self.random.pick(&self.tickets)
        }
    }

    fn log(&mut self) -> Log {
        *self.random.pick(&[Log::Conversation, Log::Notes])
    }

    fn tags(&mut self) -> Vec<Tag> {
        let tags = ["vip", "billing", "late"];
        let count = self.random.below(3);
        (0..count).map(|_| Tag::try_from((*self.random.pick(&tags)).to_owned()).unwrap()).collect()
    }

    fn text(&mut self, guest: Option<Guest>) -> (Sender, Body) {
        let sender = match guest {
            Some(guest) => Sender::Guest(guest.id, guest.name.unwrap_or_default()),
            None => Sender::Agent(self.agent()),
        };
        let client_message_id = format!("key-{}", self.random.below(12)).parse().unwrap();
        let content = format!("text {} {}", self.random.next(), "é".repeat(20));
        (sender, Body::Text { content, client_message_id })
    }

    fn draft(&mut self) -> Draft {
        let (agent, other) = (self.agent(), self.agent());
        let mut only_from = OnlyFrom::Anybody;
        let (log, (sender, body)) = match self.random.below(14) {
            0..=2 => {
                let guest = self.guest();
                (Log::Conversation, self.text(Some(guest)))
            }
            3 | 4 => (Log::Conversation, self.text(None)),
            5 | 6 => (Log::Notes, self.text(None)),
            7 => {
                let (add, remove) = (self.tags(), self.tags());
                let priority = self.random.chance(300).then_some(Priority::High);
                let tagging = Tagging { add, remove, priority };
                (Log::Notes, (Sender::System, Body::Tagging { by: agent, tagging }))
            }
            8 | 9 => {
                let assignee = self.random.chance(700).then_some(other);
                let from = self.random.chance(500).then(|| self.agent().id);
                if self.random.chance(500) {
                    only_from = OnlyFrom::Assignee(from);
                }
                let event = SystemEvent::TicketAssigned { by: agent, assignee };
                (Log::Notes, (Sender::System, Body::Event(event)))
            }
            kind => {
                let event = match kind {
                    10 => SystemEvent::AgentJoined { agent },
                    11 => SystemEvent::AgentLeft { agent },
                    12 if self.random.chance(500) => SystemEvent::GuestEnded,
                    12 => SystemEvent::TicketClosed { agent: Some(agent), reason: None },
                    _ => SystemEvent::TicketReopened { agent: Some(agent) },
                };
                (Log::Conversation, (Sender::System, Body::Event(event)))
            }
        };
        let id = MessageId::from_ulid(self.fresh());
        Draft { id, log, at: self.time(), sender, body, only_from }
    }

    fn create(&mut self) -> Command {
        let guest = self.guest();
        let (sender, body) = self.text(Some(guest.clone()));
        let Body::Text { client_message_id, .. } = &body else { unreachable!() };
        let subjects = [None, Some("Card declined"), Some("Déjà vu: the card")];
        let new = NewTicket {
            id: TicketId::from_ulid(self.fresh()),
            reference: TicketRef::from_bits(u32::try_from(self.random.below(40)).unwrap()),
            guest,
            subject: self.random.pick(&subjects).map(str::to_owned),
            created_by: client_message_id.clone(),
            at: self.time(),
        };
        self.tickets.push(new.id);
        let id = MessageId::from_ulid(self.fresh());
        let (log, only_from) = (Log::Conversation, OnlyFrom::Anybody);
        let first = Draft { id, log, at: self.time(), sender, body, only_from };
        Command::Create(new, first, u32::try_from(self.random.below(4)).unwrap())
    }

    fn next(&mut self) -> Command {
        match self.random.below(44) {
            0..=3 => self.create(),
            4..=23 => Command::Append(self.ticket(), self.draft()),
            24 | 25 => {
                let role = *self.random.pick(&[SenderRole::Guest, SenderRole::Agent]);
                Command::Read(self.ticket(), role, self.random.below(12))
            }
            26 | 27 => {
                let rating = Rating { score: 4, comment: None, at: self.time() };
                Command::Rate(self.ticket(), rating)
            }
            28 => Command::ChangeGuest(self.guest()),
            29 => Command::AddAgent(self.record()),
            30 | 31 => {
                let record = self.record();
                let password = self.random.chance(300).then(|| self.hash());
                let change = AgentChange {
                    password_hash: password,
                    role: self.random.chance(300).then_some(record.role),
                    disabled: self.random.chance(300).then_some(record.disabled),
                    if_password_hash: self.random.chance(300).then(|| self.hash()),
                    ..AgentChange::default()
                };
                let keep = self.random.chance(500).then(|| self.session());
                Command::ChangeAgent(record.id, change, keep)
            }
            32..=34 => {
                let session = SessionRecord {
                    id: SessionId::from_ulid(self.fresh()),
                    agent: self.agent().id,
                    ends_at: self.time(),
                    ended: false,
                };
                Command::AddSession(session, self.hash(), self.time())
            }
            35 => Command::EndSession(self.session()),
            36 => Command::Audit(Audit {
                at: self.time(),
                who: self.agent().name,
                what: "sign_in".to_owned(),
                object: self.random.chance(500).then(|| "object".to_owned()),
                result: "ok",
            }),
            40 => Command::AddCanned(self.canned(0)),
            41 | 42 => {
                let version = i64::try_from(1 + self.random.below(3)).unwrap();
                Command::ReplaceCanned(self.canned(version))
            }
            43 => Command::RemoveCanned(self.canned(0).id),
            37 => {
                let size = Size {
                    entries: usize::try_from(1 + self.random.below(4)).unwrap(),
                    bytes: usize::try_from(self.random.below(2000)).unwrap(),
                };
                let seq = self.random.below(9);
                let range = *self.random.pick(&[Range::Before(seq), Range::After(seq)]);
                Command::Messages(self.ticket(), self.log(), range, size)
            }
            _ => {
                let words = ["zoe", "CARD", "müll", "decl", "42", "example", "nothing"];
                let count = self.random.below(3);
                let filter = Filter {
                    answering: match self.random.below(3) {
                        0 => Answering::Nobody,
                        1 => Answering::Agent(self.agent().id),
                        _ => Answering::Anybody,
                    },
                    tag: self.random.chance(300).then(|| "vip".to_owned()),
                    words: (0..count).map(|_| (*self.random.pick(&words)).to_owned()).collect(),
                };
                let status = *self.random.pick(&[TicketStatus::Open, TicketStatus::Closed]);
                Command::List(Listing::Of(status, filter))
            }
        }
    }
}

enum Command {
    Create(NewTicket, Draft, u32),
    Append(TicketId, Draft),
    Read(TicketId, SenderRole, u64),
    Rate(TicketId, Rating),
    ChangeGuest(Guest),
    AddAgent(AgentRecord),
    ChangeAgent(AgentId, AgentChange, Option<SessionId>),
    AddSession(SessionRecord, String, Timestamp),
    EndSession(SessionId),
    AddCanned(CannedRecord),
    ReplaceCanned(CannedRecord),
    RemoveCanned(CannedId),
    Audit(Audit),
    Messages(TicketId, Log, Range, Size),
    List(Listing),
}

fn printed<T: Debug>(result: Result<T>) -> String {
    match result {
        Ok(value) => format!("{value:?}"),
        Err(StoreError::Unavailable(_)) => "unavailable".to_owned(),
        Err(StoreError::Corrupt(_)) => "corrupt".to_owned(),
    }
}

/// A whole list, in small pages.
async fn listed(store: &dyn Store, listing: &Listing) -> String {
    let mut ids = Vec::new();
    let mut after = None;
    loop {
        let page = store.tickets(listing.clone(), after, 2).await.unwrap();
        let Some(last) = page.last() else { return format!("{ids:?}") };
        after = Some(Cursor { key: listing.key(last), id: last.id });
        ids.extend(page.iter().map(|ticket| (ticket.id, listing.key(ticket))));
    }
}

async fn answer(store: &dyn Store, command: &Command) -> String {
    match command {
        Command::Create(new, first, most_open) => {
            printed(store.create_ticket(new.clone(), first.clone(), *most_open).await)
        }
        Command::Append(ticket, draft) => printed(store.append(*ticket, draft.clone()).await),
        Command::Read(ticket, role, seq) => printed(store.mark_read(*ticket, *role, *seq).await),
        Command::Rate(ticket, rating) => printed(store.rate(*ticket, rating.clone()).await),
        Command::ChangeGuest(guest) => printed(store.change_guest(guest.clone()).await),
        Command::AddAgent(agent) => printed(store.add_agent(agent.clone()).await),
        Command::ChangeAgent(agent, change, keep) => {
            printed(store.change_agent(*agent, change.clone(), *keep).await)
        }
        Command::AddSession(session, hash, now) => {
            printed(store.add_session(session.clone(), hash.clone(), *now).await)
        }
        Command::EndSession(session) => printed(store.end_session(*session).await),
        Command::AddCanned(canned) => printed(store.add_canned(canned.clone(), 4).await),
        Command::ReplaceCanned(canned) => printed(store.replace_canned(canned.clone()).await),
        Command::RemoveCanned(id) => printed(store.remove_canned(*id).await),
        Command::Audit(audit) => printed(store.audit(audit.clone()).await),
        Command::Messages(ticket, log, range, size) => {
            printed(store.messages(*ticket, *log, *range, *size).await)
        }
        Command::List(listing) => listed(store, listing).await,
    }
}

/// Everything that can be read of a store.
async fn contents(store: &dyn Store, commands: &Commands) -> Vec<String> {
    let mut all = Vec::new();
    for ticket in &commands.tickets {
        let by_id = store.ticket(*ticket).await;
        let reference = by_id.as_ref().ok().and_then(|it| it.as_ref()).map(|it| it.reference);
        all.push(printed(by_id));
        let Facts { ticket: by_ref, .. } =
            store.facts(Whose::Nobodys, reference.map(TicketName::Ref)).await.unwrap();
        all.push(format!("{by_ref:?}"));
        for log in [Log::Conversation, Log::Notes] {
            let size = Size { entries: 1000, bytes: usize::MAX };
            all.push(printed(store.messages(*ticket, log, Range::After(0), size).await));
        }
    }
    for number in 0..2 {
        let guest = GuestId::from_ulid(ulid(1, number));
        let facts = store.facts(Whose::Guest(guest), None).await.unwrap();
        all.push(format!("{:?}", facts.guest));
        all.push(listed(store, &Listing::Own(guest)).await);
        for key in 0..12 {
            let key = format!("key-{key}").parse().unwrap();
            all.push(printed(store.ticket_opened(guest, key).await));
        }
    }
    let mut attended = store.attended_tickets().await.unwrap();
    attended.sort_by_key(|ticket| ticket.id);
    all.push(format!("{attended:?}"));
    all.push(printed(store.canned().await));
    all.push(serde_json::to_string(&store.agents().await.unwrap()).unwrap());
    for number in 0..3 {
        let agent = store.agent_by_name(format!("agent-{number}")).await.unwrap();
        all.push(serde_json::to_string(&agent).unwrap());
    }
    for made in 1..=commands.made {
        let session = SessionId::from_ulid(Ulid::from((9 << 64) + made));
        all.push(printed(store.session(session).await));
    }
    all.push(printed(store.last_audit().await));
    all
}

async fn compare(seed: u64, mut stores: Vec<Compared>) {
    let mut commands = Commands { random: Seeded::new(seed), made: 0, tickets: Vec::new() };
    for number in 0..2 {
        let guest = Guest { id: GuestId::from_ulid(ulid(1, number)), name: None, email: None };
        for Compared { store, .. } in &stores {
            store.add_guest(guest.clone(), Timestamp::from_millis(0)).await.unwrap();
        }
    }
    for step in 0..COMMANDS {
        let command = commands.next();
        let mut expected = None;
        for Compared { name, store, announced, .. } in &mut stores {
            let mut said = vec![answer(store.as_ref(), &command).await];
            while let Ok(stored) = announced.try_recv() {
                said.push(format!("{stored:?}"));
            }
            let expected = expected.get_or_insert_with(|| said.clone());
            assert_eq!(said, *expected, "seed {seed}, step {step}, {name}");
        }
    }
    let mut expected = None;
    for Compared { name, store, .. } in &stores {
        let contents = contents(store.as_ref(), &commands).await;
        let expected = expected.get_or_insert_with(|| contents.clone());
        for (one, other) in contents.iter().zip(expected.iter()) {
            assert_eq!(one, other, "seed {seed}, at the end, {name}");
        }
        assert_eq!(contents.len(), expected.len(), "seed {seed}, at the end, {name}");
        store.close().await;
    }
}

/// `DIFFERENTIAL_SEEDS=10000` makes a longer run of it, `DIFFERENTIAL_SEED=7` runs only that one.
#[tokio::test]
async fn the_same_commands_give_the_same_answers_on_every_store() {
    let number = |name: &str| std::env::var(name).ok().map(|it| it.parse::<u64>().unwrap());
    if let Some(seed) = number("DIFFERENTIAL_SEED") {
        return compare(seed, vec![memory(), sqlite(), simulated()]).await;
    }
    for seed in 0..number("DIFFERENTIAL_SEEDS").unwrap_or(SEEDS) {
        compare(seed, vec![memory(), sqlite(), simulated()]).await;
    }
}

/// Fewer of them: each command crosses a network several times.
#[cfg(feature = "mongo")]
#[tokio::test]
async fn the_same_commands_give_the_same_answers_on_mongodb() {
    for seed in 0..SEEDS / 20 {
        let scratch = Scratch::new();
        compare(seed, vec![memory(), mongodb(&scratch).await]).await;
        scratch.drop().await;
    }
}
