//! ROBOT, the return of Bleichenbacher's oracle (Böck, Somorovsky, Young, 2018): a server whose reaction tells whether
//! an encrypted premaster secret was padded rightly decrypts for anybody who asks often enough. Asks once with each
//! of five paddings; never decrypts anything. RFC 8017 section 7.2.1, RFC 5246 section 7.4.7.1.

use std::collections::BTreeSet;
use std::fmt;

use num_bigint::BigUint;

use super::older_offer;
use super::records::Records;
use crate::tls::codec::{self, handshake};
use crate::tls::record;
use crate::tls::{AlertDescription, CipherSuite, Offer, OfferKind, ProtocolVersion};

const PREMASTER_SECRET: usize = 48;
/// A whole number of blocks for every cipher, longer than any MAC.
const FINISHED_RECORD: usize = 64;
/// Alerts kept of one server: more than two say nothing new.
const MAX_ALERTS: usize = 4;

/// The suites that encrypt the premaster secret with the certificate's key.
pub fn is_static_rsa(suite: CipherSuite) -> bool {
    let name = suite.known_name().unwrap_or_default();
    name.starts_with("TLS_RSA_WITH_") || name.starts_with("SSL_RSA_FIPS_WITH_")
}

/// An offer of nothing but such suites: those that the server is `known` to take, or all of them.
pub fn offer(version: ProtocolVersion, known: Vec<CipherSuite>) -> Offer {
    let mut suites = known;
    if suites.is_empty() {
        suites = [OfferKind::Everything, OfferKind::RareSuites]
            .map(|kind| Offer::new(kind).cipher_suites)
            .concat();
    }
    suites.retain(|suite| is_static_rsa(*suite));
    older_offer(version, &suites)
}

/// A padding of the premaster secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Padding {
    Right,
    /// The first two bytes are not 0 and 2.
    WrongStart,
    /// The zero stands further to the end than the secret's length allows.
    MisplacedZero,
    /// No byte is zero.
    NoZero,
    /// Padded rightly, but the secret does not begin with the client's version.
    WrongVersion,
}

impl Padding {
    /// Every padding, in the order sent.
    pub const ALL: [Self; 5] =
        [Self::Right, Self::WrongStart, Self::MisplacedZero, Self::NoZero, Self::WrongVersion];

    /// A name for evidence.
    pub fn name(self) -> &'static str {
        match self {
            Self::Right => "right padding",
            Self::WrongStart => "wrong first bytes",
            Self::MisplacedZero => "misplaced zero",
            Self::NoZero => "no zero",
            Self::WrongVersion => "wrong version",
        }
    }

    /// The padded secret for a modulus of `length` bytes and a hello that `asked` for this version.
    fn block(self, length: usize, asked: ProtocolVersion, random: &[u8]) -> Option<Vec<u8>> {
        let filler = length.checked_sub(3 + PREMASTER_SECRET)?;
        // Padding and, where no zero may come by chance, the secret: no byte is zero.
        let mut fill = random.iter().cycle().map(|byte| byte % 255 + 1);
        let start = if self == Self::WrongStart { [0x41, 0x17] } else { [0, 2] };
        let mut block = start.to_vec();
        block.extend(fill.by_ref().take(filler));
        block.push(if matches!(self, Self::MisplacedZero | Self::NoZero) { 0x11 } else { 0 });
        block.extend(if self == Self::WrongVersion { [2, 2] } else { asked.0.to_be_bytes() });
        block.extend(fill.take(PREMASTER_SECRET - 2));
        if self == Self::MisplacedZero {
            *block.iter_mut().nth_back(1)? = 0;
        }
        Some(block)
    }
}

/// A server's RSA key, as far as it encrypts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RsaKey {
    modulus: BigUint,
    exponent: BigUint,
    length: usize,
}

impl RsaKey {
    /// Big-endian numbers without leading zeros. `None` for sizes that no server has, whose powers would take long:
    /// moduli below 512 or above 16,384 bits, exponents above 64 bits.
    pub fn new(modulus: &[u8], exponent: &[u8]) -> Option<Self> {
        let length = modulus.len();
        if !(64..=2_048).contains(&length) || modulus.first() == Some(&0) || exponent.len() > 8 {
            return None;
        }
        let [modulus, exponent] = [modulus, exponent].map(BigUint::from_bytes_be);
        Some(Self { modulus, exponent, length })
    }

    /// An encrypted premaster secret, as long as the modulus.
    fn encrypt(&self, padding: Padding, asked: ProtocolVersion, random: &[u8]) -> Option<Vec<u8>> {
        let block = BigUint::from_bytes_be(&padding.block(self.length, asked, random)?);
        let power = block.modpow(&self.exponent, &self.modulus).to_bytes_be();
        let zeros = self.length.checked_sub(power.len())?;
        Some([vec![0; zeros], power].concat())
    }
}

/// What a second flight depends on.
#[derive(Debug, Clone, Copy)]
pub struct Terms<'a> {
    /// The version of the hello.
    pub asked: ProtocolVersion,
    /// The version that the server chose.
    pub version: ProtocolVersion,
    pub key: &'a RsaKey,
    /// The server wants a client certificate: it gets an empty answer.
    pub wants_certificate: bool,
}

