//! Writes a server's first flight up to TLS 1.2, in plain: ServerHello, Certificate, ServerKeyExchange,
//! ServerHelloDone (RFC 5246 section 7.4, RFC 8422 section 5.4). For servers that rustls cannot play.
//! Invariant: never completes a handshake.

use aws_lc_rs::agreement::{ECDH_P256, EphemeralPrivateKey};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair};

use super::client_hello::ClientHello;
use super::{EstateError, Identity, legacy};
use crate::tls::{AlertDescription, CipherSuite, ProtocolVersion};

/// Largest fragment of a record (RFC 5246 section 6.2.1).
const MAX_FRAGMENT_BYTES: usize = 16_384;

/// How the server brings its half of the key exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyExchange {
    /// The client encrypts to the certificate: no ServerKeyExchange.
    Rsa,
    /// P-256, signed with the leaf's ECDSA P-256 key: by SHA-256 at TLS 1.2, by SHA-1 before.
    EcdheEcdsa,
    /// P-256 without any certificate.
    EcdhAnonymous,
}

/// A server's first flight.
#[derive(Debug, Clone)]
pub struct Flight {
    pub version: ProtocolVersion,
    pub suite: CipherSuite,
    pub key_exchange: KeyExchange,
    /// Not served with [`KeyExchange::EcdhAnonymous`].
    pub identity: Identity,
    /// Answers with an alert what a server of its kind would refuse; otherwise it answers anything.
    pub heeds_the_offer: bool,
    /// Bytes in each record, 1 to 16,384.
    pub record_bytes: usize,
}

impl Flight {
    /// TLS 1.2 with ECDHE_ECDSA and AES-128-GCM; the identity needs a P-256 key.
    pub fn tls12(identity: Identity) -> Self {
        Self {
            version: ProtocolVersion::TLSv1_2,
            suite: CipherSuite(0xc02b),
            key_exchange: KeyExchange::EcdheEcdsa,
            identity,
            heeds_the_offer: true,
            record_bytes: MAX_FRAGMENT_BYTES,
        }
    }

    /// TLS 1.2 with RSA key exchange and AES-128-CBC, the suite every TLS 1.2 server must have: nothing is signed,
    /// so the identity needs no private key.
    pub fn tls12_rsa(identity: Identity) -> Self {
        Self { suite: CipherSuite(0x002f), key_exchange: KeyExchange::Rsa, ..Self::tls12(identity) }
    }

    /// An old server: `version` is TLS 1.0 or 1.1, the suite ECDHE_ECDSA with AES-128-CBC.
    pub fn old(version: ProtocolVersion, identity: Identity) -> Self {
        Self { version, suite: CipherSuite(0xc009), ..Self::tls12(identity) }
    }

    /// A server without a certificate: ECDH_anon with AES-128-CBC.
    pub fn anonymous(identity: Identity) -> Self {
        Self {
            suite: CipherSuite(0xc018),
            key_exchange: KeyExchange::EcdhAnonymous,
            heeds_the_offer: false,
            ..Self::tls12(identity)
        }
    }

    /// The flight's bytes for nobody in particular: what a farm or a middlebox sends whatever it was asked.
    ///
    /// # Errors
    /// [`EstateError::Legacy`] where the identity has no fitting key.
    pub fn canned(&self) -> Result<Vec<u8>, EstateError> {
        let nobody = ClientHello {
            version: self.version,
            random: [0; 32],
            suites: vec![self.suite],
            secure_renegotiation: true,
        };
        match self.answer(&nobody)? {
            Answer::Flight(records) => Ok(records),
            Answer::Refuse(_) => Err(EstateError::Legacy { what: "the flight refuses its own offer" }),
        }
    }

