//! Takes connections in and looks after them as TCP: how many there are, how long one may take to
//! say what it wants, and what becomes of one that does not read. Knows nothing of what is served.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::{Router, body::Body, extract::ConnectInfo};
use hyper::{Request, StatusCode, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use socket2::SockRef;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tower::ServiceExt;

use crate::peers::Peers;
use crate::telemetry::Meter;
use crate::watched::Watched;

/// Connections that speak HTTP at the same time; one that has become a websocket is counted by who
/// holds it. More wait in the kernel's line: descriptors are the scarcest thing that a server has.
const CONNECTIONS: usize = 15_000;

/// How long to wait when the machine has no descriptor left.
const EXHAUSTED: Duration = Duration::from_millis(100);

/// What holds for every connection.
pub(crate) struct Terms {
    pub(crate) patience: Patience,
    pub(crate) peers: Arc<Peers>,
    /// Bytes of a websocket message at most.
    pub(crate) packet: usize,
    pub(crate) meter: Meter,
}

/// How patient to be with the other end.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Patience {
    /// For the whole head of a request, and so also between two requests.
    pub(crate) head: Duration,
    /// For a peer that does not take what it is sent.
    pub(crate) peer: Duration,
}

/// Serves `app` until `stopped`, then until the connections are done or `grace` is over.
pub(crate) async fn serve(
    listener: TcpListener,
    app: Router,
    Terms { patience, peers, packet, meter }: Terms,
    stopped: CancellationToken,
    grace: Duration,
) {
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    let tasks = TaskTracker::new();
    loop {
        let accepted = tokio::select! {
            accepted = async {
                let place = Arc::clone(&places).acquire_owned().await;
                (place, listener.accept().await)
            } => accepted,
            () = stopped.cancelled() => break,
        };
        let (stream, peer, place) = match accepted {
            (Ok(place), Ok((stream, peer))) => (stream, peer, place),
            (_, Err(error)) => {
                tracing::warn!(%error, "cannot take a connection in");
                tokio::time::sleep(EXHAUSTED).await;
                continue;
            }
            (Err(_), _) => break,
        };
        // Nothing is said to whoever holds too many: it would be the dearest part of it.
        let Some(counted) = peers.admit(peer.ip()) else { continue };
        set_up(&stream, patience.peer);
        let app = app.clone();
        let (asked, websocket) = (Arc::<AtomicBool>::default(), Arc::<AtomicBool>::default());
        let stream = Watched::new(stream, packet, Arc::clone(&websocket), meter.clone());
        let has_asked = Arc::clone(&asked);
        let service = service_fn(move |request: Request<Incoming>| {
            has_asked.store(true, Ordering::Relaxed);
            let (app, websocket) = (app.clone(), Arc::clone(&websocket));
            async move {
                let mut request = request.map(Body::new);
                request.extensions_mut().insert(ConnectInfo::<SocketAddr>(peer));
                let answer = app.oneshot(request).await.map_err(|never: Infallible| never)?;
                if answer.status() == StatusCode::SWITCHING_PROTOCOLS {
                    websocket.store(true, Ordering::Relaxed);
                }
                Ok::<_, Infallible>(answer)
            }
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(patience.head)
            .serve_connection(TokioIo::new(stream), service)
            .with_upgrades();
        let (stopped, meter) = (stopped.clone(), meter.clone());
        tasks.spawn(async move {
            let mut connection = pin!(connection);
            let ended = tokio::select! {
                ended = connection.as_mut() => ended,
                () = stopped.cancelled() => {
                    connection.as_mut().graceful_shutdown();
                    connection.await
                }
            };
            if let Err(error) = ended {
                // One that has asked before was only kept for more.
                if error.is_timeout() && !asked.load(Ordering::Relaxed) {
                    meter.limited("connect_timeout_ms");
                }
                tracing::debug!(%error, "a connection ended badly");
            }
            drop((place, counted));
        });
    }
    drop(listener);
    tasks.close();
    if tokio::time::timeout(grace, tasks.wait()).await.is_err() {
        tracing::warn!("some connections did not end in time");
    }
}

/// A peer that stops reading is cut off by the kernel: nothing above would ever notice.
fn set_up(stream: &TcpStream, peer: Duration) {
    let socket = SockRef::from(stream);
    if let Err(error) =
        socket.set_tcp_user_timeout(Some(peer)).and_then(|()| stream.set_nodelay(true))
    {
        tracing::debug!(%error, "cannot set up a connection");
    }
}
