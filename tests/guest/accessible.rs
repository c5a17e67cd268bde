//! Everybody can use the page: axe-core finds nothing in any of its states, the keyboard is enough,
//! a screen reader hears what is new once, and nothing is cut off where there is little room.

use serde_json::{Value, json};
use thirtyfour::Key;

use super::{answers, press, says, ticket};
use crate::support::{browser::Browser, people::Agent, process::Server, proxy::Proxy};

/// What axe-core finds, by WCAG 2.2 A and AA and its best practices, in daylight and in the dark.
async fn is_accessible(browser: &Browser, state: &str) {
    let axe = concat!(env!("CARGO_MANIFEST_DIR"), "/../guest-web/node_modules/axe-core/axe.min.js");
    let axe = std::fs::read_to_string(axe).unwrap();
    let script = "const done = arguments[arguments.length - 1];
        axe.run(document, { resultTypes: ['violations'] }).then(
          ({ violations, passes }) => done({ passes: passes.length, violations: violations.map((it) =>
            `${it.id}: ${it.nodes.map((node) => `${node.html} ${node.failureSummary}`).join(' | ')}`) }),
          (error) => done({ violations: [String(error)] }));";
    for scheme in ["light", "dark"] {
        let media = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
        browser.devtools("Emulation.setEmulatedMedia", media).await;
        browser.page.execute(axe.as_str(), Vec::new()).await.unwrap();
        let found = browser.page.execute_async(script, Vec::new()).await.unwrap();
        let found: &Value = found.json();
        assert_eq!(found["violations"], json!([]), "{state}, {scheme}");
        assert!(found["passes"].as_u64().unwrap() > 5, "{found}");
    }
}

/// Nothing of the page is wider than it, and nothing that can be pressed is beside it.
async fn fits(browser: &Browser, state: &str) {
    let beside: Vec<String> = browser
        .ask(
            "const width = document.documentElement.clientWidth;
            const parts = [...document.querySelectorAll('body *')].filter((it) => {
              const { left, right } = it.getBoundingClientRect();
              return it.checkVisibility() && !it.classList.contains('unseen') && (right > width + 1 || left < -1);
            });
            return parts.map((it) => it.outerHTML.slice(0, 80));",
        )
        .await;
    assert_eq!(beside, Vec::<String>::new(), "{state}");
}

async fn size(browser: &Browser, width: u32, scale: f64) {
    let metrics =
        json!({ "width": width, "height": 640, "deviceScaleFactor": scale, "mobile": false });
    browser.devtools("Emulation.setDeviceMetricsOverride", metrics).await;
}

#[tokio::test]
async fn axe_finds_nothing_in_any_state_of_the_page() {
    let server = Server::start();
    let mut alice = Agent::signs_in(&server, "alice").await;
    let browser = Browser::open(&server).await;
    for query in ["?lang=en", "?lang=ar"] {
        browser.page.goto(server.url(&format!("/{query}"))).await.unwrap();
        browser.until("return document.querySelector('#loading').hidden").await;
        // 320 pixels are also what is left of 640 at a zoom of 200 %.
        for (width, scale) in [(320, 2.0), (1000, 1.0)] {
            size(&browser, width, scale).await;
            if query == "?lang=en" && width == 320 {
                is_accessible(&browser, "start").await;
                fits(&browser, "start").await;
                press(&browser, "#details summary").await;
                browser.until("return document.querySelector('#subject').checkVisibility()").await;
                is_accessible(&browser, "start, with the name").await;
                fits(&browser, "start, with the name").await;
                press(&browser, "#details summary").await;
                browser.send("hello").await;
                let ticket = ticket(&browser).await;
                alice.socket.done("ticket:join", json!({ "ticketId": ticket })).await;
                answers(&mut alice, &ticket, &"look_at_".repeat(40)).await;
                answers(&mut alice, &ticket, "https://example.com/a?b=c").await;
                browser.settles(|entries| entries.len() == 4).await;
            }
            is_accessible(&browser, &format!("conversation {query} {width}")).await;
            fits(&browser, &format!("conversation {query} {width}")).await;
            press(&browser, "#details summary").await;
            browser.until("return document.querySelector('#save').checkVisibility()").await;
            is_accessible(&browser, &format!("name {query} {width}")).await;
            fits(&browser, &format!("name {query} {width}")).await;
            press(&browser, "#details summary").await;
        }
    }
    press(&browser, "#done").await;
    browser.until("return !document.querySelector('#over').hidden").await;
    is_accessible(&browser, "done").await;
    size(&browser, 320, 2.0).await;
    fits(&browser, "done").await;
    let ticket = ticket(&browser).await;
    alice.socket.done("ticket:close", json!({ "ticketId": ticket })).await;
    browser.until("return document.querySelector('#form').hidden").await;
    is_accessible(&browser, "closed").await;
    press(&browser, "#new-conversation").await;
    is_accessible(&browser, "another").await;
    browser.send("again").await;
    press(&browser, "#earlier summary").await;
    browser.until("return document.querySelectorAll('#earlier li').length === 1").await;
    for query in ["?lang=ar", "?lang=en"] {
        browser.page.goto(server.url(&format!("/{query}"))).await.unwrap();
        press(&browser, "#earlier summary").await;
        browser.until("return document.querySelectorAll('#earlier li').length === 1").await;
        is_accessible(&browser, &format!("earlier {query}")).await;
        let open = "return document.querySelector('#earlier li').checkVisibility()";
        assert!(browser.ask::<bool>(open).await);
        fits(&browser, &format!("earlier {query}")).await;
    }
    for path in ["/plain", "/plain?lang=ar"] {
        browser.page.goto(server.url(path)).await.unwrap();
        is_accessible(&browser, path).await;
        fits(&browser, path).await;
    }
    browser.page.goto(server.url(&format!("/plain?ticket={ticket}"))).await.unwrap();
    is_accessible(&browser, "plain, closed").await;
    fits(&browser, "plain, closed").await;

    browser.close().await;
}

