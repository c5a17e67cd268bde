//! A guest in a real browser on a bad network: whatever is cut, held, killed or blocked, each message is
//! stored once and shown once, in order, in every tab.

use std::collections::HashMap;

use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional},
    net::{TcpListener, TcpStream},
};
use tokio_util::task::TaskTracker;

use super::{answers, says, ticket};
use crate::support::{
    browser::Browser,
    house::House,
    people::Agent,
    process::{At, Server, Setup},
    proxy::{Flow, Proxy},
};

const IS_ONLINE: &str = "return document.querySelector('#status').dataset.state === 'online'";
const IS_NOT_ONLINE: &str = "return document.querySelector('#status').dataset.state !== 'online'";
const IS_OFFLINE: &str = "return document.querySelector('#status').dataset.state === 'offline'";

/// What the server holds of a conversation, each as `guest:text`.
async fn stored(agent: &mut Agent, ticket: &str) -> Vec<String> {
    let asked = json!({ "ticketId": ticket, "silent": true });
    let log = agent.socket.done("ticket:join", asked).await;
    let of = |it: &Value| {
        format!("{}:{}", it["senderRole"].as_str().unwrap(), it["content"].as_str().unwrap())
    };
    log["messages"].as_array().unwrap().iter().map(of).collect()
}

#[tokio::test]
async fn what_is_written_while_the_network_is_away_is_kept_and_stored_once() {
    let server = Server::start();
    let proxy = Proxy::to(server.address).await;
    let mut alice = Agent::signs_in(&server, "alice").await;
    let browser = Browser::open(&proxy.at).await;
    browser.send("one").await;
    browser.shows(&["own:1:sent:one"]).await;
    let ticket = ticket(&browser).await;

    proxy.refuse(true);
    proxy.cut();
    browser.until(IS_OFFLINE).await;
    says(&browser, "#status", "your messages are kept").await;
    browser.send("two").await;
    browser.send("three").await;
    browser.shows(&["own:1:sent:one", "own::waiting:two", "own::waiting:three"]).await;
    answers(&mut alice, &ticket, "meanwhile").await;

    // Also through a reload that comes as soon as the network is back.
    proxy.refuse(false);
    browser.page.refresh().await.unwrap();
    let whole = ["own:1:seen:one", "other:2::meanwhile", "own:3:sent:two", "own:4:sent:three"];
    browser.shows(&whole).await;
    let held = ["guest:one", "agent:meanwhile", "guest:two", "guest:three"];
    assert_eq!(stored(&mut alice, &ticket).await, held);

    browser.close().await;
}

#[tokio::test]
async fn an_answer_that_is_lost_on_the_way_has_the_message_sent_again_and_stored_once() {
    let server = Server::start();
    let proxy = Proxy::to(server.address).await;
    let mut alice = Agent::signs_in(&server, "alice").await;
    let browser = Browser::open(&proxy.at).await;
    browser.send("one").await;
    browser.shows(&["own:1:sent:one"]).await;
    let ticket = ticket(&browser).await;
    alice.socket.done("ticket:join", json!({ "ticketId": ticket, "silent": true })).await;

    // The server hears everything, and nothing of it is heard.
    proxy.flow(Flow::Open, Flow::Dropped);
    browser.send("two").await;
    while alice.socket.notice("message:new").await["message"]["content"] != "two" {}
    browser.shows(&["own:1:sent:one", "own::waiting:two"]).await;
    proxy.flow(Flow::Open, Flow::Open);
    proxy.cut();

    browser.shows(&["own:1:sent:one", "own:2:sent:two"]).await;
    assert_eq!(stored(&mut alice, &ticket).await, ["guest:one", "guest:two"]);

    browser.close().await;
}

