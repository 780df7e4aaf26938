//! IMAP: `STARTTLS` (RFC 9051 section 6.2.1). Asks at once; only where the server says no is its capability list read,
//! to tell a refusal from a server without TLS. Lines of the server that nobody asked for are passed over.

use super::UpgradeError;
use super::inbox::{Inbox, begins, refusal, starts, words};
use super::talk::{Script, Turn};

/// One server's conversation.
#[derive(Debug, Default)]
pub(super) struct Imap {
    state: State,
}

#[derive(Debug, Default)]
enum State {
    #[default]
    Greeting,
    /// `a1 STARTTLS` is out.
    Starttls,
    /// `a2 CAPABILITY` is out; the server said this to `STARTTLS`.
    Capability { said_no: Vec<u8>, has_starttls: bool },
}

impl Imap {
    fn greeted(&mut self, line: &[u8]) -> Result<Turn, UpgradeError> {
        if starts(line, "* OK") {
            self.state = State::Starttls;
            return Ok(Turn::say("a1 STARTTLS"));
        }
        if starts(line, "* PREAUTH") {
            // Section 7.1.4: the connection is logged in already, where STARTTLS is forbidden.
            return Err(UpgradeError::Refused(words(line)));
        }
        Err(refusal(line))
    }
}

impl Script for Imap {
    fn next(&mut self, inbox: &mut Inbox) -> Result<Turn, UpgradeError> {
        if matches!(self.state, State::Greeting) {
            inbox.check_start("IMAP", |said| begins(said, &["* OK", "* PREAUTH", "* BYE"]))?;
        }
        let Some(line) = inbox.line() else { return Ok(Turn::Wait) };
        match &mut self.state {
            State::Greeting => self.greeted(&line),
            _ if starts(&line, "* BYE") => Err(refusal(&line)),
            State::Starttls if starts(&line, "a1 OK") => Ok(Turn::READY),
            State::Starttls if starts(&line, "a1 ") => {
                self.state = State::Capability { said_no: line, has_starttls: false };
                Ok(Turn::say("a2 CAPABILITY"))
            }
            State::Capability { has_starttls, .. } if starts(&line, "* CAPABILITY ") => {
                *has_starttls |=
                    line.split(|byte| *byte == b' ').any(|word| word.eq_ignore_ascii_case(b"STARTTLS"));
                Ok(Turn::Heard)
            }
            State::Capability { said_no, has_starttls: true } if starts(&line, "a2 ") => {
                Err(refusal(said_no))
            }
            // `BAD`, or no list at all: a server without the capability has no such command.
            State::Capability { .. } if starts(&line, "a2 ") => Err(UpgradeError::NotOffered),
            State::Starttls | State::Capability { .. } if starts(&line, "* ") => Ok(Turn::Heard),
            State::Starttls | State::Capability { .. } => {
                Err(UpgradeError::Malformed("neither untagged nor an answer"))
            }
        }
    }
}
