//! Guests' and agents' accounts and logins. What proves an identity to the outside (tokens,
//! cookies) is made in `auth` and `http`; here it is decided whether there is one.

use std::sync::Arc;

use support_shared::{
    AgentId, GuestId, SessionId,
    answer::{AgentAnswer, AgentList, Empty, GuestAnswer},
    notice::SessionEnded,
    text::{Email, Name, Username},
    ticket::{Agent, Guest},
};

use super::{
    Desk, DeskError, Known,
    actor::{Actor, Who},
    command::{AgentEdit, AgentNamed, NewAgent, Reply, Secret, Session},
    hub::Ending,
    store::{AgentChange, AgentRecord, Changed, SessionRecord, StoreError},
};

/// Milliseconds after which a login ends, however often it was refreshed: 12 hours.
const SESSION_MS: i64 = 12 * 60 * 60 * 1000;

/// Characters that a password must have at least (NIST SP 800-63B asks for 8, advises 15).
const PASSWORD_MIN: usize = 12;

/// Characters that a password may have at most.
const PASSWORD_MAX: usize = 256;

impl AgentRecord {
    fn public(&self) -> Agent {
        Agent {
            id: self.id,
            username: self.username.clone(),
            display_name: self.display_name.clone(),
            role: self.role,
            disabled: self.disabled,
            must_change_password: self.must_change_password,
        }
    }
}

impl Desk {
    pub(super) async fn start_guest_session(
        &self,
        actor: &Actor,
        known: &Known,
        name: Option<Name>,
        email: Option<Email>,
    ) -> Result<Reply, DeskError> {
        let (name, email) = (name.map(String::from), email.map(String::from));
        let guest = match known {
            Known::Guest(guest) => {
                let named = Guest {
                    id: guest.id,
                    name: name.or_else(|| guest.name.clone()),
                    email: email.or_else(|| guest.email.clone()),
                };
                if named != *guest {
                    self.rates.guest_messages_sustained.take(&guest.id)?;
                    self.store.change_guest(named.clone()).await?;
                }
                named
            }
            Known::Stranger | Known::Ended | Known::Operator | Known::Agent(_) => {
                if let Some(address) = actor.address {
                    self.rates.guest_sessions.take(&address)?;
                }
                let guest = Guest { id: GuestId::from_ulid(self.source.ulid()), name, email };
                self.store.add_guest(guest.clone(), self.source.now()).await?;
                guest
            }
        };
        Ok(Reply::Guest(GuestAnswer { guest }))
    }

    /// An unknown name costs the same work as a wrong password, and is answered the same.
    pub(super) async fn sign_in(
        &self,
        actor: &Actor,
        username: String,
        password: Secret,
    ) -> Result<Reply, DeskError> {
        // What no agent can be called fails as one name, so that it takes no memory.
        let name = Username::try_from(username).map(String::from).unwrap_or_default();
        if let Some(address) = actor.address {
            self.logins.check(&name, address)?;
        }
        let agent = self.store.agent_by_name(name.clone()).await?;
        let hash = agent.as_ref().map(|agent| agent.password_hash.clone());
        let right = self.passwords.verify(password, hash).await?;
        let agent = agent.filter(|agent| right && !agent.disabled);
        if let Some(address) = actor.address {
            match agent {
                Some(_) => self.logins.succeeded(&name, address),
                None => self.logins.failed(&name, address),
            }
        }
        let agent = agent.ok_or(DeskError::InvalidCredentials)?;
        let session = SessionRecord {
            id: SessionId::from_ulid(self.source.ulid()),
            agent: agent.id,
            ends_at: self.source.now().plus_millis(SESSION_MS),
            ended: false,
        };
        let hash = agent.password_hash.clone();
        if !self.store.add_session(session.clone(), hash, self.source.now()).await? {
            // Changed while this one was being verified.
            return Err(DeskError::InvalidCredentials);
        }
        Ok(Reply::Session(Session {
            id: session.id,
            agent: agent.public(),
            ends_at: session.ends_at,
        }))
    }

    pub(super) async fn sign_out(self: &Arc<Self>, actor: &Actor) -> Result<Reply, DeskError> {
        if let Who::Agent { session, .. } = actor.who {
            let (desk, store) = (Arc::clone(self), Arc::clone(&self.store));
            let ends = async move {
                let ended = store.end_session(session).await;
                // Also when the store has not said so: it may have done it, and whoever is still
                // signed in comes back.
                desk.end(Ending::Session(session), "signed out");
                ended
            };
            self.to_its_end(ends).await?;
        }
        Ok(Reply::Empty(Empty {}))
    }

    pub(super) async fn refresh_session(
        &self,
        actor: &Actor,
        known: &Known,
    ) -> Result<Reply, DeskError> {
        let Who::Agent { session, .. } = actor.who else {
            return Err(DeskError::Unauthenticated);
        };
        let session = self.store.session(session).await?.ok_or(DeskError::Unauthenticated)?;
        Ok(Reply::Session(Session {
            id: session.id,
            agent: known.agent()?.public(),
            ends_at: session.ends_at,
        }))
    }

    pub(super) fn show_me(known: &Known) -> Result<Reply, DeskError> {
        Ok(Reply::Agent(AgentAnswer { agent: known.agent()?.public() }))
    }

