//! What each command does. Whether it may is the table's business and has been asked.

use support_shared::request::{
    AgentRequest, AssignTicket, IfAssignee, JoinTicket, ListMessages, ListTickets, NameTicket,
    NewAssignee, SendMessage,
};
use support_shared::text::Content;
use support_shared::{ApiError, ErrorCode, TicketId};

use super::card::Card;
use super::composer::{MOST_CHARS, Step};
use super::conversation::{Conversation, Room};
use super::draft::Mode;
use super::layout;
use super::line::Purpose;
use super::link::LinkState;
use super::outbox::Parcel;
use super::overlay::{Overlay, Question};
use super::pick::{Pick, PickOf};
use super::scroll::{Blocks, Scroll};
use super::toast::Toast;
use super::{Effect, Focus, Stamp, State, canned, desk, line, pick, sign_in, unsent};
use crate::commands::CommandId as C;
use crate::text::Untrusted;

/// How long the second Ctrl-C may take.
const TWICE_MILLIS: i64 = 3_000;
/// What a message may have; the server's own limit may be another and has the last word.
const CONTENT_CHARS: usize = 4_000;
/// The most messages of a ticket that wait; what is written beyond stays in the composer.
const MOST_WAITING: usize = 100;

pub(super) fn run(state: &mut State, stamp: &Stamp, command: C, effects: &mut Vec<Effect>) {
    if line::run(state, command, effects)
        || pick::run(state, stamp, command, effects)
        || unsent::run(state, command, effects)
        || desk::run(state, command, effects)
    {
        return;
    }
    match command {
        C::Open => {
            if let Some(card) = state.queue.selected().cloned() {
                open(state, card.id, false, effects);
            }
        }
        C::Previous => state.queue.step(-1),
        C::Next => state.queue.step(1),
        C::First => state.queue.step(isize::MIN),
        C::Last => state.queue.step(isize::MAX),
        C::Unsent => unsent::show(state),
        C::Reply => {
            desk::step_in(state, effects);
            compose(state, Mode::Reply);
        }
        // Nobody outside hears of a note: whoever watches goes on watching.
        C::Note => compose(state, Mode::Note),
        C::SwitchMode => {
            if let Some(mode) = state.conversation().map(|open| open.mode().other()) {
                if mode == Mode::Reply {
                    desk::step_in(state, effects);
                }
                compose(state, mode);
            }
        }
        C::Editor => edit(state, effects),
        C::Retry | C::TakeBack | C::Discard => unsent::run_here(state, command, effects),
        C::Close => {
            state.overlay = state.open.map(|id| state.kept.line(Purpose::Close(id)));
        }
        C::Claim => claim(state, effects),
        C::Leave => leave(state, effects),
        C::Back => state.focus = Focus::Queue,
        C::RowUp => scroll(state, effects, |scroll, rows, view| scroll.up(rows, view, 1)),
        C::RowDown => scroll(state, effects, |scroll, rows, view| scroll.down(rows, view, 1)),
        C::PageUp => scroll(state, effects, |scroll, rows, view| {
            scroll.up(rows, view, view.saturating_sub(1).max(1))
        }),
        C::PageDown => scroll(state, effects, |scroll, rows, view| {
            scroll.down(rows, view, view.saturating_sub(1).max(1))
        }),
        C::Oldest => scroll(state, effects, |_, rows, view| Scroll::start(rows, view)),
        C::Copy => super::copy::message(state, effects),
        C::CopyLink => super::copy::link(state, effects),
        C::Newest => scroll(state, effects, |_, _, _| Scroll::Follow),
        C::Send if canned::holds_back(state) => {}
        C::Send | C::SendAnyway => {
            desk::step_in(state, effects);
            send(state, stamp, effects);
        }
        C::Canned => {
            canned::refresh(state, effects);
            state.overlay = Some(Overlay::Pick(Pick::new(PickOf::Canned, state)));
        }
        C::NextHole if canned::next_hole(state) => {}
        C::StopWriting => state.focus = Focus::Timeline,
        C::Yes | C::No => answer(state, command == C::Yes, effects),
        C::SwitchPane | C::NextHole => {
            state.focus = if state.focus == Focus::Queue { Focus::Composer } else { Focus::Queue };
        }
        C::Reconnect if state.link == LinkState::SignedOut => sign_in::open(state),
        C::Reconnect => effects.push(Effect::Reconnect),
        C::Help => state.overlay = Some(Overlay::Pick(Pick::new(PickOf::Help, state))),
        C::Palette => state.overlay = Some(Overlay::Pick(Pick::new(PickOf::Palette, state))),
        C::Redraw => effects.push(Effect::Redraw),
        C::Suspend => effects.push(Effect::Suspend),
        C::Quit => quit(state, effects),
        C::Interrupt => interrupt(state, effects),
        edit => write(state, edit, effects),
    }
}

