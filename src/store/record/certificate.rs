//! Certificates: the DER with the few facts that the indexes are built from, and the state that scans move.

use super::{Encoder, StoreError, Table, open_version, put_bytes, put_option, put_time, put_varint};
use crate::time::UnixTime;
use crate::x509::{Certificate, Fingerprint};

const VERSION: u8 = 1;

/// A stored certificate. Ground truth, written once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::store) struct CertificateRecord<'a> {
    pub(in crate::store) sha256: Fingerprint,
    /// When it was handed to the store, for as long as no merge has seen it served.
    pub(in crate::store) stored_at: UnixTime,
    pub(in crate::store) not_after: Option<UnixTime>,
    pub(in crate::store) spki_sha256: Option<Fingerprint>,
    /// SHA-256 of the subject, for CA certificates.
    pub(in crate::store) ca_subject: Option<Fingerprint>,
    pub(in crate::store) der: &'a [u8],
}

impl<'a> CertificateRecord<'a> {
    pub(in crate::store) fn new(certificate: &'a Certificate, stored_at: UnixTime) -> Self {
        Self {
            sha256: certificate.sha256,
            stored_at,
            not_after: certificate.not_after,
            spki_sha256: certificate.spki_sha256,
            ca_subject: certificate.is_ca().then(|| Fingerprint::of(&certificate.subject.der)),
            der: &certificate.der,
        }
    }

    pub(in crate::store) fn encode<'e>(&self, encoder: &'e mut Encoder, number: u64) -> &'e [u8] {
        let out = encoder.begin(Table::Certificate, &number.to_be_bytes(), VERSION);
        out.extend_from_slice(&self.sha256.0);
        put_time(out, self.stored_at);
        put_option(out, self.not_after, put_time);
        put_option(out, self.spki_sha256, |out, hash| out.extend_from_slice(&hash.0));
        put_option(out, self.ca_subject, |out, hash| out.extend_from_slice(&hash.0));
        put_bytes(out, self.der);
        encoder.finish()
    }

    pub(in crate::store) fn decode(key: &'a [u8], record: &'a [u8]) -> Result<Self, StoreError> {
        let mut decoder = open_version(Table::Certificate, key, record, VERSION)?;
        let this = Self {
            sha256: Fingerprint(decoder.array()?),
            stored_at: decoder.time()?,
            not_after: decoder.option(|decoder| decoder.time())?,
            spki_sha256: decoder.option(|decoder| decoder.array().map(Fingerprint))?,
            ca_subject: decoder.option(|decoder| decoder.array().map(Fingerprint))?,
            der: decoder.bytes()?,
        };
        decoder.end()?;
        Ok(this)
    }
}

/// What merges know about a certificate. Derived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::store) struct CertificateState {
    pub(in crate::store) first_seen: UnixTime,
    pub(in crate::store) last_seen: UnixTime,
    /// Endpoints whose last chains hold it.
    pub(in crate::store) endpoints: u64,
}

impl CertificateState {
    pub(in crate::store) fn encode<'e>(&self, encoder: &'e mut Encoder, number: u64) -> &'e [u8] {
        let out = encoder.begin(Table::CertificateState, &number.to_be_bytes(), VERSION);
        put_time(out, self.first_seen);
        put_time(out, self.last_seen);
        put_varint(out, self.endpoints);
        encoder.finish()
    }

    pub(in crate::store) fn decode(key: &[u8], record: &[u8]) -> Result<Self, StoreError> {
        let mut decoder = open_version(Table::CertificateState, key, record, VERSION)?;
        let this =
            Self { first_seen: decoder.time()?, last_seen: decoder.time()?, endpoints: decoder.varint()? };
        decoder.end()?;
        Ok(this)
    }
}

/// Fingerprint to number.
pub(in crate::store) fn encode_number<'e>(
    encoder: &'e mut Encoder,
    sha256: &Fingerprint,
    number: u64,
) -> &'e [u8] {
    put_varint(encoder.begin(Table::Fingerprint, &sha256.0, VERSION), number);
    encoder.finish()
}

pub(in crate::store) fn decode_number(key: &[u8], record: &[u8]) -> Result<u64, StoreError> {
    let mut decoder = open_version(Table::Fingerprint, key, record, VERSION)?;
    let number = decoder.varint()?;
    decoder.end()?;
    Ok(number)
}

/// Number to fingerprint.
pub(in crate::store) fn encode_fingerprint<'e>(
    encoder: &'e mut Encoder,
    number: u64,
    sha256: &Fingerprint,
) -> &'e [u8] {
    encoder.begin(Table::CertificateNumber, &number.to_be_bytes(), VERSION).extend_from_slice(&sha256.0);
    encoder.finish()
}

pub(in crate::store) fn decode_fingerprint(key: &[u8], record: &[u8]) -> Result<Fingerprint, StoreError> {
    let mut decoder = open_version(Table::CertificateNumber, key, record, VERSION)?;
    let sha256 = Fingerprint(decoder.array()?);
    decoder.end()?;
    Ok(sha256)
}
