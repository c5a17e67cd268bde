//! The rest of what a desk does: who answers for a ticket, notes, tags, marks, presence, the end of
//! a conversation, and the administration of those who answer.

use std::time::Instant;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::{
    people::{Agent, Guest},
    process::{PASSWORD, Server},
    seed::at_once,
};

/// A guest with an open ticket and two agents who have joined it.
struct Scene {
    server: Server,
    maya: Guest,
    alice: Agent,
    bob: Agent,
    ticket: String,
}

async fn scene(settings: &[(&str, &str)]) -> Scene {
    let server = Server::with(settings);
    let mut maya = Guest::arrives(&server).await;
    let ticket = maya.opens_a_ticket("my card was declined").await;
    let mut alice = Agent::signs_in(&server, "alice").await;
    let mut bob = Agent::signs_in(&server, "bob").await;
    for agent in [&mut alice, &mut bob] {
        agent.socket.done("ticket:join", json!({ "ticketId": ticket })).await;
    }
    Scene { server, maya, alice, bob, ticket }
}

fn note(ticket: &str, content: &str) -> Value {
    json!({ "ticketId": ticket, "content": content, "clientMessageId": "note", "internal": true })
}

#[tokio::test]
async fn nothing_of_a_note_reaches_the_guest() {
    let Scene { mut maya, mut alice, mut bob, ticket, server: _server, .. } = scene(&[]).await;
    let before = maya.socket.done("ticket:join", json!({ "ticketId": ticket })).await;
    maya.socket.notices_so_far().await;

    let noted = alice.socket.done("message:send", note(&ticket, "CANARY refund her")).await;
    let internal = json!({ "ticketId": ticket, "typing": true, "internal": true });
    alice.socket.done("ticket:typing", internal).await;
    let tag = json!({ "ticketId": ticket, "add": ["vip-canary"], "priority": "urgent" });
    alice.socket.done("ticket:tag", tag).await;

    assert_eq!(noted["message"]["noteSeq"], 1);
    assert_eq!(noted["message"]["afterSeq"], 3);
    assert_eq!(noted["message"]["seq"], Value::Null);
    let heard = loop {
        let notice = bob.socket.notice("message:new").await;
        if notice["message"]["internal"] == true {
            break notice;
        }
    };
    assert_eq!(heard["message"]["content"], "CANARY refund her");
    assert_eq!(maya.socket.notices_so_far().await, []);
    let after = maya.socket.done("ticket:join", json!({ "ticketId": ticket })).await;
    assert_eq!(after, before);
    let listed = maya.socket.done("ticket:list", json!({})).await;
    assert!(!listed.to_string().to_lowercase().contains("canary"), "{listed}");
    for guess in 0..6 {
        let ask = json!({ "ticketId": ticket, "afterSeq": 3, "afterNoteSeq": guess });
        let joined = maya.socket.done("ticket:join", ask).await;
        assert_eq!((&joined["reset"], &joined["notes"]), (&json!(false), &Value::Null), "{guess}");
    }
    let shown = bob.socket.done("ticket:join", json!({ "ticketId": ticket })).await;
    assert_eq!(shown["notes"].as_array().unwrap().len(), 2);
    assert_eq!(shown["ticket"]["tags"], json!(["vip-canary"]));
    assert_eq!(shown["ticket"]["priority"], "urgent");
}

