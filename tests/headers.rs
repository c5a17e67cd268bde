//! What every answer tells a browser (T57), whatever it is an answer to: pages, files, refusals of
//! every status, and those of the layers in front of the routes.

use reqwest::{Method, RequestBuilder, Response};
use serde_json::json;

use crate::support::{
    people::{Agent, Guest, http},
    process::{PASSWORD, Server},
};

/// Whether it may be kept, and shown by others' pages.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind {
    /// A page or a file of ours.
    Page,
    /// Anything else, which is nobody else's and nothing to keep.
    Data,
}

fn assert_headed(response: &Response, kind: Kind, what: &str) {
    let header = |name: &str| {
        let value = response.headers().get(name).unwrap_or_else(|| panic!("{what}: no {name}"));
        value.to_str().unwrap().to_owned()
    };
    assert_eq!(header("x-content-type-options"), "nosniff", "{what}");
    assert_eq!(header("x-frame-options"), "DENY", "{what}");
    assert_eq!(header("cross-origin-opener-policy"), "same-origin", "{what}");
    assert_eq!(header("referrer-policy"), "same-origin", "{what}");
    assert_eq!(header("strict-transport-security"), "max-age=31536000", "{what}");
    let policy = header("content-security-policy");
    // What is not named falls back to `default-src`, these two do not.
    for part in ["default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'"] {
        assert!(policy.split("; ").any(|it| it == part), "{what}: {part} in {policy}");
    }
    assert!(!policy.contains("unsafe") && !policy.contains('*'), "{what}: {policy}");
    assert!(!policy.contains("object-src"), "{what}: {policy}");
    if kind == Kind::Data {
        assert_eq!(header("cache-control"), "no-store", "{what}");
    }
}

#[tokio::test]
async fn every_answer_of_every_status_says_how_a_browser_may_treat_it() {
    let server = Server::with(&[
        ("SUPPORT_PUBLIC_URL", "https://chat.example"),
        // Used up by the first that is asked for, and for an hour.
        ("SUPPORT_LIMITS_ADDRESS_GUEST_SESSIONS", "1"),
    ]);
    let mut maya = http().post(server.url("/guest/session")).send().await.unwrap();
    let cookie = maya.headers_mut().remove("set-cookie").unwrap();
    let cookie = cookie.to_str().unwrap().split(';').next().unwrap().to_owned();
    assert_headed(&maya, Kind::Data, "a session");
    let token = Agent::token(&server, "alice", PASSWORD).await.unwrap();
    let get = |path: &str| http().get(server.url(path));
    let post = |path: &str| http().post(server.url(path));
    let agent = |request: RequestBuilder| request.bearer_auth(&token);
    let login = |password: &str| json!({ "username": "bob", "password": password });
    let polling = "/socket.io/?EIO=4&transport=polling";
    let index = get("/").send().await.unwrap().text().await.unwrap();
    let (_, asset) = index.split_once("=\"/assets/").unwrap();
    let asset = format!("/assets/{}", asset.split('"').next().unwrap());

    let (page, data) = (Kind::Page, Kind::Data);
    let asked: Vec<(RequestBuilder, u16, Kind)> = vec![
        (get("/"), 200, page),
        (get("/?embedded=1"), 200, page),
        (get("/plain"), 200, page),
        (get("/embed.js"), 200, page),
        (get(&asset), 200, page),
        (get("/healthz"), 200, data),
        (get("/readyz"), 200, data),
        (get("/api/v1/openapi.json"), 200, data),
        (agent(get("/agent/me")), 200, data),
        (agent(get("/api/v1/tickets")), 200, data),
        (get(polling), 200, data),
        (get("/api/v1/tickets?limit=x"), 400, data),
        (post("/agent/login").json(&json!({})), 400, data),
        (get("/socket.io/?EIO=3&transport=polling"), 400, data),
        (get(&format!("{polling}&sid=AAAAAAAAAAAAAAAA")), 400, data),
        (post(&format!("{polling}&sid=AAAAAAAAAAAAAAAA")).body("40"), 400, data),
        (get("/agent/me"), 401, data),
        (post("/agent/login").json(&login("wrong one")), 401, data),
        (get("/guest/tickets/01HZZZZZZZZZZZZZZZZZZZZZZZ/transcript"), 401, data),
        (get(polling).header("origin", "https://evil.example"), 403, data),
        (post("/guest/session").header("origin", "null"), 403, data),
        (agent(get("/api/v1/agents")), 403, data),
        (get("/nowhere"), 404, data),
        (get("/assets/nothing.js"), 404, data),
        (get("/socket.io-admin"), 404, data),
        (agent(get("/api/v1/tickets/01HZZZZZZZZZZZZZZZZZZZZZZZ")), 404, data),
        (
            get("/guest/tickets/01HZZZZZZZZZZZZZZZZZZZZZZZ/transcript").header("cookie", &cookie),
            404,
            data,
        ),
        (http().request(Method::DELETE, server.url("/")), 405, data),
        (http().request(Method::TRACE, server.url("/healthz")), 405, data),
        (get("/agent/login"), 405, data),
        (post("/agent/login").json(&login(&"x".repeat(5_000))), 413, data),
        (post("/agent/login").body("username=bob"), 415, data),
        (post("/guest/session"), 429, data),
    ];
    for (request, status, kind) in asked {
        let request = request.build().unwrap();
        let what = format!("{status} of {} {}", request.method(), request.url());
        let response = http().execute(request).await.unwrap();
        assert_eq!(response.status(), status, "{what}");
        assert_headed(&response, kind, &what);
        if status >= 400 && !what.contains("socket.io/") && !what.contains("/assets/") {
            assert_eq!(response.headers()["content-type"], "application/problem+json", "{what}");
        }
    }
}

/// What a guest has said is kept by no browser and by nobody in between, and is no page.
#[tokio::test]
async fn a_transcript_is_a_file_that_nobody_keeps() {
    let server = Server::start();
    let mut maya = Guest::arrives(&server).await;
    let ticket = maya.opens_a_ticket("<script>alert(1)</script>").await;
    let path = format!("/guest/tickets/{ticket}/transcript");
    let got = http().get(server.url(&path)).header("cookie", &maya.cookie).send().await.unwrap();

    assert_eq!(got.status(), 200);
    assert_eq!(got.headers()["cache-control"], "no-store");
    assert_eq!(got.headers()["content-type"], "text/plain; charset=utf-8");
    assert_eq!(got.headers()["x-content-type-options"], "nosniff");
    let disposition = got.headers()["content-disposition"].to_str().unwrap().to_owned();
    assert!(disposition.starts_with("attachment"), "{disposition}");
}

/// A server that cannot say yes now says so under the same headers.
#[tokio::test]
async fn an_answer_of_503_is_headed_too() {
    let server = Server::with(&[
        ("SUPPORT_PUBLIC_URL", "https://chat.example"),
        ("SUPPORT_LIMITS_HANDSHAKES_PER_SECOND", "1"),
    ]);
    let handshake = || http().get(server.url("/socket.io/?EIO=4&transport=polling")).send();
    let mut refused = handshake().await.unwrap();
    let deadline = std::time::Instant::now() + crate::support::DEADLINE;
    while refused.status() != 503 {
        assert!(std::time::Instant::now() < deadline, "never too many at once");
        refused = handshake().await.unwrap();
    }
    assert_headed(&refused, Kind::Data, "503");
}
