//! The server is killed: at any moment, and at moments that are known to be bad ones.

use std::path::Path;
use std::time::{Duration, Instant};

use tokio::time::sleep;

use super::{AGENTS, SETTINGS, blocking, disk::strace, millis, start};
use crate::support::{
    DEADLINE,
    load::{Crowd, Habits},
    process::{Server, Setup},
    seed::{Seed, size},
};

/// Started again until it serves, with the time that this took.
fn again(server: Server, under: Vec<String>) -> (Server, Duration) {
    let began = Instant::now();
    let server = blocking(|| server.start_again_under(under));
    (server, began.elapsed())
}

/// Who talks while the server is killed, and how often that is done.
pub(super) struct Kills {
    pub(super) guests: usize,
    pub(super) agents: usize,
    pub(super) times: usize,
    /// Acknowledgements at least.
    pub(super) acks: u64,
    pub(super) habits: Habits,
    /// How soon it has to serve again.
    pub(super) ready: Duration,
}

/// Kills a server of this setup at random moments.
pub(super) async fn kill_at_random(name: &str, setup: Setup, kills: Kills) {
    let mut seed = Seed::of_test(name);
    let Kills { guests, agents, times, acks, habits, ready } = kills;
    let agents = &AGENTS[..agents];
    let mut server = blocking(|| start(setup, agents));
    let at = server.at();
    let crowd = Crowd::comes(&at, &at, guests, agents, habits, &mut seed).await;
    let (mut slowest_start, mut slowest_return) = (Duration::ZERO, Duration::ZERO);
    let some = u64::try_from(guests * 4).unwrap();

    for kill in 0..times {
        // Every other time the clients are still coming back from the last one.
        if kill % 2 == 0 {
            crowd.acks(some, DEADLINE).await;
        }
        sleep(seed.within(Duration::from_millis(size(400, 1_000)))).await;
        let times = crowd.times();
        server.kill();
        let (started, took) = again(server, Vec::new());
        server = started;
        slowest_start = slowest_start.max(took);
        if kill % 2 == 1 {
            let back = |crowd: &Crowd| crowd.returned_since(&times);
            let took = crowd.until("everybody is back", Duration::from_secs(10), back).await;
            slowest_return = slowest_return.max(took);
        }
    }
    let left = acks.saturating_sub(crowd.acked());
    crowd.acks(left, Duration::from_mins(5)).await;

    let outcome = crowd.ends(&at, "reader").await;
    assert!(slowest_start < ready, "ready after {slowest_start:?}");
    println!(
        "{name}: {times} kills; {outcome}; slowest start {} ms, slowest return of all {} ms",
        millis(slowest_start),
        millis(slowest_return)
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_at_random_under_load_it_loses_doubles_and_reorders_nothing() {
    let (times, acks) = size((20, 0), (200, 100_000));
    let (habits, ready) = (Habits::default(), Duration::from_secs(2));
    let kills = Kills { guests: 50, agents: 10, times, acks, habits, ready };
    kill_at_random("F01", Setup::with(&SETTINGS), kills).await;
}

/// A moment that a crash may come at: the server is killed before it makes one of these system
/// calls, on a file of the store if one is named.
pub(super) struct Moment {
    pub(super) name: &'static str,
    pub(super) calls: &'static str,
    pub(super) file: Option<&'static str>,
    /// One of the first so many of a thread.
    pub(super) most: u64,
}

impl Moment {
    /// What tells strace of it.
    pub(super) fn arguments(&self, data: &Path, seed: &mut Seed) -> Vec<String> {
        let calls = self.calls;
        let when = 1 + seed.below(self.most);
        let mut arguments = vec![
            "-e".to_owned(),
            format!("trace={calls}"),
            "-e".to_owned(),
            format!("inject={calls}:signal=KILL:when={when}"),
        ];
        if let Some(end) = self.file {
            arguments.extend(["-P".to_owned(), format!("{}/support.db{end}", data.display())]);
        }
        arguments
    }
}

const MOMENTS: [Moment; 7] = [
    Moment { name: "before a commit is written", calls: "pwrite64", file: Some("-wal"), most: 400 },
    Moment {
        name: "written and not flushed",
        calls: "fsync,fdatasync",
        file: Some("-wal"),
        most: 100,
    },
    // What follows a flush is the release of the log's lock: nobody was told yet.
    Moment {
        name: "flushed, before anybody is told",
        calls: "fcntl",
        file: Some("-shm"),
        most: 400,
    },
    Moment {
        name: "between an answer and an announcement",
        calls: "sendto,writev",
        file: None,
        most: 400,
    },
    Moment {
        name: "before the log moves into the file",
        calls: "pwrite64",
        file: Some(""),
        most: 20,
    },
    Moment { name: "moved and not flushed", calls: "fsync,fdatasync", file: Some(""), most: 1 },
    Moment { name: "in a start", calls: "pread64,ftruncate,fcntl", file: Some(""), most: 12 },
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_at_every_bad_moment_it_loses_doubles_and_reorders_nothing() {
    let mut seed = Seed::of_test("F02");
    let rounds = size(2, 20);
    let mut server = blocking(|| start(Setup::with(&SETTINGS), &["ada", "ben"]));
    let at = server.at();
    let crowd = Crowd::comes(&at, &at, 20, &["ada", "ben"], Habits::default(), &mut seed).await;

    for round in 0..rounds {
        for moment in &MOMENTS {
            crowd.acks(20, DEADLINE).await;
            server.kill();
            let arguments = moment.arguments(server.data.path(), &mut seed);
            let under = strace(Path::new("/dev/null"), &borrowed(&arguments));
            server = blocking(|| server.start_again_to_end(under));
            println!("killed {} ({round})", moment.name);
            let ended = blocking(|| server.ended(Duration::from_mins(1)));
            assert_eq!(ended, None, "{} in round {round}: no signal ended it", moment.name);
            server = blocking(|| server.start_again_under(Vec::new()));
        }
    }

    let outcome = crowd.ends(&at, "reader").await;
    println!("F02: {} moments, {rounds} times each; {outcome}", MOMENTS.len());
}

/// What the arguments of a moment are to who takes them as texts.
pub(super) fn borrowed(arguments: &[String]) -> Vec<&str> {
    arguments.iter().map(String::as_str).collect()
}
