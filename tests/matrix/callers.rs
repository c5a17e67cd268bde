//! Those who ask: the columns of the matrix. Whoever may not do anything any more has a connection
//! from when it could, so that what it asks is refused by the desk and not by the handshake.

use std::path::Path;
use std::sync::atomic::Ordering;

use reqwest::{Method, StatusCode};
use rusqlite::{Connection, params_from_iter, types::Value as Cell};
use serde_json::{Value, json};

use crate::support::{
    client::Client,
    house::House,
    people::{Agent, http},
};

/// Seconds after which a token that is new now is good no more.
const LATER: i64 = 3_601;

/// A row of the store.
pub(super) struct Row {
    table: &'static str,
    cells: Vec<Cell>,
}

impl Row {
    /// As it is now.
    pub(super) fn read(data: &Path, table: &'static str, column: &str, value: &str) -> Self {
        let store = store(data);
        let mut row = store.prepare(&format!("SELECT * FROM {table} WHERE {column} = ?1")).unwrap();
        let many = row.column_count();
        let cells =
            row.query_row([value], |row| (0..many).map(|place| row.get(place)).collect()).unwrap();
        Self { table, cells }
    }

    /// Puts it in the place of what is there, as another node would: this one is not told.
    fn write(&self, data: &Path) {
        let places = vec!["?"; self.cells.len()].join(", ");
        let sql = format!("REPLACE INTO {} VALUES ({places})", self.table);
        store(data).execute(&sql, params_from_iter(&self.cells)).unwrap();
    }
}

fn store(data: &Path) -> Connection {
    let store = Connection::open(data.join("support.db")).unwrap();
    store.busy_timeout(crate::support::DEADLINE).unwrap();
    store
}

/// What a caller shows.
pub(super) enum Proof {
    Nothing,
    Cookie(String),
    Token(String),
}

/// Why somebody who could connect may do nothing now.
pub(super) enum Since {
    /// It still may.
    Always,
    /// The store says so in one row, which said something else before.
    Changed { before: Row, after: Row },
    /// Its token's time is over.
    Expired,
}

/// Somebody who asks.
pub(super) struct Caller {
    proof: Proof,
    since: Since,
    socket: Option<Client>,
}

impl Caller {
    pub(super) fn new(proof: Proof, since: Since) -> Self {
        Self { proof, since, socket: None }
    }

    /// Asks to be let into a namespace as what it is now.
    pub(super) async fn connects(&self, house: &House, namespace: &'static str) -> String {
        self.later(house);
        let refused = self.try_in(house, namespace).await.err();
        now(house);
        refused.unwrap_or_else(|| "ok".to_owned())
    }

    async fn try_in(&self, house: &House, namespace: &'static str) -> Result<Client, String> {
        match &self.proof {
            Proof::Nothing => Client::connect(&house.at, namespace, &[], json!({})).await,
            Proof::Cookie(cookie) => {
                let headers = [("cookie", cookie.as_str())];
                Client::connect(&house.at, namespace, &headers, json!({})).await
            }
            Proof::Token(token) => {
                Client::connect(&house.at, namespace, &[], json!({ "token": token })).await
            }
        }
    }

    /// Connects as what it once was, and is what it is again.
    async fn comes(&self, house: &House) -> Client {
        let data = house.data.path();
        if let Since::Changed { before, .. } = &self.since {
            before.write(data);
        }
        let namespace = if matches!(self.proof, Proof::Token(_)) { "/agent" } else { "/guest" };
        let mut socket = self.try_in(house, namespace).await.unwrap();
        if namespace == "/agent" {
            // Who is here already is said once it was looked whether the login still stands.
            while socket.notice("presence:changed").await["name"] != "bob" {}
        }
        if let Since::Changed { after, .. } = &self.since {
            after.write(data);
        }
        socket
    }

    fn later(&self, house: &House) {
        if matches!(self.since, Since::Expired) {
            house.ahead.0.store(LATER, Ordering::Relaxed);
        }
    }

    /// Asks by an event: `ok`, the code, or `unheard` when nobody listens to it.
    pub(super) async fn asks(&mut self, house: &House, event: &str, payload: &Value) -> String {
        let text = json!([event, payload]).to_string();
        if matches!(self.proof, Proof::Nothing) {
            return shouts(house, &text).await;
        }
        // A login that has ended is found in rounds and loses its connection: then it had another.
        for _ in 0..10 {
            let mut socket = match self.socket.take() {
                Some(socket) => socket,
                None => self.comes(house).await,
            };
            self.later(house);
            let number = socket.raw(&text).await;
            let answer = socket.answer(number).await;
            now(house);
            if let Some(ack) = answer {
                self.socket = Some(socket);
                let code = ack["error"]["code"].as_str().unwrap_or("ok");
                assert_eq!(ack["ok"], code == "ok", "{event}: {ack}");
                return code.to_owned();
            }
        }
        panic!("{event} is never answered")
    }

