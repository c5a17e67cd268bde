//! A client as the protocol asks for one: an outbox whose messages keep their id until an answer
//! that is final, one in flight a ticket, back-off with full jitter, resuming by number. It writes
//! down whatever it is told.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::{sleep, sleep_until, timeout};
use tokio_tungstenite::{
    WebSocketStream, client_async,
    tungstenite::{self, Message, client::IntoClientRequest},
};

use super::applied::{Applied, Took};
use super::verdict::Acked;
use super::{Habits, Phase};
use crate::support::{
    packet::{self, Packet},
    people::Agent,
    process::{At, PASSWORD},
    seed::Seed,
};

/// How long connecting may take, in each of its steps.
const CONNECT: Duration = Duration::from_secs(5);

/// How long an answer may take before the connection is given up.
const ANSWER: Duration = Duration::from_secs(12);

/// Who a client is.
#[derive(Debug, Clone)]
pub(crate) enum Who {
    Guest { cookie: String },
    Agent { name: String, token: String },
}

/// What one client does in one ticket, and what it was told there.
#[derive(Debug)]
pub(crate) struct Room {
    pub(crate) ticket: String,
    pub(crate) applied: Applied,
    pub(crate) acked: Vec<Acked>,
    epoch: Option<String>,
    /// How many messages it has thought of.
    thought: u64,
    /// The message that waits for its final answer, first of all.
    head: Option<(String, String)>,
    /// The number of the acknowledgement that it waits for, and since when.
    asked: Option<(u64, Instant)>,
    /// When it may be sent again.
    not_before: Instant,
    /// A resuming that is under way.
    resuming: bool,
}

impl Room {
    pub(crate) fn of(ticket: String) -> Self {
        Self {
            ticket,
            applied: Applied::default(),
            acked: Vec::new(),
            epoch: None,
            thought: 0,
            head: None,
            asked: None,
            not_before: Instant::now(),
            resuming: false,
        }
    }
}

/// What a client has to tell in the end.
#[derive(Debug, Default)]
pub(crate) struct Record {
    pub(crate) rooms: Vec<Room>,
    /// Connections after the first.
    pub(crate) returns: u64,
    /// What was refused, by code, and how often.
    pub(crate) refused: BTreeMap<String, u64>,
    /// Entries that came before one that was missing.
    pub(crate) gaps: u64,
    /// Heads that were further than what had come.
    pub(crate) behind: u64,
    pub(crate) handshakes: Vec<Duration>,
    pub(crate) slowest_refusal: Duration,
}

/// What the test sees of a client while it runs.
#[derive(Debug, Default)]
pub(crate) struct Status {
    pub(crate) acked: AtomicU64,
    /// Answers that were `unavailable`, to whatever was asked.
    pub(crate) unavailable: AtomicU64,
    /// Messages without a final answer.
    pub(crate) waiting: AtomicU64,
    pub(crate) online: AtomicBool,
    /// How often it has been online.
    pub(crate) times: AtomicU64,
    /// The last number applied, by room.
    pub(crate) applied: Vec<AtomicU64>,
}

pub(crate) struct LoadClient {
    who: Who,
    /// Where it connects, and where it signs in.
    at: At,
    home: At,
    habits: Habits,
    phase: watch::Receiver<Phase>,
    seed: Seed,
    status: Arc<Status>,
    record: Record,
    acks: u64,
    asked: HashMap<u64, (usize, Asked)>,
    /// What the server asks for before the next connection.
    wait: Option<Duration>,
}

#[derive(Debug, Clone, Copy)]
enum Asked {
    Send,
    Join,
}

type Socket = WebSocketStream<TcpStream>;

/// The connection is of no use any more.
struct Lost;

impl LoadClient {
    pub(crate) fn new(
        who: Who,
        tickets: Vec<String>,
        (at, home): (At, At),
        habits: Habits,
        phase: watch::Receiver<Phase>,
        seed: Seed,
    ) -> (Self, Arc<Status>) {
        let applied = tickets.iter().map(|_| AtomicU64::new(0)).collect();
        let status = Arc::new(Status { applied, ..Status::default() });
        let rooms = tickets.into_iter().map(Room::of).collect();
        let record = Record { rooms, ..Record::default() };
        let shared = Arc::clone(&status);
        let (acks, asked, wait) = (0, HashMap::new(), None);
        (Self { who, at, home, habits, phase, seed, status, record, acks, asked, wait }, shared)
    }

