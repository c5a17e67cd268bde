//! Asked to stop in the middle of the work.

use std::time::{Duration, Instant};

use serde_json::json;
use tokio::time::sleep;

use super::{AGENTS, SETTINGS, blocking, millis, start};
use crate::support::{
    DEADLINE,
    load::{Crowd, Habits},
    people::{Guest, http},
    process::{Server, Setup},
    seed::{Seed, size},
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stopped_under_load_it_answers_what_it_has_taken_and_lets_nobody_in() {
    let (setup, habits) = (Setup::with(&SETTINGS), Habits::default());
    stop_under_load("F13", setup, (50, &AGENTS), size(3, 30), habits).await;
}

/// Stops a server of this setup so many times while these guests and agents talk.
pub(super) async fn stop_under_load(
    name: &str,
    setup: Setup,
    (guests, agents): (usize, &[&str]),
    stops: usize,
    habits: Habits,
) {
    let mut seed = Seed::of_test(name);
    let mut server = blocking(|| start(setup, agents));
    let at = server.at();
    let crowd = Crowd::comes(&at, &at, guests, agents, habits, &mut seed).await;
    let some = u64::try_from(guests * 4).unwrap();
    let mut slowest = Duration::ZERO;

    for _ in 0..stops {
        crowd.acks(some, DEADLINE).await;
        sleep(seed.within(Duration::from_millis(300))).await;
        let times = crowd.times();
        let mut witness = Guest::arrives(&server).await;
        let began = Instant::now();
        server.signal("TERM");
        witness.socket.notice("server:draining").await;
        // From then on nobody is let in: by 503, or because nobody answers any more.
        let handshake = reqwest::get(at.url("/socket.io/?EIO=4&transport=polling")).await;
        let status = handshake.map_or(503, |response| response.status().as_u16());
        assert_eq!(status, 503);
        assert_eq!(blocking(|| server.ended(Duration::from_secs(10))), Some(0));
        slowest = slowest.max(began.elapsed());
        let late = blocking(|| server.said_all()).into_iter().find(|it| it.contains("in time"));
        assert_eq!(late, None);
        server = blocking(|| server.start_again());
        let back = |crowd: &Crowd| crowd.returned_since(&times);
        // As after a crash: what is promised of a stop is above.
        crowd.until("everybody is back", Duration::from_secs(30), back).await;
    }

    let outcome = crowd.ends(&at, "reader").await;
    println!("{name}: {stops} stops, the slowest {} ms; {outcome}", millis(slowest));
    assert!(outcome.refused.keys().all(|code| code == "unavailable"), "{outcome}");
}

/// A server that was asked to stop, and cannot: its store does not answer what a guest has sent.
struct Held {
    server: Server,
    maya: Guest,
    store: rusqlite::Connection,
    /// The number of the acknowledgement that the guest waits for.
    sent: u64,
}

async fn held() -> Held {
    let server = blocking(|| start(Setup::with(&SETTINGS), &[]));
    let mut maya = Guest::arrives(&server).await;
    let ticket = maya.opens_a_ticket("hello").await;
    let store = rusqlite::Connection::open(server.data.path().join("support.db")).unwrap();
    store.execute_batch("BEGIN IMMEDIATE").unwrap();
    let text = json!({ "ticketId": ticket, "content": "x", "clientMessageId": "k" });
    let sent = maya.socket.send("message:send", &text).await;
    // Frames are read in order: what came before this one has been taken in.
    assert!(maya.socket.is_open().await);
    server.signal("TERM");
    maya.socket.notice("server:draining").await;
    Held { server, maya, store, sent }
}

/// As long as a stopping server answers at all it sends handshakes away, and says when to come back.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_comes_while_it_stops_is_sent_away_by_503() {
    let Held { mut server, mut maya, store, sent } = held().await;

    let polling = http().get(server.url("/socket.io/?EIO=4&transport=polling"));
    let refused = polling.send().await.expect("the server still answers");
    assert_eq!(refused.status(), 503);
    assert!(refused.headers().contains_key("retry-after"));
    let problem: serde_json::Value = refused.json().await.unwrap();
    assert_eq!(problem["code"], "unavailable");
    let websocket = Guest::connect(&server, &maya.cookie).await.err();
    assert_eq!(websocket.as_deref(), Some("503"));
    // What it has taken it answers, and then it ends.
    store.execute_batch("ROLLBACK").unwrap();
    assert_eq!(maya.socket.ack(sent).await["ok"], true);
    assert_eq!(blocking(|| server.ended(Duration::from_secs(10))), Some(0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_signal_ends_it_at_once() {
    let Held { mut server, maya: _maya, store: _store, .. } = held().await;
    server.signal("TERM");

    // Sooner than it would have by itself: the status says so.
    assert_eq!(blocking(|| server.ended(Duration::from_secs(10))), Some(130));
}
