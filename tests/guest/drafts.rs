//! Texts that are not finished: each conversation keeps its own.

use super::{has, press, ticket};
use crate::support::{browser::Browser, process::Server};

#[tokio::test]
async fn a_text_that_is_not_finished_is_there_after_a_reload_and_a_visit_elsewhere() {
    let server = Server::start();
    let browser = Browser::open(&server).await;
    browser.write("half a").await;
    browser.page.refresh().await.unwrap();
    has(&browser, "composer", "half a").await;
    // It has only been written, and nothing of it has been sent: there is no guest yet.
    assert!(browser.page.get_all_cookies().await.unwrap().is_empty());
    browser.send(" question").await;
    browser.shows(&["own:1:sent:half a question"]).await;
    has(&browser, "composer", "").await;

    browser.write("another").await;
    browser.page.goto(server.url("/healthz")).await.unwrap();
    browser.page.back().await.unwrap();
    browser.shows(&["own:1:sent:half a question"]).await;
    has(&browser, "composer", "another").await;
    browser.page.goto(server.url("/healthz")).await.unwrap();
    browser.page.goto(server.url("/")).await.unwrap();
    browser.shows(&["own:1:sent:half a question"]).await;
    has(&browser, "composer", "another").await;
    browser.send("").await;
    browser.shows(&["own:1:sent:half a question", "own:2:sent:another"]).await;
    browser.page.refresh().await.unwrap();
    browser.shows(&["own:1:sent:half a question", "own:2:sent:another"]).await;
    has(&browser, "composer", "").await;

    browser.close().await;
}

#[tokio::test]
async fn each_conversation_has_its_own() {
    let server = Server::start();
    let browser = Browser::open(&server).await;
    browser.send("first").await;
    browser.shows(&["own:1:sent:first"]).await;
    let first = ticket(&browser).await;
    press(&browser, "#done").await;
    browser.write("more on the first").await;
    press(&browser, "#new-conversation").await;
    has(&browser, "composer", "").await;
    browser.send("second").await;
    browser.shows(&["own:1:sent:second"]).await;
    browser.write("more on the second").await;

    press(&browser, "#earlier summary").await;
    press(&browser, "#earlier li button").await;
    browser.settles(|entries| entries.first().is_some_and(|it| it == "own:1:sent:first")).await;
    assert_eq!(ticket(&browser).await, first);
    has(&browser, "composer", "more on the first").await;
    press(&browser, "#new-conversation").await;
    browser.shows(&["own:1:sent:second"]).await;
    has(&browser, "composer", "more on the second").await;

    browser.close().await;
}
