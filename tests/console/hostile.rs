//! A guest, a colleague and a server that mean harm, against the real program: whatever they send,
//! no terminal does anything but draw.
//!
//! The real server takes control characters out of what it stores, so they are put in behind it: a
//! place-holder of six letters becomes a JSON escape of six letters on its way to the console.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Command, Output};
use std::thread;

use serde_json::json;

use crate::support::{
    people::{Agent, Guest},
    process::{At, Server},
    terminal::{AGENT, Terminal, signed_in},
};

/// Each place-holder, and what the console gets in its place.
const HARM: [(&[u8; 6], &[u8; 6]); 7] = [
    (b"QZESCZ", b"\\u001b"),
    (b"QZBELZ", b"\\u0007"),
    (b"QZCSIZ", b"\\u009b"),
    (b"QZOSCZ", b"\\u009d"),
    (b"QZSTRZ", b"\\u009c"),
    (b"QZRLOZ", b"\\u202e"),
    (b"QZBSPZ", b"\\u0008"),
];

const CORPUS: &[&str] = &[
    "QZESCZ]0;ownedQZBELZ",
    "QZESCZ]2;ownedQZESCZ\\",
    "QZOSCZ0;ownedQZSTRZ",
    "QZESCZ]52;c;aGVsbG8=QZBELZ",
    "QZESCZ]52;c;?QZBELZ",
    "QZESCZ]8;;http://evilQZESCZ\\clickQZESCZ]8;;QZESCZ\\",
    "QZESCZ]9;4;1;50QZBELZ",
    "QZESCZ]777;notify;a;bQZBELZ",
    "QZESCZ]1337;File=inline=1:AAAAQZBELZ",
    "QZESCZP0;1|17/abQZESCZ\\",
    "QZESCZ_Gf=24;AAAAQZESCZ\\",
    "QZESCZc",
    "QZESCZ[2JQZESCZ[H",
    "QZCSIZ31m",
    "QZESCZ[?1049l",
    "QZESCZ[?1000hQZESCZ[?2004l",
    "QZBELZQZBELZQZBSPZQZBSPZ",
    "QZRLOZgnp.exe",
];

/// Passes bytes on, and harm for place-holders on their way down.
fn harmful(server: SocketAddr) -> At {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let at = At { address: listener.local_addr().unwrap() };
    thread::spawn(move || {
        for client in listener.incoming() {
            let (Ok(client), Ok(server)) = (client, TcpStream::connect(server)) else { return };
            let (up, down) = (client.try_clone().unwrap(), server.try_clone().unwrap());
            thread::spawn(move || pass(up, server, false));
            thread::spawn(move || pass(down, client, true));
        }
    });
    at
}

fn pass(mut from: TcpStream, mut to: TcpStream, harm: bool) {
    let mut bytes = vec![0; 256 << 10];
    let mut held = 0;
    while let Ok(count @ 1..) = from.read(&mut bytes[held..]) {
        let mut end = held + count;
        held = 0;
        if harm {
            for (place, escape) in HARM {
                while let Some(at) = bytes[..end].windows(6).position(|it| it == place) {
                    bytes[at..at + 6].copy_from_slice(escape);
                }
            }
            // One that is cut in two waits for its other half.
            held = (1..6).rev().find(|it| bytes[..end].ends_with(&b"QZESCZ"[..*it])).unwrap_or(0);
            end -= held;
        }
        if to.write_all(&bytes[..end]).is_err() {
            break;
        }
        bytes.copy_within(end..end + held, 0);
    }
    let _ = to.shutdown(std::net::Shutdown::Both);
}

fn run(at: &At, home: &std::path::Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(AGENT);
    command.args(arguments).env("SUPPORT_SERVER", at.url("")).env("SUPPORT_AGENT_HOME", home);
    command.output().unwrap()
}

