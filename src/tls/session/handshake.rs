//! The handshake of a session, message by message: new or resumed, the first on its connection or a renegotiation.
//! Never sees a record. RFC 5246 section 7.3, RFC 5077 section 3.1.

use super::client::SessionError;
use super::exchange::{self, RsaKey};
use super::hello::{client_hello, message};
use super::keys::{KeyPair, Master, Randoms, Side};
use super::prf::Prf;
use super::protection::Protection;
use super::suite::Parts;
use super::{Resumable, Terms};
use crate::tls::codec::{Reader, extension, handshake};
use crate::tls::messages::{self, ServerHello};
use crate::tls::{CipherSuite, KeyExchange, ProtocolVersion, VisitRandom, reply};

/// What a handshake agreed on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Negotiated {
    pub version: ProtocolVersion,
    pub cipher_suite: CipherSuite,
    /// As the server sent it.
    pub session_id: Vec<u8>,
    /// The server's extensions with their content, in the order sent.
    pub extensions: Vec<(u16, Vec<u8>)>,
    /// The session we offered goes on.
    pub resumed: bool,
    /// The server sent a ticket with this lifetime hint, in seconds; 0 is "not said" (RFC 5077 section 3.3).
    pub ticket_lifetime_seconds: Option<u32>,
    /// The server asked for a client certificate.
    pub client_auth: bool,
}

impl Negotiated {
    fn has(&self, number: u16) -> bool {
        self.extensions.iter().any(|(n, _)| *n == number)
    }

    /// The server knows secure renegotiation (RFC 5746).
    pub fn secure_renegotiation(&self) -> bool {
        self.has(extension::RENEGOTIATION_INFO)
    }

    /// The server agreed to the extended master secret (RFC 7627).
    pub fn extended_master_secret(&self) -> bool {
        self.has(extension::EXTENDED_MASTER_SECRET)
    }

    /// The server agreed to encrypt-then-MAC (RFC 7366).
    pub fn encrypt_then_mac(&self) -> bool {
        self.has(extension::ENCRYPT_THEN_MAC)
    }
}

/// What a message leads to.
#[derive(Debug)]
pub(super) enum Effect {
    Nothing,
    /// The server chose.
    Chose,
    /// Send `before` under the old keys, ChangeCipherSpec, and `finished` under the new ones.
    Finish {
        before: Vec<u8>,
        finished: Vec<u8>,
        keys: Protection,
    },
    /// Both sides have finished.
    Complete,
}

/// What comes next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Expected {
    ServerHello,
    /// Certificate; or, where a session is resumed, what ends the handshake.
    Certificate,
    /// Up to the ServerHelloDone.
    Rest,
    /// NewSessionTicket or ChangeCipherSpec.
    Change,
    Finished,
    Nothing,
}

/// The `verify_data` of both Finished messages.
#[derive(Debug, Clone, Default)]
pub(super) struct VerifyData {
    pub(super) client: Vec<u8>,
    pub(super) server: Vec<u8>,
}

/// One handshake.
#[derive(Debug)]
pub(super) struct Handshake {
    terms: Terms,
    seed: Vec<u8>,
    randoms: Randoms,
    /// All messages of both sides, but HelloRequest.
    transcript: Vec<u8>,
    expected: Expected,
    negotiated: Option<Negotiated>,
    certificate_key: Option<RsaKey>,
    server_share: Option<KeyExchange>,
    ticket: Option<Vec<u8>>,
    master: Option<Master>,
    server_keys: Option<Protection>,
    /// A resumed client finishes after the server.
    client_keys: Option<Protection>,
    verify_data: VerifyData,
}

impl Handshake {
    /// A handshake and its hello. `last` is what the last one on this connection ended with.
    pub(super) fn new(terms: Terms, random: &VisitRandom, last: &VerifyData) -> (Self, Vec<u8>) {
        let (client, seed) = random.split_at(32);
        let hello = client_hello(&terms, client, &last.client);
        let handshake = Self {
            terms,
            seed: seed.to_vec(),
            randoms: Randoms { client: client.to_vec(), server: Vec::new() },
            transcript: hello.clone(),
            expected: Expected::ServerHello,
            negotiated: None,
            certificate_key: None,
            server_share: None,
            ticket: None,
            master: None,
            server_keys: None,
            client_keys: None,
            verify_data: VerifyData::default(),
        };
        (handshake, hello)
    }

    pub(super) fn terms(&self) -> &Terms {
        &self.terms
    }

    pub(super) fn negotiated(&self) -> Option<&Negotiated> {
        self.negotiated.as_ref()
    }

    pub(super) fn verify_data(&self) -> &VerifyData {
        &self.verify_data
    }

    pub(super) fn is_complete(&self) -> bool {
        self.expected == Expected::Nothing
    }

