//! The token that proves who the agent is, kept per server. It is never printed or logged.

use std::fmt;
use std::path::{Path, PathBuf};

use anyhow::Context;
use serde::{Deserialize, Serialize};
use support_shared::Timestamp;
use support_shared::answer::SignedIn;
use support_shared::ticket::Agent;

use crate::private_file;

/// A token is renewed when less than this is left.
const RENEW_MILLIS: i64 = 15 * 60_000;

/// The JWT. Whoever has it is the agent.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Token(String);

impl Token {
    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Session {
    pub(crate) token: Token,
    pub(crate) expires_at: Timestamp,
    pub(crate) agent: Agent,
}

impl Session {
    pub(crate) fn is_over(&self, now: Timestamp) -> bool {
        self.expires_at <= now
    }

    /// When it should be renewed.
    pub(crate) fn renew_at(&self) -> Timestamp {
        self.expires_at.plus_millis(-RENEW_MILLIS)
    }
}

impl From<SignedIn> for Session {
    fn from(answer: SignedIn) -> Self {
        Self { token: Token(answer.token), expires_at: answer.expires_at, agent: answer.agent }
    }
}

/// Where the token of one server is kept.
#[derive(Debug, Clone)]
pub(crate) struct Credentials(PathBuf);

impl Credentials {
    pub(crate) fn in_home(home: &Path) -> Self {
        Self(home.join("token.json"))
    }

    /// The session of the last sign-in, if there is one that can be read and is not over.
    pub(crate) fn load(&self, now: Timestamp) -> anyhow::Result<Option<Session>> {
        let text = private_file::read(&self.0).context("cannot read the stored token")?;
        let session: Option<Session> = text.and_then(|text| serde_json::from_str(&text).ok());
        Ok(session.filter(|session| !session.is_over(now)))
    }

    /// Who was signed in last, if the session has not been ended by a sign-out: a name that can be
    /// shown.
    pub(crate) fn last_username(&self) -> anyhow::Result<Option<String>> {
        let text = private_file::read(&self.0).context("cannot read the stored token")?;
        let session: Option<Session> = text.and_then(|text| serde_json::from_str(&text).ok());
        let tame = |name: &String| name.chars().all(|c| c.is_ascii_graphic());
        Ok(session.map(|session| session.agent.username).filter(tame))
    }

    pub(crate) fn save(&self, session: &Session) -> anyhow::Result<()> {
        let text = serde_json::to_vec(session).context("cannot write the token")?;
        private_file::write(&self.0, &text).context("cannot store the token")
    }

    pub(crate) fn forget(&self) -> anyhow::Result<()> {
        private_file::remove(&self.0).context("cannot remove the stored token")
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::core::fixture::{agent, noon};

    fn session() -> Session {
        Session {
            token: Token("secret".to_owned()),
            expires_at: noon().plus_millis(1000),
            agent: agent(),
        }
    }

    #[test]
    fn a_token_is_kept_for_its_owner_until_it_is_over() {
        let home = tempfile::tempdir().unwrap();
        let credentials = Credentials::in_home(home.path());

        credentials.save(&session()).unwrap();

        let mode = std::fs::metadata(&credentials.0).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(credentials.load(noon()).unwrap().unwrap().token.reveal(), "secret");
        assert!(credentials.load(noon().plus_millis(1000)).unwrap().is_none());
        credentials.forget().unwrap();
        assert!(credentials.load(noon()).unwrap().is_none());
    }

    #[test]
    fn a_token_is_not_printed_with_its_session() {
        assert!(!format!("{:?}", session()).contains("secret"));
    }
}
