//! A ticket as the desk knows it: who it belongs to, and the summary of its two logs.
//!
//! The summary is a fold of the log's entries and nothing else ([`TicketRecord::apply`]), so that
//! it can always be computed again. What a guest sees is computed from the conversation alone.

use serde::{Deserialize, Serialize};
use support_shared::{
    ClientMessageId, GuestId, TicketId, TicketRef, Timestamp,
    message::{Message, SenderRole, SystemEvent},
    text,
    ticket::{
        AgentName, Guest, GuestAssignee, GuestTicket, LastMessage, Participant, Priority, Rating,
        Ticket, TicketStatus,
    },
};

#[cfg(test)]
use super::mutant::{self, Mutant};

/// Characters of a message that lists show.
const PREVIEW: usize = 120;

/// A ticket, as stores keep it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TicketRecord {
    pub(crate) id: TicketId,
    #[serde(rename = "ref")]
    pub(crate) reference: TicketRef,
    pub(crate) guest: Guest,
    pub(crate) subject: Option<String>,
    pub(crate) created_at: Timestamp,
    /// The client message id of the first message: the guest's own name for the ticket.
    pub(crate) created_by: ClientMessageId,
    pub(crate) conversation: Conversation,
    pub(crate) notes: Notes,
    pub(crate) guest_read_seq: u64,
    pub(crate) agent_read_seq: u64,
    pub(crate) rating: Option<Rating>,
}

/// What the conversation's entries say, after the last of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Conversation {
    /// The number of the last entry.
    pub(crate) seq: u64,
    /// When the last entry was written.
    pub(crate) at: Timestamp,
    pub(crate) status: TicketStatus,
    pub(crate) closed_by: Option<AgentName>,
    pub(crate) ended_by_guest: bool,
    /// The agents who have joined and not left.
    pub(crate) present: Vec<AgentName>,
    pub(crate) waiting_since: Option<Timestamp>,
    pub(crate) last_message: Option<LastMessage>,
}

/// What the notes' entries say, after the last of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Notes {
    /// The number of the last entry.
    pub(crate) seq: u64,
    /// When the last entry was written.
    pub(crate) at: Timestamp,
    pub(crate) assignee: Option<AgentName>,
    pub(crate) tags: Vec<String>,
    pub(crate) priority: Priority,
}

/// A ticket before its first entry.
#[derive(Debug, Clone)]
pub(crate) struct NewTicket {
    pub(crate) id: TicketId,
    pub(crate) reference: TicketRef,
    pub(crate) guest: Guest,
    pub(crate) subject: Option<String>,
    pub(crate) created_by: ClientMessageId,
    pub(crate) at: Timestamp,
}

impl NewTicket {
    /// The ticket with nothing in its logs.
    pub(crate) fn record(self) -> TicketRecord {
        TicketRecord {
            id: self.id,
            reference: self.reference,
            guest: self.guest,
            subject: self.subject,
            created_at: self.at,
            created_by: self.created_by,
            conversation: Conversation {
                seq: 0,
                at: self.at,
                status: TicketStatus::Open,
                closed_by: None,
                ended_by_guest: false,
                present: Vec::new(),
                waiting_since: None,
                last_message: None,
            },
            notes: Notes {
                seq: 0,
                at: self.at,
                assignee: None,
                tags: Vec::new(),
                priority: Priority::Normal,
            },
            guest_read_seq: 0,
            agent_read_seq: 0,
            rating: None,
        }
    }
}

impl TicketRecord {
    /// Whether it counts against its guest's limit of open tickets.
    pub(crate) fn counts(&self) -> bool {
        self.is_open() && !self.conversation.ended_by_guest
    }

    pub(crate) fn is_open(&self) -> bool {
        self.conversation.status == TicketStatus::Open
    }

    pub(crate) fn is_of(&self, guest: GuestId) -> bool {
        self.guest.id == guest
    }

    /// Takes the next entry of one of the logs into the summary.
    pub(crate) fn apply(&mut self, entry: &Message) {
        if let Some(seq) = entry.note_seq {
            self.notes.apply(seq, entry);
            #[cfg(test)]
            if mutant::is(Mutant::NoteSharesSeq) {
                self.conversation.seq += 1;
            }
        } else if let Some(seq) = entry.seq {
            self.conversation.apply(seq, entry);
            // Who writes has seen what is above. A mark may be ahead of a summary that has missed
            // entries, and does not fall when they are taken in.
            match entry.sender_role {
                SenderRole::Guest => self.guest_read_seq = self.guest_read_seq.max(seq),
                SenderRole::Agent => self.agent_read_seq = self.agent_read_seq.max(seq),
                SenderRole::System => {}
            }
        }
    }

