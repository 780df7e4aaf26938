//! Post-quantum key exchange, endpoint by endpoint, and under the policies that name groups (Mozilla Server Side TLS
//! 6.0; NIST FIPS 203 groups; CNSA 2.0 by draft-becker-cnsa2-tls-profile; BSI TR-02102-2 2026-01).

use crate::assess::lints::post_quantum_standing;
use crate::assess::view::EndpointView;
use crate::model::readiness::{GroupPolicy, KeyExchange};
use crate::model::{PostQuantum, Scope};
use crate::tls::{NamedGroup, ProtocolVersion};

/// How far an endpoint is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::assess) enum Standing {
    /// Takes a group with ML-KEM from a client that offers it.
    Ready,
    /// Has one, by a draft only or behind a classical one.
    Transition,
    /// Speaks TLS 1.3 without one.
    Classical,
    /// Has no TLS 1.3, which must come first.
    NoTls13,
    /// Was not asked.
    Unknown,
}

/// Every group with ML-KEM: FIPS 203 names the mechanism, not the classical half beside it.
const NIST: &[NamedGroup] = &[
    NamedGroup::X25519MLKEM768,
    NamedGroup::SecP256r1MLKEM768,
    NamedGroup::SecP384r1MLKEM1024,
    NamedGroup::MLKEM512,
    NamedGroup::MLKEM768,
    NamedGroup::MLKEM1024,
];

/// Nothing counted yet.
pub(super) fn begin() -> KeyExchange {
    let policy = |name, groups| GroupPolicy { name, groups, pass: 0, fail: 0, unknown: 0 };
    let policies = vec![
        policy("mozilla-6.0", &[NamedGroup::X25519MLKEM768]),
        policy("nist", NIST),
        policy("cnsa-2.0", &[NamedGroup::SecP384r1MLKEM1024, NamedGroup::MLKEM1024]),
        policy("bsi-tr-02102-2-2026", &[NamedGroup::SecP256r1MLKEM768, NamedGroup::SecP384r1MLKEM1024]),
    ];
    KeyExchange { policies, ..KeyExchange::default() }
}

/// Counts one endpoint.
pub(super) fn observe(counts: &mut KeyExchange, view: &EndpointView<'_>) {
    let standing = post_quantum_standing(view);
    *match standing {
        Standing::Ready => &mut counts.ready,
        Standing::Transition => &mut counts.transition,
        Standing::Classical => &mut counts.classical,
        Standing::NoTls13 => &mut counts.no_tls13,
        Standing::Unknown => &mut counts.unknown,
    } += 1;
    let (known, mut is_complete) = known_groups(view);
    let refused_all = view.tls().is_some_and(|tls| tls.post_quantum == Some(PostQuantum::Refused));
    is_complete |= standing == Standing::NoTls13 || refused_all;
    for policy in &mut counts.policies {
        // A handshake that ends with a classical group tells of the one that it offered beside, and of no other.
        let offered_alone = standing == Standing::Classical && *policy.groups == [NamedGroup::X25519MLKEM768];
        *match () {
            () if policy.groups.iter().any(|group| known.contains(group)) => &mut policy.pass,
            () if is_complete || offered_alone => &mut policy.fail,
            () => &mut policy.unknown,
        } += 1;
    }
}

/// Groups that the endpoint was seen to take under TLS 1.3, and whether these are all.
fn known_groups(view: &EndpointView<'_>) -> (Vec<NamedGroup>, bool) {
    let mut known = Vec::new();
    let Some(tls) = view.tls() else { return (known, false) };
    if tls.version == Some(ProtocolVersion::TLSv1_3) {
        known.extend(tls.group);
    }
    if let Some(PostQuantum::Group(group)) = tls.post_quantum {
        known.push(group);
    }
    let mut is_complete = false;
    if let Some(facts) = view.version(ProtocolVersion::TLSv1_3) {
        known.extend(&facts.groups);
        let everything = view.inspection().is_some_and(|found| found.scope == Scope::Everything);
        is_complete = everything && facts.groups_complete;
    }
    (known, is_complete)
}
