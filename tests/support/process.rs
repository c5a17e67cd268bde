//! The real server as a process of its own: it says its address itself, and is ended with the test.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc;
use std::thread;

use super::DEADLINE;

pub(crate) const SERVER: &str = env!("CARGO_BIN_EXE_e2e-server");

/// A password that the desk takes.
pub(crate) const PASSWORD: &str = "correct horse battery";

/// Where a server is. What the clients of these tests need of it.
pub(crate) struct At {
    pub(crate) address: SocketAddr,
}

impl At {
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }
}

impl std::ops::Deref for Server {
    type Target = At;

    fn deref(&self) -> &At {
        &self.at
    }
}

/// A running server with data of its own.
pub(crate) struct Server {
    child: Child,
    at: At,
    pub(crate) data: tempfile::TempDir,
    settings: Vec<(String, String)>,
    /// What it has written to standard error.
    said: mpsc::Receiver<String>,
}

impl Server {
    /// Starts a server with an agent `alice` called Alice, and one called Bob.
    pub(crate) fn start() -> Self {
        Self::with(&[])
    }

    /// The same with environment variables.
    pub(crate) fn with(settings: &[(&str, &str)]) -> Self {
        let data = tempfile::tempdir().unwrap();
        for (name, display) in [("alice", "Alice"), ("bob", "Bob")] {
            let added = add_agent(data.path(), name, display);
            assert!(added.status.success(), "{added:?}");
        }
        Self::on(data, "127.0.0.1:0", settings)
    }

    /// The same with an admin `root`.
    pub(crate) fn with_admin() -> Self {
        let data = tempfile::tempdir().unwrap();
        for (name, display) in [("alice", "Alice"), ("bob", "Bob")] {
            assert!(add_agent(data.path(), name, display).status.success());
        }
        assert!(add(data.path(), &["root", "--admin"]).status.success());
        Self::on(data, "127.0.0.1:0", &[])
    }

    /// The very first start on an empty directory.
    pub(crate) fn first_start() -> Self {
        Self::first_start_with(&[])
    }

    /// The same with environment variables.
    pub(crate) fn first_start_with(settings: &[(&str, &str)]) -> Self {
        Self::on(tempfile::tempdir().unwrap(), "127.0.0.1:0", settings)
    }

    /// Starts a server on data that is there.
    pub(crate) fn on(data: tempfile::TempDir, listen: &str, settings: &[(&str, &str)]) -> Self {
        let mut child = command(data.path(), listen)
            .envs(settings.iter().copied())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let said = lines(child.stderr.take().unwrap());
        let printed = lines(child.stdout.take().unwrap());
        let Ok(line) = printed.recv_timeout(DEADLINE) else {
            panic!("the server did not start: {:?}", said.try_iter().collect::<Vec<_>>());
        };
        let address = line.strip_prefix("listening on http://").unwrap().parse().unwrap();
        let settings = settings
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        Self { child, at: At { address }, data, settings, said }
    }

    /// The next line on standard error that contains `part`.
    pub(crate) fn says(&self, part: &str) -> String {
        loop {
            let line = self.said.recv_timeout(DEADLINE).unwrap();
            if line.contains(part) {
                return line;
            }
        }
    }

    /// Everything that it has said until it ended.
    pub(crate) fn said_all(&self) -> Vec<String> {
        self.said.iter().collect()
    }

    /// Asks the server to stop and waits until it has; answers with its exit status.
    pub(crate) fn stop(&mut self) -> i32 {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
        self.child.wait().unwrap().code().unwrap()
    }

    /// Asks the server to stop and answers with all that it has still to say on standard error.
    pub(crate) fn last_words(&mut self) -> Vec<String> {
        self.stop();
        self.said_all()
    }

    /// A figure of what the server takes of the machine's memory, in KiB: `VmRSS` is what it has now,
    /// `VmHWM` the most that it has had.
    pub(crate) fn memory(&self, figure: &str) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line =
            status.lines().find_map(|line| line.strip_prefix(&format!("{figure}:"))).unwrap();
        line.trim().trim_end_matches(" kB").parse().unwrap()
    }

    /// What the audit has of this action: who, and with which result.
    pub(crate) fn audited(&self, what: &str) -> Vec<(String, String)> {
        let audit = rusqlite::Connection::open(self.data.path().join("support.db")).unwrap();
        let mut rows = audit.prepare("SELECT who, result FROM audit WHERE what = ?1").unwrap();
        let rows = rows.query_map([what], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        rows.map(Result::unwrap).collect()
    }

    /// Ends the server as a crash does.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Starts the server again, on the same data and address.
    pub(crate) fn start_again(self) -> Self {
        let Self { at: At { address }, settings, .. } = &self;
        let settings: Vec<(&str, &str)> =
            settings.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let address = address.to_string();
        let settings: Vec<(String, String)> =
            settings.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        let data = self.into_data();
        let settings: Vec<(&str, &str)> =
            settings.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        Self::on(data, &address, &settings)
    }

    fn into_data(mut self) -> tempfile::TempDir {
        std::mem::replace(&mut self.data, tempfile::tempdir().unwrap())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The server's command line on `data`, with no setting of this machine's.
pub(crate) fn command(data: &Path, listen: &str) -> Command {
    let mut command = Command::new(SERVER);
    for (name, _) in std::env::vars() {
        if name.starts_with("SUPPORT_") {
            command.env_remove(name);
        }
    }
    command.arg("--data").arg(data).args(["--listen", listen]).stdin(Stdio::null());
    command
}

/// Adds an agent as an operator does while no server runs.
pub(crate) fn add_agent(data: &Path, name: &str, display: &str) -> Output {
    add(data, &[name, "--display-name", display])
}

/// Adds an agent with these arguments.
pub(crate) fn add(data: &Path, arguments: &[&str]) -> Output {
    let mut child = Command::new(SERVER)
        .arg("--data")
        .arg(data)
        .args(["agent", "add", "--password-stdin"])
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(PASSWORD.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

/// An address that nothing listens on now.
pub(crate) fn free_address() -> SocketAddr {
    std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap()
}

/// Passes on what a process writes, line by line, also to the test's own output.
fn lines(from: impl Read + Send + 'static) -> mpsc::Receiver<String> {
    let (line, lines) = mpsc::channel();
    thread::spawn(move || {
        for text in BufReader::new(from).lines().map_while(Result::ok) {
            println!("server: {text}");
            let _ = line.send(text);
        }
    });
    lines
}
