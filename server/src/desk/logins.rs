//! Wrong passwords. A name from one address has a few tries, then waits that double; an address
//! alone has more. A name is slowed down and never locked: its owner gets in from elsewhere.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::actor::Address;
use super::error::DeskError;
use super::limits::Limits;

/// How long a wrong password counts.
const WINDOW: Duration = Duration::from_mins(10);

/// The first wait, and the longest.
const FIRST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_mins(15);

/// Names and addresses that are remembered at most.
const REMEMBERED: usize = 50_000;

/// Who tries: a name from an address, or an address.
#[derive(Clone, PartialEq, Eq, Hash)]
enum Who {
    Name(String, Address),
    Address(Address),
}

struct Failures {
    count: u32,
    last: Instant,
    /// Until when no try is looked at.
    wait_until: Instant,
}

/// The wrong passwords of the last minutes.
pub(super) struct Logins {
    failures: Mutex<HashMap<Who, Failures>>,
    name_tries: u32,
    address_tries: u32,
}

impl Logins {
    pub(super) fn new(limits: &Limits) -> Self {
        Self {
            failures: Mutex::default(),
            name_tries: limits.login_tries,
            address_tries: limits.login_address_tries,
        }
    }

    fn failures(&self) -> MutexGuard<'_, HashMap<Who, Failures>> {
        self.failures.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Refuses a try that comes before its time. Asked before the password is looked at.
    pub(super) fn check(&self, name: &str, address: Address) -> Result<(), DeskError> {
        let now = Instant::now();
        let failures = self.failures();
        let waits = [
            ("login_tries", Who::Name(name.to_owned(), address)),
            ("login_address_tries", Who::Address(address)),
        ]
        .map(|(limit, who)| {
            let until = failures.get(&who).map_or(now, |failure| failure.wait_until);
            (until.saturating_duration_since(now), limit)
        });
        let (wait, limit) = waits[0].max(waits[1]);
        if wait.is_zero() {
            return Ok(());
        }
        let millis = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
        Err(DeskError::RateLimited { limit, retry_after_ms: millis.max(1) })
    }

    /// Remembers a wrong password.
    pub(super) fn failed(&self, name: &str, address: Address) {
        let now = Instant::now();
        let mut failures = self.failures();
        if failures.len() >= REMEMBERED {
            failures.retain(|_, it| now < it.wait_until.max(it.last + WINDOW));
        }
        if failures.len() >= REMEMBERED {
            // More than can be remembered: whoever comes first is let go, not whoever comes next.
            failures.clear();
        }
        let tries = [
            (Who::Name(name.to_owned(), address), self.name_tries),
            (Who::Address(address), self.address_tries),
        ];
        for (who, tries) in tries {
            if tries == 0 {
                continue;
            }
            let failure = failures
                .entry(who)
                .and_modify(|it| {
                    if now > it.wait_until.max(it.last) + WINDOW {
                        it.count = 0;
                    }
                })
                .or_insert(Failures { count: 0, last: now, wait_until: now });
            failure.count += 1;
            failure.last = now;
            if failure.count >= tries {
                let doublings = (failure.count - tries).min(16);
                failure.wait_until = now + (FIRST_WAIT * 2u32.pow(doublings)).min(LONGEST_WAIT);
            }
        }
    }

    /// Forgets the wrong passwords of a name from an address, when the right one came. Not the
    /// address's: somebody with one account must not try others for nothing.
    pub(super) fn succeeded(&self, name: &str, address: Address) {
        self.failures().remove(&Who::Name(name.to_owned(), address));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(last: u8) -> Address {
        Address::of([127, 0, 0, last].into())
    }

    fn wait(logins: &Logins, name: &str, from: Address) -> Option<u64> {
        match logins.check(name, from) {
            Err(DeskError::RateLimited { retry_after_ms, .. }) => Some(retry_after_ms),
            other => {
                other.unwrap();
                None
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_name_waits_longer_and_longer_and_its_owner_gets_in_from_elsewhere() {
        let logins = Logins::new(&Limits::default());
        for _ in 0..4 {
            logins.failed("alice", address(1));
            assert_eq!(wait(&logins, "alice", address(1)), None);
        }

        for expected in [1_000, 2_000, 4_000, 8_000] {
            logins.failed("alice", address(1));
            assert_eq!(wait(&logins, "alice", address(1)), Some(expected));
            assert_eq!(wait(&logins, "alice", address(2)), None);
            tokio::time::advance(Duration::from_millis(expected)).await;
            assert_eq!(wait(&logins, "alice", address(1)), None);
        }

        logins.succeeded("alice", address(1));
        logins.failed("alice", address(1));
        assert_eq!(wait(&logins, "alice", address(1)), None);
    }

    #[tokio::test(start_paused = true)]
    async fn a_wait_is_never_longer_than_a_quarter_of_an_hour() {
        let logins = Logins::new(&Limits::default());
        for _ in 0..60 {
            logins.failed("alice", address(1));
        }

        assert_eq!(wait(&logins, "alice", address(1)), Some(15 * 60 * 1000));
        tokio::time::advance(LONGEST_WAIT + WINDOW + FIRST_WAIT).await;
        logins.failed("alice", address(1));
        assert_eq!(wait(&logins, "alice", address(1)), None);
    }

    #[tokio::test(start_paused = true)]
    async fn an_address_that_tries_many_names_waits_too() {
        let logins = Logins::new(&Limits::default());
        for number in 0..30 {
            assert_eq!(wait(&logins, "carol", address(1)), None);
            logins.failed(&format!("name{number}"), address(1));
        }

        assert_eq!(wait(&logins, "carol", address(1)), Some(1_000));
        assert_eq!(wait(&logins, "carol", address(2)), None);
    }
}
