//! How much one page of a list holds: so many entries, and so many bytes.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

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

/// T71: pages of messages of the largest size, of both logs and by every way to read them.
#[tokio::test]
async fn a_page_of_messages_ends_before_its_bytes_and_the_next_one_goes_on() {
    const MANY: u64 = 200;
    const NOTES: u64 = 40;
    let server = Server::with(&UNLIMITED);
    let mut maya = Guest::arrives(&server).await;
    let mut alice = Agent::signs_in(&server, "alice").await;
    let wide = "\u{1f4a9}".repeat(4_000);
    let ticket = maya.opens_a_ticket(&wide).await;
    for number in 1..MANY {
        let text =
            json!({ "ticketId": ticket, "content": wide, "clientMessageId": format!("k{number}") });
        maya.socket.done("message:send", text).await;
    }
    for number in 0..NOTES {
        let note = json!({
            "ticketId": ticket, "content": wide, "clientMessageId": format!("n{number}"),
            "internal": true,
        });
        alice.socket.done("message:send", note).await;
    }
    // The numbers of a page that is one, and whether there is more.
    let read = |page: &Value, entries: &str, number: &str| {
        let bytes = page[entries].to_string().len();
        assert!(bytes <= PAGE, "{bytes}");
        let entries = page[entries].as_array().unwrap();
        assert!(!entries.is_empty());
        let numbers: Vec<_> = entries.iter().map(|it| it[number].as_u64().unwrap()).collect();
        (numbers, page["hasMore"] == true)
    };

    // Backwards, by either door.
    for (notes, number, many) in [(false, "seq", MANY), (true, "noteSeq", NOTES)] {
        let (mut seen, mut pages, mut before) = (Vec::new(), 0, many + 1);
        loop {
            let asked =
                json!({ "ticketId": ticket, "before": before, "limit": 200, "notes": notes });
            let page = alice.socket.done("message:list", asked).await;
            let path = format!(
                "/api/v1/tickets/{ticket}/messages?before={before}&limit=200&notes={notes}"
            );
            assert_eq!(alice.http(&server, Method::GET, &path, None).await.1, page);
            if !notes {
                let asked = json!({ "ticketId": ticket, "before": before, "limit": 200 });
                assert_eq!(maya.socket.done("message:list", asked).await, page);
            }
            let (mut numbers, more) = read(&page, "messages", number);
            before = numbers[0];
            numbers.append(&mut seen);
            seen = numbers;
            pages += 1;
            if !more {
                break;
            }
        }
        assert!(pages > 1, "{pages}");
        assert_eq!(seen, (1..=many).collect::<Vec<_>>());
    }
    // Forwards, as one who comes back.
    for (socket, silent) in [(&mut maya.socket, false), (&mut alice.socket, true)] {
        let mut seen = Vec::new();
        loop {
            let after = json!({
                "ticketId": ticket, "afterSeq": seen.len(), "limit": 200, "silent": silent,
            });
            let joined = socket.done("ticket:join", after).await;
            let (numbers, more) = read(&joined, "messages", "seq");
            assert!(joined["notes"].to_string().len() <= PAGE);
            seen.extend(numbers);
            if !more {
                break;
            }
        }
        assert_eq!(seen, (1..=MANY).collect::<Vec<_>>());
    }
}

/// T71: numbers of entries that no entry can have, at the edges of what a store counts with.
#[tokio::test]
async fn a_place_beyond_the_last_entry_is_after_all_of_them_however_far() {
    let server = Server::with(&UNLIMITED);
    let mut maya = Guest::arrives(&server).await;
    let mut alice = Agent::signs_in(&server, "alice").await;
    let ticket = maya.opens_a_ticket("one").await;
    let two = json!({ "ticketId": ticket, "content": "two", "clientMessageId": "k" });
    maya.socket.done("message:send", two).await;
    let seqs = |page: &Value| -> Vec<u64> {
        let messages = page["messages"].as_array().unwrap();
        messages.iter().map(|it| it["seq"].as_u64().unwrap()).collect()
    };

    for number in [
        4_294_967_296,
        (1 << 53) + 1,
        (1 << 63) - 1,
        1 << 63,
        (1 << 63) + 1,
        u64::MAX - 1,
        u64::MAX,
    ] {
        for (socket, silent) in [(&mut maya.socket, false), (&mut alice.socket, true)] {
            let before = json!({ "ticketId": ticket, "before": number });
            let page = socket.done("message:list", before).await;
            assert_eq!((seqs(&page), &page["hasMore"]), (vec![1, 2], &json!(false)), "{number}");
            // Who claims to have more than there is begins again.
            let after = json!({ "ticketId": ticket, "afterSeq": number, "silent": silent });
            let joined = socket.done("ticket:join", after).await;
            assert_eq!((seqs(&joined), &joined["reset"]), (vec![1, 2], &json!(true)));
        }
        let path = format!("/api/v1/tickets/{ticket}/messages?before={number}");
        let (status, page) = alice.http(&server, Method::GET, &path, None).await;
        assert_eq!((status, seqs(&page)), (StatusCode::OK, vec![1, 2]), "{number}");
    }
    for number in ["-1", "-9223372036854775808", "1.5", "\"50\"", "1e2", "[]", "{}"] {
        for field in ["before", "afterSeq", "limit"] {
            let event = if field == "afterSeq" { "ticket:join" } else { "message:list" };
            let asked = format!(r#"["{event}",{{"ticketId":"{ticket}","{field}":{number}}}]"#);
            let sent = maya.socket.raw(&asked).await;
            assert_eq!(maya.socket.ack(sent).await["error"]["code"], "invalid", "{asked}");
        }
    }
    // Nothing is as good as null.
    for asked in [
        json!({ "ticketId": ticket, "limit": null, "before": null }),
        json!({ "ticketId": ticket, "limit": 1_000_000_000 }),
    ] {
        assert_eq!(seqs(&maya.socket.done("message:list", asked).await), [1, 2]);
    }
}
