//! A server for the tests, without IO: TLS 1.0 to 1.2 with ECDHE, sessions, tickets and renegotiation, and with the
//! faults that real servers once had. Its private key is 1, its certificate and its signature are junk.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use super::cbc::Cbc;
use super::hello::message;
use super::keys::{Master, Randoms, Side};
use super::prf::Prf;
use super::protection::Protection;
use super::suite::Parts;
use crate::tls::codec::{self, Reader, extension, handshake};
use crate::tls::record::{self, Limits, Record, Records};
use crate::tls::{CipherSuite, ProtocolVersion};

/// What a server does about something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Does {
    /// A fatal alert, then it hangs up.
    Alert(u8),
    /// The same in clear.
    AlertInClear(u8),
    /// A warning alert, and it goes on.
    Warn(u8),
    /// Hangs up without a word.
    HangUp,
    /// Nothing at all.
    Ignore,
    /// As if all were well.
    Accept,
}

/// How a server behaves.
#[derive(Debug, Clone)]
pub(crate) struct Manners {
    pub(crate) version: ProtocolVersion,
    pub(crate) suite: CipherSuite,
    pub(crate) extended_master_secret: bool,
    pub(crate) encrypt_then_mac: bool,
    pub(crate) secure_renegotiation: bool,
    /// Gives session ids and resumes by them.
    pub(crate) resumes_by_id: bool,
    /// Gives tickets with this lifetime hint.
    pub(crate) tickets: Option<u32>,
    /// Takes tickets back.
    pub(crate) resumes_by_ticket: bool,
    /// Repeats a short session id with what stands behind it in memory.
    pub(crate) bleeds: bool,
    pub(crate) asks_for_certificate: bool,
    pub(crate) on_renegotiation: Does,
    pub(crate) on_bad_mac: Does,
    pub(crate) on_bad_padding: Does,
    pub(crate) on_overlong_padding: Does,
    pub(crate) on_close_notify: Does,
}

impl Manners {
    /// Sound, with all there is.
    pub(crate) fn sound(version: ProtocolVersion, suite: CipherSuite) -> Self {
        const BAD_RECORD_MAC: u8 = 20;
        const NO_RENEGOTIATION: u8 = 100;
        Self {
            version,
            suite,
            extended_master_secret: true,
            encrypt_then_mac: true,
            secure_renegotiation: true,
            resumes_by_id: true,
            tickets: Some(7200),
            resumes_by_ticket: true,
            bleeds: false,
            asks_for_certificate: false,
            on_renegotiation: Does::Warn(NO_RENEGOTIATION),
            on_bad_mac: Does::Alert(BAD_RECORD_MAC),
            on_bad_padding: Does::Alert(BAD_RECORD_MAC),
            on_overlong_padding: Does::Alert(BAD_RECORD_MAC),
            on_close_notify: Does::Accept,
        }
    }
}

/// Sessions that can be resumed, by id or ticket; shared by a server's connections.
#[derive(Clone, Default)]
pub(crate) struct Sessions(Arc<Mutex<HashMap<Vec<u8>, Master>>>);

/// One connection's server end.
pub(crate) struct Server {
    manners: Manners,
    sessions: Sessions,
    /// A number that makes this connection's random, id and ticket its own.
    number: u8,
    records: Records,
    messages: Vec<u8>,
    out: Vec<u8>,
    reader: Protection,
    writer: Protection,
    next_reader: Option<Protection>,
    /// Kept until the server changes its own.
    next_writer: Option<Protection>,
    transcript: Vec<u8>,
    randoms: Randoms,
    session_id: Vec<u8>,
    master: Option<Master>,
    gives_ticket: bool,
    uses_extended: bool,
    uses_encrypt_then_mac: bool,
    resumed: bool,
    pub(crate) established: bool,
    pub(crate) closed: bool,
    /// Application data that was taken.
    pub(crate) taken: Vec<Vec<u8>>,
}