#[tokio::test]
async fn of_two_who_claim_a_ticket_one_wins_and_the_other_hears_who() {
    let Scene { mut maya, mut alice, mut bob, ticket, server: _server, .. } = scene(&[]).await;
    let claim = json!({ "ticketId": ticket, "agentId": "me", "ifAssignee": null });

    let won = alice.socket.done("ticket:assign", claim.clone()).await;
    let lost = bob.socket.ask("ticket:assign", claim).await;

    assert_eq!(won["ticket"]["assignee"]["name"], "Alice");
    assert_eq!(lost["error"]["code"], "conflict");
    assert_eq!(lost["error"]["details"]["assignee"]["name"], "Alice");
    // The guest hears who answers, by name only.
    let seen = loop {
        let notice = maya.socket.notice("ticket:updated").await;
        if notice["ticket"]["assignee"] != Value::Null {
            break notice;
        }
    };
    assert_eq!(seen["ticket"]["assignee"], json!({ "name": "Alice" }));

    let back = json!({ "ticketId": ticket, "agentId": null, "note": "she is abroad" });
    let given = alice.socket.done("ticket:assign", back).await;
    assert_eq!(given["ticket"]["assignee"], Value::Null);
    let shown = bob.socket.done("ticket:join", json!({ "ticketId": ticket })).await;
    let notes = shown["notes"].as_array().unwrap();
    assert_eq!(notes.last().unwrap()["content"], "she is abroad");
    let nobody = json!({ "ticketId": ticket, "agentId": ulid::Ulid::generate().to_string() });
    assert_eq!(bob.socket.refused("ticket:assign", nobody).await, "not_found");
}

#[tokio::test]
async fn a_conversation_is_ended_by_its_guest_rated_once_and_closed_by_agents_only() {
    let Scene { mut maya, mut alice, ticket, server: _server, .. } = scene(&[]).await;
    let this = json!({ "ticketId": ticket });
    let rate = |score: u64| json!({ "ticketId": ticket, "score": score, "comment": "thanks" });

    assert_eq!(maya.socket.refused("ticket:rate", rate(5)).await, "conflict");
    let ended = maya.socket.done("ticket:end", this.clone()).await;
    assert_eq!(ended["ticket"]["endedByGuest"], true);
    assert_eq!(ended["ticket"]["status"], "open");
    let rated = maya.socket.done("ticket:rate", rate(5)).await;
    assert_eq!(rated["ticket"]["rating"]["score"], 5);
    assert_eq!(maya.socket.refused("ticket:rate", rate(1)).await, "conflict");
    assert_eq!(maya.socket.refused("ticket:rate", rate(6)).await, "invalid");

    // Writing again goes on with it.
    let text = json!({ "ticketId": ticket, "content": "one more thing", "clientMessageId": "k" });
    maya.socket.done("message:send", text).await;
    let listed = maya.socket.done("ticket:list", json!({})).await;
    assert_eq!(listed["tickets"][0]["endedByGuest"], false);

    assert_eq!(alice.socket.refused("ticket:reopen", this.clone()).await, "conflict");
    alice.socket.done("ticket:close", this.clone()).await;
    assert_eq!(maya.socket.refused("ticket:end", this.clone()).await, "ticket_closed");
    assert_eq!(
        alice.socket.refused("ticket:tag", json!({ "ticketId": ticket, "add": ["x"] })).await,
        "ticket_closed"
    );
    let reopened = alice.socket.done("ticket:reopen", this).await;
    assert_eq!(reopened["ticket"]["status"], "open");
    assert_eq!(reopened["ticket"]["closedAt"], Value::Null);
    loop {
        let notice = maya.socket.notice("message:new").await;
        if notice["message"]["event"]["type"] == "ticketReopened" {
            break;
        }
    }
}

#[tokio::test]
async fn a_read_mark_rises_and_the_others_hear_of_it() {
    let Scene { mut maya, mut alice, ticket, server: _server, .. } = scene(&[]).await;
    let read = |seq: u64| json!({ "ticketId": ticket, "seq": seq });

    maya.socket.done("ticket:read", read(2)).await;
    assert_eq!(
        alice.socket.notice("ticket:read").await,
        json!({ "ticketId": ticket, "role": "guest", "seq": 2 })
    );
    maya.socket.done("ticket:read", read(1)).await;
    maya.socket.done("ticket:read", read(1_000_000_000)).await;
    assert_eq!(alice.socket.notice("ticket:read").await["seq"], 3);
    let bad = json!({ "ticketId": ticket, "seq": -1 });
    assert_eq!(maya.socket.refused("ticket:read", bad).await, "invalid");
    let own = maya.socket.notices_so_far().await;
    assert!(own.iter().all(|(event, _)| event != "ticket:read"), "{own:?}");
}

