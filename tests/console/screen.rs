//! What the console does to its terminal beyond drawing: the clipboard, the mouse, colours, sizes,
//! being stopped and let go on; and what a guest can do to it, which is nothing.

use portable_pty::CommandBuilder;
use serde_json::json;

use crate::support::{
    people::{Agent, Guest},
    process::Server,
    script::{AGENT, signed_in},
    terminal::Terminal,
};

const ESC: &str = "\u{1b}";

/// A console with the only ticket open and the keys on the conversation's commands.
fn in_conversation(
    server: &Server,
    home: &tempfile::TempDir,
    environment: &[(&str, &str)],
) -> Terminal {
    let mut console = Terminal::open_with(server, home.path(), 24, 80, environment);
    console.shows("1 open");
    console.keys("\r");
    console.until("the conversation", |screen| {
        screen.contains("▌ guest Guest") || screen.contains("Alice joined the chat")
    });
    console.keys(ESC);
    if !console.shows("r reply").contains("Alice joined the chat") {
        // It was opened at what is unread: on to the end.
        console.keys("G");
    }
    console.shows("Alice joined the chat");
    console
}

#[tokio::test]
async fn a_message_and_a_link_are_handed_to_the_terminal_s_clipboard_which_is_never_read() {
    let server = Server::start();
    let mut maya = Guest::arrives(&server).await;
    maya.opens_a_ticket("it is at https://shop.example/a?b=1, I think").await;
    let home = signed_in(&server, "alice");
    let mut console = in_conversation(&server, &home, &[]);

    console.keys("y");
    // "it is at https://shop.example/a?b=1, I think"
    console.does("clipboard aXQgaXMgYXQgaHR0cHM6Ly9zaG9wLmV4YW1wbGUvYT9iPTEsIEkgdGhpbms=");
    console.keys("Y");
    console.does("clipboard aHR0cHM6Ly9zaG9wLmV4YW1wbGUvYT9iPTE=");
    console.shows("copied https://shop.example/a?b=1");

    assert!(!console.acts().iter().any(|act| act == "clipboard read"));
}

#[tokio::test]
async fn the_mouse_is_the_terminal_s_own_unless_it_is_asked_for() {
    let server = Server::with(&[("SUPPORT_LIMITS_GUEST_MESSAGES_PER_SECOND", "0")]);
    let mut maya = Guest::arrives(&server).await;
    let ticket = maya.opens_a_ticket("hello").await;
    for number in 0..40 {
        let id = format!("k{number}");
        let content = format!("line {number}");
        let text = json!({ "ticketId": ticket, "content": content, "clientMessageId": id });
        maya.socket.done("message:send", text).await;
    }
    let home = signed_in(&server, "alice");
    let on = b"\x1b[?1000h";
    let has =
        |console: &Terminal, part: &[u8]| console.bytes().windows(part.len()).any(|it| it == part);

    // It opens at the first that is unread, and that is the first of all.
    let mut console = Terminal::open(&server, home.path(), 24, 80);
    console.shows("1 open");
    console.keys("\r");
    console.shows("line 0");
    console.keys(ESC);
    console.shows("r reply");
    console.keys("G");
    console.shows("line 39");
    while maya.socket.notice("ticket:read").await["seq"] != 42 {}
    assert!(!has(&console, on));
    drop(console);

    // All of it has been read by now.
    let mut console = in_conversation(&server, &home, &[("SUPPORT_AGENT_MOUSE", "1")]);
    assert!(has(&console, on));
    console.shows("line 39");
    // The wheel up over the conversation, three times; a click on a message; the copy of it.
    console.keys("\u{1b}[<64;10;10M\u{1b}[<64;10;10M\u{1b}[<64;10;10M");
    let screen = console.until("the messages above", |screen| !screen.contains("line 32"));
    let row = screen.lines().position(|row| row.contains("line 20")).unwrap() + 1;
    console.keys(&format!("\u{1b}[<0;5;{row}M\u{1b}[<0;5;{row}my"));
    console.does("clipboard bGluZSAyMA==");
    console.keys("\u{3}\u{3}");
    assert_eq!(console.ended(), 0);
    assert!(has(&console, b"\x1b[?1000l"));
}