/// How much of the client's second flight is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flow {
    /// With ChangeCipherSpec and a Finished that nobody can decrypt.
    Whole,
    /// The ClientKeyExchange alone: some servers speak up here already.
    KeyExchangeOnly,
}

impl Flow {
    /// Both, in the order tried.
    pub const ALL: [Self; 2] = [Self::Whole, Self::KeyExchangeOnly];

    /// A name for evidence.
    pub fn name(self) -> &'static str {
        match self {
            Self::Whole => "with ChangeCipherSpec and Finished",
            Self::KeyExchangeOnly => "ClientKeyExchange alone",
        }
    }

    /// The client's second flight. `None` where the key is too short for a premaster secret.
    pub fn flight(self, terms: &Terms<'_>, padding: Padding, random: &[u8]) -> Option<Vec<u8>> {
        let version = terms.version;
        let encrypted = terms.key.encrypt(padding, terms.asked, random)?;
        let mut out = Vec::new();
        if terms.wants_certificate && version == ProtocolVersion::SSLv3 {
            const WARNING: u8 = 1;
            record::put(&mut out, record::ALERT, version, &[WARNING, AlertDescription::no_certificate.0]);
        } else if terms.wants_certificate {
            record::put(&mut out, record::HANDSHAKE, version, &[handshake::CERTIFICATE, 0, 0, 3, 0, 0, 0]);
        }
        let mut body = Vec::with_capacity(2 + encrypted.len());
        // SSL 3 has no length here.
        if version == ProtocolVersion::SSLv3 {
            body.extend_from_slice(&encrypted);
        } else {
            codec::put_vector16(&mut body, &encrypted);
        }
        let mut message = vec![handshake::CLIENT_KEY_EXCHANGE, 0];
        codec::put_vector16(&mut message, &body);
        record::put(&mut out, record::HANDSHAKE, version, &message);
        if self == Self::Whole {
            record::put(&mut out, record::CHANGE_CIPHER_SPEC, version, &[1]);
            let finished: Vec<u8> = random.iter().rev().copied().cycle().take(FINISHED_RECORD).collect();
            record::put(&mut out, record::HANDSHAKE, version, &finished);
        }
        Some(out)
    }
}

/// How a connection ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum End {
    Closed,
    Reset,
    /// Nothing more came.
    Silence,
}

/// A server's reaction to one padding.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RobotReaction {
    /// These alerts, in their order. How the connection ends after an alert depends on what lay unread.
    Alerts(Vec<AlertDescription>),
    Ended(End),
    /// Something that is not an alert.
    Other,
}

impl fmt::Display for RobotReaction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Alerts(alerts) => {
                for (n, alert) in alerts.iter().enumerate() {
                    let comma = if n == 0 { "" } else { ", " };
                    write!(f, "{comma}{alert}")?;
                }
                Ok(())
            }
            Self::Ended(End::Closed) => f.write_str("closed"),
            Self::Ended(End::Reset) => f.write_str("reset"),
            Self::Ended(End::Silence) => f.write_str("silence"),
            Self::Other => f.write_str("something else"),
        }
    }
}

/// Reads one reaction, as it arrives.
#[derive(Debug, Default)]
pub struct RobotListener {
    records: Records,
    alerts: Vec<AlertDescription>,
}

impl RobotListener {
    /// Reads more bytes off the wire; `Some` once nothing more is of interest.
    pub fn feed(&mut self, bytes: &[u8]) -> Option<RobotReaction> {
        let Some(records) = self.records.feed(bytes) else { return Some(RobotReaction::Other) };
        for record in records {
            match (record.content_type, record.body.as_slice()) {
                (record::ALERT, [_, description]) => self.alerts.push(AlertDescription(*description)),
                _ => return Some(RobotReaction::Other),
            }
            if self.alerts.len() >= MAX_ALERTS {
                return Some(RobotReaction::Alerts(std::mem::take(&mut self.alerts)));
            }
        }
        None
    }

    /// The reaction, now that the connection has ended so.
    pub fn end(self, end: End) -> RobotReaction {
        if self.alerts.is_empty() { RobotReaction::Ended(end) } else { RobotReaction::Alerts(self.alerts) }
    }
}

/// The reactions to every padding once, in the order of [`Padding::ALL`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Round(pub Vec<(Padding, RobotReaction)>);

impl Round {
    /// Every reaction is the same: nothing can be told apart.
    pub fn is_uniform(&self) -> bool {
        self.0.iter().map(|(_, reaction)| reaction).collect::<BTreeSet<_>>().len() <= 1
    }

    /// The oracle answers almost every question, so that attacks are practicable; else only rarely. Rests on
    /// whether the ways of wrong padding differ among themselves (section 3.3 of the paper).
    pub fn is_strong_oracle(&self) -> bool {
        let reaction =
            |padding: Padding| self.0.iter().find(|(p, _)| *p == padding).map(|(_, reaction)| reaction);
        let wrong = [Padding::WrongStart, Padding::MisplacedZero, Padding::NoZero].map(reaction);
        wrong.iter().collect::<BTreeSet<_>>().len() > 1
    }
}

#[cfg(test)]
mod tests;
