//! What an endpoint accepts, by all that was seen of it: the enumeration where there is one, and the handshake that
//! was made. What was not looked at is not in it.

use super::view::EndpointView;
use super::words;
use crate::model::{Inspection, Probe, ProbeName, Reaction, Scope, VersionFacts};
use crate::tls::{CipherSuite, ProtocolVersion};

/// Suites in a verdict's evidence.
const MOST_FACTS: usize = 64;

/// Accepted suites with the versions they are accepted in, newest first.
#[derive(Debug, Default)]
pub(super) struct Suites(Vec<(CipherSuite, Vec<ProtocolVersion>)>);

impl Suites {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = CipherSuite> + '_ {
        self.0.iter().map(|(suite, _)| *suite)
    }

    /// `A, B and 3 more`.
    pub(super) fn sentence(&self) -> String {
        words::listed(&self.iter().map(|suite| suite.to_string()).collect::<Vec<_>>())
    }

    /// One line for each, with its versions.
    pub(super) fn facts(&self) -> Vec<String> {
        let line = |(suite, versions): &(CipherSuite, Vec<ProtocolVersion>)| {
            let versions: Vec<_> = versions.iter().map(|version| version.to_string()).collect();
            if versions.is_empty() { suite.to_string() } else { format!("{suite} ({})", versions.join(", ")) }
        };
        self.0.iter().take(MOST_FACTS).map(line).collect()
    }

    fn add(&mut self, suite: CipherSuite, version: Option<ProtocolVersion>) {
        let position = self.0.iter().position(|(known, _)| *known == suite);
        match position.and_then(|position| self.0.get_mut(position)) {
            Some((_, versions)) => versions.extend(version.filter(|version| !versions.contains(version))),
            None => self.0.push((suite, version.into_iter().collect())),
        }
    }
}

impl<'a> EndpointView<'a> {
    /// What deep inspection found, if there was one.
    pub(super) fn inspection(&self) -> Option<&'a Inspection> {
        self.observation.outcome.inspection()
    }

    /// The inspection, if it looked at everything: only then can something be missing.
    pub(super) fn full_inspection(&self) -> Option<&'a Inspection> {
        self.inspection().filter(|inspection| inspection.scope == Scope::Everything)
    }

    /// What was found out about one version.
    pub(super) fn version(&self, version: ProtocolVersion) -> Option<&'a VersionFacts> {
        self.inspection()?.versions.iter().find(|facts| facts.version == version)
    }

    /// The probe, if it showed the weakness.
    pub(super) fn weak_probe(&self, name: ProbeName) -> Option<&'a Probe> {
        let probes = &self.inspection()?.probes;
        probes.iter().find(|probe| probe.name == name && probe.reaction == Reaction::Weak)
    }

    /// Versions that are known to be spoken, oldest first.
    pub(super) fn versions(&self) -> Vec<ProtocolVersion> {
        let facts = self.inspection().map(|inspection| inspection.versions.as_slice()).unwrap_or_default();
        let mut versions: Vec<_> = facts
            .iter()
            .filter(|facts| facts.offered == Some(true))
            .map(|facts| facts.version)
            .chain(self.tls().and_then(|tls| tls.version))
            .collect();
        versions.sort();
        versions.dedup();
        versions
    }

    /// Accepted suites that `is_meant`, those of the newest version first.
    pub(super) fn suites(&self, is_meant: impl Fn(ProtocolVersion, CipherSuite) -> bool) -> Suites {
        let facts = self.inspection().map(|inspection| inspection.versions.as_slice()).unwrap_or_default();
        let mut suites = Suites::default();
        for facts in facts.iter().rev() {
            for suite in facts.cipher_suites.iter().filter(|suite| is_meant(facts.version, **suite)) {
                suites.add(*suite, Some(facts.version));
            }
        }
        if let Some(tls) = self.tls()
            && let Some(suite) = tls.cipher_suite
            && is_meant(tls.version.unwrap_or(ProtocolVersion::TLSv1_2), suite)
        {
            suites.add(suite, tls.version);
        }
        suites
    }
}
