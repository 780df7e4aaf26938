//! What a server should put up with and may not: reserved and unknown values, long hellos. One hello with all of it; only
//! where that is refused, one for each, and a plain one to compare. Never takes a mood for an intolerance.

use super::ear::{Ear, Verdict};
use super::{Aim, Enumeration, lists};
use crate::tls::codec::{self, extension};
use crate::tls::{Answer, CipherSuite, NamedGroup, Offer, OfferKind, ProtocolVersion, Question, Until};

/// Something harmless that a server may choke on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Quirk {
    /// Reserved values (RFC 8701).
    Grease,
    /// More than 255 bytes.
    LongHello,
    /// More than 1,500 bytes.
    LargeHello,
    /// 128 suites and more.
    ManySuites,
    /// A version that does not exist yet.
    UnknownVersion,
    /// An extension that nobody has registered.
    UnknownExtension,
}

impl Quirk {
    const ALL: [Self; 6] = [
        Self::Grease,
        Self::LongHello,
        Self::LargeHello,
        Self::ManySuites,
        Self::UnknownVersion,
        Self::UnknownExtension,
    ];
}

/// A value that RFC 8701 keeps free of meaning.
const RESERVED: u16 = 0x4a4a;
/// An extension in the range for private use that nobody is known to use (IANA "TLS ExtensionType Values").
const UNREGISTERED: u16 = 0xff5c;
/// The version after TLS 1.3, should there ever be one.
const FUTURE: ProtocolVersion = ProtocolVersion(0x0305);

/// The question of tolerance.
#[derive(Debug)]
pub struct Tolerance {
    ear: Ear,
    plain: Offer,
    /// The most suites that may be offered beside those the server takes.
    many: Vec<CipherSuite>,
    stage: Stage,
    /// Yet to be asked singly, the next one last.
    singly: Vec<Quirk>,
    refused: Vec<Quirk>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Everything in one hello.
    AtOnce,
    /// A plain one, to see that the server is well.
    Control,
    Singly,
    /// A plain one again, at the end.
    LastControl,
    Known,
    /// The server does not take a plain hello: nothing can be told.
    Unknown,
}

impl Tolerance {
    /// `version` is the newest that the server speaks, `suites` are such as it takes in it, `groups` too.
    pub fn new(version: ProtocolVersion, suites: Vec<CipherSuite>, groups: Vec<NamedGroup>) -> Self {
        let is_new = version == ProtocolVersion::TLSv1_3;
        let small = Offer::new(OfferKind::Small);
        let mut plain = Offer {
            legacy_version: version.min(ProtocolVersion::TLSv1_2),
            groups: if groups.is_empty() { small.groups.clone() } else { groups },
            cipher_suites: suites,
            ..small
        };
        plain.groups.truncate(8);
        plain.cipher_suites.truncate(16);
        if is_new {
            plain.supported_versions = vec![ProtocolVersion::TLSv1_3];
            plain.key_shares = Some(Vec::new());
            plain.signature_schemes = lists::COMMON_SCHEMES.to_vec();
        }
        if version < ProtocolVersion::TLSv1_2 {
            plain.signature_schemes = Vec::new();
        }
        let idle = plain.cipher_suites.is_empty() || version <= ProtocolVersion::SSLv3;
        Self {
            ear: Ear::default(),
            // In TLS 1.3 the older suites do no harm: they cannot be chosen.
            many: lists::OLD_SUITES
                .iter()
                .filter(|suite| is_new || suite.weakness().is_none())
                .copied()
                .collect(),
            plain,
            stage: if idle { Stage::Unknown } else { Stage::AtOnce },
            singly: Vec::new(),
            refused: Vec::new(),
        }
    }

    /// What the server does not put up with; `None` if it could not be told.
    pub fn finish(self) -> Option<Vec<Quirk>> {
        (self.stage == Stage::Known).then_some(self.refused)
    }

    fn with(&self, quirks: &[Quirk]) -> Offer {
        let mut offer = self.plain.clone();
        // The long ones last: they fill up.
        for quirk in quirks.iter().filter(|quirk| !matches!(quirk, Quirk::LongHello | Quirk::LargeHello)) {
            self.apply(*quirk, &mut offer);
        }
        for quirk in quirks.iter().filter(|quirk| matches!(quirk, Quirk::LongHello | Quirk::LargeHello)) {
            self.apply(*quirk, &mut offer);
        }
        offer
    }

    fn apply(&self, quirk: Quirk, offer: &mut Offer) {
        match quirk {
            Quirk::Grease => {
                offer.cipher_suites.insert(0, CipherSuite(RESERVED));
                offer.groups.insert(0, NamedGroup(RESERVED));
                if !offer.supported_versions.is_empty() {
                    offer.supported_versions.insert(0, ProtocolVersion(RESERVED));
                }
                offer.further_extensions.push((RESERVED, Vec::new()));
            }
            Quirk::LongHello => fill(offer, 512),
            Quirk::LargeHello => fill(offer, 1_600),
            Quirk::ManySuites => {
                let known = offer.cipher_suites.clone();
                offer.cipher_suites.extend(self.many.iter().filter(|suite| !known.contains(suite)));
            }
            Quirk::UnknownVersion if offer.supported_versions.is_empty() => offer.legacy_version = FUTURE,
            Quirk::UnknownVersion => offer.supported_versions.insert(0, FUTURE),
            Quirk::UnknownExtension => {
                let mut content = Vec::new();
                codec::put_vector8(&mut content, b"certvigil");
                offer.further_extensions.push((UNREGISTERED, content));
            }
        }
    }

    fn next_one(&mut self) {
        self.singly.pop();
        if self.singly.is_empty() {
            self.stage = if self.refused.is_empty() { Stage::Known } else { Stage::LastControl };
        }
    }
}

/// Fills up with padding (RFC 7685), to more than gets padding by itself.
fn fill(offer: &mut Offer, bytes: usize) {
    offer.further_extensions.push((extension::PADDING, vec![0; bytes]));
}

impl Enumeration for Tolerance {
    fn question(&self) -> Option<(Aim, Question)> {
        let offer = match self.stage {
            Stage::AtOnce => {
                let all: Vec<_> = Quirk::ALL.into_iter().filter(|quirk| *quirk != Quirk::LongHello).collect();
                self.with(&all)
            }
            Stage::Control | Stage::LastControl => self.plain.clone(),
            Stage::Singly => self.with(&self.singly.last().copied().into_iter().collect::<Vec<_>>()),
            Stage::Known | Stage::Unknown => return None,
        };
        Some((Aim::Tolerance, Question { offer, until: Until::ServerHello }))
    }

    fn hear(&mut self, answer: &Answer) {
        let Some(verdict) = self.ear.hear(answer) else { return };
        let is_fine = matches!(verdict, Verdict::Chose(_));
        match self.stage {
            Stage::AtOnce => self.stage = if is_fine { Stage::Known } else { Stage::Control },
            Stage::Control if is_fine => {
                self.singly = Quirk::ALL.into_iter().rev().collect();
                self.stage = Stage::Singly;
            }
            Stage::LastControl if is_fine => self.stage = Stage::Known,
            Stage::Control | Stage::LastControl => self.stage = Stage::Unknown,
            Stage::Singly => {
                // Silence too: not to answer is the usual way of not putting up with something, and the server is well.
                if let (false, Some(quirk)) = (is_fine, self.singly.last()) {
                    self.refused.push(*quirk);
                }
                self.next_one();
            }
            Stage::Known | Stage::Unknown => {}
        }
    }
}

#[cfg(test)]
mod tests;
