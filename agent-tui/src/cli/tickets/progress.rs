//! How far a followed conversation has been printed, and what is to be done next. Nothing here
//! waits or prints.

use std::time::Duration;

use support_shared::answer::Joined;
use support_shared::message::Message;
use support_shared::notice::AgentNotice;
use support_shared::request::{AgentRequest, JoinTicket};
use support_shared::ticket::{Ticket, TicketStatus};
use support_shared::{ApiError, ErrorCode, TicketId};

use super::read::{in_order, number};
use crate::core::link::{Answer, LinkEvent, Refusal};
use crate::ops::Failure;
use crate::text::Untrusted;

/// What is to be done.
#[derive(Debug)]
pub(super) enum Step {
    Print(Box<Message>),
    /// On standard error.
    Say(String),
    Ask(Box<AgentRequest>),
    /// Ask again after a while.
    AskIn(Duration),
    End,
    Fail(Failure),
}

/// How far the conversation and its notes have been printed. Both are printed in the order of their
/// log, each entry once; one that comes too early is not kept, because the answer that fills the gap brings it.
#[derive(Debug)]
pub(super) struct Tail {
    ticket: TicketId,
    epoch: String,
    last: u64,
    last_note: u64,
    /// What was missed is being asked for.
    asking: bool,
    /// It has been said that the connection is lost.
    lost: bool,
}

impl Tail {
    pub(super) fn new(page: &Joined<Ticket>) -> Self {
        Self {
            ticket: page.ticket.id,
            epoch: page.epoch.clone(),
            last: page.messages.last().and_then(number).unwrap_or(0),
            last_note: page.notes.iter().flatten().last().and_then(number).unwrap_or(0),
            asking: false,
            lost: false,
        }
    }

    /// Asks for everything after what has been printed, and to be told of what comes.
    pub(super) fn join(&mut self) -> Step {
        self.asking = true;
        Step::Ask(Box::new(AgentRequest::JoinTicket(JoinTicket {
            ticket_id: self.ticket,
            after_seq: Some(self.last),
            after_note_seq: Some(self.last_note),
            epoch: Some(self.epoch.clone()),
            limit: None,
            silent: true,
        })))
    }

    fn join_unless_asking(&mut self) -> Vec<Step> {
        if self.asking { Vec::new() } else { vec![self.join()] }
    }

    pub(super) fn take(&mut self, event: LinkEvent) -> Vec<Step> {
        match event {
            LinkEvent::Connecting | LinkEvent::SignInRefused { .. } => Vec::new(),
            LinkEvent::Online(_) => {
                self.lost = false;
                vec![self.join()]
            }
            LinkEvent::Offline { .. } if self.lost => Vec::new(),
            LinkEvent::Offline { why, .. } => {
                self.lost = true;
                vec![Step::Say(format!("connection lost ({}), connecting again", why.line(100)))]
            }
            LinkEvent::SignedOut { why } => {
                let error = ApiError::new(ErrorCode::Unauthenticated, why.line(200));
                vec![Step::Fail(Failure::Refused(error))]
            }
            LinkEvent::Notice(notice) => self.notice(*notice),
            LinkEvent::Answered { answer: Ok(Answer::Joined(page)), .. } => self.joined(*page),
            LinkEvent::Answered { answer: Err(Refusal::Error(error)), .. } => self.refused(error),
            // The connection is gone: the next one asks again.
            LinkEvent::Answered { .. } => {
                self.asking = false;
                Vec::new()
            }
        }
    }

    fn notice(&mut self, notice: AgentNotice) -> Vec<Step> {
        match notice {
            AgentNotice::MessageNew(new) if new.message.ticket_id == self.ticket => {
                let last = if new.message.internal { self.last_note } else { self.last };
                match number(&new.message) {
                    Some(seq) if seq == last + 1 => self.print(new.message).into_iter().collect(),
                    Some(seq) if seq > last => self.join_unless_asking(),
                    _ => Vec::new(),
                }
            }
            AgentNotice::TicketClosed(closed) => self.ticket(&closed.ticket),
            AgentNotice::TicketUpdated(updated) => self.ticket(&updated.ticket),
            AgentNotice::Head(head)
                if head.ticket_id == self.ticket
                    && (head.seq > self.last
                        || head.note_seq.is_some_and(|seq| seq > self.last_note)
                        || head.epoch != self.epoch) =>
            {
                self.join_unless_asking()
            }
            _ => Vec::new(),
        }
    }

    /// A closed ticket is the end, once its last messages are printed.
    fn ticket(&mut self, ticket: &Ticket) -> Vec<Step> {
        if ticket.id != self.ticket || ticket.status == TicketStatus::Open {
            Vec::new()
        } else if self.is_complete(ticket) {
            vec![Step::End]
        } else {
            self.join_unless_asking()
        }
    }

    /// Whether everything that a ticket says it has is printed.
    fn is_complete(&self, ticket: &Ticket) -> bool {
        self.last >= ticket.last_seq && self.last_note >= ticket.last_note_seq
    }

