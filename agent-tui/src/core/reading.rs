//! How far the agent has read: where the unread began when a conversation came onto the screen, what
//! of it has been on the screen since, and what the server is told of that.

use support_shared::message::SenderRole;
use support_shared::notice::ReadNotice;
use support_shared::request::{AgentRequest, MarkRead};
use support_shared::{TicketId, Timestamp};

use super::conversation::{Conversation, Room};
use super::rows::ConversationRows;
use super::scroll::{Blocks, Key, Scroll};
use super::timeline::Place;
use super::{Effect, State};

/// How long a mark waits for the next one while somebody scrolls: each is a request.
const SETTLE_MILLIS: i64 = 1_000;

/// What is known of one conversation.
#[derive(Debug, Default)]
pub(crate) struct Reading {
    /// It has come onto the screen, and where the unread begins is not known yet.
    arrived: bool,
    /// The first message that was unread then, and how many there were.
    fresh: Option<(u64, usize)>,
    /// The newest message that has been on the screen.
    seen: u64,
    /// The newest message that the server was told we have read.
    pub(super) told: u64,
    /// When the server is to be told.
    due: Option<Timestamp>,
}

impl Reading {
    /// Above which message a line says that what follows is new, and how much it is.
    pub(crate) fn divider(&self) -> Option<(u64, usize)> {
        self.fresh
    }

    /// How many messages there are beyond what has been on the screen.
    pub(crate) fn ahead(&self, last: Option<u64>) -> u64 {
        if self.seen == 0 { 0 } else { last.unwrap_or(0).saturating_sub(self.seen) }
    }

    /// The agent has answered: nothing is new any more.
    pub(super) fn answered(&mut self) {
        self.fresh = None;
    }
}

/// The conversation that is on the screen.
fn in_sight(state: &State) -> Option<TicketId> {
    state.open.filter(|_| state.layout().conversation.is_some())
}

/// Looks at what is on the screen after whatever happened.
pub(super) fn look(state: &mut State, effects: &mut Vec<Effect>) {
    let sight = in_sight(state);
    let arrived = sight.filter(|_| sight != state.in_sight);
    if let Some(left) = state.in_sight.filter(|_| sight != state.in_sight) {
        leave(state, left, effects);
    }
    state.in_sight = sight;
    let Some(id) = sight else { return };
    if arrived.is_some()
        && let Some(conversation) = state.conversations.get_mut(&id)
    {
        conversation.reading.arrived = true;
        conversation.reading.fresh = None;
    }
    let Some(conversation) = state.conversations.get(&id).filter(|it| it.timeline.is_loaded())
    else {
        // What is opened and not known yet arrives when it is here.
        state.in_sight = state.in_sight.filter(|_| state.conversations.contains_key(&id));
        return;
    };
    if conversation.reading.arrived {
        begin(state, id);
    }
    see(state, id);
    mark(state, id, effects);
}

/// Puts the line before what is unread, and goes there if it is far from the end.
fn begin(state: &mut State, id: TicketId) {
    let Some(conversation) = state.conversations.get_mut(&id) else { return };
    let reading = &conversation.reading;
    let read = reading.seen.max(reading.told).max(conversation.card.agent_read);
    let entries = conversation.timeline.entries();
    let from = entries.partition_point(|it| it.place <= Place::of_message(read));
    // Notes to a message that was read are no news of the guest's.
    let mut unread = entries
        .range(from..)
        .filter(|it| it.author.role == SenderRole::Guest && !it.place.is_note())
        .map(super::timeline::Entry::number);
    let first = unread.next();
    let count = unread.count() + 1;
    // What is before the first message here may be unread too: then nobody knows where it begins.
    let reaches = first.is_some_and(|first| conversation.timeline.reaches(first, read));
    conversation.reading.arrived = false;
    conversation.reading.fresh = first.filter(|_| reaches).map(|first| (first, count));
    let Some((first, _)) = conversation.reading.fresh else { return };
    if conversation.scroll.is_following() {
        let scroll = window(state, id, |rows, view| {
            Scroll::begin(rows, rows.find(Key::Entry(Place::of_message(first))), view)
        });
        if let (Some(scroll), Some(conversation)) = (scroll, state.conversations.get_mut(&id)) {
            conversation.scroll = scroll;
        }
    }
}

/// Notes what is on the screen.
fn see(state: &mut State, id: TicketId) {
    let Some(conversation) = state.conversations.get(&id) else { return };
    let last = conversation.timeline.last();
    if last.is_none_or(|last| conversation.reading.seen >= last) {
        return;
    }
    let scroll = conversation.scroll;
    let seen = if scroll.is_following() {
        last
    } else {
        window(state, id, |rows, view| rows.last_message_in(scroll.top(rows, view), view)).flatten()
    };
    if let Some(conversation) = state.conversations.get_mut(&id) {
        let reading = &mut conversation.reading;
        reading.seen = reading.seen.max(seen.unwrap_or(0));
    }
}

/// Tells the server: at once of what is followed, now and then of what is scrolled through.
fn mark(state: &mut State, id: TicketId, effects: &mut Vec<Effect>) {
    let (now, online) = (state.now, state.is_online());
    let Some(conversation) = state.conversations.get_mut(&id) else { return };
    let known = conversation.reading.told.max(conversation.card.agent_read);
    let may = online && conversation.room == Room::Joined && !conversation.silent;
    let following = conversation.scroll.is_following();
    let reading = &mut conversation.reading;
    // What a colleague has read is known to the server, and a mark only rises.
    reading.told = known;
    if !may || reading.seen <= known {
        reading.due = None;
        return;
    }
    let due =
        *reading.due.get_or_insert(now.plus_millis(if following { 0 } else { SETTLE_MILLIS }));
    if following || due <= now {
        reading.due = None;
        reading.told = reading.seen;
        let request = MarkRead { ticket_id: id, seq: reading.seen };
        effects.push(Effect::Ask(Box::new(AgentRequest::MarkRead(request))));
    }
}

/// What goes out of sight is scrolled no further: the mark that waits for more is made now.
fn leave(state: &mut State, id: TicketId, effects: &mut Vec<Effect>) {
    let Some(conversation) = state.conversations.get_mut(&id) else { return };
    if conversation.reading.due.is_some() {
        conversation.reading.due = Some(state.now);
        mark(state, id, effects);
    }
}

/// When the server is to be told of what has been read.
pub(super) fn due(state: &State) -> Option<Timestamp> {
    state.conversations.get(&state.in_sight?)?.reading.due
}

/// What the rows of a conversation say about the window that they are seen through.
fn window<T>(
    state: &State,
    id: TicketId,
    look: impl Fn(&ConversationRows, usize) -> T,
) -> Option<T> {
    let area = state.layout().conversation?.timeline;
    let rows = state.rows(state.conversations.get(&id)?, area.width);
    Some(look(&rows, usize::from(area.height)))
}

/// Somebody has read: the guest, or one of us.
pub(super) fn heard(state: &mut State, read: &ReadNotice) {
    let raise = |card: &mut super::card::Card| {
        let mark = match read.role {
            SenderRole::Guest => &mut card.guest_read,
            SenderRole::Agent | SenderRole::System => &mut card.agent_read,
        };
        *mark = (*mark).max(read.seq);
    };
    if let Some(conversation) = state.conversations.get_mut(&read.ticket_id) {
        raise(&mut conversation.card);
    }
    state.queue.change(read.ticket_id, raise);
}

impl Conversation {
    /// The ticket counts from its beginning again, or is another history.
    pub(super) fn forget_reading(&mut self) {
        self.reading = Reading { arrived: true, ..Reading::default() };
    }
}
