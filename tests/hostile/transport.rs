//! What comes before and beside the requests: the transport, its handshake, and the paths around it.

use std::time::Instant;

use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use super::{asked, polling, stored};
use crate::support::{
    DEADLINE,
    client::Client,
    people::{Agent, Guest, http},
    process::{PASSWORD, Server},
};

#[tokio::test]
async fn a_packet_over_the_limit_closes_its_connection_and_stores_nothing() {
    let server = Server::start();
    let mut maya = Guest::arrives(&server).await;
    let alice = Agent::signs_in(&server, "alice").await;
    let ticket = maya.opens_a_ticket("hello").await;
    let padded = |bytes: usize| {
        let pad = "x".repeat(bytes);
        format!(
            r#"["message:send",{{"ticketId":"{ticket}","content":"x","clientMessageId":"k","pad":"{pad}"}}]"#
        )
    };

    let number = maya.socket.raw(&padded(60 * 1024)).await;
    assert_eq!(maya.socket.ack(number).await["ok"], true);
    let before = stored(&server, &alice, &ticket).await;

    for event in [padded(70 * 1024), format!(r#"["message:send",{}"#, "[".repeat(100_000))] {
        maya.socket.raw(&event).await;
        maya.socket.disconnected().await;
        maya.returns(&server).await;
    }
    for header in ["451-/guest,7000", "451-/guest,", "451000000000000-/guest,7000"] {
        let packet = format!(r#"{header}["message:send",{{"_placeholder":true,"num":0}}]"#);
        maya.socket.frame(Message::text(packet)).await;
        maya.socket.frame(Message::binary(vec![b'x'; 16 * 1024])).await;
        maya.socket.disconnected().await;
        maya.returns(&server).await;
    }
    assert_eq!(stored(&server, &alice, &ticket).await, before);
}

#[tokio::test]
async fn no_compression_is_agreed_on() {
    let server = Server::start();

    let (head, _) = asked(
        &server,
        "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: desk\r\n\
         Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nAccept-Encoding: gzip\r\n\
         Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n\r\n",
    )
    .await;

    assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
    assert!(!head.to_ascii_lowercase().contains("sec-websocket-extensions"), "{head}");
}

/// T11: nothing is unpacked that comes packed.
#[tokio::test]
async fn a_body_that_is_packed_is_not_unpacked() {
    let server = Server::start();

    for encoding in ["gzip", "deflate", "br", "identity, gzip"] {
        for path in ["/agent/login", "/agent/password", "/guest/session"] {
            let login = json!({ "username": "alice", "password": PASSWORD });
            let request = http().post(server.url(path)).json(&login);
            let response = request.header("content-encoding", encoding).send().await.unwrap();
            let expected = if path == "/agent/password" { [401, 415] } else { [415, 415] };
            assert!(expected.contains(&response.status().as_u16()), "{encoding} {path}");
        }
    }
}

/// T12: of two polls at the same time one is refused, and the session is over for it.
#[tokio::test]
async fn a_session_is_polled_by_one_at_a_time() {
    let server = Server::start();
    let polling = server.url(&polling(&server).await);
    let poll = || async { http().get(&polling).send().await.unwrap().status().as_u16() };
    // The first ping is there at once; afterwards there is nothing to answer with.
    assert_eq!(poll().await, 200);

    let mut statuses = tokio::time::timeout(DEADLINE, async {
        let (one, other) = tokio::join!(poll(), poll());
        [one, other]
    })
    .await
    .expect("both are answered");

    statuses.sort_unstable();
    assert_eq!(statuses[1], 400, "{statuses:?}");
    assert_eq!(poll().await, 400);
    for random in ["AAAAAAAAAAAAAAAA", "../../x"] {
        let url = server.url(&format!("/socket.io/?EIO=4&transport=polling&sid={random}"));
        for request in [http().get(&url), http().post(&url).body("40/guest,")] {
            assert_eq!(request.send().await.unwrap().status(), 400, "{random}");
        }
    }
}

#[tokio::test]
async fn a_handshake_of_another_protocol_is_refused() {
    let server = Server::start();

    for query in [
        "EIO=3&transport=polling",
        "EIO=99&transport=polling",
        "EIO=4&transport=foo",
        "EIO=4",
        "transport=polling",
        "",
        "EIO=4&transport=polling&sid=../../x",
        "EIO=4&transport=polling&sid=AAAAAAAAAAAAAAAA",
        "EIO=4&transport=websocket",
        "EIO=\u{0}&transport=%00",
    ] {
        let query = query.replace('\u{0}', "%00");
        for method in ["GET", "POST"] {
            let request = format!(
                "{method} /socket.io/?{query} HTTP/1.1\r\nHost: desk\r\nContent-Length: 0\r\n\r\n"
            );
            let (head, _) = asked(&server, &request).await;
            assert!(head.starts_with("HTTP/1.1 400 "), "{method} {query}: {head}");
        }
    }
}

#[tokio::test]
async fn a_path_that_is_nearly_one_of_ours_is_none() {
    let server = Server::start();

    for (line, status, code) in [
        ("GET /socket.io-admin", 404, "not_found"),
        ("GET //socket.io/", 404, "not_found"),
        ("GET /metrics", 404, "not_found"),
        ("GET /socket.io/..;/metrics", 404, "not_found"),
        ("GET /socket.io/../metrics", 404, "not_found"),
        ("GET /socket.io/x", 404, "not_found"),
        ("GET /SOCKET.IO/", 404, "not_found"),
        ("GET /socket.io%2f", 404, "not_found"),
        ("GET /healthz/", 404, "not_found"),
        ("GET /api/v1/tickets/", 404, "not_found"),
        ("GET /api/v1/../v1/tickets", 404, "not_found"),
        ("TRACE /", 405, "invalid"),
        ("TRACE /healthz", 405, "invalid"),
        ("DELETE /api/v1/tickets", 405, "invalid"),
    ] {
        let request = format!("{line} HTTP/1.1\r\nHost: desk\r\nContent-Length: 0\r\n\r\n");
        let (head, body) = asked(&server, &request).await;
        assert!(head.starts_with(&format!("HTTP/1.1 {status} ")), "{line}: {head}");
        assert!(head.contains("content-type: application/problem+json"), "{line}: {head}");
        let problem: Value = serde_json::from_str(&body).unwrap();
        assert_eq!(problem["code"], code, "{line}");
    }
}

#[tokio::test]
async fn a_connection_that_names_no_namespace_is_closed_in_time() {
    let server = Server::with(&[("SUPPORT_LIMITS_CONNECT_TIMEOUT_MS", "500")]);

    for first in [None, Some("40/guest,"), Some("40/nope,"), Some("40/agent,{\"token\":\"x\"}")] {
        let began = Instant::now();
        let mut silent = Client::open(&server, "/guest", &[]).await.unwrap();
        if let Some(packet) = first {
            silent.text(packet).await;
        }
        while silent.packet().await.is_some() {}
        assert!(began.elapsed().as_secs() < 5, "{first:?}: {:?}", began.elapsed());
    }
}

/// T04.
#[tokio::test]
async fn a_second_connect_with_another_credential_changes_nothing() {
    let server = Server::start();
    let mut maya = Guest::arrives(&server).await;
    let mut alice = Agent::signs_in(&server, "alice").await;
    let bobs = Agent::token(&server, "bob", PASSWORD).await.unwrap();
    let ticket = maya.opens_a_ticket("hello").await;
    alice.socket.done("ticket:join", json!({ "ticketId": ticket })).await;

    alice.socket.text(&format!("40/agent,{}", json!({ "token": bobs }))).await;

    let text = json!({ "ticketId": ticket, "content": "who am I", "clientMessageId": "k" });
    let sent = alice.socket.done("message:send", text).await;
    assert_eq!(sent["message"]["senderName"], "Alice");
    // She is where she was, once, and nobody has come.
    let heard = alice.socket.notices_before("who am I").await;
    assert!(
        heard.iter().all(|(event, payload)| {
            event != "presence:changed"
                || payload["state"] == "offline"
                || payload["name"] == "Alice"
        }),
        "{heard:?}"
    );
    let text = json!({ "ticketId": ticket, "content": "you", "clientMessageId": "y" });
    maya.socket.done("message:send", text).await;
    assert!(
        alice.socket.notices_before("you").await.iter().all(|(event, _)| event != "message:new")
    );
}

/// T04: what a colleague sees of it, and that whoever has asked twice is gone when it goes once.
#[tokio::test]
async fn a_second_connect_is_nobody_more_and_nobody_is_left_after_the_close() {
    let server = Server::with_admin_and(&[("SUPPORT_LIMITS_LEFT_GRACE_MS", "200")]);
    let mut maya = Guest::arrives(&server).await;
    let ticket = maya.opens_a_ticket("hello").await;
    let join = json!({ "ticketId": ticket });
    let look = json!({ "ticketId": ticket, "silent": true });
    let bobs = Agent::token(&server, "bob", PASSWORD).await.unwrap();
    let mut root = Agent::signs_in(&server, "root").await;
    root.socket.done("ticket:join", look.clone()).await;
    // It hears of both of its colleagues, after it was let in and maybe after its first requests.
    for _ in 0..2 {
        assert_eq!(root.socket.notice("presence:changed").await["state"], "offline");
    }
    let of_people = |heard: Vec<(String, Value)>| -> Vec<(Value, Value)> {
        let changes = heard.into_iter().filter(|(event, _)| event == "presence:changed");
        changes.map(|(_, it)| (it["name"].clone(), it["state"].clone())).collect()
    };

    let mut alice = Agent::signs_in(&server, "alice").await;
    alice.socket.done("ticket:join", join).await;
    for auth in [json!({ "token": bobs }), json!({ "token": alice.token }), json!({})] {
        alice.socket.text(&format!("40/agent,{auth}")).await;
    }
    let said = json!({ "ticketId": ticket, "content": "who am I", "clientMessageId": "k" });
    alice.socket.done("message:send", said).await;

    let heard = root.socket.notices_before("who am I").await;
    let joined = heard.iter().filter(|(event, _)| event == "message:new").count();
    assert_eq!(joined, 1, "{heard:?}");
    assert_eq!(of_people(heard), [(json!("Alice"), json!("online"))]);
    let here = root.socket.done("ticket:join", look.clone()).await["participants"].take();
    assert_eq!(here.as_array().unwrap().len(), 2, "{here}");
    drop(alice);
    let mut heard = Vec::new();
    while heard.last().is_none_or(|(_, state)| state != "offline") {
        let change = root.socket.notice("presence:changed").await;
        heard.push((change["name"].clone(), change["state"].clone()));
    }
    assert_eq!(heard, ["away", "offline"].map(|state| (json!("Alice"), json!(state))));
    loop {
        let entry = root.socket.notice("message:new").await;
        if entry["message"]["event"]["type"] == "agentLeft" {
            assert_eq!(entry["message"]["event"]["agent"]["name"], "Alice");
            break;
        }
    }
    let here = root.socket.done("ticket:join", look).await["participants"].take();
    assert_eq!(here.as_array().unwrap().len(), 1, "{here}");
    assert_eq!(of_people(root.socket.notices_so_far().await), []);
}
