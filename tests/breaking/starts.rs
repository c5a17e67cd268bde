//! The server is killed while it starts: while it makes its first store and its keys, and while it
//! brings a store of an older version to its own format. Whatever it leaves, the next start takes.

use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::Connection;

use super::{
    SETTINGS,
    crash::{Moment, borrowed},
    disk::strace,
};
use crate::support::{
    process::{SERVER, Server, Setup, command, run},
    seed::{Seed, size},
};

/// The format that the first version wrote.
const FORMAT_1: &str = include_str!("../../server/src/desk/store/sqlite/migrations/1.sql");

/// Rows of each kind in the old store: more than a few pages of each.
const ROWS: u32 = 2_000;

const OF_THE_FIRST: [Moment; 5] = [
    Moment { name: "in making a store", calls: "pwrite64", file: Some(".new"), most: 20 },
    Moment { name: "made and not flushed", calls: "fsync,fdatasync", file: Some(".new"), most: 2 },
    Moment { name: "before the store has its name", calls: "rename", file: Some(".new"), most: 1 },
    Moment { name: "with a store and no keys", calls: "fsync,fdatasync", file: None, most: 6 },
    Moment { name: "before the first agent", calls: "pwrite64", file: Some("-wal"), most: 4 },
];

const OF_A_MIGRATION: [Moment; 2] = [
    Moment { name: "in a migration", calls: "pwrite64", file: Some("-wal"), most: 60 },
    Moment { name: "migrated, not flushed", calls: "fsync,fdatasync", file: Some("-wal"), most: 2 },
];

/// Starts a server that is killed at this moment, and waits until it was.
fn is_killed(data: &Path, moment: &Moment, seed: &mut Seed) {
    let arguments = moment.arguments(data, seed);
    let under = strace(Path::new("/dev/null"), &borrowed(&arguments));
    let mut child = Command::new(&under[0])
        .args(&under[1..])
        .arg(SERVER)
        .arg("--data")
        .arg(data)
        .args(["--listen", "127.0.0.1:0"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let began = Instant::now();
    let status = loop {
        match child.try_wait().unwrap() {
            Some(status) => break status,
            None if began.elapsed() > Duration::from_mins(1) => {
                child.kill().unwrap();
                panic!("{}: no signal ended it", moment.name);
            }
            None => thread::park_timeout(Duration::from_millis(5)),
        }
    };
    assert_eq!(status.code(), None, "{}: it has ended by itself", moment.name);
    println!("killed {}", moment.name);
}

/// Serves what was left, and has nothing to say against it.
fn is_whole(data: tempfile::TempDir) -> tempfile::TempDir {
    let mut server = Server::on(data, Setup::with(&SETTINGS));
    assert_eq!(server.stop(), 0);
    let data = std::mem::replace(&mut server.data, tempfile::tempdir().unwrap());
    let checked = run(command(data.path(), "127.0.0.1:0").arg("check"));
    assert!(checked.status.success(), "{checked:?}");
    data
}

#[test]
fn killed_in_its_first_start_it_makes_everything_at_the_next() {
    let mut seed = Seed::of_test("F02 first");
    for _ in 0..size(1, 20) {
        for moment in &OF_THE_FIRST {
            let data = tempfile::tempdir().unwrap();
            is_killed(data.path(), moment, &mut seed);
            let data = is_whole(data);
            let left = std::fs::read_dir(data.path()).unwrap().map(|it| it.unwrap().file_name());
            let mut left: Vec<_> = left.map(|name| name.into_string().unwrap()).collect();
            left.retain(|name| !name.ends_with("-shm") && !name.ends_with("-wal"));
            left.sort_unstable();
            assert_eq!(left, ["keys.json", "lock", "support.db"], "{}", moment.name);
        }
    }
}

/// A store as the first version left it.
fn an_old_store() -> tempfile::TempDir {
    use std::os::unix::fs::OpenOptionsExt;

    let data = tempfile::tempdir().unwrap();
    let path = data.path().join("support.db");
    std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path).unwrap();
    let store = Connection::open(path).unwrap();
    store.pragma_update(None, "journal_mode", "WAL").unwrap();
    store.execute_batch(FORMAT_1).unwrap();
    let rows = format!(
        "PRAGMA application_id = 0x7364736b; PRAGMA user_version = 1;
         INSERT INTO meta VALUES ('epoch', 'one');
         WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {ROWS})
         INSERT INTO guests SELECT printf('01ARZ3NDEKTSV4RRFFQ%07d', i), 'Maya', NULL, 7 FROM n;
         WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {ROWS})
         INSERT INTO audit SELECT i, 5, 'alice', 'sign_in', NULL, 'ok' FROM n;"
    );
    store.execute_batch(&rows).unwrap();
    store.close().unwrap();
    data
}

#[test]
fn killed_in_a_migration_it_loses_nothing_of_the_older_store() {
    let mut seed = Seed::of_test("F02 migration");
    for _ in 0..size(1, 20) {
        for moment in &OF_A_MIGRATION {
            let data = an_old_store();
            is_killed(data.path(), moment, &mut seed);
            let data = is_whole(data);
            let store = Connection::open(data.path().join("support.db")).unwrap();
            let counted =
                |sql: &str| -> u32 { store.query_row(sql, [], |row| row.get(0)).unwrap() };
            let guests = counted("SELECT count(*) FROM guests WHERE name = 'Maya'");
            let audit = counted("SELECT count(*) FROM audit WHERE what = 'sign_in'");
            let epoch = counted("SELECT count(*) FROM meta WHERE key = 'epoch' AND value = 'one'");
            assert_eq!((guests, audit, epoch), (ROWS, ROWS, 1), "{}", moment.name);
            assert!(counted("SELECT user_version FROM pragma_user_version") > 1);
        }
    }
}