/// Everything that a program has printed has no character that acts.
fn is_tame(output: &Output) {
    for printed in [&output.stdout, &output.stderr] {
        let text = String::from_utf8(printed.clone()).unwrap();
        let acts = |c: char| c.is_control() && c != '\n' || c == '\u{202e}';
        assert!(!text.contains(acts), "{text:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_that_others_write_acts_on_the_terminal_or_on_what_reads_the_commands() {
    let server = Server::with(&[
        ("SUPPORT_LIMITS_GUEST_NEW_TICKETS", "0"),
        ("SUPPORT_LIMITS_GUEST_OPEN_TICKETS", "0"),
        ("SUPPORT_LIMITS_GUEST_MESSAGES_PER_SECOND", "0"),
        ("SUPPORT_LIMITS_GUEST_MESSAGES_PER_MINUTE", "0"),
    ]);
    let at = harmful(server.at().address);
    let mut maya = Guest::arrives(&server).await;
    let mut bob = Agent::signs_in(&server, "bob").await;
    let mut ticket = String::new();
    for (number, harm) in CORPUS.iter().enumerate() {
        let create = json!({
            "content": format!("c{harm}c"), "clientMessageId": format!("t{number}"),
            "subject": format!("s{harm}s"), "name": format!("n{harm}n"),
        });
        let created = maya.socket.done("ticket:create", create).await;
        created["ticket"]["id"].as_str().unwrap().clone_into(&mut ticket);
    }
    for (number, harm) in CORPUS.iter().enumerate() {
        let text = |content: String, internal: bool| {
            json!({
                "ticketId": ticket, "content": content, "internal": internal,
                "clientMessageId": format!("{internal}{number}")
            })
        };
        maya.socket.done("message:send", text(format!("m{harm}m"), false)).await;
        bob.socket.done("message:send", text(format!("i{harm}i"), true)).await;
    }
    let tag = json!({ "ticketId": ticket, "add": ["tQZESCZ]0;ownedQZBELZ"] });
    bob.socket.ask("ticket:tag", tag).await;
    let home = signed_in(&at, "alice");
    let listed = run(&at, home.path(), &["tickets", "list"]);
    is_tame(&listed);
    let listed = String::from_utf8(listed.stdout).unwrap();
    // The harm has come through: what would act is to be seen instead.
    assert!(listed.contains("s␛]0;owned␇s"), "{listed}");
    is_tame(&run(&at, home.path(), &["tickets", "list", "--json"]));
    for form in [&["tickets", "show", &ticket][..], &["tickets", "show", &ticket, "--json"]] {
        is_tame(&run(&at, home.path(), form));
    }

    let quiet = [("SUPPORT_AGENT_NOTIFY", "off"), ("SUPPORT_AGENT_NOTIFY_PREVIEW", "text")];
    let mut console = Terminal::open_with(&at, home.path(), 40, 120, &quiet);
    console.shows(&format!("{} open", CORPUS.len()));
    // The list; the last ticket, which has it all; its details, the people to assign it to, its
    // tags, the closing question, a search for it.
    console.keys("G\r");
    console.shows("Alice joined the chat");
    console.keys("\u{1b}");
    console.shows("r reply");
    console.keys("\u{1b}[5~");
    console.shows("below");
    for (key, part) in [("d", "Opened"), ("A", "Assign to"), ("T", "Tags ·"), ("x", "Close ")] {
        console.keys(key);
        console.shows(part);
        console.keys("\u{1b}");
        console.until("the end of the window", |screen| !screen.contains(part));
    }
    console.resize(60, 200);
    console.shows("Assignee");
    for harm in CORPUS {
        let id = ulid::Ulid::generate().to_string();
        let text =
            json!({ "ticketId": ticket, "content": format!("l{harm}l"), "clientMessageId": id });
        maya.socket.done("message:send", text).await;
    }
    let text = json!({ "ticketId": ticket, "content": "the last one", "clientMessageId": "last" });
    maya.socket.done("message:send", text).await;
    console.keys("\u{1b}[F");
    console.shows("the last one");

    assert_eq!(console.acts(), Vec::<String>::new());
    assert!(!String::from_utf8_lossy(&console.bytes()).contains('\u{202e}'));
    // What is copied can be pasted into a shell.
    console.keys("y");
    console.does("clipboard dGhlIGxhc3Qgb25l");
    console.keys("y");
    console.until("another copy", |screen| screen.contains("copied"));
    // The end of such a sequence is one that the parser does not know by itself.
    let mut acts = console.acts();
    acts.retain(|act| !act.starts_with("clipboard ") && act != "escape 92");
    assert_eq!(acts, Vec::<String>::new());
}
