//! `fixtures/lints/`: one certificate for each lint that breaks it, and a sound one that breaks none; files, so that other
//! linters can be asked about the same bytes. To make them anew, remove the folder's `.der` files and run this test with
//! `CERTVIGIL_UPDATE_GOLDENS=1`; the authority's key is thrown away.

use std::path::PathBuf;
use std::rc::Rc;

use super::leaf::*;
use super::pki::{Judge, NOW, chain, rules, served};
use crate::assess::lints::certificate::LINTS;
use crate::model::{Outcome, Rule, TlsFacts, TrustStore, TrustStoreInfo};
use crate::time::DAY_SECONDS;
use crate::x509::testing::{ED25519, GENERALIZED_TIME, element, key_info, sequence};
use crate::x509::{Fingerprint, read};

/// What spoils a sound certificate.
type Spoil = fn(Leaf) -> Leaf;

const CASES: &[(Rule, Spoil)] = &[
    (Rule::VersionNot3, |mut leaf| {
        leaf.draft.version = element(0xa0, [2, 1, 1]);
        leaf
    }),
    (Rule::SerialNotPositive, |mut leaf| {
        leaf.draft.serial = element(0x02, [0x9f, 1, 2, 3, 4, 5, 6, 7]);
        leaf
    }),
    (Rule::SerialTooLong, |mut leaf| {
        leaf.draft.serial = element(0x02, [0x7f; 21]);
        leaf
    }),
    (Rule::AlgorithmMismatch, |mut leaf| {
        leaf.outer_algorithm = Some(sequence([element(OID, [0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 3])]));
        leaf
    }),
    (Rule::ValidityNotPositive, |leaf| leaf.valid_seconds(NOW, -DAY_SECONDS)),
    (Rule::ValidityOverRecommended, |leaf| leaf.valid(NOW.plus_seconds(-DAY_SECONDS), 200)),
    (Rule::TooLong, |leaf| leaf.valid(NOW.plus_seconds(-DAY_SECONDS), 201)),
    (Rule::WrongTimeForm, |mut leaf| {
        leaf.draft.not_before = element(GENERALIZED_TIME, "20261114000000Z");
        leaf
    }),
    (Rule::KeyTypeNotAllowed, |leaf| leaf.key(key_info(ED25519, &[7; 32]))),
    (Rule::CurveNotAllowed, |leaf| leaf.key(ec_key(SECP256K1, &bytes(SECP256K1_POINT)))),
    (Rule::RsaOddLength, |leaf| leaf.key(rsa_key(&modulus(2_052), &[1, 0, 1]))),
    (Rule::RsaTooShort, |leaf| leaf.key(rsa_key(&modulus(1_024), &[1, 0, 1]))),
    (Rule::RsaUnusualExponent, |leaf| leaf.key(rsa_key(&modulus(2_048), &[3]))),
    (Rule::RsaBadExponent, |leaf| leaf.key(rsa_key(&modulus(2_048), &[1]))),
    (Rule::ExtensionDuplicate, |leaf| leaf.twice(POLICIES)),
    (Rule::UnusualSize, |leaf| {
        (0..200_u8).fold(leaf, |leaf, n| leaf.with_more(&[0x2a, 3, n & 0x7f, n >> 7], vec![5, 0]))
    }),
    (Rule::CommonNameNotInSan, |leaf| {
        leaf.subject(&[(COMMON_NAME, "www.example.org")]).with_names_uncritical()
    }),
    (Rule::CommonNamePresent, |leaf| {
        leaf.subject(&[(COMMON_NAME, "www.example.com")]).with_names_uncritical()
    }),
    (Rule::OrganizationalUnit, |leaf| leaf.subject(&[(ORGANIZATIONAL_UNIT, "Ops")]).with_names_uncritical()),
    (Rule::SanMissing, |leaf| leaf.without(SAN)),
    (Rule::BadDnsName, |leaf| leaf.dns(&["a b.example.com"])),
    (Rule::MisplacedWildcard, |leaf| leaf.dns(&["www.*.example.com"])),
    (Rule::WildcardPublicSuffix, |leaf| leaf.dns(&["*.co.uk"])),
    (Rule::InternalName, |leaf| leaf.dns(&["printer.local"])),
    (Rule::ReservedIp, |leaf| leaf.with(SAN, true, general_names(&[(IP, &[10, 0, 0, 1])]))),
    (Rule::Underscore, |leaf| leaf.dns(&["a_b.example.com"])),
    (Rule::Arpa, |leaf| leaf.dns(&["4.3.2.1.in-addr.arpa"])),
    (Rule::SanDuplicate, |leaf| leaf.dns(&["www.example.com", "WWW.example.com"])),
    (Rule::CaServed, |leaf| leaf.with(CONSTRAINTS, true, element(SEQUENCE, [1, 1, 0xff]))),
    (Rule::CertSign, |leaf| leaf.with(KEY_USAGE, true, element(BITS, [2, 0x84]))),
    (Rule::KeyUsageNotForKey, |leaf| leaf.with(KEY_USAGE, true, element(BITS, [5, 0xa0]))),
    (Rule::KeyUsageInconsistent, |leaf| leaf.with(KEY_USAGE, true, element(BITS, [6, 0x40]))),
    (Rule::EkuMissing, |leaf| leaf.without(EKU)),
    (Rule::EkuForbidden, |leaf| leaf.with(EKU, false, purposes(&[SERVER_AUTH, &[0x55, 0x1d, 37, 0]]))),
    (Rule::EkuExtra, |leaf| leaf.with(EKU, false, purposes(&[SERVER_AUTH, &[0x2b, 6, 1, 5, 5, 7, 3, 17]]))),
    (Rule::ClientAuth, |leaf| {
        leaf.with(EKU, false, purposes(&[SERVER_AUTH, CLIENT_AUTH])).issued("2027-03-15")
    }),
    (Rule::ClientAuthEnding, |leaf| leaf.with(EKU, false, purposes(&[SERVER_AUTH, CLIENT_AUTH]))),
    (Rule::AkiNoKeyId, |leaf| leaf.with(AKI, false, element(SEQUENCE, []))),
    (Rule::AiaMissing, |leaf| leaf.without(AIA)),
    (Rule::AiaNoIssuerUrl, |leaf| leaf.with(AIA, false, access(&[], &["http://ocsp.example.com"]))),
    (Rule::UrlNotHttp, |leaf| leaf.with(CRL, false, crl_points(&["ldap://crl.example.com/cn=x"]))),
    (Rule::NoRevocation, |leaf| {
        leaf.without(CRL).with(AIA, false, access(&["http://ca.example.com/ca.cer"], &[]))
    }),
    (Rule::PoliciesMissing, |leaf| leaf.without(POLICIES)),
    (Rule::SctListEmpty, |leaf| leaf.with(SCTS, false, sct_list(0))),
    (Rule::PrecertificateServed, |leaf| leaf.with(POISON, true, vec![5, 0])),
];

