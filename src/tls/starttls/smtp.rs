//! SMTP (RFC 3207) and LMTP (RFC 2033), which differ in the name of one command.

use super::UpgradeError;
use super::inbox::Inbox;
use super::reply::{Replies, Reply};
use super::talk::{Script, Turn};

/// Names to greet with, in this order. The first looks like a host's, as servers that want one ask
/// (`reject_non_fqdn_helo_hostname` of Postfix turns `localhost` away), is nobody's (RFC 6761 section 6.4), and is not
/// the server's own, which filters take for a forgery. Servers that look the name up turn it away; they take an
/// address literal (RFC 5321 section 4.1.3) without a look-up. Which address is ours is not known here.
const NAMES: [&str; 2] = ["certvigil.invalid", "[127.0.0.1]"];

/// One server's conversation.
#[derive(Debug)]
pub(super) struct Smtp {
    greeting: &'static str,
    replies: Replies,
    state: State,
}

#[derive(Debug)]
enum State {
    Greeting,
    /// The name at this place of [`NAMES`] was said.
    Hello(usize),
    Starttls,
}

impl Smtp {
    pub(super) fn new() -> Self {
        Self { greeting: "EHLO", replies: Replies::new("SMTP"), state: State::Greeting }
    }

    /// LMTP says LHLO, and nothing else differs before TLS.
    pub(super) fn lmtp() -> Self {
        Self { greeting: "LHLO", replies: Replies::new("LMTP"), state: State::Greeting }
    }

    fn hello(&mut self, name: usize) -> Option<Turn> {
        let command = format!("{} {}", self.greeting, NAMES.get(name)?);
        self.state = State::Hello(name);
        Some(Turn::say(&command))
    }

    fn greeted(&mut self, name: usize, reply: &Reply) -> Result<Turn, UpgradeError> {
        match reply.code {
            250 => {
                if !reply.texts().skip(1).any(|text| text.trim_ascii().eq_ignore_ascii_case(b"STARTTLS")) {
                    return Err(UpgradeError::NotOffered);
                }
                self.state = State::Starttls;
                Ok(Turn::say("STARTTLS"))
            }
            // It goes away, whatever the name.
            421 => Err(reply.refusal()),
            // The command is unknown: no extensions, no TLS.
            500 | 502 => Err(UpgradeError::NotOffered),
            _ => self.hello(name + 1).ok_or_else(|| reply.refusal()),
        }
    }
}

impl Script for Smtp {
    fn next(&mut self, inbox: &mut Inbox) -> Result<Turn, UpgradeError> {
        let Some(reply) = self.replies.next(inbox)? else { return Ok(Turn::Wait) };
        match self.state {
            State::Greeting if reply.code == 220 => self.hello(0).ok_or(UpgradeError::NotOffered),
            State::Hello(name) => self.greeted(name, &reply),
            State::Starttls if reply.code == 220 => Ok(Turn::READY),
            // RFC 3207 section 4: TLS does not work here. Servers without a readable key say so for months.
            State::Starttls if reply.code == 454 => Err(UpgradeError::Refused(reply.words())),
            State::Greeting | State::Starttls => Err(reply.refusal()),
        }
    }
}
