//! Canned replies: for agents to read, for admins to change.

use axum::{Json, extract::State, http::StatusCode};
use support_shared::{
    CannedId,
    canned::{CannedEdit, NewCanned},
};

use super::{
    AgentCaller, Http,
    problem::{Body, Named, NoBody, Problem},
};
use crate::desk::{Command, Reply};

pub(super) async fn list(
    State(http): State<Http>,
    AgentCaller(actor): AgentCaller,
) -> Result<Json<Reply>, Problem> {
    http.execute(&actor, Command::ListCanned).await.map(Json)
}

pub(super) async fn add(
    State(http): State<Http>,
    AgentCaller(actor): AgentCaller,
    Body(new): Body<NewCanned>,
) -> Result<(StatusCode, Json<Reply>), Problem> {
    let reply = http.execute(&actor, Command::AddCanned(new)).await?;
    Ok((StatusCode::CREATED, Json(reply)))
}

pub(super) async fn change(
    State(http): State<Http>,
    AgentCaller(actor): AgentCaller,
    Named(id): Named<CannedId>,
    Body(edit): Body<CannedEdit>,
) -> Result<Json<Reply>, Problem> {
    http.execute(&actor, Command::ChangeCanned { id, edit }).await.map(Json)
}

pub(super) async fn remove(
    State(http): State<Http>,
    AgentCaller(actor): AgentCaller,
    Named(id): Named<CannedId>,
    _: NoBody,
) -> Result<StatusCode, Problem> {
    http.execute(&actor, Command::RemoveCanned(id)).await?;
    Ok(StatusCode::NO_CONTENT)
}
