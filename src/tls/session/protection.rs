//! Record protection of one direction in TLS 1.0 to 1.2: none yet, CBC with a MAC, or GCM.
//! RFC 5246 section 6.2. Never splits content into records.

use super::cbc::{Cbc, Malformation};
use super::gcm::Gcm;
use super::suite::Cipher;
use crate::tls::{ProtocolVersion, record};

/// What one direction does to its records.
#[derive(Debug)]
pub(super) enum Protection {
    /// Before the first ChangeCipherSpec.
    None,
    Cbc(Box<Cbc>),
    Gcm(Box<Gcm>),
}

/// Key material of one direction.
#[derive(Clone, Copy)]
pub(super) struct Key<'a> {
    /// Empty for GCM.
    pub(super) mac: &'a [u8],
    pub(super) key: &'a [u8],
    /// IV of the first record in TLS 1.0, salt of GCM; else empty.
    pub(super) iv: &'a [u8],
    /// Where the IVs that go along with CBC records come from.
    pub(super) iv_seed: &'a [u8],
}

impl Protection {
    /// `None` where a key does not fit its cipher.
    pub(super) fn new(
        cipher: Cipher,
        encrypt_then_mac: bool,
        version: ProtocolVersion,
        key: Key<'_>,
    ) -> Option<Self> {
        Some(match (cipher, cipher.aead()) {
            (Cipher::Cbc(block, mac), _) => {
                Self::Cbc(Box::new(Cbc::new(block, mac, encrypt_then_mac, version, key)?))
            }
            (_, Some(aead)) => Self::Gcm(Box::new(Gcm::new(aead, key)?)),
            (_, None) => return None,
        })
    }

    /// One record with this content. `None` only after 2^64 records.
    pub(super) fn seal(
        &mut self,
        content_type: u8,
        version: ProtocolVersion,
        content: &[u8],
    ) -> Option<Vec<u8>> {
        let body = match self {
            Self::None => content.to_vec(),
            Self::Cbc(cbc) => cbc.seal(content_type, content)?,
            Self::Gcm(gcm) => gcm.seal(content_type, version, content)?,
        };
        Some(in_a_record(content_type, version, &body))
    }

    /// One record that no honest client sends. `None` but for CBC.
    pub(super) fn seal_malformed(
        &mut self,
        content_type: u8,
        version: ProtocolVersion,
        content: &[u8],
        malformation: Malformation,
    ) -> Option<Vec<u8>> {
        let Self::Cbc(cbc) = self else { return None };
        let body = cbc.seal_malformed(content_type, content, malformation)?;
        Some(in_a_record(content_type, version, &body))
    }

    /// The content of a record; `None` where it does not open.
    pub(super) fn open(&mut self, header: [u8; 5], body: &[u8]) -> Option<Vec<u8>> {
        match self {
            Self::None => Some(body.to_vec()),
            Self::Cbc(cbc) => cbc.open(header, body),
            Self::Gcm(gcm) => gcm.open(header, body),
        }
    }
}

fn in_a_record(content_type: u8, version: ProtocolVersion, body: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(5 + body.len());
    record::put(&mut out, content_type, version, body);
    out
}
