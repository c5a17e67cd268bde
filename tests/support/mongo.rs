//! A MongoDB for one test: in the one that `MONGODB_URI` names, or else a process of its own of what
//! stands in for one (`tests/mongodb`), which a test may also stop and kill. With neither the test
//! fails.

use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, ToSocketAddrs};
use std::process::{Child, Command, Stdio};

use super::process::{Setup, free_address, signal};

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/mongodb");

/// A database that nobody else uses.
pub(crate) struct Mongo {
    address: String,
    name: String,
    stand_in: Option<StandIn>,
}

struct StandIn {
    script: Child,
    process: u32,
    data: tempfile::TempDir,
    port: u16,
}

/// The address of a real one.
fn named() -> Option<String> {
    std::env::var("MONGODB_URI").ok()
}

impl Mongo {
    /// Whether tests get a real one.
    pub(crate) fn is_real() -> bool {
        named().is_some()
    }

    pub(crate) fn start() -> Self {
        let name = format!("support_e2e_{}", ulid::Ulid::generate().to_string().to_lowercase());
        if let Some(address) = named() {
            return Self { address, name, stand_in: None };
        }
        let (data, port) = (tempfile::tempdir().unwrap(), free_address().port());
        let (script, address, process) = run(&data, port);
        Self { address, name, stand_in: Some(StandIn { script, process, data, port }) }
    }

    /// What `--store` names it by.
    pub(crate) fn url(&self) -> String {
        let (server, options) = self.address.split_once('?').unwrap_or((&self.address, ""));
        let server = server.splitn(4, '/').take(3).collect::<Vec<_>>().join("/");
        format!("{server}/{}?{options}", self.name)
    }

    /// The same by way of somebody else.
    pub(crate) fn url_through(&self, proxy: SocketAddr) -> String {
        let host = self.host();
        self.url().replace(&host, &proxy.to_string())
    }

    /// Where its server is.
    pub(crate) fn at(&self) -> SocketAddr {
        let host = self.host();
        let host = if host.contains(':') { host } else { format!("{host}:27017") };
        host.to_socket_addrs().unwrap().next().unwrap()
    }

    fn host(&self) -> String {
        let rest = self.address.strip_prefix("mongodb://");
        let rest = rest.expect("a test with a bad network needs one address in MONGODB_URI");
        let host = rest.split(['/', '?']).next().unwrap();
        let host = host.rsplit('@').next().unwrap();
        assert!(!host.contains(','), "a test with a bad network needs one address in MONGODB_URI");
        host.to_owned()
    }

    /// Sends its process a signal, by name, if it is the test's own.
    pub(crate) fn signal(&self, name: &str) -> bool {
        if let Some(own) = &self.stand_in {
            signal(own.process, name);
        }
        self.stand_in.is_some()
    }

    /// Starts it again after it was killed, on the same data and address.
    pub(crate) fn start_again(&mut self) {
        let Some(own) = &mut self.stand_in else { panic!("somebody else's MongoDB") };
        drop(own.script.stdin.take());
        own.script.wait().unwrap();
        (own.script, self.address, own.process) = run(&own.data, own.port);
    }
}

impl Drop for Mongo {
    fn drop(&mut self) {
        if let Some(own) = &mut self.stand_in {
            // One that stands still, or waits for a connection that does, does not end by itself.
            let _ = Command::new("kill").args(["-s", "KILL", &own.process.to_string()]).output();
            drop(own.script.stdin.take());
            let _ = own.script.wait();
        }
    }
}

/// A server on a directory and port: what runs it, its address and its process.
fn run(data: &tempfile::TempDir, port: u16) -> (Child, String, u32) {
    let mut script = Command::new(SCRIPT)
        .arg(data.path())
        .arg(port.to_string())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{SCRIPT}: {error}"));
    let mut line = String::new();
    BufReader::new(script.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let Some((address, process)) = line.trim().rsplit_once(' ') else {
        panic!("there is no MongoDB to test with: run tests/install, or set MONGODB_URI");
    };
    (script, address.to_owned(), process.parse().unwrap())
}

impl Setup {
    /// On this MongoDB.
    pub(crate) fn on(self, mongo: &Mongo) -> Self {
        self.on_store(mongo.url())
    }
}
