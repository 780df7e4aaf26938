//! Signature schemes of TLS 1.2, as the ServerKeyExchange names them (RFC 5246 section 7.4.3), one kind of key after the
//! other. Goes on from what the enumeration of suites saw by the way. Never asks about other versions.

use super::ear::{Ear, Verdict};
use super::suites::{self, SuitesFound};
use super::{Aim, Enumeration, lists};
use crate::tls::registry::Authentication;
use crate::tls::{
    Answer, CipherSuite, KeyExchange, Offer, ProtocolVersion, Question, ServerAnswer, SignatureScheme, Until,
};

const KINDS: [Authentication; 3] = [Authentication::Ecdsa, Authentication::Rsa, Authentication::Dss];

/// The enumeration of what a server signs its key exchange with.
#[derive(Debug)]
pub struct OldSchemes {
    ear: Ear,
    /// Kinds to come, the current one last: suites to ask with, and schemes that were not chosen yet.
    kinds: Vec<(Vec<CipherSuite>, Vec<SignatureScheme>)>,
    found: Vec<SignatureScheme>,
    complete: bool,
}

impl OldSchemes {
    /// Goes on from the suites of TLS 1.2. Asks nothing if those took small hellos: its own are long.
    pub fn new(suites: &SuitesFound) -> Self {
        let kinds = KINDS.iter().rev().filter_map(|kind| {
            let signs = |suite: &&CipherSuite| {
                suite.forward_secrecy() == Some(true) && suite.authentication() == Some(*kind)
            };
            let with: Vec<_> = suites.cipher_suites.iter().filter(signs).copied().collect();
            let left: Vec<_> = lists::SCHEMES
                .iter()
                .filter(|scheme| fits(**scheme, *kind) && !suites.schemes.contains(scheme))
                .copied()
                .collect();
            (!with.is_empty() && !left.is_empty()).then_some((with, left))
        });
        Self {
            ear: Ear::default(),
            kinds: kinds.filter(|_| !suites.is_small).collect(),
            found: suites.schemes.clone(),
            complete: suites.offered == Some(true) && !suites.is_small,
        }
    }

    /// The schemes, and whether these are all.
    pub fn finish(self) -> (Vec<SignatureScheme>, bool) {
        (self.found, self.complete && self.kinds.is_empty())
    }

    fn chosen(&mut self, answer: &ServerAnswer) {
        let scheme = match &answer.key_exchange {
            Some(KeyExchange::Ecdhe { scheme, .. } | KeyExchange::Dhe { scheme, .. }) => *scheme,
            _ => None,
        };
        let Some((_, left)) = self.kinds.last_mut() else { return };
        let Some(scheme) = scheme.filter(|_| answer.version == ProtocolVersion::TLSv1_2) else {
            self.complete = false;
            self.kinds.pop();
            return;
        };
        let at = left.iter().position(|other| *other == scheme);
        if !self.found.contains(&scheme) {
            self.found.push(scheme);
        }
        match at {
            Some(at) => drop(left.remove(at)),
            // It signs as it likes, whatever is offered.
            None => left.clear(),
        }
        if left.is_empty() {
            self.kinds.pop();
        }
    }
}

impl Enumeration for OldSchemes {
    fn question(&self) -> Option<(Aim, Question)> {
        let (suites, left) = self.kinds.last()?;
        let offer = Offer {
            signature_schemes: left.clone(),
            // What the chain is signed with is another matter.
            certificate_signature_schemes: lists::SCHEMES.to_vec(),
            ..suites::offer(ProtocolVersion::TLSv1_2, suites.clone())
        };
        Some((Aim::SignatureSchemes, Question { offer, until: Until::KeyExchange }))
    }

    fn hear(&mut self, answer: &Answer) {
        match self.ear.hear(answer) {
            None => {}
            Some(Verdict::Chose(answer)) => self.chosen(answer),
            Some(Verdict::Refused(_)) => drop(self.kinds.pop()),
            Some(Verdict::Unheard) => {
                self.complete = false;
                self.kinds.pop();
            }
        }
    }
}

/// A key of this kind may sign so.
fn fits(scheme: SignatureScheme, kind: Authentication) -> bool {
    let name = scheme.known_name().unwrap_or_default();
    match kind {
        Authentication::Rsa => name.starts_with("rsa_"),
        Authentication::Dss => name.starts_with("dsa_"),
        // Suites for ECDSA serve EdDSA keys too (RFC 8422 section 5.1.3).
        Authentication::Ecdsa => name.starts_with("ecdsa_") || name.starts_with("ed"),
        _ => false,
    }
}

#[cfg(test)]
mod tests;
