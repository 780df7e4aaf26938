//! POP3: `STLS` (RFC 2595 section 4). Asks at once; only where the server says no is its capability list read
//! (RFC 2449), to tell a refusal from a server without TLS.

use super::UpgradeError;
use super::inbox::{Inbox, begins, refusal, starts};
use super::talk::{Script, Turn};

/// One server's conversation.
#[derive(Debug, Default)]
pub(super) struct Pop3 {
    state: State,
}

#[derive(Debug, Default)]
enum State {
    #[default]
    Greeting,
    Stls,
    /// `CAPA` is out; the server said this to `STLS`.
    Capa {
        said_no: Vec<u8>,
        is_listing: bool,
    },
}

impl Script for Pop3 {
    fn next(&mut self, inbox: &mut Inbox) -> Result<Turn, UpgradeError> {
        if matches!(self.state, State::Greeting) {
            inbox.check_start("POP3", |said| begins(said, &["+OK", "-ERR"]))?;
        }
        let Some(line) = inbox.line() else { return Ok(Turn::Wait) };
        match &mut self.state {
            State::Greeting if starts(&line, "+OK") => {
                self.state = State::Stls;
                Ok(Turn::say("STLS"))
            }
            State::Greeting => Err(refusal(&line)),
            State::Stls if starts(&line, "+OK") => Ok(Turn::READY),
            State::Stls if starts(&line, "-ERR") => {
                self.state = State::Capa { said_no: line, is_listing: false };
                Ok(Turn::say("CAPA"))
            }
            State::Capa { is_listing: listing @ false, .. } if starts(&line, "+OK") => {
                *listing = true;
                Ok(Turn::Heard)
            }
            // No list: a server from before RFC 2449 has no STLS either.
            State::Capa { is_listing: false, .. } if starts(&line, "-ERR") => Err(UpgradeError::NotOffered),
            State::Capa { said_no, is_listing: true } => match line.trim_ascii() {
                b"." => Err(UpgradeError::NotOffered),
                capability if capability.eq_ignore_ascii_case(b"STLS") => Err(refusal(said_no)),
                _ => Ok(Turn::Heard),
            },
            State::Stls | State::Capa { .. } => Err(UpgradeError::Malformed("neither +OK nor -ERR")),
        }
    }
}
