//! The page in a frame on another site. The sites are of this test's own: `localhost` on another port
//! is another origin of the same site, `127.0.0.1` is another site.

use thirtyfour::By;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpListener,
};
use tokio_util::task::TaskTracker;

use super::{answers, ticket};
use crate::support::{browser::Browser, people::Agent, process::Server};

/// A site with one page, which has the launcher of that desk, and hostile styles.
fn open_shop(listener: TcpListener, desk: &str) {
    let page = format!(
        "<!doctype html><html lang=en><title>Shop</title><style>\
         * {{ position: static !important; font: 40px cursive !important }}\
         support-desk {{ display: none !important; opacity: 0 !important }}\
         button,iframe {{ display: none !important }}</style>\
         <script>window.said = []; console.error = (...all) => window.said.push(all.join(' '))</script>\
         <h1>Shop</h1><script src=\"{desk}/embed.js\" async></script>"
    );
    open_site(listener, page);
}

/// A site with this page at every path.
pub(super) fn open_site(listener: TcpListener, page: String) {
    let tasks = TaskTracker::new();
    let visitors = tasks.clone();
    tasks.spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            visitors.spawn(show(stream, page.clone()));
        }
    });
}

/// Answers the one request of a visitor with this page.
pub(super) async fn show(mut stream: impl AsyncRead + AsyncWrite + Unpin, page: String) {
    let mut asked = vec![0; 4096];
    let _ = stream.read(&mut asked).await;
    let answer = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{page}",
        page.len()
    );
    let _ = stream.write_all(answer.as_bytes()).await;
    let _ = stream.shutdown().await;
}

/// Where the shop will be, and where it will be for browsers.
pub(super) async fn shop_front() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("http://localhost:{}", listener.local_addr().unwrap().port());
    (listener, origin)
}

/// Something in the launcher's own tree, when it is there.
async fn in_launcher(browser: &Browser, what: &str) -> thirtyfour::WebElement {
    let it = format!("document.querySelector('support-desk')?.shadowRoot.querySelector('{what}')");
    browser.until(&format!("return {it} != null && {it}.checkVisibility()")).await;
    let found = browser.page.execute(format!("return {it}"), Vec::new()).await.unwrap();
    found.element().unwrap()
}

pub(super) async fn press_launcher(browser: &Browser) {
    browser.press_by(|| async { Ok(in_launcher(browser, "button").await) }, "the launcher").await;
}

const UNREAD: &str = "return document.querySelector('support-desk').dataset.unread";

#[tokio::test]
async fn one_line_puts_the_page_on_an_allowed_site_with_its_unread_messages() {
    let (listener, shop) = shop_front().await;
    let server = Server::with(&[("SUPPORT_EMBED_ORIGINS", &shop)]);
    open_shop(listener, &server.url("").replace("127.0.0.1", "localhost"));
    let mut alice = Agent::signs_in(&server, "alice").await;
    let browser = Browser::open(&server).await;
    browser.page.goto(&shop).await.unwrap();
    press_launcher(&browser).await;
    browser.until("return document.querySelector('support-desk').dataset.open === 'true'").await;
    // The site's own styles do not reach it, however important they are to it.
    let looks = "const home = document.querySelector('support-desk');
        const { display, position, fontSize, fontFamily, opacity } = getComputedStyle(home);
        const own = getComputedStyle(home.shadowRoot.querySelector('button'));
        return [display, position, fontSize, fontFamily, opacity, own.fontSize, own.fontFamily].join()";
    let own = "inline,fixed,16px,system-ui, sans-serif,1,16px,system-ui, sans-serif";
    assert_eq!(browser.ask::<String>(looks).await.replace("block", "inline"), own);
    into_frame(&browser).await;
    browser.send("from the shop").await;
    browser.shows(&["own:1:sent:from the shop"]).await;
    let ticket = ticket(&browser).await;

    // Put away, it counts what comes; opened again, it has been seen.
    browser
        .page
        .action_chain()
        .send_keys(thirtyfour::Key::Escape.value().to_string())
        .perform()
        .await
        .unwrap();
    browser.page.enter_default_frame().await.unwrap();
    browser.until("return document.querySelector('support-desk').dataset.open === 'false'").await;
    answers(&mut alice, &ticket, "hello").await;
    browser.until(&format!("{UNREAD} === '1'")).await;
    // A message that only says that it is the desk's is not believed.
    browser
        .ask::<()>("window.postMessage({ support: 'unread', count: 99 }, '*'); return null")
        .await;
    browser.until(&format!("{UNREAD} === '1'")).await;
    press_launcher(&browser).await;
    browser.until(&format!("{UNREAD} === '0'")).await;

    browser.close().await;
}