/// The base point of X25519: the public key of both sides.
const POINT: [u8; 32] = {
    let mut point = [0; 32];
    point[0] = 9;
    point
};

impl Server {
    pub(crate) fn new(manners: Manners, sessions: Sessions, number: u8) -> Self {
        Self {
            manners,
            sessions,
            number,
            records: Records::new(Limits::default()),
            messages: Vec::new(),
            out: Vec::new(),
            reader: Protection::None,
            writer: Protection::None,
            next_reader: None,
            next_writer: None,
            transcript: Vec::new(),
            randoms: Randoms::default(),
            session_id: Vec::new(),
            master: None,
            gives_ticket: false,
            uses_extended: false,
            uses_encrypt_then_mac: false,
            resumed: false,
            established: false,
            closed: false,
            taken: Vec::new(),
        }
    }

    /// Reads what the client sent; what to answer.
    pub(crate) fn feed(&mut self, bytes: &[u8]) -> Vec<u8> {
        let (mut bytes, mut joined) = (bytes.to_vec(), Vec::new());
        let mut rest = self.records.begin(&mut bytes, &mut joined);
        while let Ok(Some(Record { header, body })) = self.records.next(&mut rest) {
            if !self.closed {
                self.record(header, body);
            }
        }
        std::mem::take(&mut self.out)
    }

    /// Sends application data.
    pub(crate) fn say(&mut self, content: &[u8]) -> Vec<u8> {
        self.send(record::APPLICATION_DATA, content);
        std::mem::take(&mut self.out)
    }

    fn send(&mut self, content_type: u8, content: &[u8]) {
        let sealed = self.writer.seal(content_type, self.manners.version, content).unwrap();
        self.out.extend(sealed);
    }

    fn react(&mut self, does: Does) {
        match does {
            Does::Alert(alert) => self.send(record::ALERT, &[2, alert]),
            Does::AlertInClear(alert) => self.out.extend([record::ALERT, 3, 3, 0, 2, 2, alert]),
            Does::Warn(alert) => return self.send(record::ALERT, &[1, alert]),
            Does::HangUp => {}
            Does::Ignore | Does::Accept => return,
        }
        self.closed = true;
    }

    /// Opens a record, or says what is to be done about it.
    fn open(&mut self, header: [u8; 5], body: &[u8]) -> Result<Vec<u8>, Does> {
        let manners = self.manners.clone();
        let mac_length = match Parts::of(manners.suite).unwrap().cipher {
            super::suite::Cipher::Cbc(_, mac) => mac.length(),
            _ => 0,
        };
        match &mut self.reader {
            Protection::Cbc(cbc) if !self.uses_encrypt_then_mac => {
                open_step_by_step(cbc, &manners, mac_length, header[0], body)
            }
            reader => reader.open(header, body).ok_or(manners.on_bad_mac),
        }
    }

    fn record(&mut self, header: [u8; 5], body: &[u8]) {
        let content = match self.open(header, body) {
            Ok(content) => content,
            Err(does) => return self.react(does),
        };
        match header[0] {
            record::HANDSHAKE => {
                self.messages.extend(content);
                let messages = std::mem::take(&mut self.messages);
                let mut rest = messages.as_slice();
                while let Some((message, after)) = codec::split_message(rest) {
                    self.message(message);
                    rest = after;
                }
                self.messages = rest.to_vec();
            }
            record::CHANGE_CIPHER_SPEC => self.reader = self.next_reader.take().unwrap(),
            record::ALERT if content[1] == 0 => {
                if self.manners.on_close_notify == Does::Accept {
                    self.send(record::ALERT, &[1, 0]);
                }
                self.closed = self.manners.on_close_notify != Does::Ignore;
            }
            record::APPLICATION_DATA => self.taken.push(content),
            _ => self.closed = true,
        }
    }

