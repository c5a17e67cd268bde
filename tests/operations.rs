//! Starting, stopping, and what the operator is told.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::process::Output;
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{
    people::{Agent, Guest},
    process::{self, PASSWORD, Server},
};

fn run(data: &std::path::Path, listen: &str) -> Output {
    process::run(&mut process::command(data, listen))
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

#[test]
fn a_setting_that_is_none_is_refused_by_name() {
    let data = tempfile::tempdir().unwrap();
    let file = data.path().join("support.toml");
    let run = |text: &str| {
        std::fs::write(&file, text).unwrap();
        let mut command = process::command(data.path(), "127.0.0.1:0");
        process::run(command.arg("--config").arg(&file).arg("check-config"))
    };

    for (text, named) in [
        ("colour = \"blue\"", "colour"),
        ("[limits]\nguests = 3", "limits.guests"),
        ("[limits]\npage = \"many\"", "limits.page"),
        ("public_url = \"chat\"", "public_url"),
        ("trusted_proxies = [\"everybody\"]", "trusted_proxies"),
    ] {
        let output = run(text);
        assert_eq!(output.status.code(), Some(78), "{text}");
        assert!(sentence(&output).contains(named), "{output:?}");
    }
    let output = run("[limits]\npage = 7");
    assert!(output.status.success());
    assert!(String::from_utf8(output.stdout).unwrap().contains("page = 7"));
}

#[test]
fn weak_keys_and_links_in_place_of_files_refuse_to_start() {
    let data = tempfile::tempdir().unwrap();
    let weak =
        r#"{"tokens":[{"id":"a","key":"c2VjcmV0"}],"guests":[{"id":"b","key":"c2VjcmV0Mg"}]}"#;
    let keys = data.path().join("keys.json");
    std::fs::write(&keys, weak).unwrap();
    std::fs::set_permissions(&keys, PermissionsExt::from_mode(0o600)).unwrap();
    let output = run(data.path(), "127.0.0.1:0");
    assert_eq!(output.status.code(), Some(78));
    assert!(sentence(&output).contains("tokens"));

    let data = tempfile::tempdir().unwrap();
    let elsewhere = data.path().join("elsewhere");
    std::fs::write(&elsewhere, "mine").unwrap();
    std::os::unix::fs::symlink(&elsewhere, data.path().join("support.db")).unwrap();
    let output = run(data.path(), "127.0.0.1:0");
    assert_eq!(output.status.code(), Some(73));
    assert_eq!(std::fs::read_to_string(&elsewhere).unwrap(), "mine");
}

#[test]
fn who_does_not_finish_a_request_is_closed_and_holds_nobody_up() {
    let server = Server::with(&[("SUPPORT_LIMITS_CONNECT_TIMEOUT_MS", "500")]);
    let open = |sent: &str| {
        let mut stream = TcpStream::connect(server.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        stream.write_all(sent.as_bytes()).unwrap();
        stream
    };
    let slow: Vec<TcpStream> = [
        "",
        "GET / HTTP/1.1\r\n",
        "GET / HTTP/1.1\r\nhost: x\r\nx-",
        "POST /agent/login HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n\
         content-length: 100\r\n\r\n{",
        "GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n",
    ]
    .iter()
    .cycle()
    .take(200)
    .map(|sent| open(sent))
    .collect();

    let mut quick = open("GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
    let mut answer = String::new();
    quick.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    for mut stream in slow {
        // Ends: with nothing, or with an answer, but it ends.
        let _ = stream.read_to_end(&mut Vec::new()).unwrap();
    }
}
