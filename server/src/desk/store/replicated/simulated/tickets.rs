//! The steps on tickets' summaries.

use super::*;

#[async_trait]
impl Tickets for Simulated {
    async fn insert_ticket(&self, ticket: &TicketRecord, place: Option<u32>) -> Result<Inserted> {
        let ticket = ticket.clone();
        self.step(move |tables| tables.insert_ticket(ticket, place)).await
    }

    async fn summaries(&self, ids: &[TicketId]) -> Result<Vec<TicketRecord>> {
        let ids: HashSet<TicketId> = ids.iter().copied().collect();
        self.step(move |tables| {
            let found = tables.tickets.values().filter(|it| ids.contains(&it.record.id));
            found.map(|it| it.record.clone()).collect()
        })
        .await
    }

    async fn summary(
        &self,
        name: TicketName,
        owner: Option<GuestId>,
    ) -> Result<Option<TicketRecord>> {
        self.step(move |tables| {
            tables.find(|ticket| {
                owner.is_none_or(|guest| ticket.is_of(guest))
                    && match name {
                        TicketName::Id(id) => ticket.id == id,
                        TicketName::Ref(reference) => ticket.reference == reference,
                    }
            })
        })
        .await
    }

    async fn summary_by_creation(
        &self,
        guest: GuestId,
        key: &ClientMessageId,
    ) -> Result<Option<TicketRecord>> {
        let key = key.clone();
        self.step(move |tables| tables.find(|it| it.is_of(guest) && it.created_by == key)).await
    }

    async fn open_of(&self, guest: GuestId) -> Result<Vec<OpenTicket>> {
        self.step(move |tables| {
            let open = tables
                .tickets
                .values()
                .filter(|it| it.record.is_of(guest) && (it.counts() || it.opening.is_some()));
            open.map(|it| OpenTicket { ticket: it.record.clone(), place: it.slot }).collect()
        })
        .await
    }

    async fn list(
        &self,
        listing: &Listing,
        after: Option<Cursor>,
        entries: usize,
    ) -> Result<Vec<TicketRecord>> {
        let listing = listing.clone();
        self.step(move |tables| {
            let tickets = tables.tickets.values().map(|it| &it.record);
            memory::listing::page(tickets, &listing, after, entries)
        })
        .await
    }

    async fn attended(&self) -> Result<Vec<TicketRecord>> {
        self.step(|tables| {
            let tickets = tables.tickets.values().map(|it| &it.record);
            tickets.filter(|it| !it.conversation.present.is_empty()).cloned().collect()
        })
        .await
    }

    async fn mark_opening(&self, openings: &[Opening]) -> Result<()> {
        let parts = openings
            .iter()
            .copied()
            .map(|it| -> Part<()> { Box::new(move |tables| tables.mark_opening(it)) });
        self.unordered(parts.collect()).await.map(|_| ())
    }

    async fn save(&self, tickets: &[TicketRecord]) -> Result<()> {
        if self.faults.fate().is_rolled_back {
            return Ok(());
        }
        let parts = tickets.iter().flat_map(|ticket| {
            [Log::Conversation, Log::Notes].map(|log| -> Part<()> {
                let ticket = ticket.clone();
                Box::new(move |tables| tables.forward(&ticket, log))
            })
        });
        self.unordered(parts.collect()).await.map(|_| ())
    }

    async fn raise_marks(&self, marks: &[Mark]) -> Result<()> {
        let parts = marks
            .iter()
            .copied()
            .map(|mark| -> Part<()> { Box::new(move |tables| tables.raise_mark(mark)) });
        self.unordered(parts.collect()).await.map(|_| ())
    }

    async fn rate(&self, ticket: TicketId, rating: &Rating) -> Result<Inserted> {
        let rating = rating.clone();
        self.step(move |tables| tables.rate(ticket, rating)).await
    }
}
