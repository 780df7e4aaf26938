//! IRC: `STARTTLS` of IRCv3 (the `tls` capability). The client speaks first; servers may chat before they answer.
//! Its capabilities are asked for in the same breath, since some servers say nothing to a command that they do not
//! know. Never registers a name.

use super::UpgradeError;
use super::inbox::{Inbox, refusal, words, wrong_protocol};
use super::talk::{Script, Turn};

/// One server's conversation.
#[derive(Debug, Default)]
pub(super) struct Irc {
    /// At least one line was a message of IRC.
    is_irc: bool,
    /// The list of capabilities has `tls` so far.
    has_tls: bool,
}

impl Irc {
    /// Reads a line of the list. True where the list is whole and has no `tls`.
    fn is_listed(&mut self, line: &[u8]) -> bool {
        self.has_tls |= has_word(line, b"tls");
        // `CAP * LS :a b`, or `CAP * LS * :a b` while more lines follow.
        let is_list = has_word(line, b"LS");
        let goes_on = line.windows(5).any(|part| part == b"LS * ");
        is_list && !goes_on && !self.has_tls
    }
}

impl Script for Irc {
    fn open(&mut self) -> Vec<u8> {
        // In this order: what came behind STARTTLS would be taken for TLS.
        b"CAP LS\r\nSTARTTLS\r\n".to_vec()
    }

    fn next(&mut self, inbox: &mut Inbox) -> Result<Turn, UpgradeError> {
        if !self.is_irc {
            inbox.check_start("IRC", |said| {
                said.first()
                    .is_some_and(|byte| *byte == b':' || byte.is_ascii_uppercase() || byte.is_ascii_digit())
            })?;
        }
        let Some(line) = inbox.line() else { return Ok(Turn::Wait) };
        let command = command(&line);
        let is_first = !std::mem::replace(&mut self.is_irc, true);
        match command {
            b"670" => Ok(Turn::READY),
            b"691" => Err(UpgradeError::Refused(words(&line))),
            // A server without capabilities; STARTTLS is answered next.
            b"421" | b"451" if has_word(&line, b"CAP") => Ok(Turn::Heard),
            // Unknown command; not registered, which is what servers say to what they do not know before that.
            b"421" | b"451" => Err(UpgradeError::NotOffered),
            b"CAP" if self.is_listed(&line) => Err(UpgradeError::NotOffered),
            b"ERROR" => Err(refusal(&line)),
            // An answer to PING would stand between the go-ahead and TLS, where that is on its way already.
            b"NOTICE" | b"PING" | b"CAP" | b"020" => Ok(Turn::Heard),
            [a, b, c] if !is_first && [a, b, c].iter().all(|byte| byte.is_ascii_digit()) => Ok(Turn::Heard),
            _ if is_first => Err(wrong_protocol("IRC", &line)),
            _ => Err(UpgradeError::Malformed("not a message of IRC")),
        }
    }
}

fn has_word(line: &[u8], word: &[u8]) -> bool {
    line.split(|byte| *byte == b' ').any(|own| own.strip_prefix(b":").unwrap_or(own) == word)
}

/// The command of a message, behind its source (RFC 1459 section 2.3.1).
fn command(line: &[u8]) -> &[u8] {
    let mut words = line.split(|byte| *byte == b' ');
    let first = words.next().unwrap_or_default();
    if first.starts_with(b":") { words.next().unwrap_or_default() } else { first }
}
