//! Runs a protocol's script over what comes in: the one place that holds the caps, and that no byte may stand between
//! the go-ahead and TLS (CVE-2011-0411, CVE-2021-23222).

use std::fmt;

use super::inbox::{Inbox, words};
use super::{Dialogue, UpgradeError, UpgradeStep, Wrapping};

/// What a protocol does with what has come so far.
pub(super) trait Script: Send + fmt::Debug {
    /// What to send before the server has said anything.
    fn open(&mut self) -> Vec<u8> {
        Vec::new()
    }

    /// Reads on.
    ///
    /// # Errors
    /// When there is no way to TLS any more.
    fn next(&mut self, inbox: &mut Inbox) -> Result<Turn, UpgradeError>;
}

/// What came of it.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// Nothing whole is there.
    Wait,
    /// Something was read; go on.
    Heard,
    /// Send this and go on.
    Send(Vec<u8>),
    /// TLS is next.
    Ready(Wrapping),
    /// Send this, and TLS is next.
    SendThenReady(Vec<u8>, Wrapping),
}

impl Turn {
    /// TLS is next, as it is.
    pub(super) const READY: Self = Self::Ready(Wrapping::None);

    /// A command line to send.
    pub(super) fn say(command: &str) -> Self {
        Self::Send(format!("{command}\r\n").into_bytes())
    }
}

/// A script with its inbox and its end.
#[derive(Debug)]
pub(super) struct Talk<S> {
    script: S,
    inbox: Inbox,
    /// How it ended; kept, so that feeding on cannot change it.
    end: Option<Result<Wrapping, UpgradeError>>,
}

impl<S: Script> Talk<S> {
    pub(super) fn new(script: S, limit: usize) -> Self {
        Self { script, inbox: Inbox::new(limit), end: None }
    }

    fn run(&mut self) -> Result<UpgradeStep, UpgradeError> {
        loop {
            match self.script.next(&mut self.inbox)? {
                Turn::Heard => {}
                Turn::Wait => {
                    self.inbox.check_limit()?;
                    return Ok(UpgradeStep::NeedMore);
                }
                Turn::Send(bytes) => return Ok(UpgradeStep::Send(bytes)),
                Turn::Ready(wrapping) => return self.finish(UpgradeStep::Ready(wrapping)),
                Turn::SendThenReady(bytes, wrapping) => {
                    return self.finish(UpgradeStep::SendThenReady(bytes, wrapping));
                }
            }
        }
    }

    /// Not even a TLS record may stand behind the go-ahead: the client speaks first.
    fn finish(&self, step: UpgradeStep) -> Result<UpgradeStep, UpgradeError> {
        self.inbox.check_limit()?;
        let rest = self.inbox.rest();
        if rest.is_empty() { Ok(step) } else { Err(UpgradeError::Injected(words(rest))) }
    }
}

impl<S: Script> Dialogue for Talk<S> {
    fn open(&mut self) -> Vec<u8> {
        self.script.open()
    }

    fn feed(&mut self, bytes: &[u8]) -> Result<UpgradeStep, UpgradeError> {
        let step = match &self.end {
            Some(Ok(wrapping)) if bytes.is_empty() => return Ok(UpgradeStep::Ready(*wrapping)),
            Some(Ok(_)) => Err(UpgradeError::Injected(words(bytes))),
            Some(Err(error)) => return Err(error.clone()),
            None => {
                self.inbox.push(bytes);
                self.run()
            }
        };
        self.end = match &step {
            Ok(UpgradeStep::Ready(wrapping) | UpgradeStep::SendThenReady(_, wrapping)) => Some(Ok(*wrapping)),
            Ok(_) => None,
            Err(error) => Some(Err(error.clone())),
        };
        step
    }
}
