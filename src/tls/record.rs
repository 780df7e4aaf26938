//! Records (RFC 8446 section 5.1) and alerts: takes records off a stream of bytes, within limits. Never decrypts.

use super::{AlertDescription, ProtocolVersion, banner, codec};
use crate::text::Untrusted;

/// Content of a record up to TLS 1.2, with the room older versions' compression and padding had.
const MAX_BODY: usize = 16_384 + 2_048;

pub(super) const CHANGE_CIPHER_SPEC: u8 = 20;
pub(super) const ALERT: u8 = 21;
pub(super) const HANDSHAKE: u8 = 22;
pub(super) const APPLICATION_DATA: u8 = 23;

/// What a server may make us hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes off the wire.
    pub bytes: usize,
    /// Records.
    pub records: u32,
    /// Records without news: empty ones, warning alerts, ChangeCipherSpec, HelloRequest.
    pub idle_records: u32,
}

impl Default for Limits {
    /// 256 KiB, 4,096 records, 32 of them idle.
    fn default() -> Self {
        Self { bytes: 256 * 1024, records: 4_096, idle_records: 32 }
    }
}

/// Why no record can come any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum NoRecord {
    /// The peer never sent one.
    NotTls {
        protocol: &'static str,
        excerpt: Untrusted,
    },
    Malformed(&'static str),
}

/// One record; the body is the caller's to open in place.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Record<'a> {
    pub(super) header: [u8; 5],
    pub(super) body: &'a mut [u8],
}

/// The records of one direction, as they arrive.
#[derive(Debug)]
pub(super) struct Records {
    limits: Limits,
    bytes: usize,
    count: u32,
    /// The beginning of a record whose end is not here yet.
    partial: Vec<u8>,
}

impl Records {
    pub(super) fn new(limits: Limits) -> Self {
        Self { limits, bytes: 0, count: 0, partial: Vec::new() }
    }

    /// More bytes came than are allowed. For the caller to ask: some records are worth their bytes all the same.
    pub(super) fn is_too_much(&self) -> bool {
        self.bytes > self.limits.bytes
    }

    /// Begins with the bytes that came. They are used in place where no record is under way, else put together in
    /// `joined`.
    pub(super) fn begin<'a>(&mut self, bytes: &'a mut [u8], joined: &'a mut Vec<u8>) -> &'a mut [u8] {
        self.bytes = self.bytes.saturating_add(bytes.len());
        if self.partial.is_empty() {
            return bytes;
        }
        *joined = std::mem::take(&mut self.partial);
        joined.extend_from_slice(bytes);
        joined
    }

    /// Takes a record off the front of `rest`; `None` until it is whole, and what there is of it is kept.
    ///
    /// # Errors
    /// When none can come any more.
    pub(super) fn next<'a>(&mut self, rest: &mut &'a mut [u8]) -> Result<Option<Record<'a>>, NoRecord> {
        match split(std::mem::take(rest)) {
            Front::Partial(part) => {
                self.keep(part);
                Ok(None)
            }
            Front::TooLong => Err(NoRecord::Malformed("a record longer than 18,432 bytes")),
            Front::Foreign(words) if self.count == 0 => {
                Err(NoRecord::NotTls { protocol: banner::protocol(words), excerpt: banner::excerpt(words) })
            }
            Front::Foreign(_) => Err(NoRecord::Malformed("something that is not a record")),
            Front::Record { record, rest: after } => {
                self.count += 1;
                if self.count > self.limits.records {
                    return Err(NoRecord::Malformed("too many records"));
                }
                *rest = after;
                Ok(Some(record))
            }
        }
    }

    #[cfg(test)]
    pub(super) fn partial_length(&self) -> usize {
        self.partial.len()
    }

    /// Keeps what is not wanted yet for the next time.
    pub(super) fn keep(&mut self, rest: &[u8]) {
        self.partial = rest.to_vec();
    }
}

/// What stands at the front of the bytes.
#[derive(Debug)]
enum Front<'a> {
    /// Not all of a record yet.
    Partial(&'a [u8]),
    Record {
        record: Record<'a>,
        rest: &'a mut [u8],
    },
    /// Not a record.
    Foreign(&'a [u8]),
    TooLong,
}

/// Splits a record off the front.
fn split(bytes: &mut [u8]) -> Front<'_> {
    if !banner::may_be_tls(bytes) {
        return Front::Foreign(bytes);
    }
    let Some(&header) = bytes.first_chunk::<5>() else { return Front::Partial(bytes) };
    let [_, _, _, high, low] = header;
    let length = usize::from(u16::from_be_bytes([high, low]));
    if length > MAX_BODY {
        return Front::TooLong;
    }
    if bytes.len() < 5 + length {
        return Front::Partial(bytes);
    }
    let (record, rest) = bytes.split_at_mut(5 + length);
    Front::Record { record: Record { header, body: record.get_mut(5..).unwrap_or_default() }, rest }
}

