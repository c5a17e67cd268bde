//! What the desk is built of: nothing from outside the registry, nothing below a version that is
//! known to be broken, nothing that its licence forbids.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// Where all of it comes from, and nothing from anywhere else (T82).
const REGISTRY: &str = "registry+https://github.com/rust-lang/crates.io-index";

/// The packages of the lock file: name, version, source.
fn locked() -> Vec<(String, Vec<u64>, Option<String>)> {
    let text = std::fs::read_to_string(Path::new(ROOT).join("Cargo.lock")).unwrap();
    let field = |block: &str, name: &str| {
        let start = format!("{name} = \"");
        let line = block.lines().find_map(|line| line.strip_prefix(&start));
        line.map(|rest| rest.trim_end_matches('"').to_owned())
    };
    let blocks = text.split("[[package]]").skip(1);
    blocks
        .map(|block| {
            let version = field(block, "version").unwrap();
            let numbers = version.split(['.', '-', '+']).map_while(|part| part.parse().ok());
            (field(block, "name").unwrap(), numbers.collect(), field(block, "source"))
        })
        .collect()
}

#[test]
fn everything_comes_from_the_registry() {
    for (name, _, source) in locked() {
        let ours = name.starts_with("support-");
        assert!(
            source.as_deref() == Some(REGISTRY) || (ours && source.is_none()),
            "{name} comes from {source:?}"
        );
    }
}

#[test]
fn nothing_is_below_a_version_that_is_known_to_be_broken() {
    // The changelogs say what each of them mends: parsers that a stranger could make panic, sizes
    // without a bound, a second CONNECT that changed the identity.
    let floors = [
        ("socketioxide", [0, 18, 9]),
        ("engineioxide", [0, 17, 9]),
        ("engineioxide-core", [0, 2, 3]),
        ("socketioxide-parser-common", [0, 17, 3]),
        ("h2", [0, 4, 16]),
        ("time", [0, 3, 47]),
        ("lru", [0, 18, 2]),
        ("rustls-webpki", [0, 103, 10]),
    ];
    let locked = locked();
    for (name, floor) in floors {
        // Not all of them need be there.
        for (_, version, _) in locked.iter().filter(|it| it.0 == name) {
            assert!(version.as_slice() >= floor.as_slice(), "{name} {version:?}");
        }
    }
    for name in ["socketioxide", "engineioxide", "engineioxide-core", "socketioxide-parser-common"]
    {
        assert!(locked.iter().any(|it| it.0 == name), "{name} is still what it is called");
    }
}

#[test]
fn nothing_is_here_that_should_not_be() {
    let locked = locked();
    // A parser with two remote faults; an RSA with an open advisory; a malicious one that came with
    // a version of a crate that many use.
    for banned in ["socketioxide-parser-msgpack", "rsa", "proc-macro1"] {
        assert!(locked.iter().all(|it| it.0 != banned), "{banned}");
    }
    // Text is measured as it is drawn, or rows break.
    assert_eq!(locked.iter().filter(|it| it.0 == "unicode-width").count(), 1);
}

#[test]
fn every_licence_lets_us() {
    let allowed = [
        "0BSD",
        "Apache-2.0",
        "Apache-2.0 WITH LLVM-exception",
        "BSD-2-Clause",
        "BSD-3-Clause",
        "BSL-1.0",
        "CC0-1.0",
        "CDLA-Permissive-2.0",
        "ISC",
        "MIT",
        "MIT-0",
        "MPL-2.0",
        "OpenSSL",
        "Unicode-3.0",
        "Unicode-DFS-2016",
        "Unlicense",
        "WTFPL",
        "Zlib",
    ];
    let metadata = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--locked", "--offline"])
        .current_dir(ROOT)
        .output()
        .unwrap();
    let metadata: Value = serde_json::from_slice(&metadata.stdout).unwrap();
    let mut wrong = BTreeMap::new();
    for package in metadata["packages"].as_array().unwrap() {
        let name = package["name"].as_str().unwrap();
        let licence = package["license"].as_str().unwrap_or("none");
        // One of what an `OR` offers is enough; of an `AND` all are needed.
        let fits = licence.replace('/', " OR ").split(" AND ").all(|all| {
            let offered = all.trim_matches(['(', ')', ' ']).split(" OR ");
            offered.map(|it| it.trim_matches(['(', ')', ' '])).any(|it| allowed.contains(&it))
        });
        if !fits {
            wrong.insert(name.to_owned(), licence.to_owned());
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
