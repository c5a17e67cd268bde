//! One desk behind two doors: what is asked by HTTP and what is asked by an event gives the same
//! answer, and is told to everybody in the same way.

use std::collections::BTreeMap;

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{
    people::{Agent, Guest},
    process::Server,
};

/// Where an action happens: a guest's ticket that the guest and Bob are in, and a second one of
/// the same guest, whose messages tell that everything before them has arrived.
struct Place {
    guest: Guest,
    bob: Agent,
    ticket: String,
    beside: String,
    marks: u32,
}

/// What an action gave: its answer, and what the guest and Bob were told.
#[derive(Debug, PartialEq)]
struct Outcome {
    answer: Value,
    guest: Vec<(String, Value)>,
    bob: Vec<(String, Value)>,
}

impl Place {
    async fn prepare(server: &Server) -> Self {
        let mut guest = Guest::arrives(server).await;
        let mut bob = Agent::signs_in(server, "bob").await;
        let ticket = guest.opens_a_ticket("hello").await;
        let beside = guest.opens_a_ticket("beside").await;
        for id in [&ticket, &beside] {
            bob.socket.done("ticket:join", json!({ "ticketId": id })).await;
        }
        let mut place = Self { guest, bob, ticket, beside, marks: 0 };
        place.told().await;
        place
    }

    /// What both were told of the ticket since the last time.
    async fn told(&mut self) -> (Vec<(String, Value)>, Vec<(String, Value)>) {
        self.marks += 1;
        let mark = format!("mark {}", self.marks);
        let key = format!("mark-{}", self.marks);
        let message = json!({ "ticketId": self.beside, "content": mark, "clientMessageId": key });
        self.bob.socket.done("message:send", message).await;
        let guest = self.guest.socket.notices_before(&mark).await;
        let bob = self.bob.socket.notices_before(&mark).await;
        (self.about_the_ticket(guest), self.about_the_ticket(bob))
    }

    fn about_the_ticket(&self, notices: Vec<(String, Value)>) -> Vec<(String, Value)> {
        let ours = |(event, payload): &(String, Value)| {
            let id =
                [&payload["ticketId"], &payload["ticket"]["id"], &payload["message"]["ticketId"]];
            event != "ticket:head" && id.into_iter().any(|id| *id == *self.ticket)
        };
        notices.into_iter().filter(ours).collect()
    }

    async fn outcome(&mut self, answer: Value) -> Outcome {
        let (guest, bob) = self.told().await;
        let mut names = BTreeMap::new();
        let mut same = |notices: Vec<(String, Value)>| {
            notices.into_iter().map(|(event, told)| (event, alike(told, &mut names))).collect()
        };
        let (guest, bob) = (same(guest), same(bob));
        Outcome { answer: alike(answer, &mut names), guest, bob }
    }
}

/// The value with each id, ref and time replaced: ids by the order in which they come up, so that
/// what was the same thing stays so.
fn alike(value: Value, names: &mut BTreeMap<String, usize>) -> Value {
    match value {
        Value::Object(fields) => fields
            .into_iter()
            .map(|(key, value)| {
                let value = match (key.as_str(), &value) {
                    (_, Value::String(text)) if text.parse::<ulid::Ulid>().is_ok() => {
                        let next = names.len();
                        json!(format!("id {}", names.entry(text.clone()).or_insert(next)))
                    }
                    ("ref", _) => json!("a ref"),
                    (key, Value::String(_)) if key.ends_with("At") || key == "waitingSince" => {
                        json!("a time")
                    }
                    _ => alike(value, names),
                };
                (key, value)
            })
            .collect(),
        Value::Array(values) => values.into_iter().map(|value| alike(value, names)).collect(),
        other => other,
    }
}

/// The actions: the event and its payload; the method, what follows the ticket, and the body.
fn actions() -> Vec<(&'static str, Value, Method, &'static str, Option<Value>)> {
    let message = json!({ "content": "hi", "clientMessageId": "m" });
    let note = json!({ "content": "between us", "clientMessageId": "n", "internal": true });
    let assign = json!({ "agentId": "me", "note": "mine", "ifAssignee": null });
    let release = json!({ "agentId": null });
    let tag = json!({ "add": ["billing", "vip"], "remove": ["x"], "priority": "high" });
    let post = Method::POST;
    let get = Method::GET;
    vec![
        ("ticket:join", json!({ "silent": true }), get.clone(), "", None),
        ("message:list", json!({}), get.clone(), "/messages", None),
        ("message:send", message.clone(), post.clone(), "/messages", Some(message.clone())),
        // The same again: it is a duplicate for both.
        ("message:send", message.clone(), post.clone(), "/messages", Some(message)),
        ("message:send", note.clone(), post.clone(), "/messages", Some(note)),
        ("ticket:assign", assign.clone(), post.clone(), "/assign", Some(assign)),
        ("ticket:assign", release.clone(), post.clone(), "/assign", Some(release)),
        ("ticket:tag", tag.clone(), post.clone(), "/tags", Some(tag)),
        ("message:list", json!({ "limit": 2 }), get.clone(), "/messages?limit=2", None),
        ("message:list", json!({ "notes": true }), get.clone(), "/messages?notes=true", None),
        (
            "ticket:close",
            json!({ "reason": "solved" }),
            post.clone(),
            "/close",
            Some(json!({ "reason": "solved" })),
        ),
        ("ticket:join", json!({ "silent": true }), get.clone(), "", None),
        ("ticket:reopen", json!({}), post, "/reopen", None),
        ("message:list", json!({ "before": 3 }), get, "/messages?before=3", None),
    ]
}

