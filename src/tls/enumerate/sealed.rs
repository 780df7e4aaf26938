//! What TLS 1.3 shows only under encryption: the scheme in CertificateVerify, the protocol in EncryptedExtensions. The
//! caller opens the flight with base points as key shares; this decides what to offer. Never computes a key.
//! RFC 8446 sections 4.3.1 and 4.4.3.

use super::{lists, tls13};
use crate::text::Untrusted;
use crate::tls::{CipherSuite, NamedGroup, Offer, SignatureScheme};

/// Suites and groups of which a flight can be opened.
const SUITES: [CipherSuite; 3] = [
    CipherSuite::TLS_AES_128_GCM_SHA256,
    CipherSuite::TLS_AES_256_GCM_SHA384,
    CipherSuite::TLS_CHACHA20_POLY1305_SHA256,
];
const GROUPS: [NamedGroup; 8] = [
    NamedGroup::x25519,
    NamedGroup::secp256r1,
    NamedGroup::secp384r1,
    NamedGroup::secp521r1,
    NamedGroup::x448,
    NamedGroup::X25519MLKEM768,
    NamedGroup::ffdhe2048,
    NamedGroup::ffdhe3072,
];

/// What an opened flight said, or why there was none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SealedAnswer {
    Opened {
        scheme: Option<SignatureScheme>,
        alpn: Option<Untrusted>,
    },
    /// By an alert.
    Refused,
    /// A refusal the second time.
    HungUp,
    /// Neither yes nor no.
    Unheard,
}

/// An enumeration by removal, of schemes or of protocols.
#[derive(Debug)]
pub struct Sealed {
    base: Offer,
    left: Left,
    schemes: Vec<SignatureScheme>,
    protocols: Vec<Untrusted>,
    /// The question is asked for the second time: whether the server hung up the first time.
    first_hung_up: Option<bool>,
    /// `Some` once it is over: whether it came to its end.
    complete: Option<bool>,
}

#[derive(Debug)]
enum Left {
    Schemes(Vec<SignatureScheme>),
    Protocols(Vec<&'static [u8]>),
}

impl Sealed {
    /// Asks what the server signs with, with suites and groups that it takes.
    pub fn schemes(suites: &[CipherSuite], groups: &[NamedGroup]) -> Self {
        let of_tls13 = |scheme: &SignatureScheme| {
            let name = scheme.known_name().unwrap_or_default();
            !name.starts_with("dsa_") && !name.starts_with("rsa_pkcs1_md5")
        };
        Self::new(suites, groups, Left::Schemes(lists::SCHEMES.iter().copied().filter(of_tls13).collect()))
    }

    /// Asks which application protocols the server takes.
    pub fn protocols(suites: &[CipherSuite], groups: &[NamedGroup]) -> Self {
        Self::new(suites, groups, Left::Protocols(lists::PROTOCOLS.to_vec()))
    }

    fn new(suites: &[CipherSuite], groups: &[NamedGroup], left: Left) -> Self {
        let suites: Vec<_> = SUITES.into_iter().filter(|suite| suites.contains(suite)).collect();
        let groups: Vec<_> = GROUPS.into_iter().filter(|group| groups.contains(group)).collect();
        let is_idle = suites.is_empty() || groups.is_empty();
        let share = groups.first().copied();
        Self {
            base: Offer { key_shares: Some(share.into_iter().collect()), ..tls13::offer(suites, groups) },
            left,
            schemes: Vec::new(),
            protocols: Vec::new(),
            first_hung_up: None,
            complete: is_idle.then_some(false),
        }
    }

    /// The next offer; `None` once there is nothing more to ask.
    pub fn offer(&self) -> Option<Offer> {
        if self.complete.is_some() {
            return None;
        }
        let base = self.base.clone();
        Some(match &self.left {
            Left::Schemes(left) => Offer {
                signature_schemes: left.clone(),
                certificate_signature_schemes: lists::SCHEMES.to_vec(),
                ..base
            },
            Left::Protocols(left) => {
                Offer { alpn: left.iter().map(|protocol| protocol.to_vec()).collect(), ..base }
            }
        })
    }

    /// Takes the answer to that offer.
    pub fn hear(&mut self, answer: &SealedAnswer) {
        let first_hung_up = self.first_hung_up.take();
        match (answer, first_hung_up) {
            (SealedAnswer::Opened { scheme, alpn }, _) => self.opened(*scheme, alpn.as_ref()),
            (SealedAnswer::Refused, _) => self.complete = Some(true),
            (SealedAnswer::HungUp, None) => self.first_hung_up = Some(true),
            (SealedAnswer::Unheard, None) => self.first_hung_up = Some(false),
            // To hang up after silence is no refusal.
            (SealedAnswer::HungUp, Some(hung_up)) => self.complete = Some(hung_up),
            (SealedAnswer::Unheard, Some(_)) => self.complete = Some(false),
        }
    }

    fn opened(&mut self, scheme: Option<SignatureScheme>, alpn: Option<&Untrusted>) {
        match &mut self.left {
            Left::Schemes(left) => match scheme {
                Some(scheme) => {
                    let at = left.iter().position(|other| *other == scheme);
                    if !self.schemes.contains(&scheme) {
                        self.schemes.push(scheme);
                    }
                    // One that signs as it likes, whatever is offered, has told all there is.
                    if at.map(|at| left.remove(at)).is_none() || left.is_empty() {
                        self.complete = Some(true);
                    }
                }
                None => self.complete = Some(false),
            },
            Left::Protocols(left) => {
                let at = alpn.and_then(|alpn| {
                    left.iter().position(|protocol| Untrusted::from_bytes(protocol) == *alpn)
                });
                if let (Some(at), Some(alpn)) = (at, alpn) {
                    left.remove(at);
                    self.protocols.push(alpn.clone());
                }
                if at.is_none() || left.is_empty() {
                    self.complete = Some(true);
                }
            }
        }
    }

    /// The schemes, and whether these are all.
    pub fn into_schemes(self) -> (Vec<SignatureScheme>, bool) {
        (self.schemes, self.complete == Some(true))
    }

    /// The protocols; `None` if that could not be found out in full.
    pub fn into_protocols(self) -> Option<Vec<Untrusted>> {
        (self.complete == Some(true)).then_some(self.protocols)
    }
}

#[cfg(test)]
mod tests;
