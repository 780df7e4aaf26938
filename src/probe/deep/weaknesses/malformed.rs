//! What the probes with malformed CBC records share: a suite to send them under, and how they say what they saw.

use super::is_refused;
use crate::model::finding::EvidenceValue;
use crate::model::{Evidence, Inspection, Reaction};
use crate::probe::deep::host::Host;
use crate::probe::deep::sessions::older_terms;
use crate::tls::CipherSuite;
use crate::tls::session::{Terms, is_cbc};

/// Terms with the one CBC suite that the server likes best in the newest version that has one; else why there are none.
pub(super) fn cbc_terms(host: &Host<'_>, inspection: &Inspection) -> Result<Terms, Reaction> {
    if is_refused(inspection, |suite| suite.known_name().is_some_and(|name| name.contains("_CBC_"))) {
        return Err(Reaction::NotApplicable);
    }
    older_terms(host, &inspection.versions, is_cbc)
        .map(|terms| Terms { cipher_suites: terms.cipher_suites.iter().take(1).copied().collect(), ..terms })
        .ok_or(Reaction::not_determined("no CBC suite of the server is known that is spoken here"))
}

/// Version, suite and what was seen.
pub(super) fn evidence(terms: &Terms, seen: Vec<String>) -> Evidence {
    let suite = terms.cipher_suites.first().map(CipherSuite::to_string).unwrap_or_default();
    Evidence(vec![
        ("version".into(), terms.version.to_string().into()),
        ("cipher_suite".into(), suite.into()),
        ("seen".into(), EvidenceValue::List(seen)),
    ])
}

#[cfg(test)]
mod tests;
