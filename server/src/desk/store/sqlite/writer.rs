//! The one thread that writes.
//!
//! Whatever arrives while a commit is under way shares the next one, so that throughput grows with
//! load and a lone write waits for nobody. Answers and announcements leave only after the commit;
//! announcements leave in the order of the log, because one thread makes both.

use std::fs::File;
use std::io;

use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use super::super::{Announce, Result, StoreError, Stored};

/// Writes that wait for their turn. A full line makes the next one wait, within its time limit.
const LINE: usize = 1024;

/// Writes that share one commit at most.
const BATCH: usize = 256;

/// What a write works on: the open transaction, and what to announce once it is committed.
pub(super) struct Db<'a> {
    pub(super) connection: &'a Connection,
    pub(super) stored: &'a mut Vec<Stored>,
}

/// Answers a write once it is known whether the commit has succeeded.
type Answer = Box<dyn FnOnce(std::result::Result<(), &rusqlite::Error>) + Send>;

type Job = Box<dyn FnOnce(&mut Db<'_>) -> Answer + Send>;

enum Item {
    Write(Job),
    Stop(oneshot::Sender<()>),
}

/// The way to the thread.
pub(super) struct Writer(mpsc::Sender<Item>);

impl Writer {
    pub(super) fn start(
        connection: Connection,
        lock: File,
        announce: Announce,
    ) -> io::Result<Self> {
        let (items, line) = mpsc::channel(LINE);
        std::thread::Builder::new().name("store-writer".to_owned()).spawn(move || {
            let stopped = run(&connection, line, &announce);
            // So that a store nobody uses is one file. The readers are the last to let go of it,
            // and cannot do it; if it fails, the next start reads the log.
            let _ = connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)");
            drop(connection);
            drop(lock);
            if let Some(stopped) = stopped {
                let _ = stopped.send(());
            }
        })?;
        Ok(Self(items))
    }

    /// Runs `work` in the next transaction and answers when it is on the disk.
    pub(super) async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Db<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (answer, answered) = oneshot::channel();
        let job = Item::Write(Box::new(move |db| {
            // Whoever has given up waiting was told that it was not done.
            let result = if answer.is_closed() {
                Err(StoreError::Unavailable(anyhow::anyhow!("nobody waits for it")))
            } else {
                in_savepoint(db, work)
            };
            Box::new(move |committed| {
                let result = result.and_then(|value| match committed {
                    Ok(()) => Ok(value),
                    Err(error) => Err(StoreError::Unavailable(anyhow::anyhow!("{error}"))),
                });
                let _ = answer.send(result);
            })
        }));
        let gone = || StoreError::Unavailable(anyhow::anyhow!("the store is closed"));
        self.0.send(job).await.map_err(|_| gone())?;
        answered.await.map_err(|_| gone())?
    }

    /// Finishes what is in the line and ends the thread. What comes later is `Unavailable`.
    pub(super) async fn close(&self) {
        let (stop, stopped) = oneshot::channel();
        if self.0.send(Item::Stop(stop)).await.is_ok() {
            let _ = stopped.await;
        }
    }
}

/// A write that fails leaves nothing of itself in the transaction that it shares.
///
/// Outside a transaction, when it could not begin, a savepoint would commit by itself: then nothing
/// is done.
fn in_savepoint<T>(db: &mut Db<'_>, work: impl FnOnce(&mut Db<'_>) -> Result<T>) -> Result<T> {
    let connection = db.connection;
    if connection.is_autocommit() {
        return Err(StoreError::Unavailable(anyhow::anyhow!("no transaction")));
    }
    let announced = db.stored.len();
    connection.prepare_cached("SAVEPOINT write")?.execute([])?;
    let result = work(db);
    if result.is_err() {
        db.stored.truncate(announced);
        connection.prepare_cached("ROLLBACK TO write")?.execute([])?;
    }
    connection.prepare_cached("RELEASE write")?.execute([])?;
    result
}

fn run(
    connection: &Connection,
    mut line: mpsc::Receiver<Item>,
    announce: &Announce,
) -> Option<oneshot::Sender<()>> {
    let mut batch = Vec::with_capacity(BATCH);
    let mut stop = None;
    while let Some(item) = line.blocking_recv() {
        let mut next = Some(item);
        while let Some(item) = next {
            match item {
                Item::Write(job) => batch.push(job),
                Item::Stop(stopped) => {
                    line.close();
                    stop = Some(stopped);
                }
            }
            next = if batch.len() < BATCH { line.try_recv().ok() } else { None };
        }
        commit(connection, &mut batch, announce);
    }
    stop
}

fn commit(connection: &Connection, batch: &mut Vec<Job>, announce: &Announce) {
    if batch.is_empty() {
        return;
    }
    let mut stored = Vec::new();
    let mut db = Db { connection, stored: &mut stored };
    let began = connection.execute_batch("BEGIN IMMEDIATE");
    let answers: Vec<Answer> = batch.drain(..).map(|job| job(&mut db)).collect();
    let committed = began.and_then(|()| connection.execute_batch("COMMIT"));
    if let Err(error) = &committed
        && is_unflushed(error)
    {
        die(error);
    }
    if committed.is_err() && !connection.is_autocommit() {
        let _ = connection.execute_batch("ROLLBACK");
    }
    if committed.is_ok() {
        for entry in stored {
            // The announcer is gone only when the desk is: nobody is left to be told.
            let _ = announce.blocking_send(entry);
        }
    }
    for answer in answers {
        answer(committed.as_ref().copied());
    }
}

/// Whether the disk has failed to make durable what was written to it.
fn is_unflushed(error: &rusqlite::Error) -> bool {
    use rusqlite::ffi::{SQLITE_IOERR_DIR_FSYNC, SQLITE_IOERR_FSYNC};

    let code = error.sqlite_error().map(|error| error.extended_code);
    matches!(code, Some(SQLITE_IOERR_FSYNC | SQLITE_IOERR_DIR_FSYNC))
}

/// Ends the process, before anybody is answered. What could not be flushed may be gone although a
/// later flush succeeds: the system forgets that it owes it. So nothing may be promised any more.
fn die(error: &rusqlite::Error) -> ! {
    /// `EX_IOERR` of sysexits.h.
    const STATUS: i32 = 74;

    tracing::error!(%error, "the disk does not keep what is written to it; the server ends");
    std::process::exit(STATUS)
}
