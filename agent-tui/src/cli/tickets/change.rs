//! `tickets claim`, `assign`, `tag`, `close`, `reopen`.

use anyhow::Context as _;
use support_shared::request::{Assignment, IfAssignee, NewAssignee};
use support_shared::text::Content;
use support_shared::ticket::{Priority, Ticket};
use support_shared::{ApiError, ErrorCode};

use super::{Assign, Tag, Which, path_of};
use crate::cli::{Context, output};
use crate::core::link::winner;
use crate::credentials::Token;
use crate::ops::Failure;
use crate::text::Untrusted;

pub(super) async fn close(
    context: &Context,
    which: Which,
    reason: Option<&str>,
) -> anyhow::Result<()> {
    let session = context.session().await?;
    let (text, answer) = context.desk.close(&session.token, &path_of(which.ticket), reason).await?;
    say(which.json, &text, &format!("{} is closed", answer.ticket.reference))
}

pub(super) async fn reopen(context: &Context, which: Which) -> anyhow::Result<()> {
    let session = context.session().await?;
    let (text, answer) = context.desk.reopen(&session.token, &path_of(which.ticket)).await?;
    say(which.json, &text, &format!("{} is open again", answer.ticket.reference))
}

pub(super) async fn claim(context: &Context, which: Which, take: bool) -> anyhow::Result<()> {
    let session = context.session().await?;
    let if_assignee = if take { IfAssignee::Anybody } else { IfAssignee::Nobody };
    let assignment = Assignment { agent_id: NewAssignee::Me, note: None, if_assignee };
    let answer = context.desk.assign(&session.token, &path_of(which.ticket), &assignment).await;
    let (text, answer) = match answer {
        Err(failure) => return Err(lost_to(failure)),
        Ok(done) => done,
    };
    say(which.json, &text, &assigned(&answer.ticket))
}

/// A claim that somebody else has won names the winner.
fn lost_to(failure: Failure) -> anyhow::Error {
    let winner = match &failure {
        Failure::Refused(error) => winner(error),
        _ => None,
    };
    match winner {
        Some((_, name)) => {
            let text = format!("{} has it already", name.line(80));
            anyhow::Error::new(failure).context(text)
        }
        None => failure.into(),
    }
}

pub(super) async fn assign(context: &Context, assign: Assign) -> anyhow::Result<()> {
    let note = assign.note.map(Content::try_from).transpose();
    let note = note.map_err(|error| output::Usage(format!("--note: {error}")))?;
    let session = context.session().await?;
    let agent_id = match assign.agent.as_deref() {
        None => NewAssignee::Nobody,
        Some(agent) => find(context, &session.token, agent).await?,
    };
    let assignment = Assignment { agent_id, note, if_assignee: IfAssignee::Anybody };
    let name = path_of(assign.which.ticket);
    let (text, answer) = context.desk.assign(&session.token, &name, &assignment).await?;
    say(assign.which.json, &text, &assigned(&answer.ticket))
}

/// `me` and ids as they are; a username has to be looked up, which only admins may.
async fn find(context: &Context, token: &Token, agent: &str) -> anyhow::Result<NewAssignee> {
    if agent == "me" {
        return Ok(NewAssignee::Me);
    }
    if let Ok(id) = agent.parse() {
        return Ok(NewAssignee::Agent(id));
    }
    let (_, known) = match context.desk.agents(token).await {
        Err(failure) if failure.code() == Some(ErrorCode::Forbidden) => {
            let text = "only admins can name an agent by username: give the agent's id, or me";
            return Err(failure).context(text);
        }
        other => other?,
    };
    let found = known.agents.iter().find(|known| known.username.eq_ignore_ascii_case(agent));
    let found = found.ok_or_else(|| {
        let text = format!("no agent is called {agent}");
        Failure::Refused(ApiError::new(ErrorCode::NotFound, text))
    })?;
    Ok(NewAssignee::Agent(found.id))
}

pub(super) async fn tag(context: &Context, tag: Tag) -> anyhow::Result<()> {
    let session = context.session().await?;
    let name = path_of(tag.which.ticket);
    let (text, answer) = context
        .desk
        .tag(&session.token, &name, &tag.add, &tag.remove, tag.priority.as_deref())
        .await?;
    say(tag.which.json, &text, &tagged(answer.ticket))
}

fn assigned(ticket: &Ticket) -> String {
    match &ticket.assignee {
        Some(agent) => {
            let name = Untrusted::from(agent.name.as_str()).line(80);
            format!("{} is assigned to {name}", ticket.reference)
        }
        None => format!("{} is back in the queue", ticket.reference),
    }
}

fn tagged(ticket: Ticket) -> String {
    let priority = match ticket.priority {
        Priority::Low => "low",
        Priority::Normal => "normal",
        Priority::High => "high",
        Priority::Urgent => "urgent",
    };
    let tags: Vec<String> =
        ticket.tags.into_iter().map(|tag| Untrusted::from(tag).line(40)).collect();
    let tags = if tags.is_empty() { "none".to_owned() } else { tags.join(", ") };
    format!("{}: priority {priority}, tags: {tags}", ticket.reference)
}

/// The server's own words, or ours.
fn say(json: bool, text: &str, words: &str) -> anyhow::Result<()> {
    if json {
        output::json(text)?;
    } else {
        output::line(words)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use support_shared::ticket::AgentName;

    use super::*;
    use crate::core::fixture::{agent, ticket};

    #[test]
    fn a_lost_claim_names_the_winner_and_keeps_its_exit_status() {
        let mut error = ApiError::new(ErrorCode::Conflict, "somebody was faster");
        error.details = Some(json!({ "assignee": { "id": "x", "name": "Bo\u{1b}[31mb" } }));

        let lost = lost_to(Failure::Refused(error));

        assert!(format!("{lost:#}").starts_with("Bob has it already: somebody was faster"));
        let code = lost.downcast_ref::<Failure>().and_then(Failure::code);
        assert_eq!(code, Some(ErrorCode::Conflict));
    }

    #[test]
    fn other_refusals_of_a_claim_are_themselves() {
        let error = ApiError::new(ErrorCode::TicketClosed, "this conversation is closed");

        let refused = lost_to(Failure::Refused(error));

        assert_eq!(format!("{refused:#}"), "this conversation is closed (ticket_closed)");
    }

    #[test]
    fn what_a_ticket_became_is_said_in_a_line_that_acts_on_nothing() {
        let mut ticket = ticket(1);
        let reference = ticket.reference;
        assert_eq!(assigned(&ticket), format!("{reference} is back in the queue"));

        ticket.assignee = Some(AgentName { id: agent().id, name: "Al\u{1b}[2Jice".to_owned() });
        ticket.tags = vec!["bill\u{202e}ing".to_owned(), "vip".to_owned()];
        ticket.priority = Priority::High;

        assert_eq!(assigned(&ticket), format!("{reference} is assigned to Alice"));
        assert!(!tagged(ticket.clone()).contains('\u{202e}'));
        assert!(tagged(ticket).starts_with(&format!("{reference}: priority high, tags: ")));
    }
}
