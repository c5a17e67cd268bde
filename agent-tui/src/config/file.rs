//! The file of settings (TOML). Everything that is wrong with it is found at once, and what looks
//! like a slip of the pen is answered with what was probably meant.

use toml::{Table, Value};

use super::server::Server;
use super::style::ThemeChoice;
use crate::commands::{Keymap, Keys, Scope};
use crate::core::attention::Preview;
use crate::notify::{self, Channel};

const NAMES: [&str; 7] =
    ["server", "notify", "notify_command", "notify_preview", "mouse", "theme", "keys"];

/// What the file says; `None` where it says nothing.
#[derive(Debug, Default)]
pub(super) struct File {
    pub(super) server: Option<Server>,
    pub(super) notify: Option<Vec<Channel>>,
    pub(super) notify_command: Option<Vec<String>>,
    pub(super) notify_preview: Option<Preview>,
    pub(super) mouse: Option<bool>,
    pub(super) theme: Option<ThemeChoice>,
    pub(super) keymap: Keymap,
}

impl File {
    /// Takes what can be taken, and names what cannot.
    pub(super) fn read(text: &str) -> (Self, Vec<String>) {
        let mut reader = Reader::default();
        match text.parse::<Table>() {
            Ok(table) => reader.all(&table),
            Err(error) => reader.problems.push(error.to_string().trim_end().to_owned()),
        }
        (reader.file, reader.problems)
    }
}

/// What was probably meant, as the end of a sentence; nothing if nothing is close.
pub(crate) fn close_to<T: AsRef<str>>(word: &str, names: &[T]) -> String {
    let near = |name: &&T| strsim::jaro_winkler(word, name.as_ref());
    let best = names.iter().max_by(|one, two| near(one).total_cmp(&near(two)));
    match best.filter(|name| near(name) > 0.75) {
        Some(name) => format!("; did you mean {}?", name.as_ref()),
        None => String::new(),
    }
}

#[derive(Default)]
struct Reader {
    file: File,
    problems: Vec<String>,
}

impl Reader {
    /// Notes what is wrong with `name`, or answers with what was read.
    fn take<T>(&mut self, name: &str, read: Result<T, String>) -> Option<T> {
        read.map_err(|why| self.problems.push(format!("{name}: {why}"))).ok()
    }

    fn all(&mut self, table: &Table) {
        for (name, value) in table {
            match name.as_str() {
                "server" => {
                    let server = text(value).and_then(|it| it.parse().map_err(words));
                    self.file.server = self.take(name, server);
                }
                "notify" => {
                    let names = text(value).map(str::to_owned);
                    let names = names.or_else(|_| list(value).map(|all| all.join(",")));
                    let names = names.map_err(|_| "a text or a list of texts is needed".to_owned());
                    let read = names.and_then(|names| match names.as_str() {
                        "" => Ok(Vec::new()),
                        names => notify::channels(names),
                    });
                    self.file.notify = self.take(name, read);
                }
                "notify_command" => self.file.notify_command = self.take(name, list(value)),
                "notify_preview" => {
                    let read = text(value).and_then(notify::preview);
                    self.file.notify_preview = self.take(name, read);
                }
                "mouse" => {
                    let read = value.as_bool().ok_or_else(|| "true or false is needed".to_owned());
                    self.file.mouse = self.take(name, read);
                }
                "theme" => self.theme(value),
                "keys" => self.keys(value),
                other => {
                    let close = close_to(other, &NAMES);
                    self.problems.push(format!("{other}: there is no such setting{close}"));
                }
            }
        }
    }

    fn theme(&mut self, value: &Value) {
        let Some(table) = value.as_table() else {
            let read = text(value).and_then(ThemeChoice::named);
            self.file.theme = self.take("theme", read);
            return;
        };
        let base = table.get("base").map(|base| text(base).and_then(ThemeChoice::named));
        let base = base.and_then(|base| self.take("theme.base", base));
        let mut theme = base.unwrap_or_default();
        for (role, words) in table.iter().filter(|(role, _)| *role != "base") {
            let set = text(words).and_then(|words| theme.set(role, words));
            self.take(&format!("theme.{role}"), set);
        }
        self.file.theme = Some(theme);
    }

    fn keys(&mut self, value: &Value) {
        let Some(table) = value.as_table() else {
            self.problems.push("keys: a table is needed, like [keys.queue]".to_owned());
            return;
        };
        // What is said of one place weighs more than what is said of all.
        for (command, keys) in table.iter().filter(|(_, keys)| !keys.is_table()) {
            let set = sequences(keys).and_then(|keys| self.file.keymap.set(None, command, &keys));
            self.take(&format!("keys.{command}"), set);
        }
        for (place, commands) in table {
            let Some(commands) = commands.as_table() else { continue };
            let Some(scope) = Scope::ALL.into_iter().find(|scope| scope.name() == place) else {
                let close = close_to(place, &Scope::ALL.map(Scope::name));
                self.problems.push(format!("keys.{place}: there is no such place{close}"));
                continue;
            };
            for (command, keys) in commands {
                let keymap = &mut self.file.keymap;
                let set = sequences(keys).and_then(|keys| keymap.set(Some(scope), command, &keys));
                self.take(&format!("keys.{place}.{command}"), set);
            }
        }
        let wrong = self.file.keymap.problems();
        self.problems.extend(wrong.into_iter().map(|problem| format!("keys: {problem}")));
    }
}

fn words(error: impl std::fmt::Display) -> String {
    error.to_string()
}

fn text(value: &Value) -> Result<&str, String> {
    value.as_str().ok_or_else(|| "a text is needed".to_owned())
}

fn list(value: &Value) -> Result<Vec<String>, String> {
    let all = value.as_array().map(|all| all.iter().map(|it| text(it).map(str::to_owned)));
    let wrong =
        || "a list of texts is needed, like [\"notify-send\", \"-a\", \"support\"]".to_owned();
    all.ok_or_else(wrong)?.collect::<Result<_, _>>().map_err(|_| wrong())
}

/// One text is one key, or several one after the other; a list is as many ways.
fn sequences(value: &Value) -> Result<Vec<Keys>, String> {
    let all = match value {
        Value::String(keys) => vec![keys.clone()],
        other => list(other)
            .map_err(|_| "keys are a text like \"x\" or \"g x\", or a list of such".to_owned())?,
    };
    all.iter().map(|keys| keys.parse().map_err(words)).collect()
}
