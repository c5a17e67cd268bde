//! Traces for whoever looks for a fault: to the file that `SUPPORT_AGENT_LOG` names, or nowhere.
//! Never to the terminal, and never with anything that a person wrote.

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::sync::Mutex;

use anyhow::Context;
use tracing_subscriber::EnvFilter;

pub(crate) fn start() -> anyhow::Result<()> {
    let Some(path) = std::env::var_os("SUPPORT_AGENT_LOG").filter(|path| !path.is_empty()) else {
        return Ok(());
    };
    let file = OpenOptions::new()
        .create(true)
        .append(true)
        .mode(0o600)
        .open(&path)
        .with_context(|| format!("cannot write the log {}", path.display()))?;
    let filter = EnvFilter::try_from_env("SUPPORT_AGENT_LOG_FILTER")
        .unwrap_or_else(|_| EnvFilter::new("warn,support_agent=debug"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(false)
        .with_writer(Mutex::new(file))
        .init();
    Ok(())
}
