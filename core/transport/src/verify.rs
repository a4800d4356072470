//! The one verifier: this key and no other.
//!
//! Certificate authorities, names and dates play no part: the link says which key the server has (as SHA-256 of its
//! SubjectPublicKeyInfo), and the handshake proves that the peer holds it.

use hospes_wire::link::KeyPin;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, DigitallySignedStruct, Error, PeerIncompatible, SignatureScheme};
use sha2::{Digest, Sha256};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Pin of a certificate's key.
pub(crate) fn pin_of(certificate: &CertificateDer<'_>) -> Result<KeyPin, Error> {
    let spki = ParsedCertificate::try_from(certificate)?.subject_public_key_info();
    Ok(KeyPin(Sha256::digest(spki.as_ref()).into()))
}

/// Made for one attempt to connect, so that the attempt's caller learns whether it failed for the key.
#[derive(Debug)]
pub(crate) struct PinVerifier {
    pin: KeyPin,
    provider: Arc<CryptoProvider>,
    wrong_key: Arc<AtomicBool>,
}

impl PinVerifier {
    /// `wrong_key` becomes true when another key is presented.
    pub(crate) fn new(pin: KeyPin, provider: Arc<CryptoProvider>, wrong_key: Arc<AtomicBool>) -> Self {
        Self { pin, provider, wrong_key }
    }
}

impl ServerCertVerifier for PinVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if pin_of(end_entity)? == self.pin {
            Ok(ServerCertVerified::assertion())
        } else {
            self.wrong_key.store(true, Ordering::Release);
            Err(CertificateError::ApplicationVerificationFailure.into())
        }
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _cert: &CertificateDer<'_>,
        _dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        // QUIC has TLS 1.3 only.
        Err(PeerIncompatible::Tls13RequiredForQuic.into())
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![SignatureScheme::ED25519]
    }
}
