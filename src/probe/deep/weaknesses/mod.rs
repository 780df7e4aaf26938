//! Probes for weaknesses that only an active, harmless probe can show: one file each. A doubtful answer is "not
//! determined". Never judges, never repeats bytes that a server leaked.

mod ccs_injection;
mod heartbleed;
mod malformed;
mod opening;
mod padding_oracle;
mod poodle_tls;
mod robot;
mod starttls_injection;
mod ticketbleed;

use super::host::Host;
use crate::model::{Inspection, Probe, VersionFacts};
use crate::tls::{CipherSuite, ProtocolVersion};

/// Versions in which these weaknesses live.
const OLDER: [ProtocolVersion; 4] =
    [ProtocolVersion::SSLv3, ProtocolVersion::TLSv1_0, ProtocolVersion::TLSv1_1, ProtocolVersion::TLSv1_2];

/// Every probe, in the order of [`ProbeName::ALL`](crate::model::ProbeName::ALL). No more than two connections at a time.
pub(super) async fn probe(host: &Host<'_>, inspection: &Inspection) -> Vec<Probe> {
    let (heartbleed, ccs_injection) =
        tokio::join!(heartbleed::probe(host, inspection), ccs_injection::probe(host, inspection));
    let (ticketbleed, robot) =
        tokio::join!(ticketbleed::probe(host, inspection), robot::probe(host, inspection));
    let (poodle_tls, padding_oracle) =
        tokio::join!(poodle_tls::probe(host, inspection), padding_oracle::probe(host, inspection));
    let starttls_injection = starttls_injection::probe(host).await;
    vec![heartbleed, ccs_injection, ticketbleed, robot, poodle_tls, padding_oracle, starttls_injection]
}

fn older(inspection: &Inspection) -> impl Iterator<Item = Option<&VersionFacts>> {
    OLDER.into_iter().map(|version| inspection.versions.iter().find(|facts| facts.version == version))
}

/// The server may speak something up to TLS 1.2: it is not known to refuse all of it.
fn may_speak_older(inspection: &Inspection) -> bool {
    older(inspection).any(|facts| facts.is_none_or(|facts| facts.offered != Some(false)))
}

/// The newest version up to TLS 1.2 that the server is known to speak with such suites, and these suites; else TLS 1.2,
/// which it may answer with an older one, and none.
fn newest_with(
    inspection: &Inspection,
    is_such: impl Fn(CipherSuite) -> bool,
) -> (ProtocolVersion, Vec<CipherSuite>) {
    for version in OLDER.into_iter().rev() {
        let facts = inspection.versions.iter().find(|facts| facts.version == version);
        let suites = facts.map(|facts| facts.cipher_suites.as_slice()).unwrap_or_default();
        let such: Vec<CipherSuite> = suites.iter().copied().filter(|suite| is_such(*suite)).collect();
        if !such.is_empty() {
            return (version, such);
        }
    }
    (ProtocolVersion::TLSv1_2, Vec::new())
}

/// The server is known to refuse every such suite up to TLS 1.2.
fn is_refused(inspection: &Inspection, is_such: impl Fn(CipherSuite) -> bool) -> bool {
    older(inspection).all(|facts| {
        facts.is_some_and(|facts| {
            let has_none = !facts.cipher_suites.iter().any(|suite| is_such(*suite));
            facts.offered == Some(false) || facts.suites_complete && has_none
        })
    })
}

#[cfg(test)]
mod tests;
