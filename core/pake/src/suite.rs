//! The one choice of primitives, and the lengths that follow from it.

use opaque_ke::ciphersuite::CipherSuite;
use opaque_ke::errors::InternalError;
use opaque_ke::generic_array::{ArrayLength, GenericArray};
use opaque_ke::rand::SeedableRng;
use rand_chacha::ChaCha20Rng;

/// Names the conversation in both sides' transcripts: a message of another version proves nothing here.
pub(crate) const CONTEXT: &[u8] = b"hospes session password v1";
/// Each verifier has a set-up of its own, so the credential needs no name of its own.
pub(crate) const CREDENTIAL: &[u8] = b"session";

/// Server set-up: 64 bytes seed, 32 secret key, 32 public key.
pub(crate) const SETUP_LENGTH: usize = 64 + 32 + 32;
/// Registration record: 32 bytes public key, 64 masking key, 32 nonce, 64 tag.
pub(crate) const RECORD_LENGTH: usize = 32 + 64 + 32 + 64;
/// First message: 32 bytes blinded element, 32 nonce, 32 key share.
pub(crate) const FIRST_LENGTH: usize = 96;
/// Response: 32 bytes evaluated element, 32 masking nonce, 128 masked credentials, 32 nonce, 32 key share, 64 tag.
pub(crate) const RESPONSE_LENGTH: usize = 320;
/// Third message: a tag.
pub(crate) const THIRD_LENGTH: usize = 64;

pub(crate) struct Suite;

impl CipherSuite for Suite {
    type OprfCs = opaque_ke::Ristretto255;
    type KeyExchange = opaque_ke::TripleDh<opaque_ke::Ristretto255, sha2::Sha512>;
    type Ksf = Stretch;
}

/// argon2id with parameters of our own, so that a new default of the library does not invalidate verifiers.
#[derive(Default)]
pub(crate) struct Stretch;

impl opaque_ke::ksf::Ksf for Stretch {
    fn hash<L: ArrayLength<u8>>(&self, input: GenericArray<u8, L>) -> Result<GenericArray<u8, L>, InternalError> {
        let parameters = argon2::Params::new(19 * 1024, 2, 1, None).map_err(|_| InternalError::KsfError)?;
        let argon2 = argon2::Argon2::new(argon2::Algorithm::Argon2id, argon2::Version::V0x13, parameters);
        let mut output = GenericArray::default();
        // No salt is needed: the input is the OPRF's output, which is unique to each verifier.
        argon2
            .hash_password_into(&input, &[0; argon2::RECOMMENDED_SALT_LEN], &mut output)
            .map_err(|_| InternalError::KsfError)?;
        Ok(output)
    }
}

pub(crate) fn rng(seed: [u8; 32]) -> ChaCha20Rng {
    ChaCha20Rng::from_seed(seed)
}
