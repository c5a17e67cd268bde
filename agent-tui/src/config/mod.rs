//! What the agent sets: by flag, by environment variable or in a file, in this order of weight. The
//! whole is checked before anything else happens: a console with half of its keys is worse than none.

mod file;
mod server;
mod show;
mod style;

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use etcetera::BaseStrategy;

pub(crate) use self::file::close_to;
pub(crate) use server::{Server, home};

use crate::commands::Keymap;
use crate::notify;
use crate::view::Theme;
use file::File;
use style::ThemeChoice;

/// Where the desk is unless somebody says otherwise.
const SERVER: &str = "http://127.0.0.1:3000";

/// What the command line says; `None` and `false` say nothing.
#[derive(Debug, Clone, Default)]
pub(crate) struct Flags {
    pub(crate) server: Option<Server>,
    pub(crate) config: Option<PathBuf>,
    pub(crate) no_color: bool,
    pub(crate) mouse: Option<bool>,
}

/// What is in force.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) server: Server,
    pub(crate) notices: notify::Settings,
    pub(crate) mouse: bool,
    pub(crate) theme: Theme,
    pub(crate) keymap: Keymap,
    /// The file, and whether it is there.
    file: Option<(PathBuf, bool)>,
    chosen: ThemeChoice,
    colours: Colours,
}

/// Everything that is wrong with the settings, each by the name of what it is about.
#[derive(Debug, thiserror::Error)]
#[error("the settings cannot be used:\n  {}", .0.join("\n  "))]
pub(crate) struct Problems(Vec<String>);

/// What the terminal may be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Colours {
    None,
    Sixteen,
    True,
}

impl Settings {
    /// The settings that flags, environment and file make together.
    pub(crate) fn load(flags: &Flags) -> Result<Self, Problems> {
        let environment = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        Self::assemble(flags, default_file(), environment)
    }

    fn assemble(
        flags: &Flags,
        default_file: Option<PathBuf>,
        environment: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, Problems> {
        let mut problems = Vec::new();
        let (file, found) = match (&flags.config, default_file) {
            (Some(path), _) => (read(path, true, &mut problems), Some((path.clone(), true))),
            (None, Some(path)) => {
                let there = path.exists();
                (read(&path, false, &mut problems), Some((path, there)))
            }
            (None, None) => (File::default(), None),
        };
        let mut notices = notify::Settings::default();
        let mut note = |outcome: Result<(), String>| problems.extend(outcome.err());
        match environment("SUPPORT_AGENT_NOTIFY") {
            Some(text) => note(
                notify::channels(&text)
                    .map(|it| notices.channels = it)
                    .map_err(|why| format!("SUPPORT_AGENT_NOTIFY: {why}")),
            ),
            None => notices.channels = file.notify.unwrap_or(notices.channels),
        }
        match environment("SUPPORT_AGENT_NOTIFY_COMMAND") {
            Some(text) => note(
                notify::command(&text)
                    .map(|it| notices.command = it)
                    .map_err(|why| format!("SUPPORT_AGENT_NOTIFY_COMMAND: {why}")),
            ),
            None => notices.command = file.notify_command.unwrap_or_default(),
        }
        match environment("SUPPORT_AGENT_NOTIFY_PREVIEW") {
            Some(text) => note(
                notify::preview(&text)
                    .map(|it| notices.preview = it)
                    .map_err(|why| format!("SUPPORT_AGENT_NOTIFY_PREVIEW: {why}")),
            ),
            None => notices.preview = file.notify_preview.unwrap_or_default(),
        }
        let mut chosen = file.theme.unwrap_or_default();
        if let Some(text) = environment("SUPPORT_AGENT_THEME") {
            note(
                ThemeChoice::named(&text)
                    .map(|it| chosen = it)
                    .map_err(|why| format!("SUPPORT_AGENT_THEME: {why}")),
            );
        }
        let server = flags.server.clone().or(file.server);
        let server = match server.map_or_else(|| SERVER.parse(), Ok) {
            Ok(server) if problems.is_empty() => server,
            Ok(_) => return Err(Problems(problems)),
            Err(why) => return Err(Problems(vec![why.to_string()])),
        };
        let colours = colours(flags.no_color, environment);
        Ok(Self {
            server,
            notices,
            mouse: flags.mouse.or(file.mouse).unwrap_or_default(),
            theme: chosen.theme(colours),
            keymap: file.keymap,
            file: found,
            chosen,
            colours,
        })
    }
}

/// The file, if it is there; one that was asked for must be.
fn read(path: &Path, asked_for: bool, problems: &mut Vec<String>) -> File {
    match std::fs::read_to_string(path) {
        Ok(text) => {
            let (file, wrong) = File::read(&text);
            let at = path.display();
            problems.extend(wrong.into_iter().map(|problem| format!("{at}: {problem}")));
            file
        }
        Err(error) if !asked_for && error.kind() == std::io::ErrorKind::NotFound => File::default(),
        Err(error) => {
            problems.push(format!("{}: {error}", path.display()));
            File::default()
        }
    }
}

/// Where the file is unless somebody says otherwise.
fn default_file() -> Option<PathBuf> {
    let user = etcetera::choose_base_strategy().ok()?;
    Some(user.config_dir().join("support-agent").join("config.toml"))
}

fn colours(no_color_flag: bool, environment: impl Fn(&str) -> Option<String>) -> Colours {
    let dumb = environment("TERM").is_some_and(|term| term == "dumb");
    if no_color_flag || dumb || environment("NO_COLOR").is_some() {
        return Colours::None;
    }
    match environment("COLORTERM").as_deref() {
        Some("truecolor" | "24bit") => Colours::True,
        _ => Colours::Sixteen,
    }
}
