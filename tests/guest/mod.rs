//! What the guest page does besides talking, in a real browser: its end, its languages, its frame on
//! other sites, its form without JavaScript, and that everybody can use it.

mod accessible;
mod drafts;
mod embedded;
mod framed;
mod linked;
mod names;
mod network;
mod over;
mod payloads;
mod plain;
mod presence;
mod reading;
mod small;

use serde_json::json;

use crate::support::{browser::Browser, people::Agent};

/// The conversation that the page shows.
async fn ticket(browser: &Browser) -> String {
    browser.until("return document.querySelector('main').dataset.ticket !== undefined").await;
    browser.ask("return document.querySelector('main').dataset.ticket").await
}

async fn answers(agent: &mut Agent, ticket: &str, text: &str) {
    let key = ulid::Ulid::generate().to_string();
    let message = json!({ "ticketId": ticket, "content": text, "clientMessageId": key });
    agent.socket.done("message:send", message).await;
}

async fn press(browser: &Browser, selector: &str) {
    browser.press(selector).await;
}

/// Waits until an element says something.
async fn says(browser: &Browser, selector: &str, text: &str) {
    let text = serde_json::to_string(text).unwrap();
    let script = format!(
        "const it = document.querySelector('{selector}');
        return it !== null && it.checkVisibility() && it.textContent.includes({text});"
    );
    browser.until(&script).await;
}

/// Waits until a field has this value.
async fn has(browser: &Browser, id: &str, value: &str) {
    let value = serde_json::to_string(value).unwrap();
    browser.until(&format!("return document.querySelector('#{id}').value === {value}")).await;
}
