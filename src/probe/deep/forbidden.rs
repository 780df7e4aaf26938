//! The policy probe: asks for nothing but what is forbidden, so that a server that complies costs a handful of connections.
//! Never judges what it finds, never asks about what is allowed.

use super::enumerate::{ask_ssl2, dh_parameters, old_facts, run, tls13_facts};
use super::host::Host;
use crate::model::{Forbidden, Handshake, Inspection, OfferedFor, Scope, VersionFacts};
use crate::probe::leaf;
use crate::tls::ProtocolVersion;
use crate::tls::enumerate::{OldVersions, Only, OnlyFound, Sights, Suites, Tls13};
use crate::x509::RawChain;

const TLS12: ProtocolVersion = ProtocolVersion::TLSv1_2;
const TLS13: ProtocolVersion = ProtocolVersion::TLSv1_3;

/// Asks about what is forbidden; two lanes side by side.
pub(super) async fn ask(
    host: &Host<'_>,
    first: Option<&Handshake<RawChain>>,
    forbidden: &Forbidden,
    inspection: &mut Inspection,
) {
    let is_allowed = |version: &ProtocolVersion| !forbidden.versions.contains(version);
    let has_rsa = first.is_some_and(has_rsa_key);
    let ((tls12, sights12), (mut facts, mut sights)) = tokio::join!(
        async {
            if is_allowed(&TLS12) {
                only(host, TLS12, forbidden, has_rsa).await
            } else {
                let mut suites = Suites::new(TLS12);
                run(host, &mut suites).await;
                let found = suites.finish();
                let sights = found.sights.clone();
                (old_facts(found), sights)
            }
        },
        older_and_newer(host, forbidden)
    );
    facts.push(tls12);
    facts.sort_by_key(|facts| facts.version);
    sights.join(&sights12);
    // The version of the first handshake is one that the server speaks, whatever it refuses.
    let shown = first.and_then(|first| first.tls.version);
    for facts in &mut facts {
        if facts.offered.is_none() && shown == Some(facts.version) {
            facts.offered = Some(true);
        }
    }
    inspection.scope = Scope::Forbidden;
    inspection.versions = facts;
    inspection.dh_parameters = sights.dh.iter().map(dh_parameters).collect();
}

/// All but TLS 1.2.
async fn older_and_newer(host: &Host<'_>, forbidden: &Forbidden) -> (Vec<VersionFacts>, Sights) {
    let is_forbidden = |version: &ProtocolVersion| forbidden.versions.contains(version);
    let mut facts = Vec::new();
    let mut sights = Sights::default();
    if is_forbidden(&ProtocolVersion::SSLv2) {
        facts.push(ask_ssl2(host).await);
    }
    let mut older = OldVersions::among(&forbidden.versions);
    run(host, &mut older).await;
    for found in older.finish() {
        sights.join(&found.sights);
        facts.push(old_facts(found));
    }
    for version in OldVersions::ALL.into_iter().filter(|version| !is_forbidden(version)) {
        let (found, seen) = only(host, version, forbidden, false).await;
        sights.join(&seen);
        facts.push(found);
    }
    if is_forbidden(&TLS13) {
        let mut tls13 = Tls13::default();
        run(host, &mut tls13).await;
        facts.push(tls13_facts(tls13.finish(), None));
    } else {
        facts.push(only(host, TLS13, forbidden, true).await.0);
    }
    (facts, sights)
}

/// What is forbidden in a version that is allowed.
async fn only(
    host: &Host<'_>,
    version: ProtocolVersion,
    forbidden: &Forbidden,
    ask_groups: bool,
) -> (VersionFacts, Sights) {
    let suites = finished(host, Only::suites(version, &forbidden.cipher_suites)).await;
    // A version that is not there has no groups.
    let ask_groups = ask_groups && suites.offered != Some(false);
    let groups =
        if ask_groups { Some(finished(host, Only::groups(version, &forbidden.groups)).await) } else { None };
    let (groups, groups_complete) =
        groups.map_or((Vec::new(), false), |found| (found.groups, found.complete));
    let facts = VersionFacts {
        offered: suites.offered.or((!groups.is_empty()).then_some(true)),
        cipher_suites: suites.cipher_suites,
        suites_complete: suites.complete,
        groups,
        groups_complete,
        ..VersionFacts::new(version)
    };
    (facts, suites.sights)
}

async fn finished(host: &Host<'_>, mut only: Only) -> OnlyFound {
    run(host, &mut only).await;
    only.finish()
}

/// One of the server's certificates has an RSA key.
fn has_rsa_key(first: &Handshake<RawChain>) -> bool {
    let chains =
        std::iter::once(&first.presented).chain(first.other_chains.iter().map(|other| &other.presented));
    let mut leaves = chains.filter_map(|chain| chain.ders().next().and_then(leaf::read));
    leaves.any(|leaf| leaf.kind == Some(OfferedFor::Rsa))
}
