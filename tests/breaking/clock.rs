//! The wall clock jumps while people talk. It labels entries and ends logins; it orders nothing.

use std::sync::atomic::Ordering;
use std::time::Duration;

use support_server::desk::Limits;

use crate::support::{
    DEADLINE,
    house::House,
    load::{Crowd, Habits},
    seed::{Seed, size},
};

const HOUR: i64 = 60 * 60;
const TEN_YEARS: i64 = 10 * 365 * 24 * HOUR;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clock_that_jumps_changes_no_order_and_loses_nothing() {
    let mut seed = Seed::of_test("F14");
    let limits = Limits {
        guest_messages_per_second: 0,
        guest_messages_per_minute: 0,
        agent_messages_per_second: 0,
        guest_reads_per_second: 0,
        agent_reads_per_minute: 0,
        address_guest_sessions: 0,
        address_sockets: 0,
        head_every_ms: 1_000,
        ..Limits::default()
    };
    let house = House::with(&[("ada", "Ada"), ("reader", "Reader")], limits).await;
    let habits = Habits { pause: Duration::from_millis(5), ..Habits::default() };
    let crowd = Crowd::comes(&house.at, &house.at, 10, &["ada"], habits, &mut seed).await;

    let jumps = [HOUR, -HOUR, TEN_YEARS, -TEN_YEARS, 0];
    let jumps: Vec<i64> = jumps.into_iter().cycle().take(5 * size(1, 20)).collect();
    for ahead in &jumps {
        house.ahead.0.store(*ahead, Ordering::Relaxed);
        crowd.acks(200, DEADLINE).await;
    }

    let outcome = crowd.ends(&house.at, "reader").await;
    println!("F14: {} jumps of up to ten years; {outcome}", jumps.len());
    assert!(outcome.refused.keys().all(|code| code == "unauthenticated"), "{outcome}");
    house.close().await;
}
