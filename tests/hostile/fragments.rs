//! One message in very many frames: what is kept of it ends where a message may end, however small
//! its pieces are.

use serde_json::json;
use tokio_tungstenite::tungstenite::{
    Message,
    protocol::frame::{
        Frame,
        coding::{Data, OpCode},
    },
};

use super::{Neighbours, UNLIMITED};
use crate::support::{client::Client, people::Guest, process::Server};

/// KiB by which a flood of fragments may make the server grow. What it keeps of each connection is
/// 64 KiB; kept frame by frame, a hundred thousand of them would be several times this.
const GROWTH: u64 = 12 * 1024;

/// How many frames somebody sends.
const FRAMES: usize = 100_000;

/// Bytes that one message may have: the default of `packet_bytes`.
const MOST: usize = 65_536;

/// A part of a message that does not end.
fn part(bytes: &'static [u8], first: bool) -> Message {
    let kind = if first { Data::Text } else { Data::Continue };
    Message::Frame(Frame::message(bytes, OpCode::Data(kind), false))
}

/// Sends parts of one message until it has `many`, or the other end does not take them any more.
async fn send_parts(socket: &mut Client, bytes: &'static [u8], from: usize, to: usize) {
    for number in from..to {
        if !socket.frame(part(bytes, number == 0)).await {
            return;
        }
    }
}

#[tokio::test]
async fn a_message_in_a_hundred_thousand_frames_ends_at_the_limit_and_costs_no_memory() {
    let mut server = Server::with(&UNLIMITED);
    let mut neighbours = Neighbours::meet(&server).await;
    let (cookie, _) = Guest::session(&server).await;
    let eve = async || {
        let headers = [("cookie", cookie.as_str())];
        Client::connect(&server, "/guest", &headers, json!({})).await.unwrap()
    };
    neighbours.talk().await;
    let before = server.memory("VmRSS");

    // One byte a frame: alive below the limit, and closed above it without another word.
    let mut socket = eve().await;
    send_parts(&mut socket, b"x", 0, MOST - 1_000).await;
    assert!(socket.is_open().await);
    send_parts(&mut socket, b"x", MOST - 1_000, MOST + 10).await;
    while socket.packet().await.is_some() {}
    neighbours.talk().await;

    // Whoever goes on does not get further.
    for _ in 0..3 {
        let mut socket = eve().await;
        send_parts(&mut socket, b"x", 0, FRAMES).await;
        while socket.packet().await.is_some() {}
        neighbours.talk().await;
    }

    // Nothing in a frame is nothing to keep.
    let mut socket = eve().await;
    send_parts(&mut socket, b"", 0, FRAMES).await;
    socket.is_open().await;
    neighbours.talk().await;

    let grown = server.memory("VmRSS").saturating_sub(before);
    println!("{grown} KiB more after {FRAMES} frames on each of five connections");
    assert!(grown < GROWTH, "{grown} KiB");
    drop((neighbours, socket));
    assert!(!server.last_words().iter().any(|line| line.contains("panicked")));
}
