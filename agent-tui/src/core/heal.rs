//! Finds out what no notice told. The queue's word on a ticket comes by another room than its
//! messages and notes: when it counts more than is here and the rest does not follow, the server has us out
//! of the ticket's room, whatever we believe. Joining again brings both back.

use support_shared::{TicketId, Timestamp};

use super::conversation::{Conversation, Room};
use super::{Effect, State, inbound};

/// How long the messages may take that the queue has told of.
const FOLLOWS_MILLIS: i64 = 2_000;

/// The ticket has been told of: its messages may be on their way, or not.
pub(super) fn expect(state: &mut State, ticket: TicketId) {
    let due = state.now.plus_millis(FOLLOWS_MILLIS);
    if let Some(conversation) = state.conversations.get_mut(&ticket)
        && is_behind(conversation)
    {
        conversation.check_at.get_or_insert(due);
    }
}

/// Joins again where the time is over and something is still missing.
pub(super) fn check_if_due(state: &mut State, effects: &mut Vec<Effect>) {
    if !state.is_online() {
        return;
    }
    let now = state.now;
    let mut behind = Vec::new();
    for (id, conversation) in &mut state.conversations {
        if conversation.check_at.is_some_and(|at| at <= now) {
            conversation.check_at = None;
            if is_behind(conversation) {
                behind.push(*id);
            }
        }
    }
    for id in behind {
        inbound::rejoin(state, id, effects);
    }
}

/// The connection is gone. What was held above a gap goes with it: a restore may come before the
/// next one, and the same numbers be other messages then.
pub(super) fn cut(state: &mut State) {
    for conversation in state.conversations.values_mut() {
        conversation.timeline.forget_held();
        conversation.check_at = None;
    }
}

pub(super) fn next_check(state: &State) -> Option<Timestamp> {
    state.conversations.values().filter_map(|conversation| conversation.check_at).min()
}

fn is_behind(conversation: &Conversation) -> bool {
    let (timeline, card) = (&conversation.timeline, &conversation.card);
    let behind = timeline.last().is_some_and(|last| card.last_seq > last)
        || timeline.last_note().is_some_and(|last| card.last_note > last);
    conversation.room == Room::Joined && behind
}
