//! Measures the console against the goals of its design: the release binary in a pseudo-terminal,
//! against the release server, both on this machine. Prints a table; what a test proves instead of a
//! figure is named there. Needs a quiet machine and a few minutes:
//!
//! ```sh
//! cargo bench -p support-tests --bench console
//! ```
#![expect(dead_code, reason = "a part of what tests are told with is enough here")]
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "who measures wants to see")]

/// What the tests are told with, as far as it is used here.
mod support {
    pub(crate) mod client;
    pub(crate) mod packet;
    pub(crate) mod people;
    pub(crate) mod process;
    pub(crate) mod script;
    pub(crate) mod seed;
    pub(crate) mod terminal;

    /// How long anything may take before something is wrong.
    pub(crate) const DEADLINE: std::time::Duration = std::time::Duration::from_secs(20);
}

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::json;
use support::people::Guest;
use support::process::{Server, Setup};
use support::script::{AGENT, signed_in};
use support::terminal::Terminal;
use tokio::runtime::Runtime;

/// Runs of what is measured from its start.
const RUNS: usize = 15;
/// The long history.
const MESSAGES: usize = 100_000;
const OPEN: [(&str, &str); 12] = [
    ("SUPPORT_LIMITS_GUEST_READS_PER_SECOND", "0"),
    ("SUPPORT_LIMITS_GUEST_MESSAGES_PER_SECOND", "0"),
    ("SUPPORT_LIMITS_GUEST_MESSAGES_PER_MINUTE", "0"),
    ("SUPPORT_LIMITS_GUEST_NEW_TICKETS", "0"),
    ("SUPPORT_LIMITS_GUEST_OPEN_TICKETS", "0"),
    ("SUPPORT_LIMITS_AGENT_MESSAGES_PER_SECOND", "0"),
    ("SUPPORT_LIMITS_AGENT_READS_PER_MINUTE", "0"),
    ("SUPPORT_LIMITS_ADDRESS_GUEST_SESSIONS", "0"),
    ("SUPPORT_LIMITS_ADDRESS_CONNECTIONS", "0"),
    ("SUPPORT_LIMITS_LOGIN_ADDRESS_TRIES", "0"),
    ("SUPPORT_LIMITS_PAGE", "200"),
    ("SUPPORT_LIMITS_HANDSHAKES_PER_SECOND", "0"),
];

fn main() {
    // What cargo passes to a bench is none of ours; without it (cargo test) there is nothing to do.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let runtime = Runtime::new().unwrap();
    let mut table = Table::default();
    let server = Setup::with(&OPEN).start(&["alice", "bob"]);
    let home = signed_in(&server, "alice");
    empty(&server, home.path(), &mut table);
    let mut guest = runtime.block_on(Guest::arrives(&server));
    let ticket = runtime.block_on(tickets(&mut guest, 200));
    queue(&server, home.path(), &mut table);
    latency(&runtime, &server, home.path(), (&mut guest, &ticket), &mut table);
    history(&runtime, &server, home.path(), &mut table);
    let size = std::fs::metadata(AGENT).unwrap().len();
    table.row(14, "size of the binary, stripped", "<= 12 MiB", &mebibytes(size));
    let mut server = server;
    server.stop();
    first_frame(&server, home.path(), &mut table);
    for (goal, what, test) in [
        (8, "80x24: the conversation keeps 76x17", "core::layout, view::pictures"),
        (9, "every command can be found; keys from the footer", "commands::table, discovery"),
        (10, "keys for claim, canned reply, close", "discovery: 6 keys"),
        (11, "hostile corpus over every channel", "console::hostile"),
        (12, "terminal given back after every end", "console::screen, writing"),
        (13, "200 cuts and 20 kills: every message once", "tests/break console::storms"),
    ] {
        table.row(goal, what, "a test", test);
    }
    table.print();
}

#[derive(Default)]
struct Table(Vec<(u32, String)>);

