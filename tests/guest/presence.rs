//! What a guest and the agents know of each other: who writes, who has read how far, who is there.

use serde_json::{Value, json};

use super::{answers, says, ticket};
use crate::support::{DEADLINE, browser::Browser, people::Agent, process::Server, proxy::Proxy};

const AGENTS: &str = "#agents";

async fn joins(agent: &mut Agent, ticket: &str) -> Value {
    agent.socket.done("ticket:join", json!({ "ticketId": ticket })).await
}

/// Sends what has no acknowledgement.
async fn types(agent: &mut Agent, ticket: &str, typing: bool) {
    let payload = json!({ "ticketId": ticket, "typing": typing });
    agent.socket.text(&format!("42/agent,[\"ticket:typing\",{payload}]")).await;
}

#[tokio::test]
async fn an_agent_that_writes_is_seen_to_write_until_it_stops_or_is_heard_of_no_more() {
    let server = Server::start();
    let mut alice = Agent::signs_in(&server, "alice").await;
    let mut bob = Agent::signs_in(&server, "bob").await;
    let browser = Browser::open(&server).await;
    browser.send("hello").await;
    let ticket = ticket(&browser).await;
    joins(&mut alice, &ticket).await;
    browser.shows(&["own:1:sent:hello", "system:2::Alice joined the chat"]).await;
    let height: f64 =
        browser.ask("return document.querySelector('#log').getBoundingClientRect().height").await;

    types(&mut alice, &ticket, true).await;
    says(&browser, AGENTS, "Alice is writing").await;
    // Nothing moves for it, and nothing is read aloud.
    let same = format!(
        "return document.querySelector('#log').getBoundingClientRect().height === {height}
            && document.querySelector('#agents').ariaLive === 'off'"
    );
    browser.until(&same).await;
    types(&mut alice, &ticket, false).await;
    let silent = "return document.querySelector('#agents').textContent === ''";
    browser.until(silent).await;

    // Bob's stop never comes; what Alice says is the end of her writing.
    joins(&mut bob, &ticket).await;
    types(&mut bob, &ticket, true).await;
    says(&browser, AGENTS, "Bob is writing").await;
    browser.until(silent).await;
    types(&mut alice, &ticket, true).await;
    says(&browser, AGENTS, "Alice is writing").await;
    answers(&mut alice, &ticket, "there").await;
    browser.until(silent).await;

    browser.close().await;
}

#[tokio::test]
async fn the_agents_are_told_every_other_second_that_the_guest_writes() {
    let server = Server::start();
    let mut alice = Agent::signs_in(&server, "alice").await;
    let browser = Browser::open(&server).await;
    browser.send("hello").await;
    let ticket = ticket(&browser).await;
    joins(&mut alice, &ticket).await;
    browser.shows(&["own:1:sent:hello", "system:2::Alice joined the chat"]).await;
    // What the page itself sends, and when.
    let listen = "window.told = []; const send = WebSocket.prototype.send;
        WebSocket.prototype.send = function (text) {
          if (text.includes('ticket:typing')) window.told.push([performance.now(), text.includes('true')]);
          return send.call(this, text);
        }; return null;";
    browser.ask::<()>(listen).await;

    let began = std::time::Instant::now();
    let starts = "return window.told.filter(([, typing]) => typing).map(([at]) => at)";
    loop {
        browser.write("a").await;
        let at: Vec<f64> = browser.ask(starts).await;
        if at.len() >= 3 {
            assert!(at.windows(2).all(|two| two[1] - two[0] >= 2_000.0), "{at:?}");
            break;
        }
        assert!(began.elapsed() < DEADLINE, "{at:?}");
    }
    let notice = alice.socket.notice("ticket:typing").await;
    let of_guest = json!({ "ticketId": ticket, "name": "Guest", "role": "guest", "typing": true });
    assert_eq!(notice, of_guest);
    browser.press("#send").await;
    while alice.socket.notice("ticket:typing").await["typing"] == true {}

    browser.close().await;
}

#[tokio::test]
async fn a_message_is_seen_when_an_agent_has_read_it_and_the_agents_see_what_the_guest_has_read() {
    let server = Server::start();
    let mut alice = Agent::signs_in(&server, "alice").await;
    let browser = Browser::open(&server).await;
    browser.send("one").await;
    browser.shows(&["own:1:sent:one"]).await;
    let ticket = ticket(&browser).await;
    browser.send("two").await;
    browser.shows(&["own:1:sent:one", "own:2:sent:two"]).await;

    alice.socket.done("ticket:read", json!({ "ticketId": ticket, "seq": 1 })).await;
    browser.shows(&["own:1:seen:one", "own:2:sent:two"]).await;
    says(&browser, ".own .state", "Seen").await;
    // By number, also for a page that comes later; and an answer says that the question was read.
    browser.page.refresh().await.unwrap();
    browser.shows(&["own:1:seen:one", "own:2:sent:two"]).await;
    joins(&mut alice, &ticket).await;
    answers(&mut alice, &ticket, "three").await;
    let whole =
        ["own:1:seen:one", "own:2:seen:two", "system:3::Alice joined the chat", "other:4::three"];
    browser.shows(&whole).await;

    // The guest looks at it, so that is what the agent is told.
    let mut read = 0;
    while read < 4 {
        let notice = alice.socket.notice("ticket:read").await;
        assert_eq!(notice["role"], "guest");
        read = notice["seq"].as_u64().unwrap();
    }
    assert_eq!(read, 4);

    browser.close().await;
}

#[tokio::test]
async fn a_guest_that_writes_while_no_agent_is_in_the_conversation_is_told_so() {
    let server = Server::with(&[("SUPPORT_LIMITS_LEFT_GRACE_MS", "1")]);
    let proxy = Proxy::to(server.address).await;
    // She is connected all the time. Whether she is in the conversation is all that is said of her.
    let mut alice = Agent::signs_in(&server, "alice").await;
    let browser = Browser::open(&proxy.at).await;
    browser.until("return document.querySelector('#agents').textContent === ''").await;
    browser.send("hello").await;
    says(&browser, AGENTS, "No agent is in the conversation right now. Your message is kept").await;
    assert!(
        browser.ask::<bool>("return document.querySelector('#agents').ariaLive === 'polite'").await
    );

    let ticket = ticket(&browser).await;
    joins(&mut alice, &ticket).await;
    let nothing = "return document.querySelector('#agents').textContent === ''";
    browser.until(nothing).await;
    browser.page.refresh().await.unwrap();
    browser.settles(|entries| entries.len() == 2).await;
    browser.until(nothing).await;
    alice.socket.done("ticket:leave", json!({ "ticketId": ticket })).await;
    says(&browser, AGENTS, "No agent is in the conversation right now").await;

    // Who is offline does not know.
    proxy.refuse(true);
    proxy.cut();
    browser.until("return document.querySelector('#status').dataset.state === 'offline'").await;
    browser.until(nothing).await;
    browser.send("anybody?").await;
    says(&browser, ".own:last-child .state", "Waiting to be sent").await;
    browser.until(nothing).await;
    proxy.refuse(false);
    says(&browser, AGENTS, "No agent is in the conversation right now").await;

    browser.close().await;
}
