//! The real console in a real pseudo-terminal, and the screen that a person would see in it.

use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Instant;

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

use super::{
    DEADLINE,
    process::{At, PASSWORD, signal},
};

pub(crate) const AGENT: &str = env!("CARGO_BIN_EXE_e2e-agent");

/// A home in which this agent is signed in to a server.
pub(crate) fn signed_in(server: &At, name: &str) -> tempfile::TempDir {
    let home = tempfile::tempdir().unwrap();
    let mut child = Command::new(AGENT)
        .args(["login", "--username", name, "--password-stdin"])
        .env("SUPPORT_SERVER", server.url(""))
        .env("SUPPORT_AGENT_HOME", home.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(PASSWORD.as_bytes()).unwrap();
    assert!(child.wait().unwrap().success());
    home
}

/// A terminal with the console in it.
pub(crate) struct Terminal {
    /// The screen, and what tells that it has changed.
    screen: Arc<(Mutex<vt100::Parser>, Condvar)>,
    keys: Box<dyn Write + Send>,
    child: Box<dyn Child + Send + Sync>,
    _master: Box<dyn MasterPty + Send>,
}

impl Terminal {
    /// Starts the console of `home` in a terminal of this size.
    pub(crate) fn open(server: &At, home: &Path, rows: u16, columns: u16) -> Self {
        Self::open_with(server, home, rows, columns, &[])
    }

    /// The same, with these variables in its environment.
    pub(crate) fn open_with(
        server: &At,
        home: &Path,
        rows: u16,
        columns: u16,
        environment: &[(&str, &str)],
    ) -> Self {
        let size = PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).unwrap();
        let mut command = CommandBuilder::new(AGENT);
        command.env_clear();
        command.env("TERM", "xterm-256color");
        command.env("SUPPORT_SERVER", server.url(""));
        command.env("SUPPORT_AGENT_HOME", home);
        command.env("XDG_CONFIG_HOME", home);
        for (name, value) in environment {
            command.env(name, value);
        }
        command.cwd(home);
        let child = pair.slave.spawn_command(command).unwrap();
        drop(pair.slave);
        let sizes = (NonZeroU16::new(rows).unwrap(), NonZeroU16::new(columns).unwrap());
        let parser = vt100::Parser::new(sizes.0, sizes.1, 0);
        let screen = Arc::new((Mutex::new(parser), Condvar::new()));
        let mut output = pair.master.try_clone_reader().unwrap();
        let drawn = Arc::clone(&screen);
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(count @ 1..) = output.read(&mut bytes) {
                drawn.0.lock().unwrap().process(&bytes[..count]);
                drawn.1.notify_all();
            }
        });
        let keys = pair.master.take_writer().unwrap();
        Self { screen, keys, child, _master: pair.master }
    }

    /// Types.
    pub(crate) fn keys(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
        self.keys.flush().unwrap();
    }

    /// What the screen shows, line by line.
    pub(crate) fn screen(&self) -> String {
        self.screen.0.lock().unwrap().screen().contents()
    }

    /// Waits until the screen is as `is` wants it.
    pub(crate) fn until(&self, what: &str, is: impl Fn(&str) -> bool) -> String {
        let began = Instant::now();
        let mut parser = self.screen.0.lock().unwrap();
        loop {
            let screen = parser.screen().contents();
            if is(&screen) {
                return screen;
            }
            let left = DEADLINE.saturating_sub(began.elapsed());
            assert!(!left.is_zero(), "{what} was never seen on the screen:\n{screen}");
            parser = self.screen.1.wait_timeout(parser, left).unwrap().0;
        }
    }

    /// Waits until the screen shows `text`.
    pub(crate) fn shows(&self, text: &str) -> String {
        self.until(text, |screen| screen.contains(text))
    }

    /// Sends the console a signal, by name.
    pub(crate) fn signal(&self, name: &str) {
        signal(self.child.process_id().unwrap(), name);
    }

    /// Whether the terminal is as a shell needs it: the main screen, with its cursor, and pastes
    /// that are plain keys.
    pub(crate) fn is_given_back(&self) -> bool {
        let parser = self.screen.0.lock().unwrap();
        let screen = parser.screen();
        !screen.alternate_screen() && !screen.hide_cursor() && !screen.bracketed_paste()
    }

    /// Waits until the console has ended; answers with its exit status.
    pub(crate) fn ended(&mut self) -> u32 {
        self.child.wait().unwrap().exit_code()
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
