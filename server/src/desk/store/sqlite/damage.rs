//! What becomes of a damaged file: it is refused, or `check` or reading it says so, or what is read
//! of it is what was written. Never is there a new store in its place.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use rusqlite::Connection;
use tokio::sync::mpsc;

use super::super::contract::moving::{a_day_in, lines};
use super::super::moving::{Kind, Record};
use super::super::{Result, Store};
use super::{Sqlite, check, file};
use crate::clock::Source;

const LOG: &str = "support.db-wal";

/// Numbers that are the same in every run.
struct Seeded(u64);

impl Seeded {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % limit as u64).unwrap()
    }
}

#[derive(Debug, PartialEq)]
enum Outcome {
    /// It was not opened, and not touched.
    Refused,
    /// Reading it or checking it says that it is damaged.
    Reported,
    /// It was read: the epoch, and everything as lines.
    Read(String, Vec<String>),
}

async fn read(store: &Sqlite) -> Result<Vec<Record>> {
    let mut all = Vec::new();
    for kind in Kind::ALL {
        all.extend(store.dump(kind, None, usize::MAX).await?);
    }
    Ok(all)
}

async fn outcome(data: &Path) -> Outcome {
    let path = data.join(file::NAME);
    let before = fs::read(&path).ok();
    let (announce, _announced) = mpsc::channel(1);
    let store = match Sqlite::open(data, &Source::system(), announce) {
        Ok(store) => store,
        Err(error) => {
            assert_eq!(error.exit_status(), 65, "{error}");
            assert!(error.to_string().contains("nothing was changed"), "{error}");
            assert_eq!(fs::read(&path).ok(), before, "{error}");
            return Outcome::Refused;
        }
    };
    let epoch = store.epoch().to_owned();
    let everything = read(&store).await;
    store.close().await;
    drop(store);
    let report = check::check(data, &mut |_, _, _| {}).unwrap();
    match everything {
        Ok(everything) if report.is_clean() => Outcome::Read(epoch, lines(&everything)),
        _ => Outcome::Reported,
    }
}

