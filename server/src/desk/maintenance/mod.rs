//! What an operator does to the data besides serving it: check, back up, restore, export, import.
//!
//! The only other way to the store than the desk's door, and not one for clients: each task works
//! on the whole of it, and only a backup may be taken while a server runs.

mod new_file;
mod transfer;

use std::io;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::store::{StoreError, sqlite};
use super::{OpenError, Storage};
use crate::clock::Source;

pub(crate) use new_file::NewFile;
pub use transfer::Counts;

/// Is told how far a task is: what it works on, how much of it is done, and how much there is.
pub type Progress<'a> = dyn FnMut(&'static str, u64, u64) + 'a;

/// Faults that a report names. It counts the rest.
const NAMED: usize = 200;

/// What a check has looked at and found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// The format of the file.
    pub format: i32,
    /// How many there are of what was looked at.
    pub looked_at: Vec<LookedAt>,
    /// The first faults, each a sentence.
    pub faults: Vec<String>,
    /// All faults.
    pub fault_count: u64,
}

/// How many of them were looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LookedAt {
    /// The table, or what else.
    pub what: &'static str,
    /// How many.
    pub count: u64,
}

impl Report {
    pub(super) fn new(format: i32) -> Self {
        Self { format, looked_at: Vec::new(), faults: Vec::new(), fault_count: 0 }
    }

    pub(super) fn looked_at(&mut self, what: &'static str, count: u64) {
        self.looked_at.push(LookedAt { what, count });
    }

    pub(super) fn fault(&mut self, fault: String) {
        self.fault_count += 1;
        if self.faults.len() < NAMED {
            self.faults.push(fault);
        }
    }

    /// Whether nothing is wrong.
    pub fn is_clean(&self) -> bool {
        self.fault_count == 0
    }
}

/// Why a task was not done.
#[derive(Debug, thiserror::Error)]
pub enum MaintenanceError {
    /// The store could not be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// Not while a server runs.
    #[error(
        "a support-server is using the data directory {0}: stop it first; to look at the data of a \
         running one, take a backup and work on that"
    )]
    InUse(PathBuf),
    /// The store failed.
    #[error("{0}: {source:#}", source = cause(.0))]
    Store(#[from] StoreFailure),
    /// A file cannot be read or written.
    #[error("{0}: {1}")]
    File(PathBuf, #[source] io::Error),
    /// Nothing is ever put in the place of another file.
    #[error("{0} exists already: nothing was changed; choose another name, or move it away first")]
    Exists(PathBuf),
    /// A store is never put in the place of another.
    #[error(
        "there is a store in {0} already: nothing was changed; choose another --data, or move what \
         is there away first"
    )]
    Occupied(PathBuf),
    /// The copy is not what it should be.
    #[error("{0} is damaged, nothing was made of it: {first}", first = first(.1))]
    Damaged(PathBuf, Box<Report>),
    /// An export is not what it should be.
    #[error("{0}, line {1}: {2}; nothing was imported of it")]
    Form(PathBuf, u64, String),
    /// The store has something else in it.
    #[error("{0} is not empty, and what is in it is not of this export: import into one that is")]
    NotEmpty(String),
    /// What was imported is not what the file has.
    #[error("{0} does not have what {1} has after all: do not use it")]
    Different(String, PathBuf),
    /// The data is where this cannot be done.
    #[error(
        "the data is in a MongoDB, which has tools of its own for this (mongodump, mongorestore); \
         check, backup and restore are for the embedded store"
    )]
    NotEmbedded,
}

/// A failure of the store, whose cause is in its source.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct StoreFailure(#[from] StoreError);

fn cause(failure: &StoreFailure) -> &anyhow::Error {
    match &failure.0 {
        StoreError::Unavailable(cause) | StoreError::Corrupt(cause) => cause,
    }
}

fn first(report: &Report) -> &str {
    report.faults.first().map_or("", String::as_str)
}

