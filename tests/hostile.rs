//! What no decent client sends: packets and payloads made to break the parser, floods, and requests
//! that were bent on the way. Whatever comes, the neighbours talk on.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::time::Instant;

use reqwest::{Method, StatusCode, header};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::{
    Message,
    protocol::frame::{
        Frame,
        coding::{Data, OpCode},
    },
};

use crate::support::{
    DEADLINE,
    client::Client,
    people::{Agent, Guest},
    process::{PASSWORD, Server, free_address},
};

/// No limit on how much, where a test is about what.
const UNLIMITED: [(&str, &str); 7] = [
    ("SUPPORT_LIMITS_GUEST_MESSAGES_PER_SECOND", "0"),
    ("SUPPORT_LIMITS_GUEST_MESSAGES_PER_MINUTE", "0"),
    ("SUPPORT_LIMITS_AGENT_MESSAGES_PER_SECOND", "0"),
    ("SUPPORT_LIMITS_GUEST_SOCKETS", "0"),
    ("SUPPORT_LIMITS_AGENT_SOCKETS", "0"),
    ("SUPPORT_LIMITS_ADDRESS_SOCKETS", "0"),
    ("SUPPORT_LIMITS_HANDSHAKES_PER_SECOND", "0"),
];

/// Packets that are wrong, or right and out of place.
const ALONE: [&str; 64] = [
    "",
    "4",
    "42",
    "42[]",
    "42[1]",
    "42{\"a\":1}",
    "42[\"message:send\",",
    "43[]",
    "431[1]",
    "44\"x\"",
    "45",
    "45-[]",
    "46999999999999999999999-[]",
    "47",
    "49",
    "5",
    "6",
    "0",
    "2probe",
    "3probe",
    "33",
    "4\0",
    "b4AAAA",
    "b",
    "bAAAA=",
    "é2345",
    "4é",
    "42é",
    "42/é",
    "42/nope,[\"x\"]",
    "4299999999999999999999[\"x\",1]",
    "421e9[\"x\"]",
    "1",
    "7",
    "8",
    "9",
    "a",
    "\0",
    "\u{feff}4",
    " 42",
    "-1",
    "\u{1f4a9}",
    "40",
    "40/",
    "40/,",
    "40/nope,",
    "40/guest",
    "40/guest,",
    "40/guest,{",
    "40/guest,[]",
    "40/guest,\"x\"",
    "40/guest,{}{}",
    "40/agent,{\"token\":7}",
    "40/agent,{\"token\":\"x\",\"token\":\"y\"}",
    "40{\"sid\":\"x\"}",
    "41",
    "41/guest",
    "41/guest,",
    "41/nope,",
    "4\u{1e}4",
    "42/guest,\u{1e}42/guest,",
    "44",
    "44/guest,{\"message\":\"x\"}",
    "99999999999999999999",
];

/// Packets that announce binary attachments.
const ATTACHED: [&str; 10] = [
    "451-/guest,[\"message:send\",{\"_placeholder\":true,\"num\":0}]",
    "451-/guest,7000[\"message:send\",{\"_placeholder\":true,\"num\":0}]",
    "451000000000000-/guest,[\"message:send\",{\"_placeholder\":true,\"num\":0}]",
    "450-/guest,[\"message:send\",{}]",
    "45-1-/guest,[\"message:send\",{}]",
    "451-/guest,[\"message:send\",{\"_placeholder\":true,\"num\":-1}]",
    "451-/guest,[\"message:send\",{\"_placeholder\":true,\"num\":99999999999}]",
    "452-/guest,[\"message:send\"]",
    "461-/guest,7000[{\"_placeholder\":true,\"num\":0}]",
    "46-/guest,7000[]",
];

/// What stands for a namespace in the made-up packets.
const NAMESPACES: [&str; 7] = ["", "/guest,", "/guest", "/agent,", "/nope,", "/guest?a=b,", "/é,"];

/// What stands for the number of an acknowledgement.
const NUMBERS: [&str; 7] = ["", "7000", "-7000", "99999999999999999999", "7e3", "7000.5", "٧"];

/// What stands for the JSON.
const BODIES: [&str; 16] = [
    "",
    "[",
    "[]",
    "{}",
    "null",
    "[1]",
    "[null]",
    "[[\"x\"]]",
    "\"x\"",
    "[\"x\"",
    "[\"x\",{\"a\":",
    "[\"x\",1e999]",
    "[\"\\ud800\",{}]",
    "[\"x\",{}]tail",
    "[\"x\\u0000\",{}]",
    "[\"é\",\"\\x\"]",
];

