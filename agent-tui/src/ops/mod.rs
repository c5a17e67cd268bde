//! What can be done at the desk over HTTP. The console and the script commands both call these,
//! so that they do the same. A token goes to its own server only.

mod canned;
mod failure;
mod http;

use ::http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, USER_AGENT};
use ::http::{HeaderValue, Method, Request};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use support_shared::ClientMessageId;
use support_shared::answer::{AgentAnswer, AgentList, MessageSent, SignedIn, TicketAnswer};
use support_shared::request::Assignment;
use support_shared::ticket::Ticket;
use url::Url;

pub(crate) use canned::CannedFields;
pub(crate) use failure::Failure;
use failure::problem;
use http::{Http, Silence};

use crate::config::Server;
use crate::credentials::{Session, Token};

/// The desk behind one address.
#[derive(Debug, Clone)]
pub(crate) struct Desk {
    http: Http,
    server: Server,
}

impl Desk {
    pub(crate) fn new(server: Server) -> Self {
        Self { http: Http::new(), server }
    }

    pub(crate) fn server(&self) -> &Server {
        &self.server
    }

    pub(crate) async fn login(&self, username: &str, password: &str) -> Result<Session, Failure> {
        let body = json!({ "username": username, "password": password });
        let text =
            self.call(Method::POST, self.server.at(&["agent", "login"]), None, Some(body)).await?;
        read::<SignedIn>(&text).map(Session::from)
    }

    pub(crate) async fn refresh(&self, token: &Token) -> Result<Session, Failure> {
        let text = self
            .call(Method::POST, self.server.at(&["agent", "refresh"]), Some(token), None)
            .await?;
        read::<SignedIn>(&text).map(Session::from)
    }

    pub(crate) async fn change_password(
        &self,
        token: &Token,
        current: &str,
        new: &str,
    ) -> Result<(), Failure> {
        let body = json!({ "current": current, "new": new });
        self.call(Method::POST, self.server.at(&["agent", "password"]), Some(token), Some(body))
            .await
            .map(drop)
    }

    pub(crate) async fn logout(&self, token: &Token) -> Result<(), Failure> {
        self.call(Method::POST, self.server.at(&["agent", "logout"]), Some(token), None)
            .await
            .map(drop)
    }

    /// Who the token's owner is, as the server wrote it.
    pub(crate) async fn me(&self, token: &Token) -> Result<(String, AgentAnswer), Failure> {
        self.get(self.server.at(&["agent", "me"]), token).await
    }

    /// A page of tickets. `query` are the parameters of the contract.
    pub(crate) async fn tickets<T: DeserializeOwned>(
        &self,
        token: &Token,
        query: &[(&str, &str)],
    ) -> Result<(String, T), Failure> {
        let mut url = self.server.at(&["api", "v1", "tickets"]);
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        self.get(url, token).await
    }

    /// A ticket with its latest messages.
    pub(crate) async fn ticket<T: DeserializeOwned>(
        &self,
        token: &Token,
        name: &str,
    ) -> Result<(String, T), Failure> {
        self.get(self.server.at(&["api", "v1", "tickets", name]), token).await
    }

    /// The messages of a ticket before a number, or its notes.
    pub(crate) async fn messages<T: DeserializeOwned>(
        &self,
        token: &Token,
        name: &str,
        before: u64,
        notes: bool,
    ) -> Result<(String, T), Failure> {
        let mut url = self.server.at(&["api", "v1", "tickets", name, "messages"]);
        url.query_pairs_mut().append_pair("before", &before.to_string());
        if notes {
            url.query_pairs_mut().append_pair("notes", "true");
        }
        self.get(url, token).await
    }

    /// Does something to a ticket: `verb` and `body` are those of the contract.
    async fn change(
        &self,
        token: &Token,
        name: &str,
        verb: &str,
        body: Value,
    ) -> Result<(String, TicketAnswer<Ticket>), Failure> {
        let url = self.server.at(&["api", "v1", "tickets", name, verb]);
        self.send(Method::POST, url, token, body).await
    }

    pub(crate) async fn close(
        &self,
        token: &Token,
        name: &str,
        reason: Option<&str>,
    ) -> Result<(String, TicketAnswer<Ticket>), Failure> {
        let body = reason.map_or_else(|| json!({}), |reason| json!({ "reason": reason }));
        self.change(token, name, "close", body).await
    }

