//! Who may do what, tried by those who may not: strangers, other guests, and clients that claim to
//! be more than they are.

use std::time::{Duration, Instant};

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::{
    matrix::requests,
    support::{
        client::Client,
        people::{Agent, Guest, http},
        process::{PASSWORD, Server},
        seed::size,
    },
};

/// The very text of the acknowledgement.
async fn answer(socket: &mut Client, event: &str, payload: &Value) -> String {
    let number = socket.send(event, payload).await;
    let start = format!("43/guest,{number}[");
    loop {
        let packet = socket.packet().await.unwrap();
        if let Some(answer) = packet.strip_prefix(&start) {
            return answer.to_owned();
        }
    }
}

/// T51: every verb that names a ticket, whatever has become of the ticket.
#[tokio::test]
async fn another_guests_ticket_is_answered_as_one_that_does_not_exist() {
    let server = Server::with(&[
        ("SUPPORT_LIMITS_GUEST_READS_PER_SECOND", "0"),
        ("SUPPORT_LIMITS_GUEST_MESSAGES_PER_SECOND", "0"),
        ("SUPPORT_LIMITS_GUEST_MESSAGES_PER_MINUTE", "0"),
    ]);
    let mut maya = Guest::arrives(&server).await;
    let mut eve = Guest::arrives(&server).await;
    let mut alice = Agent::signs_in(&server, "alice").await;
    let open = maya.opens_a_ticket("my card was declined").await;
    let ended = maya.opens_a_ticket("my card was declined").await;
    let closed = maya.opens_a_ticket("my card was declined").await;
    maya.socket.done("ticket:end", json!({ "ticketId": ended })).await;
    alice.socket.done("ticket:close", json!({ "ticketId": closed })).await;
    maya.socket.done("ticket:rate", json!({ "ticketId": closed, "score": 5 })).await;
    let nobodys = ulid::Ulid::generate().to_string();
    eve.socket.notices_so_far().await;

    for (line, event, payload) in requests::events() {
        let about = |ticket: &str| {
            let mut payload = payload.clone();
            payload["ticketId"] = json!(ticket);
            payload
        };
        let absent = answer(&mut eve.socket, event, &about(&nobodys)).await;
        for mayas in [&open, &ended, &closed] {
            assert_eq!(answer(&mut eve.socket, event, &about(mayas)).await, absent, "{line}");
        }
        let answered: Value = serde_json::from_str(&format!("[{absent}")).unwrap();
        let of_an_agent = ["close", "reopen", "assign", "tag", "silent", "internal", "notes"];
        let of_an_agent = of_an_agent.iter().any(|word| line.ends_with(word));
        let code = if of_an_agent { "forbidden" } else { "not_found" };
        assert_eq!(answered[0]["error"]["code"], code, "{line}");
    }

    // And nothing of it reaches her later.
    let text = json!({ "ticketId": open, "content": "secret", "clientMessageId": "s" });
    maya.socket.done("message:send", text).await;
    assert_eq!(eve.socket.notices_so_far().await, []);
    let own = eve.socket.done("ticket:list", json!({})).await;
    assert_eq!(own["tickets"], json!([]));
}

/// T51: the same over HTTP, by id and by ref, in the head of the answer too.
#[tokio::test]
async fn no_route_tells_a_guest_another_guests_ticket_from_one_that_does_not_exist() {
    let server = Server::with(&[("SUPPORT_LIMITS_GUEST_READS_PER_SECOND", "0")]);
    let mut maya = Guest::arrives(&server).await;
    let eve = Guest::arrives(&server).await;
    let mut alice = Agent::signs_in(&server, "alice").await;
    let open = maya.opens_a_ticket("my card was declined").await;
    let closed = maya.opens_a_ticket("my card was declined").await;
    let shown = alice.socket.done("ticket:close", json!({ "ticketId": closed })).await;
    let reference = shown["ticket"]["ref"].as_str().unwrap().to_owned();
    let nobodys = ulid::Ulid::generate().to_string();
    let ask = async |(_, method, path, body): &requests::Route, ticket: &str| {
        let request = http()
            .request(method.clone(), server.url(&path.replace("TICKET", ticket)))
            .header("cookie", &eve.cookie)
            .header("origin", server.url(""));
        let request = match body {
            Some(body) => request.json(body),
            None => request,
        };
        let response = request.send().await.unwrap();
        let mut headers = response.headers().clone();
        headers.remove("date");
        (response.status(), headers, response.bytes().await.unwrap())
    };

    for route in &requests::ticket_routes() {
        let absent = ask(route, &nobodys).await;
        for mayas in [&open, &closed] {
            assert_eq!(ask(route, mayas).await, absent, "{}", route.0);
        }
        assert_eq!(ask(route, &reference).await, ask(route, "ZZZZZZ").await, "{}", route.0);
        let of_a_guest = route.2.starts_with("/guest/");
        let status = if of_a_guest { StatusCode::NOT_FOUND } else { StatusCode::UNAUTHORIZED };
        assert_eq!(absent.0, status, "{}", route.0);
    }
}

