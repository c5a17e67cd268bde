//! How fast new connections come in. A Socket.IO handshake is the dearest thing that a stranger can
//! ask for; above the rate, and while the server stops, it is sent away with a time to come again.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use axum::{
    extract::{Request, State},
    http::Uri,
    middleware::Next,
    response::{IntoResponse, Response},
};
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use support_shared::{ApiError, ErrorCode};
use tokio_util::sync::CancellationToken;

use super::arrival::Arrival;
use super::problem::{self, Problem};
use crate::telemetry::Meter;

const PATH: &str = "/socket.io";

/// Lets handshakes in.
pub(crate) struct Gate {
    rate: Option<DefaultDirectRateLimiter>,
    /// How long a connection may take from here into a namespace.
    patience: Duration,
    stopping: CancellationToken,
    meter: Meter,
}

impl Gate {
    /// So many a second, all of them at once if need be; 0 is no limit.
    pub(crate) fn new(
        each_second: u32,
        patience: Duration,
        stopping: CancellationToken,
        meter: Meter,
    ) -> Self {
        let rate =
            NonZeroU32::new(each_second).map(|many| RateLimiter::direct(Quota::per_second(many)));
        Self { rate, patience, stopping, meter }
    }

    /// Why a handshake is not let in.
    fn refuses(&self) -> Option<&'static str> {
        if self.stopping.is_cancelled() {
            return Some("the server stops");
        }
        let too_fast = self.rate.as_ref().is_some_and(|rate| rate.check().is_err());
        too_fast.then(|| {
            self.meter.limited("handshakes_per_second");
            "too many connect at once"
        })
    }
}

/// Whether a request opens a session: what belongs to one that is open names it.
pub(super) fn is_handshake(uri: &Uri) -> bool {
    let names_session = |query: &str| {
        query.split('&').any(|pair| pair.split_once('=').is_some_and(|(key, _)| key == "sid"))
    };
    uri.path().starts_with(PATH) && !uri.query().is_some_and(names_session)
}

pub(super) async fn check(
    State(gate): State<Arc<Gate>>,
    mut request: Request,
    next: Next,
) -> Response {
    // The layer behind takes whatever begins like its own address.
    let path = request.uri().path();
    if path.starts_with(PATH) && path.trim_end_matches('/') != PATH {
        return problem::unknown_route().await.into_response();
    }
    if is_handshake(request.uri()) {
        if let Some(why) = gate.refuses() {
            let mut error = ApiError::new(ErrorCode::Unavailable, why);
            error.retry_after_ms = Some(1_000);
            return Problem::new(error).into_response();
        }
        let arrival = Arrival::new(gate.patience, gate.meter.clone());
        request.extensions_mut().insert(arrival);
    }
    next.run(request).await
}
