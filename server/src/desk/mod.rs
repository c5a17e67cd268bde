//! The desk: everything anybody does to tickets, guests and agents.
//!
//! There is one door, [`Desk::execute`]. Socket.IO, HTTP and the command line only build an actor
//! and a command; the store is private to this module, so that no other way in can be written. The
//! desk knows neither axum nor socketioxide: what it needs of the connected is the trait [`Hub`].

mod accounts;
mod actor;
mod announce;
mod attendance;
mod audit;
mod canned;
mod command;
mod connections;
mod conversation;
mod error;
mod hub;
mod known;
mod limits;
mod listing;
mod log;
mod logins;
pub mod maintenance;
#[cfg(test)]
mod mutant;
mod openings;
mod policy;
mod presence;
mod rates;
mod record;
mod room;
mod sessions;
#[cfg(test)]
mod simulation;
mod storage;
mod store;
mod tickets;
mod typing;

use std::sync::Arc;
use std::time::Duration;

use support_shared::TicketId;
use tokio::{sync::mpsc, time::Instant};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::Instrument;

use self::{
    attendance::Nodes,
    connections::Connections,
    known::Known,
    logins::Logins,
    openings::Openings,
    policy::{Decision, Situation},
    presence::Presence,
    rates::Rates,
    record::TicketRecord,
    store::{SharedStore, Stored, Whose},
    typing::Writers,
};
use crate::auth::password::Passwords;
use crate::clock::Source;
use crate::telemetry::Meter;

pub use self::{
    actor::{Actor, Address, Connection, Side, Who},
    command::{AgentEdit, AgentNamed, Command, NewAgent, Reply, Secret, Session, TicketView},
    error::DeskError,
    hub::{Agents, Ending, Hub, Passing},
    limits::Limits,
    storage::{OpenError, Storage},
};

/// How long a command may wait for the store before it is answered with `unavailable`.
const PATIENCE: Duration = Duration::from_secs(5);

/// The support desk.
pub struct Desk {
    store: SharedStore,
    hub: Arc<dyn Hub>,
    presence: Presence,
    nodes: Nodes,
    connections: Connections,
    rates: Rates,
    openings: Openings,
    /// By who it is, the ticket, and whether it is a note.
    writers: Writers<(String, TicketId, bool)>,
    logins: Logins,
    passwords: Passwords,
    limits: Limits,
    source: Source,
    meter: Meter,
    tasks: TaskTracker,
    /// Ends what waits for something, when the server stops.
    stopping: CancellationToken,
}

impl Desk {
    /// Opens the desk on what is kept in `storage`.
    pub async fn open(
        storage: &Storage,
        hub: Arc<dyn Hub>,
        limits: Limits,
        source: Source,
        meter: Meter,
    ) -> Result<Arc<Self>, OpenError> {
        let (store, announced) = storage.open(&source).await?;
        Ok(Self::on(store, announced, hub, limits, source, meter))
    }

    /// The desk on a store that is open, and what the store announces.
    fn on(
        store: SharedStore,
        announced: mpsc::Receiver<Stored>,
        hub: Arc<dyn Hub>,
        limits: Limits,
        source: Source,
        meter: Meter,
    ) -> Arc<Self> {
        let tasks = TaskTracker::new();
        tasks.spawn(announce::run(announced, Arc::clone(&hub)));
        let desk = Arc::new(Self {
            store,
            hub,
            presence: Presence::default(),
            nodes: Nodes::new(source.ulid()),
            connections: Connections::default(),
            rates: Rates::new(&limits),
            openings: Openings::new(&limits),
            writers: Writers::default(),
            logins: Logins::new(&limits),
            passwords: Passwords::new(),
            limits,
            source,
            meter,
            tasks,
            stopping: CancellationToken::new(),
        });
        desk.tasks.spawn(Arc::clone(&desk).tell_heads());
        desk.tasks.spawn(Arc::clone(&desk).look_after_seats());
        desk.tasks.spawn(Arc::clone(&desk).look_after_sessions());
        if desk.store.is_shared() {
            desk.tasks.spawn(Arc::clone(&desk).say_who_sits_here());
        }
        desk
    }

