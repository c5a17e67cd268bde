//! The real server as a process of its own: it says its address itself, and is ended with the test.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::{
    atomic::{AtomicU16, Ordering},
    mpsc,
};
use std::thread;
use std::time::{Duration, Instant};

use super::DEADLINE;

pub(crate) const SERVER: &str = env!("CARGO_BIN_EXE_e2e-server");

/// A password that the desk takes.
pub(crate) const PASSWORD: &str = "correct horse battery";

/// Where a server is. What the clients of these tests need of it.
#[derive(Debug, Clone)]
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

/// How a server is started.
#[derive(Debug, Clone)]
pub(crate) struct Setup {
    settings: Vec<(String, String)>,
    listen: String,
    store: Option<String>,
    /// What runs the server, and its arguments; nothing when it runs by itself.
    under: Vec<String>,
}

impl Setup {
    /// With these environment variables, on a free port.
    pub(crate) fn with(settings: &[(&str, &str)]) -> Self {
        let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let settings = settings.iter().map(own).collect();
        Self { settings, listen: "127.0.0.1:0".to_owned(), store: None, under: Vec::new() }
    }

    /// On an address that it can have again after it was killed, however many clients try to
    /// connect to it meanwhile.
    pub(crate) fn lasting(mut self) -> Self {
        self.listen = free_address().to_string();
        self
    }

    /// On this address.
    pub(crate) fn listening(mut self, address: &str) -> Self {
        address.clone_into(&mut self.listen);
        self
    }

    /// On the store that this names.
    pub(crate) fn on_store(mut self, url: String) -> Self {
        self.store = Some(url);
        self
    }

    /// As an argument of another program.
    pub(crate) fn under(mut self, program: Vec<String>) -> Self {
        self.under = program;
        self
    }

    /// Starts a server on an empty directory in which these agents were added.
    pub(crate) fn start(self, agents: &[&str]) -> Server {
        let data = tempfile::tempdir().unwrap();
        for name in agents {
            let mut display = (*name).to_owned();
            display[..1].make_ascii_uppercase();
            let added = self.add(data.path(), &[name, "--display-name", &display]);
            assert!(added.status.success(), "{added:?}");
        }
        Server::on(data, self)
    }

    /// The server's command line on `data`.
    fn command(&self, data: &Path) -> Command {
        let mut command = match self.under.split_first() {
            Some((program, arguments)) => {
                let mut command = Command::new(program);
                command.args(arguments).arg(SERVER);
                command
            }
            None => Command::new(SERVER),
        };
        forget_settings(&mut command);
        command.arg("--data").arg(data).args(["--listen", &self.listen]).stdin(Stdio::null());
        command.args(self.store.iter().flat_map(|url| ["--store", url]));
        command.envs(self.settings.iter().map(|(name, value)| (name, value)));
        command
    }

    fn add(&self, data: &Path, arguments: &[&str]) -> Output {
        let store = self.store.iter().flat_map(|url| ["--store", url]);
        let arguments: Vec<&str> = arguments.iter().copied().chain(store).collect();
        add(data, &arguments)
    }
}

