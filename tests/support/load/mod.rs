//! Many clients at once, each as the protocol asks for one, and the proof at the end that everything
//! they were told is so.

mod applied;
mod client;
mod verdict;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use futures_util::{StreamExt, stream};
use serde_json::json;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use self::client::{LoadClient, Record, Status};
use self::verdict::Entry;
use super::people::{Agent, Guest};
use super::process::At;
use super::seed::Seed;

pub(crate) use self::client::Who;
pub(crate) use self::verdict::Verdict;

/// Between two looks at what is waited for.
const LOOK: Duration = Duration::from_millis(20);

/// Tickets that one agent talks in.
const TICKETS_OF_AN_AGENT: usize = 5;

/// How long everything may take to come to rest.
const REST: Duration = Duration::from_secs(30);

/// What all clients do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Think of new messages.
    Talk,
    /// Think of no more, and bring those that there are to an end.
    Finish,
    Leave,
}

/// How clients behave.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Habits {
    /// The mean time between an answer and the next message in a ticket.
    pub(crate) pause: Duration,
    /// Messages of one client in one ticket, at most.
    pub(crate) most: u64,
    /// The most that the first try to come back waits; each one more, up to sixteen times that.
    pub(crate) first_try: Duration,
    /// How long nothing may be heard before the connection is given up.
    pub(crate) silence: Duration,
}

impl Default for Habits {
    fn default() -> Self {
        Self {
            pause: Duration::ZERO,
            most: 1_000_000,
            first_try: Duration::from_millis(300),
            silence: Duration::from_secs(46),
        }
    }
}

/// Clients that talk.
pub(crate) struct Crowd {
    phase: watch::Sender<Phase>,
    statuses: Vec<Arc<Status>>,
    /// The tickets of each client, in the order of its status.
    tickets: Vec<Vec<String>>,
    tasks: JoinSet<Record>,
}

/// What the clients have to tell, once the verdict is clean.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) verdict: Verdict,
    pub(crate) returns: u64,
    pub(crate) gaps: u64,
    pub(crate) behind: u64,
    pub(crate) again: u64,
    pub(crate) refused: BTreeMap<String, u64>,
    pub(crate) handshakes: Vec<Duration>,
    pub(crate) slowest_refusal: Duration,
}

impl Crowd {
    /// Guests with a ticket each, and these agents with some of the tickets each. They connect at
    /// `at` and sign in at `home`.
    pub(crate) async fn comes(
        at: &At,
        home: &At,
        guests: usize,
        agents: &[&str],
        habits: Habits,
        seed: &mut Seed,
    ) -> Self {
        let phase = watch::Sender::new(Phase::Talk);
        let arriving = stream::iter(0..guests).map(|_| async {
            let (cookie, id) = Guest::session(home).await;
            let socket = loop {
                match Guest::connect(home, &cookie).await {
                    Ok(socket) => break socket,
                    // Many come at once.
                    Err(code) => assert_eq!(code, "503"),
                }
                sleep(LOOK * 10).await;
            };
            let mut guest = Guest { cookie, id, socket };
            let ticket = guest.opens_a_ticket("hello").await;
            (Who::Guest { cookie: guest.cookie }, vec![ticket])
        });
        let mut people: Vec<_> = arriving.buffer_unordered(16).collect().await;
        let tickets: Vec<String> = people.iter().map(|(_, tickets)| tickets[0].clone()).collect();
        for (place, name) in agents.iter().enumerate() {
            let token = Agent::token(home, name, super::process::PASSWORD).await.unwrap();
            let own = tickets.iter().cycle().skip(place * TICKETS_OF_AN_AGENT);
            let own = own.take(TICKETS_OF_AN_AGENT.min(tickets.len())).cloned().collect();
            people.push((Who::Agent { name: (*name).to_owned(), token }, own));
        }
        let mut crowd =
            Self { phase, statuses: Vec::new(), tickets: Vec::new(), tasks: JoinSet::new() };
        for (who, tickets) in people {
            crowd.tickets.push(tickets.clone());
            let places = (at.clone(), home.clone());
            let phase = crowd.phase.subscribe();
            let (client, status) =
                LoadClient::new(who, tickets, places, habits, phase, seed.split());
            crowd.tasks.spawn(client.run());
            crowd.statuses.push(status);
        }
        let all = |crowd: &Self| crowd.online() == crowd.len();
        crowd.until("everybody is online", 4 * REST, all).await;
        crowd
    }

    pub(crate) fn len(&self) -> usize {
        self.statuses.len()
    }

    fn sum(&self, of: impl Fn(&Status) -> u64) -> u64 {
        self.statuses.iter().map(|status| of(status)).sum()
    }

    /// How many have joined again all that they were in.
    pub(crate) fn online(&self) -> usize {
        self.statuses.iter().filter(|it| it.online.load(Ordering::Relaxed)).count()
    }

    /// How often each has been online, for `returned_since`.
    pub(crate) fn times(&self) -> Vec<u64> {
        self.statuses.iter().map(|it| it.times.load(Ordering::Relaxed)).collect()
    }

    /// Whether everybody has been online once more.
    pub(crate) fn returned_since(&self, times: &[u64]) -> bool {
        self.times().iter().zip(times).all(|(now, then)| now > then) && self.online() == self.len()
    }

    pub(crate) fn acked(&self) -> u64 {
        self.sum(|it| it.acked.load(Ordering::Relaxed))
    }

    pub(crate) fn unavailable(&self) -> u64 {
        self.sum(|it| it.unavailable.load(Ordering::Relaxed))
    }

