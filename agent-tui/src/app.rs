//! The main loop: waits for whatever comes first, lets `core` decide, draws at most once for it.
//!
//! There is no tick. With nothing to do the loop sleeps until `State::next_deadline`, or for ever.

mod hand_off;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, bail};
use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::clock::{self, sleep_or_never};
use crate::config::{self, Settings};
use crate::core::attention::Notice;
use crate::core::draft;
use crate::core::unsent::parting;
use crate::core::update::update;
use crate::core::{Effect, Msg, Stamp, State};
use crate::credentials::Credentials;
use crate::effects::{Effects, Turn};
use crate::fresh;
use crate::notify::{self, Runner};
use crate::ops::Desk;
use crate::sign_in;
use crate::start::{Started, start};
use crate::tty::{Input, Keys, Prompt, Signal, Signals, Tty, clipboard};
use crate::view::Theme;

/// How many of them are taken before the keys are looked at again.
const AT_ONCE: usize = 256;
/// The least time between two frames.
const FRAME: Duration = Duration::from_millis(16);
/// The same for one that shows what a key has done: whoever types waits for no flood of messages.
const KEY_FRAME: Duration = Duration::from_millis(4);

/// The console, from the sign-in to the last frame.
pub(crate) async fn run(settings: Settings) -> anyhow::Result<()> {
    let Settings { server, notices, mouse, theme, keymap, .. } = settings;
    let home = config::home(&server)?;
    let credentials = Credentials::in_home(&home);
    let desk = Desk::new(server.clone());
    let mut keys = Keys::new();
    let mut signals = Signals::new()?;
    let session = match credentials.load(clock::now())? {
        Some(session) if !session.agent.must_change_password => session,
        _ => {
            Prompt::say(&format!("Signing in to {server}"))?;
            sign_in::ask(&desk, &credentials, &mut Prompt::new(&mut keys, &mut signals)).await?
        }
    };
    let Started { mut state, effects, inbox } = start(&home, &desk, &credentials, session)?;
    state.attention.preview = notices.preview;
    state.keymap = keymap;
    let mut tty = Tty::new(mouse)?;
    state.size = tty.size()?;
    tty.enter()?;
    let mut app = App {
        state,
        theme,
        tty,
        keys,
        signals,
        inbox,
        effects,
        home,
        notices,
        runner: Runner::default(),
        dirty: true,
        pressed: false,
        drawn_at: None,
        stopped: false,
    };
    let outcome = app.turns().await;
    app.tty.leave();
    for line in parting(&app.state) {
        Prompt::say(&line)?;
    }
    outcome
}

struct App {
    state: State,
    theme: Theme,
    tty: Tty,
    keys: Keys,
    signals: Signals,
    inbox: mpsc::Receiver<Msg>,
    effects: Effects,
    home: PathBuf,
    notices: notify::Settings,
    runner: Runner,
    dirty: bool,
    /// A key or the mouse has made it so.
    pressed: bool,
    drawn_at: Option<Instant>,
    /// We stopped ourselves: the next CONT is the answer to that.
    stopped: bool,
}

impl Drop for App {
    /// However the console ends, be it by a panic, what is written is kept: the writer ends after
    /// the last of it is on disk.
    fn drop(&mut self) {
        // Whoever still has something to tell must not wait for us.
        self.inbox.close();
        self.effects.store.save_drafts(draft::all(&self.state));
    }
}

enum Woken {
    Signal(Signal),
    Input(Input),
    Msg(Msg),
    Deadline,
    Frame,
}

impl App {
    async fn turns(&mut self) -> anyhow::Result<()> {
        loop {
            self.draw_if_due()?;
            let mut turn = match self.wake().await? {
                Woken::Signal(Signal::End | Signal::Interrupt) => return Ok(()),
                Woken::Signal(Signal::Continue) => {
                    self.go_on()?;
                    None
                }
                Woken::Signal(Signal::Resize) => {
                    self.tty.forget();
                    self.take(Msg::Resize(self.tty.size()?))
                }
                Woken::Input(input) => self.press(input),
                Woken::Msg(msg) => self.take_all(msg),
                Woken::Deadline => self.take(Msg::Deadline),
                Woken::Frame => None,
            };
            while let Some(now) = turn.take() {
                match now {
                    Turn::Quit => return Ok(()),
                    Turn::Fail(why) => bail!(why),
                    Turn::Suspend => {
                        self.stopped = true;
                        self.tty.suspend()?;
                        self.state.size = self.tty.size()?;
                        self.dirty = true;
                    }
                    Turn::SignedOut => {}
                    Turn::Redraw => {
                        self.tty.forget();
                        self.dirty = true;
                    }
                    Turn::Edit { ticket, mode, text } => {
                        turn = self.edit(ticket, mode, &text).await?;
                    }
                }
            }
        }
    }

