//! The description of the HTTP API, generated from the types that the routes take and answer with.
//! What is listed here is checked against the router by a test.

use std::sync::Arc;

use axum::{
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use schemars::{JsonSchema, SchemaGenerator, generate::SchemaSettings};
use serde_json::{Map, Value, json};
use support_shared::{
    ErrorCode,
    answer::{
        AgentAnswer, AgentList, GuestAnswer, Joined, MessagePage, MessageSent, SignedIn,
        TicketAnswer, TicketPage,
    },
    canned::{CannedAnswer, CannedEdit, CannedList, NewCanned},
    request::{Assignment, ListTickets, Tagging},
    ticket::Ticket,
};

use super::{Http, agents, session, tickets};

/// Who may use a route.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Who {
    Anyone,
    Guest,
    Agent,
    Admin,
}

type Describe = fn(&mut SchemaGenerator) -> Value;

struct Route {
    method: &'static str,
    path: &'static str,
    who: Who,
    summary: &'static str,
    query: Option<Describe>,
    body: Option<Describe>,
    status: &'static str,
    answer: Option<Describe>,
}

fn of<T: JsonSchema>(generator: &mut SchemaGenerator) -> Value {
    generator.subschema_for::<T>().to_value()
}

const fn route(method: &'static str, path: &'static str, who: Who, summary: &'static str) -> Route {
    Route { method, path, who, summary, query: None, body: None, status: "200", answer: None }
}

impl Route {
    const fn asks<T: JsonSchema>(self) -> Self {
        Self { query: Some(of::<T>), ..self }
    }

    const fn takes<T: JsonSchema>(self) -> Self {
        Self { body: Some(of::<T>), ..self }
    }

    const fn answers<T: JsonSchema>(self, status: &'static str) -> Self {
        Self { status, answer: Some(of::<T>), ..self }
    }

    const fn says(self, status: &'static str) -> Self {
        Self { status, ..self }
    }
}

fn routes() -> Vec<Route> {
    use Who::{Admin, Agent, Anyone, Guest};
    let ticket = |method, path, summary| route(method, path, Agent, summary);
    vec![
        route("post", "/agent/login", Anyone, "Sign in")
            .takes::<session::Login>()
            .answers::<SignedIn>("200"),
        route("post", "/agent/refresh", Agent, "Go on with this login").answers::<SignedIn>("200"),
        route("post", "/agent/logout", Agent, "Sign out").says("204"),
        route("get", "/agent/me", Agent, "Who is signed in").answers::<AgentAnswer>("200"),
        route("post", "/agent/password", Agent, "Change the password; every other session ends")
            .takes::<session::NewPassword>()
            .says("204"),
        route("post", "/guest/session", Anyone, "Start being a guest, or go on being one")
            .takes::<session::GuestSession>()
            .answers::<GuestAnswer>("200"),
        route("get", "/guest/tickets/{ticket}/transcript", Guest, "A conversation as a text file")
            .says("200"),
        route("get", "/healthz", Anyone, "The process runs").says("200"),
        route("get", "/readyz", Anyone, "The store answers").says("200"),
        ticket("get", "/api/v1/tickets", "List tickets")
            .asks::<ListTickets>()
            .answers::<TicketPage<Ticket>>("200"),
        ticket("get", "/api/v1/tickets/{ticket}", "A ticket and its latest page")
            .answers::<Joined<Ticket>>("200"),
        ticket("get", "/api/v1/tickets/{ticket}/messages", "A page of a log")
            .asks::<tickets::Paging>()
            .answers::<MessagePage>("200"),
        ticket("post", "/api/v1/tickets/{ticket}/messages", "Send a message or a note")
            .takes::<tickets::NewMessage>()
            .answers::<MessageSent>("201"),
        ticket("post", "/api/v1/tickets/{ticket}/close", "Close a ticket")
            .takes::<tickets::Closing>()
            .answers::<TicketAnswer<Ticket>>("200"),
        ticket("post", "/api/v1/tickets/{ticket}/reopen", "Open a closed ticket again")
            .answers::<TicketAnswer<Ticket>>("200"),
        ticket("post", "/api/v1/tickets/{ticket}/assign", "Say who answers for a ticket")
            .takes::<Assignment>()
            .answers::<TicketAnswer<Ticket>>("200"),
        ticket("post", "/api/v1/tickets/{ticket}/tags", "Change tags and priority")
            .takes::<Tagging>()
            .answers::<TicketAnswer<Ticket>>("200"),
        route("get", "/api/v1/agents", Admin, "List the agents").answers::<AgentList>("200"),
        route("post", "/api/v1/agents", Admin, "Add an agent")
            .takes::<agents::Adding>()
            .answers::<AgentAnswer>("201"),
        route("patch", "/api/v1/agents/{agent}", Admin, "Change an agent")
            .takes::<agents::Editing>()
            .answers::<AgentAnswer>("200"),
        route("get", "/api/v1/canned", Agent, "List the canned replies")
            .answers::<CannedList>("200"),
        route("post", "/api/v1/canned", Admin, "Add a canned reply")
            .takes::<NewCanned>()
            .answers::<CannedAnswer>("201"),
        route("patch", "/api/v1/canned/{id}", Admin, "Change a canned reply")
            .takes::<CannedEdit>()
            .answers::<CannedAnswer>("200"),
        route("delete", "/api/v1/canned/{id}", Admin, "Remove a canned reply").says("204"),
        route("get", "/api/v1/openapi.json", Anyone, "This description").says("200"),
    ]
}

