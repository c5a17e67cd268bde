//! What the tasks promise, on the embedded store.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use rusqlite::Connection;
use support_shared::TicketId;
use tokio::sync::mpsc;
use tokio_util::task::TaskTracker;

use super::*;
use crate::desk::store::Store;
use crate::desk::store::contract::moving::{a_day_in, everything, lines, write};
use crate::desk::store::{moving::Record, sqlite::Sqlite};

const FILE: &str = "support.db";

fn stored_in(data: impl AsRef<Path>) -> Storage {
    Storage::Embedded(data.as_ref().to_owned())
}

fn quiet(_: &'static str, _: u64, _: u64) {}

fn open(data: &Path) -> Sqlite {
    Sqlite::open(data, &Source::system(), mpsc::channel(10_000).0).unwrap()
}

fn checked(data: &Path) -> Report {
    check(&stored_in(data), &mut quiet).unwrap()
}

/// A store after a day, closed, and its directory.
async fn after_a_day() -> tempfile::TempDir {
    let data = tempfile::tempdir().unwrap();
    a_day_in(data.path(), 10).await.close().await;
    data
}

/// The numbers that 20 writers have been acknowledged, who write to the first ticket there is.
struct Load {
    acked: Arc<Mutex<Vec<u64>>>,
    enough: Arc<AtomicBool>,
    tasks: TaskTracker,
}

impl Load {
    fn on(store: &Arc<dyn Store>) -> Self {
        let (acked, enough) = (Arc::default(), Arc::default());
        let load = Self { acked, enough, tasks: TaskTracker::new() };
        for writer in 0..20 {
            let (acked, enough) = (Arc::clone(&load.acked), Arc::clone(&load.enough));
            let store = Arc::clone(store);
            load.tasks.spawn(async move {
                for number in 0.. {
                    let seq = write(&*store, &format!("w{writer}-{number}")).await;
                    acked.lock().unwrap().push(seq);
                    if enough.load(Ordering::Relaxed) {
                        break;
                    }
                }
            });
        }
        load.tasks.close();
        load
    }

    fn acked(&self) -> Vec<u64> {
        self.acked.lock().unwrap().clone()
    }

    /// Waits until there are `more` than there are now.
    fn wait_for(&self, more: usize) {
        let (before, began) = (self.acked().len(), Instant::now());
        while self.acked().len() < before + more {
            assert!(began.elapsed() < Duration::from_mins(1), "nobody writes");
            std::thread::yield_now();
        }
    }

    async fn stop(&self) {
        self.enough.store(true, Ordering::Relaxed);
        self.tasks.wait().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_backup_under_load_has_what_was_acknowledged_before_it_and_is_whole() {
    let data = tempfile::tempdir().unwrap();
    let store = a_day_in(data.path(), 500).await;
    let copy = data.path().join("copy.db");
    let load = Arc::new(Load::on(&store));
    let (path, to, meanwhile) = (data.path().to_owned(), copy.clone(), Arc::clone(&load));
    let acked_before = tokio::task::spawn_blocking(move || {
        meanwhile.wait_for(100);
        let acked = meanwhile.acked();
        // Writers go on while it copies.
        backup(&stored_in(&path), &to, &mut |_, _, _| meanwhile.wait_for(20)).unwrap();
        acked
    })
    .await
    .unwrap();
    load.stop().await;

    let other = tempfile::tempdir().unwrap();
    restore(&stored_in(other.path()), &copy, &Source::system(), &mut quiet).unwrap();

    assert_eq!(fs::metadata(&copy).unwrap().permissions().mode() & 0o777, 0o600);
    let report = checked(other.path());
    assert!(report.is_clean(), "{report:?}");
    let restored = open(other.path());
    assert_ne!(restored.epoch(), store.epoch());
    let (copied, all) = (entries(&restored).await, entries(&*store).await);
    assert!(copied.len() < all.len());
    assert!(copied.iter().all(|(key, line)| all.get(key) == Some(line)));
    let numbers: HashSet<u64> = copied.keys().map(|(_, seq)| *seq).collect();
    assert!(acked_before.len() >= 100 && acked_before.iter().all(|seq| numbers.contains(seq)));
    assert_eq!(write(&restored, "next").await, numbers.iter().max().unwrap() + 1);
}

/// The messages of all conversations: ticket and number, and the line.
async fn entries(store: &dyn Store) -> HashMap<(TicketId, u64), String> {
    let records = everything(store, 1000).await;
    let entries = records.iter().filter_map(|record| match record {
        Record::Entry(it) => {
            Some(((it.ticket_id, it.seq?), lines(std::slice::from_ref(record)).remove(0)))
        }
        _ => None,
    });
    entries.collect()
}

#[tokio::test]
async fn nothing_is_put_in_the_place_of_another_file_or_store() {
    let data = after_a_day().await;
    let copy = data.path().join("copy.db");
    backup(&stored_in(data.path()), &copy, &mut quiet).unwrap();
    let (bytes, store) = (fs::read(&copy).unwrap(), fs::read(data.path().join(FILE)).unwrap());

    let again = backup(&stored_in(data.path()), &copy, &mut quiet).unwrap_err();
    let exported =
        export(&stored_in(data.path()), Some(&copy), &Source::system(), &mut quiet).await;
    let restored =
        restore(&stored_in(data.path()), &copy, &Source::system(), &mut quiet).unwrap_err();

    assert!(matches!(again, MaintenanceError::Exists(_)));
    assert!(matches!(exported.unwrap_err(), MaintenanceError::Exists(_)));
    assert!(matches!(restored, MaintenanceError::Occupied(_)));
    assert_eq!(restored.exit_status(), 73);
    assert_eq!(fs::read(&copy).unwrap(), bytes);
    assert_eq!(fs::read(data.path().join(FILE)).unwrap(), store);
    let names = fs::read_dir(data.path()).unwrap().map(|it| it.unwrap().file_name());
    let names: Vec<_> = names.map(|name| name.into_string().unwrap()).collect();
    assert!(names.iter().all(|name| !name.contains("partial") && !name.contains("new")));
}

#[tokio::test]
async fn a_damaged_backup_is_not_restored() {
    let data = after_a_day().await;
    let copy = data.path().join("copy.db");
    backup(&stored_in(data.path()), &copy, &mut quiet).unwrap();
    let whole = fs::read(&copy).unwrap();
    let at = whole.windows(9).position(|it| it == b"my order ").unwrap();
    let mut flipped = whole.clone();
    flipped[at] ^= 1;
    let text = b"no database".to_vec();
    for bytes in [flipped, whole[..whole.len() / 2].to_vec(), Vec::new(), text] {
        fs::write(&copy, bytes).unwrap();
        let other = tempfile::tempdir().unwrap();

        let refused =
            restore(&stored_in(other.path()), &copy, &Source::system(), &mut quiet).unwrap_err();

        assert_eq!(refused.exit_status(), 65, "{refused}");
        assert!(!other.path().join(FILE).exists());
    }
}

#[tokio::test]
async fn a_check_changes_nothing_and_needs_the_store_for_itself() {
    let data = after_a_day().await;
    let before = fs::read(data.path().join(FILE)).unwrap();
    assert!(checked(data.path()).is_clean());
    assert_eq!(fs::read(data.path().join(FILE)).unwrap(), before);

    let store = open(data.path());
    let refused = check(&stored_in(data.path()), &mut quiet).unwrap_err();
    assert_eq!(refused.exit_status(), 69);
    assert!(refused.to_string().contains("stop it first"));
    store.close().await;

    let nothing = data.path().join("nothing");
    let refused = check(&stored_in(&nothing), &mut quiet).unwrap_err();
    assert_eq!(refused.exit_status(), 66);
    assert!(!nothing.exists());
}

#[tokio::test]
async fn a_check_names_each_kind_of_fault() {
    let original = after_a_day().await;
    let resum = "UPDATE entries SET checksum = checksum(entry);
                 UPDATE tickets SET checksum = checksum(record);";
    let cases = [
        ("UPDATE entries SET entry = replace(entry, 'hello', 'hullo')", "checksum does not match"),
        ("UPDATE guests SET email = 'x@example.com'", "checksum does not match"),
        ("UPDATE sessions SET ended = 1", "checksum does not match"),
        ("UPDATE meta SET value = 'other'", "checksum does not match"),
        ("UPDATE agents SET username = 'mallory'", "the columns are not the record's"),
        ("DELETE FROM entries WHERE seq = 2", "does not follow 1"),
        ("DELETE FROM entries WHERE log = 1 AND seq = 3", "the summary is not what its logs say"),
        ("UPDATE entries SET sender = 'x' WHERE seq = 3", "the columns are not the entry's"),
        (
            "UPDATE tickets SET record = replace(record, '\"preview\":\"', '\"preview\":\"x')",
            "the summary is not what its logs say",
        ),
        (
            "UPDATE tickets SET record = json_set(record, '$.guestReadSeq', 99)",
            "a read mark is where it cannot be",
        ),
        ("UPDATE tickets SET place = place + 1", "the columns are not the record's"),
        ("UPDATE tickets SET attended = 1 - attended", "the columns are not the record's"),
        ("UPDATE words SET subject = 'x'", "what it is found by is not the record's"),
        ("DELETE FROM tags", "the tags are not the record's"),
        ("DELETE FROM guests", "its guest is another one"),
        ("DELETE FROM agents", "no such agent"),
        ("DELETE FROM tickets WHERE status = 'open'", "no such ticket"),
        ("INSERT INTO tags VALUES ('x', 'nobody')", "tags: nobody: no such ticket"),
        ("DROP INDEX tickets_by_place", "no index tickets_by_place"),
        ("CREATE TABLE mine (x)", "table mine on mine is not ours"),
        (
            "UPDATE entries SET entry = json_set(entry, '$.createdAt', '2020-01-01T00:00:00.000Z') WHERE seq = 5",
            "is earlier than what is before it",
        ),
        (
            "UPDATE entries SET entry = json_set(entry, '$.event', json('{\"type\":\"ticketClosed\",\"agent\":null,\"reason\":null}')) WHERE log = 0 AND seq = 5",
            "was written after the ticket was closed",
        ),
        ("UPDATE entries SET entry = '{' WHERE seq = 3", "the entry does not parse"),
        (
            "INSERT INTO meta VALUES ('import', 'begun', checksum('import', 'begun'))",
            "an import has begun",
        ),
    ];
    for (damage, said) in cases {
        let data = tempfile::tempdir().unwrap();
        fs::copy(original.path().join(FILE), data.path().join(FILE)).unwrap();
        let db = Connection::open(data.path().join(FILE)).unwrap();
        crate::desk::store::sqlite::add_functions(&db).unwrap();
        db.execute_batch(damage).unwrap_or_else(|error| panic!("{damage}: {error}"));
        if !said.starts_with("checksum") {
            db.execute_batch(resum).unwrap();
        }
        drop(db);

        let report = checked(data.path());

        assert!(report.faults.iter().any(|fault| fault.contains(said)), "{damage}: {report:?}");
    }
    assert!(checked(original.path()).is_clean());
}

/// What a store of format 1 had, made of one of this format.
fn format_1(of: &Path) -> tempfile::TempDir {
    let data = tempfile::tempdir().unwrap();
    let path = data.path().join(FILE);
    fs::write(&path, "").unwrap();
    fs::set_permissions(&path, PermissionsExt::from_mode(0o600)).unwrap();
    let db = Connection::open(path).unwrap();
    db.execute_batch(include_str!("../store/sqlite/migrations/1.sql")).unwrap();
    db.execute("ATTACH ?1 AS new", [of.join(FILE).to_str().unwrap()]).unwrap();
    let tickets = "number, id, reference, guest, created_by, status, assignee, place, counts,
                   attended, active_at, record";
    for (table, columns) in [
        ("meta", "key, value"),
        ("guests", "id, name, email, created_at"),
        ("agents", "id, username, record"),
        ("sessions", "id, agent, ends_at, ended"),
        ("tickets", tickets),
        ("tags", "tag, ticket"),
        ("entries", "place, ticket, log, seq, sender, client_message_id, entry"),
        ("audit", "at, who, what, object, result"),
    ] {
        let sql = format!("INSERT INTO {table} ({columns}) SELECT {columns} FROM new.{table}");
        db.execute_batch(&sql).unwrap();
    }
    db.execute_batch(
        "INSERT INTO words (rowid, subject, reference, name, email)
           SELECT rowid, subject, reference, name, email FROM new.words;
         PRAGMA application_id = 0x7364736b; PRAGMA user_version = 1;",
    )
    .unwrap();
    data
}

#[tokio::test]
async fn an_older_format_is_checked_as_it_is_and_restored_as_this_one() {
    let data = after_a_day().await;
    let old = format_1(data.path());
    let report = checked(old.path());
    assert_eq!(report.format, 1);
    assert!(report.is_clean(), "{report:?}");
    let copy = old.path().join("copy.db");
    backup(&stored_in(old.path()), &copy, &mut quiet).unwrap();
    assert_eq!(check_backup(&copy, &mut quiet).unwrap().format, 1);
    let other = tempfile::tempdir().unwrap();

    restore(&stored_in(other.path()), &copy, &Source::system(), &mut quiet).unwrap();

    let report = checked(other.path());
    assert_eq!(report.format, 3);
    assert!(report.is_clean(), "{report:?}");
    assert_eq!(entries(&open(other.path())).await, entries(&open(data.path())).await);
    // The first start on the old file brings it to this format too.
    open(old.path()).close().await;
    assert_eq!(checked(old.path()).format, 3);
    assert!(checked(old.path()).is_clean());
}

/// An export of a day, as text.
async fn exported(data: &Path) -> (std::path::PathBuf, String) {
    let file = data.join("export.jsonl");
    let _ = fs::remove_file(&file);
    export(&stored_in(data), Some(&file), &Source::system(), &mut quiet).await.unwrap();
    let text = fs::read_to_string(&file).unwrap();
    (file, text)
}

fn without_header(text: &str) -> &str {
    text.split_once('\n').unwrap().1
}

#[tokio::test]
async fn what_is_imported_exports_as_the_same_lines() {
    let data = after_a_day().await;
    let (file, text) = exported(data.path()).await;
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let other = tempfile::tempdir().unwrap();

    let counts =
        import(&stored_in(other.path()), &file, &Source::system(), &mut quiet).await.unwrap();

    assert_eq!(counts.total() + 2, text.lines().count() as u64);
    assert_eq!(without_header(&exported(other.path()).await.1), without_header(&text));
    assert!(checked(other.path()).is_clean());
    assert_ne!(open(other.path()).epoch(), open(data.path()).epoch());
}

#[cfg(feature = "mongo")]
#[tokio::test]
async fn a_desk_moves_to_mongodb_and_back_without_a_loss() {
    let data = after_a_day().await;
    let (file, text) = exported(data.path()).await;
    let scratch = crate::desk::store::replicated::mongo::testing::Scratch::new();
    let there = Storage::MongoDb(scratch.address.clone());

    import(&there, &file, &Source::system(), &mut quiet).await.unwrap();
    let back = data.path().join("back.jsonl");
    export(&there, Some(&back), &Source::system(), &mut quiet).await.unwrap();
    let other = tempfile::tempdir().unwrap();
    import(&stored_in(other.path()), &back, &Source::system(), &mut quiet).await.unwrap();

    assert_eq!(without_header(&fs::read_to_string(&back).unwrap()), without_header(&text));
    assert_eq!(without_header(&exported(other.path()).await.1), without_header(&text));
    assert!(checked(other.path()).is_clean());
    let refused = check(&there, &mut quiet).unwrap_err();
    assert_eq!(refused.exit_status(), 64);
    scratch.drop().await;
}

#[tokio::test]
async fn an_import_that_was_cut_short_is_served_by_nobody_and_goes_on() {
    let data = after_a_day().await;
    let (file, text) = exported(data.path()).await;
    let store = open(data.path());
    let records = everything(&store, 1000).await;
    store.close().await;
    for done in [0, 1, records.len() / 2, records.len() - 1, records.len()] {
        let other = tempfile::tempdir().unwrap();
        let half = open(other.path());
        half.set_importing(true).await.unwrap();
        half.load(records[..done].to_vec()).await.unwrap();
        half.close().await;
        drop(half);
        let refused = Sqlite::open(other.path(), &Source::system(), mpsc::channel(1).0);
        assert_eq!(refused.err().unwrap().exit_status(), 65);

        import(&stored_in(other.path()), &file, &Source::system(), &mut quiet).await.unwrap();

        assert_eq!(without_header(&exported(other.path()).await.1), without_header(&text));
        assert!(checked(other.path()).is_clean());
    }
}

#[tokio::test]
async fn an_import_is_not_mixed_with_what_is_there() {
    let (one, other) = (after_a_day().await, after_a_day().await);
    let (file, _) = exported(one.path()).await;
    let before = exported(other.path()).await.1;

    let refused =
        import(&stored_in(other.path()), &file, &Source::system(), &mut quiet).await.unwrap_err();

    assert_eq!(refused.exit_status(), 73);
    assert_eq!(without_header(&exported(other.path()).await.1), without_header(&before));
}

#[tokio::test]
async fn an_export_that_was_cut_off_or_changed_is_not_imported() {
    let data = after_a_day().await;
    let (file, text) = exported(data.path()).await;
    let lines: Vec<&str> = text.lines().collect();
    let joined = |lines: &[&str]| lines.join("\n") + "\n";
    let mut wrong: Vec<String> = (0..lines.len()).map(|end| joined(&lines[..end])).collect();
    wrong.push(text[..text.len() - 1].to_owned());
    wrong.push(text.clone() + "\n");
    wrong.push(text.replace("hello", "hullo"));
    wrong.push(text.replace("\"version\":1", "\"version\":2"));
    wrong.push(text.replace("\"ticket\":{", "\"tickat\":{"));
    let mut swapped = lines.clone();
    swapped.swap(2, 3);
    wrong.push(joined(&swapped));
    let mut twice = lines.clone();
    twice.insert(2, lines[2]);
    wrong.push(joined(&twice));
    wrong.push("these are no records\n".to_owned());
    for text in wrong {
        fs::write(&file, &text).unwrap();
        let other = tempfile::tempdir().unwrap();

        let refused = import(&stored_in(other.path()), &file, &Source::system(), &mut quiet)
            .await
            .unwrap_err();

        assert_eq!(refused.exit_status(), 65, "{refused}");
        assert!(!other.path().join(FILE).exists(), "{refused}");
    }
}
