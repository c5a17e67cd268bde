//! The guest page in a real browser.

use serde_json::json;

use crate::support::{browser::Browser, people::Agent, process::Server};

#[tokio::test]
async fn looking_at_the_page_makes_nobody_a_guest() {
    let server = Server::start();
    let browser = Browser::open(&server).await;
    browser.until("return document.querySelector('#composer') !== null").await;

    assert!(browser.page.get_all_cookies().await.unwrap().is_empty());

    browser.close().await;
}

#[tokio::test]
async fn reload_and_a_second_tab_show_the_same_conversation() {
    let server = Server::start();
    let mut alice = Agent::signs_in(&server, "alice").await;
    let browser = Browser::open(&server).await;

    browser.send("my card was declined").await;
    browser.shows(&["own:1:sent:my card was declined"]).await;
    let ticket: String = browser.ask("return document.querySelector('main').dataset.ticket").await;
    alice.socket.done("ticket:join", json!({ "ticketId": ticket })).await;
    let reply = json!({ "ticketId": ticket, "content": "let me look", "clientMessageId": "r" });
    alice.socket.done("message:send", reply).await;

    let whole = [
        "own:1:seen:my card was declined",
        "system:2::Alice joined the chat",
        "other:3::let me look",
    ];
    browser.shows(&whole).await;
    browser.page.refresh().await.unwrap();
    browser.shows(&whole).await;
    browser.page.new_tab().await.unwrap();
    let second = browser.page.windows().await.unwrap().pop().unwrap();
    browser.page.switch_to_window(second).await.unwrap();
    browser.page.goto(server.url("/")).await.unwrap();
    browser.shows(&whole).await;

    browser.close().await;
}

#[tokio::test]
async fn a_long_conversation_opens_at_its_end_and_loads_older_messages_without_a_jump() {
    let server = Server::with(&[("SUPPORT_LIMITS_AGENT_MESSAGES_PER_SECOND", "0")]);
    let mut alice = Agent::signs_in(&server, "alice").await;
    let browser = Browser::open(&server).await;
    browser.send("hello").await;
    browser.shows(&["own:1:sent:hello"]).await;
    let ticket: String = browser.ask("return document.querySelector('main').dataset.ticket").await;
    let text = |number: u64| {
        json!({
            "ticketId": ticket, "content": format!("message {number}"),
            "clientMessageId": format!("k{number}"),
        })
    };
    for number in 2..=500 {
        alice.socket.done("message:send", text(number)).await;
    }

    browser.page.refresh().await.unwrap();
    browser.until("return document.querySelector('[data-seq=\"500\"]') !== null").await;

    // The newest is in view, and the oldest is not even loaded.
    let in_view = "const log = document.querySelector('#log').getBoundingClientRect();
        const last = document.querySelector('[data-seq=\"500\"]').getBoundingClientRect();
        return last.bottom <= log.bottom + 1;";
    browser.until(in_view).await;
    assert!(browser.entries().await.len() < 100);

    // Up and up to the first: whatever is prepended, the message that was being read stays where
    // it was. 1.5 px are for fractions of a pixel.
    let worst: f64 = browser
        .page
        .execute_async(
            "const done = arguments[arguments.length - 1];
            const log = document.querySelector('#log');
            const first = () => log.querySelector('.entry[data-seq]');
            let worst = 0;
            const up = () => {
              const before = first();
              if (before.dataset.seq === '1') return done(worst);
              log.scrollTop = 0;
              let from = before.getBoundingClientRect().top;
              const seen = () => {
                if (first() === before) { from = before.getBoundingClientRect().top; return requestAnimationFrame(seen); }
                worst = Math.max(worst, Math.abs(before.getBoundingClientRect().top - from));
                requestAnimationFrame(up);
              };
              seen();
            };
            up();",
            Vec::new(),
        )
        .await
        .unwrap()
        .convert()
        .unwrap();
    assert!(worst <= 1.5, "the view jumped by {worst} px");
    assert_eq!(browser.entries().await.len(), 500);

    let uneven = unevenness(&browser).await;
    assert!(uneven <= 1.5, "scrolling jumped by {uneven} px");
    let left_out: usize = browser
        .ask(
            "return [...document.querySelectorAll('#log .entry')]
                .filter((it) => !it.checkVisibility({ contentVisibilityAuto: true })).length",
        )
        .await;
    assert!(left_out > 300, "only {left_out} entries are left out");

    browser.close().await;
}

/// Scrolls down and up again, through parts that are left out while they are far away. Answers with the
/// most by which what is in view has moved more or less than was scrolled.
async fn unevenness(browser: &Browser) -> f64 {
    browser
        .page
        .execute_async(
            "const done = arguments[arguments.length - 1];
            const log = document.querySelector('#log');
            let [worst, step] = [0, 350];
            const go = () => {
              const { top, height, left } = log.getBoundingClientRect();
              const entry = document.elementsFromPoint(left + 20, top + height / 2)
                .concat([...log.querySelectorAll('.entry')].filter((it) => it.getBoundingClientRect().bottom > top + height / 2))
                .find((it) => it.matches('.entry'));
              const [from, at] = [entry.getBoundingClientRect().top, log.scrollTop];
              log.scrollTop += step;
              requestAnimationFrame(() => requestAnimationFrame(() => {
                const moved = from - entry.getBoundingClientRect().top;
                worst = Math.max(worst, Math.abs(moved - (log.scrollTop - at)));
                if (log.scrollTop === at) {
                  if (step < 0) return done(worst);
                  step = -step;
                }
                go();
              }));
            };
            go();",
            Vec::new(),
        )
        .await
        .unwrap()
        .convert()
        .unwrap()
}
