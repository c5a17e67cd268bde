//! What clients of other people's making rely on beside the happy path: that they hear a message
//! once, that a stop is no dismissal, and that whatever is refused says why.

use serde_json::{Value, json};

use crate::support::{
    client::Client,
    people::{Agent, Guest, http},
    process::{PASSWORD, Server},
};

/// As much and as fast as one likes.
const UNLIMITED: [(&str, &str); 4] = [
    ("SUPPORT_LIMITS_GUEST_MESSAGES_PER_SECOND", "0"),
    ("SUPPORT_LIMITS_GUEST_MESSAGES_PER_MINUTE", "0"),
    ("SUPPORT_LIMITS_GUEST_READS_PER_SECOND", "0"),
    ("SUPPORT_LIMITS_AGENT_MESSAGES_PER_SECOND", "0"),
];

fn messages(heard: &[(String, Value)]) -> Vec<&str> {
    let new = heard.iter().filter(|(event, _)| event == "message:new");
    new.map(|(_, it)| it["message"]["content"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_message_that_is_sent_again_is_heard_once() {
    let server = Server::with(&UNLIMITED);
    let mut maya = Guest::arrives(&server).await;
    let ticket = maya.opens_a_ticket("hello").await;
    let mut alice = Agent::signs_in(&server, "alice").await;
    let text = json!({ "ticketId": ticket, "content": "once", "clientMessageId": "same" });
    maya.socket.notices_so_far().await;

    let mut sent = Vec::new();
    for _ in 0..15 {
        sent.push(alice.socket.send("message:send", &text).await);
    }
    for number in sent {
        assert_eq!(alice.socket.ack(number).await["ok"], true);
    }
    alice.socket.done("ticket:close", json!({ "ticketId": ticket })).await;
    assert_eq!(alice.socket.done("message:send", text).await["duplicate"], true);

    let heard = maya.socket.notices_so_far().await;
    assert_eq!(messages(&heard), ["once", "The conversation was closed by Alice"]);
}

#[tokio::test]
async fn who_is_asking_when_the_server_stops_is_not_dismissed() {
    let mut server = Server::with(&UNLIMITED);
    let mut maya = Guest::arrives(&server).await;
    let ticket = maya.opens_a_ticket("hello").await;
    let typing =
        format!("42/guest,[\"ticket:typing\",{{\"ticketId\":\"{ticket}\",\"typing\":true}}]");

    server.signal("TERM");
    // A client that is dismissed (`41`) does not come back by itself; one whose transport ends does.
    while maya.socket.frame(typing.as_str().into()).await {
        let Some(packet) = maya.socket.packet().await else { break };
        assert!(!packet.starts_with("41"), "{packet}");
    }

    assert_eq!(server.ended(crate::support::DEADLINE), Some(0));
}

#[tokio::test]
async fn what_there_is_no_room_for_is_refused_and_the_client_stays() {
    const ASKED: usize = 700;
    let server = Server::with(&UNLIMITED);
    let mut maya = Guest::arrives(&server).await;
    let ticket = maya.opens_a_ticket("hello").await;
    let list = json!({ "ticketId": ticket });

    for _ in 0..ASKED {
        maya.socket.send("message:list", &list).await;
    }
    let (mut done, mut refused) = (0, 0);
    while done + refused < ASKED {
        let packet = maya.socket.packet().await.expect("the client stays");
        let Some((_, ack)) = packet.split_once('[') else { continue };
        if !packet.starts_with("43") {
            continue;
        }
        let ack: Value = serde_json::from_str(&format!("[{ack}")).unwrap();
        if ack[0]["ok"] == true {
            done += 1;
        } else {
            assert_eq!(ack[0]["error"]["code"], "rate_limited", "{ack}");
            assert!(ack[0]["error"]["retryAfterMs"].as_u64().unwrap() > 0);
            refused += 1;
        }
    }

    println!("{done} of {ASKED} done, {refused} refused");
    assert!(done >= 512, "{done}");
    maya.socket.done("message:list", list).await;
}

#[tokio::test]
async fn a_guest_that_comes_back_to_a_closed_ticket_sees_it_opened_again() {
    let server = Server::start();
    let mut maya = Guest::arrives(&server).await;
    let ticket = maya.opens_a_ticket("hello").await;
    let mut alice = Agent::signs_in(&server, "alice").await;
    let name = json!({ "ticketId": ticket });
    alice.socket.done("ticket:close", name.clone()).await;

    maya.returns(&server).await;
    maya.socket.done("ticket:join", name.clone()).await;
    alice.socket.done("ticket:reopen", name).await;

    assert_eq!(
        maya.socket.notice("message:new").await["message"]["event"]["type"],
        "ticketReopened"
    );
    assert_eq!(maya.socket.notice("ticket:updated").await["ticket"]["status"], "open");
}

#[tokio::test]
async fn a_token_that_is_no_text_is_a_bad_credential_and_not_none() {
    let server = Server::start();
    let token = Agent::token(&server, "alice", PASSWORD).await.unwrap();
    let (cookie, origin) = (format!("agentToken={token}"), server.url(""));
    let headers = [("cookie", cookie.as_str()), ("origin", origin.as_str())];

    for bad in [json!({ "token": 5 }), json!({ "token": "x" }), json!("hello"), json!([])] {
        let refused = Client::connect(&server, "/agent", &headers, bad.clone()).await.err();
        assert_eq!(refused.as_deref(), Some("unauthenticated"), "{bad}");
    }
    for none in [json!({}), json!({ "token": null }), json!({ "other": 1 })] {
        assert!(Client::connect(&server, "/agent", &headers, none).await.is_ok());
    }
}

#[tokio::test]
async fn a_script_with_a_cookie_jar_may_poll_with_its_token() {
    let server = Server::start();
    let token = Agent::token(&server, "alice", PASSWORD).await.unwrap();
    let polling = server.url("/socket.io/?EIO=4&transport=polling");
    let cookie = format!("agentToken={token}");
    let opened = http().get(&polling).header("cookie", &cookie).send().await.unwrap();
    let opened = opened.text().await.unwrap();
    let opened: Value = serde_json::from_str(&opened[1..]).unwrap();
    let polling = format!("{polling}&sid={}", opened["sid"].as_str().unwrap());

    for (auth, answer) in [
        // The cookie by itself is no credential for who does not say where it comes from.
        (json!({}), "44/agent,{\"message\":\"forbidden_origin\"}"),
        (json!({ "token": token }), "40/agent,"),
    ] {
        let sent = http().post(&polling).header("cookie", &cookie).body(format!("40/agent,{auth}"));
        assert_eq!(sent.send().await.unwrap().status(), 200);
        let got = http().get(&polling).header("cookie", &cookie).send().await.unwrap();
        let got = got.text().await.unwrap();
        assert!(got.contains(answer), "{got}");
    }
    let foreign = http().post(&polling).header("origin", "https://evil.example").body("40/agent,");
    assert_eq!(foreign.send().await.unwrap().status(), 403);
}

#[tokio::test]
async fn a_ticket_takes_no_more_tags_than_it_can_have_and_says_so() {
    let server = Server::start();
    let mut maya = Guest::arrives(&server).await;
    let ticket = maya.opens_a_ticket("hello").await;
    let mut alice = Agent::signs_in(&server, "alice").await;
    let tags = |range: std::ops::Range<u8>| {
        let add: Vec<String> = range.map(|number| format!("tag{number}")).collect();
        json!({ "ticketId": ticket, "add": add })
    };
    alice.socket.done("ticket:tag", tags(0..2)).await;

    assert_eq!(alice.socket.refused("ticket:tag", tags(2..34)).await, "invalid");
    let full = alice.socket.done("ticket:tag", tags(2..32)).await;
    assert_eq!(full["ticket"]["tags"].as_array().unwrap().len(), 32);
    assert_eq!(alice.socket.refused("ticket:tag", tags(32..33)).await, "invalid");
    alice.socket.done("ticket:tag", json!({ "ticketId": ticket, "remove": ["tag0"] })).await;
    alice.socket.done("ticket:tag", tags(32..33)).await;
}

#[tokio::test]
async fn a_guest_that_says_its_name_later_is_called_by_it_on_every_screen() {
    let server = Server::start();
    let mut maya = Guest::arrives(&server).await;
    maya.opens_a_ticket("hello").await;
    let mut alice = Agent::signs_in(&server, "alice").await;
    alice.socket.notices_so_far().await;
    maya.socket.notices_so_far().await;

    let named = http()
        .post(server.url("/guest/session"))
        .header("cookie", &maya.cookie)
        .header("origin", server.url(""))
        .json(&json!({ "name": "Maya Lin" }));
    assert_eq!(named.send().await.unwrap().status(), 200);

    for socket in [&mut alice.socket, &mut maya.socket] {
        let updated = socket.notice("ticket:updated").await;
        assert_eq!(updated["ticket"]["guest"]["name"], "Maya Lin");
    }
}

#[tokio::test]
async fn a_ticket_that_is_opened_again_is_answered_with_its_conversation() {
    let server = Server::start();
    let mut maya = Guest::arrives(&server).await;
    let create = json!({ "content": "hello", "clientMessageId": "first" });
    let created = maya.socket.done("ticket:create", create.clone()).await;
    let ticket = created["ticket"]["id"].clone();
    let text =
        json!({ "ticketId": ticket, "content": "still there?", "clientMessageId": "second" });
    maya.socket.done("message:send", text).await;

    let again = maya.socket.done("ticket:create", create).await;

    assert_eq!(again["ticket"]["id"], ticket);
    let contents: Vec<_> = again["messages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["content"].as_str().unwrap())
        .collect();
    assert_eq!(contents, ["hello", "still there?"]);
}

#[tokio::test]
async fn an_error_names_the_field_that_is_wrong() {
    let server = Server::start();
    let mut maya = Guest::arrives(&server).await;
    let with = |field: &str, value: Value| {
        let mut create = json!({ "content": "hello", "clientMessageId": "k" });
        create[field] = value;
        create
    };

    for (field, value) in [
        ("subject", json!("x".repeat(201))),
        ("name", json!("a\nb")),
        ("email", json!({})),
        ("clientMessageId", json!("not this")),
    ] {
        let ack = maya.socket.ask("ticket:create", with(field, value)).await;
        assert_eq!(ack["error"]["code"], "invalid");
        let message = ack["error"]["message"].as_str().unwrap();
        assert!(message.starts_with(&format!("{field}: ")), "{message}");
    }
}

#[tokio::test]
async fn a_ticket_is_given_only_to_who_is_there() {
    let server = Server::start();
    let mut maya = Guest::arrives(&server).await;
    let ticket = maya.opens_a_ticket("hello").await;
    let mut alice = Agent::signs_in(&server, "alice").await;
    let nobody = json!({ "ticketId": ticket, "agentId": ulid::Ulid::generate().to_string() });

    assert_eq!(alice.socket.refused("ticket:assign", nobody).await, "not_found");
}
