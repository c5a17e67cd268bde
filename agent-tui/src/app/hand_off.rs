//! Hands the screen and every key to the agent's editor and takes both back. Meanwhile what comes
//! from the server is taken as ever, so that no connection waits for somebody who writes.

use std::process::ExitStatus;
use std::time::Duration;

use support_shared::TicketId;
use tokio::process::{Child, Command};

use super::App;
use crate::clock::sleep_or_never;
use crate::core::Msg;
use crate::core::draft::Mode;
use crate::editor::{self, Passage};
use crate::effects::Turn;
use crate::tty::Signal;

/// How long an editor that is told to end may take for it.
const ENDING: Duration = Duration::from_secs(2);

impl App {
    /// Lets the agent write in the editor. What is to be done after it is answered.
    pub(super) async fn edit(
        &mut self,
        ticket: TicketId,
        mode: Mode,
        text: &str,
    ) -> anyhow::Result<Option<Turn>> {
        let argv = editor::command(|name| std::env::var(name).ok());
        let passage = Passage::open(&self.home, mode, text);
        let (outcome, mut turn) = match (argv, passage) {
            (Err(why), _) => (Err(why), None),
            (_, Err(error)) => (Err(format!("cannot hand the text over: {error}")), None),
            (Ok(argv), Ok(passage)) => self.wait_for(&argv, &passage).await?,
        };
        turn = self.take(Msg::Edited { ticket, mode, outcome }).or(turn);
        Ok(turn)
    }

    async fn wait_for(
        &mut self,
        argv: &[String],
        passage: &Passage,
    ) -> anyhow::Result<(Result<String, String>, Option<Turn>)> {
        self.keys.pause();
        self.tty.leave();
        let mut turn = None;
        let ended = match Command::new(&argv[0]).args(&argv[1..]).arg(passage.file()).spawn() {
            Ok(mut editor) => self.until_ended(&mut editor, &mut turn).await,
            Err(error) => Err(format!("cannot start {}: {error}", argv[0])),
        };
        if turn != Some(Turn::Quit) {
            self.tty.resume()?;
            self.state.size = self.tty.size()?;
            self.dirty = true;
        }
        let outcome = ended.and_then(|status| {
            if status.success() {
                passage.text().map_err(|error| format!("cannot read what was written: {error}"))
            } else {
                Err(format!("{}: the text is as it was ({status})", argv[0]))
            }
        });
        Ok((outcome, turn))
    }

    async fn until_ended(
        &mut self,
        editor: &mut Child,
        turn: &mut Option<Turn>,
    ) -> Result<ExitStatus, String> {
        loop {
            let deadline = self.deadline();
            let next = tokio::select! {
                biased;
                signal = self.signals.next() => match signal {
                    Signal::End => {
                        *turn = Some(Turn::Quit);
                        return end(editor).await;
                    }
                    // These are the editor's.
                    Signal::Interrupt | Signal::Continue | Signal::Resize => None,
                },
                ended = editor.wait() => return ended.map_err(|error| error.to_string()),
                Some(msg) = self.inbox.recv() => self.take_all(msg),
                () = sleep_or_never(deadline) => self.take(Msg::Deadline),
            };
            *turn = next.or(turn.take());
        }
    }
}

/// Ends an editor as the system would.
async fn end(editor: &mut Child) -> Result<ExitStatus, String> {
    let id = editor.id().and_then(|id| rustix::process::Pid::from_raw(id.cast_signed()));
    if let Some(id) = id {
        // It may be gone already.
        let _ = rustix::process::kill_process(id, rustix::process::Signal::TERM);
    }
    if let Ok(ended) = tokio::time::timeout(ENDING, editor.wait()).await {
        return ended.map_err(|error| error.to_string());
    }
    let _ = editor.kill().await;
    Err("the editor did not end".to_owned())
}
