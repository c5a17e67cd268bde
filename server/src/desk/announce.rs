//! Tells of what the store has made durable, in the order in which it did. One task, fed by the
//! committer: a request never tells of its own entry, because two requests could overtake each
//! other between storing and telling.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;

use support_shared::{
    MessageId,
    message::SystemEvent,
    notice::{AgentNotice, GuestNotice, MessageNew, TicketNotice},
};
use tokio::sync::mpsc;

use super::hub::{Agents, Hub};
#[cfg(test)]
use super::mutant::{self, Mutant};
use super::store::{Stored, What};

/// Entries that wait to be told of. When it is full, the committer waits: nothing is skipped.
pub(super) const LINE: usize = 4096;

/// The latest entries that were told of here. An entry that is sent again and is none of them may
/// have been stored by a node that died before it could tell: it is told of again.
const TOLD: usize = 8192;

#[derive(Default)]
struct Told {
    ids: HashSet<MessageId>,
    oldest_first: VecDeque<MessageId>,
}

impl Told {
    /// Whether this is to be told of; from then on it has been.
    fn is_news(&mut self, what: &What) -> bool {
        let (What::Entry(message) | What::Again(message)) = what else { return true };
        if !self.ids.insert(message.id) {
            return false;
        }
        self.oldest_first.push_back(message.id);
        if self.oldest_first.len() > TOLD
            && let Some(oldest) = self.oldest_first.pop_front()
        {
            self.ids.remove(&oldest);
        }
        true
    }
}

pub(super) async fn run(mut line: mpsc::Receiver<Stored>, hub: Arc<dyn Hub>) {
    let mut told = Told::default();
    while let Some(stored) = line.recv().await {
        if !told.is_news(&stored.what) {
            continue;
        }
        #[cfg(test)]
        if mutant::is(Mutant::EmitInRequestTask) && matches!(stored.what, What::Entry(_)) {
            continue;
        }
        tell(&stored, hub.as_ref());
    }
}

pub(super) fn tell(Stored { ticket, what }: &Stored, hub: &dyn Hub) {
    let id = ticket.id;
    let entry = match what {
        What::Entry(message) | What::Again(message) => Some(message.as_ref()),
        What::Mark | What::Rating | What::Guest => None,
    };
    if let Some(message) = entry {
        let new = MessageNew { message: message.clone() };
        hub.tell_agents(Agents::In(id), &AgentNotice::MessageNew(new.clone()));
        if !message.internal {
            hub.tell_guest(id, &GuestNotice::MessageNew(new));
        }
    }
    if let What::Again(_) = what {
        return;
    }
    let for_agents = TicketNotice { ticket: ticket.for_agents() };
    let for_guest = TicketNotice { ticket: ticket.for_guest() };
    let event = entry.and_then(|message| message.event.as_ref());
    if let Some(SystemEvent::TicketClosed { .. }) = event
        && let Some(closed) = entry.and_then(|message| message.seq)
    {
        hub.tell_agents(Agents::In(id), &AgentNotice::TicketClosed(for_agents.clone()));
        hub.tell_guest(id, &GuestNotice::TicketClosed(for_guest.clone()));
        hub.clear_agents(id, closed);
    }
    hub.tell_agents(Agents::All, &AgentNotice::TicketUpdated(for_agents));
    // Of the notes a guest sees one thing only: who answers for its ticket. Of marks it is told by
    // `ticket:read`.
    let assigned = matches!(event, Some(SystemEvent::TicketAssigned { .. }));
    let internal = entry.is_some_and(|message| message.internal);
    if (!internal || assigned) && !matches!(what, What::Mark) {
        hub.tell_guest(id, &GuestNotice::TicketUpdated(for_guest));
    }
}

#[cfg(test)]
mod tests {
    use support_shared::{
        TicketId, Timestamp,
        message::{Message, SenderRole},
    };

    use super::*;

    fn message(number: u128) -> Box<Message> {
        let ulid = ulid::Ulid::from(number);
        Box::new(Message {
            id: MessageId::from_ulid(ulid),
            ticket_id: TicketId::from_ulid(ulid),
            seq: Some(1),
            note_seq: None,
            after_seq: None,
            sender_role: SenderRole::System,
            sender_name: String::new(),
            sender_id: None,
            content: String::new(),
            created_at: Timestamp::from_millis(0),
            client_message_id: None,
            internal: false,
            event: None,
        })
    }

    #[test]
    fn what_is_sent_again_is_told_of_once_and_the_memory_of_it_is_bounded() {
        let mut told = Told::default();

        assert!(told.is_news(&What::Entry(message(1))));
        assert!(!told.is_news(&What::Again(message(1))));
        // Stored before this server started, or by another.
        assert!(told.is_news(&What::Again(message(2))));
        assert!(!told.is_news(&What::Again(message(2))));
        for number in 0..TOLD as u128 {
            told.is_news(&What::Entry(message(100 + number)));
        }
        assert_eq!((told.ids.len(), told.oldest_first.len()), (TOLD, TOLD));
        assert!(told.is_news(&What::Again(message(1))));
        assert!(told.is_news(&What::Mark) && told.is_news(&What::Mark));
    }
}
