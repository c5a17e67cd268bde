//! Everybody comes back at once.

use std::time::Duration;

use super::{SETTINGS, blocking, millis, start};
use crate::support::{
    DEADLINE,
    load::{Crowd, Habits},
    process::Setup,
    seed::{Seed, is_long, size},
};

/// Kills a server of this setup that has so many guests, and waits for all of them.
pub(super) async fn all_come_back(name: &str, setup: Setup, guests: usize, pause: Duration) {
    let mut seed = Seed::of_test(name);
    let mut server = blocking(|| start(setup, &["ada", "ben"]));
    let at = server.at();
    // Each writes now and then, and comes back as the protocol advises.
    let habits = Habits { pause, first_try: Duration::from_secs(2), ..Habits::default() };
    let crowd = Crowd::comes(&at, &at, guests, &["ada", "ben"], habits, &mut seed).await;
    crowd.acks(50, DEADLINE).await;

    let times = crowd.times();
    server.kill();
    server = blocking(|| server.start_again());
    let back = |crowd: &Crowd| crowd.returned_since(&times);
    let back = crowd.until("everybody is back", Duration::from_secs(30), back).await;

    let outcome = crowd.ends(&at, "reader").await;
    let (median, p99) = (outcome.handshake(50), outcome.handshake(99));
    println!(
        "{name}: {guests} guests, all back after {} ms; handshake p50 {} ms, p99 {} ms; {outcome}",
        millis(back),
        millis(median),
        millis(p99)
    );
    assert!(!outcome.refused.contains_key("unauthenticated"), "{outcome}");
    assert!(!is_long() || p99 < Duration::from_secs(5), "{p99:?}");
    drop(server);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everybody_is_back_within_half_a_minute_of_a_crash() {
    let pause = Duration::from_secs(size(5, 60));
    all_come_back("F12", Setup::with(&SETTINGS), size(500, 5_000), pause).await;
}
