//! Reading everything there is: who may see it all may not take it all at once, and it is known who
//! has tried.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::counted;
use crate::support::{
    people::{Agent, Guest},
    process::{Server, free_address},
};

#[tokio::test]
async fn an_agent_that_reads_without_end_is_stopped_and_named_once_in_the_audit() {
    let metrics = free_address();
    let server = Server::with(&[
        ("SUPPORT_METRICS", &metrics.to_string()),
        ("SUPPORT_LIMITS_AGENT_READS_PER_MINUTE", "12"),
    ]);
    let mut maya = Guest::arrives(&server).await;
    let ticket = maya.opens_a_ticket("hello").await;
    let mut alice = Agent::signs_in(&server, "alice").await;
    let mut bob = Agent::signs_in(&server, "bob").await;
    let one = json!({ "ticketId": ticket });
    let paths = [
        "/api/v1/tickets".to_owned(),
        format!("/api/v1/tickets/{ticket}"),
        format!("/api/v1/tickets/{ticket}/messages"),
    ];
    let requests =
        [("ticket:list", json!({})), ("ticket:join", one.clone()), ("message:list", one)];

    // By either door, it is one budget.
    for _ in 0..2 {
        for path in &paths {
            assert_eq!(alice.http(&server, Method::GET, path, None).await.0, StatusCode::OK);
        }
        for (event, payload) in &requests {
            alice.socket.done(event, payload.clone()).await;
        }
    }
    let mut refused = 0;
    for _ in 0..10 {
        for path in &paths {
            let (status, problem) = alice.http(&server, Method::GET, path, None).await;
            // A place comes free every five seconds, should this take as long.
            if status != StatusCode::OK {
                assert_eq!(
                    (status, &problem["code"]),
                    (StatusCode::TOO_MANY_REQUESTS, &json!("rate_limited"))
                );
                assert!((1..=5_000).contains(&problem["retryAfterMs"].as_u64().unwrap()));
                refused += 1;
            }
        }
        for (event, payload) in &requests {
            let ack = alice.socket.ask(event, payload.clone()).await;
            if ack["ok"] != true {
                assert_eq!(ack["error"]["code"], "rate_limited", "{event}");
                refused += 1;
            }
        }
    }

    assert!(refused > 20, "{refused}");
    assert_eq!(counted(metrics, "agent_reads_per_minute").await, refused);
    let (_, me) = alice.http(&server, Method::GET, "/agent/me", None).await;
    let id = me["agent"]["id"].as_str().unwrap().to_owned();
    assert_eq!(server.audited("bulk_read"), [(id, "rate_limited".to_owned())]);
    // Working goes on, and so do the colleagues.
    let text = json!({ "ticketId": ticket, "content": "x", "clientMessageId": "k" });
    alice.socket.done("message:send", text).await;
    bob.socket.done("ticket:list", json!({})).await;
}

#[tokio::test]
async fn a_guest_that_lists_without_end_is_told_when_to_come_again() {
    let metrics = free_address();
    let server = Server::with(&[
        ("SUPPORT_METRICS", &metrics.to_string()),
        ("SUPPORT_LIMITS_GUEST_READS_PER_SECOND", "1"),
        ("SUPPORT_LIMITS_GUEST_READS_BURST", "4"),
    ]);
    let mut maya = Guest::arrives(&server).await;
    let ticket = maya.opens_a_ticket("hello").await;
    let one = json!({ "ticketId": ticket });

    let mut numbers = Vec::new();
    for _ in 0..10 {
        numbers.push(maya.socket.send("ticket:list", &json!({})).await);
        numbers.push(maya.socket.send("message:list", &one).await);
    }
    let mut acks: Vec<Value> = Vec::new();
    for number in numbers {
        acks.push(maya.socket.ack(number).await);
    }

    assert!(acks[..4].iter().all(|ack| ack["ok"] == true), "{acks:?}");
    let refused: Vec<_> = acks.iter().filter(|ack| ack["ok"] == false).collect();
    assert!(!refused.is_empty());
    for ack in &refused {
        assert_eq!(ack["error"]["code"], "rate_limited");
        assert!((1..=1_000).contains(&ack["error"]["retryAfterMs"].as_u64().unwrap()), "{ack}");
    }
    assert_eq!(counted(metrics, "guest_reads_per_second").await, refused.len() as u64);
    // A connection that comes back may always read what it has missed.
    maya.returns(&server).await;
    maya.socket.done("ticket:join", one).await;
}
