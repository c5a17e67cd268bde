//! Socket.IO: two namespaces, so that what guests can reach is another, smaller surface than what
//! agents can. Verifies who connects, registers the one inbox of each socket, and nothing else.

mod handshake;
mod inbox;

use std::sync::Arc;
use std::time::Duration;

use socketioxide::{
    ParserConfig, SocketIo,
    extract::{SocketRef, State, TryData},
    handler::ConnectHandler,
    layer::SocketIoLayer,
};
use support_shared::notice::SessionEnded;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use self::handshake::Refused;
use crate::auth::{guest::GuestCookies, token::Tokens};
use crate::clock::Source;
use crate::desk::{Actor, Command, Desk, Limits};
use crate::http::cookies::Cookies;
use crate::hub::{AGENT, GUEST, Rooms};
use crate::telemetry::Meter;

/// Packets that wait to be written to one connection; above it, the connection is lagging.
const OUTGOING: usize = 512;

/// What the handlers of a connection need.
#[derive(Clone)]
pub(crate) struct Sockets {
    pub(crate) desk: Arc<Desk>,
    pub(crate) tokens: Arc<Tokens>,
    pub(crate) cookies: Arc<GuestCookies>,
    pub(crate) cookie_names: Cookies,
    pub(crate) rooms: Rooms,
    pub(crate) source: Source,
    pub(crate) tasks: TaskTracker,
    pub(crate) meter: Meter,
    /// From when on nothing more is taken in: what has come is answered.
    pub(crate) stopping: CancellationToken,
}

/// The Socket.IO server as a layer, and the handle that closes it.
pub(crate) fn build(sockets: Sockets, limits: &Limits) -> (SocketIoLayer, SocketIo) {
    let rooms = sockets.rooms.clone();
    let (layer, io) = SocketIo::builder()
        .max_payload(u64::try_from(limits.packet_bytes).unwrap_or(u64::MAX))
        .ws_max_message_size(limits.packet_bytes)
        .ws_max_frame_size(limits.packet_bytes)
        .max_buffer_size(OUTGOING)
        .connect_timeout(Duration::from_millis(limits.connect_timeout_ms))
        // The protocol has no binary: an attachment is refused with the packet that announces it.
        .with_parser(
            ParserConfig::common().max_incoming_binaries(0).max_incoming_binary_buf_size(0),
        )
        .with_state(sockets)
        .build_layer();
    // The connect handlers register nothing: they run too late for the first events.
    io.ns(GUEST, (async || {}).with(admit_guest));
    io.ns(AGENT, look_again.with(admit_agent));
    io.ns("/", (async || {}).with(refuse));
    // Nothing but a mistake in the pattern, which would be in every start.
    if let Err(error) = io.dyn_ns("/{*other}", (async || {}).with(refuse)) {
        tracing::error!(%error, "unknown namespaces are refused without a code");
    }
    rooms.connect(io.clone());
    (layer, io)
}

/// A session that ended while its connection was being let in was not found to be ended with it.
/// One that goes on hears who else is here, now that the client knows that it is connected.
async fn look_again(socket: SocketRef, State(sockets): State<Sockets>) {
    let Some(actor) = socket.extensions.get::<Actor>() else { return };
    if let (Err(error), Some(connection)) =
        (sockets.desk.execute(&actor, Command::ShowMe).await, &actor.connection)
    {
        let why = SessionEnded { code: error.code(), message: error.to_string() };
        sockets.rooms.dismiss(connection, &why);
        return;
    }
    sockets.desk.tell_who_is_here(&actor).await;
}

/// Refuses a namespace that is none. The library keeps what it is asked for by name, whatever becomes
/// of it: here it is forgotten again.
async fn refuse(socket: SocketRef, io: SocketIo) -> Result<(), Refused> {
    match socket.ns() {
        "/" => Err(handshake::UNKNOWN),
        // Closed, as the server stops: they are not gone for good.
        GUEST | AGENT => Err(handshake::STOPPING),
        other => {
            io.delete_ns(other);
            Err(handshake::UNKNOWN)
        }
    }
}

async fn admit_guest(socket: SocketRef, State(sockets): State<Sockets>) -> Result<(), Refused> {
    let actor = handshake::guest(&socket, &sockets).await?;
    inbox::register(&socket, &sockets, actor);
    Ok(())
}

async fn admit_agent(
    socket: SocketRef,
    State(sockets): State<Sockets>,
    TryData(auth): TryData<serde_json::Value>,
) -> Result<(), Refused> {
    let actor = handshake::agent(&socket, &sockets, auth.ok()).await?;
    socket.extensions.insert(actor.clone());
    inbox::register(&socket, &sockets, actor);
    Ok(())
}
