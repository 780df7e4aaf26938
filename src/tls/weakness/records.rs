//! Records that a server sends in clear after its first flight. Never decrypts, never keeps more than it must.

use crate::tls::record::{self, Limits};

/// Bytes read after the first flight: an answer to a probe has a few hundred.
const MAX_BYTES: usize = 64 * 1024;

/// One record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Record {
    pub(super) content_type: u8,
    pub(super) body: Vec<u8>,
}

/// Records as they arrive.
#[derive(Debug)]
pub(super) struct Records(record::Records);

impl Default for Records {
    fn default() -> Self {
        Self(record::Records::new(Limits { bytes: MAX_BYTES, ..Limits::default() }))
    }
}

impl Records {
    /// The records that are whole by now; `None` for what is not a record, or too much.
    pub(super) fn feed(&mut self, bytes: &[u8]) -> Option<Vec<Record>> {
        let (mut bytes, mut joined) = (bytes.to_vec(), Vec::new());
        let mut rest = self.0.begin(&mut bytes, &mut joined);
        if self.0.is_too_much() {
            return None;
        }
        let mut records = Vec::new();
        while let Some(record::Record { header: [content_type, ..], body }) = self.0.next(&mut rest).ok()? {
            records.push(Record { content_type, body: body.to_vec() });
        }
        Some(records)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tls::ProtocolVersion;
    use crate::tls::record::put;

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
