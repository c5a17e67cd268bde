//! Agents who go: from one node, from one of two, while the store is away, and with their node. In
//! simulated time, on the collections that two nodes share.

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

#[tokio::test(start_paused = true)]
async fn an_agent_who_left_while_the_store_was_away_is_written_out_when_it_is_back() {
    let house = House::new().await;
    let (node, alice) = (house.start(), agent("a"));
    house.joins(&node, &alice).await;

    // From here on nothing is written: nor when the grace period is over.
    node.is_away(true);
    let left = node.desk.presence.stand(house.ticket, agent_id(), &Arc::from("a"));
    assert!(left);
    node.desk.leave_after_grace(house.ticket, agent_id());
    tokio::time::sleep(Duration::from_mins(1)).await;
    assert_eq!(house.story().await, ["joined"]);
    node.is_away(false);

    house.comes_to(&["joined", "left"]).await;
}

#[tokio::test(start_paused = true)]
async fn an_agent_whose_connection_broke_while_the_store_was_away_is_written_out_when_it_is_back() {
    let house = House::new().await;
    let (node, alice) = (house.start(), agent("a"));
    house.joins(&node, &alice).await;

    node.is_away(true);
    node.desk.disconnected(&alice);
    tokio::time::sleep(Duration::from_mins(1)).await;
    assert_eq!(house.story().await, ["joined"]);
    node.is_away(false);

    house.comes_to(&["joined", "left"]).await;
}

#[tokio::test(start_paused = true)]
async fn an_agent_who_is_back_within_the_grace_period_was_never_away() {
    let house = House::new().await;
    let (node, alice, again) = (house.start(), agent("a"), agent("b"));
    house.joins(&node, &alice).await;

    node.desk.disconnected(&alice);
    tokio::time::sleep(Duration::from_secs(9)).await;
    house.joins(&node, &again).await;

    house.comes_to(&["joined"]).await;
    assert_eq!(*node.heard.0.lock().unwrap(), [PresenceState::Online, PresenceState::Online]);
}

#[tokio::test(start_paused = true)]
async fn colleagues_hear_that_an_agent_is_gone_also_when_the_store_was_away() {
    let house = House::new().await;
    let (node, alice) = (house.start(), agent("a"));
    house.joins(&node, &alice).await;

    node.is_away(true);
    node.desk.disconnected(&alice);
    tokio::time::sleep(Duration::from_mins(1)).await;
    assert_eq!(*node.heard.0.lock().unwrap(), [PresenceState::Online]);
    node.is_away(false);
    tokio::time::sleep(Duration::from_mins(1)).await;

    assert_eq!(*node.heard.0.lock().unwrap(), [PresenceState::Online, PresenceState::Offline]);
}

#[tokio::test(start_paused = true)]
async fn who_is_in_a_ticket_that_its_summary_does_not_know_of_is_written_out_after_a_start() {
    let house = House::new().await;
    // What a node has written when it ends before the summary.
    let mut joined = house.log().await.pop().unwrap();
    (joined.id, joined.seq) = (MessageId::from_ulid(Ulid::from(9)), Some(2));
    (joined.sender_id, joined.client_message_id) = (None, None);
    let name = AgentName { id: agent_id(), name: "Alice".to_owned() };
    joined.event = Some(SystemEvent::AgentJoined { agent: name });
    let collections = Simulated::open(Arc::clone(&house.tables), Arc::new(Calm));
    collections.insert_entries(&[joined]).await.pop().unwrap().unwrap();

    let node = house.start();
    node.desk.resume().await.unwrap();

    house.comes_to(&["joined", "left"]).await;
}

#[tokio::test(start_paused = true)]
async fn a_start_leaves_alone_who_sits_at_another_node() {
    let house = House::new().await;
    let (one, alice) = (house.start(), agent("a"));
    house.joins(&one, &alice).await;

    let other = house.start();
    other.desk.resume().await.unwrap();
    house.comes_to(&["joined"]).await;
    one.desk.disconnected(&alice);

    house.comes_to(&["joined", "left"]).await;
}

#[tokio::test(start_paused = true)]
async fn who_sat_at_a_node_that_has_ended_is_written_out_by_another() {
    let house = House::new().await;
    let (one, other, alice) = (house.start(), house.start(), agent("a"));
    house.joins(&one, &alice).await;
    tokio::time::sleep(Duration::from_mins(1)).await;
    assert_eq!(house.story().await, ["joined"]);

    one.ends();

    house.comes_to(&["joined", "left"]).await;
    drop(other);
}

#[tokio::test(start_paused = true)]
async fn an_agent_who_leaves_at_one_node_and_sits_at_another_has_not_left() {
    let house = House::new().await;
    let (one, other) = (house.start(), house.start());
    let (here, there) = (agent("a"), agent("b"));
    house.joins(&one, &here).await;
    house.joins(&other, &there).await;

    one.does(&here, Command::LeaveTicket(house.ticket)).await.unwrap();
    house.comes_to(&["joined"]).await;
    other.does(&there, Command::LeaveTicket(house.ticket)).await.unwrap();

    house.comes_to(&["joined", "left"]).await;
}

#[tokio::test(start_paused = true)]
async fn a_node_that_was_away_writes_its_agents_in_again() {
    let house = House::new().await;
    let (one, other, alice) = (house.start(), house.start(), agent("a"));
    house.joins(&one, &alice).await;

    one.is_away(true);
    tokio::time::sleep(Duration::from_mins(1)).await;
    assert_eq!(house.story().await, ["joined", "left"]);
    one.is_away(false);

    house.comes_to(&["joined", "left", "joined"]).await;
    drop(other);
}

