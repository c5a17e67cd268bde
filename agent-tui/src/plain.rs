//! The loop of the line mode: lines in, lines out, nothing else. It moves no cursor and sends no
//! control sequence, whatever it is connected to.
//!
//! A line is taken when everything that the one before has asked for is answered and what it has
//! said is stored, so that a script needs no pauses; what is not taken waits where it comes from.

use std::io::{self, BufRead, Read, Write};
use std::time::Duration;

use anyhow::{Context, bail};
use support_shared::ErrorCode;
use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::clock::{self, sleep_or_never};
use crate::config;
use crate::core::link::LinkEvent;
use crate::core::plain::{self, Reader, Told, Word};
use crate::core::unsent::parting;
use crate::core::update::update;
use crate::core::{Effect, Msg, Stamp, State, draft};
use crate::credentials::{Credentials, Session};
use crate::effects::{Effects, Turn};
use crate::fresh;
use crate::ops::Desk;
use crate::start::{Started, start};
use crate::text::{Untrusted, sanitise};
use crate::tty::{Cancelled, Signal, Signals};

/// The longest line, in bytes; a message is shorter.
const LINE: u64 = 256 << 10;
/// How long the end waits for what is under way.
const ENDING: Duration = Duration::from_secs(15);

/// Not everything was done that the lines asked for.
#[derive(Debug, thiserror::Error)]
#[error("{text}")]
pub(crate) struct Unfinished {
    pub(crate) code: ErrorCode,
    text: String,
}

/// The line mode, until there are no more lines.
pub(crate) async fn run(desk: Desk, session: Session) -> anyhow::Result<()> {
    let home = config::home(desk.server())?;
    let credentials = Credentials::in_home(&home);
    let signals = Signals::new()?;
    let lines = lines()?;
    let Started { mut state, effects, inbox } = start(&home, &desk, &credentials, session)?;
    state.size = plain::PAGE;
    let mut plain = Plain {
        state,
        effects,
        inbox,
        lines,
        signals,
        reader: Reader::default(),
        told: Told::default(),
        asked: 0,
        fault: None,
        ending: None,
        scripted: !io::IsTerminal::is_terminal(&io::stdin()),
    };
    let outcome = plain.turns().await;
    // Whoever still has something to tell must not wait for us.
    plain.inbox.close();
    plain.effects.store.save_drafts(draft::all(&plain.state));
    outcome
}

struct Plain {
    state: State,
    effects: Effects,
    inbox: mpsc::Receiver<Msg>,
    lines: mpsc::Receiver<io::Result<String>>,
    signals: Signals,
    reader: Reader,
    told: Told,
    /// Requests that are not answered.
    asked: usize,
    /// The first thing that was not done.
    fault: Option<ErrorCode>,
    /// Until when what is under way is waited for: no more lines are taken.
    ending: Option<Instant>,
    /// Nobody types: what was not done matters to whoever looks at the exit status.
    scripted: bool,
}

impl Plain {
    async fn turns(&mut self) -> anyhow::Result<()> {
        loop {
            for line in self.told.news(&self.state) {
                say(&line)?;
            }
            let settled = self.asked == 0 && plain::is_settled(&self.state);
            if self.ending.is_some() && settled {
                return self.farewell();
            }
            let deadline = self.state.next_deadline().map(|at| {
                let left = at.as_millis() - clock::now().as_millis();
                Instant::now() + Duration::from_millis(u64::try_from(left).unwrap_or(0))
            });
            tokio::select! {
                biased;
                signal = self.signals.next() => match signal {
                    Signal::End => return Ok(()),
                    Signal::Interrupt => return Err(Cancelled.into()),
                    Signal::Continue | Signal::Resize => {}
                },
                msg = self.inbox.recv() => self.take(msg.context("every thread has ended")?)?,
                () = sleep_or_never(deadline) => self.take(Msg::Deadline)?,
                () = sleep_or_never(self.ending) => return self.farewell(),
                line = self.lines.recv(), if settled && self.ending.is_none() => {
                    self.line(line.transpose()?.as_deref())?;
                }
            }
        }
    }

