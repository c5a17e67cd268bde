//! A list to pick one of: the agent who is to answer for a ticket, or how urgent it is. What is
//! typed narrows it down.

use support_shared::request::{AgentRequest, AssignTicket, IfAssignee, NewAssignee, TagTicket};
use support_shared::ticket::{PresenceState, Priority};
use support_shared::{AgentId, TicketId};

use super::overlay::Overlay;
use super::{Effect, State, desk};
use crate::commands::CommandId as C;

#[derive(Debug, Clone)]
pub(crate) struct Pick {
    pub(crate) of: PickOf,
    pub(crate) typed: String,
    at: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PickOf {
    Assignee(TicketId),
    Priority(TicketId),
}

/// One of the list, its texts fit for a terminal.
pub(crate) struct Choice {
    pub(crate) label: String,
    pub(crate) hint: &'static str,
    value: Value,
}

#[derive(Clone, Copy)]
enum Value {
    Agent(AgentId),
    Priority(Priority),
}

const PRIORITIES: [(Priority, &str); 4] = [
    (Priority::Urgent, "urgent"),
    (Priority::High, "high"),
    (Priority::Normal, "normal"),
    (Priority::Low, "low"),
];

pub(crate) fn priority_word(priority: Priority) -> &'static str {
    PRIORITIES.iter().find(|(it, _)| *it == priority).map_or("", |(_, word)| word)
}

impl Pick {
    pub(super) fn new(of: PickOf, state: &State) -> Self {
        let mut pick = Self { of, typed: String::new(), at: 0 };
        // On what is the case already, so that Enter alone changes nothing.
        let now = pick.choices(state).iter().position(|choice| choice.hint == "now");
        pick.at = now.unwrap_or(0);
        pick
    }

    pub(crate) fn title(&self) -> &'static str {
        match self.of {
            PickOf::Assignee(_) => " Assign to ",
            PickOf::Priority(_) => " Priority ",
        }
    }

    /// Why the list may be shorter than expected.
    pub(crate) fn whence(&self) -> Option<&'static str> {
        match self.of {
            PickOf::Assignee(_) => Some("colleagues seen since the start, or on a ticket"),
            PickOf::Priority(_) => None,
        }
    }

    /// The choices that what was typed leaves.
    pub(crate) fn choices(&self, state: &State) -> Vec<Choice> {
        let mut choices = match self.of {
            PickOf::Assignee(ticket) => agents(state, ticket),
            PickOf::Priority(ticket) => {
                let now = desk::card(state, ticket).map(|card| card.priority);
                let choice = |&(priority, word): &(Priority, &str)| Choice {
                    label: word.to_owned(),
                    hint: if now == Some(priority) { "now" } else { "" },
                    value: Value::Priority(priority),
                };
                PRIORITIES.iter().map(choice).collect()
            }
        };
        let typed = self.typed.to_lowercase();
        choices.retain(|choice| choice.label.to_lowercase().contains(&typed));
        choices
    }

    /// Which of the choices is selected.
    pub(crate) fn position(&self, choices: &[Choice]) -> usize {
        self.at.min(choices.len().saturating_sub(1))
    }
}

fn agents(state: &State, ticket: TicketId) -> Vec<Choice> {
    let now = desk::card(state, ticket).and_then(|card| card.assignee_id);
    let choice = |id, label, state| Choice {
        label,
        hint: match state {
            _ if now == Some(id) => "now",
            Some(PresenceState::Online) => "online",
            Some(PresenceState::Away) => "away",
            Some(PresenceState::Offline) => "offline",
            None => "",
        },
        value: Value::Agent(id),
    };
    let me = &state.me;
    let mine = crate::text::Untrusted::from(me.display_name.as_str()).line(40);
    let mut out = vec![choice(me.id, format!("{mine} (me)"), Some(PresenceState::Online))];
    for other in state.colleagues.others(me.id) {
        out.push(choice(other.id, other.name.line(40), other.state));
    }
    out
}

/// A letter that narrows the list down.
pub(super) fn write(state: &mut State, c: char) {
    if let Some(Overlay::Pick(pick)) = &mut state.overlay
        && pick.typed.chars().count() < 80
    {
        pick.typed.push(c);
        pick.at = 0;
    }
}

/// The commands of a list. False when there is none, and the command is meant for something else.
pub(super) fn run(state: &mut State, command: C, effects: &mut Vec<Effect>) -> bool {
    let Some(Overlay::Pick(pick)) = &state.overlay else { return false };
    let choices = pick.choices(state);
    let at = pick.position(&choices);
    let last = choices.len().saturating_sub(1);
    let value = choices.get(at).map(|choice| choice.value);
    let of = pick.of;
    let Some(Overlay::Pick(pick)) = &mut state.overlay else { return false };
    match command {
        C::Previous => pick.at = at.saturating_sub(1),
        C::Next => pick.at = (at + 1).min(last),
        C::EraseLeft => {
            pick.typed.pop();
            pick.at = 0;
        }
        C::Cancel => state.overlay = None,
        C::Accept => {
            state.overlay = None;
            if let Some(value) = value {
                effects.extend(chosen(state, of, value));
            }
        }
        _ => return false,
    }
    true
}

fn chosen(state: &State, of: PickOf, value: Value) -> Option<Effect> {
    let (PickOf::Assignee(ticket_id) | PickOf::Priority(ticket_id)) = of;
    let card = desk::card(state, ticket_id)?;
    let request = match value {
        // From what is on the screen: whoever was quicker is not overruled unseen.
        Value::Agent(id) if card.assignee_id == Some(id) => return None,
        Value::Agent(id) => AgentRequest::AssignTicket(AssignTicket {
            ticket_id,
            agent_id: if id == state.me.id { NewAssignee::Me } else { NewAssignee::Agent(id) },
            note: None,
            if_assignee: card.assignee_id.map_or(IfAssignee::Nobody, IfAssignee::Agent),
        }),
        Value::Priority(priority) if card.priority == priority => return None,
        Value::Priority(priority) => AgentRequest::TagTicket(TagTicket {
            ticket_id,
            add: Vec::new(),
            remove: Vec::new(),
            priority: Some(priority),
        }),
    };
    Some(Effect::Ask(Box::new(request)))
}
