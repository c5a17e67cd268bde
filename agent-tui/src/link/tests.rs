//! The link against a server in the same process: a real socket, scripted answers.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use socketioxide::SocketIo;
use socketioxide::extract::{AckSender, Data, Event, SocketRef};
use socketioxide::handler::ConnectHandler;
use support_shared::notice::AgentNotice;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::sync::mpsc;

use super::{Link, Order, Patience};
use crate::clock;
use crate::core::Msg;
use crate::core::fixture::{agent, ticket};
use crate::core::link::{Answer, LinkEvent, Refusal};
use crate::credentials::{Credentials, Session};
use crate::ops::Desk;

/// How the server behaves.
#[derive(Clone, Copy, PartialEq)]
enum Manner {
    Friendly,
    /// Lets nobody in.
    Refusing,
    /// Never acknowledges.
    Mute,
}

struct Fake {
    runtime: Runtime,
    address: String,
    io: SocketIo,
    connections: Arc<AtomicUsize>,
    serving: tokio::task::JoinHandle<()>,
    home: tempfile::TempDir,
}

impl Fake {
    fn start(manner: Manner) -> Self {
        Self::at("127.0.0.1:0", manner)
    }

    fn at(address: &str, manner: Manner) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let connections = Arc::new(AtomicUsize::new(0));
        let (layer, io) = SocketIo::new_layer();
        let count = connections.clone();
        let inside = runtime.enter();
        io.ns("/agent", {
            let connect = move |_: SocketRef| {
                count.fetch_add(1, Ordering::SeqCst);
                std::future::ready(())
            };
            // Handlers are in place before the client can send: a connect handler would be late.
            let admit = move |socket: SocketRef| {
                answer_everything(&socket, manner);
                std::future::ready(if manner == Manner::Refusing {
                    Err("unauthenticated")
                } else {
                    Ok(())
                })
            };
            connect.with(admit)
        });
        let listener = runtime.block_on(TcpListener::bind(address)).unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let app = axum::Router::new().layer(layer);
        let serving =
            runtime.handle().spawn(async move { axum::serve(listener, app).await.unwrap() });
        drop(inside);
        Self { runtime, address, io, connections, serving, home: tempfile::tempdir().unwrap() }
    }

    fn link(&self, patience: Patience) -> (Link, Told) {
        let session: Session = serde_json::from_value(json!({
            "token": "t",
            "expiresAt": clock::now().plus_millis(3_600_000),
            "agent": agent(),
        }))
        .unwrap();
        let desk = Desk::new(format!("http://{}", self.address).parse().unwrap());
        let (tell, told) = mpsc::channel(64);
        let link =
            Link::start(desk, Credentials::in_home(self.home.path()), session, patience, tell)
                .unwrap();
        (link, Told(told))
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the wall is the server's; this is a scripted stand-in"
)]
fn answer_everything(socket: &SocketRef, manner: Manner) {
    let list = move |ack: AckSender| async move {
        if manner != Manner::Mute {
            ack.send(
                &json!({ "ok": true, "data": { "tickets": [ticket(1)], "nextCursor": null } }),
            )
            .unwrap();
        }
    };
    socket.on("ticket:list", list);
    socket.on_fallback(|_: Event, _: Data<Value>, ack: AckSender| async move {
        let error = json!({ "code": "not_found", "message": "not there", "retryAfterMs": null });
        ack.send(&json!({ "ok": false, "error": error })).unwrap();
    });
}

struct Told(mpsc::Receiver<Msg>);

impl Told {
    /// The first event that `wanted` takes; others before it are skipped.
    fn wait<T>(&mut self, wanted: impl Fn(LinkEvent) -> Option<T>) -> T {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let found = async {
            loop {
                if let Msg::Link(event) = self.0.recv().await.expect("the link has ended")
                    && let Some(found) = wanted(event)
                {
                    return found;
                }
            }
        };
        runtime
            .block_on(async { tokio::time::timeout(Duration::from_secs(20), found).await })
            .expect("in time")
    }

