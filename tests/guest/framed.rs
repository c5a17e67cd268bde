//! The page in the frame of a third party, as it is on real sites: both under https, in a browser that
//! keeps no other site's cookies but those that are set apart for the site that shows the frame.

use std::net::SocketAddr;
use std::process::Command;

use thirtyfour::WebDriver;
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
};
use tokio_native_tls::{TlsAcceptor, TlsStream, native_tls};
use tokio_util::task::TaskTracker;

use super::{
    embedded::{into_frame, press_launcher, show},
    says, ticket,
};
use crate::support::{browser::Browser, process::Server};

/// Takes connections with a certificate that nobody has signed.
fn acceptor() -> TlsAcceptor {
    let place = tempfile::tempdir().unwrap();
    let [key, certificate] = ["key.pem", "certificate.pem"].map(|name| place.path().join(name));
    let made = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost"])
        .args(["-days", "2", "-keyout"])
        .arg(&key)
        .arg("-out")
        .arg(&certificate)
        .output()
        .expect("openssl is installed: see tests/install");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let read = |path| std::fs::read(path).unwrap();
    let identity = native_tls::Identity::from_pkcs8(&read(certificate), &read(key)).unwrap();
    native_tls::TlsAcceptor::new(identity).unwrap().into()
}

async fn listen() -> (TcpListener, u16) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    (listener, port)
}

/// Serves each connection that comes over https.
fn serve<F: Future<Output = ()> + Send + 'static>(
    listener: TcpListener,
    acceptor: TlsAcceptor,
    work: impl Fn(TlsStream<TcpStream>) -> F + Send + Sync + Clone + 'static,
) {
    let tasks = TaskTracker::new();
    let visitors = tasks.clone();
    tasks.spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (acceptor, work) = (acceptor.clone(), work.clone());
            visitors.spawn(async move {
                if let Ok(stream) = acceptor.accept(stream).await {
                    work(stream).await;
                }
            });
        }
    });
}

async fn pass_on(mut stream: TlsStream<TcpStream>, desk: SocketAddr) {
    if let Ok(mut desk) = TcpStream::connect(desk).await {
        let _ = copy_bidirectional(&mut stream, &mut desk).await;
    }
}

#[tokio::test]
async fn a_third_partys_frame_gets_its_cookie_back_on_that_site_and_nowhere_else() {
    let ((desk_at, desk_port), (shop_at, shop_port)) = (listen().await, listen().await);
    // Another host, so another site, with the desk as a third party in it.
    let (desk, shop) =
        (format!("https://127.0.0.1:{desk_port}"), format!("https://localhost:{shop_port}"));
    let server = Server::with(&[("SUPPORT_PUBLIC_URL", &desk), ("SUPPORT_EMBED_ORIGINS", &shop)]);
    let acceptor = acceptor();
    let address = server.address;
    serve(desk_at, acceptor.clone(), move |stream| pass_on(stream, address));
    let page = format!(
        "<!doctype html><html lang=en><title>Shop</title><h1>Shop</h1><script src=\"{desk}/embed.js\"></script>"
    );
    serve(shop_at, acceptor, move |stream| show(stream, page.clone()));

    let browser = Browser::without_third_parties(&server).await;
    browser.page.goto(&shop).await.unwrap();
    press_launcher(&browser).await;
    into_frame(&browser).await;
    // This browser does keep other sites out: only what is set apart for the shop stays.
    let kept = "document.cookie = 'common=1; Secure; SameSite=None; Path=/';
        document.cookie = 'apart=1; Secure; SameSite=None; Path=/; Partitioned';
        return document.cookie";
    assert_eq!(browser.ask::<String>(kept).await, "apart=1");
    browser.send("from the shop").await;
    browser.shows(&["own:1:sent:from the shop"]).await;
    let first = ticket(&browser).await;

    // The shop's next page: the server knows the guest by what the frame sends.
    let again = async |page: &WebDriver| page.goto(&shop).await.unwrap();
    again(&browser.page).await;
    press_launcher(&browser).await;
    into_frame(&browser).await;
    browser.shows(&["own:1:sent:from the shop"]).await;
    assert_eq!(ticket(&browser).await, first);
    browser.send("still me").await;
    browser.shows(&["own:1:sent:from the shop", "own:2:sent:still me"]).await;

    // On the desk's own site it is nobody.
    browser.page.goto(&desk).await.unwrap();
    says(&browser, "#greeting", "How can we help?").await;
    browser.page.goto(format!("{desk}/plain")).await.unwrap();
    says(&browser, "#greeting", "How can we help?").await;

    browser.close().await;
}
