//! Text that would do something if the page took it for more than text: in messages, in names, in
//! subjects, in the names of agents.

use serde_json::{Value, json};

use super::{answers, ticket};
use crate::support::{
    browser::Browser,
    people::{Agent, Guest},
    process::Server,
};

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

/// Elements that such texts would make.
const ELEMENTS: &str = "return document.querySelectorAll('script, img, svg, iframe, video, form, base, math, style, link, body, input, .text details').length";

/// No script has run, no dialog is open, and nothing was asked of anybody but the desk.
async fn did_nothing(browser: &Browser, server: &Server) {
    assert!(browser.page.get_alert_text().await.is_err(), "a dialog is open");
    assert!(browser.ask::<bool>("return window.hit === undefined").await);
    let asked: Vec<String> =
        browser.ask("return performance.getEntriesByType('resource').map((it) => it.name)").await;
    assert!(asked.iter().all(|it| it.starts_with(&server.url("/"))), "{asked:?}");
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
    let ticket = ticket(&browser).await;
    let before: usize = browser.ask(ELEMENTS).await;

    for text in &texts {
        answers(&mut alice, &ticket, text).await;
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
    assert_eq!(browser.ask::<usize>(ELEMENTS).await, before);
    did_nothing(&browser, &server).await;
    let links: Vec<String> = browser
        .ask("return [...document.querySelectorAll('#log a')].map((it) => it.protocol)")
        .await;
    assert!(links.iter().all(|it| it == "http:" || it == "https:"), "{links:?}");

    browser.close().await;
}

/// One line, as names and subjects are, and no longer than they may be.
fn one_line(text: &str, most: usize) -> String {
    text.replace(char::is_control, " ").chars().take(most).collect::<String>().trim().to_owned()
}

#[tokio::test]
async fn hostile_subjects_and_names_of_guests_are_text_wherever_a_page_shows_them() {
    let server = Server::with(&[
        ("SUPPORT_LIMITS_GUEST_NEW_TICKETS", "0"),
        ("SUPPORT_LIMITS_GUEST_OPEN_TICKETS", "0"),
        ("SUPPORT_LIMITS_GUEST_MESSAGES_PER_SECOND", "0"),
        ("SUPPORT_LIMITS_GUEST_MESSAGES_PER_MINUTE", "0"),
        ("SUPPORT_LIMITS_GUEST_READS_PER_SECOND", "0"),
    ]);
    let texts = hostile_texts();
    let browser = Browser::open(&server).await;
    browser.send("first").await;
    browser.shows(&["own:1:sent:first"]).await;
    let cookie = browser.page.get_all_cookies().await.unwrap().pop().unwrap();
    let cookie = format!("{}={}", cookie.name, cookie.value);
    let mut maya = Guest::connect(&server, &cookie).await.unwrap();
    let mut subjects: Vec<String> = texts.iter().map(|it| one_line(it, 200)).collect();
    let mut last = String::new();
    for (number, (text, subject)) in texts.iter().zip(&subjects).enumerate() {
        let new = json!({
            "content": "hello", "clientMessageId": format!("t{number}"), "subject": subject,
            "name": one_line(text, 80),
        });
        let created = maya.done("ticket:create", new).await;
        created["ticket"]["id"].as_str().unwrap().clone_into(&mut last);
    }
    subjects.reverse();
    // The one on the page is not in its list.
    let latest = json!({ "content": "latest", "clientMessageId": "latest" });
    maya.done("ticket:create", latest).await;

    // The page's list of conversations, the latest first.
    browser.page.refresh().await.unwrap();
    browser.press("#earlier summary").await;
    let count = texts.len() + 1;
    browser
        .until(&format!("return document.querySelectorAll('#earlier li').length === {count}"))
        .await;
    let shown: Vec<String> = browser
        .ask("return [...document.querySelectorAll('#earlier li bdi')].map((it) => it.textContent)")
        .await;
    assert_eq!(shown[..texts.len()], subjects);
    assert!(browser.ask::<bool>("return !document.querySelector('#earlier bdi *')").await);
    did_nothing(&browser, &server).await;

    // And the page without scripts.
    browser.page.goto(server.url(&format!("/plain?ticket={last}"))).await.unwrap();
    let shown: Vec<String> = browser
        .ask("return [...document.querySelectorAll('.others li bdi')].map((it) => it.textContent)")
        .await;
    assert!(
        shown.len() > 40
            && shown.iter().all(|it| subjects.contains(it) || it == "first" || it == "latest")
    );
    let of_people = "return !document.querySelector('bdi *, .text :not(a)')";
    assert!(browser.ask::<bool>(of_people).await);
    did_nothing(&browser, &server).await;

    browser.close().await;
}

#[tokio::test]
async fn hostile_names_of_agents_are_text_wherever_a_page_shows_them() {
    let server = Server::with_admin_and(&[
        ("SUPPORT_LIMITS_AGENT_MESSAGES_PER_SECOND", "0"),
        ("SUPPORT_LIMITS_AGENT_READS_PER_MINUTE", "0"),
    ]);
    let names: Vec<String> = hostile_texts().iter().map(|it| one_line(it, 80)).collect();
    let root = Agent::signs_in(&server, "root").await;
    let mut alice = Agent::signs_in(&server, "alice").await;
    let browser = Browser::open(&server).await;
    browser.send("hello").await;
    let ticket = ticket(&browser).await;
    let before: usize = browser.ask(ELEMENTS).await;
    let (_, me) = alice.http(&server, reqwest::Method::GET, "/agent/me", None).await;
    let path = format!("/api/v1/agents/{}", me["agent"]["id"].as_str().unwrap());
    let rename = async |name: &str| {
        let change = json!({ "displayName": name });
        let (status, body): (_, Value) =
            root.http(&server, reqwest::Method::PATCH, &path, Some(change)).await;
        assert_eq!(status, 200, "{name}: {body}");
    };

    for name in &names {
        rename(name).await;
        answers(&mut alice, &ticket, "mine").await;
    }
    let count = names.len() + 1;
    browser.settles(|entries| entries.len() == count).await;
    let shown: Vec<String> = browser
        .ask("return [...document.querySelectorAll('.other .name')].map((it) => it.textContent)")
        .await;
    assert_eq!(shown, names);
    // The last one, also as who answers for it, who came, and who writes.
    let last = names.last().unwrap();
    let assign = json!({ "ticketId": ticket, "agentId": "me" });
    alice.socket.done("ticket:assign", assign).await;
    alice.socket.done("ticket:join", json!({ "ticketId": ticket })).await;
    let payload = json!({ "ticketId": ticket, "typing": true });
    alice.socket.text(&format!("42/agent,[\"ticket:typing\",{payload}]")).await;
    let quoted = serde_json::to_string(last).unwrap();
    for selector in ["#heading", "#agents", ".entry.system .text"] {
        let script =
            format!("return document.querySelector('{selector}')?.textContent.includes({quoted})");
        browser.until(&script).await;
    }
    assert_eq!(browser.ask::<usize>(ELEMENTS).await, before);
    did_nothing(&browser, &server).await;
    browser.page.goto(server.url(&format!("/plain?ticket={ticket}"))).await.unwrap();
    assert!(browser.ask::<bool>("return !document.querySelector('bdi *, .text :not(a)')").await);
    let named = "return [...document.querySelectorAll('.other .name')].at(-1).textContent";
    assert_eq!(&browser.ask::<String>(named).await, last);
    did_nothing(&browser, &server).await;

    browser.close().await;
}