    fn waiting(&self) -> u64 {
        self.sum(|it| it.waiting.load(Ordering::Relaxed))
    }

    /// Waits until so many more messages are acknowledged.
    pub(crate) async fn acks(&self, more: u64, within: Duration) -> Duration {
        let enough = self.acked() + more;
        self.until("more acknowledgements", within, |crowd| crowd.acked() >= enough).await
    }

    /// Waits for something; answers with how long it took.
    pub(crate) async fn until(
        &self,
        what: &str,
        within: Duration,
        is: impl Fn(&Self) -> bool,
    ) -> Duration {
        let began = Instant::now();
        while !is(self) {
            let (all, online, acked) = (self.len(), self.online(), self.acked());
            assert!(
                began.elapsed() < within,
                "not within {within:?}: {what}; {online} of {all} online, {acked} acked, {} waiting",
                self.waiting()
            );
            sleep(LOOK).await;
        }
        began.elapsed()
    }

    /// Nobody thinks of new messages; waits until every outbox is empty.
    pub(crate) async fn drains(&self, within: Duration) -> Duration {
        self.phase.send_replace(Phase::Finish);
        self.until("every outbox is empty", within, |crowd| crowd.waiting() == 0).await
    }

    /// Everybody comes to an end: outboxes drain, everybody applies the whole log without further
    /// traffic, and leaves. Fails unless all that was promised was kept.
    pub(crate) async fn ends(mut self, home: &At, agent: &str) -> Outcome {
        self.drains(REST).await;
        let began = Instant::now();
        let logs = loop {
            let logs = self.logs(home, agent).await;
            if self.has_applied(&logs) {
                break logs;
            }
            assert!(began.elapsed() < REST, "somebody has not applied the whole log");
            sleep(LOOK).await;
        };
        self.phase.send_replace(Phase::Leave);
        let leaving = async {
            let mut records = Vec::new();
            while let Some(record) = self.tasks.join_next().await {
                records.push(record.unwrap());
            }
            records
        };
        let records = timeout(REST, leaving).await.unwrap();
        let verdict = Verdict::on(&logs, &records);
        verdict.must_be_clean();
        let mut refused = BTreeMap::new();
        for (code, count) in records.iter().flat_map(|record| &record.refused) {
            *refused.entry(code.clone()).or_default() += count;
        }
        let rooms = || records.iter().flat_map(|record| &record.rooms);
        Outcome {
            verdict,
            returns: records.iter().map(|record| record.returns).sum(),
            gaps: records.iter().map(|record| record.gaps).sum(),
            behind: records.iter().map(|record| record.behind).sum(),
            again: rooms().map(|room| room.applied.again).sum(),
            refused,
            slowest_refusal: records.iter().map(|it| it.slowest_refusal).max().unwrap_or_default(),
            handshakes: records.into_iter().flat_map(|record| record.handshakes).collect(),
        }
    }

    fn has_applied(&self, logs: &HashMap<String, Vec<Entry>>) -> bool {
        self.statuses.iter().zip(&self.tickets).all(|(status, tickets)| {
            status.applied.iter().zip(tickets).all(|(applied, ticket)| {
                applied.load(Ordering::Relaxed) == logs[ticket].len() as u64
            })
        })
    }

    /// The whole logs, as an agent reads them.
    async fn logs(&self, home: &At, agent: &str) -> HashMap<String, Vec<Entry>> {
        let mut agent = Agent::signs_in(home, agent).await;
        let mut logs = HashMap::new();
        for ticket in self.tickets.iter().flatten() {
            if !logs.contains_key(ticket) {
                let log = whole_log(&mut agent, ticket).await;
                logs.insert(ticket.clone(), log);
            }
        }
        logs
    }
}

/// A whole log, by pages from its end.
pub(crate) async fn whole_log(agent: &mut Agent, ticket: &str) -> Vec<Entry> {
    let mut log = Vec::new();
    loop {
        let mut payload = json!({ "ticketId": ticket, "limit": 200 });
        if let Some(Entry { seq, .. }) = log.last() {
            payload["before"] = json!(seq);
        }
        let page = agent.socket.done("message:list", payload).await;
        let entries = page["messages"].as_array().unwrap().iter().rev().map(|message| Entry {
            seq: message["seq"].as_u64().unwrap(),
            id: message["id"].as_str().unwrap().to_owned(),
            sender: message["senderId"].as_str().unwrap_or("system").to_owned(),
            key: message["clientMessageId"].as_str().map(str::to_owned),
            content: message["content"].as_str().unwrap().to_owned(),
        });
        log.extend(entries);
        if page["hasMore"] == false {
            log.reverse();
            return log;
        }
    }
}

impl Outcome {
    /// The time that so many percent of the handshakes took at most.
    pub(crate) fn handshake(&self, percent: usize) -> Duration {
        let mut all = self.handshakes.clone();
        all.sort();
        all.get((all.len() * percent / 100).min(all.len().saturating_sub(1)))
            .copied()
            .unwrap_or_default()
    }
}

impl std::fmt::Display for Outcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Verdict { acked, lost, doubled, reordered, holes, diverged, .. } = self.verdict;
        write!(
            f,
            "{acked} acked, {lost} lost, {doubled} doubled, {reordered} reordered, {holes} holes, \
             {diverged} diverged, {} reconnects, {} gaps and {} late heads healed, {} heard again, refused \
             {:?}",
            self.returns, self.gaps, self.behind, self.again, self.refused
        )
    }
}
