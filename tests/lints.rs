//! The lints of certificates against another linter, pkilint, on the same files (`fixtures/lints/`): whatever one of the two
//! says and the other does not is listed here with its reason.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot be set up has failed"
)]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;
use support::program::{Home, run};
use support::{program, unpacked};

/// Our rules, and the codes by which pkilint says the same.
const SAME: &[(&str, &[&str])] = &[
    ("key.ec.curve_not_allowed", &["cabf.serverauth.prohibited_subject_public_key_algorithm_encoding"]),
    ("key.rsa.bad_exponent", &["cabf.rsa_exponent_prohibited_value"]),
    ("key.rsa.odd_length", &["cabf.rsa_modulus_invalid_length"]),
    ("key.rsa.too_short", &["cabf.rsa_modulus_invalid_length"]),
    ("key.rsa.unusual_exponent", &["cabf.rsa_exponent_not_in_recommended_range"]),
    ("key.type_not_allowed", &["cabf.serverauth.prohibited_subject_public_key_algorithm_encoding"]),
    ("sig.algorithm_mismatch", &["pkix.certificate_signature_algorithm_mismatch"]),
    ("x509.aia.missing", &["cabf.serverauth.subscriber.authority_info_access_extension_absent"]),
    ("x509.aia.no_issuer_url", &["cabf.serverauth.subscriber.ca_issuers_aia_access_method_absent"]),
    ("x509.aki.no_key_id", &["pkix.authority_key_identifier_keyid_missing"]),
    ("x509.eku.extra_purpose", &["cabf.serverauth.subscriber.unknown_eku_present"]),
    ("x509.eku.forbidden_purpose", &["cabf.serverauth.subscriber.anyeku_eku_present"]),
    ("x509.eku.missing", &["cabf.serverauth.subscriber.extended_key_usage_extension_absent"]),
    ("x509.extension.duplicate", &["pkix.duplicate_extension"]),
    ("x509.key_usage.cert_sign", &["pkix.ee_certificate_keycertsign_keyusage_set"]),
    ("x509.key_usage.inconsistent", &["cabf.serverauth.subscriber_required_ku_missing"]),
    (
        "x509.key_usage.not_for_key",
        &["cabf.serverauth.subscriber_prohibited_ku_present", "pkix.key_usage_value_prohibited_for_ec"],
    ),
    (
        "x509.name.cn_not_in_san",
        &[
            "cabf.serverauth.dv.common_name_attribute_present",
            "cabf.serverauth.subscriber_common_name_unknown_source",
        ],
    ),
    ("x509.name.cn_present", &["cabf.serverauth.dv.common_name_attribute_present"]),
    ("x509.name.ou_present", &["cabf.serverauth.dv.unknown_attribute_present"]),
    ("x509.policies.missing", &["cabf.serverauth.subscriber.certificate_policies_extension_absent"]),
    ("x509.precertificate.served", &["pkix.ct_precert_poison_and_sctlist_extensions_present"]),
    ("x509.revocation.no_pointer", &["cabf.serverauth.subscriber.revocation_information_absent"]),
    ("x509.san.arpa", &["cabf.serverauth.ip_reverse_zone_domain_name_present"]),
    ("x509.san.bad_dns_name", &["cabf.serverauth.invalid_dnsname_syntax"]),
    ("x509.san.internal_name", &["cabf.internal_domain_name"]),
    ("x509.san.misplaced_wildcard", &["cabf.serverauth.invalid_dnsname_syntax"]),
    ("x509.san.missing", &["cabf.serverauth.subscriber.subject_altname_extension_absent"]),
    ("x509.san.reserved_ip", &["cabf.internal_ip_address"]),
    ("x509.san.underscore", &["cabf.serverauth.invalid_dnsname_syntax"]),
    ("x509.sct.empty_list", &["pkix.sct_list_empty"]),
    ("x509.serial.not_positive", &["pkix.certificate_serial_number_out_of_range"]),
    ("x509.serial.too_long", &["pkix.certificate_serial_number_out_of_range"]),
    ("x509.unusual_size", &["cabf.serverauth.subscriber.unknown_extension_present"]),
    ("x509.url.not_http", &["cabf.serverauth.crldp_dpname_prohibited_uri_scheme"]),
    (
        "x509.validity.longer_than_recommended",
        &["cabf.serverauth.certificate_validity_period_exceeds_199_days"],
    ),
    ("x509.validity.not_positive", &["pkix.certificate_negative_validity_period"]),
    ("x509.validity.too_long", &["cabf.serverauth.certificate_validity_period_exceeds_200_days"]),
    ("x509.validity.wrong_time_type", &["pkix.wrong_time_useful_type"]),
    ("x509.version.not_3", &["pkix.certificate_version_is_not_v3"]),
];

/// What only we say, and why.
const ONLY_OURS: &[(&str, &str)] = &[
    ("x509.eku.client_auth", "a rule of Chrome's program, not of the Baseline Requirements"),
    ("x509.eku.client_auth_ending", "an announcement of the same"),
    ("x509.san.duplicate", "no standard forbids it"),
    ("x509.validity.expired", "pkilint does not ask the time"),
    ("x509.san.wildcard_public_suffix", "a question to the issuer, which pkilint does not ask"),
];

