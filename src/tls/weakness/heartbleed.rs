//! Heartbleed (CVE-2014-0160): a heartbeat request that claims more payload than it has is answered with what lies
//! behind it in the server's memory. Asks for 64 bytes, counts them and forgets them. RFC 6520.

use super::records::{Record, Records};
use crate::tls::codec::{self, Reader};
use crate::tls::record;
use crate::tls::{AlertDescription, ProtocolVersion};

/// The number of the heartbeat extension.
pub const EXTENSION: u16 = codec::extension::HEARTBEAT;

const HEARTBEAT: u8 = 24;
const REQUEST: u8 = 1;
const RESPONSE: u8 = 2;
const PAYLOAD: usize = 16;
/// The least there may be (RFC 6520 section 4).
const PADDING: usize = 16;
/// Bytes claimed beyond the request's end.
const EXCESS: usize = 64;

/// The extension with which a client lets the server send heartbeats.
pub fn extension() -> (u16, Vec<u8>) {
    (EXTENSION, vec![1])
}

/// What a server did with the requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HeartbeatReaction {
    /// It answered with bytes that it was not sent.
    Leaks { bytes: usize },
    /// It passed over the false request, and answered the true one.
    Discards,
    /// It took offence.
    Alert(AlertDescription),
    /// Something else altogether.
    Unclear,
}

/// One heartbeat request with a false length and one with the true one behind it: a sound server discards the first
/// and need not be waited for.
#[derive(Debug)]
pub struct Heartbeats {
    version: ProtocolVersion,
    payload: [u8; PAYLOAD],
    records: Records,
}

impl Heartbeats {
    /// `payload` is random: the answer has to begin with it.
    pub fn new(version: ProtocolVersion, payload: [u8; PAYLOAD]) -> Self {
        Self { version, payload, records: Records::default() }
    }

    /// Both requests as they go on the wire.
    pub fn requests(&self) -> Vec<u8> {
        let mut out = Vec::new();
        for claimed in [PAYLOAD + PADDING + EXCESS, PAYLOAD] {
            let mut body = vec![REQUEST];
            body.extend_from_slice(&u16::try_from(claimed).unwrap_or_default().to_be_bytes());
            body.extend_from_slice(&self.payload);
            body.extend_from_slice(&[0; PADDING]);
            record::put(&mut out, HEARTBEAT, self.version, &body);
        }
        out
    }

    /// Reads more bytes off the wire; `Some` once the reaction is clear.
    pub fn feed(&mut self, bytes: &[u8]) -> Option<HeartbeatReaction> {
        let Some(records) = self.records.feed(bytes) else { return Some(HeartbeatReaction::Unclear) };
        records.iter().find_map(|record| self.read(record))
    }

    fn read(&self, record: &Record) -> Option<HeartbeatReaction> {
        match record.content_type {
            HEARTBEAT => self.response(&record.body),
            record::ALERT => match record::alert(&record.body) {
                Ok(()) => None,
                Err(Some(alert)) => Some(HeartbeatReaction::Alert(alert)),
                Err(None) => Some(HeartbeatReaction::Unclear),
            },
            _ => Some(HeartbeatReaction::Unclear),
        }
    }

    fn response(&self, body: &[u8]) -> Option<HeartbeatReaction> {
        let mut reader = Reader::new(body);
        let kind = reader.u8();
        // The server's own request.
        if kind == Some(REQUEST) {
            return None;
        }
        let payload = reader.vector16().unwrap_or_default();
        if kind != Some(RESPONSE) || !payload.starts_with(&self.payload) {
            return Some(HeartbeatReaction::Unclear);
        }
        Some(match payload.len().saturating_sub(PAYLOAD + PADDING) {
            0 if payload.len() == PAYLOAD => HeartbeatReaction::Discards,
            0 => HeartbeatReaction::Unclear,
            bytes => HeartbeatReaction::Leaks { bytes },
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn heartbeats() -> Heartbeats {
        Heartbeats::new(ProtocolVersion::TLSv1_2, [7; PAYLOAD])
    }

    /// A response with this payload.
    fn response(payload: &[u8]) -> Vec<u8> {
        let mut body = vec![RESPONSE];
        crate::tls::codec::put_vector16(&mut body, payload);
        body.extend_from_slice(&[9; PADDING]);
        let mut out = Vec::new();
        record::put(&mut out, HEARTBEAT, ProtocolVersion::TLSv1_2, &body);
        out
    }

    #[test]
    fn the_requests_are_small_and_only_the_first_one_lies() {
        let requests = heartbeats().requests();
        assert_eq!(requests.len(), 2 * (5 + 3 + PAYLOAD + PADDING));
        assert_eq!(requests[..8], [24, 3, 3, 0, 35, 1, 0, 96]);
        assert_eq!(requests[40..48], [24, 3, 3, 0, 35, 1, 0, 16]);
    }

    #[test]
    fn more_than_was_sent_is_a_leak() {
        let leak = [&[7; 16][..], &[0; 16], &[0xaa; 64]].concat();
        assert_eq!(heartbeats().feed(&response(&leak)), Some(HeartbeatReaction::Leaks { bytes: 64 }));
        let bytes = response(&leak);
        let mut piecemeal = heartbeats();
        let reaction = bytes.iter().find_map(|byte| piecemeal.feed(&[*byte]));
        assert_eq!(reaction, Some(HeartbeatReaction::Leaks { bytes: 64 }));
    }

    #[test]
    fn the_answer_to_the_true_request_alone_is_sound() {
        assert_eq!(heartbeats().feed(&response(&[7; 16])), Some(HeartbeatReaction::Discards));
        assert_eq!(
            heartbeats().feed(&[21, 3, 3, 0, 2, 2, 10]),
            Some(HeartbeatReaction::Alert(AlertDescription::unexpected_message))
        );
        assert_eq!(heartbeats().feed(&[21, 3, 3, 0, 2, 1, 90]), None, "a warning says nothing");
    }

    #[test]
    fn an_answer_that_is_not_ours_is_unclear() {
        for payload in [&[8; 96][..], &[7; 20], &[]] {
            assert_eq!(heartbeats().feed(&response(payload)), Some(HeartbeatReaction::Unclear));
        }
        assert_eq!(heartbeats().feed(b"220 mail"), Some(HeartbeatReaction::Unclear));
        assert_eq!(heartbeats().feed(&[24, 3, 3, 0, 3, 2, 0, 96]), Some(HeartbeatReaction::Unclear));
    }

    proptest! {
        #[test]
        fn no_answer_breaks_the_reader(bytes in prop::collection::vec(any::<u8>(), 0..200), wraps: bool) {
            let mut wire = Vec::new();
            record::put(&mut wire, HEARTBEAT, ProtocolVersion::TLSv1_2, &bytes);
            let reaction = heartbeats().feed(if wraps { &wire } else { &bytes });
            let leaks = matches!(reaction, Some(HeartbeatReaction::Leaks { .. }));
            prop_assert!(!leaks || bytes.len() > 3 + PAYLOAD + PADDING);
        }
    }
}
