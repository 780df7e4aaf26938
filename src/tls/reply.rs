//! Reads the unprotected part of a server's answer to a [`Question`](super::Question): ServerHello, key exchange,
//! alerts. Never decrypts, never answers. RFC 8446, RFC 5246, RFC 4346, RFC 2246, RFC 6101.

use super::codec::{self, Reader, extension, handshake};
use super::flight::FlightError;
use super::messages::{self, ServerHello};
use super::record::{self, Limits, Record, Records};
use super::registry::Authentication;
use super::{AlertDescription, CipherSuite, NamedGroup, ProtocolVersion, SignatureScheme, Until};
use crate::text::Untrusted;
use crate::x509::RawChain;

/// What came of a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// The server chose.
    Chose(Box<ServerAnswer>),
    /// The server refused, with this alert.
    Alert(AlertDescription),
    /// The server hung up without an answer. A refusal, if it does so reliably.
    Closed,
    Reset,
    /// Silence: never a refusal.
    Timeout,
    /// Something that is not TLS.
    NotTls(Untrusted),
    Malformed(&'static str),
}

impl Answer {
    /// The server's choice, if it made one.
    pub fn chosen(&self) -> Option<&ServerAnswer> {
        match self {
            Self::Chose(answer) => Some(answer),
            _ => None,
        }
    }

    /// The server said no: by an alert, or by hanging up.
    pub fn is_refusal(&self) -> bool {
        matches!(self, Self::Alert(_) | Self::Closed | Self::Reset)
    }
}

/// What a server chose, as far as it says so in clear.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerAnswer {
    /// It asks for another hello (RFC 8446 section 4.1.4).
    pub is_retry_request: bool,
    pub version: ProtocolVersion,
    pub cipher_suite: CipherSuite,
    /// From the key share, the HelloRetryRequest, or the ServerKeyExchange.
    pub group: Option<NamedGroup>,
    pub session_id: Vec<u8>,
    pub compression: u8,
    /// Extensions with their content, in the order sent.
    pub extensions: Vec<(u16, Vec<u8>)>,
    /// Certificates up to TLS 1.2, where the question waited for what follows them.
    pub certificates: Option<RawChain>,
    pub key_exchange: Option<KeyExchange>,
    /// Up to TLS 1.2: a CertificateRequest came; `None` if the question did not wait for it.
    pub client_auth: Option<bool>,
}

impl ServerAnswer {
    /// The content of an extension, if the server sent it.
    pub fn extension(&self, number: u16) -> Option<&[u8]> {
        self.extensions.iter().find(|(n, _)| *n == number).map(|(_, content)| content.as_slice())
    }

    /// The application protocol chosen (RFC 7301).
    pub fn alpn(&self) -> Option<&[u8]> {
        Reader::new(Reader::new(self.extension(extension::ALPN)?).vector16()?).vector8()
    }
}

/// A ServerKeyExchange (RFC 5246 section 7.4.3, RFC 8422 section 5.4).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyExchange {
    Ecdhe {
        group: NamedGroup,
        public: Vec<u8>,
        /// TLS 1.2, unless anonymous.
        scheme: Option<SignatureScheme>,
    },
    Dhe {
        prime: Vec<u8>,
        generator: Vec<u8>,
        public: Vec<u8>,
        scheme: Option<SignatureScheme>,
    },
    /// The temporary key of an export suite.
    Rsa {
        modulus: Vec<u8>,
        exponent: Vec<u8>,
    },
    /// Explicit curves, GOST, PSK hints and what else there is.
    Other,
}

/// One server's answer, as it arrives.
#[derive(Debug)]
pub struct Reply {
    until: Until,
    limits: Limits,
    records: Records,
    messages: Vec<u8>,
    answer: Option<Box<ServerAnswer>>,
}

impl Reply {
    /// An answer that is yet to come.
    pub fn new(until: Until, limits: Limits) -> Self {
        Self { until, limits, records: Records::new(limits), messages: Vec::new(), answer: None }
    }

