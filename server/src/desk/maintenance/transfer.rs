//! Everything in a store as JSON Lines, and back, by way of the store's trait: from any store to any
//! other.
//!
//! The first line says what the file is, the last one how many records of each kind it has and
//! their sum, so that a file that was cut off or changed is noticed. In between a line is a record,
//! kind by kind in the order of their keys. Everything is read a piece at a time.

use std::collections::{BTreeMap, VecDeque};
use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Read, Write};
use std::path::Path;

use serde::{Deserialize, Serialize};
use support_shared::Timestamp;

use super::{MaintenanceError, NewFile, Progress};
use crate::desk::Storage;
use crate::desk::store::{
    Store,
    moving::{Kind, Record},
};

/// What the first line says that the file is.
const FORMAT: &str = "support-desk-export";

/// The version of what the records look like.
const VERSION: u32 = 1;

/// Records that are read or written at once.
const BATCH: usize = 256;

/// Bytes of records that are written at once, about.
const BATCH_BYTES: usize = 4 << 20;

/// Bytes of a line at most, so that a file which is none does not fill the memory.
const LINE: u64 = 64 << 20;

/// How many records there are of each kind.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts(BTreeMap<Kind, u64>);

impl Counts {
    /// All of them.
    pub fn total(&self) -> u64 {
        self.0.values().sum()
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Line {
    Header {
        format: String,
        version: u32,
        at: Timestamp,
    },
    Trailer {
        counts: Counts,
        sum: u32,
    },
    #[serde(untagged)]
    Record(Record),
}

/// The records of a store, kind by kind in the order of their keys.
struct Walk<'a> {
    store: &'a dyn Store,
    kinds: VecDeque<Kind>,
    after: Option<String>,
    page: VecDeque<Record>,
}

impl<'a> Walk<'a> {
    fn over(store: &'a dyn Store) -> Self {
        Self { store, kinds: Kind::ALL.into(), after: None, page: VecDeque::new() }
    }

    async fn next(&mut self) -> Result<Option<Record>, MaintenanceError> {
        while self.page.is_empty() {
            let Some(kind) = self.kinds.front() else { return Ok(None) };
            self.page = self.store.dump(*kind, self.after.take(), BATCH).await?.into();
            self.after = self.page.back().map(Record::key);
            if self.after.is_none() {
                self.kinds.pop_front();
            }
        }
        Ok(self.page.pop_front())
    }
}

pub(super) async fn export(
    store: &dyn Store,
    to: Option<&Path>,
    at: Timestamp,
    progress: &mut Progress<'_>,
) -> Result<Counts, MaintenanceError> {
    let Some(to) = to else {
        return write(store, &mut std::io::stdout(), Path::new("standard output"), at, progress)
            .await;
    };
    let new = NewFile::begin(to)?;
    let counts = write(store, &mut new.file(), to, at, progress).await?;
    new.publish()?;
    Ok(counts)
}

async fn write(
    store: &dyn Store,
    out: &mut (dyn Write + Send),
    to: &Path,
    at: Timestamp,
    progress: &mut Progress<'_>,
) -> Result<Counts, MaintenanceError> {
    let in_file = |error| MaintenanceError::File(to.to_owned(), error);
    let mut out = BufWriter::new(out);
    let mut line = |line: &Line| -> std::io::Result<Vec<u8>> {
        let mut bytes = serde_json::to_vec(line)?;
        bytes.push(b'\n');
        out.write_all(&bytes)?;
        Ok(bytes)
    };
    let header = Line::Header { format: FORMAT.to_owned(), version: VERSION, at };
    line(&header).map_err(in_file)?;
    let (mut counts, mut sum) = (Counts::default(), crc32fast::Hasher::new());
    let mut walk = Walk::over(store);
    while let Some(record) = walk.next().await? {
        let count = counts.0.entry(record.kind()).or_default();
        *count += 1;
        if *count % BATCH as u64 == 0 {
            progress(name(record.kind()), *count, 0);
        }
        sum.update(&line(&Line::Record(record)).map_err(in_file)?);
    }
    let trailer = Line::Trailer { counts: counts.clone(), sum: sum.finalize() };
    line(&trailer).map_err(in_file)?;
    out.flush().map_err(in_file)?;
    Ok(counts)
}

/// An export's records as the file has them.
struct Lines<'a> {
    path: &'a Path,
    file: BufReader<File>,
    number: u64,
    text: Vec<u8>,
}

impl<'a> Lines<'a> {
    /// Begins behind the header.
    fn open(path: &'a Path) -> Result<Self, MaintenanceError> {
        let file = File::open(path).map_err(|e| MaintenanceError::File(path.to_owned(), e))?;
        let mut lines = Self { path, file: BufReader::new(file), number: 0, text: Vec::new() };
        match lines.next()? {
            Line::Header { format, version: VERSION, .. } if format == FORMAT => Ok(lines),
            Line::Header { format, version, .. } if format == FORMAT => {
                Err(lines.wrong(format!("the export is of version {version}, not {VERSION}")))
            }
            _ => Err(lines.wrong("this is no export of a support desk".to_owned())),
        }
    }

