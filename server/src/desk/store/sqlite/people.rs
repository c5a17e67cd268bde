//! What is written of guests, agents, their sessions and the audit, each in the transaction that the
//! writer has open. The checksum of a row is written by the statement that writes the row.

use rusqlite::{Connection, params};
use support_shared::{AgentId, SessionId, Timestamp, ticket::AgentRole};
use ulid::Ulid;

use super::super::{
    AgentChange, AgentRecord, Audit, Changed, Result, SessionRecord, StoreError,
    moving::{AuditRecord, GuestRecord},
};
use super::rows;
use super::writer::Db;

/// Stores a guest; false when it is there.
pub(super) fn add_guest(db: &Connection, record: &GuestRecord) -> Result<bool> {
    let GuestRecord { guest, created_at } = record;
    let added = db
        .prepare_cached(
            "INSERT INTO guests (id, name, email, created_at, checksum)
             VALUES (?1, ?2, ?3, ?4, checksum(?1, ?2, ?3, ?4)) ON CONFLICT (id) DO NOTHING",
        )?
        .execute(params![guest.id.to_string(), guest.name, guest.email, created_at.as_millis()])?;
    Ok(added == 1)
}

/// Stores an agent; false when it or its name is there.
pub(super) fn add_agent(db: &Connection, agent: &AgentRecord) -> Result<bool> {
    let added = db
        .prepare_cached(
            "INSERT INTO agents (id, username, record, checksum)
             VALUES (?1, ?2, ?3, checksum(?3)) ON CONFLICT DO NOTHING",
        )?
        .execute(params![agent.id.to_string(), agent.username, rows::json(agent)?])?;
    Ok(added == 1)
}

/// Stores a session; false when it is there.
pub(super) fn insert_session(db: &Connection, session: &SessionRecord) -> Result<bool> {
    let added = db
        .prepare_cached(
            "INSERT INTO sessions (id, agent, ends_at, ended, checksum)
             VALUES (?1, ?2, ?3, ?4, checksum(?1, ?2, ?3, ?4)) ON CONFLICT (id) DO NOTHING",
        )?
        .execute(params![
            session.id.to_string(),
            session.agent.to_string(),
            session.ends_at.as_millis(),
            session.ended
        ])?;
    Ok(added == 1)
}

/// Stores an entry of the audit; false when it is there.
pub(super) fn insert_audit(db: &Connection, audit: &AuditRecord) -> Result<bool> {
    let AuditRecord { id, at, who, what, object, result } = audit;
    let added = db
        .prepare_cached(
            "INSERT INTO audit (id, at, who, what, object, result, checksum)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, checksum(?1, ?2, ?3, ?4, ?5, ?6))
             ON CONFLICT (id) DO NOTHING",
        )?
        .execute(params![id.to_string(), at.as_millis(), who, what, object, result])?;
    Ok(added == 1)
}

/// Adds to the end of the audit, whatever the clock says.
pub(super) fn add_audit(db: &Connection, audit: Audit) -> Result<()> {
    let last: Option<String> =
        db.prepare_cached("SELECT max(id) FROM audit")?.query_row([], |row| row.get(0))?;
    let corrupt = |error| StoreError::Corrupt(anyhow::Error::new(error));
    let last = last.map(|id| Ulid::from_string(&id)).transpose().map_err(corrupt)?;
    let next = last.map_or(0, |last| u128::from(last) + 1);
    let Audit { at, who, what, object, result } = audit;
    let now = Ulid::from_parts(u64::try_from(at.as_millis()).unwrap_or_default(), 0);
    let id = now.max(Ulid::from(next));
    insert_audit(db, &AuditRecord { id, at, who, what, object, result: result.to_owned() })?;
    Ok(())
}

pub(super) fn end_session(db: &Connection, id: SessionId) -> Result<()> {
    db.prepare_cached(
        "UPDATE sessions SET ended = 1, checksum = checksum(id, agent, ends_at, 1) WHERE id = ?1",
    )?
    .execute([id.to_string()])?;
    Ok(())
}

pub(super) fn add_session(
    db: &mut Db<'_>,
    session: &SessionRecord,
    password_hash: &str,
    now: Timestamp,
) -> Result<bool> {
    let sql = "SELECT record, checksum FROM agents WHERE id = ?1";
    let agent: Option<AgentRecord> =
        rows::one_record(db.connection, sql, [session.agent.to_string()])?;
    if !agent.is_some_and(|agent| agent.password_hash == password_hash && !agent.disabled) {
        return Ok(false);
    }
    db.connection
        .prepare_cached("DELETE FROM sessions WHERE agent = ?1 AND ends_at < ?2")?
        .execute(params![session.agent.to_string(), now.as_millis()])?;
    insert_session(db.connection, session)
}

pub(super) fn change_agent(
    db: &mut Db<'_>,
    id: AgentId,
    change: AgentChange,
    keep: Option<SessionId>,
) -> Result<Changed> {
    let agents: Vec<AgentRecord> =
        rows::records(db.connection, "SELECT record, checksum FROM agents ORDER BY username", [])?;
    let administers = |agent: &AgentRecord| agent.role == AgentRole::Admin && !agent.disabled;
    let others = agents.iter().any(|agent| agent.id != id && administers(agent));
    let Some(mut agent) = agents.into_iter().find(|agent| agent.id == id) else {
        return Ok(Changed::NoAgent);
    };
    let ends_sessions = change.ends_sessions();
    let administered = administers(&agent);
    if change.if_password_hash.is_some_and(|hash| hash != agent.password_hash) {
        return Ok(Changed::OtherPassword);
    }
    let AgentChange { password_hash, must_change_password, role, disabled, display_name, .. } =
        change;
    agent.password_hash = password_hash.unwrap_or(agent.password_hash);
    agent.must_change_password = must_change_password.unwrap_or(agent.must_change_password);
    agent.role = role.unwrap_or(agent.role);
    agent.disabled = disabled.unwrap_or(agent.disabled);
    agent.display_name = display_name.unwrap_or(agent.display_name);
    if administered && !administers(&agent) && !others {
        return Ok(Changed::LastAdmin);
    }
    db.connection
        .prepare_cached("UPDATE agents SET record = ?2, checksum = checksum(?2) WHERE id = ?1")?
        .execute(params![id.to_string(), rows::json(&agent)?])?;
    if ends_sessions {
        db.connection
            .prepare_cached(
                "UPDATE sessions SET ended = 1, checksum = checksum(id, agent, ends_at, 1)
                 WHERE agent = ?1 AND id IS NOT ?2",
            )?
            .execute(params![id.to_string(), keep.map(|id| id.to_string())])?;
    }
    Ok(Changed::Done)
}
