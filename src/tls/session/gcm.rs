//! Records under AES-GCM in TLS 1.2 (RFC 5288 section 3).

use aws_lc_rs::aead;

use super::protection::Key;
use crate::tls::ProtocolVersion;

const EXPLICIT_NONCE: usize = 8;

/// One direction's keys and its count of records.
pub(super) struct Gcm {
    key: aead::LessSafeKey,
    salt: [u8; 4],
    sequence: u64,
}

impl std::fmt::Debug for Gcm {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Gcm(..)")
    }
}

impl Gcm {
    pub(super) fn new(algorithm: &'static aead::Algorithm, key: Key<'_>) -> Option<Self> {
        let salt = *key.iv.first_chunk()?;
        let key = aead::LessSafeKey::new(aead::UnboundKey::new(algorithm, key.key).ok()?);
        Some(Self { key, salt, sequence: 0 })
    }

    /// The body of a record; its explicit nonce is the sequence number.
    pub(super) fn seal(
        &mut self,
        content_type: u8,
        version: ProtocolVersion,
        content: &[u8],
    ) -> Option<Vec<u8>> {
        let explicit = self.sequence.to_be_bytes();
        let data = self.additional_data(content_type, version.0.to_be_bytes(), content.len())?;
        let mut sealed = content.to_vec();
        self.key.seal_in_place_append_tag(self.nonce(explicit), aead::Aad::from(data), &mut sealed).ok()?;
        self.sequence = self.sequence.checked_add(1)?;
        Some([explicit.as_slice(), &sealed].concat())
    }

    /// The content of a record.
    pub(super) fn open(&mut self, header: [u8; 5], body: &[u8]) -> Option<Vec<u8>> {
        let (explicit, sealed) = body.split_first_chunk::<EXPLICIT_NONCE>()?;
        let length = sealed.len().checked_sub(self.key.algorithm().tag_len())?;
        let [content_type, major, minor, ..] = header;
        let data = self.additional_data(content_type, [major, minor], length)?;
        let mut opened = sealed.to_vec();
        self.key.open_in_place(self.nonce(*explicit), aead::Aad::from(data), &mut opened).ok()?;
        opened.truncate(length);
        self.sequence = self.sequence.checked_add(1)?;
        Some(opened)
    }

    fn nonce(&self, explicit: [u8; EXPLICIT_NONCE]) -> aead::Nonce {
        let mut nonce = [0; 12];
        for (byte, value) in nonce.iter_mut().zip(self.salt.into_iter().chain(explicit)) {
            *byte = value;
        }
        aead::Nonce::assume_unique_for_key(nonce)
    }

    /// RFC 5246 section 6.2.3.3.
    fn additional_data(&self, content_type: u8, version: [u8; 2], length: usize) -> Option<[u8; 13]> {
        let [major, minor] = version;
        let [high, low] = u16::try_from(length).ok()?.to_be_bytes();
        let mut data = [0; 13];
        let fields = self.sequence.to_be_bytes().into_iter().chain([content_type, major, minor, high, low]);
        for (byte, value) in data.iter_mut().zip(fields) {
            *byte = value;
        }
        Some(data)
    }
}
