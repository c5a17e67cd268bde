//! The invariants of RELIABILITY.md 2.5, and those of its mechanism (2.3) that the others would
//! only show by luck. Looks at everything and changes nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use support_shared::{
    AgentId, ClientMessageId, GuestId, SessionId, TicketId, Timestamp,
    message::{Message, SenderRole, SystemEvent},
};

use tokio::time::Instant;

use super::network::NodeId;
use crate::desk::PATIENCE;
use crate::desk::log::Log;
use crate::desk::store::memory::{Data, Kept};

/// What is really stored, whatever any node believes.
pub(super) type Truth = Arc<Mutex<Data>>;

/// Who a letter is from, and its number in the outbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Written {
    pub(super) role: SenderRole,
    pub(super) number: u64,
    pub(super) content: String,
}

/// What was found wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Violation {
    pub(super) invariant: &'static str,
    pub(super) what: String,
}

type Key = (TicketId, String, ClientMessageId);

/// What has been seen of a ticket so far.
#[derive(Default)]
struct Seen {
    conversation: usize,
    notes: usize,
    closed: bool,
    ended: bool,
    present: BTreeSet<AgentId>,
    at: [Option<Timestamp>; 2],
    numbers: BTreeMap<(String, bool), u64>,
    marks: (u64, u64),
    /// Since when it counts again against its guest's limit.
    again_since: Option<Instant>,
}

/// What a node has appended and told of.
#[derive(Default)]
struct Told {
    untold: BTreeMap<(TicketId, bool), BTreeSet<u64>>,
    entries: BTreeSet<(TicketId, bool, u64)>,
    duplicates: u64,
    again: u64,
}

pub(super) struct Checks {
    truth: Truth,
    most_open: usize,
    /// How long opening a ticket may take. What is opened again meanwhile may come before or after.
    opening_takes: Duration,
    seen: BTreeMap<TicketId, Seen>,
    /// Nothing of this history has been looked at.
    restored: bool,
    keys: BTreeSet<Key>,
    acked: BTreeMap<Key, Message>,
    written: BTreeMap<(String, ClientMessageId), Written>,
    /// What was refused for good, and when. It may still be on its way on another connection.
    taken_back: BTreeMap<(String, ClientMessageId), Instant>,
    nodes: BTreeMap<NodeId, Told>,
    pub(super) violation: Option<Violation>,
}

fn number(message: &Message) -> u64 {
    message.seq.or(message.note_seq).unwrap_or_default()
}

fn key(message: &Message) -> Option<Key> {
    let sender = message.sender_id.clone()?;
    Some((message.ticket_id, sender, message.client_message_id.clone()?))
}

fn log_of(message: &Message) -> Log {
    if message.internal { Log::Notes } else { Log::Conversation }
}

fn stored<'a>(data: &'a Data, message: &Message) -> Option<&'a Message> {
    let log = data.tickets.get(&message.ticket_id)?.log(log_of(message));
    log.iter().rev().find(|it| number(it) == number(message))
}

impl Checks {
    pub(super) fn new(truth: Truth, most_open: u32, opening_takes: Duration) -> Self {
        Self {
            truth,
            most_open: most_open as usize,
            opening_takes,
            seen: BTreeMap::new(),
            restored: false,
            keys: BTreeSet::new(),
            acked: BTreeMap::new(),
            written: BTreeMap::new(),
            taken_back: BTreeMap::new(),
            nodes: BTreeMap::new(),
            violation: None,
        }
    }

    pub(super) fn fail(&mut self, invariant: &'static str, what: impl FnOnce() -> String) {
        if self.violation.is_none() {
            self.violation = Some(Violation { invariant, what: what() });
        }
    }

    pub(super) fn require(
        &mut self,
        holds: bool,
        invariant: &'static str,
        what: impl FnOnce() -> String,
    ) {
        if !holds {
            self.fail(invariant, what);
        }
    }

    /// After a restore another history begins: what was acked in the old one may be gone.
    pub(super) fn begin_history(&mut self) {
        self.restored = true;
        self.seen.clear();
        self.keys.clear();
        self.acked.clear();
        self.nodes.clear();
    }

    /// A letter was put into an outbox.
    pub(super) fn written(&mut self, sender: String, id: ClientMessageId, written: Written) {
        self.written.insert((sender, id), written);
    }

    /// A letter was taken out of an outbox because it was refused.
    pub(super) fn taken_back(&mut self, sender: String, id: ClientMessageId) {
        self.taken_back.insert((sender, id), Instant::now());
    }

    // ---- What nodes do ----

    pub(super) fn appended(&mut self, node: NodeId, message: &Message) {
        let node = self.nodes.entry(node).or_default();
        let log = (message.ticket_id, message.internal);
        // It may be told of before its writer hears that it is stored.
        if !node.entries.contains(&(log.0, log.1, number(message))) {
            node.untold.entry(log).or_default().insert(number(message));
        }
    }

