//! Finding tickets and reading them: what is missed is asked for by number.

use super::*;

impl Client {
    pub(super) fn synchronise(&mut self, net: &mut Inner) {
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

    pub(super) fn list(&mut self, net: &mut Inner) {
        let command = if self.is_guest() {
            Command::ListOwnTickets(ListOwnTickets::default())
        } else {
            Command::ListTickets(ListTickets::default())
        };
        self.ask(net, Asked::List, command);
    }

    pub(super) fn join(&mut self, net: &mut Inner, ticket: TicketId) {
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

    pub(super) fn joined(
        &mut self,
        net: &mut Inner,
        id: TicketId,
        resumes: bool,
        page: Joined<TicketView>,
    ) {
        let Some(view) = self.views.get_mut(&id) else { return };
        view.joining = false;
        let (status, seq) = summary(&page.ticket);
        // A notice may overtake an answer: what was said in between is asked for again.
        let older = seq < view.ticket_seq && !page.reset;
        if older {
            // Once: the notice may have been of another history.
            view.ticket_seq = seq;
        }
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
        let again = resumes && more || older;
        self.show(net, id, shown);
        if again {
            self.join(net, id);
        } else {
            self.check(net, id);
            self.drain(net);
        }
    }

    /// Waits a moment for a gap to close, then asks.
    pub(super) fn check(&mut self, net: &mut Inner, id: TicketId) {
        if let Some(view) = self.views.get_mut(&id)
            && view.is_behind()
            && !view.checking
        {
            view.checking = true;
            net.plan(GAP, Event::Wake(self.number, Wake::Check(id)));
        }
    }

    pub(super) fn show(&mut self, net: &mut Inner, id: TicketId, shown: Vec<Message>) {
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

    pub(super) fn receive(&mut self, net: &mut Inner, message: Message) {
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

    pub(super) fn head(&mut self, net: &mut Inner, head: &HeadNotice) {
        let Some(view) = self.views.get(&head.ticket_id) else { return };
        let behind = head.seq > view.conversation.last()
            || head.note_seq.is_some_and(|seq| seq > view.notes.last());
        let elsewhere = view.epoch.as_ref() != Some(&head.epoch);
        if view.in_room && (behind || elsewhere) {
            self.join(net, head.ticket_id);
        }
    }

    /// A newer view of a ticket.
    pub(super) fn renew(&mut self, net: &mut Inner, ticket: TicketId, seq: u64, note_seq: u64) {
        if let Some(view) = self.views.get_mut(&ticket)
            && (self.current == Some(ticket) || view.in_room)
        {
            view.ticket_seq = view.ticket_seq.max(seq);
            view.ticket_note_seq = view.ticket_note_seq.max(note_seq);
            self.check(net, ticket);
        }
    }
}
