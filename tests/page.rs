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

    browser.close().await;
}

/// Texts that would do something if the page took them for more than text.
fn hostile_texts() -> Vec<String> {
    let tags = [
        "script",
        "img src=x",
        "svg",
        "iframe",
        "body",
        "video",
        "details open",
        "input autofocus",
        "a href=x",
        "math",
    ];
    let events = ["onerror", "onload", "onfocus", "ontoggle", "onmouseover", "onclick"];
    let mut texts: Vec<String> = tags
        .iter()
        .flat_map(|tag| events.map(|event| format!("<{tag} {event}=\"window.hit=1;alert(1)\">x")))
        .collect();
    for scheme in [
        "javascript:",
        "JaVaScRiPt:",
        "data:text/html,",
        "vbscript:",
        "&#106;avascript:",
        "java\tscript:",
    ] {
        for form in [
            "{}alert(1)",
            "<a href=\"{}alert(1)\">x</a>",
            "https://x/{}alert(1)",
            "<form action={}alert(1)>",
        ] {
            texts.push(form.replace("{}", scheme));
        }
    }
    for close in [
        "</script>",
        "</textarea>",
        "</style>",
        "</title>",
        "-->",
        "]]>",
        "'\"`>",
        "\\u003c",
        "%3C",
        "&lt;",
    ] {
        for open in [
            "<script>window.hit=1</script>",
            "<img src=//127.0.0.1:1/x>",
            "<base href=//127.0.0.1:1/>",
            "<link rel=stylesheet href=//127.0.0.1:1/x>",
        ] {
            texts.push(format!("{close}{open}"));
        }
    }
    texts
}

#[tokio::test]
async fn hostile_text_is_text_wherever_the_page_shows_it() {
    let server = Server::with(&[
        ("SUPPORT_LIMITS_AGENT_MESSAGES_PER_SECOND", "0"),
        ("SUPPORT_LIMITS_GUEST_MESSAGES_PER_SECOND", "0"),
    ]);
    let texts = hostile_texts();
    assert!(texts.len() >= 120, "{}", texts.len());
    let mut alice = Agent::signs_in(&server, "alice").await;
    let browser = Browser::open(&server).await;
    browser.send("<img src=x onerror=alert(1)>").await;
    browser.shows(&["own:1:sent:<img src=x onerror=alert(1)>"]).await;
    let ticket: String = browser.ask("return document.querySelector('main').dataset.ticket").await;
    let elements = "return document.querySelectorAll('script, img, svg, iframe, video, form, base, math, style, link').length";
    let before: usize = browser.ask(elements).await;

    for (number, text) in texts.iter().enumerate() {
        let message = json!({
            "ticketId": ticket, "content": text, "clientMessageId": format!("x{number}"),
        });
        alice.socket.done("message:send", message).await;
    }

    browser
        .until(&format!(
            "return document.querySelector('[data-seq=\"{}\"]') !== null",
            texts.len() + 1
        ))
        .await;
    let shown = browser.entries().await;
    for (number, text) in texts.iter().enumerate() {
        // Tabs in a text are shown as they are; everything else is what was sent.
        assert_eq!(shown[number + 1], format!("other:{}::{text}", number + 2));
    }
    assert_eq!(browser.ask::<usize>(elements).await, before);
    assert!(browser.ask::<bool>("return window.hit === undefined").await);
    let links: Vec<String> = browser
        .ask("return [...document.querySelectorAll('#log a')].map((it) => it.protocol)")
        .await;
    assert!(links.iter().all(|it| it == "http:" || it == "https:"), "{links:?}");
    assert!(browser.page.get_alert_text().await.is_err(), "no dialog is open");

    browser.close().await;
}
