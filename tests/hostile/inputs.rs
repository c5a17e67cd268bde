//! Inputs that say more than they may, or something else than they seem to: what a type has no place
//! for has no effect, and what is refused says why.

use reqwest::StatusCode;
use serde_json::{Value, json};

use super::{UNLIMITED, counted_commands, stored};
use crate::support::{
    people::{Agent, Guest, http},
    process::{PASSWORD, Server, free_address},
};

/// T47: a guest fills in what is its own to say; the rest is the desk's.
#[tokio::test]
async fn a_new_ticket_is_open_unassigned_and_its_guests_own_whatever_it_says_of_itself() {
    let server = Server::start();
    let mut maya = Guest::arrives(&server).await;
    let mut eve = Guest::arrives(&server).await;
    let mut alice = Agent::signs_in(&server, "alice").await;
    let (_, me) = alice.http(&server, reqwest::Method::GET, "/agent/me", None).await;
    let mine = ulid::Ulid::generate().to_string();

    let create = json!({
        "content": "hello", "clientMessageId": "k", "subject": "Card",
        "status": "closed", "assignee": me["agent"]["id"], "assigneeId": me["agent"]["id"],
        "number": 1, "ref": "AAAAAA", "id": mine, "ticketId": mine, "tags": ["vip"],
        "priority": "urgent", "createdAt": "2001-01-01T00:00:00.000Z", "closedAt": "2001-01-01T00:00:00.000Z",
        "guest": { "id": eve.id, "name": "Eve", "email": "eve@mail.example" }, "guestId": eve.id,
        "endedByGuest": true, "rating": { "score": 5 }, "lastSeq": 99, "lastNoteSeq": 99,
        "guestReadSeq": 99, "agentReadSeq": 99, "waitingSince": null, "senderRole": "agent",
        "internal": true,
    });
    let created = maya.socket.done("ticket:create", create).await;

    let ticket = created["ticket"]["id"].as_str().unwrap();
    assert_ne!(ticket, mine);
    assert_eq!(eve.socket.done("ticket:list", json!({})).await["tickets"], json!([]));
    let watched = json!({ "ticketId": ticket, "silent": true });
    let joined = alice.socket.done("ticket:join", watched).await;
    let shown = &joined["ticket"];
    assert_eq!(shown["guest"], json!({ "id": maya.id, "name": null, "email": null }));
    assert_ne!(shown["ref"], "AAAAAA");
    for (field, value) in [
        ("status", json!("open")),
        ("assignee", Value::Null),
        ("tags", json!([])),
        ("priority", json!("normal")),
        ("closedAt", Value::Null),
        ("endedByGuest", json!(false)),
        ("rating", Value::Null),
        ("lastSeq", json!(1)),
        ("lastNoteSeq", json!(0)),
        ("agentReadSeq", json!(0)),
    ] {
        assert_eq!(shown[field], value, "{field}");
    }
    assert!(shown["createdAt"].as_str().unwrap() > "2026", "{shown}");
    assert_eq!(joined["messages"][0]["senderRole"], "guest");
    assert_eq!(joined["notes"], json!([]));
}

/// T53: a value is a text or a number, never a question to the store.
#[tokio::test]
async fn an_operator_of_a_store_is_no_value() {
    let server = Server::with_admin();
    let root = Agent::signs_in(&server, "root").await;
    let operators =
        [json!({ "$ne": null }), json!({ "$gt": "" }), json!({ "$regex": "^a" }), json!(["alice"])];

    for operator in &operators {
        for login in [
            json!({ "username": operator, "password": operator }),
            json!({ "username": "alice", "password": operator }),
            json!({ "username": operator, "password": PASSWORD }),
        ] {
            let response =
                http().post(server.url("/agent/login")).json(&login).send().await.unwrap();
            assert_eq!(response.status(), StatusCode::BAD_REQUEST, "{login}");
            assert!(!response.headers().contains_key("set-cookie"));
            let problem: Value = response.json().await.unwrap();
            assert_eq!(problem["code"], "invalid", "{login}");
        }
        for (method, path, body) in [
            ("POST", "/agent/password", json!({ "current": operator, "new": PASSWORD })),
            ("POST", "/agent/password", json!({ "current": PASSWORD, "new": operator })),
            ("POST", "/guest/session", json!({ "name": operator })),
            ("POST", "/api/v1/agents", json!({ "username": operator, "password": PASSWORD })),
            ("PATCH", "/api/v1/agents/alice", json!({ "role": operator })),
            ("PATCH", "/api/v1/agents/alice", json!({ "disabled": operator })),
            ("PATCH", "/api/v1/agents/alice", json!({ "password": operator })),
            ("POST", "/api/v1/canned", json!({ "shortcut": operator, "title": "x", "text": "x" })),
        ] {
            let (status, problem) =
                root.http(&server, method.parse().unwrap(), path, Some(body.clone())).await;
            assert_eq!(
                (status, &problem["code"]),
                (StatusCode::BAD_REQUEST, &json!("invalid")),
                "{path} {body}"
            );
        }
    }
    // In a query they are names that nobody knows, or texts like any other.
    for query in ["q[$where]=sleep(2000)", "q[$ne]=x", "q=%7B%22%24ne%22%3Anull%7D&status=open"] {
        let path = format!("/api/v1/tickets?{query}");
        let (status, listed) = root.http(&server, reqwest::Method::GET, &path, None).await;
        let refused = status == StatusCode::BAD_REQUEST && listed["code"] == "invalid";
        assert!(refused || listed["tickets"] == json!([]), "{path}: {status} {listed}");
    }
    assert!(Agent::token(&server, "alice", PASSWORD).await.is_ok());
}

