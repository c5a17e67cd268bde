//! The console among colleagues: who is online, and what the desk writes for itself.

use serde_json::json;

use crate::support::{
    people::{Agent, Guest},
    process::Server,
    script::signed_in,
    terminal::Terminal,
};

/// Ctrl-N: to a note and back.
const NOTE: &str = "\u{e}";

#[tokio::test]
async fn a_console_that_is_opened_later_knows_who_is_online() {
    let server = Server::start();
    let mut maya = Guest::arrives(&server).await;
    maya.opens_a_ticket("my card was declined").await;
    let _bob = Agent::signs_in(&server, "bob").await;

    let home = signed_in(&server, "alice");
    let mut console = Terminal::open(&server, home.path(), 24, 80);
    console.shows("my card was declined");
    console.keys("A");

    let picker = console.shows("Bob");
    assert!(picker.lines().any(|row| row.contains("Bob") && row.contains("online")), "{picker}");
}

#[tokio::test]
async fn notes_are_read_in_the_conversation_and_not_taken_for_replies() {
    let server = Server::start();
    let mut maya = Guest::arrives(&server).await;
    let ticket = maya.opens_a_ticket("my card was declined").await;
    let mut bob = Agent::signs_in(&server, "bob").await;
    bob.socket.done("ticket:join", json!({ "ticketId": ticket, "silent": true })).await;
    let note = |id: &str, content: &str| json!({ "ticketId": ticket, "content": content, "clientMessageId": id, "internal": true });
    bob.socket.done("message:send", note("n1", "she is abroad")).await;

    let home = signed_in(&server, "alice");
    let mut console = Terminal::open(&server, home.path(), 24, 80);
    console.shows("my card was declined");
    console.keys("\r");
    let screen = console.shows("she is abroad");
    assert!(screen.contains("# note by Bob, not for the guest"), "{screen}");
    assert!(screen.contains("# she is abroad"), "{screen}");

    bob.socket.done("message:send", note("n2", "ring her")).await;
    console.shows("# ring her");
    console.keys(NOTE);
    console.shows("NOTE for the desk");
    console.keys("I did\r");
    console.until("the note", |screen| {
        screen.contains("# I did")
            && !screen.contains("waiting to be sent")
            && !screen.contains("sending…")
    });
    drop(console);

    let mut console = Terminal::open(&server, home.path(), 24, 80);
    console.shows("my card was declined");
    console.keys("\r");
    console.shows("# I did");
    assert_eq!(
        maya.socket
            .notices_so_far()
            .await
            .iter()
            .filter(|(name, notice)| {
                name == "message:new" && notice.to_string().contains("abroad")
            })
            .count(),
        0
    );
}
