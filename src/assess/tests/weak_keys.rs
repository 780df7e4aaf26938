//! Keys that can be computed, or are known already: what is said of each, and that sound ones are left alone.

use std::sync::Arc;

use num_bigint::BigUint;

use super::pki::{Authority, Judge, rules, verdict};
use super::weak::{FOURTH, NEAR, PRIME, ROCA, ROCA_TOO, RawKey, SECOND, THIRD, number};
use crate::assess::keys::{KeyFaults, blocklist_hash};
use crate::assess::{Blocklist, Inventory, ListedKey};
use crate::model::finding::EvidenceValue;
use crate::model::{Assessment, Rule, Severity};
use crate::x509::{Certificate, Fingerprint, read};

fn judged(key: &RawKey) -> Assessment {
    let corp = Authority::new("Corp");
    let der = key.certified("a.example", &corp.intermediate);
    Judge::with(vec![corp.store()]).judge(&[&der, &corp.intermediate.der])
}

fn rsa(p: &str, q: &str) -> RawKey {
    RawKey::rsa(&(number(p) * number(q)), 65_537)
}

#[test]
fn a_sound_key_is_silent() {
    assert!(!says_weak(&judged(&rsa(SECOND, THIRD))));
}

fn says_weak(assessment: &Assessment) -> bool {
    rules(assessment).iter().any(|rule| rule.id().starts_with("key."))
}

#[test]
fn a_roca_key_is_certain_and_critical() {
    let assessment = judged(&rsa(ROCA, ROCA_TOO));
    let verdict = verdict(&assessment, Rule::RsaRoca);
    assert_eq!(verdict.severity, Severity::Critical);
    let certainty = verdict.evidence.0.iter().find(|(name, _)| name == "certainty").unwrap();
    assert_eq!(certainty.1, EvidenceValue::Text("certain".to_owned()));
    // One prime of the two is no such key.
    assert!(!says_weak(&judged(&rsa(ROCA, SECOND))));
}

#[test]
fn close_primes_are_critical_and_the_prime_is_not_told() {
    let assessment = judged(&rsa(PRIME, NEAR));
    let verdict = verdict(&assessment, Rule::RsaClosePrimes);
    assert_eq!(verdict.severity, Severity::Critical);
    assert!(!format!("{verdict:?}").contains(&PRIME[..16]), "the prime is the private key");
}

#[test]
fn small_factors_even_moduli_and_squares_are_critical() {
    let detail = |modulus: &BigUint| {
        let assessment = judged(&RawKey::rsa(modulus, 65_537));
        verdict(&assessment, Rule::RsaSmallFactor).detail.clone()
    };
    let sound = number(SECOND) * number(THIRD);
    assert!(detail(&(&sound + 1_u8)).ends_with("is even."));
    assert!(detail(&(&sound * 751_u32)).contains("can be divided by 751"));
    assert!(detail(&number(SECOND).pow(2)).contains("perfect power, of exponent 2"));
}

#[test]
fn an_exponent_beyond_the_modulus_is_critical() {
    let tiny = RawKey::rsa(&BigUint::from(77_u8), 65_537);
    assert!(rules(&judged(&tiny)).contains(&Rule::RsaBadExponent));
    let one = RawKey::rsa(&(number(SECOND) * number(THIRD)), 1);
    assert!(rules(&judged(&one)).contains(&Rule::RsaBadExponent));
}

#[test]
fn a_point_off_its_curve_is_told() {
    let corp = Authority::new("Corp");
    let mut point = read(&corp.end_entity().der).key.unwrap().encoded.to_vec();
    assert!(!says_weak(&judged(&RawKey::p256(&point))));
    *point.last_mut().unwrap() ^= 1;
    let assessment = judged(&RawKey::p256(&point));
    assert_eq!(verdict(&assessment, Rule::EcInvalidPoint).severity, Severity::High);
    assert!(rules(&judged(&RawKey::p256(&[0]))).contains(&Rule::EcInvalidPoint));
}

