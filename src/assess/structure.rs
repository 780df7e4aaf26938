//! How the served certificates belong together: who signed whom, by signature and not by name alone.
//!
//! Depends on the chain only: not on the time, not on a trust store. Costs signatures, so it is cached by chain.

use crate::x509::{Certificate, Chain};
use crate::x509::{SignatureCheck, signed_by};

/// Served certificates looked at; the rest of a longer list is kept and never judged.
pub(crate) const MAX_CERTIFICATES: usize = 17;
/// Signatures verified for one chain: a list of certificates that all bear one name must not cost more.
const MAX_SIGNATURES: usize = 64;

/// What the served list is made of. Indices are positions in the served list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Structure {
    /// From the end-entity certificate upwards: each is signed by the next.
    pub(crate) climb: Box<[usize]>,
    pub(crate) end: End,
    /// Certificates that are in no path: strangers, repetitions, and a self-signed root, which a client must have
    /// already (RFC 5246 section 7.4.2).
    pub(crate) superfluous: Box<[usize]>,
}

/// Where the climb ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// The end-entity certificate is signed by its own key.
    SelfSigned,
    /// A self-signed root was served.
    Root,
    /// The issuer of the last certificate was not served.
    Dangling,
    /// A served certificate has the issuer's name and key identifier, and yet the signature does not verify.
    BadSignature,
}

impl Structure {
    /// Reads `chain`. `proven` is a path whose signatures are verified already and cost nothing more.
    pub(crate) fn read(chain: &Chain, proven: Option<&[usize]>) -> Self {
        let mut reader = Reader {
            certificates: chain.certificates.get(..MAX_CERTIFICATES).unwrap_or(&chain.certificates),
            proven: proven.unwrap_or_default(),
            signatures_left: MAX_SIGNATURES,
        };
        reader.read()
    }

    /// Each certificate of the climb is followed by its signer.
    pub(crate) fn is_in_order(&self) -> bool {
        // A root at the end belongs to no path, so its place is no fault.
        self.climb_below_root().iter().enumerate().all(|(position, index)| position == *index)
    }

    /// The climb without a root: what is judged where no store gives a path.
    pub(crate) fn climb_below_root(&self) -> &[usize] {
        match (self.end, self.climb.split_last()) {
            (End::Root, Some((_, below))) => below,
            _ => &self.climb,
        }
    }
}

struct Reader<'a> {
    certificates: &'a [std::sync::Arc<Certificate>],
    proven: &'a [usize],
    signatures_left: usize,
}

impl Reader<'_> {
    fn read(&mut self) -> Structure {
        let (climb, end) = self.climb();
        let mut used = climb.clone();
        if end != End::SelfSigned {
            self.add_other_paths(&mut used);
        }
        if end == End::BadSignature {
            // What belongs to what cannot be told.
            used.extend(1..self.certificates.len());
        }
        let superfluous = (1..self.certificates.len())
            .filter(|index| !used.contains(index) || (end == End::Root && climb.last() == Some(index)))
            .collect();
        Structure { climb: climb.into(), end, superfluous }
    }

    fn climb(&mut self) -> (Vec<usize>, End) {
        let mut climb = vec![0];
        let mut at = 0;
        loop {
            if let Some(next) = self.issuer_of(at, &climb) {
                climb.push(next);
                at = next;
            } else if (at == 0 || self.is_self_issued(at)) && self.is_self_signed(at) {
                return (climb, if at == 0 { End::SelfSigned } else { End::Root });
            } else if self.has_forged_signature(at, &climb) {
                return (climb, End::BadSignature);
            } else {
                return (climb, End::Dangling);
            }
        }
    }

    /// The served certificate that signed `child`: the following one if it did, else the first that did.
    fn issuer_of(&mut self, child: usize, visited: &[usize]) -> Option<usize> {
        let others = (0..self.certificates.len()).filter(|index| *index != child + 1);
        std::iter::once(child + 1)
            .chain(others)
            .filter(|index| !visited.contains(index) && !self.repeats(*index, visited))
            .collect::<Vec<_>>()
            .into_iter()
            .find(|index| self.is_signed(child, *index))
    }

    /// Whether the certificate at `index` is the same as one of `visited`.
    fn repeats(&self, index: usize, visited: &[usize]) -> bool {
        let sha256 = |i: &usize| self.certificates.get(*i).map(|c| c.sha256);
        visited.iter().any(|v| sha256(v) == sha256(&index))
    }

    /// Certificates that signed one already used: the other arms of cross-signed paths.
    fn add_other_paths(&mut self, used: &mut Vec<usize>) {
        let mut at = 0;
        while let Some(child) = used.get(at).copied() {
            for index in 1..self.certificates.len() {
                if !used.contains(&index)
                    && !self.repeats(index, used)
                    && !self.is_self_issued(index)
                    && self.is_signed(child, index)
                {
                    used.push(index);
                }
            }
            at += 1;
        }
    }

    fn is_signed(&mut self, child: usize, issuer: usize) -> bool {
        self.proven.windows(2).any(|pair| *pair == [child, issuer])
            || self.signature(child, issuer) == Some(true)
    }

    fn is_self_issued(&self, index: usize) -> bool {
        self.certificates.get(index).is_some_and(|c| c.is_self_issued())
    }

    /// Signed by its own key. Names decide nothing: a CA that issues to itself under a new key is not self-signed,
    /// and a key may sign a certificate in which issuer and subject differ.
    fn is_self_signed(&mut self, index: usize) -> bool {
        let Some(certificate) = self.certificates.get(index).cloned() else { return false };
        if self.signatures_left == 0 {
            return false;
        }
        self.signatures_left -= 1;
        match signed_by(&certificate, &certificate) {
            SignatureCheck::Verified => true,
            SignatureCheck::Failed => false,
            SignatureCheck::Unsupported => {
                certificate.is_self_issued()
                    && (certificate.aki.is_none() || certificate.aki == certificate.ski)
            }
        }
    }

    fn has_forged_signature(&mut self, child: usize, climb: &[usize]) -> bool {
        (1..self.certificates.len())
            .filter(|index| !climb.contains(index))
            .collect::<Vec<_>>()
            .into_iter()
            .any(|index| self.signature(child, index) == Some(false))
    }

    /// `None`: the names do not fit, so that nothing is claimed. `Some(false)`: name and key identifier fit, the
    /// signature does not. Where the algorithm cannot be verified here, names and key identifiers must do.
    fn signature(&mut self, child: usize, issuer: usize) -> Option<bool> {
        let (child, issuer) = (self.certificates.get(child)?, self.certificates.get(issuer)?);
        if child.issuer.der != issuer.subject.der || child.issuer.der.is_empty() || self.signatures_left == 0
        {
            return None;
        }
        let contradicts =
            matches!((&child.aki, &issuer.ski), (Some(aki), Some(ski)) if !aki.is_empty() && aki != ski);
        self.signatures_left -= 1;
        match signed_by(child, issuer) {
            SignatureCheck::Verified => Some(true),
            SignatureCheck::Unsupported if !contradicts => Some(true),
            SignatureCheck::Failed if !contradicts => Some(false),
            // Another key of the same name: a renewed authority, not a forgery.
            _ => None,
        }
    }
}
