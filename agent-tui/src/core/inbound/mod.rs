//! What the link tells: coming and going of the connection, and notices. Answers and refusals are in
//! the files beside this one.
//!
//! Coming online asks for things in this order: the queue, the rooms with what was missed in them
//! (the open one first), then what waits to be sent. The link keeps the order.

mod answers;
mod refusals;

use support_shared::TicketId;
use support_shared::message::Message;
use support_shared::notice::{AgentNotice, HeadNotice, TypingNotice};
use support_shared::ticket::{Agent, Ticket};

use super::card::Card;
use super::conversation::{Room, Writing};
use super::link::{LinkEvent, LinkState};
use super::run::{join_request, list_request, save};
use super::timeline::{Applied, Entry};
use super::toast::Toast;
use super::{Effect, Focus, State, attention, canned, desk, heal, reading, sign_in};
use crate::commands::CommandId;
pub(super) use refusals::lost;

pub(super) fn link(state: &mut State, event: LinkEvent, effects: &mut Vec<Effect>) {
    match event {
        LinkEvent::Connecting => {
            state.link = LinkState::Connecting;
            heal::cut(state);
            canned::cut(state);
        }
        LinkEvent::Online(agent) => online(state, *agent, effects),
        LinkEvent::Offline { why, retry_at } => {
            if state.is_online() {
                let text = format!(
                    "connection lost ({}); what you send is kept until it is back",
                    why.line(40)
                );
                state.toast = Some(Toast::new(text, state.now));
            }
            state.link = LinkState::Offline { why, retry_at };
            heal::cut(state);
            canned::cut(state);
            state.outbox.disconnected();
        }
        LinkEvent::SignedOut { why } => {
            heal::cut(state);
            canned::cut(state);
            state.outbox.disconnected();
            sign_in::ended(state, &why);
            state.ended = Some(why);
            effects.push(Effect::SignedOut);
        }
        LinkEvent::SignInRefused { why } => sign_in::refused(state, why),
        LinkEvent::Notice(notice) => self::notice(state, *notice, effects),
        LinkEvent::Answered { request, answer: Ok(answer) } => {
            answers::answered(state, *request, answer, effects);
        }
        LinkEvent::Answered { request, answer: Err(refusal) } => {
            refusals::refused(state, *request, refusal, effects);
        }
    }
}

fn online(state: &mut State, agent: Agent, effects: &mut Vec<Effect>) {
    state.link = LinkState::Online;
    state.ended = None;
    sign_in::done(state);
    state.my_id = agent.id.to_string();
    state.queue.set_me(agent.id);
    state.colleagues.forget_states();
    state.me = agent;
    resync(state, effects);
    canned::refresh(state, effects);
}

pub(super) fn resync_if_due(state: &mut State, effects: &mut Vec<Effect>) {
    if state.is_online() && state.resync_at.is_some_and(|at| at <= state.now) {
        resync(state, effects);
    }
}

/// Asks for the queue, and for what was missed in every room that we want to be in.
fn resync(state: &mut State, effects: &mut Vec<Effect>) {
    state.resync_at = None;
    state.queue.begin_list(state.now);
    effects.push(Effect::Ask(Box::new(list_request(None))));
    let mut wanted: Vec<TicketId> = state
        .conversations
        .iter()
        .filter(|(_, conversation)| conversation.room != Room::Left)
        .map(|(id, _)| *id)
        .collect();
    if let Some(unknown) = state.open.filter(|id| !state.conversations.contains_key(id)) {
        wanted.push(unknown);
    }
    wanted.sort_by_key(|id| Some(*id) != state.open);
    for id in wanted {
        rejoin(state, id, effects);
    }
}

/// Asks for what was missed in a room.
pub(super) fn rejoin(state: &mut State, ticket: TicketId, effects: &mut Vec<Effect>) {
    let known = state.conversations.get_mut(&ticket);
    if let Some(conversation) = known {
        conversation.room = Room::Joining;
        conversation.timeline.gave_up(false);
        conversation.timeline.gave_up(true);
    }
    let request = join_request(ticket, state.conversations.get(&ticket));
    effects.push(Effect::Ask(Box::new(request)));
}