/// A record of this version in clear.
pub(super) fn put(out: &mut Vec<u8>, content_type: u8, version: ProtocolVersion, body: &[u8]) {
    out.push(content_type);
    out.extend_from_slice(&version.0.to_be_bytes());
    codec::put_vector16(out, body);
}

/// An alert that ends the flight; `Ok` for warnings, which do not (RFC 5246 section 7.2; a server that does not
/// know the name warns and goes on, RFC 6066 section 3). `Err(None)` where it does not decode.
pub(super) fn alert(body: &[u8]) -> Result<(), Option<AlertDescription>> {
    const WARNING: u8 = 1;
    match *body {
        [level, description] => {
            let description = AlertDescription(description);
            if level == WARNING && description != AlertDescription::close_notify {
                Ok(())
            } else {
                Err(Some(description))
            }
        }
        _ => Err(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_split_off_when_whole() {
        assert!(matches!(split(&mut []), Front::Partial(_)));
        assert!(matches!(split(&mut [22, 3, 3, 0]), Front::Partial(_)));
        assert!(matches!(split(&mut [22, 3, 3, 0, 2, 1]), Front::Partial(_)));
        assert!(matches!(
            split(&mut [22, 3, 3, 0, 1, 7, 21]),
            Front::Record { record: Record { header: [22, 3, 3, 0, 1], body: [7] }, rest: [21] }
        ));
    }

    #[test]
    fn an_overlong_record_is_refused_by_its_header() {
        assert!(matches!(split(&mut [22, 3, 3, 0x48, 1]), Front::TooLong));
        assert!(matches!(split(&mut [22, 3, 3, 0x48, 0]), Front::Partial(_)));
    }

    /// All records that are whole with these bytes: content type and body.
    fn feed(records: &mut Records, bytes: &[u8]) -> Result<Vec<(u8, Vec<u8>)>, NoRecord> {
        let (mut bytes, mut joined, mut found) = (bytes.to_vec(), Vec::new(), Vec::new());
        let mut rest = records.begin(&mut bytes, &mut joined);
        while let Some(Record { header: [content_type, ..], body }) = records.next(&mut rest)? {
            found.push((content_type, body.to_vec()));
        }
        Ok(found)
    }

    #[test]
    fn records_come_whole_however_they_are_cut() {
        let mut bytes = Vec::new();
        put(&mut bytes, ALERT, ProtocolVersion::TLSv1_0, &[2, 20]);
        put(&mut bytes, HANDSHAKE, ProtocolVersion::TLSv1_0, &[]);
        let at_once = feed(&mut Records::new(Limits::default()), &bytes).unwrap();
        assert_eq!(at_once, [(ALERT, vec![2, 20]), (HANDSHAKE, vec![])]);
        for piece in 1..bytes.len() {
            let mut records = Records::new(Limits::default());
            let found: Vec<_> = bytes.chunks(piece).flat_map(|c| feed(&mut records, c).unwrap()).collect();
            assert_eq!(found, at_once, "in pieces of {piece}");
        }
    }

    #[test]
    fn what_is_kept_comes_first_the_next_time() {
        let mut records = Records::new(Limits::default());
        records.keep(&[21, 3, 3, 0, 2]);
        assert_eq!(feed(&mut records, &[1, 0, 22]), Ok(vec![(ALERT, vec![1, 0])]));
        assert_eq!(feed(&mut records, &[3, 3, 0, 0]), Ok(vec![(HANDSHAKE, vec![])]));
    }

    #[test]
    fn what_is_no_record_is_another_protocol_only_at_the_beginning() {
        let mut records = Records::new(Limits::default());
        assert_eq!(feed(&mut records, &[22, 3, 3, 0, 0]), Ok(vec![(HANDSHAKE, vec![])]));
        assert!(matches!(feed(&mut records, b"HTTP/1.1"), Err(NoRecord::Malformed(_))));
        let mut records = Records::new(Limits::default());
        assert!(matches!(feed(&mut records, b"HTTP/1.1"), Err(NoRecord::NotTls { protocol: "HTTP", .. })));
    }

    #[test]
    fn bytes_and_records_are_counted_over_all_pieces() {
        let limits = Limits { bytes: 15, records: 3, ..Limits::default() };
        let mut records = Records::new(limits);
        for _ in 0..3 {
            assert!(feed(&mut records, &[22, 3, 3, 0, 0]).is_ok() && !records.is_too_much());
        }
        assert_eq!(feed(&mut records, &[22, 3, 3, 0, 0]), Err(NoRecord::Malformed("too many records")));
        assert!(records.is_too_much());
    }

    #[test]
    fn only_fatal_alerts_and_close_notify_end_a_flight() {
        assert_eq!(alert(&[1, 112]), Ok(()));
        assert_eq!(alert(&[2, 40]), Err(Some(AlertDescription::handshake_failure)));
        assert_eq!(alert(&[1, 0]), Err(Some(AlertDescription::close_notify)));
        assert_eq!(alert(&[2]), Err(None));
    }
}