/// The description.
fn describe() -> Value {
    let mut generator = SchemaSettings::openapi3().into_generator();
    let mut paths = Map::new();
    for route in routes() {
        let operation = operate(&route, &mut generator);
        let entry = paths.entry(route.path).or_insert_with(|| json!({}));
        entry[route.method] = operation;
    }
    json!({
        "openapi": "3.1.0",
        "info": { "title": "support-server", "version": env!("CARGO_PKG_VERSION") },
        "paths": paths,
        "components": {
            "schemas": generator.take_definitions(true),
            "securitySchemes": {
                "token": { "type": "http", "scheme": "bearer", "bearerFormat": "JWT" },
                "guest": { "type": "apiKey", "in": "cookie", "name": "guestId" },
                "cookie": { "type": "apiKey", "in": "cookie", "name": "agentToken" },
            },
        },
    })
}

fn operate(route: &Route, generator: &mut SchemaGenerator) -> Value {
    let mut operation = json!({
        "summary": route.summary,
        "responses": {
            route.status: { "description": "done" },
            "default": {
                "description": "why not",
                "content": { "application/problem+json": { "schema": problem() } },
            },
        },
    });
    if let Some(answer) = route.answer {
        let content = json!({ "application/json": { "schema": answer(generator) } });
        operation["responses"][route.status]["content"] = content;
    }
    if let Some(body) = route.body {
        let content = json!({ "application/json": { "schema": body(generator) } });
        operation["requestBody"] = json!({ "content": content });
    }
    let mut parameters: Vec<Value> = Vec::new();
    for part in route.path.split('/').filter_map(|it| it.strip_prefix('{')?.strip_suffix('}')) {
        let what = match part {
            "ticket" => "id or ref",
            "agent" => "id or username",
            _ => "id",
        };
        parameters.push(json!({
            "name": part, "in": "path", "required": true, "description": what,
            "schema": { "type": "string" },
        }));
    }
    if let Some(query) = route.query {
        let schema = query(generator);
        let name = schema["$ref"].as_str().and_then(|it| it.rsplit('/').next()).unwrap_or_default();
        let properties = generator.definitions().get(name).map(|it| it["properties"].clone());
        for (name, schema) in properties.iter().filter_map(Value::as_object).flatten() {
            parameters.push(json!({ "name": name, "in": "query", "schema": schema }));
        }
    }
    if !parameters.is_empty() {
        operation["parameters"] = Value::Array(parameters);
    }
    match route.who {
        Who::Anyone => {}
        Who::Guest => operation["security"] = json!([{ "guest": [] }]),
        Who::Agent | Who::Admin => {
            operation["security"] = json!([{ "token": [] }, { "cookie": [] }]);
        }
    }
    if route.who == Who::Admin {
        operation["description"] = json!("For admins.");
    }
    operation
}

/// RFC 9457.
fn problem() -> Value {
    let codes: Vec<&str> = ErrorCode::ALL.iter().map(|code| code.as_str()).collect();
    json!({
        "type": "object",
        "required": ["type", "title", "status", "detail", "code"],
        "properties": {
            "type": { "type": "string" },
            "title": { "type": "string" },
            "status": { "type": "integer" },
            "detail": { "type": "string" },
            "code": { "enum": codes },
            "retryAfterMs": { "type": "integer" },
            "details": { "type": "object" },
        },
    })
}

/// The description as it is sent.
pub(crate) fn text() -> Arc<str> {
    Arc::from(describe().to_string())
}

pub(super) async fn show(State(http): State<Http>) -> Response {
    let body = axum::body::Body::from(http.openapi.to_string());
    ([(header::CONTENT_TYPE, "application/json")], body).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reference_of_the_description_leads_somewhere() {
        fn references(value: &Value, found: &mut Vec<String>) {
            match value {
                Value::Object(map) => {
                    if let Some(Value::String(target)) = map.get("$ref") {
                        found.push(target.clone());
                    }
                    map.values().for_each(|it| references(it, found));
                }
                Value::Array(items) => items.iter().for_each(|it| references(it, found)),
                _ => {}
            }
        }
        let description = describe();
        let mut found = Vec::new();
        references(&description, &mut found);

        assert!(found.len() > 20, "{found:?}");
        for target in found {
            let pointer = target.strip_prefix('#').unwrap();
            assert!(description.pointer(pointer).is_some(), "{target}");
        }
    }

    #[test]
    fn lists_say_what_they_can_be_asked_by() {
        let description = describe();
        let parameters = &description["paths"]["/api/v1/tickets"]["get"]["parameters"];
        let names: Vec<&str> =
            parameters.as_array().unwrap().iter().filter_map(|it| it["name"].as_str()).collect();

        for name in ["status", "assignee", "tag", "q", "cursor", "limit"] {
            assert!(names.contains(&name), "{name} in {names:?}");
        }
    }
}