impl Table {
    fn row(&mut self, goal: u32, what: &str, target: &str, measured: &str) {
        println!("{goal:>2} {what}: {measured}");
        self.0.push((goal, format!("| {goal} | {what} | {target} | {measured} |")));
    }

    fn print(&mut self) {
        self.0.sort_by_key(|(goal, _)| *goal);
        println!("\n| # | what | goal | measured |\n| ---: | --- | --- | --- |");
        for (_, row) in &self.0 {
            println!("{row}");
        }
    }
}

/// Times, sorted.
struct Times(Vec<Duration>);

impl Times {
    fn of(mut times: Vec<Duration>) -> Self {
        times.sort_unstable();
        Self(times)
    }

    fn at(&self, percent: usize) -> Duration {
        self.0[(self.0.len() * percent / 100).min(self.0.len() - 1)]
    }

    fn middle_and_tail(&self) -> String {
        format!("p50 {}, p99 {}", millis(self.at(50)), millis(self.at(99)))
    }
}

fn millis(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1000.0)
}

fn mebibytes(bytes: u64) -> String {
    let tenths = bytes * 10 / (1 << 20);
    format!("{}.{} MiB", tenths / 10, tenths % 10)
}

fn pause(time: Duration) {
    let until = Instant::now() + time;
    while let Some(left) = until.checked_duration_since(Instant::now()) {
        std::thread::park_timeout(left);
    }
}

fn starts(server: &Server, home: &Path, part: &str) -> (Terminal, Duration) {
    let began = Instant::now();
    let console = Terminal::open(server, home, 24, 80);
    console.shows(part);
    (console, began.elapsed())
}

/// Before there is anything: at rest, and how much it takes.
fn empty(server: &Server, home: &Path, table: &mut Table) {
    let (console, _) = starts(server, home, "No open tickets");
    pause(Duration::from_secs(2));
    table.row(5, "memory of an empty console", "<= 10 MiB", &mebibytes(resident(&console)));
    let before = (ticks(&console), switches(&console), console.bytes().len());
    pause(Duration::from_secs(10));
    let after = (ticks(&console), switches(&console), console.bytes().len());
    let wakes = after.1 - before.1;
    let text = format!(
        "{}.{} % / {}.{} per s / {}",
        (after.0 - before.0) / 10,
        (after.0 - before.0) % 10,
        wakes / 10,
        wakes % 10,
        after.2 - before.2
    );
    table.row(4, "10 s at rest: CPU / wake-ups / bytes", "0.0 % / <= 0.2 per s / 0", &text);
}

/// Hundredths of a second of the processor.
fn ticks(console: &Terminal) -> u64 {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", console.id())).unwrap();
    let rest = stat.rsplit_once(')').unwrap().1;
    rest.split_whitespace().skip(11).take(2).map(|it| it.parse::<u64>().unwrap()).sum()
}

/// How often any of its threads has stopped waiting.
fn switches(console: &Terminal) -> u64 {
    let tasks = std::fs::read_dir(format!("/proc/{}/task", console.id())).unwrap();
    let of = |path: std::path::PathBuf| {
        let status = std::fs::read_to_string(path.join("status")).unwrap();
        let line = status.lines().find(|line| line.starts_with("voluntary_ctxt_switches")).unwrap();
        line.split_whitespace().last().unwrap().parse::<u64>().unwrap()
    };
    tasks.map(|task| of(task.unwrap().path())).sum()
}

fn resident(console: &Terminal) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", console.id())).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() << 10
}

async fn tickets(guest: &mut Guest, count: usize) -> String {
    let mut last = String::new();
    for number in 0..count {
        last = guest.opens_a_ticket(&format!("question {number}")).await;
    }
    last
}

fn first_frame(server: &Server, home: &Path, table: &mut Table) {
    let times = (0..RUNS).map(|_| starts(server, home, "Alice @").1).collect();
    let median = Times::of(times).at(50);
    table.row(1, "first frame, no server", "<= 15 ms", &millis(median));
}