#[tokio::test]
async fn a_cookie_that_was_not_made_here_connects_nobody() {
    let server = Server::start();
    let maya = Guest::arrives(&server).await;
    let value = maya.cookie.strip_prefix("guestId=").unwrap();
    let stranger = ulid::Ulid::generate().to_string();

    for cookie in [
        String::new(),
        format!("guestId={}", maya.id),
        format!("guestId={}", value.replace(&maya.id, &stranger)),
        format!("guestId={}", &value[..value.len() - 2]),
        format!("guestId={value}; guestId={value}"),
        format!("other={value}"),
    ] {
        let refused = Guest::connect(&server, &cookie).await.err();
        assert_eq!(refused.as_deref(), Some("unauthenticated"), "{cookie}");
    }
    assert!(Guest::connect(&server, &maya.cookie).await.is_ok());
}

#[tokio::test]
async fn a_bad_token_connects_nobody_and_never_falls_back_to_the_cookie() {
    let server = Server::start();
    let token = Agent::token(&server, "alice", PASSWORD).await.unwrap();
    let maya = Guest::arrives(&server).await;
    let refused = async |headers: &[(&'static str, &str)], auth: Value| {
        Client::connect(&server, "/agent", headers, auth).await.err()
    };

    for auth in
        [json!({}), json!({ "token": "" }), json!({ "token": "x.y.z" }), json!({ "token": 7 })]
    {
        assert_eq!(refused(&[], auth.clone()).await.as_deref(), Some("unauthenticated"), "{auth}");
    }
    let half = &token[..token.len() - 3];
    assert_eq!(refused(&[], json!({ "token": half })).await.as_deref(), Some("unauthenticated"));
    // A guest's proof is none of an agent's, and a bad token is not overlooked for a good cookie.
    let guest = [("cookie", maya.cookie.as_str())];
    assert_eq!(refused(&guest, json!({})).await.as_deref(), Some("unauthenticated"));
    let agent_cookie = format!("agentToken={token}");
    let origin = server.url("");
    let both = [("cookie", agent_cookie.as_str()), ("origin", origin.as_str())];
    assert_eq!(refused(&both, json!({ "token": "bad" })).await.as_deref(), Some("unauthenticated"));
    assert_eq!(refused(&both, json!({})).await, None);
    let no_origin = [("cookie", agent_cookie.as_str())];
    assert_eq!(refused(&no_origin, json!({})).await.as_deref(), Some("forbidden_origin"));
}

#[tokio::test]
async fn a_page_of_another_site_is_refused_before_anything_else() {
    let server = Server::start();
    let maya = Guest::arrives(&server).await;

    for origin in ["https://evil.example", "null", "http://127.0.0.1:1"] {
        let headers = [("cookie", maya.cookie.as_str()), ("origin", origin)];
        let refused = Client::connect(&server, "/guest", &headers, json!({})).await.err();
        assert_eq!(refused.as_deref(), Some("403"), "{origin}");
        let polling = reqwest::Client::new()
            .get(server.url("/socket.io/?EIO=4&transport=polling"))
            .header("origin", origin);
        let response = polling.send().await.unwrap();
        assert_eq!(response.status(), StatusCode::FORBIDDEN);
        let problem: Value = response.json().await.unwrap();
        assert_eq!(problem["code"], "forbidden_origin");
    }
}

#[tokio::test]
async fn a_verb_of_the_other_side_is_forbidden_and_changes_nothing() {
    let server = Server::start();
    let mut maya = Guest::arrives(&server).await;
    let mut alice = Agent::signs_in(&server, "alice").await;
    let ticket = maya.opens_a_ticket("hello").await;

    let close = json!({ "ticketId": ticket });
    assert_eq!(maya.socket.refused("ticket:close", close).await, "forbidden");
    let note =
        json!({ "ticketId": ticket, "content": "x", "clientMessageId": "n", "internal": true });
    assert_eq!(maya.socket.refused("message:send", note).await, "forbidden");
    let notes = json!({ "ticketId": ticket, "notes": true });
    assert_eq!(maya.socket.refused("message:list", notes).await, "forbidden");
    let create = json!({ "content": "x", "clientMessageId": "c" });
    assert_eq!(alice.socket.refused("ticket:create", create).await, "forbidden");

    let (_, shown) =
        alice.http(&server, Method::GET, &format!("/api/v1/tickets/{ticket}"), None).await;
    assert_eq!(shown["ticket"]["status"], "open");
    assert_eq!(shown["messages"].as_array().unwrap().len(), 1);
    assert_eq!(shown["notes"], json!([]));
}

#[tokio::test]
async fn what_a_client_says_of_itself_is_not_believed() {
    let server = Server::start();
    let mut maya = Guest::arrives(&server).await;
    let ticket = maya.opens_a_ticket("hello").await;

    let claim = json!({
        "ticketId": ticket, "content": "I am Alice", "clientMessageId": "k",
        "senderRole": "agent", "senderName": "Alice", "role": "admin", "senderId": "x", "seq": 99,
    });
    let sent = maya.socket.done("message:send", claim).await;

    assert_eq!(sent["message"]["senderRole"], "guest");
    assert_eq!(sent["message"]["senderName"], "Guest");
    assert_eq!(sent["message"]["senderId"], maya.id.as_str());
    assert_eq!(sent["message"]["seq"], 2);
}

#[tokio::test]
async fn a_closed_ticket_takes_no_message_and_answers_one_that_it_has() {
    let server = Server::start();
    let mut maya = Guest::arrives(&server).await;
    let mut alice = Agent::signs_in(&server, "alice").await;
    let ticket = maya.opens_a_ticket("hello").await;
    let before = json!({ "ticketId": ticket, "content": "before", "clientMessageId": "b" });
    maya.socket.done("message:send", before.clone()).await;

    alice.socket.done("ticket:close", json!({ "ticketId": ticket })).await;

    assert_eq!(maya.socket.notice("ticket:closed").await["ticket"]["status"], "closed");
    let late = json!({ "ticketId": ticket, "content": "late", "clientMessageId": "l" });
    assert_eq!(maya.socket.refused("message:send", late.clone()).await, "ticket_closed");
    assert_eq!(alice.socket.refused("message:send", late).await, "ticket_closed");
    let again = json!({ "ticketId": ticket });
    assert_eq!(alice.socket.refused("ticket:close", again).await, "ticket_closed");
    assert_eq!(maya.socket.done("message:send", before).await["duplicate"], true);
    let shown = maya.socket.done("ticket:join", json!({ "ticketId": ticket })).await;
    let last = shown["messages"].as_array().unwrap().last().unwrap();
    assert_eq!(last["event"]["type"], "ticketClosed");
}

#[tokio::test]
async fn logging_out_ends_the_connections_of_the_login() {
    let server = Server::start();
    let mut alice = Agent::signs_in(&server, "alice").await;
    let mut elsewhere = Agent::signs_in(&server, "alice").await;

    let (status, _) = alice.http(&server, Method::POST, "/agent/logout", None).await;

    assert_eq!(status, StatusCode::NO_CONTENT);
    assert_eq!(alice.socket.notice("session:ended").await["code"], "unauthenticated");
    alice.socket.disconnected().await;
    let (status, _) = alice.http(&server, Method::GET, "/agent/me", None).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
    elsewhere.socket.done("ticket:list", json!({})).await;
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_name_are_answered_alike() {
    let server = Server::start();

    let wrong = Agent::token(&server, "alice", "not the password").await.unwrap_err();
    let unknown = Agent::token(&server, "nobody", "not the password").await.unwrap_err();

    assert_eq!(wrong, unknown);
    assert_eq!(wrong["code"], "invalid_credentials");
}

/// KiB by which a flood of logins may make the server grow: the hashes that are computed at the same
/// time, and the connections.
const FLOOD: u64 = 100 * 1024;

/// A flood of logins is answered, one way or the other, and holds nobody else up.
#[tokio::test]
async fn a_flood_of_logins_does_not_stop_the_conversation() {
    // Only the gate in front of the hashes is in the way.
    let server = Server::with(&[
        ("SUPPORT_LIMITS_LOGIN_TRIES", "0"),
        ("SUPPORT_LIMITS_LOGIN_ADDRESS_TRIES", "0"),
        ("SUPPORT_LIMITS_ADDRESS_CONNECTIONS", "0"),
    ]);
    let mut maya = Guest::arrives(&server).await;
    let ticket = maya.opens_a_ticket("hello").await;
    let before = server.memory("VmRSS");
    let client = reqwest::Client::new();
    let logins: Vec<_> = (0..500)
        .map(|number| {
            let body =
                json!({ "username": format!("nobody{number}"), "password": "wrong password" });
            client.post(server.url("/agent/login")).json(&body).send()
        })
        .collect();
    let flood = futures_util::future::join_all(logins);
    let talk = async {
        let mut slowest = Duration::ZERO;
        for number in 0..10 {
            let text = json!({
                "ticketId": ticket, "content": "x", "clientMessageId": format!("k{number}"),
            });
            let began = Instant::now();
            maya.socket.done("message:send", text).await;
            slowest = slowest.max(began.elapsed());
        }
        slowest
    };

    let (answers, slowest) = futures_util::future::join(flood, talk).await;

    let mut busy = 0;
    for answer in answers {
        let answer = answer.unwrap();
        match answer.status() {
            StatusCode::UNAUTHORIZED => {}
            StatusCode::SERVICE_UNAVAILABLE => {
                busy += 1;
                assert!(answer.headers().contains_key("retry-after"));
                let problem: Value = answer.json().await.unwrap();
                assert_eq!(problem["code"], "unavailable");
            }
            other => panic!("{other}"),
        }
    }
    let grown = server.memory("VmHWM").saturating_sub(before);
    println!("{busy} of 500 sent away, {grown} KiB more, the slowest message took {slowest:?}");
    assert!(busy > 300, "{busy}");
    assert!(grown < FLOOD, "{grown} KiB");
    assert!(slowest < size(Duration::from_secs(10), Duration::from_secs(4)), "{slowest:?}");
    // Who is sent away has done nothing that anybody would have to answer for.
    assert!(server.audited("sign_in").iter().all(|(_, result)| result == "invalid_credentials"));
    for length in [4_096, 1 << 20] {
        let large = json!({ "username": "alice", "password": "x".repeat(length) });
        // A connection of its own: the one that was not read to its end is closed.
        let request = reqwest::Client::new().post(server.url("/agent/login")).json(&large);
        assert_eq!(request.send().await.unwrap().status(), StatusCode::PAYLOAD_TOO_LARGE);
    }
    assert!(Agent::token(&server, "alice", PASSWORD).await.is_ok());
}

/// Under https only the cookie that no other host and no http could have set is a guest's.
#[tokio::test]
async fn under_https_a_planted_cookie_is_nobodys() {
    let origin = ("origin", "https://chat.example");
    let server = Server::with(&[("SUPPORT_PUBLIC_URL", origin.1)]);
    let start = reqwest::Client::new().post(server.url("/guest/session"));
    let response = start.try_clone().unwrap().send().await.unwrap();
    let set = response.headers()["set-cookie"].to_str().unwrap().to_owned();
    assert!(set.starts_with("__Host-guestId=") && set.contains("; Secure"), "{set}");
    assert_eq!(response.headers()["strict-transport-security"], "max-age=31536000");
    let cookie = set.split(';').next().unwrap();
    let planted = cookie.replace("__Host-", "");
    let connect = async |cookie: &str| {
        Client::connect(&server, "/guest", &[("cookie", cookie), origin], json!({})).await.err()
    };

    assert_eq!(connect(cookie).await, None);
    assert_eq!(connect(&planted).await.as_deref(), Some("unauthenticated"));
    assert_eq!(connect(&format!("{planted}; {cookie}")).await, None);
    let id = async |cookie: &str| {
        let request = start.try_clone().unwrap().header("cookie", cookie);
        let body: Value = request.send().await.unwrap().json().await.unwrap();
        body["guest"]["id"].clone()
    };
    assert_ne!(id(&planted).await, id(cookie).await);
    assert_eq!(id(&format!("{planted}; {cookie}")).await, id(cookie).await);
}

/// One transport carries both sides: leaving one of them is not leaving the other.
#[tokio::test]
async fn leaving_one_side_of_a_transport_does_not_leave_the_other() {
    let server = Server::with(&[("SUPPORT_LIMITS_LEFT_GRACE_MS", "100")]);
    let mut maya = Guest::arrives(&server).await;
    let ticket = maya.opens_a_ticket("hello").await;
    let other = Guest::arrives(&server).await;
    let token = Agent::token(&server, "alice", PASSWORD).await.unwrap();
    let headers = [("cookie", other.cookie.as_str())];
    let mut both =
        Client::connect(&server, "/agent", &headers, json!({ "token": token })).await.unwrap();
    both.text("40/guest,{}").await;
    both.done("ticket:join", json!({ "ticketId": ticket })).await;

    both.text("41/guest,").await;
    let mut bob = Agent::signs_in(&server, "bob").await;
    drop(bob.socket.notices_so_far().await);
    // Bob comes and goes: when he has been written out, so would Alice have been.
    bob.socket.done("ticket:join", json!({ "ticketId": ticket })).await;
    drop(bob);
    let mut left = Vec::new();
    while left.is_empty() {
        let notice = maya.socket.notice("message:new").await;
        if notice["message"]["event"]["type"] == "agentLeft" {
            left.push(notice["message"]["event"]["agent"]["name"].clone());
        }
    }
    assert_eq!(left, ["Bob"]);
}
