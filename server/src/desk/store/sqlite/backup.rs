//! Whole copies of the file: out of a store that may be in use, and into a directory that has none.
//!
//! A copy is of one moment, because the whole of it is read in one transaction; writers go on
//! meanwhile. It has its name only once it is whole and on the disk.

use std::path::Path;

use rusqlite::{
    Connection, OpenFlags,
    backup::{Backup, StepResult},
};

use super::{check, file, migrations};
use crate::clock::Source;
use crate::desk::maintenance::{MaintenanceError, NewFile, Progress};

/// Pages that are copied between two words on how far it is: 4 MiB.
const STEP: i32 = 1024;

/// Copies the store of the directory `data` into a new file.
pub(in crate::desk) fn backup(
    data: &Path,
    to: &Path,
    progress: &mut Progress<'_>,
) -> Result<(), MaintenanceError> {
    let new = NewFile::begin(to)?;
    let (from, _) = file::connect_to_examine(&file::path(data)?)?;
    copy(&from, new.path(), progress).map_err(|error| database(to, error))?;
    new.publish()
}

/// Makes the store of the directory `data` from a copy, with a history of its own.
pub(in crate::desk) fn restore(
    data: &Path,
    copy_of: &Path,
    source: &Source,
    progress: &mut Progress<'_>,
) -> Result<(), MaintenanceError> {
    // First what can be wrong without anything being made.
    let copy_of =
        copy_of.canonicalize().map_err(|e| MaintenanceError::File(copy_of.to_owned(), e))?;
    let (from, format) = file::connect_to_examine(&copy_of)?;
    let (_lock, path) = file::lock(data)?;
    if file::exists(&path).map_err(|error| MaintenanceError::File(path.clone(), error))? {
        return Err(MaintenanceError::Occupied(data.to_owned()));
    }
    let new = file::start(&path)?;
    let made = (|| {
        let in_file = |error| database(&copy_of, error);
        copy(&from, &new, progress).map_err(in_file)?;
        let mut store = file::connect(&new, OpenFlags::SQLITE_OPEN_READ_WRITE).map_err(in_file)?;
        migrations::run(&mut store, format).map_err(in_file)?;
        let report = check::examine(&store, migrations::FORMAT, progress);
        if !report.is_clean() {
            return Err(MaintenanceError::Damaged(copy_of.clone(), Box::new(report)));
        }
        // What clients remember may be of what the copy has not seen.
        file::set_meta(&store, file::EPOCH, &source.ulid().to_string()).map_err(in_file)?;
        store.close().map_err(|(_, error)| in_file(error))?;
        file::publish(&new, &path).map_err(|error| MaintenanceError::File(path.clone(), error))
    })();
    if made.is_err() {
        // It is in nobody's way: the next one begins with removing it.
        let _ = std::fs::remove_file(&new);
    }
    made
}

fn database(path: &Path, error: rusqlite::Error) -> MaintenanceError {
    file::OpenError::Database(path.to_owned(), error).into()
}

/// Fills the empty file `to`, which its caller makes durable.
fn copy(from: &Connection, to: &Path, progress: &mut Progress<'_>) -> rusqlite::Result<()> {
    let mut to = file::connect(to, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    to.pragma_update(None, "synchronous", "OFF")?;
    // One transaction is one moment: without it every write of the server's would begin this again.
    let _moment = from.unchecked_transaction()?;
    from.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))?;
    {
        let copy = Backup::new(from, &mut to)?;
        loop {
            let step = copy.step(STEP)?;
            let now = copy.progress();
            let total = u64::from(now.pagecount.unsigned_abs());
            progress("pages", total - u64::from(now.remaining.unsigned_abs()).min(total), total);
            match step {
                StepResult::Done => break,
                StepResult::More => {}
                // Both files are this process's own, or are only read.
                _ => return Err(busy()),
            }
        }
    }
    // One file, that can be read where nothing can be written.
    to.pragma_update(None, "journal_mode", "DELETE")?;
    to.close().map_err(|(_, error)| error)
}

fn busy() -> rusqlite::Error {
    let busy = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_BUSY);
    rusqlite::Error::SqliteFailure(busy, Some("the copy is in use".to_owned()))
}
