//! RDP: negotiation of the security protocol in an X.224 connection request (MS-RDPBCGR sections 2.2.1.1 and 2.2.1.2).

use super::UpgradeError;
use super::inbox::{Inbox, words};
use super::talk::{Script, Turn};

/// TPKT of 19 bytes; X.224 connection request of 14; RDP_NEG_REQ for TLS or CredSSP, which runs in TLS.
const CONNECTION_REQUEST: [u8; 19] =
    [3, 0, 0, 19, 14, 0xe0, 0, 0, 0, 0, 0, NEG_REQUEST, 0, 8, 0, PROTOCOL_SSL | PROTOCOL_HYBRID, 0, 0, 0];

const NEG_REQUEST: u8 = 1;
const NEG_RESPONSE: u8 = 2;
const NEG_FAILURE: u8 = 3;

const PROTOCOL_SSL: u8 = 1;
const PROTOCOL_HYBRID: u8 = 2;

/// X.224 connection confirm, in the high half of the byte.
const CONNECTION_CONFIRM: u8 = 0xd0;

/// One server's conversation.
#[derive(Debug, Default)]
pub(super) struct Rdp;

impl Script for Rdp {
    fn open(&mut self) -> Vec<u8> {
        CONNECTION_REQUEST.to_vec()
    }

    fn next(&mut self, inbox: &mut Inbox) -> Result<Turn, UpgradeError> {
        inbox.check_start("RDP", |said| {
            said.first() == Some(&3) && said.get(1).is_none_or(|reserved| *reserved == 0)
        })?;
        let Some(&[_, _, high, low]) = inbox.rest().first_chunk::<4>() else { return Ok(Turn::Wait) };
        let length = usize::from(u16::from_be_bytes([high, low]));
        if length < 11 {
            return Err(UpgradeError::Malformed("a packet shorter than its headers"));
        }
        inbox.check_length(length)?;
        let Some(packet) = inbox.take(length) else { return Ok(Turn::Wait) };
        if packet.get(5).is_none_or(|kind| kind & 0xf0 != CONNECTION_CONFIRM) {
            return Err(UpgradeError::Malformed("not a connection confirm"));
        }
        let Some(&[kind, _, _, _, a, b, c, d]) = packet.get(11..).unwrap_or_default().first_chunk::<8>()
        else {
            // A server from before the negotiation: RDP's own encryption.
            return Err(UpgradeError::NotOffered);
        };
        let value = u32::from_le_bytes([a, b, c, d]);
        match (kind, value) {
            (NEG_RESPONSE, 0) => Err(UpgradeError::NotOffered),
            (NEG_RESPONSE, _) => Ok(Turn::READY),
            (NEG_FAILURE, code) => Err(failure(code)),
            _ => Err(UpgradeError::Malformed("an unknown negotiation")),
        }
    }
}

/// What a failure code says, in the words of section 2.2.1.2.2.
fn failure(code: u32) -> UpgradeError {
    let name = match code {
        // The server is told to use its own encryption only.
        2 => return UpgradeError::NotOffered,
        1 => "SSL_REQUIRED_BY_SERVER",
        3 => "SSL_CERT_NOT_ON_SERVER",
        4 => "INCONSISTENT_FLAGS",
        5 => "HYBRID_REQUIRED_BY_SERVER",
        6 => "SSL_WITH_USER_AUTH_REQUIRED_BY_SERVER",
        _ => return UpgradeError::Refused(words(format!("negotiation failure {code}").as_bytes())),
    };
    UpgradeError::Refused(words(name.as_bytes()))
}
