//! Guests and agents, as small models of the real clients (`guest-web/src/chat.ts`, `agent-tui`'s
//! `core`): a letter is kept before the first attempt, one is under way at a time, and it is sent
//! again under the same name until the answer is final; what is missed is found by number.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use support_shared::{
    ClientMessageId, ErrorCode, GuestId, SessionId, TicketId,
    answer::Joined,
    ids::TicketName,
    message::{Message, SenderRole, SystemEvent},
    notice::{AgentNotice, GuestNotice, HeadNotice},
    request::{
        Assignment, CreateTicket, IfAssignee, JoinTicket, ListOwnTickets, ListTickets, MarkRead,
        NewAssignee, RateTicket, Tagging,
    },
    text::{Content, Tag},
    ticket::{AgentName, TicketStatus},
};

use super::checks::Written;
use super::ground::Ground;
use super::network::{Event, Frame, Inner, LinkId, Wake};
use super::view::View;
use super::world;
use crate::desk::{Command, Reply, Side, TicketView, Who};

/// Milliseconds after which an answer is missed.
const OVERDUE: u64 = 10_000;

/// Milliseconds that a gap may close by itself.
const GAP: u64 = 2_000;

/// Letters that wait at most.
const OUTBOX: usize = 6;

#[derive(Debug, Clone)]
pub(super) enum Identity {
    Guest(GuestId),
    Agent(AgentName, SessionId),
}

#[derive(Debug, Clone)]
struct Letter {
    id: ClientMessageId,
    ticket: Option<TicketId>,
    content: String,
    internal: bool,
}

#[derive(Debug)]
enum Asked {
    List,
    Join { ticket: TicketId, resumes: bool, seen: bool },
    Letter(ClientMessageId),
    Leave(TicketId),
    Other,
}

#[expect(clippy::struct_excessive_bools, reason = "each is a thing of its own that is so or not")]
pub(super) struct Client {
    number: usize,
    pub(super) who: Identity,
    ground: Ground,
    link: Option<LinkId>,
    pub(super) online: bool,
    requests: u64,
    /// What is asked on this connection, and whether the client has given up waiting for it.
    asked: BTreeMap<u64, (Asked, bool)>,
    pub(super) views: BTreeMap<TicketId, View>,
    /// The tickets that an agent knows of.
    queue: BTreeSet<TicketId>,
    /// The ticket that a guest has on its page.
    current: Option<TicketId>,
    fresh: bool,
    listed: bool,
    outbox: VecDeque<Letter>,
    sending: Option<ClientMessageId>,
    resting: bool,
    letters: u64,
    /// It writes nothing new.
    pub(super) quiet: bool,
    /// It does not come back.
    pub(super) gone: bool,
}

impl Client {
    pub(super) fn new(number: usize, who: Identity, ground: Ground) -> Self {
        Self {
            number,
            who,
            ground,
            link: None,
            online: false,
            requests: 0,
            asked: BTreeMap::new(),
            views: BTreeMap::new(),
            queue: BTreeSet::new(),
            current: None,
            fresh: false,
            listed: false,
            outbox: VecDeque::new(),
            sending: None,
            resting: false,
            letters: 0,
            quiet: false,
            gone: false,
        }
    }

    fn is_guest(&self) -> bool {
        matches!(self.who, Identity::Guest(_))
    }

    fn sender(&self) -> String {
        match &self.who {
            Identity::Guest(guest) => guest.to_string(),
            Identity::Agent(agent, _) => agent.id.to_string(),
        }
    }

    // ---- Connecting ----

    pub(super) fn wake(&mut self, net: &mut Inner, wake: Wake) {
        match wake {
            Wake::Act => {
                if !self.quiet {
                    if net.random.chance(800) {
                        self.act(net);
                    }
                    let after = 50 + net.random.below(1500);
                    net.plan(after, Event::Wake(self.number, Wake::Act));
                }
            }
            Wake::Connect => self.connect(net),
            Wake::Rested => {
                self.resting = false;
                self.drain(net);
            }
            Wake::Check(ticket) => {
                let view = self.views.get_mut(&ticket);
                if let Some(view) = view
                    && std::mem::take(&mut view.checking)
                    && view.is_behind()
                {
                    self.join(net, ticket);
                }
            }
            Wake::Leave(id) => {
                if self.views.get(&id).is_none_or(|view| !view.wanted) {
                    self.ask(net, Asked::Leave(id), Command::LeaveTicket(id));
                }
            }
            Wake::Resync => self.synchronise(net),
            Wake::Overdue(link, request) => {
                if self.link == Some(link) {
                    self.overdue(net, link, request);
                }
            }
        }
    }

