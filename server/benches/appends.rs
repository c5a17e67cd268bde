//! How many messages a second the embedded store makes durable, with 1, 16 and 256 writers, and
//! what a lone message waits for its acknowledgement beside one fsync of the same disk.
//!
//! `cargo bench -p support-server --bench appends [-- DIRECTORY]`; the directory says which disk,
//! and is the target directory unless told otherwise. Everything goes through the desk's door, as
//! it does for clients: identity, limits, policy and the log.
#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a benchmark prints")]

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use support_server::clock::Source;
use support_server::desk::{
    Actor, Agents, Command, Connection, Desk, Ending, Hub, Limits, Passing, Reply, Storage,
    TicketView, Who,
};
use support_server::telemetry::Meter;
use support_shared::{
    TicketId,
    ids::TicketName,
    notice::{AgentNotice, GuestNotice, SessionEnded},
    request::CreateTicket,
    text::Content,
};
use tokio_util::task::TaskTracker;

/// How long each number of writers is measured.
const PERIOD: Duration = Duration::from_secs(4);

/// Messages of this size, in bytes.
const SIZE: usize = 200;

/// Nobody is connected.
struct Nobody;

impl Hub for Nobody {
    fn tell_guest(&self, _: TicketId, _: &GuestNotice) {}
    fn tell_one(&self, _: &Connection, _: &AgentNotice) {}
    fn tell_agents(&self, _: Agents, _: &AgentNotice) {}
    fn tell_others(&self, _: TicketId, _: &Passing, _: Option<&Connection>) {}
    fn tell_other_agents(&self, _: TicketId, _: &AgentNotice, _: Option<&Connection>) {}
    fn occupied(&self) -> Vec<TicketId> {
        Vec::new()
    }
    fn enter(&self, _: &Connection, _: TicketId, _: u64) {}
    fn put_back(&self, _: &Connection, _: TicketId, _: u64) {}
    fn leave(&self, _: &Connection, _: TicketId) {}
    fn clear_agents(&self, _: TicketId, _: u64) {}
    fn end(&self, _: Ending, _: &SessionEnded) {}
}

/// A guest with an open ticket.
struct Writer {
    desk: Arc<Desk>,
    actor: Actor,
    ticket: TicketId,
}

impl Writer {
    async fn new(desk: &Arc<Desk>) -> Self {
        let stranger = Actor::without_connection(Who::Stranger);
        let command = Command::StartGuestSession { name: None, email: None };
        let Ok(Reply::Guest(answer)) = desk.execute(&stranger, command).await else { panic!() };
        let actor = Actor::without_connection(Who::Guest(answer.guest.id));
        let create = CreateTicket {
            content: Content::try_from("hello".to_owned()).unwrap(),
            client_message_id: "first".parse().unwrap(),
            subject: None,
            name: None,
            email: None,
        };
        let command = Command::OpenTicket(create);
        let Ok(Reply::Created(created)) = desk.execute(&actor, command).await else { panic!() };
        let TicketView::Guest(ticket) = created.ticket else { panic!() };
        Self { desk: Arc::clone(desk), actor, ticket: ticket.id }
    }

    async fn send(&self, number: usize) -> Duration {
        let command = Command::SendMessage {
            ticket: TicketName::Id(self.ticket),
            content: Content::try_from("x".repeat(SIZE)).unwrap(),
            client_message_id: format!("m{number}").parse().unwrap(),
            internal: false,
        };
        let began = Instant::now();
        self.desk.execute(&self.actor, command).await.unwrap();
        began.elapsed()
    }
}

fn main() {
    let directory = std::env::args().skip(1).find(|argument| !argument.starts_with('-'));
    let directory =
        directory.map_or_else(|| PathBuf::from(env!("CARGO_TARGET_TMPDIR")), PathBuf::from);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let mut fsyncs = fsyncs(&directory);
    println!("one fsync of {SIZE} bytes: p50 {:.2?}", median(&mut fsyncs));
    let mut rates = Vec::new();
    for writers in [1, 16, 256] {
        let (rate, mut waits) = runtime.block_on(measure(&directory, writers));
        waits.sort_unstable();
        let p99 = waits[waits.len() * 99 / 100];
        println!(
            "{writers:>3} writers: {rate:>7.0} durable messages/s, ack p50 {:.2?}, p99 {p99:.2?}",
            median(&mut waits),
        );
        rates.push(rate);
    }
    println!("256 writers reach {:.1} times the rate of one", rates[2] / rates[0]);
}

fn median(times: &mut [Duration]) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

fn fsyncs(directory: &Path) -> Vec<Duration> {
    let mut file = tempfile::tempfile_in(directory).unwrap();
    let one = |file: &mut File| {
        let began = Instant::now();
        file.write_all(&[b'x'; SIZE]).unwrap();
        file.sync_data().unwrap();
        began.elapsed()
    };
    (0..500).map(|_| one(&mut file)).collect()
}

async fn measure(directory: &Path, writers: usize) -> (f64, Vec<Duration>) {
    let data = tempfile::tempdir_in(directory).unwrap();
    // A benchmark is the one client that is never too fast.
    let limits =
        Limits { guest_messages_per_second: 0, guest_messages_per_minute: 0, ..Limits::default() };
    let storage = Storage::Embedded(data.path().to_owned());
    let desk = Desk::open(&storage, Arc::new(Nobody), limits, Source::system(), Meter::new())
        .await
        .unwrap();
    let mut people = Vec::new();
    for _ in 0..writers {
        people.push(Writer::new(&desk).await);
    }
    let tasks = TaskTracker::new();
    let began = Instant::now();
    let writing = people.into_iter().map(|writer| {
        tasks.spawn(async move {
            let mut waits = Vec::new();
            while began.elapsed() < PERIOD {
                waits.push(writer.send(waits.len()).await);
            }
            waits
        })
    });
    let waits: Vec<Duration> =
        join_all(writing).await.into_iter().flat_map(Result::unwrap).collect();
    let rate = f64::from(u32::try_from(waits.len()).unwrap()) / began.elapsed().as_secs_f64();
    desk.close().await;
    (rate, waits)
}
