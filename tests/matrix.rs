//! Who may do what, cell by cell, on the real server: every request of the protocol and every
//! ticket and agent route, by everybody who could ask, about every kind of ticket. The outcomes are
//! in `matrix.golden`; `UPDATE_GOLDEN=1` writes them anew, and a change there is to be read.

use std::fmt::Write;
use std::path::Path;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::{
    client::Client,
    people::{Agent, Guest},
    process::{PASSWORD, Server, add, add_agent},
};

/// Who asks: the columns.
const CALLERS: [&str; 8] =
    ["stranger", "owner", "otherGuest", "agent", "admin", "disabled", "ended", "newAgent"];

/// About which ticket.
const TICKETS: [&str; 4] = ["open", "closed", "missing", "malformed"];

/// The requests about one ticket, as events: what the line is called, the event, and its payload
/// apart from the ticket.
fn requests() -> Vec<(&'static str, &'static str, Value)> {
    let message = json!({ "content": "hi", "clientMessageId": "k" });
    let note = json!({ "content": "hi", "clientMessageId": "k", "internal": true });
    vec![
        ("ticket:join", "ticket:join", json!({})),
        ("ticket:join silent", "ticket:join", json!({ "silent": true })),
        ("ticket:leave", "ticket:leave", json!({})),
        ("message:send", "message:send", message),
        ("message:send internal", "message:send", note),
        ("message:list", "message:list", json!({})),
        ("message:list notes", "message:list", json!({ "notes": true })),
        ("ticket:read", "ticket:read", json!({ "seq": 1 })),
        ("ticket:typing", "ticket:typing", json!({ "typing": true })),
        ("ticket:typing internal", "ticket:typing", json!({ "typing": true, "internal": true })),
        ("ticket:close", "ticket:close", json!({ "reason": "done" })),
        ("ticket:reopen", "ticket:reopen", json!({})),
        ("ticket:assign", "ticket:assign", json!({ "agentId": "me" })),
        ("ticket:tag", "ticket:tag", json!({ "add": ["billing"], "priority": "high" })),
        ("ticket:end", "ticket:end", json!({})),
        ("ticket:rate", "ticket:rate", json!({ "score": 5 })),
    ]
}

/// The routes about one ticket: the line, the method, what follows the ticket, and the body.
fn routes() -> Vec<(&'static str, Method, &'static str, Option<Value>)> {
    let message = json!({ "content": "hi", "clientMessageId": "k" });
    let note = json!({ "content": "hi", "clientMessageId": "k", "internal": true });
    vec![
        ("GET …", Method::GET, "", None),
        ("GET …/messages", Method::GET, "/messages", None),
        ("GET …/messages notes", Method::GET, "/messages?notes=true", None),
        ("POST …/messages", Method::POST, "/messages", Some(message)),
        ("POST …/messages internal", Method::POST, "/messages", Some(note)),
        ("POST …/close", Method::POST, "/close", None),
        ("POST …/reopen", Method::POST, "/reopen", None),
        ("POST …/assign", Method::POST, "/assign", Some(json!({ "agentId": "me" }))),
        ("POST …/tags", Method::POST, "/tags", Some(json!({ "add": ["billing"] }))),
    ]
}

/// A canned reply that is not there.
const NO_CANNED: &str = "/api/v1/canned/01HZZZZZZZZZZZZZZZZZZZZZZZ";

/// The routes about no ticket. `NEW` is a name that is free, `TEMP` an agent that may be changed.
fn general_routes() -> Vec<(&'static str, Method, &'static str, Option<Value>)> {
    let add = json!({ "username": "NEW", "password": PASSWORD });
    let change = json!({ "displayName": "Temp" });
    let canned = json!({ "shortcut": "hello", "title": "Hello", "text": "Hello {guest.name}" });
    let agents = "/api/v1/agents";
    vec![
        ("GET /api/v1/tickets", Method::GET, "/api/v1/tickets", None),
        ("GET /api/v1/tickets closed", Method::GET, "/api/v1/tickets?status=closed", None),
        ("GET /api/v1/agents", Method::GET, agents, None),
        ("POST /api/v1/agents", Method::POST, agents, Some(add)),
        ("PATCH /api/v1/agents/temp", Method::PATCH, "/api/v1/agents/temp", Some(change.clone())),
        ("PATCH … missing", Method::PATCH, "/api/v1/agents/nobody", Some(change.clone())),
        ("PATCH … malformed", Method::PATCH, "/api/v1/agents/no%20body", Some(change)),
        ("GET /api/v1/canned", Method::GET, "/api/v1/canned", None),
        ("POST /api/v1/canned", Method::POST, "/api/v1/canned", Some(canned)),
        ("PATCH /api/v1/canned missing", Method::PATCH, NO_CANNED, Some(json!({ "title": "x" }))),
        ("DELETE … missing", Method::DELETE, NO_CANNED, None),
        ("DELETE … malformed", Method::DELETE, "/api/v1/canned/hello", None),
        ("GET /agent/me", Method::GET, "/agent/me", None),
        ("POST /agent/refresh", Method::POST, "/agent/refresh", None),
    ]
}

