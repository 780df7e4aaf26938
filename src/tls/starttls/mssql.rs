//! Microsoft SQL Server: pre-login (MS-TDS section 2.2.6.5), which agrees on TLS; its records then travel inside
//! pre-login packets until the handshake is over. TDS 8.0 starts with TLS and is not met here.

use super::UpgradeError;
use super::Wrapping;
use super::inbox::Inbox;
use super::talk::{Script, Turn};
use crate::tls::codec::Reader;

/// Packet types (section 2.2.3.1.1) and the bit of the last packet of a message.
const TABULAR_RESULT: u8 = 4;
const PRE_LOGIN: u8 = 18;
const END_OF_MESSAGE: u8 = 1;

/// Option tokens of a pre-login message.
const VERSION: u8 = 0;
const ENCRYPTION: u8 = 1;
const TERMINATOR: u8 = 0xff;

/// Values of the option ENCRYPTION.
const ENCRYPT_ON: u8 = 1;
const ENCRYPT_NOT_SUPPORTED: u8 = 2;

/// Header of a packet: type, status, length, process, number, window.
const HEADER: usize = 8;

/// One server's conversation.
#[derive(Debug, Default)]
pub(super) struct Mssql {
    /// Content of the packets so far.
    message: Vec<u8>,
}

impl Script for Mssql {
    fn open(&mut self) -> Vec<u8> {
        pre_login()
    }

    fn next(&mut self, inbox: &mut Inbox) -> Result<Turn, UpgradeError> {
        inbox.check_start("TDS", |said| {
            let is = |at: usize, fits: fn(u8) -> bool| said.get(at).is_none_or(|byte| fits(*byte));
            is(0, |kind| kind == TABULAR_RESULT) && is(1, |status| status & !END_OF_MESSAGE == 0)
        })?;
        let Some(&[_, status, high, low]) = inbox.rest().first_chunk::<4>() else { return Ok(Turn::Wait) };
        let length = usize::from(u16::from_be_bytes([high, low]));
        if length < HEADER {
            return Err(UpgradeError::Malformed("a packet shorter than its header"));
        }
        inbox.check_length(length)?;
        let Some(packet) = inbox.take(length) else { return Ok(Turn::Wait) };
        self.message.extend(packet.get(HEADER..).unwrap_or_default());
        if status & END_OF_MESSAGE == 0 {
            return Ok(Turn::Heard);
        }
        match encryption(&self.message) {
            Some(ENCRYPT_NOT_SUPPORTED) => Err(UpgradeError::NotOffered),
            // Off (for the login only), on, required: each begins with a handshake.
            Some(0 | 1 | 3) => Ok(Turn::Ready(Wrapping::Tds)),
            Some(_) => Err(UpgradeError::Malformed("an unknown kind of encryption")),
            None => Err(UpgradeError::Malformed("a pre-login without encryption")),
        }
    }
}

/// The option ENCRYPTION of a pre-login message: tokens with offset and length, then their values.
fn encryption(message: &[u8]) -> Option<u8> {
    let mut tokens = Reader::new(message);
    loop {
        let token = tokens.u8().filter(|token| *token != TERMINATOR)?;
        let (offset, length) = (tokens.u16()?, tokens.u16()?);
        if token == ENCRYPTION && length == 1 {
            return message.get(usize::from(offset)).copied();
        }
    }
}

/// Asks for encryption. The version is the client's own, of any number.
fn pre_login() -> Vec<u8> {
    /// Two tokens of five bytes and the terminator.
    const TOKENS: u8 = 11;
    const VERSION_LENGTH: u8 = 6;
    let mut message = vec![VERSION, 0, TOKENS, 0, VERSION_LENGTH];
    message.extend([ENCRYPTION, 0, TOKENS + VERSION_LENGTH, 0, 1, TERMINATOR]);
    message.extend([0; VERSION_LENGTH as usize]);
    message.push(ENCRYPT_ON);
    let length = u16::try_from(HEADER + message.len()).unwrap_or(u16::MAX);
    let [high, low] = length.to_be_bytes();
    [vec![PRE_LOGIN, END_OF_MESSAGE, high, low, 0, 0, 0, 0], message].concat()
}