#[tokio::test]
async fn axe_finds_nothing_while_messages_wait_fail_or_come_unseen() {
    let server = Server::with(&[("SUPPORT_LIMITS_AGENT_MESSAGES_PER_SECOND", "0")]);
    let proxy = Proxy::to(server.address).await;
    let mut alice = Agent::signs_in(&server, "alice").await;
    let browser = Browser::open(&proxy.at).await;
    size(&browser, 320, 2.0).await;
    let check = async |state: &str| {
        is_accessible(&browser, state).await;
        fits(&browser, state).await;
    };
    browser.send("hello").await;
    says(&browser, "#agents", "No agent is in the conversation").await;
    check("alone").await;
    let ticket = ticket(&browser).await;
    for number in 2..=30 {
        answers(&mut alice, &ticket, &format!("message {number}")).await;
    }
    browser.settles(|entries| entries.len() == 30).await;
    let up = "document.querySelector('#log').scrollTop -= 900; return null";
    browser.ask::<()>(up).await;
    answers(&mut alice, &ticket, "news").await;
    says(&browser, "#newer", "1 new message").await;
    check("new messages").await;

    proxy.refuse(true);
    proxy.cut();
    browser.until("return document.querySelector('#status').dataset.state === 'offline'").await;
    browser.send("into the dark").await;
    says(&browser, ".own:last-child .state", "Waiting to be sent").await;
    check("offline").await;
    alice.socket.done("ticket:close", json!({ "ticketId": ticket })).await;
    proxy.refuse(false);
    says(&browser, ".reason", "Not sent: this conversation is closed").await;
    check("not sent").await;

    browser.close().await;
}

#[tokio::test]
async fn the_keyboard_alone_is_enough() {
    let server = Server::start();
    let browser = Browser::open(&server).await;
    let keys = async |keys: String| browser.page.action_chain().send_keys(keys).perform().await;
    let until_on = async |selector: &str| {
        for _ in 0..20 {
            let here = format!("return document.activeElement?.matches('{selector}') ?? false");
            if browser.ask::<bool>(&here).await {
                return;
            }
            keys(Key::Tab.value().to_string()).await.unwrap();
        }
        panic!("no way to {selector} by the tabulator");
    };

    // The page begins in the box; Enter sends, and the box keeps the focus.
    browser.until("return document.activeElement.id === 'composer'").await;
    keys(format!("hello{}", Key::Enter.value())).await.unwrap();
    browser.shows(&["own:1:sent:hello"]).await;
    assert!(browser.ask::<bool>("return document.activeElement.id === 'composer'").await);
    until_on("#done").await;
    keys(Key::Enter.value().to_string()).await.unwrap();
    browser.until("return document.activeElement.id === 'state'").await;
    until_on("[name=score]").await;
    keys(Key::Right.value().to_string()).await.unwrap();
    until_on("#rating .quiet").await;
    keys(Key::Enter.value().to_string()).await.unwrap();
    says(&browser, "#rated", "You gave 2 of 5").await;
    until_on("#transcript").await;

    browser.close().await;
}

