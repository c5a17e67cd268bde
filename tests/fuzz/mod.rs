//! Made-up packets, driven through the real transport into a real desk in this process: whatever
//! comes, each request has one answer or the connection ends, nothing panics, and the logs stay
//! whole. `PROPTEST_CASES=100000` makes a longer run of it.

mod packets;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use proptest::{
    collection::vec,
    prelude::*,
    test_runner::{Config, TestCaseError, TestRunner},
};
use serde_json::{Value, json};
use support_shared::ErrorCode;
use tokio::runtime::Runtime;

use self::packets::{Frame, frame};
use crate::support::{
    DEADLINE,
    client::Client,
    house::{House, unlimited},
    people::{Agent, Guest},
};

/// Panics on the threads of the server under test.
static PANICS: AtomicUsize = AtomicUsize::new(0);

/// What those threads are called.
const THREADS: &str = "fuzzed";

/// The number of the request at the end of a case, which has to be answered.
const LAST: u64 = 4_242_424_242;

/// A desk with a ticket, and a connection of each side that lasts as long as it is not closed.
struct Bench {
    house: House,
    guest: Guest,
    agent: Agent,
    sockets: BTreeMap<&'static str, Client>,
    ids: [(&'static str, String); 3],
    cases: usize,
    answers: usize,
    ended: usize,
}

impl Bench {
    async fn set_up() -> Self {
        let house = House::with(&[("alice", "Alice")], unlimited()).await;
        let mut guest = Guest::arrives(&house.at).await;
        let agent = Agent::signs_in(&house.at, "alice").await;
        let ticket = guest.opens_a_ticket("hello").await;
        let other = Guest::arrives(&house.at).await.opens_a_ticket("another's").await;
        let (_, me) = agent.http(&house.at, reqwest::Method::GET, "/agent/me", None).await;
        let alice = me["agent"]["id"].as_str().unwrap().to_owned();
        let ids = [("TICKET", ticket), ("OTHER", other), ("AGENT", alice)];
        Self { house, guest, agent, sockets: BTreeMap::new(), ids, cases: 0, answers: 0, ended: 0 }
    }

    fn filled(&self, text: &str) -> String {
        self.ids.iter().fold(text.to_owned(), |text, (name, id)| text.replace(name, id))
    }

    async fn connect(&self, namespace: &'static str) -> Client {
        if namespace == "/agent" {
            Agent::connect(&self.house.at, &self.agent.token).await.unwrap()
        } else {
            Guest::connect(&self.house.at, &self.guest.cookie).await.unwrap()
        }
    }

    /// Sends the frames of a case, and looks at what comes back.
    async fn tries(
        &mut self,
        namespace: &'static str,
        frames: &[Frame],
    ) -> Result<(), TestCaseError> {
        let mut socket = match self.sockets.remove(namespace) {
            Some(socket) => socket,
            None => self.connect(namespace).await,
        };
        let mut owed = Vec::new();
        for (place, frame) in frames.iter().enumerate() {
            let number = 1_000 + place as u64;
            let (message, must) = frame.message(namespace, number, |text| self.filled(text));
            if must {
                owed.push(number);
            }
            if !socket.frame(message).await {
                break;
            }
        }
        socket.frame(format!("42{namespace},{LAST}[\"ticket:list\",{{}}]").into()).await;
        let (answers, alive) = answers(&mut socket, namespace).await?;
        // What the parser in front cannot read ends the connection, a moment after it was read.
        let alive = alive
            && (owed.iter().all(|number| answers.contains_key(number))
                || !ends(&mut socket, namespace).await);
        for number in owed.iter().filter(|_| alive) {
            prop_assert!(answers.contains_key(number), "no answer to {}", number);
        }
        let more = owed.iter().find(|number| answers.get(number).is_some_and(|many| *many > 1));
        prop_assert!(more.is_none(), "{:?} has more than one answer", more);
        self.cases += 1;
        self.answers += answers.len();
        if alive {
            self.sockets.insert(namespace, socket);
        } else {
            self.ended += 1;
        }
        prop_assert_eq!(PANICS.load(Ordering::Relaxed), 0, "a thread of the server panicked");
        Ok(())
    }

    /// The logs of the ticket are whole, and what is in them is by whom it says.
    async fn is_whole(&mut self) {
        let mut socket = self.connect("/guest").await;
        let mut messages = Vec::new();
        loop {
            let after =
                json!({ "ticketId": self.ids[0].1, "afterSeq": messages.len(), "limit": 200 });
            let mut joined = socket.done("ticket:join", after).await;
            messages.append(joined["messages"].as_array_mut().unwrap());
            if joined["hasMore"] == false {
                break;
            }
        }
        for (place, message) in messages.iter().enumerate() {
            assert_eq!(message["seq"], place + 1);
            assert_eq!(message["internal"], false);
            let guests = message["senderId"] == self.guest.id.as_str();
            assert_eq!(message["senderRole"] == "guest", guests, "{message}");
        }
    }
}

/// Whether the connection ends in time, whatever is still heard before.
async fn ends(socket: &mut Client, namespace: &str) -> bool {
    let left = format!("41{namespace}");
    let end = async { while socket.packet().await.is_some_and(|it| !it.starts_with(&left)) {} };
    tokio::time::timeout(DEADLINE / 2, end).await.is_ok()
}

/// How often each number is answered until the last one is, or the connection is over; and which of
/// the two it was.
async fn answers(
    socket: &mut Client,
    namespace: &str,
) -> Result<(BTreeMap<u64, usize>, bool), TestCaseError> {
    let mut answers = BTreeMap::new();
    let (acks, left) = (format!("43{namespace},"), format!("41{namespace}"));
    while let Some(packet) = socket.packet().await {
        if packet.starts_with(&left) {
            return Ok((answers, false));
        }
        let Some(ack) = packet.strip_prefix(&acks) else { continue };
        let (number, answer) = ack.split_at(ack.find('[').unwrap());
        let answer: Value = serde_json::from_str(answer).unwrap();
        prop_assert_eq!(answer.as_array().map(Vec::len), Some(1), "{}", packet);
        let answer = &answer[0];
        if answer["ok"] == true {
            prop_assert!(answer["data"].is_object(), "{}", packet);
        } else {
            let code = answer["error"]["code"].as_str().unwrap_or_default();
            let known = ErrorCode::ALL.iter().any(|it| it.as_str() == code);
            let ours = ["internal", "unavailable"].contains(&code);
            prop_assert!(answer["ok"] == false && known && !ours, "{}", packet);
        }
        let number: u64 = number.parse().unwrap_or_default();
        *answers.entry(number).or_default() += 1;
        if number == LAST {
            return Ok((answers, true));
        }
    }
    Ok((answers, false))
}

#[test]
fn whatever_packets_come_each_request_has_one_answer_and_nothing_breaks() {
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if std::thread::current().name() == Some(THREADS) {
            PANICS.fetch_add(1, Ordering::Relaxed);
        }
        before(panic);
    }));
    let runtime: Runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .thread_name(THREADS)
        .enable_all()
        .build()
        .unwrap();
    let bench = std::cell::RefCell::new(runtime.block_on(Bench::set_up()));
    let config =
        Config { failure_persistence: None, max_shrink_time: 120_000, ..Config::default() };
    let side = prop::sample::select(vec!["/guest", "/agent"]);

    let outcome = TestRunner::new(config).run(&(side, vec(frame(), 1..12)), |(side, frames)| {
        runtime.block_on(bench.borrow_mut().tries(side, &frames))
    });

    let mut bench = bench.into_inner();
    println!("{} cases, {} answers, {} ends", bench.cases, bench.answers, bench.ended);
    assert!(outcome.is_ok(), "{}", outcome.unwrap_err());
    assert!(bench.answers > bench.cases, "most of it reaches the desk");
    runtime.block_on(async {
        bench.is_whole().await;
        bench.sockets.clear();
        bench.house.close().await;
    });
}