#[tokio::test]
async fn a_server_that_is_killed_and_comes_back_has_lost_nothing_and_doubled_nothing() {
    let mut server = Setup::with(&[]).lasting().start(&["alice"]);
    let browser = Browser::open(&server).await;
    browser.send("one").await;
    browser.shows(&["own:1:sent:one"]).await;
    let ticket = ticket(&browser).await;

    // Pressed and killed: whether it was stored nobody knows but the log.
    browser.send("two").await;
    server.kill();
    browser.until(IS_NOT_ONLINE).await;
    browser.send("three").await;
    browser.settles(|entries| entries.len() == 3).await;
    let server = server.start_again();

    browser.shows(&["own:1:sent:one", "own:2:sent:two", "own:3:sent:three"]).await;
    let mut alice = Agent::signs_in(&server, "alice").await;
    assert_eq!(stored(&mut alice, &ticket).await, ["guest:one", "guest:two", "guest:three"]);

    browser.close().await;
}

#[tokio::test]
async fn two_tabs_show_one_conversation_and_each_message_once() {
    let server = Server::start();
    let proxy = Proxy::to(server.address).await;
    let mut alice = Agent::signs_in(&server, "alice").await;
    let browser = Browser::open(&proxy.at).await;
    let first = browser.page.window().await.unwrap();
    // The second one was there before there was a conversation.
    browser.page.new_tab().await.unwrap();
    let second = browser.page.windows().await.unwrap().pop().unwrap();
    browser.page.switch_to_window(second.clone()).await.unwrap();
    browser.page.goto(proxy.at.url("/")).await.unwrap();
    browser.until("return !document.querySelector('#greeting').hidden").await;

    browser.page.switch_to_window(first.clone()).await.unwrap();
    browser.send("from the first").await;
    browser.shows(&["own:1:sent:from the first"]).await;
    let ticket = ticket(&browser).await;
    browser.page.switch_to_window(second.clone()).await.unwrap();
    browser.shows(&["own:1:sent:from the first"]).await;
    browser.send("from the second").await;
    let both = ["own:1:sent:from the first", "own:2:sent:from the second"];
    browser.shows(&both).await;
    browser.page.switch_to_window(first.clone()).await.unwrap();
    browser.shows(&both).await;

    // Written in both without a network, in this order: sent in this order.
    proxy.refuse(true);
    proxy.cut();
    browser.until(IS_OFFLINE).await;
    browser.send("third").await;
    browser.page.switch_to_window(second.clone()).await.unwrap();
    browser.settles(|entries| entries.len() == 3).await;
    browser.send("fourth").await;
    proxy.refuse(false);
    let whole = [both[0], both[1], "own:3:sent:third", "own:4:sent:fourth"];
    browser.shows(&whole).await;
    browser.page.switch_to_window(first).await.unwrap();
    browser.shows(&whole).await;
    let held = ["guest:from the first", "guest:from the second", "guest:third", "guest:fourth"];
    assert_eq!(stored(&mut alice, &ticket).await, held);

    browser.close().await;
}

#[tokio::test]
async fn a_stranger_in_another_browser_sees_nothing_of_it() {
    let server = Server::start();
    let browser = Browser::open(&server).await;
    browser.send("for nobody else").await;
    browser.shows(&["own:1:sent:for nobody else"]).await;
    let ticket = ticket(&browser).await;

    let stranger = Browser::open(&server).await;
    stranger.until("return !document.querySelector('#greeting').hidden").await;
    for path in [format!("/plain?ticket={ticket}"), format!("/guest/tickets/{ticket}/transcript")] {
        stranger.page.goto(server.url(&path)).await.unwrap();
        assert!(!stranger.page.source().await.unwrap().contains("for nobody else"), "{path}");
    }
    // Not either as a guest of its own, who knows the address.
    stranger.page.goto(server.url("/")).await.unwrap();
    stranger.send("mine").await;
    stranger.shows(&["own:1:sent:mine"]).await;
    stranger.page.goto(server.url(&format!("/plain?ticket={ticket}"))).await.unwrap();
    assert!(!stranger.page.source().await.unwrap().contains("for nobody else"));
    browser.shows(&["own:1:sent:for nobody else"]).await;

    stranger.close().await;
    browser.close().await;
}

