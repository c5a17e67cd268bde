//! Asked to stop in the middle of the work.

use std::time::{Duration, Instant};

use serde_json::json;
use tokio::time::sleep;

use super::{AGENTS, SETTINGS, blocking, millis, start};
use crate::support::{
    load::{Crowd, Habits},
    people::Guest,
    process::Setup,
    seed::{Seed, size},
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stopped_under_load_it_answers_what_it_has_taken_and_lets_nobody_in() {
    let mut seed = Seed::of_test("F13");
    let stops = size(3, 30);
    let mut server = blocking(|| start(Setup::with(&SETTINGS), &AGENTS));
    let at = server.at();
    let crowd = Crowd::comes(&at, &at, 50, &AGENTS, Habits::default(), &mut seed).await;
    let mut slowest = Duration::ZERO;

    for _ in 0..stops {
        crowd.acks(200, Duration::from_secs(10)).await;
        sleep(seed.within(Duration::from_millis(300))).await;
        let times = crowd.times();
        let mut witness = Guest::arrives(&server).await;
        let began = Instant::now();
        server.signal("TERM");
        witness.socket.notice("server:draining").await;
        // From then on nobody is let in: 503 as long as somebody answers at all.
        let handshake = reqwest::get(at.url("/socket.io/?EIO=4&transport=polling")).await;
        let status = handshake.map_or(503, |response| response.status().as_u16());
        assert_eq!(status, 503);
        assert_eq!(blocking(|| server.ended(Duration::from_secs(10))), Some(0));
        slowest = slowest.max(began.elapsed());
        let late = blocking(|| server.said_all()).into_iter().find(|it| it.contains("in time"));
        assert_eq!(late, None);
        server = blocking(|| server.start_again());
        let back = |crowd: &Crowd| crowd.returned_since(&times);
        crowd.until("everybody is back", Duration::from_secs(10), back).await;
    }

    let outcome = crowd.ends(&at, "reader").await;
    println!("F13: {stops} stops, the slowest {} ms; {outcome}", millis(slowest));
    assert!(outcome.refused.keys().all(|code| code == "unavailable"), "{outcome}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_signal_ends_it_at_once() {
    let mut server = blocking(|| start(Setup::with(&SETTINGS), &[]));
    let mut maya = Guest::arrives(&server).await;
    let ticket = maya.opens_a_ticket("hello").await;
    // A store that does not answer holds the first stop up.
    let other = rusqlite::Connection::open(server.data.path().join("support.db")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let text = json!({ "ticketId": ticket, "content": "x", "clientMessageId": "k" });
    maya.socket.send("message:send", &text).await;

    server.signal("TERM");
    maya.socket.notice("server:draining").await;
    let began = Instant::now();
    server.signal("TERM");

    assert_eq!(blocking(|| server.ended(Duration::from_secs(10))), Some(130));
    assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
}