fn folder() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/lints"))
}

fn make() {
    let root = Rc::new(authority());
    let write = |name: &str, der: &[u8]| std::fs::write(folder().join(format!("{name}.der")), der).unwrap();
    write("root", &root.der);
    write("sound", &Leaf::under(&root).der());
    for (rule, spoil) in CASES {
        write(rule.id(), &spoil(Leaf::under(&root)).der());
    }
}

fn file(name: &str) -> Vec<u8> {
    let path = folder().join(format!("{name}.der"));
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// What is said of a fixture the day after it was issued, by a server of a public authority.
fn found(name: &str) -> Vec<Rule> {
    let (root, der) = (file("root"), file(name));
    let anchor = webpki::anchor_from_trusted_cert(&root.as_slice().into()).unwrap().to_owned();
    let info = TrustStoreInfo {
        name: "fixtures".into(),
        version: String::new(),
        date: None,
        sha256: Fingerprint::of(&root),
        is_public: true,
    };
    let mut judge = Judge::with(vec![TrustStore { info, anchors: vec![anchor] }]);
    judge.now = read(&der).not_before.unwrap().plus_seconds(DAY_SECONDS);
    let mut observation = served(chain(&[&der]), TlsFacts::default());
    observation.endpoint.server_name = None;
    assert!(matches!(observation.outcome, Outcome::Handshake(_)));
    rules(&judge.assess(&observation))
}

#[test]
fn each_fixture_breaks_its_rule_and_the_sound_one_none() {
    if std::env::var_os("CERTVIGIL_UPDATE_GOLDENS").is_some() && !folder().join("root.der").exists() {
        make();
    }
    assert_eq!(found("sound"), []);
    for (rule, _) in CASES {
        assert!(found(rule.id()).contains(rule), "{}: {:?}", rule.id(), found(rule.id()));
    }
}

#[test]
fn each_lint_has_a_fixture() {
    // The one about signatures needs an authority with another key.
    let missing: Vec<_> = LINTS
        .iter()
        .map(|lint| lint.rule)
        .filter(|rule| *rule != Rule::SignatureNotAllowed && !CASES.iter().any(|(known, _)| known == rule))
        .collect();
    assert_eq!(missing, []);
}
