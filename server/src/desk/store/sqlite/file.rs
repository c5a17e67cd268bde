//! The file itself: where it is, who may read it, who holds it, and what is in it before the first
//! ticket. Never puts a new file in the place of one that it cannot read.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use crate::clock::Source;

/// The file in the data directory.
pub(super) const NAME: &str = "support.db";

/// Written into the file's header, so that another program's database is told apart: "sdsk".
const APPLICATION_ID: i32 = 0x7364_736b;

/// The format that this version reads and writes.
const FORMAT: i32 = 1;

/// How long a reader waits for the writer to finish a checkpoint.
const BUSY: Duration = Duration::from_secs(5);

/// Why the store could not be opened.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OpenError {
    /// The directory cannot be made or written.
    #[error("cannot use the data directory {0}: {1}")]
    Directory(PathBuf, #[source] io::Error),
    /// Another server has it.
    #[error(
        "another support-server is using the data directory {0}; to add agents to a running one: support-agent agents add"
    )]
    Locked(PathBuf),
    /// Something else, or damaged.
    #[error("{0} is not a support-server database, or it is damaged; nothing was changed: {1}")]
    Database(PathBuf, #[source] rusqlite::Error),
    /// Another program's.
    #[error("{0} is a database of another program; nothing was changed")]
    Foreign(PathBuf),
    /// Of a later version.
    #[error("{0} was written by a newer support-server (format {1}, this one reads {FORMAT})")]
    Newer(PathBuf, i32),
    /// The machine has no thread left.
    #[error("cannot start the writer: {0}")]
    Thread(#[source] io::Error),
}

/// An open store.
pub(super) struct Opened {
    pub(super) connection: Connection,
    /// Held as long as the store is open.
    pub(super) lock: File,
    pub(super) path: PathBuf,
    pub(super) epoch: String,
}

pub(super) fn open(data: &Path, source: &Source) -> Result<Opened, OpenError> {
    let in_directory = |error| OpenError::Directory(data.to_owned(), error);
    DirBuilder::new().recursive(true).mode(0o700).create(data).map_err(in_directory)?;
    let lock = private(&data.join("lock")).map_err(in_directory)?;
    match lock.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Err(OpenError::Locked(data.to_owned())),
        Err(TryLockError::Error(error)) => return Err(in_directory(error)),
    }
    let path = data.join(NAME);
    // SQLite gives its side files the mode of the main one.
    private(&path).map_err(in_directory)?;
    let in_file = |error| OpenError::Database(path.clone(), error);
    let mut connection =
        Connection::open_with_flags(&path, flags(OpenFlags::SQLITE_OPEN_READ_WRITE))
            .map_err(in_file)?;
    let (application, format) = identity(&connection).map_err(in_file)?;
    match (application, format) {
        (APPLICATION_ID, FORMAT) => {}
        (APPLICATION_ID, newer) => return Err(OpenError::Newer(path, newer)),
        (0, 0) if is_empty(&connection).map_err(in_file)? => {
            create(&mut connection, source).map_err(in_file)?;
        }
        _ => return Err(OpenError::Foreign(path)),
    }
    set_up(&connection).map_err(in_file)?;
    settle(&connection).map_err(in_file)?;
    let epoch = connection
        .query_row("SELECT value FROM meta WHERE key = 'epoch'", [], |row| row.get(0))
        .map_err(in_file)?;
    Ok(Opened { connection, lock, path, epoch })
}

/// A connection that cannot write, for reading beside the writer.
pub(super) fn connect_to_read(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open_with_flags(path, flags(OpenFlags::SQLITE_OPEN_READ_ONLY))?;
    connection.busy_timeout(BUSY)?;
    Ok(connection)
}

fn flags(access: OpenFlags) -> OpenFlags {
    access | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_NOFOLLOW
}

/// Opens a file that only its owner may read, making it when there is none. A link in its place is
/// refused.
fn private(path: &Path) -> io::Result<File> {
    const O_NOFOLLOW: i32 = 0o400_000;
    OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .custom_flags(O_NOFOLLOW)
        .open(path)
}

fn identity(connection: &Connection) -> rusqlite::Result<(i32, i32)> {
    let pragma = |name| connection.pragma_query_value(None, name, |row| row.get(0));
    Ok((pragma("application_id")?, pragma("user_version")?))
}

fn is_empty(connection: &Connection) -> rusqlite::Result<bool> {
    connection.query_row("SELECT count(*) = 0 FROM sqlite_schema", [], |row| row.get(0))
}

/// All or nothing: a crash here leaves an empty file, which the next start fills.
fn create(connection: &mut Connection, source: &Source) -> rusqlite::Result<()> {
    connection.pragma_update(None, "journal_mode", "WAL")?;
    let transaction = connection.transaction()?;
    transaction.execute_batch(include_str!("schema.sql"))?;
    transaction.execute(
        "INSERT INTO meta (key, value) VALUES ('epoch', ?1)",
        [source.ulid().to_string()],
    )?;
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.pragma_update(None, "user_version", FORMAT)?;
    transaction.commit()
}

/// Moves what a crash has left in the log into the file, and begins a new log. The system may still
/// show a part of the log that a failing disk never took: whatever is acknowledged from now on must
/// not stand on that.
fn settle(connection: &Connection) -> rusqlite::Result<()> {
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
}

fn set_up(connection: &Connection) -> rusqlite::Result<()> {
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.busy_timeout(BUSY)?;
    // 16 MiB of pages: the tickets that are talked in now.
    connection.pragma_update(None, "cache_size", -16_384)?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(())
}
