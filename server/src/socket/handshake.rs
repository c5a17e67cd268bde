//! Who connects: the credential is verified once, here, and the identity is attached to the socket.
//! A credential that is sent and is bad is refused; it never falls back to a weaker one.

use serde::Deserialize;
use socketioxide::extract::SocketRef;
use support_shared::ErrorCode;

use super::Sockets;
use crate::desk::{Actor, Address, Command, DeskError, Side, Who};
use crate::http::arrival::Arrival;
use crate::http::cookies::{self, Found};
use crate::hub::Rooms;

/// What an agent's client sends in `auth`. Anything else in it says nothing.
#[derive(Deserialize)]
struct Auth {
    #[serde(default)]
    token: Option<String>,
}

/// The token in `auth`, if one is given. One that is no text is a credential all the same, and bad.
fn token(auth: Option<serde_json::Value>) -> Result<Option<String>, Refused> {
    match auth {
        None | Some(serde_json::Value::Null) => Ok(None),
        Some(auth) if auth.is_object() => {
            serde_json::from_value(auth).map(|Auth { token }| token).map_err(|_| UNAUTHENTICATED)
        }
        Some(_) => Err(UNAUTHENTICATED),
    }
}

/// Why a connection is refused: the code is the message of `CONNECT_ERROR`.
#[derive(Debug)]
pub(super) struct Refused(ErrorCode);

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0.as_str())
    }
}

impl From<DeskError> for Refused {
    fn from(error: DeskError) -> Self {
        Self(error.code())
    }
}

const UNAUTHENTICATED: Refused = Refused(ErrorCode::Unauthenticated);

/// There is no such namespace.
pub(super) const UNKNOWN: Refused = Refused(ErrorCode::NotFound);

/// Nobody is let in any more.
pub(super) const STOPPING: Refused = Refused(ErrorCode::Unavailable);

/// Admits a guest by its signed cookie.
pub(super) async fn guest(socket: &SocketRef, sockets: &Sockets) -> Result<Actor, Refused> {
    let headers = &socket.req_parts().headers;
    let Found::One(value) = sockets.cookie_names.guest(headers) else {
        return Err(UNAUTHENTICATED);
    };
    let guest = sockets.cookies.verify(&value).ok_or(UNAUTHENTICATED)?;
    admit(socket, sockets, Who::Guest(guest), Side::Guest).await
}

/// Admits an agent by the token in `auth` or, without one, by its cookie.
pub(super) async fn agent(
    socket: &SocketRef,
    sockets: &Sockets,
    auth: Option<serde_json::Value>,
) -> Result<Actor, Refused> {
    let headers = &socket.req_parts().headers;
    let token = match token(auth)? {
        Some(token) => token,
        None => match cookies::agent(headers) {
            // A browser sends a cookie whoever's page asks it to; only an origin tells whose.
            Found::One(_) if !headers.contains_key(http::header::ORIGIN) => {
                return Err(Refused(ErrorCode::ForbiddenOrigin));
            }
            Found::One(token) => token,
            Found::None | Found::Several => return Err(UNAUTHENTICATED),
        },
    };
    let who = sockets.tokens.verify(&token).ok_or(UNAUTHENTICATED)?;
    let actor = admit(socket, sockets, who, Side::Agent).await?;
    if let Who::Agent { agent, session, .. } = who {
        Rooms::admit(socket, agent, session);
    }
    Ok(actor)
}

async fn admit(
    socket: &SocketRef,
    sockets: &Sockets,
    who: Who,
    side: Side,
) -> Result<Actor, Refused> {
    let address = socket.req_parts().extensions.get::<Address>().copied();
    let actor = Actor { who, connection: Some(sockets.rooms.connection(socket, side)), address };
    sockets.desk.execute(&actor, Command::Connect(side)).await?;
    if let Some(arrival) = socket.req_parts().extensions.get::<Arrival>() {
        arrival.admitted();
    }
    Ok(actor)
}
