//! What a server does not start with: each is one sentence that names what is wrong, and the exit
//! status that says of which kind it is.

use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::Output;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::json;

use crate::support::{
    people::Agent,
    process::{self, PASSWORD, Server, Setup},
};

/// Runs a server that is expected to end by itself.
fn run(data: &Path) -> Output {
    process::run(&mut process::command(data, "127.0.0.1:0"))
}

fn assert_refused(output: &Output, status: i32, named: &str) {
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(status), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
    assert!(said.contains(named), "{named} in {said}");
    assert!(output.stdout.is_empty());
}

/// A data directory that a server has used.
fn used() -> tempfile::TempDir {
    let mut server = Server::start();
    assert_eq!(server.stop(), 0);
    server.into_data()
}

fn chmod(path: &Path, mode: u32) {
    std::fs::set_permissions(path, PermissionsExt::from_mode(mode)).unwrap();
}

/// T20: a key that can be guessed, or that is used for two things.
#[test]
fn a_weak_or_a_shared_key_is_refused_and_the_ring_named() {
    let key = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    let (one, other) = (key(&[1; 32]), key(&[2; 32]));
    let data = tempfile::tempdir().unwrap();
    let file = data.path().join("keys.json");

    for (tokens, guests, named) in [
        (key(b"secret"), other.clone(), "tokens"),
        (key(&[1; 31]), other.clone(), "tokens"),
        (one.clone(), key(&[2; 31]), "guests"),
        (one.clone(), key(b"secret"), "guests"),
        ("not base64!".to_owned(), other.clone(), "tokens"),
        (String::new(), other.clone(), "tokens"),
        (one.clone(), one.clone(), "one key for tokens and cookies"),
    ] {
        let ring = |id: &str, key: &str| json!([{ "id": id, "key": key }]);
        let keys = json!({ "tokens": ring("a", &tokens), "guests": ring("b", &guests) });
        std::fs::write(&file, keys.to_string()).unwrap();
        chmod(&file, 0o600);
        assert_refused(&run(data.path()), 78, named);
    }
    std::fs::write(&file, json!({ "tokens": [], "guests": [] }).to_string()).unwrap();
    assert_refused(&run(data.path()), 78, "tokens");
    std::fs::write(&file, "{").unwrap();
    assert_refused(&run(data.path()), 78, "keys.json");
}

/// T76: what others can read, or have put there.
#[test]
fn data_that_others_can_read_or_have_linked_is_refused_and_left_alone() {
    let data = used();
    let (store, keys) = (data.path().join("support.db"), data.path().join("keys.json"));
    let bytes = std::fs::read(&store).unwrap();

    for file in [&store, &keys] {
        for mode in [0o644, 0o640, 0o660, 0o602] {
            chmod(file, mode);
            assert_refused(&run(data.path()), 78, &file.display().to_string());
        }
        chmod(file, 0o600);
    }
    let elsewhere = tempfile::tempdir().unwrap();
    let moved = elsewhere.path().join("support.db");
    std::fs::rename(&store, &moved).unwrap();
    symlink(&moved, &store).unwrap();
    assert_refused(&run(data.path()), 73, "support.db");
    assert_eq!(std::fs::read(&moved).unwrap(), bytes);
    std::fs::remove_file(&store).unwrap();
    std::fs::rename(&moved, &store).unwrap();
    assert_eq!(Server::on(data, Setup::with(&[])).stop(), 0);
}

