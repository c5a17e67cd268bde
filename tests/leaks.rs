//! What gets out where it should not: words, secrets and insides, in the log, in the figures, and in
//! the answers to what went wrong.

use std::collections::BTreeMap;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::{
    client::Client,
    people::{Agent, Guest, figures, http},
    process::{PASSWORD, Server, free_address},
};

/// What breaks out of a line of a log, if it is written as it is.
const BREAKING: &str = "x\nlevel=ERROR msg=owned\r\u{1b}[2J\u{2028}\u{85}\"}owned{\"a\":\"";

/// Everything that somebody may say of themselves, said so that it would break out of a line.
async fn say(server: &Server, text: &str) {
    let mut maya = Guest::arrives(server).await;
    let key = json!(ulid::Ulid::generate().to_string());
    for (field, value) in
        [("name", text), ("email", text), ("subject", text), ("clientMessageId", text)]
    {
        let mut create = json!({ "content": text, "clientMessageId": key });
        create[field] = value.into();
        assert_eq!(maya.socket.refused("ticket:create", create).await, "invalid", "{field}");
    }
    let create = json!({ "content": text, "clientMessageId": key });
    let created = maya.socket.done("ticket:create", create).await;
    let ticket = &created["ticket"]["id"];
    for (event, payload) in [
        (text, json!({})),
        ("ticket:join", json!({ "ticketId": text })),
        ("ticket:join", json!({ "ticketId": ticket, "epoch": text })),
        ("ticket:list", json!({ "cursor": text })),
        ("ticket:rate", json!({ "ticketId": ticket, "score": 5, "comment": text })),
    ] {
        let number = maya.socket.raw(&json!([event, payload]).to_string()).await;
        // A name that is written with escapes ends the connection.
        if maya.socket.answer(number).await.is_none() {
            maya.returns(server).await;
        }
    }
    let login = json!({ "username": text, "password": text });
    http().post(server.url("/agent/login")).json(&login).send().await.unwrap();
    let session = json!({ "name": text, "embeddedIn": text });
    http().post(server.url("/guest/session")).json(&session).send().await.unwrap();
    // What may stand in a header or an address.
    let escaped = text.escape_default().to_string();
    for name in ["origin", "x-forwarded-for", "user-agent", "authorization", "referer"] {
        let request = http().get(server.url("/agent/me")).header(name, &escaped);
        request.send().await.unwrap();
    }
    let query = [("q", text), ("cursor", text)];
    let query: Vec<String> = query
        .iter()
        .map(|(name, value)| {
            let bytes = value.bytes().map(|byte| format!("%{byte:02x}"));
            format!("{name}={}", bytes.collect::<String>())
        })
        .collect();
    let path = format!("/api/v1/tickets?{}", query.join("&"));
    http().get(server.url(&path)).send().await.unwrap();
    Client::connect(server, "/agent", &[], json!({ "token": text })).await.err().unwrap();
}

/// T62: at the level that says most, each line is one, has its own level, and parses; what somebody
/// said is in none.
#[tokio::test]
async fn nobody_writes_lines_of_their_own_into_the_log() {
    for format in ["json", "text"] {
        let settings = [("SUPPORT_LOG", "trace"), ("SUPPORT_LOG_FORMAT", format)];
        let mut server = Server::with(&settings);

        say(&server, BREAKING).await;

        let said = server.last_words();
        let lines: Vec<&String> =
            said.iter().filter(|line| !line.starts_with("guest page")).collect();
        assert!(lines.len() > 5, "it does say something: {lines:?}");
        for line in lines {
            assert!(!line.contains("owned"), "{line}");
            let odd = |c: char| c.is_control() || ['\u{2028}', '\u{2029}'].contains(&c);
            assert!(!line.contains(odd), "{line:?}");
            if format == "json" {
                let parsed: Value = serde_json::from_str(line).unwrap_or_else(|error| {
                    panic!("{error}: {line}");
                });
                assert!(parsed["level"].is_string() && parsed["timestamp"].is_string(), "{line}");
            } else {
                let level = line.split_whitespace().nth(1).unwrap();
                assert!(["TRACE", "DEBUG", "INFO"].contains(&level), "{line}");
            }
        }
    }
}

