//! What was asked for and is here: tickets, conversations, changes that were made.

use support_shared::answer::{Joined, MessagePage, MessageSent, TicketPage};
use support_shared::request::{AgentRequest, ListMessages, ListTickets, NewAssignee};
use support_shared::ticket::Ticket;

use super::{learned, message, rejoin, ticket};
use crate::core::card::Card;
use crate::core::conversation::{Conversation, Room};
use crate::core::link::Answer;
use crate::core::people::People;
use crate::core::run::{list_earlier, list_request, open_tickets, save};
use crate::core::scroll::Scroll;
use crate::core::timeline::{Applied, Entry};
use crate::core::toast::Toast;
use crate::core::{Effect, Focus, State, desk, draft};
use crate::text::Untrusted;

pub(super) fn answered(
    state: &mut State,
    request: AgentRequest,
    answer: Answer,
    effects: &mut Vec<Effect>,
) {
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
                draft::forgotten(state);
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
                desk::step_in(state, effects);
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
        conversation.scroll = Scroll::Follow;
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
