//! Leads a connection to TLS by its protocol's own command: drives a [`Dialogue`] over an open [`Link`], with a deadline
//! for the first word and one for all, and a cap on what is read. Never logs in, never connects, never judges.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::time::{Instant, timeout_at};

use super::link::Link;
use super::sweep::of_io;
use crate::model::{Failure, Reason, Stage};
use crate::text::Untrusted;
use crate::tls::StartTls;
use crate::tls::starttls::{Dialogue, UpgradeError, UpgradeStep, Wrapping};

/// Bytes that a server may send before TLS, whatever its dialogue allows.
const MOST_BYTES: usize = 64 * 1024;
/// Messages that a dialogue may send; the longest one known has five.
const MOST_STEPS: usize = 32;
/// First bytes that are kept, to tell what a peer speaks.
const OPENING: usize = 64;

/// How long to wait.
#[derive(Debug, Clone, Copy)]
pub(super) struct Patience {
    /// For the first byte of the peer.
    pub(super) first_word: Instant,
    /// For all of it.
    pub(super) end: Instant,
}

/// A connection on which there is no way to TLS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct NoWay {
    pub(super) failure: Failure,
    pub(super) met: Met,
}

/// What answered in the place of the protocol that was expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Met {
    /// Not a byte.
    Silence,
    /// TLS, without an upgrade.
    Tls,
    /// The greeting of another protocol.
    Other(StartTls),
    /// The protocol itself, or nothing that is known.
    Words,
}

/// Drives `dialogue` to the point where the ClientHello comes next. `heard` turns true with the peer's first byte.
///
/// # Errors
/// Stage `upgrade` with the reason and the peer's words.
pub(super) async fn upgrade(
    link: Link,
    protocol: StartTls,
    dialogue: &mut dyn Dialogue,
    patience: Patience,
    heard: &AtomicBool,
) -> Result<Link, NoWay> {
    let mut conversation = Conversation { link: &link, dialogue, heard, opening: Vec::new(), bytes: 0 };
    match conversation.hold(patience).await {
        Ok(wrapping) => Ok(link.wrapped(wrapping)),
        Err(stopped) => {
            let met = met(&conversation.opening, protocol);
            Err(NoWay { failure: stopped.into_failure(protocol, met), met })
        }
    }
}

/// A dialogue and its connection.
struct Conversation<'a> {
    link: &'a Link,
    dialogue: &'a mut dyn Dialogue,
    heard: &'a AtomicBool,
    opening: Vec<u8>,
    bytes: usize,
}

/// Why a conversation stopped before TLS.
enum Stopped {
    Dialogue(UpgradeError),
    Closed { after_bytes: bool },
    Io(io::Error),
    TimedOut { after_bytes: bool },
    TooMuch,
}

impl Conversation<'_> {
    async fn hold(&mut self, patience: Patience) -> Result<Wrapping, Stopped> {
        let first = timeout_at(patience.first_word, self.open()).await;
        first.map_err(|_| Stopped::TimedOut { after_bytes: false })??;
        let rest = timeout_at(patience.end, self.go_on()).await;
        rest.unwrap_or(Err(Stopped::TimedOut { after_bytes: true }))
    }

    /// Says what is to be said first, and waits for the first byte.
    async fn open(&mut self) -> Result<(), Stopped> {
        let opening = self.dialogue.open();
        self.link.write_all(&opening).await.map_err(Stopped::Io)?;
        self.link.readable().await.map_err(Stopped::Io)
    }

    async fn go_on(&mut self) -> Result<Wrapping, Stopped> {
        for _ in 0..MOST_STEPS {
            let step = loop {
                match self.read().await? {
                    UpgradeStep::NeedMore => {}
                    step => break step,
                }
            };
            let wrapping = match step {
                UpgradeStep::NeedMore => continue,
                UpgradeStep::Send(bytes) => {
                    self.link.write_all(&bytes).await.map_err(Stopped::Io)?;
                    self.link.acknowledge_at_once();
                    continue;
                }
                UpgradeStep::SendThenReady(bytes, wrapping) => {
                    // The hello is written without an answer in between.
                    self.link.send_at_once();
                    self.link.write_all(&bytes).await.map_err(Stopped::Io)?;
                    wrapping
                }
                UpgradeStep::Ready(wrapping) => wrapping,
            };
            self.check_for_more()?;
            return Ok(wrapping);
        }
        Err(Stopped::TooMuch)
    }

    async fn read(&mut self) -> Result<UpgradeStep, Stopped> {
        let link = self.link;
        link.receive(|bytes| self.take(bytes)).await.map_err(Stopped::Io)?
    }

    fn take(&mut self, bytes: &[u8]) -> Result<UpgradeStep, Stopped> {
        if bytes.is_empty() {
            return Err(Stopped::Closed { after_bytes: self.bytes > 0 });
        }
        self.heard.store(true, Ordering::Relaxed);
        let room = OPENING.saturating_sub(self.opening.len());
        self.opening.extend(bytes.iter().take(room));
        self.bytes += bytes.len();
        if self.bytes > MOST_BYTES {
            return Err(Stopped::TooMuch);
        }
        self.dialogue.feed(bytes).map_err(Stopped::Dialogue)
    }

    /// Whatever is there before our hello was not meant for TLS, where the client speaks first: the dialogue says so.
    fn check_for_more(&mut self) -> Result<(), Stopped> {
        let mut buffer = [0; OPENING];
        match self.link.try_read(&mut buffer) {
            Ok(count @ 1..) => {
                let bytes = buffer.get(..count).unwrap_or_default();
                self.dialogue.feed(bytes).map(|_| ()).map_err(Stopped::Dialogue)
            }
            // That it is closed shows in the handshake.
            Ok(0) | Err(_) => Ok(()),
        }
    }
}