/// The packets above, and what comes of putting their parts together.
fn malformed_packets() -> BTreeSet<String> {
    let mut packets: BTreeSet<String> =
        ALONE.iter().chain(&ATTACHED).map(|packet| (*packet).to_owned()).collect();
    for kind in 0..=9 {
        for (place, namespace) in NAMESPACES.iter().enumerate() {
            for (turn, number) in NUMBERS.iter().enumerate() {
                // Each number with some of the bodies, so that each pair comes with some type.
                let body = BODIES[(kind * 5 + place * 3 + turn * 7) % BODIES.len()];
                packets.insert(format!("4{kind}{namespace}{number}{body}"));
            }
        }
        for body in BODIES {
            packets.insert(format!("4{kind}/guest,{body}"));
        }
    }
    for many in [100, 10_000, 60_000] {
        packets.insert(format!("42/guest,7000[\"x\",{}", "[".repeat(many)));
        packets.insert(format!(
            "42/guest,7000[\"x\",{}{}]",
            "[".repeat(many / 2),
            "]".repeat(many / 2)
        ));
        packets.insert(format!("42/{},[\"x\"]", "n".repeat(many)));
        packets.insert(format!("42/guest,{}[\"x\"]", "7".repeat(many)));
        packets.insert(format!("40/guest,{}", "{\"a\":".repeat(many / 5)));
        packets.insert("4".repeat(many));
        packets.insert(format!("45{}-[]", "9".repeat(many)));
        packets.insert(format!("42/guest,[\"{}\"]", "\0".repeat(many)));
    }
    packets
}

/// Asks for the list and waits until it is answered, or the connection is over; whether it lives.
async fn still_answers(socket: &mut Client, after: &str) -> bool {
    let shown: String = after.chars().take(80).collect();
    let number = socket.raw(r#"["ticket:list",{}]"#).await;
    let answer = format!("43/guest,{number}[");
    loop {
        let packet = timeout(DEADLINE, socket.packet()).await;
        match packet.unwrap_or_else(|_| panic!("neither answered nor closed after {shown:?}")) {
            Some(packet) if packet.starts_with(&answer) => return true,
            Some(packet) if packet.starts_with("41") => return false,
            Some(_) => {}
            None => return false,
        }
    }
}

/// Sends a packet on a connection that has not asked for a namespace, then asks for one.
async fn before_connecting(server: &Server, cookie: &str, packet: &str) {
    let mut socket = Client::open(server, "/guest", &[("cookie", cookie)]).await.unwrap();
    socket.frame(Message::text(packet.to_owned())).await;
    socket.frame(Message::text("40/guest,")).await;
    loop {
        match socket.packet().await {
            Some(answer) if answer.starts_with("40/guest,") => return,
            Some(answer) if answer.starts_with("44/guest,") => return,
            Some(_) => {}
            None => return,
        }
    }
}

/// A guest and an agent in one conversation, whom nothing may disturb.
struct Neighbours {
    guest: Guest,
    agent: Agent,
    ticket: String,
    said: u32,
}

impl Neighbours {
    async fn meet(server: &Server) -> Self {
        let mut guest = Guest::arrives(server).await;
        let mut agent = Agent::signs_in(server, "alice").await;
        let ticket = guest.opens_a_ticket("hello").await;
        agent.socket.done("ticket:join", json!({ "ticketId": ticket })).await;
        Self { guest, agent, ticket, said: 0 }
    }

    /// The guest says something: it is stored, and the agent hears it.
    async fn talk(&mut self) {
        self.said += 1;
        let content = format!("still here {}", self.said);
        let key = format!("talk-{}", self.said);
        let message =
            json!({ "ticketId": self.ticket, "content": content, "clientMessageId": key });
        self.guest.socket.done("message:send", message).await;
        self.agent.socket.notices_before(&content).await;
    }
}

#[tokio::test]
async fn a_corpus_of_malformed_packets_disturbs_nobody() {
    let mut server = Server::with(&UNLIMITED);
    let mut neighbours = Neighbours::meet(&server).await;
    let mut eve = Guest::arrives(&server).await;
    let packets = malformed_packets();
    assert!(packets.len() >= 400, "{}", packets.len());

    for (place, packet) in packets.iter().enumerate() {
        before_connecting(&server, &eve.cookie, packet).await;
        eve.socket.frame(Message::text(packet.clone())).await;
        // Who has left the namespace is not answered any more.
        if packet.starts_with("41") || !still_answers(&mut eve.socket, packet).await {
            eve.returns(&server).await;
        }
        if place % 20 == 0 {
            neighbours.talk().await;
        }
    }

    neighbours.talk().await;
    let health = reqwest::get(server.url("/healthz")).await.unwrap();
    assert_eq!(health.status(), StatusCode::OK);
    drop((neighbours, eve));
    let panics: Vec<_> =
        server.last_words().into_iter().filter(|line| line.contains("panicked")).collect();
    assert_eq!(panics, [""; 0]);
}

#[tokio::test]
async fn frames_that_are_no_text_disturb_nobody() {
    let mut server = Server::with(&UNLIMITED);
    let mut neighbours = Neighbours::meet(&server).await;
    let mut eve = Guest::arrives(&server).await;
    let text = |bytes: &'static [u8]| {
        Message::Frame(Frame::message(bytes, OpCode::Data(Data::Text), true))
    };

    for frame in [
        text(b"\xff"),
        text(b"42/guest,7000[\"x\",\"\xc3\x28\"]"),
        text(b"4\xf0\x9f\x92"),
        text(b"42/guest,[\"x\",\"\xed\xa0\x80\"]"),
        Message::binary(&b""[..]),
        Message::binary(&b"\x04"[..]),
        Message::binary(&b"42/guest,7000[\"ticket:list\",{}]"[..]),
        Message::binary(vec![0xff; 16 * 1024]),
        Message::Ping(vec![0; 125].into()),
        Message::Pong(vec![0xff; 125].into()),
    ] {
        let shown = format!("{frame:?}");
        eve.socket.frame(frame).await;
        if !still_answers(&mut eve.socket, &shown).await {
            eve.returns(&server).await;
        }
        neighbours.talk().await;
    }

    drop((neighbours, eve));
    assert!(!server.last_words().iter().any(|line| line.contains("panicked")));
}

