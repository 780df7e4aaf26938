//! Reads a server's first flight, up to its Certificate message. Never answers anything but a
//! HelloRetryRequest, never proves possession, never carries application data.
//! RFC 8446, RFC 5246, RFC 4346, RFC 2246, RFC 6101.

use std::fmt;

use aws_lc_rs::digest;

use super::codec::{self, Reader, handshake};
use super::messages::{self, ServerHello};
use super::record::{self, Limits, NoRecord, Record, Records};
use super::schedule::{Algorithms, RecordKeys, Schedule};
use super::{
    AlertDescription, CipherSuite, Hello, NamedGroup, ProtocolVersion, SignatureScheme, hello, share,
};
use crate::text::Untrusted;
use crate::x509::RawChain;

/// How a visit at sweep depth leaves the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Leave {
    /// As soon as the certificates are in.
    #[default]
    Reset,
    /// In TLS 1.3, after the server's Finished has been read, with the client's Finished and an encrypted
    /// `close_notify`. In older versions there is nothing polite to say without a key exchange: as `Reset`.
    Polite,
}

/// What a flight wants next.
#[derive(Debug)]
pub enum Step {
    /// More bytes from the server.
    NeedMore,
    /// Send these bytes, then feed on: the answer to a HelloRetryRequest.
    Send(Vec<u8>),
    /// The certificates are in.
    Done(Box<Captured>),
}

/// What a flight brought. `None` is "not looked at" or "did not come with the same bytes".
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Captured {
    pub version: ProtocolVersion,
    pub cipher_suite: CipherSuite,
    pub group: Option<NamedGroup>,
    pub alpn: Option<Untrusted>,
    pub certificates: RawChain,
    /// The server asked for a client certificate.
    pub client_auth: Option<bool>,
    /// Distinguished names (DER) of the authorities it takes client certificates from; at most 64 of them.
    pub client_auth_ca_names: Vec<Box<[u8]>>,
    pub ocsp_stapled: Option<bool>,
    pub sct_count: Option<u32>,
    /// What the server signed its TLS 1.3 handshake with; only where the flight is read to its polite end.
    pub signature_scheme: Option<SignatureScheme>,
    /// The server answered the first hello with a HelloRetryRequest.
    pub hello_retried: bool,
    /// Bytes to send before closing, if leaving politely; else empty.
    pub farewell: Vec<u8>,
}

/// Why a flight brought no certificates.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FlightError {
    #[error("the peer does not speak TLS but {protocol}")]
    NotTls { protocol: &'static str, excerpt: Untrusted },
    #[error("the server refused with alert {0}")]
    Alert(AlertDescription),
    #[error("the server sent more than {limit} bytes before its certificates were complete")]
    ChainTooLarge { limit: usize },
    #[error("the server broke the protocol: {0}")]
    Malformed(&'static str),
    #[error("the server chose {0} and showed no certificate")]
    NoCertificate(CipherSuite),
}

impl From<NoRecord> for FlightError {
    fn from(error: NoRecord) -> Self {
        match error {
            NoRecord::NotTls { protocol, excerpt } => Self::NotTls { protocol, excerpt },
            NoRecord::Malformed(what) => Self::Malformed(what),
        }
    }
}

/// One server's first flight, as it arrives.
#[derive(Debug)]
pub struct Flight {
    hello: Hello,
    limits: Limits,
    leave: Leave,
    records: Records,
    idle_records: u32,
    /// The beginning of a handshake message whose end is not here yet.
    partial_message: Vec<u8>,
    expected: Expected,
    /// Transcript before the ServerHello, if not the first hello alone.
    retried_transcript: Option<Vec<u8>>,
    protection: Option<Protection>,
    captured: Option<Box<Captured>>,
    facts: Facts,
    finished: bool,
}

/// Where in the flight the next message stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Expected {
    ServerHello,
    EncryptedExtensions,
    /// TLS 1.3: Certificate, or CertificateRequest before it.
    Certificate13,
    /// After the Certificate of TLS 1.3, on the way to Finished.
    Finished13,
    /// Up to TLS 1.2.
    Certificate12,
    /// What comes after the Certificate up to TLS 1.2, to ServerHelloDone.
    Rest12,
}