/// Something between browser and server that lets no websocket through.
async fn without_websockets(server: &At) -> At {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = At { address: listener.local_addr().unwrap() };
    let (target, tasks) = (server.address, TaskTracker::new());
    let visitors = tasks.clone();
    tasks.spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            visitors.spawn(async move {
                // A browser opens a connection of its own for each websocket: its first words say so.
                let mut head = vec![0; 8192];
                let Ok(count) = client.read(&mut head).await else { return };
                let words = String::from_utf8_lossy(&head[..count]).to_ascii_lowercase();
                if words.contains("upgrade: websocket") {
                    let refusal =
                        b"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
                    let _ = client.write_all(refusal).await;
                    return;
                }
                let Ok(mut server) = TcpStream::connect(target).await else { return };
                if server.write_all(&head[..count]).await.is_ok() {
                    let _ = copy_bidirectional(&mut client, &mut server).await;
                }
            });
        }
    });
    at
}

#[tokio::test]
async fn where_no_websocket_comes_through_the_page_polls() {
    let server = Server::start();
    let at = without_websockets(&server).await;
    let mut alice = Agent::signs_in(&server, "alice").await;
    let browser = Browser::open(&at).await;

    browser.send("hello").await;
    browser.shows(&["own:1:sent:hello"]).await;
    browser.until(IS_ONLINE).await;
    let ticket = ticket(&browser).await;
    answers(&mut alice, &ticket, "at once").await;
    browser.shows(&["own:1:seen:hello", "other:2::at once"]).await;
    let polled = "return performance.getEntriesByType('resource').some((it) => it.name.includes('transport=polling'))";
    assert!(browser.ask::<bool>(polled).await);
    for number in 3..=8 {
        browser.send(&format!("number {number}")).await;
    }
    browser.settles(|entries| entries.len() == 8 && entries[7] == "own:8:sent:number 8").await;

    browser.close().await;
}

/// Remembers when the page opens websockets, and what it is told of a stop.
const WATCH: &str = "window.opened = []; window.draining = [];
    const Real = WebSocket;
    window.WebSocket = class extends Real {
      constructor(...args) {
        super(...args);
        window.opened.push(performance.now());
        this.addEventListener('message', ({ data }) => {
          const told = /\"reconnectInMs\":(\\d+)/.exec(data);
          if (told) window.draining.push([performance.now(), Number(told[1])]);
        });
      }
    };";

#[tokio::test]
async fn a_server_that_stops_says_when_to_come_back_and_the_page_does_not_come_earlier() {
    let mut server = Setup::with(&[]).lasting().start(&["alice"]);
    let browser = Browser::open(&server).await;
    browser.devtools("Page.addScriptToEvaluateOnNewDocument", json!({ "source": WATCH })).await;
    browser.page.refresh().await.unwrap();
    browser.send("one").await;
    browser.shows(&["own:1:sent:one"]).await;

    assert_eq!(server.stop(), 0);
    browser.until(IS_NOT_ONLINE).await;
    browser.send("two").await;
    let _server = server.start_again();
    browser.shows(&["own:1:sent:one", "own:2:sent:two"]).await;
    let (told, opened): (Vec<(f64, f64)>, Vec<f64>) =
        browser.ask("return [window.draining, window.opened]").await;
    let [(at, wait)] = told[..] else { panic!("{told:?}") };
    assert!(wait >= 500.0);
    let again = opened.iter().find(|opened| **opened > at).unwrap();
    assert!(again - at >= wait, "came back after {} ms and not {wait}", again - at);

    browser.close().await;
}

/// Four others come at the moment that the page does. Remembers when the page connects, and when it
/// is sent away for how many seconds.
const CROWD: &str = "window.opened = []; window.sentAway = [];
    const { WebSocket: Real, fetch: ask } = window;
    let others = 4;
    window.WebSocket = class extends Real {
      constructor(...args) {
        for (; others > 0; others -= 1) {
          const other = new XMLHttpRequest();
          other.open('GET', '/socket.io/?EIO=4&transport=polling', false);
          other.send();
        }
        super(...args);
        window.opened.push(performance.now());
      }
    };
    window.fetch = async (...args) => {
      const answer = await ask(...args);
      if (answer.status === 503)
        window.sentAway.push([performance.now(), Number(answer.headers.get('Retry-After'))]);
      return answer;
    };";

