//! The tasks on the data: check, backup, restore, export, import. Prints for people what
//! `desk::maintenance` answers; how far a task is only on a terminal.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command line prints")]

use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use clap::Subcommand;

use super::Failure;
use crate::clock::Source;
use crate::config::Config;
use crate::desk::maintenance::{self, MaintenanceError, Report};

/// What an operator does with the data.
#[derive(Subcommand)]
pub(super) enum DataTask {
    /// Looks for faults in the data, or in a backup; exit status 65 if there are any
    ///
    /// Checks the structure of the file, the checksum of every row, and that the rows agree: each
    /// log is numbered without holes and kept to the rules, and each summary is what its logs say.
    /// Changes nothing. No server may be using the data; for the data of a running one, take a
    /// backup and check that.
    Check {
        /// A backup to check instead of the data directory
        file: Option<PathBuf>,
        /// Prints JSON
        #[arg(long)]
        json: bool,
    },
    /// Copies the data into a new file, also while a server runs
    ///
    /// The copy is of one moment: everything acknowledged before it began is in it. The keys are
    /// not (keys.json in the data directory): they sign every login, so keep a copy of them apart
    /// from the backups. A desk that is restored with its keys keeps guests and agents signed in;
    /// without them new ones are made, guests lose the way to their conversations, and agents sign
    /// in again.
    Backup {
        /// The new file; an existing one is never overwritten
        file: PathBuf,
    },
    /// Makes the data directory's store from a backup
    ///
    /// The directory must have no store. The backup is checked first. The new store gets an epoch
    /// of its own, so that clients ask again for what they remember. To keep guests and agents
    /// signed in, put the keys.json that belongs to the backup into the directory before starting
    /// the server (mode 600).
    Restore {
        /// The backup
        file: PathBuf,
    },
    /// Writes everything as JSON Lines, for moving to another kind of store
    ///
    /// Passwords' hashes are in it: guard it like the data. Keys are not, as with a backup. No
    /// server may be using the data. The first line says what the file is, the last one how many
    /// records it has, so that a file that was cut off is noticed.
    Export {
        /// The new file, which only its owner can read; standard output if there is none
        file: Option<PathBuf>,
    },
    /// Reads an export into an empty store
    ///
    /// The directory must have no store, an empty one, or one that an import of the same file has
    /// left half done: it goes on then. Until it is finished no server starts on it.
    Import {
        /// The export
        file: PathBuf,
    },
}

impl From<MaintenanceError> for Failure {
    fn from(error: MaintenanceError) -> Self {
        Self(error.exit_status(), error.to_string())
    }
}

pub(super) async fn run(config: &Config, task: DataTask) -> Result<(), Failure> {
    let (data, store) = (config.data.as_path(), &config.store);
    let mut line = ProgressLine::new();
    let mut progress = |what: &'static str, done, total| line.show(what, done, total);
    let source = Source::system();
    match task {
        DataTask::Check { file, json } => {
            let report = match &file {
                Some(file) => maintenance::check_backup(file, &mut progress),
                None => maintenance::check(store, &mut progress),
            };
            line.clear();
            tell(file.as_deref().unwrap_or(data), &report?, json)
        }
        DataTask::Backup { file } => {
            let done = maintenance::backup(store, &file, &mut progress);
            line.clear();
            done?;
            println!("{} is a backup of {}", file.display(), data.display());
            eprintln!(
                "the keys are not in it: keep a copy of {}",
                data.join("keys.json").display()
            );
            Ok(())
        }
        DataTask::Restore { file } => {
            let done = maintenance::restore(store, &file, &source, &mut progress);
            line.clear();
            done?;
            println!("restored {} to {}", file.display(), data.display());
            if !data.join("keys.json").exists() {
                eprintln!(
                    "put keys.json beside it before you start the server, or everybody is signed \
                     out"
                );
            }
            Ok(())
        }
        DataTask::Export { file } => {
            let done = maintenance::export(store, file.as_deref(), &source, &mut progress).await;
            line.clear();
            let counts = done?;
            if let Some(file) = file {
                println!("exported {} records to {}", counts.total(), file.display());
            }
            Ok(())
        }
        DataTask::Import { file } => {
            let done = maintenance::import(store, &file, &source, &mut progress).await;
            line.clear();
            println!("imported {} records from {}", done?.total(), file.display());
            Ok(())
        }
    }
}

fn tell(what: &Path, report: &Report, json: bool) -> Result<(), Failure> {
    let text = if json {
        serde_json::to_string_pretty(report).map_err(|error| Failure(70, error.to_string()))?
    } else {
        let head = format!("{}: format {}", what.display(), report.format);
        let looked_at = report.looked_at.iter().map(|it| format!("{:>12} {}", it.count, it.what));
        let faults = report.faults.iter().map(|fault| format!("fault: {fault}"));
        let end = report.is_clean().then(|| "no faults".to_owned());
        let lines: Vec<String> =
            std::iter::once(head).chain(looked_at).chain(faults).chain(end).collect();
        lines.join("\n")
    };
    // Whoever does not read to the end still gets the exit status.
    let _ = writeln!(std::io::stdout(), "{text}");
    if report.is_clean() {
        return Ok(());
    }
    let count = report.fault_count;
    let faults = if count == 1 { "1 fault".to_owned() } else { format!("{count} faults") };
    let advice = "keep a copy of it and restore a backup";
    Err(Failure(65, format!("{faults} in {}; {advice}", what.display())))
}

/// One line of a terminal that says how far a task is. Nothing where nobody looks.
struct ProgressLine {
    is_seen: bool,
    shown: Option<Instant>,
}

impl ProgressLine {
    /// How often it changes at most.
    const EVERY: Duration = Duration::from_millis(100);

    fn new() -> Self {
        Self { is_seen: std::io::stderr().is_terminal(), shown: None }
    }

    fn show(&mut self, what: &str, done: u64, total: u64) {
        if !self.is_seen || self.shown.is_some_and(|shown| shown.elapsed() < Self::EVERY) {
            return;
        }
        self.shown = Some(Instant::now());
        match (done * 100).checked_div(total) {
            Some(percent) => eprint!("\r\x1b[K{what}: {done} of {total} ({percent} %)"),
            None => eprint!("\r\x1b[K{what}: {done}"),
        }
        let _ = std::io::stderr().flush();
    }

    fn clear(&mut self) {
        if self.shown.take().is_some() {
            eprint!("\r\x1b[K");
        }
    }
}