    fn connect(&mut self, net: &mut Inner) {
        if self.link.is_some() || self.gone {
            return;
        }
        if net.nodes.is_empty() {
            return self.connect_later(net);
        }
        let node = {
            let nodes = net.nodes.clone();
            *net.random.pick(&nodes)
        };
        let (who, side) = match &self.who {
            Identity::Guest(guest) => (Who::Guest(*guest), Side::Guest),
            Identity::Agent(agent, session) => {
                let expires_at = world::end_of_time();
                (Who::Agent { agent: agent.id, session: *session, expires_at }, Side::Agent)
            }
        };
        let link = net.open(self.number, node, who, side);
        self.link = Some(link);
        // A handshake is waited for as any answer.
        self.requests += 1;
        self.asked.insert(self.requests, (Asked::Other, false));
        net.plan(OVERDUE, Event::Wake(self.number, Wake::Overdue(link, self.requests)));
    }

    fn connect_later(&mut self, net: &mut Inner) {
        if !self.gone {
            let after = 100 + net.random.below(3000);
            net.plan(after, Event::Wake(self.number, Wake::Connect));
        }
    }

    /// The connection is gone: what was under way waits again.
    pub(super) fn lost(&mut self, net: &mut Inner, link: LinkId) {
        net.lose_at_client(link);
        if self.link == Some(link) {
            self.link = None;
            self.online = false;
            self.listed = false;
            self.asked.clear();
            self.sending = None;
            for view in self.views.values_mut() {
                view.joining = false;
                view.in_room = false;
                view.seated = false;
                // It may be of a history that has ended when the client is back.
                view.conversation.held.clear();
                view.notes.held.clear();
            }
            self.connect_later(net);
        }
    }

    /// Closes its own connection; the server may take a while to notice.
    pub(super) fn hang_up(&mut self, net: &mut Inner) {
        if let Some(link) = self.link {
            net.cut(link, 20_000, 0);
            self.lost(net, link);
        }
    }

    /// As after the page was closed and opened again: only what is on disk is left.
    pub(super) fn restart(&mut self, net: &mut Inner) {
        self.hang_up(net);
        self.views.clear();
        self.queue.clear();
        self.current = None;
        self.fresh = false;
    }

    fn overdue(&mut self, net: &mut Inner, link: LinkId, request: u64) {
        let Some((asked, given_up)) = self.asked.get_mut(&request) else { return };
        // The page sends a letter again on the same connection; everybody else gives it up.
        if let Asked::Letter(id) = asked
            && matches!(self.who, Identity::Guest(_))
            && net.random.chance(700)
        {
            *given_up = true;
            if self.sending.as_ref() == Some(id) {
                self.sending = None;
            }
            self.drain(net);
            return;
        }
        net.cut(link, 20_000, 0);
        self.lost(net, link);
    }

    fn sign_in_again(&mut self) {
        if let Identity::Agent(agent, session) = &mut self.who {
            *session = self.ground.new_session(agent.id);
        }
    }

    fn ask(&mut self, net: &mut Inner, asked: Asked, command: Command) {
        let Some(link) = self.link.filter(|_| self.online) else { return };
        self.requests += 1;
        net.note(|| format!("client {} asks {} {asked:?}", self.number, self.requests));
        self.asked.insert(self.requests, (asked, false));
        net.ask(link, self.requests, command);
        net.plan(OVERDUE, Event::Wake(self.number, Wake::Overdue(link, self.requests)));
    }

    // ---- Finding tickets and reading them ----

    fn synchronise(&mut self, net: &mut Inner) {
        if !self.online {
            return;
        }
        if self.is_guest() {
            match self.current {
                Some(ticket) => self.join(net, ticket),
                None => self.list(net),
            }
            return;
        }
        self.list(net);
        // Also where it is told of what is new and could not read what it has missed.
        let wanted = self
            .views
            .iter()
            .filter(|(_, view)| view.wanted && (!view.in_room || view.is_behind()));
        for ticket in wanted.map(|(id, _)| *id).collect::<Vec<_>>() {
            self.join(net, ticket);
        }
    }

