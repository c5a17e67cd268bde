//! Each limit has a counter: what is refused, closed or dropped because of one is read off at
//! `--metrics` by its name.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use reqwest::{StatusCode, header};
use serde_json::json;

use super::{UNLIMITED, counted, polling};
use crate::support::{
    DEADLINE,
    client::Client,
    people::{Agent, Guest, http},
    process::{Server, free_address},
};

/// A server with these limits, and where its figures are.
fn limited(limits: &[(&str, &str)]) -> (Server, SocketAddr) {
    let metrics = free_address();
    let address = metrics.to_string();
    let settings: Vec<_> =
        limits.iter().copied().chain([("SUPPORT_METRICS", address.as_str())]).collect();
    (Server::with(&settings), metrics)
}

/// Waits until a counter has come so far: what it counts may be noticed after the other end has.
async fn comes_to(metrics: SocketAddr, limit: &str, many: u64) {
    let began = Instant::now();
    loop {
        let now = counted(metrics, limit).await;
        assert!(now <= many, "{limit}: {now}");
        if now == many {
            return;
        }
        assert!(began.elapsed() < DEADLINE, "{limit}: {now}, not {many}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn what_is_too_long_or_one_too_many_is_counted() {
    let (server, metrics) = limited(&[
        ("SUPPORT_LIMITS_CONTENT_CHARS", "10"),
        ("SUPPORT_LIMITS_CONTENT_BYTES", "20"),
        ("SUPPORT_LIMITS_GUEST_OPEN_TICKETS", "1"),
    ]);
    let mut maya = Guest::arrives(&server).await;
    let alice = Agent::signs_in(&server, "alice").await;
    let ticket = maya.opens_a_ticket("hello").await;
    let send =
        |content: &str| json!({ "ticketId": ticket, "content": content, "clientMessageId": "k" });

    assert_eq!(maya.socket.refused("message:send", send("eleven char")).await, "too_large");
    comes_to(metrics, "content_chars", 1).await;
    assert_eq!(
        maya.socket.refused("message:send", send("\u{1f4a9}".repeat(6).as_str())).await,
        "too_large"
    );
    comes_to(metrics, "content_bytes", 1).await;
    let path = format!("/api/v1/tickets/{ticket}/messages");
    let (status, problem) =
        alice.http(&server, reqwest::Method::POST, &path, Some(send("eleven char"))).await;
    assert_eq!((status, &problem["code"]), (StatusCode::PAYLOAD_TOO_LARGE, &json!("too_large")));
    comes_to(metrics, "content_chars", 2).await;

    let another = json!({ "content": "x", "clientMessageId": "another" });
    assert_eq!(maya.socket.refused("ticket:create", another).await, "conflict");
    comes_to(metrics, "guest_open_tickets", 1).await;
}

#[tokio::test]
async fn a_body_or_a_message_over_the_bytes_is_counted() {
    let (server, metrics) = limited(&[]);
    let mut maya = Guest::arrives(&server).await;
    let alice = Agent::signs_in(&server, "alice").await;
    let large = "x".repeat(70_000);

    let refresh = http().post(server.url("/agent/refresh")).bearer_auth(&alice.token);
    let response = refresh.json(&json!({ "pad": large })).send().await.unwrap();
    assert_eq!(response.status(), StatusCode::PAYLOAD_TOO_LARGE);
    comes_to(metrics, "packet_bytes", 1).await;

    let session = server.url(&polling(&server).await);
    let response = http().post(session).body(large.clone()).send().await.unwrap();
    assert_eq!(response.status(), StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(response.headers()[header::CONTENT_TYPE], "application/problem+json");
    comes_to(metrics, "packet_bytes", 2).await;

    // Up to the limit nothing is said.
    let pad = &large[..60_000];
    maya.socket.done("ticket:list", json!({ "pad": pad })).await;
    maya.socket.raw(&format!("[\"ticket:list\",{{\"pad\":\"{large}\"}}]")).await;
    maya.socket.disconnected().await;
    comes_to(metrics, "packet_bytes", 3).await;
}

/// T16, as the operator sees it.
#[tokio::test]
async fn requests_that_there_is_no_place_for_are_counted() {
    let (server, metrics) = limited(&UNLIMITED);
    let mut maya = Guest::arrives(&server).await;
    let ticket = maya.opens_a_ticket("hello").await;

    let mut refused = 0;
    // More at once than may wait, and not so many that the answers have no place either. The server
    // may have been faster.
    let mut waves = 0..20;
    while refused == 0
        && let Some(wave) = waves.next()
    {
        for number in 0..800 {
            let key = format!("k{wave}-{number}");
            let text = json!({ "ticketId": ticket, "content": "x", "clientMessageId": key });
            maya.socket.send("message:send", &text).await;
        }
        for _ in 0..800 {
            let (_, ack) = maya.socket.next_ack().await;
            match ack["error"]["code"].as_str() {
                None => assert_eq!(ack["ok"], true, "{ack}"),
                Some("rate_limited") => refused += 1,
                // On a busy machine who has a place may wait there for too long.
                Some(code) => assert_eq!(code, "unavailable", "{ack}"),
            }
        }
    }

    println!("{refused} of 800 had no place");
    assert!(refused > 0);
    comes_to(metrics, "waiting_requests", refused).await;
}

#[tokio::test]
async fn who_does_not_come_to_the_point_is_counted() {
    let (server, metrics) = limited(&[("SUPPORT_LIMITS_CONNECT_TIMEOUT_MS", "2000")]);
    // Let in, or only kept for more: neither is held up by anything.
    let mut maya = Guest::arrives(&server).await;
    let until_closed = |sent: &str| {
        let mut stream = TcpStream::connect(server.address).unwrap();
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        stream.write_all(sent.as_bytes()).unwrap();
        let mut heard = Vec::new();
        stream.read_to_end(&mut heard).unwrap();
        String::from_utf8_lossy(&heard).into_owned()
    };
    let kept = until_closed("GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n");
    assert!(kept.starts_with("HTTP/1.1 200"), "{kept}");
    assert_eq!(counted(metrics, "connect_timeout_ms").await, 0);

    for (many, first) in [(1, None), (2, Some("40/nope,")), (3, Some("40/agent,{\"token\":\"x\"}"))]
    {
        let mut silent = Client::open(&server, "/guest", &[]).await.unwrap();
        if let Some(packet) = first {
            silent.text(packet).await;
        }
        while silent.packet().await.is_some() {}
        comes_to(metrics, "connect_timeout_ms", many).await;
    }
    until_closed("GET /healthz HTTP/1.1\r\nhost");
    comes_to(metrics, "connect_timeout_ms", 4).await;
    until_closed(
        "POST /agent/login HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n\
         content-length: 100\r\n\r\n{",
    );
    comes_to(metrics, "connect_timeout_ms", 5).await;
    maya.socket.done("ticket:list", json!({})).await;
    drop(maya);
    assert_eq!(counted(metrics, "connect_timeout_ms").await, 5);
}

/// T13, as the operator sees it.
#[tokio::test]
async fn a_peer_that_does_not_read_is_counted() {
    let (server, metrics) = limited(&[("SUPPORT_LIMITS_PEER_TIMEOUT_MS", "1000")]);
    // The figures are served when the desk is.
    Guest::session(&server).await;
    let mut stream = TcpStream::connect(server.address).unwrap();
    stream.set_write_timeout(Some(Duration::from_millis(100))).unwrap();

    // Pages that nobody takes, until no more are asked for.
    let page = "GET /api/v1/openapi.json HTTP/1.1\r\nhost: x\r\n\r\n".repeat(100);
    for _ in 0..200 {
        if stream.write_all(page.as_bytes()).is_err() {
            break;
        }
    }

    comes_to(metrics, "peer_timeout_ms", 1).await;
}
