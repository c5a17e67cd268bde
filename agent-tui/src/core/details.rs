//! What is known of a ticket and its guest, as rows of a label and a text; and the guest's earlier
//! tickets, which are looked up for the ticket whose details are shown.

use jiff::tz::TimeZone;
use support_shared::request::{AgentRequest, Count, ListTickets};
use support_shared::ticket::TicketStatus;
use support_shared::{GuestId, TicketId, Timestamp};

use super::card::{Card, age};
use super::conversation::Conversation;
use super::overlay::Overlay;
use super::pick::priority_word;
use super::{Effect, State, desk};
use crate::text::has_rtl;

/// How many of a guest's closed tickets are looked at.
const EARLIER: u64 = 20;

/// The closed tickets of one guest.
#[derive(Debug, Default)]
pub(crate) struct Earlier {
    of: Option<GuestId>,
    asked: Option<ListTickets>,
    cards: Vec<Card>,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Detail {
    /// Empty where the row belongs to the one above.
    pub(crate) label: &'static str,
    /// Fit for a terminal; may have several lines.
    pub(crate) text: String,
}

/// The ticket whose details are on the screen.
pub(crate) fn shown(state: &State) -> Option<TicketId> {
    match &state.overlay {
        Some(Overlay::Details { ticket, .. }) => Some(*ticket),
        _ if state.layout().details.is_some() => super::run::subject(state).map(|card| card.id),
        _ => None,
    }
}

/// Asks once for the earlier tickets of the guest whose ticket is open with its details.
pub(super) fn look_up(state: &mut State, effects: &mut Vec<Effect>) {
    let in_window = matches!(state.overlay, Some(Overlay::Details { .. }));
    let ticket = shown(state).filter(|id| in_window || state.open == Some(*id));
    let Some(card) = ticket.and_then(|id| desk::card(state, id)) else { return };
    if !state.is_online() || state.earlier.of == Some(card.guest_id) {
        return;
    }
    let guest = card.guest_id;
    // The server finds a guest by what it has told of itself. An unnamed one it cannot find.
    let request = card.guest_words().map(|words| ListTickets {
        status: Some(TicketStatus::Closed),
        q: Some(words),
        limit: Count::new(EARLIER),
        ..ListTickets::default()
    });
    state.earlier = Earlier { of: Some(guest), asked: request.clone(), cards: Vec::new() };
    let ask = |list| Effect::Ask(Box::new(AgentRequest::ListTickets(list)));
    effects.extend(request.map(ask));
}

impl Earlier {
    pub(super) fn awaits(&self, asked: &ListTickets) -> bool {
        self.asked.as_ref() == Some(asked)
    }

    pub(super) fn take(&mut self, page: Vec<Card>) {
        self.asked = None;
        self.cards = page.into_iter().filter(|card| Some(card.guest_id) == self.of).collect();
    }

    /// Nothing was read: it is asked for again when it is looked at again.
    pub(super) fn forget(&mut self) {
        *self = Self::default();
    }
}

/// Everything about a ticket, with what is empty left out.
pub(crate) fn details(state: &State, ticket: TicketId) -> Vec<Detail> {
    let Some(card) = desk::card(state, ticket) else { return Vec::new() };
    let mut rows = Rows(Vec::new());
    let at = |at| moment(at, &state.zone);
    rows.add("Ticket", format!("{}, {}", card.reference, standing(card)));
    rows.add("About", card.subject.as_ref().map_or_else(String::new, |it| it.line(200)));
    rows.add("Guest", card.guest.line(80));
    if let Some(email) = &card.email {
        rows.add("E-mail", email.line(254));
        rows.add("", "(as the guest gave it)".to_owned());
    }
    if let Some(since) = card.waiting_since {
        let waits = match age(since, state.now).as_str() {
            "now" => "less than a minute".to_owned(),
            age => age.to_owned(),
        };
        rows.add("Waiting", waits);
    }
    rows.add("Assignee", assignee(state, card));
    rows.add("Here", here(state, state.conversations.get(&ticket)));
    rows.add("Priority", priority_word(card.priority).to_owned());
    let tags: Vec<String> = card.tags.iter().map(|tag| tag.shown.line(32)).collect();
    rows.add("Tags", tags.join(", "));
    rows.add("Opened", at(card.created_at));
    if let Some(closed) = card.closed_at.filter(|_| !card.is_open()) {
        let by = card.closed_by.as_ref().map(|name| format!(" by {}", name.line(40)));
        rows.add("Closed", format!("{}{}", at(closed), by.unwrap_or_default()));
    }
    rows.add("Unread", unread(card));
    if let Some(rating) = &card.rating {
        rows.add("Rating", format!("{} of 5", rating.score));
        let comment = rating.comment.as_ref().map(|comment| comment.line(400));
        rows.add("", comment.unwrap_or_default());
    }
    for (label, other) in
        std::iter::once("Others").chain(std::iter::repeat("")).zip(others(state, card))
    {
        let about = other.about().line(60);
        let when = if other.is_open() { "open".to_owned() } else { closed_ago(other, state.now) };
        // What is written from right to left shares no line with anything.
        let gap = if has_rtl(&about) { '\n' } else { ' ' };
        rows.0.push(Detail { label, text: format!("{} {when}{gap}{about}", other.reference) });
    }
    rows.0
}

struct Rows(Vec<Detail>);

impl Rows {
    fn add(&mut self, label: &'static str, text: String) {
        if !text.is_empty() {
            self.0.push(Detail { label, text });
        }
    }
}

/// The other tickets of the same guest: the open ones first.
fn others<'a>(state: &'a State, card: &'a Card) -> impl Iterator<Item = &'a Card> {
    let open = state.queue.cards().iter();
    open.chain(&state.earlier.cards)
        .filter(|other| other.guest_id == card.guest_id && other.id != card.id)
}

fn closed_ago(card: &Card, now: Timestamp) -> String {
    card.closed_at.map(|at| age(at, now)).unwrap_or_default()
}

fn standing(card: &Card) -> &'static str {
    match (card.is_open(), card.ended_by_guest) {
        (true, false) => "open",
        (true, true) => "open, the guest is done",
        (false, _) => "closed",
    }
}

fn assignee(state: &State, card: &Card) -> String {
    match &card.assignee {
        None => "nobody".to_owned(),
        Some(_) if card.assignee_id == Some(state.me.id) => "you".to_owned(),
        Some(name) => name.line(40),
    }
}

fn here(state: &State, conversation: Option<&Conversation>) -> String {
    let Some(conversation) = conversation else { return String::new() };
    let others = conversation.people.others(&state.me.display_name);
    others.map(|name| name.line(40)).collect::<Vec<_>>().join(", ")
}

/// How many of the last entries each side has not read.
fn unread(card: &Card) -> String {
    let behind = |read| card.last_message.saturating_sub(read);
    match (behind(card.guest_read), behind(card.agent_read)) {
        (0, 0) => "nothing".to_owned(),
        (guest, 0) => format!("{guest} by the guest"),
        (0, us) => format!("{us} by us"),
        (guest, us) => format!("{guest} by the guest\n{us} by us"),
    }
}

fn moment(at: Timestamp, zone: &TimeZone) -> String {
    jiff::Timestamp::from_millisecond(at.as_millis())
        .map(|at| at.to_zoned(zone.clone()).strftime("%-d %b %Y, %H:%M").to_string())
        .unwrap_or_default()
}