#[tokio::test(start_paused = true)]
async fn who_was_in_a_ticket_when_it_was_closed_at_another_node_is_in_it_no_more() {
    let house = House::new().await;
    let (one, other) = (house.start(), house.start());
    let (here, there) = (agent("a"), agent("b"));
    house.joins(&one, &here).await;
    other.does(&there, Command::Connect(Side::Agent)).await.unwrap();
    let ticket = TicketName::Id(house.ticket);

    other.does(&there, Command::CloseTicket { ticket, reason: None }).await.unwrap();
    other.does(&there, Command::ReopenTicket(ticket)).await.unwrap();

    house.comes_to(&["joined", "closed", "reopened"]).await;
    assert!(!one.desk.presence.sits(house.ticket, agent_id()));
}

#[tokio::test(start_paused = true)]
async fn a_node_that_stops_takes_its_word_back_and_one_that_is_silent_is_forgotten() {
    let house = House::new().await;
    let (one, other, third) = (house.start(), house.start(), house.start());
    let collections = Simulated::open(Arc::clone(&house.tables), Arc::new(Calm));
    tokio::time::sleep(Duration::from_secs(10)).await;
    assert_eq!(collections.heartbeats().await.unwrap().len(), 3);

    other.desk.close().await;
    assert_eq!(collections.heartbeats().await.unwrap().len(), 2);
    third.ends();
    tokio::time::sleep(Duration::from_mins(20)).await;

    assert_eq!(collections.heartbeats().await.unwrap().len(), 1);
    drop(one);
}

#[tokio::test(start_paused = true)]
async fn who_joins_while_a_ticket_is_closed_and_opened_again_is_in_it_as_the_answer_says() {
    let mut met = 0;
    for moment in (0..400).step_by(7) {
        let house = House::new().await;
        let (one, other) = (house.start(), house.start());
        let (here, there) = (agent("a"), agent("b"));
        one.does(&here, Command::Connect(Side::Agent)).await.unwrap();
        other.does(&there, Command::Connect(Side::Agent)).await.unwrap();
        let ticket = TicketName::Id(house.ticket);

        // A node that is far from the database, and in the middle of the join a colleague beside it.
        one.way.slow.store(20, Ordering::Relaxed);
        let closes = async {
            tokio::time::sleep(Duration::from_millis(moment)).await;
            other.does(&there, Command::CloseTicket { ticket, reason: None }).await.unwrap();
            other.does(&there, Command::ReopenTicket(ticket)).await.unwrap();
        };
        let (joined, ()) = tokio::join!(one.does(&here, house.join()), closes);
        let Ok(Reply::Joined(joined)) = joined else { panic!("{joined:?}") };
        let TicketView::Agent(ticket) = joined.ticket else { panic!() };

        let story = house.story().await;
        let closed_after = story.ends_with(&["joined", "closed", "reopened"]);
        let is_in = story.ends_with(&["joined"]);
        // Either it has joined again after the close, or it was told of the close in the answer or
        // will be, because it was in the room when it came.
        assert!(is_in || closed_after, "{moment}: {story:?}");
        assert_eq!(ticket.status, TicketStatus::Open, "{moment}");
        if closed_after {
            let closed = |it: &Message| matches!(it.event, Some(SystemEvent::TicketClosed { .. }));
            assert!(!joined.messages.iter().any(closed), "{moment}: {story:?}");
        }
        met += usize::from(is_in && story.contains(&"closed"));
    }
    assert!(met > 3, "no close came in the middle");
}

#[tokio::test(start_paused = true)]
async fn who_is_refused_while_joining_is_not_in_the_ticket_whatever_was_written() {
    let mut written = 0;
    for moment in (0..400).step_by(10) {
        let house = House::new().await;
        let (node, alice) = (house.start(), agent("a"));
        node.does(&alice, Command::Connect(Side::Agent)).await.unwrap();

        node.way.slow.store(20, Ordering::Relaxed);
        let breaks = async {
            tokio::time::sleep(Duration::from_millis(moment)).await;
            node.way.is_deaf.store(true, Ordering::Relaxed);
        };
        let (joined, ()) = tokio::join!(node.does(&alice, house.join()), breaks);
        node.way.is_deaf.store(false, Ordering::Relaxed);

        let sits = node.desk.presence.sits(house.ticket, agent_id());
        assert_eq!(sits, joined.is_ok(), "{moment}: {joined:?}");
        let before = house.story().await;
        match (joined.is_ok(), before.as_slice()) {
            (true, _) => house.comes_to(&["joined"]).await,
            (false, []) => house.comes_to(&[]).await,
            (false, _) => {
                written += 1;
                house.comes_to(&["joined", "left"]).await;
            }
        }
    }
    assert!(written > 1, "nothing was written in a join that was refused");
}

#[tokio::test(start_paused = true)]
async fn a_session_that_may_have_ended_keeps_no_connection() {
    for (deaf, slow) in [(true, 0), (false, 20_000)] {
        let house = House::new().await;
        let (node, alice) = (house.start(), agent("a"));
        node.does(&alice, Command::Connect(Side::Agent)).await.unwrap();

        node.way.is_deaf.store(deaf, Ordering::Relaxed);
        let desk = Arc::clone(&node.desk);
        let session = SessionId::from_ulid(Ulid::from(3));
        let signs_out = desk.sign_out(&alice);
        node.way.slow.store(slow, Ordering::Relaxed);
        // As long as a command is waited for.
        let answer = tokio::time::timeout(Duration::from_secs(5), signs_out).await;
        assert!(!matches!(answer, Ok(Ok(_))), "{answer:?}");
        tokio::time::sleep(Duration::from_mins(2)).await;

        assert_eq!(*node.heard.1.lock().unwrap(), [Ending::Session(session)]);
    }
}