#[tokio::test]
async fn stopped_and_let_go_on_five_times_it_gives_the_terminal_back_and_takes_it_again() {
    let server = Server::start();
    let mut maya = Guest::arrives(&server).await;
    maya.opens_a_ticket("hello").await;
    let home = signed_in(&server, "alice");
    // The shell's own pastes are none of this test's business.
    let keys = home.path().join("inputrc");
    std::fs::write(&keys, "set enable-bracketed-paste off\n").unwrap();
    // A shell with job control: who is alone in its session cannot be stopped from the keyboard.
    let mut shell = CommandBuilder::new("bash");
    shell.args(["--norc", "--noprofile", "-i"]);
    shell.env_clear();
    for (name, value) in [
        ("TERM", "xterm-256color"),
        ("PATH", "/usr/bin:/bin"),
        ("PS1", "ready$ "),
        ("INPUTRC", keys.to_str().unwrap()),
        ("SUPPORT_SERVER", &server.url("")),
        ("SUPPORT_AGENT_HOME", home.path().to_str().unwrap()),
    ] {
        shell.env(name, value);
    }
    shell.cwd(home.path());
    let mut console = Terminal::run(shell, 24, 80);
    console.shows("ready$");
    console.keys(&format!("{AGENT}\r"));
    console.shows("1 open");
    console.keys("\r");
    console.shows("Alice joined the chat");

    let mut written = String::new();
    for round in 1..=5 {
        console.keys("\u{1a}");
        console.shows("Stopped");
        assert!(console.is_given_back(), "round {round}");
        console.keys(&format!("clear; echo \"raw $(stty -a | grep -c -e -icanon) in {round}\"\r"));
        console.shows(&format!("raw 0 in {round}"));
        console.keys("fg\r");
        console.shows("Reply to Guest");
        console.keys(&round.to_string());
        written += &round.to_string();
        console.shows(&format!("> {written}"));
        assert!(!console.is_given_back());
    }
    console.keys("\u{3}\u{3}");
    console.until("the shell", |screen| screen.trim_end().ends_with("ready$"));
    assert!(console.is_given_back());
    console.keys("exit\r");
    console.ended();
}

#[tokio::test]
async fn a_console_that_panics_gives_the_terminal_back_and_its_words_can_be_read() {
    let server = Server::start();
    let mut maya = Guest::arrives(&server).await;
    maya.opens_a_ticket("hello").await;
    let home = signed_in(&server, "alice");
    let mut console = in_conversation(&server, &home, &[("SUPPORT_AGENT_MOUSE", "1")]);
    console.keys("rhalf a sentence");
    console.shows("> half a sentence");

    console.keys("\u{1b}[24~");

    console.shows("broken on purpose");
    assert_ne!(console.ended(), 0);
    assert!(console.is_given_back());
    // And what was written is there again.
    let mut console = Terminal::open(&server, home.path(), 24, 80);
    console.shows("1 open");
    console.keys("\r");
    console.shows("> half a sentence");
}

#[tokio::test]
async fn without_colours_no_colour_is_sent_and_everything_can_still_be_told_apart() {
    let server = Server::start();
    let mut maya = Guest::arrives(&server).await;
    let ticket = maya.opens_a_ticket("hello").await;
    let mut bob = Agent::signs_in(&server, "bob").await;
    let note = json!({
        "ticketId": ticket, "content": "for us", "clientMessageId": "n", "internal": true
    });
    bob.socket.done("message:send", note).await;
    let home = signed_in(&server, "alice");
    let mut console = Terminal::open_with(&server, home.path(), 24, 80, &[("NO_COLOR", "1")]);
    console.shows("1 open");
    // The selection is seen without a colour.
    assert!(console.is_reversed(2, 10));
    console.keys("\r");
    console.shows("# for us");
    console.keys("\u{e}x");
    console.shows("NOTE for the desk");
    for (keys, part) in
        [(ESC, "r reply"), ("x", "Close "), (ESC, "r reply"), ("?", "Keys that work")]
    {
        console.keys(keys);
        console.shows(part);
    }

    let colours = colours(&console.bytes());
    assert_eq!(colours, Vec::<String>::new());
}

