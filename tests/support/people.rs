//! One kind of client for each kind of caller, so that a test reads as who does what.

use std::net::SocketAddr;
use std::sync::LazyLock;

use reqwest::StatusCode;
use serde_json::{Value, json};

use super::{
    client::Client,
    process::{At, PASSWORD},
};

/// The one HTTP client, because making one takes long. It keeps no connection: tests have runtimes of
/// their own, and a connection ends with the one that it was made in.
pub(crate) fn http() -> &'static reqwest::Client {
    static HTTP: LazyLock<reqwest::Client> =
        LazyLock::new(|| reqwest::Client::builder().pool_max_idle_per_host(0).build().unwrap());
    &HTTP
}

/// What an operator reads of a server whose figures are there.
pub(crate) async fn figures(metrics: SocketAddr) -> String {
    let read = http().get(format!("http://{metrics}/metrics")).send().await.unwrap();
    read.text().await.unwrap()
}

/// A guest: its cookie, and its connection.
pub(crate) struct Guest {
    pub(crate) cookie: String,
    pub(crate) id: String,
    pub(crate) socket: Client,
}

impl Guest {
    /// Somebody who has started a session and connected.
    pub(crate) async fn arrives(server: &At) -> Self {
        let (cookie, id) = Self::session(server).await;
        let socket = Self::connect(server, &cookie).await.unwrap();
        Self { cookie, id, socket }
    }

    /// A session and no connection: the cookie, and the guest's id.
    pub(crate) async fn session(server: &At) -> (String, String) {
        let response = http().post(server.url("/guest/session")).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        let cookie = response.headers()["set-cookie"].to_str().unwrap();
        let cookie = cookie.split(';').next().unwrap().to_owned();
        let body: Value = response.json().await.unwrap();
        let id = body["guest"]["id"].as_str().unwrap().to_owned();
        (cookie, id)
    }

    pub(crate) async fn connect(server: &At, cookie: &str) -> Result<Client, String> {
        Client::connect(server, "/guest", &[("cookie", cookie)], json!({})).await
    }

    /// Comes back after the connection was lost.
    pub(crate) async fn returns(&mut self, server: &At) {
        self.socket = Self::connect(server, &self.cookie).await.unwrap();
    }

    /// Opens a ticket and answers with its id.
    pub(crate) async fn opens_a_ticket(&mut self, content: &str) -> String {
        let key = ulid::Ulid::generate().to_string();
        let payload = json!({ "content": content, "clientMessageId": key });
        let created = self.socket.done("ticket:create", payload).await;
        created["ticket"]["id"].as_str().unwrap().to_owned()
    }
}

/// An agent: its token, and its connection.
pub(crate) struct Agent {
    pub(crate) token: String,
    pub(crate) socket: Client,
}

impl Agent {
    /// Signs in with the tests' password and connects.
    pub(crate) async fn signs_in(server: &At, name: &str) -> Self {
        let token = Self::token(server, name, PASSWORD).await.unwrap();
        let socket = Self::connect(server, &token).await.unwrap();
        Self { token, socket }
    }

    pub(crate) async fn token(server: &At, name: &str, password: &str) -> Result<String, Value> {
        let login = json!({ "username": name, "password": password });
        let request = http().post(server.url("/agent/login")).json(&login);
        let response = request.send().await.unwrap();
        let signed_in = response.status() == StatusCode::OK;
        let mut body: Value = response.json().await.unwrap();
        if signed_in { Ok(body["token"].take().as_str().unwrap().to_owned()) } else { Err(body) }
    }

    pub(crate) async fn connect(server: &At, token: &str) -> Result<Client, String> {
        Client::connect(server, "/agent", &[], json!({ "token": token })).await
    }

    /// Asks over HTTP with the token.
    pub(crate) async fn http(
        &self,
        server: &At,
        method: reqwest::Method,
        path: &str,
        body: Option<Value>,
    ) -> (StatusCode, Value) {
        let request = http().request(method, server.url(path));
        let request = request.bearer_auth(&self.token);
        let request = match body {
            Some(body) => request.json(&body),
            None => request,
        };
        let response = request.send().await.unwrap();
        let status = response.status();
        (status, response.json().await.unwrap_or(Value::Null))
    }
}
