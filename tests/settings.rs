//! The agent's own settings: checked from the command line, refused before the console takes the
//! screen, and in force in it.

use std::path::Path;
use std::process::{Command, Output};

use crate::support::{
    people::Guest,
    process::{Server, run},
    script::{AGENT, signed_in},
    terminal::Terminal,
};

fn check(file: &Path) -> Output {
    let mut command = Command::new(AGENT);
    command.env_remove("SUPPORT_SERVER").args(["config", "check", "--config"]).arg(file);
    run(&mut command)
}

#[test]
fn the_readmes_example_is_a_file_that_can_be_used() {
    let readme = concat!(env!("CARGO_MANIFEST_DIR"), "/../README.md");
    let readme = std::fs::read_to_string(readme).unwrap();
    let (_, after) = readme.split_once("### Your own settings").unwrap();
    let example = after.split("```").nth(1).unwrap().strip_prefix("toml\n").unwrap();
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("example.toml");
    std::fs::write(&file, example).unwrap();

    let printed = check(&file);
    assert_eq!(printed.status.code(), Some(0), "{printed:?}");
    assert!(String::from_utf8(printed.stdout).unwrap().contains("peek = [\"p\", \"Space p\"]"));
}

/// Writes the file that a console in `home` reads.
fn write(home: &Path, text: &str) {
    let directory = home.join("support-agent");
    std::fs::create_dir_all(&directory).unwrap();
    std::fs::write(directory.join("config.toml"), text).unwrap();
}

#[test]
fn a_check_prints_what_is_in_force_or_everything_that_is_wrong() {
    let home = tempfile::tempdir().unwrap();
    let (good, bad) = (home.path().join("good.toml"), home.path().join("bad.toml"));
    std::fs::write(&good, "server = \"https://desk.example\"\n[keys]\nclaim = \"m\"\n").unwrap();
    std::fs::write(&bad, "serve = \"x\"\n[keys.queue]\nclaim = \"p\"\n").unwrap();

    let printed = check(&good);
    assert_eq!(printed.status.code(), Some(0), "{printed:?}");
    let printed = String::from_utf8(printed.stdout).unwrap();
    assert!(printed.contains("server = \"https://desk.example\""), "{printed}");
    assert_eq!(printed.matches("claim = [\"m\"]").count(), 2, "{printed}");
    // What is printed is such a file.
    std::fs::write(&good, &printed).unwrap();
    assert_eq!(String::from_utf8(check(&good).stdout).unwrap(), printed);

    let refused = check(&bad);
    assert_eq!(refused.status.code(), Some(2), "{refused:?}");
    assert!(refused.stdout.is_empty());
    let said = String::from_utf8(refused.stderr).unwrap();
    assert!(said.contains("there is no such setting; did you mean server?"), "{said}");
    assert!(said.contains("in the queue \"p\" is both claim and peek"), "{said}");
    assert_eq!(check(&home.path().join("none.toml")).status.code(), Some(2));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_console_refuses_settings_that_are_wrong_before_it_takes_the_screen() {
    let server = Server::start();
    let home = signed_in(&server, "alice");
    write(home.path(), "[keys.queue]\nclam = \"m\"\n");
    let mut console = Terminal::open(&server, home.path(), 24, 120);

    console.shows("did you mean claim?");
    assert_eq!(console.ended(), 2);
    assert!(console.is_given_back());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_of_the_agent_s_own_is_named_and_works_and_the_old_one_does_not() {
    let server = Server::start();
    let home = signed_in(&server, "alice");
    Guest::arrives(&server).await.opens_a_ticket("my card was declined").await;
    write(
        home.path(),
        "[keys.queue]\nclaim = \"Space m\"\nopen = [\"o\", \"Enter\"]\nreopen = \"O\"\n",
    );
    let mut console = Terminal::open(&server, home.path(), 24, 80);
    console.shows("my card was declined");

    console.shows("Space m claim");
    console.keys("a ");
    console.shows("Assign the ticket to me");
    console.keys("m");
    console.until("a claim", |screen| !screen.contains("Space m claim"));
    console.keys("o");
    console.shows("Alice joined the chat");
}
