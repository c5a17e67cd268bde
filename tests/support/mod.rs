//! The parts that tests are told with: the server as a process, and one kind of client for each
//! kind of caller.

pub(crate) mod browser;
pub(crate) mod client;
pub(crate) mod house;
pub(crate) mod http;
pub(crate) mod load;
pub(crate) mod mongo;
pub(crate) mod packet;
pub(crate) mod people;
pub(crate) mod process;
pub(crate) mod proxy;
pub(crate) mod script;
pub(crate) mod seed;
pub(crate) mod terminal;

use std::time::Duration;

/// How long anything may take before a test has failed.
pub(crate) const DEADLINE: Duration = Duration::from_secs(20);