/// Each command has a span that says what was asked for and by whom, and says there how it ended.
#[tokio::test]
async fn each_command_has_one_span_that_says_what_who_and_how_it_ended() {
    let metrics = free_address();
    let mut server = Server::with(&[
        ("SUPPORT_LOG", "debug"),
        ("SUPPORT_LOG_FORMAT", "json"),
        ("SUPPORT_METRICS", &metrics.to_string()),
    ]);
    let mut maya = Guest::arrives(&server).await;
    let mut alice = Agent::signs_in(&server, "alice").await;
    let ticket = maya.opens_a_ticket("hello").await;
    alice.socket.done("ticket:join", json!({ "ticketId": ticket })).await;
    maya.socket.refused("ticket:close", json!({ "ticketId": ticket })).await;
    alice.http(&server, Method::GET, "/agent/me", None).await;
    // What is still looked at after a connection was let in is over by then, and has been counted.
    alice.socket.notice("presence:changed").await;

    let figures = figures(metrics).await;
    let counted: BTreeMap<(String, String), u64> = figures
        .lines()
        .filter_map(|line| line.strip_prefix("support_commands_total{action=\""))
        .map(|line| {
            let (action, rest) = line.split_once("\",outcome=\"").unwrap();
            let (outcome, count) = rest.split_once("\"} ").unwrap();
            ((action.to_owned(), outcome.to_owned()), count.parse().unwrap())
        })
        .collect();
    let mut logged: BTreeMap<(String, String), u64> = BTreeMap::new();
    for line in server.last_words() {
        let Ok(line) = serde_json::from_str::<Value>(&line) else { continue };
        if line["fields"]["message"] != "done" {
            continue;
        }
        assert_eq!(line["span"]["name"], "command", "{line}");
        assert!(line["span"]["who"].is_string(), "{line}");
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let key = (text(&line["span"]["action"]), text(&line["fields"]["outcome"]));
        *logged.entry(key).or_default() += 1;
    }

    let closed = ("CloseTicket".to_owned(), "forbidden".to_owned());
    assert_eq!(counted.get(&closed), Some(&1), "{counted:?}");
    assert_eq!(logged, counted);
}

/// T75: at the level that says most, nothing that was said or that proves an identity is in the log
/// or in the figures.
#[tokio::test]
async fn the_log_and_the_figures_have_nobodys_words_and_no_secret() {
    for format in ["text", "json"] {
        let metrics = free_address();
        let mut server = Server::with_admin_and(&[
            ("SUPPORT_LOG", "trace"),
            ("SUPPORT_LOG_FORMAT", format),
            ("SUPPORT_METRICS", &metrics.to_string()),
        ]);

        let secrets = everything_is_said(&server).await;

        let figures = figures(metrics).await;
        let said = server.last_words();
        assert!(said.iter().any(|line| line.contains("command")), "it does say something");
        assert!(figures.lines().count() > 20, "{figures}");
        for line in said.iter().map(String::as_str).chain(figures.lines()) {
            assert!(!line.to_lowercase().contains("canary"), "{line}");
            assert!(secrets.iter().all(|secret| !line.contains(secret)), "{line}");
            // Nor anybody's address.
            assert!(!line.contains("192.0.2.77"), "{line}");
        }
    }
}

