//! Replies of a mail server, read without a socket (RFC 5321 section 4.2).
//!
//! Only whole, well-formed and bounded replies come out, in one spelling; what follows a reply stays here, so that
//! its reader can see that the server spoke out of turn.

use crate::text::Untrusted;

/// RFC 5321 section 4.5.3.1.5 says 512; servers are wordier.
const LONGEST_LINE: usize = 4096;

/// No greeting, list of extensions or excuse is longer.
const LONGEST_REPLY: usize = 16 * 1024;

/// Text kept of one line; the rest is cut.
const KEPT_OF_LINE: usize = 800;

/// Collects bytes and gives replies.
#[derive(Debug, Default)]
pub(super) struct ReplyReader {
    bytes: Vec<u8>,
}

/// One reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reply {
    /// 200 to 559.
    pub(super) code: u16,
    pub(super) lines: Vec<Untrusted>,
}

/// Why bytes are not a reply.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum ReplyFault {
    #[error("a line of more than {LONGEST_LINE} bytes")]
    LongLine,
    #[error("a reply of more than {LONGEST_REPLY} bytes")]
    LongReply,
    #[error("`{}`", .0.terminal())]
    NotAReply(Untrusted),
    #[error("text out of turn: `{}`", .0.terminal())]
    OutOfTurn(Untrusted),
}

impl ReplyReader {
    /// Takes what came.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// Takes out the next whole reply; `None` where more has to come.
    ///
    /// # Errors
    /// [`ReplyFault`] if what came can never become a reply.
    pub(super) fn next(&mut self) -> Result<Option<Reply>, ReplyFault> {
        let mut lines = Vec::new();
        let mut first_code = None;
        let mut used = 0;
        for line in self.bytes.split_inclusive(|byte| *byte == b'\n') {
            used += line.len();
            if line.len() > LONGEST_LINE {
                return Err(ReplyFault::LongLine);
            }
            if used > LONGEST_REPLY {
                return Err(ReplyFault::LongReply);
            }
            let Some(line) = line.strip_suffix(b"\n") else { return Ok(None) };
            let (code, is_last, text) = read_line(line)?;
            if *first_code.get_or_insert(code) != code {
                return Err(ReplyFault::NotAReply(Untrusted::from_bytes(line)));
            }
            lines.push(text);
            if is_last {
                self.bytes.drain(..used);
                return Ok(Some(Reply { code, lines }));
            }
        }
        Ok(None)
    }

    /// What came after the last reply taken out.
    ///
    /// # Errors
    /// [`ReplyFault::OutOfTurn`] if there is anything.
    pub(super) fn expect_silence(&self) -> Result<(), ReplyFault> {
        if self.bytes.is_empty() {
            return Ok(());
        }
        let shown = self.bytes.get(..200).unwrap_or(&self.bytes);
        Err(ReplyFault::OutOfTurn(Untrusted::from_bytes(shown)))
    }
}

impl Reply {
    /// A greeting of our own, for a client that must see one.
    pub(super) fn greeting() -> Self {
        Self { code: 220, lines: vec![Untrusted::new("ready")] }
    }

    /// All its text on one line.
    pub(super) fn text(&self) -> Untrusted {
        let lines: Vec<&str> = self.lines.iter().map(Untrusted::raw).collect();
        Untrusted::new(lines.join(" "))
    }

    /// The reply in the one spelling that every client reads: CR LF, a space after the last code, valid UTF-8, no
    /// line longer than 1,000 bytes.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let mut out = String::new();
        for (number, line) in self.lines.iter().enumerate() {
            let separator = if number + 1 == self.lines.len() { ' ' } else { '-' };
            let raw = line.raw();
            let end = (0..=KEPT_OF_LINE.min(raw.len())).rev().find(|end| raw.is_char_boundary(*end));
            let kept = raw.get(..end.unwrap_or(0)).unwrap_or_default().replace('\r', " ");
            out.push_str(&format!("{}{separator}{kept}\r\n", self.code));
        }
        out.into_bytes()
    }
}