    /// Asks by HTTP: `ok`, or the code.
    pub(super) async fn requests(
        &self,
        house: &House,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> String {
        let request = http().request(method.clone(), house.at.url(path));
        let request = match &self.proof {
            Proof::Nothing => request,
            Proof::Cookie(cookie) => request.header("cookie", cookie),
            Proof::Token(token) => request.bearer_auth(token),
        };
        let request = match body {
            Some(body) => request.json(&body),
            None => request,
        };
        self.later(house);
        let response = request.send().await.unwrap();
        now(house);
        let status = response.status();
        let answer: Value = response.json().await.unwrap_or_default();
        if status.is_success() {
            assert_eq!(status, success(&method, path), "{method} {path}: {answer}");
            return "ok".to_owned();
        }
        let code = answer["code"].as_str().unwrap().to_owned();
        let expected = match code.as_str() {
            "invalid" => 400,
            "unauthenticated" | "invalid_credentials" => 401,
            "forbidden" | "password_change_required" => 403,
            "not_found" => 404,
            "ticket_closed" | "conflict" => 409,
            other => panic!("{method} {path}: {other}"),
        };
        assert_eq!(status.as_u16(), expected, "{method} {path}: {answer}");
        code
    }
}

fn now(house: &House) {
    house.ahead.0.store(0, Ordering::Relaxed);
}

fn success(method: &Method, path: &str) -> StatusCode {
    let made = ["/messages", "/agents", "/canned"];
    if *method == Method::POST && made.iter().any(|it| path.ends_with(it)) {
        StatusCode::CREATED
    } else if path == "/agent/logout" {
        StatusCode::NO_CONTENT
    } else {
        StatusCode::OK
    }
}

/// Sends an event to both namespaces, let into neither. What asks to be let in afterwards is
/// answered, or the connection is over: until then an answer would have come.
async fn shouts(house: &House, event: &str) -> String {
    for namespace in ["/guest", "/agent"] {
        let mut socket = Client::open(&house.at, namespace, &[]).await.unwrap();
        socket.raw(event).await;
        socket.frame(format!("40{namespace},{{}}").into()).await;
        while let Some(packet) = socket.packet().await {
            assert!(!packet.starts_with("43"), "{event} by a stranger: {packet}");
            if packet.starts_with("44") {
                break;
            }
        }
    }
    "unheard".to_owned()
}

/// The store's row of an agent or of its only login.
pub(super) fn rows(data: &Path, name: &str) -> (Row, Row) {
    let agent = Row::read(data, "agents", "username", name);
    let Cell::Text(id) = &agent.cells[0] else { panic!("an id is text") };
    let session = Row::read(data, "sessions", "agent", id);
    (agent, session)
}

/// An agent whom an admin has disabled, and whose login nobody has ended.
pub(super) async fn disabled(house: &House, root: &Agent, name: &str, token: String) -> Caller {
    let data = house.data.path();
    let (before, session) = rows(data, name);
    let path = format!("/api/v1/agents/{name}");
    let disable = Some(json!({ "disabled": true }));
    let (status, _) = root.http(&house.at, Method::PATCH, &path, disable).await;
    assert_eq!(status, StatusCode::OK);
    let (after, _) = rows(data, name);
    session.write(data);
    Caller::new(Proof::Token(token), Since::Changed { before, after })
}

/// An agent that has signed out.
pub(super) async fn signed_out(house: &House, name: &str, token: String) -> Caller {
    let data = house.data.path();
    let (_, before) = rows(data, name);
    let proof = Caller::new(Proof::Token(token), Since::Always);
    assert_eq!(proof.requests(house, Method::POST, "/agent/logout", None).await, "ok");
    let (_, after) = rows(data, name);
    Caller { since: Since::Changed { before, after }, ..proof }
}

/// An agent that has to choose a password first: it had one of its own before.
pub(super) async fn new(house: &House, name: &str, token: String, own: Value) -> Caller {
    let data = house.data.path();
    let (after, _) = rows(data, name);
    let change = http().post(house.at.url("/agent/password")).bearer_auth(&token).json(&own);
    assert_eq!(change.send().await.unwrap().status(), StatusCode::NO_CONTENT);
    let (before, _) = rows(data, name);
    after.write(data);
    Caller::new(Proof::Token(token), Since::Changed { before, after })
}
