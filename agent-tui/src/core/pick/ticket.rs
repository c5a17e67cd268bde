//! Lists that are about a ticket: who is to answer for it, how urgent it is, and which to go to.

use support_shared::request::{AgentRequest, AssignTicket, IfAssignee, NewAssignee, TagTicket};
use support_shared::ticket::{PresenceState, Priority};
use support_shared::{AgentId, TicketId};

use super::super::{Effect, State, desk};
use super::{Choice, PickOf, Value};

/// The most tickets among which one is looked for: the longest waiting.
const MOST_TICKETS: usize = 1_000;

const PRIORITIES: [(Priority, &str); 4] = [
    (Priority::Urgent, "urgent"),
    (Priority::High, "high"),
    (Priority::Normal, "normal"),
    (Priority::Low, "low"),
];

pub(crate) fn priority_word(priority: Priority) -> &'static str {
    PRIORITIES.iter().find(|(it, _)| *it == priority).map_or("", |(_, word)| word)
}

fn plain(label: String, hint: &str, is_now: bool, value: Value) -> Choice {
    Choice {
        name: label.clone(),
        label,
        about: String::new(),
        hint: hint.to_owned(),
        why_not: None,
        is_now,
        value,
    }
}

pub(super) fn priorities(state: &State, ticket: TicketId) -> Vec<Choice> {
    let now = desk::card(state, ticket).map(|card| card.priority);
    let choice = |&(priority, word): &(Priority, &str)| {
        let is_now = now == Some(priority);
        plain(word.to_owned(), if is_now { "now" } else { "" }, is_now, Value::Priority(priority))
    };
    PRIORITIES.iter().map(choice).collect()
}

pub(super) fn agents(state: &State, ticket: TicketId) -> Vec<Choice> {
    let now = desk::card(state, ticket).and_then(|card| card.assignee_id);
    let choice = |id, label, state| {
        let is_now = now == Some(id);
        let here = match state {
            Some(PresenceState::Online) => "online",
            Some(PresenceState::Away) => "away",
            Some(PresenceState::Offline) => "not here",
            None => "",
        };
        let hint = match (is_now, here) {
            (true, "") => "has it".to_owned(),
            (true, here) => format!("has it, {here}"),
            (false, here) => here.to_owned(),
        };
        plain(label, &hint, is_now, Value::Agent(id))
    };
    let me = &state.me;
    let mine = crate::text::Untrusted::from(me.display_name.as_str()).line(40);
    let mut out = vec![choice(me.id, format!("{mine} (me)"), Some(PresenceState::Online))];
    for other in state.colleagues.others(me.id) {
        out.push(choice(other.id, other.name.line(40), other.state));
    }
    out
}

/// The open tickets, by handle, guest and subject.
pub(super) fn open(state: &State) -> impl Iterator<Item = Choice> {
    state.queue.cards().iter().take(MOST_TICKETS).map(|card| Choice {
        name: card.reference.to_string(),
        label: card.reference.to_string(),
        about: format!("{} · {}", card.guest.line(30), card.about().line(60)),
        hint: "ticket".to_owned(),
        why_not: None,
        is_now: false,
        value: Value::Ticket(card.id),
    })
}

/// What is asked of the server for a choice.
pub(super) fn chosen(state: &State, of: PickOf, value: Value) -> Option<Effect> {
    let (PickOf::Assignee(ticket_id) | PickOf::Priority(ticket_id)) = of else { return None };
    match value {
        Value::Agent(id) => give(state, ticket_id, id),
        Value::Priority(priority) => hurry(state, ticket_id, priority),
        Value::Command(_) | Value::Ticket(_) | Value::Canned(_) => None,
    }
}

/// Asks that this agent answers for a ticket, from what is on the screen: whoever was quicker is
/// not overruled unseen. Nothing if it does already.
pub(crate) fn give(state: &State, ticket_id: TicketId, id: AgentId) -> Option<Effect> {
    let now = desk::card(state, ticket_id)?.assignee_id;
    let request = AgentRequest::AssignTicket(AssignTicket {
        ticket_id,
        agent_id: if id == state.me.id { NewAssignee::Me } else { NewAssignee::Agent(id) },
        note: None,
        if_assignee: now.map_or(IfAssignee::Nobody, IfAssignee::Agent),
    });
    (now != Some(id)).then(|| Effect::Ask(Box::new(request)))
}

/// Asks for another priority. Nothing if it is this one already.
pub(crate) fn hurry(state: &State, ticket_id: TicketId, priority: Priority) -> Option<Effect> {
    let now = desk::card(state, ticket_id)?.priority;
    let request = AgentRequest::TagTicket(TagTicket {
        ticket_id,
        add: Vec::new(),
        remove: Vec::new(),
        priority: Some(priority),
    });
    (now != priority).then(|| Effect::Ask(Box::new(request)))
}
