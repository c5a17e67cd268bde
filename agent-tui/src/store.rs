//! The outbox and the drafts on disk. One writer thread, so that a slow disk stops neither keys nor
//! network; it writes the newest state only. A console owns its files by a lock, and adopts what
//! consoles that are no longer running have left.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;

use anyhow::Context;
use serde::Serialize;
use serde::de::DeserializeOwned;
use support_shared::AgentId;

use crate::core::draft::{self, Draft};
use crate::core::outbox::Parcel;
use crate::private_file;
use crate::text::Untrusted;

/// How many consoles of one agent on one machine have an outbox each.
const CONSOLES: usize = 16;

/// What was asked to be kept.
#[derive(Default)]
struct Job {
    outbox: Option<(u64, Vec<Parcel>)>,
    drafts: Option<Vec<Draft>>,
}

/// What has become of it.
#[derive(Debug)]
pub(crate) enum Kept {
    Outbox(u64, Result<(), Untrusted>),
    Drafts(Result<(), Untrusted>),
}

/// What earlier runs left behind.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Found {
    pub(crate) unsent: Vec<Parcel>,
    pub(crate) drafts: Vec<Draft>,
}

/// The two files of a console.
struct Files {
    outbox: PathBuf,
    drafts: PathBuf,
}

impl Files {
    fn of(home: &Path, agent: AgentId, slot: usize) -> Self {
        Self {
            outbox: home.join(format!("outbox-{agent}-{slot}.json")),
            drafts: home.join(format!("drafts-{agent}-{slot}.json")),
        }
    }

    fn exist(&self) -> bool {
        self.outbox.exists() || self.drafts.exists()
    }

    /// Takes up what is in them.
    fn read(&self, found: &mut Found) -> anyhow::Result<()> {
        let mut unsent: Vec<Parcel> = read(&self.outbox).context("cannot read the outbox")?;
        unsent.retain(|parcel| {
            found.unsent.iter().all(|known| known.client_message_id != parcel.client_message_id)
        });
        found.unsent.append(&mut unsent);
        let mut drafts = read(&self.drafts).context("cannot read the drafts")?;
        found.drafts.append(&mut drafts);
        Ok(())
    }
}

pub(crate) struct Store {
    jobs: Option<Sender<Job>>,
    writer: Option<JoinHandle<()>>,
    /// Held as long as the console runs.
    _lock: File,
}

impl Store {
    /// Takes the files of this agent, and what is in them and in those that nobody owns.
    pub(crate) fn open(
        home: &Path,
        agent: AgentId,
        kept: impl Fn(Kept) + Send + 'static,
    ) -> anyhow::Result<(Self, Found)> {
        let mut own: Option<(Files, File)> = None;
        let mut found = Found::default();
        let mut adopted = Vec::new();
        for slot in 1..=CONSOLES {
            let files = Files::of(home, agent, slot);
            if own.is_some() && !files.exist() {
                continue;
            }
            let lock = private_file::lock_file(&files.outbox.with_extension("lock"))
                .context("cannot make the outbox")?;
            if lock.try_lock().is_err() {
                continue;
            }
            files.read(&mut found)?;
            if own.is_none() {
                own = Some((files, lock));
            } else {
                adopted.push((files, lock));
            }
        }
        let (files, lock) = own.context("too many consoles are running")?;
        found.drafts = draft::newest(std::mem::take(&mut found.drafts));
        if !adopted.is_empty() {
            // Ours first: a message that is in two files is sent once, one that is in none is lost.
            write(&files.outbox, &found.unsent).context("cannot write the outbox")?;
            write(&files.drafts, &found.drafts).context("cannot write the drafts")?;
            for (theirs, _lock) in adopted {
                private_file::remove(&theirs.outbox).context("cannot adopt an outbox")?;
                private_file::remove(&theirs.drafts).context("cannot adopt drafts")?;
            }
        }
        let (jobs, queue) = channel();
        let writer = Writer { files, on_disk: found.unsent.clone(), kept };
        let writer = std::thread::Builder::new()
            .name("outbox".to_owned())
            .spawn(move || writer.run(&queue))
            .context("cannot start the outbox's writer")?;
        Ok((Self { jobs: Some(jobs), writer: Some(writer), _lock: lock }, found))
    }