#[tokio::test]
async fn a_page_that_is_sent_away_by_a_crowd_comes_back_when_it_is_its_turn() {
    let server = Server::with(&[("SUPPORT_LIMITS_HANDSHAKES_PER_SECOND", "1")]);
    let browser = Browser::open(&server).await;
    browser.send("one").await;
    browser.shows(&["own:1:sent:one"]).await;
    browser.devtools("Page.addScriptToEvaluateOnNewDocument", json!({ "source": CROWD })).await;

    // A machine that stands still for a second between the crowd and the page lets the page in.
    let (mut sent_away, mut opened): (Vec<(f64, f64)>, Vec<f64>) = Default::default();
    for _ in 0..5 {
        browser.page.refresh().await.unwrap();
        browser.shows(&["own:1:sent:one"]).await;
        (sent_away, opened) = browser.ask("return [window.sentAway, window.opened]").await;
        if !sent_away.is_empty() {
            break;
        }
    }
    let (at, seconds) = sent_away[0];
    assert!(seconds >= 2.0, "after four others it would wait {seconds} s");
    let waited = opened[1] - at;
    assert!(waited >= seconds * 1_000.0, "came back after {waited} ms and not {seconds} s");

    browser.close().await;
}

#[tokio::test]
async fn a_phone_that_was_asleep_has_everything_when_it_wakes() {
    let server = Server::start();
    let proxy = Proxy::to(server.address).await;
    let mut alice = Agent::signs_in(&server, "alice").await;
    let browser = Browser::open(&proxy.at).await;
    browser.send("one").await;
    browser.shows(&["own:1:sent:one"]).await;
    let ticket = ticket(&browser).await;

    // A short sleep: nothing goes in or out, and the connection is still there afterwards.
    proxy.flow(Flow::Frozen, Flow::Frozen);
    browser.send("two").await;
    answers(&mut alice, &ticket, "three").await;
    browser.shows(&["own:1:sent:one", "own::waiting:two"]).await;
    proxy.flow(Flow::Open, Flow::Open);
    let awake = ["own:1:seen:one", "other:2::three", "own:3:sent:two"];
    browser.shows(&awake).await;

    // A long one: the page stands still too, and its connection is gone when it wakes.
    let sleep = async |state: &str| {
        browser.devtools("Page.setWebLifecycleState", json!({ "state": state })).await;
    };
    let before = proxy.taken();
    sleep("frozen").await;
    proxy.flow(Flow::Frozen, Flow::Frozen);
    answers(&mut alice, &ticket, "four").await;
    proxy.cut();
    proxy.flow(Flow::Open, Flow::Open);
    sleep("active").await;
    browser.shows(&[awake[0], awake[1], "own:3:seen:two", "other:4::four"]).await;
    assert!(proxy.taken() > before, "a new connection");
    assert_eq!(stored(&mut alice, &ticket).await.len(), 4);

    browser.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_week_later_it_is_the_same_conversation_and_after_a_year_another_guest() {
    const DAY: i64 = 24 * 60 * 60;
    let house = House::open().await;
    let browser = Browser::open(&house.at).await;
    browser.send("see you next week").await;
    browser.shows(&["own:1:sent:see you next week"]).await;
    // The browser keeps the cookie for long enough.
    let cookies: HashMap<String, i64> = browser
        .page
        .get_all_cookies()
        .await
        .unwrap()
        .into_iter()
        .map(|it| (it.name, it.expiry.unwrap()))
        .collect();
    let now: i64 = browser.ask("return Math.floor(Date.now() / 1000)").await;
    assert!(cookies["guestId"] - now > 89 * DAY, "{cookies:?}");

    let later = |days: i64| {
        house.ahead.0.store(days * DAY, std::sync::atomic::Ordering::Relaxed);
    };
    // Each visit renews it: 13 weeks are more than 90 days.
    for week in 1..=14 {
        later(7 * week);
        browser.page.refresh().await.unwrap();
        browser.settles(|entries| entries == ["own:1:sent:see you next week"]).await;
        browser.until(IS_ONLINE).await;
    }
    later(7 * 14 + 91);
    browser.page.refresh().await.unwrap();
    browser.until("return !document.querySelector('#greeting').hidden").await;
    browser.send("hello again").await;
    browser.settles(|entries| entries.len() == 1 && entries[0].ends_with(":hello again")).await;

    browser.close().await;
    house.close().await;
}
