//! MySQL and MariaDB: the server's greeting tells whether it has TLS; SSLRequest then starts it without an answer
//! (MySQL client/server protocol, "Connection Phase").
//!
//! A server counts each connection that ends before a login, this one too, and after `max_connect_errors` of them in a
//! row (100 by default) it blocks the host that they came from, unless it runs with `skip_name_resolve`. It says so in
//! the place of its greeting.

use super::inbox::{Inbox, words, wrong_protocol};
use super::talk::{Script, Turn};
use super::{UpgradeError, Wrapping};
use crate::tls::codec::Reader;

/// Capability flags: the protocol of 4.1, TLS, the passwords of 4.1.
const PROTOCOL_41: u32 = 0x0200;
const SSL: u32 = 0x0800;
const SECURE_CONNECTION: u32 = 0x8000;

/// utf8_general_ci.
const CHARACTER_SET: u8 = 33;

/// One server's conversation.
#[derive(Debug, Default)]
pub(super) struct Mysql;

impl Script for Mysql {
    fn next(&mut self, inbox: &mut Inbox) -> Result<Turn, UpgradeError> {
        inbox.check_start("MySQL", may_be_greeting)?;
        let Some(&[low, middle, high, _]) = inbox.rest().first_chunk::<4>() else { return Ok(Turn::Wait) };
        let length = usize::from(u16::from_le_bytes([low, middle])) | usize::from(high) << 16;
        inbox.check_length(length + 4)?;
        let Some(frame) = inbox.take(length + 4) else { return Ok(Turn::Wait) };
        let payload = frame.get(4..).unwrap_or_default();
        match payload.first() {
            Some(0xff) => Err(refusal(payload)),
            Some(10) => {
                if capabilities(payload)? & SSL == 0 {
                    return Err(UpgradeError::NotOffered);
                }
                Ok(Turn::SendThenReady(ssl_request(), Wrapping::None))
            }
            // The handshake of MySQL 3.21, which knows no TLS.
            Some(9) => Err(UpgradeError::NotOffered),
            _ => Err(wrong_protocol("MySQL", &frame)),
        }
    }
}

/// A length below 64 KiB and sequence number 0; then protocol 9 or 10, or an error.
fn may_be_greeting(said: &[u8]) -> bool {
    let is = |at: usize, fits: fn(u8) -> bool| said.get(at).is_none_or(|byte| fits(*byte));
    is(2, |high| high == 0) && is(3, |sequence| sequence == 0) && is(4, |kind| matches!(kind, 9 | 10 | 0xff))
}

/// The lower 16 capability flags.
fn capabilities(payload: &[u8]) -> Result<u32, UpgradeError> {
    let version = payload.iter().skip(1).position(|byte| *byte == 0);
    let flags = version.and_then(|length| {
        let mut reader = Reader::new(payload);
        // Protocol, version and its end; thread, eight bytes of challenge, a filler.
        reader.take(length + 2 + 4 + 8 + 1)?;
        reader.u16().map(u16::swap_bytes)
    });
    flags.map(u32::from).ok_or(UpgradeError::Malformed("a greeting that is cut short"))
}

/// An error packet before the greeting: a number, then words.
fn refusal(payload: &[u8]) -> UpgradeError {
    let (number, text) = match payload {
        [_, low, high, text @ ..] => (u16::from_le_bytes([*low, *high]), text),
        _ => (0, payload),
    };
    let said = words(text);
    match number {
        // Too many connections (of all, of this user), host blocked after errors, shutting down.
        1040 | 1203 | 1129 | 1053 => UpgradeError::Throttled(said),
        _ => UpgradeError::Refused(said),
    }
}

fn ssl_request() -> Vec<u8> {
    let mut request = vec![32, 0, 0, 1];
    request.extend((PROTOCOL_41 | SSL | SECURE_CONNECTION).to_le_bytes());
    // The longest packet: 16 MiB.
    request.extend(0x0100_0000_u32.to_le_bytes());
    request.push(CHARACTER_SET);
    request.extend([0; 23]);
    request
}
