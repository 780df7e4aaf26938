//! ManageSieve: `STARTTLS` (RFC 5804 section 2.2). The server lists its capabilities as it greets.

use super::UpgradeError;
use super::inbox::{Inbox, begins, refusal};
use super::talk::{Script, Turn};

/// One server's conversation.
#[derive(Debug, Default)]
pub(super) struct Sieve {
    /// The response that comes in: lines, joined where a literal stands between them.
    line: Vec<u8>,
    /// Bytes of a literal that are still to come.
    literal: usize,
    has_starttls: bool,
    has_asked: bool,
    heard_any: bool,
}

impl Sieve {
    /// The next whole response line, literals inside it included.
    fn line(&mut self, inbox: &mut Inbox) -> Result<Option<Vec<u8>>, UpgradeError> {
        loop {
            if self.literal > 0 {
                inbox.check_length(self.literal)?;
                let Some(text) = inbox.take(self.literal) else { return Ok(None) };
                self.line.extend(text);
                self.literal = 0;
            }
            let Some(part) = inbox.line() else { return Ok(None) };
            self.heard_any = true;
            self.line.extend(&part);
            match literal(&part) {
                Some(length) => self.literal = length,
                None => return Ok(Some(std::mem::take(&mut self.line))),
            }
        }
    }
}

impl Script for Sieve {
    fn next(&mut self, inbox: &mut Inbox) -> Result<Turn, UpgradeError> {
        if !self.heard_any {
            inbox.check_start("ManageSieve", |said| begins(said, &["\"", "{", "OK", "NO", "BYE"]))?;
        }
        let Some(line) = self.line(inbox)? else { return Ok(Turn::Wait) };
        let word = line.split(|byte| b" (\"".contains(byte)).next().unwrap_or_default();
        if word.eq_ignore_ascii_case(b"OK") {
            if self.has_asked {
                return Ok(Turn::READY);
            }
            self.has_asked = true;
            return if self.has_starttls { Ok(Turn::say("STARTTLS")) } else { Err(UpgradeError::NotOffered) };
        }
        if word.eq_ignore_ascii_case(b"NO") || word.eq_ignore_ascii_case(b"BYE") {
            return Err(refusal(&line));
        }
        if self.has_asked || !matches!(line.first(), Some(b'"' | b'{')) {
            return Err(UpgradeError::Malformed("neither a capability nor a response"));
        }
        self.has_starttls |= line.trim_ascii().eq_ignore_ascii_case(b"\"STARTTLS\"");
        Ok(Turn::Heard)
    }
}

/// The length of the literal that a line announces at its end: `{12}`, or `{12+}` (RFC 5804 section 4).
fn literal(line: &[u8]) -> Option<usize> {
    let inner = line.strip_suffix(b"}")?;
    let start = inner.iter().rposition(|byte| *byte == b'{')?;
    let digits = inner.get(start + 1..)?;
    let digits = digits.strip_suffix(b"+").unwrap_or(digits);
    std::str::from_utf8(digits).ok()?.parse().ok()
}
