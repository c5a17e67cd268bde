//! The settings in force as a file of settings that says the same.

use std::fmt::Write;

use toml::Value;

use super::{Colours, Settings};
use crate::commands::{Keymap, Scope};
use crate::core::attention::Preview;
use crate::notify::Channel;

impl Settings {
    /// All of it, as `config check` prints it.
    pub(crate) fn shown(&self) -> String {
        let mut out = String::new();
        match &self.file {
            Some((path, true)) => line(&mut out, &format!("# from {}", path.display())),
            Some((path, false)) => line(&mut out, &format!("# there is no {}", path.display())),
            None => line(&mut out, "# there is no file"),
        }
        let channels = self.notices.channels.iter().map(|it| Value::from(it.name()));
        let preview = match self.notices.preview {
            Preview::Nothing => "off",
            Preview::Name => "name",
            Preview::Text => "text",
        };
        for (name, value) in [
            ("server", Value::from(self.server.to_string())),
            ("notify", Value::Array(channels.collect())),
            ("notify_command", Value::from(self.notices.command.clone())),
            ("notify_preview", Value::from(preview)),
            ("mouse", Value::from(self.mouse)),
        ] {
            line(&mut out, &format!("{name} = {value}"));
        }
        out.push_str("\n[theme]\n");
        match (self.colours, self.chosen.base()) {
            (Colours::None, base) if base != "mono" => {
                line(&mut out, "# this terminal is sent no colours: mono is used");
            }
            (Colours::Sixteen, "truecolor") => {
                line(&mut out, "# COLORTERM does not say truecolor: ansi16 is used");
            }
            _ => {}
        }
        line(&mut out, &format!("base = {}", Value::from(self.chosen.base())));
        for (role, words) in self.chosen.own() {
            line(&mut out, &format!("{role} = {}", Value::from(words)));
        }
        keys(&self.keymap, &mut out);
        out.trim_end().to_owned()
    }
}

fn keys(keymap: &Keymap, out: &mut String) {
    for scope in Scope::ALL {
        // Writing into a String does not fail.
        let _ = write!(out, "\n[keys.{}]\n", scope.name());
        for (command, keys) in keymap.rows().filter(|(command, _)| command.scope == scope) {
            let keys: Vec<Value> = keys.iter().map(|it| Value::from(it.to_string())).collect();
            line(out, &format!("{} = {}", command.id.name(), Value::Array(keys)));
        }
    }
}

fn line(out: &mut String, text: &str) {
    out.push_str(text);
    out.push('\n');
}

impl Channel {
    /// As it is written in the settings.
    fn name(self) -> &'static str {
        match self {
            Self::Bell => "bell",
            Self::Osc9 => "osc9",
            Self::Osc777 => "osc777",
            Self::Osc99 => "osc99",
        }
    }
}
