//! Agents who go: from one node, from one of two, while the store is away, and with their node. In
//! simulated time, on the collections that two nodes share.

mod between_nodes;
mod on_one_node;

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use support_shared::{
    AgentId, GuestId, MessageId, SessionId, TicketId, Timestamp,
    ids::TicketName,
    message::{Message, SystemEvent},
    notice::{AgentNotice, GuestNotice, SessionEnded},
    request::{CreateTicket, JoinTicket},
    text::Content,
    ticket::{AgentName, AgentRole, Guest, PresenceState, TicketStatus},
};
use tokio::sync::mpsc;
use ulid::Ulid;

use crate::clock::Source;
use crate::desk::store::replicated::{
    Replicated,
    collections::{Entries, Upkeep},
    simulated::{Calm, Fails, Fate, Faults, Simulated, Tables},
};
use crate::desk::store::{AgentRecord, SessionRecord};
use crate::desk::{
    Actor, Agents, Command, Connection, Desk, DeskError, Ending, Hub, Limits, Passing, Reply, Side,
    TicketView, Who, announce,
};
use crate::telemetry::Meter;

/// Seconds after which whatever is waited for should have happened. They pass at once.
const SOON: u64 = 120;

/// What a node has told all agents of who comes and goes, and whose connections it has ended.
#[derive(Default)]
struct Heard(Mutex<Vec<PresenceState>>, Mutex<Vec<Ending>>);

impl Hub for Heard {
    fn tell_agents(&self, _: Agents, notice: &AgentNotice) {
        if let AgentNotice::PresenceChanged(changed) = notice {
            self.0.lock().unwrap().push(changed.state);
        }
    }

    fn occupied(&self) -> Vec<TicketId> {
        Vec::new()
    }

    fn tell_guest(&self, _: TicketId, _: &GuestNotice) {}
    fn tell_one(&self, _: &Connection, _: &AgentNotice) {}
    fn tell_others(&self, _: TicketId, _: &Passing, _: Option<&Connection>) {}
    fn tell_other_agents(&self, _: TicketId, _: &AgentNotice, _: Option<&Connection>) {}
    fn enter(&self, _: &Connection, _: TicketId, _: u64) {}
    fn put_back(&self, _: &Connection, _: TicketId, _: u64) {}
    fn leave(&self, _: &Connection, _: TicketId) {}
    fn clear_agents(&self, _: TicketId, _: u64) {}
    fn end(&self, whose: Ending, _: &SessionEnded) {
        self.1.lock().unwrap().push(whose);
    }
}

/// The way of a node to the database.
#[derive(Default)]
struct Way {
    is_away: AtomicBool,
    /// Milliseconds until an answer.
    slow: AtomicU64,
    /// What is asked is done, and the answer is lost.
    is_deaf: AtomicBool,
}

impl Faults for Way {
    fn fate(&self) -> Fate {
        let away = self.is_away.load(Ordering::Relaxed);
        let deaf = self.is_deaf.load(Ordering::Relaxed);
        let fails =
            away.then_some(Fails::BeforeItTookEffect).or(deaf.then_some(Fails::AfterItTookEffect));
        Fate { fails, after: self.slow.load(Ordering::Relaxed), ..Fate::default() }
    }

    fn is_alive(&self) -> bool {
        true
    }
}

struct Node {
    desk: Arc<Desk>,
    heard: Arc<Heard>,
    way: Arc<Way>,
}

impl Node {
    fn is_away(&self, away: bool) {
        self.way.is_away.store(away, Ordering::Relaxed);
    }

    /// It ends without a word.
    fn ends(self) {
        self.desk.stopping.cancel();
    }

    async fn does(&self, actor: &Actor, command: Command) -> Result<Reply, DeskError> {
        self.desk.execute(actor, command).await
    }
}

/// A desk with one open ticket and one agent, on as many nodes as are started.
struct House {
    tables: Arc<Mutex<Tables>>,
    ticket: TicketId,
}

fn agent_id() -> AgentId {
    AgentId::from_ulid(Ulid::from(2))
}

fn far() -> Timestamp {
    Timestamp::from_millis(i64::from(u32::MAX) * 10_000)
}

