//! The agents' side of the support desk: a full-screen console, and the same from a shell.
//!
//! `core` is the console without terminal and network: `update(state, message) -> effects`. `view`
//! draws its state, `tty` owns the terminal, `link` owns the connection, `app` ties them together.
//! `cli` are the commands for scripts; they and the console share `ops`.

mod app;
mod cli;
mod clock;
mod commands;
mod config;
mod core;
mod credentials;
mod editor;
mod effects;
mod fresh;
mod link;
mod log;
mod notify;
mod ops;
mod plain;
mod private_file;
mod sign_in;
mod start;
mod store;
mod text;
mod tty;
mod view;

pub use text::Untrusted;

/// The whole program: arguments from the environment, exit status to the caller.
pub fn main() -> std::process::ExitCode {
    cli::main()
}
