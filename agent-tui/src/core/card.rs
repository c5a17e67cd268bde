//! A ticket as the console keeps it: the wire's ticket with every text that a person wrote made
//! [`Untrusted`], so that nothing can draw one raw.

use support_shared::message::SenderRole;
use support_shared::text::Tag;
use support_shared::ticket::{Priority, Rating, Ticket, TicketStatus};
use support_shared::{AgentId, GuestId, TicketId, TicketRef, Timestamp};

use crate::text::Untrusted;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Card {
    pub(crate) id: TicketId,
    pub(crate) reference: TicketRef,
    pub(crate) status: TicketStatus,
    /// What the guest is called, whatever it has told of itself.
    pub(crate) guest: Untrusted,
    pub(crate) guest_id: GuestId,
    /// Whether the guest has told its name.
    pub(crate) is_named: bool,
    pub(crate) email: Option<Untrusted>,
    pub(crate) subject: Option<Untrusted>,
    pub(crate) assignee: Option<Untrusted>,
    pub(crate) assignee_id: Option<AgentId>,
    pub(crate) closed_by: Option<Untrusted>,
    pub(crate) closed_by_id: Option<AgentId>,
    pub(crate) tags: Vec<CardTag>,
    pub(crate) priority: Priority,
    pub(crate) rating: Option<CardRating>,
    pub(crate) created_at: Timestamp,
    pub(crate) updated_at: Timestamp,
    pub(crate) closed_at: Option<Timestamp>,
    pub(crate) waiting_since: Option<Timestamp>,
    /// Where the conversation ends.
    pub(crate) last_seq: u64,
    /// Where its notes end.
    pub(crate) last_note: u64,
    /// How far some agent has read.
    pub(crate) agent_read: u64,
    pub(crate) guest_read: u64,
    pub(crate) ended_by_guest: bool,
    pub(crate) last_role: Option<SenderRole>,
    /// The number of the last message.
    pub(crate) last_message: u64,
    pub(crate) preview: Option<Untrusted>,
}

/// A tag as it is shown, and as it is taken away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CardTag {
    pub(crate) shown: Untrusted,
    pub(crate) tag: Option<Tag>,
}

impl From<String> for CardTag {
    fn from(tag: String) -> Self {
        Self { shown: tag.as_str().into(), tag: Tag::try_from(tag).ok() }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CardRating {
    pub(crate) score: u8,
    pub(crate) comment: Option<Untrusted>,
}

impl From<Rating> for CardRating {
    fn from(rating: Rating) -> Self {
        Self { score: rating.score, comment: rating.comment.map(Untrusted::from) }
    }
}

impl Card {
    /// The words by which the server finds the guest, if it has told any.
    pub(crate) fn guest_words(&self) -> Option<String> {
        let name = self.is_named.then_some(&self.guest);
        self.email.as_ref().or(name).map(|words| words.line(254))
    }

    /// How many entries there are that no agent has read, if the guest has the last word.
    pub(crate) fn unread(&self) -> u64 {
        match self.last_role {
            Some(SenderRole::Guest) => self.last_message.saturating_sub(self.agent_read),
            _ => 0,
        }
    }

    /// What the ticket is about: its subject, else its last message.
    pub(crate) fn about(&self) -> Untrusted {
        self.subject.clone().or_else(|| self.preview.clone()).unwrap_or_default()
    }

    pub(crate) fn is_open(&self) -> bool {
        self.status == TicketStatus::Open
    }
}

impl From<Ticket> for Card {
    fn from(ticket: Ticket) -> Self {
        let is_named = ticket.guest.name.is_some();
        let email = ticket.guest.email.clone().map(Untrusted::from);
        let name = ticket.guest.name.or(ticket.guest.email).unwrap_or_else(|| "Guest".to_owned());
        Self {
            id: ticket.id,
            reference: ticket.reference,
            status: ticket.status,
            guest: name.into(),
            guest_id: ticket.guest.id,
            is_named,
            email,
            subject: ticket.subject.map(Untrusted::from),
            assignee_id: ticket.assignee.as_ref().map(|agent| agent.id),
            assignee: ticket.assignee.map(|agent| agent.name.into()),
            closed_by_id: ticket.closed_by.as_ref().map(|agent| agent.id),
            tags: ticket.tags.into_iter().map(CardTag::from).collect(),
            priority: ticket.priority,
            rating: ticket.rating.map(CardRating::from),
            closed_at: ticket.closed_at,
            closed_by: ticket.closed_by.map(|agent| agent.name.into()),
            created_at: ticket.created_at,
            updated_at: ticket.updated_at,
            waiting_since: ticket.waiting_since,
            last_seq: ticket.last_seq,
            last_note: ticket.last_note_seq,
            agent_read: ticket.agent_read_seq,
            guest_read: ticket.guest_read_seq,
            ended_by_guest: ticket.ended_by_guest,
            last_message: ticket.last_message.as_ref().map_or(0, |last| last.seq),
            last_role: ticket.last_message.as_ref().map(|last| last.sender_role),
            preview: ticket.last_message.map(|last| last.preview.into()),
        }
    }
}

/// How long ago `then` was, in at most three columns: `now`, `5m`, `3h`, `2d`.
pub(crate) fn age(then: Timestamp, now: Timestamp) -> String {
    let minutes = (now.as_millis() - then.as_millis()).max(0) / 60_000;
    match minutes {
        0 => "now".to_owned(),
        1..=59 => format!("{minutes}m"),
        60..=1439 => format!("{}h", minutes / 60),
        _ => format!("{}d", (minutes / 1440).min(99)),
    }
}

/// When `age` will say something else.
pub(crate) fn age_changes(then: Timestamp, now: Timestamp) -> Timestamp {
    let elapsed = (now.as_millis() - then.as_millis()).max(0);
    let step = match elapsed / 60_000 {
        0..=59 => 60_000,
        60..=1439 => 3_600_000,
        _ => 86_400_000,
    };
    then.plus_millis((elapsed / step + 1) * step)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_age_is_short_and_knows_when_it_changes() {
        let then = Timestamp::from_millis(1_000_000_000);
        for (seconds, text, changes) in [
            (0, "now", 60),
            (59, "now", 60),
            (61, "1m", 120),
            (3_599, "59m", 3_600),
            (3_700, "1h", 7_200),
            (200_000, "2d", 259_200),
        ] {
            let now = then.plus_millis(seconds * 1000);
            assert_eq!(age(then, now), text);
            assert_eq!(age_changes(then, now), then.plus_millis(changes * 1000));
        }
    }
}