    /// Talks, comes back and resumes until it is told to leave.
    pub(crate) async fn run(mut self) -> Record {
        let mut tries = 0;
        while *self.phase.borrow() != Phase::Leave {
            if let Ok(socket) = self.connect().await {
                let before = self.status.times.load(Ordering::Relaxed);
                let _ = self.talk(socket).await;
                self.status.online.store(false, Ordering::Relaxed);
                self.record.returns += 1;
                if self.status.times.load(Ordering::Relaxed) > before {
                    tries = 0;
                }
            }
            let wait = if let Some(asked) = self.wait.take() {
                asked + self.seed.within(self.habits.first_try / 2)
            } else {
                tries = (tries + 1).min(5);
                self.seed.within(self.habits.first_try * 2_u32.pow(tries - 1))
            };
            let mut phase = self.phase.clone();
            tokio::select! {
                () = sleep(wait) => {}
                _ = phase.wait_for(|phase| *phase == Phase::Leave) => {}
            }
        }
        self.record
    }

    /// Connects and is let into its namespace.
    async fn connect(&mut self) -> Result<Socket, Lost> {
        let began = Instant::now();
        let address = self.at.address;
        let url = format!("ws://{address}/socket.io/?EIO=4&transport=websocket");
        let mut request = url.into_client_request().unwrap();
        let (namespace, auth) = match &self.who {
            Who::Guest { cookie } => {
                request.headers_mut().insert("cookie", cookie.parse().unwrap());
                ("/guest", json!({}))
            }
            Who::Agent { token, .. } => ("/agent", json!({ "token": token })),
        };
        let stream = timeout(CONNECT, TcpStream::connect(address)).await;
        let stream = stream.map_err(|_| Lost)?.map_err(|_| Lost)?;
        let _ = stream.set_nodelay(true);
        let upgraded = timeout(CONNECT, client_async(request, stream)).await.map_err(|_| Lost)?;
        let (mut socket, _) = upgraded.map_err(|error| self.sent_away(&error))?;
        let hello = Message::text(packet::connect(namespace, &auth));
        socket.send(hello).await.map_err(|_| Lost)?;
        loop {
            let text = timeout(CONNECT, text(&mut socket)).await.map_err(|_| Lost)??;
            match packet::parse(namespace, &text) {
                Packet::Connected => break,
                Packet::Refused(code) => {
                    self.refused(&code);
                    if code == "unauthenticated" {
                        self.sign_in().await;
                    }
                    return Err(Lost);
                }
                _ => {}
            }
        }
        self.record.handshakes.push(began.elapsed());
        Ok(socket)
    }

    /// It was not let in. Where it was told when to come again, it does.
    fn sent_away(&mut self, error: &tungstenite::Error) -> Lost {
        if let tungstenite::Error::Http(answer) = error {
            self.refused(answer.status().as_str());
            let after = answer.headers().get("retry-after").and_then(|it| it.to_str().ok());
            self.wait = after.and_then(|it| it.parse().ok()).map(Duration::from_secs);
        }
        Lost
    }

    /// An agent whose token is of no use any more signs in again.
    async fn sign_in(&mut self) {
        let Who::Agent { name, token } = &mut self.who else { return };
        if let Ok(fresh) = Agent::token(&self.home, name, PASSWORD).await {
            *token = fresh;
        }
    }

    fn refused(&mut self, code: &str) {
        let unavailable = u64::from(code == "unavailable");
        self.status.unavailable.fetch_add(unavailable, Ordering::Relaxed);
        *self.record.refused.entry(code.to_owned()).or_default() += 1;
    }