    fn list(&mut self, net: &mut Inner) {
        let command = if self.is_guest() {
            Command::ListOwnTickets(ListOwnTickets::default())
        } else {
            Command::ListTickets(ListTickets::default())
        };
        self.ask(net, Asked::List, command);
    }

    fn join(&mut self, net: &mut Inner, ticket: TicketId) {
        let view = self.views.entry(ticket).or_default();
        if view.joining || !self.online {
            return;
        }
        view.joining = true;
        view.wanted = true;
        let after_seq = view.epoch.as_ref().and_then(|_| view.conversation.after());
        let after_note_seq = view.epoch.as_ref().and_then(|_| view.notes.after());
        let silent = view.silent;
        let epoch = view.epoch.clone();
        let command = Command::JoinTicket(JoinTicket {
            ticket_id: ticket,
            after_seq,
            after_note_seq: after_note_seq.filter(|_| !self.is_guest()),
            epoch,
            limit: None,
            silent,
        });
        let resumes = after_seq.is_some();
        self.ask(net, Asked::Join { ticket, resumes, seen: !silent }, command);
    }

    fn joined(&mut self, net: &mut Inner, id: TicketId, resumes: bool, page: Joined<TicketView>) {
        let Some(view) = self.views.get_mut(&id) else { return };
        view.joining = false;
        let (status, seq) = summary(&page.ticket);
        if page.reset && resumes {
            view.reset();
            return self.join(net, id);
        }
        view.epoch = Some(page.epoch);
        view.open = status == TicketStatus::Open;
        view.ticket_seq = view.ticket_seq.max(seq);
        view.in_room = view.open;
        let before = (view.conversation.last(), view.notes.last());
        let mut shown = if resumes {
            view.conversation.receive(page.messages)
        } else {
            view.conversation.load(page.messages)
        };
        let notes = page.notes.unwrap_or_default();
        shown.extend(if resumes { view.notes.receive(notes) } else { view.notes.load(notes) });
        let more = page.has_more && view.conversation.last() > before.0
            || page.has_more_notes == Some(true) && view.notes.last() > before.1;
        let again = resumes && more;
        self.show(net, id, shown);
        if again {
            self.join(net, id);
        } else {
            self.check(net, id);
            self.drain(net);
        }
    }

    /// Waits a moment for a gap to close, then asks.
    fn check(&mut self, net: &mut Inner, id: TicketId) {
        if let Some(view) = self.views.get_mut(&id)
            && view.is_behind()
            && !view.checking
        {
            view.checking = true;
            net.plan(GAP, Event::Wake(self.number, Wake::Check(id)));
        }
    }

    fn show(&mut self, net: &mut Inner, id: TicketId, shown: Vec<Message>) {
        let sender = self.sender();
        let Some(view) = self.views.get_mut(&id) else { return };
        for message in shown {
            net.checks.applied(view.epoch.as_deref(), &message);
            match &message.event {
                Some(SystemEvent::TicketClosed { .. }) => {
                    view.open = false;
                    view.seated = false;
                }
                Some(SystemEvent::TicketReopened { .. }) => view.open = true,
                _ => {}
            }
            // Seeing an own letter in the log is as good as an answer to it.
            if message.sender_id.as_ref() == Some(&sender)
                && let Some(own) = &message.client_message_id
            {
                self.outbox.retain(|letter| letter.id != *own);
                self.sending = self.sending.take().filter(|sending| sending != own);
            }
        }
    }

    fn receive(&mut self, net: &mut Inner, message: Message) {
        let id = message.ticket_id;
        let Some(view) = self.views.get_mut(&id) else { return };
        let log = if message.internal { &mut view.notes } else { &mut view.conversation };
        let shown = log.receive(vec![message]);
        let gap = log.has_gap() && view.in_room && !view.checking;
        self.show(net, id, shown);
        if gap {
            self.join(net, id);
        }
        self.drain(net);
    }

    fn head(&mut self, net: &mut Inner, head: &HeadNotice) {
        let Some(view) = self.views.get(&head.ticket_id) else { return };
        let behind = head.seq > view.conversation.last()
            || head.note_seq.is_some_and(|seq| seq > view.notes.last());
        let elsewhere = view.epoch.as_ref() != Some(&head.epoch);
        if view.in_room && (behind || elsewhere) {
            self.join(net, head.ticket_id);
        }
    }

