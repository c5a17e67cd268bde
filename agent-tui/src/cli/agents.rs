//! `agents …`: the administration of agents, for admins.

use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Value, json};
use support_shared::ticket::{Agent, AgentRole};

use super::{Context, input, output};
use crate::text::Untrusted;

#[derive(Debug, Subcommand)]
pub(super) enum Agents {
    /// List the agents
    List {
        /// Print what the server answers
        #[arg(long)]
        json: bool,
    },
    /// Add an agent
    Add(Add),
    /// Take an agent's access away; its sessions end
    Disable(Named),
    /// Give an agent its access back
    Enable(Named),
    /// Say what an agent may do; its sessions end
    Role {
        #[command(flatten)]
        named: Named,
        /// What it may do
        #[arg(value_enum)]
        role: Role,
    },
    /// Give an agent a new password; its sessions end
    Password {
        #[command(flatten)]
        named: Named,
        /// Read the password from the first line of standard input
        #[arg(long)]
        password_stdin: bool,
    },
}

#[derive(Debug, Args)]
pub(super) struct Add {
    /// The name to sign in with
    #[arg(value_name = "NAME")]
    username: String,
    /// May administer agents too
    #[arg(long)]
    admin: bool,
    /// The name that guests and colleagues see
    #[arg(long, value_name = "NAME")]
    display_name: Option<String>,
    /// Read the password from the first line of standard input
    #[arg(long)]
    password_stdin: bool,
    /// Print what the server answers
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
pub(super) struct Named {
    /// The agent's username or id
    #[arg(value_name = "NAME")]
    agent: String,
    /// Print what the server answers
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Role {
    Agent,
    Admin,
}

impl Role {
    fn name(self) -> &'static str {
        match self {
            Self::Agent => "agent",
            Self::Admin => "admin",
        }
    }
}

pub(super) async fn run(context: &Context, command: Agents) -> anyhow::Result<()> {
    match command {
        Agents::List { json } => list(context, json).await,
        Agents::Add(add) => self::add(context, add).await,
        Agents::Disable(named) => change(context, named, json!({ "disabled": true })).await,
        Agents::Enable(named) => change(context, named, json!({ "disabled": false })).await,
        Agents::Role { named, role } => {
            change(context, named, json!({ "role": role.name() })).await
        }
        Agents::Password { named, password_stdin } => {
            let password = input::password(password_stdin)?;
            change(context, named, json!({ "password": password })).await
        }
    }
}

async fn list(context: &Context, json: bool) -> anyhow::Result<()> {
    let session = context.session().await?;
    let (text, answer) = context.desk.agents(&session.token).await?;
    if json {
        output::json(&text)?;
        return Ok(());
    }
    let mut rows = vec![["USERNAME", "NAME", "ROLE", "ACCESS", "ID"].map(str::to_owned).to_vec()];
    rows.extend(answer.agents.into_iter().map(row));
    output::line(&output::table(&rows))?;
    Ok(())
}

fn row(agent: Agent) -> Vec<String> {
    let access = match (agent.disabled, agent.must_change_password) {
        (true, _) => "disabled",
        (false, true) => "new password due",
        (false, false) => "yes",
    };
    vec![
        Untrusted::from(agent.username).line(40),
        Untrusted::from(agent.display_name).line(40),
        role_of(agent.role).to_owned(),
        access.to_owned(),
        agent.id.to_string(),
    ]
}

async fn add(context: &Context, add: Add) -> anyhow::Result<()> {
    let password = input::password(add.password_stdin)?;
    let role = if add.admin { Role::Admin } else { Role::Agent };
    let mut agent = json!({ "username": add.username, "role": role.name(), "password": password });
    if let Some(name) = add.display_name {
        agent["displayName"] = name.into();
    }
    let session = context.session().await?;
    let (text, answer) = context.desk.add_agent(&session.token, agent).await?;
    say(&text, answer.agent, add.json)
}

async fn change(context: &Context, named: Named, change: Value) -> anyhow::Result<()> {
    let session = context.session().await?;
    let (text, answer) = context.desk.change_agent(&session.token, &named.agent, change).await?;
    say(&text, answer.agent, named.json)
}

/// The agent as it is now.
fn say(text: &str, agent: Agent, json: bool) -> anyhow::Result<()> {
    if json {
        output::json(text)?;
        return Ok(());
    }
    let state = if agent.disabled { ", disabled" } else { "" };
    let name = Untrusted::from(agent.display_name).line(80);
    let username = Untrusted::from(agent.username).line(80);
    output::line(&format!("{name} ({username}), {}{state}", role_of(agent.role)))?;
    Ok(())
}

fn role_of(role: AgentRole) -> &'static str {
    match role {
        AgentRole::Agent => Role::Agent.name(),
        AgentRole::Admin => Role::Admin.name(),
    }
}
