//! The line mode in pipes: no terminal anywhere, and nothing in its output that moves a cursor.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::{
    DEADLINE,
    people::{Agent, Guest},
    process::{At, PASSWORD, Server},
    proxy::Proxy,
    script::{AGENT, signed_in},
};

/// A line mode, and what it has printed.
pub(super) struct Plain {
    child: Child,
    input: Option<ChildStdin>,
    lines: mpsc::Receiver<Vec<u8>>,
    printed: Vec<u8>,
}

impl Plain {
    pub(super) fn starts(server: &At, home: &Path) -> Self {
        let mut child = Command::new(AGENT)
            .arg("--plain")
            .env("SUPPORT_SERVER", server.url(""))
            .env("SUPPORT_AGENT_HOME", home)
            .env("TZ", "UTC")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let input = child.stdin.take();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let (tell, lines) = mpsc::channel();
        std::thread::spawn(move || {
            let mut line = Vec::new();
            while output.read_until(b'\n', &mut line).is_ok_and(|count| count > 0) {
                let _ = tell.send(std::mem::take(&mut line));
            }
        });
        Self { child, input, lines, printed: Vec::new() }
    }

    pub(super) fn types(&mut self, lines: &str) {
        self.input.as_mut().unwrap().write_all(lines.as_bytes()).unwrap();
    }

    /// Waits for a line that contains `part`.
    fn says(&mut self, part: &str) -> String {
        let began = Instant::now();
        loop {
            let left = DEADLINE.saturating_sub(began.elapsed());
            let Ok(line) = self.lines.recv_timeout(left) else {
                panic!("{part:?} was not said:\n{}", String::from_utf8_lossy(&self.printed));
            };
            self.printed.extend(&line);
            let line = String::from_utf8(line).unwrap();
            if line.contains(part) {
                return line;
            }
        }
    }

    /// Ends the input; answers with the exit status, all that was printed, and the complaints.
    pub(super) fn ends(mut self) -> (i32, String, String) {
        drop(self.input.take());
        let status = self.child.wait().unwrap().code().unwrap();
        self.printed.extend(self.lines.iter().flatten());
        let mut complaints = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut complaints).unwrap();
        let printed = String::from_utf8(std::mem::take(&mut self.printed)).unwrap();
        let acts = |c: char| c.is_control() && c != '\n';
        assert!(
            !printed.contains(acts) && !complaints.contains(acts),
            "{printed:?} {complaints:?}"
        );
        (status, printed, complaints)
    }
}

