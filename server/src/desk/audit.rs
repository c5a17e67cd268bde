//! What is kept of administration and logins for whoever has to answer for it later. Whether a
//! command is carried out is not decided here; one whose entry cannot be kept is answered as failed.

use support_shared::{CannedId, ErrorCode};

use super::{
    Desk, DeskError, PATIENCE,
    actor::{Actor, Who},
    command::{AgentNamed, Command, Reply},
    rates,
    store::Audit,
};

/// Whom or what it was to be done to.
pub(super) enum Object {
    Agent(AgentNamed),
    Canned(CannedId),
}

/// What an entry begins with: what was asked for, and whom it was to be done to.
pub(super) type Entry = (&'static str, Option<Object>);

/// The beginning of the entry of a command, if it has one.
pub(super) fn of(command: &Command) -> Option<Entry> {
    match command {
        Command::SignIn { .. } => Some(("sign_in", None)),
        Command::SignOut => Some(("sign_out", None)),
        Command::ChangePassword { .. } => Some(("change_password", None)),
        Command::AddAgent(new) => {
            let name = AgentNamed::Username(new.username.clone());
            Some(("add_agent", Some(Object::Agent(name))))
        }
        Command::ChangeAgent { agent, .. } => {
            Some(("change_agent", Some(Object::Agent(agent.clone()))))
        }
        Command::AddCanned(_) => Some(("add_canned", None)),
        Command::ChangeCanned { id, .. } => Some(("change_canned", Some(Object::Canned(*id)))),
        Command::RemoveCanned(id) => Some(("remove_canned", Some(Object::Canned(*id)))),
        _ => None,
    }
}

impl Desk {
    /// Adds to the audit. What cannot be kept has not been done, as far as the caller is told.
    pub(super) async fn audited(
        &self,
        actor: &Actor,
        entry: Option<Entry>,
        result: Result<Reply, DeskError>,
    ) -> Result<Reply, DeskError> {
        let Some((what, object)) = entry else {
            return self.bulk_read_noted(actor, result).await;
        };
        // What anybody can make happen without end is counted, and not kept for ever.
        let noise = match &result {
            Err(
                DeskError::Unauthenticated | DeskError::RateLimited { .. } | DeskError::Busy { .. },
            ) => true,
            Err(DeskError::Unavailable(_)) => matches!(actor.who, Who::Stranger | Who::Unproven),
            _ => false,
        };
        if noise {
            return result;
        }
        let who = match (&result, actor.who) {
            // Who signs in is somebody from then on.
            (Ok(Reply::Session(session)), _) => session.agent.id.to_string(),
            (_, Who::Agent { agent, .. }) => agent.to_string(),
            (_, Who::Guest(guest)) => guest.to_string(),
            (_, Who::Operator) => "operator".to_owned(),
            (_, Who::Stranger | Who::Unproven) => "stranger".to_owned(),
        };
        let object = match object {
            Some(Object::Agent(AgentNamed::Id(id))) => Some(id.to_string()),
            Some(Object::Canned(id)) => Some(id.to_string()),
            Some(Object::Agent(AgentNamed::Username(name))) => {
                let agent = self.store.agent_by_name(name.as_str().to_owned()).await?;
                agent.map(|agent| agent.id.to_string())
            }
            // What was added has an id from then on.
            None => match &result {
                Ok(Reply::Canned(added)) => Some(added.canned.id.to_string()),
                _ => None,
            },
        };
        let outcome = result.as_ref().map_or_else(|error| error.code().as_str(), |_| "ok");
        let at = self.source.now();
        let what = what.to_owned();
        self.keep(Audit { at, who, what, object, result: outcome }).await?;
        result
    }

    /// Keeps of an agent that it has tried to read more than it may, once for each time that the
    /// limit counts in, however often it goes on trying.
    async fn bulk_read_noted(
        &self,
        actor: &Actor,
        result: Result<Reply, DeskError>,
    ) -> Result<Reply, DeskError> {
        if let Err(DeskError::RateLimited { limit: rates::AGENT_READS, .. }) = &result
            && let Who::Agent { agent, .. } = actor.who
            && self.rates.bulk_reads.take(&agent).is_ok()
        {
            let result = ErrorCode::RateLimited.as_str();
            let (at, who, what) = (self.source.now(), agent.to_string(), "bulk_read".to_owned());
            let kept = self.keep(Audit { at, who, what, object: None, result }).await;
            if let Err(error) = kept {
                // Refused it is either way.
                tracing::warn!(%agent, %error, "could not keep that an agent reads too much");
            }
        }
        result
    }

    /// Stores an entry, or gives up when the store does not answer in time.
    pub(super) async fn keep(&self, audit: Audit) -> Result<(), DeskError> {
        match tokio::time::timeout(PATIENCE, self.store.audit(audit)).await {
            Ok(kept) => Ok(kept?),
            Err(late) => Err(DeskError::Unavailable(late.into())),
        }
    }
}