/// A running server with data of its own.
pub(crate) struct Server {
    child: Child,
    at: At,
    pub(crate) data: tempfile::TempDir,
    setup: Setup,
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
        Setup::with(settings).start(&["alice", "bob"])
    }

    /// The same with an admin `root`.
    pub(crate) fn with_admin() -> Self {
        Self::with_admin_and(&[])
    }

    /// The same with environment variables.
    pub(crate) fn with_admin_and(settings: &[(&str, &str)]) -> Self {
        let data = tempfile::tempdir().unwrap();
        for (name, display) in [("alice", "Alice"), ("bob", "Bob")] {
            assert!(add_agent(data.path(), name, display).status.success());
        }
        assert!(add(data.path(), &["root", "--admin"]).status.success());
        Self::on(data, Setup::with(settings))
    }

    /// The very first start on an empty directory.
    pub(crate) fn first_start() -> Self {
        Self::first_start_with(&[])
    }

    /// The same with environment variables.
    pub(crate) fn first_start_with(settings: &[(&str, &str)]) -> Self {
        Self::on(tempfile::tempdir().unwrap(), Setup::with(settings))
    }

    /// Starts a server on data that is there.
    pub(crate) fn on(data: tempfile::TempDir, setup: Setup) -> Self {
        let nowhere = At { address: ([0, 0, 0, 0], 0).into() };
        let (mut server, printed) = Self::spawn(data, setup, nowhere);
        let Ok(line) = printed.recv_timeout(DEADLINE) else {
            let said: Vec<String> = server.said.try_iter().collect();
            panic!("the server did not start: {said:?}");
        };
        server.at.address = line.strip_prefix("listening on http://").unwrap().parse().unwrap();
        server
    }

    /// A server that may not serve yet, and what it prints.
    fn spawn(data: tempfile::TempDir, setup: Setup, at: At) -> (Self, mpsc::Receiver<String>) {
        let mut command = setup.command(data.path());
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let said = lines(child.stderr.take().unwrap());
        let printed = lines(child.stdout.take().unwrap());
        (Self { child, at, data, setup, said }, printed)
    }

    /// Where it is.
    pub(crate) fn at(&self) -> At {
        self.at.clone()
    }

    /// Its process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Starts another one beside it, on the same store and with the same keys.
    pub(crate) fn another(&self) -> Self {
        let data = tempfile::tempdir().unwrap();
        std::fs::copy(self.data.path().join("keys.json"), data.path().join("keys.json")).unwrap();
        Self::on(data, self.setup.clone().lasting())
    }

    /// Sends it a signal, by name.
    pub(crate) fn signal(&self, name: &str) {
        signal(self.id(), name);
    }

    /// Waits until it has ended by itself; answers with its exit status, nothing if a signal has
    /// ended it.
    pub(crate) fn ended(&mut self, within: Duration) -> Option<i32> {
        let began = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code();
            }
            assert!(began.elapsed() < within, "the server has not ended after {within:?}");
            thread::park_timeout(Duration::from_millis(2));
        }
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
        self.signal("TERM");
        self.ended(DEADLINE).expect("no signal has ended it")
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

    /// From now on `VmHWM` is the most since now.
    pub(crate) fn forget_peak(&self) {
        std::fs::write(format!("/proc/{}/clear_refs", self.child.id()), "5").unwrap();
    }

    /// What the audit has of this action: who, and with which result.
    pub(crate) fn audited(&self, what: &str) -> Vec<(String, String)> {
        self.audited_objects(what).into_iter().map(|(who, _, result)| (who, result)).collect()
    }

    /// The same, and to whom or what.
    pub(crate) fn audited_objects(&self, what: &str) -> Vec<(String, Option<String>, String)> {
        let audit = rusqlite::Connection::open(self.data.path().join("support.db")).unwrap();
        let sql = "SELECT who, object, result FROM audit WHERE what = ?1 ORDER BY id";
        let mut rows = audit.prepare(sql).unwrap();
        let row = |row: &rusqlite::Row| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
        rows.query_map([what], row).unwrap().map(Result::unwrap).collect()
    }

    /// Ends the server as a crash does.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Starts the server again on the same data, and on the same address if that is one that lasts.
    pub(crate) fn start_again(self) -> Self {
        let setup = self.setup.clone();
        self.start_again_as(setup)
    }

    /// The same by itself, or as the argument of a program.
    pub(crate) fn start_again_under(self, program: Vec<String>) -> Self {
        let setup = self.setup.clone().under(program);
        self.start_again_as(setup)
    }

    /// The same with a program that may end it before it serves.
    pub(crate) fn start_again_to_end(self, program: Vec<String>) -> Self {
        let (setup, at) = (self.setup.clone().under(program), self.at.clone());
        let (server, _) = Self::spawn(self.into_data(), setup, at);
        server
    }

    fn start_again_as(self, setup: Setup) -> Self {
        Self::on(self.into_data(), setup)
    }

    /// What it leaves behind.
    pub(crate) fn into_data(mut self) -> tempfile::TempDir {
        std::mem::replace(&mut self.data, tempfile::tempdir().unwrap())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Sends a process a signal, by name.
pub(crate) fn signal(process: u32, name: &str) {
    let kill = ["-s", name, "--", &process.to_string()];
    assert!(Command::new("kill").args(kill).status().unwrap().success(), "{name}");
}

/// The server's command line on `data`, with no setting of this machine's.
pub(crate) fn command(data: &Path, listen: &str) -> Command {
    let mut setup = Setup::with(&[]);
    listen.clone_into(&mut setup.listen);
    setup.command(data)
}

fn forget_settings(command: &mut Command) {
    for (name, _) in std::env::vars() {
        if name.starts_with("SUPPORT_") {
            command.env_remove(name);
        }
    }
}

/// Adds an agent as an operator does while no server runs.
pub(crate) fn add_agent(data: &Path, name: &str, display: &str) -> Output {
    add(data, &[name, "--display-name", display])
}

/// Adds an agent with these arguments.
pub(crate) fn add(data: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(SERVER);
    forget_settings(&mut command);
    let mut child = command
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
    outcome(child)
}

/// Runs a command that is expected to end by itself.
pub(crate) fn run(command: &mut Command) -> Output {
    let command = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    outcome(command.spawn().unwrap())
}

/// What becomes of a process that ends by itself, however much it says.
pub(crate) fn outcome(mut child: Child) -> Output {
    let (stdout, stderr) = (all(child.stdout.take().unwrap()), all(child.stderr.take().unwrap()));
    let began = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if began.elapsed() > DEADLINE {
            child.kill().unwrap();
            panic!("it does not end: {:?}", child.wait());
        }
        thread::park_timeout(Duration::from_millis(5));
    };
    Output { status, stdout: stdout.join().unwrap(), stderr: stderr.join().unwrap() }
}

/// Reads to the end beside whatever else is done.
fn all(mut from: impl Read + Send + 'static) -> thread::JoinHandle<Vec<u8>> {
    thread::spawn(move || {
        let mut all = Vec::new();
        from.read_to_end(&mut all).unwrap();
        all
    })
}

/// An address that nothing listens on and that is nobody else's: these tests give it once, and no
/// client is given it by the machine, so that a server which was killed can have it again.
pub(crate) fn free_address() -> SocketAddr {
    const PORTS: u16 = 10_000;
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let first = std::process::id() % u32::from(PORTS);
    for _ in 0..PORTS {
        let place = first + u32::from(NEXT.fetch_add(1, Ordering::Relaxed));
        let port = 20_000 + u16::try_from(place % u32::from(PORTS)).unwrap();
        if let Ok(free) = std::net::TcpListener::bind(("127.0.0.1", port)) {
            return free.local_addr().unwrap();
        }
    }
    panic!("no port between 20000 and 30000 is free");
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
