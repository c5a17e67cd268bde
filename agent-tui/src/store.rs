//! The outbox on disk. One writer thread, so that a slow disk stops neither keys nor network; it
//! writes the newest state only. A console owns its file by a lock, and adopts what consoles that
//! are no longer running have left.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;

use anyhow::Context;
use support_shared::AgentId;

use crate::core::outbox::Parcel;
use crate::private_file;
use crate::text::Untrusted;

/// How many consoles of one agent on one machine have an outbox each.
const CONSOLES: usize = 16;

/// What was asked to be kept.
type Job = (u64, Vec<Parcel>);

pub(crate) struct Store {
    jobs: Option<Sender<Job>>,
    writer: Option<JoinHandle<()>>,
    /// Held as long as the console runs.
    _lock: File,
}

impl Store {
    /// Takes an outbox file of this agent, and what is in it and in those that nobody owns.
    pub(crate) fn open(
        home: &Path,
        agent: AgentId,
        saved: impl Fn(u64, Result<(), Untrusted>) + Send + 'static,
    ) -> anyhow::Result<(Self, Vec<Parcel>)> {
        let mut own: Option<(PathBuf, File)> = None;
        let mut parcels: Vec<Parcel> = Vec::new();
        let mut adopted = Vec::new();
        for slot in 1..=CONSOLES {
            let path = home.join(format!("outbox-{agent}-{slot}.json"));
            if own.is_some() && !path.exists() {
                continue;
            }
            let lock = private_file::lock_file(&path.with_extension("lock"))
                .context("cannot make the outbox")?;
            if lock.try_lock().is_err() {
                continue;
            }
            let found = private_file::read(&path).context("cannot read the outbox")?;
            if let Some(text) = found {
                let mut found: Vec<Parcel> = serde_json::from_str(&text).with_context(|| {
                    format!("{} is not an outbox; move it away", path.display())
                })?;
                found.retain(|parcel| {
                    parcels.iter().all(|known| known.client_message_id != parcel.client_message_id)
                });
                parcels.append(&mut found);
            }
            if own.is_none() {
                own = Some((path, lock));
            } else {
                adopted.push((path, lock));
            }
        }
        let (path, lock) = own.context("too many consoles are running")?;
        if !adopted.is_empty() {
            // Ours first: a message that is in two files is sent once, one that is in none is lost.
            write(&path, &parcels).context("cannot write the outbox")?;
            for (theirs, _lock) in adopted {
                private_file::remove(&theirs).context("cannot adopt an outbox")?;
            }
        }
        let (jobs, queue) = channel();
        let writer = std::thread::Builder::new()
            .name("outbox".to_owned())
            .spawn(move || keep(&path, &queue, saved))
            .context("cannot start the outbox's writer")?;
        Ok((Self { jobs: Some(jobs), writer: Some(writer), _lock: lock }, parcels))
    }

    /// Puts the outbox on disk; the answer comes by the callback.
    pub(crate) fn save(&self, revision: u64, parcels: Vec<Parcel>) {
        if let Some(jobs) = &self.jobs {
            // The writer ends after its sender, so that somebody always listens.
            let _ = jobs.send((revision, parcels));
        }
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        self.jobs = None;
        if let Some(writer) = self.writer.take() {
            // What was handed over is on disk when the console is gone.
            let _ = writer.join();
        }
    }
}

fn keep(path: &Path, queue: &Receiver<Job>, saved: impl Fn(u64, Result<(), Untrusted>)) {
    while let Ok(mut job) = queue.recv() {
        while let Ok(newer) = queue.try_recv() {
            job = newer;
        }
        let outcome = write(path, &job.1).map_err(|error| Untrusted::from(error.to_string()));
        saved(job.0, outcome);
    }
}

fn write(path: &Path, parcels: &[Parcel]) -> std::io::Result<()> {
    private_file::write(path, &serde_json::to_vec(parcels)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::fixture::{agent, client_id, ticket};

    fn parcel(n: u64) -> Parcel {
        let ticket = ticket(1);
        Parcel {
            ticket_id: ticket.id,
            reference: ticket.reference,
            client_message_id: client_id(n),
            text: "hello".to_owned(),
        }
    }

    fn open(home: &Path) -> (Store, Vec<Parcel>) {
        Store::open(home, agent().id, |_, outcome| outcome.unwrap()).unwrap()
    }

    #[test]
    fn what_was_not_sent_comes_back_after_a_restart() {
        let home = tempfile::tempdir().unwrap();
        let (store, found) = open(home.path());
        assert!(found.is_empty());

        store.save(1, vec![parcel(1), parcel(2)]);
        drop(store);

        assert_eq!(open(home.path()).1, [parcel(1), parcel(2)]);
    }

    #[test]
    fn two_consoles_have_an_outbox_each_and_the_next_one_adopts_both() {
        let home = tempfile::tempdir().unwrap();
        let (one, _) = open(home.path());
        let (two, found) = open(home.path());
        assert!(found.is_empty());

        one.save(1, vec![parcel(1)]);
        two.save(1, vec![parcel(2)]);
        drop(one);
        drop(two);

        let (three, found) = open(home.path());
        assert_eq!(found, [parcel(1), parcel(2)]);
        drop(three);
        assert_eq!(open(home.path()).1, [parcel(1), parcel(2)]);
    }
}
