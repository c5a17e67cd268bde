//! Letters: each is kept before the first attempt and sent until the answer is final, one at a time.

use super::*;

impl Client {
    pub(super) fn stored(&mut self, id: &ClientMessageId) {
        self.outbox.retain(|letter| letter.id != *id);
        self.sending = self.sending.take().filter(|sending| sending != id);
    }

    pub(super) fn refused(
        &mut self,
        net: &mut Inner,
        id: &ClientMessageId,
        given_up: bool,
        code: ErrorCode,
    ) {
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
                net.checks.taken_back(self.sender(), id.clone());
                self.outbox.retain(|letter| letter.id != *id);
                self.drain(net);
            }
        }
    }

    pub(super) fn drain(&mut self, net: &mut Inner) {
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

    pub(super) fn write(&mut self, net: &mut Inner, ticket: Option<TicketId>, internal: bool) {
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

    pub(in crate::desk::simulation) fn waits(&self) -> usize {
        self.outbox.len()
    }

    pub(in crate::desk::simulation) fn unanswered(&self) -> usize {
        self.asked.len()
    }
}