/// Code, whether it is the last line, and text.
fn read_line(line: &[u8]) -> Result<(u16, bool, Untrusted), ReplyFault> {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let fault = || ReplyFault::NotAReply(Untrusted::from_bytes(line.get(..200).unwrap_or(line)));
    let (code, rest) = line.split_at_checked(3).ok_or_else(fault)?;
    let [b'2'..=b'5', b'0'..=b'5', b'0'..=b'9'] = code else { return Err(fault()) };
    let code = std::str::from_utf8(code).ok().and_then(|code| code.parse().ok()).ok_or_else(fault)?;
    match rest {
        // Section 4.2.1 allows a code alone.
        [] => Ok((code, true, Untrusted::default())),
        [b' ', text @ ..] => Ok((code, true, Untrusted::from_bytes(text))),
        [b'-', text @ ..] => Ok((code, false, Untrusted::from_bytes(text))),
        _ => Err(fault()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(bytes: &[u8]) -> Result<Option<Reply>, ReplyFault> {
        let mut reader = ReplyReader::default();
        reader.push(bytes);
        reader.next()
    }

    #[test]
    fn a_reply_is_read_in_any_spelling_and_written_in_one() {
        let mut reader = ReplyReader::default();
        reader.push(b"250-mail.example\n250-SIZE\xff\r\n250");
        assert_eq!(reader.next(), Ok(None));
        reader.push(b"\n");
        let reply = reader.next().unwrap().unwrap();
        assert_eq!(reply.to_bytes(), b"250-mail.example\r\n250-SIZE\\xff\r\n250 \r\n");
        assert_eq!(reader.expect_silence(), Ok(()));
    }

    #[test]
    fn what_follows_a_reply_is_seen() {
        let mut reader = ReplyReader::default();
        reader.push(b"220 go ahead\r\n250 forged\r\n");
        assert_eq!(reader.next().unwrap().unwrap().code, 220);
        let fault = reader.expect_silence().unwrap_err().to_string();
        assert_eq!(fault, "text out of turn: `250 forged\\u{d}\\u{a}`");
    }

    #[test]
    fn what_can_never_be_a_reply_is_an_error() {
        for bytes in [&b"hello\r\n"[..], b"250", b"25\r\n", b"650 x\r\n", b"260 x\r\n", b"250x\r\n"] {
            assert_eq!(read(bytes).is_err(), bytes != b"250", "{bytes:?}");
        }
        assert!(read(b"250-a\r\n251 b\r\n").is_err());
        assert_eq!(read(&[b'2'; 4097]), Err(ReplyFault::LongLine));
        assert_eq!(read(&b"250-x\r\n".repeat(3000)), Err(ReplyFault::LongReply));
    }

    #[test]
    fn a_long_line_is_cut_between_characters() {
        let reply = Reply { code: 250, lines: vec![Untrusted::new("ä".repeat(2000))] };
        assert!(std::str::from_utf8(&reply.to_bytes()).unwrap().len() < 1000);
    }

    proptest! {
        #[test]
        fn any_bytes_in_any_pieces_give_the_same_replies(
            pieces in prop::collection::vec(prop::collection::vec(
                prop::sample::select(b"250- \r\nx\xff".to_vec()), 0..12), 0..20)
        ) {
            let all = |pieces: &[Vec<u8>]| {
                let mut reader = ReplyReader::default();
                let mut out = Vec::new();
                for piece in pieces {
                    reader.push(piece);
                    loop {
                        match reader.next() {
                            Ok(Some(reply)) => {
                                prop_assert_eq!(read(&reply.to_bytes()).unwrap().unwrap().code, reply.code);
                                out.push(reply);
                            }
                            Ok(None) => break,
                            Err(_) => return Ok(out),
                        }
                    }
                }
                Ok(out)
            };
            prop_assert_eq!(all(&pieces)?, all(&[pieces.concat()])?);
        }
    }
}
