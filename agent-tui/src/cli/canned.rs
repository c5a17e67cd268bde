//! `canned …`: the replies that the desk keeps for its agents. Everybody reads them, admins change
//! them. One is named by its shortcut or its id.

use clap::{Args, Subcommand};
use support_shared::CannedId;
use support_shared::canned::Canned;

use super::{Context, input, output};
use crate::ops::CannedFields;
use crate::text::Untrusted;

#[derive(Debug, Subcommand)]
pub(super) enum CannedCommand {
    /// List the canned replies
    List {
        /// Print what the server answers
        #[arg(long)]
        json: bool,
    },
    /// Add a canned reply; its text comes from --text or from standard input
    ///
    /// In the text, {guest.name}, {agent.name} and {ticket.ref} are filled in when it is inserted;
    /// any other {…} is a hole that the agent fills.
    Add(Add),
    /// Change a canned reply; what is not named stays
    Edit(Edit),
    /// Remove a canned reply
    Remove(Named),
}

#[derive(Debug, Args)]
pub(super) struct Add {
    /// What is typed to find it: a-z, 0-9, - and _
    shortcut: String,
    /// What it is for, in a line
    #[arg(long)]
    title: String,
    /// The text; without it, standard input to its end
    #[arg(long)]
    text: Option<String>,
    /// Print what the server answers
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
pub(super) struct Edit {
    #[command(flatten)]
    named: Named,
    /// Another shortcut
    #[arg(long)]
    shortcut: Option<String>,
    /// Another title
    #[arg(long)]
    title: Option<String>,
    /// Another text
    #[arg(long, conflicts_with = "text_stdin")]
    text: Option<String>,
    /// Read another text from standard input
    #[arg(long)]
    text_stdin: bool,
}

#[derive(Debug, Args)]
pub(super) struct Named {
    /// The reply's shortcut or id
    #[arg(value_name = "SHORTCUT")]
    canned: String,
    /// Print what the server answers
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(context: &Context, command: CannedCommand) -> anyhow::Result<()> {
    match command {
        CannedCommand::List { json } => list(context, json).await,
        CannedCommand::Add(add) => self::add(context, add).await,
        CannedCommand::Edit(edit) => self::edit(context, edit).await,
        CannedCommand::Remove(named) => remove(context, named).await,
    }
}

async fn list(context: &Context, json: bool) -> anyhow::Result<()> {
    let session = context.session().await?;
    let (text, answer) = context.desk.canned(&session.token).await?;
    if json {
        output::json(&text)?;
        return Ok(());
    }
    let mut rows = vec![["SHORTCUT", "TITLE", "TEXT", "ID"].map(str::to_owned).to_vec()];
    rows.extend(answer.canned.into_iter().map(row));
    output::line(&output::table(&rows))?;
    Ok(())
}

fn row(canned: Canned) -> Vec<String> {
    vec![
        Untrusted::from(canned.shortcut).line(32),
        Untrusted::from(canned.title).line(40),
        Untrusted::from(canned.text).line(60),
        canned.id.to_string(),
    ]
}

async fn add(context: &Context, add: Add) -> anyhow::Result<()> {
    let text = match add.text {
        Some(text) => text,
        None => input::text()?,
    };
    let fields =
        CannedFields { shortcut: Some(add.shortcut), title: Some(add.title), text: Some(text) };
    let session = context.session().await?;
    let (text, answer) = context.desk.add_canned(&session.token, &fields).await?;
    say(&text, answer.canned, add.json)
}

async fn edit(context: &Context, edit: Edit) -> anyhow::Result<()> {
    let text = if edit.text_stdin { Some(input::text()?) } else { edit.text };
    let fields = CannedFields { shortcut: edit.shortcut, title: edit.title, text };
    let session = context.session().await?;
    let id = context.desk.find_canned(&session.token, &edit.named.canned).await?;
    let (text, answer) = context.desk.change_canned(&session.token, id, &fields).await?;
    say(&text, answer.canned, edit.named.json)
}

async fn remove(context: &Context, named: Named) -> anyhow::Result<()> {
    let session = context.session().await?;
    let id: CannedId = context.desk.find_canned(&session.token, &named.canned).await?;
    context.desk.remove_canned(&session.token, id).await?;
    if named.json {
        output::json(&format!("{{\"removed\":\"{id}\"}}"))?;
    } else {
        output::line(&format!("{} is removed", Untrusted::from(named.canned).line(40)))?;
    }
    Ok(())
}

/// The canned reply as it is now.
fn say(text: &str, canned: Canned, json: bool) -> anyhow::Result<()> {
    if json {
        output::json(text)?;
        return Ok(());
    }
    let shortcut = Untrusted::from(canned.shortcut).line(32);
    output::line(&format!("{shortcut}: {}", Untrusted::from(canned.title).line(80)))?;
    Ok(())
}
