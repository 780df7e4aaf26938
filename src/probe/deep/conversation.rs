//! A connection on which a probe says what it likes and listens to what comes of it, piece by piece. Every wait has an
//! end. How a server ends such a connection is an answer, so that the pace takes no offence at it.

use std::io;
use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use crate::model::{Failure, Purpose};
use crate::probe::connector::Connector;
use crate::probe::link::Link;
use crate::probe::pace::Permit;

use super::host::Host;

/// What a server did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Heard {
    Bytes(Vec<u8>),
    Closed,
    Reset,
    /// Nothing within the time given.
    Silence,
}

/// One open connection to the host.
#[derive(Debug)]
pub(super) struct Conversation<'a> {
    link: Link,
    permit: Permit<'a>,
    connector: &'a Connector<'a>,
    deadline: Instant,
}

impl<'a> Conversation<'a> {
    /// Opens a connection.
    ///
    /// # Errors
    /// When none could be made.
    pub(super) async fn open(host: &Host<'a>, purpose: Purpose) -> Result<Self, Failure> {
        let (permit, link) = host.open(purpose).await?;
        let connector = host.connector();
        let deadline = connector.handshake_deadline();
        Ok(Self { link, permit, connector, deadline })
    }

    /// Sends `bytes`; `Some` where the connection broke instead.
    pub(super) async fn say(&self, bytes: &[u8]) -> Option<Heard> {
        match timeout_at(self.deadline, self.link.write_all(bytes)).await {
            Ok(Ok(())) => None,
            Ok(Err(error)) => Some(broken(&error)),
            Err(_) => Some(Heard::Silence),
        }
    }

    /// Waits for what the server does next, for as long as a handshake may take.
    pub(super) async fn hear(&self) -> Heard {
        self.hear_until(self.deadline).await
    }

    /// As [`Self::hear`], but no longer than this.
    pub(super) async fn hear_within(&self, patience: Duration) -> Heard {
        self.hear_until(self.deadline.min(Instant::now() + patience)).await
    }

    /// The time for the whole connection is over: silence says nothing, it was not waited for.
    pub(super) fn is_out_of_time(&self) -> bool {
        Instant::now() >= self.deadline
    }

    async fn hear_until(&self, end: Instant) -> Heard {
        match timeout_at(end, self.link.receive(|bytes| bytes.to_vec())).await {
            Ok(Ok(bytes)) if bytes.is_empty() => Heard::Closed,
            Ok(Ok(bytes)) => Heard::Bytes(bytes),
            Ok(Err(error)) => broken(&error),
            Err(_) => Heard::Silence,
        }
    }
}

impl Drop for Conversation<'_> {
    fn drop(&mut self) {
        self.connector.account(&self.permit, false, None);
    }
}

/// What this machine or the network did to the connection is no answer of the server.
fn broken(error: &io::Error) -> Heard {
    match error.kind() {
        io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted | io::ErrorKind::BrokenPipe => {
            Heard::Reset
        }
        _ => Heard::Silence,
    }
}
