//! What a server has said before TLS: bytes in, lines and frames out, capped as a whole. Never grows beyond its
//! limit, never reads a byte twice.

use crate::text::Untrusted;
use crate::tls::banner;

use super::UpgradeError;

/// Bytes before TLS in protocols of lines: capability lists stay below a few KiB, and FTP greetings may be long.
pub(super) const TEXT_LIMIT: usize = 64 * 1024;

/// Bytes before TLS in protocols of frames: one greeting or one answer.
pub(super) const FRAME_LIMIT: usize = 8 * 1024;

/// Bytes of the server's words that an error keeps.
const WORDS: usize = 200;

/// All that came, with a mark up to where it is read.
#[derive(Debug)]
pub(super) struct Inbox {
    held: Vec<u8>,
    read: usize,
    /// Up to here there is no line end after `read`.
    searched: usize,
    limit: usize,
    overflowed: bool,
}

impl Inbox {
    pub(super) fn new(limit: usize) -> Self {
        Self { held: Vec::new(), read: 0, searched: 0, limit, overflowed: false }
    }

    /// Takes what fits; the rest is only remembered as too much.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        let space = self.limit.saturating_sub(self.held.len());
        self.overflowed |= bytes.len() > space;
        self.held.extend(bytes.iter().take(space));
    }

    /// What is not read yet.
    pub(super) fn rest(&self) -> &[u8] {
        self.held.get(self.read..).unwrap_or_default()
    }

    /// # Errors
    /// When more came than is held: what was waited for will never be whole.
    pub(super) fn check_limit(&self) -> Result<(), UpgradeError> {
        if self.overflowed { Err(UpgradeError::TooLong { limit: self.limit }) } else { Ok(()) }
    }

    /// # Errors
    /// When an announced length can never be held.
    pub(super) fn check_length(&self, length: usize) -> Result<(), UpgradeError> {
        let fits = self.read.saturating_add(length) <= self.limit;
        if fits { Ok(()) } else { Err(UpgradeError::TooLong { limit: self.limit }) }
    }

    /// The next line, without its LF or CRLF; `None` until it is whole.
    pub(super) fn line(&mut self) -> Option<Vec<u8>> {
        let from = self.searched.max(self.read);
        let Some(end) = self.held.get(from..)?.iter().position(|byte| *byte == b'\n') else {
            self.searched = self.held.len();
            return None;
        };
        let line = self.held.get(self.read..from + end)?;
        let line = line.strip_suffix(b"\r").unwrap_or(line).to_vec();
        self.read = from + end + 1;
        Some(line)
    }

    /// The next `count` bytes; `None` until all are there.
    pub(super) fn take(&mut self, count: usize) -> Option<Vec<u8>> {
        let taken = self.rest().get(..count)?.to_vec();
        self.read += count;
        Some(taken)
    }

    /// # Errors
    /// When what came does not begin as `expected` would, judged by `fits` as soon as the first byte is there.
    pub(super) fn check_start(
        &self,
        expected: &'static str,
        fits: impl FnOnce(&[u8]) -> bool,
    ) -> Result<(), UpgradeError> {
        let rest = self.rest();
        if rest.is_empty() || fits(rest) { Ok(()) } else { Err(wrong_protocol(expected, rest)) }
    }
}

/// The peer speaks something else.
pub(super) fn wrong_protocol(expected: &'static str, said: &[u8]) -> UpgradeError {
    let is_tls = said.len() > 1 && banner::may_be_tls(said);
    let protocol = if is_tls { "TLS" } else { banner::protocol(said) };
    UpgradeError::WrongProtocol { expected, protocol, excerpt: banner::excerpt(said) }
}

/// Words of the server for an error, cut.
pub(super) fn words(said: &[u8]) -> Untrusted {
    Untrusted::from_bytes(said.get(..WORDS).unwrap_or(said))
}

/// True while `said` could still become something that begins with one of `starts`, letters in either case.
pub(super) fn begins(said: &[u8], starts: &[&str]) -> bool {
    starts.iter().any(|start| {
        let length = start.len().min(said.len());
        said.iter().zip(start.as_bytes()).take(length).all(|(a, b)| a.eq_ignore_ascii_case(b))
    })
}

/// True where a whole line begins like this, letters in either case.
pub(super) fn starts(line: &[u8], start: &str) -> bool {
    line.get(..start.len()).is_some_and(|front| front.eq_ignore_ascii_case(start.as_bytes()))
}

/// True where the words contain this one, letters in either case.
pub(super) fn contains(said: &[u8], part: &str) -> bool {
    said.windows(part.len().max(1)).any(|window| window.eq_ignore_ascii_case(part.as_bytes()))
}

/// A refusal by words alone: for good, or for now where the words say so.
pub(super) fn refusal(said: &[u8]) -> UpgradeError {
    /// What servers say when they are busy: response codes of RFC 5530, RFC 3206 and RFC 5804, then usual words.
    const FOR_NOW: [&str; 14] = [
        "[UNAVAILABLE]",
        "[INUSE]",
        "[IN-USE]",
        "[LIMIT]",
        "[SYS/TEMP]",
        "[LOGIN-DELAY]",
        "(TRYLATER)",
        "too many",
        "try again",
        "try later",
        "throttl",
        "too fast",
        "overload",
        "maximum connections",
    ];
    if FOR_NOW.iter().any(|part| contains(said, part)) {
        UpgradeError::Throttled(words(said))
    } else {
        UpgradeError::Refused(words(said))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_frames_come_out_as_they_become_whole() {
        let mut inbox = Inbox::new(64);
        inbox.push(b"one\r");
        assert_eq!(inbox.line(), None);
        inbox.push(b"\ntwo\n\r\nabc");
        assert_eq!(inbox.line(), Some(b"one".to_vec()));
        assert_eq!(inbox.line(), Some(b"two".to_vec()));
        assert_eq!(inbox.line(), Some(Vec::new()));
        assert_eq!(inbox.line(), None);
        assert_eq!(inbox.take(4), None);
        assert_eq!(inbox.take(2), Some(b"ab".to_vec()));
        assert_eq!(inbox.rest(), b"c");
    }

    #[test]
    fn no_more_than_the_limit_is_held() {
        let mut inbox = Inbox::new(8);
        inbox.push(&[b'a'; 8]);
        assert_eq!(inbox.check_limit(), Ok(()));
        inbox.push(&[b'a'; 1_000_000]);
        assert_eq!(inbox.rest().len(), 8);
        assert_eq!(inbox.check_limit(), Err(UpgradeError::TooLong { limit: 8 }));
        assert_eq!(inbox.check_length(9), Err(UpgradeError::TooLong { limit: 8 }));
        assert_eq!(inbox.check_length(usize::MAX), Err(UpgradeError::TooLong { limit: 8 }));
    }

    #[test]
    fn a_refusal_for_now_is_told_from_one_for_good() {
        assert!(matches!(refusal(b"* BYE [UNAVAILABLE] later"), UpgradeError::Throttled(_)));
        assert!(matches!(refusal(b"-ERR Too many connections"), UpgradeError::Throttled(_)));
        assert!(matches!(refusal(b"-ERR go away"), UpgradeError::Refused(_)));
    }

    #[test]
    fn a_beginning_may_still_become_what_is_waited_for() {
        assert!(begins(b"* o", &["* OK", "* BYE"]));
        assert!(begins(b"* OK hello", &["* OK", "* BYE"]));
        assert!(!begins(b"* X", &["* OK", "* BYE"]));
    }
}