impl MaintenanceError {
    /// The exit status that tells a script what to do about it (sysexits.h).
    pub fn exit_status(&self) -> u8 {
        match self {
            Self::Open(error) => error.exit_status(),
            Self::InUse(_) => 69,
            Self::NotEmbedded => 64,
            Self::Store(StoreFailure(StoreError::Corrupt(_)))
            | Self::Damaged(..)
            | Self::Form(..)
            | Self::Different(..) => 65,
            Self::File(_, error) if error.kind() == io::ErrorKind::NotFound => 66,
            Self::Store(_) | Self::File(..) => 74,
            Self::Exists(_) | Self::Occupied(_) | Self::NotEmpty(_) => 73,
        }
    }
}

/// The directory of the embedded store.
fn embedded(storage: &Storage) -> Result<&Path, MaintenanceError> {
    match storage {
        Storage::Embedded(data) => Ok(data),
        Storage::MongoDb(_) => Err(MaintenanceError::NotEmbedded),
    }
}

/// Another server's lock asks for another thing here than at a start.
fn in_use(error: OpenError) -> MaintenanceError {
    match error.locked() {
        Some(data) => MaintenanceError::InUse(data.to_owned()),
        None => MaintenanceError::Open(error),
    }
}

impl From<sqlite::OpenError> for MaintenanceError {
    fn from(error: sqlite::OpenError) -> Self {
        match error {
            sqlite::OpenError::Locked(data) => Self::InUse(data),
            other => Self::Open(other.into()),
        }
    }
}

impl From<StoreError> for MaintenanceError {
    fn from(error: StoreError) -> Self {
        Self::Store(StoreFailure(error))
    }
}

/// Looks at everything in the embedded store, which no server may be using.
pub fn check(storage: &Storage, progress: &mut Progress<'_>) -> Result<Report, MaintenanceError> {
    sqlite::check(embedded(storage)?, progress)
}

/// Looks at everything in a backup.
pub fn check_backup(file: &Path, progress: &mut Progress<'_>) -> Result<Report, MaintenanceError> {
    sqlite::check_file(file, progress)
}

/// Copies the embedded store, which a server may be using, into a new file.
pub fn backup(
    storage: &Storage,
    to: &Path,
    progress: &mut Progress<'_>,
) -> Result<(), MaintenanceError> {
    sqlite::backup(embedded(storage)?, to, progress)
}

/// Makes the embedded store, where there is none, from a backup. It gets an epoch of its own, so
/// that clients ask again for all that they remember.
pub fn restore(
    storage: &Storage,
    from: &Path,
    source: &Source,
    progress: &mut Progress<'_>,
) -> Result<(), MaintenanceError> {
    sqlite::restore(embedded(storage)?, from, source, progress)
}

/// Writes everything that is kept as JSON Lines into a new file, or to standard output. The embedded
/// store sees to it that no server is using it; a MongoDB cannot.
pub async fn export(
    storage: &Storage,
    to: Option<&Path>,
    source: &Source,
    progress: &mut Progress<'_>,
) -> Result<Counts, MaintenanceError> {
    let store = storage.open_to_export(source).await.map_err(in_use)?;
    let counts = transfer::export(store.as_ref(), to, source.now(), progress).await;
    store.close().await;
    counts
}

/// Reads an export into a store: into an empty one, or one that an import of the same file has left
/// half done.
pub async fn import(
    storage: &Storage,
    from: &Path,
    source: &Source,
    progress: &mut Progress<'_>,
) -> Result<Counts, MaintenanceError> {
    // Before a store is made for it.
    let counts = transfer::verify(from, progress)?;
    let store = storage.open_to_import(source).await.map_err(in_use)?;
    let imported = transfer::import(store.as_ref(), storage, from, &counts, progress).await;
    store.close().await;
    imported.map(|()| counts)
}

#[cfg(test)]
mod tests;