    /// A newer view of a ticket.
    fn renew(&mut self, net: &mut Inner, ticket: TicketId, seq: u64, note_seq: u64) {
        if let Some(view) = self.views.get_mut(&ticket)
            && (self.current == Some(ticket) || view.in_room)
        {
            view.ticket_seq = view.ticket_seq.max(seq);
            view.ticket_note_seq = view.ticket_note_seq.max(note_seq);
            self.check(net, ticket);
        }
    }

    // ---- What comes ----

    pub(super) fn frame(&mut self, net: &mut Inner, link: LinkId, frame: Frame) {
        if let Identity::Guest(guest) = self.who {
            net.checks.guest_gets(guest, &format!("{frame:?}"));
        }
        if self.link != Some(link) {
            return;
        }
        match frame {
            Frame::Accepted => {
                self.asked.clear();
                self.online = true;
                self.synchronise(net);
                self.drain(net);
            }
            Frame::Refused(code) => {
                if code == ErrorCode::Unauthenticated {
                    self.sign_in_again();
                }
                self.lost(net, link);
            }
            Frame::Answer(request, result) => match self.asked.remove(&request) {
                Some((asked, given_up)) => self.answer(net, asked, given_up, result),
                None => net.checks.fail("V17", || format!("{request} was answered again")),
            },
            Frame::Guest(notice) => match notice {
                GuestNotice::MessageNew(new) => {
                    if self.current == Some(new.message.ticket_id) {
                        self.receive(net, new.message);
                    }
                }
                GuestNotice::TicketUpdated(it) | GuestNotice::TicketClosed(it) => {
                    self.renew(net, it.ticket.id, it.ticket.last_seq, 0);
                }
                GuestNotice::Head(head) => self.head(net, &head),
                GuestNotice::Typing(_)
                | GuestNotice::Read(_)
                | GuestNotice::SessionEnded(_)
                | GuestNotice::ServerDraining(_) => {}
            },
            Frame::Agent(notice) => match notice {
                AgentNotice::MessageNew(new) => self.receive(net, new.message),
                AgentNotice::TicketUpdated(it) => {
                    if self.queue.insert(it.ticket.id) && net.random.chance(300) {
                        self.join(net, it.ticket.id);
                    }
                    let (seq, note_seq) = (it.ticket.last_seq, it.ticket.last_note_seq);
                    self.renew(net, it.ticket.id, seq, note_seq);
                }
                AgentNotice::TicketClosed(it) => {
                    // What is older than what is known is dropped; else the room is left with it.
                    if let Some(view) = self.views.get_mut(&it.ticket.id)
                        && it.ticket.last_seq >= view.ticket_seq.max(view.conversation.last())
                    {
                        view.in_room = false;
                        view.wanted = false;
                        view.seated = false;
                    }
                }
                AgentNotice::Head(head) => self.head(net, &head),
                AgentNotice::SessionEnded(_) => self.sign_in_again(),
                AgentNotice::Typing(_)
                | AgentNotice::Read(_)
                | AgentNotice::PresenceChanged(_)
                | AgentNotice::ServerDraining(_) => {}
            },
        }
    }

