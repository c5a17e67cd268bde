//! How many tickets a guest has opened lately. A place is taken before the ticket is stored, so that
//! many at once cannot all slip through, and given back when there was none in the end: what could
//! not be stored has used up nothing. One ticket asked for twice takes one place.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use support_shared::{ClientMessageId, GuestId};
use tokio::time::Instant;

use super::error::DeskError;
use super::limits::Limits;

/// How long a new ticket counts.
const WINDOW: Duration = Duration::from_hours(12);

/// Guests that are remembered at most.
const REMEMBERED: usize = 100_000;

/// A ticket that was opened, or is being.
struct Opening {
    /// What the guest calls it.
    key: ClientMessageId,
    at: Instant,
    /// Who opens it now: the same may be asked for on several connections at once.
    holders: usize,
    /// One of them has made it.
    kept: bool,
}

/// The tickets opened within the last hours, by guest.
pub(super) struct Openings {
    opened: Mutex<HashMap<GuestId, VecDeque<Opening>>>,
    /// 0 is no limit.
    most: usize,
}

/// A place for one ticket. It is given back unless it is [kept](Place::keep).
pub(super) struct Place<'a> {
    openings: &'a Openings,
    guest: GuestId,
    key: ClientMessageId,
    kept: bool,
}

impl Openings {
    pub(super) fn new(limits: &Limits) -> Self {
        let most = usize::try_from(limits.guest_new_tickets).unwrap_or(usize::MAX);
        Self { opened: Mutex::default(), most }
    }

    fn opened(&self) -> MutexGuard<'_, HashMap<GuestId, VecDeque<Opening>>> {
        self.opened.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a place for the ticket that the guest calls `key`, or says when one comes free.
    pub(super) fn take(
        &self,
        guest: GuestId,
        key: ClientMessageId,
    ) -> Result<Place<'_>, DeskError> {
        if self.most == 0 {
            return Ok(Place { openings: self, guest, key, kept: false });
        }
        let now = Instant::now();
        let mut opened = self.opened();
        if opened.len() >= REMEMBERED && !opened.contains_key(&guest) {
            opened.retain(|_, openings| openings.back().is_some_and(|last| now < last.at + WINDOW));
            if opened.len() >= REMEMBERED {
                return Err(refuse(Duration::from_secs(1)));
            }
        }
        let openings = opened.entry(guest).or_default();
        while openings.front().is_some_and(|first| first.at + WINDOW <= now) {
            openings.pop_front();
        }
        if let Some(same) = openings.iter_mut().find(|it| it.key == key) {
            same.holders += 1;
        } else if openings.len() >= self.most {
            let first = openings.front().map_or(now, |first| first.at + WINDOW);
            return Err(refuse(first.saturating_duration_since(now)));
        } else {
            openings.push_back(Opening { key: key.clone(), at: now, holders: 1, kept: false });
        }
        Ok(Place { openings: self, guest, key, kept: false })
    }
}

fn refuse(wait: Duration) -> DeskError {
    let millis = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
    DeskError::RateLimited { limit: "guest_new_tickets", retry_after_ms: millis.max(1) }
}

impl Place<'_> {
    /// There is a ticket: the place is used.
    pub(super) fn keep(mut self) {
        self.kept = true;
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut opened = self.openings.opened();
        let Some(openings) = opened.get_mut(&self.guest) else { return };
        // None when there is no limit, or when it has been open for longer than is counted.
        let Some(place) = openings.iter().position(|it| it.key == self.key) else { return };
        let opening = &mut openings[place];
        opening.kept |= self.kept;
        opening.holders = opening.holders.saturating_sub(1);
        if opening.holders == 0 && !opening.kept {
            openings.remove(place);
        }
        if openings.is_empty() {
            opened.remove(&self.guest);
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

    fn key(name: &str) -> ClientMessageId {
        name.parse().unwrap()
    }

    fn wait(openings: &Openings) -> Option<Duration> {
        match openings.take(guest(1), key("waits")) {
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
        openings.take(guest(1), key("a")).unwrap().keep();
        tokio::time::advance(WINDOW / 3).await;
        openings.take(guest(1), key("b")).unwrap().keep();

        assert_eq!(wait(&openings), Some(WINDOW * 2 / 3));
        openings.take(guest(2), key("a")).unwrap().keep();
        tokio::time::advance(WINDOW * 2 / 3).await;
        assert_eq!(wait(&openings), None);
        openings.take(guest(1), key("c")).unwrap().keep();
        assert_eq!(wait(&openings), Some(WINDOW / 3));
    }

    #[tokio::test(start_paused = true)]
    async fn a_ticket_that_was_not_made_costs_nothing_but_holds_its_place_meanwhile() {
        let openings = openings(1);

        for _ in 0..10 {
            let place = openings.take(guest(1), key("a")).unwrap();
            assert!(wait(&openings).is_some());
            drop(place);
        }

        assert!(openings.opened().is_empty());
        openings.take(guest(1), key("a")).unwrap().keep();
        assert!(wait(&openings).is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn a_ticket_that_is_asked_for_twice_at_once_takes_one_place() {
        let openings = openings(1);

        let first = openings.take(guest(1), key("a")).unwrap();
        let second = openings.take(guest(1), key("a")).unwrap();
        assert!(openings.take(guest(2), key("a")).is_ok());
        // As long as one may still make it, the place is taken, whoever gives up.
        drop(first);
        assert!(wait(&openings).is_some());
        let third = openings.take(guest(1), key("a")).unwrap();
        second.keep();
        drop(third);
        assert!(wait(&openings).is_some());
    }

    #[test]
    fn zero_is_no_limit() {
        let openings = openings(0);

        for number in 0..100 {
            openings.take(guest(1), key(&number.to_string())).unwrap().keep();
        }
        assert!(openings.opened().is_empty());
    }
}
