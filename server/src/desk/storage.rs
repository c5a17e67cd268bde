//! Where the desk keeps everything, and why it could not be opened. The only place that knows which
//! stores there are.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::announce;
#[cfg(feature = "mongo")]
use super::store::replicated::{Replicated, mongo};
use super::store::{SharedStore, Stored, sqlite};
use crate::clock::Source;
use tokio::sync::mpsc;

/// Where everything is kept.
#[derive(Clone)]
pub enum Storage {
    /// In one file in this directory.
    Embedded(PathBuf),
    /// In a MongoDB at this address, which may hold a password.
    MongoDb(String),
}

impl Storage {
    /// The storage that `--store` names: `sqlite`, which is in the directory `data`, or the address
    /// of a MongoDB.
    ///
    /// # Errors
    ///
    /// The text is neither.
    pub(crate) fn parse(text: &str, data: PathBuf) -> Result<Self, String> {
        let mongodb = text.starts_with("mongodb://") || text.starts_with("mongodb+srv://");
        match text {
            "sqlite" => Ok(Self::Embedded(data)),
            _ if mongodb && cfg!(feature = "mongo") => Ok(Self::MongoDb(text.to_owned())),
            _ if mongodb => Err("this support-server was built without MongoDB".to_owned()),
            _ => Err("neither sqlite nor mongodb://…".to_owned()),
        }
    }

    /// Whether the text that names a storage has a secret in it.
    pub(crate) fn has_secret(text: &str) -> bool {
        let rest = text.split_once("://").map_or("", |(_, rest)| rest);
        let signs_in = rest.rsplit_once('@').is_some_and(|(who, _)| who.contains(':'));
        let (_, options) = rest.split_once('?').unwrap_or_default();
        let mut options = options.split(['&', ';']).filter_map(|option| option.split_once('='));
        signs_in || options.any(|(name, _)| is_secret(name))
    }

    /// Opens it: the store, and what it announces.
    #[cfg_attr(
        not(feature = "mongo"),
        expect(clippy::unused_async, reason = "a MongoDB is opened over the network")
    )]
    pub(super) async fn open(
        &self,
        source: &Source,
    ) -> Result<(SharedStore, mpsc::Receiver<Stored>), OpenError> {
        let (announce, announced) = mpsc::channel(announce::LINE);
        let store: SharedStore = match self {
            Self::Embedded(data) => Arc::new(sqlite::Sqlite::open(data, source, announce)?),
            #[cfg(feature = "mongo")]
            Self::MongoDb(address) => {
                let collections = mongo::Mongo::open(address, source).await?;
                Arc::new(Replicated::start(collections, announce))
            }
            #[cfg(not(feature = "mongo"))]
            Self::MongoDb(_) => return Err(OpenError(Cause::NotBuilt)),
        };
        Ok((store, announced))
    }
}

impl Storage {
    /// Opens what is there, to read all of it. Nothing is announced.
    #[cfg_attr(
        not(feature = "mongo"),
        expect(clippy::unused_async, reason = "a MongoDB is opened over the network")
    )]
    pub(super) async fn open_to_export(&self, source: &Source) -> Result<SharedStore, OpenError> {
        match self {
            Self::Embedded(data) => Ok(Arc::new(sqlite::Sqlite::open_to_export(data, source)?)),
            #[cfg(feature = "mongo")]
            Self::MongoDb(address) => {
                let collections = mongo::Mongo::open(address, source).await?;
                Ok(Arc::new(Replicated::start(collections, mpsc::channel(1).0)))
            }
            #[cfg(not(feature = "mongo"))]
            Self::MongoDb(_) => Err(OpenError(Cause::NotBuilt)),
        }
    }

    /// Opens it for an import, also where one has begun and not ended. Nothing is announced.
    #[cfg_attr(
        not(feature = "mongo"),
        expect(clippy::unused_async, reason = "a MongoDB is opened over the network")
    )]
    pub(super) async fn open_to_import(&self, source: &Source) -> Result<SharedStore, OpenError> {
        match self {
            Self::Embedded(data) => Ok(Arc::new(sqlite::Sqlite::open_to_import(data, source)?)),
            #[cfg(feature = "mongo")]
            Self::MongoDb(address) => {
                let collections = mongo::Mongo::open_to_import(address, source).await?;
                Ok(Arc::new(Replicated::start(collections, mpsc::channel(1).0)))
            }
            #[cfg(not(feature = "mongo"))]
            Self::MongoDb(_) => Err(OpenError(Cause::NotBuilt)),
        }
    }
}

impl std::fmt::Display for Storage {
    /// What `--store` would say, without the password.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Embedded(_) => f.write_str("sqlite"),
            Self::MongoDb(address) => f.write_str(&without_secrets(address)),
        }
    }
}