    /// The ticket as agents see it.
    pub(crate) fn for_agents(&self) -> Ticket {
        let Conversation { status, closed_by, .. } = &self.conversation;
        Ticket {
            id: self.id,
            reference: self.reference,
            status: *status,
            subject: self.subject.clone(),
            guest: self.guest.clone(),
            assignee: self.notes.assignee.clone(),
            tags: self.notes.tags.clone(),
            priority: self.notes.priority,
            created_at: self.created_at,
            updated_at: self.conversation.at.max(self.notes.at),
            closed_at: self.closed_at(),
            closed_by: closed_by.clone(),
            ended_by_guest: self.conversation.ended_by_guest,
            rating: self.rating.clone(),
            last_seq: self.conversation.seq,
            last_note_seq: self.notes.seq,
            guest_read_seq: self.guest_read_seq,
            agent_read_seq: self.agent_read_seq,
            waiting_since: self.conversation.waiting_since,
            last_message: self.conversation.last_message.clone(),
        }
    }

    /// The ticket as its guest sees it.
    pub(crate) fn for_guest(&self) -> GuestTicket {
        GuestTicket {
            id: self.id,
            reference: self.reference,
            status: self.conversation.status,
            subject: self.subject.clone(),
            guest: self.guest.clone(),
            assignee: self
                .notes
                .assignee
                .as_ref()
                .map(|agent| GuestAssignee { name: agent.name.clone() }),
            created_at: self.created_at,
            updated_at: self.conversation.at,
            closed_at: self.closed_at(),
            ended_by_guest: self.conversation.ended_by_guest,
            rating: self.rating.clone(),
            last_seq: self.conversation.seq,
            guest_read_seq: self.guest_read_seq,
            agent_read_seq: self.agent_read_seq,
            last_message: self.conversation.last_message.clone(),
        }
    }

    /// Who is in the conversation: the guest, and the agents who have joined.
    pub(crate) fn participants(&self) -> Vec<Participant> {
        let guest = Participant { role: SenderRole::Guest, name: self.guest_name() };
        let agents = self.conversation.present.iter();
        std::iter::once(guest)
            .chain(
                agents
                    .map(|agent| Participant { role: SenderRole::Agent, name: agent.name.clone() }),
            )
            .collect()
    }

    /// What the guest is called in the conversation.
    pub(crate) fn guest_name(&self) -> String {
        self.guest.name.clone().unwrap_or_else(|| "Guest".to_owned())
    }

    fn closed_at(&self) -> Option<Timestamp> {
        (!self.is_open()).then_some(self.conversation.at)
    }
}

impl Conversation {
    fn apply(&mut self, seq: u64, entry: &Message) {
        self.seq = seq;
        self.at = entry.created_at;
        match &entry.event {
            None => {
                let from_guest = entry.sender_role == SenderRole::Guest;
                self.waiting_since =
                    from_guest.then(|| self.waiting_since.unwrap_or(entry.created_at));
                self.ended_by_guest &= !from_guest;
                self.last_message = Some(LastMessage {
                    seq,
                    sender_role: entry.sender_role,
                    sender_name: entry.sender_name.clone(),
                    preview: text::preview(&entry.content, PREVIEW),
                    created_at: entry.created_at,
                });
            }
            Some(SystemEvent::AgentJoined { agent }) => self.present.push(agent.clone()),
            Some(SystemEvent::AgentLeft { agent }) => self.present.retain(|it| it.id != agent.id),
            Some(SystemEvent::GuestEnded) => {
                self.ended_by_guest = true;
                self.waiting_since = None;
            }
            Some(SystemEvent::TicketClosed { agent, .. }) => {
                self.status = TicketStatus::Closed;
                self.closed_by.clone_from(agent);
                self.waiting_since = None;
                // Nothing may be written after this entry, so everybody has left with it.
                self.present.clear();
            }
            Some(SystemEvent::TicketReopened { .. }) => {
                self.status = TicketStatus::Open;
                self.closed_by = None;
                // Whoever has not been answered waits again, from now on; who had said that it was
                // done does not.
                let was_done = std::mem::take(&mut self.ended_by_guest);
                let last = self.last_message.as_ref().map(|last| last.sender_role);
                let waits = !was_done && last == Some(SenderRole::Guest);
                self.waiting_since = waits.then_some(entry.created_at);
            }
            Some(SystemEvent::TicketAssigned { .. } | SystemEvent::TicketTagged { .. }) => {}
        }
    }
}

impl Notes {
    fn apply(&mut self, seq: u64, entry: &Message) {
        self.seq = seq;
        self.at = entry.created_at;
        match &entry.event {
            Some(SystemEvent::TicketAssigned { assignee, .. }) => {
                self.assignee.clone_from(assignee);
            }
            Some(SystemEvent::TicketTagged { tags, priority, .. }) => {
                self.tags.clone_from(tags);
                self.priority = *priority;
            }
            _ => {}
        }
    }
}
