//! What an agent writes in a real terminal, and what becomes of it: pastes, drafts over every way in
//! which a console ends, the agent's own editor, and a console that dies between handing a message
//! over and hearing that it was taken.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::{
    DEADLINE,
    people::{Agent, Guest},
    process::{At, PASSWORD, Server},
    proxy::{Flow, Proxy},
    script::signed_in,
    terminal::Terminal,
};

const ESC: &str = "\u{1b}";
const NOTE: &str = "\u{e}";
const EDITOR: &str = "\u{5}";

/// The files of the console in its home, by the beginning of their names.
fn files(home: &Path, prefix: &str) -> Vec<PathBuf> {
    let mut server = std::fs::read_dir(home).unwrap().map(|it| it.unwrap().path());
    let server = server.find(|path| path.is_dir()).unwrap();
    let files = std::fs::read_dir(server).unwrap().map(|it| it.unwrap().path());
    let named = |path: &PathBuf| path.file_name().unwrap().to_str().unwrap().starts_with(prefix);
    files.filter(named).collect()
}

/// Opens the only ticket there is.
fn opens(console: &mut Terminal, words: &str) {
    console.shows(words);
    console.keys("\r");
    console.shows("Alice joined the chat");
}

/// Waits until something is so that nobody tells of.
async fn until(what: &str, is: impl Fn() -> bool) {
    let mut looks = tokio::time::interval(Duration::from_millis(20));
    let began = Instant::now();
    while !is() {
        assert!(began.elapsed() < DEADLINE, "{what} never came");
        looks.tick().await;
    }
}

/// The next thing that an agent says to a guest.
async fn hears(maya: &mut Guest) -> String {
    loop {
        let mut notice = maya.socket.notice("message:new").await;
        if notice["message"]["senderRole"] == "agent" {
            return notice["message"]["content"].take().as_str().unwrap().to_owned();
        }
    }
}

