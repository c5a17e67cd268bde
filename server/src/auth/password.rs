//! Passwords: Argon2id with OWASP's parameters (19 MiB, 2 passes, 1 lane), on blocking threads and
//! a few at a time, so that a flood of logins costs neither the conversation nor the memory.

use std::sync::Arc;

use argon2::{
    Argon2, PasswordHasher, PasswordVerifier,
    password_hash::phc::{PasswordHash, Salt},
};
use tokio::sync::Semaphore;

use crate::desk::{DeskError, Secret};

/// Hashes that are computed at the same time.
const AT_ONCE: usize = 2;

/// Who waits for its turn at most. More are sent away.
const WAITING: usize = 32;

/// Verifies and makes password hashes.
pub(crate) struct Passwords {
    turns: Arc<Semaphore>,
    places: Semaphore,
}

/// Stands in for the hash of somebody who does not exist, so that the name cannot be told from a
/// wrong password by the time it takes. No password is known to verify against it.
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$c3VwcG9ydC1kZXNrLTAwMQ$Zm9yIG5vYm9keSwgYW5kIG5ldmVyIHRoZSByaWdodCBvbmU";

impl Passwords {
    pub(crate) fn new() -> Self {
        Self { turns: Arc::new(Semaphore::new(AT_ONCE)), places: Semaphore::new(WAITING) }
    }

    /// Whether `password` is the one of `hash`. Without a hash it is not, after the same work.
    pub(crate) async fn verify(
        &self,
        password: Secret,
        hash: Option<String>,
    ) -> Result<bool, DeskError> {
        let known = hash.is_some();
        let hash = hash.unwrap_or_else(|| NOBODY.to_owned());
        let right = self
            .work(move || {
                let hash = PasswordHash::new(&hash).map_err(|error| anyhow::anyhow!("{error}"))?;
                let password = password.expose().as_bytes();
                Ok(Argon2::default().verify_password(password, &hash).is_ok())
            })
            .await?;
        Ok(known && right)
    }

    /// The hash of a new password, in PHC form.
    pub(crate) async fn hash(&self, password: Secret, salt: [u8; 16]) -> Result<String, DeskError> {
        self.work(move || {
            let salt = Salt::new(&salt).map_err(|error| anyhow::anyhow!("{error}"))?;
            let hash = Argon2::default()
                .hash_password_with_salt(password.expose().as_bytes(), &salt)
                .map_err(|error| anyhow::anyhow!("{error}"))?;
            Ok(hash.to_string())
        })
        .await
    }

    async fn work<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> anyhow::Result<T> + Send + 'static,
    ) -> Result<T, DeskError> {
        let Ok(_place) = self.places.try_acquire() else {
            return Err(DeskError::Busy { limit: "logins_at_once", retry_after_ms: 1_000 });
        };
        let turn = Arc::clone(&self.turns)
            .acquire_owned()
            .await
            .map_err(|error| DeskError::Internal(error.into()))?;
        tokio::task::spawn_blocking(move || {
            // Held by the work itself: a caller that gave up does not let another one in beside it.
            let _turn = turn;
            work()
        })
        .await
        .map_err(|error| DeskError::Internal(error.into()))?
        .map_err(DeskError::Internal)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_verifies_against_its_own_hash_only() {
        let passwords = Passwords::new();
        let secret = |text: &str| Secret::new(text.to_owned());
        let hash = passwords.hash(secret("correct horse"), [7; 16]).await.unwrap();

        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert!(passwords.verify(secret("correct horse"), Some(hash.clone())).await.unwrap());
        assert!(!passwords.verify(secret("wrong horse"), Some(hash)).await.unwrap());
        assert!(!passwords.verify(secret("correct horse"), None).await.unwrap());
    }
}
