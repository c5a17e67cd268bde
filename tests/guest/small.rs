//! Little room: a narrow phone, and the same at a zoom of 400 %.

use serde_json::json;

use super::{answers, press, ticket};
use crate::support::{browser::Browser, people::Agent, process::Server};

async fn size(browser: &Browser, width: u32, height: u32) {
    let metrics =
        json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
    browser.devtools("Emulation.setDeviceMetricsOverride", metrics).await;
    browser.until(&format!("return innerHeight === {height}")).await;
}

/// How much of the log is in view when the page is scrolled to it.
const LOG: &str = "const log = document.querySelector('#log');
    log.scrollIntoView({ block: 'nearest' });
    const { top, bottom } = log.getBoundingClientRect();
    return Math.min(bottom, innerHeight) - Math.max(top, 0);";

/// Whether no part of this is cut off by anything but the window, when the page is scrolled to it.
fn is_whole(selector: &str) -> String {
    format!(
        "const it = document.querySelector('{selector}');
        it.scrollIntoView({{ block: 'end' }});
        const {{ top, bottom, left }} = it.getBoundingClientRect();
        const at = (y) => it.contains(document.elementFromPoint(left + 20, y));
        return top >= 0 && bottom <= innerHeight + 1 && at(top + 4) && at(bottom - 4);"
    )
}

/// Nothing scrolls within the page but the log.
const SCROLLERS: &str = "return [...document.querySelectorAll('main, main *')].filter((it) =>
    it.checkVisibility() && it.scrollHeight > it.clientHeight + 1 &&
    ['auto', 'scroll'].includes(getComputedStyle(it).overflowY)).map((it) => it.id)";

#[tokio::test]
async fn at_400_percent_the_conversation_has_more_than_half_of_the_window() {
    let server = Server::with(&[("SUPPORT_LIMITS_AGENT_MESSAGES_PER_SECOND", "0")]);
    let mut alice = Agent::signs_in(&server, "alice").await;
    let browser = Browser::open(&server).await;
    size(&browser, 320, 256).await;
    browser.send("hello").await;
    let ticket = ticket(&browser).await;
    alice.socket.done("ticket:join", json!({ "ticketId": ticket })).await;
    for number in 3..=20 {
        answers(&mut alice, &ticket, &format!("message {number}")).await;
    }
    browser.settles(|entries| entries.len() == 20).await;
    assert!(browser.ask::<f64>(LOG).await > 128.0);
    assert!(browser.ask::<bool>(&is_whole(".box")).await);

    press(&browser, "#done").await;
    browser.until("return !document.querySelector('#over').hidden").await;
    assert!(browser.ask::<bool>(&is_whole("#new-conversation")).await);
    assert_eq!(browser.ask::<Vec<String>>(SCROLLERS).await, ["log"]);

    browser.close().await;
}

#[tokio::test]
async fn on_a_narrow_phone_nothing_of_the_end_is_cut_off_also_while_it_is_rated() {
    let server = Server::with(&[("SUPPORT_LIMITS_AGENT_MESSAGES_PER_SECOND", "0")]);
    let mut alice = Agent::signs_in(&server, "alice").await;
    let browser = Browser::open(&server).await;
    size(&browser, 320, 568).await;
    browser.send("hello").await;
    let ticket = ticket(&browser).await;
    for number in 2..=20 {
        answers(&mut alice, &ticket, &format!("message {number}")).await;
    }
    browser.settles(|entries| entries.len() == 20).await;
    press(&browser, "#done").await;
    for step in ["ended", "rated"] {
        browser.until("return !document.querySelector('#over').hidden").await;
        for part in ["#new-conversation", "#transcript", ".box"] {
            assert!(browser.ask::<bool>(&is_whole(part)).await, "{step}: {part}");
        }
        let scrollers = browser.ask::<Vec<String>>(SCROLLERS).await;
        assert!(scrollers.iter().all(|it| it == "log"), "{step}: {scrollers:?}");
        press(&browser, "#scores label:nth-child(5)").await;
    }

    browser.close().await;
}

#[tokio::test]
async fn own_messages_end_where_the_box_does_whether_or_not_the_log_scrolls() {
    let server = Server::with(&[("SUPPORT_LIMITS_AGENT_MESSAGES_PER_SECOND", "0")]);
    let mut alice = Agent::signs_in(&server, "alice").await;
    let browser = Browser::open(&server).await;
    let beside =
        "const edge = (selector) => document.querySelector(selector).getBoundingClientRect();
        const [own, box] = [edge('.own > .text'), edge('.box')];
        const rtl = document.documentElement.dir === 'rtl';
        return Math.abs(rtl ? own.left - box.left : own.right - box.right)";
    let scrolls =
        "const log = document.querySelector('#log'); return log.scrollHeight > log.clientHeight";
    browser.send("hello").await;
    browser.shows(&["own:1:sent:hello"]).await;
    for width in [320, 1000] {
        size(&browser, width, 568).await;
        assert!(browser.ask::<f64>(beside).await < 1.0, "{width}");
    }
    assert!(!browser.ask::<bool>(scrolls).await);
    let ticket = ticket(&browser).await;
    for number in 2..=20 {
        answers(&mut alice, &ticket, &format!("message {number}")).await;
    }
    browser.settles(|entries| entries.len() == 20).await;
    for query in ["?lang=en", "?lang=ar"] {
        browser.page.goto(server.url(&format!("/{query}"))).await.unwrap();
        browser.settles(|entries| entries.len() == 20).await;
        for width in [320, 1000] {
            size(&browser, width, 568).await;
            assert!(browser.ask::<bool>(scrolls).await);
            assert!(browser.ask::<f64>(beside).await < 1.0, "{query} {width}");
        }
    }

    browser.close().await;
}

#[tokio::test]
async fn earlier_conversations_can_be_told_apart_on_a_narrow_phone() {
    let server = Server::start();
    let mut alice = Agent::signs_in(&server, "alice").await;
    let browser = Browser::open(&server).await;
    size(&browser, 320, 568).await;
    browser.send("My card was declined").await;
    let first = ticket(&browser).await;
    alice.socket.done("ticket:close", json!({ "ticketId": first })).await;
    press(&browser, "#new-conversation").await;
    browser.send("Another question").await;
    browser.shows(&["own:1:sent:Another question"]).await;
    press(&browser, "#earlier summary").await;
    browser.until("return document.querySelectorAll('#earlier li').length === 1").await;

    // The one on the page is not among them; what it was about is not cut; its state is below.
    let about = "const [title, state] = ['bdi', 'small'].map((it) => document.querySelector(`#earlier li ${it}`));
        return [title.textContent, title.scrollWidth <= title.clientWidth, state.textContent.split(' ')[0],
          state.getBoundingClientRect().top >= title.getBoundingClientRect().bottom - 1]";
    let shown: (String, bool, String, bool) = browser.ask(about).await;
    assert_eq!(shown, ("My card was declined".to_owned(), true, "Closed".to_owned(), true));

    browser.close().await;
}