/// T69: whatever is sent in the place of a payload is answered, if an answer is asked for; if none
/// is, it is counted.
#[tokio::test]
async fn what_is_no_payload_is_answered_once_and_without_a_number_only_counted() {
    let metrics = free_address();
    let server = Server::with(&[("SUPPORT_METRICS", &metrics.to_string())]);
    let mut maya = Guest::arrives(&server).await;
    let alice = Agent::signs_in(&server, "alice").await;
    let ticket = maya.opens_a_ticket("hello").await;
    let good = json!({ "ticketId": ticket, "content": "x", "clientMessageId": "k" });
    let nothing = [
        r#"["message:send"]"#.to_owned(),
        r#"["message:send","x"]"#.to_owned(),
        r#"["message:send",[]]"#.to_owned(),
        r#"["message:send",null]"#.to_owned(),
        r#"["message:send",{}]"#.to_owned(),
        format!(r#"["message:send",[{good}]]"#),
        format!(r#"["message:send",{good},{good}]"#),
        format!(r#"["message:send",{good},1]"#),
        "[]".to_owned(),
        "[7]".to_owned(),
    ];
    let before = stored(&server, &alice, &ticket).await;

    for event in &nothing[..8] {
        let number = maya.socket.raw(event).await;
        let ack = maya.socket.ack(number).await;
        assert_eq!(ack["error"]["code"], "invalid", "{event}");
    }
    let answered = counted_commands(metrics, "Unreadable", "invalid").await;
    assert_eq!(answered, 8);
    for event in &nothing[..8] {
        maya.socket.text(&format!("42/guest,{event}")).await;
    }
    // Nothing is said to any of them: the next answer is the next request's.
    maya.socket.done("ticket:list", json!({})).await;
    assert_eq!(counted_commands(metrics, "Unreadable", "invalid").await, answered + 8);
    // Nor is it told what it has asked for in good order without a number.
    maya.socket.text(&format!("42/guest,{}", json!(["message:send", good]))).await;
    while maya.socket.notice("message:new").await["message"]["content"] != "x" {}
    assert_eq!(stored(&server, &alice, &ticket).await.2, before.2);
    // What does not even name an event.
    for event in &nothing[8..] {
        let number = maya.socket.raw(event).await;
        if let Some(ack) = maya.socket.answer(number).await {
            assert_eq!(ack["error"]["code"], "invalid", "{event}");
        } else {
            maya.returns(&server).await;
        }
    }
}

/// T72: characters are counted, not bytes; and what has none to see is no message.
#[tokio::test]
async fn a_message_has_so_many_characters_and_at_least_one_by_every_verb() {
    let server = Server::with(&UNLIMITED);
    let mut maya = Guest::arrives(&server).await;
    let mut alice = Agent::signs_in(&server, "alice").await;
    let ticket = maya.opens_a_ticket("hello").await;
    let texts = [
        ("x".repeat(4_000), "ok"),
        ("\u{1f4a9}".repeat(4_000), "ok"),
        (format!("\u{1b}{}", "x".repeat(4_000)), "ok"),
        (" a ".to_owned(), "ok"),
        ("x".repeat(4_001), "too_large"),
        ("\u{1f4a9}".repeat(4_001), "too_large"),
        (String::new(), "invalid"),
        (" \n\t ".to_owned(), "invalid"),
        ("\u{a0}\u{3000}\u{2003}".to_owned(), "invalid"),
        ("\u{200b}".repeat(10), "invalid"),
        ("\u{200d}\u{2060}\u{feff}".to_owned(), "invalid"),
        ("\u{0}\u{7}\u{1b}\u{7f}\u{9b}".to_owned(), "invalid"),
    ];

    for (place, (text, code)) in texts.iter().enumerate() {
        let key = format!("k{place}");
        let message = json!({ "ticketId": ticket, "content": text, "clientMessageId": key });
        let mut note = message.clone();
        (note["internal"], note["clientMessageId"]) = (true.into(), format!("n{place}").into());
        let create = json!({ "content": text, "clientMessageId": key });
        let assign = json!({ "ticketId": ticket, "agentId": "me", "note": text });
        let mut acks = vec![
            maya.socket.ask("message:send", message.clone()).await,
            alice.socket.ask("message:send", message).await,
            alice.socket.ask("message:send", note).await,
            alice.socket.ask("ticket:assign", assign).await,
        ];
        if *code != "ok" {
            acks.push(maya.socket.ask("ticket:create", create).await);
        }
        for (verb, ack) in acks.iter().enumerate() {
            let answered = ack["error"]["code"].as_str().unwrap_or("ok");
            assert_eq!(answered, *code, "text {place}, verb {verb}: {ack}");
        }
    }
}