    /// What the agent does at the terminal.
    fn press(&mut self, input: Input) -> Option<Turn> {
        self.pressed = true;
        match input {
            #[cfg(feature = "breaks")]
            Input::Key(key)
                if key == crate::commands::Chord::key(crossterm::event::KeyCode::F(12)) =>
            {
                panic!("broken on purpose")
            }
            Input::Key(key) => self.take(Msg::Key(key)),
            Input::Paste(text) => self.take(Msg::Paste(text)),
            Input::Resize(size) => self.take(Msg::Resize(size)),
            Input::Pointer(what, at) => self.take(Msg::Pointer(what, at)),
            Input::Focus(focused) => self.take(Msg::Focus(focused)),
        }
    }

    async fn wake(&mut self) -> anyhow::Result<Woken> {
        let deadline = self.deadline();
        let frame = self.drawn_at.filter(|_| self.dirty).map(|at| at + self.least_pause());
        Ok(tokio::select! {
            biased;
            signal = self.signals.next() => Woken::Signal(signal),
            input = self.keys.next() => Woken::Input(input.context("the terminal is gone")?),
            () = sleep_or_never(frame) => Woken::Frame,
            msg = self.inbox.recv() => Woken::Msg(msg.context("every thread has ended")?),
            () = sleep_or_never(deadline) => Woken::Deadline,
        })
    }

    fn deadline(&self) -> Option<Instant> {
        self.state.next_deadline().map(|at| {
            let left = at.as_millis() - clock::now().as_millis();
            Instant::now() + Duration::from_millis(u64::try_from(left).unwrap_or(0))
        })
    }

    fn least_pause(&self) -> Duration {
        if self.pressed { KEY_FRAME } else { FRAME }
    }

    fn draw_if_due(&mut self) -> anyhow::Result<()> {
        let now = Instant::now();
        if self.dirty && self.drawn_at.is_none_or(|at| now >= at + self.least_pause()) {
            // A resize that comes together with a key may not be told before the next one.
            self.state.size = self.tty.size()?;
            self.tty.draw(&self.state, self.theme).context("the terminal is gone")?;
            self.dirty = false;
            self.pressed = false;
            self.drawn_at = Some(now);
        }
        Ok(())
    }

    fn take(&mut self, msg: Msg) -> Option<Turn> {
        self.dirty = true;
        let stamp = Stamp { now: clock::now(), id: fresh::client_message_id() };
        let mut turn = None;
        for effect in update(&mut self.state, &stamp, msg) {
            let effect = match effect {
                Effect::Notify(notice) => {
                    self.tell(&notice);
                    continue;
                }
                Effect::Copy(text) => {
                    // A terminal that is gone is found out by the next frame.
                    let _ = self.tty.send(&clipboard::copy(&text));
                    continue;
                }
                effect => effect,
            };
            let (next, happened) = self.effects.run(effect);
            turn = next.or(turn);
            turn = happened.and_then(|msg| self.take(msg)).or(turn);
        }
        turn
    }

    /// Tells the agent by the ways that the settings name.
    fn tell(&mut self, notice: &Notice) {
        // A terminal that is gone is found out by the next frame.
        let _ = self.tty.send(&notify::bytes(&self.notices.channels, notice));
        self.runner.run(&self.notices.command, notice);
    }

    /// A message and those that wait behind it, up to a bound, so that a key never waits long.
    fn take_all(&mut self, first: Msg) -> Option<Turn> {
        let mut turn = self.take(first);
        for _ in 1..AT_ONCE {
            if turn.is_some() {
                break;
            }
            let Ok(msg) = self.inbox.try_recv() else { break };
            turn = self.take(msg);
        }
        turn
    }

    fn go_on(&mut self) -> anyhow::Result<()> {
        if !std::mem::take(&mut self.stopped) {
            self.tty.resume()?;
        }
        self.state.size = self.tty.size()?;
        self.dirty = true;
        Ok(())
    }
}
