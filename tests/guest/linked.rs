//! Coming from a link on another site (T33): it begins nothing new and ends nothing that there is.

use reqwest::header;
use serde_json::json;

use super::embedded::{open_site, shop_front};
use crate::support::{
    browser::Browser,
    people::{Agent, Guest, http},
    process::Server,
};

/// Each visit reads.
const UNLIMITED: (&str, &str) = ("SUPPORT_LIMITS_GUEST_READS_PER_SECOND", "0");

/// How often somebody comes.
const VISITS: usize = 20;

#[tokio::test]
async fn who_follows_a_link_of_another_site_is_in_the_conversation_that_it_has() {
    let (listener, shop) = shop_front().await;
    let server = Server::with(&[UNLIMITED]);
    let desk = server.url("");
    let links =
        format!("<a id=page href=\"{desk}/\">Talk</a> <a id=plain href=\"{desk}/plain\">Talk</a>");
    open_site(listener, format!("<!doctype html><html lang=en><title>Shop</title>{links}"));
    let mut alice = Agent::signs_in(&server, "alice").await;
    let browser = Browser::open(&server).await;
    browser.send("hello").await;
    browser.shows(&["own:1:sent:hello"]).await;
    let cookie = async || {
        let cookies = browser.page.get_all_cookies().await.unwrap();
        let found: Vec<_> = cookies.into_iter().filter(|it| it.name == "guestId").collect();
        assert_eq!(found.len(), 1);
        found.into_iter().next().unwrap()
    };
    let before = cookie().await;
    assert_eq!(before.same_site, Some(thirtyfour::SameSite::Lax));

    for visit in 0..VISITS {
        browser.page.goto(&shop).await.unwrap();
        // Without scripts it is the cookie of the navigation itself that says who comes, and the page
        // is there sooner.
        let (link, entry) =
            if visit % 5 == 0 { ("#page", "own:1:sent:hello") } else { ("#plain", "own:1::hello") };
        browser.press(link).await;
        browser.shows(&[entry]).await;
        assert_eq!(cookie().await.value, before.value, "visit {visit}");
    }

    let listed = alice.socket.done("ticket:list", json!({})).await;
    assert_eq!(listed["tickets"].as_array().unwrap().len(), 1);
    browser.close().await;
}

#[tokio::test]
async fn no_visit_sets_a_cookie_and_no_other_site_can_ask_for_one() {
    let server = Server::with(&[UNLIMITED]);
    let mut maya = Guest::arrives(&server).await;
    let ticket = maya.opens_a_ticket("hello").await;
    let headed = |request: reqwest::RequestBuilder| {
        request.header("referer", "https://shop.example/").header("sec-fetch-site", "cross-site")
    };

    for visit in 0..VISITS {
        for cookie in [None, Some(&maya.cookie), Some(&"guestId=planted".to_owned())] {
            let ask = |request: reqwest::RequestBuilder| match cookie {
                Some(cookie) => headed(request).header("cookie", cookie).send(),
                None => headed(request).send(),
            };
            for path in ["/", "/plain", "/embed.js", "/nope"] {
                let response = ask(http().get(server.url(path))).await.unwrap();
                let set = response.headers().get(header::SET_COOKIE);
                assert_eq!(set, None, "visit {visit}: {path} with {cookie:?}");
            }
            let begun = http().post(server.url("/guest/session"));
            let begun = ask(begun.header("origin", "https://shop.example")).await.unwrap();
            assert_eq!(begun.status(), 403, "with {cookie:?}");
            assert_eq!(begun.headers().get(header::SET_COOKIE), None, "with {cookie:?}");
        }
    }

    maya.returns(&server).await;
    let own = maya.socket.done("ticket:list", json!({})).await;
    assert_eq!(own["tickets"].as_array().unwrap().len(), 1);
    assert_eq!(own["tickets"][0]["id"], ticket.as_str());
}
