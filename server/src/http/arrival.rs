//! A connection on its way into a namespace. The library closes one that does not get there in time
//! and says nothing of it: that it was so is counted here.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::time::Instant;

use crate::telemetry::Meter;

/// The limit that such a connection is closed by.
pub(super) const LIMIT: &str = "connect_timeout_ms";

/// Goes with the request that opens a connection, and ends with the connection.
#[derive(Clone)]
pub(crate) struct Arrival(Arc<Arriving>);

struct Arriving {
    began: Instant,
    patience: Duration,
    admitted: AtomicBool,
    meter: Meter,
}

impl Arrival {
    /// One that has so much time.
    pub(super) fn new(patience: Duration, meter: Meter) -> Self {
        let (began, admitted) = (Instant::now(), AtomicBool::new(false));
        Self(Arc::new(Arriving { began, patience, admitted, meter }))
    }

    /// A namespace has let it in.
    pub(crate) fn admitted(&self) {
        self.0.admitted.store(true, Ordering::Relaxed);
    }
}

impl Drop for Arriving {
    fn drop(&mut self) {
        if !*self.admitted.get_mut() && self.began.elapsed() >= self.patience {
            self.meter.limited(LIMIT);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn only_one_that_was_closed_for_being_late_is_counted() {
        let meter = Meter::new();
        let arrive = || Arrival::new(Duration::from_secs(10), meter.clone());
        let counted =
            || meter.text().contains("support_limited_total{limit=\"connect_timeout_ms\"} 1");

        let (gone, let_in, late) = (arrive(), arrive(), arrive());
        let_in.admitted();
        drop(gone);
        tokio::time::advance(Duration::from_secs(10)).await;
        drop(let_in);
        assert!(!counted());
        let clone = late.clone();
        drop(late);
        assert!(!counted());
        drop(clone);
        assert!(counted());
    }
}