#[tokio::test]
async fn who_watches_in_silence_leaves_no_trace() {
    let server = Server::start();
    let mut maya = Guest::arrives(&server).await;
    let ticket = maya.opens_a_ticket("hello").await;
    let mut alice = Agent::signs_in(&server, "alice").await;
    maya.socket.notices_so_far().await;

    let silent = json!({ "ticketId": ticket, "silent": true });
    let joined = alice.socket.done("ticket:join", silent).await;
    alice.socket.done("ticket:read", json!({ "ticketId": ticket, "seq": 1 })).await;

    assert_eq!(joined["participants"].as_array().unwrap().len(), 1);
    assert_eq!(maya.socket.notices_so_far().await, []);
    let text = json!({ "ticketId": ticket, "content": "anybody?", "clientMessageId": "k" });
    maya.socket.done("message:send", text).await;
    assert_eq!(alice.socket.notice("message:new").await["message"]["content"], "anybody?");
}

#[tokio::test]
async fn everybody_in_a_room_is_told_where_its_log_ends() {
    let Scene { mut maya, mut alice, ticket, server: _server, .. } =
        scene(&[("SUPPORT_LIMITS_HEAD_EVERY_MS", "200")]).await;

    let head = loop {
        let head = maya.socket.notice("ticket:head").await;
        if head["seq"] == 3 {
            break head;
        }
    };

    assert_eq!(head["ticketId"], ticket.as_str());
    assert_eq!(head.get("noteSeq"), None);
    let joined = maya.socket.done("ticket:join", json!({ "ticketId": ticket })).await;
    assert_eq!(head["epoch"], joined["epoch"]);
    assert_eq!(alice.socket.notice("ticket:head").await["noteSeq"], 0);
}

#[tokio::test]
async fn colleagues_hear_who_comes_and_who_has_gone() {
    let server = Server::with(&[("SUPPORT_LIMITS_LEFT_GRACE_MS", "200")]);
    let mut alice = Agent::signs_in(&server, "alice").await;
    let absent = alice.socket.notice("presence:changed").await;

    let bob = Agent::signs_in(&server, "bob").await;
    let came = alice.socket.notice("presence:changed").await;
    drop(bob);
    let away = alice.socket.notice("presence:changed").await;
    let gone = alice.socket.notice("presence:changed").await;

    assert_eq!((&absent["name"], &absent["state"]), (&json!("Bob"), &json!("offline")));
    for (heard, state) in [(came, "online"), (away, "away"), (gone, "offline")] {
        assert_eq!((&heard["name"], &heard["state"]), (&json!("Bob"), &json!(state)));
    }
}

#[tokio::test]
async fn who_is_between_two_connections_is_away_and_online_again_when_it_is_back() {
    let server = Server::start();
    let mut alice = Agent::signs_in(&server, "alice").await;
    assert_eq!(alice.socket.notice("presence:changed").await["state"], "offline");
    let mut bob = Agent::signs_in(&server, "bob").await;
    assert_eq!(alice.socket.notice("presence:changed").await["state"], "online");
    let second = Agent::connect(&server, &bob.token).await.unwrap();

    // One of two is no absence.
    bob.socket = second;
    bob.socket.done("ticket:list", json!({})).await;
    assert_eq!(alice.socket.notices_so_far().await, []);
    let token = bob.token.clone();
    drop(bob);
    assert_eq!(alice.socket.notice("presence:changed").await["state"], "away");
    let _bob = Agent::connect(&server, &token).await.unwrap();
    assert_eq!(alice.socket.notice("presence:changed").await["state"], "online");
    assert_eq!(alice.socket.notices_so_far().await, []);
}

