//! The screens in the README: taken from a real terminal, so that they are what the console shows.

use serde_json::{Value, json};

use crate::docs::stands_but_for;
use crate::support::{
    people::{Agent, Guest},
    process::Server,
    script::signed_in,
    terminal::Terminal,
};

const ESC: &str = "\u{1b}";
const PALETTE: &str = "\u{b}";

async fn asks(server: &Server, name: &str, subject: Value, content: &str) -> String {
    let mut guest = Guest::arrives(server).await;
    let create = json!({
        "content": content, "clientMessageId": "k", "subject": subject, "name": name
    });
    let mut created = guest.socket.done("ticket:create", create).await;
    created["ticket"]["id"].take().as_str().unwrap().to_owned()
}

/// The screen as the README has it, with the port that people know.
fn capture(server: &Server, console: &Terminal) -> String {
    let screen = console.screen();
    let port = format!(":{}  online", server.at().address.port());
    let known = format!("{:width$}", ":3000  online", width = port.len());
    let lines: Vec<String> =
        screen.replace(&port, &known).lines().map(|line| line.trim_end().to_owned()).collect();
    format!("```text\n{}\n```\n", lines.join("\n").trim_end())
}

/// Whether the frame is here to its end, which is that of the last line.
fn is_whole(screen: &str) -> bool {
    screen.trim_end().ends_with("help")
}

/// A capture without what is another one each time: refs, times of day, the day.
fn mask(capture: &str) -> String {
    let day = |line: &str| line.contains("───") && line.contains(" 20");
    let word = |word: &str| {
        let reference =
            word.len() == 6 && word.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit());
        let time =
            word.len() == 5 && word.as_bytes()[2] == b':' && word.starts_with(char::is_numeric);
        if reference || time { "#".repeat(word.len()) } else { word.to_owned() }
    };
    let lines = capture.lines().map(|line| {
        if day(line) {
            let queue = line.split('│').next().unwrap_or_default();
            return if line.contains('│') {
                mask(&format!("{queue}\n")) + "│ day"
            } else {
                "day".to_owned()
            };
        }
        let words = line.split_inclusive([' ', '>', '*', '+']).map(|part| {
            let bare = part.trim_end_matches([' ', '>', '*', '+']);
            word(bare) + &part[bare.len()..]
        });
        words.collect()
    });
    lines.collect::<Vec<String>>().join("\n")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_readmes_screens_are_those_of_the_console() {
    let server = Server::start();
    asks(&server, "Noor", Value::Null, "How do I change the address of an order?").await;
    let invoice = "It is for order 1142: the tax number is missing.";
    asks(&server, "Tomás", json!("Invoice"), invoice).await;
    let declined = "My card was declined twice today, but the money is gone.";
    let ticket = asks(&server, "Maya", json!("Card declined"), declined).await;
    let home = signed_in(&server, "alice");
    let zone = [("TZ", "UTC")];

    let mut console = Terminal::open_with(&server, home.path(), 24, 80, &zone);
    console.until("the queue", |screen| screen.contains("3 open") && is_whole(screen));
    stands_but_for("queue", &capture(&server, &console), mask);

    console.keys("G\r");
    console.shows("Alice joined the chat");
    console.keys("I am looking at it, one moment.\r");
    console.until("the answer", |screen| {
        screen.contains("▌ I am looking") && screen.contains("2 waiting")
    });
    console.keys(ESC);
    console.shows("r reply");
    console.keys("a");
    console.shows(" is yours");
    let note = json!({
        "ticketId": ticket, "content": "The bank has a fault today; it says until six.",
        "clientMessageId": "n", "internal": true
    });
    let mut bob = Agent::signs_in(&server, "bob").await;
    bob.socket.done("message:send", note).await;
    console.shows("The bank has a fault");
    console.keys("r");
    console.keys("The bank holds it for");
    let settled = |screen: &str| {
        let line = screen.lines().find(|line| line.contains("Card declined")).unwrap_or_default();
        screen.contains("> The bank holds it for") && line.contains("yours") && is_whole(screen)
    };
    console.until("all of it", settled);
    stands_but_for("conversation", &capture(&server, &console), mask);

    console.resize(16, 112);
    console.until("the wide screen", |screen| screen.contains('│') && settled(screen));
    stands_but_for("both", &capture(&server, &console), mask);

    console.resize(24, 80);
    console.until("the narrow screen", |screen| !screen.contains('│') && settled(screen));
    console.keys(&format!("{PALETTE}clo"));
    console.until("the palette", |screen| {
        screen.contains("> clo") && screen.trim_end().ends_with("cancel")
    });
    stands_but_for("palette", &capture(&server, &console), mask);
}

#[test]
fn what_is_masked_in_a_capture_is_what_changes_by_itself() {
    let masked = mask("*QJVQRG Noor  now │ 5H8A8E Maya 18:37\n──── Sunday 22 November 2026 ───");

    assert_eq!(masked, "*###### Noor  now │ ###### Maya #####\nday");
}
