//! The way between clients and the server: cut, one-way, frozen, slow; and a server that stands
//! still while its connections stay open.

use std::time::{Duration, Instant};

use serde_json::json;
use tokio::time::sleep;

use super::{SETTINGS, blocking, millis, start};
use crate::support::{
    DEADLINE,
    load::{Crowd, Habits},
    people::Agent,
    process::{Server, Setup},
    proxy::{Flow, Proxy},
    seed::{Seed, size},
};

/// What may become of a link. What was dropped of a stream is missing in it, so that its connection
/// has to be cut afterwards; what was only held may come out late.
const FAULTS: [(Flow, Flow); 7] = [
    (Flow::Open, Flow::Open),
    (Flow::Dropped, Flow::Open),
    (Flow::Open, Flow::Dropped),
    (Flow::Frozen, Flow::Open),
    (Flow::Open, Flow::Frozen),
    (Flow::Frozen, Flow::Frozen),
    (Flow::Slow(4_000), Flow::Slow(20_000)),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn links_that_are_cut_and_held_lose_nothing() {
    let mut seed = Seed::of_test("F08");
    let cycles = size(14, 100);
    let server = blocking(|| start(Setup::with(&SETTINGS), &["ada", "ben"]));
    let (home, proxy) = (server.at(), Proxy::to(server.address).await);
    let habits = Habits { pause: Duration::from_millis(5), ..Habits::default() };
    let crowd = Crowd::comes(&proxy.at, &home, 20, &["ada", "ben"], habits, &mut seed).await;
    let mut slowest = Duration::ZERO;

    for cycle in 0..cycles {
        crowd.acks(50, DEADLINE).await;
        let times = crowd.times();
        // Each kind in its turn, and whether a held link comes back or is cut, by chance.
        let (up, down) = FAULTS[cycle % FAULTS.len()];
        proxy.flow(up, down);
        sleep(seed.within(size(Duration::from_millis(600), Duration::from_secs(3)))).await;
        let loses = [up, down].contains(&Flow::Dropped) || (up, down) == (Flow::Open, Flow::Open);
        let cuts = loses || seed.below(2) == 0;
        if cuts {
            proxy.refuse(true);
            proxy.cut();
            sleep(seed.within(Duration::from_millis(300))).await;
            proxy.refuse(false);
        }
        proxy.flow(Flow::Open, Flow::Open);
        let back = |crowd: &Crowd| !cuts || crowd.returned_since(&times);
        let took = crowd.until("everybody is back", Duration::from_secs(10), back).await;
        slowest = slowest.max(took);
    }

    let outcome = crowd.ends(&home, "reader").await;
    let (taken, slowest) = (proxy.taken(), millis(slowest));
    println!("F08: {cycles} faults, {taken} connections, all back after {slowest} ms; {outcome}");
}

/// The descriptors that a server has open.
fn descriptors(server: &Server) -> usize {
    std::fs::read_dir(format!("/proc/{}/fd", server.id())).unwrap().count()
}

/// Clients that are gone without a word: their machines stand still, and nothing is closed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_gone_without_a_word_is_noticed_and_presence_is_put_right() {
    let mut seed = Seed::of_test("F09");
    let server = blocking(|| start(Setup::with(&SETTINGS), &["ada"]));
    let (home, proxy) = (server.at(), Proxy::to(server.address).await);
    let mut reader = Agent::signs_in(&server, "reader").await;
    let before = descriptors(&server);
    let habits = Habits { pause: Duration::from_millis(50), ..Habits::default() };
    let guests = size(50, 500);
    let crowd = Crowd::comes(&proxy.at, &home, guests, &["ada"], habits, &mut seed).await;
    crowd.acks(100, DEADLINE).await;
    let ticket = reader.socket.done("ticket:list", json!({})).await["tickets"][0]["id"].clone();
    // What keeps the reader's own connection from being silent.
    reader.socket.done("ticket:join", json!({ "ticketId": ticket, "silent": true })).await;
    assert!(descriptors(&server) > before + guests);

    // She was not here yet when the reader came, and that was told.
    wait_for_presence(&mut reader, "Ada", "online").await;
    proxy.refuse(true);
    proxy.flow(Flow::Frozen, Flow::Frozen);
    let began = Instant::now();
    wait_for_presence(&mut reader, "Ada", "offline").await;
    let noticed = began.elapsed();
    let reaped = |_: &Crowd| descriptors(&server) <= before + 8;
    let closed = crowd.until("every connection is closed", Duration::from_secs(50), reaped);
    // Up to 25 seconds lie between the first and the last that is noticed.
    reader.socket.stays_while(closed).await;
    let reaped = began.elapsed();
    assert!(reaped < Duration::from_secs(52), "reaped after {reaped:?}");

    proxy.flow(Flow::Open, Flow::Open);
    proxy.cut();
    proxy.refuse(false);
    wait_for_presence(&mut reader, "Ada", "online").await;
    drop(reader);
    let outcome = crowd.ends(&home, "reader").await;
    println!(
        "F09: {} half-open connections, presence right after {} ms, all closed after {} ms; {outcome}",
        guests + 1,
        millis(noticed),
        millis(reaped)
    );
}

async fn wait_for_presence(reader: &mut Agent, name: &str, state: &str) {
    let began = Instant::now();
    loop {
        assert!(began.elapsed() < Duration::from_mins(1), "{name} was never {state}");
        let presence = reader.socket.notice("presence:changed").await;
        if presence["name"] == name && presence["state"] == state {
            return;
        }
    }
}

/// The server stands still for longer than clients are patient.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_stands_still_is_left_and_come_back_to() {
    let mut seed = Seed::of_test("F10");
    // The long version has the heartbeat's own patience; the short one has less of it.
    let silence = size(Duration::from_secs(3), Habits::default().silence);
    let server = blocking(|| start(Setup::with(&SETTINGS), &["ada"]));
    let at = server.at();
    let habits = Habits { silence, pause: Duration::from_millis(20), ..Habits::default() };
    let crowd = Crowd::comes(&at, &at, 20, &["ada"], habits, &mut seed).await;
    crowd.acks(100, DEADLINE).await;

    let times = crowd.times();
    server.signal("STOP");
    let left = |crowd: &Crowd| crowd.online() == 0;
    // An answer that does not come is noticed after twelve seconds at the latest.
    let noticed = crowd.until("everybody has left", silence.max(DEADLINE), left).await;
    sleep(silence.saturating_sub(noticed)).await;
    server.signal("CONT");
    let back = |crowd: &Crowd| crowd.returned_since(&times);
    let back = crowd.until("everybody is back", Duration::from_secs(15), back).await;

    let outcome = crowd.ends(&at, "reader").await;
    let (noticed, back) = (millis(noticed), millis(back));
    println!("F10: noticed by all after {noticed} ms, all back after {back} ms; {outcome}");
}
