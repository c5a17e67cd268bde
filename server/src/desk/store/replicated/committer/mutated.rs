//! The mutants that the committer itself has to have.

use support_shared::TicketId;
use tokio::sync::oneshot;

use super::super::super::{Appended, Result};
use super::super::collections::Collections;
use super::super::in_time;
use super::Committer;
use super::line::{Answer, Write};
use crate::desk::{
    mutant::{self, Mutant},
    record::TicketRecord,
};

impl<C: Collections> Committer<C> {
    /// Whether a ticket is closed is looked up in its summary, and not in its log.
    pub(super) async fn with_flags_of_summaries(
        &self,
        mut tickets: Vec<TicketRecord>,
        ids: &[TicketId],
    ) -> Result<Vec<TicketRecord>> {
        let summaries = in_time(self.collections.summaries(ids)).await?;
        for (ticket, summary) in tickets.iter_mut().zip(&summaries) {
            ticket.conversation.status = summary.conversation.status;
        }
        Ok(tickets)
    }

    /// The two mutants that do something before the entry is durable.
    pub(super) async fn mutated(&self, writes: Vec<Write>) -> Vec<Write> {
        let mut mutated = Vec::with_capacity(writes.len());
        for mut write in writes {
            let mut after = write.ticket.clone();
            after.apply(&write.message);
            if mutant::is(Mutant::CounterThenInsert) {
                let _ = in_time(self.collections.save(&[after.clone()])).await;
            }
            if mutant::is(Mutant::AckBeforeCommit) {
                let answer = std::mem::replace(&mut write.answer, Answer(oneshot::channel().0));
                answer.give(Ok(Appended::New(Box::new(after), write.message.clone())));
            }
            mutated.push(write);
        }
        mutated
    }
}
