//! How much one page of a list holds: so many entries, and so many bytes.

use reqwest::{Method, StatusCode};
use serde_json::json;

use super::UNLIMITED;
use crate::support::{
    people::{Agent, Guest},
    process::Server,
};

/// Bytes of a page at most, and what stands around its entries.
const PAGE: usize = 256 * 1024 + 1_024;

#[tokio::test]
async fn a_page_of_tickets_ends_before_its_bytes_and_the_next_one_goes_on() {
    const MANY: usize = 60;
    let wide =
        |length: usize, number: usize| format!("{number:03}{}", "\u{1f4a9}".repeat(length - 3));
    let mut settings = UNLIMITED.to_vec();
    settings.extend([
        ("SUPPORT_LIMITS_GUEST_OPEN_TICKETS", "0"),
        ("SUPPORT_LIMITS_GUEST_NEW_TICKETS", "0"),
    ]);
    let server = Server::with(&settings);
    let mut maya = Guest::arrives(&server).await;
    let mut alice = Agent::signs_in(&server, "alice").await;
    let tags: Vec<String> = (0..32).map(|number| wide(32, number)).collect();
    for number in 0..MANY {
        let new = json!({
            "content": "hello", "clientMessageId": format!("k{number}"), "subject": wide(200, number),
        });
        let ticket = maya.socket.done("ticket:create", new).await["ticket"]["id"].take();
        let tagged = json!({ "ticketId": ticket, "add": tags });
        alice.socket.done("ticket:tag", tagged).await;
    }

    let mut seen = Vec::new();
    let mut pages = 0;
    let mut cursor = json!(null);
    loop {
        let page =
            alice.socket.done("ticket:list", json!({ "limit": 200, "cursor": cursor })).await;
        let bytes = page["tickets"].to_string().len();
        assert!(bytes <= PAGE, "{bytes}");
        let tickets = page["tickets"].as_array().unwrap();
        assert!(!tickets.is_empty());
        seen.extend(tickets.iter().map(|ticket| ticket["id"].as_str().unwrap().to_owned()));
        pages += 1;
        cursor = page["nextCursor"].clone();
        if cursor.is_null() {
            break;
        }
    }

    assert!(pages > 1, "{pages}");
    assert_eq!(seen.len(), MANY);
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), MANY);
    let own = maya.socket.done("ticket:list", json!({ "limit": 200 })).await;
    assert!(own["tickets"].to_string().len() <= PAGE);
}

#[tokio::test]
async fn a_limit_over_the_maximum_is_clamped_however_large_it_is() {
    let mut settings = UNLIMITED.to_vec();
    settings.push(("SUPPORT_LIMITS_PAGE_MAX", "2"));
    let server = Server::with(&settings);
    let mut maya = Guest::arrives(&server).await;
    let mut alice = Agent::signs_in(&server, "alice").await;
    let mut ticket = String::new();
    for content in ["one", "two", "three"] {
        ticket = maya.opens_a_ticket(content).await;
    }
    for key in ["a", "b", "c"] {
        let text = json!({ "ticketId": ticket, "content": "x", "clientMessageId": key });
        maya.socket.done("message:send", text).await;
    }
    let messages = format!("/api/v1/tickets/{ticket}/messages");

    for limit in [
        "3",
        "4294967296",
        "9007199254740993",
        "18446744073709551615",
        "18446744073709551616",
        "99999999999999999999",
    ] {
        for (path, entries) in [("/api/v1/tickets", "tickets"), (&messages, "messages")] {
            let path = format!("{path}?limit={limit}");
            let (status, page) = alice.http(&server, Method::GET, &path, None).await;
            assert_eq!(status, StatusCode::OK, "{path}: {page}");
            assert_eq!(page[entries].as_array().unwrap().len(), 2, "{path}");
        }
        for (event, payload, entries) in [
            ("ticket:list", format!(r#"{{"limit":{limit}}}"#), "tickets"),
            ("message:list", format!(r#"{{"ticketId":"{ticket}","limit":{limit}}}"#), "messages"),
            ("ticket:join", format!(r#"{{"ticketId":"{ticket}","limit":{limit}}}"#), "messages"),
        ] {
            for socket in [&mut alice.socket, &mut maya.socket] {
                let number = socket.raw(&format!("[\"{event}\",{payload}]")).await;
                let ack = socket.ack(number).await;
                assert_eq!(ack["ok"], true, "{event} {payload}: {ack}");
                assert_eq!(ack["data"][entries].as_array().unwrap().len(), 2, "{event} {payload}");
            }
        }
    }
    for limit in ["0", "-1", "1.5", "1e2", "x", "-99999999999999999999"] {
        let path = format!("/api/v1/tickets?limit={limit}");
        let (status, problem) = alice.http(&server, Method::GET, &path, None).await;
        assert_eq!(
            (status, &problem["code"]),
            (StatusCode::BAD_REQUEST, &json!("invalid")),
            "{limit}"
        );
    }
}