/// What a caller shows.
enum Proof {
    Nothing,
    Cookie(String),
    Token(String),
}

/// A caller: what it shows, and its connection or why it has none.
struct Caller {
    proof: Proof,
    socket: Result<Client, String>,
}

impl Caller {
    async fn with_token(server: &Server, token: String) -> Self {
        let socket = Agent::connect(server, &token).await;
        Self { proof: Proof::Token(token), socket }
    }

    /// Asks by an event: `ok`, or the code. A connection that was refused says why.
    async fn asks(&mut self, event: &str, payload: Value) -> String {
        match &mut self.socket {
            Err(code) => code.clone(),
            Ok(socket) => {
                let ack = socket.ask(event, payload).await;
                let code = ack["error"]["code"].as_str().unwrap_or("ok");
                assert_eq!(ack["ok"], code == "ok", "{event}: {ack}");
                code.to_owned()
            }
        }
    }

    /// Asks by HTTP: `ok`, or the code.
    async fn requests(
        &self,
        web: &reqwest::Client,
        server: &Server,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> String {
        let request = web.request(method.clone(), server.url(path));
        let request = match &self.proof {
            Proof::Nothing => request,
            Proof::Cookie(cookie) => request.header("cookie", cookie),
            Proof::Token(token) => request.bearer_auth(token),
        };
        let request = match body {
            Some(body) => request.json(&body),
            None => request,
        };
        let response = request.send().await.unwrap();
        let status = response.status();
        let answer: Value = response.json().await.unwrap_or_default();
        if status.is_success() {
            let creates = method == Method::POST
                && ["/messages", "/agents", "/canned"].iter().any(|it| path.ends_with(it));
            let expected = if creates { StatusCode::CREATED } else { StatusCode::OK };
            assert_eq!(status, expected, "{method} {path}: {answer}");
            return "ok".to_owned();
        }
        let code = answer["code"].as_str().unwrap().to_owned();
        let expected = match code.as_str() {
            "invalid" => 400,
            "unauthenticated" => 401,
            "forbidden" | "password_change_required" => 403,
            "not_found" => 404,
            "ticket_closed" | "conflict" => 409,
            other => panic!("{method} {path}: {other}"),
        };
        assert_eq!(status.as_u16(), expected, "{method} {path}: {answer}");
        code
    }
}

/// The server, those who ask, and the guest and the agent who prepare the tickets.
struct Matrix {
    server: Server,
    /// One for all requests: making one reads every certificate of the machine.
    web: reqwest::Client,
    callers: Vec<Caller>,
    owner: Client,
    opener: Agent,
    made: u32,
    table: String,
    cells: usize,
}

impl Matrix {
    async fn set_up() -> Self {
        let settings = [
            "GUEST_OPEN_TICKETS",
            "GUEST_NEW_TICKETS",
            "GUEST_MESSAGES_PER_SECOND",
            "GUEST_MESSAGES_PER_MINUTE",
            "AGENT_MESSAGES_PER_SECOND",
            "GUEST_READS_PER_SECOND",
            "AGENT_READS_PER_MINUTE",
        ]
        .map(|name| format!("SUPPORT_LIMITS_{name}"));
        let settings: Vec<(&str, &str)> =
            settings.iter().map(|name| (name.as_str(), "0")).collect();
        let mut server = Server::first_start_with(&settings);
        let one_time = server.says("one-time password").rsplit(' ').next().unwrap().to_owned();
        server.kill();
        for name in ["alice", "bob", "dora", "ed", "temp"] {
            assert!(add_agent(server.data.path(), name, name).status.success());
        }
        assert!(add(server.data.path(), &["root", "--admin"]).status.success());
        let server = server.start_again();

        let owner = Guest::arrives(&server).await;
        let other = Guest::arrives(&server).await;
        let opener = Agent::signs_in(&server, "bob").await;
        let token = async |name: &str| Agent::token(&server, name, PASSWORD).await.unwrap();
        let root = Agent::signs_in(&server, "root").await;
        let disabled = token("dora").await;
        let disable = Some(json!({ "disabled": true }));
        let (status, _) = root.http(&server, Method::PATCH, "/api/v1/agents/dora", disable).await;
        assert_eq!(status, StatusCode::OK);
        let ended = Agent::signs_in(&server, "ed").await;
        let (status, _) = ended.http(&server, Method::POST, "/agent/logout", None).await;
        assert_eq!(status, StatusCode::NO_CONTENT);
        let new = Agent::token(&server, "admin", &one_time).await.unwrap();

        let guest =
            |guest: Guest| Caller { proof: Proof::Cookie(guest.cookie), socket: Ok(guest.socket) };
        let owners = Guest::connect(&server, &owner.cookie).await.unwrap();
        let callers = vec![
            Caller { proof: Proof::Nothing, socket: Err("-".to_owned()) },
            guest(owner),
            guest(other),
            Caller::with_token(&server, token("alice").await).await,
            Caller::with_token(&server, root.token).await,
            Caller::with_token(&server, disabled).await,
            Caller::with_token(&server, ended.token).await,
            Caller::with_token(&server, new).await,
        ];
        Self {
            server,
            web: reqwest::Client::new(),
            callers,
            owner: owners,
            opener,
            made: 0,
            table: String::new(),
            cells: 0,
        }
    }

