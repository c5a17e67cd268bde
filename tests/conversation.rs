//! The first conversation, from end to end on real parts: the server's binary, a real browser, the
//! real console in a terminal, and the command line.

use std::path::Path;
use std::process::Output;

use serde_json::Value;

use crate::support::{
    browser::Browser,
    people::Guest,
    process::{Server, Setup},
    script::{agent, signed_in},
    terminal::Terminal,
};

fn json(output: &Output) -> Value {
    assert!(output.status.success(), "{output:?}");
    serde_json::from_slice(&output.stdout).unwrap()
}

#[tokio::test]
async fn a_guest_asks_in_a_browser_and_an_agent_answers_in_a_terminal() {
    let mut server = Setup::with(&[]).lasting().start(&["alice", "bob"]);
    let home = signed_in(&server, "alice");
    let mut console = Terminal::open(&server, home.path(), 24, 80);
    console.shows("online");
    console.shows("No open tickets");
    let page = Browser::open(&server).await;

    // The words appear at once in the agent's terminal.
    page.send("my card was declined").await;
    page.shows(&["own:1:sent:my card was declined"]).await;
    console.shows("my card was declined");

    // Enter joins; replies go both ways.
    console.keys("\r");
    page.shows(&["own:1:seen:my card was declined", "system:2::Alice joined the chat"]).await;
    console.shows("Alice joined the chat");
    console.keys("let me look\r");
    let mut whole = vec![
        "own:1:seen:my card was declined",
        "system:2::Alice joined the chat",
        "other:3::let me look",
    ];
    page.shows(&whole).await;
    page.send("thank you").await;
    whole.push("own:4:seen:thank you");
    page.shows(&whole).await;
    console.shows("thank you");

    // The server goes away and comes back; nobody does anything about it.
    assert_eq!(server.stop(), 0);
    page.until("return document.querySelector('#status').dataset.state !== 'online'").await;
    console.until("a lost connection", |screen| !screen.contains(" online"));
    let server = server.start_again();
    console.shows(" online");
    console.keys("and I am back\r");
    page.until("return document.querySelector('#status').dataset.state === 'online'").await;
    page.send("me too").await;
    let back = |entries: &[String]| {
        let said = |text: &str| entries.iter().filter(|it| it.ends_with(text)).count();
        entries.len() == 6 && said(":and I am back") == 1 && said(":me too") == 1
    };
    page.settles(back).await;
    let screen = console.until("both sides' words", |screen| {
        screen.contains("and I am back") && screen.contains("me too")
    });
    for once in ["my card was declined", "let me look", "thank you", "and I am back", "me too"] {
        let lines = screen.lines().filter(|line| line.trim_end() == format!("▌ {once}"));
        assert_eq!(lines.count(), 1, "{once} on\n{screen}");
    }

    // Closing asks once, turns the page read-only, and brings the agent back to the queue.
    let writing = console.screen();
    console.keys("\u{1b}");
    console.until("the end of writing", |screen| screen != writing);
    console.keys("x");
    console.shows("Close ");
    console.keys("\r");
    page.until("return document.querySelector('main').dataset.status === 'closed'").await;
    page.until("return document.querySelector('#over').checkVisibility()").await;
    page.until("return !document.querySelector('#composer').checkVisibility()").await;
    console.shows("No open tickets");

    // Everything is on disk, and the command line shows it.
    let listed = json(&agent(
        &server.url(""),
        home.path(),
        &["tickets", "list", "--status", "closed", "--json"],
        "",
    ));
    let reference = listed["tickets"][0]["ref"].as_str().unwrap();
    let shown =
        json(&agent(&server.url(""), home.path(), &["tickets", "show", reference, "--json"], ""));
    let messages = shown["messages"].as_array().unwrap();
    let seqs: Vec<u64> = messages.iter().map(|it| it["seq"].as_u64().unwrap()).collect();
    assert_eq!(seqs, (1..=7).collect::<Vec<_>>());
    assert_eq!(messages[6]["event"]["type"], "ticketClosed");

    console.keys("q");
    assert_eq!(console.ended(), 0);
    page.close().await;
}

