//! Who is seen to write. A start is passed on every other second at most, a stop when the others
//! have been told of a start and of no stop since: a flood of either is bounded, and nobody is seen
//! to write who has stopped.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// The time between two starts. Fixed by the protocol: it is enough to see.
const PAUSE: Duration = Duration::from_secs(2);

/// For how long a start that was not stopped is remembered when there is no room left. Clients do
/// not show it for this long either.
const SHOWN: Duration = Duration::from_mins(1);

/// Writers that are remembered at most.
const REMEMBERED: usize = 100_000;

struct Told {
    started: Instant,
    /// Of no stop since.
    writes: bool,
}

/// What the others have been told of each writer.
pub(super) struct Writers<K>(Mutex<HashMap<K, Told>>);

impl<K> Default for Writers<K> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: Hash + Eq> Writers<K> {
    /// Whether to pass on that somebody writes, or that it does not any more.
    pub(super) fn passes(&self, who: K, writes: bool) -> bool {
        let now = Instant::now();
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !writes {
            return told
                .get_mut(&who)
                .is_some_and(|told| std::mem::replace(&mut told.writes, false));
        }
        if told.len() >= REMEMBERED {
            told.retain(|_, it| now < it.started + if it.writes { SHOWN } else { PAUSE });
        }
        if told.get(&who).is_some_and(|told| now < told.started + PAUSE) || told.len() >= REMEMBERED
        {
            return false;
        }
        told.insert(who, Told { started: now, writes: true });
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_start_passes_every_other_second_and_a_stop_once_after_it() {
        let writers = Writers::default();

        assert!(!writers.passes(1, false));
        assert!(writers.passes(1, true));
        assert!(!writers.passes(1, true));
        assert!(writers.passes(1, false));
        assert!(!writers.passes(1, false));
        assert!(!writers.passes(1, true));
        assert!(writers.passes(2, true));

        tokio::time::advance(PAUSE).await;
        assert!(writers.passes(1, true));
        // Who writes on is said to write on.
        tokio::time::advance(PAUSE).await;
        assert!(writers.passes(1, true));
        tokio::time::advance(SHOWN).await;
        assert!(writers.passes(1, false));
    }

    #[tokio::test(start_paused = true)]
    async fn a_flood_of_both_is_two_for_each_pause() {
        let writers = Writers::default();
        let mut passed = 0;

        for _ in 0..10_000 {
            passed += u32::from(writers.passes(1, true)) + u32::from(writers.passes(1, false));
            tokio::time::advance(Duration::from_millis(1)).await;
        }

        assert_eq!(passed, 10);
    }

    #[tokio::test(start_paused = true)]
    async fn so_many_are_remembered_and_room_comes_back() {
        let writers = Writers::default();
        for number in 0..REMEMBERED {
            assert!(writers.passes(number, true));
        }

        assert!(!writers.passes(REMEMBERED, true));
        tokio::time::advance(SHOWN).await;
        assert!(writers.passes(REMEMBERED, true));
        assert_eq!(writers.0.lock().unwrap().len(), 1);
    }
}