/// What only pkilint says, by file, and why.
const ONLY_THEIRS: &[(&str, &str, &str)] = &[
    ("key.ec.curve_not_allowed", "cabf.ecdsa_key_validation_failed", "it knows no point of other curves"),
    (
        "key.rsa.bad_exponent",
        "cabf.rsa_exponent_not_in_recommended_range",
        "an impossible exponent is not an unusual one too",
    ),
    (
        "x509.key_usage.cert_sign",
        "cabf.serverauth.subscriber_prohibited_ku_present",
        "one cause has one rule",
    ),
    (
        "x509.precertificate.served",
        "cabf.serverauth.subscriber.sct_list_extension_present",
        "said in the same finding",
    ),
    ("x509.revocation.no_pointer", "msft.end_entity.revocation_information_absent", "the same, by Microsoft"),
    ("x509.url.not_http", "pkix.ldap_uri_not_validated", "what it did not check"),
];

/// Judged as something else by pkilint: an authority's certificate, which a file may hold.
const OTHER_KIND: &str = "x509.ca.served";

fn fixtures() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/lints");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|e| e == "der") && path.file_stem().unwrap() != "root");
    files.sort();
    assert!(files.len() > 40);
    files
}

fn stem(path: &Path) -> String {
    path.file_stem().unwrap().to_str().unwrap().to_owned()
}

type Found = BTreeMap<String, BTreeSet<String>>;

/// Rules that the program says each file breaks, were its root public: it stands in the system's store.
fn ours(files: &[PathBuf]) -> Found {
    let home = Home::new();
    let pem = home.path("root.pem");
    let mut convert = Command::new(program("openssl", "openssl"));
    convert.args(["x509", "-inform", "DER", "-in"]).arg(files[0].with_file_name("root.der"));
    assert_eq!(
        run({
            convert.arg("-out").arg(&pem);
            convert
        })
        .code,
        Some(0)
    );
    let mut found = Found::new();
    // Each is looked at the day after it was issued.
    for at in ["2026-11-25", "2027-03-16"] {
        let is_later = at == "2027-03-16";
        let files = files.iter().filter(|path| (stem(path) == "x509.eku.client_auth") == is_later);
        let files: Vec<_> = files.map(|path| path.to_str().unwrap()).collect();
        let mut command =
            home.command(&[&["inspect", "--trust", "system", "--at", at, "-f", "json"], &files[..]].concat());
        command.env("SSL_CERT_FILE", &pem);
        for endpoint in run(command).json()["endpoints"].as_array().unwrap() {
            let rules = endpoint["findings"].as_array().unwrap().iter().map(|f| f["id"].as_str().unwrap());
            // What they say of trust is another matter.
            let rules = rules.filter(|id| !id.starts_with("trust."));
            let file = stem(Path::new(endpoint["target"].as_str().unwrap()));
            found.insert(file, rules.map(str::to_owned).collect());
        }
    }
    found
}

fn theirs(files: &[PathBuf]) -> Found {
    let mut command = Command::new(unpacked("pkilint/bin/python"));
    command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/lints/codes.py")).args(files);
    let output = command.stdin(Stdio::null()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    lines
        .map(|line| {
            assert_eq!(line["error"], Value::Null, "{line}");
            let codes =
                line["codes"].as_array().unwrap().iter().map(|code| code.as_str().unwrap().to_owned());
            (line["file"].as_str().unwrap().to_owned(), codes.collect())
        })
        .collect()
}

#[test]
fn we_and_pkilint_say_the_same_but_for_what_is_listed() {
    let files = fixtures();
    let (ours, theirs) = (ours(&files), theirs(&files));
    assert_eq!(ours.len(), files.len());
    let same: BTreeMap<_, _> = SAME.iter().copied().collect();
    let mut unseen: BTreeSet<_> = ONLY_THEIRS.iter().map(|(file, code, _)| (*file, *code)).collect();
    let mut faults = Vec::new();
    for (file, rules) in ours.iter().filter(|(file, _)| *file != OTHER_KIND) {
        let codes = &theirs[file];
        for rule in rules.iter().filter(|rule| !ONLY_OURS.iter().any(|(only, _)| only == rule)) {
            let is_there =
                same.get(rule.as_str()).is_some_and(|known| known.iter().all(|c| codes.contains(*c)));
            if !is_there {
                faults.push(format!("{file}: only we say {rule}; pkilint says {codes:?}"));
            }
        }
        for code in codes {
            let is_said =
                rules.iter().any(|r| same.get(r.as_str()).is_some_and(|k| k.contains(&code.as_str())));
            if !is_said && !unseen.remove(&(file.as_str(), code.as_str())) {
                faults.push(format!("{file}: only pkilint says {code}; we say {rules:?}"));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert!(unseen.is_empty(), "pkilint says no more: {unseen:?}");
}

#[test]
fn each_file_breaks_the_rule_it_is_named_for_through_the_program() {
    for (file, rules) in ours(&fixtures()) {
        let expected = match file.as_str() {
            "sound" | OTHER_KIND => BTreeSet::new(),
            file => BTreeSet::from([file.to_owned()]),
        };
        let is_right = rules.is_superset(&expected) && (!expected.is_empty() || rules.is_empty());
        assert!(is_right, "{file}: {rules:?}");
    }
}