    /// One connection, from joining to its end.
    async fn talk(&mut self, mut socket: Socket) -> Result<(), Lost> {
        self.asked.clear();
        for place in 0..self.record.rooms.len() {
            self.record.rooms[place].asked = None;
            self.record.rooms[place].resuming = false;
            self.resume(&mut socket, place).await?;
        }
        let mut online = false;
        let mut heard = Instant::now();
        let mut phase = self.phase.clone();
        loop {
            if !online && self.record.rooms.iter().all(|room| !room.resuming) {
                online = true;
                self.status.online.store(true, Ordering::Relaxed);
                self.status.times.fetch_add(1, Ordering::Relaxed);
            }
            let now = Instant::now();
            if online {
                for place in 0..self.record.rooms.len() {
                    self.say(&mut socket, place, now).await?;
                }
            }
            let next = self.next_moment(heard + self.habits.silence);
            if next <= now {
                return Err(Lost);
            }
            tokio::select! {
                text = text(&mut socket) => {
                    heard = Instant::now();
                    self.hear(&mut socket, &text?).await?;
                }
                changed = phase.changed() => {
                    if changed.is_err() || *phase.borrow_and_update() == Phase::Leave {
                        return Ok(());
                    }
                }
                () = sleep_until(next.into()) => {}
            }
        }
    }

    /// When something has to be done if nothing comes: a moment that is over is an answer or a
    /// sign of life that has not come in time.
    fn next_moment(&self, silence: Instant) -> Instant {
        let now = Instant::now();
        let rooms = self.record.rooms.iter().filter_map(|room| match (room.asked, &room.head) {
            (Some((_, since)), _) => Some(since + ANSWER),
            (None, Some(_)) => Some(room.not_before.max(now + Duration::from_millis(1))),
            (None, None)
                if *self.phase.borrow() == Phase::Talk && room.thought < self.habits.most =>
            {
                Some(room.not_before.max(now + Duration::from_millis(1)))
            }
            (None, None) => None,
        });
        rooms.min().map_or(silence, |first| first.min(silence))
    }

    /// Sends what is first in a room's outbox, if it is its time.
    async fn say(&mut self, socket: &mut Socket, place: usize, now: Instant) -> Result<(), Lost> {
        let talks = *self.phase.borrow() == Phase::Talk;
        let room = &mut self.record.rooms[place];
        if room.asked.is_some() || room.not_before > now {
            return Ok(());
        }
        if room.head.is_none() {
            if !talks || room.thought >= self.habits.most {
                return Ok(());
            }
            let key = format!("k{:x}-{}", self.seed.next(), room.thought);
            room.head = Some((key, format!("word {}", room.thought)));
            room.thought += 1;
            self.status.waiting.fetch_add(1, Ordering::Relaxed);
        }
        let Some((key, content)) = &room.head else { return Ok(()) };
        let payload =
            json!({ "ticketId": room.ticket, "content": content, "clientMessageId": key });
        self.acks += 1;
        room.asked = Some((self.acks, now));
        self.ask(socket, "message:send", &payload, place, Asked::Send).await
    }

    /// Asks for what comes after the last entry of a room.
    async fn resume(&mut self, socket: &mut Socket, place: usize) -> Result<(), Lost> {
        let room = &mut self.record.rooms[place];
        room.resuming = true;
        let mut payload = json!({ "ticketId": room.ticket, "afterSeq": room.applied.last() });
        payload["limit"] = json!(200);
        if let Some(epoch) = &room.epoch {
            payload["epoch"] = json!(epoch);
        }
        self.acks += 1;
        self.ask(socket, "ticket:join", &payload, place, Asked::Join).await
    }

    async fn ask(
        &mut self,
        socket: &mut Socket,
        event: &str,
        payload: &Value,
        place: usize,
        asked: Asked,
    ) -> Result<(), Lost> {
        self.asked.insert(self.acks, (place, asked));
        let packet = packet::event(self.namespace(), self.acks, event, payload);
        let sent = timeout(ANSWER, socket.send(Message::text(packet))).await;
        sent.map_err(|_| Lost)?.map_err(|_| Lost)
    }

