//! Who the server is: one Ed25519 secret, from which everything else follows.

use crate::error::TransportError;
use crate::verify::pin_of;
use hospes_wire::link::KeyPin;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

/// PKCS#8 version 1 of an Ed25519 secret is this and the 32 bytes (RFC 8410).
const PKCS8_PREFIX: [u8; 16] =
    [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];

/// Context of the key that signs stateless resets.
const RESET_CONTEXT: &str = "hospes transport 2026-11 stateless reset";
/// Context of the key that recognizes our connection ids.
const CID_CONTEXT: &str = "hospes transport 2026-11 connection ids";

/// The server's identity. Keep the secret: hosts that were paired accept no other.
pub struct ServerIdentity {
    certificate: CertificateDer<'static>,
    key: PrivatePkcs8KeyDer<'static>,
    pin: KeyPin,
    pub(crate) reset_key: [u8; 32],
    pub(crate) cid_key: u64,
}

impl std::fmt::Debug for ServerIdentity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ServerIdentity").field("pin", &self.pin).finish_non_exhaustive()
    }
}

impl ServerIdentity {
    /// The identity of an Ed25519 secret: 32 bytes from the operating system's CSPRNG, kept in the data directory.
    ///
    /// # Errors
    /// [`TransportError::Identity`] when no certificate can be made of it (which no 32 bytes do).
    pub fn from_secret(secret: [u8; 32]) -> Result<Self, TransportError> {
        let failed = |e: &dyn std::fmt::Display| TransportError::Identity(e.to_string());
        let key = PrivatePkcs8KeyDer::from([PKCS8_PREFIX.as_slice(), secret.as_slice()].concat());
        let pair = rcgen::KeyPair::from_pkcs8_der_and_sign_algo(&key, &rcgen::PKCS_ED25519).map_err(|e| failed(&e))?;
        let mut params =
            rcgen::CertificateParams::new(vec![crate::dial::SERVER_NAME.to_owned()]).map_err(|e| failed(&e))?;
        params.distinguished_name.push(rcgen::DnType::CommonName, "Hospes server");
        let certificate = params.self_signed(&pair).map_err(|e| failed(&e))?.der().clone();
        let pin = pin_of(&certificate).map_err(|e| failed(&e))?;
        let [a, b, c, d, e, f, g, h, ..] = blake3::derive_key(CID_CONTEXT, &secret);
        Ok(Self {
            certificate,
            key,
            pin,
            reset_key: blake3::derive_key(RESET_CONTEXT, &secret),
            cid_key: u64::from_le_bytes([a, b, c, d, e, f, g, h]),
        })
    }

    /// What links carry: SHA-256 of the key's SubjectPublicKeyInfo. Depends on the secret only.
    #[must_use]
    pub fn pin(&self) -> KeyPin {
        self.pin
    }

    pub(crate) fn chain(&self) -> (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>) {
        (vec![self.certificate.clone()], PrivateKeyDer::Pkcs8(self.key.clone_key()))
    }
}