/// What the messages before the Certificate said.
#[derive(Debug)]
struct Facts {
    version: ProtocolVersion,
    cipher_suite: CipherSuite,
    group: Option<NamedGroup>,
    alpn: Option<Untrusted>,
    status_request: bool,
    sct_count: Option<u32>,
    client_auth: bool,
    client_auth_ca_names: Vec<Box<[u8]>>,
}

/// TLS 1.3 after the ServerHello.
struct Protection {
    server: RecordKeys,
    schedule: Schedule,
    /// Kept up only to leave politely.
    transcript: Option<digest::Context>,
}

impl fmt::Debug for Protection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Protection(..)")
    }
}

impl Flight {
    /// A flight in answer to `hello`, which is yet to be sent.
    pub fn new(hello: Hello, limits: Limits, leave: Leave) -> Self {
        Self {
            hello,
            limits,
            leave,
            records: Records::new(limits),
            idle_records: 0,
            partial_message: Vec::new(),
            expected: Expected::ServerHello,
            retried_transcript: None,
            protection: None,
            captured: None,
            facts: Facts {
                version: ProtocolVersion(0),
                cipher_suite: CipherSuite::TLS_NULL_WITH_NULL_NULL,
                group: None,
                alpn: None,
                status_request: false,
                sct_count: None,
                client_auth: false,
                client_auth_ca_names: Vec::new(),
            },
            finished: false,
        }
    }

    /// The record to send first.
    pub fn hello(&self) -> &[u8] {
        self.hello.as_bytes()
    }

    /// The server answered the first hello with a HelloRetryRequest.
    pub fn hello_retried(&self) -> bool {
        self.retried_transcript.is_some()
    }

    /// The server's certificates, if they are in although the flight has not come to its polite end.
    pub fn give_up(&mut self) -> Option<Box<Captured>> {
        self.captured.take()
    }

    /// Reads more bytes off the wire; records are opened in place. Not to be called after [`Step::Done`] or an
    /// error.
    ///
    /// # Errors
    /// When no certificates can come any more.
    pub fn feed(&mut self, bytes: &mut [u8]) -> Result<Step, FlightError> {
        match self.read(bytes) {
            Ok(Some(answer)) => Ok(Step::Send(answer)),
            Err(error) => self.captured.take().map(Step::Done).ok_or(error),
            Ok(None) => {
                let waits = self.expected == Expected::Finished13 && !self.is_over();
                Ok(match if waits { None } else { self.captured.take() } {
                    Some(captured) => Step::Done(captured),
                    None => Step::NeedMore,
                })
            }
        }
    }

    /// Reads records; bytes to send, if a message asks for an answer.
    fn read(&mut self, bytes: &mut [u8]) -> Result<Option<Vec<u8>>, FlightError> {
        let mut joined = Vec::new();
        let mut rest = self.records.begin(bytes, &mut joined);
        let mut result = None;
        while let Some(Record { header, body }) = self.records.next(&mut rest)? {
            result = self.record(&header, body)?;
            if result.is_some() || self.is_over() {
                self.records.keep(rest);
                break;
            }
        }
        if self.captured.is_none() && self.records.is_too_much() {
            return Err(FlightError::ChainTooLarge { limit: self.limits.bytes });
        }
        Ok(result)
    }

    /// Nothing that could still come is wanted.
    fn is_over(&self) -> bool {
        match self.expected {
            Expected::Finished13 => self.leave == Leave::Reset || self.finished,
            Expected::Rest12 => self.finished,
            _ => false,
        }
    }

    fn record(&mut self, header: &[u8; 5], body: &mut [u8]) -> Result<Option<Vec<u8>>, FlightError> {
        let (content_type, content) = match (header, &mut self.protection) {
            ([record::APPLICATION_DATA, ..], Some(protection)) => protection
                .server
                .open(header, body)
                .ok_or(FlightError::Malformed("a record that does not decrypt"))?,
            ([record::HANDSHAKE, ..], Some(_)) => {
                return Err(FlightError::Malformed("an unprotected message after the ServerHello"));
            }
            ([content_type, ..], _) => (*content_type, body),
        };
        match content_type {
            record::HANDSHAKE if !content.is_empty() => self.messages(content),
            record::HANDSHAKE | record::CHANGE_CIPHER_SPEC => self.idle(),
            record::ALERT => match record::alert(content) {
                Ok(()) => self.idle(),
                Err(Some(alert)) => Err(FlightError::Alert(alert)),
                Err(None) => Err(FlightError::Malformed("an alert that does not decode")),
            },
            _ => Err(FlightError::Malformed("a record that does not belong into a handshake")),
        }
    }

