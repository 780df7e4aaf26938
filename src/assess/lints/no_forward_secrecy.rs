//! `tls.forward_secrecy.none`: not one accepted suite has an ephemeral key exchange (RFC 9325 section 4.1): whoever gets
//! the server's key later reads all that was recorded before. Medium, and only said where every version was enumerated to
//! its end.

use super::Draft;
use crate::assess::view::EndpointView;
use crate::model::{Rule, Severity, Verdict, VersionFacts};
use crate::tls::{CipherSuite, ProtocolVersion};

/// SSL 2, which has none at all, is no matter here.
const ASKED: [ProtocolVersion; 5] = [
    ProtocolVersion::SSLv3,
    ProtocolVersion::TLSv1_0,
    ProtocolVersion::TLSv1_1,
    ProtocolVersion::TLSv1_2,
    ProtocolVersion::TLSv1_3,
];

pub(super) fn judge(view: &EndpointView<'_>) -> Option<Verdict> {
    let inspection = view.full_inspection()?;
    let is_settled = |facts: &VersionFacts| match facts.offered {
        Some(true) => facts.suites_complete,
        Some(false) => true,
        None => false,
    };
    let is_all_settled = ASKED.iter().all(|version| {
        inspection.versions.iter().any(|facts| facts.version == *version && is_settled(facts))
    });
    let suites = view.suites(|_, _| true);
    let has_none = |suite: CipherSuite| suite.forward_secrecy() == Some(false);
    if !is_all_settled || suites.is_empty() || !suites.iter().all(has_none) {
        return None;
    }
    Draft::new(Rule::NoForwardSecrecy, Severity::Medium, "No suite has forward secrecy")
        .detail(format!("The server accepts only {}.", suites.sentence()))
        .group("no_forward_secrecy")
        .facts("cipher_suites", suites.facts())
        .remedy("Enable TLS 1.3, or ECDHE suites in TLS 1.2.")
        .sources(&["RFC 9325 section 4.1"])
        .on_endpoint(view)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assess::tests::inspected::{accepting, finding, is_silent, of, sound};
    use crate::model::{Inspection, Scope};

    fn only_rsa() -> Inspection {
        let suite = CipherSuite::TLS_RSA_WITH_AES_128_GCM_SHA256;
        let mut inspection = accepting(ProtocolVersion::TLSv1_2, &[suite]);
        let facts = of(&mut inspection, ProtocolVersion::TLSv1_3);
        facts.offered = Some(false);
        facts.cipher_suites.clear();
        inspection
    }

    #[test]
    fn a_server_with_rsa_key_exchange_alone_has_none() {
        assert_eq!(finding(&only_rsa(), Rule::NoForwardSecrecy).severity, Severity::Medium);
        assert!(is_silent(&sound(), Rule::NoForwardSecrecy));
    }

    #[test]
    fn what_was_not_looked_at_may_have_it() {
        let mut incomplete = only_rsa();
        of(&mut incomplete, ProtocolVersion::TLSv1_2).suites_complete = false;
        let mut unknown = only_rsa();
        of(&mut unknown, ProtocolVersion::TLSv1_3).offered = None;
        let forbidden = Inspection { scope: Scope::Forbidden, ..only_rsa() };
        for inspection in [incomplete, unknown, forbidden] {
            assert!(is_silent(&inspection, Rule::NoForwardSecrecy));
        }
    }
}
