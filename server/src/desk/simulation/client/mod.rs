//! Guests and agents, as small models of the real clients (`guest-web/src/chat.ts`, `agent-tui`'s
//! `core`): a letter is kept before the first attempt, one is under way at a time, and it is sent
//! again under the same name until the answer is final; what is missed is found by number.

mod frames;
mod outbox;
mod people;
mod reading;

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
