//! The only place where events enter.
//!
//! socketioxide starts a task for each event, so that the events of one client overtake each other.
//! Here they are put into one bounded line per socket, in the synchronous part of the library's
//! call, and one task carries them out in that order. The line is registered in the connect
//! *middleware*: the connect handler runs after the client was told that it is connected, too late
//! for its first events. When the line is full, requests are refused, and who goes on all the same
//! is disconnected. The task holds no `SocketRef`, or it would keep itself alive: it ends when its
//! socket is gone. Every request is acknowledged exactly once, whatever is wrong with it.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::FutureExt;
use serde::Serialize;
use socketioxide::{
    adapter::LocalAdapter,
    extract::{AckSender, SocketRef},
    handler::{FromMessageParts, MessageHandler},
    socket::Socket,
};
use socketioxide_core::Value;
use support_shared::{
    ApiError, DecodeError, ErrorCode,
    answer::Ack,
    notice::SessionEnded,
    parse_packet,
    request::{AgentRequest, GuestRequest},
};
use tokio::{
    sync::mpsc::{self, error::TrySendError},
    time::Instant,
};

use super::Sockets;
use crate::desk::{Actor, Command, DeskError, Reply, Side, Who};
use crate::hub::Rooms;
use crate::telemetry::Meter;

/// Requests of one socket that wait for their turn.
const LINE: usize = 512;

/// Bytes of requests of one socket that wait for their turn.
const LINE_BYTES: usize = 1 << 20;

/// Requests that are refused because the line is full, before a client that goes on all the same is
/// disconnected.
const REFUSALS: usize = 2048;

/// What is full when they do not wait any more, as the operator reads it. It is no setting.
const WAITING: &str = "waiting_requests";

struct Request {
    packet: String,
    /// When it came.
    asked: Instant,
    ack: AckSender,
}

/// How much a socket asks for.
#[derive(Default)]
struct Load {
    /// Bytes of the requests that wait.
    bytes: AtomicUsize,
    /// Requests refused since the line was empty.
    refused: AtomicUsize,
}

/// The end of the line that the library calls.
struct Inbox {
    line: mpsc::Sender<Request>,
    load: Arc<Load>,
    rooms: Rooms,
    meter: Meter,
}

/// Tells this handler's implementation apart from those for closures.
struct InOrder;

impl MessageHandler<LocalAdapter, InOrder> for Inbox {
    fn call(&self, socket: Arc<Socket>, mut value: Value, ack_id: Option<i64>) {
        let Ok(ack) = AckSender::from_message_parts(&socket, &mut value, &ack_id);
        // The parser has no binary packets to give; an empty one is refused like any nonsense.
        let packet = match value {
            Value::Str(packet, None) => packet.as_str().to_owned(),
            Value::Str(_, Some(_)) | Value::Bytes(_) => String::new(),
        };
        let size = packet.len();
        let before = self.load.bytes.fetch_add(size, Ordering::Relaxed);
        let request = Request { packet, asked: Instant::now(), ack };
        let refused = if before + size > LINE_BYTES {
            request
        } else {
            match self.line.try_send(request) {
                Err(TrySendError::Full(request)) => request,
                // Closed: the server stops, and its connections end by themselves. What has no
                // answer is sent again to the next one.
                Ok(()) | Err(TrySendError::Closed(_)) => return,
            }
        };
        self.load.bytes.fetch_sub(size, Ordering::Relaxed);
        self.meter.limited(WAITING);
        let too_often = self.load.refused.fetch_add(1, Ordering::Relaxed) >= REFUSALS;
        if too_often || !refuse(refused.ack) {
            tracing::info!(socket.id = %socket.id, "a socket asks faster than it is served: dropped");
            self.rooms.give_up_socket(socket.into());
        }
    }
}

/// Answers a request that there is no room for; false if there is none for the answer either.
fn refuse(ack: AckSender) -> bool {
    let message = "too many requests wait for an answer; send fewer at once";
    let mut error = ApiError::new(ErrorCode::RateLimited, message);
    error.retry_after_ms = Some(1_000);
    send(ack, &Ack::<Reply>::Refused(error))
}

/// Registers the inbox of a socket and starts the task that serves it.
pub(super) fn register(socket: &SocketRef, sockets: &Sockets, actor: Actor) {
    let (line, requests) = mpsc::channel(LINE);
    let load = Arc::new(Load::default());
    let (rooms, meter) = (sockets.rooms.clone(), sockets.meter.clone());
    socket.on_fallback(Inbox { line, load: Arc::clone(&load), rooms, meter });
    sockets.tasks.spawn(serve(requests, load, sockets.clone(), actor));
}

