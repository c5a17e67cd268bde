//! A list that the server looks up: the closed tickets, or those with certain words. Read page by
//! page as the agent goes down it, never further; kept up to date by notices as far as they tell.

use support_shared::request::ListTickets;
use support_shared::{AgentId, Timestamp};

use super::card::Card;
use super::filter::Filter;

/// The most tickets of a list that are kept: whoever goes down that far had better search.
const MOST: usize = 2_000;
/// How near the end of what is here the next page is asked for.
const AHEAD: usize = 20;
/// How long nobody must have typed before the words are looked up.
const TYPING_MILLIS: i64 = 200;
/// How long a list waits that could not be read.
const AGAIN_MILLIS: i64 = 3_000;

#[derive(Debug)]
pub(crate) struct Listing {
    filter: Filter,
    words: String,
    cards: Vec<Card>,
    reading: Reading,
}

#[derive(Debug, PartialEq, Eq)]
enum Reading {
    /// The first page is wanted, from this moment on.
    Wanted(Timestamp),
    /// This page is being asked for; nothing is the first.
    Asked(Option<String>),
    /// There is more from here on.
    More(String),
    End,
    /// The server does not answer this. Only other words are another question.
    Refused,
}

impl Listing {
    /// The tickets of a filter, at once; words come by and by.
    pub(super) fn new(filter: Filter, words: &str, now: Timestamp) -> Self {
        let wanted = Reading::Wanted(now);
        let mut new = Self { filter, words: String::new(), cards: Vec::new(), reading: wanted };
        new.reword(words, now);
        new
    }

    /// The words change while the old result is still shown.
    pub(super) fn reword(&mut self, words: &str, now: Timestamp) {
        if self.words != words {
            words.clone_into(&mut self.words);
            self.reading = Reading::Wanted(now.plus_millis(TYPING_MILLIS));
        }
    }

    pub(super) fn cards(&self) -> &[Card] {
        &self.cards
    }

    pub(super) fn cards_mut(&mut self) -> &mut [Card] {
        &mut self.cards
    }

    /// Whether what is shown is the answer to what was asked.
    pub(super) fn is_read(&self) -> bool {
        !matches!(self.reading, Reading::Wanted(_) | Reading::Asked(None))
    }

    /// Whether there is more than is here.
    pub(super) fn has_more(&self) -> bool {
        matches!(self.reading, Reading::More(_) | Reading::Asked(Some(_)))
    }

    pub(super) fn due(&self) -> Option<Timestamp> {
        match self.reading {
            Reading::Wanted(at) => Some(at),
            _ => None,
        }
    }

    /// From the beginning once more, as what changed meanwhile was not told.
    pub(super) fn refresh(&mut self, now: Timestamp) {
        self.reading = Reading::Wanted(now);
    }

    /// The page that is due, as the selection is at this place.
    pub(super) fn next_request(&mut self, at: usize, now: Timestamp) -> Option<ListTickets> {
        let cursor = match &self.reading {
            Reading::Wanted(due) if *due <= now => None,
            Reading::More(cursor) if at + AHEAD >= self.cards.len() => Some(cursor.clone()),
            _ => return None,
        };
        self.reading = Reading::Asked(cursor.clone());
        Some(self.filter.request(&self.words, cursor))
    }

    fn awaits(&self, asked: &ListTickets) -> bool {
        match &self.reading {
            Reading::Asked(cursor) => self.filter.request(&self.words, cursor.clone()) == *asked,
            _ => false,
        }
    }

    /// Takes a page, if it is the one that was asked for last.
    pub(super) fn add_page(&mut self, asked: &ListTickets, page: Vec<Card>, next: Option<String>) {
        if !self.awaits(asked) {
            return;
        }
        if asked.cursor.is_none() {
            self.cards.clear();
        }
        for card in page {
            // What changed its place between two pages may come twice.
            self.cards.retain(|known| known.id != card.id);
            self.cards.push(card);
        }
        self.reading = match next {
            Some(cursor) if self.cards.len() < MOST => Reading::More(cursor),
            _ => Reading::End,
        };
    }

    /// The page could not be read: from the beginning once more, after a while.
    pub(super) fn failed(&mut self, asked: &ListTickets, now: Timestamp) {
        if self.awaits(asked) {
            self.reading = Reading::Wanted(now.plus_millis(AGAIN_MILLIS));
        }
    }

    /// The server will not give this page: asked again, it would say the same.
    pub(super) fn refused(&mut self, asked: &ListTickets) {
        if self.awaits(asked) {
            if asked.cursor.is_none() {
                self.cards.clear();
            }
            self.reading = Reading::Refused;
        }
    }

    pub(super) fn is_refused(&self) -> bool {
        self.reading == Reading::Refused
    }

    /// A notice about a ticket. Which words it has only the server can tell.
    pub(super) fn update(&mut self, card: &Card, me: AgentId) {
        let known = self.cards.iter().position(|known| known.id == card.id);
        let fits = self.filter.takes(card, me);
        match known {
            Some(at) if !fits => {
                self.cards.remove(at);
            }
            Some(at) if self.cards[at].updated_at <= card.updated_at => {
                self.cards[at] = card.clone();
            }
            None if fits && self.words.is_empty() && self.is_read() => {
                let at = self.cards.partition_point(|known| known.closed_at > card.closed_at);
                // Below what has been read it comes with its page.
                if at < self.cards.len() || !self.has_more() {
                    self.cards.insert(at, card.clone());
                }
            }
            _ => {}
        }
    }
}