    /// What the server chose, if its hello is in although the rest that was waited for is not.
    pub fn give_up(&mut self) -> Option<Answer> {
        self.answer.take().map(Answer::Chose)
    }

    /// Reads more bytes off the wire; `Some` once the answer is there. Not to be called after that.
    pub fn feed(&mut self, bytes: &[u8]) -> Option<Answer> {
        match self.read(bytes) {
            Ok(false) => None,
            Ok(true) => self.answer.take().map(Answer::Chose),
            Err(error) => Some(match (self.answer.take(), error) {
                // What came after the hello cannot take it back.
                (Some(answer), _) => Answer::Chose(answer),
                (None, FlightError::Alert(alert)) => Answer::Alert(alert),
                (None, FlightError::NotTls { excerpt, .. }) => Answer::NotTls(excerpt),
                (None, FlightError::Malformed(what)) => Answer::Malformed(what),
                (None, _) => Answer::Malformed("more than a server has to say"),
            }),
        }
    }

    fn read(&mut self, bytes: &[u8]) -> Result<bool, FlightError> {
        let (mut bytes, mut joined) = (bytes.to_vec(), Vec::new());
        let mut rest = self.records.begin(&mut bytes, &mut joined);
        if self.records.is_too_much() {
            return Err(FlightError::Malformed("more than a server has to say"));
        }
        while let Some(Record { header: [content_type, ..], body }) = self.records.next(&mut rest)? {
            if self.record(content_type, body)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether the answer is complete.
    fn record(&mut self, content_type: u8, body: &[u8]) -> Result<bool, FlightError> {
        match content_type {
            record::HANDSHAKE => {
                self.messages.extend_from_slice(body);
                self.read_messages()
            }
            record::ALERT => match record::alert(body) {
                Ok(()) => Ok(false),
                Err(Some(alert)) => Err(FlightError::Alert(alert)),
                Err(None) => Err(FlightError::Malformed("an alert that does not decode")),
            },
            record::CHANGE_CIPHER_SPEC => Ok(false),
            _ => Err(FlightError::Malformed("a record that does not belong into a handshake")),
        }
    }

    fn read_messages(&mut self) -> Result<bool, FlightError> {
        let buffered = std::mem::take(&mut self.messages);
        let mut content = buffered.as_slice();
        while let Some((message, rest)) = codec::split_message(content) {
            let Some((&[kind, ..], body)) = message.split_first_chunk::<4>() else { break };
            if self.message(kind, body)? {
                return Ok(true);
            }
            content = rest;
        }
        if codec::message_length(content).is_some_and(|length| length > self.limits.bytes) {
            return Err(FlightError::Malformed("an overlong message"));
        }
        self.messages = content.to_vec();
        Ok(false)
    }

    fn message(&mut self, kind: u8, body: &[u8]) -> Result<bool, FlightError> {
        let Some(answer) = &mut self.answer else {
            return match kind {
                handshake::HELLO_REQUEST => Ok(false),
                handshake::SERVER_HELLO => self.server_hello(body),
                _ => Err(FlightError::Malformed("a message before the ServerHello")),
            };
        };
        match kind {
            handshake::CERTIFICATE => {
                answer.certificates = messages::certificate_12(body);
                // Suites with a static key send no ServerKeyExchange; the next message shows it.
                Ok(false)
            }
            handshake::SERVER_KEY_EXCHANGE => {
                let exchange = key_exchange(body, answer.cipher_suite, answer.version);
                if let KeyExchange::Ecdhe { group, .. } = &exchange {
                    answer.group = Some(*group);
                }
                answer.key_exchange = Some(exchange);
                Ok(self.until == Until::KeyExchange)
            }
            handshake::CERTIFICATE_REQUEST => {
                answer.client_auth = Some(true);
                Ok(self.until == Until::KeyExchange)
            }
            handshake::SERVER_HELLO_DONE => {
                answer.client_auth.get_or_insert(false);
                Ok(true)
            }
            _ => Ok(false),
        }
    }

    fn server_hello(&mut self, body: &[u8]) -> Result<bool, FlightError> {
        const UNDECODABLE: FlightError = FlightError::Malformed("a ServerHello that does not decode");
        let hello = ServerHello::read(body).ok_or(UNDECODABLE)?;
        let (session_id, compression, extensions) = rest_of_hello(body).ok_or(UNDECODABLE)?;
        self.answer = Some(Box::new(ServerAnswer {
            is_retry_request: hello.is_retry_request,
            version: hello.version,
            cipher_suite: hello.cipher_suite,
            group: hello.group,
            session_id,
            compression,
            extensions,
            certificates: None,
            key_exchange: None,
            client_auth: None,
        }));
        // Nothing more comes in clear after a ServerHello of TLS 1.3.
        Ok(self.until == Until::ServerHello || hello.version >= ProtocolVersion::TLSv1_3)
    }
}

pub(super) type RestOfHello = (Vec<u8>, u8, Vec<(u16, Vec<u8>)>);

/// Session id, compression method and extensions of a ServerHello.
pub(super) fn rest_of_hello(body: &[u8]) -> Option<RestOfHello> {
    let mut reader = Reader::new(body);
    reader.take(2 + 32)?;
    let session_id = reader.vector8()?.to_vec();
    reader.u16()?;
    let compression = reader.u8()?;
    let mut extensions = Vec::new();
    if !reader.is_empty() {
        let mut list = Reader::new(reader.vector16()?);
        while !list.is_empty() {
            let (number, content) = list.extension()?;
            extensions.push((number, content.to_vec()));
        }
    }
    Some((session_id, compression, extensions))
}

/// Reads a ServerKeyExchange for this suite; what does not decode is [`KeyExchange::Other`].
pub(super) fn key_exchange(body: &[u8], suite: CipherSuite, version: ProtocolVersion) -> KeyExchange {
    let name = suite.known_name().unwrap_or_default();
    let is_anonymous = suite.authentication() == Some(Authentication::Anonymous);
    let has_scheme = version == ProtocolVersion::TLSv1_2 && !is_anonymous;
    let mut reader = Reader::new(body);
    let read = if name.contains("_PSK_") {
        None
    } else if name.contains("_ECDHE_") || name.contains("_ECDH_anon_") {
        ecdhe(&mut reader, has_scheme)
    } else if name.contains("_DHE_") || name.contains("_DH_anon_") {
        dhe(&mut reader, has_scheme)
    } else if name.contains("_EXPORT") {
        temporary_rsa(&mut reader)
    } else {
        None
    };
    read.unwrap_or(KeyExchange::Other)
}

fn ecdhe(reader: &mut Reader<'_>, has_scheme: bool) -> Option<KeyExchange> {
    const NAMED_CURVE: u8 = 3;
    (reader.u8()? == NAMED_CURVE).then_some(())?;
    let group = NamedGroup(reader.u16()?);
    let public = reader.vector8()?.to_vec();
    Some(KeyExchange::Ecdhe { group, public, scheme: scheme(reader, has_scheme) })
}

fn dhe(reader: &mut Reader<'_>, has_scheme: bool) -> Option<KeyExchange> {
    let prime = reader.vector16()?.to_vec();
    let generator = reader.vector16()?.to_vec();
    let public = reader.vector16()?.to_vec();
    Some(KeyExchange::Dhe { prime, generator, public, scheme: scheme(reader, has_scheme) })
}

fn temporary_rsa(reader: &mut Reader<'_>) -> Option<KeyExchange> {
    let modulus = reader.vector16()?.to_vec();
    let exponent = reader.vector16()?.to_vec();
    Some(KeyExchange::Rsa { modulus, exponent })
}

fn scheme(reader: &mut Reader<'_>, has_scheme: bool) -> Option<SignatureScheme> {
    if !has_scheme {
        return None;
    }
    reader.u16().map(SignatureScheme)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(content_type: u8, body: &[u8]) -> Vec<u8> {
        let mut record = vec![content_type, 3, 3];
        codec::put_vector16(&mut record, body);
        record
    }

    fn message(kind: u8, body: &[u8]) -> Vec<u8> {
        let mut message = vec![kind, 0];
        codec::put_vector16(&mut message, body);
        message
    }

    fn server_hello(version: ProtocolVersion, suite: CipherSuite, extensions: &[u8]) -> Vec<u8> {
        let mut body = version.0.to_be_bytes().to_vec();
        body.extend_from_slice(&[7; 32]);
        body.push(0);
        body.extend_from_slice(&suite.0.to_be_bytes());
        body.push(0);
        if !extensions.is_empty() {
            codec::put_vector16(&mut body, extensions);
        }
        message(handshake::SERVER_HELLO, &body)
    }

    #[test]
    fn a_server_hello_is_an_answer_by_itself() {
        let suite = CipherSuite::TLS_RSA_WITH_AES_128_CBC_SHA;
        let bytes = record(22, &server_hello(ProtocolVersion::TLSv1_0, suite, &[0xff, 1, 0, 1, 0]));
        let mut reply = Reply::new(Until::ServerHello, Limits::default());
        let answer = reply.feed(&bytes).unwrap();
        let chosen = answer.chosen().unwrap();
        assert_eq!((chosen.version, chosen.cipher_suite), (ProtocolVersion::TLSv1_0, suite));
        assert_eq!(chosen.extension(extension::RENEGOTIATION_INFO), Some([0].as_slice()));
    }

    #[test]
    fn an_answer_in_single_bytes_reads_the_same() {
        let suite = CipherSuite::TLS_DHE_RSA_WITH_AES_128_CBC_SHA;
        let exchange = [0, 2, 0xff, 0xfb, 0, 1, 2, 0, 2, 9, 9, 4, 1, 0, 0];
        let mut flight = server_hello(ProtocolVersion::TLSv1_2, suite, &[]);
        flight.extend(message(handshake::CERTIFICATE, &[0, 0, 0]));
        flight.extend(message(handshake::SERVER_KEY_EXCHANGE, &exchange));
        let bytes = record(22, &flight);
        let mut reply = Reply::new(Until::KeyExchange, Limits::default());
        let answer = bytes.iter().find_map(|byte| reply.feed(&[*byte])).unwrap();
        assert_eq!(
            answer.chosen().unwrap().key_exchange,
            Some(KeyExchange::Dhe {
                prime: vec![0xff, 0xfb],
                generator: vec![2],
                public: vec![9, 9],
                scheme: Some(SignatureScheme::rsa_pkcs1_sha256),
            })
        );
    }

    #[test]
    fn what_follows_a_hello_cannot_take_it_back() {
        let suite = CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA;
        let mut bytes = record(22, &server_hello(ProtocolVersion::TLSv1_2, suite, &[]));
        bytes.extend(record(21, &[2, 40]));
        let mut reply = Reply::new(Until::KeyExchange, Limits::default());
        assert!(reply.feed(&bytes).unwrap().chosen().is_some());
    }

    #[test]
    fn a_refusal_is_an_alert_or_a_hang_up_and_never_silence() {
        let mut reply = Reply::new(Until::ServerHello, Limits::default());
        let answer = reply.feed(&record(21, &[2, 40])).unwrap();
        assert_eq!(answer, Answer::Alert(AlertDescription::handshake_failure));
        assert!(answer.is_refusal());
        assert!(!Answer::Timeout.is_refusal());
        assert!(matches!(
            Reply::new(Until::ServerHello, Limits::default()).feed(b"220 mail.example ESMTP\r\n"),
            Some(Answer::NotTls(_))
        ));
    }
}