#[tokio::test]
async fn who_connects_later_hears_who_is_here_already() {
    let server = Server::with(&[("SUPPORT_LIMITS_LEFT_GRACE_MS", "200")]);
    let mut alice = Agent::signs_in(&server, "alice").await;
    assert_eq!(alice.socket.notice("presence:changed").await["state"], "offline");
    let again = Agent::signs_in(&server, "alice").await;

    let mut bob = Agent::signs_in(&server, "bob").await;
    let here = bob.socket.notice("presence:changed").await;
    let came = alice.socket.notice("presence:changed").await;
    drop(again);
    drop(alice);
    assert_eq!(bob.socket.notice("presence:changed").await["state"], "away");
    let gone = bob.socket.notice("presence:changed").await;

    assert_eq!((&here["name"], &here["state"]), (&json!("Alice"), &json!("online")));
    assert_eq!(came["name"], "Bob");
    assert_eq!((&gone["name"], &gone["state"]), (&json!("Alice"), &json!("offline")));
    // Nobody is told of itself, and of everybody else once.
    let mut alice = Agent::signs_in(&server, "alice").await;
    assert_eq!(alice.socket.notice("presence:changed").await["name"], "Bob");
    assert_eq!(alice.socket.notices_so_far().await, []);
}

/// Whoever is disabled can be given nothing.
#[tokio::test]
async fn who_connects_hears_of_absent_colleagues_but_of_none_who_is_disabled() {
    let server = Server::with_admin();
    let root = Agent::signs_in(&server, "root").await;
    let (status, _) = root
        .http(&server, Method::PATCH, "/api/v1/agents/bob", Some(json!({ "disabled": true })))
        .await;
    assert_eq!(status, 200);
    drop(root);
    let mut alice = Agent::signs_in(&server, "alice").await;

    assert_ne!(alice.socket.notice("presence:changed").await["name"], "Bob");
    let rest = alice.socket.notices_so_far().await;
    assert!(rest.iter().all(|(_, it)| it["name"] != "Bob"), "{rest:?}");
}

#[tokio::test]
async fn the_desk_is_told_of_what_changed_and_of_nothing_else() {
    let server = Server::start();
    let mut maya = Guest::arrives(&server).await;
    let ticket = maya.opens_a_ticket("hello").await;
    let mut alice = Agent::signs_in(&server, "alice").await;
    for change in [
        json!({ "ticketId": ticket, "add": ["vip", "card"] }),
        json!({ "ticketId": ticket, "priority": "high" }),
        json!({ "ticketId": ticket, "remove": ["vip", "card"], "priority": "low" }),
    ] {
        alice.socket.done("ticket:tag", change).await;
    }

    let joined = alice.socket.done("ticket:join", json!({ "ticketId": ticket })).await;
    let notes = joined["notes"].as_array().unwrap();
    let said: Vec<&str> = notes.iter().map(|it| it["content"].as_str().unwrap()).collect();
    assert_eq!(
        said,
        [
            "Alice set tags: vip, card",
            "Alice set priority: high",
            "Alice set tags: none; priority: low"
        ]
    );
    assert_eq!(joined["notes"][1]["event"]["tags"], json!(["vip", "card"]));
}