/// A list with one key.
#[derive(Debug)]
struct One([u8; 15], ListedKey);

impl Blocklist for One {
    fn find(&self, hash: &[u8; 15]) -> Option<ListedKey> {
        (*hash == self.0).then(|| self.1.clone())
    }
}

#[test]
fn a_listed_key_is_told_with_its_list_and_debians_apart() {
    let corp = Authority::new("Corp");
    let (one, other) = (corp.end_entity(), corp.end_entity());
    let hash = blocklist_hash(one.certificate().key.as_ref().unwrap()).unwrap();
    for (list, is_debian, rule) in
        [("debianopenssl", true, Rule::DebianWeak), ("fwkeys", false, Rule::Blocklisted)]
    {
        let listed = One(hash, ListedKey { list: list.to_owned(), is_debian });
        let judge = Judge { blocklist: &listed, ..Judge::with(vec![corp.store()]) };
        let assessment = judge.judge(&[&one.der, &corp.intermediate.der]);
        let verdict = verdict(&assessment, rule);
        assert_eq!(verdict.severity, Severity::Critical);
        assert_eq!(verdict.evidence.0, [("list".into(), EvidenceValue::Text(list.to_owned()))]);
        assert!(!says_weak(&judge.judge(&[&other.der, &corp.intermediate.der])));
    }
}

/// Two certificates that share a prime.
struct Pair([Certificate; 2]);

impl Inventory for Pair {
    fn issuers(&self, _: &[u8]) -> Vec<Arc<Certificate>> {
        Vec::new()
    }

    fn certificates_with_key(&self, _: &Fingerprint) -> Vec<Fingerprint> {
        Vec::new()
    }

    fn sharing_a_factor(&self, spki: &Fingerprint) -> Vec<Fingerprint> {
        let (one, others): (Vec<_>, Vec<_>) =
            self.0.iter().partition(|certificate| certificate.spki_sha256 == Some(*spki));
        if one.is_empty() { Vec::new() } else { others.iter().map(|other| other.sha256).collect() }
    }
}

#[test]
fn a_shared_prime_is_told_on_both_certificates_with_the_other_and_without_the_prime() {
    let corp = Authority::new("Corp");
    let certified = |key: RawKey| key.certified("a.example", &corp.intermediate);
    let ders = [rsa(PRIME, SECOND), rsa(PRIME, THIRD)].map(certified);
    let pair = Pair(ders.clone().map(|der| read(&der)));
    let judge = Judge { inventory: &pair, ..Judge::with(vec![corp.store()]) };
    for (one, other) in [(0, 1), (1, 0)] {
        let assessment = judge.judge(&[&ders[one], &corp.intermediate.der]);
        let verdict = verdict(&assessment, Rule::RsaSharedFactor);
        assert_eq!(verdict.severity, Severity::Critical);
        assert!(verdict.detail.contains(&pair.0[other].sha256.short()), "{}", verdict.detail);
        assert!(!format!("{verdict:?}").contains(&PRIME[..16]));
    }
    let sound = rsa(SECOND, FOURTH).certified("a.example", &corp.intermediate);
    assert!(!says_weak(&judge.judge(&[&sound, &corp.intermediate.der])));
}

#[test]
fn keys_of_any_length_are_looked_at_without_harm() {
    for octets in [0, 1, 31, 32, 33, 2_048, 2_049, 100_000] {
        let key = crate::x509::certificate::PublicKey {
            algorithm: "RSA".to_owned(),
            bits: None,
            curve: None,
            rsa_exponent: None,
            rsa_modulus: Some(vec![0xff; octets].into()),
            encoded: Box::default(),
        };
        // A number of ones only has small factors.
        let is_judged = (32..=2_048).contains(&octets);
        assert_eq!(KeyFaults::of(&key).modulus.small_factor.is_some(), is_judged, "{octets}");
    }
}
