//! What the built-in policy `certvigil-default` forbids, as far as a hello can ask for it. What stands here is medium or
//! worse where a server accepts it, and nothing else of a hello is: the tests hold the two together.

use crate::model::Forbidden;
use crate::tls::{CipherSuite, NamedGroup, ProtocolVersion};

/// Curves with keys under 224 bits: less than 112 bits of strength (NIST SP 800-57 part 1 r5, table 2).
pub(super) const WEAK_GROUPS: &[NamedGroup] = &[
    NamedGroup::sect163k1,
    NamedGroup::sect163r1,
    NamedGroup::sect163r2,
    NamedGroup::sect193r1,
    NamedGroup::sect193r2,
    NamedGroup::secp160k1,
    NamedGroup::secp160r1,
    NamedGroup::secp160r2,
    NamedGroup::secp192k1,
    NamedGroup::secp192r1,
];

/// What `certvigil-default` forbids: versions before TLS 1.2, suites with a weakness, groups under 224 bits.
pub fn forbidden() -> Forbidden {
    Forbidden {
        versions: vec![
            ProtocolVersion::SSLv2,
            ProtocolVersion::SSLv3,
            ProtocolVersion::TLSv1_0,
            ProtocolVersion::TLSv1_1,
        ],
        cipher_suites: (0..=u16::MAX).map(CipherSuite).filter(|suite| suite.weakness().is_some()).collect(),
        groups: WEAK_GROUPS.to_vec(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assess::tests::inspected::{accepting, judged, sound};
    use crate::model::PolicyOutcome;

    fn outcome(suite: CipherSuite) -> PolicyOutcome {
        judged(&accepting(ProtocolVersion::TLSv1_2, &[suite])).policies[0].outcome
    }

    #[test]
    fn a_suite_fails_the_policy_if_and_only_if_it_is_forbidden() {
        let forbidden = forbidden();
        for suite in (0..=u16::MAX).map(CipherSuite).filter(|suite| suite.known_name().is_some()) {
            let is_forbidden = forbidden.cipher_suites.contains(&suite);
            assert_eq!(outcome(suite) == PolicyOutcome::Fail, is_forbidden, "{suite}");
        }
        assert!(forbidden.cipher_suites.len() > 100);
    }

    #[test]
    fn forbidden_versions_and_groups_fail_the_policy() {
        let forbidden = forbidden();
        for version in &forbidden.versions {
            let mut inspection = sound();
            inspection
                .versions
                .iter_mut()
                .filter(|f| f.version == *version)
                .for_each(|f| f.offered = Some(true));
            assert_eq!(judged(&inspection).policies[0].outcome, PolicyOutcome::Fail, "{version}");
        }
        for group in &forbidden.groups {
            let mut inspection = sound();
            let facts =
                inspection.versions.iter_mut().find(|f| f.version == ProtocolVersion::TLSv1_2).unwrap();
            facts.groups.push(*group);
            assert_eq!(judged(&inspection).policies[0].outcome, PolicyOutcome::Fail, "{group}");
        }
        assert_eq!(judged(&sound()).policies[0].outcome, PolicyOutcome::Pass);
    }
}