/// What is no ticket's id, or one of no ticket that is there.
const BAD_IDS: [&str; 22] = [
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
const BAD_FLAGS: [&str; 7] = ["null", "0", "1", "\"true\"", "[]", "{}", r#"{"$ne":1}"#];

/// A field: its name, a value that is right, and ones that are not.
type Field = (&'static str, &'static str, &'static [&'static [&'static str]]);

const TICKET: Field = ("ticketId", "\"TICKET\"", &[&BAD_IDS]);
const CONTENT: Field = ("content", "\"x\"", &[&BAD_TEXTS, &BAD_CONTENTS]);
const KEY: Field = ("clientMessageId", "\"k\"", &[&BAD_TEXTS, &BAD_KEYS]);
const LIMIT: Field = ("limit", "1", &[&BAD_NUMBERS, &["0"]]);

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

/// The last numbers of both logs, and how many tickets there are.
async fn stored(server: &Server, agent: &Agent, ticket: &str) -> (Value, Value, usize) {
    let path = format!("/api/v1/tickets/{ticket}");
    let (_, shown) = agent.http(server, Method::GET, &path, None).await;
    let (_, all) = agent.http(server, Method::GET, "/api/v1/tickets", None).await;
    let ticket = &shown["ticket"];
    (
        ticket["lastSeq"].clone(),
        ticket["lastNoteSeq"].clone(),
        all["tickets"].as_array().unwrap().len(),
    )
}

#[tokio::test]
async fn a_corpus_of_malformed_payloads_is_refused_each_with_one_ack() {
    let server = Server::with(&UNLIMITED);
    let mut maya = Guest::arrives(&server).await;
    let mut alice = Agent::signs_in(&server, "alice").await;
    let bob = Agent::signs_in(&server, "bob").await;
    let ticket = maya.opens_a_ticket("hello").await;
    let before = stored(&server, &bob, &ticket).await;
    let events = malformed_events(&ticket);
    assert!(events.len() >= 300, "{}", events.len());

    let mut taken = Vec::new();
    for (namespace, event) in &events {
        let socket = if *namespace == "/guest" { &mut maya.socket } else { &mut alice.socket };
        let number = socket.raw(event).await;
        // A second answer to one of them would come before the answer to the next.
        let ack = socket.answer(number).await.unwrap_or_default();
        if ack.is_null() {
            maya.returns(&server).await;
            alice.socket = Agent::connect(&server, &alice.token).await.unwrap();
        }
        let code = ack["error"]["code"].as_str().unwrap_or_default();
        if !["invalid", "too_large", "not_found", "forbidden"].contains(&code) {
            let shown: String = event.chars().take(160).collect();
            taken.push(format!("{namespace} {shown} → {ack}"));
        }
    }

    assert_eq!(taken, [""; 0]);
    maya.socket.done("ticket:list", json!({})).await;
    alice.socket.done("ticket:list", json!({})).await;
    assert_eq!(stored(&server, &bob, &ticket).await, before);
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

#[tokio::test]
async fn a_packet_over_the_limit_closes_its_connection_and_stores_nothing() {
    let server = Server::start();
    let mut maya = Guest::arrives(&server).await;
    let alice = Agent::signs_in(&server, "alice").await;
    let ticket = maya.opens_a_ticket("hello").await;
    let padded = |bytes: usize| {
        let pad = "x".repeat(bytes);
        format!(
            r#"["message:send",{{"ticketId":"{ticket}","content":"x","clientMessageId":"k","pad":"{pad}"}}]"#
        )
    };

    let number = maya.socket.raw(&padded(60 * 1024)).await;
    assert_eq!(maya.socket.ack(number).await["ok"], true);
    let before = stored(&server, &alice, &ticket).await;

    for event in [padded(70 * 1024), format!(r#"["message:send",{}"#, "[".repeat(100_000))] {
        maya.socket.raw(&event).await;
        maya.socket.disconnected().await;
        maya.returns(&server).await;
    }
    for header in ["451-/guest,7000", "451-/guest,", "451000000000000-/guest,7000"] {
        let packet = format!(r#"{header}["message:send",{{"_placeholder":true,"num":0}}]"#);
        maya.socket.frame(Message::text(packet)).await;
        maya.socket.frame(Message::binary(vec![b'x'; 16 * 1024])).await;
        maya.socket.disconnected().await;
        maya.returns(&server).await;
    }
    assert_eq!(stored(&server, &alice, &ticket).await, before);
}

/// Sends a request as it is and answers with the head of the answer and its body.
async fn asked(server: &Server, request: &str) -> (String, String) {
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut heard = Vec::new();
    let length = |head: &str| {
        let line = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        line.map_or(0, |length| length.parse::<usize>().unwrap())
    };
    loop {
        let text = String::from_utf8_lossy(&heard).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n")
            && body.len() >= length(head)
        {
            return (head.to_owned(), body.to_owned());
        }
        let read = timeout(DEADLINE, stream.read_buf(&mut heard)).await.unwrap().unwrap();
        assert_ne!(read, 0, "the answer ends early: {text}");
    }
}

#[tokio::test]
async fn no_compression_is_agreed_on() {
    let server = Server::start();

    let (head, _) = asked(
        &server,
        "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: desk\r\n\
         Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nAccept-Encoding: gzip\r\n\
         Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n\r\n",
    )
    .await;

    assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
    assert!(!head.to_ascii_lowercase().contains("sec-websocket-extensions"), "{head}");
}

#[tokio::test]
async fn a_handshake_of_another_protocol_is_refused() {
    let server = Server::start();

    for query in [
        "EIO=3&transport=polling",
        "EIO=99&transport=polling",
        "EIO=4&transport=foo",
        "EIO=4",
        "transport=polling",
        "",
        "EIO=4&transport=polling&sid=../../x",
        "EIO=4&transport=polling&sid=AAAAAAAAAAAAAAAA",
        "EIO=4&transport=websocket",
        "EIO=\u{0}&transport=%00",
    ] {
        let query = query.replace('\u{0}', "%00");
        for method in ["GET", "POST"] {
            let request = format!(
                "{method} /socket.io/?{query} HTTP/1.1\r\nHost: desk\r\nContent-Length: 0\r\n\r\n"
            );
            let (head, _) = asked(&server, &request).await;
            assert!(head.starts_with("HTTP/1.1 4"), "{method} {query}: {head}");
        }
    }
}

#[tokio::test]
async fn a_path_that_is_nearly_one_of_ours_is_none() {
    let server = Server::start();

    for (line, status, code) in [
        ("GET /socket.io-admin", 404, "not_found"),
        ("GET //socket.io/", 404, "not_found"),
        ("GET /metrics", 404, "not_found"),
        ("GET /healthz/", 404, "not_found"),
        ("GET /api/v1/tickets/", 404, "not_found"),
        ("GET /api/v1/../v1/tickets", 404, "not_found"),
        ("TRACE /healthz", 405, "invalid"),
        ("DELETE /api/v1/tickets", 405, "invalid"),
    ] {
        let request = format!("{line} HTTP/1.1\r\nHost: desk\r\nContent-Length: 0\r\n\r\n");
        let (head, body) = asked(&server, &request).await;
        assert!(head.starts_with(&format!("HTTP/1.1 {status} ")), "{line}: {head}");
        assert!(head.contains("content-type: application/problem+json"), "{line}: {head}");
        let problem: Value = serde_json::from_str(&body).unwrap();
        assert_eq!(problem["code"], code, "{line}");
    }
}

#[tokio::test]
async fn a_connection_that_names_no_namespace_is_closed_in_time() {
    let server = Server::with(&[("SUPPORT_LIMITS_CONNECT_TIMEOUT_MS", "500")]);

    for first in [None, Some("40/guest,"), Some("40/nope,"), Some("40/agent,{\"token\":\"x\"}")] {
        let began = Instant::now();
        let mut silent = Client::open(&server, "/guest", &[]).await.unwrap();
        if let Some(packet) = first {
            silent.text(packet).await;
        }
        while silent.packet().await.is_some() {}
        assert!(began.elapsed().as_secs() < 5, "{first:?}: {:?}", began.elapsed());
    }
}

#[tokio::test]
async fn a_second_connect_with_another_credential_changes_nothing() {
    let server = Server::start();
    let mut maya = Guest::arrives(&server).await;
    let mut alice = Agent::signs_in(&server, "alice").await;
    let bobs = Agent::token(&server, "bob", PASSWORD).await.unwrap();
    let ticket = maya.opens_a_ticket("hello").await;
    alice.socket.done("ticket:join", json!({ "ticketId": ticket })).await;

    alice.socket.text(&format!("40/agent,{}", json!({ "token": bobs }))).await;

    let text = json!({ "ticketId": ticket, "content": "who am I", "clientMessageId": "k" });
    let sent = alice.socket.done("message:send", text).await;
    assert_eq!(sent["message"]["senderName"], "Alice");
    // She is where she was, once, and nobody has come.
    let heard = alice.socket.notices_before("who am I").await;
    assert!(
        heard
            .iter()
            .all(|(event, payload)| { event != "presence:changed" || payload["name"] == "Alice" }),
        "{heard:?}"
    );
    let text = json!({ "ticketId": ticket, "content": "you", "clientMessageId": "y" });
    maya.socket.done("message:send", text).await;
    assert!(
        alice.socket.notices_before("you").await.iter().all(|(event, _)| event != "message:new")
    );
}

#[tokio::test]
async fn a_flood_of_typing_is_passed_on_every_other_second() {
    let server = Server::start();
    let mut maya = Guest::arrives(&server).await;
    let mut eve = Guest::arrives(&server).await;
    let mut alice = Agent::signs_in(&server, "alice").await;
    let ticket = maya.opens_a_ticket("hello").await;
    alice.socket.done("ticket:join", json!({ "ticketId": ticket })).await;
    let typing =
        format!("42/guest,{}", json!(["ticket:typing", { "ticketId": ticket, "typing": true }]));
    let began = Instant::now();

    for _ in 0..300 {
        maya.socket.text(&typing).await;
        eve.socket.text(&typing).await;
    }
    eve.socket.done("ticket:list", json!({})).await;
    let text = json!({ "ticketId": ticket, "content": "done", "clientMessageId": "k" });
    maya.socket.done("message:send", text).await;

    let heard = alice.socket.notices_before("done").await;
    let typings: Vec<_> = heard.iter().filter(|(event, _)| event == "ticket:typing").collect();
    let most = 1 + usize::try_from(began.elapsed().as_secs() / 2).unwrap();
    assert!((1..=most).contains(&typings.len()), "{typings:?}");
    assert_eq!(typings[0].1["role"], "guest");
}

/// How often something was refused because of a limit, as the operator reads it.
async fn counted(metrics: SocketAddr, limit: &str) -> u64 {
    let text = reqwest::get(format!("http://{metrics}/metrics")).await.unwrap();
    let text = text.text().await.unwrap();
    let start = format!("support_limited_total{{limit=\"{limit}\"}} ");
    let count = text.lines().find_map(|line| line.strip_prefix(&start));
    count.map_or(0, |count| count.parse().unwrap())
}

#[tokio::test]
async fn a_guest_that_is_too_fast_is_told_when_to_come_again() {
    let metrics = free_address();
    let server = Server::with(&[
        ("SUPPORT_METRICS", &metrics.to_string()),
        ("SUPPORT_LIMITS_GUEST_MESSAGES_PER_SECOND", "1"),
        ("SUPPORT_LIMITS_GUEST_MESSAGES_BURST", "3"),
        ("SUPPORT_LIMITS_GUEST_NEW_TICKETS", "2"),
        ("SUPPORT_LIMITS_GUEST_SOCKETS", "2"),
    ]);
    let mut maya = Guest::arrives(&server).await;
    let ticket = maya.opens_a_ticket("hello").await;

    let mut numbers = Vec::new();
    for number in 0..10 {
        let key = format!("k{number}");
        let message = json!({ "ticketId": ticket, "content": "x", "clientMessageId": key });
        numbers.push(maya.socket.send("message:send", &message).await);
    }
    let mut acks = Vec::new();
    for number in numbers {
        acks.push(maya.socket.ack(number).await);
    }
    assert!(acks[..3].iter().all(|ack| ack["ok"] == true), "{acks:?}");
    let refused: Vec<_> = acks.iter().filter(|ack| ack["ok"] == false).collect();
    assert!(!refused.is_empty(), "{acks:?}");
    for ack in &refused {
        assert_eq!(ack["error"]["code"], "rate_limited");
        assert!((1..=1_000).contains(&ack["error"]["retryAfterMs"].as_u64().unwrap()), "{ack}");
    }
    let many = u64::try_from(refused.len()).unwrap();
    assert_eq!(counted(metrics, "guest_messages_per_second").await, many);

    maya.opens_a_ticket("another").await;
    let third = json!({ "content": "a third", "clientMessageId": "third" });
    let refused = maya.socket.ask("ticket:create", third).await;
    assert_eq!(refused["error"]["code"], "rate_limited");
    assert!(refused["error"]["retryAfterMs"].as_u64().unwrap() > 60 * 60 * 1_000, "{refused}");
    assert_eq!(counted(metrics, "guest_new_tickets").await, 1);

    let second = Guest::connect(&server, &maya.cookie).await;
    assert!(second.is_ok());
    let third = Guest::connect(&server, &maya.cookie).await.err();
    assert_eq!(third.as_deref(), Some("rate_limited"));
    assert_eq!(counted(metrics, "guest_sockets").await, 1);
    maya.socket.done("ticket:list", json!({})).await;
}

/// Asks for a guest session with this header.
async fn session_from(server: &Server, forwarded: &str) -> reqwest::Response {
    let request = reqwest::Client::new().post(server.url("/guest/session"));
    request.header("x-forwarded-for", forwarded).send().await.unwrap()
}

/// That an answer tells when to come again, in its header and in its body.
async fn assert_told_to_wait(response: reqwest::Response) {
    assert_eq!(response.status(), StatusCode::TOO_MANY_REQUESTS);
    let seconds = response.headers()[header::RETRY_AFTER].to_str().unwrap().parse::<u64>();
    let problem: Value = response.json().await.unwrap();
    assert_eq!(problem["code"], "rate_limited");
    let millis = problem["retryAfterMs"].as_u64().unwrap();
    assert_eq!(seconds, Ok(millis.div_ceil(1_000)));
    assert!(millis > 0);
}

#[tokio::test]
async fn who_guesses_passwords_waits_and_the_right_one_waits_too() {
    let metrics = free_address();
    let server = Server::with(&[
        ("SUPPORT_METRICS", &metrics.to_string()),
        ("SUPPORT_LIMITS_LOGIN_TRIES", "1"),
    ]);
    // One client for all tries: the first wait is a second, and a new client takes a while.
    let web = reqwest::Client::new();
    let login = async |name: &str, password: &str| {
        let body = json!({ "username": name, "password": password });
        let request = web.post(server.url("/agent/login")).json(&body);
        request.send().await.unwrap()
    };

    assert_eq!(login("alice", "wrong").await.status(), StatusCode::UNAUTHORIZED);
    assert_told_to_wait(login("alice", PASSWORD).await).await;
    assert_eq!(login("bob", PASSWORD).await.status(), StatusCode::OK);
    assert_eq!(counted(metrics, "login_tries").await, 1);
}

#[tokio::test]
async fn an_address_has_so_many_sessions_and_cannot_talk_itself_out_of_it() {
    let metrics = free_address();
    let server = Server::with(&[
        ("SUPPORT_METRICS", &metrics.to_string()),
        ("SUPPORT_LIMITS_ADDRESS_GUEST_SESSIONS", "2"),
    ]);

    for forwarded in ["1.2.3.4", "1.2.3.5"] {
        assert_eq!(session_from(&server, forwarded).await.status(), StatusCode::OK);
    }

    assert_told_to_wait(session_from(&server, "1.2.3.6").await).await;
    assert_eq!(counted(metrics, "address_guest_sessions").await, 1);
}

#[tokio::test]
async fn a_proxy_that_the_operator_trusts_is_believed() {
    let server = Server::with(&[
        ("SUPPORT_TRUSTED_PROXIES", "127.0.0.1"),
        ("SUPPORT_LIMITS_ADDRESS_GUEST_SESSIONS", "1"),
    ]);

    for forwarded in ["1.2.3.4", "1.2.3.5", "2001:db8:0:1::1", "6.6.6.6, 1.2.3.6"] {
        assert_eq!(session_from(&server, forwarded).await.status(), StatusCode::OK, "{forwarded}");
    }

    // The nearest hop counts, not what the client put before it; an IPv6 /64 is one address.
    for forwarded in ["1.2.3.4", "7.7.7.7, 1.2.3.6", "2001:db8:0:1::2"] {
        assert_told_to_wait(session_from(&server, forwarded).await).await;
    }
}

#[tokio::test]
async fn an_address_has_so_many_connections_and_gets_them_back() {
    let metrics = free_address();
    let server = Server::with(&[
        ("SUPPORT_METRICS", &metrics.to_string()),
        ("SUPPORT_TRUSTED_PROXIES", "127.0.0.1"),
        ("SUPPORT_LIMITS_ADDRESS_SOCKETS", "1"),
    ]);
    let connect = async |from: &str| {
        let (cookie, _) = Guest::session(&server).await;
        let headers = [("cookie", cookie.as_str()), ("x-forwarded-for", from)];
        Client::connect(&server, "/guest", &headers, json!({})).await
    };

    let mut first = connect("2001:db8:0:1::1").await.unwrap();
    let same = connect("2001:db8:0:1:ffff::2").await.err();
    assert_eq!(same.as_deref(), Some("rate_limited"));
    assert!(connect("2001:db8:0:2::1").await.is_ok());
    assert_eq!(counted(metrics, "address_sockets").await, 1);

    // Leaving the namespace gives the place back, as soon as the server has seen it.
    first.text("41/guest,").await;
    let deadline = Instant::now() + DEADLINE;
    while connect("2001:db8:0:1::3").await.is_err() {
        assert!(Instant::now() < deadline, "the place is not given back");
    }
}

#[tokio::test]
async fn too_many_handshakes_at_once_are_sent_away_for_a_while() {
    let metrics = free_address();
    let server = Server::with(&[
        ("SUPPORT_METRICS", &metrics.to_string()),
        ("SUPPORT_LIMITS_HANDSHAKES_PER_SECOND", "1"),
    ]);

    let web = reqwest::Client::new();
    let mut answers = Vec::new();
    for _ in 0..8 {
        let url = server.url("/socket.io/?EIO=4&transport=polling");
        answers.push(web.get(url).send().await.unwrap());
    }
    assert_eq!(answers[0].status(), StatusCode::OK);
    let mut refused = 0;
    for answer in answers.into_iter().filter(|answer| answer.status() != StatusCode::OK) {
        assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert!(answer.headers().contains_key(header::RETRY_AFTER));
        let problem: Value = answer.json().await.unwrap();
        assert_eq!(problem["code"], "unavailable");
        refused += 1;
    }
    assert!(refused > 0);
    assert_eq!(counted(metrics, "handshakes_per_second").await, refused);
    // What is no handshake goes on.
    let health = reqwest::get(server.url("/healthz")).await.unwrap();
    assert_eq!(health.status(), StatusCode::OK);
}
