//! What may follow what in a ticket's logs. Pure: a store asks it inside the step that appends, so
//! that the rule and the write cannot drift apart, on any store.
//!
//! Closing is an entry like any other. That is why a message and a close cannot both win.

use support_shared::{
    AgentId, ClientMessageId, GuestId, MessageId, Timestamp,
    message::{Message, SenderRole, SystemEvent},
    request::Tagging,
    ticket::AgentName,
};

use super::record::TicketRecord;

/// Tags that a ticket has at most.
pub(crate) const TAGS: usize = 32;

/// One of a ticket's two logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Log {
    /// What guest and agents say: all that a guest ever sees.
    Conversation,
    /// What agents tell each other.
    Notes,
}

/// Who an entry is from, as the credential says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Sender {
    Guest(GuestId, String),
    Agent(AgentName),
    System,
}

/// What an entry says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Body {
    Text {
        content: String,
        client_message_id: ClientMessageId,
    },
    Event(SystemEvent),
    /// Tags and priority, on top of what they are when it is written.
    Tagging {
        by: AgentName,
        tagging: Tagging,
    },
}

/// An entry before it has a number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Draft {
    pub(crate) id: MessageId,
    pub(crate) log: Log,
    pub(crate) at: Timestamp,
    pub(crate) sender: Sender,
    pub(crate) body: Body,
    /// Assign only from this state.
    pub(crate) only_from: OnlyFrom,
}

/// Who must answer for a ticket for an assignment to be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OnlyFrom {
    Anybody,
    /// This agent, or nobody.
    Assignee(Option<AgentId>),
}

/// What becomes of a draft.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It is the next entry.
    Write(Box<Message>),
    /// What it says is so already: nothing is written.
    Unchanged,
    /// It may not be written.
    Refused(Refusal),
}

/// Why a draft may not be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// The ticket is closed.
    Closed,
    /// The ticket is open already.
    NotClosed,
    /// Somebody else answers for the ticket, or nobody does.
    Assigned(Option<AgentName>),
    /// It would have more tags than a ticket may have.
    TooManyTags,
}

impl Sender {
    pub(crate) fn id(&self) -> Option<String> {
        match self {
            Self::Guest(id, _) => Some(id.to_string()),
            Self::Agent(agent) => Some(agent.id.to_string()),
            Self::System => None,
        }
    }
}

impl Draft {
    /// The key under which a message is stored once: its sender and the sender's name for it.
    pub(crate) fn key(&self) -> Option<(String, &ClientMessageId)> {
        match &self.body {
            Body::Text { client_message_id, .. } => Some((self.sender.id()?, client_message_id)),
            Body::Event(_) | Body::Tagging { .. } => None,
        }
    }

    /// Decides what becomes of the draft on `ticket` as it is now.
    pub(crate) fn on(mut self, ticket: &TicketRecord) -> Verdict {
        if let Body::Tagging { by, tagging } = self.body {
            self.body = Body::Event(tagged(by, tagging, ticket));
        }
        match self.standing(ticket) {
            Standing::Next => Verdict::Write(Box::new(self.entry(ticket))),
            Standing::Unchanged => Verdict::Unchanged,
            Standing::Refused(refusal) => Verdict::Refused(refusal),
        }
    }

    fn standing(&self, ticket: &TicketRecord) -> Standing {
        let open = ticket.is_open();
        let present =
            |agent: &AgentName| ticket.conversation.present.iter().any(|it| it.id == agent.id);
        match &self.body {
            Body::Event(SystemEvent::TicketReopened { .. }) if !open => Standing::Next,
            Body::Event(SystemEvent::TicketReopened { .. }) => {
                Standing::Refused(Refusal::NotClosed)
            }
            // Closing has cleared the room: who leaves after it has left already.
            Body::Event(SystemEvent::AgentLeft { .. }) if !open => Standing::Unchanged,
            _ if !open => Standing::Refused(Refusal::Closed),
            Body::Event(SystemEvent::TicketTagged { tags, .. }) if tags.len() > TAGS => {
                Standing::Refused(Refusal::TooManyTags)
            }
            Body::Event(SystemEvent::AgentJoined { agent }) => Standing::next_if(!present(agent)),
            Body::Event(SystemEvent::AgentLeft { agent }) => Standing::next_if(present(agent)),
            Body::Event(SystemEvent::GuestEnded) => {
                Standing::next_if(!ticket.conversation.ended_by_guest)
            }
            Body::Event(SystemEvent::TicketAssigned { assignee, .. }) => {
                let now = ticket.notes.assignee.as_ref();
                match self.only_from {
                    OnlyFrom::Assignee(expected) if expected != now.map(|agent| agent.id) => {
                        Standing::Refused(Refusal::Assigned(now.cloned()))
                    }
                    _ => {
                        Standing::next_if(assignee.as_ref().map(|it| it.id) != now.map(|it| it.id))
                    }
                }
            }
            Body::Event(SystemEvent::TicketTagged { tags, priority, .. }) => {
                Standing::next_if(*tags != ticket.notes.tags || *priority != ticket.notes.priority)
            }
            Body::Event(SystemEvent::TicketClosed { .. })
            | Body::Text { .. }
            | Body::Tagging { .. } => Standing::Next,
        }
    }

