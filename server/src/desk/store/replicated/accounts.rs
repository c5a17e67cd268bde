//! Agents and their logins. An agent and its sessions are one document, so that each change is one
//! write, taken back when somebody else has changed the document meanwhile.
//!
//! That the last admin stays is a promise over several documents. Whoever takes an admin away first
//! puts its name into the [`Gate`], and whoever finds another's name there touches that account
//! before looking who is left: so of two changes, the second one either sees the first one's, or has
//! made it fail and begin again.

use support_shared::{AgentId, SessionId, Timestamp, ticket::AgentRole};

use super::super::{AgentChange, AgentRecord, Changed, Result, SessionRecord, StoreError};
use super::collections::{Account, Collections, Gate, Inserted};
use super::in_time;

/// How often to begin again when somebody else was faster.
const TRIES: usize = 16;

/// Logins of one agent at most; the oldest end.
const SESSIONS: usize = 1_000;

pub(super) async fn add(collections: &impl Collections, agent: AgentRecord) -> Result<bool> {
    let account = Account { agent, sessions: Vec::new(), version: 0 };
    Ok(in_time(collections.insert_agent(&account)).await? == Inserted::Done)
}

pub(super) async fn change(
    collections: &impl Collections,
    id: AgentId,
    change: &AgentChange,
    keep: Option<SessionId>,
) -> Result<Changed> {
    for _ in 0..TRIES {
        let Some(mut account) = in_time(collections.agent(id)).await? else {
            return Ok(Changed::NoAgent);
        };
        if change.if_password_hash.as_ref().is_some_and(|hash| *hash != account.agent.password_hash)
        {
            return Ok(Changed::OtherPassword);
        }
        let was_admin = is_admin(&account.agent);
        apply(&mut account, change, keep);
        if was_admin && !is_admin(&account.agent) {
            match leave(collections, id).await? {
                // The account may be another one than was read above: that is seen when it is
                // replaced.
                Leaving::Announced => {}
                Leaving::Last => return Ok(Changed::LastAdmin),
                Leaving::Again => continue,
            }
        }
        if in_time(collections.replace_agent(&account)).await? {
            return Ok(Changed::Done);
        }
    }
    Err(too_busy())
}

pub(super) async fn add_session(
    collections: &impl Collections,
    session: SessionRecord,
    password_hash: &str,
    now: Timestamp,
) -> Result<bool> {
    for _ in 0..TRIES {
        let Some(mut account) = in_time(collections.agent(session.agent)).await? else {
            return Ok(false);
        };
        if account.agent.disabled || account.agent.password_hash != password_hash {
            return Ok(false);
        }
        account.sessions.retain(|it| it.ends_at >= now);
        account.sessions.push(session.clone());
        let over = account.sessions.len().saturating_sub(SESSIONS);
        account.sessions.drain(..over);
        account.version += 1;
        if in_time(collections.replace_agent(&account)).await? {
            return Ok(true);
        }
    }
    Err(too_busy())
}

/// Adds a session as it is, unless it is there.
pub(super) async fn load_session(
    collections: &impl Collections,
    session: SessionRecord,
) -> Result<()> {
    for _ in 0..TRIES {
        let Some(mut account) = in_time(collections.agent(session.agent)).await? else {
            return Ok(());
        };
        if account.sessions.iter().any(|it| it.id == session.id) {
            return Ok(());
        }
        account.sessions.push(session.clone());
        account.version += 1;
        if in_time(collections.replace_agent(&account)).await? {
            return Ok(());
        }
    }
    Err(too_busy())
}

pub(super) async fn end_session(collections: &impl Collections, id: SessionId) -> Result<()> {
    for _ in 0..TRIES {
        let Some(mut account) = in_time(collections.agent_by_session(id)).await? else {
            return Ok(());
        };
        for session in account.sessions.iter_mut().filter(|it| it.id == id) {
            session.ended = true;
        }
        account.version += 1;
        if in_time(collections.replace_agent(&account)).await? {
            return Ok(());
        }
    }
    Err(too_busy())
}

fn apply(account: &mut Account, change: &AgentChange, keep: Option<SessionId>) {
    if change.ends_sessions() {
        for session in account.sessions.iter_mut().filter(|it| Some(it.id) != keep) {
            session.ended = true;
        }
    }
    let agent = &mut account.agent;
    let AgentChange { password_hash, must_change_password, role, disabled, display_name, .. } =
        change.clone();
    agent.password_hash = password_hash.unwrap_or(std::mem::take(&mut agent.password_hash));
    agent.must_change_password = must_change_password.unwrap_or(agent.must_change_password);
    agent.role = role.unwrap_or(agent.role);
    agent.disabled = disabled.unwrap_or(agent.disabled);
    agent.display_name = display_name.unwrap_or(std::mem::take(&mut agent.display_name));
    account.version += 1;
}

enum Leaving {
    /// Whoever leaves next sees that this one does.
    Announced,
    /// Nobody else is left.
    Last,
    /// Somebody else left meanwhile.
    Again,
}

async fn leave(collections: &impl Collections, id: AgentId) -> Result<Leaving> {
    let gate = in_time(collections.gate()).await?;
    if let Some(other) = gate.leaving.filter(|other| *other != id)
        && let Some(mut account) = in_time(collections.agent(other)).await?
    {
        account.version += 1;
        if !in_time(collections.replace_agent(&account)).await? {
            return Ok(Leaving::Again);
        }
    }
    let agents = in_time(collections.agents()).await?;
    if !agents.iter().any(|it| it.agent.id != id && is_admin(&it.agent)) {
        return Ok(Leaving::Last);
    }
    let next = Gate { version: gate.version + 1, leaving: Some(id) };
    Ok(if in_time(collections.replace_gate(&next)).await? {
        Leaving::Announced
    } else {
        Leaving::Again
    })
}

fn is_admin(agent: &AgentRecord) -> bool {
    agent.role == AgentRole::Admin && !agent.disabled
}

fn too_busy() -> StoreError {
    StoreError::Unavailable(anyhow::anyhow!("others change the same agent all the time"))
}
