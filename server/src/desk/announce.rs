//! Tells of what the store has made durable, in the order in which it did. One task, fed by the
//! committer: a request never tells of its own entry, because two requests could overtake each
//! other between storing and telling.

use std::sync::Arc;

use support_shared::{
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

pub(super) async fn run(mut line: mpsc::Receiver<Stored>, hub: Arc<dyn Hub>) {
    while let Some(stored) = line.recv().await {
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
        What::Mark | What::Rating => None,
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
