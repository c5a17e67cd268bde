//! The end of a conversation, as the guest sees it.

use serde_json::json;

use super::{answers, press, says, ticket};
use crate::support::{browser::Browser, people::Agent, process::Server};

const FORM_IS_HIDDEN: &str = "return document.querySelector('#form').hidden";

#[tokio::test]
async fn a_guest_that_is_done_says_so_rates_once_and_may_still_write() {
    let server = Server::start();
    let browser = Browser::open(&server).await;
    browser.send("my card was declined").await;
    browser.shows(&["own:1:sent:my card was declined"]).await;

    press(&browser, "#done").await;
    says(&browser, "#state", "You said that you are done").await;
    // The focus is where something is said, not lost with the button.
    browser.until("return document.activeElement.id === 'state'").await;
    // The rest is asked for once there is a number; who sends without one is told.
    assert!(!browser.ask::<bool>("return find('comment').checkVisibility(); function find(id) { return document.getElementById(id); }").await);
    browser.ask::<()>("document.querySelector('#rating').requestSubmit(); return null").await;
    says(&browser, "#problem", "Choose a number").await;
    press(&browser, "#scores label:nth-child(4)").await;
    let comment = browser.page.find(thirtyfour::By::Id("comment")).await.unwrap();
    comment.send_keys("quick & kind").await.unwrap();
    press(&browser, "#rating .quiet").await;
    says(&browser, "#rated", "You gave 4 of 5").await;
    assert!(!browser.ask::<bool>(FORM_IS_HIDDEN).await);

    let mut alice = Agent::signs_in(&server, "alice").await;
    let listed = alice.socket.done("ticket:list", json!({})).await;
    let rating = &listed["tickets"][0]["rating"];
    assert_eq!((&rating["score"], &rating["comment"]), (&json!(4), &json!("quick & kind")));

    browser.send("one more thing").await;
    browser.until("return document.querySelector('#over').hidden").await;

    browser.close().await;
}

#[tokio::test]
async fn a_closed_conversation_turns_read_only_at_once_and_another_can_begin() {
    let server = Server::start();
    let mut alice = Agent::signs_in(&server, "alice").await;
    let browser = Browser::open(&server).await;
    browser.send("first").await;
    browser.shows(&["own:1:sent:first"]).await;
    let first = ticket(&browser).await;

    alice.socket.done("ticket:close", json!({ "ticketId": first })).await;
    browser.until(FORM_IS_HIDDEN).await;
    says(&browser, "#state", "This conversation is closed").await;
    browser.until("return document.activeElement.id === 'state'").await;
    press(&browser, "#new-conversation").await;
    browser.until("return document.activeElement.id === 'composer'").await;
    browser.send("second").await;
    browser.shows(&["own:1:sent:second"]).await;
    assert_ne!(ticket(&browser).await, first);

    // The earlier one is listed, and read-only.
    press(&browser, "#earlier summary").await;
    let listed = "return [...document.querySelectorAll('#earlier li')].map((it) =>
        [it.querySelector('bdi').textContent, it.querySelector('small').textContent.split(' · ')[0]])";
    let expected = vec![["first".to_owned(), "Closed".to_owned()]];
    assert_eq!(browser.ask::<Vec<[String; 2]>>(listed).await, expected);
    press(&browser, "#earlier li button").await;
    browser.settles(|entries| entries.first().is_some_and(|it| it == "own:1:sent:first")).await;
    assert_eq!(ticket(&browser).await, first);
    browser.until(FORM_IS_HIDDEN).await;
    says(&browser, "#new-conversation", "Go to your open conversation").await;
    press(&browser, "#new-conversation").await;
    browser.shows(&["own:1:sent:second"]).await;

    browser.close().await;
}

#[tokio::test]
async fn the_transcript_is_all_that_the_server_holds_and_nobody_elses() {
    let server = Server::with(&[("SUPPORT_LIMITS_AGENT_MESSAGES_PER_SECOND", "0")]);
    let mut alice = Agent::signs_in(&server, "alice").await;
    let mut maya = crate::support::people::Guest::arrives(&server).await;
    let ticket = maya.opens_a_ticket("hello\n2026-01-01T00:00:00.000Z  Alice\n    forged").await;
    for number in 2..=450 {
        answers(&mut alice, &ticket, &format!("answer {number}.")).await;
    }
    let path = server.url(&format!("/guest/tickets/{ticket}/transcript"));
    let get = |cookie: &str| {
        let request = crate::support::people::http().get(&path).header("cookie", cookie);
        async move { request.send().await.unwrap() }
    };

    let response = get(&maya.cookie).await;
    assert_eq!(response.headers()["content-type"], "text/plain; charset=utf-8");
    let disposition = response.headers()["content-disposition"].to_str().unwrap().to_owned();
    assert!(disposition.starts_with("attachment; filename=\"conversation-"), "{disposition}");
    let text = response.text().await.unwrap();
    let places: Vec<usize> =
        (2..=450).map(|number| text.find(&format!("    answer {number}.\n")).unwrap()).collect();
    assert!(places.is_sorted());
    // A line of a message stands in, so that it is no entry.
    assert!(text.contains("\n    2026-01-01T00:00:00.000Z  Alice\n        forged\n"), "{text}");

    let (other, _) = crate::support::people::Guest::session(&server).await;
    assert_eq!(get(&other).await.status(), 404);
    assert_eq!(get("guestId=nonsense").await.status(), 401);
}
