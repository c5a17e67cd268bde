//! The terminal: takes it over, gives it back whatever happens, and is its only writer while the
//! console is up.

pub(crate) mod clipboard;
mod input;
mod prompt;
mod signals;

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, IsTerminal, Stdout, Write};
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crossterm::cursor::Show;
use crossterm::event::{
    DisableBracketedPaste, DisableFocusChange, EnableBracketedPaste, EnableFocusChange,
};
use crossterm::terminal::{
    BeginSynchronizedUpdate, Clear, ClearType, EndSynchronizedUpdate, EnterAlternateScreen,
    LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
};
use crossterm::{execute, queue};
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use ratatui::layout::Size;

pub(crate) use input::{Input, Keys};
pub(crate) use prompt::{Cancelled, Prompt};
pub(crate) use signals::{Signal, Signals};

use crate::core::State;
use crate::view::{self, Theme};

/// A frame is one write.
const FRAME_BYTES: usize = 64 << 10;

pub(crate) struct Tty {
    terminal: Terminal<CrosstermBackend<BufWriter<Stdout>>>,
    /// Whether the screen is ours now; shared with the panic hook.
    ours: Arc<AtomicBool>,
    /// Where standard error went before it was turned away from the screen.
    stderr: Option<OwnedFd>,
    /// Whether clicks and the wheel come to us; the terminal's own selection needs Shift then.
    mouse: bool,
    /// What is on the screen is not known.
    unknown: bool,
}

/// Clicks and the wheel only: what moves without a button pressed is nobody's business.
const MOUSE_ON: &[u8] = b"\x1b[?1000h\x1b[?1006h";
const MOUSE_OFF: &[u8] = b"\x1b[?1006l\x1b[?1000l";

impl Tty {
    /// Prepares the terminal without touching it yet.
    pub(crate) fn new(mouse: bool) -> io::Result<Self> {
        let terminal = fresh_terminal()?;
        let ours = Arc::new(AtomicBool::new(false));
        restore_on_panic(ours.clone());
        Ok(Self { terminal, ours, stderr: None, mouse, unknown: false })
    }

    pub(crate) fn size(&self) -> io::Result<Size> {
        self.terminal.size()
    }

    /// Takes the screen.
    pub(crate) fn enter(&mut self) -> io::Result<()> {
        self.ours.store(true, Ordering::Release);
        // Who read the keys before us may have left a wake-up behind. Found together with keys, it
        // would hide them until the next one; before the mode is changed, which announces all
        // input anew, it hides nothing.
        crossterm::event::poll(Duration::ZERO)?;
        enable_raw_mode()?;
        execute!(io::stdout(), EnterAlternateScreen, EnableBracketedPaste, EnableFocusChange)?;
        if self.mouse {
            io::stdout().write_all(MOUSE_ON)?;
        }
        self.stderr = turn_stderr_away();
        // A new one draws every cell. Its `clear` would ask the terminal where the cursor is, and
        // wait: some never answer.
        self.terminal = fresh_terminal()?;
        execute!(io::stdout(), Clear(ClearType::All))
    }

    /// Gives the screen back as it was.
    pub(crate) fn leave(&mut self) {
        if self.ours.swap(false, Ordering::AcqRel) {
            give_back();
        }
        if let Some(stderr) = self.stderr.take() {
            let _ = rustix::stdio::dup2_stderr(&stderr);
        }
    }

    /// The next frame draws every cell: a window that was smaller for a moment has lost some, or
    /// somebody else has written on the screen.
    pub(crate) fn forget(&mut self) {
        self.unknown = true;
    }

    /// Draws one frame; the terminal shows it at once or not at all.
    pub(crate) fn draw(&mut self, state: &State, theme: Theme) -> io::Result<()> {
        let unknown = std::mem::take(&mut self.unknown);
        if unknown {
            self.terminal = fresh_terminal()?;
        }
        queue!(self.terminal.backend_mut(), BeginSynchronizedUpdate)?;
        if unknown {
            queue!(self.terminal.backend_mut(), Clear(ClearType::All))?;
        }
        self.terminal.draw(|frame| view::draw(state, theme, frame))?;
        execute!(self.terminal.backend_mut(), EndSynchronizedUpdate)
    }

    /// Sends what is no part of a frame: between two of them, in one piece.
    pub(crate) fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        let out = self.terminal.backend_mut();
        out.write_all(bytes)?;
        io::Write::flush(out)
    }

    /// Stops the process as Ctrl-Z does everywhere else, and comes back with `fg`.
    pub(crate) fn suspend(&mut self) -> io::Result<()> {
        self.leave();
        let group = rustix::process::getpgrp();
        // The default action of TSTP: where no shell could continue us, it does nothing.
        rustix::process::kill_process_group(group, rustix::process::Signal::TSTP)?;
        self.resume()
    }

    /// Takes the screen again after somebody stopped us.
    pub(crate) fn resume(&mut self) -> io::Result<()> {
        self.leave();
        let _ = rustix::termios::tcflush(io::stdin(), rustix::termios::QueueSelector::IFlush);
        self.enter()
    }
}

fn fresh_terminal() -> io::Result<Terminal<CrosstermBackend<BufWriter<Stdout>>>> {
    let out = BufWriter::with_capacity(FRAME_BYTES, io::stdout());
    Terminal::new(CrosstermBackend::new(out))
}

impl Drop for Tty {
    fn drop(&mut self) {
        self.leave();
    }
}

fn give_back() {
    let mut out = io::stdout();
    let _ = out.write_all(MOUSE_OFF);
    let _ = execute!(
        out,
        EndSynchronizedUpdate,
        DisableFocusChange,
        DisableBracketedPaste,
        LeaveAlternateScreen,
        Show
    );
    let _ = disable_raw_mode();
    let _ = out.flush();
}

/// While the screen is ours nothing may paint over it: what libraries say goes nowhere.
fn turn_stderr_away() -> Option<OwnedFd> {
    if !io::stderr().is_terminal() {
        return None;
    }
    let before = rustix::io::dup(io::stderr()).ok()?;
    let nowhere: File = OpenOptions::new().write(true).open("/dev/null").ok()?;
    rustix::stdio::dup2_stderr(&nowhere).ok()?;
    Some(before)
}

/// A panic of the console gives the terminal back and says what happened; one on another thread
/// goes to the log, as the screen goes on.
fn restore_on_panic(ours: Arc<AtomicBool>) {
    let main = std::thread::current().id();
    let report = std::panic::take_hook();
    let stderr = rustix::io::dup(io::stderr()).ok();
    std::panic::set_hook(Box::new(move |panic| {
        let up = ours.load(Ordering::Acquire);
        if up && std::thread::current().id() != main {
            tracing::error!(place = ?panic.location(), "a thread panicked");
            return;
        }
        if ours.swap(false, Ordering::AcqRel) {
            give_back();
            if let Some(stderr) = &stderr {
                let _ = rustix::stdio::dup2_stderr(stderr);
            }
        }
        report(panic);
    }));
}
