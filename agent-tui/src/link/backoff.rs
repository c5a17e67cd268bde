//! How long to wait before the next attempt: anything between nothing and a bound, so that consoles
//! that lost the same server do not come back in step. The bound is the time that the server has
//! been away already: a short restart is over soon, a long outage is not hammered.

use std::time::Duration;

use super::Patience;

#[derive(Debug, Default)]
pub(super) struct Backoff {
    /// The server has said when to come.
    asked: Option<Duration>,
}

impl Backoff {
    pub(super) fn ask(&mut self, wait: Duration) {
        self.asked = Some(wait);
    }

    /// The next wait after having been away for so long; `chance` is between 0 and 1.
    pub(super) fn next(&mut self, patience: &Patience, away: Duration, chance: f64) -> Duration {
        let bound = away.clamp(patience.first_wait, patience.longest_wait);
        let asked = self.asked.take().map(|wait| wait.min(patience.longest_wait));
        asked.unwrap_or_else(|| bound.mul_f64(chance.clamp(0.0, 1.0)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bound_grows_with_the_outage_between_the_first_and_the_longest_wait() {
        let patience = Patience::default();
        let mut backoff = Backoff::default();

        for (away, bound) in
            [(0, 500), (400, 500), (3_000, 3_000), (29_000, 29_000), (3_600_000, 30_000)]
        {
            let away = Duration::from_millis(away);
            assert_eq!(backoff.next(&patience, away, 1.0).as_millis(), bound);
            assert_eq!(backoff.next(&patience, away, 0.0).as_millis(), 0);
        }
    }

    #[test]
    fn the_server_may_say_when_to_come_back_once() {
        let patience = Patience::default();
        let mut backoff = Backoff::default();

        backoff.ask(Duration::from_millis(1_234));

        assert_eq!(backoff.next(&patience, Duration::ZERO, 0.0).as_millis(), 1_234);
        assert_eq!(backoff.next(&patience, Duration::ZERO, 0.0).as_millis(), 0);
    }
}
