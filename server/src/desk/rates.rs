//! How fast is too fast: token buckets by who asks, in memory. What has not been used for a while
//! is forgotten, and what cannot be remembered because too many ask is refused, so that a flood of
//! names costs no memory.

use std::hash::Hash;
use std::num::NonZeroU32;
use std::time::Duration;

use governor::{
    Quota, RateLimiter,
    clock::{Clock, MonotonicClock},
    state::keyed::HashMapStateStore,
};
use support_shared::{AgentId, GuestId};

use super::actor::Address;
use super::error::DeskError;
use super::limits::Limits;

/// The limit that says that an agent reads more than its work can need.
pub(super) const AGENT_READS: &str = "agent_reads_per_minute";

/// Callers that one rate remembers at most.
const REMEMBERED: usize = 100_000;

/// A rate for each of many callers.
pub(super) struct Rate<K: Clone + Hash + Eq> {
    name: &'static str,
    /// Nothing when there is no limit.
    limiter: Option<RateLimiter<K, HashMapStateStore<K>, MonotonicClock>>,
}

impl<K: Clone + Hash + Eq> Rate<K> {
    /// `burst` at once, and one more after each `period`; 0 is no limit.
    fn new(name: &'static str, burst: u32, period: Duration) -> Self {
        let quota = NonZeroU32::new(burst)
            .and_then(|burst| Some(Quota::with_period(period)?.allow_burst(burst)));
        let limiter = quota
            .map(|quota| RateLimiter::new(quota, HashMapStateStore::default(), MonotonicClock));
        Self { name, limiter }
    }

    /// So many within a time, all of them at once if need be.
    fn within(name: &'static str, many: u32, time: Duration) -> Self {
        Self::new(name, many, time / many.max(1))
    }

    /// So many a second, after a burst.
    fn each_second(name: &'static str, many: u32, burst: u32) -> Self {
        let burst = if many == 0 { 0 } else { burst.max(1) };
        Self::new(name, burst, Duration::from_secs(1) / many.max(1))
    }

    /// Counts one more, or refuses it and says when to come again.
    pub(super) fn take(&self, key: &K) -> Result<(), DeskError> {
        let Some(limiter) = &self.limiter else { return Ok(()) };
        if limiter.len() >= REMEMBERED {
            limiter.retain_recent();
            if limiter.len() >= REMEMBERED {
                return Err(self.refuse(Duration::from_secs(1)));
            }
        }
        limiter
            .check_key(key)
            .map_err(|early| self.refuse(early.wait_time_from(MonotonicClock.now())))
    }

    fn refuse(&self, wait: Duration) -> DeskError {
        let millis = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
        DeskError::RateLimited { limit: self.name, retry_after_ms: millis.max(1) }
    }
}

/// All rates of the desk.
pub(super) struct Rates {
    pub(super) guest_messages: Rate<GuestId>,
    pub(super) guest_messages_sustained: Rate<GuestId>,
    pub(super) agent_messages: Rate<AgentId>,
    pub(super) guest_reads: Rate<GuestId>,
    pub(super) agent_reads: Rate<AgentId>,
    /// How often it is kept of an agent that it reads too much: once for each time it counts in.
    pub(super) bulk_reads: Rate<AgentId>,
    pub(super) guest_sessions: Rate<Address>,
}

impl Rates {
    pub(super) fn new(limits: &Limits) -> Self {
        const HOUR: Duration = Duration::from_hours(1);
        Self {
            guest_messages: Rate::each_second(
                "guest_messages_per_second",
                limits.guest_messages_per_second,
                limits.guest_messages_burst,
            ),
            guest_messages_sustained: Rate::within(
                "guest_messages_per_minute",
                limits.guest_messages_per_minute,
                Duration::from_mins(1),
            ),
            agent_messages: Rate::each_second(
                "agent_messages_per_second",
                limits.agent_messages_per_second,
                limits.agent_messages_burst,
            ),
            guest_reads: Rate::each_second(
                "guest_reads_per_second",
                limits.guest_reads_per_second,
                limits.guest_reads_burst,
            ),
            agent_reads: Rate::within(
                AGENT_READS,
                limits.agent_reads_per_minute,
                Duration::from_mins(1),
            ),
            bulk_reads: Rate::within("bulk_read", 1, Duration::from_mins(1)),
            guest_sessions: Rate::within(
                "address_guest_sessions",
                limits.address_guest_sessions,
                HOUR,
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(result: Result<(), DeskError>) -> u64 {
        match result {
            Err(DeskError::RateLimited { retry_after_ms, .. }) => retry_after_ms,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_burst_passes_and_the_next_one_is_told_when_to_come_again() {
        let rate = Rate::each_second("x", 5, 20);

        for _ in 0..20 {
            rate.take(&1).unwrap();
        }

        let wait = refused(rate.take(&1));
        assert!((1..=200).contains(&wait), "{wait}");
        rate.take(&2).unwrap();
    }

    #[test]
    fn a_number_within_a_time_may_come_all_at_once() {
        let rate = Rate::within("x", 6, Duration::from_hours(12));

        for _ in 0..6 {
            rate.take(&1).unwrap();
        }

        let wait = refused(rate.take(&1));
        assert!(wait > 60 * 60 * 1000, "{wait}");
    }

    #[test]
    fn zero_is_no_limit() {
        let rate = Rate::each_second("x", 0, 0);

        for _ in 0..10_000 {
            rate.take(&1).unwrap();
        }
    }
}
