//! The real console in a real pseudo-terminal, and the screen that a person would see in it.

use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

use super::{
    DEADLINE,
    process::{At, signal},
    script::AGENT,
};

/// What a terminal was told to do beyond drawing, each in words.
#[derive(Default)]
struct Acts(Vec<String>);

impl vt100::Callbacks for Acts {
    fn audible_bell(&mut self, _: &mut vt100::Screen) {
        self.0.push("bell".to_owned());
    }
    fn visual_bell(&mut self, _: &mut vt100::Screen) {
        self.0.push("flash".to_owned());
    }
    fn set_window_title(&mut self, _: &mut vt100::Screen, title: &[u8]) {
        self.0.push(format!("title {title:?}"));
    }
    fn set_window_icon_name(&mut self, _: &mut vt100::Screen, name: &[u8]) {
        self.0.push(format!("icon {name:?}"));
    }
    fn copy_to_clipboard(&mut self, _: &mut vt100::Screen, _: &[u8], data: &[u8]) {
        self.0.push(format!("clipboard {}", String::from_utf8_lossy(data)));
    }
    fn paste_from_clipboard(&mut self, _: &mut vt100::Screen, _: &[u8]) {
        self.0.push("clipboard read".to_owned());
    }
    fn unhandled_osc(&mut self, _: &mut vt100::Screen, params: &[&[u8]]) {
        self.0.push(format!("osc {params:?}"));
    }
    fn unhandled_escape(&mut self, _: &mut vt100::Screen, _: Option<u8>, _: Option<u8>, byte: u8) {
        self.0.push(format!("escape {byte}"));
    }
}

/// What has come out of a terminal so far.
struct Output {
    parser: vt100::Parser<Acts>,
    bytes: Vec<u8>,
    /// How many whole frames there were.
    frames: usize,
    /// Nothing more will come: nobody has the other end.
    over: bool,
}

/// What ends a frame.
const FRAME_END: &[u8] = b"\x1b[?2026l";

impl Output {
    fn take(&mut self, bytes: &[u8]) {
        self.parser.process(bytes);
        // The end of a frame may come in two pieces.
        let from = self.bytes.len().saturating_sub(FRAME_END.len() - 1);
        self.bytes.extend(bytes);
        let ends = self.bytes[from..].windows(FRAME_END.len());
        self.frames += ends.filter(|it| *it == FRAME_END).count();
    }
}

