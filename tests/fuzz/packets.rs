//! Packets as no client makes them: right ones, changed in places. A change is of the framing, of
//! the JSON as a tree, or of its text.

use proptest::{collection::vec, prelude::*, sample::Index};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

/// One websocket message.
#[derive(Debug, Clone)]
pub(super) enum Frame {
    /// A request in good framing: the JSON may be anything.
    Request(String),
    /// A packet whose framing may be anything; `NS` and `NUM` stand for what would be right.
    Packet(String),
    Binary(Vec<u8>),
    Ping(Vec<u8>),
}

impl Frame {
    /// The message to send, and whether its number has to be answered as long as the connection
    /// lives.
    pub(super) fn message(
        &self,
        namespace: &str,
        number: u64,
        fill: impl Fn(&str) -> String,
    ) -> (Message, bool) {
        match self {
            Self::Request(body) => {
                let body = fill(body);
                let event: Option<Vec<Value>> = serde_json::from_str(&body).ok();
                let named = event.is_some_and(|it| it.first().is_some_and(Value::is_string));
                (Message::text(format!("42{namespace},{number}{body}")), named)
            }
            Self::Packet(text) => {
                // However it is changed, it does not become the number of a request.
                let text = fill(text).replace("NS", namespace).replace("NUM", "55555555");
                (Message::text(text), false)
            }
            Self::Binary(bytes) => (Message::binary(bytes.clone()), false),
            Self::Ping(bytes) => (Message::Ping(bytes.clone().into()), false),
        }
    }
}

/// Requests in good order.
fn requests() -> Vec<Value> {
    let this = || json!({ "ticketId": "TICKET" });
    let with = |extra: Value| {
        let mut payload = this();
        payload.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        payload
    };
    vec![
        json!(["ticket:create", { "content": "x", "clientMessageId": "c", "subject": "s", "name": "n" }]),
        json!(["ticket:list", {}]),
        json!(["ticket:list", { "status": "closed", "assignee": "me", "tag": "t", "q": "hello", "limit": 3 }]),
        json!(["ticket:join", with(json!({ "afterSeq": 0, "afterNoteSeq": 0, "limit": 5 }))]),
        json!(["ticket:join", { "ticketId": "OTHER", "silent": true }]),
        json!(["ticket:leave", this()]),
        json!(["message:send", with(json!({ "content": "hi", "clientMessageId": "k" }))]),
        json!([
            "message:send",
            with(json!({ "content": "note", "clientMessageId": "n", "internal": true }))
        ]),
        json!(["message:list", with(json!({ "before": 9, "limit": 5 }))]),
        json!(["message:list", with(json!({ "notes": true }))]),
        json!(["ticket:read", with(json!({ "seq": 1 }))]),
        json!(["ticket:typing", with(json!({ "typing": true, "internal": false }))]),
        json!(["ticket:close", with(json!({ "reason": "done" }))]),
        json!(["ticket:reopen", this()]),
        json!([
            "ticket:assign",
            with(json!({ "agentId": "AGENT", "ifAssignee": null, "note": "n" }))
        ]),
        json!(["ticket:tag", with(json!({ "add": ["a"], "remove": ["b"], "priority": "high" }))]),
        json!(["ticket:end", this()]),
        json!(["ticket:rate", with(json!({ "score": 5, "comment": "c" }))]),
    ]
}

/// A text in which there is something to stumble over.
fn text() -> impl Strategy<Value = String> {
    let known = [
        "",
        "me",
        "none",
        "open",
        "closed",
        "system",
        "TICKET",
        "OTHER",
        "AGENT",
        "01JD",
        "K7Q4MD",
        "\u{0}",
        "\u{1b}[2J",
        "\u{202e}x",
        "\u{200b}",
        "é\u{301}",
        "\u{1f4a9}",
        "__proto__",
        "$gt",
        "' OR 1=1--",
        "../x",
        "0",
        "-1",
        "null",
    ];
    prop_oneof![
        3 => prop::sample::select(known.to_vec()).prop_map(str::to_owned),
        2 => ".{0,40}",
        1 => (1_usize..5_000).prop_map(|many| "x".repeat(many)),
    ]
}

/// Any JSON.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        prop::sample::select(vec![0_i64, 1, -1, 2, 5, 6, 200, 201]).prop_map(Value::from),
        text().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            vec((text(), inner), 0..4).prop_map(|all| all.into_iter().collect()),
        ]
    })
}

