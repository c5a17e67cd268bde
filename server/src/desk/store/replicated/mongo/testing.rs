//! A database for one test: in the MongoDB that `MONGODB_URI` names, or else in what stands in for
//! one. With neither the test fails: a promise that was not tried is not kept.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

use mongodb::{Client, Database};
use ulid::Ulid;

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/mongodb");

/// The server, for all tests of this process. It ends with the process, when its input does.
static SERVER: OnceLock<(String, Option<Child>)> = OnceLock::new();

/// A database that nobody else uses.
pub(crate) struct Scratch {
    /// Its address.
    pub(crate) address: String,
    name: String,
}

impl Scratch {
    pub(crate) fn new() -> Self {
        let (server, _) = SERVER.get_or_init(|| match std::env::var("MONGODB_URI") {
            Ok(address) => (address, None),
            Err(_) => start(),
        });
        let name = format!("support_test_{}", Ulid::from_bytes(rand()).to_string().to_lowercase());
        let (host, options) = server.split_once('?').unwrap_or((server, ""));
        let host = host.splitn(4, '/').take(3).collect::<Vec<_>>().join("/");
        Self { address: format!("{host}/{name}?{options}"), name }
    }

    /// As an operator reaches it.
    pub(crate) async fn database(&self) -> Database {
        Client::with_uri_str(&self.address).await.unwrap().database(&self.name)
    }

    /// Leaves nothing behind.
    pub(crate) async fn drop(self) {
        self.database().await.drop().await.unwrap();
    }
}

fn rand() -> [u8; 16] {
    crate::clock::Source::system().bytes()
}

fn start() -> (String, Option<Child>) {
    let mut child = Command::new(SCRIPT)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{SCRIPT}: {error}"));
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let address = line.split(' ').next().unwrap_or_default().to_owned();
    assert!(
        address.starts_with("mongodb://"),
        "there is no MongoDB to test with: run tests/install, or set MONGODB_URI"
    );
    (address, Some(child))
}