#[tokio::test]
async fn a_screen_reader_hears_a_new_message_once_and_the_history_not_at_all() {
    let server = Server::start();
    let mut alice = Agent::signs_in(&server, "alice").await;
    let browser = Browser::open(&server).await;
    browser.send("hello").await;
    let ticket = ticket(&browser).await;
    answers(&mut alice, &ticket, "earlier").await;
    browser.settles(|entries| entries.len() == 2).await;

    // What is put into the log while it is polite is what is read aloud.
    let listen = "addEventListener('DOMContentLoaded', () => {
        window.heard = [];
        const log = document.querySelector('#log');
        new MutationObserver((changes) => {
          for (const { addedNodes } of changes)
            for (const node of addedNodes)
              if (log.ariaLive === 'polite' && node.textContent) window.heard.push(node.textContent);
        }).observe(log, { childList: true, subtree: true });
      });";
    let source = json!({ "source": listen });
    browser.devtools("Page.addScriptToEvaluateOnNewDocument", source).await;
    browser.page.refresh().await.unwrap();
    browser.settles(|entries| entries.len() == 2).await;
    browser.until("return document.querySelector('#log').ariaLive === 'polite'").await;
    assert_eq!(browser.ask::<Vec<String>>("return window.heard").await, Vec::<String>::new());

    answers(&mut alice, &ticket, "something new").await;
    browser.settles(|entries| entries.len() == 3).await;
    browser.until("return window.heard.length > 0").await;
    answers(&mut alice, &ticket, "and more").await;
    browser.settles(|entries| entries.len() == 4).await;
    let heard: Vec<String> = browser.ask("return window.heard").await;
    for text in ["something new", "and more"] {
        assert_eq!(heard.iter().filter(|it| it.contains(text)).count(), 1, "{heard:?}");
    }
    assert!(!heard.iter().any(|it| it.contains("earlier")), "{heard:?}");

    browser.close().await;
}

#[tokio::test]
async fn arabic_is_written_from_right_to_left_and_nothing_of_the_page_stays_english() {
    let server = Server::start();
    let mut alice = Agent::signs_in(&server, "alice").await;
    let browser = Browser::open(&server).await;
    browser.page.goto(server.url("/?lang=ar")).await.unwrap();
    browser.until("return document.documentElement.dir === 'rtl'").await;
    // But for names.
    let english = "return document.body.innerText.split('\\n').map((it) => it.replace(/Alice|[A-Z0-9]{6}/g, ''))
        .filter((it) => /[a-z]{2}/i.test(it))";
    let is_arabic = async |state: &str| {
        let found = browser.ask::<Vec<String>>(english).await;
        assert_eq!(found, Vec::<String>::new(), "{state}");
    };
    // What stands in an empty box begins where writing does.
    let placeholder = "return getComputedStyle(document.querySelector('#composer')).direction";
    assert_eq!(browser.ask::<String>(placeholder).await, "rtl");
    is_arabic("start").await;
    // A refusal is the page's to say, not the server's.
    press(&browser, "#details summary").await;
    let email = browser.page.find(thirtyfour::By::Id("email")).await.unwrap();
    email.send_keys("bad").await.unwrap();
    browser.send("مرحبا").await;
    says(&browser, ".reason", "لم تُرسل: تحقق من اسمك وبريدك ورسالتك").await;
    is_arabic("refused").await;
    email.clear().await.unwrap();
    press(&browser, ".retry").await;
    let ticket = ticket(&browser).await;
    alice.socket.done("ticket:join", json!({ "ticketId": ticket })).await;
    browser.settles(|entries| entries.len() == 2).await;
    is_arabic("conversation").await;
    press(&browser, "#done").await;
    says(&browser, "#log", "أنهيت المحادثة").await;
    browser.until("return !document.querySelector('#over').hidden").await;
    is_arabic("done").await;
    let own_is_left = "const log = document.querySelector('#log').getBoundingClientRect();
        const own = document.querySelector('.own').getBoundingClientRect();
        return own.left - log.left < log.right - own.right;";
    assert!(browser.ask::<bool>(own_is_left).await);

    browser.close().await;
}
