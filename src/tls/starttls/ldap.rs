//! LDAP: the extended operation StartTLS (RFC 4511 section 4.14), in as much BER as it takes.

use super::UpgradeError;
use super::inbox::{Inbox, words};
use super::talk::{Script, Turn};
use crate::tls::codec::Reader;

/// The operation's name (RFC 4511 section 4.14.1).
const START_TLS: &[u8] = b"1.3.6.1.4.1.1466.20037";

/// LDAPMessage, INTEGER, ENUMERATED, OCTET STRING, ExtendedResponse; the name in an ExtendedRequest.
const SEQUENCE: u8 = 0x30;
const INTEGER: u8 = 0x02;
const ENUMERATED: u8 = 0x0a;
const OCTET_STRING: u8 = 0x04;
const EXTENDED_REQUEST: u8 = 0x77;
const EXTENDED_RESPONSE: u8 = 0x78;
const REQUEST_NAME: u8 = 0x80;

/// One server's conversation.
#[derive(Debug, Default)]
pub(super) struct Ldap;

impl Script for Ldap {
    fn open(&mut self) -> Vec<u8> {
        /// Of the name; its tag and length; the message number.
        const NAME: u8 = 22;
        let mut request =
            vec![SEQUENCE, NAME + 7, INTEGER, 1, 1, EXTENDED_REQUEST, NAME + 2, REQUEST_NAME, NAME];
        request.extend(START_TLS);
        request
    }

    fn next(&mut self, inbox: &mut Inbox) -> Result<Turn, UpgradeError> {
        inbox.check_start("LDAP", |said| said.first() == Some(&SEQUENCE))?;
        let Some(length) = message_length(inbox.rest())? else { return Ok(Turn::Wait) };
        inbox.check_length(length)?;
        let Some(message) = inbox.take(length) else { return Ok(Turn::Wait) };
        let response = response(&message).ok_or(UpgradeError::Malformed("not a response of LDAP"))?;
        let said = words(response.diagnostic);
        match response.code {
            0 if response.is_ours => Ok(Turn::READY),
            // protocolError: the operation is not supported (section 4.14.2).
            2 if response.is_ours => Err(UpgradeError::NotOffered),
            // busy and unavailable (appendix A.2).
            51 | 52 => Err(UpgradeError::Throttled(said)),
            // Also the notice of disconnection (section 4.4.1), which is nobody's answer.
            _ => Err(UpgradeError::Refused(said)),
        }
    }
}

struct Response<'a> {
    /// It answers our message; the notice of disconnection has the number 0.
    is_ours: bool,
    code: u8,
    diagnostic: &'a [u8],
}

/// The length of the whole message at the front, header included; `None` until its header is there.
fn message_length(bytes: &[u8]) -> Result<Option<usize>, UpgradeError> {
    let mut reader = Reader::new(bytes);
    let (Some(_), Some(first)) = (reader.u8(), reader.u8()) else { return Ok(None) };
    if first < 0x80 {
        return Ok(Some(2 + usize::from(first)));
    }
    let count = usize::from(first & 0x7f);
    // Indefinite lengths are forbidden in LDAP (section 5.1); four bytes hold more than anybody may send.
    if !(1..=4).contains(&count) {
        return Err(UpgradeError::Malformed("a length that LDAP does not have"));
    }
    let Some(digits) = reader.take(count) else { return Ok(None) };
    let length = digits.iter().fold(0_usize, |sum, digit| sum << 8 | usize::from(*digit));
    Ok(Some(length.saturating_add(2 + count)))
}

fn response(message: &[u8]) -> Option<Response<'_>> {
    let (SEQUENCE, content, _) = element(message)? else { return None };
    let (INTEGER, number, rest) = element(content)? else { return None };
    let (EXTENDED_RESPONSE, result, _) = element(rest)? else { return None };
    let (ENUMERATED, code, rest) = element(result)? else { return None };
    let (OCTET_STRING, _matched_name, rest) = element(rest)? else { return None };
    let (OCTET_STRING, diagnostic, _) = element(rest)? else { return None };
    let &[code] = code else { return None };
    Some(Response { is_ours: number == [1], code, diagnostic })
}

/// The first element's tag and content, and what follows it.
fn element(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let length = message_length(bytes).ok()??;
    let (whole, rest) = bytes.split_at_checked(length)?;
    let header = match whole.get(1)? {
        short if *short < 0x80 => 2,
        long => 2 + usize::from(long & 0x7f),
    };
    Some((*whole.first()?, whole.get(header..)?, rest))
}