/// A terminal with the console in it.
pub(crate) struct Terminal {
    /// What has come out, and what tells that there is more.
    output: Arc<(Mutex<Output>, Condvar)>,
    keys: Box<dyn Write + Send>,
    child: Box<dyn Child + Send + Sync>,
    master: Box<dyn MasterPty + Send>,
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
        Self::run(command, rows, columns)
    }

    /// Runs any program in a terminal of this size.
    pub(crate) fn run(command: CommandBuilder, rows: u16, columns: u16) -> Self {
        let size = PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).unwrap();
        let child = pair.slave.spawn_command(command).unwrap();
        drop(pair.slave);
        let sizes = (NonZeroU16::new(rows).unwrap(), NonZeroU16::new(columns).unwrap());
        let parser = vt100::Parser::new_with_callbacks(sizes.0, sizes.1, 0, Acts::default());
        let output = Output { parser, bytes: Vec::new(), frames: 0, over: false };
        let output = Arc::new((Mutex::new(output), Condvar::new()));
        let mut reader = pair.master.try_clone_reader().unwrap();
        let drawn = Arc::clone(&output);
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(count @ 1..) = reader.read(&mut bytes) {
                // A test that has failed while it looked is over.
                let Ok(mut output) = drawn.0.lock() else { return };
                output.take(&bytes[..count]);
                drop(output);
                drawn.1.notify_all();
            }
            if let Ok(mut output) = drawn.0.lock() {
                output.over = true;
            }
            drawn.1.notify_all();
        });
        let keys = pair.master.take_writer().unwrap();
        Self { output, keys, child, master: pair.master }
    }

    fn output(&self) -> MutexGuard<'_, Output> {
        self.output.0.lock().unwrap()
    }

    /// Types.
    pub(crate) fn keys(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
        self.keys.flush().unwrap();
    }

    /// Another size, as when a window is dragged.
    pub(crate) fn resize(&self, rows: u16, columns: u16) {
        let size = PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 };
        let sizes = (NonZeroU16::new(rows).unwrap(), NonZeroU16::new(columns).unwrap());
        let mut output = self.output();
        output.parser.screen_mut().set_size(sizes.0, sizes.1);
        self.master.resize(size).unwrap();
    }

    /// What the screen shows, line by line.
    pub(crate) fn screen(&self) -> String {
        self.output().parser.screen().contents()
    }

    /// What the terminal was told to do beyond drawing.
    pub(crate) fn acts(&self) -> Vec<String> {
        self.output().parser.callbacks().0.clone()
    }

    /// Everything that the terminal was sent.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.output().bytes.clone()
    }

    /// Waits until this was sent after so many bytes; answers with what was sent before it.
    pub(crate) fn sends_after(&self, count: usize, part: &str) -> String {
        self.wait(part, |output| {
            let text = String::from_utf8_lossy(&output.bytes[count..]);
            text.split_once(part).map(|(before, _)| before.to_owned())
        })
    }

    /// Waits until the screen is as `is` wants it.
    pub(crate) fn until(&self, what: &str, is: impl Fn(&str) -> bool) -> String {
        self.wait(what, |output| {
            let screen = output.parser.screen().contents();
            is(&screen).then_some(screen)
        })
    }

    /// Waits until the terminal was told to do this beyond drawing.
    pub(crate) fn does(&self, act: &str) {
        self.wait(act, |output| {
            output.parser.callbacks().0.iter().any(|it| it == act).then_some(())
        });
    }

    /// Waits until the terminal was told to do something that begins so beyond drawing.
    pub(crate) fn does_something_like(&self, beginning: &str) {
        self.wait(beginning, |output| {
            let acts = &output.parser.callbacks().0;
            acts.iter().any(|it| it.starts_with(beginning)).then_some(())
        });
    }

    fn wait<T>(&self, what: &str, look: impl Fn(&Output) -> Option<T>) -> T {
        let began = Instant::now();
        let mut output = self.output();
        loop {
            if let Some(seen) = look(&output) {
                return seen;
            }
            let left = DEADLINE.saturating_sub(began.elapsed());
            if left.is_zero() {
                let screen = output.parser.screen().contents();
                drop(output);
                panic!("{what} was never seen on the screen:\n{screen}");
            }
            output = self.output.1.wait_timeout(output, left).unwrap().0;
        }
    }

    /// How many whole frames have been drawn.
    pub(crate) fn frames(&self) -> usize {
        self.output().frames
    }

    /// Waits for the frame of this number.
    pub(crate) fn until_frame(&self, number: usize) {
        self.wait("another frame", |output| (output.frames >= number).then_some(()));
    }

    /// Waits until the screen shows `text`.
    pub(crate) fn shows(&self, text: &str) -> String {
        self.until(text, |screen| screen.contains(text))
    }

    /// Its process.
    pub(crate) fn id(&self) -> u32 {
        self.child.process_id().unwrap()
    }

    /// Sends the console a signal, by name.
    pub(crate) fn signal(&self, name: &str) {
        signal(self.id(), name);
    }

    /// Whether the terminal is as a shell needs it: the main screen, with its cursor, and pastes
    /// that are plain keys.
    pub(crate) fn is_given_back(&self) -> bool {
        let output = self.output();
        let screen = output.parser.screen();
        !screen.alternate_screen() && !screen.hide_cursor() && !screen.bracketed_paste()
    }

    /// Whether a place of the screen is drawn with its two colours exchanged.
    pub(crate) fn is_reversed(&self, row: u16, column: u16) -> bool {
        self.output().parser.screen().cell(row, column).is_some_and(vt100::Cell::inverse)
    }

    /// Waits until nothing more comes. Not for ever: a process that another test started while this
    /// terminal was made may have the other end too.
    fn is_read(&self) {
        let more = |output: &mut Output| !output.over;
        drop(self.output.1.wait_timeout_while(self.output(), DEADLINE / 4, more).unwrap());
    }

    /// Waits until the console has ended and all that it has said is here; answers with its exit
    /// status.
    pub(crate) fn ended(&mut self) -> u32 {
        let began = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                self.is_read();
                return status.exit_code();
            }
            assert!(began.elapsed() < DEADLINE, "it has not ended:\n{}", self.screen());
            std::thread::park_timeout(Duration::from_millis(5));
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
