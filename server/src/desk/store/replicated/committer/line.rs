//! What waits for the committer: jobs, each with its answer, and the way they come.

use support_shared::{TicketId, message::Message, message::SenderRole, ticket::Rating};
use tokio::sync::{mpsc, oneshot, watch};

use super::super::super::{Appended, Rated, Result, StoreError};
use super::super::collections::Opening;
use crate::desk::{log::Draft, record::TicketRecord};

/// The way to the committer.
pub(in crate::desk::store::replicated) struct Line {
    pub(super) items: mpsc::Sender<Item>,
    pub(super) summaries: watch::Receiver<Summaries>,
}

/// Batches whose entries were answered, and those of them whose summaries were written since.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Summaries {
    pub(super) answered: u64,
    pub(super) written: u64,
}

pub(super) enum Item {
    Job(Box<Job>),
    Stop,
}

/// Something to do to one ticket.
pub(super) struct Job {
    pub(super) ticket: TicketId,
    pub(super) what: Todo,
}

pub(super) enum Todo {
    Append(Box<Draft>, Answer<Appended>),
    Mark(SenderRole, u64, Answer<bool>),
    Rate(Rating, Answer<Rated>),
}

pub(super) struct Answer<T>(pub(super) oneshot::Sender<Result<T>>);

impl<T> Answer<T> {
    pub(super) fn give(self, result: Result<T>) {
        // Whoever has given up waiting is told nothing.
        let _ = self.0.send(result);
    }
}

/// An entry on its way into the log.
pub(super) struct Write {
    pub(super) draft: Box<Draft>,
    pub(super) answer: Answer<Appended>,
    pub(super) ticket: TicketRecord,
    pub(super) message: Box<Message>,
}

impl Write {
    /// The entry, if the ticket counts after it and did not before.
    pub(super) fn opens(&self) -> Option<Opening> {
        let mut after = self.ticket.clone();
        after.apply(&self.message);
        let opens = after.counts() && !self.ticket.counts();
        opens.then_some(Opening { ticket: after.id, seq: after.conversation.seq })
    }
}

impl Line {
    pub(in crate::desk::store::replicated) async fn append(
        &self,
        ticket: TicketId,
        draft: Draft,
    ) -> Result<Appended> {
        self.ask(ticket, |answer| Todo::Append(Box::new(draft), answer)).await
    }

    pub(in crate::desk::store::replicated) async fn mark_read(
        &self,
        ticket: TicketId,
        role: SenderRole,
        seq: u64,
    ) -> Result<bool> {
        self.ask(ticket, |answer| Todo::Mark(role, seq, answer)).await
    }

    pub(in crate::desk::store::replicated) async fn rate(
        &self,
        ticket: TicketId,
        rating: Rating,
    ) -> Result<Rated> {
        self.ask(ticket, |answer| Todo::Rate(rating, answer)).await
    }

    /// Has what is in the line done, and nothing after it.
    pub(in crate::desk::store::replicated) async fn close(&self) {
        let _ = self.items.send(Item::Stop).await;
    }

    /// Waits until lists show everything that this node has answered before.
    pub(in crate::desk::store::replicated) async fn summaries_written(&self) {
        let mut summaries = self.summaries.clone();
        let answered = summaries.borrow().answered;
        // Without a committer there is nothing more to wait for.
        let _ = summaries.wait_for(|it| it.written >= answered).await;
    }

    async fn ask<T>(&self, ticket: TicketId, todo: impl FnOnce(Answer<T>) -> Todo) -> Result<T> {
        let (answer, answered) = oneshot::channel();
        let job = Job { ticket, what: todo(Answer(answer)) };
        let gone = || StoreError::Unavailable(anyhow::anyhow!("the store is closed"));
        self.items.send(Item::Job(Box::new(job))).await.map_err(|_| gone())?;
        answered.await.map_err(|_| gone())?
    }
}

impl Job {
    /// Nobody waits for it any more: who has given up was told that it was not done.
    pub(super) fn is_given_up(&self) -> bool {
        match &self.what {
            Todo::Append(_, answer) => answer.0.is_closed(),
            Todo::Mark(_, _, answer) => answer.0.is_closed(),
            Todo::Rate(_, answer) => answer.0.is_closed(),
        }
    }

    pub(super) fn fail(self, error: &StoreError) {
        match self.what {
            Todo::Append(_, answer) => answer.give(Err(again(error))),
            Todo::Mark(_, _, answer) => answer.give(Err(again(error))),
            Todo::Rate(_, answer) => answer.give(Err(again(error))),
        }
    }

    pub(super) fn no_ticket(self) {
        match self.what {
            Todo::Append(_, answer) => answer.give(Ok(Appended::NoTicket)),
            Todo::Mark(_, _, answer) => answer.give(Ok(false)),
            Todo::Rate(_, answer) => answer.give(Ok(Rated::NoTicket)),
        }
    }
}

/// One error told to several.
pub(super) fn again(error: &StoreError) -> StoreError {
    match error {
        StoreError::Unavailable(why) => StoreError::Unavailable(anyhow::anyhow!("{why:#}")),
        StoreError::Corrupt(why) => StoreError::Corrupt(anyhow::anyhow!("{why:#}")),
    }
}
