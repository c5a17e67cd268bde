//! The keys that sign agents' tokens and guests' cookies: two rings in one file of the data
//! directory, made at the first start. The newest key of a ring signs, all of them verify.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};

use crate::clock::Source;

/// The file in the data directory.
const NAME: &str = "keys.json";

/// Bytes that a key must have at least (RFC 7518, section 3.2: as many as the hash).
const KEY_BYTES: usize = 32;

/// One key, by name.
#[derive(Clone)]
pub(crate) struct Key {
    pub(crate) id: String,
    pub(crate) bytes: Vec<u8>,
}

/// Keys for one purpose, the newest first. Never empty.
#[derive(Clone)]
pub(crate) struct Ring(Vec<Key>);

impl Ring {
    /// The key that signs.
    pub(crate) fn newest(&self) -> &Key {
        &self.0[0]
    }

    /// The key of this name.
    pub(crate) fn get(&self, id: &str) -> Option<&Key> {
        self.0.iter().find(|key| key.id == id)
    }

    #[cfg(test)]
    pub(crate) fn of(keys: &[(&str, u8)]) -> Self {
        let key = |(id, byte): &(&str, u8)| Key { id: (*id).to_owned(), bytes: vec![*byte; 32] };
        Self(keys.iter().map(key).collect())
    }
}

/// Both rings.
pub(crate) struct Keys {
    pub(crate) tokens: Ring,
    pub(crate) guests: Ring,
}

/// Why there are no keys.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KeysError {
    #[error("cannot use the key file {0}: {1}")]
    File(PathBuf, #[source] io::Error),
    #[error("the key file {0} can be read by others: chmod 600 it, and think about new keys")]
    Readable(PathBuf),
    #[error("the key file {0} does not parse: {1}")]
    Form(PathBuf, #[source] serde_json::Error),
    #[error(
        "the key file {0} has no key, or a weak one, in the ring {1}: a key has 32 bytes or more"
    )]
    Weak(PathBuf, &'static str),
    #[error("the key file {0} uses one key for tokens and cookies")]
    Shared(PathBuf),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Form {
    tokens: Vec<KeyForm>,
    guests: Vec<KeyForm>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyForm {
    id: String,
    key: String,
}

/// Reads the keys of a data directory, making them when there are none.
pub(crate) fn load(data: &Path, source: &Source) -> Result<Keys, KeysError> {
    let path = data.join(NAME);
    let in_file = |error| KeysError::File(path.clone(), error);
    let text = match File::open(&path) {
        Ok(mut file) => {
            let mode = file.metadata().map_err(in_file)?.permissions().mode();
            if mode & 0o077 != 0 {
                return Err(KeysError::Readable(path));
            }
            let mut text = String::new();
            file.read_to_string(&mut text).map_err(in_file)?;
            text
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            make(data, &path, source).map_err(in_file)?
        }
        Err(error) => return Err(in_file(error)),
    };
    let form: Form =
        serde_json::from_str(&text).map_err(|error| KeysError::Form(path.clone(), error))?;
    let tokens = ring(form.tokens).ok_or_else(|| KeysError::Weak(path.clone(), "tokens"))?;
    let guests = ring(form.guests).ok_or_else(|| KeysError::Weak(path.clone(), "guests"))?;
    if tokens.0.iter().any(|one| guests.0.iter().any(|other| one.bytes == other.bytes)) {
        return Err(KeysError::Shared(path));
    }
    Ok(Keys { tokens, guests })
}

fn ring(form: Vec<KeyForm>) -> Option<Ring> {
    let keys: Option<Vec<Key>> = form
        .into_iter()
        .map(|KeyForm { id, key }| {
            let bytes = URL_SAFE_NO_PAD.decode(key).ok()?;
            let plain = !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_alphanumeric());
            (bytes.len() >= KEY_BYTES && plain).then_some(Key { id, bytes })
        })
        .collect();
    keys.filter(|keys| !keys.is_empty()).map(Ring)
}

/// Whole or not at all: a crash leaves no half of a key file. The directory need not be there when
/// the store is elsewhere.
fn make(data: &Path, path: &Path, source: &Source) -> io::Result<String> {
    DirBuilder::new().recursive(true).mode(0o700).create(data)?;
    let key = || {
        vec![KeyForm {
            id: source.ulid().to_string(),
            key: URL_SAFE_NO_PAD.encode(source.bytes::<KEY_BYTES>()),
        }]
    };
    let text = serde_json::to_string_pretty(&Form { tokens: key(), guests: key() })?;
    let temporary = data.join("keys.json.new");
    let mut file =
        OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&temporary)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    std::fs::rename(&temporary, path)?;
    File::open(data)?.sync_all()?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_made_once_and_only_their_owner_can_read_them() {
        let data = tempfile::tempdir().unwrap();

        let made = load(data.path(), &Source::system()).unwrap();
        let read = load(data.path(), &Source::system()).unwrap();

        assert_eq!(made.tokens.newest().bytes, read.tokens.newest().bytes);
        assert_ne!(read.tokens.newest().bytes, read.guests.newest().bytes);
        let mode = std::fs::metadata(data.path().join(NAME)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn weak_shared_and_readable_keys_are_refused() {
        let data = tempfile::tempdir().unwrap();
        let path = data.path().join(NAME);
        let write = |tokens: &str, guests: &str| {
            let _ = std::fs::remove_file(&path);
            let text = format!(
                r#"{{"tokens":[{{"id":"a","key":"{tokens}"}}],"guests":[{{"id":"b","key":"{guests}"}}]}}"#
            );
            let mut file =
                OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path).unwrap();
            file.write_all(text.as_bytes()).unwrap();
        };
        let key = |byte: u8, length: usize| URL_SAFE_NO_PAD.encode(vec![byte; length]);
        let refused = || load(data.path(), &Source::system()).err().map(|error| error.to_string());

        write(&key(1, 31), &key(2, 32));
        assert!(refused().unwrap().contains("weak"));
        write(&key(1, 32), &key(1, 32));
        assert!(refused().unwrap().contains("one key for tokens and cookies"));
        write(&key(1, 32), &key(2, 32));
        assert_eq!(refused(), None);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        assert!(refused().unwrap().contains("read by others"));
    }
}