#[tokio::test]
async fn an_action_gives_the_same_by_either_door() {
    let server = Server::start();
    let mut alice = Agent::signs_in(&server, "alice").await;
    let mut by_event = Place::prepare(&server).await;
    let mut by_http = Place::prepare(&server).await;

    for (event, payload, method, rest, body) in actions() {
        let mut payload = payload;
        payload["ticketId"] = by_event.ticket.as_str().into();
        let answer = alice.socket.done(event, payload).await;
        let event_outcome = by_event.outcome(answer).await;

        let path = format!("/api/v1/tickets/{}{rest}", by_http.ticket);
        let (status, answer) = alice.http(&server, method, &path, body).await;
        assert!(status.is_success(), "{path}: {status} {answer}");
        let http_outcome = by_http.outcome(answer).await;

        assert_eq!(event_outcome.answer, http_outcome.answer, "{event}");
        assert_eq!(event_outcome.guest, http_outcome.guest, "{event}: told to the guest");
        assert_eq!(event_outcome.bob, http_outcome.bob, "{event}: told to Bob");
    }
}

#[tokio::test]
async fn a_list_is_the_same_by_either_door() {
    let server = Server::start();
    let mut alice = Agent::signs_in(&server, "alice").await;
    for subject in ["one", "two", "three"] {
        let mut guest = Guest::arrives(&server).await;
        let ticket = guest.opens_a_ticket(subject).await;
        if subject == "two" {
            alice.socket.done("ticket:close", json!({ "ticketId": ticket })).await;
        }
        if subject == "three" {
            let mine = json!({ "ticketId": ticket, "agentId": "me" });
            alice.socket.done("ticket:assign", mine).await;
        }
    }

    for (asked, query) in [
        (json!({}), ""),
        (json!({ "limit": 1 }), "?limit=1"),
        (json!({ "status": "closed" }), "?status=closed"),
        (json!({ "assignee": "me" }), "?assignee=me"),
        (json!({ "assignee": "none" }), "?assignee=none"),
    ] {
        let path = format!("/api/v1/tickets{query}");
        let (_, by_http) = alice.http(&server, Method::GET, &path, None).await;
        let by_event = alice.socket.done("ticket:list", asked).await;
        assert!(!by_event["tickets"].as_array().unwrap().is_empty(), "{query}");
        assert_eq!(by_event, by_http, "{query}");
    }
}

#[tokio::test]
async fn a_refusal_is_the_same_by_either_door() {
    let server = Server::start();
    let mut maya = Guest::arrives(&server).await;
    let mut alice = Agent::signs_in(&server, "alice").await;
    let mut bob = Agent::signs_in(&server, "bob").await;
    let open = maya.opens_a_ticket("hello").await;
    let closed = maya.opens_a_ticket("hello").await;
    alice.socket.done("ticket:close", json!({ "ticketId": closed })).await;
    bob.socket.done("ticket:assign", json!({ "ticketId": open, "agentId": "me" })).await;
    let missing = ulid::Ulid::generate().to_string();
    let claim = json!({ "agentId": "me", "ifAssignee": null });
    let blank = json!({ "content": " ", "clientMessageId": "k" });
    let long = json!({ "content": "x".repeat(4_001), "clientMessageId": "k" });
    let fine = json!({ "content": "x", "clientMessageId": "k" });

    for (ticket, event, rest, payload) in [
        (&open, "ticket:assign", "assign", claim),
        (&open, "ticket:reopen", "reopen", json!({})),
        (&open, "message:send", "messages", long),
        (&open, "message:send", "messages", blank),
        (&closed, "message:send", "messages", fine.clone()),
        (&closed, "ticket:close", "close", json!({})),
        (&closed, "ticket:tag", "tags", json!({ "add": ["x"] })),
        (&missing, "message:send", "messages", fine),
        (&missing, "ticket:close", "close", json!({})),
    ] {
        let path = format!("/api/v1/tickets/{ticket}/{rest}");
        let (_, problem) = alice.http(&server, Method::POST, &path, Some(payload.clone())).await;
        let mut payload = payload;
        payload["ticketId"] = ticket.as_str().into();
        let ack = alice.socket.ask(event, payload).await;
        let error = &ack["error"];
        assert!(error["code"].is_string(), "{event}: {ack}");
        assert_eq!(error["code"], problem["code"], "{event}: {problem}");
        assert_eq!(error["details"], problem["details"], "{event}: {problem}");
    }
}
