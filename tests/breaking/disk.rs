//! The disk: what was acknowledged has been flushed; one that is full or fails makes the desk
//! unavailable and never untrue. `strace` makes system calls fail, and tells what was called: the
//! server has no switch for it.

use std::collections::HashMap;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::json;

use super::{SETTINGS, blocking, millis, start};
use crate::support::{
    DEADLINE,
    load::{Crowd, Habits},
    people::{Agent, Guest},
    process::{Server, Setup},
    seed::{Seed, size},
};

/// `strace` with these arguments, as what a server runs under; it writes to `output`.
pub(super) fn strace(output: &Path, arguments: &[&str]) -> Vec<String> {
    let mut command: Vec<String> =
        ["strace", "-D", "-f", "--seccomp-bpf", "-o"].map(str::to_owned).to_vec();
    command.push(output.to_str().unwrap().to_owned());
    command.extend(arguments.iter().map(|argument| (*argument).to_owned()));
    command
}

/// The lines of a trace in which `part` occurs, with their places.
fn lines<'a>(trace: &'a [String], part: &str) -> impl Iterator<Item = usize> + use<'a> {
    let part = part.to_owned();
    trace.iter().enumerate().filter(move |(_, line)| line.contains(&part)).map(|(place, _)| place)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_acknowledgement_follows_a_flush_of_the_log_that_holds_the_message() {
    let mut seed = Seed::of_test("F03");
    let traces = tempfile::tempdir().unwrap();
    let output = traces.path().join("trace");
    let calls = ["-y", "-s", "5000", "-e", "trace=pwrite64,fdatasync,sendto,writev,write"];
    let setup = Setup::with(&SETTINGS).under(strace(&output, &calls));
    let mut server = blocking(|| start(setup, &["ada"]));
    let mut guests = Vec::new();
    for _ in 0..size(4, 16) {
        let mut guest = Guest::arrives(&server).await;
        let ticket = guest.opens_a_ticket("hello").await;
        guests.push((guest, ticket));
    }
    let mut keys = Vec::new();
    for _ in 0..size(20, 100) {
        let mut asked = Vec::new();
        for (guest, ticket) in &mut guests {
            let key = format!("key-{:016x}", seed.next());
            let text = json!({ "ticketId": ticket, "content": "x", "clientMessageId": key });
            asked.push(guest.socket.send("message:send", &text).await);
            keys.push(key);
        }
        for ((guest, _), number) in guests.iter_mut().zip(asked) {
            assert_eq!(guest.socket.ack(number).await["ok"], true);
        }
    }
    assert_eq!(blocking(|| server.stop()), 0);

    let trace = blocking(|| whole_trace(&output));
    // The log is the file that every entry is in before it is anywhere else.
    let flushed: Vec<usize> = (0..trace.len())
        .filter(|place| {
            let line = &trace[*place];
            line.contains("fdatasync") && line.contains("= 0") && is_log(&trace, *place)
        })
        .collect();
    for key in &keys {
        let written = lines(&trace, key)
            .find(|place| trace[*place].contains("pwrite64(") && trace[*place].contains("-wal>"))
            .unwrap();
        let flushed = *flushed.iter().find(|place| **place > written).unwrap();
        let told = lines(&trace, key)
            .find(|place| !trace[*place].contains("pwrite64("))
            .expect("the acknowledgement is in the trace");
        assert!(
            flushed < told,
            "told of before it was flushed:\n{}\n{}\n{}",
            &trace[written][..80],
            trace[flushed],
            &trace[told][..80]
        );
    }
    let flushes = flushed.len();
    println!("F03: {} acks, each after a flush of the log; {flushes} flushes", keys.len());
    assert!(flushes > 1);
}

/// Whether the flush that ends on this line is one of the log.
fn is_log(trace: &[String], place: usize) -> bool {
    let line = &trace[place];
    if !line.contains("resumed") {
        return line.contains("-wal>");
    }
    let thread = line.split_whitespace().next().unwrap();
    let began = trace[..place].iter().rev().find(|it| {
        it.split_whitespace().next() == Some(thread) && it.contains("fdatasync(")
    });
    began.is_some_and(|line| line.contains("-wal>"))
}

/// A trace, once what writes it has ended.
fn whole_trace(output: &Path) -> Vec<String> {
    let began = Instant::now();
    loop {
        let bytes = std::fs::read(output).unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes);
        if text.lines().last().is_some_and(|line| line.contains("+++ exited with")) {
            return text.lines().map(str::to_owned).collect();
        }
        assert!(began.elapsed() < DEADLINE, "the trace never ended");
        std::thread::park_timeout(Duration::from_millis(10));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_is_unavailable_and_well_again_as_soon_as_there_is_room() {
    let mut seed = Seed::of_test("F04");
    let server = blocking(|| start(Setup::with(&SETTINGS), &["ada", "ben"]));
    // From here on its data are on a disk of 12 MB that only this server sees.
    let room = tempfile::tempdir().unwrap();
    let mount = r#"mount -t tmpfs -o size=12m,mode=700 tmpfs "$2" && cp -a "$1/." "$2" &&
                   mount --move "$2" "$1" && shift 2 && exec "$@""#;
    let mut under = vec!["unshare".to_owned()];
    if std::fs::metadata("/proc/self").unwrap().uid() != 0 {
        under.push("--map-root-user".to_owned());
    }
    let data = server.data.path().to_str().unwrap().to_owned();
    let place = room.path().to_str().unwrap().to_owned();
    under.extend(["--mount", "sh", "-c", mount, "sh", &data, &place].map(str::to_owned));
    let mut server = server;
    blocking(|| server.stop());
    let server = blocking(|| server.start_again_under(under));
    let inside = PathBuf::from(format!("/proc/{}/root{data}", server.id()));
    let at = server.at();
    let crowd = Crowd::comes(&at, &at, 20, &["ada", "ben"], Habits::default(), &mut seed).await;
    crowd.acks(200, DEADLINE).await;

    let (mut acked, mut slowest) = (0, Duration::ZERO);
    for _ in 0..size(2, 10) {
        // Something else fills the disk but for a little.
        let ballast = inside.join("ballast");
        blocking(|| fill(&ballast, seed.below(64 * 1024)));
        let refused = crowd.unavailable();
        let full = |crowd: &Crowd| crowd.unavailable() >= refused + 22;
        crowd.until("the disk is full", DEADLINE, full).await;
        let mut reader = Agent::signs_in_without_writing(&server, &crowd).await;
        let listed = reader.socket.done("ticket:list", json!({})).await;
        assert_eq!(listed["tickets"].as_array().unwrap().len(), 20);
        acked = acked.max(crowd.acked());

        std::fs::remove_file(&ballast).unwrap();
        let healed = crowd.acks(100, Duration::from_secs(5)).await;
        slowest = slowest.max(healed);
    }

    let outcome = crowd.ends(&at, "reader").await;
    println!("F04: {outcome}; 100 acks {} ms after there was room", millis(slowest));
    assert!(outcome.refused.keys().all(|code| code == "unavailable"), "{outcome}");
}
