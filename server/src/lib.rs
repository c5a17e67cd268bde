//! The server of the support desk: HTTP for signing in, Socket.IO for the conversation, an embedded
//! store. One process, one file to install.
//!
//! A request comes in by `socket` or `http`, which build an actor and a command; `desk` decides and
//! does it, keeps it in its private store, and tells of it through `hub`. Nothing else leads from
//! outside to the data.

mod accept;
mod auth;
mod cli;
pub mod clock;
pub mod config;
pub mod desk;
mod http;
mod hub;
mod peers;
#[cfg(test)]
mod seeded;
mod server;
mod socket;
pub mod telemetry;
mod watched;

pub use cli::main;
pub use server::{KeysError, Server, StartError};

/// Serves on `listener` until `shutdown`, with the machine's clock and randomness.
pub async fn run(
    config: config::Config,
    listener: tokio::net::TcpListener,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> anyhow::Result<()> {
    let server = Server::open(config, clock::Source::system()).await?;
    Ok(server.run(listener, shutdown).await?)
}
