//! One attempt at a Socket.IO connection. The only file that names `rust_socketio`.
//!
//! The library is used in the one way that holds (all measured on 0.6.0): no reconnecting of its
//! own, callbacks that only push into a channel, one acknowledgement awaited at a time. Its
//! receiving task has no owner, so a connection lives on a runtime made for it: dropping the
//! runtime ends whatever the library left behind.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use futures_util::FutureExt;
use rust_socketio::asynchronous::{Client, ClientBuilder};
use rust_socketio::{Event, Payload, TransportType};
use serde_json::Value;
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::sync::{Notify, mpsc};

use crate::config::Server;
use crate::credentials::Token;

/// How much may have been heard and not been looked at. More ends the connection: the next one
/// resumes by number, and nothing grows while a terminal stalls.
const HEARD: usize = 1024;

/// What came in.
#[derive(Debug)]
pub(super) enum Heard {
    /// The namespace has let us in.
    Admitted,
    Notice {
        name: String,
        payload: String,
    },
    Answer(Value),
    /// The library's words for what went wrong; a refused namespace is among them.
    Failed(String),
    Closed,
}

/// A runtime for one connection, which notices when the library's receiving task ends: a websocket
/// that closes cleanly ends it without a word.
pub(super) struct Ground {
    pub(super) runtime: Runtime,
    pub(super) ended: Arc<Notify>,
    watching: Arc<AtomicBool>,
}

impl Ground {
    pub(super) fn new() -> std::io::Result<Self> {
        let ended = Arc::new(Notify::new());
        let watching = Arc::new(AtomicBool::new(false));
        let handle: Arc<OnceLock<Handle>> = Arc::default();
        let (seen, alert, of) = (watching.clone(), ended.clone(), handle.clone());
        let runtime = Builder::new_current_thread()
            .enable_all()
            // Runs when there is nothing to do, so right after a task has ended; no timer needed.
            .on_thread_park(move || {
                let alive = of.get().map_or(1, |handle| handle.metrics().num_alive_tasks());
                if seen.load(Ordering::Acquire) && alive == 0 {
                    seen.store(false, Ordering::Release);
                    alert.notify_one();
                }
            })
            .build()?;
        let _ = handle.set(runtime.handle().clone());
        Ok(Self { runtime, ended, watching })
    }

    /// What the connection needs of its ground.
    pub(super) fn watch(&self) -> Watch {
        Watch { ended: self.ended.clone(), watching: self.watching.clone() }
    }
}

#[derive(Clone)]
pub(super) struct Watch {
    pub(super) ended: Arc<Notify>,
    watching: Arc<AtomicBool>,
}

pub(super) struct Connection {
    client: Client,
    heard: mpsc::Receiver<Heard>,
    answers: mpsc::Sender<Heard>,
    overrun: Arc<AtomicBool>,
    watch: Watch,
}

impl Connection {
    /// Connects; being let in comes as [`Heard::Admitted`].
    pub(super) async fn open(server: &Server, token: &Token, watch: Watch) -> Result<Self, String> {
        let (tell, heard) = mpsc::channel(HEARD);
        let overrun = Arc::new(AtomicBool::new(false));
        let push = |make: fn(Payload) -> Heard| {
            let (tell, overrun) = (tell.clone(), overrun.clone());
            move |payload: Payload, _: Client| {
                deliver(&tell, &overrun, make(payload));
                std::future::ready(()).boxed()
            }
        };
        let (notices, full) = (tell.clone(), overrun.clone());
        let connecting = ClientBuilder::new(server.to_string())
            .namespace("/agent")
            .auth(serde_json::json!({ "token": token.reveal() }))
            .transport_type(TransportType::Websocket)
            .reconnect(false)
            .reconnect_on_disconnect(false)
            .on(Event::Connect, push(|_| Heard::Admitted))
            .on(Event::Error, push(|payload| Heard::Failed(words(payload))))
            .on(Event::Close, push(|_| Heard::Closed))
            .on_any(move |event, payload, _| {
                if let Event::Custom(name) = event {
                    deliver(
                        &notices,
                        &full,
                        Heard::Notice { name, payload: first(payload).to_string() },
                    );
                }
                std::future::ready(()).boxed()
            })
            .connect();
        let client = connecting.await.map_err(|error| error.to_string())?;
        watch.watching.store(true, Ordering::Release);
        Ok(Self { client, heard, answers: tell, overrun, watch })
    }

    /// The next thing heard; [`Heard::Closed`] when nothing more will come.
    pub(super) async fn hear(&mut self) -> Heard {
        if self.overrun.load(Ordering::Acquire) {
            return Heard::Failed("the console does not keep up".to_owned());
        }
        tokio::select! {
            biased;
            heard = self.heard.recv() => heard.unwrap_or(Heard::Closed),
            () = self.watch.ended.notified() => Heard::Closed,
        }
    }

    /// Sends a request; its answer comes as [`Heard::Answer`]. The next one only after that.
    pub(super) async fn ask(
        &self,
        event: &str,
        payload: Value,
        patience: Duration,
    ) -> Result<(), String> {
        let (answers, overrun) = (self.answers.clone(), self.overrun.clone());
        let emit =
            self.client.emit_with_ack(event, payload, patience, move |payload: Payload, _| {
                deliver(&answers, &overrun, Heard::Answer(first(payload)));
                std::future::ready(()).boxed()
            });
        match tokio::time::timeout(patience, emit).await {
            Ok(sent) => sent.map_err(|error| error.to_string()),
            Err(_) => Err("the server does not read".to_owned()),
        }
    }

    /// Says good-bye, as far as anybody listens.
    pub(super) async fn close(self) {
        let _ = tokio::time::timeout(Duration::from_millis(500), self.client.disconnect()).await;
    }
}

/// Never waits: a callback that does holds the library's locks.
fn deliver(tell: &mpsc::Sender<Heard>, overrun: &AtomicBool, heard: Heard) {
    if tell.try_send(heard).is_err() {
        overrun.store(true, Ordering::Release);
    }
}

/// The one argument of an event; that of an acknowledgement comes wrapped in a list.
fn first(payload: Payload) -> Value {
    let Payload::Text(values) = payload else { return Value::Null };
    match values.into_iter().next() {
        Some(Value::Array(mut list)) if list.len() == 1 => list.remove(0),
        Some(value) => value,
        None => Value::Null,
    }
}

fn words(payload: Payload) -> String {
    match first(payload) {
        Value::String(text) => text,
        other => other.to_string(),
    }
}
