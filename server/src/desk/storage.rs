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
            Self::MongoDb(address) => {
                let start = address.find("://").map_or(0, |at| at + 3);
                let (scheme, rest) = address.split_at(start);
                let authority = rest.split('/').next().unwrap_or_default();
                match authority.rsplit_once('@') {
                    Some((who, _)) => write!(f, "{scheme}***{}", &rest[who.len()..]),
                    None => f.write_str(address),
                }
            }
        }
    }
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