    fn answer(
        &mut self,
        net: &mut Inner,
        asked: Asked,
        given_up: bool,
        result: Result<Reply, ErrorCode>,
    ) {
        match (asked, result) {
            (Asked::List, Ok(Reply::Tickets(page))) => {
                self.listed = true;
                let tickets: Vec<_> =
                    page.tickets.iter().map(|it| (id_of(it), summary(it))).collect();
                if self.is_guest() {
                    let open =
                        tickets.iter().find(|(_, (status, _))| *status == TicketStatus::Open);
                    let latest = open.or(tickets.first().filter(|_| !self.fresh));
                    if let Some((id, _)) = latest {
                        self.current = Some(*id);
                        self.fresh = false;
                        self.join(net, *id);
                    }
                    self.drain(net);
                    return;
                }
                for (id, _) in tickets {
                    if self.queue.insert(id) && net.random.chance(400) {
                        self.join(net, id);
                    }
                }
            }
            (Asked::Join { ticket, resumes, seen }, Ok(Reply::Joined(page))) => {
                let open = summary(&page.ticket).0 == TicketStatus::Open;
                if let Some(view) = self.views.get_mut(&ticket) {
                    view.seated = open && (seen || view.seated);
                }
                self.joined(net, ticket, resumes, page);
            }
            (Asked::Letter(id), Ok(Reply::Sent(sent))) => {
                net.checks.acked(&self.sender(), &id, &sent.message);
                self.stored(&id);
                self.receive(net, sent.message);
                self.drain(net);
            }
            (Asked::Letter(id), Ok(Reply::Created(created))) => {
                // What follows it, when it was sent again, is the conversation so far.
                if let Some(message) = created.messages.first() {
                    net.checks.acked(&self.sender(), &id, message);
                }
                self.stored(&id);
                if !given_up {
                    let ticket = id_of(&created.ticket);
                    self.current = Some(ticket);
                    self.fresh = false;
                    self.join(net, ticket);
                }
            }
            (asked, Err(ErrorCode::Unauthenticated)) => {
                net.note(|| format!("client {} is nobody any more: {asked:?}", self.number));
                self.sign_in_again();
                self.hang_up(net);
            }
            (Asked::Letter(id), Err(code)) => self.refused(net, &id, given_up, code),
            (Asked::Join { ticket, .. }, Err(code)) => {
                if let Some(view) = self.views.get_mut(&ticket) {
                    view.joining = false;
                }
                if code == ErrorCode::NotFound {
                    self.views.remove(&ticket);
                    self.queue.remove(&ticket);
                    if self.current == Some(ticket) {
                        self.current = None;
                        self.fresh = true;
                    }
                }
                net.plan(1000, Event::Wake(self.number, Wake::Resync));
            }
            (Asked::List, Err(_)) => net.plan(1000, Event::Wake(self.number, Wake::Resync)),
            (Asked::Leave(ticket), Err(ErrorCode::Unavailable)) => {
                net.plan(1000, Event::Wake(self.number, Wake::Leave(ticket)));
            }
            (Asked::Leave(_) | Asked::Other, _) => {}
            (asked, Ok(other)) => {
                net.checks.fail("V17", || format!("{asked:?} was answered with {other:?}"));
            }
        }
    }

    // ---- The outbox ----

    fn stored(&mut self, id: &ClientMessageId) {
        self.outbox.retain(|letter| letter.id != *id);
        self.sending = self.sending.take().filter(|sending| sending != id);
    }

    fn refused(&mut self, net: &mut Inner, id: &ClientMessageId, given_up: bool, code: ErrorCode) {
        if given_up && self.sending.as_ref() != Some(id) {
            return;
        }
        self.sending = self.sending.take().filter(|sending| sending != id);
        match code {
            ErrorCode::Unavailable | ErrorCode::Internal | ErrorCode::RateLimited => {
                self.resting = true;
                let after = 200 + net.random.below(1500);
                net.plan(after, Event::Wake(self.number, Wake::Rested));
            }
            _ => {
                // The last word. Whoever wrote it takes it back.
                net.note(|| format!("client {} gives up {id}: {code:?}", self.number));
                self.outbox.retain(|letter| letter.id != *id);
                self.drain(net);
            }
        }
    }

    fn drain(&mut self, net: &mut Inner) {
        if self.sending.is_some() || self.resting || !self.online {
            return;
        }
        let guest = self.is_guest();
        let current = self.current;
        // A guest's page sends nothing before it has read its conversation.
        let reading = current.is_some_and(|id| {
            self.views.get(&id).is_none_or(|view| view.joining || !view.conversation.loaded)
        });
        if guest && (reading || current.is_none() && !self.listed) {
            return;
        }
        let open = current.filter(|id| self.views.get(id).is_some_and(|view| view.open));
        let Some(letter) = self.outbox.front_mut() else { return };
        if letter.ticket.is_none() {
            letter.ticket = open;
        }
        let Letter { id, ticket, content, internal } = letter.clone();
        self.sending = Some(id.clone());
        let content = Content::try_from(content).unwrap();
        let command = match ticket {
            Some(ticket) => Command::SendMessage {
                ticket: TicketName::Id(ticket),
                content,
                client_message_id: id.clone(),
                internal,
            },
            None => Command::OpenTicket(CreateTicket {
                content,
                client_message_id: id.clone(),
                subject: None,
                name: None,
                email: None,
            }),
        };
        self.ask(net, Asked::Letter(id), command);
    }

