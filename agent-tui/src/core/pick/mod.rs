//! A list to pick one of: a colleague, how urgent a ticket is, a command, a ticket to go to. What
//! is typed narrows it down. All of them are this one machine; the files beside it fill the lists.

mod canned;
mod commands;
mod fuzzy;
mod ticket;

use support_shared::ticket::Priority;
use support_shared::{AgentId, CannedId, TicketId};

use super::canned::{filled, insert};
use super::overlay::Overlay;
use super::{Effect, Stamp, State, run, update};
use crate::commands::{Command, CommandId as C};
pub(crate) use ticket::{give, hurry, priority_word};

/// The most characters that narrow a list down.
const MOST_TYPED: usize = 80;
/// How far a page of a list goes.
const PAGE: usize = 10;

#[derive(Debug, Clone)]
pub(crate) struct Pick {
    pub(crate) of: PickOf,
    pub(crate) typed: String,
    at: usize,
    /// What is selected: the list may change under it, and Enter must not take another.
    on: Option<Value>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PickOf {
    Assignee(TicketId),
    Priority(TicketId),
    /// Every command, and the open tickets.
    Palette,
    /// A canned reply for the open conversation.
    Canned,
    /// Every command by its keys, those that work here first.
    Help,
}

/// One of the list, its texts fit for a terminal.
pub(crate) struct Choice {
    /// What it is found by first.
    name: String,
    pub(crate) label: String,
    /// What stands beside the label, and is searched too.
    pub(crate) about: String,
    /// What stands at the right.
    pub(crate) hint: String,
    /// Why it would do nothing now.
    pub(crate) why_not: Option<&'static str>,
    /// It is the case already.
    is_now: bool,
    value: Value,
}

#[derive(Debug, Clone, Copy)]
enum Value {
    Agent(AgentId),
    Priority(Priority),
    Command(&'static Command),
    Ticket(TicketId),
    Canned(CannedId),
}

impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Agent(one), Self::Agent(two)) => one == two,
            (Self::Priority(one), Self::Priority(two)) => one == two,
            (Self::Command(one), Self::Command(two)) => one.id == two.id,
            (Self::Ticket(one), Self::Ticket(two)) => one == two,
            (Self::Canned(one), Self::Canned(two)) => one == two,
            _ => false,
        }
    }
}

impl Pick {
    pub(super) fn new(of: PickOf, state: &State) -> Self {
        let mut pick = Self { of, typed: String::new(), at: 0, on: None };
        let choices = pick.choices(state);
        // On what is the case already, so that Enter alone changes nothing.
        let now = choices.iter().position(|choice| choice.is_now);
        pick.select(&choices, now.unwrap_or(0));
        pick
    }

    /// Whether there is much to choose from, and much to say of it.
    pub(crate) fn is_long(&self) -> bool {
        self.verb().is_some()
    }

    /// Whether it is about what is on the screen, and must not cover all of it.
    pub(crate) fn leaves_room(&self) -> bool {
        self.of == PickOf::Canned
    }

    /// The most rows that say more about the selected one.
    pub(crate) fn note_rows(&self) -> usize {
        match self.of {
            PickOf::Canned => 5,
            PickOf::Palette | PickOf::Help => 2,
            PickOf::Assignee(_) | PickOf::Priority(_) => 1,
        }
    }

    /// Whether the canned reply that is selected has no holes; nothing for what is none.
    pub(crate) fn ready(&self, state: &State) -> Option<bool> {
        if self.of != PickOf::Canned {
            return None;
        }
        let choices = self.choices(state);
        match choices.get(self.position(&choices))?.value {
            Value::Canned(id) => Some(filled(state, id)?.1.is_empty()),
            _ => None,
        }
    }

