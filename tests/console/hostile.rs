//! A guest, a colleague and a server that mean harm, against the real program: whatever they send,
//! no terminal does anything but draw.
//!
//! The real server takes control characters out of what it stores, so they are put in behind it: a
//! place-holder of six letters becomes a JSON escape of six letters on its way to the console.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::process::Output;
use std::thread;

use serde_json::json;

use super::plain::Plain;
use crate::support::{
    people::{Agent, Guest},
    process::{At, Server},
    script::{agent, signed_in},
    terminal::Terminal,
};

/// Each place-holder, and what the console gets in its place.
const HARM: [(&[u8; 6], &[u8; 6]); 17] = [
    (b"QZESCZ", b"\\u001b"),
    (b"QZBELZ", b"\\u0007"),
    (b"QZCSIZ", b"\\u009b"),
    (b"QZOSCZ", b"\\u009d"),
    (b"QZSTRZ", b"\\u009c"),
    (b"QZRLOZ", b"\\u202e"),
    (b"QZBSPZ", b"\\u0008"),
    (b"QZENQZ", b"\\u0005"),
    (b"QZPDFZ", b"\\u202c"),
    (b"QZRLIZ", b"\\u2067"),
    (b"QZPDIZ", b"\\u2069"),
    (b"QZZWSZ", b"\\u200b"),
    (b"QZBOMZ", b"\\ufeff"),
    (b"QZDELZ", b"\\u007f"),
    (b"QZNULZ", b"\\u0000"),
    (b"QZSIBZ", b"\\u000f"),
    (b"QZSOBZ", b"\\u000e"),
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
    // Titles, icons, and what other programs' terminals do with them.
    "QZESCZ]1;iconQZBELZ",
    "QZESCZ]0;titleQZSTRZ",
    "QZESCZ]21;titleQZBELZ",
    "QZESCZ[22;0tQZESCZ[23;0t",
    "QZESCZ[21t",
    "QZESCZ[18t",
    // The clipboard, in every way of ending it.
    "QZESCZ]52;p;cm0gLXJmQZESCZ\\",
    "QZOSCZ52;c;cm0gLXJmQZSTRZ",
    "QZESCZ]5522;type=readQZESCZ\\",
    // Notices, progress, working directories, prompts.
    "QZESCZ]9;evilQZBELZ",
    "QZESCZ]99;i=1;evilQZESCZ\\",
    "QZESCZ]7;file://evil/QZBELZ",
    "QZESCZ]133;AQZBELZ",
    "QZESCZ]633;P;Cwd=/QZBELZ",
    // Colours of the terminal itself.
    "QZESCZ]4;1;#ff0000QZBELZ",
    "QZESCZ]10;?QZBELZ",
    "QZESCZ]11;#ffffffQZBELZ",
    "QZESCZ]104QZBELZ",
    // Questions that the terminal answers as if somebody typed.
    "QZESCZ[cQZESCZ[>cQZESCZ[=c",
    "QZESCZ[5nQZESCZ[6n",
    "QZESCZP$qmQZESCZ\\",
    "QZESCZP+q544eQZESCZ\\",
    "QZENQZ",
    // Pictures, tmux and screen.
    "QZESCZPqQZESCZ\\",
    "QZESCZPtmux;QZESCZQZESCZ]0;ownedQZBELZQZESCZ\\",
    "QZESCZkownedQZESCZ\\",
    "QZESCZ^pmQZESCZ\\",
    "QZESCZXsosQZESCZ\\",
    // Modes, margins, character sets, cursors.
    "QZESCZ[?25l",
    "QZESCZ[?1hQZESCZ[?7l",
    "QZESCZ[2;5r",
    "QZESCZ(0lqqkQZESCZ(B",
    "QZESCZ#8",
    "QZESCZ7QZESCZ8",
    "QZESCZ[4hQZESCZ[20h",
    "QZESCZ[?2026h",
    "QZESCZ[?1003hQZESCZ[?1006h",
    "QZESCZ[>1uQZESCZ[=1u",
    "QZESCZ[5 qQZESCZ[!p",
    "QZESCZ=QZESCZ>",
    "QZESCZDQZESCZEQZESCZM",
    "QZESCZ[3JQZESCZ[1LQZESCZ[1M",
    "QZESCZ[8mhiddenQZESCZ[0m",
    "QZESCZ[31",
    "QZESCZ",
    "QZESCZ]0;no end",
    // What is no sequence, and misleads all the same.
    "QZRLOZevilQZPDFZ and QZRLIZevilQZPDIZ",
    "QZZWSZzQZBOMZero",
    "QZDELZQZNULZQZSIBZQZSOBZ",
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
            let begins = |it: &usize| {
                let tail = &bytes[end - (*it).min(end)..end];
                tail.starts_with(b"QZ") || tail == b"Q"
            };
            held = (1..6).rev().find(begins).unwrap_or(0);
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
    agent(&at.url(""), home, arguments, "")
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
        ("SUPPORT_LIMITS_AGENT_MESSAGES_PER_SECOND", "0"),
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

/// The ways out of the console that the other test does not go: notices of every kind, canned
/// replies, the palette, lines, the log, and the file that an editor is given.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_others_write_is_tame_on_every_way_out() {
    let server = Server::with_admin();
    let at = harmful(server.at().address);
    let everything = CORPUS.join(" ");
    let root = signed_in(&server, "root");
    for (number, text) in [everything.as_str(), &CORPUS.join("\n")].into_iter().enumerate() {
        let (name, title) = (format!("harm{number}"), format!("t{}t", CORPUS[number]));
        let added =
            run(&server, root.path(), &["canned", "add", &name, "--title", &title, "--text", text]);
        assert!(added.status.success(), "{added:?}");
    }
    let home = signed_in(&at, "alice");
    let (log, edited) = (home.path().join("log"), home.path().join("edited"));
    let script = home.path().join("editor.sh");
    let words = format!("#!/bin/sh\ncp \"$1\" '{}'\necho the end >> \"$1\"\n", edited.display());
    std::fs::write(&script, words).unwrap();
    std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o700)).unwrap();
    let environment = [
        ("SUPPORT_AGENT_NOTIFY", "bell,osc9,osc777,osc99"),
        ("SUPPORT_AGENT_NOTIFY_PREVIEW", "text"),
        ("SUPPORT_AGENT_LOG", log.to_str().unwrap()),
        ("SUPPORT_AGENT_LOG_FILTER", "debug"),
        ("EDITOR", script.to_str().unwrap()),
        ("PATH", "/usr/bin:/bin"),
    ];
    let mut console = Terminal::open_with(&at, home.path(), 40, 120, &environment);
    console.shows("No open tickets");

    // A notice, by every channel, with the guest's words in it.
    let mut maya = Guest::arrives(&server).await;
    let name = format!("n{}{}", CORPUS[0], CORPUS[17]);
    let create = json!({ "content": everything, "name": name, "clientMessageId": "t" });
    let created = maya.socket.done("ticket:create", create).await;
    let ticket = created["ticket"]["id"].as_str().unwrap();
    console.shows("1 open");
    // Of each notice the last is kitty's text, after its title.
    console.does_something_like(
        "osc [[57, 57], [105, 61, 115, 117, 112, 112, 111, 114, 116, 58, 100, 61, 49",
    );
    let acts = console.acts();
    let ours = |kind: &str| acts.iter().filter(|act| act.starts_with(kind)).count();
    let (bells, nine, more) = (ours("bell"), ours("osc [[57],"), ours("osc [[55, 55, 55],"));
    let (kitty, ends) = (ours("osc [[57, 57],"), ours("escape 92"));
    assert!(nine >= 1 && (bells, more) == (nine, nine), "{acts:?}");
    assert_eq!((kitty, acts.len()), (2 * nine, bells + nine + more + kitty + ends), "{acts:?}");

    // The palette; then a canned reply, and the file that an editor is given of it.
    console.keys("\u{b}gnp.exe");
    console.shows("Enter joins the ticket");
    console.keys("\u{1b}");
    console.until("no list", |screen| !screen.contains("Commands and tickets"));
    console.keys("\r");
    console.shows("Alice joined the chat");
    console.keys("/");
    console.shows("Canned replies");
    console.keys("harm1\r");
    console.until("the reply", |screen| !screen.contains("Canned replies"));
    console.keys("\u{5}");
    console.shows("the end");
    let kept = std::fs::read_to_string(&edited).unwrap();
    let acts_in = |text: &str| {
        text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\t') || c == '\u{202e}')
    };
    assert!(kept.contains("owned") && !acts_in(&kept), "{kept:?}");
    let logged = std::fs::read_to_string(&log).unwrap();
    assert!(!logged.is_empty() && !acts_in(&logged), "{logged:?}");
    let known = ["bell", "osc [[57],", "osc [[55, 55, 55],", "osc [[57, 57],", "escape 92"];
    let mut others = console.acts();
    others.retain(|act| !known.iter().any(|it| act.starts_with(it)));
    assert_eq!(others, Vec::<String>::new());
    drop(console);

    // Lines: what ends a run is looked at for characters that act.
    let home = signed_in(&at, "bob");
    let mut plain = Plain::starts(&at, home.path());
    plain.types(&format!(
        "list\nsearch n\nwatch {ticket}\ndetails\nwho\ntags\ncanned\nclose\nno\nunsent\n"
    ));
    let (status, printed, _) = plain.ends();
    assert_eq!(status, 0, "{printed}");
    assert!(printed.contains("␛]0;owned␇") && printed.contains("harm1: t"), "{printed}");
    assert!(!printed.contains('\u{202e}'), "{printed}");
}
