//! Reading: what is new is followed by who is at the end, and announced to who is not; nothing moves by
//! itself for who wants no motion.

use serde_json::json;

use super::{answers, says, ticket};
use crate::support::{browser::Browser, people::Agent, process::Server};

const AT: &str = "return document.querySelector('#log').scrollTop";
const IS_AT_THE_END: &str = "const log = document.querySelector('#log');
    return log.scrollHeight - log.scrollTop - log.clientHeight < 2;";

#[tokio::test]
async fn who_reads_further_up_stays_there_and_is_told_how_many_messages_are_new() {
    let server = Server::with(&[("SUPPORT_LIMITS_AGENT_MESSAGES_PER_SECOND", "0")]);
    let mut alice = Agent::signs_in(&server, "alice").await;
    let browser = Browser::open(&server).await;
    browser.send("hello").await;
    let ticket = ticket(&browser).await;
    for number in 2..=40 {
        answers(&mut alice, &ticket, &format!("message {number}")).await;
    }
    browser.settles(|entries| entries.len() == 40).await;
    // Who is at the end follows.
    browser.until(IS_AT_THE_END).await;
    alice.socket.done("ticket:join", json!({ "ticketId": ticket, "silent": true })).await;

    let up = "const log = document.querySelector('#log'); log.scrollTop -= log.clientHeight * 1.5;
        return log.scrollTop";
    let at: f64 = browser.ask(up).await;
    // It may come before the browser has said that there was scrolling.
    answers(&mut alice, &ticket, "one").await;
    says(&browser, "#newer", "1 new message ").await;
    answers(&mut alice, &ticket, "two").await;
    says(&browser, "#newer", "2 new messages").await;
    assert!((browser.ask::<f64>(AT).await - at).abs() < 1.0);
    // Not seen, so not said to be.
    let seen = alice.socket.notices_so_far().await;
    let marks = seen.iter().filter(|(event, _)| event == "ticket:read");
    assert!(marks.clone().all(|(_, notice)| notice["seq"].as_u64().unwrap() <= 40), "{seen:?}");

    browser.press("#newer").await;
    browser.until(IS_AT_THE_END).await;
    browser.until("return document.querySelector('#newer').hidden").await;
    assert!(browser.ask::<bool>("return document.activeElement.id === 'composer'").await);
    while alice.socket.notice("ticket:read").await["seq"] != 42 {}
    // And it is followed again.
    answers(&mut alice, &ticket, "three").await;
    browser.settles(|entries| entries.len() == 43).await;
    browser.until(IS_AT_THE_END).await;

    browser.close().await;
}

#[tokio::test]
async fn a_message_that_comes_before_the_page_hears_of_a_scroll_does_not_pull_the_reader_down() {
    let server = Server::with(&[("SUPPORT_LIMITS_AGENT_MESSAGES_PER_SECOND", "0")]);
    let mut alice = Agent::signs_in(&server, "alice").await;
    let browser = Browser::open(&server).await;
    browser.send("hello").await;
    let ticket = ticket(&browser).await;
    for number in 2..=40 {
        answers(&mut alice, &ticket, &format!("message {number}")).await;
    }
    browser.settles(|entries| entries.len() == 40).await;
    browser.until(IS_AT_THE_END).await;

    // A browser tells of a scroll with the next frame; here it never does.
    let up = "addEventListener('scroll', (event) => event.stopPropagation(), { capture: true });
        document.querySelector('#log').scrollTop -= 900;
        return document.querySelector('#log').scrollTop";
    let at: f64 = browser.ask(up).await;
    answers(&mut alice, &ticket, "news").await;
    browser.settles(|entries| entries.len() == 41).await;
    says(&browser, "#newer", "1 new message ").await;
    assert!((browser.ask::<f64>(AT).await - at).abs() < 1.0);

    browser.close().await;
}

#[tokio::test]
async fn of_5_000_messages_only_those_in_view_are_laid_out_and_a_new_one_draws_itself_alone() {
    const ALL: usize = 5_000;
    let server = Server::with(&[
        ("SUPPORT_LIMITS_AGENT_MESSAGES_PER_SECOND", "0"),
        ("SUPPORT_LIMITS_GUEST_READS_PER_SECOND", "0"),
    ]);
    let mut alice = Agent::signs_in(&server, "alice").await;
    let browser = Browser::open(&server).await;
    browser.send("hello").await;
    let ticket = ticket(&browser).await;
    for number in 2..=ALL {
        answers(&mut alice, &ticket, &format!("message {number} ").repeat(1 + number % 12)).await;
    }
    browser.page.refresh().await.unwrap();
    let count = |number: usize| {
        format!("return document.querySelector('[data-seq=\"{number}\"]') !== null")
    };
    browser.until(&count(ALL)).await;
    let up = "document.querySelector('#log').scrollTop = 0; return document.querySelector('.entry').dataset.seq";
    let mut first = ALL;
    while first > 1 {
        let before = first;
        let began = std::time::Instant::now();
        while first == before {
            first = browser.ask::<String>(up).await.parse().unwrap();
            assert!(began.elapsed() < crate::support::DEADLINE, "still at {first}");
        }
    }
    assert_eq!(browser.entries().await.len(), ALL);

    let laid_out = "return [...document.querySelectorAll('.entry')].filter((it) =>
        it.checkVisibility({ contentVisibilityAuto: true })).length";
    for part in [0.0, 0.3, 0.6, 1.0] {
        let to = format!(
            "const log = document.querySelector('#log'); log.scrollTop = log.scrollHeight * {part};
            return new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(null))))"
        );
        browser.ask::<()>(&to).await;
        // A page of fifty each for what is above, in and below the window, and some to spare.
        let laid_out = browser.ask::<usize>(laid_out).await;
        assert!((1..=350).contains(&laid_out), "{laid_out} entries at {part}");
    }
    let watch = "window.drawn = 0; new MutationObserver((changes) => {
        for (const { addedNodes } of changes) window.drawn += addedNodes.length;
      }).observe(document.querySelector('#log'), { childList: true, subtree: true, characterData: true });
      return null";
    browser.ask::<()>(watch).await;
    answers(&mut alice, &ticket, "news").await;
    browser.until(&count(ALL + 1)).await;
    let drawn = browser.ask::<usize>("return window.drawn").await;
    assert!((1..=10).contains(&drawn), "{drawn} nodes for one message");

    browser.close().await;
}

#[tokio::test]
async fn nothing_moves_for_who_wants_no_motion() {
    let server = Server::start();
    let browser = Browser::open(&server).await;
    let moving = "return [...document.querySelectorAll('*')].filter((it) => {
        const { transitionDuration, animationName, scrollBehavior } = getComputedStyle(it);
        return transitionDuration !== '0s' || animationName !== 'none' || scrollBehavior !== 'auto';
      }).length";
    browser.send("hello").await;
    browser.shows(&["own:1:sent:hello"]).await;
    assert!(browser.ask::<usize>(moving).await > 0, "there is something to stop");

    let reduced = json!({ "name": "prefers-reduced-motion", "value": "reduce" });
    browser.devtools("Emulation.setEmulatedMedia", json!({ "features": [reduced] })).await;
    assert_eq!(browser.ask::<usize>(moving).await, 0);

    browser.close().await;
}
