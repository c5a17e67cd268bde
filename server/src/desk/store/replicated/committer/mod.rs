//! The one task of a node that appends.
//!
//! What arrives while a batch is under way shares the next one. A batch holds one job of a ticket at
//! most: two entries of one log in one unordered insert could leave a hole or change places. Answers
//! and announcements leave only when the database has said that the entry is durable, and in the
//! order of the log, because one task makes both. Summaries follow, off the path of the answer.

mod line;
#[cfg(test)]
mod mutated;

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;

use support_shared::{TicketId, message::Message, message::SenderRole, ticket::Rating};
use tokio::sync::{mpsc, watch};

pub(super) use self::line::Line;
use self::line::{Answer, Item, Job, Summaries, Todo, Write, again};
use super::super::{Announce, Appended, Rated, Result, StoreError, Stored, What};
use super::collections::{Collections, Inserted, Mark, Opening, log, number};
use super::{in_time, mending};
#[cfg(test)]
use crate::desk::mutant::{self, Mutant};
use crate::desk::{
    log::{Draft, Verdict},
    record::TicketRecord,
};

/// Jobs that wait for their turn in the line and, as many again, with the committer. A full line
/// makes the next one wait, within its time limit.
const LINE: usize = 1024;

/// Tickets that share one insert at most.
const BATCH: usize = 256;

pub(super) struct Committer<C> {
    collections: Arc<C>,
    announce: Announce,
    line: mpsc::Receiver<Item>,
    waiting: VecDeque<Job>,
    summaries: watch::Sender<Summaries>,
    stopping: bool,
}

impl<C: Collections> Committer<C> {
    pub(super) fn new(collections: Arc<C>, announce: Announce) -> (Line, Self) {
        let (items, line) = mpsc::channel(LINE);
        let (summaries, seen) = watch::channel(Summaries::default());
        let waiting = VecDeque::new();
        let committer = Self { collections, announce, line, waiting, summaries, stopping: false };
        (Line { items, summaries: seen }, committer)
    }

    pub(super) async fn run(mut self) {
        while self.has_more().await {
            let batch = self.batch();
            let again = self.commit(batch).await;
            for job in again.into_iter().rev() {
                self.waiting.push_front(job);
            }
        }
    }

    /// Waits for a job and takes in what else has come.
    async fn has_more(&mut self) -> bool {
        if self.waiting.is_empty() && !self.stopping {
            match self.line.recv().await {
                Some(item) => self.take_in(item),
                None => return false,
            }
        }
        while self.waiting.len() < LINE {
            match self.line.try_recv() {
                Ok(item) => self.take_in(item),
                Err(_) => break,
            }
        }
        !self.waiting.is_empty() || !self.stopping
    }

    fn take_in(&mut self, item: Item) {
        match item {
            Item::Job(job) => self.waiting.push_back(*job),
            Item::Stop => {
                self.line.close();
                self.stopping = true;
            }
        }
    }

    /// The first job of each ticket, as many as share an insert.
    fn batch(&mut self) -> Vec<Job> {
        let mut tickets = HashSet::new();
        let mut batch = Vec::new();
        let mut later = VecDeque::with_capacity(self.waiting.len());
        for job in self.waiting.drain(..) {
            if job.is_given_up() {
                continue;
            }
            if batch.len() < BATCH && tickets.insert(job.ticket) {
                batch.push(job);
            } else {
                later.push_back(job);
            }
        }
        self.waiting = later;
        batch
    }

