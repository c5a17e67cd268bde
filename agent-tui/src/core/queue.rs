//! The open tickets, longest waiting first, with the selection held by id: what arrives or leaves
//! never moves the selection to another ticket.

use std::collections::BTreeSet;

use support_shared::{TicketId, Timestamp};

use super::card::Card;

#[derive(Debug, Default)]
pub(crate) struct Queue {
    cards: Vec<Card>,
    selected: Option<TicketId>,
    /// What a list that is being read has not named yet; it leaves when the list is complete.
    unlisted: Option<BTreeSet<TicketId>>,
    loaded: bool,
}

impl Queue {
    pub(crate) fn cards(&self) -> &[Card] {
        &self.cards
    }

    /// Whether a list has been read to its end since the start.
    pub(crate) fn is_loaded(&self) -> bool {
        self.loaded
    }

    pub(crate) fn get(&self, id: TicketId) -> Option<&Card> {
        self.cards.iter().find(|card| card.id == id)
    }

    pub(crate) fn selected(&self) -> Option<&Card> {
        self.cards.get(self.position()?)
    }

    /// Where the selection is in the order shown.
    pub(crate) fn position(&self) -> Option<usize> {
        if self.cards.is_empty() {
            return None;
        }
        let found = self.selected.and_then(|id| self.cards.iter().position(|card| card.id == id));
        Some(found.unwrap_or(0))
    }

    pub(crate) fn waiting(&self) -> usize {
        self.cards.iter().filter(|card| card.waiting_since.is_some()).count()
    }

    /// Moves the selection by `by` places and stops at either end.
    pub(crate) fn step(&mut self, by: isize) {
        let Some(at) = self.position() else { return };
        let to = at.saturating_add_signed(by).min(self.cards.len() - 1);
        self.selected = Some(self.cards[to].id);
    }

    /// A list is going to be read: what it does not name is gone at its end.
    pub(crate) fn begin_list(&mut self) {
        self.unlisted = Some(self.cards.iter().map(|card| card.id).collect());
    }

    /// A page of the list. A notice that came meanwhile knows better than an older page.
    pub(crate) fn add_page(&mut self, page: impl IntoIterator<Item = Card>, last: bool) {
        for card in page {
            if let Some(unlisted) = &mut self.unlisted {
                unlisted.remove(&card.id);
            }
            if self.get(card.id).is_none_or(|known| known.updated_at <= card.updated_at) {
                self.put(card);
            }
        }
        if last {
            self.loaded = true;
            for gone in self.unlisted.take().unwrap_or_default() {
                self.remove(gone);
            }
        }
    }

    /// A notice about a ticket: new, changed, or closed.
    pub(crate) fn update(&mut self, card: Card) {
        if let Some(unlisted) = &mut self.unlisted {
            unlisted.remove(&card.id);
        }
        if self.get(card.id).is_some_and(|known| known.updated_at > card.updated_at) {
            return;
        }
        if card.is_open() { self.put(card) } else { self.remove(card.id) }
    }

    fn put(&mut self, card: Card) {
        // Whoever looks at the first ticket goes on looking at that ticket when others come.
        let held = self.selected().map(|card| card.id);
        self.cards.retain(|known| known.id != card.id);
        let at = self.cards.partition_point(|known| order(known) <= order(&card));
        self.cards.insert(at, card);
        self.selected = self.selected.or(held);
    }

    pub(crate) fn remove(&mut self, id: TicketId) {
        let Some(at) = self.cards.iter().position(|card| card.id == id) else { return };
        let held = self.selected().is_some_and(|card| card.id == id);
        self.cards.remove(at);
        if held {
            let neighbour = at.min(self.cards.len().saturating_sub(1));
            self.selected = self.cards.get(neighbour).map(|card| card.id);
        }
    }
}

/// Longest waiting first; those who do not wait after them, oldest first.
fn order(card: &Card) -> (bool, Timestamp, TicketId) {
    (card.waiting_since.is_none(), card.waiting_since.unwrap_or(card.updated_at), card.id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::fixture::ticket;

    fn card(n: u64, waits: i64) -> Card {
        let mut card = Card::from(ticket(n));
        card.waiting_since = Some(Timestamp::from_millis(waits));
        card
    }

    fn ids(queue: &Queue) -> Vec<TicketId> {
        queue.cards().iter().map(|card| card.id).collect()
    }

    #[test]
    fn the_longest_waiting_is_first_and_the_selection_stays_on_its_ticket() {
        let mut queue = Queue::default();
        queue.update(card(1, 2_000));
        queue.update(card(2, 3_000));
        queue.step(1);

        queue.update(card(3, 1_000));

        assert_eq!(ids(&queue), [card(3, 0).id, card(1, 0).id, card(2, 0).id]);
        assert_eq!(queue.selected().map(|c| c.id), Some(card(2, 0).id));
    }

    #[test]
    fn a_ticket_that_leaves_hands_the_selection_to_its_neighbour() {
        let mut queue = Queue::default();
        for n in 1..=3 {
            queue.update(card(n, i64::try_from(n).unwrap()));
        }
        queue.step(isize::MAX);

        queue.remove(card(3, 0).id);

        assert_eq!(queue.selected().map(|c| c.id), Some(card(2, 0).id));
    }

    #[test]
    fn a_complete_list_removes_what_it_does_not_name_but_not_what_came_meanwhile() {
        let mut queue = Queue::default();
        queue.update(card(1, 1));
        queue.update(card(2, 2));

        queue.begin_list();
        queue.add_page([card(2, 2)], false);
        queue.update(card(9, 9));
        queue.add_page([], true);

        assert_eq!(ids(&queue), [card(2, 0).id, card(9, 0).id]);
        assert!(queue.is_loaded());
    }

    #[test]
    fn an_older_page_does_not_undo_a_newer_notice() {
        let mut queue = Queue::default();
        let old = card(1, 1);
        let mut new = old.clone();
        new.updated_at = old.updated_at.plus_millis(5);
        new.subject = Some("newer".into());

        queue.begin_list();
        queue.update(new.clone());
        queue.add_page([old], true);

        assert_eq!(queue.cards(), [new]);
    }
}