    fn line(&mut self, line: Option<&str>) -> anyhow::Result<()> {
        let word = match line {
            Some(line) => self.reader.line(line),
            None => self.reader.end(),
        };
        if line.is_none() || word == Some(Word::Quit) {
            self.ending = Some(Instant::now() + ENDING);
        }
        word.map_or(Ok(()), |word| self.take(Msg::Word(word)))
    }

    fn farewell(&self) -> anyhow::Result<()> {
        if self.state.outbox.has_unanswered() {
            let text = parting(&self.state).join("; ");
            return Err(Unfinished { code: ErrorCode::Unavailable, text }.into());
        }
        match self.fault.filter(|_| self.scripted) {
            Some(code) => {
                let text = format!("not everything was done ({code})");
                Err(Unfinished { code, text }.into())
            }
            None => Ok(()),
        }
    }

    fn take(&mut self, msg: Msg) -> anyhow::Result<()> {
        if let Msg::Link(LinkEvent::Answered { answer, .. }) = &msg {
            self.asked = self.asked.saturating_sub(1);
            if let Err(crate::core::link::Refusal::Error(error)) = answer {
                self.fault.get_or_insert(error.code);
            }
        }
        let stamp = Stamp { now: clock::now(), id: fresh::client_message_id() };
        for effect in update(&mut self.state, &stamp, msg) {
            match effect {
                Effect::Say { text, fault } => {
                    say(&text)?;
                    self.fault = self.fault.or(fault);
                }
                Effect::Notify(notice) => say(&notice.text)?,
                effect => {
                    self.asked += usize::from(matches!(effect, Effect::Ask(_)));
                    let (turn, happened) = self.effects.run(effect);
                    match turn {
                        Some(Turn::Fail(why)) => bail!(why),
                        Some(Turn::SignedOut) => return Err(self.signed_out().into()),
                        // The others are of a screen, which there is none of.
                        _ => {}
                    }
                    if let Some(msg) = happened {
                        self.take(msg)?;
                    }
                }
            }
        }
        Ok(())
    }

    fn signed_out(&self) -> Unfinished {
        let why = self.state.ended.as_ref().map_or_else(String::new, |why| why.line(200));
        let text = format!(
            "the session has ended ({why}): run support-agent login; what you have written is kept"
        );
        Unfinished { code: ErrorCode::Unauthenticated, text }
    }
}

/// Says a line. It is neutral already; what is not is made so here, whoever has let it through.
fn say(line: &str) -> io::Result<()> {
    let line = Untrusted::from(line);
    let mut out = io::stdout().lock();
    writeln!(out, "{}", sanitise(&line.shown()).text.replace('\t', "    "))?;
    out.flush()
}

/// The lines of standard input, read by a thread of their own: a terminal may give none for hours.
fn lines() -> io::Result<mpsc::Receiver<io::Result<String>>> {
    let (tell, lines) = mpsc::channel(1);
    std::thread::Builder::new().name("lines".to_owned()).spawn(move || {
        let mut input = io::stdin().lock();
        loop {
            let line = line(&mut input);
            let over = !matches!(line, Ok(Some(_)));
            if let Some(line) = line.transpose()
                && tell.blocking_send(line).is_err()
            {
                return;
            }
            if over {
                return;
            }
        }
    })?;
    Ok(lines)
}

/// The next line without its end; what is no text is shown as what it is not.
fn line(input: &mut impl BufRead) -> io::Result<Option<String>> {
    let mut bytes = Vec::new();
    if input.take(LINE).read_until(b'\n', &mut bytes)? == 0 {
        return Ok(None);
    }
    if bytes.len() as u64 == LINE && bytes.last() != Some(&b'\n') {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "a line is too long"));
    }
    let text = String::from_utf8(bytes)
        .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "the input is not UTF-8 text"))?;
    Ok(Some(text.trim_end_matches(['\r', '\n']).to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read_one_by_one_to_the_end_and_only_so_long() {
        let mut input = &b"one\r\ntwo\n\nlast"[..];
        let mut read = Vec::new();
        while let Some(text) = line(&mut input).unwrap() {
            read.push(text);
        }
        assert_eq!(read, ["one", "two", "", "last"]);
        assert!(line(&mut &b"\xff\n"[..]).is_err());
        assert!(line(&mut io::BufReader::new(io::repeat(b'a'))).is_err());
    }
}