    /// The door: limit, look up, decide, act, answer. What is stored is told of by `announce`.
    pub async fn execute(
        self: &Arc<Self>,
        actor: &Actor,
        command: Command,
    ) -> Result<Reply, DeskError> {
        self.execute_asked(actor, command, Instant::now()).await
    }

    /// The same for a command that has waited for its turn since it was asked for: the wait counts,
    /// so that whoever asks for much at once is told as soon as everybody else.
    pub async fn execute_asked(
        self: &Arc<Self>,
        actor: &Actor,
        command: Command,
        asked: Instant,
    ) -> Result<Reply, DeskError> {
        let began = Instant::now();
        let action = command.action();
        let entry = audit::of(&command);
        let span = tracing::info_span!("command", action = ?action, who = ?actor.who);
        let work = async {
            self.check_sizes(&command)?;
            let whose = match actor.who {
                Who::Stranger | Who::Unproven | Who::Operator => Whose::Nobodys,
                Who::Guest(guest) => Whose::Guest(guest),
                Who::Agent { agent, session, .. } => Whose::Agent(agent, session),
            };
            let named = command.ticket();
            let facts = self.store.facts(whose, named).await?;
            let (known, ticket) = self.known(actor, facts);
            let situation = match &ticket {
                None if named.is_none() => Situation::General,
                None => Situation::Missing,
                Some(ticket) if known.owns(ticket) => Situation::Own,
                Some(_) => Situation::Others,
            };
            self.charge(&known, &command)?;
            match policy::decide(known.caller(), action, situation) {
                Decision::Allow => {}
                Decision::Forbidden => return Err(DeskError::Forbidden),
                Decision::Hidden => return Err(DeskError::NotFound),
                Decision::Unauthenticated => return Err(DeskError::Unauthenticated),
                Decision::PasswordFirst => return Err(DeskError::PasswordChangeRequired),
            }
            // What a command does is large, and all that holds it would be as large.
            Box::pin(self.act(actor, known, ticket, command)).await
        };
        let left = PATIENCE.saturating_sub(asked.elapsed());
        let result = if left.is_zero() {
            // It is not begun: what is begun may still be stored.
            Err(DeskError::Unavailable(anyhow::anyhow!("it has waited too long for its turn")))
        } else {
            match tokio::time::timeout(left, work.instrument(span.clone())).await {
                Ok(result) => result,
                Err(late) => Err(DeskError::Unavailable(late.into())),
            }
        };
        let result = self.audited(actor, entry, result).await;
        let outcome = result.as_ref().map_or_else(|error| error.code().as_str(), |_| "ok");
        if let Err(
            DeskError::RateLimited { limit, .. }
            | DeskError::Busy { limit, .. }
            | DeskError::TooLarge { limit, .. },
        ) = &result
        {
            self.meter.limited(limit);
        }
        self.meter.command(format!("{action:?}"), outcome, began.elapsed());
        tracing::debug!(parent: &span, outcome, "done");
        result
    }

    /// Counts what came as an event and is no command: nothing else is known of one that asks for no
    /// answer.
    pub(crate) fn unreadable(&self, why: &impl std::fmt::Display, asked: Instant) -> DeskError {
        let error = DeskError::Invalid(why.to_string());
        self.meter.command("Unreadable".to_owned(), error.code().as_str(), asked.elapsed());
        error
    }

    /// Refuses what is too long, whoever sends it and whatever it is about: it is parsed, in effect.
    fn check_sizes(&self, command: &Command) -> Result<(), DeskError> {
        let text = match command {
            Command::OpenTicket(request) => Some(&request.content),
            Command::SendMessage { content, .. } => Some(content),
            Command::AssignTicket { assignment, .. } => assignment.note.as_ref(),
            Command::RateTicket(request) => request.comment.as_ref(),
            Command::AddCanned(new) => Some(&new.text),
            Command::ChangeCanned { edit, .. } => edit.text.as_ref(),
            _ => None,
        };
        text.map_or(Ok(()), |text| self.limits.check_content(text))
    }

