//! Too much of what is allowed: who is too fast or too many is told when to come again.

use std::time::Instant;

use reqwest::{StatusCode, header};
use serde_json::{Value, json};

use super::counted;
use crate::support::{
    DEADLINE,
    client::Client,
    people::{Agent, Guest},
    process::{PASSWORD, Server, free_address},
};

/// T73.
#[tokio::test]
async fn a_flood_of_typing_is_passed_on_every_other_second() {
    let server = Server::start();
    let mut maya = Guest::arrives(&server).await;
    let mut eve = Guest::arrives(&server).await;
    let mut alice = Agent::signs_in(&server, "alice").await;
    let ticket = maya.opens_a_ticket("hello").await;
    let closed = maya.opens_a_ticket("this one is over").await;
    alice.socket.done("ticket:join", json!({ "ticketId": closed })).await;
    alice.socket.done("ticket:close", json!({ "ticketId": closed })).await;
    alice.socket.done("ticket:join", json!({ "ticketId": ticket })).await;
    let late =
        format!("42/guest,{}", json!(["ticket:typing", { "ticketId": closed, "typing": true }]));
    let typing =
        format!("42/guest,{}", json!(["ticket:typing", { "ticketId": ticket, "typing": true }]));
    let began = Instant::now();

    let one = json!({ "ticketId": ticket });
    for number in 0..1_000 {
        if number % 100 == 0 {
            // As fast as the line of a connection has room for.
            maya.socket.ask("ticket:leave", json!({ "ticketId": closed })).await;
            eve.socket.ask("ticket:leave", one.clone()).await;
        }
        maya.socket.text(&typing).await;
        maya.socket.text(&late).await;
        eve.socket.text(&typing).await;
    }
    eve.socket.done("ticket:list", json!({})).await;
    maya.socket.ask("ticket:leave", json!({ "ticketId": closed })).await;
    let text = json!({ "ticketId": ticket, "content": "done", "clientMessageId": "k" });
    maya.socket.done("message:send", text).await;

    let heard = alice.socket.notices_before("done").await;
    let typings: Vec<_> = heard.iter().filter(|(event, _)| event == "ticket:typing").collect();
    let most = 1 + usize::try_from(began.elapsed().as_secs() / 2).unwrap();
    assert!((1..=most).contains(&typings.len()), "{typings:?}");
    assert_eq!(typings[0].1["role"], "guest");
    // Nothing into a ticket that is closed, or that is another's.
    assert!(typings.iter().all(|(_, typing)| typing["ticketId"] == ticket), "{typings:?}");
}

#[tokio::test]
async fn who_stops_writing_is_seen_to_stop_at_once_and_once() {
    let server = Server::start();
    let mut maya = Guest::arrives(&server).await;
    let mut alice = Agent::signs_in(&server, "alice").await;
    let ticket = maya.opens_a_ticket("hello").await;
    alice.socket.done("ticket:join", json!({ "ticketId": ticket })).await;
    let typing = |typing: bool| {
        let event = json!(["ticket:typing", { "ticketId": ticket, "typing": typing }]);
        format!("42/guest,{event}")
    };
    let began = Instant::now();

    for _ in 0..200 {
        maya.socket.text(&typing(true)).await;
        maya.socket.text(&typing(false)).await;
    }
    let text = json!({ "ticketId": ticket, "content": "done", "clientMessageId": "k" });
    maya.socket.done("message:send", text).await;

    let heard = alice.socket.notices_before("done").await;
    let typings: Vec<bool> = heard
        .iter()
        .filter(|(event, _)| event == "ticket:typing")
        .map(|(_, payload)| payload["typing"].as_bool().unwrap())
        .collect();
    // A start every other second at most, and one stop for each.
    let starts = 1 + usize::try_from(began.elapsed().as_secs() / 2).unwrap();
    assert!((2..=2 * starts).contains(&typings.len()), "{typings:?}");
    assert!(typings.iter().enumerate().all(|(place, it)| *it == (place % 2 == 0)), "{typings:?}");
    assert_eq!(typings.last(), Some(&false));
}

