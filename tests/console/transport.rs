//! Where the console sends what it knows (T35): to the server that it was given and nowhere else,
//! and never in the clear to another machine.

use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::process::Output;
use std::sync::mpsc;
use std::thread;

use crate::support::{
    DEADLINE,
    http::whole,
    process::{PASSWORD, Setup},
    script::{agent, signed_in},
};

/// Everything that was printed.
fn printed(output: &Output) -> String {
    String::from_utf8([output.stdout.clone(), output.stderr.clone()].concat()).unwrap()
}

const LOGIN: [&str; 4] = ["login", "--username", "alice", "--password-stdin"];

/// Asserts that nobody has ever connected here.
fn is_untouched(listener: &TcpListener) {
    listener.set_nonblocking(true).unwrap();
    assert_eq!(listener.accept().unwrap_err().kind(), ErrorKind::WouldBlock);
}

/// Sends whoever comes first elsewhere; what it asks for, in its head and in its body.
fn send_elsewhere(
    listener: TcpListener,
    status: u16,
    target: String,
) -> mpsc::Receiver<(String, String)> {
    let (tell, told) = mpsc::channel();
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        let mut heard = Vec::new();
        let asked = loop {
            if let Some(asked) = whole(&heard) {
                break asked;
            }
            let mut piece = [0; 4096];
            let read = stream.read(&mut piece).unwrap();
            assert_ne!(read, 0, "the request ends early: {}", heard.escape_ascii());
            heard.extend(&piece[..read]);
        };
        let answer = format!(
            "HTTP/1.1 {status} Elsewhere\r\nlocation: {target}\r\ncontent-length: 0\r\n\
             connection: close\r\n\r\n"
        );
        stream.write_all(answer.as_bytes()).unwrap();
        tell.send(asked).unwrap();
    });
    told
}

#[test]
fn over_http_to_another_machine_nothing_is_sent() {
    // This is a way to this machine that is not the loopback: whoever comes would be heard.
    let listener = TcpListener::bind((Ipv4Addr::UNSPECIFIED, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let home = tempfile::tempdir().unwrap();

    for server in ["http://chat.example".to_owned(), format!("http://0.0.0.0:{port}")] {
        for arguments in [&LOGIN[..], &["--plain"]] {
            let output = agent(&server, home.path(), arguments, PASSWORD);
            let printed = printed(&output);
            assert!(!output.status.success(), "{server}: {printed}");
            assert!(printed.contains("http would send passwords and messages in the clear"));
            assert!(!printed.contains(PASSWORD));
        }
    }

    is_untouched(&listener);
    assert_eq!(std::fs::read_dir(home.path()).unwrap().count(), 0);
}

#[test]
fn a_server_that_sends_the_login_elsewhere_is_not_followed() {
    let elsewhere = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let target = format!("http://{}/agent/login", elsewhere.local_addr().unwrap());
    let home = tempfile::tempdir().unwrap();

    for status in [301, 302, 303, 307, 308] {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let server = format!("http://{}", listener.local_addr().unwrap());
        let comes = send_elsewhere(listener, status, target.clone());

        let output = agent(&server, home.path(), &LOGIN, PASSWORD);

        let printed = printed(&output);
        assert!(!output.status.success(), "{status}: {printed}");
        assert!(!printed.contains(PASSWORD), "{status}: {printed}");
        // It has tried, at the one that it was given.
        let (head, body) = comes.recv_timeout(DEADLINE).expect("somebody comes");
        assert!(head.starts_with("POST /agent/login ") && body.contains(PASSWORD), "{status}");
    }

    is_untouched(&elsewhere);
}

#[test]
fn a_server_that_sends_the_token_elsewhere_is_not_followed() {
    let elsewhere = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let target = format!("http://{}/", elsewhere.local_addr().unwrap());
    let mut server = Setup::with(&[]).lasting().start(&["alice"]);
    let home = signed_in(&server, "alice");
    let (address, url) = (server.address, server.url(""));
    server.kill();
    let listener = TcpListener::bind(address).unwrap();
    let comes = send_elsewhere(listener, 307, target);

    let output = agent(&url, home.path(), &["logout"], PASSWORD);

    let (head, _) = comes.recv_timeout(DEADLINE).expect("somebody comes");
    assert!(head.to_ascii_lowercase().contains("authorization: bearer "), "{head}");
    let token = head.split_once("earer ").unwrap().1.lines().next().unwrap();
    assert!(!printed(&output).contains(token));
    is_untouched(&elsewhere);
}
