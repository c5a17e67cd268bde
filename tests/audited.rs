//! What is kept of logins and administration: who, what, whose, and how it ended.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{
    people::{Agent, http},
    process::{PASSWORD, Server},
};

type Row = (String, Option<String>, String);

fn row(who: &str, object: Option<&str>, result: &str) -> Row {
    (who.to_owned(), object.map(str::to_owned), result.to_owned())
}

#[tokio::test]
async fn administration_and_logins_are_kept_with_who_whose_and_how_it_ended() {
    let server = Server::with_admin();
    let (root, alice) =
        (Agent::signs_in(&server, "root").await, Agent::signs_in(&server, "alice").await);
    let id = async |agent: &Agent| {
        let (_, me) = agent.http(&server, Method::GET, "/agent/me", None).await;
        me["agent"]["id"].as_str().unwrap().to_owned()
    };
    let (root_id, alice_id) = (id(&root).await, id(&alice).await);
    let asks = async |agent: &Agent, method: Method, path: &str, body: Value| {
        agent.http(&server, method, path, Some(body)).await
    };
    // Those who were added before the server ran were added by whoever did.
    let before = server.audited_objects("add_agent");
    assert!(before.iter().all(|(who, ..)| who == "operator"), "{before:?}");

    let new = json!({ "username": "carol", "password": PASSWORD });
    let (_, added) = asks(&root, Method::POST, "/api/v1/agents", new.clone()).await;
    let carol_id = added["agent"]["id"].as_str().unwrap().to_owned();
    asks(&root, Method::POST, "/api/v1/agents", new.clone()).await;
    asks(&alice, Method::POST, "/api/v1/agents", new).await;
    let carol = "/api/v1/agents/carol";
    asks(&root, Method::PATCH, carol, json!({ "role": "admin" })).await;
    asks(&alice, Method::PATCH, carol, json!({ "disabled": true })).await;
    asks(&root, Method::PATCH, "/api/v1/agents/nobody", json!({ "disabled": true })).await;
    let by_id = format!("/api/v1/agents/{carol_id}");
    asks(&root, Method::PATCH, &by_id, json!({ "disabled": true })).await;
    asks(&root, Method::PATCH, "/api/v1/agents/root", json!({ "role": "agent" })).await;
    let wrong = json!({ "current": "not the password", "new": "another horse battery" });
    asks(&alice, Method::POST, "/agent/password", wrong).await;
    let right = json!({ "current": PASSWORD, "new": "another horse battery" });
    asks(&alice, Method::POST, "/agent/password", right).await;
    assert!(Agent::token(&server, "alice", "not the password").await.is_err());
    asks(&alice, Method::POST, "/agent/logout", json!({})).await;
    // Who is nobody is not kept.
    asks(&alice, Method::POST, "/agent/logout", json!({})).await;
    http().post(server.url("/agent/logout")).send().await.unwrap();

    let (root, alice, carol) = (root_id.as_str(), alice_id.as_str(), Some(carol_id.as_str()));
    assert_eq!(
        server.audited_objects("add_agent")[before.len()..],
        [row(root, carol, "ok"), row(root, carol, "conflict"), row(alice, carol, "forbidden")]
    );
    assert_eq!(
        server.audited_objects("change_agent"),
        [
            row(root, carol, "ok"),
            row(alice, carol, "forbidden"),
            row(root, None, "not_found"),
            row(root, carol, "ok"),
            row(root, Some(root), "conflict"),
        ]
    );
    assert_eq!(
        server.audited_objects("change_password"),
        [row(alice, None, "invalid_credentials"), row(alice, None, "ok")]
    );
    assert_eq!(
        server.audited_objects("sign_in"),
        [
            row(root, None, "ok"),
            row(alice, None, "ok"),
            row("stranger", None, "invalid_credentials")
        ]
    );
    assert_eq!(server.audited_objects("sign_out"), [row(alice, None, "ok")]);
}
