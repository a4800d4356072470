//! The session password's proof (R2): OPAQUE, so that the host holds a verifier only and neither server nor relay sees
//! the password after prepare. Pure: randomness is the caller's seed. Compiled for the command line, the host, the
//! server, and (as `wasm32-unknown-unknown`, by `core/pake/web`) for the console's page.
//!
//! ```text
//! server, at prepare        register(password, seed) -> verifier, handed to the host at pairing and forgotten
//!
//! technician                                  host
//! ClientLogin::start(password, seed)
//!                     first message  ->       HostLogin::respond(verifier, first, seed)
//!                     <- response
//! ClientLogin::finish(response, seed)
//!                     third message  ->       HostLogin::finish(third): proven, or WrongPassword
//! ```
//! Both sides learn of a wrong password: the technician from the response (nothing more need be sent), the host from the
//! third message. A host counts an answered first message as a guess whether or not a third one follows.
//!
//! OPAQUE over ristretto255 and SHA-512 with 3DH. The password is stretched with argon2id, 19 MiB, 2 passes, 1 lane
//! (OWASP's floor, 0.1-0.3 s in a browser): whoever takes the verifier from a host's disk pays that for each guess. A
//! balanced PAKE (SPAKE2, CPace) would leave a copy of the password itself on the host.

mod suite;

use opaque_ke::errors::{InternalError, ProtocolError};
use opaque_ke::{
    ClientLoginFinishParameters, ClientRegistration, ClientRegistrationFinishParameters, CredentialFinalization,
    CredentialRequest, CredentialResponse, RegistrationRequest, RegistrationResponse, RegistrationUpload, ServerLogin,
    ServerLoginParameters, ServerRegistration, ServerSetup,
};
use suite::{CONTEXT, CREDENTIAL, Suite, rng};
use zeroize::Zeroizing;

/// Longest password, in bytes of UTF-8.
pub const MAX_PASSWORD: usize = 1024;

/// First byte of a verifier.
const VERIFIER_VERSION: u8 = 1;

/// Why a step of the proof failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PakeError {
    /// The two sides do not have the same password, or somebody changed a message on its way.
    #[error("the session password is wrong")]
    WrongPassword,
    /// Passwords have 1 to [`MAX_PASSWORD`] bytes.
    #[error("a session password has 1 to {MAX_PASSWORD} bytes, this one has {0}")]
    BadPassword(usize),
    /// The other side's bytes are not such a message.
    #[error("the {0} cannot be read")]
    Unreadable(&'static str),
    /// The library failed in a way that no input explains.
    #[error("the password proof failed inside: {0}")]
    Internal(String),
}

/// Makes what a host checks the password with. The result is a secret of the host: it allows guessing off line (at
/// argon2id's price), though not logging in.
///
/// # Errors
/// [`PakeError::BadPassword`] when the password is empty or too long.
pub fn register(password: &str, seed: [u8; 32]) -> Result<Vec<u8>, PakeError> {
    let password = checked(password)?;
    let mut rng = rng(seed);
    let setup = ServerSetup::<Suite>::new(&mut rng);
    let start = ClientRegistration::<Suite>::start(&mut rng, password).map_err(internal)?;
    let request = RegistrationRequest::deserialize(&start.message.serialize()).map_err(internal)?;
    let answer = ServerRegistration::<Suite>::start(&setup, request, CREDENTIAL).map_err(internal)?;
    let response = RegistrationResponse::deserialize(&answer.message.serialize()).map_err(internal)?;
    let finish = start
        .state
        .finish(&mut rng, password, response, ClientRegistrationFinishParameters::default())
        .map_err(internal)?;
    let upload = RegistrationUpload::deserialize(&finish.message.serialize()).map_err(internal)?;
    let record = ServerRegistration::<Suite>::finish(upload);
    Ok([&[VERIFIER_VERSION][..], &setup.serialize(), &record.serialize()].concat())
}

/// The technician's side.
pub struct ClientLogin {
    state: opaque_ke::ClientLogin<Suite>,
    password: Zeroizing<Vec<u8>>,
}

impl ClientLogin {
    /// Starts; gives the first message for the host.
    ///
    /// # Errors
    /// [`PakeError::BadPassword`] when the password is empty or too long.
    pub fn start(password: &str, seed: [u8; 32]) -> Result<(Self, Vec<u8>), PakeError> {
        let password = Zeroizing::new(checked(password)?.to_vec());
        let start = opaque_ke::ClientLogin::start(&mut rng(seed), &password).map_err(internal)?;
        Ok((Self { state: start.state, password }, start.message.serialize().to_vec()))
    }

