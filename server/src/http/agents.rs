//! The administration of agents, for admins.

use axum::{Json, extract::State, http::StatusCode};
use schemars::JsonSchema;
use serde::Deserialize;
use support_shared::{
    text::{Name, Username},
    ticket::AgentRole,
};

use super::{
    AgentCaller, Http,
    problem::{Body, Named, Problem},
};
use crate::desk::{AgentEdit, AgentNamed, Command, NewAgent, Reply, Secret};

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Adding {
    username: Username,
    #[serde(default)]
    display_name: Option<Name>,
    #[serde(default)]
    role: Option<AgentRole>,
    password: Secret,
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Editing {
    #[serde(default)]
    role: Option<AgentRole>,
    #[serde(default)]
    disabled: Option<bool>,
    #[serde(default)]
    display_name: Option<Name>,
    #[serde(default)]
    password: Option<Secret>,
}

pub(super) async fn list(
    State(http): State<Http>,
    AgentCaller(actor): AgentCaller,
) -> Result<Json<Reply>, Problem> {
    http.execute(&actor, Command::ListAgents).await.map(Json)
}

pub(super) async fn add(
    State(http): State<Http>,
    AgentCaller(actor): AgentCaller,
    Body(Adding { username, display_name, role, password }): Body<Adding>,
) -> Result<(StatusCode, Json<Reply>), Problem> {
    let new = NewAgent {
        username,
        display_name,
        role: role.unwrap_or(AgentRole::Agent),
        password,
        must_change_password: false,
    };
    let reply = http.execute(&actor, Command::AddAgent(new)).await?;
    Ok((StatusCode::CREATED, Json(reply)))
}

pub(super) async fn change(
    State(http): State<Http>,
    AgentCaller(actor): AgentCaller,
    Named(agent): Named<AgentNamed>,
    Body(Editing { role, disabled, display_name, password }): Body<Editing>,
) -> Result<Json<Reply>, Problem> {
    let change = AgentEdit { role, disabled, display_name, password };
    http.execute(&actor, Command::ChangeAgent { agent, change }).await.map(Json)
}
