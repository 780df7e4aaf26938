//! Records of DTLS 1.0 and 1.2 (RFC 6347 section 4.1), and the headers of handshake messages in them. Unprotected ones
//! only: the first flight of a server has no others.

use super::assembly::Fragment;
use crate::tls::codec::{self, Reader};

/// The version in the records of a hello, which any server takes (RFC 6347 section 4.2.1).
const RECORD_VERSION: [u8; 2] = [0xfe, 0xff];

/// A record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Record<'a> {
    pub(super) content_type: u8,
    /// 0 as long as nothing is protected.
    pub(super) epoch: u16,
    pub(super) body: &'a [u8],
}

/// Takes a record off the front; `None` where none stands there.
pub(super) fn record<'a>(reader: &mut Reader<'a>) -> Option<Record<'a>> {
    let mut ahead = *reader;
    let content_type = ahead.u8()?;
    let [major, _] = ahead.u16()?.to_be_bytes();
    if !(20..=25).contains(&content_type) || major != 0xfe {
        return None;
    }
    let epoch = ahead.u16()?;
    ahead.take(6)?;
    let body = ahead.vector16()?;
    *reader = ahead;
    Some(Record { content_type, epoch, body })
}

/// Takes a fragment of a handshake message off the front.
pub(super) fn fragment<'a>(reader: &mut Reader<'a>) -> Option<Fragment<'a>> {
    let kind = reader.u8()?;
    let length = reader.u24()?;
    let sequence = reader.u16()?;
    let offset = reader.u24()?;
    let content = reader.vector24()?;
    Some(Fragment { kind, length, sequence, offset, content })
}

/// An unprotected record.
pub(super) fn put_record(out: &mut Vec<u8>, content_type: u8, sequence: u32, body: &[u8]) {
    out.push(content_type);
    out.extend_from_slice(&RECORD_VERSION);
    out.extend_from_slice(&[0; 4]);
    out.extend_from_slice(&sequence.to_be_bytes());
    codec::put_vector16(out, body);
}

/// A handshake message in one piece.
pub(super) fn message(kind: u8, sequence: u16, body: &[u8]) -> Vec<u8> {
    let length = u16::try_from(body.len()).unwrap_or(u16::MAX).to_be_bytes();
    let mut message = vec![kind, 0];
    message.extend_from_slice(&length);
    message.extend_from_slice(&sequence.to_be_bytes());
    message.extend_from_slice(&[0, 0, 0, 0]);
    message.extend_from_slice(&length);
    message.extend(body.iter().take(u16::MAX.into()));
    message
}
