//! Who may do what, cell by cell (T38): every request of the protocol and every route, by everybody
//! who could ask, about every kind of ticket, and each of them really asked. The server is in this
//! process, for its clock. The outcomes are in `matrix.golden`; `UPDATE_GOLDEN=1` writes them anew,
//! and a change there is to be read.

mod callers;
pub(crate) mod requests;

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

use serde_json::{Value, json};

use self::callers::{Caller, Proof, Since};
use crate::support::{
    client::Client,
    house::{House, unlimited},
    people::{Agent, Guest},
    process::{PASSWORD, Server, add, add_agent},
};

/// Who asks: the columns.
const CALLERS: [&str; 9] = [
    "stranger",
    "owner",
    "otherGuest",
    "agent",
    "admin",
    "disabled",
    "signedOut",
    "expired",
    "newAgent",
];

/// About which ticket; the guest of an `ended` one has said that it is done.
const TICKETS: [&str; 5] = ["open", "ended", "closed", "missing", "malformed"];

/// The server, those who ask, and the guest and the agent who prepare the tickets.
struct Matrix {
    house: House,
    callers: Vec<Caller>,
    owner: Client,
    opener: Agent,
    /// Tickets that nothing has been done to, by kind, and as the desk has them.
    spare: BTreeMap<&'static str, (String, Value)>,
    /// A client that keeps its connections.
    web: reqwest::Client,
    made: u32,
    table: String,
    cells: usize,
}

impl Matrix {
    async fn set_up() -> Self {
        let mut first = Server::first_start();
        let one_time = first.says("one-time password").rsplit(' ').next().unwrap().to_owned();
        assert_eq!(first.stop(), 0);
        let data = first.into_data();
        for name in ["alice", "bob", "dora", "ed", "eva", "temp"] {
            assert!(add_agent(data.path(), name, name).status.success());
        }
        assert!(add(data.path(), &["root", "--admin"]).status.success());
        let house = House::on(data, unlimited()).await;

        let token = async |name: &str, password: &str| {
            Agent::token(&house.at, name, password).await.unwrap()
        };
        let opener = Agent::signs_in(&house.at, "bob").await;
        let root = Agent::signs_in(&house.at, "root").await;
        let owner = Guest::session(&house.at).await.0;
        let other = Guest::session(&house.at).await.0;
        let (dora, ed) = (token("dora", PASSWORD).await, token("ed", PASSWORD).await);
        let admin = token("admin", &one_time).await;
        let own = json!({ "current": one_time, "new": PASSWORD });
        let callers = vec![
            Caller::new(Proof::Nothing, Since::Always),
            Caller::new(Proof::Cookie(owner.clone()), Since::Always),
            Caller::new(Proof::Cookie(other), Since::Always),
            Caller::new(Proof::Token(token("alice", PASSWORD).await), Since::Always),
            Caller::new(Proof::Token(root.token.clone()), Since::Always),
            callers::disabled(&house, &root, "dora", dora).await,
            callers::signed_out(&house, "ed", ed).await,
            Caller::new(Proof::Token(token("eva", PASSWORD).await), Since::Expired),
            callers::new(&house, "admin", admin, own).await,
        ];
        Self {
            owner: Guest::connect(&house.at, &owner).await.unwrap(),
            house,
            callers,
            opener,
            spare: BTreeMap::new(),
            web: reqwest::Client::new(),
            made: 0,
            table: String::new(),
            cells: 0,
        }
    }

    /// A ticket of this kind that nothing has been done to, and as the desk has it.
    async fn ticket(&mut self, kind: &'static str) -> (String, Value) {
        match kind {
            "missing" => return (ulid::Ulid::generate().to_string(), Value::Null),
            "malformed" => return ("no-ticket".to_owned(), Value::Null),
            _ => {}
        }
        if let Some(ticket) = self.spare.remove(kind) {
            return ticket;
        }
        self.made += 1;
        let key = format!("made-{}", self.made);
        let payload = json!({ "content": "hello", "clientMessageId": key });
        let created = self.owner.done("ticket:create", payload).await;
        let id = created["ticket"]["id"].as_str().unwrap().to_owned();
        let this = json!({ "ticketId": id });
        match kind {
            "closed" => drop(self.opener.socket.done("ticket:close", this).await),
            "ended" => drop(self.owner.done("ticket:end", this).await),
            _ => {}
        }
        let shown = self.shown(&id).await;
        (id, shown)
    }