/// An address without who signs in there and with which password. One that is malformed is
/// rather cut too short: a password may have been written into it as it is.
fn without_secrets(address: &str) -> String {
    let start = address.find("://").map_or(0, |at| at + 3);
    let (scheme, rest) = address.split_at(start);
    let rest = match rest.split_once('?') {
        // A `?` before the only `@` is part of a password.
        Some((place, options)) if place.contains('@') || !options.contains('@') => {
            let options = options.split_inclusive(['&', ';']).map(without_value);
            format!("{place}?{}", options.collect::<String>())
        }
        _ => rest.to_owned(),
    };
    match rest.rsplit_once('@') {
        Some((_, place)) => format!("{scheme}***@{place}"),
        None => format!("{scheme}{rest}"),
    }
}

/// An option, without its value if that is a secret.
fn without_value(option: &str) -> String {
    let end = option.len() - option.trim_end_matches(['&', ';']).len();
    match option.split_once('=') {
        Some((name, _)) if is_secret(name) => {
            format!("{name}=***{}", &option[option.len() - end..])
        }
        _ => option.to_owned(),
    }
}

/// Also of options that are not there yet: their names say what they are.
fn is_secret(option: &str) -> bool {
    let option = option.to_ascii_lowercase();
    ["password", "secret", "token", "properties"].iter().any(|word| option.contains(word))
}

impl std::fmt::Debug for Storage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Display::fmt(self, f)
    }
}

/// Why the desk could not be opened.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct OpenError(Cause);

#[derive(Debug, thiserror::Error)]
enum Cause {
    #[error(transparent)]
    Embedded(sqlite::OpenError),
    #[cfg(feature = "mongo")]
    #[error(transparent)]
    MongoDb(mongo::OpenError),
    #[cfg(not(feature = "mongo"))]
    #[error("this support-server was built without MongoDB")]
    NotBuilt,
}

impl From<sqlite::OpenError> for OpenError {
    fn from(error: sqlite::OpenError) -> Self {
        Self(Cause::Embedded(error))
    }
}

#[cfg(feature = "mongo")]
impl From<mongo::OpenError> for OpenError {
    fn from(error: mongo::OpenError) -> Self {
        Self(Cause::MongoDb(error))
    }
}

impl OpenError {
    /// The data directory, if another server holds it.
    pub(super) fn locked(&self) -> Option<&Path> {
        match &self.0 {
            Cause::Embedded(sqlite::OpenError::Locked(data)) => Some(data),
            _ => None,
        }
    }

    /// The exit status that tells a script what to do about it (sysexits.h).
    pub fn exit_status(&self) -> u8 {
        match &self.0 {
            Cause::Embedded(error) => error.exit_status(),
            #[cfg(feature = "mongo")]
            Cause::MongoDb(error) => match error {
                mongo::OpenError::Address(_) | mongo::OpenError::Weak(_) => 78,
                mongo::OpenError::Unreachable(..) => 69,
                mongo::OpenError::Newer(..)
                | mongo::OpenError::Foreign(_)
                | mongo::OpenError::Unfinished(_) => 65,
            },
            #[cfg(not(feature = "mongo"))]
            Cause::NotBuilt => 78,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_in_the_address_is_never_shown() {
        let shown = |address: &str| {
            let storage = Storage::MongoDb(address.to_owned());
            assert_eq!(format!("{storage:?}"), storage.to_string());
            storage.to_string()
        };

        assert_eq!(shown("mongodb://db:27017/desk?tls=true"), "mongodb://db:27017/desk?tls=true");
        assert_eq!(shown("mongodb://me:p%40ss@db,other/desk"), "mongodb://***@db,other/desk");
        assert_eq!(shown("mongodb+srv://me:a@b@db.example"), "mongodb+srv://***@db.example");
        // Not as it has to be written, and all the same.
        assert_eq!(shown("mongodb://me:hunter2?token=x@db/desk"), "mongodb://***@db/desk");
        assert_eq!(shown("mongodb://me:a/b?c@db/desk"), "mongodb://***@db/desk");
        assert_eq!(
            shown("mongodb://me:p@db/desk?tlsCertificateKeyFilePassword=a@b&w=majority"),
            "mongodb://***@db/desk?tlsCertificateKeyFilePassword=***&w=majority"
        );
        assert_eq!(
            shown("mongodb://db/?authMechanismProperties=AWS_SESSION_TOKEN:x;proxypassword=y"),
            "mongodb://db/?authMechanismProperties=***;proxypassword=***"
        );
    }

    #[test]
    fn an_address_with_a_secret_is_known_as_one() {
        for (address, has) in [
            ("sqlite", false),
            ("mongodb://db:27017/desk?tls=true", false),
            ("mongodb://me@db/desk", false),
            ("mongodb://me:p@db/desk", true),
            ("mongodb://me:a/b@db", true),
            ("mongodb://db/desk?w=majority&tlsCertificateKeyFilePassword=x", true),
        ] {
            assert_eq!(Storage::has_secret(address), has, "{address}");
        }
    }

    #[test]
    fn a_store_is_the_embedded_one_or_at_an_address_where_there_is_mongodb() {
        let parse = |text| Storage::parse(text, PathBuf::new());

        assert_eq!(parse("sqlite").unwrap().to_string(), "sqlite");
        for address in ["mongodb://db", "mongodb+srv://db"] {
            assert_eq!(parse(address).is_ok(), cfg!(feature = "mongo"));
        }
        assert!(parse("postgres://db").is_err());
    }
}
