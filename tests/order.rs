//! Nothing lost, doubled or reordered: over reconnects, crashes and impatient clients.

use std::process::Command;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::support::{
    people::{Agent, Guest},
    process::{Server, run},
};

/// An agent may be as fast as it can.
const NO_RATE: (&str, &str) = ("SUPPORT_LIMITS_AGENT_MESSAGES_PER_SECOND", "0");

fn numbers(messages: &Value) -> Vec<u64> {
    messages.as_array().unwrap().iter().map(|message| message["seq"].as_u64().unwrap()).collect()
}

fn contents(messages: &Value) -> Vec<String> {
    let texts = messages.as_array().unwrap().iter();
    texts.map(|message| message["content"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn two_hundred_sends_without_waiting_arrive_dense_and_in_order() {
    let server = Server::with(&[NO_RATE]);
    let mut maya = Guest::arrives(&server).await;
    let mut alice = Agent::signs_in(&server, "alice").await;
    let ticket = maya.opens_a_ticket("hello").await;

    let mut sent = Vec::new();
    for number in 0..200 {
        let text = json!({
            "ticketId": ticket, "content": format!("m{number}"), "clientMessageId": format!("k{number}"),
        });
        sent.push(alice.socket.send("message:send", &text).await);
    }
    for (place, number) in sent.into_iter().enumerate() {
        let ack = alice.socket.ack(number).await;
        assert_eq!(ack["data"]["message"]["seq"], place + 2);
    }

    for place in 2..=201 {
        let notice = maya.socket.notice("message:new").await;
        let notice = if place == 2 && notice["message"]["seq"] == 1 {
            maya.socket.notice("message:new").await
        } else {
            notice
        };
        assert_eq!(notice["message"]["seq"], place);
    }
}

/// The official client, as other people's pages use it.
#[tokio::test]
async fn the_official_client_sends_two_hundred_messages_in_order() {
    let server = Server::with(&[NO_RATE]);
    let mut maya = Guest::arrives(&server).await;
    let ticket = maya.opens_a_ticket("hello").await;
    let alice = Agent::signs_in(&server, "alice").await;

    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/node/two_hundred.mjs");
    let output = tokio::task::spawn_blocking({
        let arguments = [server.url(""), alice.token.clone(), ticket.clone()];
        move || run(Command::new("node").arg(script).args(arguments))
    })
    .await
    .unwrap();

    assert!(output.status.success(), "{output:?}");
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(numbers(&answer["acked"]), (2..=201).collect::<Vec<_>>());
    assert_eq!(numbers(&answer["heard"]), (2..=201).collect::<Vec<_>>());
    assert_eq!(contents(&answer["heard"])[199], "m199");
}

#[tokio::test]
async fn who_comes_back_gets_exactly_what_it_has_not_seen() {
    let server = Server::start();
    let mut maya = Guest::arrives(&server).await;
    let mut alice = Agent::signs_in(&server, "alice").await;
    let ticket = maya.opens_a_ticket("one").await;
    for number in 2..=9 {
        let text = json!({
            "ticketId": ticket, "content": "x", "clientMessageId": format!("k{number}"),
        });
        alice.socket.done("message:send", text).await;
    }

    maya.returns(&server).await;
    let resume = json!({ "ticketId": ticket, "afterSeq": 4, "limit": 3 });
    let joined = maya.socket.done("ticket:join", resume).await;
    assert_eq!((numbers(&joined["messages"]), &joined["hasMore"]), (vec![5, 6, 7], &json!(true)));
    let rest = json!({ "ticketId": ticket, "afterSeq": 7, "epoch": joined["epoch"] });
    let joined = maya.socket.done("ticket:join", rest).await;
    assert_eq!((numbers(&joined["messages"]), &joined["hasMore"]), (vec![8, 9], &json!(false)));
    assert_eq!(joined["reset"], false);

    let strange = json!({ "ticketId": ticket, "afterSeq": 7, "epoch": "another" });
    let joined = maya.socket.done("ticket:join", strange).await;
    assert_eq!(joined["reset"], true);
    assert_eq!(numbers(&joined["messages"]), (1..=9).collect::<Vec<_>>());
    let ahead = json!({ "ticketId": ticket, "afterSeq": 40 });
    assert_eq!(maya.socket.done("ticket:join", ahead).await["reset"], true);
}

#[tokio::test]
async fn what_was_acked_survives_a_crash_and_is_stored_once() {
    let mut server = Server::start();
    let mut maya = Guest::arrives(&server).await;
    let ticket = maya.opens_a_ticket("one").await;
    let text = |number: u64| {
        json!({
            "ticketId": ticket, "content": format!("m{number}"), "clientMessageId": format!("k{number}"),
        })
    };
    for number in 2..=15 {
        maya.socket.done("message:send", text(number)).await;
    }

    server.kill();
    let server = server.start_again();
    maya.returns(&server).await;

    // The client does not know which of its messages were acked, and sends the last ones again.
    for number in 14..=17 {
        let sent = maya.socket.done("message:send", text(number)).await;
        assert_eq!(sent["duplicate"], number <= 15);
        assert_eq!(sent["message"]["seq"], number);
    }
    let joined = maya.socket.done("ticket:join", json!({ "ticketId": ticket })).await;
    assert_eq!(numbers(&joined["messages"]), (1..=17).collect::<Vec<_>>());
}

#[tokio::test]
async fn an_agent_that_comes_back_within_the_grace_period_has_not_left() {
    let server = Server::with(&[("SUPPORT_LIMITS_LEFT_GRACE_MS", "5000")]);
    let mut maya = Guest::arrives(&server).await;
    let ticket = maya.opens_a_ticket("hello").await;
    let join = json!({ "ticketId": ticket });
    let mut alice = Agent::signs_in(&server, "alice").await;
    alice.socket.done("ticket:join", join.clone()).await;

    // Back at once, on another connection: nothing is written.
    alice.socket = Agent::connect(&server, &alice.token).await.unwrap();
    alice.socket.done("ticket:join", join.clone()).await;
    // Gone for good: written after the grace period.
    drop(alice);

    let mut heard = Vec::new();
    while heard.last().is_none_or(|last| last != "agentLeft") {
        let notice = maya.socket.notice("message:new").await;
        if let Some(kind) = notice["message"]["event"]["type"].as_str() {
            heard.push(kind.to_owned());
        }
    }
    assert_eq!(heard, ["agentJoined", "agentLeft"]);
}

#[tokio::test]
async fn an_agent_with_two_connections_joins_once_and_leaves_with_the_last() {
    let server = Server::start();
    let mut maya = Guest::arrives(&server).await;
    let ticket = maya.opens_a_ticket("hello").await;
    let join = json!({ "ticketId": ticket });
    let mut one = Agent::signs_in(&server, "alice").await;
    let mut two = Agent::signs_in(&server, "alice").await;
    for _ in 0..3 {
        one.socket.done("ticket:join", join.clone()).await;
        two.socket.done("ticket:join", join.clone()).await;
    }

    one.socket.done("ticket:leave", join.clone()).await;
    two.socket.done("ticket:leave", join.clone()).await;

    let joined = maya.socket.done("ticket:join", join).await;
    assert_eq!(
        contents(&joined["messages"]),
        ["hello", "Alice joined the chat", "Alice left the chat"]
    );
}

/// T43: many joins at once in three tabs, all of which are lost and come back three times within the
/// grace period each.
#[tokio::test]
async fn an_agent_whose_tabs_come_back_again_and_again_has_joined_once_and_never_left() {
    const TABS: usize = 3;
    const JOINS: usize = 50;
    let server = Server::with(&[
        ("SUPPORT_LIMITS_LEFT_GRACE_MS", "5000"),
        ("SUPPORT_LIMITS_AGENT_READS_PER_MINUTE", "0"),
    ]);
    let mut maya = Guest::arrives(&server).await;
    let ticket = maya.opens_a_ticket("hello").await;
    let join = json!({ "ticketId": ticket });
    let Agent { token, socket } = Agent::signs_in(&server, "alice").await;
    // Another agent, who goes as the last: when that is written, so would everything before it be.
    let mut bob = Agent::signs_in(&server, "bob").await;
    drop(socket);

    let mut began = Instant::now();
    let mut tabs = Vec::new();
    for (round, joins) in [JOINS, 1, 1, 1].into_iter().enumerate() {
        // All of them are gone before the first is back.
        tabs.clear();
        for _ in 0..TABS {
            tabs.push(Agent::connect(&server, &token).await.unwrap());
        }
        join_all(tabs.iter_mut().map(async |tab| {
            for _ in 0..joins {
                tab.send("ticket:join", &join).await;
            }
            for _ in 0..joins {
                assert_eq!(tab.next_ack().await.1["ok"], true);
            }
        }))
        .await;
        let content = format!("round {round}");
        for (text, key) in [(content.clone(), "said"), (format!("{content} is over"), "over")] {
            let key = format!("{key}-{round}");
            let message = json!({ "ticketId": ticket, "content": text, "clientMessageId": key });
            maya.socket.done("message:send", message).await;
        }
        for tab in &mut tabs {
            let heard = tab.notices_before(&format!("{content} is over")).await;
            let texts = heard.iter().filter(|(event, _)| event == "message:new");
            let texts: Vec<_> = texts.map(|(_, it)| &it["message"]["content"]).collect();
            // The first of the tabs to come hears that its agent has joined.
            let said = texts.iter().filter(|text| ***text == content.as_str()).count();
            assert_eq!(said, 1, "round {round}: {texts:?}");
        }
        if round == 0 {
            began = Instant::now();
        }
    }
    println!("three times back after {:?}", began.elapsed());

    bob.socket.done("ticket:join", join.clone()).await;
    drop(bob);
    let mut heard = Vec::new();
    while heard.last().is_none_or(|last| last != "agentLeft Bob") {
        let notice = maya.socket.notice("message:new").await;
        let event = &notice["message"]["event"];
        if let (Some(kind), Some(name)) = (event["type"].as_str(), event["agent"]["name"].as_str())
        {
            heard.push(format!("{kind} {name}"));
        }
    }
    assert_eq!(heard, ["agentJoined Alice", "agentJoined Bob", "agentLeft Bob"]);
}

/// A stop in the middle of the work: whatever was acknowledged is there afterwards, and the rest can
/// be sent again.
#[tokio::test]
async fn a_stop_under_load_loses_nothing_that_was_acknowledged() {
    let mut server = Server::start();
    let mut guests = Vec::new();
    for _ in 0..8 {
        let mut guest = Guest::arrives(&server).await;
        let ticket = guest.opens_a_ticket("hello").await;
        guests.push((guest, ticket));
    }
    let text = |ticket: &str, number: usize| {
        json!({
            "ticketId": ticket, "content": format!("m{number}"), "clientMessageId": format!("k{number}"),
        })
    };
    for (guest, ticket) in &mut guests {
        for number in 0..10 {
            guest.socket.send("message:send", &text(ticket, number)).await;
        }
    }

    let began = Instant::now();
    assert_eq!(server.stop(), 0);
    assert!(began.elapsed() < Duration::from_secs(10));

    let mut acked = Vec::new();
    for (guest, _) in &mut guests {
        acked.push(guest.socket.acks_until_the_end().await);
    }
    let server = server.start_again();
    for ((guest, ticket), acked) in guests.iter_mut().zip(acked) {
        guest.returns(&server).await;
        for number in 0..10 {
            let sent = guest.socket.done("message:send", text(ticket, number)).await;
            // The request's number is one more: the first opened the ticket.
            let was_acked = acked.contains(&(number as u64 + 2));
            assert!(sent["duplicate"] == true || !was_acked, "an acknowledged message is gone");
        }
        let joined = guest.socket.done("ticket:join", json!({ "ticketId": ticket })).await;
        assert_eq!(numbers(&joined["messages"]), (1..=11).collect::<Vec<_>>());
        let expected: Vec<String> =
            std::iter::once("hello".to_owned()).chain((0..10).map(|it| format!("m{it}"))).collect();
        assert_eq!(contents(&joined["messages"]), expected);
    }
}

/// A client that stops reading while others talk: it is dropped, comes back, and has lost nothing.
#[tokio::test]
async fn who_lags_behind_is_dropped_and_resumes_without_a_gap() {
    let server = Server::with(&[NO_RATE]);
    let mut maya = Guest::arrives(&server).await;
    let ticket = maya.opens_a_ticket("hello").await;
    let mut alice = Agent::signs_in(&server, "alice").await;
    let text = |number: usize| {
        let content = "x".repeat(3_900);
        json!({ "ticketId": ticket, "content": content, "clientMessageId": format!("k{number}") })
    };

    // Far more than the sockets' buffers and the server's line for one connection hold.
    for number in 0..3_000 {
        alice.socket.done("message:send", text(number)).await;
    }

    maya.socket.disconnected().await;
    maya.returns(&server).await;
    let mut last = 1;
    loop {
        let resume = json!({ "ticketId": ticket, "afterSeq": last, "limit": 200 });
        let joined = maya.socket.done("ticket:join", resume).await;
        for number in numbers(&joined["messages"]) {
            assert_eq!(number, last + 1);
            last = number;
        }
        if joined["hasMore"] == false {
            break;
        }
    }
    assert_eq!(last, 3_001);
}

/// A peer that never reads again: the kernel gives it up, and its agent is known to be gone.
#[tokio::test]
async fn who_never_reads_again_is_reaped_and_presence_is_put_right() {
    let server = Server::with(&[
        NO_RATE,
        ("SUPPORT_LIMITS_PEER_TIMEOUT_MS", "1000"),
        ("SUPPORT_LIMITS_LEFT_GRACE_MS", "100"),
    ]);
    let mut maya = Guest::arrives(&server).await;
    let ticket = maya.opens_a_ticket("hello").await;
    let mut bob = Agent::signs_in(&server, "bob").await;
    let mut alice = Agent::signs_in(&server, "alice").await;
    alice.socket.done("ticket:join", json!({ "ticketId": ticket })).await;

    // Alice's connection stays open, and nothing of it is read from here on.
    for number in 0..3_000 {
        let content = "x".repeat(3_900);
        let text = json!({ "ticketId": ticket, "content": content, "clientMessageId": format!("k{number}") });
        bob.socket.done("message:send", text).await;
    }

    loop {
        let presence = bob.socket.notice("presence:changed").await;
        if presence["name"] == "Alice" && presence["state"] == "offline" {
            break;
        }
    }
    // The guest has not read either, and comes back as everybody does.
    maya.returns(&server).await;
    let joined = maya.socket.done("ticket:join", json!({ "ticketId": ticket })).await;
    assert_eq!(joined["participants"].as_array().unwrap().len(), 1);
    drop(alice);
}

#[tokio::test]
async fn a_message_that_is_replayed_a_thousand_times_is_stored_once() {
    let mut server = Server::with(&[NO_RATE]);
    let mut maya = Guest::arrives(&server).await;
    let ticket = maya.opens_a_ticket("hello").await;
    let mut alice = Agent::signs_in(&server, "alice").await;
    let text = json!({ "ticketId": ticket, "content": "once", "clientMessageId": "same" });

    let mut sent = Vec::new();
    for _ in 0..500 {
        sent.push(alice.socket.send("message:send", &text).await);
    }
    for (place, number) in sent.into_iter().enumerate() {
        let ack = alice.socket.ack(number).await;
        assert_eq!(ack["data"]["duplicate"], place > 0);
        assert_eq!(ack["data"]["message"]["seq"], 2);
    }
    server.kill();
    let server = server.start_again();
    let (_, refreshed) = alice.http(&server, reqwest::Method::POST, "/agent/refresh", None).await;
    let token = refreshed["token"].as_str().unwrap();
    alice.socket = Agent::connect(&server, token).await.unwrap();
    for _ in 0..500 {
        assert_eq!(alice.socket.done("message:send", text.clone()).await["duplicate"], true);
    }
    maya.returns(&server).await;
    let joined = maya.socket.done("ticket:join", json!({ "ticketId": ticket })).await;
    assert_eq!(contents(&joined["messages"]), ["hello", "once"]);
}

#[tokio::test]
async fn fifty_joins_at_once_are_one() {
    let server = Server::start();
    let mut maya = Guest::arrives(&server).await;
    let ticket = maya.opens_a_ticket("hello").await;
    let mut alice = Agent::signs_in(&server, "alice").await;
    let join = json!({ "ticketId": ticket });

    let mut asked = Vec::new();
    for _ in 0..50 {
        asked.push(alice.socket.send("ticket:join", &join).await);
    }
    for number in asked {
        assert_eq!(alice.socket.ack(number).await["ok"], true);
    }
    let text = json!({ "ticketId": ticket, "content": "one", "clientMessageId": "k" });
    alice.socket.done("message:send", text).await;

    let joined = maya.socket.done("ticket:join", join).await;
    assert_eq!(contents(&joined["messages"]), ["hello", "Alice joined the chat", "one"]);
    let heard = alice.socket.notices_so_far().await;
    let times = heard
        .iter()
        .filter(|(event, it)| event == "message:new" && it["message"]["content"] == "one");
    assert_eq!(times.count(), 1);
}
