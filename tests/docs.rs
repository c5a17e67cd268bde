//! The tables of the README are those of the code, and its screens those of the console.
//! `UPDATE_DOCS=1 cargo test -p support-tests -- docs console::captures --test-threads=1` writes them.

use std::collections::BTreeMap;
use std::fmt::Write;

use clap::Args;
use serde_json::Value;
use support_server::{config::Flags, desk::Limits};
use support_shared::{
    ErrorCode,
    notice::{AgentNotice, GuestNotice},
    request::{AgentRequest, GuestRequest},
};

use crate::support::{process::Server, script::AGENT};

const README: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../README.md");

/// Compares what stands between the marks of `name` with `fresh`, or writes it.
pub(crate) fn stands(name: &str, fresh: &str) {
    stands_but_for(name, fresh, str::to_owned);
}

/// The same for what differs each time in parts that `mask` takes away.
pub(crate) fn stands_but_for(name: &str, fresh: &str, mask: impl Fn(&str) -> String) {
    let (begin, end) = (format!("<!-- {name} -->\n"), format!("<!-- end of {name} -->"));
    let readme = std::fs::read_to_string(README).unwrap();
    let from = readme.find(&begin).unwrap() + begin.len();
    let to = readme.find(&end).unwrap();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(README, format!("{}{fresh}{}", &readme[..from], &readme[to..])).unwrap();
    } else {
        assert_eq!(
            mask(&readme[from..to]),
            mask(fresh),
            "{name} is stale in the README: see the header of tests/docs.rs"
        );
    }
}

#[test]
fn the_readmes_limits_are_those_in_force() {
    let values: BTreeMap<&str, u64> = Limits::default().values().collect();
    let mut table = "| setting | default | |\n| --- | ---: | --- |\n".to_owned();
    for (name, what) in Limits::described() {
        let what = what.trim().trim_end_matches('.');
        writeln!(table, "| `{name}` | {} | {what} |", values[name]).unwrap();
    }

    stands("limits", &table);
}

/// The flags of the README are those of the command line: each with its value and its variable, and
/// its default where the help names one.
#[test]
fn the_readmes_settings_are_those_of_the_command_line() {
    let command = Flags::augment_args(clap::Command::new("support-server"));
    let mut flags = BTreeMap::new();
    for flag in command.get_arguments() {
        let value = flag.get_value_names().unwrap()[0].as_str();
        let help = flag.get_help().unwrap().to_string();
        let default = help.rsplit_once("[default: ").map(|(_, rest)| rest.trim_end_matches(']'));
        let name = format!("--{} {value}", flag.get_long().unwrap());
        let variable = flag.get_env().unwrap().to_str().unwrap().to_owned();
        flags.insert(name, (variable, default.map(str::to_owned)));
    }

    let readme = std::fs::read_to_string(README).unwrap();
    let (_, after) = readme.split_once("\n## Settings\n").unwrap();
    let code = |cell: &str| cell.trim().strip_prefix('`')?.strip_suffix('`').map(str::to_owned);
    let rows = after.lines().skip_while(|line| !line.starts_with("| --- ")).skip(1);
    let told: BTreeMap<_, _> = rows
        .take_while(|line| line.starts_with('|'))
        .map(|line| {
            let cells: Vec<&str> = line.split('|').collect();
            (code(cells[1]).unwrap(), (code(cells[2]).unwrap(), code(cells[3])))
        })
        .collect();

    assert_eq!(told, flags);
}

#[test]
fn the_readmes_events_are_those_of_the_protocol() {
    let who = |event: &str, guest: &[&str], agent: &[&str]| match (
        guest.contains(&event),
        agent.contains(&event),
    ) {
        (true, true) => "both",
        (true, false) => "guest",
        _ => "agent",
    };
    let mut table = "| event | | with |\n| --- | --- | --- |\n".to_owned();
    let mut rows = |what: &str, guest: &[&str], agent: &[&str]| {
        let mut events: Vec<&str> = guest.to_vec();
        events.extend(agent.iter().filter(|event| !guest.contains(event)));
        for event in events {
            writeln!(table, "| `{event}` | {what} | {} |", who(event, guest, agent)).unwrap();
        }
    };
    rows("request", GuestRequest::NAMES, AgentRequest::NAMES);
    rows("notice", GuestNotice::NAMES, AgentNotice::NAMES);

    stands("events", &table);
}

#[test]
fn the_readmes_codes_are_those_of_the_protocol() {
    let mut table = "| code | HTTP | exit status |\n| --- | ---: | ---: |\n".to_owned();
    for code in ErrorCode::ALL {
        writeln!(table, "| `{code}` | {} | {} |", code.status(), code.exit_status()).unwrap();
    }

    stands("codes", &table);
}

#[tokio::test]
async fn the_readmes_routes_are_those_of_the_description() {
    let server = Server::start();
    let description: Value =
        reqwest::get(server.url("/api/v1/openapi.json")).await.unwrap().json().await.unwrap();
    let mut table = "| route | | for |\n| --- | --- | --- |\n".to_owned();
    for (path, methods) in description["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let who = match (operation.get("security"), operation.get("description")) {
                (None, _) => "anyone",
                (Some(how), None) if how[0].get("guest").is_some() => "guests",
                (Some(_), None) => "agents",
                (Some(_), Some(_)) => "admins",
            };
            let summary = operation["summary"].as_str().unwrap();
            writeln!(table, "| `{} {path}` | {summary} | {who} |", method.to_uppercase()).unwrap();
        }
    }

    stands("routes", &table);
}

#[test]
fn the_readmes_keys_are_those_of_the_command_table() {
    let nothing = tempfile::tempdir().unwrap();
    let mut keys = std::process::Command::new(AGENT);
    keys.arg("keys").env_clear().env("XDG_CONFIG_HOME", nothing.path());
    let printed = keys.output().unwrap();
    assert!(printed.status.success(), "{printed:?}");

    stands("keys", &String::from_utf8(printed.stdout).unwrap());
}