    fn online(&mut self) {
        self.wait(|event| matches!(event, LinkEvent::Online(_)).then_some(()));
    }

    fn offline(&mut self) {
        self.wait(|event| matches!(event, LinkEvent::Offline { .. }).then_some(()));
    }

    fn answer(&mut self) -> Result<Answer, Refusal> {
        self.wait(|event| match event {
            LinkEvent::Answered { answer, .. } => Some(answer),
            _ => None,
        })
    }
}

fn quick() -> Patience {
    Patience {
        first_wait: Duration::from_millis(20),
        longest_wait: Duration::from_millis(100),
        ..Patience::default()
    }
}

fn list() -> Order {
    Order::Ask(Box::new(crate::core::stories::list_request()))
}

#[test]
fn requests_are_answered_in_their_order() {
    let server = Fake::start(Manner::Friendly);
    let (link, mut told) = server.link(quick());
    told.online();

    link.order(list()).unwrap();
    link.order(Order::Ask(Box::new(crate::core::stories::join_request()))).unwrap();
    link.order(list()).unwrap();

    assert!(matches!(told.answer(), Ok(Answer::Tickets(_))));
    assert!(matches!(told.answer(), Err(Refusal::Error(_))));
    assert!(matches!(told.answer(), Ok(Answer::Tickets(_))));
}

#[test]
fn notices_arrive_as_what_they_are() {
    let server = Fake::start(Manner::Friendly);
    let (_link, mut told) = server.link(quick());
    told.online();

    let namespace = server.io.of("/agent").unwrap();
    server
        .runtime
        .block_on(namespace.emit("ticket:updated", &json!({ "ticket": ticket(7) })))
        .unwrap();

    let notice = told.wait(|event| match event {
        LinkEvent::Notice(notice) => Some(*notice),
        _ => None,
    });
    assert!(matches!(notice, AgentNotice::TicketUpdated(updated) if updated.ticket == ticket(7)));
}

#[test]
fn a_refused_token_ends_the_session() {
    let server = Fake::start(Manner::Refusing);
    let (_link, mut told) = server.link(quick());

    told.wait(|event| matches!(event, LinkEvent::SignedOut { .. }).then_some(()));
}

#[test]
fn a_server_that_stops_cleanly_is_noticed_at_once_and_found_again() {
    let server = Fake::start(Manner::Friendly);
    let (_link, mut told) = server.link(quick());
    told.online();

    let address = server.address.clone();
    server.runtime.block_on(server.io.close());
    server.serving.abort();
    told.offline();
    drop(server);
    let again = Fake::at(&address, Manner::Friendly);
    told.online();

    assert_eq!(again.connections.load(Ordering::SeqCst), 1);
}

#[test]
fn a_missed_acknowledgement_ends_the_connection_and_the_request_is_lost() {
    let server = Fake::start(Manner::Mute);
    let (link, mut told) = server.link(Patience { answer: Duration::from_millis(100), ..quick() });
    told.online();

    link.order(list()).unwrap();
    assert!(matches!(told.answer(), Err(Refusal::Lost)));
    told.online();

    assert!(server.connections.load(Ordering::SeqCst) >= 2);
}

#[test]
fn silence_is_probed_and_a_server_that_does_not_answer_is_left() {
    let server = Fake::start(Manner::Mute);
    let short = Duration::from_millis(100);
    let (_link, mut told) = server.link(Patience { silence: short, answer: short, ..quick() });

    told.online();
    told.offline();
    told.online();
}

#[test]
fn a_server_that_is_not_there_is_tried_again_and_what_is_asked_meanwhile_is_lost() {
    let server = Fake::start(Manner::Friendly);
    let address = server.address.clone();
    let (link, mut told) =
        server.link(Patience { longest_wait: Duration::from_secs(5), ..quick() });
    told.online();
    server.serving.abort();
    drop(server);
    told.offline();

    link.order(list()).unwrap();
    assert!(matches!(told.answer(), Err(Refusal::Lost)));

    let _again = Fake::at(&address, Manner::Friendly);
    link.order(Order::Hurry).unwrap();
    told.online();
}