impl Stopped {
    fn into_failure(self, protocol: StartTls, met: Met) -> Failure {
        let (reason, detail) = match self {
            Self::Dialogue(error) => of_dialogue(&error),
            Self::Closed { after_bytes: false } => (
                Reason::Closed,
                format!("the server closed the connection without a word of {}", protocol.name()).into(),
            ),
            Self::Closed { after_bytes: true } => {
                (Reason::Closed, "the server closed the connection before the upgrade to TLS".into())
            }
            Self::Io(error) => of_io(&error),
            Self::TimedOut { after_bytes: false } => {
                (Reason::Timeout, format!("no word of {} in time", protocol.name()).into())
            }
            Self::TimedOut { after_bytes: true } => (Reason::Timeout, "no upgrade to TLS in time".into()),
            Self::TooMuch => (Reason::Malformed, "the server has no end before TLS".into()),
        };
        // Whichever way the dialogue failed over it: TLS is another protocol.
        if met == Met::Tls && !matches!(reason, Reason::Injected | Reason::WrongProtocol) {
            let detail = format!("the peer does not speak {} but TLS, without an upgrade", protocol.name());
            return Failure::new(Stage::Upgrade, Reason::WrongProtocol, detail);
        }
        Failure::new(Stage::Upgrade, reason, detail)
    }
}

fn of_dialogue(error: &UpgradeError) -> (Reason, Untrusted) {
    let (reason, words) = match error {
        UpgradeError::Refused(words) => (Reason::Refused, Some(words)),
        UpgradeError::NameNeeded(words) => {
            let detail = format!("{error}: {}; name a host, or add --sni", words.raw().trim_end());
            return (Reason::Refused, detail.into());
        }
        UpgradeError::NotOffered => (Reason::NotOffered, None),
        UpgradeError::Throttled(words) => (Reason::Throttled, Some(words)),
        UpgradeError::Injected(words) => (Reason::Injected, Some(words)),
        UpgradeError::WrongProtocol { excerpt, .. } => (Reason::WrongProtocol, Some(excerpt)),
        UpgradeError::Malformed(_) | UpgradeError::TooLong { .. } => (Reason::Malformed, None),
    };
    let detail = match words {
        Some(words) if !words.raw().is_empty() => format!("{error}: {}", words.raw().trim_end()),
        _ => error.to_string(),
    };
    (reason, detail.into())
}

/// What a peer speaks, by its first bytes.
fn met(opening: &[u8], expected: StartTls) -> Met {
    match opening {
        [] => Met::Silence,
        // A record of SSL 3 to TLS 1.3 (RFC 8446 section 5.1).
        [20..=24, 3, 0..=4, ..] => Met::Tls,
        words => match StartTls::by_greeting(words) {
            Some(other) if other != expected => Met::Other(other),
            _ => Met::Words,
        },
    }
}

#[cfg(test)]
mod tests;
