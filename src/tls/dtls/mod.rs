//! Reads the first flight of a DTLS server, up to 1.2, where its certificates come in clear (RFC 6347). Answers nothing
//! but a HelloVerifyRequest; says goodbye by an alert. No sockets, no clock; who drives it sends again what was lost.

mod assembly;
mod record;
#[cfg(test)]
mod tests;

use assembly::Assembly;

use super::codec::{self, Reader, handshake};
use super::flight::{Captured, FlightError};
use super::hello::{HelloTemplate, VisitRandom};
use super::messages::{self, ServerHello};
use super::record::Limits;
use super::record::{ALERT, CHANGE_CIPHER_SPEC, HANDSHAKE, alert};
use super::{CipherSuite, KeyShares, Offer, OfferKind, ProtocolVersion, banner};

/// Cookies that a server may ask for, one after the other: they may run out, but not for ever.
const MOST_COOKIES: u16 = 4;
/// Records read in all, those sent again included.
const MOST_RECORDS: u32 = 2_048;
/// How many times over the bytes of a flight may come.
const MOST_TIMES: usize = 4;

/// What a DTLS server wants next.
#[derive(Debug)]
pub enum DtlsStep {
    /// More datagrams.
    NeedMore,
    /// Another hello, which shows the server's cookie: send [`DtlsFlight::hello`].
    SayHello,
    /// The certificates are in, and what comes with them.
    Done(Box<Captured>),
}

/// One server's first flight, as it arrives.
#[derive(Debug)]
pub struct DtlsFlight {
    /// The hello's body around the cookie.
    before_cookie: Vec<u8>,
    after_cookie: Vec<u8>,
    cookie: Vec<u8>,
    cookies: u16,
    records_sent: u32,
    limits: Limits,
    bytes: usize,
    records: u32,
    idle_records: u32,
    /// From the ServerHello on, whose number it begins with.
    assembly: Option<Assembly>,
    chosen: Option<(ProtocolVersion, CipherSuite)>,
    captured: Option<Box<Captured>>,
}

impl DtlsFlight {
    /// A flight in answer to a hello that is yet to be sent. `server_name` is an ASCII DNS name.
    pub fn new(random: &VisitRandom, server_name: Option<&str>, limits: Limits) -> Self {
        let hello = HelloTemplate::new(&offer(), KeyShares::BasePoint).hello(random, server_name);
        let (before_cookie, after_cookie) = around_cookie(hello.message()).unwrap_or_default();
        Self {
            before_cookie,
            after_cookie,
            cookie: Vec::new(),
            cookies: 0,
            records_sent: 0,
            limits,
            bytes: 0,
            records: 0,
            idle_records: 0,
            assembly: None,
            chosen: None,
            captured: None,
        }
    }

    /// The datagram with the hello as it stands; to be asked for anew each time it is sent.
    pub fn hello(&mut self) -> Vec<u8> {
        let mut body = self.before_cookie.clone();
        codec::put_vector8(&mut body, &self.cookie);
        body.extend_from_slice(&self.after_cookie);
        let message = record::message(handshake::CLIENT_HELLO, self.cookies, &body);
        self.datagram(&[(HANDSHAKE, &message)])
    }

    /// The datagram that takes leave, so that the server does not send its flight again and again.
    pub fn farewell(&mut self) -> Vec<u8> {
        const USER_CANCELED: [u8; 2] = [1, 90];
        const CLOSE_NOTIFY: [u8; 2] = [1, 0];
        self.datagram(&[(ALERT, &USER_CANCELED), (ALERT, &CLOSE_NOTIFY)])
    }

    /// The server's certificates, if they are in although the flight has not come to its end.
    pub fn give_up(&mut self) -> Option<Box<Captured>> {
        self.captured.take()
    }

    /// Reads a datagram. Not to be called after [`DtlsStep::Done`] or an error.
    ///
    /// # Errors
    /// When no certificates can come any more.
    pub fn feed(&mut self, datagram: &[u8]) -> Result<DtlsStep, FlightError> {
        self.bytes = self.bytes.saturating_add(datagram.len());
        match self.read(datagram) {
            Err(error) => self.captured.take().map(DtlsStep::Done).ok_or(error),
            Ok(_) if self.bytes > self.limits.bytes.saturating_mul(MOST_TIMES) => {
                Err(FlightError::ChainTooLarge { limit: self.limits.bytes })
            }
            Ok(step) => Ok(step),
        }
    }

