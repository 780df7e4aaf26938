//! What rustls shows of a handshake while it runs: the certificates, the signature, the wish for a client
//! certificate. Records and agrees to everything; never judges trust.

use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};

use rustls::client::ResolvesClientCert;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{WebPkiSupportedAlgorithms, aws_lc_rs};
use rustls::sign::CertifiedKey;
use rustls::{DigitallySignedStruct, Error, SignatureScheme};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};

use super::possession::{Signed, is_proved};
use crate::model::Gathered;
use crate::x509::RawChain;

/// Names of client certificate authorities that are kept.
const MOST_CA_NAMES: usize = 200;
/// Bytes of the longest stapled response that is kept.
const LONGEST_STAPLE: usize = 64 * 1024;
/// Bytes of the longest such name that is kept.
const LONGEST_CA_NAME: usize = 4_096;

static ALGORITHMS: LazyLock<WebPkiSupportedAlgorithms> =
    LazyLock::new(|| aws_lc_rs::default_provider().signature_verification_algorithms);

/// What is gathered later begins with what was stapled.
pub(crate) fn gathered(stapled: Option<Arc<[u8]>>) -> Option<Box<Gathered>> {
    stapled.map(|stapled| Box::new(Gathered { stapled: Some(stapled), ..Gathered::default() }))
}

/// One handshake's record, filled from inside rustls.
#[derive(Debug, Default)]
pub(crate) struct Recorder(Mutex<Record>);

/// What was recorded.
#[derive(Debug, Default)]
pub(crate) struct Record {
    /// The certificates in the order served.
    pub(crate) chain: Option<RawChain>,
    pub(crate) ocsp_stapled: Option<bool>,
    /// The stapled response, unless it is too long to be one.
    pub(crate) stapled: Option<Arc<[u8]>>,
    pub(crate) possession_proved: Option<bool>,
    pub(crate) client_auth_requested: bool,
    /// Distinguished names, DER.
    pub(crate) client_auth_ca_names: Vec<Box<[u8]>>,
}

impl Recorder {
    /// The record so far; what comes later is not in it.
    pub(crate) fn take(&self) -> Record {
        std::mem::take(&mut *self.record())
    }

    /// The server has asked for a client certificate.
    pub(crate) fn has_client_auth(&self) -> bool {
        self.record().client_auth_requested
    }

    fn record(&self) -> MutexGuard<'_, Record> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn check_possession(
        &self,
        signed: Signed,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> HandshakeSignatureValid {
        let proved = is_proved(signed, message, certificate, signature, &ALGORITHMS);
        self.record().possession_proved = proved;
        HandshakeSignatureValid::assertion()
    }
}

impl ServerCertVerifier for Recorder {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let ders = std::iter::once(end_entity).chain(intermediates).map(AsRef::as_ref);
        let mut record = self.record();
        record.chain = Some(RawChain::from_ders(ders));
        record.ocsp_stapled = Some(!ocsp_response.is_empty());
        let is_kept = (1..=LONGEST_STAPLE).contains(&ocsp_response.len());
        record.stapled = is_kept.then(|| Arc::from(ocsp_response));
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(self.check_possession(Signed::Tls12, message, certificate, signature))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(self.check_possession(Signed::Tls13, message, certificate, signature))
    }

    /// What a server may sign with. More than we can check: a chain with an unproved key beats no chain.
    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![
            SignatureScheme::ECDSA_NISTP256_SHA256,
            SignatureScheme::ECDSA_NISTP384_SHA384,
            SignatureScheme::ECDSA_NISTP521_SHA512,
            SignatureScheme::ED25519,
            SignatureScheme::ED448,
            SignatureScheme::RSA_PSS_SHA256,
            SignatureScheme::RSA_PSS_SHA384,
            SignatureScheme::RSA_PSS_SHA512,
            SignatureScheme::RSA_PKCS1_SHA256,
            SignatureScheme::RSA_PKCS1_SHA384,
            SignatureScheme::RSA_PKCS1_SHA512,
            SignatureScheme::ML_DSA_44,
            SignatureScheme::ML_DSA_65,
            SignatureScheme::ML_DSA_87,
            SignatureScheme::ECDSA_SHA1_Legacy,
            SignatureScheme::RSA_PKCS1_SHA1,
        ]
    }
}

impl ResolvesClientCert for Recorder {
    /// Called when, and only when, the server asks for a client certificate. We have none.
    fn resolve(
        &self,
        root_hint_subjects: &[&[u8]],
        _schemes: &[SignatureScheme],
    ) -> Option<Arc<CertifiedKey>> {
        let mut record = self.record();
        record.client_auth_requested = true;
        record.client_auth_ca_names = root_hint_subjects
            .iter()
            .filter(|name| name.len() <= LONGEST_CA_NAME)
            .take(MOST_CA_NAMES)
            .map(|name| Box::from(*name))
            .collect();
        None
    }

    fn has_certs(&self) -> bool {
        false
    }
}
