//! Working the queue in the real console: peeking, claiming, searching, and being told of it all.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Instant;

use serde_json::{Value, json};

use crate::support::{
    DEADLINE,
    people::{Agent, Guest},
    process::Server,
    script::signed_in,
    terminal::Terminal,
};

fn events(messages: &Value) -> Vec<String> {
    let all = messages.as_array().unwrap().iter();
    all.filter_map(|it| it["event"]["type"].as_str()).map(str::to_owned).collect()
}

#[tokio::test]
async fn a_peek_shows_the_conversation_and_nobody_sees_it_until_the_agent_replies() {
    let server = Server::start();
    let home = signed_in(&server, "alice");
    let mut console = Terminal::open(&server, home.path(), 24, 80);
    let mut maya = Guest::arrives(&server).await;
    let ticket = maya.opens_a_ticket("my card was declined").await;
    console.shows("my card was declined");

    console.keys("p");
    console.shows("watching, unseen");
    console.shows("▌ my card was declined");
    let said = json!({ "ticketId": ticket, "content": "hello?", "clientMessageId": "second" });
    maya.socket.done("message:send", said).await;
    console.shows("▌ hello?");
    let log = json!({ "ticketId": ticket });
    let page = maya.socket.done("message:list", log.clone()).await;
    assert_eq!(events(&page["messages"]), Vec::<String>::new());
    let read = maya.socket.done("ticket:list", json!({})).await;
    assert_eq!(read["tickets"][0]["agentReadSeq"], 0);

    console.keys("r");
    console.shows("Alice joined the chat");
    let page = maya.socket.done("message:list", log).await;
    assert_eq!(events(&page["messages"]), ["agentJoined"]);
}

#[tokio::test]
async fn of_two_consoles_that_claim_a_ticket_the_loser_is_told_who_won() {
    let server = Server::start();
    let (one, other) = (signed_in(&server, "alice"), signed_in(&server, "bob"));
    let mut alice = Terminal::open(&server, one.path(), 24, 80);
    let mut bob = Terminal::open(&server, other.path(), 24, 80);
    let mut maya = Guest::arrives(&server).await;
    maya.opens_a_ticket("my card was declined").await;
    alice.shows("my card was declined");
    bob.shows("my card was declined");

    bob.keys("a");
    bob.shows("is yours");
    alice.shows("  Bob ");
    alice.keys("a");
    alice.shows("not yours: Bob has it");

    // Back to the queue with a note, and the other one has it after all.
    bob.keys("b");
    bob.shows("Back to the queue");
    bob.keys("needs a refund\r");
    bob.shows("is back in the queue");
    alice.until("a ticket that nobody has", |screen| screen.contains("2 unassigned 1"));
    alice.keys("a");
    alice.shows("is yours");
}

#[tokio::test]
async fn a_closed_ticket_is_found_by_its_words_and_opened_again() {
    let server = Server::start();
    let home = signed_in(&server, "alice");
    let mut console = Terminal::open(&server, home.path(), 24, 80);
    let mut maya = Guest::arrives(&server).await;
    let payload = json!({
        "content": "it is declined", "clientMessageId": "first", "subject": "Quarterly invoice",
    });
    let ticket = maya.socket.done("ticket:create", payload).await;
    let id = ticket["ticket"]["id"].clone();
    console.shows("Quarterly invoice");
    let mut bob = Agent::signs_in(&server, "bob").await;
    bob.socket.done("ticket:close", json!({ "ticketId": id })).await;
    console.shows("No open tickets");

    console.keys("4");
    console.shows("Quarterly invoice");
    console.keys("/");
    console.keys("nonsense");
    console.shows("No ticket has these words");
    console.keys("\u{15}quarterly");
    console.shows("Quarterly invoice");
    console.keys("\r");
    console.shows("in closed");
    console.keys("o");
    console.shows("is open again");
    console.keys("3");
    console.shows("Quarterly invoice");
}

/// A command that writes down what it was given.
fn witness(home: &Path) -> (String, std::path::PathBuf) {
    let (program, seen) = (home.join("witness"), home.join("seen"));
    let script = format!("#!/bin/sh\nprintf '%s|' \"$@\" >> '{}'\n", seen.display());
    std::fs::write(&program, script).unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o700)).unwrap();
    (json!([program, "-u", "low"]).to_string(), seen)
}

#[tokio::test]
async fn a_new_ticket_runs_the_agent_s_command_without_a_word_of_the_guest_s() {
    let server = Server::start();
    let home = signed_in(&server, "alice");
    let (command, seen) = witness(home.path());
    let environment = [("SUPPORT_AGENT_NOTIFY_COMMAND", command.as_str())];
    let console = Terminal::open_with(&server, home.path(), 24, 80, &environment);
    console.shows("No open tickets");

    let mut maya = Guest::arrives(&server).await;
    maya.opens_a_ticket("$(reboot) \u{1b}]0;owned\u{7}").await;

    let began = Instant::now();
    let told = loop {
        let told = std::fs::read_to_string(&seen).unwrap_or_default();
        if told.ends_with('|') {
            break told;
        }
        assert!(began.elapsed() < DEADLINE, "the command was never run");
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    };
    assert!(told.starts_with("-u|low|--|New ticket "), "{told}");
    assert!(!told.contains("reboot"), "{told}");
}