/// The sequences that set a colour.
fn colours(bytes: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(bytes);
    let sequences = text.split("\u{1b}[").skip(1).filter_map(|rest| {
        let end = rest.find(|c: char| !matches!(c, '0'..='9' | ';' | ':'))?;
        rest[end..].starts_with('m').then(|| rest[..end].to_owned())
    });
    let sets = |sequence: &String| {
        let numbers = sequence.split([';', ':']).filter_map(|number| number.parse().ok());
        numbers.into_iter().any(|it: u32| matches!(it, 30..=38 | 40..=48 | 90..=97 | 100..=107))
    };
    sequences.filter(sets).collect()
}

#[test]
fn a_colour_that_is_set_is_noticed() {
    assert_eq!(colours(b"\x1b[1;31mred\x1b[0m\x1b[38;5;9mx\x1b[7m\x1b[39;49m"), ["1;31", "38;5;9"]);
}

#[tokio::test]
async fn every_size_of_the_window_has_its_screen_and_a_draft_goes_through_all_of_them() {
    let server = Server::start();
    let mut maya = Guest::arrives(&server).await;
    maya.opens_a_ticket("hello").await;
    let home = signed_in(&server, "alice");
    let mut console = in_conversation(&server, &home, &[]);
    console.keys("rhalf a sentence");
    console.shows("> half a sentence");

    for (rows, columns, part) in
        [(40, 120, "free 1"), (60, 200, "Assignee"), (10, 40, "> half"), (9, 39, "too small")]
    {
        let frames = console.frames();
        console.resize(rows, columns);
        console.until_frame(frames + 1);
        console.shows(part);
    }
    console.resize(24, 80);
    console.shows("> half a sentence");
    let screen = console.shows("hello");
    assert!(!screen.contains("free 1"), "{screen}");
}

#[tokio::test]
async fn a_screen_that_is_drawn_anew_is_cleared_within_its_frame() {
    let server = Server::start();
    let home = signed_in(&server, "alice");
    let mut console = Terminal::open(&server, home.path(), 24, 80);
    console.shows("No open tickets");
    let before = console.bytes().len();

    console.keys("\u{c}");

    let sent = console.sends_after(before, "\u{1b}[2J");
    let frame = sent.rsplit("\u{1b}[?2026l").next().unwrap();
    assert!(frame.contains("\u{1b}[?2026h"), "an empty screen was seen: {sent:?}");
    console.shows("No open tickets");
}

#[tokio::test]
async fn at_rest_nothing_is_drawn_and_nothing_sent() {
    let server = Server::start();
    let mut maya = Guest::arrives(&server).await;
    maya.opens_a_ticket("hello").await;
    let home = signed_in(&server, "alice");
    let mut console = in_conversation(&server, &home, &[]);
    // Answered: no age is shown that changes with the minute.
    console.keys("rone moment\r");
    console.until("the answer", |screen| {
        screen.contains("▌ one moment") && screen.contains("0 waiting")
    });
    console.keys(ESC);
    console.shows("r reply");

    // The notes to the agent end by themselves; then there is nothing left that changes.
    let mut rest = tokio::time::interval(std::time::Duration::from_secs(3));
    rest.tick().await;
    let mut before = (console.frames(), console.bytes().len());
    for _ in 0..4 {
        rest.tick().await;
        let now = (console.frames(), console.bytes().len());
        if now == before {
            return;
        }
        before = now;
    }
    panic!("never at rest: {before:?}\n{}", console.screen());
}

#[tokio::test]
async fn a_resize_that_comes_together_with_a_key_is_not_overlooked() {
    let server = Server::start();
    let home = signed_in(&server, "alice");
    let mut console = Terminal::open(&server, home.path(), 24, 80);
    console.shows("No open tickets");

    for round in 0..150 {
        let rows = if round % 2 == 0 { 20 } else { 24 };
        console.keys("j");
        console.resize(rows, 80);
        console.until("the keys in the last row", |screen| {
            screen.lines().nth(usize::from(rows) - 1).is_some_and(|line| line.contains("help"))
        });
    }
}
