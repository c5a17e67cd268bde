//! The console's behaviour, told as stories: keys and events in, effects and state out.

mod asking;
mod attention;
pub(crate) mod canned;
mod cards;
mod changes;
mod console;
mod desk;
mod details;
mod discovery;
mod missed;
mod needs;
mod pointing;
mod queue;
mod reading;
mod triage;
mod unsent;
mod writing;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use jiff::tz::TimeZone;
use support_shared::Timestamp;
use support_shared::answer::{Joined, TicketPage};
use support_shared::message::{Message, SenderRole};
use support_shared::notice::{AgentNotice, MessageNew};
use support_shared::request::AgentRequest;
use support_shared::ticket::{AgentName, Ticket, TicketStatus};

use super::draft::Draft;
use super::fixture::{agent, client_id, message, noon, ticket, ticket_id};
use super::link::{Answer, LinkEvent, Refusal};
use super::outbox::Parcel;
use super::update::update;
use super::{Effect, Msg, Stamp, State};

pub(crate) struct Story {
    pub(crate) state: State,
    pub(crate) now: Timestamp,
    ids: u64,
    revision: u64,
    effects: Vec<Effect>,
}

impl Story {
    /// A console that has just been opened.
    pub(crate) fn new() -> Self {
        Self::with_left(Vec::new(), Vec::new())
    }

    /// A console whose last run has left this behind.
    fn with_left(unsent: Vec<Parcel>, drafts: Vec<Draft>) -> Self {
        let server = "127.0.0.1:3000".to_owned();
        let state = State::new(server, agent(), TimeZone::UTC, noon(), unsent, drafts);
        Self { state, now: noon(), ids: 0, revision: 0, effects: Vec::new() }
    }

    /// A console that is online and has read a queue of these tickets.
    pub(crate) fn online(tickets: impl IntoIterator<Item = Ticket>) -> Self {
        let mut story = Self::new();
        story.comes_online();
        story.lists(tickets);
        story.effects.clear();
        story
    }

    /// Online, with ticket 1 open and these messages in it.
    pub(crate) fn in_conversation(messages: impl IntoIterator<Item = Message>) -> Self {
        let mut story = Self::online([ticket(1), ticket(2)]);
        story.keys("<enter>");
        story.joined_read(messages);
        story.effects.clear();
        story
    }

    pub(crate) fn happens(&mut self, msg: Msg) {
        self.ids += 1;
        let stamp = Stamp { now: self.now, id: client_id(self.ids) };
        let effects = update(&mut self.state, &stamp, msg);
        for effect in &effects {
            if let Effect::SaveOutbox { revision, .. } = effect {
                self.revision = *revision;
            }
        }
        self.effects.extend(effects);
    }

    fn link(&mut self, event: LinkEvent) {
        self.happens(Msg::Link(event));
    }

    pub(crate) fn comes_online(&mut self) {
        self.link(LinkEvent::Online(Box::new(agent())));
    }

    pub(crate) fn goes_offline(&mut self) {
        let retry_at = self.now.plus_millis(3_000);
        self.link(LinkEvent::Offline { why: "gone".into(), retry_at });
    }

    /// Keys as a person would write them: `x`, `<enter>`, `<c-c>`.
    pub(crate) fn keys(&mut self, text: &str) {
        let mut rest = text;
        while let Some(c) = rest.chars().next() {
            let named = rest.strip_prefix('<').and_then(|tail| tail.split_once('>'));
            let (event, tail) = match named {
                Some((name, tail)) => (named_key(name), tail),
                None => {
                    (KeyEvent::new(KeyCode::Char(c), KeyModifiers::NONE), &rest[c.len_utf8()..])
                }
            };
            rest = tail;
            self.happens(Msg::Key(event.into()));
        }
    }

    pub(crate) fn notices(&mut self, notice: AgentNotice) {
        self.link(LinkEvent::Notice(Box::new(notice)));
    }

    pub(crate) fn says(&mut self, message: Message) {
        self.notices(AgentNotice::MessageNew(MessageNew { message }));
    }

    fn answer(&mut self, request: AgentRequest, answer: Result<Answer, Refusal>) {
        self.link(LinkEvent::Answered { request: Box::new(request), answer });
    }

    pub(crate) fn lists(&mut self, tickets: impl IntoIterator<Item = Ticket>) {
        let page = TicketPage { tickets: tickets.into_iter().collect(), next_cursor: None };
        self.answer(crate::core::run::list_request(None), Ok(Answer::Tickets(Box::new(page))));
    }

    /// The server answers a join of ticket 1.
    pub(crate) fn joined(
        &mut self,
        after: Option<u64>,
        messages: impl IntoIterator<Item = Message>,
    ) {
        self.joined_with_notes(after, messages, []);
    }

    /// The server answers the first join of ticket 1, of which everything has been read.
    fn joined_read(&mut self, messages: impl IntoIterator<Item = Message>) {
        let messages: Vec<Message> = messages.into_iter().collect();
        let read = messages.last().and_then(|last| last.seq).unwrap_or(0);
        let ticket = Ticket { agent_read_seq: read, ..ticket(1) };
        self.joined_to(ticket, None, messages, []);
    }

    pub(crate) fn joined_with_notes(
        &mut self,
        after: Option<u64>,
        messages: impl IntoIterator<Item = Message>,
        notes: impl IntoIterator<Item = Message>,
    ) {
        self.joined_to(ticket(1), after, messages, notes);
    }