/// Opens a ticket and asks to be let in, with what is known of it already; silently, nobody is told.
pub(super) fn open(state: &mut State, ticket: TicketId, silent: bool, effects: &mut Vec<Effect>) {
    let card = state.queue.get(ticket).cloned();
    match (state.conversations.get_mut(&ticket), card) {
        (Some(known), card) => {
            if let Some(card) = card {
                known.card = card;
            }
        }
        (None, Some(card)) => {
            let conversation = state.drafts.conversation(card);
            state.conversations.insert(ticket, conversation);
        }
        // Not in the queue: its conversation is made when the server has told what it is.
        (None, None) => {}
    }
    state.open = Some(ticket);
    state.focus = Focus::Composer;
    let online = state.is_online();
    let known = state.conversations.get_mut(&ticket);
    if known.as_ref().is_some_and(|known| known.room != Room::Left && (silent || !known.silent)) {
        return;
    }
    // Offline, coming online asks for it.
    if let Some(known) = known {
        known.room = Room::Joining;
        known.silent = silent;
    }
    if online {
        let request = join_request(ticket, state.conversations.get(&ticket));
        effects.push(Effect::Ask(Box::new(request)));
    }
}

/// Asks for everything after what is here, or for the latest page.
pub(super) fn join_request(ticket_id: TicketId, known: Option<&Conversation>) -> AgentRequest {
    let timeline = known.map(|conversation| &conversation.timeline);
    AgentRequest::JoinTicket(JoinTicket {
        ticket_id,
        after_seq: timeline.and_then(super::timeline::Timeline::last),
        after_note_seq: timeline.and_then(super::timeline::Timeline::last_note),
        epoch: timeline.and_then(|timeline| timeline.epoch.clone()),
        limit: None,
        silent: known.is_some_and(|conversation| conversation.silent),
    })
}

/// A page of all open tickets. What is looked up is asked for without a limit.
pub(super) fn open_tickets(cursor: Option<String>) -> ListTickets {
    ListTickets {
        status: Some(support_shared::ticket::TicketStatus::Open),
        cursor,
        limit: support_shared::request::Count::new(200),
        ..ListTickets::default()
    }
}

pub(super) fn list_request(cursor: Option<String>) -> AgentRequest {
    AgentRequest::ListTickets(open_tickets(cursor))
}

pub(super) fn send_request(parcel: &Parcel) -> Result<AgentRequest, ApiError> {
    let content = Content::try_from(parcel.text.clone())
        .map_err(|error| ApiError::new(ErrorCode::Invalid, error.to_string()))?;
    Ok(AgentRequest::SendMessage(SendMessage {
        ticket_id: parcel.ticket_id,
        content,
        client_message_id: parcel.client_message_id.clone(),
        internal: parcel.mode == Mode::Note,
    }))
}

/// Writes in this mode of the open conversation.
pub(super) fn compose(state: &mut State, mode: Mode) {
    state.focus = Focus::Composer;
    if let Some(conversation) = state.conversation_mut() {
        conversation.switch(mode);
    }
}

/// Hands what is written to the agent's editor.
fn edit(state: &State, effects: &mut Vec<Effect>) {
    let Some(conversation) = state.conversation() else { return };
    effects.push(Effect::Edit {
        ticket: conversation.card.id,
        mode: conversation.mode(),
        text: conversation.composer.text().to_owned(),
    });
}

/// What came back from the editor: into the draft that was handed to it, and nowhere else.
pub(super) fn edited(
    state: &mut State,
    ticket: TicketId,
    mode: Mode,
    outcome: Result<String, String>,
) {
    let Some(conversation) = state.conversations.get_mut(&ticket) else { return };
    match outcome {
        Ok(text) => {
            let shown = Untrusted::from(text);
            let text = shown.shown();
            // Editors end a file with a line break; nobody has written it.
            if !conversation.composer_of(mode).replace(text.trim_end_matches('\n')) {
                full(state);
            }
        }
        Err(why) => state.toast = Some(Toast::new(why, state.now)),
    }
}

