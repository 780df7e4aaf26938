//! The client end of one connection: records in and out, and the handshakes on it. Never reads a socket, never
//! waits.

use std::collections::VecDeque;

use super::handshake::{Effect, Handshake, Negotiated};
use super::protection::Protection;
use super::{Malformation, Resumable, Terms};
use crate::text::Untrusted;
use crate::tls::record::{self, NoRecord, Record, Records};
use crate::tls::{AlertDescription, Limits, ProtocolVersion, VisitRandom, codec};

/// Bytes of content in one record (RFC 5246 section 6.2.1).
const LONGEST_CONTENT: usize = 16_384;

/// What the server did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// Its ServerHello is in: see [`Client::negotiated`].
    Chose,
    /// A handshake came to its end; the server's Finished was right.
    Established,
    /// Application data; may be empty.
    Data(Vec<u8>),
    /// An alert that did not end a first handshake.
    Alert(Alert),
}

/// An alert as it came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Alert {
    pub fatal: bool,
    pub description: AlertDescription,
    /// In clear although keys were agreed on.
    pub in_clear: bool,
}

/// Why a session cannot go on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SessionError {
    #[error("the peer does not speak TLS but {protocol}")]
    NotTls { protocol: &'static str, excerpt: Untrusted },
    /// The first handshake only; later ones are an [`Event`].
    #[error("the server refused with alert {0}")]
    Refused(AlertDescription),
    #[error("the server chose {0}, which was not offered")]
    Version(ProtocolVersion),
    #[error("the server sent a {0} that does not decode")]
    Undecodable(&'static str),
    #[error("the server broke the protocol: {0}")]
    Malformed(&'static str),
}

impl From<NoRecord> for SessionError {
    fn from(error: NoRecord) -> Self {
        match error {
            NoRecord::NotTls { protocol, excerpt } => Self::NotTls { protocol, excerpt },
            NoRecord::Malformed(what) => Self::Malformed(what),
        }
    }
}

/// One connection to a server.
#[derive(Debug)]
pub struct Client {
    limits: Limits,
    records: Records,
    partial_message: Vec<u8>,
    handshake: Handshake,
    reader: Protection,
    writer: Protection,
    record_version: ProtocolVersion,
    /// A handshake has come to its end.
    established: bool,
    /// What is wrong with the record of our Finished.
    finished_malformation: Option<Malformation>,
    output: Vec<u8>,
    events: VecDeque<Event>,
}

impl Client {
    /// A client with its hello ready to send.
    pub fn new(terms: Terms, random: &VisitRandom, limits: Limits) -> Self {
        let (handshake, hello) = Handshake::new(terms, random, &<_>::default());
        let mut client = Self {
            limits,
            records: Records::new(limits),
            partial_message: Vec::new(),
            handshake,
            reader: Protection::None,
            writer: Protection::None,
            // For old servers' sake (RFC 5246 appendix E.1).
            record_version: ProtocolVersion::TLSv1_0,
            established: false,
            finished_malformation: None,
            output: Vec::new(),
            events: VecDeque::new(),
        };
        client.send(record::HANDSHAKE, &hello);
        client
    }

    /// The same, but the record of its Finished will be malformed: a server that still ends the handshake took it.
    /// For CBC suites with MAC-then-encrypt only: an error comes of it with others.
    pub fn with_malformed_finished(self, malformation: Malformation) -> Self {
        Self { finished_malformation: Some(malformation), ..self }
    }

    /// Takes the bytes to send now.
    pub fn take_output(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.output)
    }

    /// Takes the oldest event not taken yet.
    pub fn next_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// What the last handshake agreed on, from the ServerHello on.
    pub fn negotiated(&self) -> Option<&Negotiated> {
        self.handshake.negotiated()
    }

    /// A handshake has come to its end, and none is under way.
    pub fn is_established(&self) -> bool {
        self.established && self.handshake.is_complete()
    }

    /// What it takes to resume this session, once established.
    pub fn resumable(&self) -> Option<Resumable> {
        self.handshake.resumable().filter(|_| self.is_established())
    }

    /// Seals content as records of this type.
    pub fn send(&mut self, content_type: u8, content: &[u8]) {
        let mut rest = content;
        loop {
            let (now, later) = rest.split_at(rest.len().min(LONGEST_CONTENT));
            if let Some(record) = self.writer.seal(content_type, self.record_version, now) {
                self.output.extend(record);
            }
            rest = later;
            if rest.is_empty() {
                return;
            }
        }
    }

    /// Seals one record of application data that is malformed. False where the session is not in CBC mode with
    /// MAC-then-encrypt, or the content is longer than 128 bytes.
    pub fn send_malformed(&mut self, content: &[u8], malformation: Malformation) -> bool {
        const LONGEST: usize = 128;
        if content.len() > LONGEST || !self.is_established() {
            return false;
        }
        let version = self.record_version;
        let sealed = self.writer.seal_malformed(record::APPLICATION_DATA, version, content, malformation);
        let Some(sealed) = sealed else { return false };
        self.output.extend(sealed);
        true
    }

    /// Seals a `close_notify`.
    pub fn send_close_notify(&mut self) {
        const WARNING: u8 = 1;
        self.send(record::ALERT, &[WARNING, AlertDescription::close_notify.0]);
    }

    /// Begins another handshake on this connection, as a client may ask for one (RFC 5746 section 3.5). Does
    /// nothing unless established.
    pub fn renegotiate(&mut self, random: &VisitRandom) {
        if !self.is_established() {
            return;
        }
        let terms = Terms { resume: None, ..self.handshake.terms().clone() };
        let (handshake, hello) = Handshake::new(terms, random, self.handshake.verify_data());
        self.handshake = handshake;
        self.send(record::HANDSHAKE, &hello);
    }

    /// Reads bytes off the wire.
    ///
    /// # Errors
    /// When nothing more can come of this connection. Not to be called after that.
    pub fn feed(&mut self, bytes: &[u8]) -> Result<(), SessionError> {
        let (mut bytes, mut joined) = (bytes.to_vec(), Vec::new());
        let mut rest = self.records.begin(&mut bytes, &mut joined);
        if self.records.is_too_much() {
            return Err(SessionError::Malformed("more than a server has to say"));
        }
        while let Some(Record { header, body }) = self.records.next(&mut rest)? {
            self.record(header, body)?;
        }
        Ok(())
    }

    fn record(&mut self, header: [u8; 5], body: &[u8]) -> Result<(), SessionError> {
        let [content_type, ..] = header;
        let opened = self.reader.open(header, body);
        match (content_type, opened) {
            (record::ALERT, Some(content)) => self.alert(&content, false),
            // Some servers answer a record that they cannot open in clear.
            (record::ALERT, None) if body.len() == 2 => self.alert(body, true),
            (_, None) => Err(SessionError::Malformed("a record that does not open")),
            (record::HANDSHAKE, Some(content)) => self.messages(&content),
            (record::CHANGE_CIPHER_SPEC, Some(_)) => {
                self.reader = self.handshake.change_cipher_spec()?;
                Ok(())
            }
            (record::APPLICATION_DATA, Some(content)) if self.established => {
                self.events.push_back(Event::Data(content));
                Ok(())
            }
            (_, Some(_)) => Err(SessionError::Malformed("a record that does not belong here")),
        }
    }

    fn alert(&mut self, content: &[u8], in_clear: bool) -> Result<(), SessionError> {
        const FATAL: u8 = 2;
        let &[level, description] = content else { return Err(SessionError::Undecodable("alert")) };
        let description = AlertDescription(description);
        if !self.established && record::alert(content).is_err() {
            return Err(SessionError::Refused(description));
        }
        self.events.push_back(Event::Alert(Alert { fatal: level == FATAL, description, in_clear }));
        Ok(())
    }

    fn messages(&mut self, content: &[u8]) -> Result<(), SessionError> {
        let mut joined = std::mem::take(&mut self.partial_message);
        joined.extend_from_slice(content);
        let mut rest = joined.as_slice();
        while let Some((message, after)) = codec::split_message(rest) {
            let effect = self.handshake.message(message)?;
            self.apply(effect)?;
            rest = after;
        }
        if codec::message_length(rest).is_some_and(|length| length > self.limits.bytes) {
            return Err(SessionError::Malformed("an overlong message"));
        }
        self.partial_message = rest.to_vec();
        Ok(())
    }

    fn apply(&mut self, effect: Effect) -> Result<(), SessionError> {
        match effect {
            Effect::Nothing => {}
            Effect::Chose => {
                if let Some(negotiated) = self.handshake.negotiated() {
                    self.record_version = negotiated.version;
                }
                self.events.push_back(Event::Chose);
            }
            Effect::Finish { before, finished, keys } => {
                if !before.is_empty() {
                    self.send(record::HANDSHAKE, &before);
                }
                self.send(record::CHANGE_CIPHER_SPEC, &[1]);
                self.writer = keys;
                self.send_finished(&finished)?;
                if self.handshake.is_complete() {
                    self.complete();
                }
            }
            Effect::Complete => self.complete(),
        }
        Ok(())
    }

    fn send_finished(&mut self, finished: &[u8]) -> Result<(), SessionError> {
        let Some(malformation) = self.finished_malformation else {
            self.send(record::HANDSHAKE, finished);
            return Ok(());
        };
        let version = self.record_version;
        let sealed = self.writer.seal_malformed(record::HANDSHAKE, version, finished, malformation);
        self.output.extend(sealed.ok_or(SessionError::Malformed("a suite that was not offered"))?);
        Ok(())
    }

    fn complete(&mut self) {
        self.established = true;
        self.events.push_back(Event::Established);
    }
}
