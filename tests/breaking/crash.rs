//! The server is killed: at any moment, and at moments that are known to be bad ones.

use std::time::{Duration, Instant};

use tokio::time::sleep;

use super::{AGENTS, SETTINGS, blocking, millis, start};
use crate::support::{
    load::{Crowd, Habits},
    process::{Server, Setup},
    seed::{Seed, size},
};

/// Started again until it serves, with the time that this took.
fn again(server: Server, under: Vec<String>) -> (Server, Duration) {
    let began = Instant::now();
    let server = blocking(|| server.start_again_under(under));
    (server, began.elapsed())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_at_random_under_load_it_loses_doubles_and_reorders_nothing() {
    let mut seed = Seed::of_test("F01");
    let (kills, most_acks) = size((20, 0), (200, 100_000));
    let mut server = blocking(|| start(Setup::with(&SETTINGS), &AGENTS));
    let (at, habits) = (server.at(), Habits::default());
    let crowd = Crowd::comes(&at, &at, 50, &AGENTS, habits, &mut seed).await;
    let (mut slowest_start, mut slowest_return) = (Duration::ZERO, Duration::ZERO);

    for kill in 0..kills {
        // Every other time the clients are still coming back from the last one.
        if kill % 2 == 0 {
            crowd.acks(200, Duration::from_secs(10)).await;
        }
        sleep(seed.within(Duration::from_millis(size(400, 1_000)))).await;
        let times = crowd.times();
        server.kill();
        let (started, took) = again(server, Vec::new());
        server = started;
        slowest_start = slowest_start.max(took);
        if kill % 2 == 1 {
            let back = |crowd: &Crowd| crowd.returned_since(&times);
            let took = crowd.until("everybody is back", Duration::from_secs(10), back).await;
            slowest_return = slowest_return.max(took);
        }
    }
    let left = most_acks.max(crowd.acked()) - crowd.acked();
    crowd.acks(left, Duration::from_mins(5)).await;

    let outcome = crowd.ends(&at, "reader").await;
    assert!(slowest_start < Duration::from_secs(2), "ready after {slowest_start:?}");
    println!(
        "F01: {kills} kills; {outcome}; slowest start {} ms, slowest return of all {} ms",
        millis(slowest_start),
        millis(slowest_return)
    );
}
