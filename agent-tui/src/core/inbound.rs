//! What the link tells: coming and going of the connection, notices, and answers.
//!
//! Coming online asks for things in this order: the queue, the rooms with what was missed in them
//! (the open one first), then what waits to be sent. The link keeps the order.

use support_shared::ErrorCode;
use support_shared::answer::{Joined, MessagePage, MessageSent, TicketPage};
use support_shared::message::Message;
use support_shared::notice::{AgentNotice, HeadNotice, TypingNotice};
use support_shared::request::{AgentRequest, ListMessages, ListTickets, NewAssignee};
use support_shared::ticket::Ticket;
use support_shared::{ApiError, TicketId};

use super::card::Card;
use super::conversation::{Conversation, Room, Writing};
use super::link::{Answer, LinkEvent, LinkState, Refusal, winner};
use super::people::People;
use super::run::{join_request, list_earlier, list_request, open_tickets, save};
use super::timeline::{Applied, Entry};
use super::toast::Toast;
use super::{Effect, Focus, State, canned, heal, sign_in};
use crate::commands::CommandId;
use crate::text::Untrusted;

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
            answered(state, *request, answer, effects);
        }
        LinkEvent::Answered { request, answer: Err(refusal) } => {
            refused(state, *request, refusal, effects);
        }
    }
}

fn online(state: &mut State, agent: support_shared::ticket::Agent, effects: &mut Vec<Effect>) {
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
            let before = super::desk::card(state, id).cloned();
            let now = Card::from(updated.ticket.clone());
            ticket(state, updated.ticket);
            heal::expect(state, id);
            super::attention::hear(state, before.as_ref(), &now);
        }
        AgentNotice::TicketClosed(closed) => ticket(state, closed.ticket),
        AgentNotice::Head(head) => self::head(state, &head, effects),
        AgentNotice::Typing(typing) => self::typing(state, typing),
        AgentNotice::PresenceChanged(changed) => state.colleagues.hear(changed),
        AgentNotice::Read(read) => super::reading::heard(state, &read),
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

fn answered(state: &mut State, request: AgentRequest, answer: Answer, effects: &mut Vec<Effect>) {
    match (request, answer) {
        (AgentRequest::ListTickets(asked), Answer::Tickets(page)) => {
            tickets(state, &asked, *page, effects);
        }
        (AgentRequest::JoinTicket(asked), Answer::Joined(page)) => {
            joined(state, asked.after_seq, *page, effects);
        }
        (_, Answer::Closed(closed)) => {
            let (id, reference) = (closed.id, closed.reference);
            state.toast = Some(Toast::new(format!("{reference} is closed"), state.now));
            // Back to the queue first: what the ticket became is no news to the one who did it.
            if state.open == Some(id) {
                state.focus = Focus::Queue;
            }
            ticket(state, *closed);
            // Nothing is left to do with it, unless something was being written.
            if state.conversations.get(&id).is_some_and(|c| !c.has_draft()) {
                state.conversations.remove(&id);
                super::draft::forgotten(state);
                state.open = state.open.filter(|open| *open != id);
            }
        }
        (AgentRequest::AssignTicket(asked), Answer::Changed(changed)) => {
            let reference = changed.reference;
            let text = match (asked.agent_id, &changed.assignee) {
                (NewAssignee::Me, _) => format!("{reference} is yours"),
                (_, None) => format!("{reference} is back in the queue"),
                (_, Some(agent)) => {
                    let name = Untrusted::from(agent.name.as_str()).line(40);
                    format!("{reference} is assigned to {name}")
                }
            };
            state.toast = Some(Toast::new(text, state.now));
            ticket(state, *changed);
            if asked.agent_id == NewAssignee::Me && state.open == Some(asked.ticket_id) {
                super::desk::step_in(state, effects);
            }
        }
        (AgentRequest::ReopenTicket(asked), Answer::Changed(changed)) => {
            let text = format!("{} is open again", changed.reference);
            state.toast = Some(Toast::new(text, state.now));
            ticket(state, *changed);
            if state.open == Some(asked.ticket_id) {
                rejoin(state, asked.ticket_id, effects);
            }
        }
        (_, Answer::Changed(changed)) => ticket(state, *changed),
        (_, Answer::Sent(sent)) => sent_message(state, *sent, effects),
        (AgentRequest::ListMessages(asked), Answer::Messages(page)) => {
            earlier(state, &asked, *page, effects);
        }
        _ => {}
    }
}

