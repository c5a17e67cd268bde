//! One exchange over HTTP, on a connection of its own. TLS is made ready by the first request that
//! needs it: reading the system's certificates takes longer than everything else before the first
//! frame, and a server on this machine needs none of them.

use std::error::Error;
use std::future::poll_fn;
use std::io;
use std::pin::pin;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use http::{Request, StatusCode};
use hyper::body::{Body, Incoming};
use hyper_tls::HttpsConnector;
use hyper_tls::native_tls::TlsConnector;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use tokio::time::timeout;

const CONNECT: Duration = Duration::from_secs(5);
const WHOLE: Duration = Duration::from_secs(15);
/// The largest answer that is read. A page of messages is at most 256 KiB.
const LARGEST: usize = 8 << 20;

type Tls = Client<HttpsConnector<HttpConnector>, String>;

/// Tokens go straight to the server, as the Socket.IO connection does: no proxy, and no redirect is
/// followed.
#[derive(Debug, Clone)]
pub(super) struct Http {
    plain: Client<HttpConnector, String>,
    tls: Arc<OnceLock<Tls>>,
}

/// Why there is no answer.
pub(super) enum Silence {
    Unreachable(String),
    /// There is one, and it is none that we read.
    Nonsense,
}

impl Http {
    pub(super) fn new() -> Self {
        Self { plain: client(connector()), tls: Arc::default() }
    }

    /// The answer to a request, whatever its status.
    pub(super) async fn answer(
        &self,
        request: Request<String>,
    ) -> Result<(StatusCode, String), Silence> {
        match timeout(WHOLE, self.exchange(request)).await {
            Ok(answer) => answer,
            Err(_) => Err(Silence::Unreachable("no answer in time".to_owned())),
        }
    }

    async fn exchange(&self, request: Request<String>) -> Result<(StatusCode, String), Silence> {
        let response = if request.uri().scheme_str() == Some("https") {
            self.tls()?.request(request).await
        } else {
            self.plain.request(request).await
        };
        let response = response.map_err(|error| unreachable(&error))?;
        let status = response.status();
        let bytes = read(response.into_body()).await?;
        String::from_utf8(bytes).map(|text| (status, text)).map_err(|_| Silence::Nonsense)
    }

    fn tls(&self) -> Result<&Tls, Silence> {
        if let Some(ready) = self.tls.get() {
            return Ok(ready);
        }
        let tls = TlsConnector::new().map_err(|error| unreachable(&error))?;
        Ok(self.tls.get_or_init(|| client(HttpsConnector::from((connector(), tls.into())))))
    }
}

fn connector() -> HttpConnector {
    let mut connector = HttpConnector::new();
    connector.enforce_http(false);
    connector.set_connect_timeout(Some(CONNECT));
    connector.set_nodelay(true);
    connector
}

fn client<C>(connector: C) -> Client<C, String>
where
    C: hyper_util::client::legacy::connect::Connect + Clone,
{
    // No connection outlives its answer: the link's runtimes come and go.
    Client::builder(TokioExecutor::new()).pool_max_idle_per_host(0).build(connector)
}

async fn read(body: Incoming) -> Result<Vec<u8>, Silence> {
    let mut body = pin!(body);
    let mut bytes = Vec::new();
    while let Some(frame) = poll_fn(|cx| body.as_mut().poll_frame(cx)).await {
        let frame = frame.map_err(|error| unreachable(&error))?;
        // What is no data comes after all of it.
        let Ok(data) = frame.into_data() else { break };
        bytes.extend_from_slice(&data);
        if bytes.len() > LARGEST {
            return Err(Silence::Nonsense);
        }
    }
    Ok(bytes)
}

/// What is really wrong: the outer errors of an HTTP client say only that something is.
fn unreachable(error: &(dyn Error + 'static)) -> Silence {
    let mut cause = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    let timed_out = |error: &io::Error| error.kind() == io::ErrorKind::TimedOut;
    Silence::Unreachable(if cause.downcast_ref().is_some_and(timed_out) {
        "no answer in time".to_owned()
    } else {
        cause.to_string()
    })
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;

    /// What comes of a request to somebody who answers like this, and whether TLS was made ready.
    async fn asked(scheme: &str, answer: &str) -> (Result<(StatusCode, String), String>, bool) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let uri = format!("{scheme}://{}/", listener.local_addr().unwrap());
        let http = Http::new();
        let request = Request::get(uri).body(String::new()).unwrap();
        let serve = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            let _ = stream.read(&mut [0; 1024]).await.unwrap();
            stream.write_all(answer.as_bytes()).await.unwrap();
        };
        let (outcome, ()) = tokio::join!(http.answer(request), serve);
        let outcome = outcome.map_err(|silence| match silence {
            Silence::Unreachable(why) => why,
            Silence::Nonsense => "nonsense".to_owned(),
        });
        (outcome, http.tls.get().is_some())
    }

    #[tokio::test]
    async fn no_certificates_are_read_for_a_server_without_tls() {
        let answer = "HTTP/1.1 404 Not Found\r\ncontent-length: 2\r\n\r\nno";

        let (outcome, tls) = asked("http", answer).await;

        assert_eq!(outcome, Ok((StatusCode::NOT_FOUND, "no".to_owned())));
        assert!(!tls);
    }

    #[tokio::test]
    async fn what_is_asked_over_https_goes_over_tls_or_not_at_all() {
        let (outcome, tls) = asked("https", "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;

        assert!(outcome.is_err(), "{outcome:?}");
        assert!(tls);
    }

    #[tokio::test]
    async fn a_redirect_is_an_answer_like_any_other() {
        let answer =
            "HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n";

        assert_eq!(asked("http", answer).await.0, Ok((StatusCode::FOUND, String::new())));
    }

    #[tokio::test]
    async fn an_answer_without_end_or_one_that_is_cut_is_none() {
        let endless = format!("HTTP/1.1 200 OK\r\n\r\n{}", "a".repeat(LARGEST + 1));
        let cut = "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nno";

        assert_eq!(asked("http", &endless).await.0, Err("nonsense".to_owned()));
        assert!(asked("http", cut).await.0.is_err());
    }

    #[tokio::test]
    async fn a_server_that_is_not_there_is_said_to_refuse() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let uri = format!("http://{}/", listener.local_addr().unwrap());
        drop(listener);

        let outcome = Http::new().answer(Request::get(uri).body(String::new()).unwrap()).await;

        let Err(Silence::Unreachable(why)) = outcome else { panic!("there was an answer") };
        assert!(why.contains("refused"), "{why}");
    }
}