/// Each thing that people say or show, by each door; answers with the proofs of who they are.
async fn everything_is_said(server: &Server) -> Vec<String> {
    let mut maya = Guest::arrives(server).await;
    let mut alice = Agent::signs_in(server, "alice").await;
    let root = Agent::signs_in(server, "root").await;
    let create = json!({
        "content": "CANARY-content", "clientMessageId": "CANARY-key", "name": "CANARY-name",
        "email": "CANARY@mail.example", "subject": "CANARY-subject",
    });
    let created = maya.socket.done("ticket:create", create).await;
    let ticket = created["ticket"]["id"].as_str().unwrap().to_owned();
    let send = |extra: Value| {
        let mut payload =
            json!({ "ticketId": ticket, "content": "CANARY", "clientMessageId": "n" });
        payload.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        payload
    };
    alice.socket.done("ticket:join", json!({ "ticketId": ticket })).await;
    alice.socket.done("message:send", send(json!({ "internal": true }))).await;
    let tag = json!({ "ticketId": ticket, "add": ["CANARY-tag"] });
    alice.socket.done("ticket:tag", tag).await;
    let assign = json!({ "ticketId": ticket, "agentId": "me", "note": "CANARY-handover" });
    alice.socket.done("ticket:assign", assign).await;
    alice.socket.refused("ticket:list", json!({ "q": "CANARY ".repeat(20) })).await;
    alice.socket.done("ticket:list", json!({ "q": "CANARY" })).await;
    maya.socket.refused("message:send", send(json!({ "internal": "CANARY" }))).await;
    maya.socket.refused("CANARY-event", json!({ "CANARY": "CANARY" })).await;
    maya.socket.done("ticket:end", json!({ "ticketId": ticket })).await;
    let rate = json!({ "ticketId": ticket, "score": 1, "comment": "CANARY-comment" });
    maya.socket.done("ticket:rate", rate).await;
    let close = json!({ "ticketId": ticket, "reason": "CANARY-reason" });
    alice.socket.done("ticket:close", close).await;

    let transcript = format!("/guest/tickets/{ticket}/transcript");
    let read = http().get(server.url(&transcript)).header("cookie", &maya.cookie).send();
    assert!(read.await.unwrap().text().await.unwrap().contains("CANARY-content"));
    for (method, path, body) in [
        ("POST", "/api/v1/agents", json!({ "username": "canary", "password": "CANARY-password" })),
        ("PATCH", "/api/v1/agents/canary", json!({ "displayName": "CANARY" })),
        (
            "POST",
            "/api/v1/canned",
            json!({ "shortcut": "canary", "title": "CANARY", "text": "CANARY" }),
        ),
        (
            "POST",
            "/agent/password",
            json!({ "current": "CANARY-wrong", "new": "CANARY-password-2" }),
        ),
    ] {
        root.http(server, method.parse().unwrap(), path, Some(body)).await;
    }
    let canary = Agent::token(server, "canary", "CANARY-password").await.unwrap();
    assert!(Agent::token(server, "alice", "CANARY-password").await.is_err());
    assert!(Agent::token(server, "CANARY-nobody", "CANARY-password").await.is_err());
    for name in ["x-forwarded-for", "user-agent", "referer"] {
        let request = http().get(server.url("/agent/me?token=CANARY")).header(name, "192.0.2.77");
        request.bearer_auth("CANARY.CANARY.CANARY").send().await.unwrap();
    }
    let bad = [("cookie", "guestId=v1.CANARY.CANARY.1.CANARY")];
    Client::connect(server, "/guest", &bad, json!({ "CANARY": "CANARY" })).await.err().unwrap();
    let cookie = maya.cookie.replace("guestId=", "");
    vec![alice.token, root.token, canary, cookie, PASSWORD.to_owned()]
}

/// What an answer must not say of the inside.
const INSIDES: [&str; 12] = [
    "sqlite",
    "SELECT ",
    "UPDATE ",
    "INSERT",
    "database",
    "support.db",
    "/tmp",
    "src/",
    ".rs",
    "checksum",
    "panicked",
    env!("CARGO_PKG_VERSION"),
];

fn assert_says_nothing(server: &Server, text: &str) {
    let data = server.data.path().display().to_string();
    for inside in INSIDES.iter().copied().chain([data.as_str()]) {
        let said = text.to_lowercase().contains(&inside.to_lowercase());
        assert!(!said, "{inside} in {text}");
    }
}