/// Says that there is no room for more.
pub(super) fn full(state: &mut State) {
    let text = format!("the composer holds {MOST_CHARS} characters; the rest was left out");
    state.toast = Some(Toast::new(text, state.now));
}

pub(super) fn send(state: &mut State, stamp: &Stamp, effects: &mut Vec<Effect>) {
    let Some(open) = state.conversation() else { return };
    let (mode, text) = (open.mode(), open.composer.text().to_owned());
    match post(state, stamp, mode, text, effects) {
        Ok(()) => {
            if let Some(conversation) = state.conversation_mut() {
                conversation.composer.take();
                conversation.scroll = Scroll::Follow;
                conversation.reading.answered();
            }
        }
        Err(why) => state.toast = Some(Toast::new(why, state.now)),
    }
}

/// Puts a text for the open ticket into the outbox, or says why not.
pub(super) fn post(
    state: &mut State,
    stamp: &Stamp,
    mode: Mode,
    text: String,
    effects: &mut Vec<Effect>,
) -> Result<(), String> {
    let Some(card) = state.conversation().map(|open| &open.card) else { return Ok(()) };
    if text.trim().is_empty() {
        return Err("nothing is written yet".to_owned());
    }
    let length = text.chars().count();
    if length > CONTENT_CHARS {
        return Err(format!("{length} characters; a message may have {CONTENT_CHARS}"));
    }
    if state.outbox.of(card.id).count() >= MOST_WAITING {
        return Err(format!("{MOST_WAITING} messages are waiting to be sent already"));
    }
    state.outbox.add(Parcel {
        ticket_id: card.id,
        reference: card.reference,
        client_message_id: stamp.id.clone(),
        text,
        mode,
        assignee: card.assignee_id,
    });
    save(state, effects);
    Ok(())
}

/// Brings the file up to date with the outbox.
pub(super) fn save(state: &mut State, effects: &mut Vec<Effect>) {
    let (revision, parcels) = state.outbox.snapshot();
    effects.push(Effect::SaveOutbox { revision, parcels });
}

/// The ticket that the keys are about: the selected one in the queue, else the open one.
pub(crate) fn subject(state: &State) -> Option<&Card> {
    if state.focus == Focus::Queue {
        state.queue.selected()
    } else {
        state.conversation().map(|conversation| &conversation.card)
    }
}

/// Why a command does nothing, with the name of whoever is in the way.
pub(super) fn why_not(state: &State, command: C, why: &str) -> String {
    let holder = subject(state).filter(|card| card.is_open() && command == C::Claim);
    match holder
        .and_then(|card| card.assignee.as_ref().filter(|_| card.assignee_id != Some(state.me.id)))
    {
        Some(name) => format!("not yours: {} has it", name.line(40)),
        None => why.to_owned(),
    }
}

fn claim(state: &mut State, effects: &mut Vec<Effect>) {
    let Some(ticket_id) = subject(state).map(|card| card.id) else { return };
    effects.push(Effect::Ask(Box::new(AgentRequest::AssignTicket(AssignTicket {
        ticket_id,
        agent_id: NewAssignee::Me,
        note: None,
        if_assignee: IfAssignee::Nobody,
    }))));
}

fn leave(state: &mut State, effects: &mut Vec<Effect>) {
    let Some(conversation) = state.conversation_mut() else { return };
    conversation.room = Room::Left;
    let ticket_id = conversation.card.id;
    let reference = conversation.card.reference;
    let text = if std::mem::take(&mut conversation.silent) {
        format!("you no longer watch {reference}")
    } else {
        format!("you left {reference}")
    };
    if !conversation.has_draft() {
        state.open = None;
    }
    effects.push(Effect::Ask(Box::new(AgentRequest::LeaveTicket(NameTicket { ticket_id }))));
    state.toast = Some(Toast::new(text, state.now));
    state.focus = Focus::Queue;
}