    fn next(&mut self) -> Result<Line, MaintenanceError> {
        self.number += 1;
        self.text.clear();
        let mut line = self.file.by_ref().take(LINE);
        line.read_until(b'\n', &mut self.text)
            .map_err(|error| MaintenanceError::File(self.path.to_owned(), error))?;
        if self.text.last() != Some(&b'\n') {
            return Err(self.wrong("the file ends before its last line: it was cut off".to_owned()));
        }
        serde_json::from_slice(&self.text).map_err(|error| self.wrong(error.to_string()))
    }

    /// The next record; at the end of them none.
    fn record(&mut self) -> Result<Option<Record>, MaintenanceError> {
        match self.next()? {
            Line::Record(record) => Ok(Some(record)),
            Line::Trailer { .. } => Ok(None),
            Line::Header { .. } => Err(self.wrong("a second beginning".to_owned())),
        }
    }

    fn wrong(&self, what: String) -> MaintenanceError {
        MaintenanceError::Form(self.path.to_owned(), self.number, what)
    }
}

/// Reads an export to its end.
pub(super) fn verify(path: &Path, progress: &mut Progress<'_>) -> Result<Counts, MaintenanceError> {
    let mut lines = Lines::open(path)?;
    let (mut counts, mut sum) = (Counts::default(), crc32fast::Hasher::new());
    let mut last: Option<(Kind, String)> = None;
    loop {
        match lines.next()? {
            Line::Record(record) => {
                let place = (record.kind(), record.key());
                if last.is_some_and(|last| last >= place) {
                    return Err(lines.wrong("a record is not in its order".to_owned()));
                }
                *counts.0.entry(record.kind()).or_default() += 1;
                sum.update(&lines.text);
                last = Some(place);
                if lines.number % BATCH as u64 == 0 {
                    progress("lines", lines.number, 0);
                }
            }
            Line::Trailer { counts: told, sum: told_sum } => {
                if told != counts || told_sum != sum.finalize() {
                    let text = "the records before the last line are not those that it counts";
                    return Err(lines.wrong(text.to_owned()));
                }
                break;
            }
            Line::Header { .. } => return Err(lines.wrong("a second beginning".to_owned())),
        }
    }
    let mut rest = [0];
    match lines.file.read(&mut rest) {
        Ok(0) => Ok(counts),
        Ok(_) => Err(lines.wrong("there is something behind the last line".to_owned())),
        Err(error) => Err(MaintenanceError::File(path.to_owned(), error)),
    }
}

/// Imports a file that was verified.
pub(super) async fn import(
    store: &dyn Store,
    storage: &Storage,
    from: &Path,
    counts: &Counts,
    progress: &mut Progress<'_>,
) -> Result<(), MaintenanceError> {
    if !is_part_of(store, from, false).await? {
        return Err(MaintenanceError::NotEmpty(place(storage)));
    }
    store.set_importing(true).await?;
    let mut lines = Lines::open(from)?;
    let (mut batch, mut bytes, mut done) = (Vec::new(), 0, 0);
    while let Some(record) = lines.record()? {
        batch.push(record);
        bytes += lines.text.len();
        if batch.len() == BATCH || bytes > BATCH_BYTES {
            done += batch.len() as u64;
            store.load(std::mem::take(&mut batch)).await?;
            bytes = 0;
            progress("records", done, counts.total());
        }
    }
    store.load(batch).await?;
    progress("records", counts.total(), counts.total());
    if !is_part_of(store, from, true).await? {
        return Err(MaintenanceError::Different(place(storage), from.to_owned()));
    }
    Ok(store.set_importing(false).await?)
}

/// What people call where a store is.
fn place(storage: &Storage) -> String {
    match storage {
        Storage::Embedded(data) => format!("the store in {}", data.display()),
        Storage::MongoDb(_) => format!("the database at {storage}"),
    }
}

/// Whether the file has all that the store has; if `whole`, also the other way round.
async fn is_part_of(store: &dyn Store, from: &Path, whole: bool) -> Result<bool, MaintenanceError> {
    let mut walk = Walk::over(store);
    let mut next = walk.next().await?;
    let mut lines = Lines::open(from)?;
    while next.is_some() || whole {
        match lines.record()? {
            Some(record) if next.as_ref() == Some(&record) => next = walk.next().await?,
            Some(_) if whole => return Ok(false),
            Some(_) => {}
            None => return Ok(next.is_none()),
        }
    }
    Ok(true)
}

/// What people call records of a kind.
fn name(kind: Kind) -> &'static str {
    match kind {
        Kind::Guest => "guests",
        Kind::Agent => "agents",
        Kind::Session => "sessions",
        Kind::Canned => "canned replies",
        Kind::Ticket => "tickets",
        Kind::Entry => "entries",
        Kind::Audit => "audit entries",
    }
}
