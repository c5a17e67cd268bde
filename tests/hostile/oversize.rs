//! Messages that are too large, or say that they are: the connection ends, and nothing is kept.

use std::io::{Read, Write};
use std::net::TcpStream;

use serde_json::json;
use tokio_tungstenite::tungstenite::Message;

use super::{Neighbours, UNLIMITED};
use crate::support::{
    DEADLINE,
    client::Client,
    people::Guest,
    process::{At, Server},
};

/// KiB by which one message may make the server grow at its peak. Kept as it comes, the largest
/// would be 15 MiB, and as much again as text.
const GROWTH: u64 = 4 * 1024;

/// By how much the server grows while this is done, at its peak.
async fn grows(server: &Server, work: impl Future<Output = ()>) -> u64 {
    server.forget_peak();
    let before = server.memory("VmRSS");
    work.await;
    server.memory("VmHWM").saturating_sub(before)
}

/// Opens a websocket by hand.
fn upgraded(server: &At, cookie: &str) -> TcpStream {
    let mut stream = TcpStream::connect(server.address).unwrap();
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    let head = format!(
        "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nhost: desk\r\ncookie: {cookie}\r\n\
         connection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n\
         sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).unwrap();
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        answer.push(byte[0]);
    }
    assert!(answer.starts_with(b"HTTP/1.1 101 "), "{}", String::from_utf8_lossy(&answer));
    stream
}

/// The header of a masked frame that announces so many bytes.
fn header(kind: u8, announced: u64) -> Vec<u8> {
    let mut header = vec![0x80 | kind, 0x80 | 127];
    header.extend(announced.to_be_bytes());
    header.extend([0; 4]);
    header
}

/// Sends a frame, and what it has of its bytes, over and over until the other end has had enough.
fn ends(mut stream: TcpStream, header: &[u8]) {
    let mut sent = stream.write_all(header);
    for _ in 0..256 {
        sent = sent.and_then(|()| stream.write_all(&[b'x'; 4_096]));
    }
    // The end may be a reset, if more was sent than was read.
    let _ = stream.read_to_end(&mut Vec::new());
}

/// T06: the connection is closed, and the server has grown by less than the message.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_of_any_size_closes_its_connection_and_costs_no_memory() {
    let mut server = Server::with(&UNLIMITED);
    let mut neighbours = Neighbours::meet(&server).await;
    let (cookie, _) = Guest::session(&server).await;
    neighbours.talk().await;

    for bytes in [70 * 1_024, 1 << 20, 15 << 20] {
        for text in [true, false] {
            let headers = [("cookie", cookie.as_str())];
            let mut socket = Client::connect(&server, "/guest", &headers, json!({})).await.unwrap();
            let grown = grows(&server, async {
                let body = vec![b'x'; bytes];
                let frame = if text {
                    Message::text(String::from_utf8(body).unwrap())
                } else {
                    Message::binary(body)
                };
                socket.frame(frame).await;
                while socket.packet().await.is_some() {}
            });
            let grown = grown.await;
            println!("{bytes} bytes, text {text}: {grown} KiB more");
            assert!(grown < GROWTH, "{bytes} bytes: {grown} KiB");
            neighbours.talk().await;
        }
    }
    for announced in [1 << 62, u64::MAX >> 1, u64::MAX, 1 << 32, 65_537] {
        for kind in [1, 2, 0, 9] {
            let stream = upgraded(&server, &cookie);
            let grown = grows(&server, async { ends(stream, &header(kind, announced)) }).await;
            assert!(grown < GROWTH, "{announced} announced in frame {kind}: {grown} KiB");
        }
        neighbours.talk().await;
    }

    drop(neighbours);
    assert!(!server.last_words().iter().any(|line| line.contains("panicked")));
}