    pub(super) async fn change_password(
        self: &Arc<Self>,
        actor: &Actor,
        known: &Known,
        current: Secret,
        new: Secret,
    ) -> Result<Reply, DeskError> {
        let agent = known.agent()?;
        check_password(&new)?;
        if new.expose() == current.expose() {
            return Err(DeskError::Invalid("the new password is the old one".to_owned()));
        }
        let address = actor.address;
        if let Some(address) = address {
            self.logins.check(&agent.username, address)?;
        }
        if !self.passwords.verify(current, Some(agent.password_hash.clone())).await? {
            if let Some(address) = address {
                self.logins.failed(&agent.username, address);
            }
            return Err(DeskError::InvalidCredentials);
        }
        let keep = match actor.who {
            Who::Agent { session, .. } => Some(session),
            Who::Stranger | Who::Unproven | Who::Guest(_) | Who::Operator => None,
        };
        let change = AgentChange {
            password_hash: Some(self.passwords.hash(new, self.source.bytes()).await?),
            must_change_password: Some(false),
            if_password_hash: Some(agent.password_hash.clone()),
            ..AgentChange::default()
        };
        let why = "the password was changed";
        if self.change_and_end(agent.id, change, keep, Some(why)).await? != Changed::Done {
            return Err(DeskError::InvalidCredentials);
        }
        Ok(Reply::Empty(Empty {}))
    }

    pub(super) async fn add_agent(&self, new: NewAgent) -> Result<Reply, DeskError> {
        check_password(&new.password)?;
        let username = String::from(new.username);
        let agent = AgentRecord {
            id: AgentId::from_ulid(self.source.ulid()),
            display_name: new.display_name.map_or_else(|| username.clone(), String::from),
            username,
            role: new.role,
            disabled: false,
            must_change_password: new.must_change_password,
            password_hash: self.passwords.hash(new.password, self.source.bytes()).await?,
            created_at: self.source.now(),
        };
        if !self.store.add_agent(agent.clone()).await? {
            return Err(DeskError::Conflict(format!(
                "there is an agent called {} already",
                agent.username
            )));
        }
        Ok(Reply::Agent(AgentAnswer { agent: agent.public() }))
    }

    pub(super) async fn list_agents(&self) -> Result<Reply, DeskError> {
        let agents = self.store.agents().await?;
        Ok(Reply::Agents(AgentList { agents: agents.iter().map(AgentRecord::public).collect() }))
    }

    pub(super) async fn change_agent(
        self: &Arc<Self>,
        agent: AgentNamed,
        edit: AgentEdit,
    ) -> Result<Reply, DeskError> {
        let no_agent = || DeskError::Missing("there is no such agent".to_owned());
        let agent = self.find_agent(&agent).await?.ok_or_else(no_agent)?;
        let password_hash = match edit.password {
            Some(password) => {
                check_password(&password)?;
                Some(self.passwords.hash(password, self.source.bytes()).await?)
            }
            None => None,
        };
        let change = AgentChange {
            must_change_password: password_hash.is_some().then_some(false),
            password_hash,
            // What is as it is already ends no session.
            role: edit.role.filter(|role| *role != agent.role),
            disabled: edit.disabled.filter(|disabled| *disabled != agent.disabled),
            display_name: edit.display_name.map(String::from),
            if_password_hash: None,
        };
        let why = change.ends_sessions().then_some("the account was changed, sign in again");
        match self.change_and_end(agent.id, change, None, why).await? {
            Changed::Done => {}
            Changed::NoAgent | Changed::OtherPassword => return Err(no_agent()),
            Changed::LastAdmin => {
                let message = "this is the last admin; make another one first";
                return Err(DeskError::Conflict(message.to_owned()));
            }
        }
        let changed = self.find_agent(&AgentNamed::Id(agent.id)).await?.ok_or_else(no_agent)?;
        Ok(Reply::Agent(AgentAnswer { agent: changed.public() }))
    }

    /// Changes an agent, and ends its connections if there is a reason to: also when the store has
    /// not said that it is done, for it may be.
    async fn change_and_end(
        self: &Arc<Self>,
        agent: AgentId,
        change: AgentChange,
        keep: Option<SessionId>,
        why: Option<&'static str>,
    ) -> Result<Changed, DeskError> {
        let (desk, store) = (Arc::clone(self), Arc::clone(&self.store));
        let changes = async move {
            let changed = store.change_agent(agent, change, keep).await;
            if let (Ok(Changed::Done) | Err(_), Some(why)) = (&changed, why) {
                desk.end(Ending::Agent(agent, keep), why);
            }
            changed
        };
        self.to_its_end(changes).await
    }

    /// Does something to its end, whether or not somebody waits so long.
    async fn to_its_end<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, StoreError>> + Send + 'static,
    ) -> Result<T, DeskError> {
        let stopped = |error: tokio::task::JoinError| DeskError::Unavailable(error.into());
        Ok(self.tasks.spawn(work).await.map_err(stopped)??)
    }

    async fn find_agent(&self, named: &AgentNamed) -> Result<Option<AgentRecord>, DeskError> {
        match named {
            AgentNamed::Username(name) => {
                Ok(self.store.agent_by_name(name.as_str().to_owned()).await?)
            }
            AgentNamed::Id(id) => {
                Ok(self.store.agents().await?.into_iter().find(|agent| agent.id == *id))
            }
        }
    }

    /// Whether nobody can sign in, because nobody was ever added.
    pub async fn has_no_agents(&self) -> Result<bool, DeskError> {
        Ok(self.store.agents().await?.is_empty())
    }

    pub(super) fn end(&self, whose: Ending, why: &str) {
        let code = support_shared::ErrorCode::Unauthenticated;
        self.hub.end(whose, &SessionEnded { code, message: why.to_owned() });
    }
}

fn check_password(password: &Secret) -> Result<(), DeskError> {
    let length = password.expose().chars().count();
    if (PASSWORD_MIN..=PASSWORD_MAX).contains(&length) {
        Ok(())
    } else {
        Err(DeskError::Invalid(format!(
            "a password has {PASSWORD_MIN} to {PASSWORD_MAX} characters"
        )))
    }
}
