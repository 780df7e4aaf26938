//! Records that a server sends in clear after its first flight. Never decrypts, never keeps more than it must.

use crate::tls::ProtocolVersion;
use crate::tls::codec;
use crate::tls::record::{self, Front};

/// Bytes read after the first flight: an answer to a probe has a few hundred.
const MAX_BYTES: usize = 64 * 1024;

/// One record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Record {
    pub(super) content_type: u8,
    pub(super) body: Vec<u8>,
}

/// Records as they arrive.
#[derive(Debug, Default)]
pub(super) struct Records {
    partial: Vec<u8>,
    bytes: usize,
}

impl Records {
    /// The records that are whole by now; `None` for what is not a record, or too much.
    pub(super) fn feed(&mut self, bytes: &[u8]) -> Option<Vec<Record>> {
        self.bytes = self.bytes.saturating_add(bytes.len());
        if self.bytes > MAX_BYTES {
            return None;
        }
        let mut joined = std::mem::take(&mut self.partial);
        joined.extend_from_slice(bytes);
        let mut rest = joined.as_mut_slice();
        let mut records = Vec::new();
        loop {
            match record::split(rest) {
                Front::Partial(part) => {
                    self.partial = part.to_vec();
                    return Some(records);
                }
                Front::Record { header: [content_type, ..], body, rest: after } => {
                    records.push(Record { content_type, body: body.to_vec() });
                    rest = after;
                }
                Front::Foreign(_) | Front::TooLong => return None,
            }
        }
    }
}

/// A record of this version.
pub(super) fn put(out: &mut Vec<u8>, content_type: u8, version: ProtocolVersion, body: &[u8]) {
    out.push(content_type);
    out.extend_from_slice(&version.0.to_be_bytes());
    codec::put_vector16(out, body);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_come_whole_however_they_are_cut() {
        let mut bytes = Vec::new();
        put(&mut bytes, record::ALERT, ProtocolVersion::TLSv1_0, &[2, 20]);
        put(&mut bytes, record::HANDSHAKE, ProtocolVersion::TLSv1_0, &[]);
        let mut records = Records::default();
        let single: Vec<Record> = bytes.iter().flat_map(|byte| records.feed(&[*byte]).unwrap()).collect();
        assert_eq!(Records::default().feed(&bytes), Some(single.clone()));
        assert_eq!((single.len(), single[0].body.as_slice()), (2, [2, 20].as_slice()));
    }

    #[test]
    fn what_is_no_record_or_too_much_ends_it() {
        assert_eq!(Records::default().feed(b"HTTP/1.1"), None);
        let mut bytes = Vec::new();
        put(&mut bytes, record::APPLICATION_DATA, ProtocolVersion::TLSv1_2, &[0; 16_000]);
        let mut records = Records::default();
        assert!((0..4).all(|_| records.feed(&bytes).is_some()));
        assert_eq!(records.feed(&bytes), None);
    }
}