    fn message(&mut self, message: &[u8]) {
        match message[0] {
            handshake::CLIENT_HELLO => {
                if self.established && self.manners.on_renegotiation != Does::Accept {
                    return self.react(self.manners.on_renegotiation);
                }
                self.established = false;
                self.transcript = message.to_vec();
                self.client_hello(&message[4..]);
            }
            handshake::CLIENT_KEY_EXCHANGE => {
                self.transcript.extend_from_slice(message);
                let prf = self.prf();
                let master = if self.uses_extended {
                    Master::extended(prf, &POINT, &self.transcript)
                } else {
                    Master::new(prf, &POINT, &self.randoms)
                };
                self.master = Some(master);
                self.prepare_keys();
            }
            handshake::FINISHED => self.client_finished(message),
            _ => self.transcript.extend_from_slice(message),
        }
    }

    fn prf(&self) -> Prf {
        Prf::of(self.manners.version, Parts::of(self.manners.suite).unwrap().sha384)
    }

    fn client_hello(&mut self, body: &[u8]) {
        let mut reader = Reader::new(body);
        reader.u16().unwrap();
        self.randoms.client = reader.take(32).unwrap().to_vec();
        self.randoms.server = vec![self.number; 32];
        let offered_id = reader.vector8().unwrap().to_vec();
        reader.vector16().unwrap();
        reader.vector8().unwrap();
        let mut extensions = HashMap::new();
        let mut list = Reader::new(reader.vector16().unwrap());
        while let Some((number, content)) = list.extension() {
            extensions.insert(number, content);
        }
        let has = |number| extensions.contains_key(&number);
        self.uses_extended = self.manners.extended_master_secret && has(extension::EXTENDED_MASTER_SECRET);
        self.uses_encrypt_then_mac = self.manners.encrypt_then_mac
            && has(extension::ENCRYPT_THEN_MAC)
            && Parts::of(self.manners.suite).unwrap().cipher.aead().is_none();
        self.gives_ticket = self.manners.tickets.is_some() && has(extension::SESSION_TICKET);
        let ticket = extensions.get(&extension::SESSION_TICKET).filter(|_| self.manners.resumes_by_ticket);
        let by_ticket = ticket.and_then(|ticket| self.known(ticket));
        let by_id = self.known(&offered_id).filter(|_| self.manners.resumes_by_id);
        self.master = by_ticket.or(by_id);
        self.resumed = self.master.is_some();
        self.session_id = match (self.resumed, self.manners.resumes_by_id) {
            (true, _) => offered_id,
            (false, true) if !self.gives_ticket => vec![self.number; 32],
            (false, _) => Vec::new(),
        };
        if self.resumed && self.manners.bleeds && !self.session_id.is_empty() {
            self.session_id.resize(32, 0xdb);
        }
        self.answer_hello();
    }

    fn known(&self, name: &[u8]) -> Option<Master> {
        self.sessions.0.lock().unwrap().get(name).cloned()
    }

    fn answer_hello(&mut self) {
        let mut body = self.manners.version.0.to_be_bytes().to_vec();
        body.extend_from_slice(&self.randoms.server);
        codec::put_vector8(&mut body, &self.session_id);
        body.extend_from_slice(&self.manners.suite.0.to_be_bytes());
        body.push(0);
        let mut extensions = Vec::new();
        for (sends, number, content) in [
            (self.uses_extended, extension::EXTENDED_MASTER_SECRET, [].as_slice()),
            (self.uses_encrypt_then_mac, extension::ENCRYPT_THEN_MAC, &[]),
            (self.manners.secure_renegotiation, extension::RENEGOTIATION_INFO, &[0]),
            (self.gives_ticket, extension::SESSION_TICKET, &[]),
        ] {
            if sends {
                codec::put_extension(&mut extensions, number, content);
            }
        }
        codec::put_vector16(&mut body, &extensions);
        self.say_message(handshake::SERVER_HELLO, &body);
        if self.resumed {
            self.prepare_keys();
            return self.finish();
        }
        self.say_message(handshake::CERTIFICATE, &[0, 0, 4, 0, 0, 1, 0x30]);
        let mut share = vec![3, 0, 29];
        codec::put_vector8(&mut share, &POINT);
        if self.manners.version == ProtocolVersion::TLSv1_2 {
            share.extend_from_slice(&[4, 3]);
        }
        codec::put_vector16(&mut share, b"junk");
        self.say_message(handshake::SERVER_KEY_EXCHANGE, &share);
        if self.manners.asks_for_certificate {
            let schemes: &[u8] =
                if self.manners.version == ProtocolVersion::TLSv1_2 { &[0, 2, 4, 3] } else { &[] };
            self.say_message(handshake::CERTIFICATE_REQUEST, &[&[1, 1], schemes, &[0, 0]].concat());
        }
        self.say_message(handshake::SERVER_HELLO_DONE, &[]);
    }

