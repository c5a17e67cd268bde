//! Passwords: Argon2id with OWASP's parameters (19 MiB, 2 passes, 1 lane), on blocking threads and
//! a few at a time, so that a flood of logins costs neither the conversation nor the memory.

use std::sync::{Arc, Mutex, PoisonError};

use argon2::{
    Algorithm, Argon2, Block, Params, Version,
    password_hash::phc::{Output, ParamsString, PasswordHash, Salt},
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
    /// What the hashes are computed in, for those at the same time. Kept: freed on one thread and
    /// asked for on another, it would be had once for each thread.
    memory: Arc<Mutex<Vec<Vec<Block>>>>,
}

/// Stands in for the hash of somebody who does not exist, so that the name cannot be told from a
/// wrong password by the time it takes. No password is known to verify against it.
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$c3VwcG9ydC1kZXNrLTAwMQ$Zm9yIG5vYm9keSwgYW5kIG5ldmVyIHRoZSByaWdodCBvbmU";

impl Passwords {
    pub(crate) fn new() -> Self {
        Self {
            turns: Arc::new(Semaphore::new(AT_ONCE)),
            places: Semaphore::new(WAITING),
            memory: Arc::default(),
        }
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
            .work(move |memory| {
                let hash = PasswordHash::new(&hash)?;
                let (Some(salt), Some(expected)) = (&hash.salt, &hash.hash) else {
                    anyhow::bail!("a hash without salt or output");
                };
                let version = hash.version.map(Version::try_from).transpose()?.unwrap_or_default();
                let algorithm = Algorithm::try_from(hash.algorithm.as_str())?;
                let argon2 = Argon2::new(algorithm, version, Params::try_from(&hash)?);
                // Outputs are compared in constant time.
                Ok(compute(&argon2, &password, salt, expected.len(), memory)? == *expected)
            })
            .await?;
        Ok(known && right)
    }

    /// The hash of a new password, in PHC form.
    pub(crate) async fn hash(&self, password: Secret, salt: [u8; 16]) -> Result<String, DeskError> {
        self.work(move |memory| {
            let salt = Salt::new(&salt)?;
            let argon2 = Argon2::default();
            let hash = compute(&argon2, &password, &salt, Params::DEFAULT_OUTPUT_LEN, memory)?;
            let hash = PasswordHash {
                algorithm: Algorithm::default().ident(),
                version: Some(Version::default().into()),
                params: ParamsString::try_from(argon2.params())?,
                salt: Some(salt),
                hash: Some(hash),
            };
            Ok(hash.to_string())
        })
        .await
    }

    async fn work<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Vec<Block>) -> anyhow::Result<T> + Send + 'static,
    ) -> Result<T, DeskError> {
        let Ok(_place) = self.places.try_acquire() else {
            return Err(DeskError::Busy { limit: "logins_at_once", retry_after_ms: 1_000 });
        };
        let turn = Arc::clone(&self.turns)
            .acquire_owned()
            .await
            .map_err(|error| DeskError::Internal(error.into()))?;
        let idle = Arc::clone(&self.memory);
        tokio::task::spawn_blocking(move || {
            // Held by the work itself: a caller that gave up does not let another one in beside it.
            let _turn = turn;
            let memory = idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let mut memory = memory.unwrap_or_default();
            let done = work(&mut memory);
            idle.lock().unwrap_or_else(PoisonError::into_inner).push(memory);
            done
        })
        .await
        .map_err(|error| DeskError::Internal(error.into()))?
        .map_err(DeskError::Internal)
    }
}

/// Argon2 in this memory, which grows to what it takes.
fn compute(
    argon2: &Argon2<'_>,
    password: &Secret,
    salt: &Salt,
    length: usize,
    memory: &mut Vec<Block>,
) -> anyhow::Result<Output> {
    memory.resize(argon2.params().block_count(), Block::new());
    let mut output = [0; Output::MAX_LENGTH];
    let output = output.get_mut(..length).ok_or_else(|| anyhow::anyhow!("too long an output"))?;
    argon2.hash_password_into_with_memory(password.expose().as_bytes(), salt, output, memory)?;
    Ok(Output::new(output)?)
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

    /// What the library itself makes of it: the memory is ours, the hash is not.
    #[tokio::test]
    async fn a_hash_is_the_one_that_everybody_else_computes() {
        use argon2::{PasswordHasher, PasswordVerifier};

        let passwords = Passwords::new();
        let secret = || Secret::new("correct horse".to_owned());
        let ours = passwords.hash(secret(), [7; 16]).await.unwrap();
        let theirs = Argon2::default().hash_password_with_salt(b"correct horse", &[7; 16]).unwrap();

        assert_eq!(ours, theirs.to_string());
        assert!(Argon2::default().verify_password(b"correct horse", ours.as_str()).is_ok());
        // An older hash of other parameters is still one, in memory that was used before.
        let small = Params::new(64, 1, 1, Some(24)).unwrap();
        let older = Argon2::new(Algorithm::Argon2id, Version::V0x13, small);
        let older = older.hash_password_with_salt(b"correct horse", &[9; 16]).unwrap().to_string();
        assert!(passwords.verify(secret(), Some(older.clone())).await.unwrap());
        assert!(!passwords.verify(Secret::new("wrong".to_owned()), Some(older)).await.unwrap());
        assert!(passwords.verify(secret(), Some(ours)).await.unwrap());
    }

    #[tokio::test]
    async fn hashes_are_computed_in_as_much_memory_as_there_are_at_once() {
        let passwords = Passwords::new();
        let verify = || passwords.verify(Secret::new("x".to_owned()), None);

        let verified = futures_util::future::join_all((0..WAITING + 8).map(|_| verify())).await;

        let busy = verified.iter().filter(|it| matches!(it, Err(DeskError::Busy { .. }))).count();
        assert_eq!(busy, 8);
        assert!((1..=AT_ONCE).contains(&passwords.memory.lock().unwrap().len()));
    }
}
