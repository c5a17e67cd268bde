//! Real faults on the real binary: processes killed, disks that fill and fail, links cut and frozen,
//! clocks that jump. Each test takes its chances from a seed that it prints, and prints what it has
//! measured. `tests/break` runs the long version of each.

mod clock;
mod crash;
mod disk;
mod links;
mod mongodb;
mod starts;
mod stop;
mod store_away;
mod storm;

use std::time::Duration;

use crate::support::process::{Server, Setup};

/// No limit on how much, where a test is about what becomes of it; and a word on where a log ends
/// every other second, so that nobody waits for it.
const SETTINGS: [(&str, &str); 10] = [
    ("SUPPORT_LIMITS_GUEST_MESSAGES_PER_SECOND", "0"),
    ("SUPPORT_LIMITS_GUEST_MESSAGES_PER_MINUTE", "0"),
    ("SUPPORT_LIMITS_AGENT_MESSAGES_PER_SECOND", "0"),
    ("SUPPORT_LIMITS_GUEST_READS_PER_SECOND", "0"),
    ("SUPPORT_LIMITS_AGENT_READS_PER_MINUTE", "0"),
    ("SUPPORT_LIMITS_ADDRESS_GUEST_SESSIONS", "0"),
    ("SUPPORT_LIMITS_ADDRESS_CONNECTIONS", "0"),
    ("SUPPORT_LIMITS_ADDRESS_SOCKETS", "0"),
    ("SUPPORT_LIMITS_HEAD_EVERY_MS", "2000"),
    ("SUPPORT_LIMITS_LEFT_GRACE_MS", "1000"),
];

/// The agents of these tests; `reader` does nothing but read at the end.
const AGENTS: [&str; 10] = ["ada", "ben", "cyd", "dan", "eve", "fay", "gus", "hal", "ivy", "jon"];

/// A server for these tests, that can be started again where it was.
fn start(setup: Setup, agents: &[&str]) -> Server {
    let agents: Vec<&str> = agents.iter().copied().chain(["reader"]).collect();
    setup.lasting().start(&agents)
}

/// Waits in a thread of its own kind, beside which the clients go on.
fn blocking<T>(work: impl FnOnce() -> T) -> T {
    tokio::task::block_in_place(work)
}

fn millis(time: Duration) -> u128 {
    time.as_millis()
}