    /// The flight in answer to a hello.
    pub(super) fn answer(&self, hello: &ClientHello) -> Result<Answer, EstateError> {
        if self.heeds_the_offer && hello.version < self.version {
            return Ok(Answer::Refuse(AlertDescription::protocol_version));
        }
        if self.heeds_the_offer && !hello.suites.contains(&self.suite) {
            return Ok(Answer::Refuse(AlertDescription::handshake_failure));
        }
        let mut server_random = [0; 32];
        aws_lc_rs::rand::fill(&mut server_random).map_err(|_| EstateError::Random)?;
        let mut messages = self.server_hello(hello, &server_random);
        if self.key_exchange != KeyExchange::EcdhAnonymous {
            messages.extend(message(11, &certificate_list(&self.identity.chain)));
        }
        if self.key_exchange != KeyExchange::Rsa {
            messages.extend(message(12, &self.server_key_exchange(hello, &server_random)?));
        }
        messages.extend(message(14, &[]));
        Ok(Answer::Flight(self.records(&messages)))
    }

    fn server_hello(&self, hello: &ClientHello, random: &[u8; 32]) -> Vec<u8> {
        let mut body = self.version.0.to_be_bytes().to_vec();
        body.extend_from_slice(random);
        body.push(0); // no session to resume
        body.extend_from_slice(&self.suite.0.to_be_bytes());
        body.push(0); // no compression
        if hello.secure_renegotiation {
            body.extend_from_slice(&[0, 5, 0xff, 1, 0, 1, 0]); // renegotiation_info, empty (RFC 5746)
        }
        message(2, &body)
    }

    fn server_key_exchange(&self, hello: &ClientHello, random: &[u8; 32]) -> Result<Vec<u8>, EstateError> {
        let failed = |_| EstateError::Legacy { what: "no ECDHE share" };
        let share = EphemeralPrivateKey::generate(&ECDH_P256, &SystemRandom::new()).map_err(failed)?;
        let point = share.compute_public_key().map_err(failed)?;
        // named_curve, secp256r1, a point of 65 bytes
        let mut body = vec![3, 0, 0x17, 65];
        body.extend_from_slice(point.as_ref());
        if self.key_exchange == KeyExchange::EcdheEcdsa {
            let key =
                self.identity.private_key().ok_or(EstateError::Legacy { what: "no key to sign with" })?;
            let signed = [hello.random.as_slice(), random, &body].concat();
            let signature = if self.version >= ProtocolVersion::TLSv1_2 {
                body.extend_from_slice(&[4, 3]); // ecdsa_secp256r1_sha256
                ecdsa_sha256(key, &signed)?
            } else {
                legacy::ecdsa_sha1(key, &signed)?
            };
            body.extend_from_slice(&u16::try_from(signature.len()).unwrap_or(0).to_be_bytes());
            body.extend_from_slice(&signature);
        }
        Ok(body)
    }

    fn records(&self, messages: &[u8]) -> Vec<u8> {
        let version = record_version(self.version);
        let mut out = Vec::with_capacity(messages.len() + 64);
        for fragment in messages.chunks(self.record_bytes.clamp(1, MAX_FRAGMENT_BYTES)) {
            out.extend(record(22, version, fragment));
        }
        out
    }
}

/// What a flight does with a hello.
#[derive(Debug)]
pub(super) enum Answer {
    /// Records to send.
    Flight(Vec<u8>),
    /// The offer does not fit.
    Refuse(AlertDescription),
}

/// An alert record: level 1 warns, 2 is fatal (RFC 5246 section 7.2).
pub(super) fn alert(version: ProtocolVersion, level: u8, description: AlertDescription) -> Vec<u8> {
    record(21, record_version(version), &[level, description.0])
}

/// The number on the records of a version: TLS 1.3 and unknown ones write that of TLS 1.2.
fn record_version(version: ProtocolVersion) -> u16 {
    version.0.clamp(0x0300, 0x0303)
}

/// One record with up to 16,384 bytes; what is above is cut.
pub(super) fn record(content_type: u8, version: u16, fragment: &[u8]) -> Vec<u8> {
    let fragment = fragment.get(..MAX_FRAGMENT_BYTES).unwrap_or(fragment);
    let [major, minor] = version.to_be_bytes();
    let [high, low] = u16::try_from(fragment.len()).unwrap_or(0).to_be_bytes();
    let mut out = vec![content_type, major, minor, high, low];
    out.extend_from_slice(fragment);
    out
}

