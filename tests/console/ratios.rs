//! Ratios of the console that hold on any machine, however slow: what would make it slow everywhere
//! is found here, and not by a clock.

use std::time::Instant;

use serde_json::json;

use crate::support::{
    people::{Agent, Guest},
    process::Server,
    script::signed_in,
    terminal::Terminal,
};

/// Messages that come as fast as they can.
const BURST: usize = 1_000;
/// The least milliseconds between two frames that no key has asked for.
const FRAME_MILLIS: u128 = 16;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_burst_of_a_thousand_messages_is_drawn_in_few_frames_and_costs_few_bytes() {
    let server = Server::with(&[("SUPPORT_LIMITS_AGENT_MESSAGES_PER_SECOND", "0")]);
    let mut maya = Guest::arrives(&server).await;
    let ticket = maya.opens_a_ticket("hello").await;
    let home = signed_in(&server, "alice");
    let mut console = Terminal::open(&server, home.path(), 24, 80);
    console.shows("hello");
    console.keys("\r");
    console.shows("Alice joined the chat");
    let mut bob = Agent::signs_in(&server, "bob").await;

    let (frames, bytes, began) = (console.frames(), console.bytes().len(), Instant::now());
    for number in 0..BURST {
        let text = json!({
            "ticketId": ticket, "content": format!("line {number}"), "clientMessageId": format!("k{number}")
        });
        bob.socket.done("message:send", text).await;
    }
    console.shows(&format!("line {}", BURST - 1));

    let frames = console.frames() - frames;
    // A slower machine has more time for frames, so that this fails on none that is only slow.
    let most = usize::try_from(began.elapsed().as_millis() / FRAME_MILLIS).unwrap() + 5;
    assert!(frames <= most, "{frames} frames, at most {most}");
    // A frame of 80x24 is some kilobytes; one that draws more than its screen is another matter.
    let bytes = console.bytes().len() - bytes;
    assert!(bytes <= frames * 8_000, "{bytes} bytes in {frames} frames");
}
