//! NNTP: `STARTTLS` (RFC 4642). Asks at once; where the server says no its capabilities are read (RFC 3977 section
//! 5.2), to tell a refusal from a server without TLS.

use super::UpgradeError;
use super::inbox::Inbox;
use super::reply::Replies;
use super::talk::{Script, Turn};

/// One server's conversation.
#[derive(Debug)]
pub(super) struct Nntp {
    replies: Replies,
    state: State,
}

#[derive(Debug)]
enum State {
    Greeting,
    Starttls,
    /// `CAPABILITIES` is out; the server said this to `STARTTLS`.
    Capabilities(UpgradeError),
    /// Its list comes, up to a dot.
    List(UpgradeError),
}

impl Nntp {
    pub(super) fn new() -> Self {
        Self { replies: Replies::new("NNTP"), state: State::Greeting }
    }
}

impl Script for Nntp {
    fn next(&mut self, inbox: &mut Inbox) -> Result<Turn, UpgradeError> {
        if let State::List(said_no) = &self.state {
            let Some(line) = inbox.line() else { return Ok(Turn::Wait) };
            return match line.trim_ascii() {
                b"." => Err(UpgradeError::NotOffered),
                capability if capability.eq_ignore_ascii_case(b"STARTTLS") => Err(said_no.clone()),
                _ => Ok(Turn::Heard),
            };
        }
        let Some(reply) = self.replies.next(inbox)? else { return Ok(Turn::Wait) };
        match &self.state {
            State::Greeting if matches!(reply.code, 200 | 201) => {
                self.state = State::Starttls;
                Ok(Turn::say("STARTTLS"))
            }
            State::Starttls if reply.code == 382 => Ok(Turn::READY),
            // RFC 3977 section 3.2.1: unknown command or variant.
            State::Starttls if matches!(reply.code, 500 | 501 | 503) => Err(UpgradeError::NotOffered),
            // Authentication or another state first; servers without TLS say so too.
            State::Starttls if matches!(reply.code, 480 | 502) => {
                self.state = State::Capabilities(UpgradeError::Refused(reply.words()));
                Ok(Turn::say("CAPABILITIES"))
            }
            State::Capabilities(said_no) if reply.code == 101 => {
                self.state = State::List(said_no.clone());
                Ok(Turn::Heard)
            }
            State::Capabilities(_) if reply.code != 400 => Err(UpgradeError::NotOffered),
            // 400 asks to come back later (section 3.2.1.1), 580 says that TLS does not work here.
            _ => Err(reply.refusal()),
        }
    }
}
