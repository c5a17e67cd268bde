//! What weighs more than what, and what is said of a file that is wrong.

use super::*;
use crate::commands::{Chord, CommandId, Found, Scope};
use crate::core::attention::Preview;
use crate::notify::Channel;
use crate::view::Role;

/// The settings of a file with this text, in this environment.
fn settings(text: &str, environment: &[(&str, &str)]) -> Result<Settings, String> {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("config.toml");
    std::fs::write(&path, text).unwrap();
    let read = |name: &str| {
        let found = environment.iter().find(|(it, _)| *it == name);
        found.map(|(_, value)| (*value).to_owned()).filter(|value| !value.is_empty())
    };
    let problems = Settings::assemble(&Flags::default(), Some(path.clone()), read);
    problems.map_err(|problems| problems.to_string().replace(&path.display().to_string(), "FILE"))
}

fn problems(text: &str) -> Vec<String> {
    let said = settings(text, &[]).unwrap_err();
    said.lines().skip(1).map(|line| line.trim().replace("FILE: ", "")).collect()
}

#[test]
fn without_a_file_everything_is_as_it_was() {
    let missing = Some(PathBuf::from("/nonexistent/config.toml"));
    let settings = Settings::assemble(&Flags::default(), missing, |_| None).unwrap();

    assert_eq!(settings.server.to_string(), SERVER);
    assert_eq!(settings.theme, Theme::Ansi16);
    assert_eq!(settings.keymap, Keymap::default());
    assert_eq!(settings.notices.channels, [Channel::Bell]);
    assert!(settings.shown().starts_with("# there is no /nonexistent/config.toml\n"));
}

#[test]
fn a_file_that_was_asked_for_must_be_there() {
    let flags = Flags { config: Some("/nonexistent/mine.toml".into()), ..Flags::default() };
    let error = Settings::assemble(&flags, None, |_| None).unwrap_err().to_string();

    assert!(error.contains("/nonexistent/mine.toml: No such file"), "{error}");
}

#[test]
fn a_flag_weighs_more_than_the_environment_and_that_more_than_the_file() {
    let text = "server = \"https://file.example\"\nnotify = [\"osc9\", \"bell\"]\n\
                notify_preview = \"name\"\nmouse = true\ntheme = \"mono\"";
    let file = settings(text, &[]).unwrap();
    assert_eq!(file.server.to_string(), "https://file.example");
    assert_eq!(file.notices.channels, [Channel::Osc9, Channel::Bell]);
    assert_eq!((file.notices.preview, file.mouse), (Preview::Name, true));
    assert_eq!(file.theme, Theme::Mono);

    let environment = [
        ("SUPPORT_AGENT_NOTIFY", "off"),
        ("SUPPORT_AGENT_NOTIFY_COMMAND", "[\"beep\"]"),
        ("SUPPORT_AGENT_NOTIFY_PREVIEW", "text"),
        ("SUPPORT_AGENT_THEME", "ansi16"),
    ];
    let both = settings(text, &environment).unwrap();
    assert_eq!(
        (both.notices.channels.len(), both.notices.command.as_slice()),
        (0, &["beep".to_owned()][..])
    );
    assert_eq!((both.notices.preview, both.theme), (Preview::Text, Theme::Ansi16));
    let server = Some("https://flag.example".parse().unwrap());
    let flags = Flags { server, ..Flags::default() };
    let flagged = Settings::assemble(&flags, None, |_| None).unwrap();
    assert_eq!(flagged.server.to_string(), "https://flag.example");
}

#[test]
fn a_slip_of_the_pen_is_named_with_what_was_probably_meant() {
    let text = "sever = \"x\"\nnotify = \"rign\"\nmouse = \"yes\"\n\
                [theme]\ngest = \"cyan\"\nnote = \"magneta\"\nagent = \"red blue\"\n\
                [keys]\nclam = \"c\"\n[keys.quue]\nclaim = \"c\"\n[keys.queue]\nopen = \"Entre\"\npeek = 5";
    let mut said = problems(text);
    said.sort();

    assert_eq!(
        said,
        [
            "keys.clam: no command is called so; did you mean claim?",
            "keys.queue.open: \"Entre\" is no key; keys are written like x, G, Enter, Ctrl-K, Alt-Enter, F1, Space",
            "keys.queue.peek: keys are a text like \"x\" or \"g x\", or a list of such",
            "keys.quue: there is no such place; did you mean queue?",
            "mouse: true or false is needed",
            "notify: it is bell, osc9, osc777, osc99 or off, not \"rign\"",
            "sever: there is no such setting; did you mean server?",
            "theme.agent: \"red blue\" names two colours",
            "theme.gest: no role is called so; did you mean guest?",
            "theme.note: \"magneta\" is neither a colour nor a modifier; did you mean magenta?",
        ]
    );
    assert_eq!(problems("theme = \"solar\""), ["theme: no theme is called \"solar\""]);
    assert!(problems("server = ").join(" ").contains("line 1"));
}

