//! The page where JavaScript is not allowed.

use reqwest::{RequestBuilder, StatusCode, header};
use serde_json::json;

use super::{answers, press, says};
use crate::support::{
    browser::Browser,
    people::{Agent, Guest, http},
    process::Server,
};

#[tokio::test]
async fn without_javascript_a_guest_writes_by_form_and_reads_by_reload() {
    let server = Server::start();
    let mut alice = Agent::signs_in(&server, "alice").await;
    let browser = Browser::without_javascript(&server).await;

    // The page leads there by itself. Nothing but the driver's own script runs.
    says(&browser, "#greeting", "The answer is on this page").await;
    assert_eq!(browser.page.current_url().await.unwrap().path(), "/plain");
    assert!(browser.page.get_all_cookies().await.unwrap().is_empty());
    browser.send("<b>hello</b> & good morning").await;
    browser.shows(&["own:1::<b>hello</b> & good morning"]).await;

    says(&browser, "#agents", "No agent is in the conversation right now").await;

    let listed = alice.socket.done("ticket:list", json!({})).await;
    let ticket = listed["tickets"][0]["id"].as_str().unwrap().to_owned();
    alice.socket.done("ticket:join", json!({ "ticketId": ticket })).await;
    answers(&mut alice, &ticket, "<script>alert(1)</script>").await;
    press(&browser, ".reload a").await;
    assert!(browser.ask::<bool>("return document.querySelector('#agents') === null").await);
    let whole = [
        "own:1::<b>hello</b> & good morning",
        "system:2::Alice joined the chat",
        "other:3::<script>alert(1)</script>",
    ];
    browser.shows(&whole).await;
    says(&browser, ".own .state", "Seen").await;
    browser.page.refresh().await.unwrap();
    browser.shows(&whole).await;

    press(&browser, "header .quiet").await;
    says(&browser, "#state", "You said that you are done").await;
    says(&browser, "#log", "You ended the conversation").await;
    press(&browser, "#scores label:nth-child(5)").await;
    press(&browser, "#rating button").await;
    says(&browser, "#rated", "You gave 5 of 5").await;
    alice.socket.done("ticket:close", json!({ "ticketId": ticket })).await;
    browser.page.refresh().await.unwrap();
    says(&browser, "#state", "This conversation is closed").await;
    assert!(browser.ask::<bool>("return document.querySelector('#composer') === null").await);

    browser.close().await;
}

#[tokio::test]
async fn it_speaks_the_guests_language_and_keeps_to_it() {
    let server = Server::start();
    let mut alice = Agent::signs_in(&server, "alice").await;
    let browser = Browser::without_javascript(&server).await;
    browser.page.goto(server.url("/plain?lang=ar")).await.unwrap();
    let in_arabic = async |state: &str| {
        // But for names, handles and the zone of a time.
        let script = "return [document.documentElement.lang, document.documentElement.dir,
            document.body.innerText.replace(/Alice|[A-Z0-9]{6}|UTC/g, '').match(/[a-z]{2,}/gi)]";
        let (lang, dir, english): (String, String, Option<Vec<String>>) = browser.ask(script).await;
        assert_eq!((lang.as_str(), dir.as_str(), english), ("ar", "rtl", None), "{state}");
    };
    in_arabic("start").await;
    browser.send("مرحبا").await;
    browser.shows(&["own:1::مرحبا"]).await;
    in_arabic("conversation").await;
    let listed = alice.socket.done("ticket:list", json!({})).await;
    let ticket = listed["tickets"][0]["id"].as_str().unwrap().to_owned();
    alice.socket.done("ticket:join", json!({ "ticketId": ticket })).await;
    press(&browser, ".reload a").await;
    browser.settles(|entries| entries.len() == 2).await;
    in_arabic("joined").await;
    press(&browser, "header .quiet").await;
    says(&browser, "#state", "قلت إنك انتهيت").await;
    in_arabic("done").await;
    press(&browser, "#scores label:nth-child(5)").await;
    press(&browser, "#rating button").await;
    says(&browser, "#rated", "تقييمك: 5 من 5").await;
    alice.socket.done("ticket:close", json!({ "ticketId": ticket })).await;
    browser.page.refresh().await.unwrap();
    says(&browser, "#state", "هذه المحادثة مغلقة").await;
    press(&browser, ".ways a").await;
    says(&browser, "#greeting", "كيف يمكننا مساعدتك؟").await;
    in_arabic("another").await;

    // Without a wish in the address, the browser's own language.
    let get = |accepted: &str| {
        let request = http().get(server.url("/plain")).header("accept-language", accepted);
        async move { request.send().await.unwrap().text().await.unwrap() }
    };
    assert!(get("ar-EG,ar;q=0.9,en;q=0.5").await.contains("<html lang=\"ar\" dir=\"rtl\">"));
    assert!(get("fr").await.contains("<html lang=\"en\" dir=\"ltr\">"));

    browser.close().await;
}

