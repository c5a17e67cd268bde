//! Files that only their owner may read: 0600 in a 0700 directory, replaced as a whole, on stable
//! storage when writing returns. Symbolic links are refused, not followed.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

use rustix::fs::OFlags;

/// The most that is read back: what is larger is not ours.
const LARGEST: u64 = 8 << 20;

/// The content of a file, or nothing if it is not there.
pub(crate) fn read(path: &Path) -> io::Result<Option<String>> {
    let file = match open(OpenOptions::new().read(true), path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        other => other?,
    };
    let mode = file.metadata()?.permissions().mode();
    if mode & 0o077 != 0 {
        let text =
            format!("{} can be read by others: make it yours with chmod 600", path.display());
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, text));
    }
    let mut text = String::new();
    file.take(LARGEST).read_to_string(&mut text)?;
    Ok(Some(text))
}

/// Replaces a file by `content`, or leaves it as it was.
pub(crate) fn write(path: &Path, content: &[u8]) -> io::Result<()> {
    let directory = path.parent().unwrap_or(Path::new("."));
    make_directory(directory)?;
    if fs::symlink_metadata(path).is_ok_and(|found| !found.is_file()) {
        return Err(refused(path));
    }
    let mut file = tempfile::Builder::new()
        .prefix(".new-")
        .permissions(Permissions::from_mode(0o600))
        .tempfile_in(directory)?;
    file.write_all(content)?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    File::open(directory)?.sync_all()
}

pub(crate) fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

/// Opens a file whose lock says that its owner is running.
pub(crate) fn lock_file(path: &Path) -> io::Result<File> {
    make_directory(path.parent().unwrap_or(Path::new(".")))?;
    open(OpenOptions::new().create(true).write(true).truncate(false), path)
}

fn open(options: &mut OpenOptions, path: &Path) -> io::Result<File> {
    let flags = i32::try_from((OFlags::NOFOLLOW | OFlags::CLOEXEC).bits()).unwrap_or_default();
    match options.mode(0o600).custom_flags(flags).open(path) {
        Err(error) if error.raw_os_error() == Some(rustix::io::Errno::LOOP.raw_os_error()) => {
            Err(refused(path))
        }
        other => other,
    }
}

fn make_directory(directory: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
    if fs::symlink_metadata(directory)?.is_dir() {
        fs::set_permissions(directory, Permissions::from_mode(0o700))
    } else {
        Err(refused(directory))
    }
}

fn refused(path: &Path) -> io::Error {
    io::Error::other(format!("{} is not a plain file or directory of its own", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn what_is_written_is_for_its_owner_only_and_comes_back() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("server").join("token.json");

        write(&path, b"one").unwrap();
        write(&path, b"two").unwrap();

        assert_eq!(read(&path).unwrap().as_deref(), Some("two"));
        assert_eq!(mode(&path), 0o600);
        assert_eq!(mode(path.parent().unwrap()), 0o700);
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
    }

    #[test]
    fn a_link_is_not_followed() {
        let home = tempfile::tempdir().unwrap();
        let target = home.path().join("target");
        fs::write(&target, "theirs").unwrap();
        let path = home.path().join("token.json");
        std::os::unix::fs::symlink(&target, &path).unwrap();

        assert!(read(&path).is_err());
        assert!(write(&path, b"mine").is_err());
        assert_eq!(fs::read_to_string(&target).unwrap(), "theirs");
    }

    #[test]
    fn a_file_that_others_can_read_is_refused() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("token.json");
        write(&path, b"x").unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();

        assert!(read(&path).is_err());
    }
}
