//! The same promises on MongoDB: with a server that is killed and stopped, a database that goes
//! away and comes back, and two servers on one database.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use serde_json::json;
use tokio::time::sleep;

use super::crash::{Kills, kill_at_random};
use super::stop::stop_under_load;
use super::storm::all_come_back;
use super::{AGENTS, SETTINGS, blocking, millis, start};
use crate::support::{
    DEADLINE,
    load::{Crowd, Habits, whole_log},
    mongo::Mongo,
    people::{Agent, Guest},
    process::{Server, Setup},
    proxy::{Flow, Proxy},
    seed::{Seed, size},
};

/// What stands in for MongoDB reads slowly what is long.
const HABITS: Habits = Habits {
    pause: Duration::from_millis(40),
    most: 400,
    first_try: Duration::from_millis(300),
    silence: Duration::from_secs(46),
};

fn setup(mongo: &Mongo) -> Setup {
    Setup::with(&SETTINGS).on(mongo)
}

/// On how many databases a test runs, and how often each time. A long run is many short ones on
/// what stands in for MongoDB, which looks at all that it has for every answer: a tenth of a second
/// when that is a thousand messages.
fn parts(short: usize, long: usize) -> (usize, usize) {
    let times = size(short, long);
    if Mongo::is_real() { (1, times) } else { (times / short, short) }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_mongodb_a_server_killed_at_random_loses_doubles_and_reorders_nothing() {
    let (databases, times) = parts(4, 40);
    for _ in 0..databases {
        let mongo = blocking(Mongo::start);
        let ready = Duration::from_secs(5);
        let kills = Kills { guests: 8, agents: 2, times, acks: 0, habits: HABITS, ready };
        kill_at_random("F01 on MongoDB", setup(&mongo), kills).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_mongodb_everybody_is_back_within_half_a_minute_of_a_crash() {
    let mongo = blocking(Mongo::start);
    let pause = Duration::from_secs(5);
    let guests = if Mongo::is_real() { size(60, 500) } else { 60 };
    all_come_back("F12 on MongoDB", setup(&mongo), guests, pause).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_mongodb_a_server_stopped_under_load_answers_what_it_has_taken() {
    let (databases, stops) = parts(2, 20);
    for _ in 0..databases {
        let mongo = blocking(Mongo::start);
        let people = (8, &AGENTS[..2]);
        stop_under_load("F13 on MongoDB", setup(&mongo), people, stops, HABITS).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mongodb_that_goes_away_is_unavailable_in_time_and_the_service_whole_afterwards() {
    let mut seed = Seed::of_test("F07 on MongoDB");
    let away = size(Duration::from_secs(7), Duration::from_mins(1));
    let mut mongo = blocking(Mongo::start);
    let proxy = Proxy::to(mongo.at()).await;
    let setup = Setup::with(&SETTINGS).on_store(mongo.url_through(proxy.at.address));
    let server = blocking(|| start(setup, &[]));
    let at = server.at();
    // Guests, who ask for one thing at a time: what waits behind another waits for its time too.
    let crowd = Crowd::comes(&at, &at, 8, &[], HABITS, &mut seed).await;
    let all = u64::try_from(crowd.len()).unwrap();
    let mut slowest = Duration::ZERO;

    // The network holds everything; it cuts and refuses; the process stands still; it is killed.
    for fault in 0..4 {
        crowd.acks(20, DEADLINE).await;
        let here = |crowd: &Crowd| crowd.online() == crowd.len();
        crowd.until("everybody is back", DEADLINE, here).await;
        let before = crowd.unavailable();
        let began = Instant::now();
        match fault {
            0 => proxy.flow(Flow::Frozen, Flow::Frozen),
            1 => {
                proxy.refuse(true);
                proxy.cut();
            }
            2 if !mongo.signal("STOP") => continue,
            3 if !mongo.signal("KILL") => continue,
            _ => {}
        }
        // Who was resuming is told so there, and tries to come back.
        let told = |crowd: &Crowd| crowd.unavailable() >= before + all;
        crowd.until("everybody is told", Duration::from_secs(12), told).await;
        sleep(away.saturating_sub(began.elapsed())).await;
        match fault {
            0 => proxy.flow(Flow::Open, Flow::Open),
            1 => proxy.refuse(false),
            2 => assert!(mongo.signal("CONT")),
            _ => blocking(|| mongo.start_again()),
        }
        slowest = slowest.max(crowd.acks(all, Duration::from_secs(10)).await);
    }

    let outcome = crowd.ends(&at, "reader").await;
    assert!(
        outcome.slowest_refusal < size(Duration::from_secs(10), Duration::from_millis(6_500)),
        "{outcome:?}"
    );
    println!(
        "F07 on MongoDB: away 4 times for {} s; slowest answer {} ms, {all} acks {} ms after it was \
         back; {outcome}",
        away.as_secs(),
        millis(outcome.slowest_refusal),
        millis(slowest)
    );
}

/// Connections that send against a close, half of them to each of two servers.
const SENDERS: usize = 10;
const SENDS: usize = 5;

/// Rounds on one database: what stands in for MongoDB takes longer for everything the more it has.
const ROUNDS: usize = 10;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_follows_a_close_however_it_races_with_messages_on_two_servers() {
    let mut seed = Seed::of_test("close race");
    let databases = size(1, 100);
    let (mut stored, mut refused) = (0, 0);
    for _ in 0..databases {
        let (won, lost) = close_races(&mut seed).await;
        stored += won;
        refused += lost;
    }
    println!(
        "close race: {} rounds on two servers, {stored} stored before, {refused} refused",
        databases * ROUNDS
    );
    assert!(stored > 0 && refused > 0, "it was a race");
}

/// Races sends with a close on two servers; answers how many messages were before it, and how many
/// were refused.
async fn close_races(seed: &mut Seed) -> (usize, usize) {
    let mongo = blocking(Mongo::start);
    let no_limit = [
        ("SUPPORT_LIMITS_GUEST_OPEN_TICKETS", "0"),
        ("SUPPORT_LIMITS_GUEST_NEW_TICKETS", "0"),
        ("SUPPORT_LIMITS_AGENT_SOCKETS", "0"),
    ];
    let settings: Vec<_> = SETTINGS.into_iter().chain(no_limit).collect();
    let one = blocking(|| start(Setup::with(&settings).on(&mongo), &["ada", "ben"]));
    let two = blocking(|| one.another());
    let nodes: [&Server; 2] = [&one, &two];
    let mut maya = Guest::arrives(&one).await;
    let mut reader = Agent::signs_in(&two, "reader").await;
    let token = Agent::token(&one, "ada", crate::support::process::PASSWORD).await.unwrap();
    let mut senders = Vec::new();
    for place in 0..SENDERS {
        senders.push(Agent::connect(nodes[place % 2], &token).await.unwrap());
    }
    let mut closer = [Agent::signs_in(&one, "ben").await, Agent::signs_in(&two, "ben").await];
    let (mut stored, mut refused) = (0, 0);

    for round in 0..ROUNDS {
        let ticket = maya.opens_a_ticket("hello").await;
        let sending = senders.iter_mut().enumerate().map(async |(place, socket)| {
            let mut numbers = Vec::new();
            for number in 0..SENDS {
                let key = format!("k-{place}-{number}");
                let text = json!({ "ticketId": ticket, "content": "x", "clientMessageId": key });
                numbers.push((key, socket.send("message:send", &text).await));
            }
            let mut acks = Vec::new();
            for (key, number) in numbers {
                acks.push((key, socket.ack(number).await));
            }
            // A store that is too slow for the moment says nothing of who won: ask again.
            for (key, ack) in &mut acks {
                while ack["error"]["code"] == "unavailable" {
                    let text =
                        json!({ "ticketId": ticket, "content": "x", "clientMessageId": key });
                    *ack = socket.ask("message:send", text).await;
                }
            }
            acks
        });
        let after = seed.within(Duration::from_millis(120));
        let closer = &mut closer[round % 2].socket;
        let closing = async {
            sleep(after).await;
            loop {
                let ack = closer.ask("ticket:close", json!({ "ticketId": ticket })).await;
                match ack["error"]["code"].as_str() {
                    Some("unavailable") => {}
                    // The first try was carried out after all.
                    None | Some("ticket_closed") => return,
                    other => panic!("{other:?}"),
                }
            }
        };
        let (sent, ()) = tokio::join!(join_all(sending), closing);

        let log = whole_log(&mut reader, &ticket).await;
        let last = log.last().unwrap();
        assert!(last.key.is_none() && last.sender == "system", "{last:?} follows the close");
        assert!(log.iter().enumerate().all(|(place, entry)| entry.seq == place as u64 + 1));
        let kept: HashSet<_> = log.iter().filter_map(|entry| entry.key.clone()).collect();
        for (key, ack) in sent.into_iter().flatten() {
            let won = ack["ok"] == true;
            assert_eq!(won, kept.contains(&key), "round {round}: {ack}");
            assert!(won || ack["error"]["code"] == "ticket_closed", "round {round}: {ack}");
            stored += usize::from(won);
            refused += usize::from(!won);
        }
    }
    (stored, refused)
}
