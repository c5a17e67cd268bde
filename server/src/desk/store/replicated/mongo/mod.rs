//! MongoDB as the database under the append protocol: how to reach it, what it must promise, and
//! its collections. A write is acknowledged by a majority and journaled, whatever the address says:
//! anything weaker can be rolled back after it was answered. Works on a replica set and on a
//! sharded cluster; a server by itself is for development, and says so.

mod documents;
mod entries;
mod heartbeats;
mod indexes;
mod people;
mod queries;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
mod tickets;
mod upkeep;

use std::time::Duration;

use mongodb::{
    Client, Collection, Database,
    bson::{Document, doc},
    options::{Acknowledgment, ClientOptions, ReadConcern, ReadConcernLevel, WriteConcern},
};

use super::super::StoreError;
use crate::clock::Source;

/// The format that this version reads and writes.
const FORMAT: i32 = 1;

/// The name of the mark that an import has begun and not ended.
const IMPORT: &str = "import";

/// The database, when the address names none.
const DATABASE: &str = "support";

/// How long to look for a server that can be written. Shorter than a step of the store.
const SELECTION: Duration = Duration::from_secs(3);

/// How long a write may wait for its majority. Then it is no acknowledgement.
const MAJORITY: Duration = Duration::from_secs(3);

/// How often servers are looked at: how soon one that comes back is noticed.
const HEARTBEAT: Duration = Duration::from_secs(2);

/// Connections to each server at most.
const CONNECTIONS: u32 = 32;

/// Why the database could not be opened.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OpenError {
    /// The address is not one.
    #[error("--store is not an address of a MongoDB: {0}")]
    Address(String),
    /// The address asks for less than is promised.
    #[error(
        "--store asks for {0}, and a message that was acknowledged so can be lost; leave it out: writes are w=majority with journal, reads readConcernLevel=majority"
    )]
    Weak(&'static str),
    /// It does not answer.
    #[error("cannot use the MongoDB at {0}: {1}")]
    Unreachable(String, String),
    /// Of a later version.
    #[error(
        "the database {0} was written by a newer support-server (format {1}, this one reads {FORMAT})"
    )]
    Newer(String, i32),
    /// Half of an import.
    #[error("an import into the database {0} was cut short: run it again with the same file")]
    Unfinished(String),
    /// Something else.
    #[error("the database {0} is not one of support-server; nothing was changed")]
    Foreign(String),
}

/// The collections in one database.
pub(crate) struct Mongo {
    database: Database,
    entries: Collection<Document>,
    tickets: Collection<Document>,
    guests: Collection<Document>,
    agents: Collection<Document>,
    canned: Collection<Document>,
    audit: Collection<Document>,
    meta: Collection<Document>,
    nodes: Collection<Document>,
    epoch: String,
}

impl Mongo {
    /// Connects, makes what is missing, and says what history this is.
    pub(crate) async fn open(address: &str, source: &Source) -> Result<Self, OpenError> {
        let mongo = Self::open_to_import(address, source).await?;
        let mark = mongo.meta.find_one(doc! { "_id": IMPORT });
        match mark.await {
            Ok(Some(_)) => Err(OpenError::Unfinished(mongo.database.name().to_owned())),
            Ok(None) => Ok(mongo),
            Err(error) => {
                Err(OpenError::Unreachable(mongo.database.name().to_owned(), why(&error)))
            }
        }
    }

    /// The same when an import that was cut short is about to be finished.
    pub(crate) async fn open_to_import(address: &str, source: &Source) -> Result<Self, OpenError> {
        let (options, hosts) = options(address).await?;
        Self::connect(options, source).await.map_err(|failure| match failure {
            Failure::Open(error) => error,
            Failure::Driver(error) => OpenError::Unreachable(hosts, why(&error)),
        })
    }

    async fn connect(options: ClientOptions, source: &Source) -> Result<Self, Failure> {
        let name = options.default_database.clone().unwrap_or_else(|| DATABASE.to_owned());
        let client = Client::with_options(options)?;
        let database = client.database(&name);
        warn_if_alone(&database).await?;
        let meta = database.collection::<Document>("meta");
        let epoch = history(&database, &meta, source).await?;
        indexes::make(&database).await?;
        Ok(Self {
            entries: database.collection(indexes::ENTRIES),
            tickets: database.collection(indexes::TICKETS),
            guests: database.collection("guests"),
            agents: database.collection(indexes::AGENTS),
            canned: database.collection(indexes::CANNED),
            audit: database.collection("audit"),
            meta,
            nodes: database.collection("nodes"),
            database,
            epoch,
        })
    }
}

/// What is done when the driver says no.
enum Failure {
    Open(OpenError),
    Driver(mongodb::error::Error),
}

impl From<mongodb::error::Error> for Failure {
    fn from(error: mongodb::error::Error) -> Self {
        Self::Driver(error)
    }
}

