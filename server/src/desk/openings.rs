//! How many tickets a guest has opened lately. A place is taken before the ticket is stored, so that
//! many at once cannot all slip through, and given back when there was none in the end: what could
//! not be stored has used up nothing.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use support_shared::GuestId;
use tokio::time::Instant;

use super::error::DeskError;
use super::limits::Limits;

/// How long a new ticket counts.
const WINDOW: Duration = Duration::from_hours(12);

/// Guests that are remembered at most.
const REMEMBERED: usize = 100_000;

/// The tickets opened within the last hours, by guest.
pub(super) struct Openings {
    opened: Mutex<HashMap<GuestId, VecDeque<Instant>>>,
    /// 0 is no limit.
    most: usize,
}

/// A place for one ticket. It is given back unless it is [kept](Place::keep).
pub(super) struct Place<'a> {
    openings: &'a Openings,
    guest: GuestId,
    at: Option<Instant>,
}

impl Openings {
    pub(super) fn new(limits: &Limits) -> Self {
        let most = usize::try_from(limits.guest_new_tickets).unwrap_or(usize::MAX);
        Self { opened: Mutex::default(), most }
    }

    fn opened(&self) -> MutexGuard<'_, HashMap<GuestId, VecDeque<Instant>>> {
        self.opened.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a place, or says when one comes free.
    pub(super) fn take(&self, guest: GuestId) -> Result<Place<'_>, DeskError> {
        if self.most == 0 {
            return Ok(Place { openings: self, guest, at: None });
        }
        let now = Instant::now();
        let mut opened = self.opened();
        if opened.len() >= REMEMBERED && !opened.contains_key(&guest) {
            opened.retain(|_, times| times.back().is_some_and(|last| now < *last + WINDOW));
            if opened.len() >= REMEMBERED {
                return Err(refuse(Duration::from_secs(1)));
            }
        }
        let times = opened.entry(guest).or_default();
        while times.front().is_some_and(|first| *first + WINDOW <= now) {
            times.pop_front();
        }
        if times.len() >= self.most {
            let first = times.front().map_or(now, |first| *first + WINDOW);
            return Err(refuse(first.saturating_duration_since(now)));
        }
        times.push_back(now);
        Ok(Place { openings: self, guest, at: Some(now) })
    }
}

fn refuse(wait: Duration) -> DeskError {
    let millis = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
    DeskError::RateLimited { limit: "guest_new_tickets", retry_after_ms: millis.max(1) }
}

impl Place<'_> {
    /// There is a ticket: the place is used.
    pub(super) fn keep(mut self) {
        self.at = None;
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let Some(at) = self.at else { return };
        let mut opened = self.openings.opened();
        if let Some(times) = opened.get_mut(&self.guest) {
            if let Some(place) = times.iter().position(|time| *time == at) {
                times.remove(place);
            }
            if times.is_empty() {
                opened.remove(&self.guest);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use ulid::Ulid;

    use super::*;

    fn openings(most: u32) -> Openings {
        Openings::new(&Limits { guest_new_tickets: most, ..Limits::default() })
    }

    fn guest(number: u128) -> GuestId {
        GuestId::from_ulid(Ulid::from(number))
    }

    fn wait(openings: &Openings) -> Option<Duration> {
        match openings.take(guest(1)) {
            Ok(_) => None,
            Err(DeskError::RateLimited { retry_after_ms, .. }) => {
                Some(Duration::from_millis(retry_after_ms))
            }
            Err(other) => panic!("{other:?}"),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn so_many_tickets_are_opened_within_the_window_and_then_one_waits() {
        let openings = openings(2);
        openings.take(guest(1)).unwrap().keep();
        tokio::time::advance(WINDOW / 3).await;
        openings.take(guest(1)).unwrap().keep();

        assert_eq!(wait(&openings), Some(WINDOW * 2 / 3));
        openings.take(guest(2)).unwrap().keep();
        tokio::time::advance(WINDOW * 2 / 3).await;
        assert_eq!(wait(&openings), None);
        openings.take(guest(1)).unwrap().keep();
        assert_eq!(wait(&openings), Some(WINDOW / 3));
    }

    #[tokio::test(start_paused = true)]
    async fn a_ticket_that_was_not_made_costs_nothing_but_holds_its_place_meanwhile() {
        let openings = openings(1);

        for _ in 0..10 {
            let place = openings.take(guest(1)).unwrap();
            assert!(wait(&openings).is_some());
            drop(place);
        }

        assert!(openings.opened().is_empty());
        openings.take(guest(1)).unwrap().keep();
        assert!(wait(&openings).is_some());
    }

    #[test]
    fn zero_is_no_limit() {
        let openings = openings(0);

        for _ in 0..100 {
            openings.take(guest(1)).unwrap().keep();
        }
    }
}
