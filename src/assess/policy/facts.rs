//! What rules look at: the paths of an observation, and what is known of the endpoint's versions, suites and groups.

use std::sync::Arc;

use super::said::{Said, Why};
use crate::assess::determined::{
    groups_are_settled, primes_are_settled, schemes_are_settled, suites_are_settled,
};
use crate::assess::view::{ChainView, Standing};
use crate::model::{
    Inspection, Observation, Outcome, PostQuantum, Scope, TlsFacts, Transport, Verdict, VersionFacts, When,
};
use crate::time::UnixTime;
use crate::tls::{CipherSuite, NamedGroup, ProtocolVersion, SignatureScheme};
use crate::x509::Certificate;

/// Everything that rules look at, put together once for all policies.
pub(crate) struct Facts<'a> {
    pub(super) observation: &'a Observation,
    pub(super) verdicts: &'a [Verdict],
    pub(super) chains: Vec<ChainFacts<'a>>,
    pub(super) now: UnixTime,
}

/// One chain's path.
pub(crate) struct ChainFacts<'a> {
    /// End-entity first, without the anchor.
    pub(super) path: Vec<PathCertificate<'a>>,
    /// Leads to a public authority; `None` where no public store was asked.
    pub(super) is_public: Option<bool>,
}

/// One certificate of a path.
pub(super) struct PathCertificate<'a> {
    pub(super) certificate: &'a Certificate,
    pub(super) is_leaf: bool,
    /// Somebody relies on its signature.
    pub(super) is_signed: bool,
}

impl<'a> ChainFacts<'a> {
    pub(crate) fn of(view: &ChainView<'a>) -> Self {
        let asks_public = view.context.stores.iter().any(|store| store.info.is_public);
        let signed: Vec<usize> = view.signed_path().map(|(index, _)| index).collect();
        let path = view.path().map(|(index, certificate)| PathCertificate {
            certificate,
            is_leaf: index == 0,
            is_signed: signed.contains(&index),
        });
        let is_public = match (asks_public, &view.standing) {
            (false, _) => None,
            (true, Standing::Trusted(_)) => Some(view.is_publicly_trusted()),
            (true, Standing::SelfSigned | Standing::UnknownIssuer) => Some(false),
            // Whose it is shows only where the path holds.
            (
                true,
                Standing::OnlyTime(_) | Standing::Faulty(_) | Standing::Incomplete(_) | Standing::NotAsked,
            ) => None,
        };
        Self { path: path.collect(), is_public }
    }
}

impl<'a> Facts<'a> {
    pub(crate) fn new(
        observation: &'a Observation,
        chains: Vec<ChainFacts<'a>>,
        verdicts: &'a [Verdict],
        now: UnixTime,
    ) -> Self {
        Self { observation, verdicts, chains, now }
    }