    /// What Enter does with the selected one, where that is not just to choose it.
    pub(crate) fn verb(&self) -> Option<&'static str> {
        match self.of {
            PickOf::Palette | PickOf::Help => Some("run"),
            PickOf::Canned => Some("insert"),
            PickOf::Assignee(_) | PickOf::Priority(_) => None,
        }
    }

    pub(crate) fn title(&self) -> &'static str {
        match self.of {
            PickOf::Assignee(_) => " Assign to ",
            PickOf::Priority(_) => " Priority ",
            PickOf::Palette => " Commands and tickets ",
            PickOf::Canned => " Canned replies ",
            PickOf::Help => " Keys that work here, and elsewhere ",
        }
    }

    /// What stands where nothing is typed yet.
    pub(crate) fn prompt(&self) -> &'static str {
        match self.of {
            PickOf::Palette => "type what you want to do, or a ticket's ref or guest",
            PickOf::Canned => "type to find one; / types a slash",
            PickOf::Help => "type to search; Enter runs what is selected",
            PickOf::Assignee(_) | PickOf::Priority(_) => "type to narrow the list down",
        }
    }

    /// What stands where nothing is found.
    pub(crate) fn nothing(&self, state: &State) -> String {
        match self.of {
            PickOf::Assignee(_) => "nobody of this name is known here".to_owned(),
            PickOf::Canned => canned::nothing(state),
            _ => "nothing is called so".to_owned(),
        }
    }

    /// More about the selected one, or why the list may be shorter than expected.
    pub(crate) fn note(&self, state: &State, selected: Option<&Choice>) -> String {
        match (self.of, selected) {
            (PickOf::Canned, selected) => canned::note(state, selected),
            (PickOf::Assignee(_), _) => {
                "who is not here finds it in the queue when it comes".to_owned()
            }
            (PickOf::Palette | PickOf::Help, Some(choice)) => match choice.value {
                // Its name is what it is called in the file of settings.
                Value::Command(command) => format!("{}: {}", command.id.name(), command.help),
                _ => "Enter joins the ticket; its guest sees that you did".to_owned(),
            },
            _ => String::new(),
        }
    }

    /// The choices that what was typed leaves, the best first.
    pub(crate) fn choices(&self, state: &State) -> Vec<Choice> {
        let all = match self.of {
            PickOf::Assignee(ticket) => ticket::agents(state, ticket),
            PickOf::Priority(ticket) => ticket::priorities(state, ticket),
            PickOf::Canned => canned::replies(state),
            PickOf::Help => commands::by_keys(state),
            PickOf::Palette => {
                let mut all = commands::by_name(state);
                if !self.typed.trim().is_empty() {
                    all.extend(ticket::open(state));
                }
                all
            }
        };
        fuzzy::rank(all, &self.typed)
    }

    /// Which of the choices is selected.
    pub(crate) fn position(&self, choices: &[Choice]) -> usize {
        let on = choices.iter().position(|choice| Some(choice.value) == self.on);
        on.unwrap_or(self.at.min(choices.len().saturating_sub(1)))
    }

    fn select(&mut self, choices: &[Choice], at: usize) {
        self.at = at.min(choices.len().saturating_sub(1));
        self.on = choices.get(self.at).map(|choice| choice.value);
    }
}

/// A slash in the list of canned replies, before anything else: the agent wanted a slash.
pub(super) fn is_literal(state: &mut State, c: char) -> bool {
    let Some(Overlay::Pick(pick)) = &state.overlay else { return false };
    let literal = pick.of == PickOf::Canned && pick.typed.is_empty() && c == '/';
    if literal {
        state.overlay = None;
        if let Some(open) = state.conversation_mut() {
            open.composer.insert("/");
        }
    }
    literal
}

/// Text that narrows the list down.
pub(super) fn write(state: &mut State, text: &str) {
    edit(state, |typed| {
        let room = MOST_TYPED.saturating_sub(typed.chars().count());
        typed.extend(text.chars().filter(|c| !c.is_control()).take(room));
    });
}

fn edit(state: &mut State, change: impl FnOnce(&mut String)) {
    let Some(Overlay::Pick(pick)) = &mut state.overlay else { return };
    change(&mut pick.typed);
    go(state, |_, _| 0);
}

/// Selects another one: `to` is told which one is selected, and the last.
fn go(state: &mut State, to: impl FnOnce(usize, usize) -> usize) {
    let Some(Overlay::Pick(pick)) = &state.overlay else { return };
    let choices = pick.choices(state);
    let to = to(pick.position(&choices), choices.len().saturating_sub(1));
    if let Some(Overlay::Pick(pick)) = &mut state.overlay {
        pick.select(&choices, to);
    }
}

/// The commands of a list. False when there is none, and the command is meant for something else.
pub(super) fn run(state: &mut State, stamp: &Stamp, command: C, effects: &mut Vec<Effect>) -> bool {
    let Some(Overlay::Pick(pick)) = &state.overlay else { return false };
    match command {
        C::Previous => go(state, |at, _| at.saturating_sub(1)),
        C::Next => go(state, |at, _| at + 1),
        C::PageUp => go(state, |at, _| at.saturating_sub(PAGE)),
        C::PageDown => go(state, |at, _| at + PAGE),
        C::First => go(state, |_, _| 0),
        C::Last => go(state, |_, last| last),
        C::EraseLeft => edit(state, |typed| {
            typed.pop();
        }),
        C::EraseLine => edit(state, String::clear),
        C::Cancel => state.overlay = None,
        C::SendPicked => {
            let choices = pick.choices(state);
            let value = choices.get(pick.position(&choices)).map(|choice| choice.value);
            state.overlay = None;
            if let Some(Value::Canned(id)) = value {
                insert(state, id, effects);
                run::send(state, stamp, effects);
            }
        }
        C::Accept => {
            let (of, choices) = (pick.of, pick.choices(state));
            let value = choices.get(pick.position(&choices)).map(|choice| choice.value);
            let why_not = choices.get(pick.position(&choices)).and_then(|choice| choice.why_not);
            state.overlay = None;
            match (value, why_not) {
                (Some(Value::Command(_)), Some(why)) => {
                    state.toast = Some(super::toast::Toast::new(why, state.now));
                }
                (Some(Value::Command(command)), None) => {
                    update::attempt(state, stamp, command, effects);
                }
                (Some(Value::Canned(id)), _) => insert(state, id, effects),
                (Some(Value::Ticket(id)), _) => run::open(state, id, false, effects),
                (Some(value), _) => effects.extend(ticket::chosen(state, of, value)),
                (None, _) => {}
            }
        }
        _ => return false,
    }
    true
}
