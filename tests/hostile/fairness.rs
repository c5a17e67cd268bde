//! Everybody has a share: so many connections, so many messages, so many guesses. What is refused is
//! counted under the name of the setting that refuses it.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use reqwest::{StatusCode, header};
use serde_json::{Value, json};

use super::counted;
use crate::support::{
    client::Client,
    people::{Agent, Guest, http},
    process::{At, PASSWORD, Server, free_address},
};

/// T15: the eleventh connection of a guest, the 21st of an agent and the 101st of an address, by the
/// limits as they are; and a place that is given up is free.
#[tokio::test]
async fn a_guest_an_agent_and_an_address_hold_so_many_connections() {
    let metrics = free_address();
    let server = Server::with(&[("SUPPORT_METRICS", &metrics.to_string())]);
    let token = Agent::token(&server, "alice", PASSWORD).await.unwrap();
    // Says that it comes from elsewhere: that is for a proxy to say.
    let enters = async |cookie: &str| {
        let headers = [("cookie", cookie), ("x-forwarded-for", "1.2.3.4")];
        Client::connect(&server, "/guest", &headers, json!({})).await
    };
    let mut held = Vec::new();

    for _ in 0..20 {
        held.push(Agent::connect(&server, &token).await.unwrap());
    }
    let refused = Agent::connect(&server, &token).await.err();
    assert_eq!(refused.as_deref(), Some("rate_limited"));
    for _ in 0..8 {
        let (cookie, _) = Guest::session(&server).await;
        for _ in 0..10 {
            held.push(enters(&cookie).await.unwrap());
        }
        // The address has room for the first seven; of the last it is the address that is full.
        assert_eq!(enters(&cookie).await.err().as_deref(), Some("rate_limited"));
    }
    assert_eq!(held.len(), 100);
    let (another, _) = Guest::session(&server).await;
    assert_eq!(enters(&another).await.err().as_deref(), Some("rate_limited"));
    assert_eq!(counted(metrics, "agent_sockets").await, 1);
    let (guests, address) =
        (counted(metrics, "guest_sockets").await, counted(metrics, "address_sockets").await);
    assert!(guests >= 7 && address >= 1 && guests + address == 9, "{guests} {address}");

    drop(held.pop());
    let deadline = Instant::now() + crate::support::DEADLINE;
    while enters(&another).await.is_err() {
        assert!(Instant::now() < deadline, "the place is not given back");
    }
}

/// Sends so many messages at once and counts the answers by their codes; what is refused says when
/// to come again.
async fn sends(socket: &mut Client, ticket: &str, many: usize) -> BTreeMap<String, u64> {
    let mut numbers = Vec::new();
    for number in 0..many {
        let text = json!({
            "ticketId": ticket, "content": "x", "clientMessageId": format!("k{number}"),
        });
        numbers.push(socket.send("message:send", &text).await);
    }
    let mut codes = BTreeMap::new();
    for number in numbers {
        let ack = socket.ack(number).await;
        let code = ack["error"]["code"].as_str().unwrap_or("ok").to_owned();
        if code == "rate_limited" {
            let wait = ack["error"]["retryAfterMs"].as_u64().unwrap();
            assert!((1..=60_000).contains(&wait), "{ack}");
        }
        *codes.entry(code).or_default() += 1;
    }
    codes
}

#[tokio::test]
async fn a_guest_has_so_many_messages_a_minute_and_an_agent_so_many_a_second() {
    let metrics = free_address();
    let server = Server::with(&[
        ("SUPPORT_METRICS", &metrics.to_string()),
        ("SUPPORT_LIMITS_GUEST_MESSAGES_PER_SECOND", "0"),
        ("SUPPORT_LIMITS_GUEST_MESSAGES_PER_MINUTE", "5"),
        ("SUPPORT_LIMITS_AGENT_MESSAGES_PER_SECOND", "1"),
        ("SUPPORT_LIMITS_AGENT_MESSAGES_BURST", "4"),
    ]);
    let mut maya = Guest::arrives(&server).await;
    let mut alice = Agent::signs_in(&server, "alice").await;
    let ticket = maya.opens_a_ticket("hello").await;

    let began = Instant::now();
    let guests = sends(&mut maya.socket, &ticket, 20).await;
    let agents = sends(&mut alice.socket, &ticket, 20).await;
    let seconds = began.elapsed().as_secs() + 1;

    assert!((5..=5 + seconds / 12 + 1).contains(&guests["ok"]), "{guests:?}");
    assert_eq!(counted(metrics, "guest_messages_per_minute").await, guests["rate_limited"]);
    assert!((4..=4 + seconds).contains(&agents["ok"]), "{agents:?}");
    assert_eq!(counted(metrics, "agent_messages_per_second").await, agents["rate_limited"]);
    assert_eq!((guests.len(), agents.len()), (2, 2), "{guests:?} {agents:?}");
}