    pub(crate) async fn reopen(
        &self,
        token: &Token,
        name: &str,
    ) -> Result<(String, TicketAnswer<Ticket>), Failure> {
        self.change(token, name, "reopen", json!({})).await
    }

    pub(crate) async fn assign(
        &self,
        token: &Token,
        name: &str,
        assignment: &Assignment,
    ) -> Result<(String, TicketAnswer<Ticket>), Failure> {
        let body = serde_json::to_value(assignment).map_err(|_| Failure::Nonsense)?;
        self.change(token, name, "assign", body).await
    }

    /// Tags and priority; the server decides whether a tag is one.
    pub(crate) async fn tag(
        &self,
        token: &Token,
        name: &str,
        add: &[String],
        remove: &[String],
        priority: Option<&str>,
    ) -> Result<(String, TicketAnswer<Ticket>), Failure> {
        let mut body = json!({ "add": add, "remove": remove });
        if let Some(priority) = priority {
            body["priority"] = priority.into();
        }
        self.change(token, name, "tags", body).await
    }

    /// A message or, with `internal`, a note. The same `id` again stores nothing new.
    pub(crate) async fn say(
        &self,
        token: &Token,
        name: &str,
        id: &ClientMessageId,
        content: &str,
        internal: bool,
    ) -> Result<(String, MessageSent), Failure> {
        let url = self.server.at(&["api", "v1", "tickets", name, "messages"]);
        let body = json!({ "content": content, "clientMessageId": id, "internal": internal });
        self.send(Method::POST, url, token, body).await
    }

    pub(crate) async fn agents(&self, token: &Token) -> Result<(String, AgentList), Failure> {
        self.get(self.server.at(&["api", "v1", "agents"]), token).await
    }

    /// A new agent, as the contract describes one.
    pub(crate) async fn add_agent(
        &self,
        token: &Token,
        agent: Value,
    ) -> Result<(String, AgentAnswer), Failure> {
        self.send(Method::POST, self.server.at(&["api", "v1", "agents"]), token, agent).await
    }

    /// Changes what is named of an agent, who is called by username or id.
    pub(crate) async fn change_agent(
        &self,
        token: &Token,
        name: &str,
        change: Value,
    ) -> Result<(String, AgentAnswer), Failure> {
        let url = self.server.at(&["api", "v1", "agents", name]);
        self.send(Method::PATCH, url, token, change).await
    }

    async fn send<T: DeserializeOwned>(
        &self,
        method: Method,
        url: Url,
        token: &Token,
        body: Value,
    ) -> Result<(String, T), Failure> {
        let text = self.call(method, url, Some(token), Some(body)).await?;
        read(&text).map(|value| (text, value))
    }

    async fn get<T: DeserializeOwned>(
        &self,
        url: Url,
        token: &Token,
    ) -> Result<(String, T), Failure> {
        let text = self.call(Method::GET, url, Some(token), None).await?;
        read(&text).map(|value| (text, value))
    }

    async fn call(
        &self,
        method: Method,
        url: Url,
        token: Option<&Token>,
        body: Option<Value>,
    ) -> Result<String, Failure> {
        let mut request = Request::builder()
            .method(method)
            .uri(url.as_str())
            .header(ACCEPT, "*/*")
            .header(USER_AGENT, concat!("support-agent/", env!("CARGO_PKG_VERSION")));
        if let Some(token) = token {
            let bearer = format!("Bearer {}", token.reveal());
            let mut bearer = HeaderValue::try_from(bearer).map_err(|_| Failure::Nonsense)?;
            bearer.set_sensitive(true);
            request = request.header(AUTHORIZATION, bearer);
        }
        if body.is_some() {
            request = request.header(CONTENT_TYPE, "application/json");
        }
        let body = body.map(|body| body.to_string()).unwrap_or_default();
        let request = request.body(body).map_err(|_| Failure::Nonsense)?;
        let (status, text) = self.http.answer(request).await.map_err(|silence| match silence {
            Silence::Unreachable(why) => {
                Failure::Unreachable { server: self.server.to_string(), why }
            }
            Silence::Nonsense => Failure::Nonsense,
        })?;
        if status.is_success() { Ok(text) } else { Err(problem(status.as_u16(), &text)) }
    }
}

fn read<T: DeserializeOwned>(text: &str) -> Result<T, Failure> {
    serde_json::from_str(text).map_err(|_| Failure::Nonsense)
}
