//! What was asked for and does not come: refused for now or for good, or lost with the connection.
//! The agent is told why, and what was written to go with it is kept.

use support_shared::request::{AgentRequest, ListTickets, NewAssignee};
use support_shared::{ApiError, ErrorCode};

use super::rejoin;
use crate::commands::CommandId;
use crate::core::conversation::Room;
use crate::core::link::{Refusal, winner};
use crate::core::run::open_tickets;
use crate::core::toast::Toast;
use crate::core::{Effect, State};
use crate::text::Untrusted;

pub(super) fn refused(
    state: &mut State,
    request: AgentRequest,
    refusal: Refusal,
    effects: &mut Vec<Effect>,
) {
    let error = match refusal {
        Refusal::Error(error) => error,
        Refusal::Lost => return lost(state, request),
    };
    if error.code == ErrorCode::Unauthenticated {
        // The link learns of it by its own refresh; asking again comes with coming online.
        state.outbox.interrupted();
    }
    let passes =
        matches!(error.code, ErrorCode::Unavailable | ErrorCode::RateLimited | ErrorCode::Internal);
    if let AgentRequest::ListTickets(asked) = &request
        && *asked != open_tickets(asked.cursor.clone())
    {
        return not_looked_up(state, asked, passes, &error);
    }
    if passes && matches!(request, AgentRequest::JoinTicket(_) | AgentRequest::ListTickets(_)) {
        let wait = error.retry_after_ms.unwrap_or(2_000).clamp(200, 60_000);
        state.resync_at = Some(state.now.plus_millis(i64::try_from(wait).unwrap_or(60_000)));
        return complain(state, "the server cannot answer yet", &error);
    }
    state.kept.keep(&request);
    match request {
        AgentRequest::SendMessage(sent) => {
            if state.outbox.refused(&sent.client_message_id, &error, state.now) {
                let item = state.outbox.get(&sent.client_message_id);
                let place = item.map_or_else(String::new, |it| it.parcel.reference.to_string());
                let why = Untrusted::from(error.message.as_str()).line(100);
                let text = format!("not sent to {place}: {why}");
                state.toast = Some(Toast::leading(text, state.now, CommandId::Unsent));
            }
        }
        AgentRequest::CloseTicket(asked) => {
            complain(state, "not closed", &error);
            if error.code == ErrorCode::TicketClosed {
                rejoin(state, asked.ticket_id, effects);
            }
        }
        AgentRequest::JoinTicket(asked) => {
            if let Some(conversation) = state.conversations.get_mut(&asked.ticket_id) {
                conversation.room = Room::Left;
            }
            complain(state, "cannot join", &error);
        }
        AgentRequest::ListMessages(asked) => {
            if let Some(conversation) = state.conversations.get_mut(&asked.ticket_id) {
                conversation.timeline.gave_up(asked.notes);
            }
            complain(state, "no earlier messages", &error);
        }
        AgentRequest::ListTickets(_) => {
            state.outbox.learned_all();
            complain(state, "the queue could not be read", &error);
        }
        AgentRequest::AssignTicket(asked) => {
            let mine = asked.agent_id == NewAssignee::Me;
            match winner(&error) {
                // Asked for twice: the first has done it.
                Some((Some(id), _)) if mine && id == state.me.id => {
                    let reference = state.reference(asked.ticket_id);
                    let text = format!("{reference} is yours already");
                    state.toast = Some(Toast::new(text, state.now));
                }
                Some((_, name)) => {
                    let what = if mine { "not yours" } else { "not changed" };
                    let text = format!("{what}: {} has it", name.line(40));
                    state.toast = Some(Toast::new(text, state.now));
                }
                None => complain(state, "not assigned", &error),
            }
        }
        AgentRequest::ReopenTicket(_) => complain(state, "not opened again", &error),
        AgentRequest::TagTicket(_) => complain(state, "not changed", &error),
        // A mark that did not arrive rises with the next message. The last is never asked.
        AgentRequest::MarkRead(_) | AgentRequest::LeaveTicket(_) | AgentRequest::Typing(_) => {}
    }
}

/// A list that is none of the open tickets.
fn not_looked_up(state: &mut State, asked: &ListTickets, passes: bool, error: &ApiError) {
    if state.earlier.awaits(asked) {
        // The details do without: that is no news to anybody.
        return state.earlier.take(Vec::new());
    }
    // Whoever waits for the list has the complaint instead.
    state.lines.listing = false;
    if passes {
        state.queue.lookup_failed(asked, state.now);
    } else {
        state.queue.lookup_refused(asked);
    }
    complain(state, "the tickets could not be looked up", error);
}

/// The connection ended before the answer. What must be asked again is asked when it is back.
pub(in crate::core) fn lost(state: &mut State, request: AgentRequest) {
    state.kept.keep(&request);
    match request {
        AgentRequest::CloseTicket(_) => {
            state.toast =
                Some(Toast::new("connection lost: the ticket may not be closed", state.now));
        }
        AgentRequest::AssignTicket(asked) => {
            let text = if asked.agent_id == NewAssignee::Me {
                "connection lost: the ticket may not be yours"
            } else {
                "connection lost: the ticket may not be assigned"
            };
            state.toast = Some(Toast::new(text, state.now));
        }
        AgentRequest::ReopenTicket(_) | AgentRequest::TagTicket(_) => {
            let text = "connection lost: the ticket may not be changed";
            state.toast = Some(Toast::new(text, state.now));
        }
        AgentRequest::ListTickets(asked) if state.earlier.awaits(&asked) => state.earlier.forget(),
        AgentRequest::ListTickets(asked) => state.queue.lookup_failed(&asked, state.now),
        AgentRequest::MarkRead(asked) => {
            if let Some(conversation) = state.conversations.get_mut(&asked.ticket_id) {
                conversation.reading.told = 0;
            }
        }
        AgentRequest::ListMessages(asked) => {
            if let Some(conversation) = state.conversations.get_mut(&asked.ticket_id) {
                conversation.timeline.gave_up(asked.notes);
            }
        }
        AgentRequest::SendMessage(_) => {
            state.outbox.interrupted();
            state.outbox.not_before = Some(state.now.plus_millis(500));
        }
        _ => {}
    }
}

fn complain(state: &mut State, what: &str, error: &ApiError) {
    let why = Untrusted::from(error.message.as_str()).line(100);
    state.toast = Some(Toast::new(format!("{what}: {why}"), state.now));
}