    /// A ticket of this kind that nothing has been done to.
    async fn ticket(&mut self, kind: &str) -> String {
        match kind {
            "missing" => return ulid::Ulid::generate().to_string(),
            "malformed" => return "no-ticket".to_owned(),
            _ => {}
        }
        self.made += 1;
        let key = format!("made-{}", self.made);
        let payload = json!({ "content": "hello", "clientMessageId": key });
        let created = self.owner.done("ticket:create", payload).await;
        let id = created["ticket"]["id"].as_str().unwrap().to_owned();
        if kind == "closed" {
            self.opener.socket.done("ticket:close", json!({ "ticketId": id })).await;
        }
        id
    }

    /// A ticket as the desk has it; nothing when there is none.
    async fn shown(&self, ticket: &str) -> Value {
        let path = format!("/api/v1/tickets/{ticket}");
        let request = self.web.get(self.server.url(&path)).bearer_auth(&self.opener.token);
        let mut shown: Value = request.send().await.unwrap().json().await.unwrap();
        shown["ticket"].take()
    }

    fn line(&mut self, request: &str, ticket: &str, outcomes: &[String]) {
        self.cells += outcomes.iter().filter(|outcome| *outcome != "-").count();
        write!(self.table, "{request:<28}{ticket:<11}").unwrap();
        for outcome in outcomes {
            write!(self.table, "{:<17}", short(outcome)).unwrap();
        }
        self.table.truncate(self.table.trim_end().len());
        self.table.push('\n');
    }

    async fn events(&mut self) {
        for (line, event, payload) in requests() {
            for kind in TICKETS {
                let mut outcomes = Vec::new();
                for place in 0..self.callers.len() {
                    let ticket = self.ticket(kind).await;
                    let before = self.shown(&ticket).await;
                    let mut payload = payload.clone();
                    payload["ticketId"] = ticket.as_str().into();
                    let outcome = self.callers[place].asks(event, payload).await;
                    if outcome != "ok" {
                        assert_eq!(self.shown(&ticket).await, before, "{line} {outcome}");
                    }
                    outcomes.push(outcome);
                }
                self.line(line, kind, &outcomes);
            }
        }
        let create = json!({ "content": "hello", "clientMessageId": "created" });
        for (line, payload) in [("ticket:create", create), ("ticket:list", json!({}))] {
            let mut outcomes = Vec::new();
            for caller in &mut self.callers {
                outcomes.push(caller.asks(line, payload.clone()).await);
            }
            self.line(line, "", &outcomes);
        }
    }

    async fn routes(&mut self) {
        for (line, method, rest, body) in routes() {
            for kind in TICKETS {
                let mut outcomes = Vec::new();
                for place in 0..self.callers.len() {
                    let ticket = self.ticket(kind).await;
                    let before = self.shown(&ticket).await;
                    let path = format!("/api/v1/tickets/{ticket}{rest}");
                    let caller = &self.callers[place];
                    let (method, body) = (method.clone(), body.clone());
                    let outcome =
                        caller.requests(&self.web, &self.server, method, &path, body).await;
                    if outcome != "ok" {
                        assert_eq!(self.shown(&ticket).await, before, "{line} {outcome}");
                    }
                    outcomes.push(outcome);
                }
                self.line(line, kind, &outcomes);
            }
        }
        for (line, method, path, body) in general_routes() {
            let mut outcomes = Vec::new();
            for (caller, name) in self.callers.iter().zip(CALLERS) {
                let new = format!("by-{}", name.to_ascii_lowercase());
                let body = body.clone().map(|mut body| {
                    if body["username"] == "NEW" {
                        body["username"] = new.into();
                    }
                    body
                });
                outcomes.push(
                    caller.requests(&self.web, &self.server, method.clone(), path, body).await,
                );
            }
            self.line(line, "", &outcomes);
        }
    }
}

/// The code, as it fits into a column.
fn short(outcome: &str) -> &str {
    match outcome {
        "password_change_required" => "password_first",
        other => other,
    }
}

#[tokio::test]
async fn every_request_by_everybody_is_answered_as_the_table_says() {
    let mut matrix = Matrix::set_up().await;
    let heading = CALLERS.map(str::to_owned);

    matrix.line("request", "ticket", &heading);
    matrix.cells = 0;
    matrix.events().await;
    matrix.routes().await;

    assert!(matrix.cells > 300, "{}", matrix.cells);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("matrix.golden");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, &matrix.table).unwrap();
    }
    let golden = std::fs::read_to_string(&path).unwrap();
    let changed: Vec<(&str, &str)> =
        golden.lines().zip(matrix.table.lines()).filter(|(old, new)| old != new).collect();
    assert_eq!(changed, [], "line by line, as it was and as it is");
    assert_eq!(golden.lines().count(), matrix.table.lines().count());
}