    fn print(&mut self, message: Message) -> Option<Step> {
        let last = if message.internal { &mut self.last_note } else { &mut self.last };
        *last = number(&message).filter(|seq| *seq > *last)?;
        Some(Step::Print(Box::new(message)))
    }

    fn joined(&mut self, page: Joined<Ticket>) -> Vec<Step> {
        self.asking = false;
        self.epoch = page.epoch;
        if page.reset {
            // Another history: what was printed has nothing to do with it.
            (self.last, self.last_note) = (0, 0);
            return vec![
                Step::Say("the server's history is another one now; from its start".to_owned()),
                self.join(),
            ];
        }
        let entries = in_order(page.messages, page.notes.unwrap_or_default());
        let mut steps: Vec<Step> =
            entries.into_iter().filter_map(|message| self.print(message)).collect();
        let moved = !steps.is_empty();
        let more = page.has_more || page.has_more_notes.unwrap_or_default();
        if more && moved {
            steps.push(self.join());
        } else if page.ticket.status == TicketStatus::Closed {
            steps.push(Step::End);
        } else if !self.is_complete(&page.ticket) && moved {
            steps.push(self.join());
        }
        steps
    }

    fn refused(&mut self, error: ApiError) -> Vec<Step> {
        self.asking = false;
        let passes = matches!(
            error.code,
            ErrorCode::Unavailable | ErrorCode::RateLimited | ErrorCode::Internal
        );
        if !passes {
            return vec![Step::Fail(Failure::Refused(error))];
        }
        self.asking = true;
        let wait = Duration::from_millis(error.retry_after_ms.unwrap_or(2_000).clamp(200, 60_000));
        let why = Untrusted::from(error.message).line(100);
        vec![Step::Say(format!("{why}; asking again")), Step::AskIn(wait)]
    }
}

#[cfg(test)]
mod tests {
    use support_shared::message::SenderRole;
    use support_shared::notice::{HeadNotice, MessageNew, TicketNotice};

    use super::*;
    use crate::core::fixture::{agent, message, noon, ticket, ticket_id};

    fn page(messages: impl IntoIterator<Item = u64>, ticket: Ticket) -> Joined<Ticket> {
        Joined {
            ticket,
            epoch: "e".to_owned(),
            reset: false,
            messages: messages.into_iter().map(said).collect(),
            has_more: false,
            notes: None,
            has_more_notes: None,
            participants: Vec::new(),
        }
    }

    fn said(seq: u64) -> Message {
        message(seq, SenderRole::Guest, "hello")
    }

    fn note(note_seq: u64, after: u64) -> Message {
        Message {
            seq: None,
            note_seq: Some(note_seq),
            after_seq: Some(after),
            internal: true,
            ..message(note_seq, SenderRole::Agent, "she called us")
        }
    }

    fn open(last_seq: u64) -> Ticket {
        Ticket { last_seq, ..ticket(1) }
    }

    fn closed(last_seq: u64) -> Ticket {
        Ticket { status: TicketStatus::Closed, ..open(last_seq) }
    }

    /// What the steps are, in short.
    fn short(steps: Vec<Step>) -> Vec<String> {
        let word = |step| match step {
            Step::Print(message) if message.internal => {
                format!("note {}", message.note_seq.unwrap())
            }
            Step::Print(message) => format!("print {}", message.seq.unwrap()),
            Step::Say(_) => "say".to_owned(),
            Step::Ask(request) => match *request {
                AgentRequest::JoinTicket(join) => {
                    assert!(join.silent);
                    let (seq, note_seq) = (join.after_seq.unwrap(), join.after_note_seq.unwrap());
                    let notes = if note_seq == 0 { String::new() } else { format!(", {note_seq}") };
                    format!("join after {seq}{notes}")
                }
                other => other.name().to_owned(),
            },
            Step::AskIn(wait) => format!("wait {}", wait.as_millis()),
            Step::End => "end".to_owned(),
            Step::Fail(failure) => format!("fail {}", failure.error().code.exit_status()),
        };
        steps.into_iter().map(word).collect()
    }

    /// A tail that has printed up to this number and is in the room.
    fn at(last: u64) -> Tail {
        let mut tail = Tail::new(&page(1..=last, open(last)));
        assert_eq!(
            short(tail.take(LinkEvent::Online(Box::new(agent())))),
            [format!("join after {last}")]
        );
        assert!(answer(&mut tail, page([], open(last))).is_empty());
        tail
    }

    fn answer(tail: &mut Tail, page: Joined<Ticket>) -> Vec<String> {
        let Step::Ask(request) = tail.join() else { panic!("a join asks") };
        short(
            tail.take(LinkEvent::Answered { request, answer: Ok(Answer::Joined(Box::new(page))) }),
        )
    }

    fn refuse(tail: &mut Tail, code: ErrorCode) -> Vec<String> {
        let Step::Ask(request) = tail.join() else { panic!("a join asks") };
        let answer = Err(Refusal::Error(ApiError::new(code, "no")));
        short(tail.take(LinkEvent::Answered { request, answer }))
    }

    fn hear(tail: &mut Tail, notice: AgentNotice) -> Vec<String> {
        short(tail.take(LinkEvent::Notice(Box::new(notice))))
    }

