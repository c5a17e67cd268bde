//! Starting, stopping, and what the operator is told.

use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::process::Output;

use serde_json::{Value, json};

use crate::support::{
    people::{Agent, Guest},
    process::{self, PASSWORD, Server},
};

fn run(data: &std::path::Path, listen: &str) -> Output {
    process::command(data, listen).output().unwrap()
}

fn sentence(output: &Output) -> String {
    let said = String::from_utf8(output.stderr.clone()).unwrap();
    assert_eq!(said.lines().count(), 1, "{said}");
    said
}

#[tokio::test]
async fn the_first_start_makes_an_admin_whose_password_is_for_one_use() {
    let mut server = Server::first_start();
    let said = server.says("one-time password");
    let password = said.rsplit(' ').next().unwrap().to_owned();
    let token = Agent::token(&server, "admin", &password).await.unwrap();
    let refused = Agent::connect(&server, &token).await.err();
    assert_eq!(refused.as_deref(), Some("password_change_required"));
    assert!(Agent::token(&server, "admin", "admin").await.is_err());

    let change = json!({ "current": password, "new": PASSWORD });
    let request = reqwest::Client::new().post(server.url("/agent/password")).bearer_auth(&token);
    assert_eq!(request.json(&change).send().await.unwrap().status(), 204);
    assert!(Agent::connect(&server, &token).await.is_ok());

    assert_eq!(server.stop(), 0);
    let server = server.start_again();
    assert!(Agent::token(&server, "admin", &password).await.is_err());
    assert!(Agent::token(&server, "admin", PASSWORD).await.is_ok());
    // A login survives the restart too.
    assert!(Agent::connect(&server, &token).await.is_ok());
}

#[tokio::test]
async fn a_second_start_serves_the_same_history() {
    let mut server = Server::start();
    let mut maya = Guest::arrives(&server).await;
    let ticket = maya.opens_a_ticket("hello").await;
    let before = maya.socket.done("ticket:join", json!({ "ticketId": ticket })).await;

    assert_eq!(server.stop(), 0);
    let server = server.start_again();
    maya.returns(&server).await;

    let after = maya.socket.done("ticket:join", json!({ "ticketId": ticket })).await;
    assert_eq!(after, before);
}

#[test]
fn a_busy_port_is_one_clear_sentence() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let data = tempfile::tempdir().unwrap();

    let output = run(&data.path().join("new"), &taken.local_addr().unwrap().to_string());

    assert_eq!(output.status.code(), Some(69));
    assert!(sentence(&output).contains("cannot listen on 127.0.0.1:"));
    assert!(!data.path().join("new").exists(), "nothing was made");
}

#[test]
fn a_second_server_on_the_same_data_is_one_clear_sentence() {
    let server = Server::start();

    let output = run(server.data.path(), "127.0.0.1:0");

    assert_eq!(output.status.code(), Some(69));
    assert!(sentence(&output).contains("another support-server is using"));
    let output = process::add_agent(server.data.path(), "carol", "Carol");
    assert_eq!(output.status.code(), Some(69));
    assert!(sentence(&output).contains("support-agent agents add"));
}

#[test]
fn a_directory_that_cannot_be_used_is_one_clear_sentence() {
    let data = tempfile::tempdir().unwrap();
    let file = data.path().join("a-file");
    std::fs::write(&file, "").unwrap();

    let output = run(&file, "127.0.0.1:0");

    assert_eq!(output.status.code(), Some(73));
    assert!(sentence(&output).contains("cannot use the data directory"));
}

#[test]
fn another_programs_file_is_refused_and_left_as_it_is() {
    let data = tempfile::tempdir().unwrap();
    let file = data.path().join("support.db");
    std::fs::write(&file, "these are not tickets").unwrap();

    let output = run(data.path(), "127.0.0.1:0");

    assert_eq!(output.status.code(), Some(65));
    assert!(sentence(&output).contains("nothing was changed"));
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "these are not tickets");
}

#[tokio::test]
async fn only_the_owner_can_read_the_data() {
    let server = Server::start();
    let mut maya = Guest::arrives(&server).await;
    maya.opens_a_ticket("hello").await;

    for entry in std::fs::read_dir(server.data.path()).unwrap() {
        let entry = entry.unwrap();
        let mode = entry.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{:?} {mode:o}", entry.path());
    }
}

#[tokio::test]
async fn health_says_as_little_as_is_needed() {
    let server = Server::start();

    for path in ["/healthz", "/readyz"] {
        let response = reqwest::get(server.url(path)).await.unwrap();
        assert_eq!(response.status(), 200);
        let body: Value = response.json().await.unwrap();
        assert_eq!(body, json!({ "status": "ok" }));
    }
    let response = reqwest::get(server.url("/metrics")).await.unwrap();
    assert_eq!(response.status(), 404);
    let problem: Value = response.json().await.unwrap();
    assert_eq!(problem["code"], "not_found");
}

#[tokio::test]
async fn stopping_tells_the_connected_when_to_come_back() {
    let mut server = Server::start();
    let mut maya = Guest::arrives(&server).await;
    maya.opens_a_ticket("hello").await;

    assert_eq!(server.stop(), 0);

    let notice = maya.socket.notice("server:draining").await;
    assert!(notice["reconnectInMs"].as_u64().unwrap() >= 500);
    maya.socket.disconnected().await;
}
