//! The steps on the entries of all logs.

use super::*;

#[async_trait]
impl Entries for Simulated {
    async fn insert_entries(&self, entries: &[Message]) -> Vec<Result<Inserted>> {
        let parts = entries
            .iter()
            .cloned()
            .map(|entry| -> Part<Inserted> { Box::new(move |tables| tables.insert_entry(entry)) });
        match self.unordered(parts.collect()).await {
            Ok(outcomes) => outcomes.into_iter().map(Ok).collect(),
            Err(_) => entries.iter().map(|_| Err(unavailable())).collect(),
        }
    }

    async fn entry_by_key(
        &self,
        ticket: TicketId,
        sender: &str,
        key: &ClientMessageId,
    ) -> Result<Option<Message>> {
        let (sender, key) = (sender.to_owned(), key.clone());
        self.step(move |tables| tables.entry_by_key(ticket, &sender, &key)).await
    }

    async fn entries(
        &self,
        ticket: TicketId,
        log: Log,
        first: u64,
        last: u64,
    ) -> Result<Vec<Message>> {
        self.step(move |tables| tables.entries(ticket, log, first, last)).await
    }

    /// Each of them is read at its own moment, as a cursor does.
    async fn tails(&self, tails: &[Tail]) -> Result<Vec<Message>> {
        let parts = tails.iter().copied().map(|Tail { ticket, log, after }| -> Part<_> {
            Box::new(move |tables| tables.entries(ticket, log, after + 1, after + TAIL))
        });
        Ok(self.unordered(parts.collect()).await?.into_iter().flatten().collect())
    }

    async fn recent_tickets(&self, before_newest: Duration) -> Result<Vec<TicketId>> {
        self.step(move |tables| tables.recent_tickets(before_newest)).await
    }
}