fn queue(server: &Server, home: &Path, table: &mut Table) {
    let times = (0..RUNS).map(|_| starts(server, home, "200 open").1).collect();
    let median = Times::of(times).at(50);
    table.row(2, "start to the queue of 200 tickets", "<= 150 ms", &millis(median));
    let list = || {
        let began = Instant::now();
        let mut command = Command::new(AGENT);
        command.args(["tickets", "list", "--json"]).env("SUPPORT_SERVER", server.url(""));
        let status = command.env("SUPPORT_AGENT_HOME", home).stdout(Stdio::null()).status();
        assert!(status.unwrap().success());
        began.elapsed()
    };
    let median = Times::of((0..RUNS).map(|_| list()).collect()).at(50);
    table.row(15, "tickets list --json", "<= 60 ms", &millis(median));
}

/// Opens the newest ticket, which has these words, and waits until it is joined.
fn opens(server: &Server, home: &Path, words: &str, (rows, columns): (u16, u16)) -> Terminal {
    let mut console = Terminal::open(server, home, rows, columns);
    // The list may still be on its way.
    let began = Instant::now();
    while !console.screen().contains(words) {
        assert!(began.elapsed() < support::DEADLINE, "{}", console.screen());
        console.keys("G");
        pause(Duration::from_millis(20));
    }
    console.keys("\r");
    console.shows("Alice joined the chat");
    console
}

/// How long each of these keys takes to be seen in the composer.
fn typing(console: &mut Terminal, count: usize) -> Times {
    let clear = |console: &mut Terminal| {
        console.keys("\u{15}");
        console.until("an empty composer", |screen| screen.contains("> Enter"));
    };
    clear(console);
    let mut written = String::new();
    let mut times = Vec::new();
    for number in 0..count {
        let key = char::from(b'a' + u8::try_from(number % 26).unwrap());
        written.push(key);
        // It never wraps, and no two keys come at the same place of a frame.
        if written.len() == 60 {
            clear(console);
            written = key.to_string();
        }
        pause(Duration::from_millis(20 + u64::try_from(number % 17).unwrap()));
        let expected = format!("> {written}");
        let began = Instant::now();
        console.keys(&key.to_string());
        console.until(&expected, |screen| screen.contains(&expected));
        times.push(began.elapsed());
    }
    Times::of(times)
}

fn latency(
    runtime: &Runtime,
    server: &Server,
    home: &Path,
    (guest, ticket): (&mut Guest, &str),
    table: &mut Table,
) {
    let mut console = opens(server, home, "question 199", (24, 80));
    let times = typing(&mut console, 300);
    table.row(3, "key to its frame", "p50 <= 1 ms, p99 <= 16 ms", &times.middle_and_tail());

    let mut times = Vec::new();
    for number in 0..300 {
        let content = format!("seen {number}.");
        let text = json!({ "ticketId": ticket, "content": content, "clientMessageId": content.replace([' ', '.'], "_") });
        pause(Duration::from_millis(20));
        let began = Instant::now();
        let number = runtime.block_on(guest.socket.send("message:send", &text));
        console.shows(&content);
        times.push(began.elapsed());
        runtime.block_on(guest.socket.ack(number));
    }
    let text = Times::of(times).middle_and_tail();
    table.row(7, "guest's message to the agent's screen", "p99 <= 50 ms", &text);

    let (at, cookie, ticket) = (server.at(), guest.cookie.clone(), ticket.to_owned());
    let stop = tokio_util::sync::CancellationToken::new();
    let over = stop.clone();
    let flood = std::thread::spawn(move || flood(&at, &cookie, &ticket, &over));
    pause(Duration::from_secs(1));
    let times = typing(&mut console, 300);
    stop.cancel();
    let rate = flood.join().unwrap();
    let what = format!("the same with {rate} messages a second coming in");
    table.row(3, &what, "p50 <= 1 ms, p99 <= 16 ms", &times.middle_and_tail());
}

