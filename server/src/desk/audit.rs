//! What is kept of administration and logins for whoever has to answer for it later. Whether a
//! command is carried out is not decided here; one whose entry cannot be kept is answered as failed.

use super::{
    Desk, DeskError, PATIENCE,
    command::{Actor, AgentNamed, Command, Reply, Who},
    store::Audit,
};

/// What an entry begins with: what was asked for, and whom it was to be done to.
pub(super) type Entry = (&'static str, Option<AgentNamed>);

/// The beginning of the entry of a command, if it has one.
pub(super) fn of(command: &Command) -> Option<Entry> {
    match command {
        Command::SignIn { .. } => Some(("sign_in", None)),
        Command::SignOut => Some(("sign_out", None)),
        Command::ChangePassword { .. } => Some(("change_password", None)),
        Command::AddAgent(new) => {
            Some(("add_agent", Some(AgentNamed::Username(new.username.clone()))))
        }
        Command::ChangeAgent { agent, .. } => Some(("change_agent", Some(agent.clone()))),
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
        let Some((what, object)) = entry else { return result };
        // What anybody can make happen without end is counted, and not kept for ever.
        let noise =
            matches!(result, Err(DeskError::Unauthenticated | DeskError::RateLimited { .. }));
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
            Some(AgentNamed::Id(id)) => Some(id.to_string()),
            Some(AgentNamed::Username(name)) => {
                let agent = self.store.agent_by_name(name.as_str().to_owned()).await?;
                agent.map(|agent| agent.id.to_string())
            }
            None => None,
        };
        let outcome = result.as_ref().map_or_else(|error| error.code().as_str(), |_| "ok");
        let at = self.source.now();
        let what = what.to_owned();
        self.keep(Audit { at, who, what, object, result: outcome }).await?;
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
