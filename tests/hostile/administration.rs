//! What is done in somebody's name who did not ask for it, and by methods that are none.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{
    people::{Agent, Guest, http},
    process::{PASSWORD, Server},
};

/// T48: a method is what it is, whatever a header says that it should be taken for.
#[tokio::test]
async fn a_method_is_not_taken_for_another() {
    let server = Server::with_admin();
    let root = Agent::signs_in(&server, "root").await;
    let disable = json!({ "disabled": true });

    for name in ["x-http-method-override", "x-http-method", "x-method-override"] {
        for (method, path, status) in [
            (Method::GET, "/api/v1/agents", 200),
            (Method::POST, "/api/v1/agents/alice", 405),
            (Method::POST, "/api/v1/agents/alice?_method=PATCH", 405),
            (Method::POST, "/api/v1/agents", 400),
        ] {
            for meant in ["PATCH", "DELETE"] {
                let request = http().request(method.clone(), server.url(path)).json(&disable);
                let request = request.bearer_auth(&root.token).header(name, meant);
                let answered = request.send().await.unwrap().status();
                assert_eq!(answered, status, "{method} {path} meant as {meant}");
            }
        }
    }
    assert!(Agent::token(&server, "alice", PASSWORD).await.is_ok());
}

/// T48: a form of another site is sent with the agent's cookie, and does nothing.
#[tokio::test]
async fn a_form_of_another_site_does_nothing_with_the_agents_cookie() {
    let server = Server::with_admin();
    let root = Agent::signs_in(&server, "root").await;
    let maya = Guest::arrives(&server).await.opens_a_ticket("hello").await;
    let cookie = format!("agentToken={}", root.token);
    let own = server.url("");
    let close = format!("/api/v1/tickets/{maya}/close");
    let add = json!({ "username": "eve", "password": PASSWORD }).to_string();

    for origin in [Some("https://evil.example"), Some("null"), Some("http://127.0.0.1:1"), None] {
        for kind in ["application/json", "text/plain", "application/x-www-form-urlencoded"] {
            for (method, path) in [
                (Method::POST, "/api/v1/agents"),
                (Method::PATCH, "/api/v1/agents/alice"),
                (Method::POST, "/agent/password"),
                (Method::POST, "/agent/logout"),
                (Method::POST, "/agent/refresh"),
                (Method::POST, close.as_str()),
            ] {
                let request = http().request(method.clone(), server.url(path));
                let request = request.header("cookie", &cookie).header("content-type", kind);
                let request = match origin {
                    Some(origin) => request.header("origin", origin),
                    None => request,
                };
                let answer = request.body(add.clone()).send().await.unwrap();
                assert_eq!(answer.status(), 403, "{method} {path} from {origin:?} as {kind}");
                assert!(!answer.headers().contains_key("set-cookie"));
                let problem: Value = answer.json().await.unwrap();
                assert_eq!(problem["code"], "forbidden_origin");
            }
        }
    }

    // The same of the desk's own page is done.
    let request = http().post(server.url("/api/v1/agents")).header("cookie", &cookie);
    let request = request.header("origin", &own).header("content-type", "application/json");
    assert_eq!(request.body(add).send().await.unwrap().status(), 201);
    let path = format!("/api/v1/tickets/{maya}");
    let (_, shown) = root.http(&server, Method::GET, &path, None).await;
    assert_eq!(shown["ticket"]["status"], "open");
}

/// T45: nothing of a note is in the file that a guest takes away, nor in the page that reads it
/// without a script.
#[tokio::test]
async fn a_note_is_in_no_transcript() {
    let server = Server::start();
    let mut maya = Guest::arrives(&server).await;
    let mut alice = Agent::signs_in(&server, "alice").await;
    let ticket = maya.opens_a_ticket("hello").await;
    let read = async |path: String| {
        let request = http().get(server.url(&path)).header("cookie", &maya.cookie);
        request.send().await.unwrap().text().await.unwrap()
    };
    let transcript = || format!("/guest/tickets/{ticket}/transcript");
    let before = read(transcript()).await;
    assert!(before.contains("hello"), "{before}");

    for number in 0..3 {
        let note = json!({
            "ticketId": ticket, "content": "CANARY", "clientMessageId": format!("n{number}"),
            "internal": true,
        });
        alice.socket.done("message:send", note).await;
    }
    let tag = json!({ "ticketId": ticket, "add": ["CANARY"], "priority": "urgent" });
    alice.socket.done("ticket:tag", tag).await;

    assert_eq!(read(transcript()).await, before);
    assert!(!read("/plain".to_owned()).await.contains("CANARY"));
}
