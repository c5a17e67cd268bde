//! HTTP: signing in, the ticket routes for scripts, the guest page, and health. Each route builds
//! an actor and a command; what is allowed is the desk's to say.

mod agents;
pub(crate) mod arrival;
mod body;
mod canned;
pub(crate) mod cookies;
pub(crate) mod gate;
mod guest;
pub(crate) mod metrics;
pub(crate) mod network;
pub(crate) mod openapi;
mod ops;
pub(crate) mod origin;
mod page;
#[cfg(feature = "page")]
mod plain;
mod problem;
mod renew;
mod session;
mod tickets;
mod transport;

use std::sync::Arc;
use std::time::Duration;

use axum::{
    Router,
    extract::{DefaultBodyLimit, FromRequestParts},
    http::{HeaderMap, HeaderValue, header, request::Parts},
    middleware,
    response::Response,
    routing::{get, patch, post},
};
use tower::util::option_layer;
use tower_http::set_header::SetResponseHeaderLayer;

use self::{
    cookies::{Cookies, Found},
    gate::Gate,
    network::Proxies,
    origin::Origins,
    problem::Problem,
    renew::Renewal,
};
use crate::auth::{guest::GuestCookies, token::Tokens};
use crate::clock::Source;
use crate::desk::{Actor, Address, Command, Desk, DeskError, Reply, Who};
use crate::telemetry::Meter;

const OPENER_POLICY: header::HeaderName =
    header::HeaderName::from_static("cross-origin-opener-policy");

/// A browser that has come by https comes by https only, for a year.
const A_YEAR: &str = "max-age=31536000";

/// Bytes that a login may have: a name and the longest password, escaped.
const LOGIN_BYTES: usize = 4096;

/// What the routes need.
#[derive(Clone)]
pub(crate) struct Http {
    pub(crate) desk: Arc<Desk>,
    pub(crate) tokens: Arc<Tokens>,
    pub(crate) guest_cookies: Arc<GuestCookies>,
    pub(crate) source: Source,
    pub(crate) cookies: Cookies,
    pub(crate) origins: Arc<Origins>,
    pub(crate) proxies: Arc<Proxies>,
    pub(crate) gate: Arc<Gate>,
    pub(crate) body_bytes: usize,
    /// How long a body may take, all of it.
    pub(crate) body_patience: Duration,
    pub(crate) meter: Meter,
    /// The description of the API.
    pub(crate) openapi: Arc<str>,
}