/// The agent, on a connection of this name.
fn agent(connection: &str) -> Actor {
    let session = SessionId::from_ulid(Ulid::from(3));
    let who = Who::Agent { agent: agent_id(), session, expires_at: far() };
    let name: Arc<str> = Arc::from(connection);
    let connection = Connection { side: Side::Agent, id: Arc::clone(&name), seat: name };
    Actor { who, connection: Some(connection), address: None }
}

impl House {
    async fn new() -> Self {
        let mut tables = Tables::new("history".to_owned(), Arc::default());
        let guest = Guest { id: GuestId::from_ulid(Ulid::from(1)), name: None, email: None };
        let who = Who::Guest(guest.id);
        tables.add_guest(guest, far());
        tables.add_agent(AgentRecord {
            id: agent_id(),
            username: "alice".to_owned(),
            display_name: "Alice".to_owned(),
            role: AgentRole::Agent,
            disabled: false,
            must_change_password: false,
            password_hash: String::new(),
            created_at: far(),
        });
        let id = SessionId::from_ulid(Ulid::from(3));
        tables.add_session(SessionRecord { id, agent: agent_id(), ends_at: far(), ended: false });
        let ticket = TicketId::from_ulid(Ulid::from(0));
        let house = Self { tables: Arc::new(Mutex::new(tables)), ticket };
        let node = house.start();
        let opens = Command::OpenTicket(CreateTicket {
            content: Content::try_from("hello".to_owned()).unwrap(),
            client_message_id: "first".parse().unwrap(),
            subject: None,
            name: None,
            email: None,
        });
        let opened = node.does(&Actor::without_connection(who), opens).await.unwrap();
        let Reply::Created(created) = opened else { panic!("{opened:?}") };
        let TicketView::Guest(ticket) = created.ticket else { panic!() };
        node.desk.close().await;
        Self { ticket: ticket.id, ..house }
    }

    fn start(&self) -> Node {
        let way = Arc::new(Way::default());
        let faults = Arc::clone(&way);
        let (announce, announced) = mpsc::channel(announce::LINE);
        let collections = Simulated::open(Arc::clone(&self.tables), faults);
        let store = Arc::new(Replicated::start(collections, announce));
        let heard = Arc::new(Heard::default());
        let hub = Arc::clone(&heard) as Arc<dyn Hub>;
        let (limits, source) = (Limits::default(), Source::system());
        let desk = Desk::on(store, announced, hub, limits, source, Meter::new());
        Node { desk, heard, way }
    }

    fn join(&self) -> Command {
        Command::JoinTicket(JoinTicket {
            ticket_id: self.ticket,
            after_seq: None,
            after_note_seq: None,
            epoch: None,
            limit: None,
            silent: false,
        })
    }

    async fn joins(&self, node: &Node, actor: &Actor) {
        node.does(actor, Command::Connect(Side::Agent)).await.unwrap();
        node.does(actor, self.join()).await.unwrap();
    }

    /// The conversation, and nothing but what is stored.
    async fn log(&self) -> Vec<Message> {
        let collections = Simulated::open(Arc::clone(&self.tables), Arc::new(Calm));
        let log = crate::desk::log::Log::Conversation;
        collections.entries(self.ticket, log, 1, u64::MAX).await.unwrap()
    }

    /// Who comes and goes, in words.
    async fn story(&self) -> Vec<&'static str> {
        let log = self.log().await;
        let word = |message: &Message| match message.event {
            Some(SystemEvent::AgentJoined { .. }) => Some("joined"),
            Some(SystemEvent::AgentLeft { .. }) => Some("left"),
            Some(SystemEvent::TicketClosed { .. }) => Some("closed"),
            Some(SystemEvent::TicketReopened { .. }) => Some("reopened"),
            _ => None,
        };
        log.iter().filter_map(word).collect()
    }

    /// The story becomes this one, and stays so.
    async fn comes_to(&self, story: &[&str]) {
        for _ in 0..SOON {
            if self.story().await == story {
                break;
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        tokio::time::sleep(Duration::from_secs(SOON)).await;
        assert_eq!(self.story().await, story);
    }
}