/// A change of a request's tree.
#[derive(Debug, Clone)]
enum Change {
    Field(Index, Value),
    More(String, Value),
    Less(Index),
    Payload(Value),
    Name(String),
    Another(Value),
    Alone,
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        6 => (any::<Index>(), any_json()).prop_map(|(which, value)| Change::Field(which, value)),
        2 => (text(), any_json()).prop_map(|(name, value)| Change::More(name, value)),
        2 => any::<Index>().prop_map(Change::Less),
        1 => any_json().prop_map(Change::Payload),
        1 => text().prop_map(Change::Name),
        1 => any_json().prop_map(Change::Another),
        1 => Just(Change::Alone),
    ]
}

fn changed(mut request: Value, change: Change) -> Value {
    let Some(parts) = request.as_array_mut() else { return request };
    let fields = parts.get_mut(1).and_then(Value::as_object_mut);
    let key = |fields: &serde_json::Map<String, Value>, which: Index| {
        fields.keys().nth(which.index(fields.len().max(1))).cloned()
    };
    match (change, fields) {
        (Change::Field(which, value), Some(fields)) => {
            if let Some(key) = key(fields, which) {
                fields.insert(key, value);
            }
        }
        (Change::More(name, value), Some(fields)) => drop(fields.insert(name, value)),
        (Change::Less(which), Some(fields)) => {
            if let Some(key) = key(fields, which) {
                fields.remove(&key);
            }
        }
        (Change::Payload(value), _) => {
            parts.truncate(1);
            parts.push(value);
        }
        (Change::Name(name), _) => parts[0] = name.into(),
        (Change::Another(value), _) => parts.push(value),
        (Change::Alone, _) => parts.truncate(1),
        (Change::Field(..) | Change::More(..) | Change::Less(_), None) => {}
    }
    request
}

/// A change of a text: at a place, so many characters are replaced by others.
fn edited(text: &str, place: Index, many: usize, by: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let place = place.index(chars.len() + 1);
    let rest = chars.iter().skip(place + many);
    chars.iter().take(place).chain(by.chars().collect::<Vec<_>>().iter()).chain(rest).collect()
}

/// The text of a request, right or changed in up to three places.
fn body() -> impl Strategy<Value = String> {
    let tree = (prop::sample::select(requests()), vec(change(), 0..3))
        .prop_map(|(request, changes)| changes.into_iter().fold(request, changed).to_string());
    let slip = (any::<Index>(), 0_usize..4, r#"[\[\]{}:,"\\a-z0-9 .eu\u{0}-]{0,4}"#);
    (tree, prop::option::weighted(0.05, slip)).prop_map(|(text, slip)| match slip {
        Some((place, many, by)) => edited(&text, place, many, &by),
        None => text,
    })
}

/// A packet in pieces, each of which may be another than it should.
fn packet() -> impl Strategy<Value = String> {
    let kind = prop_oneof![4 => Just("42"), 1 => prop::sample::select(vec![
        "", "0", "1", "2", "3", "4", "5", "6", "7", "40", "41", "43", "44", "45", "46", "47", "b", "2probe",
    ])];
    let attached = prop_oneof![5 => Just(""), 1 => prop::sample::select(vec![
        "-", "0-", "1-", "99999999999999999999-", "1-1-",
    ])];
    let namespace = prop_oneof![4 => Just("NS,"), 1 => prop::sample::select(vec![
        "", "NS", "/", "/,", "/nope,", "/guest,", "/agent,", "NS?a=b,", "/é,", ",",
    ])];
    let number = prop_oneof![3 => Just("NUM"), 1 => prop::sample::select(vec![
        "", "0", "-1", "1e3", "1.5", "99999999999999999999", "٧", " 7",
    ])];
    let slip = prop::option::weighted(0.3, (any::<Index>(), 0_usize..3, ".{0,3}"));
    (kind, attached, namespace, number, body(), slip).prop_map(
        |(kind, attached, namespace, number, body, slip)| {
            let packet = format!("{kind}{attached}{namespace}{number}{body}");
            match slip {
                Some((place, many, by)) => edited(&packet, place, many, &by),
                None => packet,
            }
        },
    )
}

/// One message of any kind; most are requests, or no connection would live to hear the next.
pub(super) fn frame() -> impl Strategy<Value = Frame> {
    prop_oneof![
        60 => body().prop_map(Frame::Request),
        4 => packet().prop_map(Frame::Packet),
        1 => ".{0,60}".prop_map(Frame::Packet),
        1 => vec(any::<u8>(), 0..200).prop_map(Frame::Binary),
        1 => vec(any::<u8>(), 0..125).prop_map(Frame::Ping),
    ]
}
