//! Two requests for one place in a log, let go together: one wins, and everybody can see which.

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::support::{
    people::{Agent, Guest},
    process::Server,
};

/// Conversations at the same time, and how often each is closed.
const TICKETS: usize = 8;
const ROUNDS: usize = 60;

/// Messages that run against each close.
const SENDS: usize = 2;

/// Nothing stands between a close and the reopening after it, and what was answered is what is there.
fn check(messages: &[Value], acked: &[String]) {
    let mut closed = false;
    let mut texts = Vec::new();
    for (place, message) in messages.iter().enumerate() {
        assert_eq!(message["seq"], place + 1);
        match message["event"]["type"].as_str() {
            Some("ticketClosed") => closed = true,
            Some("ticketReopened") => closed = false,
            Some(_) => {}
            None => {
                assert!(!closed, "after the close: {message}");
                texts.push(message["clientMessageId"].as_str().unwrap().to_owned());
            }
        }
    }
    // The first is the one that opened the ticket.
    assert_eq!(texts[1..], *acked);
}

#[tokio::test]
async fn a_message_and_a_close_let_go_together_never_both_win() {
    let server = Server::with(&[
        ("SUPPORT_LIMITS_GUEST_MESSAGES_PER_SECOND", "0"),
        ("SUPPORT_LIMITS_GUEST_MESSAGES_PER_MINUTE", "0"),
    ]);
    let mut guests = Vec::new();
    for _ in 0..TICKETS {
        let mut guest = Guest::arrives(&server).await;
        let mut agent = Agent::signs_in(&server, "alice").await;
        let ticket = guest.opens_a_ticket("hello").await;
        agent.socket.done("ticket:join", json!({ "ticketId": ticket, "silent": true })).await;
        guests.push((guest, agent, ticket));
    }

    let raced = join_all(guests.iter_mut().map(async |(guest, agent, ticket)| {
        let mut acked = Vec::new();
        let mut lost = 0;
        for round in 0..ROUNDS {
            let closing = json!({ "ticketId": ticket });
            let close = agent.socket.send("ticket:close", &closing);
            let sends = async {
                let mut numbers = Vec::new();
                for number in 0..SENDS {
                    let key = format!("r{round}-{number}");
                    let text =
                        json!({ "ticketId": ticket, "content": "x", "clientMessageId": key });
                    numbers.push((guest.socket.send("message:send", &text).await, key));
                }
                numbers
            };
            // In turn, so that neither has the start of the other.
            let (close, numbers) = if round % 2 == 0 {
                tokio::join!(close, sends)
            } else {
                let (numbers, close) = tokio::join!(sends, close);
                (close, numbers)
            };
            for (number, key) in numbers {
                let ack = guest.socket.ack(number).await;
                if ack["ok"] == true {
                    acked.push(key);
                } else {
                    assert_eq!(ack["error"]["code"], "ticket_closed");
                    lost += 1;
                }
            }
            assert_eq!(agent.socket.ack(close).await["ok"], true);
            agent.socket.done("ticket:reopen", json!({ "ticketId": ticket })).await;
        }
        (acked, lost)
    }))
    .await;

    let mut won = 0;
    let mut lost = 0;
    for ((guest, _, ticket), (acked, refused)) in guests.iter_mut().zip(raced) {
        let mut messages = Vec::new();
        loop {
            let after = json!({ "ticketId": ticket, "afterSeq": messages.len(), "limit": 200 });
            let mut joined = guest.socket.done("ticket:join", after).await;
            messages.append(joined["messages"].as_array_mut().unwrap());
            if joined["hasMore"] == false {
                break;
            }
        }
        check(&messages, &acked);
        won += acked.len();
        lost += refused;
    }
    println!("of {} messages {won} came before the close and {lost} after it", won + lost);
    // Both happen, or nothing has raced.
    assert!(won > 0 && lost > 0, "{won} {lost}");
}

/// T44: the same ticket asked for on many connections at once, with one place left and with none.
#[tokio::test]
async fn one_ticket_asked_for_on_many_connections_at_once_is_one_ticket() {
    for (name, most) in
        [("SUPPORT_LIMITS_GUEST_NEW_TICKETS", 2), ("SUPPORT_LIMITS_GUEST_OPEN_TICKETS", 2)]
    {
        let limit = most.to_string();
        let server = Server::with(&[(name, &limit)]);
        for round in 0..10 {
            let mut maya = Guest::arrives(&server).await;
            maya.opens_a_ticket("hello").await;
            let mut sockets = Vec::new();
            for _ in 0..9 {
                sockets.push(Guest::connect(&server, &maya.cookie).await.unwrap());
            }

            let last = json!({ "content": "x", "clientMessageId": "last" });
            let asked = sockets.iter_mut().map(|socket| socket.ask("ticket:create", last.clone()));
            let acks = join_all(asked).await;

            for ack in &acks {
                assert_eq!(ack["ok"], true, "{name}, round {round}: {ack}");
                assert_eq!(ack["data"]["ticket"]["id"], acks[0]["data"]["ticket"]["id"]);
                assert_eq!(ack["data"]["messages"].as_array().unwrap().len(), 1);
            }
            let own = maya.socket.done("ticket:list", json!({})).await;
            assert_eq!(own["tickets"].as_array().unwrap().len(), 2);
            // The place is used once, and is used.
            let one_more = json!({ "content": "x", "clientMessageId": "one-more" });
            let code = maya.socket.refused("ticket:create", one_more).await;
            assert!(["rate_limited", "conflict"].contains(&code.as_str()), "{code}");
        }
    }
}