    fn datagram(&mut self, records: &[(u8, &[u8])]) -> Vec<u8> {
        let mut datagram = Vec::new();
        for (content_type, body) in records {
            record::put_record(&mut datagram, *content_type, self.records_sent, body);
            self.records_sent = self.records_sent.saturating_add(1);
        }
        datagram
    }

    fn read(&mut self, datagram: &[u8]) -> Result<DtlsStep, FlightError> {
        if datagram.is_empty() {
            self.idle()?;
        }
        let mut reader = Reader::new(datagram);
        let mut step = DtlsStep::NeedMore;
        while !reader.is_empty() {
            let Some(record) = record::record(&mut reader) else {
                if self.records == 0 {
                    return Err(FlightError::NotTls {
                        protocol: banner::protocol(datagram),
                        excerpt: banner::excerpt(datagram),
                    });
                }
                // What does not decode is dropped (RFC 6347 section 4.1.2.7).
                self.idle()?;
                break;
            };
            self.records += 1;
            if self.records > MOST_RECORDS {
                return Err(FlightError::Malformed("too many records"));
            }
            match record.content_type {
                HANDSHAKE if record.epoch == 0 => match self.handshake(record.body)? {
                    DtlsStep::NeedMore => {}
                    DtlsStep::SayHello => step = DtlsStep::SayHello,
                    done @ DtlsStep::Done(_) => return Ok(done),
                },
                ALERT if record.epoch == 0 => match alert(record.body) {
                    Ok(()) => self.idle()?,
                    Err(Some(alert)) => return Err(FlightError::Alert(alert)),
                    Err(None) => return Err(FlightError::Malformed("an alert that does not decode")),
                },
                CHANGE_CIPHER_SPEC | HANDSHAKE | ALERT => self.idle()?,
                _ => return Err(FlightError::Malformed("a record that does not belong into a handshake")),
            }
        }
        Ok(step)
    }

    fn idle(&mut self) -> Result<(), FlightError> {
        self.idle_records += 1;
        if self.idle_records > self.limits.idle_records {
            return Err(FlightError::Malformed("too many records without content"));
        }
        Ok(())
    }

    fn handshake(&mut self, body: &[u8]) -> Result<DtlsStep, FlightError> {
        let mut reader = Reader::new(body);
        let mut step = DtlsStep::NeedMore;
        while !reader.is_empty() {
            let fragment = record::fragment(&mut reader)
                .ok_or(FlightError::Malformed("a handshake fragment that does not decode"))?;
            if fragment.length > self.limits.bytes {
                let limit = self.limits.bytes;
                return Err(match fragment.kind {
                    handshake::CERTIFICATE => FlightError::ChainTooLarge { limit },
                    _ => FlightError::Malformed("an overlong message"),
                });
            }
            match fragment.kind {
                handshake::HELLO_REQUEST => self.idle()?,
                handshake::HELLO_VERIFY_REQUEST => {
                    if self.verify_request(fragment.content)? {
                        step = DtlsStep::SayHello;
                    }
                }
                kind => {
                    // Servers that keep no state before the cookie begin with 0 or with 1.
                    if self.assembly.is_none() && kind == handshake::SERVER_HELLO {
                        self.assembly = Some(Assembly::starting_at(fragment.sequence));
                    }
                    // What overtakes the ServerHello comes again.
                    let Some(assembly) = &mut self.assembly else { continue };
                    assembly.add(fragment);
                    if let Some(captured) = self.messages()? {
                        return Ok(DtlsStep::Done(captured));
                    }
                }
            }
        }
        Ok(step)
    }

    /// Whether there is a new cookie to show (RFC 6347 section 4.2.1).
    fn verify_request(&mut self, body: &[u8]) -> Result<bool, FlightError> {
        let mut reader = Reader::new(body);
        let cookie = reader.u16().and_then(|_| reader.vector8());
        let cookie = cookie.ok_or(FlightError::Malformed("a HelloVerifyRequest that does not decode"))?;
        if self.assembly.is_some() || (self.cookies > 0 && cookie == self.cookie) {
            self.idle()?;
            return Ok(false);
        }
        self.cookies += 1;
        if self.cookies > MOST_COOKIES {
            return Err(FlightError::Malformed("one cookie after the other"));
        }
        self.cookie = cookie.to_vec();
        Ok(true)
    }

