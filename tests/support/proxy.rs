//! A bad network between a client and a server: forwards what comes, and cuts, freezes, drops or
//! slows it down when a test says so. Holds at most one buffer a direction and connection.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::process::At;

/// Connections at the same time; more wait.
const CONNECTIONS: usize = 12_000;

/// Bytes that are under way in one direction of a connection.
const BUFFER: usize = 16 * 1024;

/// What becomes of the bytes of one direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flow {
    Open,
    /// Nothing is read any more: it is held where it is.
    Frozen,
    /// Everything is taken and nothing comes out.
    Dropped,
    /// So many bytes a second.
    Slow(u32),
}

/// What the network does now.
#[derive(Debug, Clone)]
struct Weather {
    refuses: bool,
    up: Flow,
    down: Flow,
    /// Ends what was connected before it was put here.
    cut: CancellationToken,
}

/// A proxy that listens until it is dropped.
pub(crate) struct Proxy {
    pub(crate) at: At,
    weather: watch::Sender<Weather>,
    taken: Arc<AtomicU64>,
    over: CancellationToken,
}

impl Proxy {
    /// Listens, and passes on to `target`.
    pub(crate) async fn to(target: SocketAddr) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let at = At { address: listener.local_addr().unwrap() };
        let weather = watch::Sender::new(Weather {
            refuses: false,
            up: Flow::Open,
            down: Flow::Open,
            cut: CancellationToken::new(),
        });
        let (taken, over) = (Arc::new(AtomicU64::new(0)), CancellationToken::new());
        let serving = serve(listener, target, weather.clone(), Arc::clone(&taken));
        TaskTracker::new().spawn(over.clone().run_until_cancelled_owned(serving));
        Self { at, weather, taken, over }
    }

    /// Ends every connection that there is. New ones come in.
    pub(crate) fn cut(&self) {
        self.weather.send_modify(|weather| {
            std::mem::take(&mut weather.cut).cancel();
        });
    }

    /// Sends new connections away, until it is told otherwise.
    pub(crate) fn refuse(&self, refuses: bool) {
        self.weather.send_modify(|weather| weather.refuses = refuses);
    }

    /// From now on, for what is connected and what will be: what becomes of bytes to the server,
    /// and of bytes from it.
    pub(crate) fn flow(&self, up: Flow, down: Flow) {
        self.weather.send_modify(|weather| (weather.up, weather.down) = (up, down));
    }

    /// How many connections it has taken since it listens.
    pub(crate) fn taken(&self) -> u64 {
        self.taken.load(Ordering::Relaxed)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.over.cancel();
        self.cut();
    }
}

async fn serve(
    listener: TcpListener,
    target: SocketAddr,
    weather: watch::Sender<Weather>,
    taken: Arc<AtomicU64>,
) {
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    let tasks = TaskTracker::new();
    loop {
        let place = Arc::clone(&places).acquire_owned().await.unwrap();
        let Ok((client, _)) = listener.accept().await else { continue };
        taken.fetch_add(1, Ordering::Relaxed);
        let now = weather.borrow().clone();
        if now.refuses {
            reset(&client);
            continue;
        }
        let seen = weather.subscribe();
        tasks.spawn(async move {
            let _place = place;
            let Ok(server) = TcpStream::connect(target).await else { return reset(&client) };
            let _ = (client.set_nodelay(true), server.set_nodelay(true));
            let (from_client, to_client) = client.into_split();
            let (from_server, to_server) = server.into_split();
            let up = pass(from_client, to_server, seen.clone(), |weather| weather.up);
            let down = pass(from_server, to_client, seen, |weather| weather.down);
            // Either end's end is the end of both, as it is for a websocket.
            tokio::select! {
                () = up => {}
                () = down => {}
                () = now.cut.cancelled() => {}
            }
        });
    }
}

/// Ends a connection as a machine does that knows nothing of it.
fn reset(client: &TcpStream) {
    let _ = client.set_zero_linger();
}

