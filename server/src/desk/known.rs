//! The caller of a command as the records say it is now: a credential says who, the records say
//! whether still, and as what.

use support_shared::{
    message::SenderRole,
    ticket::{AgentName, AgentRole, Guest},
};

use super::{
    Desk, DeskError,
    actor::{Actor, Who},
    command::TicketView,
    policy::Caller,
    record::TicketRecord,
    store::{AgentRecord, Facts},
};

/// The caller of a command, with the records that say what it is now.
pub(super) enum Known {
    Stranger,
    Ended,
    Operator,
    Guest(Guest),
    Agent(Box<AgentRecord>),
}

impl Known {
    pub(super) fn caller(&self) -> Caller {
        match self {
            Self::Stranger => Caller::Stranger,
            Self::Ended => Caller::Ended,
            Self::Operator => Caller::Operator,
            Self::Guest(_) => Caller::Guest,
            Self::Agent(agent) if agent.must_change_password => Caller::NewAgent,
            Self::Agent(agent) => match agent.role {
                AgentRole::Agent => Caller::Agent,
                AgentRole::Admin => Caller::Admin,
            },
        }
    }

    pub(super) fn owns(&self, ticket: &TicketRecord) -> bool {
        match self {
            Self::Guest(guest) => ticket.is_of(guest.id),
            Self::Stranger | Self::Ended | Self::Operator | Self::Agent(_) => false,
        }
    }

    /// What it is in a conversation.
    pub(super) fn role(&self) -> SenderRole {
        match self {
            Self::Guest(_) => SenderRole::Guest,
            Self::Agent(_) => SenderRole::Agent,
            Self::Stranger | Self::Ended | Self::Operator => SenderRole::System,
        }
    }

    /// The agent; nobody else gets past the policy to where this is asked.
    pub(super) fn agent(&self) -> Result<&AgentRecord, DeskError> {
        match self {
            Self::Agent(agent) => Ok(agent),
            Self::Stranger | Self::Ended | Self::Operator | Self::Guest(_) => {
                Err(DeskError::Forbidden)
            }
        }
    }

    /// The guest; nobody else gets past the policy to where this is asked.
    pub(super) fn guest(&self) -> Result<&Guest, DeskError> {
        match self {
            Self::Guest(guest) => Ok(guest),
            Self::Stranger | Self::Ended | Self::Operator | Self::Agent(_) => {
                Err(DeskError::Forbidden)
            }
        }
    }

    /// A ticket as this caller may see it.
    pub(super) fn view(&self, ticket: &TicketRecord) -> TicketView {
        match self {
            Self::Agent(_) | Self::Operator => TicketView::Agent(Box::new(ticket.for_agents())),
            Self::Stranger | Self::Ended | Self::Guest(_) => {
                TicketView::Guest(Box::new(ticket.for_guest()))
            }
        }
    }
}

impl AgentRecord {
    pub(super) fn name(&self) -> AgentName {
        AgentName { id: self.id, name: self.display_name.clone() }
    }
}

impl Desk {
    /// What the actor is now: a credential says who, the records say whether still.
    pub(super) fn known(&self, actor: &Actor, facts: Facts) -> (Known, Option<TicketRecord>) {
        let Facts { guest, agent, session, ticket } = facts;
        let known = match actor.who {
            Who::Stranger => Known::Stranger,
            Who::Unproven => Known::Ended,
            Who::Operator => Known::Operator,
            Who::Guest(_) => guest.map_or(Known::Ended, Known::Guest),
            Who::Agent { agent: id, expires_at, .. } => {
                let now = self.source.now();
                let stands = session
                    .is_some_and(|it| it.agent == id && !it.ended && now < it.ends_at)
                    && now < expires_at;
                let agent = agent.filter(|agent| stands && !agent.disabled);
                agent.map_or(Known::Ended, |agent| Known::Agent(Box::new(agent)))
            }
        };
        (known, ticket)
    }
}
