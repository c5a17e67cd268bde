//! Changes of a ticket that wait for what was written in it before. The server takes nothing into a
//! closed ticket, and a text is longer on its way than a close: it goes to the disk first. So a
//! change is not asked for before every text of its ticket has its answer.

use support_shared::request::AgentRequest;
use support_shared::{ClientMessageId, TicketId};

use super::inbound;
use super::toast::Toast;
use super::{Effect, State};
use crate::commands::CommandId;

/// The most that wait. One press of a key makes one.
const MOST: usize = 16;

/// A change, and the texts that it waits for.
#[derive(Debug)]
pub(crate) struct Deferred {
    request: Box<AgentRequest>,
    ticket: TicketId,
    texts: Vec<ClientMessageId>,
}

/// Keeps back what must wait and lets go what has waited.
pub(super) fn order(state: &mut State, effects: &mut Vec<Effect>) {
    for effect in std::mem::take(effects) {
        match effect {
            Effect::Ask(request) if state.is_online() => keep_or_ask(state, request, effects),
            other => effects.push(other),
        }
    }
    if !state.is_online() {
        for waiting in std::mem::take(&mut state.deferred) {
            inbound::lost(state, *waiting.request);
        }
    }
    let mut at = 0;
    while let Some(waiting) = state.deferred.get(at) {
        let before = state.deferred[..at].iter().any(|it| it.ticket == waiting.ticket);
        if before || waiting.texts.iter().any(|id| state.outbox.is_unanswered(id)) {
            at += 1;
            continue;
        }
        let unsent = waiting.texts.iter().any(|id| state.outbox.has(id));
        let waiting = state.deferred.remove(at);
        match &*waiting.request {
            // Closed, it would never take them.
            AgentRequest::CloseTicket(_) if unsent => {
                state.kept.keep(&waiting.request);
                let text = "not closed: what you wrote here was not sent";
                state.toast = Some(Toast::leading(text, state.now, CommandId::Unsent));
            }
            _ => effects.push(Effect::Ask(waiting.request)),
        }
    }
}

fn keep_or_ask(state: &mut State, request: Box<AgentRequest>, effects: &mut Vec<Effect>) {
    let Some(ticket) = changed(&request) else { return effects.push(Effect::Ask(request)) };
    let texts: Vec<ClientMessageId> = state.outbox.unanswered_in(ticket).cloned().collect();
    let waiting = state.deferred.iter().filter(|it| it.ticket == ticket);
    if texts.is_empty() && waiting.clone().next().is_none() {
        return effects.push(Effect::Ask(request));
    }
    let known = waiting.clone().any(|it| it.request == request);
    let text = if known || state.deferred.len() < MOST {
        "this waits until what you wrote here is sent"
    } else {
        "not done: wait until what you wrote is sent"
    };
    state.toast = Some(Toast::new(text, state.now));
    if known {
        return;
    }
    if state.deferred.len() < MOST {
        state.deferred.push(Deferred { request, ticket, texts });
    } else {
        state.kept.keep(&request);
    }
}

/// The ticket that a request changes.
fn changed(request: &AgentRequest) -> Option<TicketId> {
    match request {
        AgentRequest::CloseTicket(close) => Some(close.ticket_id),
        AgentRequest::ReopenTicket(reopen) => Some(reopen.ticket_id),
        AgentRequest::AssignTicket(assign) => Some(assign.ticket_id),
        AgentRequest::TagTicket(tag) => Some(tag.ticket_id),
        AgentRequest::ListTickets(_)
        | AgentRequest::JoinTicket(_)
        | AgentRequest::LeaveTicket(_)
        | AgentRequest::MarkRead(_)
        | AgentRequest::Typing(_)
        | AgentRequest::SendMessage(_)
        | AgentRequest::ListMessages(_) => None,
    }
}