#[tokio::test]
async fn tickets_are_listed_by_tag_words_and_page() {
    let server = Server::with(&[
        ("SUPPORT_LIMITS_GUEST_NEW_TICKETS", "0"),
        ("SUPPORT_LIMITS_GUEST_OPEN_TICKETS", "0"),
    ]);
    let mut alice = Agent::signs_in(&server, "alice").await;
    let mut maya = Guest::arrives(&server).await;
    let mut opened = Vec::new();
    for number in 0..5 {
        let create = json!({
            "content": "hello", "clientMessageId": format!("c{number}"),
            "subject": format!("Order purchase{number}"), "name": "Maya", "email": "maya@example.com",
        });
        let created = maya.socket.done("ticket:create", create).await;
        opened.push(created["ticket"]["id"].as_str().unwrap().to_owned());
    }
    let ids = |page: &Value| -> Vec<String> {
        let tickets = page["tickets"].as_array().unwrap().iter();
        tickets.map(|ticket| ticket["id"].as_str().unwrap().to_owned()).collect()
    };

    let mut listed = Vec::new();
    let mut waiting = Vec::new();
    let mut cursor = Value::Null;
    loop {
        let ask = json!({ "limit": 2, "cursor": cursor });
        let page = alice.socket.done("ticket:list", ask).await;
        listed.extend(ids(&page));
        let tickets = page["tickets"].as_array().unwrap().iter();
        waiting.extend(tickets.map(|ticket| ticket["waitingSince"].as_str().unwrap().to_owned()));
        cursor = page["nextCursor"].clone();
        if cursor.is_null() {
            break;
        }
    }
    assert!(waiting.is_sorted(), "longest waiting first: {waiting:?}");
    // Two that came within a millisecond may stand either way.
    listed.sort();
    let mut each_once = opened.clone();
    each_once.sort();
    assert_eq!(listed, each_once);
    alice.socket.done("ticket:tag", json!({ "ticketId": opened[3], "add": ["vip"] })).await;
    let tagged = alice.socket.done("ticket:list", json!({ "tag": "vip" })).await;
    assert_eq!(ids(&tagged), opened[3..4]);
    let found = alice.socket.done("ticket:list", json!({ "q": "order purchase2" })).await;
    assert_eq!(ids(&found), opened[2..3]);
    let (status, over_http) =
        alice.http(&server, Method::GET, "/api/v1/tickets?q=maya&limit=3", None).await;
    assert_eq!((status, ids(&over_http).len()), (StatusCode::OK, 3));
    for bad in
        [json!({ "cursor": "nonsense" }), json!({ "q": "!!" }), json!({ "q": "a ".repeat(9) })]
    {
        assert_eq!(alice.socket.refused("ticket:list", bad).await, "invalid");
    }
}

/// What ends a session, as an admin or the agent itself does it.
#[tokio::test]
async fn whatever_ends_a_session_ends_its_connections_at_once() {
    let server = Server::with_admin();
    let root = Agent::signs_in(&server, "root").await;
    let patch = async |name: &str, change: Value| {
        let path = format!("/api/v1/agents/{name}");
        root.http(&server, Method::PATCH, &path, Some(change)).await
    };

    for change in [
        json!({ "role": "admin" }),
        json!({ "password": "another password 1" }),
        json!({ "disabled": true }),
    ] {
        let password = if change["disabled"] == true { "another password 1" } else { PASSWORD };
        let token = Agent::token(&server, "alice", password).await.unwrap();
        let mut socket = Agent::connect(&server, &token).await.unwrap();
        let began = Instant::now();
        let (status, _) = patch("alice", change.clone()).await;
        assert_eq!(status, StatusCode::OK, "{change}");
        socket.notice("session:ended").await;
        socket.disconnected().await;
        assert!(began.elapsed() < at_once(), "{change}");
        assert_eq!(Agent::connect(&server, &token).await.err().as_deref(), Some("unauthenticated"));
    }
    assert!(Agent::token(&server, "alice", "another password 1").await.is_err());
    let (status, changed) = patch("alice", json!({ "disabled": false, "displayName": "Al" })).await;
    assert_eq!((status, &changed["agent"]["displayName"]), (StatusCode::OK, &json!("Al")));
    assert!(Agent::token(&server, "alice", "another password 1").await.is_ok());
    // What changes nothing of its rights ends nothing.
    let mut bob = Agent::signs_in(&server, "bob").await;
    patch("bob", json!({ "displayName": "Bobby" })).await;
    bob.socket.done("ticket:list", json!({})).await;
}

