//! What needs us next, and the walk from one such ticket to the next: who presses the same key
//! again goes on, and what has come meanwhile comes first. Decides only; going there is `desk`'s.

use std::collections::BTreeMap;

use support_shared::TicketId;

use super::card::Card;
use super::filter::Filter;
use super::{Focus, State};

/// The tickets that were looked at one after the other, each with its last message then.
#[derive(Debug, Default)]
pub(crate) struct Walk {
    at: Option<TicketId>,
    seen: BTreeMap<TicketId, u64>,
}

impl Walk {
    /// Goes on to a ticket. Whoever was elsewhere begins anew, and so does who has seen all.
    pub(super) fn go(&mut self, card: &Card, here: Option<TicketId>) {
        if !self.goes_on(here) || self.has_seen(card) {
            self.seen.clear();
        }
        self.at = Some(card.id);
        self.seen.insert(card.id, card.last_message);
    }

    fn goes_on(&self, here: Option<TicketId>) -> bool {
        here.is_some() && here == self.at
    }

    fn has_seen(&self, card: &Card) -> bool {
        self.seen.get(&card.id) == Some(&card.last_message)
    }
}

/// Our tickets whose guest waits or has written something unread, then those that are nobody's;
/// the longest waiting first.
fn needs(state: &State) -> impl Iterator<Item = &Card> {
    let waits = |card: &&Card| card.waiting_since.is_some() || card.unread() > 0;
    let of = move |filter: Filter| {
        let cards = state.queue.cards().iter();
        cards.filter(move |card| filter.takes(card, state.me.id)).filter(waits)
    };
    of(Filter::Mine).chain(of(Filter::Unassigned))
}

/// The ticket that is looked at.
pub(super) fn here(state: &State) -> Option<TicketId> {
    if state.focus == Focus::Queue {
        state.queue.selected().map(|card| card.id).filter(|id| state.open == Some(*id))
    } else {
        state.open
    }
}

/// The first that has not been seen on the way here, else the first again.
pub(crate) fn next(state: &State) -> Option<TicketId> {
    let here = here(state);
    let walk = &state.walk;
    let mut others = needs(state).filter(|card| Some(card.id) != here).peekable();
    let first = others.peek().copied();
    let unseen = others.find(|card| !walk.goes_on(here) || !walk.has_seen(card));
    unseen.or(first).map(|card| card.id)
}
