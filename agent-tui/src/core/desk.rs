//! The commands that work a queue: what to look at, and who answers for it.

use support_shared::TicketId;
use support_shared::request::{AgentRequest, AssignTicket, IfAssignee, NameTicket, NewAssignee};
use support_shared::text::Content;

use super::card::Card;
use super::conversation::Room;
use super::filter::Filter;
use super::line::{Line, Purpose};
use super::overlay::Overlay;
use super::pick::{Pick, PickOf};
use super::run::{join_request, open, subject};
use super::{Effect, Focus, State, needs};
use crate::commands::CommandId as C;

/// How far a page of the queue goes.
const PAGE: isize = 10;

/// False when the command is meant for something else.
pub(super) fn run(state: &mut State, command: C, effects: &mut Vec<Effect>) -> bool {
    let ticket = subject(state).map(|card| card.id);
    match command {
        C::QueueUp => state.queue.step(-PAGE),
        C::QueueDown => state.queue.step(PAGE),
        C::ShowMine => show(state, Filter::Mine),
        C::ShowUnassigned => show(state, Filter::Unassigned),
        C::ShowOpen => show(state, Filter::Open),
        C::ShowClosed => show(state, Filter::Closed),
        C::Search => {
            let words = state.queue.words().to_owned();
            state.overlay = Some(Overlay::Line(Line::new(Purpose::Search, &words)));
        }
        C::EndSearch => state.queue.show(state.queue.filter(), "", state.now),
        C::NextNeed => {
            if let Some(next) = needs::next(state) {
                let here = needs::here(state);
                if let Some(card) = state.queue.get(next) {
                    state.walk.go(card, here);
                }
                state.queue.select(next, state.now);
                watch(state, next, effects);
            }
        }
        C::Peek => {
            if let Some(ticket) = ticket {
                watch(state, ticket, effects);
            }
        }
        C::Assign => {
            state.overlay = ticket.map(|id| Overlay::Pick(Pick::new(PickOf::Assignee(id), state)));
        }
        C::Priority => {
            state.overlay = ticket.map(|id| Overlay::Pick(Pick::new(PickOf::Priority(id), state)));
        }
        C::HandBack => {
            state.overlay = ticket.map(|id| state.kept.line(Purpose::HandBack(id)));
        }
        C::Tags => {
            let Some(card) = subject(state) else { return true };
            let tags: Vec<String> = card.tags.iter().map(|tag| tag.shown.line(32)).collect();
            let line = Line::new(Purpose::Tags(card.id), &tags.join(", "));
            state.overlay = Some(Overlay::Line(line));
        }
        C::Details => {
            state.overlay = ticket.map(|ticket| Overlay::Details { ticket, line: 0 });
        }
        C::DetailsUp | C::DetailsDown => {
            if let Some(Overlay::Details { ticket, line }) = &mut state.overlay {
                let down = command == C::DetailsDown;
                let ticket = *ticket;
                let at = if down { *line + 5 } else { line.saturating_sub(5) };
                let last = super::details::details(state, ticket).len();
                state.overlay = Some(Overlay::Details { ticket, line: at.min(last) });
            }
        }
        C::Quiet => super::attention::toggle_quiet(state),
        C::DetailsClose => state.overlay = None,
        C::Reopen => {
            let request = |ticket_id| AgentRequest::ReopenTicket(NameTicket { ticket_id });
            effects.extend(ticket.map(|id| Effect::Ask(Box::new(request(id)))));
        }
        _ => return false,
    }
    true
}

/// A ticket as it is known, wherever from.
pub(super) fn card(state: &State, id: TicketId) -> Option<&Card> {
    let open = state.conversations.get(&id).map(|conversation| &conversation.card);
    open.or_else(|| state.queue.get(id))
}

fn show(state: &mut State, filter: Filter) {
    state.queue.show(filter, "", state.now);
    state.focus = Focus::Queue;
}

/// Looks at a ticket without joining it, unless we are in it already.
fn watch(state: &mut State, ticket: TicketId, effects: &mut Vec<Effect>) {
    let joined = state.conversations.get(&ticket).is_some_and(|it| it.room != Room::Left);
    let mine = card(state, ticket).is_some_and(|card| card.assignee_id == Some(state.me.id));
    open(state, ticket, !joined && !mine, effects);
    state.focus = Focus::Timeline;
}

/// Whoever only looked on is going to do something: now its guest may see who is here.
pub(super) fn step_in(state: &mut State, effects: &mut Vec<Effect>) {
    let Some(conversation) = state.conversation_mut().filter(|it| it.silent) else { return };
    conversation.silent = false;
    if conversation.room == Room::Left {
        return;
    }
    conversation.room = Room::Joining;
    let id = conversation.card.id;
    if state.is_online() {
        let request = join_request(id, state.conversations.get(&id));
        effects.push(Effect::Ask(Box::new(request)));
    }
}

pub(super) fn hand_back(
    state: &mut State,
    ticket_id: TicketId,
    note: Option<Content>,
    effects: &mut Vec<Effect>,
) {
    state.overlay = None;
    let from = card(state, ticket_id).and_then(|card| card.assignee_id);
    effects.push(Effect::Ask(Box::new(AgentRequest::AssignTicket(AssignTicket {
        ticket_id,
        agent_id: NewAssignee::Nobody,
        note,
        if_assignee: from.map_or(IfAssignee::Anybody, IfAssignee::Agent),
    }))));
}