    fn idle(&mut self) -> Result<Option<Vec<u8>>, FlightError> {
        self.idle_records += 1;
        if self.idle_records > self.limits.idle_records {
            return Err(FlightError::Malformed("too many records without content"));
        }
        Ok(None)
    }

    /// Reads handshake messages, which may span records and share them (RFC 8446 section 5.1).
    fn messages(&mut self, content: &[u8]) -> Result<Option<Vec<u8>>, FlightError> {
        if self.partial_message.is_empty() {
            return self.read_messages(content);
        }
        let mut joined = std::mem::take(&mut self.partial_message);
        joined.extend_from_slice(content);
        if codec::split_message(&joined).is_some() {
            return self.read_messages(&joined);
        }
        self.check_announced_length(&joined)?;
        self.partial_message = joined;
        Ok(None)
    }

    fn read_messages(&mut self, mut content: &[u8]) -> Result<Option<Vec<u8>>, FlightError> {
        while let Some((message, rest)) = codec::split_message(content) {
            let was_protected = self.protection.is_some();
            let answer = self.message(message)?;
            let keys_changed = was_protected != self.protection.is_some() || answer.is_some();
            if keys_changed && !rest.is_empty() {
                return Err(FlightError::Malformed("a message in the same record before a change of keys"));
            }
            if answer.is_some() || self.is_over() {
                return Ok(answer);
            }
            content = rest;
        }
        self.check_announced_length(content)?;
        self.partial_message.extend_from_slice(content);
        Ok(None)
    }

    fn check_announced_length(&self, message: &[u8]) -> Result<(), FlightError> {
        let limit = self.limits.bytes;
        match (message.first(), codec::message_length(message)) {
            (Some(&handshake::CERTIFICATE), Some(length)) if length > limit => {
                Err(FlightError::ChainTooLarge { limit })
            }
            (_, Some(length)) if length > limit => Err(FlightError::Malformed("an overlong message")),
            _ => Ok(()),
        }
    }

    fn message(&mut self, message: &[u8]) -> Result<Option<Vec<u8>>, FlightError> {
        let Some((&[kind, ..], body)) = message.split_first_chunk::<4>() else { return Ok(None) };
        match self.expected {
            Expected::ServerHello => return self.server_hello(kind, message, body),
            Expected::Certificate12 => self.before_certificate_12(kind, body)?,
            Expected::Rest12 => self.after_certificate_12(kind, body),
            Expected::EncryptedExtensions | Expected::Certificate13 | Expected::Finished13 => {
                if let Some(transcript) = self.protection.as_mut().and_then(|p| p.transcript.as_mut()) {
                    transcript.update(message);
                }
                self.protected_message(kind, body)?;
            }
        }
        Ok(None)
    }

    fn server_hello(
        &mut self,
        kind: u8,
        message: &[u8],
        body: &[u8],
    ) -> Result<Option<Vec<u8>>, FlightError> {
        match kind {
            handshake::SERVER_HELLO => {}
            handshake::HELLO_REQUEST => return self.idle(),
            _ => return Err(FlightError::Malformed("a message before the ServerHello")),
        }
        let hello =
            ServerHello::read(body).ok_or(FlightError::Malformed("a ServerHello that does not decode"))?;
        if hello.is_retry_request {
            return self.retry(message, &hello).map(Some);
        }
        // A choice from outside the list shows what the server does wrong, not what it takes.
        if !self.hello.lists_suite(hello.cipher_suite) {
            return Err(FlightError::Malformed("a cipher suite that was not offered"));
        }
        match hello.version {
            ProtocolVersion::TLSv1_3 => {
                self.protection = Some(self.protect(message, &hello)?);
                self.expected = Expected::EncryptedExtensions;
            }
            ProtocolVersion::SSLv3
            | ProtocolVersion::TLSv1_0
            | ProtocolVersion::TLSv1_1
            | ProtocolVersion::TLSv1_2 => self.expected = Expected::Certificate12,
            _ => return Err(FlightError::Malformed("a version of TLS that does not exist")),
        }
        self.facts.version = hello.version;
        self.facts.cipher_suite = hello.cipher_suite;
        self.facts.group = hello.group;
        self.facts.alpn = hello.alpn;
        self.facts.status_request = hello.status_request;
        self.facts.sct_count = hello.sct_count;
        Ok(None)
    }

