//! The lines of the matrix: every request of the protocol and every route.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::process::PASSWORD;

/// The requests about one ticket, as events: what the line is called, the event, and its payload
/// apart from the ticket.
pub(crate) fn events() -> Vec<(&'static str, &'static str, Value)> {
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

/// A line of routes: its name, the method, the path or what follows the ticket, and the body.
pub(crate) type Route = (&'static str, Method, &'static str, Option<Value>);

/// The routes about one ticket; `TICKET` stands for it.
pub(crate) fn ticket_routes() -> Vec<Route> {
    let message = json!({ "content": "hi", "clientMessageId": "k" });
    let note = json!({ "content": "hi", "clientMessageId": "k", "internal": true });
    let (get, post) = (Method::GET, Method::POST);
    vec![
        ("GET …", get.clone(), "/api/v1/tickets/TICKET", None),
        ("GET …/messages", get.clone(), "/api/v1/tickets/TICKET/messages", None),
        ("GET …/messages notes", get.clone(), "/api/v1/tickets/TICKET/messages?notes=true", None),
        ("POST …/messages", post.clone(), "/api/v1/tickets/TICKET/messages", Some(message)),
        ("POST …/messages internal", post.clone(), "/api/v1/tickets/TICKET/messages", Some(note)),
        ("POST …/close", post.clone(), "/api/v1/tickets/TICKET/close", None),
        ("POST …/reopen", post.clone(), "/api/v1/tickets/TICKET/reopen", None),
        (
            "POST …/assign",
            post.clone(),
            "/api/v1/tickets/TICKET/assign",
            Some(json!({ "agentId": "me" })),
        ),
        ("POST …/tags", post, "/api/v1/tickets/TICKET/tags", Some(json!({ "add": ["billing"] }))),
        ("GET …/transcript", get, "/guest/tickets/TICKET/transcript", None),
    ]
}

/// A canned reply that is not there.
const NO_CANNED: &str = "/api/v1/canned/01HZZZZZZZZZZZZZZZZZZZZZZZ";

/// The routes about no ticket, the one that ends a login last. `NEW` is a name that is free; `temp`
/// is an agent that may be changed.
pub(super) fn general_routes() -> Vec<Route> {
    let add = json!({ "username": "NEW", "password": PASSWORD });
    let change = json!({ "displayName": "Temp" });
    let canned = json!({ "shortcut": "hello", "title": "Hello", "text": "Hello {guest.name}" });
    let login = |password: &str| json!({ "username": "temp", "password": password });
    let password = json!({ "current": "not the password", "new": PASSWORD });
    let agents = "/api/v1/agents";
    let (get, post, patch) = (Method::GET, Method::POST, Method::PATCH);
    vec![
        ("GET /api/v1/tickets", get.clone(), "/api/v1/tickets", None),
        ("GET /api/v1/tickets closed", get.clone(), "/api/v1/tickets?status=closed", None),
        ("GET /api/v1/agents", get.clone(), agents, None),
        ("POST /api/v1/agents", post.clone(), agents, Some(add)),
        ("PATCH /api/v1/agents/temp", patch.clone(), "/api/v1/agents/temp", Some(change.clone())),
        ("PATCH … missing", patch.clone(), "/api/v1/agents/nobody", Some(change.clone())),
        ("PATCH … malformed", patch.clone(), "/api/v1/agents/no%20body", Some(change)),
        ("GET /api/v1/canned", get.clone(), "/api/v1/canned", None),
        ("POST /api/v1/canned", post.clone(), "/api/v1/canned", Some(canned)),
        ("PATCH /api/v1/canned missing", patch, NO_CANNED, Some(json!({ "title": "x" }))),
        ("DELETE … missing", Method::DELETE, NO_CANNED, None),
        ("DELETE … malformed", Method::DELETE, "/api/v1/canned/hello", None),
        ("GET /api/v1/openapi.json", get.clone(), "/api/v1/openapi.json", None),
        ("GET /healthz", get.clone(), "/healthz", None),
        ("GET /readyz", get.clone(), "/readyz", None),
        ("GET /", get.clone(), "/", None),
        ("POST /guest/session", post.clone(), "/guest/session", None),
        ("POST /agent/login", post.clone(), "/agent/login", Some(login(PASSWORD))),
        ("POST /agent/login wrong", post.clone(), "/agent/login", Some(login("not it"))),
        ("POST /agent/password wrong", post.clone(), "/agent/password", Some(password)),
        ("GET /agent/me", get, "/agent/me", None),
        ("POST /agent/refresh", post.clone(), "/agent/refresh", None),
        ("POST /agent/logout", post, "/agent/logout", None),
    ]
}
