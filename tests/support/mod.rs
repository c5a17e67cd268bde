//! The parts that tests are told with: the server as a process, and one kind of client for each
//! kind of caller.

pub(crate) mod browser;
pub(crate) mod client;
pub(crate) mod people;
pub(crate) mod process;
pub(crate) mod terminal;

use std::time::Duration;

/// How long anything may take before a test has failed.
pub(crate) const DEADLINE: Duration = Duration::from_secs(20);