    /// A ticket as the desk has it; nothing when there is none.
    async fn shown(&self, ticket: &str) -> Value {
        let url = self.house.at.url(&format!("/api/v1/tickets/{ticket}"));
        let request = self.web.get(url).bearer_auth(&self.opener.token);
        let mut shown: Value = request.send().await.unwrap().json().await.unwrap();
        shown["ticket"].take()
    }

    /// What was refused has changed nothing, and the ticket serves the next caller too.
    async fn refused(&mut self, kind: &'static str, ticket: (String, Value), why: &str) {
        assert_eq!(self.shown(&ticket.0).await, ticket.1, "{why}");
        self.spare.insert(kind, ticket);
    }

    fn line(&mut self, request: &str, ticket: &str, outcomes: &[String]) {
        self.cells += outcomes.len();
        write!(self.table, "{request:<30}{ticket:<11}").unwrap();
        for outcome in outcomes {
            write!(self.table, "{:<17}", short(outcome)).unwrap();
        }
        self.table.truncate(self.table.trim_end().len());
        self.table.push('\n');
    }

    async fn connects(&mut self) {
        for namespace in ["/guest", "/agent"] {
            let mut outcomes = Vec::new();
            for caller in &mut self.callers {
                // As what it was, and then as what it is.
                caller.asks(&self.house, "ticket:list", &json!({})).await;
                outcomes.push(caller.connects(&self.house, namespace).await);
            }
            self.line(&format!("CONNECT {namespace}"), "", &outcomes);
        }
    }

    async fn events(&mut self) {
        for (line, event, payload) in requests::events() {
            for kind in TICKETS {
                let mut outcomes = Vec::new();
                for place in 0..self.callers.len() {
                    let ticket = self.ticket(kind).await;
                    let mut payload = payload.clone();
                    payload["ticketId"] = ticket.0.as_str().into();
                    let outcome = self.callers[place].asks(&self.house, event, &payload).await;
                    if outcome != "ok" {
                        self.refused(kind, ticket, &format!("{line} {outcome}")).await;
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
                outcomes.push(caller.asks(&self.house, line, &payload).await);
            }
            self.line(line, "", &outcomes);
        }
    }

    async fn routes(&mut self) {
        for (line, method, path, body) in requests::ticket_routes() {
            for kind in TICKETS {
                let mut outcomes = Vec::new();
                for place in 0..self.callers.len() {
                    let ticket = self.ticket(kind).await;
                    let path = path.replace("TICKET", &ticket.0);
                    let caller = &self.callers[place];
                    let (method, body) = (method.clone(), body.clone());
                    let outcome = caller.requests(&self.house, method, &path, body).await;
                    if outcome != "ok" {
                        self.refused(kind, ticket, &format!("{line} {outcome}")).await;
                    }
                    outcomes.push(outcome);
                }
                self.line(line, kind, &outcomes);
            }
        }
        for (line, method, path, body) in requests::general_routes() {
            let mut outcomes = Vec::new();
            for (caller, name) in self.callers.iter().zip(CALLERS) {
                let new = format!("by-{}", name.to_ascii_lowercase());
                let body = body.clone().map(|mut body| {
                    if body["username"] == "NEW" {
                        body["username"] = new.into();
                    }
                    body
                });
                outcomes.push(caller.requests(&self.house, method.clone(), path, body).await);
            }
            self.line(line, "", &outcomes);
        }
    }
}

/// The code, as it fits into a column.
fn short(outcome: &str) -> &str {
    match outcome {
        "password_change_required" => "password_first",
        "invalid_credentials" => "bad_credentials",
        other => other,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_request_by_everybody_is_answered_as_the_table_says() {
    let mut matrix = Matrix::set_up().await;
    let heading = CALLERS.map(str::to_owned);

    matrix.line("request", "ticket", &heading);
    matrix.cells = 0;
    matrix.connects().await;
    matrix.events().await;
    matrix.routes().await;

    assert!(matrix.cells > 1_300, "{}", matrix.cells);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("matrix/matrix.golden");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, &matrix.table).unwrap();
    }
    let golden = std::fs::read_to_string(&path).unwrap();
    let changed: Vec<(&str, &str)> =
        golden.lines().zip(matrix.table.lines()).filter(|(old, new)| old != new).collect();
    assert_eq!(changed, [], "line by line, as it was and as it is");
    assert_eq!(golden.lines().count(), matrix.table.lines().count());
    matrix.house.close().await;
}
