//! The tickets as a list: the open ones, longest waiting first, or what the server looked up. The
//! selection is held by id: what arrives or leaves never moves it to another ticket.

use std::collections::BTreeSet;

use support_shared::request::ListTickets;
use support_shared::{AgentId, TicketId, Timestamp};

use super::card::Card;
use super::filter::Filter;
use super::listing::Listing;

/// How many open tickets are read without being looked at; the rest when the agent goes there.
const READ_AHEAD: usize = 1_000;

#[derive(Debug)]
pub(crate) struct Queue {
    me: AgentId,
    /// The open tickets.
    cards: Vec<Card>,
    selected: Option<TicketId>,
    /// What a list that is being read has not named yet; it leaves when the list is complete.
    unlisted: Option<BTreeSet<TicketId>>,
    loaded: bool,
    /// Where the open tickets go on that have not been read.
    rest: Option<String>,
    filter: Filter,
    words: String,
    found: Option<Listing>,
}

impl Queue {
    pub(crate) fn new(me: AgentId) -> Self {
        Self {
            me,
            cards: Vec::new(),
            selected: None,
            unlisted: None,
            loaded: false,
            rest: None,
            filter: Filter::default(),
            words: String::new(),
            found: None,
        }
    }

    /// The open tickets, whatever is shown.
    pub(crate) fn cards(&self) -> &[Card] {
        &self.cards
    }

    /// The tickets of the filter that have the words.
    pub(crate) fn shown(&self) -> Vec<&Card> {
        match &self.found {
            Some(found) => found.cards().iter().collect(),
            None => self.cards.iter().filter(|card| self.filter.takes(card, self.me)).collect(),
        }
    }

    /// How many open tickets a filter has.
    pub(crate) fn count(&self, filter: Filter) -> usize {
        self.cards.iter().filter(|card| filter.takes(card, self.me)).count()
    }

    pub(crate) fn filter(&self) -> Filter {
        self.filter
    }

    /// What is searched for; empty when nothing is.
    pub(crate) fn words(&self) -> &str {
        &self.words
    }

    /// Whether the list of open tickets has been read since the start.
    pub(crate) fn is_loaded(&self) -> bool {
        self.loaded
    }

    /// Whether what is shown is all that was asked for, as far as it was asked for.
    pub(crate) fn is_read(&self) -> bool {
        self.found.as_ref().map_or(self.loaded, Listing::is_read)
    }

    /// Whether the list goes on beyond what has been read.
    pub(crate) fn has_more(&self) -> bool {
        self.found.as_ref().map_or(self.rest.is_some(), Listing::has_more)
    }

    pub(crate) fn get(&self, id: TicketId) -> Option<&Card> {
        let found = self.found.as_ref().map_or(&[][..], Listing::cards);
        self.cards.iter().chain(found).find(|card| card.id == id)
    }

    pub(crate) fn selected(&self) -> Option<&Card> {
        let shown = self.shown();
        shown.get(self.position_in(&shown)?).copied()
    }

    /// Where the selection is in the order shown.
    pub(crate) fn position(&self) -> Option<usize> {
        self.position_in(&self.shown())
    }

    fn position_in(&self, shown: &[&Card]) -> Option<usize> {
        if shown.is_empty() {
            return None;
        }
        let found = self.selected.and_then(|id| shown.iter().position(|card| card.id == id));
        Some(found.unwrap_or(0))
    }

    pub(crate) fn waiting(&self) -> usize {
        self.cards.iter().filter(|card| card.waiting_since.is_some()).count()
    }

    /// Moves the selection by `by` places and stops at either end.
    pub(crate) fn step(&mut self, by: isize) {
        let shown = self.shown();
        let Some(at) = self.position_in(&shown) else { return };
        let to = at.saturating_add_signed(by).min(shown.len() - 1);
        self.selected = Some(shown[to].id);
    }

    /// Selects a ticket, and shows a list that has it.
    pub(crate) fn select(&mut self, id: TicketId, now: Timestamp) {
        if !self.shown().iter().any(|card| card.id == id) {
            self.show(Filter::Open, "", now);
        }
        self.selected = Some(id);
    }