    /// What it takes to resume this session later. A resumed session keeps its ticket unless it got a new one.
    pub(super) fn resumable(&self) -> Option<Resumable> {
        let negotiated = self.negotiated.as_ref()?;
        let old = self.terms.resume.as_ref().filter(|_| negotiated.resumed);
        Some(Resumable {
            version: negotiated.version,
            cipher_suite: negotiated.cipher_suite,
            session_id: negotiated.session_id.clone(),
            ticket: self.ticket.clone().or_else(|| old?.session.ticket.clone()),
            master: self.master.clone()?,
        })
    }

    /// The server changes its keys: these are the new ones.
    pub(super) fn change_cipher_spec(&mut self) -> Result<Protection, SessionError> {
        self.maybe_resume()?;
        if self.expected != Expected::Change {
            return Err(SessionError::Malformed("a ChangeCipherSpec out of order"));
        }
        self.expected = Expected::Finished;
        self.server_keys.take().ok_or(SessionError::Malformed("a second ChangeCipherSpec"))
    }

    /// Reads one message, its header included.
    pub(super) fn message(&mut self, message: &[u8]) -> Result<Effect, SessionError> {
        let Some((&[kind, ..], body)) = message.split_first_chunk::<4>() else { return Ok(Effect::Nothing) };
        if kind == handshake::HELLO_REQUEST {
            return Ok(Effect::Nothing);
        }
        if kind == handshake::NEW_SESSION_TICKET {
            self.maybe_resume()?;
        }
        let before = self.transcript.len();
        self.transcript.extend_from_slice(message);
        match (self.expected, kind) {
            (Expected::ServerHello, handshake::SERVER_HELLO) => self.server_hello(body),
            (Expected::Certificate, handshake::CERTIFICATE) => {
                let chain = messages::certificate_12(body).ok_or(undecodable("Certificate"))?;
                self.certificate_key = chain.ders().next().and_then(RsaKey::of_certificate);
                self.expected = Expected::Rest;
                Ok(Effect::Nothing)
            }
            (Expected::Rest, handshake::CERTIFICATE_STATUS) => Ok(Effect::Nothing),
            (Expected::Rest, handshake::SERVER_KEY_EXCHANGE) => {
                if let Some(Negotiated { version, cipher_suite, .. }) = &self.negotiated {
                    self.server_share = Some(reply::key_exchange(body, *cipher_suite, *version));
                }
                Ok(Effect::Nothing)
            }
            (Expected::Rest, handshake::CERTIFICATE_REQUEST) => {
                if let Some(negotiated) = &mut self.negotiated {
                    negotiated.client_auth = true;
                }
                Ok(Effect::Nothing)
            }
            (Expected::Rest, handshake::SERVER_HELLO_DONE) => self.client_flight(),
            (Expected::Change, handshake::NEW_SESSION_TICKET) => self.new_session_ticket(body),
            (Expected::Finished, handshake::FINISHED) => self.server_finished(before, body),
            _ => Err(SessionError::Malformed("a message out of order")),
        }
    }

    fn server_hello(&mut self, body: &[u8]) -> Result<Effect, SessionError> {
        let hello = ServerHello::read(body).ok_or(undecodable("ServerHello"))?;
        let (session_id, compression, extensions) =
            reply::rest_of_hello(body).ok_or(undecodable("ServerHello"))?;
        if hello.version > self.terms.version || hello.version < ProtocolVersion::TLSv1_0 {
            return Err(SessionError::Version(hello.version));
        }
        let offered = self.terms.cipher_suites.contains(&hello.cipher_suite);
        if !offered || Parts::of(hello.cipher_suite).is_none() || compression != 0 {
            return Err(SessionError::Malformed("a choice that was not offered"));
        }
        let unsolicited = |number, asked: bool| !asked && extensions.iter().any(|(n, _)| *n == number);
        if unsolicited(extension::EXTENDED_MASTER_SECRET, self.terms.extended_master_secret)
            || unsolicited(extension::ENCRYPT_THEN_MAC, self.terms.encrypt_then_mac)
        {
            return Err(SessionError::Malformed("an extension that was not asked for"));
        }
        self.randoms.server = body.get(2..34).unwrap_or_default().to_vec();
        self.negotiated = Some(Negotiated {
            version: hello.version,
            cipher_suite: hello.cipher_suite,
            session_id,
            extensions,
            resumed: false,
            ticket_lifetime_seconds: None,
            client_auth: false,
        });
        self.expected = Expected::Certificate;
        Ok(Effect::Chose)
    }

