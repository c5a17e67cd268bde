//! What both modes begin with: the files of the agent, the connection, and a state made of what
//! earlier runs have left.

use std::path::Path;

use anyhow::Context;
use tokio::sync::mpsc;

use crate::clock;
use crate::core::{Msg, State};
use crate::credentials::{Credentials, Session};
use crate::effects::Effects;
use crate::link::{Link, Patience};
use crate::ops::Desk;
use crate::store::{Kept, Store};

/// How many messages may wait for the console: beyond it the link waits, and memory stays bounded.
const INBOX: usize = 1024;

/// A console that has begun, without anything that shows it.
pub(crate) struct Started {
    pub(crate) state: State,
    pub(crate) effects: Effects,
    pub(crate) inbox: mpsc::Receiver<Msg>,
}

/// Opens the files in `home` and starts to connect.
pub(crate) fn start(
    home: &Path,
    desk: &Desk,
    credentials: &Credentials,
    session: Session,
) -> anyhow::Result<Started> {
    let (tell, inbox) = mpsc::channel(INBOX);
    let told = tell.clone();
    let (store, found) = Store::open(home, session.agent.id, move |kept| {
        // Nobody listens only when the console is gone.
        let _ = told.blocking_send(match kept {
            Kept::Outbox(revision, outcome) => Msg::Saved { revision, outcome },
            Kept::Drafts(outcome) => Msg::DraftsSaved(outcome),
        });
    })?;
    let agent = session.agent.clone();
    let server = desk.server().label();
    let link = Link::start(desk.clone(), credentials.clone(), session, Patience::default(), tell)
        .context("cannot start the connection's thread")?;
    let (zone, now) = (clock::zone(), clock::now());
    let state = State::new(server, agent, zone, now, found.unsent, found.drafts);
    Ok(Started { state, effects: Effects { link, store }, inbox })
}
