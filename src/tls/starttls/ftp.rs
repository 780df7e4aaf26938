//! FTP: `AUTH TLS` (RFC 4217 section 4). Asks at once; a server that has no such command may still say "log in first",
//! so where it says no its list of features is read (RFC 2389).

use super::UpgradeError;
use super::inbox::Inbox;
use super::reply::{Replies, Reply};
use super::talk::{Script, Turn};

/// One server's conversation.
#[derive(Debug)]
pub(super) struct Ftp {
    replies: Replies,
    state: State,
}

#[derive(Debug)]
enum State {
    Greeting,
    Auth,
    /// `FEAT` is out; the server said this to `AUTH TLS`.
    Features(UpgradeError),
}

impl Ftp {
    pub(super) fn new() -> Self {
        Self { replies: Replies::lax("FTP"), state: State::Greeting }
    }
}

impl Script for Ftp {
    fn next(&mut self, inbox: &mut Inbox) -> Result<Turn, UpgradeError> {
        let Some(reply) = self.replies.next(inbox)? else { return Ok(Turn::Wait) };
        match &self.state {
            // RFC 959 section 5.4: ready in some minutes, then 220 follows.
            State::Greeting if reply.code == 120 => Ok(Turn::Heard),
            State::Greeting if reply.code == 220 => {
                self.state = State::Auth;
                Ok(Turn::say("AUTH TLS"))
            }
            // 334 is the older draft's go-ahead.
            State::Auth if matches!(reply.code, 234 | 334) => Ok(Turn::READY),
            // RFC 4217 section 10.1: not implemented.
            State::Auth if matches!(reply.code, 500 | 502 | 504) => Err(UpgradeError::NotOffered),
            State::Auth if reply.code == 530 => {
                self.state = State::Features(reply.refusal());
                Ok(Turn::say("FEAT"))
            }
            // RFC 4217 section 10.1: needs something that is not there now, such as its key. As with 454 in SMTP.
            State::Auth if reply.code == 431 => Err(UpgradeError::Refused(reply.words())),
            State::Greeting | State::Auth => Err(reply.refusal()),
            State::Features(_) if reply.code == 421 => Err(reply.refusal()),
            State::Features(said_no) if lists_tls(&reply) => Err(said_no.clone()),
            State::Features(_) => Err(UpgradeError::NotOffered),
        }
    }
}

/// ` AUTH TLS`, ` AUTH SSL`, ` AUTH TLS;TLS-C;SSL`: one feature a line.
fn lists_tls(reply: &Reply) -> bool {
    reply
        .lines
        .iter()
        .any(|line| line.trim_ascii().get(..5).is_some_and(|f| f.eq_ignore_ascii_case(b"AUTH ")))
}