    /// Reads the host's response; gives the third message. Takes the time of argon2id. `seed` is a fresh one.
    ///
    /// # Errors
    /// [`PakeError::WrongPassword`], or [`PakeError::Unreadable`] when the response is none.
    pub fn finish(self, response: &[u8], seed: [u8; 32]) -> Result<Vec<u8>, PakeError> {
        let response = sized(response, suite::RESPONSE_LENGTH, "host's response", CredentialResponse::deserialize)?;
        let parameters = ClientLoginFinishParameters::new(Some(CONTEXT), opaque_ke::Identifiers::default(), None);
        let finish = self.state.finish(&mut rng(seed), &self.password, response, parameters).map_err(outcome)?;
        Ok(finish.message.serialize().to_vec())
    }
}

impl std::fmt::Debug for ClientLogin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ClientLogin(..)")
    }
}

/// The host's side.
pub struct HostLogin(ServerLogin<Suite>);

impl HostLogin {
    /// Answers a technician's first message. Whoever calls it counts a guess.
    ///
    /// # Errors
    /// [`PakeError::Unreadable`] when verifier or message are none.
    pub fn respond(verifier: &[u8], first: &[u8], seed: [u8; 32]) -> Result<(Self, Vec<u8>), PakeError> {
        let (setup, record) = verifier_parts(verifier)?;
        let first = sized(first, suite::FIRST_LENGTH, "technician's first message", CredentialRequest::deserialize)?;
        let start = ServerLogin::start(&mut rng(seed), &setup, Some(record), first, CREDENTIAL, parameters())
            .map_err(outcome)?;
        Ok((Self(start.state), start.message.serialize().to_vec()))
    }

    /// Checks the third message.
    ///
    /// # Errors
    /// [`PakeError::WrongPassword`], or [`PakeError::Unreadable`] when the message is none.
    pub fn finish(self, third: &[u8]) -> Result<(), PakeError> {
        let third = sized(third, suite::THIRD_LENGTH, "technician's third message", |b| {
            CredentialFinalization::deserialize(b)
        })?;
        self.0.finish(third, parameters()).map_err(outcome)?;
        Ok(())
    }
}

impl std::fmt::Debug for HostLogin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("HostLogin(..)")
    }
}

fn parameters() -> ServerLoginParameters<'static, 'static> {
    ServerLoginParameters { context: Some(CONTEXT), identifiers: opaque_ke::Identifiers::default() }
}

fn checked(password: &str) -> Result<&[u8], PakeError> {
    match password.len() {
        1..=MAX_PASSWORD => Ok(password.as_bytes()),
        length => Err(PakeError::BadPassword(length)),
    }
}

fn verifier_parts(verifier: &[u8]) -> Result<(ServerSetup<Suite>, ServerRegistration<Suite>), PakeError> {
    const WHAT: &str = "verifier of the session password";
    let unreadable = || PakeError::Unreadable(WHAT);
    let (version, rest) = verifier.split_first().ok_or_else(unreadable)?;
    if *version != VERIFIER_VERSION || rest.len() != suite::SETUP_LENGTH + suite::RECORD_LENGTH {
        return Err(unreadable());
    }
    let (setup, record) = rest.split_at_checked(suite::SETUP_LENGTH).ok_or_else(unreadable)?;
    Ok((
        ServerSetup::deserialize(setup).map_err(|_| unreadable())?,
        ServerRegistration::deserialize(record).map_err(|_| unreadable())?,
    ))
}

/// The library takes some messages with bytes to spare; here a message has exactly its length.
fn sized<T, E, F: FnOnce(&[u8]) -> Result<T, E>>(
    bytes: &[u8],
    length: usize,
    what: &'static str,
    read: F,
) -> Result<T, PakeError> {
    if bytes.len() != length {
        return Err(PakeError::Unreadable(what));
    }
    read(bytes).map_err(|_| PakeError::Unreadable(what))
}

fn internal(error: ProtocolError) -> PakeError {
    PakeError::Internal(error.to_string())
}

/// What a login step's failure means: everything that a wrong password or a changed message can cause is one answer.
fn outcome(error: ProtocolError) -> PakeError {
    match error {
        ProtocolError::LibraryError(error @ InternalError::KsfError) => PakeError::Internal(error.to_string()),
        _ => PakeError::WrongPassword,
    }
}