    pub(super) fn duplicate(&mut self, node: NodeId) {
        self.nodes.entry(node).or_default().duplicates += 1;
    }

    pub(super) fn announced_again(&mut self, node: NodeId) {
        self.nodes.entry(node).or_default().again += 1;
    }

    /// A node is about to tell of an entry that it, or another, has stored.
    pub(super) fn announces(&mut self, id: NodeId, message: &Message) {
        let there = stored(&self.truth.lock().unwrap(), message) == Some(message);
        self.require(there, "V6", || format!("told of before it is stored: {message:?}"));
        let node = self.nodes.entry(id).or_default();
        let log = (message.ticket_id, message.internal);
        let seq = number(message);
        node.entries.insert((log.0, log.1, seq));
        let first = node.untold.get(&log).and_then(|untold| untold.first().copied());
        let own = node.untold.get_mut(&log).is_some_and(|untold| untold.remove(&seq));
        self.require(!own || first == Some(seq), "2.3.5", || {
            format!("{id:?} tells of {seq} before {first:?}, which it stored earlier: {message:?}")
        });
    }

    /// A join was answered up to `seq`: what the node told of beyond it has reached the room.
    pub(super) fn joined(
        &mut self,
        id: NodeId,
        ticket: TicketId,
        seq: u64,
        told: &BTreeSet<(TicketId, u64)>,
    ) {
        let Some(node) = self.nodes.get(&id) else { return };
        let beyond = node.entries.range((ticket, false, seq + 1)..=(ticket, false, u64::MAX));
        let missed = beyond.map(|(_, _, seq)| *seq).find(|seq| !told.contains(&(ticket, *seq)));
        self.require(missed.is_none(), "2.3.7", || {
            format!("{missed:?} of {ticket} came between the read up to {seq} and the room")
        });
    }

    pub(super) fn has_ended(&self, session: SessionId) -> bool {
        self.truth.lock().unwrap().sessions.get(&session).is_none_or(|it| it.ended)
    }

    // ---- What clients get ----

    /// An answer to a message names what is stored, and what was written.
    pub(super) fn acked(&mut self, sender: &str, id: &ClientMessageId, message: &Message) {
        let data = Arc::clone(&self.truth);
        let data = data.lock().unwrap();
        self.require(stored(&data, message) == Some(message), "V1", || {
            format!("acked and not stored: {message:?}")
        });
        let key = (message.ticket_id, sender.to_owned(), id.clone());
        let first = self.acked.entry(key).or_insert_with(|| message.clone()).clone();
        self.require(first == *message, "V4", || format!("acked as {first:?}, and as {message:?}"));
        let own = message.sender_id.as_deref() == Some(sender)
            && message.client_message_id.as_ref() == Some(id);
        self.require(own, "V4", || format!("{sender} {id} was acked as {message:?}"));
    }

    /// A client shows an entry.
    pub(super) fn applied(&mut self, epoch: Option<&str>, message: &Message) {
        let data = Arc::clone(&self.truth);
        let data = data.lock().unwrap();
        // In another history it may have been another one.
        if epoch == Some(data.epoch.as_str()) {
            self.require(stored(&data, message) == Some(message), "V7", || {
                format!("shown, and not what is stored: {message:?}")
            });
        }
    }

    /// Everything that a client shows of a ticket is what is stored.
    pub(super) fn shown(&mut self, epoch: Option<&str>, log: &[Message]) {
        for pair in log.windows(2) {
            self.require(number(&pair[0]) + 1 == number(&pair[1]), "V7", || {
                format!("{} is shown after {}", number(&pair[1]), number(&pair[0]))
            });
        }
        for message in log {
            self.applied(epoch, message);
        }
    }

    /// A guest gets nothing that is not its own.
    pub(super) fn guest_gets(&mut self, guest: GuestId, printed: &str) {
        let internal = printed.contains("internal note") || printed.contains("internal: true");
        self.require(!internal, "V11", || format!("{guest} gets a note: {printed}"));
        let data = Arc::clone(&self.truth);
        let data = data.lock().unwrap();
        let others = data.tickets.values().filter(|it| !it.record.is_of(guest));
        for other in others {
            let id = other.record.id.to_string();
            self.require(!printed.contains(&id), "V11", || {
                format!("{guest} gets something of {id}: {printed}")
            });
        }
    }

    // ---- What is stored ----

