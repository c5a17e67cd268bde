//! What an operator sets: every mistake is refused by name before anything is opened, whichever way it
//! came in, and no secret is said.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Output;

use crate::support::process;

fn check(data: &Path, variables: &[(&str, &str)], arguments: &[&str]) -> Output {
    let mut command = process::command(data, "127.0.0.1:0");
    process::run(command.envs(variables.iter().copied()).arg("check-config").args(arguments))
}

/// The one sentence of a refusal.
fn refused(output: &Output) -> String {
    let said = String::from_utf8(output.stderr.clone()).unwrap();
    assert_eq!((output.status.code(), said.lines().count()), (Some(78), 1), "{output:?}");
    assert!(output.stdout.is_empty(), "{output:?}");
    said
}

/// T81.
#[test]
fn a_variable_that_is_nearly_a_setting_is_refused_by_name() {
    let data = tempfile::tempdir().unwrap();

    for name in ["SUPPORT_LIMITS_GUESTS", "SUPPORT_LISTN", "SUPPORT_PUBLICURL"] {
        let said = refused(&check(data.path(), &[(name, "3")], &[]));
        assert!(said.contains(&format!("{name}: ")), "{said}");
        // Not only when it is asked for.
        let mut serve = process::command(&data.path().join("new"), "127.0.0.1:0");
        assert!(refused(&process::run(serve.env(name, "3"))).contains(name));
        assert!(!data.path().join("new").exists());
    }
    // The console's are its own, and a cluster's are nobody's.
    let others = [
        ("SUPPORT_SERVER", "http://127.0.0.1:1"),
        ("SUPPORT_AGENT_THEME", "mono"),
        ("SUPPORT_LOG", "warn"),
        ("SUPPORT_LOG_FORMAT", "json"),
        ("SUPPORT_SERVICE_HOST", "10.0.0.1"),
        ("SUPPORT_PORT", "tcp://10.0.0.1:80"),
    ];
    assert!(check(data.path(), &others, &[]).status.success());
}

/// T81.
#[test]
fn a_value_that_is_none_is_refused_the_same_by_flag_variable_and_file() {
    let data = tempfile::tempdir().unwrap();
    let file = data.path().join("support.toml");
    let path = file.to_str().unwrap();
    // `--listen` is given by the tests themselves.
    let without = |key: &str| {
        let mut command = std::process::Command::new(process::SERVER);
        command.env_clear().arg("--data").arg(data.path()).arg("check-config");
        let variable = format!("SUPPORT_{}", key.to_ascii_uppercase());
        (command, format!("--{}", key.replace('_', "-")), variable)
    };

    for key in ["listen", "metrics", "public_url", "embed_origins", "trusted_proxies", "store"] {
        let (mut by_flag, flag, _) = without(key);
        let (mut by_variable, _, variable) = without(key);
        let (mut by_file, _, _) = without(key);
        let list = key == "embed_origins" || key == "trusted_proxies";
        let text = if list { format!("{key} = [\"abc\"]") } else { format!("{key} = \"abc\"") };
        std::fs::write(&file, text).unwrap();

        for output in [
            process::run(by_flag.args([&flag, "abc"])),
            process::run(by_variable.env(variable, "abc")),
            process::run(by_file.args(["--config", path])),
        ] {
            let said = refused(&output);
            assert!(said.contains(&format!("{key}: ")), "{said}");
        }
    }
    for (text, named) in [
        ("data = \"x\"\nstore = 7", "line 2: store: "),
        ("listen = 3000", "line 1: listen: "),
        ("\n\n\nlisten = \"127.0.0.1:1", "line 4: "),
        ("[limits]\npage = 1\npage = 2", "line 3: "),
    ] {
        std::fs::write(&file, text).unwrap();
        let said = refused(&check(data.path(), &[], &["--config", path]));
        assert!(said.contains(named), "{text}: {said}");
    }
}

#[test]
fn no_secret_of_an_address_is_printed() {
    let data = tempfile::tempdir().unwrap();

    for store in [
        "mongodb://u:CANARY1@h/desk",
        "mongodb://u:CANARY2/x?y@h/desk",
        "mongodb://u:p@h/desk?tlsCertificateKeyFilePassword=CANARY3&w=majority",
        "mongodb://h/desk?authMechanismProperties=AWS_SESSION_TOKEN:CANARY4",
    ] {
        let output = check(data.path(), &[], &["--store", store]);
        assert!(output.status.success(), "{output:?}");
        let printed = String::from_utf8(output.stdout).unwrap();
        assert!(printed.contains("store = \"mongodb://"), "{printed}");
        assert!(!printed.contains("CANARY"), "{printed}");
    }
}

/// T81: secrets that the world can read.
#[test]
fn a_password_in_a_file_that_everybody_can_read_is_refused() {
    let data = tempfile::tempdir().unwrap();
    let file = data.path().join("support.toml");
    let checked = |text: &str, mode: u32| {
        std::fs::write(&file, text).unwrap();
        std::fs::set_permissions(&file, PermissionsExt::from_mode(mode)).unwrap();
        check(data.path(), &[], &["--config", file.to_str().unwrap()])
    };

    for (store, is_secret) in [
        ("mongodb://desk:CANARY@h/desk", true),
        ("mongodb://h/desk?tlsCertificateKeyFilePassword=CANARY", true),
        ("mongodb://h/desk", false),
        ("sqlite", false),
    ] {
        let text = format!("store = \"{store}\"");
        for (mode, is_read) in [(0o644, true), (0o604, true), (0o640, false), (0o600, false)] {
            let output = checked(&text, mode);
            if is_secret && is_read {
                let said = refused(&output);
                assert!(said.contains("store: ") && said.contains("chmod 600"), "{said}");
                assert!(!said.contains("CANARY"), "{said}");
            } else {
                assert!(output.status.success(), "{store} {mode:o}: {output:?}");
            }
        }
    }
}
