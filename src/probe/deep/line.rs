//! A connection with the session layer of `tls/` on it: TLS 1.0 to 1.2 with handshakes that come to their end. Every
//! wait has an end. Never judges.

use std::time::Duration;

use tokio::time::Instant;

use super::conversation::{Conversation, Heard};
use super::host::Host;
use crate::model::Purpose;
use crate::probe::sweep::visit_random;
use crate::tls::session::{Client, Event, Malformation, Resumable, SessionError, Terms};
use crate::tls::{AlertDescription, Limits};

/// The least that is waited for a reaction, however close the server.
const LEAST_PATIENCE: Duration = Duration::from_millis(500);
const MOST_PATIENCE: Duration = Duration::from_secs(3);
/// A reaction takes the server no longer than so many of its handshakes.
const HANDSHAKES: u32 = 8;

/// What a server did.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Did {
    Event(Event),
    Closed,
    Reset,
    /// Nothing within the time given.
    Nothing,
    /// Something that ends the session on our side.
    Broke(SessionError),
}

/// Why a handshake did not come to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Missed {
    /// The server refused with this alert.
    Alert(AlertDescription),
    Closed,
    Reset,
    Unclear(&'static str),
}

/// One connection.
#[derive(Debug)]
pub(super) struct Line<'a> {
    conversation: Conversation<'a>,
    pub(super) client: Client,
    broken: Option<SessionError>,
    /// How long to wait for a reaction; known once a handshake has come to its end.
    pub(super) patience: Duration,
}

impl<'a> Line<'a> {
    /// Opens a connection and completes a handshake on it.
    pub(super) async fn establish(host: &Host<'a>, purpose: Purpose, terms: Terms) -> Result<Self, Missed> {
        Self::start(host, purpose, terms, None).await
    }

    /// The same with a malformed Finished, for a server that takes it.
    pub(super) async fn establish_malformed(
        host: &Host<'a>,
        purpose: Purpose,
        terms: Terms,
        malformation: Malformation,
    ) -> Result<Self, Missed> {
        Self::start(host, purpose, terms, Some(malformation)).await
    }

    async fn start(
        host: &Host<'a>,
        purpose: Purpose,
        terms: Terms,
        malformation: Option<Malformation>,
    ) -> Result<Self, Missed> {
        let random = visit_random().ok_or(Missed::Unclear("this machine's random generator failed"))?;
        let conversation = Conversation::open(host, purpose).await;
        let conversation = conversation.map_err(|_| Missed::Unclear("no connection could be made"))?;
        let started = Instant::now();
        let mut client = Client::new(terms, &random, Limits::default());
        if let Some(malformation) = malformation {
            client = client.with_malformed_finished(malformation);
        }
        let mut line = Self { conversation, client, broken: None, patience: MOST_PATIENCE };
        while !line.client.is_established() {
            match line.hear().await {
                Did::Event(_) => {}
                Did::Closed => return Err(Missed::Closed),
                Did::Reset => return Err(Missed::Reset),
                Did::Nothing => return Err(Missed::Unclear("the server fell silent in the handshake")),
                Did::Broke(SessionError::Refused(alert)) => return Err(Missed::Alert(alert)),
                Did::Broke(_) => return Err(Missed::Unclear("the handshake could not be completed")),
            }
        }
        line.forget_events();
        line.patience = (started.elapsed() * HANDSHAKES).clamp(LEAST_PATIENCE, MOST_PATIENCE);
        Ok(line)
    }

    /// Waits for what the server does next, for as long as a handshake may take.
    pub(super) async fn hear(&mut self) -> Did {
        self.hear_for(None).await
    }

    /// As [`Self::hear`], but no longer than this after the last byte that came.
    pub(super) async fn hear_within(&mut self, patience: Duration) -> Did {
        self.hear_for(Some(patience)).await
    }

    async fn hear_for(&mut self, patience: Option<Duration>) -> Did {
        loop {
            if let Some(event) = self.client.next_event() {
                return Did::Event(event);
            }
            if let Some(error) = self.broken.clone() {
                return Did::Broke(error);
            }
            // What cannot be sent any more may have been answered already.
            self.flush().await;
            let heard = match patience {
                Some(patience) => self.conversation.hear_within(patience).await,
                None => self.conversation.hear().await,
            };
            match heard {
                Heard::Bytes(bytes) => self.broken = self.client.feed(&bytes).err(),
                Heard::Closed => return Did::Closed,
                Heard::Reset => return Did::Reset,
                Heard::Silence => return Did::Nothing,
            }
        }
    }

    /// Sends what is ready to be sent.
    pub(super) async fn flush(&mut self) {
        let output = self.client.take_output();
        if !output.is_empty() {
            let _ = self.conversation.say(&output).await;
        }
    }

    /// Passes over what has come up to now.
    fn forget_events(&mut self) {
        while self.client.next_event().is_some() {}
    }

    /// Takes leave so that the session can go on later (RFC 5246 section 7.2.1), and waits for the server to have seen
    /// that: until it takes leave, too, or hangs up.
    pub(super) async fn leave(mut self) -> Option<Resumable> {
        let session = self.client.resumable();
        self.client.send_close_notify();
        let patience = self.patience;
        while let Did::Event(event) = self.hear_within(patience).await {
            if matches!(event, Event::Alert(alert) if alert.description == AlertDescription::close_notify) {
                break;
            }
        }
        session
    }
}
