//! Who holds connections without using them: each ends in time, and an address has so many.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use super::counted;
use crate::support::{
    DEADLINE,
    people::Agent,
    process::{PASSWORD, Server, free_address},
};

/// How long one waits for an answer between two bytes of a body.
const DRIP: Duration = Duration::from_millis(100);

/// Whether the other end has ended the connection, waiting no longer than the stream's own time.
fn has_ended(stream: &mut TcpStream) -> bool {
    match stream.read(&mut [0; 4096]) {
        Ok(0) => true,
        Ok(_) => false,
        Err(error) => !matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut),
    }
}

/// Sends a head that announces a body, and of the body a byte at a time; how long it was listened to.
fn drip(server: &Server, head: &str) -> Duration {
    let mut stream = TcpStream::connect(server.address).unwrap();
    stream.set_read_timeout(Some(DRIP)).unwrap();
    stream.write_all(head.as_bytes()).unwrap();
    let began = Instant::now();
    while began.elapsed() < DEADLINE {
        if stream.write_all(b"x").is_err() || has_ended(&mut stream) {
            return began.elapsed();
        }
    }
    panic!("still listened to after {DEADLINE:?}");
}

#[test]
fn a_body_that_comes_byte_by_byte_has_to_end_in_time_all_the_same() {
    let server = Server::with(&[("SUPPORT_LIMITS_CONNECT_TIMEOUT_MS", "1000")]);

    let head = "POST /agent/login HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n\
                content-length: 1000\r\n\r\n";
    let took = drip(&server, head);

    assert!(took < Duration::from_secs(5), "{took:?}");
}

#[test]
fn a_polling_body_has_to_end_in_time_too() {
    let server = Server::with(&[("SUPPORT_LIMITS_CONNECT_TIMEOUT_MS", "1000")]);
    let mut opened = String::new();
    let mut stream = TcpStream::connect(server.address).unwrap();
    stream
        .write_all(
            b"GET /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n",
        )
        .unwrap();
    stream.read_to_string(&mut opened).unwrap();
    let (_, rest) = opened.split_once("\"sid\":\"").unwrap();
    let (sid, _) = rest.split_once('"').unwrap();

    let head = format!(
        "POST /socket.io/?EIO=4&transport=polling&sid={sid} HTTP/1.1\r\nhost: x\r\n\
         content-type: text/plain\r\ncontent-length: 1000\r\n\r\n"
    );
    let took = drip(&server, &head);

    assert!(took < Duration::from_secs(5), "{took:?}");
}

/// T14: the head of a request has to end in time, however it comes.
#[test]
fn a_head_that_comes_byte_by_byte_has_to_end_in_time() {
    let server = Server::with(&[("SUPPORT_LIMITS_CONNECT_TIMEOUT_MS", "1000")]);

    for head in ["", "GET /healthz HTTP/1.1\r\nhost: x\r\nx-slow:"] {
        let took = drip(&server, head);
        assert!(took < Duration::from_secs(5), "{head:?}: {took:?}");
        assert!(took > Duration::from_millis(500), "{head:?}: {took:?}");
    }
}

/// T14: those who hold connections and do nothing with them are in nobody's way.
#[tokio::test]
async fn a_login_goes_through_beside_many_idle_connections() {
    let server = Server::with(&[("SUPPORT_LIMITS_ADDRESS_CONNECTIONS", "0")]);
    let alone = Instant::now();
    Agent::token(&server, "alice", PASSWORD).await.unwrap();
    let alone = alone.elapsed();

    // A third has asked for something and keeps the connection, a third has begun to ask, and a
    // third has said nothing.
    let mut idle: Vec<TcpStream> =
        (0..200).map(|_| TcpStream::connect(server.address).unwrap()).collect();
    for (place, stream) in idle.iter_mut().enumerate() {
        match place % 3 {
            0 => assert!(is_let_in(&server, stream)),
            1 => stream.write_all(b"POST /agent/login HTTP/1.1\r\nhost: x\r\n").unwrap(),
            _ => {}
        }
    }
    let mut slowest = Duration::ZERO;
    for _ in 0..5 {
        let began = Instant::now();
        Agent::token(&server, "alice", PASSWORD).await.unwrap();
        slowest = slowest.max(began.elapsed());
    }

    println!("a login takes {alone:?} alone, {slowest:?} beside {} idle connections", idle.len());
    assert!(slowest < alone * 4 + Duration::from_secs(5), "{alone:?} alone, {slowest:?} beside");
}

/// A connection that is let in is there as long as it likes to be silent; one that is not ends.
fn is_let_in(server: &Server, stream: &mut TcpStream) -> bool {
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    let asked = stream.write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n");
    let mut answer = [0; 12];
    let answered = asked.is_ok() && stream.read_exact(&mut answer).is_ok();
    assert!(!answered || &answer == b"HTTP/1.1 200", "{}", server.address);
    answered
}

#[tokio::test]
async fn an_address_holds_so_many_connections_and_gets_them_back() {
    let metrics = free_address();
    let server = Server::with(&[
        ("SUPPORT_METRICS", &metrics.to_string()),
        ("SUPPORT_LIMITS_ADDRESS_CONNECTIONS", "3"),
    ]);
    let connect = || TcpStream::connect(server.address).unwrap();

    let mut held: Vec<TcpStream> = (0..3).map(|_| connect()).collect();
    for stream in &mut held {
        assert!(is_let_in(&server, stream));
    }
    // What it says of itself makes no difference: it is the peer that counts.
    let mut fourth = connect();
    let _ = fourth.write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\nx-forwarded-for: 1.2.3.4\r\n");
    assert!(!is_let_in(&server, &mut fourth));
    assert_eq!(counted(metrics, "address_connections").await, 1);

    held.pop();
    let deadline = Instant::now() + DEADLINE;
    while !is_let_in(&server, &mut connect()) {
        assert!(Instant::now() < deadline, "the place is not given back");
    }
}

#[test]
fn a_proxy_that_the_operator_trusts_brings_as_many_as_it_likes() {
    let server = Server::with(&[
        ("SUPPORT_TRUSTED_PROXIES", "127.0.0.1"),
        ("SUPPORT_LIMITS_ADDRESS_CONNECTIONS", "1"),
    ]);

    let mut held: Vec<TcpStream> =
        (0..20).map(|_| TcpStream::connect(server.address).unwrap()).collect();

    assert!(held.iter_mut().all(|stream| is_let_in(&server, stream)));
}