#[test]
fn keys_that_clash_are_named_with_both_commands() {
    assert_eq!(
        problems("[keys.queue]\nclaim = \"p\""),
        ["keys: in the queue \"p\" is both claim and peek"]
    );
    assert_eq!(
        problems("[keys.reading]\nquiet = \"g\"").first().unwrap(),
        "keys: in the queue \"g\" is quiet and begins \"g g\", first"
    );
    assert_eq!(
        problems("[keys.composer]\nsend = \"x\""),
        [
            "keys: before anything is written \"x\" is text and cannot be send",
            "keys: while writing \"x\" is text and cannot be send",
        ]
    );
    assert_eq!(problems("[keys.list]\ncancel = []"), ["keys: cancel needs a key in a list"]);
}

#[test]
fn a_command_has_other_keys_in_one_place_or_everywhere() {
    let text = "[keys]\nclaim = [\"m\", \"Space t\"]\n[keys.conversation]\nclaim = \"M\"\n\
                [keys.queue]\npeek = []";
    let keymap = settings(text, &[]).unwrap().keymap;
    let finds = |place, keys: &[&str], id| {
        let keys: Vec<Chord> = keys.iter().map(|it| it.parse().unwrap()).collect();
        matches!(keymap.find(place, &keys), Found::Command(it) if it.id == id)
    };

    assert!(finds(Scope::Queue, &["m"], CommandId::Claim));
    assert!(finds(Scope::Queue, &["Space", "t"], CommandId::Claim));
    assert!(finds(Scope::Timeline, &["M"], CommandId::Claim));
    assert!(!finds(Scope::Timeline, &["m"], CommandId::Claim));
    assert!(!finds(Scope::Queue, &["a"], CommandId::Claim));
    assert!(!finds(Scope::Queue, &["p"], CommandId::Peek));
}

#[test]
fn a_role_has_a_look_of_its_own_and_none_where_there_are_no_colours() {
    let text = "[theme]\nbase = \"truecolor\"\nguest = \"bright-blue italic\"";
    let of = |environment: &[(&str, &str)]| settings(text, environment).unwrap();

    let guest = of(&[]).theme.style(Role::Guest);
    assert_eq!(guest.fg, Some(ratatui::style::Color::LightBlue));
    assert!(guest.add_modifier.contains(ratatui::style::Modifier::ITALIC));
    // The rest is what this terminal can show.
    assert_eq!(of(&[]).theme.style(Role::Bad), Theme::Ansi16.style(Role::Bad));
    let full = of(&[("COLORTERM", "truecolor")]);
    assert_eq!(full.theme.style(Role::Bad), Theme::TrueColour.style(Role::Bad));
    for none in [("NO_COLOR", "1"), ("TERM", "dumb")] {
        let settings = of(&[none, ("COLORTERM", "truecolor")]);
        assert_eq!(settings.theme, Theme::Mono);
        assert!(settings.shown().contains("mono is used"));
    }
    assert!(of(&[]).shown().contains("ansi16 is used"));
}

#[test]
fn what_is_printed_is_a_file_that_says_the_same() {
    let text = "notify = \"off\"\nnotify_command = [\"a\\\"b\", \"c\"]\nnotify_preview = \"name\"\n\
                mouse = true\n[theme]\nbase = \"mono\"\nbad = \"red bold\"\n[keys.queue]\nclaim = \"Space c\"";
    let once = settings(text, &[]).unwrap();
    let twice = settings(&once.shown(), &[]).unwrap();

    let body = |settings: &Settings| settings.shown().split_once('\n').unwrap().1.to_owned();
    assert_eq!(body(&once), body(&twice));
    assert_eq!((once.keymap, once.theme), (twice.keymap, twice.theme));
    assert!(text.contains("Space c") && once.notices == twice.notices);
}