/// A directory with these files, and what a store has of it that is not damaged.
struct Original {
    files: Vec<(&'static str, Vec<u8>)>,
    whole: Outcome,
}

impl Original {
    /// As it is after a stop (one file), or after a crash (with a log of the recent writes).
    async fn after(crash: bool) -> Self {
        let data = tempfile::tempdir().unwrap();
        let store = a_day_in(data.path(), 400).await;
        if !crash {
            store.close().await;
        }
        let names: &[&'static str] = if crash { &[file::NAME, LOG] } else { &[file::NAME] };
        let files: Vec<_> =
            names.iter().map(|name| (*name, fs::read(data.path().join(name)).unwrap())).collect();
        store.close().await;
        let mut original = Self { files, whole: Outcome::Refused };
        original.whole = outcome(original.with(|_| {}).path()).await;
        assert!(matches!(original.whole, Outcome::Read(..)));
        original
    }

    /// A copy of it in which something was done to the files.
    fn with(&self, damage: impl FnOnce(&Path)) -> tempfile::TempDir {
        let data = tempfile::tempdir().unwrap();
        for (name, bytes) in &self.files {
            let path = data.path().join(name);
            fs::write(&path, bytes).unwrap();
            fs::set_permissions(path, PermissionsExt::from_mode(0o600)).unwrap();
        }
        damage(data.path());
        data
    }
}

fn flip(path: &Path, bit: usize) {
    let mut bytes = fs::read(path).unwrap();
    bytes[bit / 8] ^= 1 << (bit % 8);
    fs::write(path, bytes).unwrap();
}

fn cut(path: &Path, length: usize) {
    let file = fs::OpenOptions::new().write(true).open(path).unwrap();
    file.set_len(length as u64).unwrap();
}

#[tokio::test]
async fn a_flipped_bit_is_noticed_or_changes_nothing() {
    let original = Original::after(false).await;
    let bits = original.files[0].1.len() * 8;
    let mut seeded = Seeded(0x5eed);
    let mut noticed = 0;
    for _ in 0..200 {
        let bit = seeded.below(bits);
        let data = original.with(|data| flip(&data.join(file::NAME), bit));
        match outcome(data.path()).await {
            Outcome::Refused | Outcome::Reported => noticed += 1,
            read @ Outcome::Read(..) => assert!(read == original.whole, "bit {bit}"),
        }
    }
    // What is in no row and in no structure may be anything.
    assert!(noticed > 100, "{noticed}");
}

#[tokio::test]
async fn a_flipped_bit_in_the_first_bytes_is_noticed_or_changes_nothing() {
    let original = Original::after(false).await;
    for bit in (0..100 * 8).step_by(7) {
        let data = original.with(|data| flip(&data.join(file::NAME), bit));
        let outcome = outcome(data.path()).await;
        assert!(!matches!(outcome, Outcome::Read(..)) || outcome == original.whole, "bit {bit}");
    }
}

#[tokio::test]
async fn a_file_that_was_cut_off_is_refused_or_reported() {
    let original = Original::after(false).await;
    let length = original.files[0].1.len();
    let mut seeded = Seeded(0xc07);
    let lengths = (0..40).map(|_| seeded.below(length)).chain([0, 1, 100, 512, 4096, length - 1]);
    for length in lengths {
        let data = original.with(|data| cut(&data.join(file::NAME), length));
        let outcome = outcome(data.path()).await;
        assert!(!matches!(outcome, Outcome::Read(..)), "{length}");
    }
}

/// SQLite cannot tell writes that were lost from writes that never were. It opens as of an earlier
/// moment: whole, consistent, and the same history.
#[tokio::test]
async fn a_log_of_writes_that_was_damaged_leaves_an_earlier_moment_whole() {
    let original = Original::after(true).await;
    let length = original.files[1].1.len();
    let mut seeded = Seeded(0x106);
    let Outcome::Read(epoch, all) = &original.whole else { panic!() };
    let mut earlier = 0;
    for round in 0..60 {
        let place = seeded.below(length);
        let data = original.with(|data| match round % 2 {
            0 => cut(&data.join(LOG), place),
            _ => flip(&data.join(LOG), place * 8),
        });
        match outcome(data.path()).await {
            Outcome::Refused | Outcome::Reported => {}
            Outcome::Read(same, left) => {
                assert_eq!(&same, epoch);
                let entry = |line: &&String| line.starts_with("{\"entry\"");
                let known: std::collections::HashSet<_> = all.iter().filter(entry).collect();
                assert!(left.iter().filter(entry).all(|line| known.contains(line)));
                earlier += usize::from(left.len() < all.len());
            }
        }
    }
    assert!(earlier > 10, "{earlier}");
}

#[tokio::test]
async fn what_is_not_ours_or_has_lost_its_other_half_is_refused_and_left_alone() {
    type Damage = fn(&Path);
    let cases: [(&str, Damage); 8] = [
        ("an empty file", |data| fs::write(data.join(file::NAME), "").unwrap()),
        ("an empty file beside a log", |data| {
            fs::write(data.join(file::NAME), "").unwrap();
            fs::write(data.join(LOG), vec![7; 5000]).unwrap();
        }),
        ("a log without its file", |data| {
            fs::remove_file(data.join(file::NAME)).unwrap();
            fs::write(data.join(LOG), vec![7; 5000]).unwrap();
        }),
        ("a text", |data| fs::write(data.join(file::NAME), "not a database").unwrap()),
        ("an empty database", |data| {
            fs::remove_file(data.join(file::NAME)).unwrap();
            let other = Connection::open(data.join(file::NAME)).unwrap();
            other.execute_batch("PRAGMA user_version = 1; VACUUM").unwrap();
        }),
        ("another program's database", |data| {
            fs::remove_file(data.join(file::NAME)).unwrap();
            let other = Connection::open(data.join(file::NAME)).unwrap();
            other.execute_batch("CREATE TABLE meta (key, value)").unwrap();
        }),
        ("a later format", |data| {
            let later = Connection::open(data.join(file::NAME)).unwrap();
            later.pragma_update(None, "user_version", file::FORMAT + 1).unwrap();
        }),
        ("no format", |data| {
            let none = Connection::open(data.join(file::NAME)).unwrap();
            none.pragma_update(None, "user_version", 0).unwrap();
        }),
    ];
    let original = Original::after(false).await;
    for (name, damage) in cases {
        let data = original.with(damage);
        let log = fs::read(data.path().join(LOG)).ok();
        assert_eq!(outcome(data.path()).await, Outcome::Refused, "{name}");
        assert_eq!(fs::read(data.path().join(LOG)).ok(), log, "{name}");
    }
}

#[tokio::test]
async fn what_a_crash_in_making_a_store_leaves_is_made_again() {
    let data = tempfile::tempdir().unwrap();
    for name in ["support.db.new", "support.db.new-journal", "support.db.new-wal"] {
        fs::write(data.path().join(name), "half of it").unwrap();
    }
    // An operator may bring the keys first.
    fs::write(data.path().join("keys.json"), "{}").unwrap();

    assert!(matches!(outcome(data.path()).await, Outcome::Read(_, all) if all.is_empty()));

    let left = fs::read_dir(data.path()).unwrap().map(|it| it.unwrap().file_name());
    let mut left: Vec<_> = left.map(|name| name.into_string().unwrap()).collect();
    left.retain(|name| !name.ends_with("-shm") && !name.ends_with("-wal"));
    left.sort_unstable();
    assert_eq!(left, ["keys.json", "lock", "support.db"]);
}