impl Http {
    /// The routes, and around them what holds for every answer, Socket.IO's too.
    pub(crate) fn router(self, socket_io: socketioxide::layer::SocketIoLayer) -> Router {
        let renewal =
            Renewal { guest_cookies: Arc::clone(&self.guest_cookies), cookies: self.cookies };
        let login = DefaultBodyLimit::max(LOGIN_BYTES.min(self.body_bytes));
        let ticket = Router::new()
            .route("/", get(tickets::show))
            .route("/messages", get(tickets::list_messages).post(tickets::send_message))
            .route("/close", post(tickets::close))
            .route("/reopen", post(tickets::reopen))
            .route("/assign", post(tickets::assign))
            .route("/tags", post(tickets::tag));
        Router::new()
            .route("/agent/login", post(session::sign_in).layer(login))
            .route("/agent/refresh", post(session::refresh))
            .route("/agent/logout", post(session::sign_out))
            .route("/agent/me", get(session::me))
            .route("/agent/password", post(session::change_password))
            .route("/guest/session", post(session::start_guest_session))
            .route("/guest/tickets/{ticket}/transcript", get(guest::transcript))
            .route("/api/v1/tickets", get(tickets::list))
            .nest("/api/v1/tickets/{ticket}", ticket)
            .route("/api/v1/agents", get(agents::list).post(agents::add))
            .route("/api/v1/agents/{agent}", patch(agents::change))
            .route("/api/v1/canned", get(canned::list).post(canned::add))
            .route("/api/v1/canned/{id}", patch(canned::change).delete(canned::remove))
            .route("/api/v1/openapi.json", get(openapi::show))
            .route("/healthz", get(ops::alive))
            .route("/readyz", get(ops::ready))
            .merge(page::routes())
            .fallback(problem::unknown_route)
            .method_not_allowed_fallback(problem::wrong_method)
            .layer(DefaultBodyLimit::max(self.body_bytes))
            .layer(socket_io)
            .layer(middleware::from_fn_with_state(
                (self.body_patience, self.meter.clone()),
                body::in_time,
            ))
            .layer(middleware::from_fn_with_state(renewal, renew::on_handshake))
            .layer(middleware::from_fn_with_state(Arc::clone(&self.gate), gate::check))
            .layer(middleware::from_fn_with_state(self.meter.clone(), transport::check))
            .layer(middleware::from_fn_with_state(Arc::clone(&self.origins), origin::check))
            .layer(middleware::from_fn_with_state(Arc::clone(&self.proxies), network::note))
            .layer(always(header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
            .layer(always(header::REFERRER_POLICY, "same-origin"))
            .layer(SetResponseHeaderLayer::overriding(header::X_FRAME_OPTIONS, framing))
            .layer(always(OPENER_POLICY, "same-origin"))
            .layer(option_layer(
                self.cookies.secure.then(|| always(header::STRICT_TRANSPORT_SECURITY, A_YEAR)),
            ))
            .layer(SetResponseHeaderLayer::if_not_present(
                header::CONTENT_SECURITY_POLICY,
                HeaderValue::from_static(
                    "default-src 'none'; frame-ancestors 'none'; base-uri 'none'",
                ),
            ))
            .layer(SetResponseHeaderLayer::if_not_present(
                header::CACHE_CONTROL,
                HeaderValue::from_static("no-store"),
            ))
            .with_state(self)
    }

    pub(crate) async fn execute(&self, actor: &Actor, command: Command) -> Result<Reply, Problem> {
        self.desk.execute(actor, command).await.map_err(|error| self.problem(&error))
    }

    pub(crate) fn problem(&self, error: &DeskError) -> Problem {
        Problem::new(error.to_api(self.source.ulid()))
    }
}

/// For browsers that know no `frame-ancestors`. They know no list of sites either: what may be shown
/// in some frame is left to the newer word.
fn framing(response: &Response) -> Option<HeaderValue> {
    let policy = response.headers().get(header::CONTENT_SECURITY_POLICY);
    let policy = policy.and_then(|value| value.to_str().ok());
    policy
        .is_none_or(|policy| policy.contains("frame-ancestors 'none'"))
        .then(|| HeaderValue::from_static("DENY"))
}

fn always(name: header::HeaderName, value: &'static str) -> SetResponseHeaderLayer<HeaderValue> {
    SetResponseHeaderLayer::overriding(name, HeaderValue::from_static(value))
}

/// The agent that a request's token names: of the `Authorization` header or, without one, of the
/// cookie. A token that is sent and is bad is refused, never overlooked.
pub(crate) struct AgentCaller(pub(crate) Actor);

impl FromRequestParts<Http> for AgentCaller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, http: &Http) -> Result<Self, Problem> {
        let who = match token(&parts.headers) {
            Found::None => Who::Stranger,
            Found::One(token) => http.tokens.verify(&token).unwrap_or(Who::Unproven),
            Found::Several => Who::Unproven,
        };
        let actor = Actor::without_connection(who);
        Ok(Self(match parts.extensions.get::<Address>() {
            Some(address) => actor.from(*address),
            None => actor,
        }))
    }
}

/// The token of a request. One that is not a bearer's is as bad as two.
fn token(headers: &HeaderMap) -> Found {
    let mut authorizations = headers.get_all(header::AUTHORIZATION).iter();
    let bearer = |value: &HeaderValue| {
        let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim().to_owned())
    };
    match (authorizations.next(), authorizations.next()) {
        (Some(value), None) => bearer(value).map_or(Found::Several, Found::One),
        (Some(_), Some(_)) => Found::Several,
        (None, _) => cookies::agent(headers),
    }
}