    /// The server answers a join of this ticket, which is the first one.
    pub(crate) fn joined_to(
        &mut self,
        ticket: Ticket,
        after: Option<u64>,
        messages: impl IntoIterator<Item = Message>,
        notes: impl IntoIterator<Item = Message>,
    ) {
        let messages: Vec<Message> = messages.into_iter().collect();
        let has_more = after.is_none() && messages.first().is_some_and(|first| first.seq > Some(1));
        let page = Joined {
            ticket,
            epoch: "e".to_owned(),
            reset: false,
            messages,
            has_more,
            notes: Some(notes.into_iter().collect()),
            has_more_notes: Some(false),
            participants: Vec::new(),
        };
        let mut asked = crate::core::run::join_request(ticket_id(1), None);
        if let AgentRequest::JoinTicket(join) = &mut asked {
            join.after_seq = after;
        }
        self.answer(asked, Ok(Answer::Joined(Box::new(page))));
    }

    /// Everything that was to be saved is on disk.
    pub(crate) fn is_saved(&mut self) {
        self.happens(Msg::Saved { revision: self.revision, outcome: Ok(()) });
    }

    /// Everything that was to be done since the last look.
    pub(crate) fn effects(&mut self) -> Vec<Effect> {
        std::mem::take(&mut self.effects)
    }

    /// Puts back what somebody has looked at and not taken.
    pub(crate) fn keep(&mut self, effect: Effect) {
        self.effects.push(effect);
    }

    /// The requests since the last look, by name, with what matters of them.
    pub(crate) fn asked(&mut self) -> Vec<String> {
        let asked = |effect| match effect {
            Effect::Ask(request) => Some(match *request {
                AgentRequest::JoinTicket(join) => format!("join after {:?}", join.after_seq),
                AgentRequest::SendMessage(sent) => {
                    format!("send {} {}", sent.client_message_id, sent.content)
                }
                AgentRequest::ListMessages(list) => format!("earlier than {:?}", list.before),
                other => other.name().to_owned(),
            }),
            _ => None,
        };
        std::mem::take(&mut self.effects).into_iter().filter_map(asked).collect()
    }

    fn shown(&self) -> Vec<u64> {
        let timeline = &self.state.conversation().unwrap().timeline;
        timeline.entries().iter().map(super::timeline::Entry::number).collect()
    }

    fn toast(&self) -> &str {
        self.state.toast.as_ref().map_or("", |toast| &toast.text)
    }
}

fn named_key(name: &str) -> KeyEvent {
    let code = match name {
        "enter" => KeyCode::Enter,
        "esc" => KeyCode::Esc,
        "tab" => KeyCode::Tab,
        "pgdn" => KeyCode::PageDown,
        "pgup" => KeyCode::PageUp,
        "end" => KeyCode::End,
        "down" => KeyCode::Down,
        "f1" => KeyCode::F(1),
        "c-r" => return KeyEvent::new(KeyCode::Char('r'), KeyModifiers::CONTROL),
        "a-q" => return KeyEvent::new(KeyCode::Char('q'), KeyModifiers::ALT),
        "c-k" => return KeyEvent::new(KeyCode::Char('k'), KeyModifiers::CONTROL),
        "c-u" => return KeyEvent::new(KeyCode::Char('u'), KeyModifiers::CONTROL),
        "a-s" => return KeyEvent::new(KeyCode::Char('s'), KeyModifiers::ALT),
        "a-/" => return KeyEvent::new(KeyCode::Char('/'), KeyModifiers::ALT),
        "a-enter" => return KeyEvent::new(KeyCode::Enter, KeyModifiers::ALT),
        "c-o" => return KeyEvent::new(KeyCode::Char('o'), KeyModifiers::CONTROL),
        "c-x" => return KeyEvent::new(KeyCode::Char('x'), KeyModifiers::CONTROL),
        "c-c" => return KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL),
        "c-w" => return KeyEvent::new(KeyCode::Char('w'), KeyModifiers::CONTROL),
        "c-j" => return KeyEvent::new(KeyCode::Char('j'), KeyModifiers::CONTROL),
        "c-e" => return KeyEvent::new(KeyCode::Char('e'), KeyModifiers::CONTROL),
        "c-n" => return KeyEvent::new(KeyCode::Char('n'), KeyModifiers::CONTROL),
        "c-z" => return KeyEvent::new(KeyCode::Char('z'), KeyModifiers::CONTROL),
        other => panic!("no key is called {other}"),
    };
    KeyEvent::new(code, KeyModifiers::NONE)
}

/// What the console asks for first.
pub(crate) fn list_request() -> AgentRequest {
    crate::core::run::list_request(None)
}

pub(crate) fn join_request() -> AgentRequest {
    crate::core::run::join_request(ticket_id(1), None)
}

pub(crate) fn guest(seq: u64) -> Message {
    message(seq, SenderRole::Guest, &format!("message {seq}"))
}

fn mine(seq: u64, id: u64, text: &str) -> Message {
    Message { client_message_id: Some(client_id(id)), ..message(seq, SenderRole::Agent, text) }
}

fn closed(n: u64) -> Ticket {
    let by = AgentName { id: agent().id, name: "Bob".to_owned() };
    Ticket { status: TicketStatus::Closed, closed_by: Some(by), waiting_since: None, ..ticket(n) }
}
