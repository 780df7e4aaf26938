//! Keys and signatures, on certificates that openssl made (`fixtures/assess/`): rcgen does not make weak ones.

use std::sync::Arc;

use super::pki::{Authority, Judge, Known, Recipe, chain, rules, served, verdict};
use crate::assess::NoInventory;
use crate::model::{Rule, Severity, TlsFacts, TrustStore, TrustStoreInfo};
use crate::time::UnixTime;
use crate::x509::{Fingerprint, read};

macro_rules! fixture {
    ($name:literal) => {
        include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/assess/", $name, ".der")).as_slice()
    };
}

fn judge_under(root: &'static [u8], ders: &[&[u8]]) -> crate::model::Assessment {
    let anchor = webpki::anchor_from_trusted_cert(&root.into()).unwrap().to_owned();
    let store = TrustStore {
        info: TrustStoreInfo {
            name: "fixtures".into(),
            version: String::new(),
            date: None,
            sha256: Fingerprint::of(root),
            is_public: false,
        },
        anchors: vec![anchor],
    };
    let judge = Judge { now: UnixTime::parse("2026-12-01").unwrap(), ..Judge::with(vec![store]) };
    judge.assess(&served(chain(ders), TlsFacts::default()))
}

fn judged(der: &'static [u8]) -> crate::model::Assessment {
    judge_under(fixture!("root"), &[der])
}

#[test]
fn a_sound_fixture_is_silent() {
    assert_eq!(judged(fixture!("sound")).verdicts, []);
}

#[test]
fn a_short_rsa_key_is_high_and_trust_is_another_matter() {
    let assessment = judged(fixture!("rsa1024"));
    assert_eq!(rules(&assessment), [Rule::RsaTooShort]);
    assert_eq!(assessment.verdicts[0].severity, Severity::High);
    assert_eq!(assessment.chains[0].trust.is_trusted(), Some(true));
}

#[test]
fn a_short_rsa_key_that_signs_is_found_in_the_path() {
    let assessment = judge_under(fixture!("root"), &[fixture!("under-rsa1024"), fixture!("ca-rsa1024")]);
    assert_eq!(rules(&assessment), [Rule::RsaTooShort]);
    assert_eq!(assessment.chains[0].trust.is_trusted(), Some(true));
}

#[test]
fn an_even_exponent_is_critical() {
    let assessment = judged(fixture!("exponent-even"));
    assert!(rules(&assessment).contains(&Rule::RsaBadExponent), "{:?}", rules(&assessment));
    assert_eq!(verdict(&assessment, Rule::RsaBadExponent).severity, Severity::Critical);
}

#[test]
fn a_short_ec_key_is_graded() {
    assert_eq!(verdict(&judged(fixture!("p224")), Rule::EcTooShort).severity, Severity::Medium);
    assert_eq!(verdict(&judged(fixture!("p192")), Rule::EcTooShort).severity, Severity::High);
}

#[test]
fn outdated_signatures_are_found_and_refused() {
    let sha1 = judged(fixture!("sha1"));
    assert_eq!(rules(&sha1), [Rule::InvalidPath, Rule::SignatureSha1]);
    assert!(verdict(&sha1, Rule::InvalidPath).detail.contains("SHA-1"));
    assert_eq!(sha1.chains[0].trust.is_trusted(), Some(false));
    let sha1_with_rsa = judge_under(fixture!("rsaroot"), &[fixture!("sha1-rsa")]);
    assert_eq!(rules(&sha1_with_rsa), [Rule::InvalidPath, Rule::SignatureSha1]);
    let md5 = judge_under(fixture!("rsaroot"), &[fixture!("md5")]);
    assert_eq!(rules(&md5), [Rule::InvalidPath, Rule::SignatureMd5]);
}

#[test]
fn the_signature_of_a_self_signed_certificate_does_not_matter() {
    let assessment = judged(fixture!("self-signed-sha1"));
    assert_eq!(rules(&assessment), [Rule::SelfSigned]);
}

#[test]
fn a_version_1_certificate_that_signed_itself_is_self_signed() {
    let assessment = judged(fixture!("self-signed-v1"));
    assert!(rules(&assessment).contains(&Rule::SelfSigned), "{:?}", rules(&assessment));
    assert!(!rules(&assessment).contains(&Rule::InvalidPath));
}

#[test]
fn a_key_in_several_certificates_is_one_finding() {
    let corp = Authority::new("Corp");
    let first = corp.end_entity();
    let renewed = Recipe::end_entity("a.example").signed_with(&corp.intermediate, first.key());
    let foreign = Recipe::end_entity("b.example").signed_by(&corp.intermediate);
    let known = Known([&first, &renewed, &foreign].map(|e| Arc::new(e.certificate())).to_vec());
    let mut judge = Judge { inventory: &known, ..Judge::with(vec![corp.store()]) };
    let one = judge.judge(&[&first.der, &corp.intermediate.der]);
    let two = judge.judge(&[&renewed.der, &corp.intermediate.der]);
    assert_eq!(rules(&one), [Rule::KeyReused]);
    assert_eq!(one.verdicts[0].group, two.verdicts[0].group);
    assert_eq!(one.verdicts[0].group, format!("spki:{}", read(&first.der).spki_sha256.unwrap()));
    let lone = judge.assess(&{
        let mut observation = served(chain(&[&foreign.der, &corp.intermediate.der]), TlsFacts::default());
        observation.endpoint.server_name = None;
        observation
    });
    assert_eq!(rules(&lone), []);
    judge.inventory = &NoInventory;
    assert_eq!(rules(&judge.judge(&[&first.der, &corp.intermediate.der])), []);
}
