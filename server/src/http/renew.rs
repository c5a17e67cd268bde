//! Renews guests' cookies on use: a guest that comes back keeps its conversations, however long it
//! goes on coming back. A handshake is a use; looking at the page is not.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    http::{StatusCode, header},
    middleware::Next,
    response::Response,
};

use super::cookies::{Cookies, Found};
use super::gate;
use crate::auth::guest::GuestCookies;

/// What renewing needs.
#[derive(Clone)]
pub(super) struct Renewal {
    pub(super) guest_cookies: Arc<GuestCookies>,
    pub(super) cookies: Cookies,
}

pub(super) async fn on_handshake(
    State(Renewal { guest_cookies, cookies }): State<Renewal>,
    request: Request,
    next: Next,
) -> Response {
    let (found, place) = cookies.guest_at(request.headers());
    let renewed = match found {
        Found::One(value) if gate::is_handshake(request.uri()) => guest_cookies.renew(&value),
        Found::One(_) | Found::None | Found::Several => None,
    };
    let mut response = next.run(request).await;
    let taken = matches!(response.status(), StatusCode::OK | StatusCode::SWITCHING_PROTOCOLS);
    if let Some(value) = renewed.filter(|_| taken) {
        response.headers_mut().append(header::SET_COOKIE, cookies.set_guest(value, place));
    }
    response
}