impl From<OpenError> for Failure {
    fn from(error: OpenError) -> Self {
        Self::Open(error)
    }
}

/// The address with what the store needs put in, and the servers that it names.
async fn options(address: &str) -> Result<(ClientOptions, String), OpenError> {
    let wrong = |error: mongodb::error::Error| OpenError::Address(error.to_string());
    let mut options = ClientOptions::parse(address).await.map_err(wrong)?;
    refuse_weaker(&options)?;
    options.app_name = Some("support-server".to_owned());
    options.server_selection_timeout = Some(SELECTION);
    options.connect_timeout = Some(SELECTION);
    options.heartbeat_freq = Some(HEARTBEAT);
    options.max_pool_size = options.max_pool_size.or(Some(CONNECTIONS));
    options.read_concern = Some(ReadConcern::majority());
    options.write_concern = Some(
        WriteConcern::builder()
            .w(Acknowledgment::Majority)
            .journal(true)
            .w_timeout(MAJORITY)
            .build(),
    );
    // Reads go where writes go: a command is decided on what was written before it.
    options.selection_criteria = None;
    let hosts: Vec<String> = options.hosts.iter().map(ToString::to_string).collect();
    Ok((options, hosts.join(",")))
}

fn refuse_weaker(options: &ClientOptions) -> Result<(), OpenError> {
    if let Some(concern) = &options.write_concern {
        if concern.w.as_ref().is_some_and(|w| *w != Acknowledgment::Majority) {
            return Err(OpenError::Weak("a w other than majority"));
        }
        if concern.journal == Some(false) {
            return Err(OpenError::Weak("journal=false"));
        }
    }
    let enough = [ReadConcernLevel::Majority, ReadConcernLevel::Linearizable];
    match &options.read_concern {
        Some(concern) if !enough.contains(&concern.level) => {
            Err(OpenError::Weak("a readConcernLevel below majority"))
        }
        _ => Ok(()),
    }
}

async fn warn_if_alone(database: &Database) -> Result<(), Failure> {
    let hello = database.run_command(doc! { "hello": 1 }).await?;
    let in_a_set = hello.contains_key("setName");
    let sharded = hello.get_str("msg").is_ok_and(|msg| msg == "isdbgrid");
    if !in_a_set && !sharded {
        tracing::warn!(
            "this MongoDB is a server by itself: good for development, but when its machine is \
             gone so are the messages; use a replica set"
        );
    }
    Ok(())
}

/// The name of the history in this database, made when there is none.
async fn history(
    database: &Database,
    meta: &Collection<Document>,
    source: &Source,
) -> Result<String, Failure> {
    let desk = doc! { "_id": "desk" };
    let found = meta.find_one(desk.clone()).await?;
    if found.is_none() {
        let others = database.list_collection_names().await?;
        if others.iter().any(|name| !name.starts_with("system.")) && !others.iter().any(is_ours) {
            return Err(OpenError::Foreign(database.name().to_owned()).into());
        }
        let new = doc! { "_id": "desk", "format": FORMAT, "epoch": source.ulid().to_string() };
        // Another node may have been faster: then its name counts.
        match meta.insert_one(new).await {
            Err(error) if !is_duplicate(&error) => return Err(error.into()),
            _ => {}
        }
    }
    let found = meta.find_one(desk).await?.unwrap_or_default();
    match (found.get_i32("format"), found.get_str("epoch")) {
        (Ok(FORMAT), Ok(epoch)) => Ok(epoch.to_owned()),
        (Ok(format), Ok(_)) => Err(OpenError::Newer(database.name().to_owned(), format).into()),
        _ => Err(OpenError::Foreign(database.name().to_owned()).into()),
    }
}

/// What people need of an error of the driver, which says a lot.
fn why(error: &mongodb::error::Error) -> String {
    use mongodb::error::ErrorKind;

    match error.kind.as_ref() {
        ErrorKind::ServerSelection { .. } => {
            format!("no server that can be written to has answered in {} s", SELECTION.as_secs())
        }
        ErrorKind::Authentication { .. } => "it does not take this name and password".to_owned(),
        ErrorKind::Command(failed) => failed.message.clone(),
        other => other.to_string(),
    }
}

fn is_ours(name: &String) -> bool {
    name == "meta"
}

/// A unique index has said no.
fn is_duplicate(error: &mongodb::error::Error) -> bool {
    use mongodb::error::{ErrorKind, WriteFailure};

    match error.kind.as_ref() {
        ErrorKind::Write(WriteFailure::WriteError(error)) => error.code == DUPLICATE,
        _ => false,
    }
}

/// The database's code for it.
const DUPLICATE: i32 = 11_000;

impl From<mongodb::error::Error> for StoreError {
    fn from(error: mongodb::error::Error) -> Self {
        Self::Unavailable(error.into())
    }
}
