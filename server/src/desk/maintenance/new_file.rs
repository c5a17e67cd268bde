//! A file that has its name only once it is whole and on the disk, and takes nobody's place.

use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use super::MaintenanceError;

/// A file in the making, under another name beside its own. Only its owner can read it; it goes
/// when it is dropped.
pub(crate) struct NewFile {
    temporary: NamedTempFile,
    to: PathBuf,
}

impl NewFile {
    pub(crate) fn begin(to: &Path) -> Result<Self, MaintenanceError> {
        let in_file = |error| MaintenanceError::File(to.to_owned(), error);
        let directory = to.parent().filter(|it| !it.as_os_str().is_empty());
        let directory = directory.unwrap_or(Path::new(".")).canonicalize().map_err(in_file)?;
        let name = to.file_name().unwrap_or(OsStr::new("new"));
        let to = directory.join(name);
        match to.symlink_metadata() {
            Ok(_) => return Err(MaintenanceError::Exists(to)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(in_file(error)),
        }
        let mut prefix = name.to_owned();
        prefix.push(".");
        let temporary = tempfile::Builder::new()
            .prefix(&prefix)
            .suffix(".partial")
            .tempfile_in(&directory)
            .map_err(in_file)?;
        Ok(Self { temporary, to })
    }

    pub(crate) fn path(&self) -> &Path {
        self.temporary.path()
    }

    pub(super) fn file(&self) -> &File {
        self.temporary.as_file()
    }

    /// Makes it durable and gives it its name.
    pub(crate) fn publish(self) -> Result<(), MaintenanceError> {
        let Self { temporary, to } = self;
        let in_file = |error| MaintenanceError::File(to.clone(), error);
        temporary.as_file().sync_all().map_err(in_file)?;
        temporary.persist_noclobber(&to).map_err(|error| match error.error.kind() {
            io::ErrorKind::AlreadyExists => MaintenanceError::Exists(to.clone()),
            _ => in_file(error.error),
        })?;
        let directory = to.parent().unwrap_or(Path::new("/"));
        File::open(directory).and_then(|directory| directory.sync_all()).map_err(in_file)
    }
}
