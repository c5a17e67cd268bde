//! Requests whose payload is wrong in one place: each is refused, with one ack, and changes nothing.

use std::collections::BTreeSet;

use serde_json::json;

use super::{Neighbours, UNLIMITED, stored};
use crate::support::{
    people::{Agent, Guest},
    process::Server,
};

/// What is no ticket's id, or one of no ticket that is there.
const BAD_IDS: [&str; 23] = [
    "1042",
    "-1",
    "1.5",
    "1e999",
    "true",
    "null",
    "[]",
    "{}",
    r#"{"$gt":""}"#,
    r#"{"$ne":null}"#,
    r#"["TICKET"]"#,
    r#""""#,
    r#""1042""#,
    r#""agents""#,
    r#""ticket:TICKET""#,
    r#"" TICKET""#,
    r#""TICKET ""#,
    r#""../x""#,
    r#""\ud800""#,
    r#""\u0000""#,
    r#""01JD0000000000000000000000""#,
    r#""' OR 1=1--""#,
    "\"TENKIB\"",
];
const BAD_TEXTS: [&str; 9] = [
    "7",
    "true",
    "[]",
    "{}",
    r#"["x"]"#,
    r#"{"$regex":"^a"}"#,
    "1e999",
    r#""\ud800""#,
    r#""\udc00x""#,
];
const BAD_CONTENTS: [&str; 9] = [
    "null",
    r#""""#,
    r#""   ""#,
    r#""\n\t""#,
    r#""\u0000""#,
    r#""\u001b\u0007""#,
    r#""\u200b\u200b\u200b""#,
    "\"LONG\"",
    "\"WIDE\"",
];
const BAD_KEYS: [&str; 8] =
    ["null", r#""""#, r#""a b""#, r#""é""#, r#""../""#, r#""$where""#, r#""a\u0000""#, "\"KEY65\""];
const BAD_NUMBERS: [&str; 9] =
    ["-1", "1.5", "1e999", "1e2", "\"50\"", "[]", "{}", "true", "18446744073709551616"];
/// One that is too large for its type is over the maximum, and clamped.
const BAD_LIMITS: [&str; 9] = ["-1", "1.5", "1e999", "1e2", "\"50\"", "[]", "{}", "true", "0"];
const BAD_FLAGS: [&str; 7] = ["null", "0", "1", "\"true\"", "[]", "{}", r#"{"$ne":1}"#];

/// A field: its name, a value that is right, and ones that are not.
type Field = (&'static str, &'static str, &'static [&'static [&'static str]]);

const TICKET: Field = ("ticketId", "\"TICKET\"", &[&BAD_IDS]);
const CONTENT: Field = ("content", "\"x\"", &[&BAD_TEXTS, &BAD_CONTENTS]);
const KEY: Field = ("clientMessageId", "\"k\"", &[&BAD_TEXTS, &BAD_KEYS]);
const LIMIT: Field = ("limit", "1", &[&BAD_LIMITS]);

/// The requests of each namespace, field by field. The first fields are required.
const REQUESTS: [(&str, &str, usize, &[Field]); 21] = [
    (
        "/guest",
        "ticket:create",
        2,
        &[
            CONTENT,
            KEY,
            ("subject", "\"s\"", &[&BAD_TEXTS, &["\"\"", "\"a\\nb\"", "\"LONG\""]]),
            (
                "name",
                "\"n\"",
                &[&BAD_TEXTS, &["\"system\"", "\"ＳＹＳＴＥＭ\"", "\"a\\nb\"", "\"LONG\""]],
            ),
            ("email", "\"a@b\"", &[&BAD_TEXTS, &["\"a\"", "\"@b\"", "\"LONG@b\""]]),
        ],
    ),
    (
        "/guest",
        "ticket:list",
        0,
        &[LIMIT, ("cursor", "null", &[&BAD_TEXTS, &["\"x\"", "\"Li4\""]])],
    ),
    (
        "/guest",
        "ticket:join",
        1,
        &[TICKET, LIMIT, ("afterSeq", "0", &[&BAD_NUMBERS]), ("epoch", "null", &[&BAD_TEXTS])],
    ),
    ("/guest", "ticket:leave", 1, &[TICKET]),
    ("/guest", "message:send", 3, &[TICKET, CONTENT, KEY, ("internal", "false", &[&BAD_FLAGS])]),
    ("/guest", "message:list", 1, &[TICKET, LIMIT, ("before", "1", &[&BAD_NUMBERS])]),
    ("/guest", "ticket:read", 2, &[TICKET, ("seq", "0", &[&BAD_NUMBERS, &["null"]])]),
    ("/guest", "ticket:typing", 2, &[TICKET, ("typing", "true", &[&BAD_FLAGS])]),
    ("/guest", "ticket:end", 1, &[TICKET]),
    (
        "/guest",
        "ticket:rate",
        2,
        &[
            TICKET,
            ("score", "5", &[&BAD_NUMBERS, &["null", "0", "6", "256"]]),
            ("comment", "\"c\"", &[&BAD_TEXTS]),
        ],
    ),
    (
        "/agent",
        "ticket:list",
        0,
        &[
            LIMIT,
            ("status", "\"open\"", &[&BAD_TEXTS, &["\"\"", "\"OPEN\"", "\"open' OR 1=1\""]]),
            ("assignee", "\"me\"", &[&BAD_TEXTS, &["\"\"", "\"alice\"", "\"ME\""]]),
            ("tag", "\"t\"", &[&BAD_TEXTS]),
            ("q", "\"q\"", &[&BAD_TEXTS, &[r#"{"$where":"sleep(2000)||true"}"#]]),
            ("cursor", "null", &[&BAD_TEXTS, &["\"x\""]]),
        ],
    ),
    (
        "/agent",
        "ticket:join",
        1,
        &[TICKET, LIMIT, ("afterNoteSeq", "0", &[&BAD_NUMBERS]), ("silent", "true", &[&BAD_FLAGS])],
    ),
    ("/agent", "ticket:leave", 1, &[TICKET]),
    ("/agent", "ticket:close", 1, &[TICKET, ("reason", "\"r\"", &[&BAD_TEXTS, &["\"LONG\""]])]),
    ("/agent", "message:send", 3, &[TICKET, CONTENT, KEY]),
    ("/agent", "message:list", 1, &[TICKET, LIMIT, ("notes", "true", &[&BAD_FLAGS])]),
    ("/agent", "ticket:read", 2, &[TICKET, ("seq", "0", &[&BAD_NUMBERS])]),
    ("/agent", "ticket:typing", 2, &[TICKET, ("typing", "true", &[&BAD_FLAGS])]),
    ("/agent", "ticket:reopen", 1, &[TICKET]),
    (
        "/agent",
        "ticket:assign",
        2,
        &[
            TICKET,
            (
                "agentId",
                "\"me\"",
                &[&BAD_TEXTS, &["\"\"", "\"alice\"", "\"01JD0000000000000000000000\""]],
            ),
            ("ifAssignee", "null", &[&BAD_TEXTS, &["\"me\"", "\"\""]]),
            ("note", "\"n\"", &[&BAD_TEXTS, &["\"\"", "\"LONG\""]]),
        ],
    ),
    (
        "/agent",
        "ticket:tag",
        1,
        &[
            TICKET,
            (
                "add",
                "[]",
                &[&["null", "\"x\"", "{}", "[7]", "[\"\"]", "[\"a\\nb\"]", "[\"LONG\"]", "[[]]"]],
            ),
            ("remove", "[]", &[&["null", "7", "[null]", "[{\"$gt\":\"\"}]"]]),
            ("priority", "\"low\"", &[&BAD_TEXTS, &["\"\"", "\"LOW\"", "\"highest\""]]),
        ],
    ),
];

/// The payloads of a request that are wrong in one place.
fn malformed_payloads(required: usize, fields: &[Field]) -> BTreeSet<String> {
    let object = |fields: &[(&str, &str)]| {
        let fields: Vec<String> =
            fields.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
        format!("{{{}}}", fields.join(","))
    };
    let good: Vec<(&str, &str)> =
        fields.iter().take(required).map(|(name, value, _)| (*name, *value)).collect();
    let mut payloads: BTreeSet<String> =
        ["null", "true", "7", "1e999", "\"x\"", "\"{}\""].map(str::to_owned).into();
    for missing in 0..required {
        let mut rest = good.clone();
        rest.remove(missing);
        payloads.insert(object(&rest));
    }
    for (place, (name, value, bad)) in fields.iter().enumerate() {
        for bad in bad.iter().copied().flatten() {
            let mut changed = good.clone();
            if place < required {
                changed[place].1 = bad;
            } else {
                changed.push((*name, *bad));
            }
            payloads.insert(object(&changed));
        }
        // Twice, the right one too.
        let mut twice = good.clone();
        twice.extend([(*name, *value), (*name, *value)]);
        payloads.insert(object(&twice));
    }
    let nested = format!("{}{}", "[".repeat(20_000), "]".repeat(20_000));
    if let Some((name, ..)) = fields.first() {
        payloads.insert(format!("{{\"{name}\":{nested}}}"));
    }
    payloads
}

/// An id that could be one and is none.
const NOBODYS: &str = "01JD0000000000000000000000";

/// Why this event is refused.
fn expected(event: &str) -> &'static str {
    let too_long = |field: &str| {
        let value = event.split_once(&format!("\"{field}\":\"")).map(|(_, rest)| rest);
        value.is_some_and(|it| it.starts_with(&"x".repeat(4_001)) || it.starts_with("\u{1f4a9}"))
    };
    if too_long("content") || too_long("note") {
        "too_large"
    } else if event.contains(NOBODYS) {
        "not_found"
    } else {
        "invalid"
    }
}

/// Every malformed event: its namespace and its text.
fn malformed_events(ticket: &str) -> BTreeSet<(&'static str, String)> {
    const NAMES: [&str; 15] = [
        "\"\"",
        "\"x\"",
        "\"connect\"",
        "\"disconnect\"",
        "\"error\"",
        "\"ticket:delete\"",
        "\"message:edit\"",
        "\"MESSAGE:SEND\"",
        "\"message:send \"",
        "\"message:new\"",
        "\"ticket:updated\"",
        "\"session:ended\"",
        "\"__proto__\"",
        "\"é\"",
        "\"LONG\"",
    ];
    let fill = |text: &str| {
        text.replace("TICKET", ticket)
            .replace("KEY65", &"k".repeat(65))
            .replace("LONG", &"x".repeat(4_001))
            .replace("TENKIB", &"x".repeat(10 * 1_024))
            .replace("WIDE", &"\u{1f4a9}".repeat(4_097))
    };
    let mut events = BTreeSet::new();
    for (namespace, event, required, fields) in REQUESTS {
        for payload in malformed_payloads(required, fields) {
            events.insert((namespace, fill(&format!("[\"{event}\",{payload}]"))));
        }
        events.insert((namespace, format!("[\"{event}\"]")));
        events.insert((namespace, format!("[\"{event}\",{{}},{{}}]")));
    }
    for namespace in ["/guest", "/agent"] {
        for name in NAMES {
            events.insert((namespace, fill(&format!("[{name},{{\"ticketId\":\"TICKET\"}}]"))));
        }
    }
    events
}

/// T10, T39, T53, T69: each is refused for what is wrong with it, beside a conversation that goes on.
#[tokio::test]
async fn a_corpus_of_malformed_payloads_is_refused_each_with_one_ack() {
    let mut server = Server::with(&UNLIMITED);
    let mut neighbours = Neighbours::meet(&server).await;
    let mut maya = Guest::arrives(&server).await;
    let mut alice = Agent::signs_in(&server, "alice").await;
    let bob = Agent::signs_in(&server, "bob").await;
    let ticket = maya.opens_a_ticket("hello").await;
    let before = stored(&server, &bob, &ticket).await;
    let events = malformed_events(&ticket);
    assert!(events.len() >= 300, "{}", events.len());

    let mut taken = Vec::new();
    for (place, (namespace, event)) in events.iter().enumerate() {
        let socket = if *namespace == "/guest" { &mut maya.socket } else { &mut alice.socket };
        let number = socket.raw(event).await;
        // A second answer to one of them would come before the answer to the next.
        let ack = socket.answer(number).await.unwrap_or_default();
        if ack.is_null() {
            maya.returns(&server).await;
            alice.socket = Agent::connect(&server, &alice.token).await.unwrap();
        }
        let code = ack["error"]["code"].as_str().unwrap_or_default();
        if code != expected(event) {
            let shown: String = event.chars().take(160).collect();
            taken.push(format!("{namespace} {shown} → {ack}"));
        }
        if place % 20 == 0 {
            neighbours.talk().await;
        }
    }

    assert_eq!(taken, [""; 0]);
    maya.socket.done("ticket:list", json!({})).await;
    alice.socket.done("ticket:list", json!({})).await;
    assert_eq!(stored(&server, &bob, &ticket).await, before);
    drop((neighbours, maya, alice));
    assert!(!server.last_words().iter().any(|line| line.contains("panicked")));
}

#[tokio::test]
async fn what_a_request_does_not_know_is_ignored() {
    let server = Server::start();
    let mut maya = Guest::arrives(&server).await;
    let ticket = maya.opens_a_ticket("hello").await;
    let unknown: Vec<String> = (0..3_000).map(|number| format!("\"k{number}\":0")).collect();
    let nested = format!("{}{}", "[".repeat(20_000), "]".repeat(20_000));

    for (place, extra) in [
        unknown.join(","),
        r#""__proto__":{"role":"admin"},"constructor":{"prototype":{}}"#.to_owned(),
        format!("\"deep\":{nested}"),
    ]
    .iter()
    .enumerate()
    {
        let event = format!(
            r#"["message:send",{{"ticketId":"{ticket}","content":"x","clientMessageId":"k{place}",{extra}}}]"#
        );
        let number = maya.socket.raw(&event).await;
        let ack = maya.socket.ack(number).await;
        assert_eq!(ack["data"]["message"]["seq"], place + 2, "{ack}");
    }
}
