//! The file itself: where it is, who may read it, who holds it, and whether it is ours. Never puts
//! a new file in the place of one that it cannot read.
//!
//! A new file is made under another name and gets its own when it is whole. So a crash in making it
//! leaves no `support.db` at all, and one that is empty, or that has lost everything but its log of
//! recent writes, is damaged and nothing else: SQLite would take it for new, and throw that log
//! away. Keys without a store say nothing of the kind: an operator may have put them there first,
//! for a restore or by configuration.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, OptionalExtension};

use super::{checksum, migrations};
use crate::clock::Source;

pub(super) use super::migrations::FORMAT;

/// The file in the data directory.
pub(super) const NAME: &str = "support.db";

/// The store's own setting that names its history.
pub(super) const EPOCH: &str = "epoch";

/// The store's own setting that is there while an import is.
pub(super) const IMPORT: &str = "import";

/// What SQLite puts beside the file: the log of recent writes, and an index to it.
const SIDE_FILES: [&str; 2] = ["-wal", "-shm"];

/// Written into the file's header, so that another program's database is told apart: "sdsk".
const APPLICATION_ID: i32 = 0x7364_736b;

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
    #[error(
        "{0} is not a support-server database, or it is damaged; nothing was changed: {1}; \
         keep a copy of it, then move it away and restore a backup: support-server restore FILE"
    )]
    Database(PathBuf, #[source] rusqlite::Error),
    /// Part of the data is gone.
    #[error(
        "{0} {1}; nothing was changed; keep a copy of what is there, then move it away and restore \
         a backup: support-server restore FILE"
    )]
    Damaged(PathBuf, &'static str),
    /// Another program's.
    #[error("{0} is a database of another program; nothing was changed; choose another --data")]
    Foreign(PathBuf),
    /// Not for its owner alone.
    #[error(
        "{0} can be read or written by others: chmod 600 it, and think about who has read it; \
         nothing was changed"
    )]
    Readable(PathBuf),
    /// Of a later version.
    #[error(
        "{0} was written by a newer support-server (format {1}, this one reads {FORMAT}); nothing \
         was changed; start that version, or restore a backup from before it"
    )]
    Newer(PathBuf, i32),
    /// An import has begun here and not ended.
    #[error("an import into {0} has not finished: run it again, or begin in another directory")]
    Unfinished(PathBuf),
    /// There is none to work on.
    #[error("there is no store in {0}: choose another --data")]
    Missing(PathBuf),
    /// The machine has no thread left.
    #[error("cannot start the writer: {0}")]
    Thread(#[source] io::Error),
}

impl OpenError {
    /// The exit status that tells a script what to do about it (sysexits.h).
    pub(crate) fn exit_status(&self) -> u8 {
        match self {
            Self::Directory(..) => 73,
            Self::Locked(_) => 69,
            Self::Database(..)
            | Self::Damaged(..)
            | Self::Foreign(_)
            | Self::Newer(..)
            | Self::Unfinished(_) => 65,
            Self::Missing(_) => 66,
            Self::Thread(_) => 71,
            Self::Readable(_) => 78,
        }
    }
}

/// An open store.
pub(super) struct Opened {
    pub(super) connection: Connection,
    /// Held as long as the store is open.
    pub(super) lock: File,
    pub(super) path: PathBuf,
    pub(super) epoch: String,
    /// An import has begun and not ended.
    pub(super) unfinished: bool,
}

/// Opens the store in the directory `data`, making it when there is none.
pub(super) fn open(data: &Path, source: &Source) -> Result<Opened, OpenError> {
    let (lock, path) = lock(data)?;
    if !exists(&path).map_err(|error| OpenError::Directory(data.to_owned(), error))? {
        let new = make(&path, source)?;
        publish(&new, &path).map_err(|error| OpenError::Directory(data.to_owned(), error))?;
    }
    let in_file = |error| OpenError::Database(path.clone(), error);
    let (mut connection, format) = connect_to_write(&path)?;
    migrations::run(&mut connection, format).map_err(in_file)?;
    let epoch = meta(&connection, &path, EPOCH)?;
    let epoch = epoch.ok_or_else(|| OpenError::Damaged(path.clone(), "has no epoch"))?;
    let unfinished = meta(&connection, &path, IMPORT)?.is_some();
    Ok(Opened { connection, lock, path, epoch, unfinished })
}