    /// Reads the messages that are whole; what was captured, once the flight is over.
    fn messages(&mut self) -> Result<Option<Box<Captured>>, FlightError> {
        while let Some((kind, body)) = self.assembly.as_mut().and_then(Assembly::next_message) {
            let Some((version, suite)) = self.chosen else {
                self.chosen = Some(server_hello(kind, &body)?);
                continue;
            };
            match &mut self.captured {
                None => match kind {
                    handshake::CERTIFICATE => self.captured = Some(certificates(&body, version, suite)?),
                    handshake::SUPPLEMENTAL_DATA => {}
                    handshake::SERVER_KEY_EXCHANGE
                    | handshake::SERVER_HELLO_DONE
                    | handshake::CERTIFICATE_REQUEST
                    | handshake::NEW_SESSION_TICKET => return Err(FlightError::NoCertificate(suite)),
                    _ => {
                        return Err(FlightError::Malformed("a message out of order before the Certificate"));
                    }
                },
                Some(captured) => match kind {
                    handshake::SERVER_KEY_EXCHANGE => {
                        captured.group = messages::server_key_exchange_group(&body, suite);
                    }
                    handshake::CERTIFICATE_REQUEST => {
                        captured.client_auth = Some(true);
                        let as_tls = match version {
                            ProtocolVersion::DTLSv1_2 => ProtocolVersion::TLSv1_2,
                            _ => ProtocolVersion::TLSv1_1,
                        };
                        if let Some(names) = messages::certificate_request_12(&body, as_tls) {
                            captured.client_auth_ca_names = names;
                        }
                    }
                    handshake::SERVER_HELLO_DONE => {
                        captured.client_auth.get_or_insert(false);
                        return Ok(self.captured.take());
                    }
                    _ => {}
                },
            }
        }
        Ok(None)
    }
}

fn server_hello(kind: u8, body: &[u8]) -> Result<(ProtocolVersion, CipherSuite), FlightError> {
    if kind != handshake::SERVER_HELLO {
        return Err(FlightError::Malformed("a message before the ServerHello"));
    }
    let hello =
        ServerHello::read(body).ok_or(FlightError::Malformed("a ServerHello that does not decode"))?;
    match hello.version {
        ProtocolVersion::DTLSv1_0 | ProtocolVersion::DTLSv1_2 => Ok((hello.version, hello.cipher_suite)),
        _ => Err(FlightError::Malformed("a version of DTLS that was not offered")),
    }
}

fn certificates(
    body: &[u8],
    version: ProtocolVersion,
    cipher_suite: CipherSuite,
) -> Result<Box<Captured>, FlightError> {
    let certificates = messages::certificate_12(body)
        .ok_or(FlightError::Malformed("a Certificate message that does not decode"))?;
    if certificates.is_empty() {
        return Err(FlightError::NoCertificate(cipher_suite));
    }
    Ok(Box::new(Captured {
        version,
        cipher_suite,
        group: None,
        alpn: None,
        certificates,
        client_auth: None,
        client_auth_ca_names: Vec::new(),
        ocsp_stapled: None,
        sct_count: None,
        signature_scheme: None,
        hello_retried: false,
        farewell: Vec::new(),
    }))
}

/// DTLS 1.2, which a server may answer with 1.0. No RC4: it cannot do without order (RFC 6347 section 4.1.2.2).
fn offer() -> Offer {
    let mut offer = Offer::new(OfferKind::Everything);
    offer.legacy_version = ProtocolVersion::DTLSv1_2;
    offer.supported_versions.clear();
    offer.key_shares = None;
    offer.cipher_suites.retain(|suite| {
        let name = suite.known_name().unwrap_or_default();
        !name.contains("_RC4_") && suite.0 >> 8 != 0x13
    });
    offer
}

/// A hello's body before and after the place of the cookie, without its session id: there is none to resume.
fn around_cookie(message: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    let mut reader = Reader::new(message.get(4..)?);
    let mut before = reader.take(2 + 32)?.to_vec();
    reader.vector8()?;
    before.push(0);
    Some((before, reader.rest().to_vec()))
}