fn notice(state: &mut State, notice: AgentNotice, effects: &mut Vec<Effect>) {
    match notice {
        AgentNotice::MessageNew(new) => message(state, new.message, effects),
        AgentNotice::TicketUpdated(updated) => {
            let id = updated.ticket.id;
            let before = desk::card(state, id).cloned();
            let now = Card::from(updated.ticket.clone());
            ticket(state, updated.ticket);
            heal::expect(state, id);
            attention::hear(state, before.as_ref(), &now);
        }
        AgentNotice::TicketClosed(closed) => ticket(state, closed.ticket),
        AgentNotice::Head(head) => self::head(state, &head, effects),
        AgentNotice::Typing(typing) => self::typing(state, typing),
        AgentNotice::PresenceChanged(changed) => state.colleagues.hear(changed),
        AgentNotice::Read(read) => reading::heard(state, &read),
        // On the end of the connection the link acts; the console hears of it by other ways.
        AgentNotice::SessionEnded(_) | AgentNotice::ServerDraining(_) => {}
    }
}

/// A ticket as it is now, from whatever told of it.
fn ticket(state: &mut State, ticket: Ticket) {
    state.colleagues.read(&ticket);
    let card = Card::from(ticket);
    learned(state, &card);
    if let Some(conversation) = state.conversations.get_mut(&card.id)
        && conversation.card.updated_at <= card.updated_at
    {
        if !card.is_open() {
            conversation.room = Room::Left;
            if conversation.card.is_open()
                && state.open == Some(card.id)
                && state.focus != Focus::Queue
            {
                let by = card
                    .closed_by
                    .as_ref()
                    .map_or_else(|| "the desk".to_owned(), |name| name.line(30));
                state.toast =
                    Some(Toast::new(format!("{} was closed by {by}", card.reference), state.now));
            }
        }
        conversation.card = card.clone();
    }
    state.queue.update(card);
}

/// What waits to be sent to a ticket that is somebody else's by now is asked about first.
fn learned(state: &mut State, card: &Card) {
    if state.outbox.learned(card, state.me.id) > 0 {
        let name = card.assignee.as_ref().map_or_else(String::new, |name| name.line(30));
        let text = format!("not sent to {}: {name} has it now", card.reference);
        state.toast = Some(Toast::leading(text, state.now, CommandId::Unsent));
    }
}

/// Where the log ends, by the server. Whoever is behind has missed a notice.
fn head(state: &mut State, head: &HeadNotice, effects: &mut Vec<Effect>) {
    let Some(conversation) = state.conversations.get(&head.ticket_id) else { return };
    let timeline = &conversation.timeline;
    let behind = timeline.last().is_some_and(|last| head.seq > last)
        || timeline.last_note().is_some_and(|last| head.note_seq > Some(last));
    let elsewhere = timeline.epoch.as_ref().is_some_and(|epoch| *epoch != head.epoch);
    if conversation.room == Room::Joined && (behind || elsewhere) {
        rejoin(state, head.ticket_id, effects);
    }
}

fn typing(state: &mut State, typing: TypingNotice) {
    let now = state.now;
    let Some(conversation) = state.conversations.get_mut(&typing.ticket_id) else { return };
    if typing.typing {
        conversation.writing = Some(Writing::new(typing.name.into(), typing.role, now));
    } else if conversation.writing.as_ref().is_some_and(|it| it.role == typing.role) {
        conversation.writing = None;
    }
}

fn message(state: &mut State, message: Message, effects: &mut Vec<Effect>) {
    let ticket = message.ticket_id;
    if let (Some(event), Some(conversation)) =
        (&message.event, state.conversations.get_mut(&ticket))
    {
        conversation.people.follow(event);
    }
    let settled = state.outbox.settle_by(&message, &state.my_id);
    let role = message.sender_role;
    let Some(entry) = Entry::of(message) else { return };
    if let Some(conversation) = state.conversations.get_mut(&ticket) {
        // What was being written is here.
        conversation.writing = conversation.writing.take().filter(|it| it.role != role);
    }
    if let Some(conversation) = state.conversations.get_mut(&ticket)
        && conversation.timeline.apply(entry) == Applied::Gap
        && conversation.room == Room::Joined
    {
        rejoin(state, ticket, effects);
    }
    if settled {
        save(state, effects);
    }
}
