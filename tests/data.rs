//! The tasks on the data, as an operator runs them: check, backup, restore, export, import.

use std::path::Path;
use std::process::{Output, Stdio};

use serde_json::{Value, json};

use crate::support::{
    people::{Agent, Guest},
    process::{self, PASSWORD, Server, Setup, command},
};

fn run(data: &Path, arguments: &[&str]) -> Output {
    process::run(command(data, "127.0.0.1:0").args(arguments))
}

fn done(data: &Path, arguments: &[&str]) -> String {
    let output = run(data, arguments);
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// The exit status and what was said.
fn refused(data: &Path, arguments: &[&str]) -> (i32, String) {
    let output = run(data, arguments);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(said.lines().count(), 1, "{said}");
    (output.status.code().unwrap(), said)
}

#[tokio::test]
async fn a_desk_that_is_restored_with_its_keys_keeps_its_guests_and_agents_signed_in() {
    let server = Server::start();
    let mut maya = Guest::arrives(&server).await;
    let ticket = maya.opens_a_ticket("hello").await;
    let token = Agent::token(&server, "alice", PASSWORD).await.unwrap();
    let joined = maya.socket.done("ticket:join", json!({ "ticketId": ticket })).await;
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("desk.backup");
    let file = file.to_str().unwrap();

    // While it runs.
    let output = run(server.data.path(), &["backup", file]);
    assert!(output.status.success(), "{output:?}");
    // Nobody watches: one line, and no progress.
    assert_eq!(String::from_utf8(output.stderr).unwrap().lines().count(), 1);
    maya.socket
        .done(
            "message:send",
            json!({
                "ticketId": ticket, "content": "after it", "clientMessageId": "late"
            }),
        )
        .await;

    let data = tempfile::tempdir().unwrap();
    done(data.path(), &["restore", file]);
    std::fs::copy(server.data.path().join("keys.json"), data.path().join("keys.json")).unwrap();
    assert!(done(data.path(), &["check"]).contains("no faults"));
    drop(server);
    let server = Server::on(data, Setup::with(&[]));
    maya.returns(&server).await;
    assert!(Agent::connect(&server, &token).await.is_ok());

    // What the guest remembers of after the backup is not believed.
    let remembers = json!({ "ticketId": ticket, "afterSeq": 2, "epoch": joined["epoch"] });
    let again = maya.socket.done("ticket:join", remembers).await;
    assert_ne!(again["epoch"], joined["epoch"]);
    assert_eq!(again["messages"], joined["messages"]);
    assert_eq!(again["messages"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_desk_moves_as_lines_and_is_the_same() {
    let mut server = Server::start();
    let mut maya = Guest::arrives(&server).await;
    maya.opens_a_ticket("a line\nand \"another\" \u{1f642}").await;
    let old = server.data.path().to_owned();
    let (status, said) = refused(&old, &["export"]);
    assert_eq!(status, 69);
    assert!(said.contains("stop it first"));
    assert_eq!(refused(&old, &["check"]).0, 69);
    assert_eq!(server.stop(), 0);
    let file = old.join("desk.jsonl");

    done(&old, &["export", file.to_str().unwrap()]);
    let new = tempfile::tempdir().unwrap();
    let said = done(new.path(), &["import", file.to_str().unwrap()]);

    let text = std::fs::read_to_string(&file).unwrap();
    assert!(said.contains(&format!("imported {} records", text.lines().count() - 2)), "{said}");
    let again = done(new.path(), &["export"]);
    let rest = |text: &str| text.split_once('\n').unwrap().1.to_owned();
    assert_eq!(rest(&again), rest(&text));
    let report: Value = serde_json::from_str(&done(new.path(), &["check", "--json"])).unwrap();
    assert_eq!(report["faults"], json!([]));
    let tickets = json!({ "what": "tickets", "count": 1 });
    assert!(report["lookedAt"].as_array().unwrap().contains(&tickets));
}

#[test]
fn what_cannot_be_done_is_one_clear_sentence_and_changes_nothing() {
    let nothing = tempfile::tempdir().unwrap();
    let none = nothing.path().join("none");
    for task in [vec!["check"], vec!["backup", "x"], vec!["export", "x"]] {
        let (status, said) = refused(&none, &task);
        assert_eq!(status, 66, "{said}");
        assert!(said.contains("there is no store in"), "{said}");
    }
    for task in [vec!["restore", "no such file"], vec!["import", "no such file"]] {
        assert_eq!(refused(&none, &task).0, 66);
    }
    assert!(!none.exists());

    let data = tempfile::tempdir().unwrap();
    let store = data.path().join("support.db");
    std::fs::write(&store, "").unwrap();
    for task in [vec!["check"], vec!["serve"], vec!["export"], vec!["agent", "add", "x"]] {
        let (status, said) = refused(data.path(), &task);
        assert_eq!(status, 65, "{said}");
        assert!(said.contains("restore a backup"), "{said}");
    }
    assert_eq!(std::fs::metadata(&store).unwrap().len(), 0);
}

#[test]
fn data_that_others_can_read_is_not_served() {
    use std::os::unix::fs::PermissionsExt;

    let mut server = Server::start();
    assert_eq!(server.stop(), 0);
    let data = server.data.path();
    let mode = |name: &str, mode: u32| {
        std::fs::set_permissions(data.join(name), PermissionsExt::from_mode(mode)).unwrap();
    };
    for (name, readable) in [("support.db", 0o644), ("support.db", 0o620), ("keys.json", 0o640)] {
        mode(name, readable);
        let before = std::fs::read(data.join(name)).unwrap();

        let (status, said) = refused(data, &["serve"]);

        assert_eq!(status, 78, "{name}: {said}");
        assert!(said.contains(name) && said.contains("chmod 600"), "{said}");
        assert_eq!(std::fs::read(data.join(name)).unwrap(), before, "{name}");
        mode(name, 0o600);
    }
    // As its owner alone may read it, it is served.
    let _ = server.start_again();
}

#[test]
fn who_reads_only_the_beginning_of_a_check_gets_its_exit_status() {
    let data = tempfile::tempdir().unwrap();
    done(data.path(), &["agent", "add", "alice"]);
    let mut child = command(data.path(), "127.0.0.1:0")
        .args(["check", "--json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());

    let output = child.wait_with_output().unwrap();

    assert_eq!(output.status.code(), Some(0), "{output:?}");
}