fn tickets(
    state: &mut State,
    asked: &ListTickets,
    page: TicketPage<Ticket>,
    effects: &mut Vec<Effect>,
) {
    for ticket in &page.tickets {
        state.colleagues.read(ticket);
    }
    let cards: Vec<Card> = page.tickets.into_iter().map(Card::from).collect();
    for card in &cards {
        learned(state, card);
    }
    if state.earlier.awaits(asked) {
        return state.earlier.take(cards);
    }
    if *asked != open_tickets(asked.cursor.clone()) {
        return state.queue.add_found(asked, cards, page.next_cursor);
    }
    match state.queue.add_page(cards, page.next_cursor) {
        Some(cursor) => effects.push(Effect::Ask(Box::new(list_request(Some(cursor))))),
        None => state.outbox.learned_all(),
    }
}

fn joined(state: &mut State, after: Option<u64>, page: Joined<Ticket>, effects: &mut Vec<Effect>) {
    let id = page.ticket.id;
    let mut card = Card::from(page.ticket);
    // Answered before what we were told since, such as a close or a claim: each is in a log.
    if let Some(known) = state.conversations.get(&id).map(|known| &known.card)
        && !page.reset
        && (known.last_seq > card.last_seq || known.last_note > card.last_note)
    {
        card = known.clone();
    }
    learned(state, &card);
    let conversation =
        state.conversations.entry(id).or_insert_with(|| state.drafts.conversation(card.clone()));
    let left_meanwhile = conversation.room == Room::Left && state.open != Some(id);
    conversation.room = if card.is_open() && !left_meanwhile { Room::Joined } else { Room::Left };
    conversation.card = card.clone();
    conversation.people = People::told(page.participants);
    conversation.timeline.epoch = Some(page.epoch);
    let notes = page.notes.unwrap_or_default();
    let mut settled = false;
    for message in page.messages.iter().chain(&notes) {
        settled |= state.outbox.settle_by(message, &state.my_id);
    }
    let entries: Vec<Entry> = page.messages.into_iter().filter_map(Entry::of).collect();
    let notes: Vec<Entry> = notes.into_iter().filter_map(Entry::of).collect();
    let has_more_notes = page.has_more_notes.unwrap_or_default();
    let more = if page.reset {
        // Another history: what is here has nothing to do with it.
        conversation.timeline.reset();
        conversation.scroll = super::scroll::Scroll::Follow;
        conversation.forget_reading();
        true
    } else if after.is_none() {
        conversation.timeline.load((entries, page.has_more), (notes, has_more_notes));
        false
    } else {
        let timeline = &mut conversation.timeline;
        let before = timeline.last_note();
        let mut gap = false;
        for entry in entries.into_iter().chain(notes) {
            gap |= timeline.apply(entry) == Applied::Gap;
        }
        // Asking again helps only if this answer brought us further.
        let further = timeline.last() > after || timeline.last_note() > before;
        page.has_more || has_more_notes || gap && further
    };
    ask_notes(conversation, effects);
    state.queue.update(card);
    if more {
        rejoin(state, id, effects);
    } else {
        state.outbox.read(id);
    }
    if settled {
        save(state, effects);
    }
}

fn sent_message(state: &mut State, sent: MessageSent, effects: &mut Vec<Effect>) {
    let id = sent.message.client_message_id.clone();
    if id.is_some_and(|id| state.outbox.settle(&id)) {
        save(state, effects);
    }
    message(state, sent.message, effects);
}

fn earlier(state: &mut State, asked: &ListMessages, page: MessagePage, effects: &mut Vec<Effect>) {
    if let Some(conversation) = state.conversations.get_mut(&asked.ticket_id) {
        let entries = page.messages.into_iter().filter_map(Entry::of).collect();
        if asked.notes {
            conversation.timeline.prepend_notes(entries, page.has_more);
        } else {
            conversation.timeline.prepend(entries, page.has_more);
        }
        ask_notes(conversation, effects);
    }
}

/// Asks for the notes that belong to the messages here, page by page.
fn ask_notes(conversation: &mut Conversation, effects: &mut Vec<Effect>) {
    let before = conversation.timeline.ask_notes();
    effects.extend(before.map(|before| list_earlier(conversation.card.id, before, true)));
}

fn refused(state: &mut State, request: AgentRequest, refusal: Refusal, effects: &mut Vec<Effect>) {
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
        return complain(state, "the tickets could not be looked up", &error);
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

/// The connection ended before the answer. What must be asked again is asked when it is back.
pub(super) fn lost(state: &mut State, request: AgentRequest) {
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