    /// Answers a HelloRetryRequest with the share it asks for (RFC 8446 section 4.1.4).
    fn retry(&mut self, message: &[u8], request: &ServerHello<'_>) -> Result<Vec<u8>, FlightError> {
        if self.hello_retried() {
            return Err(FlightError::Malformed("a second HelloRetryRequest"));
        }
        let algorithms = algorithms(request)?;
        if request.group.is_some_and(|group| !self.hello.lists_group(group)) {
            return Err(FlightError::Malformed("a request for a group that was not offered"));
        }
        let second = hello::second_hello(&self.hello, request.group, request.cookie)
            .ok_or(FlightError::Malformed("a request for a key share that cannot be made"))?;
        let mut answer = Vec::new();
        record::put(&mut answer, record::CHANGE_CIPHER_SPEC, ProtocolVersion::TLSv1_2, &[1]);
        record::put(&mut answer, record::HANDSHAKE, ProtocolVersion::TLSv1_2, &second);

        // The first hello is replaced by its hash (RFC 8446 section 4.4.1).
        let first = digest::digest(algorithms.hash, self.hello.message());
        let hash_length = u8::try_from(first.as_ref().len()).unwrap_or(u8::MAX);
        let replaced = [handshake::MESSAGE_HASH, 0, 0, hash_length];
        self.retried_transcript = Some([&replaced, first.as_ref(), message, &second].concat());
        Ok(answer)
    }

    /// Derives the keys of the server's protected messages.
    fn protect(&self, message: &[u8], hello: &ServerHello<'_>) -> Result<Protection, FlightError> {
        let algorithms = algorithms(hello)?;
        let mut transcript = digest::Context::new(algorithms.hash);
        transcript.update(self.retried_transcript.as_deref().unwrap_or(self.hello.message()));
        transcript.update(message);
        let group = hello.group.ok_or(FlightError::Malformed("a ServerHello without a key share"))?;
        let secret = share::shared_secret(group, &self.hello.keys, hello.key_share)
            .ok_or(FlightError::Malformed("a key share that does not fit its group"))?;
        let (hash, transcript) = match self.leave {
            Leave::Reset => (transcript.finish(), None),
            Leave::Polite => (transcript.clone().finish(), Some(transcript)),
        };
        let schedule = Schedule::new(algorithms, &secret, hash);
        let server =
            schedule.server_handshake_keys().ok_or(FlightError::Malformed("keys that cannot be derived"))?;
        Ok(Protection { server, schedule, transcript })
    }

    fn protected_message(&mut self, kind: u8, body: &[u8]) -> Result<(), FlightError> {
        const UNDECODABLE: FlightError = FlightError::Malformed("a protected message that does not decode");
        match (self.expected, kind) {
            (Expected::EncryptedExtensions, handshake::ENCRYPTED_EXTENSIONS) => {
                self.facts.alpn = messages::encrypted_extensions(body).ok_or(UNDECODABLE)?;
                self.expected = Expected::Certificate13;
            }
            (Expected::Certificate13, handshake::CERTIFICATE_REQUEST) => {
                self.facts.client_auth = true;
                self.facts.client_auth_ca_names =
                    messages::certificate_request_13(body).ok_or(UNDECODABLE)?;
            }
            (Expected::Certificate13, handshake::CERTIFICATE) => {
                let read = messages::certificate_13(body)
                    .ok_or(FlightError::Malformed("a Certificate message that does not decode"))?;
                let stapled = read.ocsp_stapled;
                self.capture(read.chain, Some(self.facts.client_auth), read.sct_count, stapled)?;
                self.expected = Expected::Finished13;
            }
            (Expected::Certificate13, handshake::FINISHED) => {
                return Err(FlightError::NoCertificate(self.facts.cipher_suite));
            }
            (Expected::Finished13, handshake::CERTIFICATE_VERIFY) => {
                if let Some(captured) = &mut self.captured {
                    captured.signature_scheme = Reader::new(body).u16().map(SignatureScheme);
                }
            }
            (Expected::Finished13, handshake::FINISHED) => {
                self.finished = true;
                let farewell = self
                    .protection
                    .as_ref()
                    .and_then(|p| p.schedule.farewell(p.transcript.as_ref()?, self.facts.client_auth));
                if let Some(captured) = &mut self.captured {
                    captured.farewell = farewell.unwrap_or_default();
                }
            }
            _ => return Err(FlightError::Malformed("a protected message out of order")),
        }
        Ok(())
    }

