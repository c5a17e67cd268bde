//! Finding one's way in the real console: canned replies by a slash, commands and tickets by name,
//! and a newcomer who knows nothing but what the last line of the screen says.

use serde_json::json;

use crate::support::{
    people::Guest,
    process::Server,
    script::{agent, signed_in},
    terminal::Terminal,
};

const ESC: &str = "\u{1b}";
const ENTER: &str = "\r";

/// A desk with these canned replies, and a home in which alice is signed in.
fn desk(replies: &[(&str, &str, &str)]) -> (Server, tempfile::TempDir) {
    let server = Server::with_admin();
    let root = signed_in(&server, "root");
    for (shortcut, title, text) in replies {
        let add = ["canned", "add", shortcut, "--title", title, "--text", text];
        let added = agent(&server.url(""), root.path(), &add, "");
        assert!(added.status.success(), "{added:?}");
    }
    let home = signed_in(&server, "alice");
    (server, home)
}

/// A guest who has told its name and opened a ticket.
async fn maya(server: &Server) -> Guest {
    let mut maya = Guest::arrives(server).await;
    let ticket =
        json!({ "content": "my card was declined", "name": "Maya", "clientMessageId": "m1" });
    maya.socket.done("ticket:create", ticket).await;
    maya
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_canned_reply_is_found_filled_in_and_sent_when_no_hole_is_left() {
    let text = "Dear {guest.name},\nwe refund {amount} for {ticket.ref}. {agent.name}";
    let (server, home) = desk(&[("refund", "Money back", text)]);
    let mut maya = maya(&server).await;
    let mut console = Terminal::open(&server, home.path(), 24, 80);
    console.shows("my card was declined");
    console.keys(ENTER);
    console.shows("Alice joined the chat");

    console.keys("/");
    let screen = console.shows("Canned replies");
    assert!(screen.contains("my card was declined"), "{screen}");
    console.keys("money");
    console.until("the text as it would be sent", |screen| {
        screen.contains("Dear Maya,") && screen.contains("we refund {amount} for")
    });
    console.keys(ENTER);
    console.shows("> Dear Maya,");
    console.keys(ENTER);
    console.shows("not sent: fill in {amount}");
    // The hole is selected: typing replaces it.
    console.keys("5 EUR");
    console.shows("we refund 5 EUR for");
    console.keys(ENTER);

    let heard = hears(&mut maya).await;
    assert!(heard.starts_with("Dear Maya,\nwe refund 5 EUR for "), "{heard}");
    assert!(heard.ends_with(". Alice"), "{heard}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn commands_and_tickets_are_found_by_their_names() {
    let (server, home) = desk(&[]);
    let mut maya = maya(&server).await;
    let mut console = Terminal::open(&server, home.path(), 24, 80);
    console.shows("my card was declined");

    console.keys("\u{b}maya");
    console.shows("Enter joins the ticket");
    console.keys(ENTER);
    console.shows("Alice joined the chat");
    // A slash before anything is written, and nothing to pick: it says who could change that.
    console.keys("/");
    console.shows("an admin adds them");
    console.keys(ESC);
    console.until("no list", |screen| !screen.contains("Canned replies"));
    console.keys("\u{b}details-c");
    console.shows("details-close");
    console.keys("\u{15}close");
    console.shows("close: Close the ticket; asks once");
    console.keys(ENTER);
    console.shows("with Maya?");
    console.keys(ENTER);
    maya.socket.notice("ticket:closed").await;
    // The same by keys one after the other.
    console.shows("No open tickets");
    console.keys("g");
    console.shows("g go to");
    console.keys("c");
    console.shows("4 closed 1");
}

/// Somebody who presses only what the last line of the screen names at that moment.
struct Newcomer {
    console: Terminal,
    strokes: usize,
}

impl Newcomer {
    /// Waits until the last line has a word for what is wanted, and presses the key before it.
    fn wants(&mut self, word: &str) {
        let ends = format!(" {word}");
        let screen = self.console.until(&format!("a key for {word}"), |screen| {
            footer(screen).iter().any(|hint| hint.ends_with(&ends))
        });
        let footer = footer(&screen);
        let hint = footer.iter().find(|hint| hint.ends_with(&ends)).unwrap();
        let key = hint.strip_suffix(&ends).unwrap();
        self.console.keys(bytes(key));
        self.strokes += 1;
    }
}

/// What the last line of the screen names: keys and words.
fn footer(screen: &str) -> Vec<String> {
    let last = screen.lines().last().unwrap_or_default();
    last.split("  ").map(|hint| hint.trim().to_owned()).collect()
}

/// What a terminal sends for a key of this name.
fn bytes(key: &str) -> &str {
    match key {
        "Enter" => "\r",
        "Esc" => "\u{1b}",
        "Alt-Enter" => "\u{1b}\r",
        "Ctrl-X" => "\u{18}",
        key if key.chars().count() == 1 => key,
        other => panic!("a newcomer does not find {other} on the keyboard"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_newcomer_claims_answers_and_closes_with_six_keys_that_the_footer_names() {
    let hello = ("hello", "First words", "Hello {guest.name}, this is {agent.name}.");
    let (server, home) = desk(&[hello, ("bye", "Last words", "Goodbye!")]);
    let mut maya = maya(&server).await;
    let console = Terminal::open(&server, home.path(), 24, 80);
    console.shows("my card was declined");
    let mut newcomer = Newcomer { console, strokes: 0 };

    newcomer.wants("claim");
    newcomer.console.until("a claim", |screen| !footer(screen).iter().any(|it| it == "a claim"));
    newcomer.wants("open");
    newcomer.wants("canned");
    newcomer.console.keys("hello");
    newcomer.wants("send now");
    assert_eq!(hears(&mut maya).await, "Hello Maya, this is Alice.");
    newcomer.wants("close");
    newcomer.console.shows("with Maya?");
    newcomer.wants("close");
    maya.socket.notice("ticket:closed").await;

    assert_eq!(newcomer.strokes, 6);
}