#[tokio::test]
async fn links_are_links_there_too_and_lead_only_where_they_say() {
    let server = Server::start();
    let mut maya = Guest::arrives(&server).await;
    let mut alice = Agent::signs_in(&server, "alice").await;
    let ticket = maya.opens_a_ticket("hello").await;
    let said = "see (https://a.example/b?c=1&d=2). javascript:alert(1) \
        http://b.example\"onclick=alert(1) <https://c.example/<script>";
    answers(&mut alice, &ticket, said).await;
    let request = http().get(server.url("/plain")).header("cookie", &maya.cookie);
    let page = request.send().await.unwrap().text().await.unwrap();

    let about = "target=\"_blank\" rel=\"noopener noreferrer nofollow\"";
    let links: Vec<&str> = page.split("<a href=\"http").skip(1).collect();
    assert_eq!(links.len(), 3, "{page}");
    for (link, whole) in
        links.iter().zip(["s://a.example/b?c=1&amp;d=2", "://b.example", "s://c.example/"])
    {
        assert!(link.starts_with(&format!("{whole}\" {about}>http{whole}</a>")), "{link}");
    }
    assert!(!page.contains("<script") && !page.contains("href=\"javascript"), "{page}");
}

fn form(request: RequestBuilder, fields: &str) -> RequestBuilder {
    request
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(fields.to_owned())
}

#[tokio::test]
async fn a_form_from_elsewhere_or_from_nowhere_is_not_taken() {
    let server = Server::start();
    let maya = Guest::arrives(&server).await;
    let post = |origin: Option<String>| {
        let mut request = http().post(server.url("/plain/message")).header("cookie", &maya.cookie);
        if let Some(origin) = origin {
            request = request.header("origin", origin);
        }
        form(request, "content=hello&key=one").send()
    };

    for origin in [None, Some("null".to_owned()), Some("https://evil.example".to_owned())] {
        assert_eq!(
            post(origin.clone()).await.unwrap().status(),
            StatusCode::FORBIDDEN,
            "{origin:?}"
        );
    }
    let own = server.url("").trim_end_matches('/').to_owned();
    assert!(post(Some(own)).await.unwrap().status().is_success());
}

#[tokio::test]
async fn what_is_refused_is_shown_with_the_text_that_was_sent() {
    let server = Server::start();
    let mut maya = Guest::arrives(&server).await;
    let mut alice = Agent::signs_in(&server, "alice").await;
    let ticket = maya.opens_a_ticket("hello").await;
    let own = server.url("").trim_end_matches('/').to_owned();
    let send = |fields: String| {
        let request = http().post(server.url("/plain/message")).header("cookie", &maya.cookie);
        form(request.header("origin", &own), &fields).send()
    };

    // Twice the same form is one message.
    for _ in 0..2 {
        assert!(
            send(format!("content=again&key=k&ticket={ticket}"))
                .await
                .unwrap()
                .status()
                .is_success()
        );
    }
    let log = alice.socket.done("ticket:join", json!({ "ticketId": ticket, "silent": true })).await;
    assert_eq!(log["messages"].as_array().unwrap().len(), 2);

    let long = "a".repeat(4_001);
    let refused = send(format!("content={long}&key=l&ticket={ticket}")).await.unwrap();
    assert_eq!(refused.status(), StatusCode::PAYLOAD_TOO_LARGE);
    assert!(refused.text().await.unwrap().contains(&long));

    alice.socket.done("ticket:close", json!({ "ticketId": ticket })).await;
    let late = send(format!("content=too+%3Clate%3E&key=m&ticket={ticket}")).await.unwrap();
    assert_eq!(late.status(), StatusCode::CONFLICT);
    let page = late.text().await.unwrap();
    assert!(page.contains("too &lt;late&gt;</textarea>") && page.contains("readonly"), "{page}");
}
