//! The steps on guests and agents.

use std::collections::HashSet;

use super::*;

#[async_trait]
impl People for Simulated {
    async fn add_guest(&self, guest: &Guest, at: Timestamp) -> Result<()> {
        let guest = guest.clone();
        self.step(move |tables| tables.add_guest(guest, at)).await
    }

    async fn guest(&self, id: GuestId) -> Result<Option<Guest>> {
        self.step(move |tables| tables.guests.get(&id).map(|it| it.guest.clone())).await
    }

    async fn change_guest(&self, guest: &Guest) -> Result<()> {
        let new = guest.clone();
        let tickets: Vec<TicketId> = self
            .step(move |tables| {
                let id = new.id;
                if let Some(known) = tables.guests.get_mut(&id) {
                    known.guest = new;
                }
                let tickets = tables.tickets.values().filter(|it| it.record.is_of(id));
                tickets.map(|it| it.record.id).collect()
            })
            .await?;
        let parts = tickets.into_iter().map(|ticket| -> Part<()> {
            let guest = guest.clone();
            Box::new(move |tables| tables.name_guest_of(ticket, guest))
        });
        self.unordered(parts.collect()).await.map(|_| ())
    }

    async fn insert_agent(&self, account: &Account) -> Result<Inserted> {
        let account = account.clone();
        self.step(move |tables| tables.insert_account(account)).await
    }

    async fn agent(&self, id: AgentId) -> Result<Option<Account>> {
        self.step(move |tables| tables.accounts.get(&id).cloned()).await
    }

    async fn agent_by_name(&self, username: &str) -> Result<Option<Account>> {
        let username = username.to_owned();
        self.step(move |tables| {
            tables.accounts.values().find(|it| it.agent.username == username).cloned()
        })
        .await
    }

    async fn agent_by_session(&self, session: SessionId) -> Result<Option<Account>> {
        self.step(move |tables| tables.account_of(session)).await
    }

    async fn standing_sessions(&self, of: &[SessionId]) -> Result<HashSet<SessionId>> {
        let of = of.to_vec();
        self.step(move |tables| {
            let sessions = tables.accounts.values().flat_map(|it| &it.sessions);
            let stand = sessions.filter(|it| of.contains(&it.id) && !it.ended);
            stand.map(|session| session.id).collect()
        })
        .await
    }

    async fn agents(&self) -> Result<Vec<Account>> {
        self.step(|tables| {
            let mut accounts: Vec<Account> = tables.accounts.values().cloned().collect();
            accounts.sort_by(|one, other| one.agent.username.cmp(&other.agent.username));
            accounts
        })
        .await
    }

    async fn replace_agent(&self, account: &Account) -> Result<bool> {
        let account = account.clone();
        self.step(move |tables| tables.replace_account(account)).await
    }

    async fn gate(&self) -> Result<Gate> {
        self.step(|tables| tables.gate.clone()).await
    }

    async fn replace_gate(&self, gate: &Gate) -> Result<bool> {
        let gate = gate.clone();
        self.step(move |tables| tables.replace_gate(gate)).await
    }
}
