//! Technicians' passwords (argon2id) and the sessions' verifiers: work that takes tens of milliseconds and tens of
//! megabytes, done on blocking threads, a few at a time.

use crate::clock;
use crate::refusal::{Answer, Refusal};
use argon2::password_hash::{self, Output, PasswordHash, PasswordHasher, Salt, SaltString};
use argon2::{Algorithm, Argon2, Block, Params, Version};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use zeroize::Zeroizing;

/// Longest password that is looked at, in bytes.
pub(crate) const LONGEST: usize = 1024;

/// Hashes and checks.
pub(crate) struct Passwords {
    /// Bounds memory and CPU: each piece of work takes 19 MiB.
    at_a_time: Arc<Semaphore>,
    /// Room that checks use again and again: given back to the allocator of whichever thread did the work, it would pile
    /// up to many times what is needed. One for each turn at the most.
    spaces: Arc<Mutex<Vec<Vec<Block>>>>,
    /// What an unknown address is checked against, so that it takes as long as a known one.
    nobody: String,
}

impl Passwords {
    /// Takes as long as one hash.
    pub(crate) fn new() -> Answer<Self> {
        let nobody = hash_now(&clock::secret_text()?)?;
        let cores = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
        Ok(Self { at_a_time: Arc::new(Semaphore::new(cores.max(2))), spaces: Arc::default(), nobody })
    }

    /// Waits until there is room for one piece of work. What limits tries must be asked after this: before, a crowd that
    /// comes at once would be let in as a whole, none of them having failed yet.
    pub(crate) async fn turn(&self) -> Answer<Turn> {
        let permit = self.at_a_time.clone().acquire_owned().await;
        permit.map(|permit| Turn { _permit: permit }).map_err(|error| Refusal::internal(error.to_string()))
    }

    /// Whether the password belongs to the hash; without a hash the same work, and no.
    /// The room is given back with the answer.
    pub(crate) async fn check(
        &self,
        turn: Turn,
        password: Zeroizing<String>,
        hash: Option<String>,
    ) -> Answer<(bool, Turn)> {
        let known = hash.is_some();
        let hash = hash.unwrap_or_else(|| self.nobody.clone());
        let spaces = self.spaces.clone();
        blocking(move || {
            let mut space = spaces.lock().unwrap_or_else(PoisonError::into_inner).pop().unwrap_or_default();
            let same = verify(&password, &hash, &mut space)
                .map_err(|error| Refusal::internal(format!("a stored password hash is broken: {error}")));
            spaces.lock().unwrap_or_else(PoisonError::into_inner).push(space);
            // After the work, which an unknown address costs too.
            Ok((same? && known, turn))
        })
        .await
    }

    /// What is stored of a technician's password.
    pub(crate) async fn hash(&self, password: Zeroizing<String>) -> Answer<String> {
        let turn = self.turn().await?;
        blocking(move || {
            let _until_done = turn;
            hash_now(&password)
        })
        .await
    }

    /// What a host will check the session password with (R2).
    pub(crate) async fn verifier(&self, password: Zeroizing<String>) -> Answer<Vec<u8>> {
        let seed = clock::random::<32>()?;
        let turn = self.turn().await?;
        blocking(move || {
            let _until_done = turn;
            hospes_pake::register(&password, seed)
                .map_err(|error| Refusal::internal(format!("no verifier of the session password: {error}")))
        })
        .await
    }
}

/// Room for one piece of work, until dropped.
pub(crate) struct Turn {
    _permit: OwnedSemaphorePermit,
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Answer<T> + Send + 'static) -> Answer<T> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|error| Refusal::internal(format!("password work ended early: {error}")))?
}

/// Whether a password belongs to a PHC string, computed in the given room; compared in constant time.
fn verify(password: &str, hash: &str, space: &mut Vec<Block>) -> password_hash::Result<bool> {
    let hash = PasswordHash::new(hash)?;
    let (salt, expected) = hash.salt.zip(hash.hash).ok_or(password_hash::Error::PhcStringField)?;
    let params = Params::try_from(&hash)?;
    let version = hash.version.map(Version::try_from).transpose()?.unwrap_or_default();
    // Exactly as much as the hash asks for.
    space.resize(params.block_count(), Block::default());
    let (mut salt_bytes, mut found) = ([0; Salt::MAX_LENGTH], vec![0; expected.len()]);
    let salt = salt.decode_b64(&mut salt_bytes)?;
    let argon2 = Argon2::new(Algorithm::try_from(hash.algorithm)?, version, params);
    argon2.hash_password_into_with_memory(password.as_bytes(), salt, &mut found, space)?;
    Ok(Output::new(&found)? == expected)
}

/// The PHC string that is stored of a technician's password.
pub(crate) fn hash_now(password: &str) -> Answer<String> {
    let failed = |error: argon2::password_hash::Error| Refusal::internal(format!("a password was not hashed: {error}"));
    let salt = SaltString::encode_b64(&clock::random::<16>()?).map_err(failed)?;
    Ok(Argon2::default().hash_password(password.as_bytes(), &salt).map_err(failed)?.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[tokio::test]
    async fn a_flood_waits_for_room_and_takes_no_memory_meanwhile() {
        let passwords = Passwords {
            at_a_time: Arc::new(Semaphore::new(2)),
            spaces: Arc::default(),
            nobody: hash_now("nobody").unwrap(),
        };
        let held = [passwords.turn().await.unwrap(), passwords.turn().await.unwrap()];
        let secret = || Zeroizing::new("a password".to_owned());
        let waits = Duration::from_millis(50);
        assert!(tokio::time::timeout(waits, passwords.turn()).await.is_err(), "a third log-in");
        assert!(tokio::time::timeout(waits, passwords.hash(secret())).await.is_err(), "a new password");
        assert!(tokio::time::timeout(waits, passwords.verifier(secret())).await.is_err(), "a session's password");
        let [turn, other] = held;
        let hash = hash_now("a password").unwrap();
        let (right, turn) = passwords.check(turn, secret(), Some(hash)).await.unwrap();
        assert!(right);
        assert_eq!(passwords.at_a_time.available_permits(), 0, "until the answer is counted");
        drop((turn, other));
        assert!(!passwords.check(passwords.turn().await.unwrap(), secret(), None).await.unwrap().0, "nobody's");
        let spaces = passwords.spaces.lock().unwrap();
        assert_eq!(spaces.len(), 1, "the same room again");
    }

    #[tokio::test]
    async fn an_unknown_address_costs_the_same_work_and_is_never_right() {
        let room = || Arc::new(Semaphore::new(1));
        let passwords = Passwords { at_a_time: room(), spaces: Arc::default(), nobody: hash_now("nobody").unwrap() };
        for (hash, password, expect) in [
            (None, "nobody", false),
            (Some(hash_now("tara").unwrap()), "tara", true),
            (Some(hash_now("tara").unwrap()), "Tara", false),
        ] {
            passwords.spaces.lock().unwrap().clear();
            let turn = passwords.turn().await.unwrap();
            let (right, _turn) = passwords.check(turn, Zeroizing::new(password.to_owned()), hash).await.unwrap();
            assert_eq!(right, expect, "{password}");
            let worked = passwords.spaces.lock().unwrap().first().map(Vec::len);
            assert_eq!(worked, Some(Params::default().block_count()), "{password}: the work was done");
        }
    }
}