/// T30: no account comes with the server, and no password is an argument that everybody on the
/// machine can read.
#[tokio::test]
async fn no_account_is_built_in_and_a_password_is_no_argument() {
    // As often as one likes, so that it is the password that is refused.
    let server = Server::first_start_with(&[
        ("SUPPORT_LIMITS_LOGIN_TRIES", "0"),
        ("SUPPORT_LIMITS_LOGIN_ADDRESS_TRIES", "0"),
    ]);
    for name in ["admin", "root", "support", "agent", "guest", ""] {
        for password in ["admin", "password", "changeme", "support", name, ""] {
            let refused = Agent::token(&server, name, password).await.unwrap_err();
            let code = refused["code"].as_str().unwrap();
            assert!(
                ["invalid_credentials", "invalid"].contains(&code),
                "{name} {password}: {code}"
            );
        }
    }

    let data = tempfile::tempdir().unwrap();
    for arguments in [
        &["agent", "add", "carol", "--password", PASSWORD][..],
        &["agent", "add", "carol", &format!("--password={PASSWORD}")],
        &["agent", "add", "carol", PASSWORD],
        &["--password", PASSWORD],
    ] {
        let mut command = process::command(data.path(), "127.0.0.1:0");
        let output = process::run(command.args(arguments));
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(!data.path().join("support.db").exists(), "{arguments:?}");
    }
}

/// T81: an address that others can reach without encryption is warned of, loudly and once.
#[test]
fn an_open_address_without_tls_is_warned_of() {
    let warned = |listen: &str, settings: &[(&str, &str)]| {
        let mut server = Setup::with(settings).listening(listen).start(&["alice"]);
        let said = server.last_words();
        let warnings = said.iter().filter(|line| line.starts_with("warning: "));
        let warnings: Vec<&String> = warnings.collect();
        assert!(warnings.len() <= 1, "{said:?}");
        warnings.first().is_some_and(|line| {
            line.contains("without encryption") && line.contains("--public-url https://")
        })
    };

    assert!(warned("0.0.0.0:0", &[]));
    // The same as one address for both families, where the machine has both.
    if std::net::TcpListener::bind("[::]:0").is_ok() {
        assert!(warned("[::]:0", &[]));
    }
    assert!(warned("0.0.0.0:0", &[("SUPPORT_PUBLIC_URL", "http://chat.example")]));
    assert!(!warned("0.0.0.0:0", &[("SUPPORT_PUBLIC_URL", "https://chat.example")]));
    assert!(!warned("127.0.0.1:0", &[]));
}

/// A flag weighs more than the environment, and that more than the file: on one setting.
#[test]
fn a_flag_weighs_more_than_the_environment_and_that_more_than_the_file() {
    let data = tempfile::tempdir().unwrap();
    let file = data.path().join("support.toml");
    let text = "public_url = \"https://file.example\"\nmetrics = \"127.0.0.1:1\"\n\
                trusted_proxies = [\"10.0.0.1\"]\n[limits]\npage = 11\n";
    std::fs::write(&file, text).unwrap();
    let variables = [
        ("SUPPORT_PUBLIC_URL", "https://variable.example"),
        ("SUPPORT_METRICS", "127.0.0.1:2"),
        ("SUPPORT_TRUSTED_PROXIES", "10.0.0.2"),
        ("SUPPORT_LIMITS_PAGE", "12"),
    ];
    let flags = [
        ["--public-url", "https://flag.example"],
        ["--metrics", "127.0.0.1:3"],
        ["--trusted-proxies", "10.0.0.3"],
    ];
    let in_force = |with_variables: bool, with_flags: bool| {
        let mut command = process::command(data.path(), "127.0.0.1:0");
        command.arg("--config").arg(&file);
        command.envs(variables.iter().filter(|_| with_variables).copied());
        command.args(flags.iter().filter(|_| with_flags).flatten());
        let output = process::run(command.arg("check-config"));
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };

    for (variables, flags, name, number, page) in [
        (false, false, "file", 1, 11),
        (true, false, "variable", 2, 12),
        (true, true, "flag", 3, 12),
        (false, true, "flag", 3, 11),
    ] {
        let text = in_force(variables, flags);
        for line in [
            format!("public_url = \"https://{name}.example:443\""),
            format!("metrics = \"127.0.0.1:{number}\""),
            format!("page = {page}"),
        ] {
            assert!(text.lines().any(|it| it == line), "{line} in {text}");
        }
        assert!(text.contains(&format!("trusted_proxies = [\"10.0.0.{number}")), "{text}");
    }
}