impl Drop for Plain {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The ref of a ticket.
async fn reference(agent: &mut Agent, ticket: &str) -> String {
    let asked = json!({ "ticketId": ticket, "silent": true });
    let joined = agent.socket.done("ticket:join", asked).await;
    joined["ticket"]["ref"].as_str().unwrap().to_owned()
}

/// What agents have said in a ticket, and what they have noted.
async fn said(server: &At, ticket: &str) -> (Vec<String>, Vec<String>) {
    let token = Agent::token(server, "bob", PASSWORD).await.unwrap();
    let mut bob = Agent::connect(server, &token).await.unwrap();
    let joined = bob.done("ticket:join", json!({ "ticketId": ticket, "silent": true })).await;
    let texts = |log: &serde_json::Value| {
        let agents = log.as_array().unwrap().iter().filter(|it| it["senderRole"] == "agent");
        agents.map(|it| it["content"].as_str().unwrap().to_owned()).collect()
    };
    (texts(&joined["messages"]), texts(&joined["notes"]))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_script_of_lines_answers_and_closes_a_ticket() {
    let server = Server::start();
    let mut maya = Guest::arrives(&server).await;
    let ticket = maya.opens_a_ticket("my card\u{1b}]0;mine\u{7} was\u{9b}2J declined\nagain").await;
    let mut bob = Agent::signs_in(&server, "bob").await;
    let reference = reference(&mut bob, &ticket).await;
    let home = signed_in(&server, "alice");

    let mut plain = Plain::starts(&server, home.path());
    plain.types(&format!(
        "list\njoin {reference}\nclaim\nreply close the app and try again\nnote she is abroad\nreply\none\n\ntwo\n.\nclose\nyes\n"
    ));
    let (status, printed, complaints) = plain.ends();

    assert_eq!((status, complaints.as_str()), (0, ""), "{printed}");
    let (replies, notes) = said(&server, &ticket).await;
    assert_eq!(replies, ["close the app and try again", "one\n\ntwo"]);
    assert_eq!(notes, ["she is abroad"]);
    assert!(
        printed.contains("guest Guest: my card]0;mine was2J declined\n    again\n"),
        "{printed}"
    );
    assert!(printed.contains(" you: close the app and try again\n"), "{printed}");
    assert!(printed.contains(" you: one\n    \n    two\n"), "{printed}");
    assert!(printed.contains(&format!("{reference} is closed")), "{printed}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_guest_says_is_read_out_as_it_comes() {
    let server = Server::start();
    let mut maya = Guest::arrives(&server).await;
    let ticket = maya.opens_a_ticket("hello").await;
    let home = signed_in(&server, "alice");
    let mut plain = Plain::starts(&server, home.path());
    plain.says("online as Alice: 1 waiting, 1 open");

    plain.types("next\n");
    plain.says("guest Guest: hello");
    let text = json!({ "ticketId": ticket, "content": "anybody?", "clientMessageId": "k" });
    maya.socket.done("message:send", text).await;
    plain.says("guest Guest: anybody?");
    plain.types("I am here\n");
    plain.says("you: I am here");
    plain.types("quit\n");

    assert_eq!(plain.ends().0, 0);
    assert_eq!(said(&server, &ticket).await.0, ["I am here"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_line_that_could_not_be_sent_is_kept_and_sent_once_by_the_next_run() {
    let server = Server::start();
    let proxy = Proxy::to(server.at().address).await;
    let mut maya = Guest::arrives(&server).await;
    let ticket = maya.opens_a_ticket("hello").await;
    let home = signed_in(&server, "alice");
    let mut plain = Plain::starts(&proxy.at, home.path());
    // Of another address: its own sign-in, its own files.
    plain.child.wait().unwrap();
    let (status, _, complaints) = plain.ends();
    assert_eq!(status, 3, "{complaints}");

    let home = signed_in(&proxy.at, "alice");
    let mut plain = Plain::starts(&proxy.at, home.path());
    plain.types("next\n");
    plain.says("guest Guest: hello");
    proxy.refuse(true);
    proxy.cut();
    plain.says("connection lost");
    plain.types("paid back today\n");
    plain.says("is kept until the server is back");
    let (status, _, complaints) = plain.ends();
    assert_eq!(status, 8, "{complaints}");
    assert!(complaints.contains("1 message is not sent"), "{complaints}");
    assert!(said(&server, &ticket).await.0.is_empty());

    proxy.refuse(false);
    for _ in 0..2 {
        assert_eq!(Plain::starts(&proxy.at, home.path()).ends().0, 0);
        assert_eq!(said(&server, &ticket).await.0, ["paid back today"]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_not_done_is_in_the_exit_status() {
    let server = Server::start();
    let home = signed_in(&server, "alice");
    for (lines, expected) in [
        ("join 000000\n", 5),
        ("hello\n", 2),
        ("clsoe\n", 2),
        ("list\n", 0),
        ("erase-word\n", 2),
        ("reply\nhalf", 2),
        ("search one two three four five six seven eight nine\nlist\n", 2),
    ] {
        let mut plain = Plain::starts(&server, home.path());
        plain.types(lines);
        let began = Instant::now();
        let (status, printed, _) = plain.ends();
        assert_eq!(status, expected, "{lines:?}: {printed}");
        assert!(began.elapsed() < Duration::from_secs(10), "{lines:?}");
    }
}

/// A guest has told its name.
async fn maya(server: &Server) -> (Guest, String) {
    let mut maya = Guest::arrives(server).await;
    let create = json!({ "content": "my card", "name": "Maya", "clientMessageId": "m" });
    let created = maya.socket.done("ticket:create", create).await;
    let ticket = created["ticket"]["id"].as_str().unwrap().to_owned();
    (maya, ticket)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shift_is_worked_by_the_names_of_the_commands_and_none_of_them_reaches_the_guest() {
    let server = Server::start();
    let (_maya, ticket) = maya(&server).await;
    let mut bob = Agent::signs_in(&server, "bob").await;
    let reference = reference(&mut bob, &ticket).await;
    drop(bob);
    let home = signed_in(&server, "alice");

    let mut plain = Plain::starts(&server, home.path());
    let lines = [
        "search maya",
        &format!("join {reference}"),
        "tags vip, card",
        "priority high",
        "details",
        "assign bob",
        "hand-back ask her again",
        "who",
        "canned",
        "canned bye",
        "back",
        &format!("join {reference}"),
        "open the window",
        "palette",
        "Assign bob",
        "Back soon",
        "close all done",
        "yes",
        "list closed",
        &format!("join {reference}"),
        "reopen",
        "tags",
    ];
    plain.types(&(lines.join("\n") + "\n"));
    let (status, printed, _) = plain.ends();

    // What could not be done is in the exit status.
    assert_eq!(status, 5, "{printed}");
    let (replies, notes) = said(&server, &ticket).await;
    assert_eq!(replies, ["Back soon"], "{printed}");
    assert_eq!(notes, ["ask her again"], "{printed}");
    for part in [
        &format!("{reference} Maya"),
        "Alice set tags: vip, card",
        "Alice set priority: high",
        "Tags: vip, card",
        "is assigned to Bob",
        "is back in the queue",
        "Bob, ",
        "the desk has no canned replies",
        "no canned reply is called bye",
        "open takes the six characters",
        "palette is for the screen",
        "did you mean assign bob?",
        "who can read this: all done? yes or no",
        &format!("{reference} is closed"),
        &format!("{reference} is open again"),
        "tags: vip, card",
    ] {
        assert!(printed.contains(part), "{part} is not in\n{printed}");
    }
}
