//! What needs more than one part of the desk: real binaries, real sockets, a real browser and a
//! real terminal. One test binary, one link.
//!
//! Nothing here sleeps: every wait is for a condition, with a deadline, and says what it saw.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a test fails loudly")]

mod support;

mod access;
mod audited;
mod breaking;
mod canned;
mod clients;
mod configuration;
mod console;
mod conversation;
mod data;
mod desk;
mod discovery;
mod docs;
mod faults;
mod fuzz;
mod guest;
mod headers;
mod hostile;
mod leaks;
mod matrix;
mod operations;
mod order;
mod page;
mod parity;
mod queue;
mod races;
mod refused_starts;
mod revoked;
mod settings;
mod supply;
mod writing;
