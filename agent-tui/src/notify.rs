//! How a notice gets out of the console: by bytes that the terminal understands, or by a command
//! of the agent's own. What it says has been decided and neutralised before.

use std::process::Stdio;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use tokio::process::{Child, Command};

use crate::core::attention::{Notice, Preview};
use crate::text::Untrusted;

/// Who the notices are from.
const TITLE: &str = "Support desk";
/// The most columns of a text in a notice.
const CELLS: usize = 200;

/// What the terminal is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Channel {
    Bell,
    /// iTerm2, Windows Terminal, `WezTerm`, Ghostty.
    Osc9,
    /// urxvt, foot, Ghostty, `WezTerm`.
    Osc777,
    /// kitty, foot.
    Osc99,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Settings {
    pub(crate) channels: Vec<Channel>,
    /// A program and its arguments; no shell ever sees them.
    pub(crate) command: Vec<String>,
    pub(crate) preview: Preview,
}

impl Default for Settings {
    fn default() -> Self {
        Self { channels: vec![Channel::Bell], command: Vec::new(), preview: Preview::default() }
    }
}

/// `bell`, `osc9`, `osc777`, `osc99`, several with commas, or `off`.
pub(crate) fn channels(names: &str) -> Result<Vec<Channel>, String> {
    if names == "off" {
        return Ok(Vec::new());
    }
    let channel = |name: &str| match name.trim() {
        "bell" => Ok(Channel::Bell),
        "osc9" => Ok(Channel::Osc9),
        "osc777" => Ok(Channel::Osc777),
        "osc99" => Ok(Channel::Osc99),
        other => Err(format!("it is bell, osc9, osc777, osc99 or off, not {other:?}")),
    };
    names.split(',').map(channel).collect()
}

/// A program and its arguments as a JSON list of strings.
pub(crate) fn command(json: &str) -> Result<Vec<String>, String> {
    serde_json::from_str(json).map_err(|error| {
        format!("a JSON list is needed, like [\"notify-send\", \"-a\", \"support\"] ({error})")
    })
}

/// `off`, `name` or `text`.
pub(crate) fn preview(name: &str) -> Result<Preview, String> {
    match name {
        "off" => Ok(Preview::Nothing),
        "name" => Ok(Preview::Name),
        "text" => Ok(Preview::Text),
        other => Err(format!("it is off, name or text, not {other:?}")),
    }
}

/// The bytes by which a terminal is told of a notice.
pub(crate) fn bytes(channels: &[Channel], notice: &Notice) -> Vec<u8> {
    let text = one_line(notice);
    let told = |channel: &Channel| match channel {
        Channel::Bell => "\u{7}".to_owned(),
        // The title first: a text that begins with a number and a semicolon would be another
        // command of some terminals.
        Channel::Osc9 => format!("\u{1b}]9;{TITLE}: {text}\u{7}"),
        Channel::Osc777 => format!("\u{1b}]777;notify;{TITLE};{}\u{7}", text.replace(';', ",")),
        Channel::Osc99 => {
            let (title, text) = (BASE64_STANDARD.encode(TITLE), BASE64_STANDARD.encode(&text));
            format!(
                "\u{1b}]99;i=support:d=0:e=1:p=title;{title}\u{1b}\\\u{1b}]99;i=support:d=1:e=1:p=body;{text}\u{1b}\\"
            )
        }
    };
    channels.iter().map(told).collect::<String>().into_bytes()
}

/// The notice on one line. It is neutral by now; a second pass changes nothing, and costs nothing
/// where a mistake would cost much.
fn one_line(notice: &Notice) -> String {
    let text = match &notice.preview {
        Some(preview) => format!("{} \u{b7} {preview}", notice.text),
        None => notice.text.clone(),
    };
    Untrusted::from(text).line(CELLS)
}

/// Runs the agent's own command, one at a time.
#[derive(Default)]
pub(crate) struct Runner {
    running: Option<Child>,
}

