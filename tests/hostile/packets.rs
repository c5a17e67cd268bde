//! Packets that are none, one after another: each is answered or closes its connection.

use std::collections::BTreeSet;

use reqwest::StatusCode;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::{
    Message,
    protocol::frame::{
        Frame,
        coding::{Data, OpCode},
    },
};

use super::{Neighbours, UNLIMITED};
use crate::support::{DEADLINE, client::Client, people::Guest, process::Server};

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
