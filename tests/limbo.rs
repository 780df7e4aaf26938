//! x509-limbo: certification path cases that TLS libraries share, through the whole judgement.
//!
//! A case succeeds here where a store trusts and the name matches. Where the answer differs from the corpus, the case
//! stands in [`DIVERGENCES`] with the reason: a new difference fails the test, and so does one that has gone.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic on a broken fixture")]

use std::collections::{BTreeMap, BTreeSet};

use certvigil::assess::{Context, NoInventory, PathCache, assess};
use certvigil::model::{Endpoint, Observation, Outcome, ServerName, Transport, TrustStore, TrustStoreInfo};
use certvigil::time::UnixTime;
use certvigil::x509::{Fingerprint, RawChain, read_chain};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use serde_json::Value;

/// Why the answer is another one than the corpus expects, and in which cases.
const DIVERGENCES: &[(&str, &[&str])] = &[
    (
        "revocation is not asked in a certification path",
        &[
            "crl::crlnumber-critical",
            "crl::crlnumber-missing",
            "crl::issuer-missing-crlsign",
            "crl::revoked-certificate-with-crl",
        ],
    ),
    (
        "Firefox and rustls refuse a CA certificate as end entity; so do we",
        &["pathlen::validation-ignores-pathlen-in-leaf", "rfc5280::ca-as-leaf"],
    ),
    (
        "an anchor is a name and a key (RFC 5280 section 6.1.1); nothing else of it is looked at",
        &[
            "rfc5280::aki::critical-aki",
            "rfc5280::aki::cross-signed-root-missing-aki",
            "rfc5280::root-inconsistent-ca-extensions",
            "rfc5280::root-missing-basic-constraints",
            "rfc5280::root-non-critical-basic-constraints",
            "rfc5280::ski::critical-ski",
            "rfc5280::ski::root-missing-ski",
            "rfc5280::unknown-critical-extension-root",
            "webpki::aki::root-with-aki-all-fields",
            "webpki::aki::root-with-aki-authoritycertissuer",
            "webpki::aki::root-with-aki-authoritycertserialnumber",
            "webpki::aki::root-with-aki-missing-keyidentifier",
            "webpki::aki::root-with-aki-ski-mismatch",
            "webpki::eku::root-has-eku",
            "webpki::forbidden-rsa-not-divisible-by-8-in-root",
        ],
    ),
    (
        "a rule for issuers that clients do not enforce",
        &[
            "rfc5280::aki::intermediate-missing-aki",
            "rfc5280::aki::leaf-missing-aki",
            "rfc5280::ca-empty-subject",
            "rfc5280::leaf-ku-keycertsign",
            "rfc5280::nc::invalid-dnsname-leading-period",
            "rfc5280::nc::not-allowed-in-ee-critical",
            "rfc5280::nc::not-allowed-in-ee-noncritical",
            "rfc5280::nc::permitted-dns-match-noncritical",
            "rfc5280::pc::ica-noncritical-pc",
            "rfc5280::san::noncritical-with-empty-subject",
            "rfc5280::san::underscore-dns",
            "rfc5280::serial::too-long",
            "rfc5280::serial::zero",
            "rfc5280::ski::intermediate-missing-ski",
            "webpki::cn::case-mismatch",
            "webpki::cn::ipv4-hex-mismatch",
            "webpki::cn::ipv4-leading-zeros-mismatch",
            "webpki::cn::not-in-san",
            "webpki::cn::punycode-not-in-san",
            "webpki::cn::utf8-vs-punycode-mismatch",
            "webpki::eku::ee-anyeku",
            "webpki::eku::ee-critical-eku",
            "webpki::eku::ee-without-eku",
            "webpki::malformed-aia",
            "webpki::nc::intermediate-permitted-excluded-subtrees-both-empty-sequences",
            "webpki::nc::intermediate-permitted-excluded-subtrees-both-null",
            "webpki::san::public-suffix-multi-label-wildcard-san",
            "webpki::san::public-suffix-private-namespace-wildcard-san",
            "webpki::san::san-critical-with-nonempty-subject",
        ],
    ),
    (
        "directoryName constraints are not evaluated, so what is under them is refused",
        &["rfc5280::nc::permitted-dn-match"],
    ),
    (
        "an anchor is a name and a key (RFC 5280 section 6.1.1); its dates are not looked at",
        &["rfc5280::validity::expired-root"],
    ),
    (
        "trust and strength are separate verdicts: key.* judges the key",
        &[
            "webpki::forbidden-p192-leaf",
            "webpki::forbidden-weak-rsa-in-leaf",
            "webpki::forbidden-weak-rsa-key-in-root",
        ],
    ),
    (
        "trust and strength are separate verdicts; DSA keys, which current clients cannot use, have no rule yet",
        &["webpki::forbidden-dsa-leaf"],
    ),
    (
        "trust and strength are separate verdicts; clients do not mind the size",
        &["webpki::forbidden-rsa-key-not-divisible-by-8-in-leaf"],
    ),
];

