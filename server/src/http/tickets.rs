//! The ticket routes: the same commands as the events, for scripts.

use axum::{Json, extract::State, http::StatusCode};
use schemars::JsonSchema;
use serde::Deserialize;
use support_shared::{
    ClientMessageId,
    ids::TicketName,
    request::{Assignment, Limit, ListTickets, Tagging},
    text::{Content, Subject},
};

use super::{
    AgentCaller, Http,
    problem::{Asked, Body, Named, NoBody, OptionalBody, Problem},
};
use crate::desk::{Command, Reply};

#[derive(Deserialize, Default, JsonSchema)]
pub(super) struct Closing {
    #[serde(default)]
    reason: Option<Subject>,
}

#[derive(Deserialize, JsonSchema)]
pub(super) struct Paging {
    before: Option<u64>,
    limit: Limit,
    #[serde(default)]
    notes: bool,
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct NewMessage {
    content: Content,
    client_message_id: ClientMessageId,
    #[serde(default)]
    internal: bool,
}

pub(super) async fn list(
    State(http): State<Http>,
    AgentCaller(actor): AgentCaller,
    Asked(request): Asked<ListTickets>,
) -> Result<Json<Reply>, Problem> {
    http.execute(&actor, Command::ListTickets(request)).await.map(Json)
}

pub(super) async fn show(
    State(http): State<Http>,
    AgentCaller(actor): AgentCaller,
    Named(ticket): Named<TicketName>,
) -> Result<Json<Reply>, Problem> {
    http.execute(&actor, Command::ShowTicket(ticket)).await.map(Json)
}

pub(super) async fn list_messages(
    State(http): State<Http>,
    AgentCaller(actor): AgentCaller,
    Named(ticket): Named<TicketName>,
    Asked(Paging { before, limit, notes }): Asked<Paging>,
) -> Result<Json<Reply>, Problem> {
    http.execute(&actor, Command::ListMessages { ticket, before, limit, notes }).await.map(Json)
}

/// A message that is stored now is created; one that was stored before is not.
pub(super) async fn send_message(
    State(http): State<Http>,
    AgentCaller(actor): AgentCaller,
    Named(ticket): Named<TicketName>,
    Body(NewMessage { content, client_message_id, internal }): Body<NewMessage>,
) -> Result<(StatusCode, Json<Reply>), Problem> {
    let command = Command::SendMessage { ticket, content, client_message_id, internal };
    let reply = http.execute(&actor, command).await?;
    let status = match &reply {
        Reply::Sent(sent) if sent.duplicate => StatusCode::OK,
        _ => StatusCode::CREATED,
    };
    Ok((status, Json(reply)))
}

pub(super) async fn close(
    State(http): State<Http>,
    AgentCaller(actor): AgentCaller,
    Named(ticket): Named<TicketName>,
    OptionalBody(Closing { reason }): OptionalBody<Closing>,
) -> Result<Json<Reply>, Problem> {
    http.execute(&actor, Command::CloseTicket { ticket, reason }).await.map(Json)
}

pub(super) async fn reopen(
    State(http): State<Http>,
    AgentCaller(actor): AgentCaller,
    Named(ticket): Named<TicketName>,
    _: NoBody,
) -> Result<Json<Reply>, Problem> {
    http.execute(&actor, Command::ReopenTicket(ticket)).await.map(Json)
}

pub(super) async fn assign(
    State(http): State<Http>,
    AgentCaller(actor): AgentCaller,
    Named(ticket): Named<TicketName>,
    Body(assignment): Body<Assignment>,
) -> Result<Json<Reply>, Problem> {
    http.execute(&actor, Command::AssignTicket { ticket, assignment }).await.map(Json)
}

pub(super) async fn tag(
    State(http): State<Http>,
    AgentCaller(actor): AgentCaller,
    Named(ticket): Named<TicketName>,
    Body(tagging): Body<Tagging>,
) -> Result<Json<Reply>, Problem> {
    http.execute(&actor, Command::TagTicket { ticket, tagging }).await.map(Json)
}
