//! How much one page of a list holds: so many entries, and so many bytes.

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
