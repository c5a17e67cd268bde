//! From one format of the file to the next, forwards only. A format that was released never changes:
//! what is new is a migration of its own.

use rusqlite::{Connection, TransactionBehavior};

/// The format that this version reads and writes.
pub(super) const FORMAT: i32 = 3;

/// What makes each format of the one before it; the first, of nothing.
const MIGRATIONS: [(i32, &str); 3] = [
    (1, include_str!("migrations/1.sql")),
    (2, include_str!("migrations/2.sql")),
    (3, include_str!("migrations/3.sql")),
];

/// Brings the file from format `from` to this version's. Each step is one transaction together with
/// the number that tells of it: after a crash at any point the file is of one format, whole.
pub(super) fn run(connection: &mut Connection, from: i32) -> rusqlite::Result<()> {
    for (format, sql) in MIGRATIONS.into_iter().filter(|(format, _)| *format > from) {
        let step = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        step.execute_batch(sql)?;
        step.pragma_update(None, "user_version", format)?;
        step.commit()?;
        if from > 0 {
            tracing::info!(format, "the store has a new format");
        }
    }
    Ok(())
}

/// Makes the tables and indexes of a format in an empty database, to compare with.
pub(super) fn model(connection: &Connection, format: i32) -> rusqlite::Result<()> {
    let mut steps = MIGRATIONS.iter().filter(|step| step.0 <= format);
    steps.try_for_each(|step| connection.execute_batch(step.1))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use rusqlite::{Batch, fallible_iterator::FallibleIterator};

    use super::super::{checksum, file};
    use super::*;

    /// A file as the first version made it, with more in it than a page cache holds.
    fn format_1(data: &Path) {
        file::start(&data.join(file::NAME)).unwrap();
        std::fs::rename(data.join("support.db.new"), data.join(file::NAME)).unwrap();
        let connection = Connection::open(data.join(file::NAME)).unwrap();
        connection.pragma_update(None, "journal_mode", "WAL").unwrap();
        connection.execute_batch(MIGRATIONS[0].1).unwrap();
        connection
            .execute_batch(
                "PRAGMA application_id = 0x7364736b; PRAGMA user_version = 1;
                 INSERT INTO meta VALUES ('epoch', 'one');
                 INSERT INTO guests VALUES ('G', 'Maya', NULL, 7);
                 INSERT INTO agents VALUES ('A', 'alice', '{}');
                 INSERT INTO sessions VALUES ('S', 'A', 9, 0);
                 INSERT INTO audit VALUES (1, 5, 'alice', 'sign_in', NULL, 'ok');
                 INSERT INTO audit VALUES (2, 6, 'alice', 'sign_out', NULL, 'ok');
                 WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 400)
                 INSERT INTO entries (ticket, log, seq, entry)
                   SELECT 'T', 0, i, hex(randomblob(200)) FROM n;",
            )
            .unwrap();
    }

    /// The file and its log of writes as a crash leaves them.
    fn crash(data: &Path) -> tempfile::TempDir {
        let copy = tempfile::tempdir().unwrap();
        for name in [file::NAME, "support.db-wal"] {
            let _ = std::fs::copy(data.join(name), copy.path().join(name));
        }
        copy
    }

    fn entries(connection: &Connection) -> Vec<String> {
        let mut statement =
            connection.prepare("SELECT seq || entry FROM entries ORDER BY seq").unwrap();
        statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    }

    fn version(connection: &Connection) -> i32 {
        connection.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap()
    }

    #[test]
    fn this_versions_format_is_the_last_of_the_migrations() {
        assert!(MIGRATIONS.iter().map(|it| it.0).eq(1..=FORMAT));
    }

    #[test]
    fn a_crash_at_any_point_of_a_migration_leaves_the_old_format_or_the_new_one_whole() {
        let data = tempfile::tempdir().unwrap();
        format_1(data.path());
        let connection = Connection::open(data.path().join(file::NAME)).unwrap();
        checksum::add_functions(&connection).unwrap();
        // What does not fit in memory is in the log before the commit is.
        connection.execute_batch("PRAGMA cache_size = 5; PRAGMA cache_spill = 5;").unwrap();
        let before = entries(&connection);
        let mut crashed = vec![(1, crash(data.path()))];

        connection.execute_batch("BEGIN IMMEDIATE").unwrap();
        let mut batch = Batch::new(&connection, MIGRATIONS[1].1);
        while let Some(mut statement) = batch.next().unwrap() {
            statement.raw_execute().unwrap();
            crashed.push((1, crash(data.path())));
        }
        connection.pragma_update(None, "user_version", 2).unwrap();
        crashed.push((1, crash(data.path())));
        connection.execute_batch("COMMIT").unwrap();
        crashed.push((2, crash(data.path())));

        assert!(crashed.len() > 15);
        let spilt = |it: &(i32, tempfile::TempDir)| {
            it.1.path().join("support.db-wal").metadata().map_or(0, |log| log.len())
        };
        assert!(spilt(&crashed[crashed.len() - 2]) > spilt(&crashed[0]));
        for (format, copy) in crashed {
            let connection = Connection::open(copy.path().join(file::NAME)).unwrap();
            assert_eq!(version(&connection), format);
            assert_eq!(entries(&connection), before);
            drop(connection);
            let opened = file::open(copy.path(), &crate::clock::Source::system()).unwrap();
            assert_eq!(version(&opened.connection), FORMAT);
            assert_eq!(opened.epoch, "one");
            assert_eq!(entries(&opened.connection), before);
            let sql = "SELECT count(*) FROM entries WHERE checksum = checksum(entry)";
            let intact: i64 = opened.connection.query_row(sql, [], |row| row.get(0)).unwrap();
            assert_eq!(intact, 400);
            let sql = "SELECT group_concat(what) FROM (SELECT what FROM audit ORDER BY id)";
            let audit: String = opened.connection.query_row(sql, [], |row| row.get(0)).unwrap();
            assert_eq!(audit, "sign_in,sign_out");
            assert!(opened.connection.execute("DELETE FROM audit", []).is_err());
        }
    }

    #[test]
    fn a_migration_that_fails_changes_nothing() {
        let data = tempfile::tempdir().unwrap();
        format_1(data.path());
        // Without its functions the second step cannot end.
        let mut connection = Connection::open(data.path().join(file::NAME)).unwrap();
        let before = entries(&connection);

        assert!(run(&mut connection, 1).is_err());

        assert_eq!(version(&connection), 1);
        assert_eq!(entries(&connection), before);
    }
}