/// Refusals that no single certificate can be named for.
const UNNAMED: &[&str] = &[
    "the served certificates make a path that is too long or too branched to follow",
    // Names under constraints that the path builder cannot read.
    "a certificate of the path is not encoded as RFC 5280 asks",
    // A key that is not to be had here signed, or is the anchor's.
    "a signature or key of the path cannot be verified here",
];

#[test]
fn every_case_is_answered_as_expected_or_listed_with_a_reason() {
    let text =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/x509-limbo/limbo.json"));
    let limbo: Value = serde_json::from_str(&text.unwrap()).unwrap();
    let mut answered = 0;
    let mut differences = BTreeMap::new();
    for case in limbo["testcases"].as_array().unwrap().iter().filter(|case| applies(case)) {
        answered += 1;
        let expected = case["expected_result"] == "SUCCESS";
        let answer = judge(case);
        let is_told = !answer.as_ref().is_err_and(|why| why.starts_with("no sentence"));
        if answer.is_ok() != expected || !is_told {
            let id = case["id"].as_str().unwrap().to_owned();
            differences.insert(id, answer.err().unwrap_or_else(|| "accepted".to_owned()));
        }
    }
    let listed: BTreeSet<_> = DIVERGENCES.iter().flat_map(|(_, ids)| ids.iter().copied()).collect();
    let new: Vec<_> = differences.iter().filter(|(id, _)| !listed.contains(id.as_str())).collect();
    let gone: Vec<_> = listed.iter().filter(|id| !differences.contains_key(**id)).collect();
    assert!(new.is_empty(), "new differences: {new:#?}");
    assert!(gone.is_empty(), "differences that have gone: {gone:#?}");
    assert!(answered > 180, "only {answered} cases were answered");
}

/// Server authentication, without a depth limit (there is none to set here), with a name that can be asked for.
fn applies(case: &Value) -> bool {
    case["validation_kind"] == "SERVER" && case["max_chain_depth"].is_null() && server_name(case).is_ok()
}

/// `Err`: a name that cannot be a server name, such as an IPv6 address.
fn server_name(case: &Value) -> Result<Option<ServerName>, String> {
    match case["expected_peer_name"]["value"].as_str() {
        None => Ok(None),
        Some(name) => ServerName::parse(name).map(Some),
    }
}

/// `Err` says why not.
fn judge(case: &Value) -> Result<(), String> {
    let ders = |pems: &[Value]| -> Vec<CertificateDer<'static>> {
        let ders = pems.iter().map(|pem| CertificateDer::from_pem_slice(pem.as_str().unwrap().as_bytes()));
        ders.map(Result::unwrap).collect()
    };
    let list = |field: &str| ders(case[field].as_array().unwrap());
    let mut served = ders(&[case["peer_certificate"].clone()]);
    served.extend(list("untrusted_intermediates"));
    let chain = read_chain(&RawChain::from_ders(served.iter().map(|der| der.as_ref())));
    let now = match case["validation_time"].as_str() {
        Some(time) => UnixTime::parse(time).unwrap(),
        // Cases without a time are valid for decades.
        None => UnixTime::parse("2026-11-24").unwrap(),
    };
    let roots = list("trusted_certs");
    let anchors: Vec<_> =
        roots.iter().filter_map(|der| Some(webpki::anchor_from_trusted_cert(der).ok()?.to_owned())).collect();
    let stores = [TrustStore {
        info: TrustStoreInfo {
            name: "limbo".into(),
            version: String::new(),
            date: None,
            sha256: Fingerprint::of(b"limbo"),
            is_public: false,
        },
        anchors,
    }];
    let observation = Observation {
        endpoint: Endpoint {
            transport: Transport::File,
            address: None,
            port: None,
            server_name: server_name(case).unwrap(),
            starttls: None,
            path: Some("limbo".into()),
        },
        target: "limbo".into(),
        observed_at: now,
        outcome: Outcome::Read(chain),
    };
    let context = Context {
        now,
        stores: &stores,
        inventory: &NoInventory,
        scan_interval_seconds: None,
        thresholds: certvigil::model::Thresholds::default(),
        named: false,
        seen_before: false,
        paths: &PathCache::new(1),
        policies: certvigil::assess::PolicyContext::default(),
        blocklist: &certvigil::assess::NoBlocklist,
    };
    let assessment = assess(&observation, &context);
    let chain = &assessment.chains[0];
    let store = &chain.trust.stores[0];
    assert_eq!(store.detail.is_some(), store.reason.is_some());
    if let Some(detail) = &store.detail {
        let is_whole = detail.contains("\" (") && detail.contains(" (RFC ") && detail.ends_with('.');
        if !(is_whole || UNNAMED.iter().any(|words| detail.contains(words))) {
            return Err(format!("no sentence: {detail}"));
        }
    }
    match chain.trust.stores[0].reason {
        Some(reason) => Err(reason.name().to_owned()),
        None if chain.name_match == Some(false) => Err("name mismatch".to_owned()),
        None => Ok(()),
    }
}
