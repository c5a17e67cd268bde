//! The disk: what was acknowledged has been flushed; one that is full or fails makes the desk
//! unavailable and never untrue. `strace` makes system calls fail, and tells what was called: the
//! server has no switch for it.

use std::io::Write;
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

/// `strace` with these arguments, as what a server runs under; it writes to `output`. With
/// `--seccomp-bpf` it holds up no other calls than those that it traces, and sends no signals.
pub(super) fn strace(output: &Path, arguments: &[&str]) -> Vec<String> {
    let mut command: Vec<String> = ["strace", "-D", "-f", "-o"].map(str::to_owned).to_vec();
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
    let calls = [
        "--seccomp-bpf",
        "-y",
        "-s",
        "5000",
        "-e",
        "trace=pwrite64,fsync,fdatasync,sendto,writev,write",
    ];
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
    let process = server.id();
    assert_eq!(blocking(|| server.stop()), 0);

    let trace = blocking(|| whole_trace(&output, process));
    // The log is the file that every entry is in before it is anywhere else.
    let flushed: Vec<usize> =
        (0..trace.len()).filter(|place| is_flush_of_log(&trace, *place)).collect();
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

/// Whether a flush of the log has ended well on this line.
fn is_flush_of_log(trace: &[String], place: usize) -> bool {
    let line = &trace[place];
    let of_log = |line: &str| line.contains("sync(") && line.contains("-wal>");
    if !line.ends_with("= 0") {
        return false;
    }
    if !line.contains("sync resumed>") {
        return of_log(line);
    }
    // It was interrupted by what another thread did: where it began says of what it was.
    let thread = |line: &str| line.split(' ').next().map(str::to_owned);
    let began = trace[..place].iter().rev().find(|it| thread(it) == thread(line));
    began.is_some_and(|line| of_log(line))
}

/// The trace of a process, once what writes it has seen the process end.
fn whole_trace(output: &Path, process: u32) -> Vec<String> {
    let began = Instant::now();
    loop {
        let bytes = std::fs::read(output).unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes);
        let end = format!("{process} ");
        let is_end = |line: &str| line.starts_with(&end) && line.contains("+++ exited with");
        if text.lines().last().is_some_and(is_end) {
            return text.lines().map(str::to_owned).collect();
        }
        assert!(began.elapsed() < DEADLINE, "the trace never ended");
        std::thread::park_timeout(Duration::from_millis(10));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_is_unavailable_and_well_again_as_soon_as_there_is_room() {
    let mut seed = Seed::of_test("F04");
    let mut server = blocking(|| start(Setup::with(&SETTINGS), &["ada", "ben"]));
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
    blocking(|| server.stop());
    let server = blocking(|| server.start_again_under(under));
    let inside = PathBuf::from(format!("/proc/{}/root{data}", server.id()));
    let at = server.at();
    let crowd = Crowd::comes(&at, &at, 20, &["ada", "ben"], Habits::default(), &mut seed).await;
    crowd.acks(200, DEADLINE).await;

    let mut reader = Agent::signs_in(&server, "reader").await;

    let mut slowest = Duration::ZERO;
    for _ in 0..size(2, 10) {
        // Something else fills the disk but for a little.
        let ballast = inside.join("ballast");
        blocking(|| fill(&ballast, seed.below(64 * 1024)));
        let refused = crowd.unavailable();
        let full = |crowd: &Crowd| crowd.unavailable() >= refused + 22;
        crowd.until("the disk is full", DEADLINE, full).await;
        // Reading goes on.
        let listed = reader.socket.done("ticket:list", json!({})).await;
        assert_eq!(listed["tickets"].as_array().unwrap().len(), 20);
        std::fs::remove_file(&ballast).unwrap();
        let healed = crowd.acks(100, Duration::from_secs(5)).await;
        slowest = slowest.max(healed);
    }

    let outcome = crowd.ends(&at, "reader").await;
    println!("F04: {outcome}; 100 acks {} ms after there was room", millis(slowest));
    assert!(outcome.refused.keys().all(|code| code == "unavailable"), "{outcome}");
}

/// Fills the disk that `file` is on, but for so many bytes.
fn fill(file: &Path, leave: u64) {
    let mut ballast = std::fs::File::create(file).unwrap();
    let block = [0; 16 * 1024];
    let mut written = 0;
    while let Ok(count @ 1..) = ballast.write(&block) {
        written += count as u64;
        assert!(written < 1 << 30, "this is a disk that does not fill");
    }
    ballast.set_len(written - leave.min(written)).unwrap();
}

/// What could not be flushed may be gone although a later flush succeeds, so that nothing may be
/// promised any more: the process ends, and the next one begins with what is on the disk.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_fails_to_flush_ends_the_server_and_nothing_was_promised() {
    let mut seed = Seed::of_test("F05, flush");
    let mut server = blocking(|| start(Setup::with(&SETTINGS), &["ada", "ben"]));
    let (at, faults) = (server.at(), size(2, 20));
    let crowd = Crowd::comes(&at, &at, 10, &["ada", "ben"], Habits::default(), &mut seed).await;

    for _ in 0..faults {
        crowd.acks(100, DEADLINE).await;
        blocking(|| server.stop());
        let under = failing(&server, "fsync,fdatasync", &mut seed);
        server = blocking(|| server.start_again_under(under));
        // Exit status 74 is that of an input or output error.
        assert_eq!(blocking(|| server.ended(DEADLINE)), Some(74));
        server.says("disk");
        server = blocking(|| server.start_again_under(Vec::new()));
    }

    let outcome = crowd.ends(&at, "reader").await;
    println!("F05: {faults} failed flushes, each the end of its process; {outcome}");
}

/// A write that fails has changed nothing: it is refused, and the next one may succeed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_fails_to_write_is_unavailable_for_as_long_as_it_does() {
    let mut seed = Seed::of_test("F05, write");
    let mut server = blocking(|| start(Setup::with(&SETTINGS), &["ada", "ben"]));
    let at = server.at();
    let crowd = Crowd::comes(&at, &at, 10, &["ada", "ben"], Habits::default(), &mut seed).await;
    crowd.acks(100, DEADLINE).await;
    blocking(|| server.stop());

    let mut under = failing(&server, "pwrite64", &mut seed);
    let last = under.pop().unwrap().replace('+', "..200");
    under.push(last);
    server = blocking(|| server.start_again_under(under));
    crowd.until("writing fails", DEADLINE, |crowd| crowd.unavailable() > 20).await;
    crowd.acks(200, Duration::from_mins(1)).await;

    let outcome = crowd.ends(&at, "reader").await;
    assert_eq!(blocking(|| server.stop()), 0);
    println!("F05: writes that failed for a while; {outcome}");
}

/// Under this the system call fails for the log, from some time on.
fn failing(server: &Server, call: &str, seed: &mut Seed) -> Vec<String> {
    let log = server.data.path().join("support.db-wal");
    let fault = format!("inject={call}:error=EIO:when={}+", 5 + seed.below(40));
    let trace = format!("trace={call}");
    strace(
        Path::new("/dev/null"),
        &["--seccomp-bpf", "-P", log.to_str().unwrap(), "-e", &trace, "-e", &fault],
    )
}
