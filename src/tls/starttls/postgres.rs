//! PostgreSQL: SSLRequest, answered by one byte (frontend/backend protocol 3.0, section "SSL Session Encryption").

use super::UpgradeError;
use super::inbox::{Inbox, contains, words, wrong_protocol};
use super::talk::{Script, Turn};

/// Length 8, then 1234 and 5679 in the place of a protocol version.
const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f];

/// One server's conversation.
#[derive(Debug, Default)]
pub(super) struct Postgres;

impl Script for Postgres {
    fn open(&mut self) -> Vec<u8> {
        SSL_REQUEST.to_vec()
    }

    fn next(&mut self, inbox: &mut Inbox) -> Result<Turn, UpgradeError> {
        inbox.check_start("PostgreSQL", |said| matches!(said.first(), Some(b'S' | b'N' | b'E')))?;
        match inbox.rest() {
            // One byte and no more: a text protocol may begin with the same letter.
            [b'S', ..] => {
                inbox.take(1);
                Ok(Turn::READY)
            }
            [b'N'] => Err(UpgradeError::NotOffered),
            [b'E', ..] => error(inbox),
            [] => Ok(Turn::Wait),
            said => Err(wrong_protocol("PostgreSQL", said)),
        }
    }
}

/// ErrorResponse: a length and fields since protocol 3, one string before; servers send the old form where they cannot
/// start a process for the connection.
fn error(inbox: &mut Inbox) -> Result<Turn, UpgradeError> {
    let Some(&[_, a, b, c, d]) = inbox.rest().first_chunk::<5>() else { return Ok(Turn::Wait) };
    if a != 0 {
        let text = inbox.rest().get(1..).unwrap_or_default();
        let Some(end) = text.iter().position(|byte| *byte == 0) else { return Ok(Turn::Wait) };
        // "could not fork new process for connection": the machine has no room for now.
        let said = text.get(..end).unwrap_or_default();
        return Err(if contains(said, "could not fork") {
            UpgradeError::Throttled(words(said))
        } else {
            UpgradeError::Refused(words(said))
        });
    }
    let length = usize::try_from(u32::from_be_bytes([a, b, c, d])).unwrap_or(usize::MAX);
    inbox.check_length(length.saturating_add(1))?;
    let Some(frame) = inbox.take(length.saturating_add(1)) else { return Ok(Turn::Wait) };
    let fields: Vec<&[u8]> = frame.get(5..).unwrap_or_default().split(|byte| *byte == 0).collect();
    let field =
        |kind: u8| fields.iter().find_map(|f| f.split_first().filter(|(k, _)| **k == kind)).map(|(_, v)| v);
    let said = words(field(b'M').unwrap_or_default());
    Err(match field(b'C') {
        // Too many connections, starting or shutting down, out of memory (appendix A, classes 53 and 57P).
        Some(code) if code.starts_with(b"53") || code.starts_with(b"57P") => UpgradeError::Throttled(said),
        // A server from before SSLRequest takes it for a version that it does not have.
        Some(b"0A000") => UpgradeError::NotOffered,
        _ => UpgradeError::Refused(said),
    })
}