/// Makes the directory when there is none and holds it; answers with the path of the file in it.
pub(super) fn lock(data: &Path) -> Result<(File, PathBuf), OpenError> {
    let in_directory = |error| OpenError::Directory(data.to_owned(), error);
    DirBuilder::new().recursive(true).mode(0o700).create(data).map_err(in_directory)?;
    // A link on the way to the directory is the operator's own; one in the file's place is not.
    let data = &data.canonicalize().map_err(in_directory)?;
    let lock = private(&data.join("lock"), true).map_err(in_directory)?;
    match lock.try_lock() {
        Ok(()) => Ok((lock, data.join(NAME))),
        Err(TryLockError::WouldBlock) => Err(OpenError::Locked(data.clone())),
        Err(TryLockError::Error(error)) => Err(in_directory(error)),
    }
}

/// The file of a directory that has one.
pub(super) fn path(data: &Path) -> Result<PathBuf, OpenError> {
    let missing = || OpenError::Missing(data.to_owned());
    let path = data.canonicalize().map_err(|_| missing())?.join(NAME);
    match exists(&path) {
        Ok(true) => Ok(path),
        Ok(false) => Err(missing()),
        Err(error) => Err(OpenError::Directory(data.to_owned(), error)),
    }
}

/// Whether there is a file, whatever it is.
pub(super) fn exists(path: &Path) -> io::Result<bool> {
    match path.symlink_metadata() {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// A file beside another, of the same name with more behind it.
pub(super) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// Whether there are recent writes beside the file that are not in it.
fn has_log(path: &Path) -> io::Result<bool> {
    match beside(path, SIDE_FILES[0]).symlink_metadata() {
        Ok(log) => Ok(log.len() > 0),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// An empty store under another name, which [`publish`] gives it.
fn make(path: &Path, source: &Source) -> Result<PathBuf, OpenError> {
    let new = start(path)?;
    let in_file = |error| OpenError::Database(new.clone(), error);
    let mut connection = connect(&new, OpenFlags::SQLITE_OPEN_READ_WRITE).map_err(in_file)?;
    migrations::run(&mut connection, 0).map_err(in_file)?;
    let own = || {
        set_meta(&connection, EPOCH, &source.ulid().to_string())?;
        connection.pragma_update(None, "application_id", APPLICATION_ID)
    };
    own().map_err(in_file)?;
    connection.close().map_err(|(_, error)| in_file(error))?;
    Ok(new)
}

/// An empty file that will be the one at `path`; what a crash has left of such a file goes. Refuses
/// where writes are left that belong to a file that is gone.
pub(super) fn start(path: &Path) -> Result<PathBuf, OpenError> {
    let in_directory = |error| OpenError::Directory(path.to_owned(), error);
    if has_log(path).map_err(in_directory)? {
        return Err(OpenError::Damaged(
            path.to_owned(),
            "is gone, but its recent writes are there",
        ));
    }
    let new = beside(path, ".new");
    for name in ["", "-wal", "-shm", "-journal"].map(|suffix| beside(&new, suffix)) {
        match std::fs::remove_file(name) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(in_directory(error));
            }
            Ok(()) | Err(_) => {}
        }
    }
    private(&new, true).map_err(in_directory)?;
    Ok(new)
}

/// Gives a file that is whole its name. The caller holds the directory, so nothing can come into its
/// place in between.
pub(super) fn publish(new: &Path, path: &Path) -> io::Result<()> {
    File::open(new)?.sync_all()?;
    std::fs::rename(new, path)?;
    sync_directory(path)
}

/// What has a name keeps it through a power loss.
fn sync_directory(of: &Path) -> io::Result<()> {
    let directory = of.parent().filter(|it| !it.as_os_str().is_empty());
    File::open(directory.unwrap_or(Path::new(".")))?.sync_all()
}

/// A connection that writes to a file that is ours, and the file's format.
fn connect_to_write(path: &Path) -> Result<(Connection, i32), OpenError> {
    // A link is refused before SQLite sees it.
    private(path, false).map_err(|error| OpenError::Directory(path.to_owned(), error))?;
    look(path)?;
    let in_file = |error| OpenError::Database(path.to_owned(), error);
    let connection = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE).map_err(in_file)?;
    let format = format(&connection, path)?;
    for file in [path.to_owned(), beside(path, SIDE_FILES[0])] {
        refuse_readable(&file)?;
    }
    set_up(&connection).map_err(in_file)?;
    settle(&connection).map_err(in_file)?;
    Ok((connection, format))
}

/// A connection that cannot write, on a file that is ours, and the file's format.
pub(super) fn connect_to_examine(path: &Path) -> Result<(Connection, i32), OpenError> {
    look(path)?;
    let connection =
        connect_to_read(path).map_err(|error| OpenError::Database(path.to_owned(), error))?;
    let format = format(&connection, path)?;
    Ok((connection, format))
}

/// A connection that cannot write, for reading beside the writer.
pub(super) fn connect_to_read(path: &Path) -> rusqlite::Result<Connection> {
    connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY)
}

