//! Canned replies from the command line to the store: admins change them, agents read them, the
//! audit says who did, and they are there after a restart.

use std::process::Output;

use serde_json::{Value, json};

use crate::support::{
    people::{Agent, http},
    process::{PASSWORD, Server},
    script::{agent, signed_in},
};

fn json(output: &Output) -> Value {
    assert!(output.status.success(), "{output:?}");
    serde_json::from_slice(&output.stdout).unwrap()
}

#[tokio::test]
async fn admins_keep_the_canned_replies_and_agents_read_them() {
    let server = Server::with_admin();
    let (root, alice) = (signed_in(&server, "root"), signed_in(&server, "alice"));
    let as_root =
        |arguments: &[&str], input: &str| agent(&server.url(""), root.path(), arguments, input);

    // The text may come from standard input, with its lines.
    let refund = "Dear {guest.name},\nwe refund {amount} today.";
    let add = ["canned", "add", "refund", "--title", "A refund", "--json"];
    let added = json(&as_root(&add, refund));
    assert_eq!(added["canned"]["text"], refund);
    let add = ["canned", "add", "Hello", "--title", "First words", "--text", "Hello!"];
    let said = as_root(&add, "");
    assert_eq!(String::from_utf8(said.stdout).unwrap(), "hello: First words\n");
    // A shortcut is given once; what is none is refused.
    assert_eq!(as_root(&add, "").status.code(), Some(6));
    let add = ["canned", "add", "no good", "--title", "x", "--text", "x"];
    assert_eq!(as_root(&add, "").status.code(), Some(2));

    // Agents read them and change nothing.
    let listed = json(&agent(&server.url(""), alice.path(), &["canned", "list", "--json"], ""));
    let shortcuts: Vec<&Value> =
        listed["canned"].as_array().unwrap().iter().map(|it| &it["shortcut"]).collect();
    assert_eq!(shortcuts, ["hello", "refund"]);
    let removed = agent(&server.url(""), alice.path(), &["canned", "remove", "hello"], "");
    assert_eq!(removed.status.code(), Some(4), "{removed:?}");

    let edit = ["canned", "edit", "refund", "--shortcut", "money", "--title", "Money back"];
    assert!(as_root(&edit, "").status.success());
    assert!(as_root(&["canned", "remove", "/hello"], "").status.success());
    assert_eq!(as_root(&["canned", "remove", "hello"], "").status.code(), Some(5));
    let who: Vec<(String, String)> = ["add_canned", "change_canned", "remove_canned"]
        .iter()
        .flat_map(|what| server.audited(what))
        .collect();
    assert_eq!(who.iter().filter(|(_, result)| result == "ok").count(), 4, "{who:?}");
    assert_eq!(who.iter().filter(|(_, result)| result == "forbidden").count(), 1, "{who:?}");

    let mut server = server;
    assert_eq!(server.stop(), 0);
    let server = server.start_again();
    let home = signed_in(&server, "alice");
    let listed = agent(&server.url(""), home.path(), &["canned", "list"], "");
    let listed = String::from_utf8(listed.stdout).unwrap();
    assert!(listed.contains("money") && listed.contains("Money back"), "{listed}");
    assert!(listed.contains("Dear {guest.name}, we refund {amount} today."), "{listed}");
    assert!(!listed.contains("hello"), "{listed}");
}

#[tokio::test]
async fn a_canned_reply_is_as_long_as_a_message_at_most() {
    let server = Server::with_admin();
    let token = Agent::token(&server, "root", PASSWORD).await.unwrap();
    let add = async |text: String| {
        let new = json!({ "shortcut": "long", "title": "Long", "text": text });
        let request = http().post(server.url("/api/v1/canned")).bearer_auth(&token).json(&new);
        request.send().await.unwrap().status().as_u16()
    };

    assert_eq!(add("x".repeat(4_001)).await, 413);
    assert_eq!(add(" \n".to_owned()).await, 400);
    assert_eq!(add("x".repeat(4_000)).await, 201);
}
