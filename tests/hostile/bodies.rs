//! Bodies where none is asked for, or where one may be left out: what is sent has to parse, whoever
//! sends it. And what the transport itself refuses, which reads like every other refusal.

use reqwest::{Method, RequestBuilder, StatusCode, header};
use serde_json::{Value, json};

use super::{asked, polling};
use crate::support::{
    people::{Agent, Guest, http},
    process::Server,
};

const JSON: &str = "application/json";

/// The status of an answer and the code in it, if it is a problem.
async fn answer(request: RequestBuilder) -> (StatusCode, Value) {
    let response = request.send().await.unwrap();
    let status = response.status();
    let is_problem = response
        .headers()
        .get(header::CONTENT_TYPE)
        .is_some_and(|kind| kind.to_str().unwrap() == "application/problem+json");
    let body: Value = response.json().await.unwrap_or_default();
    (status, if is_problem { body["code"].clone() } else { Value::Null })
}

#[tokio::test]
async fn a_body_that_nobody_asked_for_has_to_parse_all_the_same() {
    let server = Server::with_admin();
    let mut maya = Guest::arrives(&server).await;
    let ticket = maya.opens_a_ticket("hello").await;
    let root = Agent::signs_in(&server, "root").await;
    let new = json!({ "shortcut": "hi", "title": "Hi", "text": "Hello" });
    let (_, canned) = root.http(&server, Method::POST, "/api/v1/canned", Some(new)).await;
    let canned = canned["canned"]["id"].as_str().unwrap_or("01JD0000000000000000000000").to_owned();
    let (invalid, unsupported) = (
        (StatusCode::BAD_REQUEST, json!("invalid")),
        (StatusCode::UNSUPPORTED_MEDIA_TYPE, json!("invalid")),
    );

    for (method, path) in [
        (Method::POST, "/agent/refresh".to_owned()),
        (Method::POST, "/agent/logout".to_owned()),
        (Method::POST, format!("/api/v1/tickets/{ticket}/reopen")),
        (Method::POST, format!("/api/v1/tickets/{ticket}/close")),
        (Method::POST, "/guest/session".to_owned()),
        (Method::DELETE, format!("/api/v1/canned/{canned}")),
    ] {
        let stranger = || http().request(method.clone(), server.url(&path));
        let known = || stranger().bearer_auth(&root.token);
        for request in [&stranger as &dyn Fn() -> RequestBuilder, &known] {
            let sends = |kind: &str, body: &'static str| {
                request().header(header::CONTENT_TYPE, kind).body(body)
            };
            for body in ["{not json", "{bad", "[]", "\"x\"", "{} {}", "{\"a\":", "\0"] {
                assert_eq!(answer(sends(JSON, body)).await, invalid, "{method} {path} {body}");
            }
            assert_eq!(answer(sends("text/plain", "{}")).await, unsupported, "{path}");
            let zipped = sends(JSON, "{}").header(header::CONTENT_ENCODING, "gzip");
            assert_eq!(answer(zipped).await, unsupported, "{path}");
        }
        // Right ones are looked at for who sends them.
        let by_stranger =
            if path == "/guest/session" { StatusCode::OK } else { StatusCode::UNAUTHORIZED };
        let object = stranger().header(header::CONTENT_TYPE, JSON).body("{\"x\":1}");
        assert_eq!(answer(object).await.0, by_stranger, "{path}");
        assert_eq!(answer(stranger()).await.0, by_stranger, "{path}");
    }
    // Nothing of all this has closed anything or signed anybody out.
    assert_eq!(root.http(&server, Method::GET, "/agent/me", None).await.0, StatusCode::OK);
    let joined = maya.socket.done("ticket:join", json!({ "ticketId": ticket })).await;
    assert_eq!(joined["ticket"]["status"], "open");
}

#[tokio::test]
async fn no_body_is_none_however_it_is_announced() {
    let server = Server::start();
    let mut maya = Guest::arrives(&server).await;
    let ticket = maya.opens_a_ticket("hello").await;
    let alice = Agent::signs_in(&server, "alice").await;

    for (path, status) in [
        (format!("/api/v1/tickets/{ticket}/close"), 200),
        (format!("/api/v1/tickets/{ticket}/reopen"), 200),
        ("/agent/refresh".to_owned(), 200),
        ("/agent/logout".to_owned(), 204),
    ] {
        let request = format!(
            "POST {path} HTTP/1.1\r\nHost: desk\r\nAuthorization: Bearer {}\r\n\
             Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            alice.token
        );
        let (head, body) = asked(&server, &request).await;
        assert!(head.starts_with(&format!("HTTP/1.1 {status} ")), "{path}: {head} {body}");
    }
}

#[tokio::test]
async fn what_the_transport_refuses_reads_like_every_other_refusal() {
    const POLLING: &str = "/socket.io/?EIO=4&transport=polling";
    let server = Server::start();
    let ask = |method: &Method, path: &str| http().request(method.clone(), server.url(path));
    let session = polling(&server).await;

    for method in [Method::PUT, Method::OPTIONS, Method::DELETE, Method::PATCH, Method::TRACE] {
        for path in [POLLING, &session, "/socket.io/", "/socket.io"] {
            let response = ask(&method, path).send().await.unwrap();
            assert_eq!(response.headers()[header::ALLOW], "GET,POST", "{method} {path}");
            let code = answer(ask(&method, path)).await;
            assert_eq!(code, (StatusCode::METHOD_NOT_ALLOWED, json!("invalid")), "{method} {path}");
        }
    }
    let invalid = (StatusCode::BAD_REQUEST, json!("invalid"));
    for (method, path) in [
        (Method::GET, "/socket.io/?EIO=3&transport=polling"),
        (Method::GET, "/socket.io/?EIO=4&transport=foo"),
        (Method::GET, "/socket.io/"),
        (Method::GET, "/socket.io/?EIO=4&transport=websocket"),
        (Method::POST, POLLING),
        (Method::POST, "/socket.io/?EIO=4&transport=polling&sid=AAAAAAAAAAAAAAAA"),
        (Method::POST, "/socket.io/?EIO=4&transport=websocket&sid=AAAAAAAAAAAAAAAA"),
    ] {
        assert_eq!(answer(ask(&method, path)).await, invalid, "{method} {path}");
    }
    let large = ask(&Method::POST, &session).body(vec![b'4'; 70_000]);
    assert_eq!(answer(large).await, (StatusCode::PAYLOAD_TOO_LARGE, json!("too_large")));
}