    /// Shows the tickets of a filter that have these words.
    pub(crate) fn show(&mut self, filter: Filter, words: &str, now: Timestamp) {
        let words = words.trim();
        if filter == self.filter && words == self.words {
            return;
        }
        words.clone_into(&mut self.words);
        if words.is_empty() && filter != Filter::Closed {
            self.found = None;
        } else if let Some(found) = self.found.as_mut().filter(|_| filter == self.filter) {
            found.reword(words, now);
        } else {
            self.found = Some(Listing::new(filter, words, now));
        }
        self.filter = filter;
        self.selected = None;
    }

    /// Who we are is what the filters go by.
    pub(super) fn set_me(&mut self, me: AgentId) {
        self.me = me;
    }

    /// A list is going to be read: what it does not name is gone at its end. What was looked up is
    /// looked up again.
    pub(crate) fn begin_list(&mut self, now: Timestamp) {
        self.unlisted = Some(self.cards.iter().map(|card| card.id).collect());
        self.rest = None;
        if let Some(found) = &mut self.found {
            found.refresh(now);
        }
    }

    /// A page of the open tickets. A notice that came meanwhile knows better than an older page.
    /// Answers with the cursor of the page that is to be asked for now.
    pub(crate) fn add_page(
        &mut self,
        page: impl IntoIterator<Item = Card>,
        next: Option<String>,
    ) -> Option<String> {
        for card in page {
            if let Some(unlisted) = &mut self.unlisted {
                unlisted.remove(&card.id);
            }
            let known = self.cards.iter().find(|known| known.id == card.id);
            if known.is_none_or(|known| known.updated_at <= card.updated_at) {
                self.put(card);
            }
        }
        if next.is_some() && self.cards.len() < READ_AHEAD {
            return next;
        }
        self.loaded = true;
        self.rest = next;
        for gone in self.unlisted.take().unwrap_or_default() {
            self.remove(gone);
        }
        None
    }

    /// A page of what is looked up.
    pub(super) fn add_found(&mut self, asked: &ListTickets, page: Vec<Card>, next: Option<String>) {
        if let Some(found) = &mut self.found {
            found.add_page(asked, page, next);
        }
    }

    pub(super) fn lookup_failed(&mut self, asked: &ListTickets, now: Timestamp) {
        if let Some(found) = &mut self.found {
            found.failed(asked, now);
        }
    }

    pub(super) fn lookup_refused(&mut self, asked: &ListTickets) {
        if let Some(found) = &mut self.found {
            found.refused(asked);
        }
    }

    /// Whether the server does not look up what is shown.
    pub(crate) fn is_refused(&self) -> bool {
        self.found.as_ref().is_some_and(Listing::is_refused)
    }

    /// Asks once more for what was refused, as somebody wants to know.
    pub(super) fn retry_refused(&mut self, now: Timestamp) {
        if let Some(found) = self.found.as_mut().filter(|found| found.is_refused()) {
            found.refresh(now);
        }
    }

    /// The page that is wanted now, of whichever list is shown.
    pub(super) fn next_request(&mut self, now: Timestamp) -> Option<ListTickets> {
        let at = self.position().unwrap_or(0);
        if let Some(found) = &mut self.found {
            return found.next_request(at, now);
        }
        let near_end = at + 20 >= self.shown().len();
        let cursor = self.rest.take_if(|_| near_end)?;
        Some(super::run::open_tickets(Some(cursor)))
    }

    /// When something is to be looked up.
    pub(super) fn due(&self) -> Option<Timestamp> {
        self.found.as_ref()?.due()
    }

