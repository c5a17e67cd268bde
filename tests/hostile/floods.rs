//! More than anybody can want, as fast as it can be written.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{Neighbours, stored};
use crate::support::{
    client::Client,
    people::{Agent, Guest},
    process::Server,
};

/// Messages that are sent without a look at the answers.
const FLOOD: usize = 20_000;

/// KiB by which it may make the server grow: the line of one socket, and what waits to be written.
const GROWTH: u64 = 16 * 1024;

/// Sends all of them, or as many as the other end takes; how many that were.
async fn pour(socket: &mut Client, ticket: &str) -> usize {
    for number in 0..FLOOD {
        let event = json!([
            "message:send",
            { "ticketId": ticket, "content": "x", "clientMessageId": format!("k{number}") },
        ]);
        let packet = format!("42/guest,{number}{event}");
        if !socket.frame(packet.into()).await {
            return number;
        }
    }
    FLOOD
}

/// T16: a flood is refused but for what anybody may send, and whoever goes on is dropped.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_of_messages_is_refused_its_sender_dropped_and_nobody_waits_for_it() {
    let server = Server::with(&[("SUPPORT_LOG", "info")]);
    let mut neighbours = Neighbours::meet(&server).await;
    let mut maya = Guest::arrives(&server).await;
    let bob = Agent::signs_in(&server, "bob").await;
    let ticket = maya.opens_a_ticket("hello").await;
    let before = server.memory("VmRSS");
    let began = Instant::now();

    let talk = async {
        let mut slowest = Duration::ZERO;
        for _ in 0..5 {
            let began = Instant::now();
            neighbours.talk().await;
            slowest = slowest.max(began.elapsed());
        }
        slowest
    };
    let (poured, slowest) = tokio::join!(pour(&mut maya.socket, &ticket), talk);

    // Whatever could still be answered says so; then the connection is over.
    let (mut done, mut refused) = (Vec::new(), 0);
    while let Some(packet) = maya.socket.packet().await {
        let Some(ack) = packet.strip_prefix("43/guest,") else { continue };
        let (number, ack) = ack.split_at(ack.find('[').unwrap());
        let ack: Value = serde_json::from_str(ack).unwrap();
        if ack[0]["ok"] == true {
            done.push(number.to_owned());
            continue;
        }
        assert_eq!(ack[0]["error"]["code"], "rate_limited", "{ack}");
        assert!(ack[0]["error"]["retryAfterMs"].as_u64().unwrap() > 0, "{ack}");
        refused += 1;
    }
    let took = began.elapsed();
    let grown = server.memory("VmRSS").saturating_sub(before);
    println!(
        "{poured} poured in {took:?}: {} done, {refused} refused; the slowest neighbour waited \
         {slowest:?}; {grown} KiB more",
        done.len()
    );
    server.says("is dropped");
    let most = 20 + 5 * usize::try_from(took.as_secs() + 1).unwrap();
    assert!((1..=most).contains(&done.len()), "{} done in {took:?}", done.len());
    assert!(refused > 0);
    assert!(grown < GROWTH, "{grown} KiB");
    // Nothing is stored beside what was let through, and the guest is welcome again.
    let last = stored(&server, &bob, &ticket).await.0.as_u64().unwrap();
    assert!(last <= 1 + u64::try_from(most).unwrap(), "{last}");
    assert!(last > u64::try_from(done.len()).unwrap(), "{last}");
    maya.returns(&server).await;
    maya.socket.done("ticket:join", json!({ "ticketId": ticket })).await;
    neighbours.talk().await;
}
