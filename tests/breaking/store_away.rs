//! The store does not answer for a while: everybody is told so in time, nothing piles up, and the
//! service is whole again when it comes back.

use std::time::{Duration, Instant};

use serde_json::json;
use tokio::time::sleep;

use super::{SETTINGS, blocking, millis, start};
use crate::support::{
    DEADLINE,
    load::{Crowd, Habits},
    people::Agent,
    process::Setup,
    seed::{Seed, size},
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_that_is_held_by_somebody_else_is_unavailable_in_time_and_whole_afterwards() {
    let mut seed = Seed::of_test("F07");
    let away = size(Duration::from_secs(7), Duration::from_mins(1));
    let server = blocking(|| start(Setup::with(&SETTINGS), &[]));
    let at = server.at();
    // Guests, who ask for one thing at a time: what waits behind another waits for its time too.
    let crowd = Crowd::comes(&at, &at, 20, &[], Habits::default(), &mut seed).await;
    crowd.acks(100, DEADLINE).await;
    let mut reader = Agent::signs_in(&server, "reader").await;
    let before = server.memory("VmRSS");

    let other = rusqlite::Connection::open(server.data.path().join("support.db")).unwrap();
    other.busy_timeout(DEADLINE).unwrap();
    blocking(|| other.execute_batch("BEGIN IMMEDIATE")).unwrap();
    let began = Instant::now();
    let all = u64::try_from(crowd.len()).unwrap();
    let told = |crowd: &Crowd| crowd.unavailable() >= all;
    let told = crowd.until("everybody is told", Duration::from_secs(12), told).await;
    // Reading goes on.
    let listed = reader.socket.done("ticket:list", json!({})).await;
    assert_eq!(listed["tickets"].as_array().unwrap().len(), 20);
    sleep(away.saturating_sub(began.elapsed())).await;
    let grown = server.memory("VmRSS").saturating_sub(before);
    blocking(|| other.execute_batch("ROLLBACK")).unwrap();

    let healed = crowd.acks(100, Duration::from_secs(10)).await;
    let outcome = crowd.ends(&at, "reader").await;
    assert!(
        outcome.slowest_refusal < size(Duration::from_secs(10), Duration::from_millis(6_500)),
        "{outcome:?}"
    );
    assert!(grown < 32 * 1024, "{grown} KiB for those who wait");
    assert!(outcome.refused.keys().all(|code| code == "unavailable"), "{outcome}");
    println!(
        "F07: away for {} s; everybody told after {} ms, slowest answer {} ms, 100 acks {} ms after \
         it was back, {} KiB more memory; {outcome}",
        away.as_secs(),
        millis(told),
        millis(outcome.slowest_refusal),
        millis(healed),
        grown
    );
}