pub(super) fn connect(path: &Path, access: OpenFlags) -> rusqlite::Result<Connection> {
    let flags = access | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_NOFOLLOW;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY)?;
    // A page is looked at before it is believed.
    connection.pragma_update(None, "cell_size_check", true)?;
    checksum::add_functions(&connection)?;
    Ok(connection)
}

/// Refuses an empty file: see the top.
fn look(path: &Path) -> Result<(), OpenError> {
    match path.symlink_metadata() {
        Ok(file) if file.len() == 0 => Err(OpenError::Damaged(path.to_owned(), "is empty")),
        Ok(_) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            Err(OpenError::Missing(path.to_owned()))
        }
        Err(error) => Err(OpenError::Directory(path.to_owned(), error)),
    }
}

/// Refuses a file that others than its owner can read or write: it holds what guests have said.
fn refuse_readable(path: &Path) -> Result<(), OpenError> {
    match path.symlink_metadata() {
        Ok(file) if file.permissions().mode() & 0o077 != 0 => {
            Err(OpenError::Readable(path.to_owned()))
        }
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(OpenError::Directory(path.to_owned(), error))
        }
        Ok(_) | Err(_) => Ok(()),
    }
}

/// The format of a file, which is ours and not of the future.
fn format(connection: &Connection, path: &Path) -> Result<i32, OpenError> {
    let pragma = |name| {
        let value = connection.pragma_query_value(None, name, |row| row.get::<_, i32>(0));
        value.map_err(|error| OpenError::Database(path.to_owned(), error))
    };
    match (pragma("application_id")?, pragma("user_version")?) {
        (APPLICATION_ID, format @ 1..=FORMAT) => Ok(format),
        (APPLICATION_ID, newer) if newer > FORMAT => Err(OpenError::Newer(path.to_owned(), newer)),
        (APPLICATION_ID, _) => Err(OpenError::Damaged(path.to_owned(), "is of no format")),
        _ => Err(OpenError::Foreign(path.to_owned())),
    }
}

/// Opens a file that only its owner may read. A link in its place is refused.
fn private(path: &Path, create: bool) -> io::Result<File> {
    const O_NOFOLLOW: i32 = 0o400_000;
    OpenOptions::new()
        .read(true)
        .write(true)
        .create(create)
        .truncate(false)
        .mode(0o600)
        .custom_flags(O_NOFOLLOW)
        .open(path)
}

/// Reads one of the store's own settings.
fn meta(connection: &Connection, path: &Path, key: &str) -> Result<Option<String>, OpenError> {
    let sql = "SELECT value, checksum = checksum(key, value) FROM meta WHERE key = ?1";
    let row = connection
        .query_row(sql, [key], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()
        .map_err(|error| OpenError::Database(path.to_owned(), error))?;
    match row {
        Some((_, false)) => Err(OpenError::Damaged(path.to_owned(), "has a damaged row")),
        Some((value, true)) => Ok(Some(value)),
        None => Ok(None),
    }
}

/// Writes one of the store's own settings.
pub(super) fn set_meta(connection: &Connection, key: &str, value: &str) -> rusqlite::Result<()> {
    connection.execute(
        "INSERT OR REPLACE INTO meta (key, value, checksum) VALUES (?1, ?2, checksum(?1, ?2))",
        [key, value],
    )?;
    Ok(())
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
    // 16 MiB of pages: the tickets that are talked in now.
    connection.pragma_update(None, "cache_size", -16_384)?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(())
}