/// T77: what went wrong inside is told by its code, over HTTP as over events.
#[tokio::test]
async fn a_fault_of_the_store_says_nothing_of_the_inside() {
    let mut server = Server::start();
    let mut maya = Guest::arrives(&server).await;
    let mut alice = Agent::signs_in(&server, "alice").await;
    let ticket = maya.opens_a_ticket("hello").await;
    let damaged = maya.opens_a_ticket("this one is damaged").await;
    let store = rusqlite::Connection::open(server.data.path().join("support.db")).unwrap();
    let changed = "UPDATE tickets SET checksum = checksum + 1 WHERE id = ?1";
    assert_eq!(store.execute(changed, [&damaged]).unwrap(), 1);

    let of = |ticket: &str, rest: &str| format!("/api/v1/tickets/{ticket}{rest}");
    let text = json!({ "content": "x", "clientMessageId": "k" });
    let ack = maya.socket.ask("ticket:join", json!({ "ticketId": damaged })).await;
    assert_eq!(ack["ok"], false);
    let code = ack["error"]["code"].as_str().unwrap().to_owned();
    assert!(["internal", "unavailable"].contains(&code.as_str()), "{ack}");
    assert_says_nothing(&server, &ack.to_string());
    for (method, path, body) in [
        (Method::GET, of(&damaged, ""), None),
        (Method::GET, of(&damaged, "/messages"), None),
        (Method::POST, of(&damaged, "/close"), None),
        (Method::POST, of(&damaged, "/messages"), Some(text.clone())),
        (Method::GET, "/api/v1/tickets".to_owned(), None),
    ] {
        let (status, problem) = alice.http(&server, method.clone(), &path, body).await;
        assert!(status.is_server_error(), "{method} {path}: {status} {problem}");
        assert_eq!(problem["code"], code.as_str(), "{problem}");
        assert_says_nothing(&server, &problem.to_string());
    }
    assert_eq!(store.execute(&changed.replace('+', "-"), [&damaged]).unwrap(), 1);

    // Held by somebody else: both are told within the server's patience.
    store.execute_batch("BEGIN IMMEDIATE").unwrap();
    let mut message = text.clone();
    message["ticketId"] = ticket.clone().into();
    let number = maya.socket.send("message:send", &message).await;
    let (status, problem) =
        alice.http(&server, Method::POST, &of(&ticket, "/messages"), Some(text)).await;
    let ack = maya.socket.ack(number).await;
    store.execute_batch("ROLLBACK").unwrap();
    assert_eq!(
        (status, &problem["code"]),
        (StatusCode::SERVICE_UNAVAILABLE, &json!("unavailable"))
    );
    assert_eq!(ack["error"]["code"], "unavailable");
    for said in [problem.to_string(), ack.to_string()] {
        assert_says_nothing(&server, &said);
    }
    for path in ["/nowhere", "/api/v1/nothing", "/socket.io/x", "/assets/../keys.json"] {
        let problem = http().get(server.url(path)).send().await.unwrap();
        assert_eq!(problem.status(), StatusCode::NOT_FOUND, "{path}");
        assert_says_nothing(&server, &problem.text().await.unwrap());
    }
    alice.socket.done("ticket:list", json!({})).await;
    // The operator is told more.
    let said = server.last_words();
    assert!(said.iter().any(|line| line.contains("damaged")), "{said:?}");
}

/// T78: what the operator reads is where the operator said, and nowhere else; and there is nothing
/// else there.
#[tokio::test]
async fn figures_are_where_the_operator_said_and_nowhere_else() {
    let metrics = free_address();
    let server = Server::with(&[("SUPPORT_METRICS", &metrics.to_string())]);
    let token = Agent::token(&server, "alice", PASSWORD).await.unwrap();
    let there = |path: &str| http().get(format!("http://{metrics}{path}")).bearer_auth(&token);

    assert_eq!(there("/metrics").send().await.unwrap().status(), StatusCode::OK);
    for path in ["/", "/agent/me", "/api/v1/tickets", "/healthz", "/metrics/", "/socket.io/"] {
        let response = there(path).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::NOT_FOUND, "{path}");
    }
    for path in
        ["/metrics", "/metrics/", "/api/v1/metrics", "/socket.io/metrics", "/debug", "/status"]
    {
        let request = http().get(server.url(path)).bearer_auth(&token);
        assert_eq!(request.send().await.unwrap().status(), StatusCode::NOT_FOUND, "{path}");
    }
    for path in ["/healthz", "/readyz"] {
        for query in ["", "?verbose", "?verbose=1&full=true"] {
            let asked = http().get(server.url(&format!("{path}{query}"))).bearer_auth(&token);
            let body: Value = asked.send().await.unwrap().json().await.unwrap();
            assert_eq!(body, json!({ "status": "ok" }), "{path}{query}");
        }
    }
    let without = Server::start();
    assert!(!said_of_figures(&without).await);
}

/// Whether any address of the server tells figures.
async fn said_of_figures(server: &Server) -> bool {
    let text = http().get(server.url("/metrics")).send().await.unwrap().text().await.unwrap();
    text.contains("support_")
}
