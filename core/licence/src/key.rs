//! Keys and signatures.

use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use serde::{Deserialize, Serialize};
use serde_with::{base64::Base64, serde_as};

/// What a signature is for; part of what is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Context {
    /// A grant, by the grant key that was pinned at pairing.
    Grant,
    /// A plugin file, by its publisher.
    Plugin,
    /// A licence, by the operator or a vendor.
    Licence,
    /// A host proving its key on one TLS connection.
    HostProof,
    /// A receipt.
    Receipt,
}

impl Context {
    const fn label(self) -> &'static [u8] {
        match self {
            Self::Grant => b"hospes grant v1",
            Self::Plugin => b"hospes plugin v1",
            Self::Licence => b"hospes licence v1",
            Self::HostProof => b"hospes host proof v1",
            Self::Receipt => b"hospes receipt v1",
        }
    }

    fn message(self, bytes: &[u8]) -> Vec<u8> {
        [self.label(), &[0], bytes].concat()
    }
}

/// A public key.
#[serde_as]
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PublicKey(#[serde_as(as = "Base64")] pub [u8; 32]);

impl std::fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PublicKey({self})")
    }
}

impl std::fmt::Display for PublicKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&data_encoding::HEXLOWER.encode(&self.0))
    }
}

/// The signature does not belong to these bytes, this purpose and this key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the signature does not match the key")]
pub struct BadSignature;

impl PublicKey {
    /// Checks a signature, strictly (no small-order keys, no malleable signatures).
    ///
    /// # Errors
    /// When it does not match.
    pub fn verify(&self, context: Context, bytes: &[u8], signature: &[u8; 64]) -> Result<(), BadSignature> {
        let key = VerifyingKey::from_bytes(&self.0).map_err(|_| BadSignature)?;
        key.verify_strict(&context.message(bytes), &Signature::from_bytes(signature)).map_err(|_| BadSignature)
    }
}

/// A key pair; its secret half is wiped on drop and never printed.
pub struct KeyPair(SigningKey);

impl KeyPair {
    /// From 32 secret bytes of the operating system's CSPRNG.
    #[must_use]
    pub fn from_secret(secret: &[u8; 32]) -> Self {
        Self(SigningKey::from_bytes(secret))
    }

    /// The secret bytes, for a key file that only its owner can read.
    #[must_use]
    pub fn secret(&self) -> [u8; 32] {
        self.0.to_bytes()
    }

    /// The public half.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        PublicKey(self.0.verifying_key().to_bytes())
    }

    /// Signs bytes for one purpose.
    #[must_use]
    pub fn sign(&self, context: Context, bytes: &[u8]) -> [u8; 64] {
        self.0.sign(&context.message(bytes)).to_bytes()
    }
}

impl std::fmt::Debug for KeyPair {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "KeyPair({})", self.public())
    }
}