fn answer(state: &mut State, yes: bool, effects: &mut Vec<Effect>) {
    let Some(Overlay::Confirm(question)) = state.overlay.take() else { return };
    match question {
        Question::Discard { id, listed } => unsent::answered(state, &id, listed, yes, effects),
        Question::Quit if yes => effects.push(Effect::Quit),
        Question::Quit => {}
    }
}

fn quit(state: &mut State, effects: &mut Vec<Effect>) {
    if state.would_lose() || !state.outbox.items().is_empty() {
        state.overlay = Some(Overlay::Confirm(Question::Quit));
    } else {
        effects.push(Effect::Quit);
    }
}

fn interrupt(state: &mut State, effects: &mut Vec<Effect>) {
    if state.leaving_until.take().is_some() {
        effects.push(Effect::Quit);
        return;
    }
    state.leaving_until = Some(state.now.plus_millis(TWICE_MILLIS));
    let text = if state.would_lose() {
        "press Ctrl-C again to leave; what is written and not sent is lost".to_owned()
    } else {
        let again = "press Ctrl-C again to leave".to_owned();
        std::iter::once(again).chain(unsent::parting(state)).collect::<Vec<_>>().join("; ")
    };
    let until = state.now.plus_millis(TWICE_MILLIS);
    state.toast = Some(Toast { until, ..Toast::new(text, state.now) });
}

/// Scrolls the open conversation, and asks for earlier messages before the beginning is reached.
fn scroll(
    state: &mut State,
    effects: &mut Vec<Effect>,
    go: impl Fn(Scroll, &super::rows::ConversationRows, usize) -> Scroll,
) {
    let Some(area) = state.layout().conversation.map(|conversation| conversation.timeline) else {
        return;
    };
    let view = usize::from(area.height);
    let Some(conversation) = state.conversation() else { return };
    let rows = state.rows(conversation, area.width);
    let scroll = go(conversation.scroll, &rows, view);
    let near_start = rows.len() == 0
        || scroll.up(&rows, view, view).top(&rows, view) == super::scroll::Top::default();
    let online = state.is_online();
    let Some(conversation) = state.conversation_mut() else { return };
    conversation.scroll = scroll;
    if near_start && online {
        let before = conversation.timeline.ask_earlier();
        effects.extend(before.map(|before| list_earlier(conversation.card.id, before, false)));
    }
}

/// Asks for a page of messages before this one, or of notes.
pub(super) fn list_earlier(ticket_id: TicketId, before: u64, notes: bool) -> Effect {
    let request = ListMessages { ticket_id, before: Some(before), limit: None, notes };
    Effect::Ask(Box::new(AgentRequest::ListMessages(request)))
}

/// The commands that change the written text.
fn write(state: &mut State, command: C, effects: &mut Vec<Effect>) {
    let cells = layout::composer_width(layout::conversation_width(state.size));
    let Some(conversation) = state.conversation_mut() else { return };
    let composer = &mut conversation.composer;
    match command {
        C::NewLine => {
            if !composer.insert("\n") {
                full(state);
            }
        }
        C::EraseLeft => composer.erase(Step::Left),
        C::EraseRight => composer.erase(Step::Right),
        C::EraseWord => composer.erase(Step::WordLeft),
        C::EraseLine => composer.erase(Step::LineStart),
        C::CursorUp => {
            if !composer.go(Step::RowUp, cells) {
                run_scroll(state, C::RowUp, effects);
            }
        }
        C::CursorDown => {
            if !composer.go(Step::RowDown, cells) {
                run_scroll(state, C::RowDown, effects);
            }
        }
        C::LineEnd => {
            // At the end already: what is left to go to is the end of the conversation.
            if !composer.go(Step::LineEnd, cells) {
                conversation.scroll = Scroll::Follow;
            }
        }
        other => {
            let step = match other {
                C::CursorLeft => Step::Left,
                C::CursorRight => Step::Right,
                C::WordLeft => Step::WordLeft,
                C::WordRight => Step::WordRight,
                _ => Step::LineStart,
            };
            composer.go(step, cells);
        }
    }
}

pub(super) fn run_scroll(state: &mut State, command: C, effects: &mut Vec<Effect>) {
    if command == C::RowUp {
        scroll(state, effects, |scroll, rows, view| scroll.up(rows, view, 1));
    } else {
        scroll(state, effects, |scroll, rows, view| scroll.down(rows, view, 1));
    }
}
