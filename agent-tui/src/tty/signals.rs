//! The signals that the console answers to. TSTP keeps its default action; what it does to the
//! screen is undone on CONT.

use std::io;

use tokio::signal::unix::{self, SignalKind, signal};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Signal {
    /// Leave, and leave the terminal in order.
    End,
    /// Ctrl-C while the terminal is not raw: meant for whoever has the terminal.
    Interrupt,
    /// Somebody stopped us and let us go on.
    Continue,
    /// The window has another size, or had one for a moment. The library that reads the keys tells
    /// of it too, but not always: a key that comes with it hides it.
    Resize,
}

pub(crate) struct Signals {
    terminate: unix::Signal,
    hang_up: unix::Signal,
    interrupt: unix::Signal,
    go_on: unix::Signal,
    resize: unix::Signal,
}

impl Signals {
    pub(crate) fn new() -> io::Result<Self> {
        let cont = SignalKind::from_raw(rustix::process::Signal::CONT.as_raw());
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            hang_up: signal(SignalKind::hangup())?,
            interrupt: signal(SignalKind::interrupt())?,
            go_on: signal(cont)?,
            resize: signal(SignalKind::window_change())?,
        })
    }

    pub(crate) async fn next(&mut self) -> Signal {
        tokio::select! {
            _ = self.terminate.recv() => Signal::End,
            _ = self.hang_up.recv() => Signal::End,
            _ = self.interrupt.recv() => Signal::Interrupt,
            _ = self.go_on.recv() => Signal::Continue,
            _ = self.resize.recv() => Signal::Resize,
        }
    }
}