/// A thousand messages a second from the guest; answers with how many there were.
fn flood(
    server: &support::process::At,
    cookie: &str,
    ticket: &str,
    over: &tokio_util::sync::CancellationToken,
) -> u64 {
    let runtime = Runtime::new().unwrap();
    runtime.block_on(async {
        let mut socket = Guest::connect(server, cookie).await.unwrap();
        let began = Instant::now();
        let mut ticks = tokio::time::interval(Duration::from_millis(20));
        let mut sent = 0_u64;
        while !over.is_cancelled() {
            ticks.tick().await;
            let mut asked = Vec::new();
            for _ in 0..20 {
                let id = format!("flood{sent}");
                let text =
                    json!({ "ticketId": ticket, "content": "one of many", "clientMessageId": id });
                asked.push(socket.send("message:send", &text).await);
                sent += 1;
            }
            for number in asked {
                socket.ack(number).await;
            }
        }
        sent * 1000 / u64::try_from(began.elapsed().as_millis()).unwrap()
    })
}

/// A ticket with a long history, read to its beginning.
fn history(runtime: &Runtime, server: &Server, home: &Path, table: &mut Table) {
    runtime.block_on(async {
        let mut guest = Guest::arrives(server).await;
        let ticket = guest.opens_a_ticket("a long story").await;
        let mut asked = Vec::new();
        for number in 0..MESSAGES {
            let content = format!("message {number} of a long story, which has about as many words as these");
            let text = json!({ "ticketId": ticket, "content": content, "clientMessageId": format!("h{number}") });
            asked.push(guest.socket.send("message:send", &text).await);
            if asked.len() == 100 {
                for number in asked.drain(..) {
                    guest.socket.ack(number).await;
                }
                // Nobody looks at what was told meanwhile.
                guest.socket.notices_so_far().await;
            }
        }
    });
    let mut console = opens(server, home, "  message ", (60, 200));
    console.keys("\u{1b}");
    console.shows("r reply");
    // Home asks for one page before the first message; the last one is there when it is shown.
    let began = Instant::now();
    while !console.screen().contains("▌ a long story") {
        assert!(began.elapsed() < Duration::from_mins(5), "{}", console.screen());
        console.keys("\u{1b}[H");
        pause(Duration::from_millis(4));
    }
    pause(Duration::from_secs(2));
    let text = mebibytes(resident(&console));
    table.row(5, "memory with 100,000 messages", "<= 32 MiB", &text);

    let frame = |console: &mut Terminal, keys: &str| {
        pause(Duration::from_millis(30));
        let frames = console.frames();
        let began = Instant::now();
        console.keys(keys);
        console.until_frame(frames + 1);
        began.elapsed()
    };
    let pages = Times::of((0..100).map(|_| frame(&mut console, "\u{1b}[6~")).collect());
    table.row(6, "a frame of 200x60 among 100,000 messages", "<= 2 ms", &pages.middle_and_tail());
    let jumps: Vec<Duration> =
        (0..50).map(|at| frame(&mut console, if at % 2 == 0 { "G" } else { "\u{1b}[H" })).collect();
    let jumps = Times::of(jumps);
    table.row(6, "from one end to the other", "<= 5 ms", &jumps.middle_and_tail());
    let resized = |at: u16| {
        pause(Duration::from_millis(30));
        let frames = console.frames();
        let began = Instant::now();
        console.resize(60 - at % 2, 200 - at % 3);
        console.until_frame(frames + 1);
        began.elapsed()
    };
    // From another one than it has: of the same size nobody is told.
    let sizes = Times::of((1..=50).map(resized).collect());
    table.row(6, "another size of the window", "<= 5 ms", &sizes.middle_and_tail());
}