#[tokio::test]
async fn a_guest_that_is_too_fast_is_told_when_to_come_again() {
    let metrics = free_address();
    let server = Server::with(&[
        ("SUPPORT_METRICS", &metrics.to_string()),
        ("SUPPORT_LIMITS_GUEST_MESSAGES_PER_SECOND", "1"),
        ("SUPPORT_LIMITS_GUEST_MESSAGES_BURST", "3"),
        ("SUPPORT_LIMITS_GUEST_NEW_TICKETS", "2"),
        ("SUPPORT_LIMITS_GUEST_SOCKETS", "2"),
    ]);
    let mut maya = Guest::arrives(&server).await;
    let ticket = maya.opens_a_ticket("hello").await;

    let mut numbers = Vec::new();
    for number in 0..10 {
        let key = format!("k{number}");
        let message = json!({ "ticketId": ticket, "content": "x", "clientMessageId": key });
        numbers.push(maya.socket.send("message:send", &message).await);
    }
    let mut acks = Vec::new();
    for number in numbers {
        acks.push(maya.socket.ack(number).await);
    }
    assert!(acks[..3].iter().all(|ack| ack["ok"] == true), "{acks:?}");
    let refused: Vec<_> = acks.iter().filter(|ack| ack["ok"] == false).collect();
    assert!(!refused.is_empty(), "{acks:?}");
    for ack in &refused {
        assert_eq!(ack["error"]["code"], "rate_limited");
        assert!((1..=1_000).contains(&ack["error"]["retryAfterMs"].as_u64().unwrap()), "{ack}");
    }
    let many = u64::try_from(refused.len()).unwrap();
    assert_eq!(counted(metrics, "guest_messages_per_second").await, many);

    maya.opens_a_ticket("another").await;
    let third = json!({ "content": "a third", "clientMessageId": "third" });
    let refused = maya.socket.ask("ticket:create", third).await;
    assert_eq!(refused["error"]["code"], "rate_limited");
    assert!(refused["error"]["retryAfterMs"].as_u64().unwrap() > 60 * 60 * 1_000, "{refused}");
    assert_eq!(counted(metrics, "guest_new_tickets").await, 1);

    let second = Guest::connect(&server, &maya.cookie).await;
    assert!(second.is_ok());
    let third = Guest::connect(&server, &maya.cookie).await.err();
    assert_eq!(third.as_deref(), Some("rate_limited"));
    assert_eq!(counted(metrics, "guest_sockets").await, 1);
    maya.socket.done("ticket:list", json!({})).await;
}

/// Asks for a guest session with this header.
async fn session_from(server: &Server, forwarded: &str) -> reqwest::Response {
    let request = reqwest::Client::new().post(server.url("/guest/session"));
    request.header("x-forwarded-for", forwarded).send().await.unwrap()
}

/// That an answer tells when to come again, in its header and in its body.
async fn assert_told_to_wait(response: reqwest::Response) {
    assert_eq!(response.status(), StatusCode::TOO_MANY_REQUESTS);
    let seconds = response.headers()[header::RETRY_AFTER].to_str().unwrap().parse::<u64>();
    let problem: Value = response.json().await.unwrap();
    assert_eq!(problem["code"], "rate_limited");
    let millis = problem["retryAfterMs"].as_u64().unwrap();
    assert_eq!(seconds, Ok(millis.div_ceil(1_000)));
    assert!(millis > 0);
}

#[tokio::test]
async fn who_guesses_passwords_waits_and_the_right_one_waits_too() {
    let metrics = free_address();
    let server = Server::with(&[
        ("SUPPORT_METRICS", &metrics.to_string()),
        ("SUPPORT_LIMITS_LOGIN_TRIES", "1"),
    ]);
    // One client for all tries: the first wait is a second, and a new client takes a while.
    let web = reqwest::Client::new();
    let login = async |name: &str, password: &str| {
        let body = json!({ "username": name, "password": password });
        let request = web.post(server.url("/agent/login")).json(&body);
        request.send().await.unwrap()
    };

    assert_eq!(login("alice", "wrong").await.status(), StatusCode::UNAUTHORIZED);
    assert_told_to_wait(login("alice", PASSWORD).await).await;
    assert_eq!(login("bob", PASSWORD).await.status(), StatusCode::OK);
    assert_eq!(counted(metrics, "login_tries").await, 1);
}

