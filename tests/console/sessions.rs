//! The session ends under an agent who writes: nothing typed goes anywhere else, and the way back is
//! inside the screen.

use serde_json::json;

use crate::support::{
    people::Guest,
    process::{PASSWORD, Server},
    script::{agent, signed_in},
    terminal::Terminal,
};

/// Ctrl-R: sign in again.
const SIGN_IN: &str = "\u{12}";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_signed_out_in_the_middle_of_a_word_writes_on_and_signs_in_by_password_alone() {
    let server = Server::start();
    let mut maya = Guest::arrives(&server).await;
    maya.opens_a_ticket("my card was declined").await;
    let home = signed_in(&server, "alice");
    let mut console = Terminal::open(&server, home.path(), 24, 80);
    console.shows("my card was declined");
    console.keys("\r");
    console.shows("Alice joined the chat");

    console.keys("I am loo");
    console.shows("> I am loo");
    let out = agent(&server.url(""), home.path(), &["logout"], "");
    assert!(out.status.success(), "{out:?}");
    console.shows("signed out, Ctrl-R signs in");
    console.keys("king\rsecret of nobody");
    let screen = console.shows("> secret of nobody");
    assert!(screen.contains("I am looking") && screen.contains("my card"), "{screen}");
    assert!(!screen.contains("Username") && !screen.contains("Password"), "{screen}");

    console.keys(SIGN_IN);
    console.shows("Sign in again as alice");
    console.keys("not this one\r");
    console.shows("wrong password");
    console.keys(PASSWORD);
    console.shows("> •••");
    console.keys("\r");
    console.until("the desk again", |screen| {
        screen.contains("online") && !screen.contains("signed out")
    });
    console.shows("> secret of nobody");
    loop {
        let heard = maya.socket.notice("message:new").await;
        if heard["message"]["senderRole"] == "agent" {
            assert_eq!(heard["message"]["content"], json!("I am looking"));
            break;
        }
    }
    let bytes = String::from_utf8_lossy(&console.bytes()).into_owned();
    assert!(!bytes.contains(PASSWORD) && !bytes.contains("not this one"));
    // The next start needs no password.
    drop(console);
    let console = Terminal::open(&server, home.path(), 24, 80);
    console.shows("1 open");
}