/// Passes bytes on as the weather is, until one of the ends is over.
async fn pass(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    mut weather: watch::Receiver<Weather>,
    direction: impl Fn(&Weather) -> Flow,
) {
    let mut buffer = vec![0; BUFFER];
    loop {
        let flow = direction(&weather.borrow_and_update());
        let most = match flow {
            Flow::Frozen => {
                if weather.changed().await.is_err() {
                    return;
                }
                continue;
            }
            Flow::Open | Flow::Dropped => BUFFER,
            // A tenth of a second's worth at a time.
            Flow::Slow(rate) => usize::try_from(rate / 10).unwrap().clamp(1, BUFFER),
        };
        let read = tokio::select! {
            read = from.read(&mut buffer[..most]) => read,
            changed = weather.changed() => {
                if changed.is_err() { return }
                continue;
            }
        };
        let Ok(count @ 1..) = read else { return };
        // What was read before a freeze is held by it.
        let flow = match weather.wait_for(|now| direction(now) != Flow::Frozen).await {
            Ok(now) => direction(&now),
            Err(_) => return,
        };
        match flow {
            Flow::Dropped => continue,
            Flow::Slow(rate) => {
                let micros = 1_000_000 * count as u64 / u64::from(rate.max(1));
                tokio::time::sleep(Duration::from_micros(micros)).await;
            }
            Flow::Open | Flow::Frozen => {}
        }
        if to.write_all(&buffer[..count]).await.is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use tokio::time::timeout;

    use super::*;
    use crate::support::DEADLINE;

    /// A server that answers every byte with itself.
    async fn echo() -> SocketAddr {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        TaskTracker::new().spawn(async move {
            let tasks = TaskTracker::new();
            while let Ok((mut stream, _)) = listener.accept().await {
                tasks.spawn(async move {
                    let (mut from, mut to) = stream.split();
                    let _ = tokio::io::copy(&mut from, &mut to).await;
                });
            }
        });
        address
    }

    async fn hear(client: &mut TcpStream, expected: &[u8]) {
        let mut heard = vec![0; expected.len()];
        timeout(DEADLINE, client.read_exact(&mut heard)).await.unwrap().unwrap();
        assert_eq!(heard, expected);
    }

    async fn is_silent(client: &mut TcpStream) -> bool {
        timeout(Duration::from_millis(200), client.read(&mut [0; 1])).await.is_err()
    }

    #[tokio::test]
    async fn a_proxy_passes_everything_on_until_it_cuts() {
        let proxy = Proxy::to(echo().await).await;
        let mut client = TcpStream::connect(proxy.at.address).await.unwrap();
        client.write_all(b"hello").await.unwrap();
        hear(&mut client, b"hello").await;

        proxy.cut();

        let ended = timeout(DEADLINE, client.read(&mut [0; 1])).await.unwrap();
        assert!(matches!(ended, Ok(0) | Err(_)));
        let mut again = TcpStream::connect(proxy.at.address).await.unwrap();
        again.write_all(b"again").await.unwrap();
        hear(&mut again, b"again").await;
        assert_eq!(proxy.taken(), 2);
    }

    #[tokio::test]
    async fn a_proxy_that_refuses_lets_nobody_in_and_keeps_who_is() {
        let proxy = Proxy::to(echo().await).await;
        let mut client = TcpStream::connect(proxy.at.address).await.unwrap();
        client.write_all(b"one").await.unwrap();
        hear(&mut client, b"one").await;

        proxy.refuse(true);

        let mut refused = TcpStream::connect(proxy.at.address).await.unwrap();
        let ended = timeout(DEADLINE, refused.read(&mut [0; 1])).await.unwrap();
        assert!(matches!(ended, Ok(0) | Err(_)));
        client.write_all(b"two").await.unwrap();
        hear(&mut client, b"two").await;
        proxy.refuse(false);
        let mut welcome = TcpStream::connect(proxy.at.address).await.unwrap();
        welcome.write_all(b"three").await.unwrap();
        hear(&mut welcome, b"three").await;
    }

    #[tokio::test]
    async fn what_is_frozen_comes_out_later_and_what_is_dropped_never() {
        let proxy = Proxy::to(echo().await).await;
        let mut client = TcpStream::connect(proxy.at.address).await.unwrap();
        client.write_all(b"a").await.unwrap();
        hear(&mut client, b"a").await;

        proxy.flow(Flow::Frozen, Flow::Open);
        client.write_all(b"held").await.unwrap();
        assert!(is_silent(&mut client).await);
        proxy.flow(Flow::Open, Flow::Open);
        hear(&mut client, b"held").await;

        proxy.flow(Flow::Open, Flow::Dropped);
        client.write_all(b"lost").await.unwrap();
        assert!(is_silent(&mut client).await);
        proxy.flow(Flow::Open, Flow::Open);
        client.write_all(b"kept").await.unwrap();
        hear(&mut client, b"kept").await;
    }

    #[tokio::test]
    async fn a_slow_proxy_takes_the_time_that_its_rate_says() {
        let proxy = Proxy::to(echo().await).await;
        proxy.flow(Flow::Open, Flow::Slow(10_000));
        let mut client = TcpStream::connect(proxy.at.address).await.unwrap();
        let began = Instant::now();

        client.write_all(&[7; 5_000]).await.unwrap();
        hear(&mut client, &[7; 5_000]).await;

        assert!(began.elapsed() >= Duration::from_millis(400), "{:?}", began.elapsed());
    }
}
