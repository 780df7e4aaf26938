//! Replies of three digits and text, of one line or more: SMTP and LMTP (RFC 5321 section 4.2), FTP (RFC 959 section
//! 4.2), first lines of NNTP (RFC 3977 section 3.1).

use crate::text::Untrusted;

use super::UpgradeError;
use super::inbox::{Inbox, words, wrong_protocol};

/// A whole reply.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Reply {
    pub(super) code: u16,
    /// Its lines, with their codes.
    pub(super) lines: Vec<Vec<u8>>,
}

impl Reply {
    /// The text of each line, after the code and its separator.
    pub(super) fn texts(&self) -> impl Iterator<Item = &[u8]> {
        self.lines.iter().map(|line| line.get(4..).unwrap_or_default())
    }

    /// The whole reply for an error, cut.
    pub(super) fn words(&self) -> Untrusted {
        words(&self.lines.join(&b' '))
    }

    /// The server said no: for now with 4xx, for good otherwise.
    pub(super) fn refusal(&self) -> UpgradeError {
        let is_for_now = (400..500).contains(&self.code);
        if is_for_now { UpgradeError::Throttled(self.words()) } else { UpgradeError::Refused(self.words()) }
    }
}

/// Collects the lines of one reply after the other.
#[derive(Debug)]
pub(super) struct Replies {
    protocol: &'static str,
    /// FTP: lines in between need not carry the code.
    is_lax: bool,
    heard_any: bool,
    lines: Vec<Vec<u8>>,
}

impl Replies {
    pub(super) fn new(protocol: &'static str) -> Self {
        Self { protocol, is_lax: false, heard_any: false, lines: Vec::new() }
    }

    pub(super) fn lax(protocol: &'static str) -> Self {
        Self { is_lax: true, ..Self::new(protocol) }
    }

    /// The next reply; `None` until it is whole.
    ///
    /// # Errors
    /// When the peer does not talk like this.
    pub(super) fn next(&mut self, inbox: &mut Inbox) -> Result<Option<Reply>, UpgradeError> {
        if !self.heard_any {
            inbox.check_start(self.protocol, may_be_reply)?;
        }
        while let Some(line) = inbox.line() {
            let begun = self.lines.first().and_then(|first| code(first));
            let own = code(&line);
            let code = match (begun, own) {
                (None, None) if self.heard_any => {
                    return Err(UpgradeError::Malformed("a reply without a code"));
                }
                (None, None) => return Err(wrong_protocol(self.protocol, &line)),
                (None, Some(code)) => code,
                (Some(begun), own) if self.is_lax || own == Some(begun) => begun,
                (Some(_), _) => return Err(UpgradeError::Malformed("two codes in one reply")),
            };
            let is_last = own == Some(code) && line.get(3) != Some(&b'-');
            self.heard_any = true;
            self.lines.push(line);
            if is_last {
                return Ok(Some(Reply { code, lines: std::mem::take(&mut self.lines) }));
            }
        }
        Ok(None)
    }
}

/// The code at the front of a line: three digits, then a space, a dash or nothing.
fn code(line: &[u8]) -> Option<u16> {
    let (&[a, b, c], rest) = line.split_first_chunk::<3>()?;
    let is_code =
        [a, b, c].iter().all(u8::is_ascii_digit) && matches!(rest.first(), None | Some(b' ' | b'-'));
    let digit = |byte: u8| u16::from(byte - b'0');
    is_code.then(|| digit(a) * 100 + digit(b) * 10 + digit(c))
}

fn may_be_reply(said: &[u8]) -> bool {
    let digits = said.iter().take(3).all(u8::is_ascii_digit);
    digits && matches!(said.get(3), None | Some(b' ' | b'-' | b'\r' | b'\n'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(mut replies: Replies, said: &[u8]) -> Result<Option<Reply>, UpgradeError> {
        let mut inbox = Inbox::new(1024);
        inbox.push(said);
        replies.next(&mut inbox)
    }

    #[test]
    fn a_reply_ends_with_the_line_that_has_no_dash() {
        let reply = read(Replies::new("SMTP"), b"250-a\r\n250-STARTTLS\r\n250 b\r\n").unwrap().unwrap();
        assert_eq!((reply.code, reply.texts().nth(1)), (250, Some(b"STARTTLS".as_slice())));
        assert_eq!(read(Replies::new("SMTP"), b"220\r\n").unwrap().unwrap().code, 220);
        assert_eq!(read(Replies::new("SMTP"), b"220-a\r\n"), Ok(None));
    }

    #[test]
    fn only_ftp_has_lines_without_a_code() {
        let said = b"220-Welcome\r\n 220 is not the end\r\n230 nor this\r\n220 Ready\r\n";
        assert_eq!(read(Replies::lax("FTP"), said).unwrap().unwrap().lines.len(), 4);
        assert_eq!(read(Replies::new("SMTP"), said), Err(UpgradeError::Malformed("two codes in one reply")));
    }

    #[test]
    fn another_protocol_is_named_at_its_first_bytes() {
        for said in [b"SSH-2.0-x".as_slice(), b"2x", b"2200 x\r\n", b"\n"] {
            let error = read(Replies::new("SMTP"), said).unwrap_err();
            assert!(matches!(error, UpgradeError::WrongProtocol { expected: "SMTP", .. }), "{error:?}");
        }
    }
}
