//! What people do with a client when there is no trouble of their own.

use super::*;

impl Client {
    pub(super) fn act(&mut self, net: &mut Inner) {
        if self.is_guest() { self.act_as_guest(net) } else { self.act_as_agent(net) }
    }

    pub(super) fn act_as_guest(&mut self, net: &mut Inner) {
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

    pub(super) fn act_as_agent(&mut self, net: &mut Inner) {
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