    /// Does what can be done, and answers with what has to be tried again.
    async fn commit(&self, batch: Vec<Job>) -> Vec<Job> {
        let ids: Vec<TicketId> = batch.iter().map(|job| job.ticket).collect();
        if ids.is_empty() {
            return Vec::new();
        }
        let loaded = in_time(mending::load(self.collections.as_ref(), &ids)).await;
        #[cfg(test)]
        let loaded = match loaded {
            // What the summaries say is believed, and only the number is looked up.
            Ok(tickets) if mutant::is(Mutant::CloseAsFlag) => {
                self.with_flags_of_summaries(tickets, &ids).await
            }
            loaded => loaded,
        };
        let tickets = match loaded {
            Ok(tickets) => tickets,
            // One record that does not parse is no reason to keep the others waiting.
            Err(StoreError::Corrupt(_)) if batch.len() > 1 => {
                let mut again = Vec::new();
                for job in batch {
                    again.extend(Box::pin(self.commit(vec![job])).await);
                }
                return again;
            }
            Err(error) => {
                for job in batch {
                    job.fail(&error);
                }
                return Vec::new();
            }
        };
        let mut tickets: HashMap<TicketId, TicketRecord> =
            tickets.into_iter().map(|ticket| (ticket.id, ticket)).collect();
        let mut writes = Vec::new();
        let mut marks = Vec::new();
        for job in batch {
            let Some(ticket) = tickets.remove(&job.ticket) else {
                job.no_ticket();
                continue;
            };
            match job.what {
                Todo::Append(draft, answer) => match draft.as_ref().clone().on(&ticket) {
                    Verdict::Write(message) => {
                        writes.push(Write { draft, answer, ticket, message });
                    }
                    verdict => self.settle(ticket, &draft, verdict, answer).await,
                },
                Todo::Mark(role, seq, answer) => marks.push((ticket, role, seq, answer)),
                Todo::Rate(rating, answer) => answer.give(self.rate(ticket, rating).await),
            }
        }
        let again = self.write(writes).await;
        self.mark(marks).await;
        again
    }

    /// Answers a draft that is not written: unless it was, before.
    async fn settle(
        &self,
        ticket: TicketRecord,
        draft: &Draft,
        verdict: Verdict,
        answer: Answer<Appended>,
    ) {
        let outcome = match self.before(&ticket, draft).await {
            Err(error) => Err(error),
            Ok(Some(message)) => {
                self.announce(&ticket, What::Again(message.clone())).await;
                Ok(Appended::Duplicate(message))
            }
            Ok(None) => match verdict {
                Verdict::Refused(refusal) => Ok(Appended::Refused(refusal)),
                Verdict::Unchanged | Verdict::Write(_) => Ok(Appended::Unchanged(Box::new(ticket))),
            },
        };
        answer.give(outcome);
    }

    /// What is stored under the draft's key.
    async fn before(&self, ticket: &TicketRecord, draft: &Draft) -> Result<Option<Box<Message>>> {
        let Some((sender, key)) = draft.key() else { return Ok(None) };
        let before = in_time(self.collections.entry_by_key(ticket.id, &sender, key)).await?;
        Ok(before.map(Box::new))
    }

    /// Marks the tickets that will count against their guests' limits again, before their entries
    /// are written: a summary that is lost with this node would let the guest open one too many.
    async fn mark_opening(&self, writes: Vec<Write>) -> Vec<Write> {
        let openings: Vec<Opening> = writes.iter().filter_map(Write::opens).collect();
        if openings.is_empty() {
            return writes;
        }
        match in_time(self.collections.mark_opening(&openings)).await {
            Ok(()) => writes,
            Err(error) => {
                let opens = |write: &Write| write.opens().is_some();
                let (opening, rest): (Vec<_>, Vec<_>) = writes.into_iter().partition(opens);
                for write in opening {
                    write.answer.give(Err(again(&error)));
                }
                rest
            }
        }
    }

    async fn write(&self, writes: Vec<Write>) -> Vec<Job> {
        let writes = self.mark_opening(writes).await;
        if writes.is_empty() {
            return Vec::new();
        }
        #[cfg(test)]
        let writes = self.mutated(writes).await;
        let entries: Vec<Message> = writes.iter().map(|it| it.message.as_ref().clone()).collect();
        let insert = async { Ok(self.collections.insert_entries(&entries).await) };
        let outcomes = match in_time(insert).await {
            Ok(outcomes) => outcomes,
            Err(late) => writes.iter().map(|_| Err(again(&late))).collect(),
        };
        self.summaries.send_modify(|it| it.answered += 1);
        let mut summaries = Vec::with_capacity(writes.len());
        let mut again = Vec::new();
        for (write, outcome) in writes.into_iter().zip(outcomes) {
            match outcome {
                Ok(Inserted::Done) => summaries.push(self.written(write).await),
                Ok(Inserted::Taken) => again.extend(self.taken(write).await),
                Err(error) => write.answer.give(Err(error)),
            }
        }
        if !summaries.is_empty()
            && let Err(error) = in_time(self.collections.save(&summaries)).await
        {
            tracing::debug!(?error, "summaries stay behind until they are mended");
        }
        self.summaries.send_modify(|it| it.written = it.answered);
        again
    }

