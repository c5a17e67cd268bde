//! What comes from the server: answers, and notices.

use support_shared::ticket::Ticket;

use super::*;

impl Client {
    /// Whatever tells of a close ends the visit, unless it is older than what is known.
    fn closed(&mut self, ticket: &Ticket) {
        if let Some(view) = self.views.get_mut(&ticket.id)
            && ticket.status == TicketStatus::Closed
            && ticket.last_seq >= view.ticket_seq.max(view.conversation.last())
        {
            view.ticket_seq = ticket.last_seq;
            view.in_room = false;
            view.wanted = false;
            view.seated = false;
        }
    }

    pub(in crate::desk::simulation) fn frame(
        &mut self,
        net: &mut Inner,
        link: LinkId,
        frame: Frame,
    ) {
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
                    self.closed(&it.ticket);
                    if self.queue.insert(it.ticket.id) && net.random.chance(300) {
                        self.join(net, it.ticket.id);
                    }
                    let (seq, note_seq) = (it.ticket.last_seq, it.ticket.last_note_seq);
                    self.renew(net, it.ticket.id, seq, note_seq);
                }
                AgentNotice::TicketClosed(it) => {
                    self.closed(&it.ticket);
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

    pub(super) fn answer(
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
}