    /// The presented end-entity certificate.
    pub(super) fn leaf(&self) -> Option<&'a Arc<Certificate>> {
        self.observation.outcome.presented().and_then(|chain| chain.end_entity())
    }

    pub(super) fn tls(&self) -> Option<&'a TlsFacts> {
        match &self.observation.outcome {
            Outcome::Handshake(handshake) => Some(&handshake.tls),
            _ => None,
        }
    }

    pub(super) fn inspection(&self) -> Option<&'a Inspection> {
        match &self.observation.outcome {
            Outcome::Handshake(handshake) => handshake.inspection.as_deref(),
            _ => None,
        }
    }

    /// An inspection that asked for everything: only there can something be missing.
    pub(super) fn whole_inspection(&self) -> Option<&'a Inspection> {
        self.inspection().filter(|inspection| inspection.scope == Scope::Everything)
    }

    /// Conditions on the endpoint as a whole; `None` where they hold.
    pub(super) fn condition(&self, when: &When) -> Option<Said> {
        if let Some(wanted) = when.public_ca
            && let Some(said) =
                public_condition(wanted, self.chains.first().and_then(|chain| chain.is_public))
        {
            return Some(said);
        }
        if when.ocsp_url && self.leaf().is_some_and(|leaf| leaf.ocsp_urls.is_empty()) {
            return Some(Why::NoOcspUrl.not_applicable());
        }
        None
    }

    /// Whether a version is spoken, TLS standing for DTLS; `None` where nobody knows.
    pub(super) fn speaks(&self, version: ProtocolVersion) -> Option<bool> {
        if self.tls().and_then(|tls| tls.version).map(as_tls) == Some(version) {
            return Some(true);
        }
        let is_impossible = match self.observation.endpoint.transport {
            // RFC 9001 section 4.2.
            Transport::Quic => version < ProtocolVersion::TLSv1_3,
            // DTLS begins with what TLS 1.1 is, and its 1.3 was not asked for.
            Transport::Dtls => version < ProtocolVersion::TLSv1_1,
            Transport::Tcp | Transport::File => false,
        };
        if is_impossible {
            return Some(false);
        }
        self.inspection()?.versions.iter().find(|facts| as_tls(facts.version) == version)?.offered
    }

    /// What was found of the versions that a rule is about; all of them where it names none.
    pub(super) fn versions(&self, when: &'a When) -> impl Iterator<Item = &'a VersionFacts> + use<'a> {
        let facts = self.inspection().map(|inspection| inspection.versions.as_slice()).unwrap_or_default();
        facts.iter().filter(|facts| is_meant(when, Some(facts.version)))
    }

    /// The versions that a rule is about are not spoken, or nobody knows; `None` where one is.
    pub(super) fn version_condition(&self, when: &When) -> Option<Said> {
        let speaks = || when.versions.iter().map(|version| self.speaks(*version));
        if when.versions.is_empty() || speaks().any(|speaks| speaks == Some(true)) {
            None
        } else if speaks().all(|speaks| speaks == Some(false)) {
            Some(Why::VersionNotSpoken.not_applicable())
        } else {
            Some(Why::VersionUnknown.not_determined())
        }
    }

    pub(super) fn suites(&self, when: &'a When) -> impl Iterator<Item = CipherSuite> + use<'a> {
        let negotiated =
            self.tls().filter(|tls| is_meant(when, tls.version)).and_then(|tls| tls.cipher_suite);
        self.versions(when).flat_map(|facts| facts.cipher_suites.iter().copied()).chain(negotiated)
    }

    pub(super) fn groups(&self, when: &'a When) -> impl Iterator<Item = NamedGroup> + use<'a> {
        let tls = self.tls();
        let negotiated = tls.filter(|tls| is_meant(when, tls.version)).and_then(|tls| tls.group);
        let hybrid = match tls.and_then(|tls| tls.post_quantum) {
            Some(PostQuantum::Group(group)) if is_meant(when, Some(ProtocolVersion::TLSv1_3)) => Some(group),
            _ => None,
        };
        self.versions(when).flat_map(|facts| facts.groups.iter().copied()).chain(negotiated).chain(hybrid)
    }

    pub(super) fn schemes(&self, when: &'a When) -> impl Iterator<Item = SignatureScheme> + use<'a> {
        self.versions(when).flat_map(|facts| facts.signature_schemes.iter().copied())
    }

    pub(super) fn suites_are_whole(&self, when: &'a When) -> bool {
        self.is_whole(when, suites_are_settled)
    }

    pub(super) fn groups_are_whole(&self, when: &'a When) -> bool {
        self.is_whole(when, groups_are_settled)
    }

    pub(super) fn schemes_are_whole(&self, when: &'a When) -> bool {
        // Signature schemes are what TLS 1.2 and 1.3 have.
        self.is_whole(when, |facts| {
            as_tls(facts.version) < ProtocolVersion::TLSv1_2 || schemes_are_settled(facts)
        })
    }

    pub(super) fn primes_are_whole(&self) -> bool {
        self.whole_inspection().is_some_and(primes_are_settled)
    }

    /// Everything that the rule is about was asked for. SSL 2 has neither suites nor groups of TLS.
    fn is_whole(&self, when: &'a When, is_settled: impl Fn(&VersionFacts) -> bool) -> bool {
        let Some(inspection) = self.whole_inspection() else { return false };
        let is_there = |version: &ProtocolVersion| {
            inspection.versions.iter().any(|facts| as_tls(facts.version) == *version)
                || self.speaks(*version) == Some(false)
        };
        !inspection.versions.is_empty()
            && when.versions.iter().all(is_there)
            && self.versions(when).all(|facts| facts.version == ProtocolVersion::SSLv2 || is_settled(facts))
    }
}

/// What a condition on the authority says; `None` where it holds.
pub(super) fn public_condition(wanted: bool, is_public: Option<bool>) -> Option<Said> {
    match (is_public, wanted) {
        (Some(true), true) | (Some(false), false) => None,
        (Some(true), false) => Some(Why::Public.not_applicable()),
        (Some(false), true) => Some(Why::NotPublic.not_applicable()),
        (None, _) => Some(Why::NoPublicStore.not_determined()),
    }
}

fn is_meant(when: &When, version: Option<ProtocolVersion>) -> bool {
    when.versions.is_empty() || version.is_some_and(|version| when.versions.contains(&as_tls(version)))
}

/// The version of TLS that a version of DTLS is made from (RFC 4347, RFC 6347).
pub(super) fn as_tls(version: ProtocolVersion) -> ProtocolVersion {
    match version {
        ProtocolVersion::DTLSv1_0 => ProtocolVersion::TLSv1_1,
        ProtocolVersion::DTLSv1_2 => ProtocolVersion::TLSv1_2,
        other => other,
    }
}