    fn say_message(&mut self, kind: u8, body: &[u8]) {
        let message = message(kind, body);
        self.transcript.extend_from_slice(&message);
        self.send(record::HANDSHAKE, &message);
    }

    fn prepare_keys(&mut self) {
        let cipher = Parts::of(self.manners.suite).unwrap().cipher;
        let version = self.manners.version;
        let master = self.master.as_ref().unwrap();
        let keys = master.keys(
            self.prf(),
            cipher,
            self.uses_encrypt_then_mac,
            version,
            &self.randoms,
            &[self.number; 32],
        );
        let keys = keys.unwrap();
        self.next_reader = Some(keys.client);
        self.next_writer = Some(keys.server);
    }

    fn finish(&mut self) {
        if let (true, Some(lifetime)) = (self.gives_ticket, self.manners.tickets) {
            let ticket = vec![self.number ^ 0x80; 48];
            let mut body = lifetime.to_be_bytes().to_vec();
            codec::put_vector16(&mut body, &ticket);
            self.say_message(handshake::NEW_SESSION_TICKET, &body);
            self.sessions.0.lock().unwrap().insert(ticket, self.master.clone().unwrap());
        }
        self.send(record::CHANGE_CIPHER_SPEC, &[1]);
        self.writer = self.next_writer.take().unwrap();
        let verify_data =
            self.master.as_ref().unwrap().verify_data(self.prf(), Side::Server, &self.transcript);
        self.say_message(handshake::FINISHED, &verify_data);
    }

    fn client_finished(&mut self, message: &[u8]) {
        let master = self.master.clone().unwrap();
        let expected = master.verify_data(self.prf(), Side::Client, &self.transcript);
        assert_eq!(message[4..], expected, "the client's Finished fits");
        self.transcript.extend_from_slice(message);
        if !self.resumed {
            if !self.session_id.is_empty() {
                self.sessions.0.lock().unwrap().insert(self.session_id.clone(), master);
            }
            self.finish();
        }
        self.established = true;
    }
}

/// As servers do it that look at padding and MAC one after the other.
fn open_step_by_step(
    cbc: &mut Cbc,
    manners: &Manners,
    mac_length: usize,
    content_type: u8,
    body: &[u8],
) -> Result<Vec<u8>, Does> {
    let mut plain = cbc.decrypt_record(body).ok_or(manners.on_bad_mac)?;
    let padding = *plain.last().unwrap();
    let Some(content) = plain.len().checked_sub(usize::from(padding) + 1 + mac_length) else {
        return Err(manners.on_overlong_padding);
    };
    let is_right = plain[content + mac_length..].iter().all(|byte| *byte == padding);
    if !is_right && manners.on_bad_padding != Does::Accept {
        return Err(manners.on_bad_padding);
    }
    let mac = plain.split_off(content);
    if cbc.sign(content_type, &plain).unwrap().as_ref() != &mac[..mac_length] {
        return Err(manners.on_bad_mac);
    }
    cbc.count();
    Ok(plain)
}
