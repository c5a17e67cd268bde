//! Cuts and kills while an agent types: every message is there once, in the order of typing.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::time::sleep;

use crate::support::{
    DEADLINE,
    people::{Agent, Guest},
    process::{At, PASSWORD, Server},
    proxy::Proxy,
    script::signed_in,
    seed::{Seed, size},
    terminal::Terminal,
};

/// Ctrl-R: connect now.
const RECONNECT: &str = "\u{12}";

/// Texts that may be unsent when the next cut comes: a console keeps no more than a hundred.
const UNSENT: usize = 20;

/// Everything that people have said in a ticket, as the desk has it.
async fn said(server: &At, ticket: &str) -> Vec<String> {
    let token = Agent::token(server, "bob", PASSWORD).await.unwrap();
    let mut bob = Agent::connect(server, &token).await.unwrap();
    let mut said = Vec::new();
    let mut before = Value::Null;
    loop {
        let ask = json!({ "ticketId": ticket, "before": before, "limit": 200 });
        let page = bob.done("message:list", ask).await;
        let messages = page["messages"].as_array().unwrap();
        let texts = messages.iter().filter(|it| it["senderRole"] != "system");
        let mut texts: Vec<String> =
            texts.map(|it| it["content"].as_str().unwrap().to_owned()).collect();
        texts.append(&mut said);
        said = texts;
        if page["hasMore"] != true {
            return said;
        }
        before = messages[0]["seq"].clone();
    }
}

/// What the console has on disk of what it has not sent.
fn outbox(home: &Path) -> String {
    let server = std::fs::read_dir(home).unwrap().map(|it| it.unwrap().path());
    let server = server.into_iter().find(|path| path.is_dir()).unwrap();
    let files = std::fs::read_dir(server).unwrap().map(|it| it.unwrap().path());
    let named = |path: &PathBuf| {
        let name = path.file_name().unwrap().to_str().unwrap();
        name.starts_with("outbox-") && path.extension().is_some_and(|it| it == "json")
    };
    files.filter(named).filter_map(|path| std::fs::read_to_string(path).ok()).collect()
}

/// Opens the ticket, online or not.
fn opens(proxy: &Proxy, home: &Path) -> Terminal {
    let mut console = Terminal::open(&proxy.at, home, 24, 80);
    console.until("the queue", |screen| screen.contains("online") && screen.contains("1 open"));
    console.keys("\r");
    console.shows("Reply to");
    console
}

/// Waits until the console is online, or was when it was looked at, and not much is unsent.
fn catches_up(console: &mut Terminal, home: &Path) {
    let began = Instant::now();
    let online = |console: &Terminal| {
        console.screen().lines().next().unwrap_or_default().contains(" online")
    };
    while !online(console) || outbox(home).matches("typed").count() > UNSENT {
        assert!(began.elapsed() < DEADLINE, "never online:\n{}", console.screen());
        // It may have begun to wait again just now.
        console.keys(RECONNECT);
        std::thread::park_timeout(Duration::from_millis(30));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn typed_through_cuts_and_kills_every_message_is_there_once_and_in_order() {
    let mut seed = Seed::of_test("console storms");
    let (cuts, every) = size((21, 7), (200, 10));
    let server = Server::with(&[
        ("SUPPORT_LIMITS_GUEST_MESSAGES_PER_SECOND", "0"),
        ("SUPPORT_LIMITS_GUEST_MESSAGES_PER_MINUTE", "0"),
        ("SUPPORT_LIMITS_AGENT_READS_PER_MINUTE", "0"),
        ("SUPPORT_LIMITS_ADDRESS_CONNECTIONS", "0"),
        ("SUPPORT_LIMITS_HANDSHAKES_PER_SECOND", "0"),
    ]);
    let proxy = Proxy::to(server.at().address).await;
    let home = signed_in(&proxy.at, "alice");
    let mut maya = Guest::arrives(&server).await;
    let ticket = maya.opens_a_ticket("hello").await;
    let mut console = tokio::task::block_in_place(|| opens(&proxy, home.path()));
    let (mut typed, mut asked, mut kills) = (Vec::new(), vec!["hello".to_owned()], 0);

    for cut in 1..=cuts {
        for half in ["a", "b"] {
            let text = format!("typed {cut}{half}");
            console.keys(&format!("{text}\r"));
            tokio::task::block_in_place(|| console.shows(&format!("▌ {text}")));
            typed.push(text);
            if half == "a" {
                sleep(seed.within(Duration::from_millis(30))).await;
                proxy.refuse(seed.below(2) == 0);
                proxy.cut();
            }
        }
        let question = format!("asked {cut}");
        let text = json!({ "ticketId": ticket, "content": question, "clientMessageId": format!("q{cut}") });
        maya.socket.done("message:send", text).await;
        asked.push(question);
        if cut % every == 0 {
            // What has been typed is on disk or with the desk; then the console may die.
            let last = typed.last().unwrap();
            let began = Instant::now();
            while !outbox(home.path()).contains(last)
                && !said(&server, &ticket).await.contains(last)
            {
                assert!(began.elapsed() < DEADLINE, "{last} is nowhere");
            }
            sleep(seed.within(Duration::from_millis(30))).await;
            console.signal("KILL");
            console.ended();
            kills += 1;
            proxy.refuse(false);
            console = tokio::task::block_in_place(|| opens(&proxy, home.path()));
        }
        proxy.refuse(false);
        tokio::task::block_in_place(|| catches_up(&mut console, home.path()));
    }
    let began = Instant::now();
    while outbox(home.path()) != "[]" {
        assert!(began.elapsed() < DEADLINE, "never sent: {}", outbox(home.path()));
        sleep(Duration::from_millis(20)).await;
    }

    let all = said(&server, &ticket).await;
    let of =
        |word: &str| -> Vec<&String> { all.iter().filter(|it| it.starts_with(word)).collect() };
    assert_eq!(of("typed"), typed.iter().collect::<Vec<_>>());
    assert_eq!(all.len(), typed.len() + asked.len());
    // And the screen ends as the log does.
    let screen = tokio::task::block_in_place(|| {
        console.until("the end of the log", |screen| {
            screen.contains(&format!("▌ {}", all.last().unwrap())) && !screen.contains("sending…")
        })
    });
    let shown: Vec<&str> = screen
        .lines()
        .filter_map(|line| line.strip_prefix("▌ "))
        .map(str::trim_end)
        .filter(|line| line.starts_with("typed") || line.starts_with("asked"))
        .collect();
    assert!(shown.len() > 5, "{screen}");
    assert_eq!(
        shown,
        all[all.len() - shown.len()..].iter().map(String::as_str).collect::<Vec<_>>()
    );
    println!(
        "console storms: {cuts} cuts, {kills} kills, {} typed, {} connections",
        typed.len(),
        proxy.taken()
    );
}