    /// Puts the outbox on disk; the answer comes by the callback.
    pub(crate) fn save(&self, revision: u64, parcels: Vec<Parcel>) {
        self.order(Job { outbox: Some((revision, parcels)), drafts: None });
    }

    /// Puts the drafts on disk, in place of those that were there.
    pub(crate) fn save_drafts(&self, drafts: Vec<Draft>) {
        self.order(Job { outbox: None, drafts: Some(drafts) });
    }

    fn order(&self, job: Job) {
        if let Some(jobs) = &self.jobs {
            // The writer ends after its sender, so that somebody always listens.
            let _ = jobs.send(job);
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

/// The writer of the two files.
struct Writer<K> {
    files: Files,
    /// What is in the outbox's file.
    on_disk: Vec<Parcel>,
    kept: K,
}

impl<K: Fn(Kept)> Writer<K> {
    fn run(mut self, queue: &Receiver<Job>) {
        while let Ok(mut job) = queue.recv() {
            while let Ok(newer) = queue.try_recv() {
                job.outbox = newer.outbox.or(job.outbox);
                job.drafts = newer.drafts.or(job.drafts);
            }
            self.write(job);
        }
    }

    /// A text goes into the outbox when it is sent, and comes out as a draft when it is taken back.
    /// It is in neither file at no moment: what is new in the outbox is written before the drafts,
    /// and what has left it is taken out after them.
    fn write(&mut self, Job { outbox, drafts }: Job) {
        let mut late = None;
        if let Some((revision, parcels)) = outbox {
            let stays = |known: &&Parcel| {
                parcels.iter().any(|it| it.client_message_id == known.client_message_id)
            };
            let left: Vec<Parcel> =
                self.on_disk.iter().filter(|known| !stays(known)).cloned().collect();
            let adds = parcels.iter().any(|parcel| !self.on_disk.contains(parcel));
            if drafts.is_none() || left.is_empty() {
                self.outbox(revision, parcels);
            } else {
                if adds {
                    self.outbox(revision, [left, parcels.clone()].concat());
                }
                late = Some((revision, parcels));
            }
        }
        if let Some(drafts) = drafts {
            (self.kept)(Kept::Drafts(outcome(write(&self.files.drafts, &drafts))));
        }
        if let Some((revision, parcels)) = late {
            self.outbox(revision, parcels);
        }
    }

    fn outbox(&mut self, revision: u64, parcels: Vec<Parcel>) {
        let written = write(&self.files.outbox, &parcels);
        if written.is_ok() {
            self.on_disk = parcels;
        }
        (self.kept)(Kept::Outbox(revision, outcome(written)));
    }
}

fn outcome(written: std::io::Result<()>) -> Result<(), Untrusted> {
    written.map_err(|error| Untrusted::from(error.to_string()))
}

fn read<T: DeserializeOwned>(path: &Path) -> anyhow::Result<Vec<T>> {
    match private_file::read(path)? {
        None => Ok(Vec::new()),
        Some(text) => serde_json::from_str(&text)
            .with_context(|| format!("{} is not what it should be; move it away", path.display())),
    }
}

fn write<T: Serialize>(path: &Path, items: &[T]) -> std::io::Result<()> {
    private_file::write(path, &serde_json::to_vec(items)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::draft::Mode;
    use crate::core::fixture::{agent, client_id, noon, ticket};

    fn parcel(n: u64) -> Parcel {
        let ticket = ticket(1);
        Parcel {
            ticket_id: ticket.id,
            reference: ticket.reference,
            client_message_id: client_id(n),
            text: "hello".to_owned(),
            mode: Mode::Reply,
            assignee: None,
        }
    }

    fn draft(mode: Mode, text: &str, seconds: i64) -> Draft {
        let changed_at = noon().plus_millis(seconds * 1_000);
        Draft {
            ticket_id: ticket(1).id,
            mode,
            text: text.to_owned(),
            changed_at,
            holes: Vec::new(),
            aside: false,
        }
    }

    fn open(home: &Path) -> (Store, Vec<Parcel>) {
        let (store, found) = opened(home);
        (store, found.unsent)
    }

    fn opened(home: &Path) -> (Store, Found) {
        let fine = |kept| match kept {
            Kept::Outbox(_, outcome) | Kept::Drafts(outcome) => outcome.unwrap(),
        };
        Store::open(home, agent().id, fine).unwrap()
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

    #[test]
    fn drafts_come_back_and_of_two_consoles_that_have_one_of_a_ticket_the_newer_does() {
        let home = tempfile::tempdir().unwrap();
        let (one, _) = opened(home.path());
        let (two, _) = opened(home.path());
        let note = draft(Mode::Note, "for us", 1);

        one.save_drafts(vec![draft(Mode::Reply, "older", 0), note.clone()]);
        two.save_drafts(vec![draft(Mode::Reply, "newer", 2)]);
        drop(one);
        drop(two);

        assert_eq!(opened(home.path()).1.drafts, [draft(Mode::Reply, "newer", 2), note]);
        assert_eq!(opened(home.path()).1.drafts.len(), 2);
    }

    /// Each text is in one of the two files at every moment, whatever is handed over at once.
    fn each_text_is_always_in_a_file(had: (Vec<Parcel>, Vec<Draft>), jobs: Vec<Job>) {
        let home = tempfile::tempdir().unwrap();
        let files = Files::of(home.path(), agent().id, 1);
        write(&files.outbox, &had.0).unwrap();
        write(&files.drafts, &had.1).unwrap();
        let (hand_over, queue) = channel();
        for job in jobs {
            hand_over.send(job).unwrap();
        }
        drop(hand_over);
        let written = std::cell::Cell::new(0);
        let kept = |kept| {
            let (Kept::Outbox(_, outcome) | Kept::Drafts(outcome)) = kept;
            outcome.unwrap();
            written.set(written.get() + 1);
            let sent: Vec<Parcel> = read(&files.outbox).unwrap();
            let drafts: Vec<Draft> = read(&files.drafts).unwrap();
            for text in ["one", "two"] {
                let sent = sent.iter().any(|it| it.text == text);
                assert!(sent || drafts.iter().any(|it| it.text == text), "{text} is nowhere");
            }
        };
        let files = Files::of(home.path(), agent().id, 1);
        Writer { files, on_disk: had.0, kept }.run(&queue);
        assert!(written.get() >= 2);
    }

    #[test]
    fn a_text_that_goes_from_one_file_to_the_other_is_never_in_neither() {
        let text = |n, text: &str| Parcel { text: text.to_owned(), ..parcel(n) };
        let (one, two) = (text(1, "one"), text(2, "two"));
        let draft = |text: &str| draft(Mode::Reply, text, 0);
        let outbox = |parcels: &[&Parcel]| Job {
            outbox: Some((1, parcels.iter().map(|it| (*it).clone()).collect())),
            drafts: None,
        };
        let drafts = |texts: &[&str]| Job {
            outbox: None,
            drafts: Some(texts.iter().map(|it| draft(it)).collect()),
        };
        // Sent.
        let jobs = vec![outbox(&[&one, &two]), drafts(&[])];
        each_text_is_always_in_a_file((vec![one.clone()], vec![draft("two")]), jobs);
        // Taken back.
        let jobs = vec![drafts(&["one"]), outbox(&[&two])];
        each_text_is_always_in_a_file((vec![one.clone(), two.clone()], Vec::new()), jobs);
        // One sent, and then another one taken back, before the disk was ready.
        let jobs = vec![outbox(&[&one, &two]), drafts(&[]), drafts(&["one"]), outbox(&[&two])];
        each_text_is_always_in_a_file((vec![one], vec![draft("two")]), jobs);
    }

    #[test]
    fn only_so_many_drafts_are_kept_and_they_can_be_read_back_at_their_largest() {
        let home = tempfile::tempdir().unwrap();
        let (store, _) = opened(home.path());
        let text = "👩".repeat(crate::core::composer::MOST_CHARS);
        let drafts = (0..150).map(|n| {
            let id = crate::core::fixture::ticket_id(n);
            Draft { ticket_id: id, ..draft(Mode::Reply, &text, i64::try_from(n).unwrap()) }
        });

        store.save_drafts(draft::newest(drafts.collect()));
        drop(store);

        let found = opened(home.path()).1.drafts;
        assert_eq!(found.len(), draft::MOST);
        assert_eq!(found[0].ticket_id, crate::core::fixture::ticket_id(149));
    }
}