#[tokio::test]
async fn an_address_has_so_many_sessions_and_cannot_talk_itself_out_of_it() {
    let metrics = free_address();
    let server = Server::with(&[
        ("SUPPORT_METRICS", &metrics.to_string()),
        ("SUPPORT_LIMITS_ADDRESS_GUEST_SESSIONS", "2"),
    ]);

    for forwarded in ["1.2.3.4", "1.2.3.5"] {
        assert_eq!(session_from(&server, forwarded).await.status(), StatusCode::OK);
    }

    assert_told_to_wait(session_from(&server, "1.2.3.6").await).await;
    assert_eq!(counted(metrics, "address_guest_sessions").await, 1);
}

#[tokio::test]
async fn a_proxy_that_the_operator_trusts_is_believed() {
    let server = Server::with(&[
        ("SUPPORT_TRUSTED_PROXIES", "127.0.0.1"),
        ("SUPPORT_LIMITS_ADDRESS_GUEST_SESSIONS", "1"),
    ]);

    for forwarded in ["1.2.3.4", "1.2.3.5", "2001:db8:0:1::1", "6.6.6.6, 1.2.3.6"] {
        assert_eq!(session_from(&server, forwarded).await.status(), StatusCode::OK, "{forwarded}");
    }

    // The nearest hop counts, not what the client put before it; an IPv6 /64 is one address.
    for forwarded in ["1.2.3.4", "7.7.7.7, 1.2.3.6", "2001:db8:0:1::2"] {
        assert_told_to_wait(session_from(&server, forwarded).await).await;
    }
}

#[tokio::test]
async fn an_address_has_so_many_connections_and_gets_them_back() {
    let metrics = free_address();
    let server = Server::with(&[
        ("SUPPORT_METRICS", &metrics.to_string()),
        ("SUPPORT_TRUSTED_PROXIES", "127.0.0.1"),
        ("SUPPORT_LIMITS_ADDRESS_SOCKETS", "1"),
    ]);
    let connect = async |from: &str| {
        let (cookie, _) = Guest::session(&server).await;
        let headers = [("cookie", cookie.as_str()), ("x-forwarded-for", from)];
        Client::connect(&server, "/guest", &headers, json!({})).await
    };

    let mut first = connect("2001:db8:0:1::1").await.unwrap();
    let same = connect("2001:db8:0:1:ffff::2").await.err();
    assert_eq!(same.as_deref(), Some("rate_limited"));
    assert!(connect("2001:db8:0:2::1").await.is_ok());
    assert_eq!(counted(metrics, "address_sockets").await, 1);

    // Leaving the namespace gives the place back, as soon as the server has seen it.
    first.text("41/guest,").await;
    let deadline = Instant::now() + DEADLINE;
    while connect("2001:db8:0:1::3").await.is_err() {
        assert!(Instant::now() < deadline, "the place is not given back");
    }
}

#[tokio::test]
async fn too_many_handshakes_at_once_are_sent_away_for_a_while() {
    let metrics = free_address();
    let server = Server::with(&[
        ("SUPPORT_METRICS", &metrics.to_string()),
        ("SUPPORT_LIMITS_HANDSHAKES_PER_SECOND", "1"),
    ]);

    let web = reqwest::Client::new();
    let mut answers = Vec::new();
    for _ in 0..8 {
        let url = server.url("/socket.io/?EIO=4&transport=polling");
        answers.push(web.get(url).send().await.unwrap());
    }
    assert_eq!(answers[0].status(), StatusCode::OK);
    let mut refused = 0;
    for answer in answers.into_iter().filter(|answer| answer.status() != StatusCode::OK) {
        assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert!(answer.headers().contains_key(header::RETRY_AFTER));
        let problem: Value = answer.json().await.unwrap();
        assert_eq!(problem["code"], "unavailable");
        refused += 1;
    }
    assert!(refused > 0);
    assert_eq!(counted(metrics, "handshakes_per_second").await, refused);
    // What is no handshake goes on.
    let health = reqwest::get(server.url("/healthz")).await.unwrap();
    assert_eq!(health.status(), StatusCode::OK);
}