    async fn written(&self, write: Write) -> TicketRecord {
        let Write { answer, mut ticket, message, .. } = write;
        ticket.apply(&message);
        self.announce(&ticket, What::Entry(message.clone())).await;
        answer.give(Ok(Appended::New(Box::new(ticket.clone()), message)));
        ticket
    }

    /// A unique index has not let the entry in: because it is there already, under its key or as
    /// itself, or because another node was faster, and then it is tried again on top of that.
    async fn taken(&self, write: Write) -> Option<Job> {
        let Write { draft, answer, ticket, message } = write;
        let there = match self.before(&ticket, &draft).await {
            Ok(Some(before)) => Ok(Some(before)),
            Ok(None) => {
                let (log, seq) = (log(&message), number(&message));
                let entries = self.collections.entries(ticket.id, log, seq, seq);
                in_time(entries).await.map(|mut found| found.pop().map(Box::new))
            }
            Err(error) => Err(error),
        };
        match there {
            Err(error) => answer.give(Err(error)),
            // The driver has sent it twice, and the first one did arrive.
            Ok(Some(there)) if there.id == message.id => {
                let write = Write { draft, answer, ticket, message };
                let ticket = self.written(write).await;
                if let Err(error) = in_time(self.collections.save(&[ticket])).await {
                    tracing::debug!(?error, "a summary stays behind until it is mended");
                }
            }
            Ok(Some(there)) if there.client_message_id.is_some() && is_of(&there, &draft) => {
                self.announce(&ticket, What::Again(there.clone())).await;
                answer.give(Ok(Appended::Duplicate(there)));
            }
            Ok(_) => {
                return Some(Job { ticket: ticket.id, what: Todo::Append(draft, answer) });
            }
        }
        None
    }

    async fn mark(&self, marks: Vec<(TicketRecord, SenderRole, u64, Answer<bool>)>) {
        let mut rising = Vec::new();
        for (mut ticket, role, seq, answer) in marks {
            let seq = seq.min(ticket.conversation.seq);
            let mark = match role {
                SenderRole::Guest => &mut ticket.guest_read_seq,
                SenderRole::Agent | SenderRole::System => &mut ticket.agent_read_seq,
            };
            if seq <= *mark {
                answer.give(Ok(false));
            } else {
                *mark = seq;
                rising.push((Mark { ticket: ticket.id, role, seq }, ticket, answer));
            }
        }
        if rising.is_empty() {
            return;
        }
        let marks: Vec<Mark> = rising.iter().map(|(mark, ..)| *mark).collect();
        let raised = in_time(self.collections.raise_marks(&marks)).await;
        for (_, ticket, answer) in rising {
            match &raised {
                Ok(()) => {
                    self.announce(&ticket, What::Mark).await;
                    answer.give(Ok(true));
                }
                Err(error) => answer.give(Err(again(error))),
            }
        }
    }

    async fn rate(&self, mut ticket: TicketRecord, rating: Rating) -> Result<Rated> {
        if ticket.counts() || ticket.rating.is_some() {
            return Ok(Rated::Refused);
        }
        match in_time(self.collections.rate(ticket.id, &rating)).await? {
            Inserted::Taken => Ok(Rated::Refused),
            Inserted::Done => {
                ticket.rating = Some(rating);
                self.announce(&ticket, What::Rating).await;
                Ok(Rated::Done(Box::new(ticket)))
            }
        }
    }

    async fn announce(&self, ticket: &TicketRecord, what: What) {
        #[cfg(test)]
        if mutant::is(Mutant::NoReannounce) && matches!(what, What::Again(_)) {
            return;
        }
        // The announcer is gone only when the desk is: nobody is left to be told.
        let _ = self.announce.send(Stored { ticket: ticket.clone(), what }).await;
    }
}

/// Whether an entry is what this draft's sender has stored under this draft's key.
fn is_of(entry: &Message, draft: &Draft) -> bool {
    draft.key().is_some_and(|(sender, key)| {
        entry.sender_id.as_deref() == Some(sender.as_str())
            && entry.client_message_id.as_ref() == Some(key)
    })
}