#[tokio::test]
async fn a_session_is_refreshed_under_the_same_login_and_ends_with_a_new_password() {
    let server = Server::start();
    let alice = Agent::signs_in(&server, "alice").await;
    let mut elsewhere = Agent::signs_in(&server, "alice").await;

    let (status, refreshed) = alice.http(&server, Method::POST, "/agent/refresh", None).await;
    assert_eq!(status, StatusCode::OK);
    let fresh = refreshed["token"].as_str().unwrap();
    assert!(Agent::connect(&server, fresh).await.is_ok());

    let wrong = json!({ "current": "not this one", "new": "another password 1" });
    let (_, problem) = alice.http(&server, Method::POST, "/agent/password", Some(wrong)).await;
    assert_eq!(problem["code"], "invalid_credentials");
    let change = json!({ "current": PASSWORD, "new": "another password 1" });
    let (status, _) = alice.http(&server, Method::POST, "/agent/password", Some(change)).await;
    assert_eq!(status, StatusCode::NO_CONTENT);
    elsewhere.socket.notice("session:ended").await;
    elsewhere.socket.disconnected().await;
    assert!(Agent::connect(&server, fresh).await.is_ok(), "the session that changed it goes on");
}

#[tokio::test]
async fn agents_are_administered_by_admins_and_the_last_admin_stays() {
    let server = Server::with_admin();
    let root = Agent::signs_in(&server, "root").await;
    let bob = Agent::signs_in(&server, "bob").await;
    let carol = json!({ "username": "carol", "displayName": "Carol", "password": PASSWORD });

    let (status, problem) =
        bob.http(&server, Method::POST, "/api/v1/agents", Some(carol.clone())).await;
    assert_eq!((status, &problem["code"]), (StatusCode::FORBIDDEN, &json!("forbidden")));
    let (status, added) =
        root.http(&server, Method::POST, "/api/v1/agents", Some(carol.clone())).await;
    assert_eq!((status, &added["agent"]["role"]), (StatusCode::CREATED, &json!("agent")));
    assert_eq!(added["agent"]["mustChangePassword"], false);
    let (status, _) = root.http(&server, Method::POST, "/api/v1/agents", Some(carol)).await;
    assert_eq!(status, StatusCode::CONFLICT);
    assert!(Agent::token(&server, "carol", PASSWORD).await.is_ok());

    let (_, listed) = root.http(&server, Method::GET, "/api/v1/agents", None).await;
    let names: Vec<&str> = listed["agents"]
        .as_array()
        .unwrap()
        .iter()
        .map(|agent| agent["username"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["alice", "bob", "carol", "root"]);
    assert!(!listed.to_string().contains("argon2"));
    for change in [json!({ "role": "agent" }), json!({ "disabled": true })] {
        let (status, problem) =
            root.http(&server, Method::PATCH, "/api/v1/agents/root", Some(change)).await;
        assert_eq!((status, &problem["code"]), (StatusCode::CONFLICT, &json!("conflict")));
    }
    let (status, _) =
        root.http(&server, Method::PATCH, "/api/v1/agents/nobody", Some(json!({}))).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn the_description_lists_every_route_and_every_route_exists() {
    let server = Server::start();
    let description: Value =
        reqwest::get(server.url("/api/v1/openapi.json")).await.unwrap().json().await.unwrap();
    let client = reqwest::Client::new();

    let paths = description["paths"].as_object().unwrap();
    let mut routes = 0;
    for (path, methods) in paths {
        let address = server.url(&path.replace("{ticket}", "ZZZZZZ").replace("{agent}", "nobody"));
        for method in methods.as_object().unwrap().keys() {
            routes += 1;
            let verb = Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
            let status = client.request(verb, &address).send().await.unwrap().status();
            assert!(![404, 405].contains(&status.as_u16()), "{method} {path}: {status}");
        }
        // What no route takes.
        let response = client.put(&address).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::METHOD_NOT_ALLOWED, "{path}");
        let problem: Value = response.json().await.unwrap();
        assert_eq!(problem["code"], "invalid");
    }
    assert_eq!(routes, 25);
}