    fn entry(self, ticket: &TicketRecord) -> Message {
        let conversation = &ticket.conversation;
        let (seq, note_seq, after_seq, before) = match self.log {
            Log::Conversation => (Some(conversation.seq + 1), None, None, conversation.at),
            Log::Notes => {
                (None, Some(ticket.notes.seq + 1), Some(conversation.seq), ticket.notes.at)
            }
        };
        let sender_id = self.sender.id();
        let (sender_role, sender_name) = match self.sender {
            Sender::Guest(_, name) => (SenderRole::Guest, name),
            Sender::Agent(agent) => (SenderRole::Agent, agent.name),
            Sender::System => (SenderRole::System, "system".to_owned()),
        };
        let (content, client_message_id, event) = match self.body {
            Body::Text { content, client_message_id } => (content, Some(client_message_id), None),
            Body::Event(event) => (sentence(&event, ticket), None, Some(event)),
            Body::Tagging { by, tagging } => {
                let event = tagged(by, tagging, ticket);
                (sentence(&event, ticket), None, Some(event))
            }
        };
        Message {
            id: self.id,
            ticket_id: ticket.id,
            seq,
            note_seq,
            after_seq,
            sender_role,
            sender_name,
            sender_id,
            content,
            // A label that never runs backwards, whatever the machine's clock does.
            created_at: self.at.max(before),
            client_message_id,
            internal: self.log == Log::Notes,
            event,
        }
    }
}

/// The event that a change of tags comes to.
fn tagged(by: AgentName, tagging: Tagging, ticket: &TicketRecord) -> SystemEvent {
    let mut tags = ticket.notes.tags.clone();
    tags.retain(|tag| tagging.remove.iter().all(|removed| removed.as_str() != tag));
    for tag in tagging.add {
        if !tags.iter().any(|it| it == tag.as_str()) {
            tags.push(tag.into());
        }
    }
    SystemEvent::TicketTagged {
        by,
        tags,
        priority: tagging.priority.unwrap_or(ticket.notes.priority),
    }
}

enum Standing {
    Next,
    Unchanged,
    Refused(Refusal),
}

impl Standing {
    fn next_if(changes: bool) -> Self {
        if changes { Self::Next } else { Self::Unchanged }
    }
}

/// What a system message says to people, of a ticket as it was before.
fn sentence(event: &SystemEvent, before: &TicketRecord) -> String {
    let name = |agent: &Option<AgentName>| {
        agent.as_ref().map_or("the support desk", |agent| agent.name.as_str()).to_owned()
    };
    match event {
        SystemEvent::AgentJoined { agent } => format!("{} joined the chat", agent.name),
        SystemEvent::AgentLeft { agent } => format!("{} left the chat", agent.name),
        SystemEvent::GuestEnded => "The guest ended the chat".to_owned(),
        SystemEvent::TicketClosed { agent, reason: None } => {
            format!("The conversation was closed by {}", name(agent))
        }
        SystemEvent::TicketClosed { agent, reason: Some(reason) } => {
            format!("The conversation was closed by {}: {reason}", name(agent))
        }
        SystemEvent::TicketReopened { agent } => {
            format!("The conversation was opened again by {}", name(agent))
        }
        SystemEvent::TicketAssigned { by, assignee: Some(assignee) } if by.id == assignee.id => {
            format!("{} took the ticket", by.name)
        }
        SystemEvent::TicketAssigned { by, assignee: Some(assignee) } => {
            format!("{} gave the ticket to {}", by.name, assignee.name)
        }
        SystemEvent::TicketAssigned { by, assignee: None } => {
            format!("{} put the ticket back into the queue", by.name)
        }
        SystemEvent::TicketTagged { by, tags, priority } => {
            // The event has both; people are told of what is new.
            let notes = &before.notes;
            let words = if tags.is_empty() { "none".to_owned() } else { tags.join(", ") };
            let words = (*tags != notes.tags).then(|| format!("tags: {words}"));
            let level = format!("priority: {}", format!("{priority:?}").to_lowercase());
            let level = (*priority != notes.priority).then_some(level);
            let changed: Vec<String> = [words, level].into_iter().flatten().collect();
            format!("{} set {}", by.name, changed.join("; "))
        }
    }
}