    fn new(seq: u64) -> AgentNotice {
        AgentNotice::MessageNew(MessageNew { message: said(seq) })
    }

    #[test]
    fn every_message_is_printed_once_in_order_whatever_was_missed() {
        let mut tail = at(2);

        assert_eq!(hear(&mut tail, new(3)), ["print 3"]);
        assert!(hear(&mut tail, new(3)).is_empty());
        assert_eq!(hear(&mut tail, new(6)), ["join after 3"]);
        assert!(hear(&mut tail, new(7)).is_empty());

        assert_eq!(
            answer(&mut tail, page(3..=7, open(7))),
            ["print 4", "print 5", "print 6", "print 7"]
        );
    }

    #[test]
    fn a_head_that_is_ahead_or_of_another_history_asks() {
        let head = |seq, epoch: &str| {
            let epoch = epoch.to_owned();
            AgentNotice::Head(HeadNotice { ticket_id: ticket_id(1), seq, note_seq: None, epoch })
        };

        assert!(hear(&mut at(2), head(2, "e")).is_empty());
        assert_eq!(hear(&mut at(2), head(3, "e")), ["join after 2"]);
        assert_eq!(hear(&mut at(2), head(2, "other")), ["join after 2"]);
        let reset = Joined { reset: true, ..page([], open(1)) };
        assert_eq!(answer(&mut at(2), reset), ["say", "join after 0"]);
    }

    #[test]
    fn the_close_is_the_end_after_the_last_message() {
        let closing = |last| AgentNotice::TicketClosed(TicketNotice { ticket: closed(last) });

        assert_eq!(hear(&mut at(3), closing(3)), ["end"]);
        let mut behind = at(2);
        assert_eq!(hear(&mut behind, closing(3)), ["join after 2"]);
        assert_eq!(answer(&mut behind, page([3], closed(3))), ["print 3", "end"]);
    }

    #[test]
    fn notes_are_printed_once_in_their_own_order_where_they_stand() {
        let mut tail = at(2);
        let hear_note = |tail: &mut Tail, seq, after| {
            let message = note(seq, after);
            hear(tail, AgentNotice::MessageNew(MessageNew { message }))
        };

        assert_eq!(hear_note(&mut tail, 1, 2), ["note 1"]);
        assert!(hear_note(&mut tail, 1, 2).is_empty());
        assert_eq!(hear_note(&mut tail, 3, 3), ["join after 2, 1"]);
        let missed = Joined {
            notes: Some(vec![note(2, 2), note(3, 3)]),
            has_more_notes: Some(false),
            ..page([3, 4], Ticket { last_note_seq: 3, ..open(4) })
        };
        assert_eq!(answer(&mut tail, missed), ["note 2", "print 3", "note 3", "print 4"]);

        let head = |note_seq| {
            let (ticket_id, epoch) = (ticket_id(1), "e".to_owned());
            AgentNotice::Head(HeadNotice { ticket_id, seq: 4, note_seq, epoch })
        };
        assert!(hear(&mut tail, head(Some(3))).is_empty());
        assert_eq!(hear(&mut tail, head(Some(4))), ["join after 4, 3"]);
    }

    #[test]
    fn a_ticket_that_closes_with_a_note_still_to_come_is_read_to_its_end() {
        let ended = Ticket { last_note_seq: 1, ..closed(3) };
        let mut tail = at(3);

        let closing = AgentNotice::TicketClosed(TicketNotice { ticket: ended.clone() });
        assert_eq!(hear(&mut tail, closing), ["join after 3"]);
        let rest = Joined {
            notes: Some(vec![note(1, 2)]),
            has_more_notes: Some(false),
            ..page([], ended)
        };
        assert_eq!(answer(&mut tail, rest), ["note 1", "end"]);
    }

    #[test]
    fn other_tickets_are_none_of_its_business() {
        let other = Ticket { status: TicketStatus::Closed, ..ticket(2) };

        assert!(
            hear(&mut at(3), AgentNotice::TicketClosed(TicketNotice { ticket: other })).is_empty()
        );
    }

    #[test]
    fn an_outage_is_said_once_and_its_end_asks_for_what_was_missed() {
        let mut tail = at(2);
        let offline = || LinkEvent::Offline { why: "gone".into(), retry_at: noon() };

        assert_eq!(short(tail.take(offline())), ["say"]);
        assert!(tail.take(offline()).is_empty());
        let online = LinkEvent::Online(Box::new(agent()));
        assert_eq!(short(tail.take(online)), ["join after 2"]);
        assert_eq!(short(tail.take(offline())), ["say"]);
    }

    #[test]
    fn what_passes_is_waited_for_and_the_rest_ends_it() {
        assert_eq!(refuse(&mut at(1), ErrorCode::Unavailable), ["say", "wait 2000"]);
        assert_eq!(refuse(&mut at(1), ErrorCode::NotFound), ["fail 5"]);
        let why = LinkEvent::SignedOut { why: "disabled".into() };
        assert_eq!(short(at(1).take(why)), ["fail 3"]);
    }
}