    /// Counts what is limited by who sends it, before anything is said of what it is about.
    fn charge(&self, known: &Known, command: &Command) -> Result<(), DeskError> {
        match (known, command) {
            (Known::Guest(guest), Command::SendMessage { .. }) => {
                self.rates.guest_messages_sustained.take(&guest.id)?;
                self.rates.guest_messages.take(&guest.id)
            }
            (Known::Agent(agent), Command::SendMessage { .. }) => {
                self.rates.agent_messages.take(&agent.id)
            }
            (Known::Guest(guest), Command::ListOwnTickets(_) | Command::ListMessages { .. }) => {
                self.rates.guest_reads.take(&guest.id)
            }
            (
                Known::Agent(agent),
                Command::ListTickets(_)
                | Command::ShowTicket(_)
                | Command::JoinTicket(_)
                | Command::ListMessages { .. }
                | Command::ListCanned,
            ) => self.rates.agent_reads.take(&agent.id),
            _ => Ok(()),
        }
    }

    async fn act(
        self: &Arc<Self>,
        actor: &Actor,
        known: Known,
        ticket: Option<TicketRecord>,
        command: Command,
    ) -> Result<Reply, DeskError> {
        let ticket = || ticket.ok_or(DeskError::NotFound);
        match command {
            Command::Connect(_) => {
                self.connections.open(actor, &self.limits)?;
                if let Known::Agent(agent) = &known {
                    self.came(actor, agent);
                }
                Ok(Reply::Empty(support_shared::answer::Empty {}))
            }
            Command::StartGuestSession { name, email } => {
                self.start_guest_session(actor, &known, name, email).await
            }
            Command::SignIn { username, password } => self.sign_in(actor, username, password).await,
            Command::SignOut => self.sign_out(actor).await,
            Command::RefreshSession => self.refresh_session(actor, &known).await,
            Command::ShowMe => Self::show_me(&known),
            Command::ChangePassword { current, new } => {
                self.change_password(actor, &known, current, new).await
            }
            Command::AddAgent(new) => self.add_agent(new).await,
            Command::OpenTicket(request) => self.open_ticket(actor, &known, request).await,
            Command::ListTickets(request) => self.list_tickets(&known, request).await,
            Command::ListOwnTickets(request) => self.list_own_tickets(&known, request).await,
            Command::ShowTicket(_) => self.show_ticket(&known, ticket()?).await,
            Command::JoinTicket(request) => {
                self.join_ticket(actor, &known, ticket()?, request).await
            }
            Command::LeaveTicket(_) => self.leave_ticket(actor, &known, ticket()?).await,
            Command::CloseTicket { reason, .. } => {
                self.close_ticket(&known, ticket()?.id, reason).await
            }
            Command::SendMessage { content, client_message_id, internal, .. } => {
                self.send_message(&known, &ticket()?, content, client_message_id, internal).await
            }
            Command::ReopenTicket(_) => self.reopen_ticket(&known, ticket()?.id).await,
            Command::AssignTicket { assignment, .. } => {
                self.assign_ticket(&known, ticket()?.id, assignment).await
            }
            Command::TagTicket { tagging, .. } => {
                self.tag_ticket(&known, ticket()?.id, tagging).await
            }
            Command::EndTicket(_) => self.end_ticket(&known, ticket()?.id).await,
            Command::RateTicket(request) => self.rate_ticket(&known, request).await,
            Command::MarkRead(request) => self.mark_read(actor, &known, request).await,
            Command::Typing(request) => self.typing(actor, &known, &ticket()?, &request),
            Command::ListAgents => self.list_agents().await,
            Command::ChangeAgent { agent, change } => self.change_agent(agent, change).await,
            Command::ListCanned => self.list_canned().await,
            Command::AddCanned(new) => self.add_canned(new).await,
            Command::ChangeCanned { id, edit } => self.change_canned(id, edit).await,
            Command::RemoveCanned(id) => self.remove_canned(id).await,
            Command::ListMessages { before, limit, notes, .. } => {
                self.list_messages(ticket()?.id, before, limit, notes).await
            }
        }
    }

    /// Whether the store answers.
    pub async fn is_ready(&self) -> bool {
        matches!(tokio::time::timeout(PATIENCE, self.store.ping()).await, Ok(Ok(())))
    }

    /// Stops taking commands' after-effects, lets what is stored be told, and closes the store.
    /// Nobody is written out of a ticket because the server stops.
    pub async fn close(&self) {
        self.stopping.cancel();
        self.say_farewell().await;
        self.store.close().await;
        self.tasks.close();
        self.tasks.wait().await;
    }
}