async fn serve(
    mut requests: mpsc::Receiver<Request>,
    load: Arc<Load>,
    sockets: Sockets,
    actor: Actor,
) {
    let expiry = tokio::time::sleep(time_left(&actor, &sockets));
    tokio::pin!(expiry);
    let mut stopping = false;
    loop {
        tokio::select! {
            biased;
            // First, or a client that always asks for more would keep the server from stopping.
            () = sockets.stopping.cancelled(), if !stopping => {
                // Nothing more comes in; what is in the line is still answered.
                requests.close();
                stopping = true;
            }
            request = requests.recv() => {
                let Some(Request { packet, asked, ack }) = request else { break };
                load.bytes.fetch_sub(packet.len(), Ordering::Relaxed);
                if requests.is_empty() {
                    load.refused.store(0, Ordering::Relaxed);
                }
                answer(&packet, asked, ack, &sockets, &actor).await;
            }
            () = &mut expiry => {
                if let Some(connection) = &actor.connection {
                    let message = "the session has expired, sign in again".to_owned();
                    let why = SessionEnded { code: ErrorCode::Unauthenticated, message };
                    sockets.rooms.dismiss(connection, &why);
                }
                break;
            }
        }
    }
    // When the server stops, everybody goes: nobody is away or has left because of that.
    if !sockets.stopping.is_cancelled() {
        sockets.desk.disconnected(&actor);
    }
}

/// How long the actor's credential lasts. A timer, not the wall clock: that may be set back.
fn time_left(actor: &Actor, sockets: &Sockets) -> Duration {
    match actor.who {
        Who::Agent { expires_at, .. } => {
            let millis = expires_at.as_millis() - sockets.source.now().as_millis();
            Duration::from_millis(u64::try_from(millis).unwrap_or_default())
        }
        Who::Stranger | Who::Unproven | Who::Guest(_) | Who::Operator => Duration::from_hours(2160),
    }
}

async fn answer(packet: &str, asked: Instant, ack: AckSender, sockets: &Sockets, actor: &Actor) {
    let work = AssertUnwindSafe(carry_out(packet, asked, sockets, actor)).catch_unwind();
    let result = work.await.unwrap_or_else(|panic| {
        let what = panic.downcast_ref::<&str>().map_or("a panic", |text| *text).to_owned();
        Err(DeskError::Internal(anyhow::anyhow!(what)))
    });
    let sent = match result {
        Ok(reply) => send(ack, &Ack::Done(reply)),
        Err(error) => send(ack, &Ack::<Reply>::Refused(error.to_api(sockets.source.ulid()))),
    };
    if !sent && let Some(connection) = &actor.connection {
        // An answer that does not fit into the buffer would leave the client waiting for ever.
        sockets.rooms.give_up(connection);
    }
}

fn send<T: Serialize>(ack: AckSender, answer: &Ack<T>) -> bool {
    !matches!(
        ack.send(answer),
        Err(socketioxide::SendError::Socket(socketioxide::SocketError::InternalChannelFull))
    )
}

async fn carry_out(
    packet: &str,
    asked: Instant,
    sockets: &Sockets,
    actor: &Actor,
) -> Result<Reply, DeskError> {
    let side = actor.connection.as_ref().map_or(Side::Guest, |connection| connection.side);
    match decode(packet, side) {
        Ok(command) => sockets.desk.execute_asked(actor, command, asked).await,
        Err(error) => Err(sockets.desk.unreadable(&error, asked)),
    }
}

/// An event of the other side is understood, so that it can be refused as what it is.
fn decode(packet: &str, side: Side) -> Result<Command, DecodeError> {
    let (event, payload) = parse_packet(packet)?;
    let guest = || GuestRequest::decode(&event, payload.get()).map(Command::from);
    let agent = || AgentRequest::decode(&event, payload.get()).map(Command::from);
    let (own, other): (Result<_, _>, &dyn Fn() -> Result<Command, DecodeError>) = match side {
        Side::Guest => (guest(), &agent),
        Side::Agent => (agent(), &guest),
    };
    match own {
        Err(DecodeError::UnknownEvent) => other(),
        decided => decided,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// `PROPTEST_CASES=1000000` makes a longer run of it.
        #[test]
        fn no_packet_makes_the_parser_panic(packet in ".{0,200}") {
            let _ = decode(&packet, Side::Guest);
            let _ = decode(&packet, Side::Agent);
        }

        #[test]
        fn no_payload_makes_a_request_panic(
            event in prop::sample::select(GuestRequest::NAMES.iter().chain(AgentRequest::NAMES).collect::<Vec<_>>()),
            payload in r#"[\[\]{}:,"a-zA-Z0-9.\\$ -]{0,120}"#,
        ) {
            let _ = decode(&format!("[\"{event}\",{payload}]"), Side::Guest);
            let _ = decode(&format!("[\"{event}\",{payload}]"), Side::Agent);
        }
    }

    #[test]
    fn an_event_of_the_other_side_is_understood_and_an_unknown_one_is_not() {
        let close = r#"["ticket:close",{"ticketId":"01JD0000000000000000000000"}]"#;

        assert!(matches!(decode(close, Side::Guest), Ok(Command::CloseTicket { .. })));
        assert!(matches!(
            decode(r#"["ticket:create",{"content":"x","clientMessageId":"a"}]"#, Side::Agent),
            Ok(Command::OpenTicket(_))
        ));
        assert!(matches!(
            decode(r#"["ticket:list",{}]"#, Side::Guest),
            Ok(Command::ListOwnTickets(_))
        ));
        assert_eq!(
            decode(r#"["ticket:burn",{}]"#, Side::Guest).err(),
            Some(DecodeError::UnknownEvent)
        );
        assert!(decode("", Side::Guest).is_err());
    }
}