#[tokio::test]
async fn the_command_line_lists_shows_and_closes() {
    let server = Server::start();
    let home = signed_in(&server, "alice");
    let console = Terminal::open(&server, home.path(), 24, 80);
    console.shows("online");
    let mut maya = Guest::arrives(&server).await;
    let id = maya.opens_a_ticket("my card was declined").await;
    console.shows("my card was declined");

    let listed = json(&agent(&server.url(""), home.path(), &["tickets", "list", "--json"], ""));
    assert_eq!(listed["tickets"][0]["id"], id.as_str());
    let reference = listed["tickets"][0]["ref"].as_str().unwrap().to_lowercase();
    let output = agent(&server.url(""), home.path(), &["tickets", "show", &reference], "");
    assert!(String::from_utf8(output.stdout).unwrap().contains("my card was declined"));
    let noted =
        agent(&server.url(""), home.path(), &["tickets", "note", &reference, "she called us"], "");
    assert!(noted.status.success(), "{noted:?}");
    let shown = agent(&server.url(""), home.path(), &["tickets", "show", &reference], "");
    let shown = String::from_utf8(shown.stdout).unwrap();
    assert!(shown.contains("NOTE by Alice (not for the guest)\n    she called us"), "{shown}");
    let closed =
        json(&agent(&server.url(""), home.path(), &["tickets", "close", &reference, "--json"], ""));
    assert_eq!(closed["ticket"]["status"], "closed");

    // Guest and console see the close at once.
    assert_eq!(maya.socket.notice("ticket:closed").await["ticket"]["status"], "closed");
    console.shows("No open tickets");
    // What was said and noted is there to the end, and then it ends.
    let tailed = agent(&server.url(""), home.path(), &["tickets", "tail", &reference], "");
    let tailed = String::from_utf8(tailed.stdout).unwrap();
    assert!(tailed.contains("NOTE by Alice (not for the guest)\n    she called us"), "{tailed}");
    let again = agent(&server.url(""), home.path(), &["tickets", "close", &reference], "");
    assert_eq!(again.status.code(), Some(6));
    let missing = agent(&server.url(""), home.path(), &["tickets", "show", "ZZZZZZ"], "");
    assert_eq!(missing.status.code(), Some(5));
    let nonsense = agent(&server.url(""), home.path(), &["tickets", "show", "not-a-ref"], "");
    assert_eq!(nonsense.status.code(), Some(2));
    let stranger = tempfile::tempdir().unwrap();
    let stranger = agent(&server.url(""), stranger.path(), &["tickets", "list"], "");
    assert_eq!(stranger.status.code(), Some(3));
}

/// With this status, nothing on standard output, and one object on standard error.
fn fails(output: &Output, code: &str, status: i32) {
    assert_eq!(output.status.code(), Some(status), "{output:?}");
    assert!(output.stdout.is_empty(), "{output:?}");
    let error: Value = serde_json::from_slice(&output.stderr).unwrap();
    assert_eq!(error["code"], code, "{error}");
    assert!(!error["message"].as_str().unwrap().is_empty(), "{error}");
}

#[tokio::test]
async fn who_asks_for_json_reads_errors_as_json_too_and_apart_from_answers() {
    let mut server = Server::start();
    let home = signed_in(&server, "alice");
    let mut maya = Guest::arrives(&server).await;
    maya.opens_a_ticket("my card was declined").await;
    let list = json(&agent(&server.url(""), home.path(), &["tickets", "list", "--json"], ""));
    let reference = list["tickets"][0]["ref"].as_str().unwrap();
    json(&agent(&server.url(""), home.path(), &["tickets", "close", reference, "--json"], ""));
    let stranger = tempfile::tempdir().unwrap();
    let of = |home: &Path, arguments: &[&str]| agent(&server.url(""), home, arguments, "");

    for (output, code, status) in [
        (of(home.path(), &["tickets", "close", reference, "--json"]), "ticket_closed", 6),
        (of(home.path(), &["tickets", "show", "ZZZZZZ", "--json"]), "not_found", 5),
        (of(home.path(), &["tickets", "show", "not-a-ref", "--json"]), "invalid", 2),
        (of(home.path(), &["agents", "list", "--all", "--json"]), "invalid", 2),
        (of(stranger.path(), &["tickets", "list", "--json"]), "unauthenticated", 3),
    ] {
        fails(&output, code, status);
    }
    // Without the flag it is a sentence, as ever.
    let plain = of(home.path(), &["tickets", "show", "ZZZZZZ"]);
    assert!(String::from_utf8(plain.stderr).unwrap().starts_with("support-agent: "));
    server.stop();
    let output = agent(&server.url(""), home.path(), &["tickets", "list", "--json"], "");
    fails(&output, "unavailable", 8);
}