    fn write(&mut self, net: &mut Inner, ticket: Option<TicketId>, internal: bool) {
        if self.outbox.len() >= OUTBOX {
            return;
        }
        self.letters += 1;
        let number = self.letters;
        // Everybody counts from 1: the same name of two senders names two letters.
        let id: ClientMessageId = format!("letter-{number}").parse().unwrap();
        let kind = if internal { "internal note" } else { "role:agent letter" };
        let content = format!("{kind} {number} of client {}", self.number);
        let role = if self.is_guest() { SenderRole::Guest } else { SenderRole::Agent };
        let written = Written { role, number, content: content.clone() };
        net.checks.written(self.sender(), id.clone(), written);
        self.outbox.push_back(Letter { id, ticket, content, internal });
        self.drain(net);
    }

    pub(super) fn waits(&self) -> usize {
        self.outbox.len()
    }

    pub(super) fn unanswered(&self) -> usize {
        self.asked.len()
    }

    // ---- What people do ----

    fn act(&mut self, net: &mut Inner) {
        if self.is_guest() { self.act_as_guest(net) } else { self.act_as_agent(net) }
    }

    fn act_as_guest(&mut self, net: &mut Inner) {
        let Some(id) = self.current else { return self.write(net, None, false) };
        let (open, last) =
            self.views.get(&id).map_or((false, 0), |view| (view.open, view.conversation.last()));
        match net.random.below(100) {
            0..60 => {
                let ticket = Some(id).filter(|_| open);
                self.write(net, ticket, false);
            }
            60..64 => self.ask(net, Asked::Other, Command::EndTicket(id)),
            64..68 => {
                let score = 4.try_into().unwrap();
                let rating = RateTicket { ticket_id: id, score, comment: None };
                self.ask(net, Asked::Other, Command::RateTicket(rating));
            }
            68..85 => {
                let mark = MarkRead { ticket_id: id, seq: last };
                self.ask(net, Asked::Other, Command::MarkRead(mark));
            }
            _ if !open => {
                self.views.remove(&id);
                self.current = None;
                self.fresh = true;
                self.listed = false;
                self.list(net);
            }
            _ => {}
        }
    }

    fn act_as_agent(&mut self, net: &mut Inner) {
        let known: Vec<TicketId> = self.queue.iter().copied().collect();
        if known.is_empty() {
            return;
        }
        let id = *net.random.pick(&known);
        let ticket = TicketName::Id(id);
        let other = |this: &mut Self, net: &mut Inner, command| {
            this.ask(net, Asked::Other, command);
        };
        match net.random.below(100) {
            0..15 => {
                let silent = net.random.chance(150);
                let view = self.views.entry(id).or_default();
                if !view.joining && self.online {
                    view.silent = silent;
                    self.join(net, id);
                }
            }
            15..45 => self.write(net, Some(id), false),
            45..60 => self.write(net, Some(id), true),
            60..65 => other(self, net, Command::CloseTicket { ticket, reason: None }),
            65..73 => other(self, net, Command::ReopenTicket(ticket)),
            73..80 => {
                let if_assignee = *net.random.pick(&[IfAssignee::Anybody, IfAssignee::Nobody]);
                let agent_id = *net.random.pick(&[NewAssignee::Me, NewAssignee::Nobody]);
                let assignment = Assignment { agent_id, note: None, if_assignee };
                other(self, net, Command::AssignTicket { ticket, assignment });
            }
            80..85 => {
                let tag = *net.random.pick(&["vip", "billing"]);
                let tag = Tag::try_from(tag.to_owned()).unwrap();
                let tagging = Tagging { add: vec![tag], ..Tagging::default() };
                other(self, net, Command::TagTicket { ticket, tagging });
            }
            85..90 => {
                if let Some(view) = self.views.get_mut(&id).filter(|view| !view.joining) {
                    view.in_room = false;
                    view.wanted = false;
                    view.seated = false;
                    self.ask(net, Asked::Leave(id), Command::LeaveTicket(id));
                }
            }
            _ => {
                let seq = self.views.get(&id).map_or(0, |view| view.conversation.last());
                other(self, net, Command::MarkRead(MarkRead { ticket_id: id, seq }));
            }
        }
    }
}

fn id_of(ticket: &TicketView) -> TicketId {
    match ticket {
        TicketView::Agent(ticket) => ticket.id,
        TicketView::Guest(ticket) => ticket.id,
    }
}

fn summary(ticket: &TicketView) -> (TicketStatus, u64) {
    match ticket {
        TicketView::Agent(ticket) => (ticket.status, ticket.last_seq),
        TicketView::Guest(ticket) => (ticket.status, ticket.last_seq),
    }
}
