//! The server in this process, so that its clock and its randomness are the test's.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Condvar, Mutex};

use support_server::{
    Server,
    clock::{Clock, Random, Source, System},
    config::{Config, Flags},
    desk::Limits,
};
use support_shared::Timestamp;
use tokio::net::TcpListener;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{
    DEADLINE,
    process::{At, add_agent},
};

/// The machine's clock, some seconds ahead.
#[derive(Clone, Default)]
pub(crate) struct Ahead(pub(crate) Arc<AtomicI64>, pub(crate) Hold);

impl Clock for Ahead {
    fn now(&self) -> Timestamp {
        self.1.pass();
        System.now().plus_millis(self.0.load(Ordering::Relaxed) * 1000)
    }
}

/// Stops whoever asks for the time at one place in its work, so that something else can happen
/// exactly there.
#[derive(Clone, Default)]
pub(crate) struct Hold(Arc<(Mutex<Held>, Condvar)>);

#[derive(Default)]
enum Held {
    /// Everybody passes.
    #[default]
    Open,
    /// So many more pass, and the next one is stopped.
    After(u32),
    /// Somebody is stopped; the others pass.
    Stopped,
}

impl Hold {
    fn pass(&self) {
        let mut held = self.0.0.lock().unwrap();
        match *held {
            Held::Open | Held::Stopped => return,
            Held::After(0) => *held = Held::Stopped,
            Held::After(more) => {
                *held = Held::After(more - 1);
                return;
            }
        }
        self.0.1.notify_all();
        // The other tasks of this thread go on elsewhere.
        tokio::task::block_in_place(|| {
            let stopped = |held: &mut Held| matches!(held, Held::Stopped);
            let (held, late) = self.0.1.wait_timeout_while(held, DEADLINE, stopped).unwrap();
            drop(held);
            assert!(!late.timed_out(), "held for too long");
        });
    }

    /// Stops the one that asks for the time after `passing` others.
    pub(crate) fn arm(&self, passing: u32) {
        *self.0.0.lock().unwrap() = Held::After(passing);
    }

    /// Waits until somebody is stopped.
    pub(crate) fn reached(&self) {
        tokio::task::block_in_place(|| {
            let held = self.0.0.lock().unwrap();
            let coming = |held: &mut Held| !matches!(held, Held::Stopped);
            let (_held, late) = self.0.1.wait_timeout_while(held, DEADLINE, coming).unwrap();
            assert!(!late.timed_out(), "nobody came to where it would be stopped");
        });
    }

    pub(crate) fn release(&self) {
        *self.0.0.lock().unwrap() = Held::Open;
        self.0.1.notify_all();
    }
}

/// The machine's randomness, which breaks once when it is told to.
#[derive(Clone, Default)]
pub(crate) struct Breaks(pub(crate) Arc<AtomicBool>);

impl Random for Breaks {
    fn fill(&self, bytes: &mut [u8]) {
        assert!(!self.0.swap(false, Ordering::Relaxed), "broken on purpose");
        System.fill(bytes);
    }
}

/// No limit on how much, where a test is about who or what.
pub(crate) fn unlimited() -> Limits {
    Limits {
        guest_open_tickets: 0,
        guest_new_tickets: 0,
        guest_messages_per_second: 0,
        guest_messages_per_minute: 0,
        agent_messages_per_second: 0,
        guest_sockets: 0,
        agent_sockets: 0,
        guest_reads_per_second: 0,
        agent_reads_per_minute: 0,
        address_sockets: 0,
        handshakes_per_second: 0,
        login_tries: 0,
        login_address_tries: 0,
        ..Limits::default()
    }
}

/// A server in this process.
pub(crate) struct House {
    pub(crate) at: At,
    pub(crate) ahead: Ahead,
    pub(crate) breaks: Breaks,
    pub(crate) data: tempfile::TempDir,
    stop: CancellationToken,
    tasks: TaskTracker,
}

impl House {
    /// With an agent `alice`.
    pub(crate) async fn open() -> Self {
        Self::with(&[("alice", "Alice")], Limits::default()).await
    }

    /// With these agents and limits.
    pub(crate) async fn with(agents: &[(&str, &str)], limits: Limits) -> Self {
        let data = tempfile::tempdir().unwrap();
        for (name, display) in agents {
            assert!(add_agent(data.path(), name, display).status.success());
        }
        Self::on(data, limits).await
    }

    /// On data that is there.
    pub(crate) async fn on(data: tempfile::TempDir, limits: Limits) -> Self {
        let (ahead, breaks) = (Ahead::default(), Breaks::default());
        let flags = Flags { data: Some(data.path().to_owned()), ..Flags::default() };
        let source = Source::new(ahead.clone(), breaks.clone());
        let mut config = Config::load(flags).unwrap();
        config.limits = limits;
        let server = Server::open(config, source).await.unwrap();
        let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.unwrap();
        let at = At { address: listener.local_addr().unwrap() };
        let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
        tasks.spawn(server.run(listener, stop.clone().cancelled_owned()));
        tasks.close();
        Self { at, ahead, breaks, data, stop, tasks }
    }

    pub(crate) async fn close(self) {
        self.stop.cancel();
        self.tasks.wait().await;
    }
}