impl Runner {
    pub(crate) fn run(&mut self, command: &[String], notice: &Notice) {
        if let Some(child) = &mut self.running
            && matches!(child.try_wait(), Ok(None))
        {
            // It hangs, or takes its time: not two of them.
            return;
        }
        let Some((program, arguments)) = command.split_first() else { return };
        let spawned = Command::new(program)
            .args(arguments)
            .args(texts(notice))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn();
        match spawned {
            Ok(child) => self.running = Some(child),
            Err(error) => tracing::warn!(%error, "the command for notices cannot be run"),
        }
    }
}

/// The last arguments of the command: no option can begin in them, and desktops that read markup
/// find none.
fn texts(notice: &Notice) -> Vec<String> {
    let plain = |text: &str| {
        let line = Untrusted::from(text).line(CELLS);
        line.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
    };
    let mut out = vec!["--".to_owned(), plain(&notice.text)];
    out.extend(notice.preview.as_deref().map(plain));
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::hostile::{Acts, HOSTILE};

    fn notice(preview: &str) -> Notice {
        Notice { text: "New message in K7Q4MD".to_owned(), preview: Some(preview.to_owned()) }
    }

    fn acts(bytes: &[u8]) -> Vec<String> {
        let size = |n| std::num::NonZeroU16::new(n).unwrap();
        let mut parser = vt100::Parser::new_with_callbacks(size(24), size(80), 0, Acts::default());
        parser.process(bytes);
        assert_eq!(parser.screen().contents(), "", "a notice draws nothing");
        // The end of a string is an escape too.
        parser.callbacks().0.iter().filter(|act| *act != "escape 92").cloned().collect()
    }

    #[test]
    fn a_bell_is_a_bell_and_nothing_else() {
        assert_eq!(bytes(&[Channel::Bell], &notice("x")), b"\x07");
        assert!(bytes(&[], &notice("x")).is_empty());
    }

    #[test]
    fn each_channel_does_its_one_thing_whatever_the_guest_has_written() {
        for hostile in HOSTILE {
            for (channel, count, starts) in [
                (Channel::Osc9, 1, "osc [[57], "),
                (Channel::Osc777, 1, "osc [[55, 55, 55], "),
                (Channel::Osc99, 2, "osc [[57, 57], "),
            ] {
                let bytes = bytes(&[channel], &notice(&format!("a{hostile}b;c")));
                let acts = acts(&bytes);
                assert_eq!(acts.len(), count, "{hostile:?} {acts:?}");
                assert!(acts.iter().all(|act| act.starts_with(starts)), "{hostile:?} {acts:?}");
                let text = String::from_utf8(bytes).unwrap();
                let inner = &text[1..text.len() - 1];
                let ends = inner.chars().filter(|c| c.is_control()).count();
                // The two halves of OSC 99 have an end and a beginning between them, and its last
                // escape is the end's first half.
                assert_eq!(ends, if channel == Channel::Osc99 { 3 } else { 0 }, "{hostile:?}");
            }
        }
    }

    #[test]
    fn a_semicolon_of_the_guest_s_adds_no_field() {
        let bytes = String::from_utf8(bytes(&[Channel::Osc777], &notice("4;1;50"))).unwrap();

        assert_eq!(bytes.matches(';').count(), 3);
    }

    #[test]
    fn the_command_gets_the_text_as_arguments_that_can_be_neither_options_nor_markup() {
        for hostile in HOSTILE.iter().copied().chain(["--icon=x", "<img src=x>&amp;"]) {
            let texts = texts(&notice(hostile));
            assert_eq!(texts.len(), 3);
            assert_eq!(texts[0], "--");
            let harmless =
                |text: &String| text.chars().all(|c| !c.is_control() && c != '<' && c != '>');
            assert!(texts.iter().all(harmless), "{texts:?}");
        }
    }

    #[test]
    fn settings_that_mean_nothing_are_refused_in_words() {
        assert!(channels("off").unwrap().is_empty());
        assert_eq!(channels("bell, osc99").unwrap().len(), 2);
        assert_eq!(command(r#"["notify-send","-u","low"]"#).unwrap(), ["notify-send", "-u", "low"]);
        assert_eq!(preview("name"), Ok(Preview::Name));
        assert_eq!(
            channels("ring").unwrap_err(),
            "it is bell, osc9, osc777, osc99 or off, not \"ring\""
        );
        assert!(command("notify-send").is_err() && preview("all").is_err());
    }
}