    /// Called when something comes that ends a handshake: right behind the ServerHello it means that the server
    /// resumes.
    fn maybe_resume(&mut self) -> Result<(), SessionError> {
        let (Expected::Certificate, Some(resume)) = (self.expected, &self.terms.resume) else {
            return Ok(());
        };
        let master = resume.session.master.clone();
        if let Some(negotiated) = &mut self.negotiated {
            negotiated.resumed = true;
        }
        let keys = self.keys(&master)?;
        self.master = Some(master);
        self.server_keys = Some(keys.server);
        self.client_keys = Some(keys.client);
        self.expected = Expected::Change;
        Ok(())
    }

    /// Certificate if asked for (there is none), ClientKeyExchange, and the Finished that follows.
    fn client_flight(&mut self) -> Result<Effect, SessionError> {
        let (parts, prf, negotiated) = self.agreed()?;
        let (client_auth, extended) = (negotiated.client_auth, negotiated.extended_master_secret());
        let half = exchange::answer(
            parts.exchange,
            self.certificate_key.as_ref(),
            self.server_share.as_ref(),
            self.terms.version,
            &self.seed,
        )
        .ok_or(SessionError::Malformed("a key exchange that cannot be answered"))?;
        let mut before = Vec::new();
        if client_auth {
            before.extend(message(handshake::CERTIFICATE, &[0, 0, 0]));
        }
        before.extend(message(handshake::CLIENT_KEY_EXCHANGE, &half.message));
        self.transcript.extend_from_slice(&before);
        let master = if extended {
            Master::extended(prf, &half.premaster, &self.transcript)
        } else {
            Master::new(prf, &half.premaster, &self.randoms)
        };
        let keys = self.keys(&master)?;
        self.server_keys = Some(keys.server);
        self.master = Some(master);
        self.expected = Expected::Change;
        let finished = self.client_finished()?;
        Ok(Effect::Finish { before, finished, keys: keys.client })
    }

    fn client_finished(&mut self) -> Result<Vec<u8>, SessionError> {
        self.verify_data.client = self.finished(Side::Client, self.transcript.len())?;
        let finished = message(handshake::FINISHED, &self.verify_data.client);
        self.transcript.extend_from_slice(&finished);
        Ok(finished)
    }

    fn new_session_ticket(&mut self, body: &[u8]) -> Result<Effect, SessionError> {
        let mut reader = Reader::new(body);
        let mut read = || {
            let lifetime = reader.take(4)?.first_chunk().copied().map(u32::from_be_bytes)?;
            Some((lifetime, reader.vector16()?))
        };
        let (lifetime, ticket) = read().ok_or(undecodable("NewSessionTicket"))?;
        // An empty one means that the server changed its mind (RFC 5077 section 3.3).
        if let (false, Some(negotiated)) = (ticket.is_empty(), &mut self.negotiated) {
            self.ticket = Some(ticket.to_vec());
            negotiated.ticket_lifetime_seconds = Some(lifetime);
        }
        Ok(Effect::Nothing)
    }

    /// `before` is the length of the transcript without this message.
    fn server_finished(&mut self, before: usize, body: &[u8]) -> Result<Effect, SessionError> {
        let expected = self.finished(Side::Server, before)?;
        if body != expected {
            return Err(SessionError::Malformed("a Finished that does not fit the handshake"));
        }
        self.verify_data.server = expected;
        self.expected = Expected::Nothing;
        match self.client_keys.take() {
            Some(keys) => {
                let finished = self.client_finished()?;
                Ok(Effect::Finish { before: Vec::new(), finished, keys })
            }
            None => Ok(Effect::Complete),
        }
    }

    fn finished(&self, side: Side, length: usize) -> Result<Vec<u8>, SessionError> {
        let (_, prf, _) = self.agreed()?;
        let master = self.master.as_ref().ok_or(SessionError::Malformed("a Finished without keys"))?;
        Ok(master.verify_data(prf, side, self.transcript.get(..length).unwrap_or_default()))
    }

    fn keys(&self, master: &Master) -> Result<KeyPair, SessionError> {
        let (parts, prf, negotiated) = self.agreed()?;
        master
            .keys(
                prf,
                parts.cipher,
                negotiated.encrypt_then_mac(),
                negotiated.version,
                &self.randoms,
                &self.seed,
            )
            .ok_or(SessionError::Malformed("keys that do not fit"))
    }

    fn agreed(&self) -> Result<(Parts, Prf, &Negotiated), SessionError> {
        let negotiated = self.negotiated.as_ref();
        negotiated
            .and_then(|n| {
                let parts = Parts::of(n.cipher_suite)?;
                Some((parts, Prf::of(n.version, parts.sha384), n))
            })
            .ok_or(SessionError::Malformed("a message before the ServerHello"))
    }
}

fn undecodable(message: &'static str) -> SessionError {
    SessionError::Undecodable(message)
}