    /// Looks at what has been added since the last time.
    pub(super) fn look(&mut self) {
        let restored = std::mem::take(&mut self.restored);
        let data = Arc::clone(&self.truth);
        let data = data.lock().unwrap();
        let mut new = Vec::new();
        for kept in data.tickets.values() {
            let id = kept.record.id;
            let mut seen = self.seen.remove(&id).unwrap_or_default();
            if seen.conversation == 0 && !restored {
                new.push(kept);
            }
            for log in [Log::Conversation, Log::Notes] {
                let entries = kept.log(log);
                let before =
                    if log == Log::Notes { &mut seen.notes } else { &mut seen.conversation };
                let from = std::mem::replace(before, entries.len());
                for (place, message) in entries.iter().enumerate().skip(from) {
                    self.entry(&mut seen, log, place as u64 + 1, message);
                }
            }
            let marks = (kept.record.guest_read_seq, kept.record.agent_read_seq);
            let risen = marks.0 >= seen.marks.0 && marks.1 >= seen.marks.1;
            let within = marks.0.max(marks.1) <= kept.conversation.len() as u64;
            self.require(risen && within, "V16", || {
                format!("read marks of {id} went from {:?} to {marks:?}", seen.marks)
            });
            seen.marks = marks;
            self.seen.insert(id, seen);
        }
        for kept in new {
            self.counts(&data, kept);
        }
    }

    fn counts(&mut self, data: &Data, new: &Kept) {
        let guest = new.record.guest.id;
        let open = data.tickets.values().filter(|it| {
            let record = &it.record;
            let again = self.seen.get(&record.id).and_then(|seen| seen.again_since);
            record.is_of(guest)
                && record.is_open()
                && !record.conversation.ended_by_guest
                && again.is_none_or(|since| since.elapsed() > self.opening_takes)
        });
        let (open, most) = (open.count(), self.most_open);
        self.require(open <= most, "V14", || format!("{guest} has opened {open} of {most}"));
    }

    fn entry(&mut self, seen: &mut Seen, log: Log, expected: u64, message: &Message) {
        let it = || format!("{message:?}");
        self.require(number(message) == expected, "V3", || {
            format!("{expected} is missing or doubled: {}", it())
        });
        self.require(message.internal == (log == Log::Notes), "V11", it);
        let at = &mut seen.at[usize::from(message.internal)];
        let risen = at.is_none_or(|before| before <= message.created_at);
        *at = Some(message.created_at);
        self.require(risen, "V16", || format!("time runs backwards: {}", it()));
        if let Some(key) = key(message) {
            let sender = (key.1.clone(), key.2.clone());
            let new = self.keys.insert(key);
            self.require(new, "V2", || format!("stored twice: {}", it()));
            self.sender(seen, sender, message);
        } else {
            let system = message.sender_role == SenderRole::System && message.event.is_some();
            self.require(system, "V13", it);
        }
        let may_follow = match &message.event {
            Some(SystemEvent::TicketReopened { .. }) => std::mem::take(&mut seen.closed),
            _ if message.internal => true,
            _ => !seen.closed,
        };
        self.require(may_follow, "V10", || format!("after the close: {}", it()));
        if matches!(message.event, Some(SystemEvent::TicketReopened { .. }))
            || seen.ended && message.sender_role == SenderRole::Guest
        {
            seen.ended = false;
            seen.again_since = Some(Instant::now());
        }
        match &message.event {
            Some(SystemEvent::GuestEnded) => seen.ended = true,
            Some(SystemEvent::TicketClosed { .. }) => {
                seen.closed = true;
                seen.present.clear();
            }
            Some(SystemEvent::AgentJoined { agent }) => {
                let new = seen.present.insert(agent.id);
                self.require(new, "V15", || format!("joined twice: {}", it()));
            }
            Some(SystemEvent::AgentLeft { agent }) => {
                let was = seen.present.remove(&agent.id);
                self.require(was, "V15", || format!("left without having joined: {}", it()));
            }
            _ => {}
        }
    }

    fn sender(&mut self, seen: &mut Seen, sender: (String, ClientMessageId), message: &Message) {
        let it = || format!("{message:?}");
        let Some(written) = self.written.get(&sender).cloned() else {
            return self.fail("V13", || format!("nobody has written it: {}", it()));
        };
        let is_its = written.role == message.sender_role && written.content == message.content;
        self.require(is_its, "V13", || format!("{written:?} became {}", it()));
        // It was asked for twice, on two connections: the second was refused, and the first had not
        // begun. The order of an outbox is that of what is in it.
        let under_way = |at: &Instant| at.elapsed() < PATIENCE + self.opening_takes;
        if self.taken_back.get(&sender).is_some_and(under_way) {
            return;
        }
        let last = seen.numbers.insert((sender.0, message.internal), written.number);
        self.require(last.is_none_or(|last| last < written.number), "V5", || {
            format!("written as {} and stored after {last:?}: {}", written.number, it())
        });
    }

    // ---- When all is quiet ----

    /// Everything that was ever acked is there, and everything was told of again that should be.
    pub(super) fn at_rest(&mut self, alive: &[NodeId]) {
        for (_, message) in std::mem::take(&mut self.acked) {
            let there = stored(&self.truth.lock().unwrap(), &message) == Some(&message);
            self.require(there, "V1", || format!("acked and not stored: {message:?}"));
        }
        for (node, Told { duplicates, again, .. }) in std::mem::take(&mut self.nodes) {
            self.require(!alive.contains(&node) || duplicates <= again, "2.3.6", || {
                format!("{node:?} told of {again} of {duplicates} duplicates again")
            });
        }
    }
}