    /// A notice about a ticket: new, changed, or closed.
    pub(crate) fn update(&mut self, card: Card) {
        if let Some(found) = &mut self.found {
            let held = found.cards().iter().position(|known| Some(known.id) == self.selected);
            found.update(&card, self.me);
            let gone = !found.cards().iter().any(|known| Some(known.id) == self.selected);
            if let Some(at) = held.filter(|_| gone) {
                let neighbour = at.min(found.cards().len().saturating_sub(1));
                self.selected = found.cards().get(neighbour).map(|card| card.id);
            }
        }
        if let Some(unlisted) = &mut self.unlisted {
            unlisted.remove(&card.id);
        }
        let known = self.cards.iter().find(|known| known.id == card.id);
        if known.is_some_and(|known| known.updated_at > card.updated_at) {
            return;
        }
        if card.is_open() { self.put(card) } else { self.remove(card.id) }
    }

    /// Changes of a ticket that move it nowhere.
    pub(super) fn change(&mut self, id: TicketId, change: impl Fn(&mut Card)) {
        let found = self.found.as_mut().map_or(&mut [][..], Listing::cards_mut);
        self.cards.iter_mut().chain(found).filter(|card| card.id == id).for_each(change);
    }

    fn put(&mut self, card: Card) {
        self.keeping_selection(|queue| {
            queue.cards.retain(|known| known.id != card.id);
            let at = queue.cards.partition_point(|known| order(known) <= order(&card));
            queue.cards.insert(at, card);
        });
    }

    pub(crate) fn remove(&mut self, id: TicketId) {
        self.keeping_selection(|queue| queue.cards.retain(|card| card.id != id));
    }

    /// Whoever looks at a ticket goes on looking at it when others come, and at its neighbour when
    /// it leaves the list.
    fn keeping_selection(&mut self, change: impl FnOnce(&mut Self)) {
        let at = self.position();
        let held = self.selected().map(|card| card.id);
        change(self);
        let shown = self.shown();
        let stays = held.filter(|id| shown.iter().any(|card| card.id == *id));
        let neighbour = at.and_then(|at| shown.get(at.min(shown.len().saturating_sub(1))));
        self.selected = stays.or(neighbour.map(|card| card.id));
    }
}

/// Longest waiting first; those who do not wait after them, oldest first.
fn order(card: &Card) -> (bool, Timestamp, TicketId) {
    (card.waiting_since.is_none(), card.waiting_since.unwrap_or(card.updated_at), card.id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::fixture::{agent, noon, ticket};

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
        let mut queue = Queue::new(agent().id);
        queue.update(card(1, 2_000));
        queue.update(card(2, 3_000));
        queue.step(1);

        queue.update(card(3, 1_000));

        assert_eq!(ids(&queue), [card(3, 0).id, card(1, 0).id, card(2, 0).id]);
        assert_eq!(queue.selected().map(|c| c.id), Some(card(2, 0).id));
    }

    #[test]
    fn a_ticket_that_leaves_hands_the_selection_to_its_neighbour() {
        let mut queue = Queue::new(agent().id);
        for n in 1..=3 {
            queue.update(card(n, i64::try_from(n).unwrap()));
        }
        queue.step(isize::MAX);

        queue.remove(card(3, 0).id);

        assert_eq!(queue.selected().map(|c| c.id), Some(card(2, 0).id));
    }

    #[test]
    fn a_complete_list_removes_what_it_does_not_name_but_not_what_came_meanwhile() {
        let mut queue = Queue::new(agent().id);
        queue.update(card(1, 1));
        queue.update(card(2, 2));

        queue.begin_list(noon());
        queue.add_page([card(2, 2)], Some("next".to_owned()));
        queue.update(card(9, 9));
        queue.add_page([], None);

        assert_eq!(ids(&queue), [card(2, 0).id, card(9, 0).id]);
        assert!(queue.is_loaded());
    }

    #[test]
    fn an_older_page_does_not_undo_a_newer_notice() {
        let mut queue = Queue::new(agent().id);
        let old = card(1, 1);
        let mut new = old.clone();
        new.updated_at = old.updated_at.plus_millis(5);
        new.subject = Some("newer".into());

        queue.begin_list(noon());
        queue.update(new.clone());
        queue.add_page([old], None);

        assert_eq!(queue.cards(), [new]);
    }
}
