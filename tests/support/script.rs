//! The console's binary as a command, as scripts and people in a shell run it.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use super::process::{At, PASSWORD, outcome};

pub(crate) const AGENT: &str = env!("CARGO_BIN_EXE_e2e-agent");

/// What becomes of a command that finds this in its input.
pub(crate) fn agent(server: &str, home: &Path, arguments: &[&str], input: &str) -> Output {
    let mut child = Command::new(AGENT)
        .args(arguments)
        .env("SUPPORT_SERVER", server)
        .env("SUPPORT_AGENT_HOME", home)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // It may have ended before it reads.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    outcome(child)
}

/// A home in which this agent is signed in to a server.
pub(crate) fn signed_in(server: &At, name: &str) -> tempfile::TempDir {
    let home = tempfile::tempdir().unwrap();
    let login = ["login", "--username", name, "--password-stdin"];
    let output = agent(&server.url(""), home.path(), &login, PASSWORD);
    assert!(output.status.success(), "{output:?}");
    home
}
