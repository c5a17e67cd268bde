//! Signing in with name and password, and changing a one-time password on the way. The console and
//! `login` do the same here.

use support_shared::ErrorCode;

use crate::credentials::{Credentials, Session};
use crate::ops::{Desk, Failure};
use crate::tty::Prompt;

/// How often a wrong password may be typed.
const TRIES: usize = 3;

/// Asks until somebody is signed in, and keeps the token. The name of whoever was signed in last is
/// there already.
pub(crate) async fn ask(
    desk: &Desk,
    credentials: &Credentials,
    prompt: &mut Prompt<'_>,
) -> anyhow::Result<Session> {
    let last = credentials.last_username()?.unwrap_or_default();
    let mut tries = 1;
    loop {
        let username = prompt.line("Username:", &last).await?;
        let password = prompt.secret("Password:").await?;
        match with_password(desk, prompt, username.trim(), &password).await {
            Ok(session) => {
                credentials.save(&session)?;
                return Ok(session);
            }
            Err(error) => {
                let code = error.downcast_ref::<Failure>().and_then(Failure::code);
                if code != Some(ErrorCode::InvalidCredentials) || tries == TRIES {
                    return Err(error);
                }
                Prompt::say(&error.to_string())?;
                tries += 1;
            }
        }
    }
}

/// Signs in, and asks for a new password if this one was for one use.
pub(crate) async fn with_password(
    desk: &Desk,
    prompt: &mut Prompt<'_>,
    username: &str,
    password: &str,
) -> anyhow::Result<Session> {
    let session = desk.login(username, password).await?;
    if !session.agent.must_change_password {
        return Ok(session);
    }
    Prompt::say("This password was for one use.")?;
    loop {
        let new = prompt.secret("New password:").await?;
        if new != prompt.secret("Repeat new password:").await? {
            Prompt::say("The two are not the same.")?;
            continue;
        }
        match replace_password(desk, &session, username, password, &new).await {
            Err(failure)
                if matches!(failure.code(), Some(ErrorCode::Invalid | ErrorCode::TooLarge)) =>
            {
                Prompt::say(&failure.to_string())?;
            }
            other => return Ok(other?),
        }
    }
}

/// Changes the password and signs in with the new one.
pub(crate) async fn replace_password(
    desk: &Desk,
    session: &Session,
    username: &str,
    current: &str,
    new: &str,
) -> Result<Session, Failure> {
    desk.change_password(&session.token, current, new).await?;
    desk.login(username, new).await
}
