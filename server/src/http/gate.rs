//! How fast new connections come in. A Socket.IO handshake is the dearest thing that a stranger can
//! ask for; above the rate, and while the server stops, it is sent away with a time to come again.
//! Those times are one after the other, at the rate: a crowd that is sent away comes back as a line.

use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

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

/// The soonest that somebody is asked to come again.
const SOONEST: Duration = Duration::from_secs(1);

/// The latest. A line that is longer begins anew: nobody waits for what strangers ask for in vain.
const LATEST: Duration = Duration::from_secs(30);

/// Lets handshakes in.
pub(crate) struct Gate {
    rate: Option<DefaultDirectRateLimiter>,
    line: Line,
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
        let line = Line::new(Duration::from_secs(1) / each_second.max(1));
        Self { rate, line, patience, stopping, meter }
    }

    /// Why a handshake is not let in, and when it may be tried again.
    fn refuses(&self) -> Option<(&'static str, Duration)> {
        if self.stopping.is_cancelled() {
            return Some(("the server stops", SOONEST));
        }
        let too_fast = self.rate.as_ref().is_some_and(|rate| rate.check().is_err());
        too_fast.then(|| {
            self.meter.limited("handshakes_per_second");
            ("too many connect at once", self.line.turn(Instant::now()))
        })
    }
}

/// Whose turn it is when, of those who were sent away.
struct Line {
    interval: Duration,
    last: Mutex<Option<Instant>>,
}

impl Line {
    fn new(interval: Duration) -> Self {
        Self { interval, last: Mutex::new(None) }
    }

    /// How long whoever comes now waits for its turn.
    fn turn(&self, now: Instant) -> Duration {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let after_last = last.map(|last| (last + self.interval).saturating_duration_since(now));
        let wait = after_last.filter(|wait| *wait <= LATEST).unwrap_or_default().max(SOONEST);
        *last = Some(now + wait);
        wait
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
        if let Some((why, wait)) = gate.refuses() {
            let mut error = ApiError::new(ErrorCode::Unavailable, why);
            error.retry_after_ms = u64::try_from(wait.as_millis()).ok();
            return Problem::new(error).into_response();
        }
        let arrival = Arrival::new(gate.patience, gate.meter.clone());
        request.extensions_mut().insert(arrival);
    }
    next.run(request).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_sent_away_comes_back_one_after_the_other_and_none_waits_longer_than_half_a_minute() {
        let line = Line::new(Duration::from_millis(10));
        let now = Instant::now();

        let turns: Vec<Duration> = (0..10_000).map(|_| line.turn(now)).collect();

        let (first, rest) = turns.split_at(2_901);
        assert!(
            (0_u32..)
                .zip(first)
                .all(|(place, wait)| { *wait == SOONEST + place * Duration::from_millis(10) })
        );
        assert_eq!((first.last(), rest.first()), (Some(&LATEST), Some(&SOONEST)));
        assert!(turns.iter().all(|wait| (SOONEST..=LATEST).contains(wait)));
    }

    #[test]
    fn a_line_that_is_over_is_not_waited_for() {
        let line = Line::new(Duration::from_millis(10));
        let now = Instant::now();
        assert!((0..500).all(|_| line.turn(now) >= SOONEST));

        assert_eq!(line.turn(now + Duration::from_secs(9)), SOONEST);
    }
}