/// One handshake message with its type and three-byte length.
pub(super) fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    let mut out = vec![kind];
    out.extend_from_slice(&length_24(body.len()));
    out.extend_from_slice(body);
    out
}

fn certificate_list(chain: &[Vec<u8>]) -> Vec<u8> {
    let mut list = Vec::new();
    for der in chain {
        list.extend_from_slice(&length_24(der.len()));
        list.extend_from_slice(der);
    }
    [length_24(list.len()).as_slice(), &list].concat()
}

fn length_24(length: usize) -> [u8; 3] {
    let [_, a, b, c] = u32::try_from(length).unwrap_or(0).to_be_bytes();
    [a, b, c]
}

fn ecdsa_sha256(key: &[u8], message: &[u8]) -> Result<Vec<u8>, EstateError> {
    let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, key)
        .map_err(|_| EstateError::Legacy { what: "a P-256 key is needed" })?;
    let signature = key
        .sign(&SystemRandom::new(), message)
        .map_err(|_| EstateError::Legacy { what: "the share cannot be signed" })?;
    Ok(signature.as_ref().to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estate::{Authority, Leaf, LeafKey};
    use crate::time::UnixTime;

    fn identity(key: LeafKey) -> Identity {
        Authority::new(UnixTime(1_795_510_800), "Test").unwrap().issue(&Leaf::new("a.test").key(key)).unwrap()
    }

    fn hello(version: u16, suites: &[u16]) -> ClientHello {
        ClientHello {
            version: ProtocolVersion(version),
            random: [1; 32],
            suites: suites.iter().copied().map(CipherSuite).collect(),
            secure_renegotiation: false,
        }
    }

    fn kinds(answer: Answer) -> Vec<u8> {
        let Answer::Flight(mut records) = answer else { panic!("no flight") };
        let mut handshake = Vec::new();
        while !records.is_empty() {
            let length = usize::from(u16::from_be_bytes([records[3], records[4]]));
            handshake.extend_from_slice(&records[5..5 + length]);
            records.drain(..5 + length);
        }
        let mut kinds = Vec::new();
        while !handshake.is_empty() {
            kinds.push(handshake[0]);
            let length = u32::from_be_bytes([0, handshake[1], handshake[2], handshake[3]]) as usize;
            handshake.drain(..4 + length);
        }
        kinds
    }

    #[test]
    fn a_flight_holds_the_messages_of_its_key_exchange() {
        let offer = hello(0x0303, &[0xc02b, 0x002f, 0xc009, 0xc018]);
        let ecdsa = identity(LeafKey::EcdsaP256);
        let kinds_of = |flight: Flight| kinds(flight.answer(&offer).unwrap());
        assert_eq!(kinds_of(Flight::tls12(ecdsa.clone())), [2, 11, 12, 14]);
        assert_eq!(kinds_of(Flight::old(ProtocolVersion::TLSv1_0, ecdsa.clone())), [2, 11, 12, 14]);
        assert_eq!(kinds_of(Flight::anonymous(ecdsa)), [2, 12, 14]);
        assert_eq!(kinds_of(Flight::tls12_rsa(identity(LeafKey::Rsa1024))), [2, 11, 14]);
    }

    #[test]
    fn a_flight_is_split_into_records() {
        let mut flight = Flight::tls12(identity(LeafKey::EcdsaP256));
        flight.record_bytes = 1;
        assert_eq!(kinds(Answer::Flight(flight.canned().unwrap())), [2, 11, 12, 14]);
    }

    #[test]
    fn an_offer_that_does_not_fit_is_refused() {
        let flight = Flight::tls12(identity(LeafKey::EcdsaP256));
        let refusal = |hello| match flight.answer(&hello).unwrap() {
            Answer::Refuse(alert) => alert,
            Answer::Flight(_) => panic!("a flight"),
        };
        assert_eq!(refusal(hello(0x0301, &[0xc02b])), AlertDescription::protocol_version);
        assert_eq!(refusal(hello(0x0303, &[0x1301])), AlertDescription::handshake_failure);
    }
}