#[tokio::test]
async fn the_badge_is_what_the_server_knows_to_be_unread_whichever_page_the_guest_reads_it_on() {
    let (listener, shop) = shop_front().await;
    let server = Server::with(&[("SUPPORT_EMBED_ORIGINS", &shop)]);
    let desk = server.url("").replace("127.0.0.1", "localhost");
    open_shop(listener, &desk);
    let mut alice = Agent::signs_in(&server, "alice").await;
    let browser = Browser::open(&server).await;
    browser.page.goto(&shop).await.unwrap();
    press_launcher(&browser).await;
    into_frame(&browser).await;
    browser.send("from the shop").await;
    browser.shows(&["own:1:sent:from the shop"]).await;
    let ticket = ticket(&browser).await;
    browser.page.enter_default_frame().await.unwrap();
    alice
        .socket
        .done("ticket:join", serde_json::json!({ "ticketId": ticket, "silent": true }))
        .await;
    // Read while it is open, so not counted afterwards.
    answers(&mut alice, &ticket, "one").await;
    while alice.socket.notice("ticket:read").await["seq"] != 2 {}

    // The shop's page is left, and the answers come meanwhile.
    browser.page.goto(server.url("/healthz")).await.unwrap();
    answers(&mut alice, &ticket, "two").await;
    answers(&mut alice, &ticket, "three").await;
    browser.page.goto(&shop).await.unwrap();
    browser.until(&format!("{UNREAD} === '2'")).await;
    browser.page.refresh().await.unwrap();
    browser.until(&format!("{UNREAD} === '2'")).await;
    answers(&mut alice, &ticket, "four").await;
    browser.until(&format!("{UNREAD} === '3'")).await;

    // On the desk's own page in another tab it is read; the first tab hears of that.
    let first = browser.page.window().await.unwrap();
    browser.page.new_tab().await.unwrap();
    let second = browser.page.windows().await.unwrap().pop().unwrap();
    browser.page.switch_to_window(second).await.unwrap();
    browser.page.goto(&desk).await.unwrap();
    browser.settles(|entries| entries.len() == 5).await;
    while alice.socket.notice("ticket:read").await["seq"] != 5 {}
    browser.page.switch_to_window(first).await.unwrap();
    browser.until(&format!("{UNREAD} === '0'")).await;
    browser.page.refresh().await.unwrap();
    answers(&mut alice, &ticket, "five").await;
    browser.until(&format!("{UNREAD} === '1'")).await;

    browser.close().await;
}

pub(super) async fn into_frame(browser: &Browser) {
    in_launcher(browser, "iframe").await.enter_frame().await.unwrap();
    browser.until("return document.querySelector('#composer') !== null").await;
}

#[tokio::test]
async fn a_site_that_is_not_allowed_gets_no_page() {
    let server = Server::start();
    let (listener, shop) = shop_front().await;
    open_shop(listener, &server.url(""));
    let browser = Browser::open(&server).await;
    browser.page.goto(&shop).await.unwrap();

    // The launcher stays away, and says so to whoever has put it there.
    browser.until("return window.said.length > 0").await;
    let said: Vec<String> = browser.ask("return window.said").await;
    assert!(said.len() == 1 && said[0].contains(&format!("name {shop} in its --embed-origins")));
    assert!(browser.ask::<bool>("return document.querySelector('support-desk') === null").await);
    // Nor would a frame be shown that is put there without it.
    let frame = format!(
        "const frame = document.createElement('iframe'); frame.id = 'by-hand';
        frame.src = '{}'; document.documentElement.append(frame); return null",
        server.url("/")
    );
    browser.ask::<()>(&frame).await;
    let frame = browser.page.find(By::Id("by-hand")).await.unwrap();
    frame.enter_frame().await.unwrap();
    browser.until("return location.href.startsWith('chrome-error:')").await;
    assert!(browser.page.find(By::Id("composer")).await.is_err());

    browser.close().await;
}

#[tokio::test]
async fn the_page_says_who_may_show_it_and_nothing_else_may_be_shown() {
    let server =
        Server::with(&[("SUPPORT_EMBED_ORIGINS", "https://shop.example,http://localhost:1")]);
    for (path, embeddable) in [("/", true), ("/plain", true), ("/agent/me", false)] {
        let response = reqwest::get(server.url(path)).await.unwrap();
        let policy = response.headers()["content-security-policy"].to_str().unwrap();
        let sites = "frame-ancestors https://shop.example:443 http://localhost:1";
        assert_eq!(policy.ends_with(sites), embeddable, "{path}: {policy}");
        assert_eq!(response.headers().contains_key("x-frame-options"), !embeddable, "{path}");
    }
}

#[tokio::test]
async fn a_session_in_a_frame_is_for_that_site_alone_and_only_where_it_is_allowed() {
    let server = Server::with(&[
        ("SUPPORT_EMBED_ORIGINS", "https://shop.example"),
        ("SUPPORT_PUBLIC_URL", "https://chat.example"),
    ]);
    let begin = |site: &str| {
        let body = serde_json::json!({ "embeddedIn": site });
        crate::support::people::http()
            .post(server.url("/guest/session"))
            .header("origin", "https://chat.example")
            .json(&body)
            .send()
    };

    let framed = begin("https://shop.example").await.unwrap();
    let cookie = framed.headers()["set-cookie"].to_str().unwrap();
    assert!(cookie.starts_with("__Host-guestId-framed="), "{cookie}");
    assert!(cookie.contains("; SameSite=None") && cookie.contains("; Partitioned"), "{cookie}");
    let elsewhere = begin("https://evil.example").await.unwrap();
    assert_eq!(elsewhere.status(), reqwest::StatusCode::FORBIDDEN);
    assert!(!elsewhere.headers().contains_key("set-cookie"));
}