/// Everything that the desk has of a ticket under this text.
async fn said(server: &At, ticket: &str, text: &str) -> usize {
    let token = Agent::token(server, "alice", PASSWORD).await.unwrap();
    let mut alice = Agent::connect(server, &token).await.unwrap();
    let joined = alice.done("ticket:join", json!({ "ticketId": ticket, "silent": true })).await;
    let count = |log: &Value| {
        log.as_array().map_or(0, |all| all.iter().filter(|it| it["content"] == text).count())
    };
    count(&joined["messages"]) + count(&joined["notes"])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_paste_is_text_to_the_last_line_and_sends_nothing() {
    let server = Server::start();
    let home = signed_in(&server, "alice");
    let mut maya = Guest::arrives(&server).await;
    let ticket = maya.opens_a_ticket("my card was declined").await;
    let mut console = Terminal::open(&server, home.path(), 24, 80);
    opens(&mut console, "my card was declined");

    console.keys("\u{1b}[200~first\rsecond\nthird\u{1b}[201~");
    console.until("three lines in the composer", |screen| {
        let lines: Vec<&str> = screen.lines().collect();
        let ends = |line: &str, word| line.trim_end().ends_with(word);
        lines.windows(3).any(|it| ends(it[0], "> first") && ends(it[2], "third"))
    });
    assert_eq!(said(&server, &ticket, "first\nsecond\nthird").await, 0);
    console.keys("\r");

    assert_eq!(hears(&mut maya).await, "first\nsecond\nthird");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn drafts_outlive_every_end_of_the_console_each_in_its_mode() {
    let server = Server::start();
    let home = signed_in(&server, "alice");
    let mut maya = Guest::arrives(&server).await;
    let ticket = maya.opens_a_ticket("my card was declined").await;

    let mut console = Terminal::open(&server, home.path(), 24, 80);
    opens(&mut console, "my card was declined");
    console.keys(&format!("dear Maya{NOTE}she is angry{NOTE}"));
    console.shows("note begun");
    for (end, more) in [("TERM", " one"), ("HUP", " two"), ("INT", " three")] {
        console.keys(more);
        console.shows(more);
        console.signal(end);
        console.ended();
        assert!(console.is_given_back(), "after {end}");
        console = Terminal::open(&server, home.path(), 24, 80);
        // The queue names what was begun; opening it brings the text back.
        console.until("a mark for the draft", |screen| screen.contains("\n *~  "));
        console.keys("\r");
        console.shows(more);
    }
    // A console that is killed loses what was typed in its last half second at most.
    let drafts = files(home.path(), "drafts-");
    console.keys(" four");
    console.shows("dear Maya one two three four");
    until("the draft on disk", || {
        drafts.iter().any(|it| std::fs::read_to_string(it).unwrap().contains("three four"))
    })
    .await;
    assert!(drafts.iter().all(|it| it.metadata().unwrap().permissions().mode() & 0o777 == 0o600));
    console.signal("KILL");
    console.ended();

    let mut console = Terminal::open(&server, home.path(), 24, 80);
    console.until("a mark for the draft", |screen| screen.contains("\n *~  "));
    console.keys("\r");
    console.shows("dear Maya one two three four");
    console.keys(NOTE);
    console.shows("# she is angry");
    console.keys(&format!("\r{NOTE}\r"));
    assert_eq!(hears(&mut maya).await, "dear Maya one two three four");
    assert_eq!(said(&server, &ticket, "she is angry").await, 1);
    console.keys(ESC);
    console.shows("x close");
    console.keys("q");
    assert_eq!(console.ended(), 0);
    let left = files(home.path(), "drafts-");
    assert!(left.iter().all(|it| std::fs::read_to_string(it).unwrap() == "[]"), "{left:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_editor_has_the_whole_terminal_and_the_text_comes_back_unsent() {
    let server = Server::start();
    let home = signed_in(&server, "alice");
    let mut maya = Guest::arrives(&server).await;
    let ticket = maya.opens_a_ticket("my card was declined").await;
    // An editor that shows what it was given, reads a line of keys, and ends.
    let script = home.path().join("an editor.sh");
    let words = "#!/bin/sh\ncat \"$2\"; ls -l \"$2\" | cut -c1-10; echo ready for $1\nread line\n\
                 printf '%s\\n\\033]0;evil\\007end\\n' \"$line\" >> \"$2\"\n";
    std::fs::write(&script, words).unwrap();
    std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o700)).unwrap();
    let editor = format!("'{}' --wait", script.display());
    let variables = [("VISUAL", editor.as_str()), ("PATH", "/usr/bin:/bin")];
    let mut console = Terminal::open_with(&server, home.path(), 24, 80, &variables);
    opens(&mut console, "my card was declined");

    console.keys(&format!("half a sentence{EDITOR}"));
    let screen = console.shows("ready for --wait");
    assert!(screen.contains("half a sentence") && screen.contains("-rw-------"), "{screen}");
    assert!(console.is_given_back());
    // Messages go on coming while the agent writes.
    maya.socket
        .done(
            "message:send",
            json!({ "ticketId": ticket, "content": "are you there?", "clientMessageId": "again" }),
        )
        .await;
    console.keys("jjxq and more\n");
    console.shows("are you there?");
    let screen = console.shows("jjxq and more");
    assert!(screen.contains("> half a sentence"), "{screen}");
    assert!(files(home.path(), ".writing-").is_empty());
    console.keys("\r");
    let content = hears(&mut maya).await;
    assert!(content.starts_with("half a sentence") && content.ends_with("end"), "{content:?}");
    assert!(!content.contains(['\u{1b}', '\u{7}']));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_editor_that_cannot_be_used_costs_nothing() {
    let server = Server::start();
    let home = signed_in(&server, "alice");
    Guest::arrives(&server).await.opens_a_ticket("my card was declined").await;
    for (editor, says) in
        [("/nonexistent/vi", "cannot start /nonexistent/vi"), ("false", "as it was")]
    {
        let variables = [("EDITOR", editor), ("PATH", "/usr/bin:/bin")];
        let mut console = Terminal::open_with(&server, home.path(), 24, 80, &variables);
        console.shows("my card was declined");
        console.keys("\r");
        console.shows("Reply to");
        console.keys(&format!("precious{EDITOR}"));
        console.shows(says);
        console.shows("> precious");
        console.keys("\u{3}\u{3}");
        assert_eq!(console.ended(), 0);
    }
}

/// A console dies after a message was handed over; whether the message or the word that it was
/// taken was still under way is `up` and `down`.
async fn dies_before_the_ack(up: Flow, down: Flow) {
    let server = Server::start();
    let proxy = Proxy::to(server.at().address).await;
    let home = signed_in(&proxy.at, "alice");
    let mut maya = Guest::arrives(&server).await;
    let ticket = maya.opens_a_ticket("my card was declined").await;
    let mut console = Terminal::open(&proxy.at, home.path(), 24, 80);
    opens(&mut console, "my card was declined");
    // The console asks one thing at a time: what it has asked so far is answered.
    while maya.socket.notice("ticket:read").await["seq"] != 2 {}
    assert_eq!(said(&server, &ticket, "refunded today").await, 0);

    proxy.flow(up, down);
    console.keys("refunded today\r");
    console.shows("sending…");
    if up == Flow::Open {
        // The desk has it; the console does not know.
        assert_eq!(hears(&mut maya).await, "refunded today");
    }
    console.signal("KILL");
    console.ended();
    proxy.cut();
    proxy.flow(Flow::Open, Flow::Open);

    let mut console = Terminal::open(&proxy.at, home.path(), 24, 80);
    if up != Flow::Open {
        assert_eq!(hears(&mut maya).await, "refunded today");
    }
    console.until("an empty outbox", |screen| {
        screen.contains("online") && screen.contains("1 open") && !screen.contains("unsent")
    });
    console.keys("\r");
    let screen = console.shows("▌ refunded today");
    assert_eq!(screen.matches("▌ refunded today").count(), 1, "{screen}");
    assert_eq!(said(&server, &ticket, "refunded today").await, 1);
    let outbox = files(home.path(), "outbox-");
    let read = |it: &PathBuf| std::fs::read_to_string(it).unwrap();
    until("an empty outbox on disk", || {
        outbox.iter().filter(|it| it.extension().unwrap() == "json").all(|it| read(it) == "[]")
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_whose_ack_died_with_the_console_is_there_once() {
    dies_before_the_ack(Flow::Open, Flow::Frozen).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_that_had_not_left_when_the_console_died_is_there_once() {
    dies_before_the_ack(Flow::Frozen, Flow::Open).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_leaves_is_told_what_is_not_sent_and_the_next_start_sends_it() {
    let server = Server::start();
    let mut maya = Guest::arrives(&server).await;
    let ticket = maya.opens_a_ticket("hello").await;
    let proxy = Proxy::to(server.at().address).await;
    let home = signed_in(&proxy.at, "alice");
    let mut console = Terminal::open(&proxy.at, home.path(), 24, 80);
    console.shows("1 open");
    console.keys("\r");
    console.shows("Alice joined the chat");
    proxy.flow(Flow::Frozen, Flow::Frozen);
    proxy.cut();
    console.shows("offline");

    console.keys("refunded today\r");
    console.shows("1 unsent");
    console.keys(ESC);
    console.shows("u unsent");
    console.keys("q");
    console.shows("Enter leaves, Esc stays");
    console.keys("\r");
    assert_eq!(console.ended(), 0);
    console.shows("1 message is not sent yet: the next start of the console sends it");
    assert!(console.is_given_back());

    proxy.flow(Flow::Open, Flow::Open);
    let console = Terminal::open(&proxy.at, home.path(), 24, 80);
    assert_eq!(hears(&mut maya).await, "refunded today");
    console.until("an empty outbox", |screen| !screen.contains("unsent"));
    assert_eq!(said(&server, &ticket, "refunded today").await, 1);
}
