//! `config check` and `keys`: the settings in force, and the keys as a table for people.

use std::fmt::Write;

use clap::Subcommand;

use super::output;
use crate::commands::Scope;
use crate::config::Settings;

#[derive(Debug, Subcommand)]
pub(super) enum ConfigCommand {
    /// Print the settings in force as such a file, or what is wrong with them (exit status 2)
    Check,
}

/// What is wrong was said when the settings were read.
pub(super) fn check(settings: &Settings) -> anyhow::Result<()> {
    output::line(&settings.shown())?;
    Ok(())
}

pub(super) fn keys(settings: &Settings) -> anyhow::Result<()> {
    let mut out = String::new();
    for scope in Scope::ALL {
        let place = scope.words();
        let name = scope.name();
        // Writing into a String does not fail.
        let _ = write!(out, "\n| {place} (`{name}`) | | |\n| --- | --- | --- |\n");
        for (command, keys) in settings.keymap.rows().filter(|(it, _)| it.scope == scope) {
            let keys: Vec<String> = keys.iter().map(|it| format!("`{it}`")).collect();
            let (keys, name) = (keys.join(" "), command.id.name());
            let _ = writeln!(out, "| {keys} | {} | `{name}` |", command.help);
        }
    }
    output::line(out.trim())?;
    Ok(())
}
