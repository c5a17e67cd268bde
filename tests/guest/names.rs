//! What a guest says of itself: before the first message, or later, from the conversation.

use serde_json::{Value, json};
use thirtyfour::{By, Key};

use super::{has, press, says, ticket};
use crate::support::{browser::Browser, people::Agent, process::Server};

async fn fills(browser: &Browser, id: &str, text: &str) {
    let field = browser.page.find(By::Id(id)).await.unwrap();
    field.clear().await.unwrap();
    field.send_keys(text).await.unwrap();
}

/// Waits until the agents see the guest like this.
async fn is_known_as(alice: &mut Agent, guest: Value) {
    loop {
        let seen = alice.socket.notice("ticket:updated").await["ticket"]["guest"].clone();
        if (&seen["name"], &seen["email"]) == (&guest["name"], &guest["email"]) {
            return;
        }
    }
}

#[tokio::test]
async fn a_guest_may_say_its_name_and_address_later_from_the_conversation() {
    let server = Server::start();
    let mut alice = Agent::signs_in(&server, "alice").await;
    let browser = Browser::open(&server).await;
    browser.send("hello").await;
    browser.shows(&["own:1:sent:hello"]).await;
    let ticket = ticket(&browser).await;
    browser.write("half a").await;

    press(&browser, "#details summary").await;
    // The subject goes with the first message only.
    browser.until("return !document.querySelector('#subject').checkVisibility()").await;
    fills(&browser, "name", "Maya").await;
    fills(&browser, "email", "bad").await;
    press(&browser, "#save").await;
    says(&browser, "#hint", "Not saved: check your name, e-mail and text").await;
    // The same again is said again, to those too who only hear it.
    let listen = "window.said = 0; new MutationObserver(() => { window.said += 1; })
        .observe(document.querySelector('#hint'), { childList: true }); return null;";
    browser.ask::<()>(listen).await;
    press(&browser, "#save").await;
    browser.until("return window.said > 1").await;
    says(&browser, "#hint", "Not saved: check your name, e-mail and text").await;
    fills(&browser, "email", &format!("maya@example.com{}", Key::Enter.value())).await;
    says(&browser, "#hint", "Thank you, that is saved").await;
    is_known_as(&mut alice, json!({ "name": "Maya", "email": "maya@example.com" })).await;
    // What was in the box has not been sent, and can be written on.
    browser.until("return document.activeElement.id === 'composer'").await;
    browser.until("return !document.querySelector('#details').open").await;
    has(&browser, "composer", "half a").await;
    browser.shows(&["own:1:sent:hello"]).await;

    // It is the same guest, in the same conversation, and is known from now on.
    browser.page.refresh().await.unwrap();
    browser.shows(&["own:1:sent:hello"]).await;
    assert_eq!(super::ticket(&browser).await, ticket);
    press(&browser, "#details summary").await;
    has(&browser, "name", "Maya").await;
    has(&browser, "email", "maya@example.com").await;
    // Who says nothing is not told that it is saved, because what is known stays as it is.
    let count = "window.asked = 0; const ask = window.fetch;
        window.fetch = (...what) => { window.asked += 1; return ask(...what); }; return null;";
    browser.ask::<()>(count).await;
    fills(&browser, "email", "").await;
    fills(&browser, "name", "").await;
    press(&browser, "#save").await;
    fills(&browser, "name", "Maya B.").await;
    press(&browser, "#save").await;
    is_known_as(&mut alice, json!({ "name": "Maya B.", "email": "maya@example.com" })).await;
    assert_eq!(browser.ask::<u64>("return window.asked").await, 1);

    browser.close().await;
}

#[tokio::test]
async fn what_is_said_before_the_first_message_goes_along_with_it() {
    let server = Server::start();
    let mut alice = Agent::signs_in(&server, "alice").await;
    let browser = Browser::open(&server).await;
    press(&browser, "#details summary").await;
    fills(&browser, "subject", "Card").await;
    // There is nothing to save yet: Enter leads to the box.
    fills(&browser, "name", &format!("Maya{}", Key::Enter.value())).await;
    browser.until("return document.activeElement.id === 'composer'").await;
    assert!(browser.page.get_all_cookies().await.unwrap().is_empty());
    browser.send("hello").await;
    browser.shows(&["own:1:sent:hello"]).await;

    let listed = alice.socket.done("ticket:list", json!({})).await;
    let ticket = &listed["tickets"][0];
    assert_eq!((&ticket["guest"]["name"], &ticket["subject"]), (&json!("Maya"), &json!("Card")));
    // The guest's name is known from then on; what that conversation was about is over with it.
    press(&browser, "#done").await;
    press(&browser, "#new-conversation").await;
    has(&browser, "subject", "").await;
    browser.send("another").await;
    browser.shows(&["own:1:sent:another"]).await;
    let listed = alice.socket.done("ticket:list", json!({})).await;
    let about = listed["tickets"].as_array().unwrap().iter().map(|it| &it["subject"]);
    let mut about: Vec<_> = about.map(Value::as_str).collect();
    about.sort_unstable();
    assert_eq!(about, [None, Some("Card")]);

    browser.close().await;
}
