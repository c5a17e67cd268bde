//! Questions on a plain terminal, line by line, before or between two times of the console.
//!
//! Keys are read raw, so that a password is not echoed and every way out restores the terminal.
//! What is asked goes to standard error: standard output may be somebody's file.

use std::io::{self, IsTerminal, Write};

use crossterm::event::KeyCode;
use crossterm::terminal::{disable_raw_mode, enable_raw_mode};

use super::{Input, Keys, Signals};
use crate::commands::Chord;
use crate::text::width;

/// The person at the terminal does not want to answer.
#[derive(Debug, thiserror::Error)]
#[error("cancelled")]
pub(crate) struct Cancelled;

pub(crate) struct Prompt<'a> {
    keys: &'a mut Keys,
    signals: &'a mut Signals,
}

/// Raw mode for as long as it lives.
struct Raw;

impl Raw {
    fn begin() -> io::Result<Self> {
        enable_raw_mode().map(|()| Self)
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        let _ = disable_raw_mode();
    }
}

impl<'a> Prompt<'a> {
    pub(crate) fn new(keys: &'a mut Keys, signals: &'a mut Signals) -> Self {
        Self { keys, signals }
    }

    /// Whether there is somebody to ask.
    pub(crate) fn is_possible() -> bool {
        io::stdin().is_terminal() && io::stderr().is_terminal()
    }

    /// Says something on a line of its own. The text has been neutralised.
    pub(crate) fn say(text: &str) -> io::Result<()> {
        let mut out = io::stderr();
        write!(out, "{text}\r\n")?;
        out.flush()
    }

    /// Asks for a line, of which this is written already; what is typed is shown.
    pub(crate) async fn line(&mut self, label: &str, known: &str) -> anyhow::Result<String> {
        self.read(label, known, true).await
    }

    /// Asks for a line that nobody sees.
    pub(crate) async fn secret(&mut self, label: &str) -> anyhow::Result<String> {
        self.read(label, "", false).await
    }

    async fn read(&mut self, label: &str, known: &str, echo: bool) -> anyhow::Result<String> {
        let _raw = Raw::begin()?;
        show(&format!("{label} {known}"))?;
        let mut text = known.to_owned();
        loop {
            let input = tokio::select! {
                signal = self.signals.next() => match signal {
                    super::Signal::End | super::Signal::Interrupt => Err(Cancelled)?,
                    super::Signal::Continue => { enable_raw_mode()?; continue; }
                    super::Signal::Resize => continue,
                },
                input = self.keys.next() => input?,
            };
            match input {
                Input::Key(key) if is_enter(key) => {
                    show("\r\n")?;
                    return Ok(text);
                }
                Input::Key(key)
                    if key == Chord::ctrl('c') || key == Chord::ctrl('d') && text.is_empty() =>
                {
                    show("\r\n")?;
                    Err(Cancelled)?;
                }
                Input::Key(key) if key.code == KeyCode::Backspace || key == Chord::ctrl('h') => {
                    if let Some(gone) = text.pop()
                        && echo
                    {
                        show(&"\u{8} \u{8}".repeat(width(gone.encode_utf8(&mut [0; 4]))))?;
                    }
                }
                Input::Key(key) if key == Chord::ctrl('u') => {
                    if echo {
                        show(&"\u{8} \u{8}".repeat(width(&text)))?;
                    }
                    text.clear();
                }
                Input::Key(key) => {
                    if let Some(c) = key.typed() {
                        text.push(c);
                        if echo {
                            show(c.encode_utf8(&mut [0; 4]))?;
                        }
                    }
                }
                Input::Paste(_) | Input::Resize(_) | Input::Focus(_) | Input::Pointer(..) => {}
            }
        }
    }
}

/// Enter; a line feed is what a pasted or piped line ends with.
fn is_enter(key: Chord) -> bool {
    key.code == KeyCode::Enter || key == Chord::ctrl('j')
}

fn show(text: &str) -> io::Result<()> {
    let mut out = io::stderr();
    out.write_all(text.as_bytes())?;
    out.flush()
}
