//! Namespaces that are none: each is refused with a code, and who asks for nothing else is closed in
//! time and costs no memory.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::{client::Client, people::Guest, process::Server};

#[tokio::test]
async fn a_namespace_that_is_none_is_refused_with_a_code_and_the_next_one_may_be_right() {
    let server = Server::start();
    let (cookie, _) = Guest::session(&server).await;
    let mut client = Client::open(&server, "/guest", &[("cookie", &cookie)]).await.unwrap();
    // The first packet is of the transport.
    assert!(client.packet().await.unwrap().starts_with("0{"));

    for (packet, namespace) in [
        ("40", ""),
        ("40{\"token\":\"x\"}", ""),
        ("40/,", ""),
        ("40/nope,", "/nope,"),
        ("40/nope", "/nope,"),
        ("40/nope,{\"token\":\"x\"}", "/nope,"),
        ("40/guest/,", "/guest/,"),
        ("40/guests,", "/guests,"),
        ("40/Guest,", "/Guest,"),
        ("40/agent/x/y,", "/agent/x/y,"),
        ("40//,", "//,"),
        ("40/é,", "/é,"),
        ("40/{*other},", "/{*other},"),
    ] {
        // Asked for twice, it is not there either.
        for _ in 0..2 {
            client.text(packet).await;
            let refused = format!("44{namespace}{}", json!({ "message": "not_found" }));
            assert_eq!(client.packet().await, Some(refused), "{packet}");
        }
    }
    client.text("40/guest,").await;
    assert!(client.packet().await.unwrap().starts_with("40/guest,"));
    client.done("ticket:list", json!({})).await;
}

/// T05.
#[tokio::test]
async fn who_asks_for_wrong_namespaces_for_ever_is_closed_in_time() {
    let server = Server::with(&[("SUPPORT_LIMITS_CONNECT_TIMEOUT_MS", "1000")]);

    for namespace in ["/nope", "/", "/nope/{}", "/guest", "/agent"] {
        let began = Instant::now();
        let mut client = Client::open(&server, "/guest", &[]).await.unwrap();
        let mut asked = 0;
        loop {
            client
                .frame(format!("40{},", namespace.replace("{}", &asked.to_string())).into())
                .await;
            asked += 1;
            if client.packet().await.is_none() {
                break;
            }
            assert!(began.elapsed() < Duration::from_secs(10), "{namespace}: still open");
        }
        assert!(asked > 1, "{namespace}: {asked}");
        assert!(began.elapsed() >= Duration::from_millis(900), "{namespace}");
    }
}

#[tokio::test]
async fn what_was_asked_for_by_name_is_not_kept() {
    /// KiB, far below what is asked for in all.
    const GROWTH: u64 = 16 * 1024;
    let server = Server::with(&[("SUPPORT_LIMITS_CONNECT_TIMEOUT_MS", "20000")]);
    let mut client = Client::open(&server, "/guest", &[]).await.unwrap();
    client.packet().await.unwrap();
    let long = "x".repeat(60_000);
    let before = server.memory("VmRSS");

    // Half of them at least before it is closed for having found none.
    let mut asked: u64 = 0;
    while asked < 800 {
        client.frame(format!("40/{asked}{long},").into()).await;
        let Some(answer) = client.packet().await else { break };
        assert!(answer.ends_with("{\"message\":\"not_found\"}"));
        asked += 1;
    }

    let grown = server.memory("VmRSS").saturating_sub(before);
    println!("{grown} KiB more after {asked} names of 60 KB");
    assert!(asked * 60 > 2 * GROWTH, "{asked}");
    assert!(grown < GROWTH, "{grown} KiB");
}
