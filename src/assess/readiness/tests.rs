//! A small fleet, counted.

use super::*;
use crate::assess::tests::inspected::{observed, sound};
use crate::assess::tests::pki::{Authority, Entity, Judge, NOW, Recipe, chain, served, store};
use crate::assess::{Context, NoInventory};
use crate::model::{Inspection, Outcome, PostQuantum, TlsFacts, TrustStore, VersionFacts};
use crate::tls::{NamedGroup, ProtocolVersion};

/// Counts observations, each with its owner, under these stores.
fn counted(stores: Vec<TrustStore>, fleet: &[(Observation, Option<&str>)]) -> Readiness {
    let judge = Judge::with(stores);
    let mut collector = ReadinessCollector::default();
    for (observation, owner) in fleet {
        let context = Context {
            now: NOW,
            stores: &judge.stores,
            inventory: &NoInventory,
            scan_interval_seconds: None,
            thresholds: judge.thresholds,
            named: false,
            seen_before: false,
            paths: &judge.paths,
            policies: crate::assess::PolicyContext::default(),
            blocklist: judge.blocklist,
        };
        collector.observe(observation, &judge.assess(observation), *owner, &context);
    }
    collector.finish()
}

fn lives(authority: &Authority, days_ago: i64, days_left: i64) -> Entity {
    Recipe { days_ago, days_left, ..Recipe::end_entity("a.example") }.signed_by(&authority.intermediate)
}

fn serving(authority: &Authority, entity: &Entity) -> Observation {
    served(chain(&[&entity.der, &authority.intermediate.der]), TlsFacts::default())
}

#[test]
fn public_certificates_are_counted_once_against_the_limits() {
    let authority = Authority::new("Public");
    let public = store("public", &[&authority.root], true);
    let (long, short) = (lives(&authority, 10, 110), lives(&authority, 10, 30));
    let fleet = [
        (serving(&authority, &long), Some("web")),
        (serving(&authority, &long), Some("web")),
        (serving(&authority, &short), None),
    ];
    let readiness = counted(vec![public], &fleet);
    assert_eq!((readiness.certificates, readiness.public_certificates), (2, 2));
    let lifetimes = &readiness.lifetimes;
    let longer: Vec<_> = lifetimes.limits.iter().map(|limit| (limit.days, limit.longer)).collect();
    assert_eq!(longer, [(200, 0), (100, 1), (47, 1)]);
    // 121 and 41 days, both ends included, renewed when a third is left.
    let week = |days: f64| 7.0 / (days * 2.0 / 3.0);
    assert!((lifetimes.renewals_per_week - week(121.0) - week(41.0)).abs() < 1e-9);
    assert!((lifetimes.limits[2].renewals_per_week - week(47.0) - week(41.0)).abs() < 1e-9);
    assert_eq!(lifetimes.owners[0].0.as_deref(), Some("web"));
    assert_eq!(lifetimes.owners[0].1.longer, [0, 1, 1]);
    assert_eq!(lifetimes.longest.len(), 1);
    assert_eq!((lifetimes.longest[0].days, lifetimes.longest[0].sha256), (121, long.sha256()));
}

#[test]
fn private_and_expired_certificates_are_bound_by_no_limit() {
    let authority = Authority::new("Private");
    let long = lives(&authority, 10, 900);
    let private = counted(vec![authority.store()], &[(serving(&authority, &long), None)]);
    assert_eq!((private.certificates, private.public_certificates), (1, 0));
    assert!(private.lifetimes.owners.is_empty());
    let public = store("public", &[&authority.root], true);
    let expired = lives(&authority, 300, -1);
    let readiness = counted(vec![public], &[(serving(&authority, &expired), None)]);
    assert_eq!(readiness.public_certificates, 0);
}

#[test]
fn the_key_exchange_of_an_endpoint_is_told_by_the_best_evidence() {
    let authority = Authority::new("Private");
    let entity = authority.end_entity();
    let of_tls = |tls: TlsFacts| {
        let observation = served(chain(&[&entity.der]), tls);
        counted(Vec::new(), &[(observation, None)]).key_exchange
    };
    let tls13 = |group| TlsFacts {
        version: Some(ProtocolVersion::TLSv1_3),
        group: Some(group),
        completed: Some(true),
        ..TlsFacts::default()
    };
    assert_eq!(of_tls(TlsFacts::default()).unknown, 1);
    assert_eq!(of_tls(tls13(NamedGroup::X25519MLKEM768)).ready, 1);
    let classical = of_tls(tls13(NamedGroup::x25519));
    assert_eq!(classical.classical, 1);
    // What was not offered may still be taken.
    let told: Vec<_> = classical.policies.iter().map(|p| (p.name, p.fail, p.unknown)).collect();
    assert_eq!(
        told,
        [("mozilla-6.0", 1, 0), ("nist", 0, 1), ("cnsa-2.0", 0, 1), ("bsi-tr-02102-2-2026", 0, 1)]
    );
    let refused = TlsFacts {
        version: Some(ProtocolVersion::TLSv1_2),
        post_quantum: Some(PostQuantum::Refused),
        ..TlsFacts::default()
    };
    assert_eq!(of_tls(refused).no_tls13, 1);
    let old =
        TlsFacts { completed: Some(true), version: Some(ProtocolVersion::TLSv1_2), ..TlsFacts::default() };
    assert_eq!(of_tls(old).no_tls13, 1);
}

#[test]
fn a_hybrid_that_one_policy_takes_is_not_enough_for_another() {
    let readiness = counted(Vec::new(), &[(observed(&sound(), TlsFacts::default()), None)]);
    let told: Vec<_> = readiness.key_exchange.policies.iter().map(|p| (p.name, p.pass, p.fail)).collect();
    assert_eq!(
        told,
        [("mozilla-6.0", 1, 0), ("nist", 1, 0), ("cnsa-2.0", 0, 1), ("bsi-tr-02102-2-2026", 0, 1)]
    );
    // Not all groups were asked: what is missing may be there.
    let mut half: Inspection = sound();
    half.versions.iter_mut().for_each(|facts: &mut VersionFacts| facts.groups_complete = false);
    let half = counted(Vec::new(), &[(observed(&half, TlsFacts::default()), None)]);
    let told: Vec<_> = half.key_exchange.policies.iter().map(|p| (p.pass, p.fail, p.unknown)).collect();
    assert_eq!(told, [(1, 0, 0), (1, 0, 0), (0, 0, 1), (0, 0, 1)]);
}

#[test]
fn keys_that_outlive_their_algorithm_are_counted_for_authorities_too() {
    let authority = Authority::new("Private");
    let beyond = lives(&authority, 10, 4_000);
    let readiness = counted(Vec::new(), &[(serving(&authority, &beyond), None)]);
    // The intermediate ends in 2032.
    assert_eq!((readiness.keys.certificates, readiness.keys.classical_beyond_2035), (2, 1));
    assert_eq!((readiness.keys.weak_beyond_2030, readiness.keys.post_quantum), (0, 0));
}

#[test]
fn an_endpoint_without_a_chain_counts_nothing() {
    use crate::model::{Failure, Reason, Stage};
    let mut observation = observed(&sound(), TlsFacts::default());
    observation.outcome = Outcome::Failure(Failure::new(Stage::Connect, Reason::Refused, ""));
    assert_eq!(counted(Vec::new(), &[(observation, None)]), ReadinessCollector::default().finish());
}