/// Tries to sign in, as a proxy says from where.
async fn tries(server: &At, from: &str, name: &str, password: &str) -> reqwest::Response {
    let login = json!({ "username": name, "password": password });
    let request = http().post(server.url("/agent/login")).header("x-forwarded-for", from);
    request.json(&login).send().await.unwrap()
}

/// T27: six wrong passwords from each of many addresses slow those addresses down, and hold the
/// owner up no longer than it may be.
#[tokio::test]
async fn who_guesses_from_many_addresses_does_not_lock_the_owner_out() {
    let server = Server::with(&[("SUPPORT_TRUSTED_PROXIES", "127.0.0.1")]);

    for place in 0..20 {
        let from = format!("192.0.2.{place}");
        for guess in 0..5 {
            let status = tries(&server, &from, "alice", "not the password").await.status();
            let known = [StatusCode::UNAUTHORIZED, StatusCode::TOO_MANY_REQUESTS];
            assert!(known.contains(&status), "{from} {guess}: {status}");
        }
        // The wait doubles with each guess that comes after it, so a slow machine is held up too.
        let mut refused = None;
        for guess in 0..10 {
            let next = tries(&server, &from, "alice", "not the password").await;
            if next.status() == StatusCode::TOO_MANY_REQUESTS {
                refused = Some(next);
                break;
            }
            assert_eq!(next.status(), StatusCode::UNAUTHORIZED, "{from} {guess}");
        }
        let refused = refused.unwrap_or_else(|| panic!("{from} may guess for ever"));
        let wait: u64 = refused.headers()[header::RETRY_AFTER].to_str().unwrap().parse().unwrap();
        assert!((1..=900).contains(&wait), "{from}: {wait}");
    }

    let began = Instant::now();
    loop {
        let mine = tries(&server, "198.51.100.7", "alice", PASSWORD).await;
        if mine.status() == StatusCode::OK {
            break;
        }
        assert_eq!(mine.status(), StatusCode::TOO_MANY_REQUESTS);
        assert!(began.elapsed() < Duration::from_mins(1), "locked out");
    }
    // Others are not slowed down at all, not even from there.
    assert_eq!(tries(&server, "192.0.2.3", "bob", PASSWORD).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn an_address_that_guesses_many_names_waits_whatever_the_next_name_is() {
    let metrics = free_address();
    let server = Server::with(&[
        ("SUPPORT_METRICS", &metrics.to_string()),
        ("SUPPORT_LIMITS_LOGIN_ADDRESS_TRIES", "6"),
    ]);

    for number in 0..6 {
        let name = format!("nobody{number}");
        let status = tries(&server, "x", &name, "not the password").await.status();
        assert_eq!(status, StatusCode::UNAUTHORIZED, "{name}");
    }
    let mut refused = tries(&server, "x", "alice", PASSWORD).await;
    for number in 6..16 {
        if refused.status() != StatusCode::OK {
            break;
        }
        // Too late to be held up: the next guess makes the wait twice as long.
        let guess = tries(&server, "x", &format!("nobody{number}"), "not the password").await;
        assert_eq!(guess.status(), StatusCode::UNAUTHORIZED);
        refused = tries(&server, "x", "alice", PASSWORD).await;
    }
    assert_eq!(refused.status(), StatusCode::TOO_MANY_REQUESTS);
    assert!(refused.headers().contains_key(header::RETRY_AFTER));
    let problem: Value = refused.json().await.unwrap();
    assert_eq!(problem["code"], "rate_limited");
    assert_eq!(counted(metrics, "login_address_tries").await, 1);
}
