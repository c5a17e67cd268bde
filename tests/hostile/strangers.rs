//! What somebody can make happen who is nobody: it is counted, and nothing of it is kept for ever.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::process::Server;

/// Wrong passwords that are kept of one address at most: `login_address_tries`, and one more for
/// each of the waits that have passed meanwhile.
const KEPT: usize = 30 + 5;

#[tokio::test]
async fn a_stranger_cannot_fill_the_audit() {
    let server = Server::start();
    let web = reqwest::Client::new();
    let ask = async |method: &Method, path: &str, token: Option<&str>, body: &Value| {
        let request = web.request(method.clone(), server.url(path)).json(body);
        let request = match token {
            Some(token) => request.bearer_auth(token),
            None => request,
        };
        request.send().await.unwrap().status()
    };
    let new = json!({ "username": "eve", "password": "correct horse battery" });

    for number in 0..100 {
        let guess = json!({ "username": format!("name{number}"), "password": "wrong password" });
        for (method, path, body) in [
            (Method::POST, "/agent/login", &guess),
            (
                Method::POST,
                "/agent/login",
                &json!({ "username": "alice", "password": "wrong one" }),
            ),
            (Method::POST, "/agent/logout", &json!({})),
            (Method::POST, "/agent/password", &json!({ "current": "a", "new": "b" })),
            (Method::POST, "/api/v1/agents", &new),
            (Method::PATCH, "/api/v1/agents/alice", &json!({ "disabled": true })),
        ] {
            for token in [None, Some("x.y.z")] {
                let status = ask(&method, path, token, body).await;
                let known = [StatusCode::UNAUTHORIZED, StatusCode::TOO_MANY_REQUESTS];
                assert!(known.contains(&status), "{method} {path}: {status}");
            }
        }
    }

    let kept = server.audited("sign_in");
    assert!((1..=KEPT).contains(&kept.len()), "{}", kept.len());
    assert!(kept.iter().all(|(who, result)| who == "stranger" && result == "invalid_credentials"));
    for what in ["sign_out", "change_password", "add_agent", "change_agent"] {
        // Those that stand there were done by whoever set the desk up.
        assert!(server.audited(what).iter().all(|(who, _)| who == "operator"), "{what}");
    }
}