    fn namespace(&self) -> &'static str {
        match self.who {
            Who::Guest { .. } => "/guest",
            Who::Agent { .. } => "/agent",
        }
    }

    async fn hear(&mut self, socket: &mut Socket, text: &str) -> Result<(), Lost> {
        match packet::parse(self.namespace(), text) {
            Packet::Ping => socket.send(Message::text("3")).await.map_err(|_| Lost),
            Packet::Disconnected => Err(Lost),
            Packet::Ack(number, answer) => match self.asked.remove(&number) {
                Some((place, Asked::Send)) => self.answered(place, &answer).await,
                Some((place, Asked::Join)) => self.joined(socket, place, &answer).await,
                None => panic!("an answer to nothing that was asked: {number} {answer}"),
            },
            Packet::Notice(event, payload) => self.noticed(socket, &event, &payload).await,
            Packet::Connected | Packet::Refused(_) | Packet::Other => Ok(()),
        }
    }

    /// The answer to a message: final, or a reason to send it again later.
    async fn answered(&mut self, place: usize, answer: &Value) -> Result<(), Lost> {
        let now = Instant::now();
        let pause = self.seed.within(self.habits.pause * 2);
        let room = &mut self.record.rooms[place];
        let (_, since) = room.asked.take().unwrap();
        if answer["ok"] == true {
            let (key, content) = room.head.take().unwrap();
            let message = &answer["data"]["message"];
            let (seq, id) = (message["seq"].as_u64().unwrap(), message["id"].as_str().unwrap());
            room.acked.push(Acked { seq, id: id.to_owned(), key, content });
            room.not_before = now + pause;
            self.status.waiting.fetch_sub(1, Ordering::Relaxed);
            self.status.acked.fetch_add(1, Ordering::Relaxed);
            return Ok(());
        }
        let code = answer["error"]["code"].as_str().unwrap().to_owned();
        let after = Duration::from_millis(answer["error"]["retryAfterMs"].as_u64().unwrap_or(0));
        room.not_before = now + after.max(self.habits.first_try / 4);
        self.record.slowest_refusal = self.record.slowest_refusal.max(since.elapsed());
        self.refused(&code);
        match code.as_str() {
            "unavailable" | "rate_limited" => Ok(()),
            "unauthenticated" => {
                self.sign_in().await;
                Err(Lost)
            }
            // Nobody in these tests does anything that could be refused for good.
            other => panic!("{other}: {answer}"),
        }
    }

    async fn joined(
        &mut self,
        socket: &mut Socket,
        place: usize,
        answer: &Value,
    ) -> Result<(), Lost> {
        if answer["ok"] != true {
            let code = answer["error"]["code"].as_str().unwrap();
            self.refused(code);
            if code == "unauthenticated" {
                self.sign_in().await;
            }
            // With the next connection, after the back-off.
            return Err(Lost);
        }
        let data = &answer["data"];
        let room = &mut self.record.rooms[place];
        assert_eq!(data["reset"], false, "the history is another one");
        room.epoch = data["epoch"].as_str().map(str::to_owned);
        for message in data["messages"].as_array().unwrap() {
            assert_ne!(room.applied.take(message), Took::Gap, "a page with a hole before it");
        }
        room.resuming = false;
        self.status.applied[place].store(room.applied.last(), Ordering::Relaxed);
        if data["hasMore"] == true { self.resume(socket, place).await } else { Ok(()) }
    }

    async fn noticed(
        &mut self,
        socket: &mut Socket,
        event: &str,
        payload: &Value,
    ) -> Result<(), Lost> {
        let ticket = match event {
            "message:new" if payload["message"]["internal"] != true => {
                &payload["message"]["ticketId"]
            }
            "ticket:head" => &payload["ticketId"],
            "server:draining" => {
                self.wait = payload["reconnectInMs"].as_u64().map(Duration::from_millis);
                return Ok(());
            }
            "session:ended" => {
                self.refused(payload["code"].as_str().unwrap());
                self.sign_in().await;
                return Err(Lost);
            }
            _ => return Ok(()),
        };
        let rooms = &mut self.record.rooms;
        let Some(place) = rooms.iter().position(|room| *ticket == *room.ticket) else {
            return Ok(());
        };
        let room = &mut rooms[place];
        let is_head = event == "ticket:head";
        let behind = if is_head {
            payload["seq"].as_u64().unwrap() > room.applied.last()
        } else {
            room.applied.take(&payload["message"]) == Took::Gap
        };
        self.status.applied[place].store(room.applied.last(), Ordering::Relaxed);
        if behind && !room.resuming {
            self.record.gaps += u64::from(!is_head);
            self.record.behind += u64::from(is_head);
            return self.resume(socket, place).await;
        }
        Ok(())
    }
}

/// The next packet.
async fn text(socket: &mut Socket) -> Result<String, Lost> {
    loop {
        match socket.next().await {
            Some(Ok(Message::Text(text))) => return Ok(text.as_str().to_owned()),
            Some(Ok(_)) => {}
            Some(Err(_)) | None => return Err(Lost),
        }
    }
}
