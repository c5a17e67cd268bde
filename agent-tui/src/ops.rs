//! What can be done at the desk over HTTP. The console and the script commands both call these,
//! so that they do the same. Redirects are not followed: a token goes to its own server only.

use std::fmt;
use std::time::Duration;

use reqwest::{Client, Method, Url, redirect};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use support_shared::answer::{AgentAnswer, SignedIn};
use support_shared::{ApiError, ErrorCode};

use crate::config::Server;
use crate::credentials::{Session, Token};
use crate::text::Untrusted;

const CONNECT: Duration = Duration::from_secs(5);
const WHOLE: Duration = Duration::from_secs(15);
/// The largest answer that is read. A page of messages is at most 256 KiB.
const LARGEST: usize = 8 << 20;

/// Why something was not done. Its text is fit for a terminal.
#[derive(Debug)]
pub(crate) enum Failure {
    Refused(ApiError),
    Unreachable {
        server: String,
        why: String,
    },
    /// The server answered, and not as the contract says.
    Nonsense,
}

impl Failure {
    pub(crate) fn exit_status(&self) -> u8 {
        match self {
            Self::Refused(error) => error.code.exit_status(),
            Self::Unreachable { .. } => ErrorCode::Unavailable.exit_status(),
            Self::Nonsense => ErrorCode::Internal.exit_status(),
        }
    }

    pub(crate) fn code(&self) -> Option<ErrorCode> {
        match self {
            Self::Refused(error) => Some(error.code),
            _ => None,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(error) => {
                let message = Untrusted::from(error.message.as_str()).line(300);
                write!(f, "{message} ({})", error.code)?;
                match error.retry_after_ms {
                    Some(wait) => write!(f, ", try again in {} s", wait.div_ceil(1000)),
                    None => Ok(()),
                }
            }
            Self::Unreachable { server, why } => {
                write!(f, "cannot reach {server}: {}", Untrusted::from(why.as_str()).line(200))
            }
            Self::Nonsense => f.write_str("the answer is not one of a support server"),
        }
    }
}

impl std::error::Error for Failure {}

/// The desk behind one address.
#[derive(Debug, Clone)]
pub(crate) struct Desk {
    http: Client,
    server: Server,
}

impl Desk {
    pub(crate) fn new(server: Server) -> Result<Self, Failure> {
        let http = Client::builder()
            .redirect(redirect::Policy::none())
            .connect_timeout(CONNECT)
            .timeout(WHOLE)
            // Tokens go straight to the server, as the Socket.IO connection does.
            .no_proxy()
            // No connection outlives its answer: the link's runtimes come and go.
            .pool_max_idle_per_host(0)
            .user_agent(concat!("support-agent/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| Failure::Unreachable {
                server: server.to_string(),
                why: error.to_string(),
            })?;
        Ok(Self { http, server })
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

    /// The messages of a ticket before a number.
    pub(crate) async fn messages<T: DeserializeOwned>(
        &self,
        token: &Token,
        name: &str,
        before: u64,
    ) -> Result<(String, T), Failure> {
        let mut url = self.server.at(&["api", "v1", "tickets", name, "messages"]);
        url.query_pairs_mut().append_pair("before", &before.to_string());
        self.get(url, token).await
    }

    pub(crate) async fn close<T: DeserializeOwned>(
        &self,
        token: &Token,
        name: &str,
        reason: Option<&str>,
    ) -> Result<(String, T), Failure> {
        let body = reason.map_or_else(|| json!({}), |reason| json!({ "reason": reason }));
        let url = self.server.at(&["api", "v1", "tickets", name, "close"]);
        let text = self.call(Method::POST, url, Some(token), Some(body)).await?;
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
        let mut request = self.http.request(method, url);
        if let Some(token) = token {
            request = request.bearer_auth(token.reveal());
        }
        if let Some(body) = &body {
            request = request.json(body);
        }
        let unreachable = |error: reqwest::Error| Failure::Unreachable {
            server: self.server.to_string(),
            why: innermost(&error),
        };
        let mut response = request.send().await.map_err(unreachable)?;
        let status = response.status();
        let mut bytes = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(unreachable)? {
            bytes.extend_from_slice(&chunk);
            if bytes.len() > LARGEST {
                return Err(Failure::Nonsense);
            }
        }
        let text = String::from_utf8(bytes).map_err(|_| Failure::Nonsense)?;
        if status.is_success() { Ok(text) } else { Err(problem(status.as_u16(), &text)) }
    }
}

fn read<T: DeserializeOwned>(text: &str) -> Result<T, Failure> {
    serde_json::from_str(text).map_err(|_| Failure::Nonsense)
}

/// What is really wrong: the outer errors of an HTTP client say only that something is.
fn innermost(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return "no answer in time".to_owned();
    }
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}

/// An error answer; one that is not of the contract is named by its status.
fn problem(status: u16, text: &str) -> Failure {
    let Ok(problem) = serde_json::from_str::<Value>(text) else { return Failure::Nonsense };
    let code =
        problem.get("code").and_then(|code| serde_json::from_value::<ErrorCode>(code.clone()).ok());
    let code = code.or_else(|| ErrorCode::ALL.iter().copied().find(|code| code.status() == status));
    let Some(code) = code else { return Failure::Nonsense };
    let words = problem.get("detail").or_else(|| problem.get("title")).and_then(Value::as_str);
    let mut error = ApiError::new(code, words.unwrap_or("no reason given"));
    error.retry_after_ms = problem.get("retryAfterMs").and_then(Value::as_u64);
    error.details = problem.get("details").cloned();
    Failure::Refused(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_says_its_code_and_its_words() {
        let failure = problem(
            409,
            r#"{"type":"about:blank","status":409,"detail":"closed\u001b[31m","code":"ticket_closed","retryAfterMs":null}"#,
        );

        assert_eq!(failure.to_string(), "closed (ticket_closed)");
        assert_eq!(failure.exit_status(), 6);
    }

    #[test]
    fn what_is_no_problem_of_ours_is_named_by_its_status_or_as_nonsense() {
        assert_eq!(problem(429, r#"{"title":"slow"}"#).exit_status(), 7);
        assert_eq!(problem(502, "<html>").exit_status(), 1);
    }
}