    fn before_certificate_12(&mut self, kind: u8, body: &[u8]) -> Result<(), FlightError> {
        match kind {
            handshake::CERTIFICATE => {
                let chain = messages::certificate_12(body)
                    .ok_or(FlightError::Malformed("a Certificate message that does not decode"))?;
                let sct_count = self.facts.sct_count;
                self.capture(chain, None, sct_count, false)?;
                self.expected = Expected::Rest12;
            }
            handshake::HELLO_REQUEST => {
                self.idle()?;
            }
            handshake::SUPPLEMENTAL_DATA => {}
            handshake::SERVER_KEY_EXCHANGE
            | handshake::SERVER_HELLO_DONE
            | handshake::CERTIFICATE_REQUEST
            | handshake::NEW_SESSION_TICKET => {
                return Err(FlightError::NoCertificate(self.facts.cipher_suite));
            }
            _ => return Err(FlightError::Malformed("a message out of order before the Certificate")),
        }
        Ok(())
    }

    /// Takes along what came with the same bytes as the Certificate; nothing here can lose it.
    fn after_certificate_12(&mut self, kind: u8, body: &[u8]) {
        let Facts { version, cipher_suite, .. } = self.facts;
        let Some(captured) = &mut self.captured else { return };
        if kind != handshake::CERTIFICATE_STATUS && self.facts.status_request {
            captured.ocsp_stapled.get_or_insert(false);
        }
        match kind {
            handshake::CERTIFICATE_STATUS => captured.ocsp_stapled = Some(true),
            handshake::SERVER_KEY_EXCHANGE => {
                captured.group = messages::server_key_exchange_group(body, cipher_suite);
            }
            handshake::CERTIFICATE_REQUEST => {
                captured.client_auth = Some(true);
                if let Some(names) = messages::certificate_request_12(body, version) {
                    captured.client_auth_ca_names = names;
                }
            }
            handshake::SERVER_HELLO_DONE => {
                captured.client_auth.get_or_insert(false);
                self.finished = true;
            }
            _ => self.finished = true,
        }
    }

    fn capture(
        &mut self,
        certificates: RawChain,
        client_auth: Option<bool>,
        sct_count: Option<u32>,
        ocsp_stapled: bool,
    ) -> Result<(), FlightError> {
        if certificates.is_empty() {
            return Err(FlightError::NoCertificate(self.facts.cipher_suite));
        }
        let asked = self.hello.stapling;
        // Up to TLS 1.2 a server that promised a status sends it next.
        let known = ocsp_stapled || (asked && !self.facts.status_request);
        self.captured = Some(Box::new(Captured {
            version: self.facts.version,
            cipher_suite: self.facts.cipher_suite,
            group: self.facts.group,
            alpn: self.facts.alpn.take(),
            certificates,
            client_auth,
            client_auth_ca_names: std::mem::take(&mut self.facts.client_auth_ca_names),
            ocsp_stapled: known.then_some(ocsp_stapled),
            sct_count: sct_count.or(asked.then_some(0)),
            signature_scheme: None,
            hello_retried: self.hello_retried(),
            farewell: Vec::new(),
        }));
        Ok(())
    }
}

fn algorithms(hello: &ServerHello<'_>) -> Result<Algorithms, FlightError> {
    Algorithms::of(hello.cipher_suite)
        .ok_or(FlightError::Malformed("a TLS 1.3 cipher suite that was not offered"))
}

#[cfg(test)]
mod tests;
