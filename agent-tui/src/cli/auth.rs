//! `login`, `logout`, `me`. A password never comes by an argument: others could read it.

use std::io::{BufRead, stdin};

use clap::Args;
use support_shared::ticket::AgentRole;

use super::{Context, PasswordChangeRequired, output};
use crate::credentials::Session;
use crate::sign_in;
use crate::text::Untrusted;
use crate::tty::{Keys, Prompt, Signals};

#[derive(Debug, Args)]
pub(super) struct Login {
    /// The name to sign in with; asked for if it is not given
    #[arg(long, value_name = "NAME", required_if_eq("password_stdin", "true"))]
    username: Option<String>,
    /// Read the password from the first line of standard input
    #[arg(long)]
    password_stdin: bool,
    /// Read a new password from the second line, should the first be for one use
    #[arg(long, requires = "password_stdin")]
    new_password_stdin: bool,
}

pub(super) async fn login(context: &Context, login: Login) -> anyhow::Result<()> {
    let session = match (&login.username, login.password_stdin) {
        (Some(username), true) => by_stdin(context, &login, username).await?,
        _ if !Prompt::is_possible() => {
            return Err(output::Usage(
                "no terminal to ask on: use --username and --password-stdin".to_owned(),
            )
            .into());
        }
        (username, _) => {
            let (mut keys, mut signals) = (Keys::new(), Signals::new()?);
            let mut prompt = Prompt::new(&mut keys, &mut signals);
            match username {
                None => sign_in::ask(&context.desk, &context.credentials, &mut prompt).await?,
                Some(username) => {
                    let password = prompt.secret("Password:").await?;
                    sign_in::with_password(&context.desk, &mut prompt, username, &password).await?
                }
            }
        }
    };
    context.credentials.save(&session)?;
    let name = Untrusted::from(session.agent.display_name.as_str()).line(80);
    output::line(&format!("Signed in to {} as {name}", context.desk.server()))?;
    Ok(())
}

async fn by_stdin(context: &Context, login: &Login, username: &str) -> anyhow::Result<Session> {
    let mut lines = stdin().lock().lines();
    let mut next = || lines.next().transpose();
    let password =
        next()?.ok_or_else(|| output::Usage("no password on standard input".to_owned()))?;
    let session = context.desk.login(username, &password).await?;
    if !session.agent.must_change_password {
        return Ok(session);
    }
    let new = if login.new_password_stdin { next()? } else { None };
    let new = new.ok_or(PasswordChangeRequired)?;
    Ok(sign_in::replace_password(&context.desk, &session, username, &password, &new).await?)
}

pub(super) async fn logout(context: &Context) -> anyhow::Result<()> {
    let session = context.credentials.load(crate::clock::now())?;
    // Forgotten first: whatever the server says, the token is gone from here.
    context.credentials.forget()?;
    if let Some(session) = session {
        context.desk.logout(&session.token).await?;
    }
    output::line(&format!("Signed out of {}", context.desk.server()))?;
    Ok(())
}

pub(super) async fn me(context: &Context, json: bool) -> anyhow::Result<()> {
    let session = context.session().await?;
    let (text, answer) = context.desk.me(&session.token).await?;
    if json {
        output::json(&text)?;
        return Ok(());
    }
    let agent = answer.agent;
    let role = match agent.role {
        AgentRole::Agent => "agent",
        AgentRole::Admin => "admin",
    };
    let name = Untrusted::from(agent.display_name).line(80);
    let username = Untrusted::from(agent.username).line(80);
    output::line(&format!("{name} ({username}), {role}, at {}", context.desk.server()))?;
    Ok(())
}
