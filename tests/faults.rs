//! What goes wrong inside the house: a session that runs out, a fault of our own, a store that does
//! not answer. The server runs in this process here, so that its clock and its randomness are ours.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::{Duration, Instant};

use serde_json::json;
use support_server::{
    Server,
    clock::{Clock, Random, Source, System},
    config::{Config, Flags},
};
use support_shared::Timestamp;
use tokio::net::TcpListener;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::support::{
    people::{Agent, Guest},
    process::{At, PASSWORD, add_agent},
};

/// The machine's clock, some seconds ahead.
#[derive(Clone, Default)]
struct Ahead(Arc<AtomicI64>);

impl Clock for Ahead {
    fn now(&self) -> Timestamp {
        System.now().plus_millis(self.0.load(Ordering::Relaxed) * 1000)
    }
}

/// The machine's randomness, which breaks once when it is told to.
#[derive(Clone, Default)]
struct Breaks(Arc<AtomicBool>);

impl Random for Breaks {
    fn fill(&self, bytes: &mut [u8]) {
        assert!(!self.0.swap(false, Ordering::Relaxed), "broken on purpose");
        System.fill(bytes);
    }
}

/// A server in this process.
struct House {
    at: At,
    ahead: Ahead,
    breaks: Breaks,
    data: tempfile::TempDir,
    stop: CancellationToken,
    tasks: TaskTracker,
}

impl House {
    async fn open() -> Self {
        let data = tempfile::tempdir().unwrap();
        assert!(add_agent(data.path(), "alice", "Alice").status.success());
        let (ahead, breaks) = (Ahead::default(), Breaks::default());
        let flags = Flags { data: Some(data.path().to_owned()), ..Flags::default() };
        let source = Source::new(ahead.clone(), breaks.clone());
        let server = Server::open(Config::load(flags).unwrap(), source).await.unwrap();
        let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.unwrap();
        let at = At { address: listener.local_addr().unwrap() };
        let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
        tasks.spawn(server.run(listener, stop.clone().cancelled_owned()));
        tasks.close();
        Self { at, ahead, breaks, data, stop, tasks }
    }

    async fn close(self) {
        self.stop.cancel();
        self.tasks.wait().await;
    }
}

#[tokio::test]
async fn a_token_that_runs_out_ends_an_idle_connection_and_a_clock_set_back_does_not_revive_it() {
    let house = House::open().await;
    let token = Agent::token(&house.at, "alice", PASSWORD).await.unwrap();
    house.ahead.0.store(3_598, Ordering::Relaxed);
    let mut socket = Agent::connect(&house.at, &token).await.unwrap();
    let began = Instant::now();
    house.ahead.0.store(0, Ordering::Relaxed);

    assert_eq!(socket.notice("session:ended").await["code"], "unauthenticated");
    socket.disconnected().await;

    assert!(began.elapsed() < Duration::from_secs(4), "{:?}", began.elapsed());
    house.ahead.0.store(3_601, Ordering::Relaxed);
    assert_eq!(Agent::connect(&house.at, &token).await.err().as_deref(), Some("unauthenticated"));
    house.close().await;
}

#[tokio::test]
async fn a_fault_of_our_own_is_acknowledged_and_the_connection_lives_on() {
    let house = House::open().await;
    let mut maya = Guest::arrives(&house.at).await;
    house.breaks.0.store(true, Ordering::Relaxed);

    let create = json!({ "content": "hello", "clientMessageId": "k" });
    let ack = maya.socket.ask("ticket:create", create.clone()).await;

    assert_eq!(ack["error"]["code"], "internal");
    assert_eq!(ack["error"]["message"], "something went wrong on our side");
    assert!(ack["error"]["details"]["id"].is_string());
    maya.socket.done("ticket:create", create).await;
    house.close().await;
}

#[tokio::test]
async fn a_store_that_does_not_answer_is_unavailable_in_time_and_well_again_afterwards() {
    let house = House::open().await;
    let mut maya = Guest::arrives(&house.at).await;
    let ticket = maya.opens_a_ticket("hello").await;
    let other = rusqlite::Connection::open(house.data.path().join("support.db")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let text = json!({ "ticketId": ticket, "content": "x", "clientMessageId": "k" });

    let began = Instant::now();
    let ack = maya.socket.ask("message:send", text.clone()).await;

    assert_eq!(ack["error"]["code"], "unavailable");
    assert!(began.elapsed() < Duration::from_secs(7), "{:?}", began.elapsed());
    // Reading goes on meanwhile, and writing afterwards.
    let listed = maya.socket.done("message:list", json!({ "ticketId": ticket })).await;
    assert_eq!(listed["messages"].as_array().unwrap().len(), 1);
    other.execute_batch("ROLLBACK").unwrap();
    let sent = maya.socket.done("message:send", text).await;
    assert_eq!(sent["message"]["seq"], 2);
    house.close().await;
}
