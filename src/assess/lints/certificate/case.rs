//! One certificate in front of a lint.

use std::sync::Arc;

use super::Breach;
use crate::assess::structure::End;
use crate::assess::view::ChainView;
use crate::assess::words;
use crate::model::Outcome;
use crate::model::finding::EvidenceValue;
use crate::text::Untrusted;
use crate::time::UnixTime;
use crate::x509::certificate::{KeyUsage, PublicKey};
use crate::x509::{Certificate, Encoding};

/// Names that evidence lists.
const LISTED: usize = 20;

/// A certificate of a path, and what its encoding says.
pub(in crate::assess) struct Case<'a> {
    pub(in crate::assess) certificate: &'a Arc<Certificate>,
    pub(in crate::assess) encoding: Encoding<'a>,
    /// The chain leads to a public anchor.
    pub(in crate::assess) is_public: bool,
    /// It is the end-entity certificate, and signed by its own key.
    pub(in crate::assess) is_self_signed: bool,
    is_end_entity: bool,
}

impl<'a> Case<'a> {
    pub(in crate::assess) fn new(
        view: &ChainView<'_>,
        index: usize,
        certificate: &'a Arc<Certificate>,
        is_public: bool,
    ) -> Self {
        let is_first = index == 0;
        let is_self_signed = is_first && view.structure.end == End::SelfSigned;
        // A CA certificate in a file is no server's.
        let is_in_file = matches!(view.observation.outcome, Outcome::Read(_));
        let is_end_entity = is_first && !(is_in_file && certificate.is_ca());
        Self { certificate, encoding: certificate.encoding(), is_public, is_self_signed, is_end_entity }
    }

    pub(in crate::assess) fn is_end_entity(&self) -> bool {
        self.is_end_entity
    }

    /// Whether it was issued on `day` or later; one without a readable notBefore was not.
    pub(in crate::assess) fn is_issued_since(&self, day: UnixTime) -> bool {
        self.certificate.not_before.is_some_and(|issued| issued >= day)
    }

    /// Its key, where that could be read and is of this algorithm.
    pub(in crate::assess) fn key(&self, algorithm: &str) -> Option<&'a PublicKey> {
        let key = self.certificate.key.as_ref().filter(|key| key.algorithm == algorithm)?;
        self.certificate.is_read("subjectPublicKeyInfo").then_some(key)
    }

    /// keyUsage where it is there and readable.
    pub(in crate::assess) fn key_usage(&self) -> Option<KeyUsage> {
        self.certificate.key_usage.filter(|_| self.certificate.is_read("keyUsage"))
    }

    /// Purposes where the extension is there and readable.
    pub(in crate::assess) fn purposes(&self) -> Option<&'a [String]> {
        let purposes = self.certificate.extended_key_usage.as_deref()?;
        self.certificate.is_read("extKeyUsage").then_some(purposes)
    }

    /// DNS names, as far as they were read.
    pub(in crate::assess) fn dns_names(&self) -> &'a [Untrusted] {
        self.certificate.san.as_ref().map_or(&[], |san| &san.dns)
    }

    /// The breach by DNS names that `is_bad` says are; `what` continues "… names X, ". `None` where none is.
    pub(in crate::assess) fn bad_names(&self, what: &str, is_bad: impl Fn(&str) -> bool) -> Option<Breach> {
        let bad = self.dns_names().iter().filter(|name| is_bad(name.raw()));
        self.listed(bad.map(words::quoted), what)
    }

    /// The breach by these names.
    pub(in crate::assess) fn listed(
        &self,
        mut names: impl Iterator<Item = String>,
        what: &str,
    ) -> Option<Breach> {
        let mut listed: Vec<_> = names.by_ref().take(LISTED).collect();
        let first = listed.first()?.clone();
        let count = listed.len() + names.count();
        let others = match count {
            1 => String::new(),
            count => format!(" (and {} more such names)", count - 1),
        };
        if count > LISTED {
            listed.push(format!("{} more", count - LISTED));
        }
        Some(
            Breach::new(format!("{} names {first}{others}, {what}.", words::certificate(self.certificate)))
                .fact("names", EvidenceValue::List(listed)),
        )
    }

    /// The breach `{certificate} {what}.`
    pub(in crate::assess) fn breach(&self, what: impl std::fmt::Display) -> Option<Breach> {
        Some(Breach::new(format!("{} {what}.", words::certificate(self.certificate))))
    }
}
