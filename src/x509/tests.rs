//! The room as a whole: real certificates of every kind, broken ones, and mutants.

use super::certificate::{KeyUsage, SignatureHash, ValidationLevel};
use super::der::tag;
use super::testing::{
    Draft, GENERALIZED_TIME, Numbers, UTC_TIME, algorithm, certificates, common_name, element, extension,
    fixture, key_info, sequence,
};
use super::*;
use crate::text::Untrusted;
use crate::time::UnixTime;

fn raw(texts: &[Untrusted]) -> Vec<&str> {
    texts.iter().map(Untrusted::raw).collect()
}

fn fields(certificate: &Certificate) -> Vec<&str> {
    certificate.unreadable.iter().map(|unreadable| unreadable.field.as_str()).collect()
}

#[test]
fn every_field_of_a_full_certificate_is_read() {
    let chain = certificates(fixture!("full.pem"));
    let [leaf, intermediate, root] = chain.as_slice() else { panic!("three certificates") };
    assert_eq!(leaf.unreadable, []);
    assert_eq!(leaf.version, 3);
    assert_eq!(leaf.serial_hex(), "8000ff01");
    assert_eq!(
        leaf.subject.text.raw(),
        "emailAddress=ops@full.example,CN=full.example,OU=A+OU=B,O=Fixture\\, Inc.,L=Zurich,ST=Zurich,C=CH"
    );
    assert_eq!(leaf.issuer.text.raw(), "CN=Fixture Intermediate,O=Fixture");
    assert_eq!(leaf.issuer.der, intermediate.subject.der);
    assert_eq!(leaf.validity_seconds(), Some(398 * 86_400 + 1));
    let san = leaf.san.as_ref().unwrap();
    assert_eq!(raw(&san.dns), ["full.example", "*.full.example", "bücher.example"]);
    assert_eq!(san.ip.iter().map(ToString::to_string).collect::<Vec<_>>(), ["192.0.2.7", "2001:db8::7"]);
    assert_eq!(raw(&san.email), ["ops@full.example"]);
    assert_eq!(raw(&san.uri), ["https://full.example/"]);
    assert_eq!(
        raw(&san.other),
        [
            "registeredID:1.2.3.4",
            "directoryName:CN=Directory Name",
            "otherName:userPrincipalName:ann@ad.example"
        ]
    );
    assert_eq!(leaf.basic_constraints, Some(certificate::BasicConstraints { ca: false, path_len: None }));
    assert_eq!(leaf.key_usage, Some(KeyUsage(0b101)));
    assert_eq!(
        leaf.extended_key_usage.as_deref().unwrap(),
        ["serverAuth", "clientAuth", "1.3.6.1.4.1.311.20.2.2"]
    );
    assert!(leaf.aki.is_some() && leaf.aki == intermediate.ski);
    assert_eq!(leaf.policies, ["2.23.140.1.2.2", "1.3.6.1.4.1.99999.1"]);
    assert_eq!(leaf.validation_level, Some(ValidationLevel::Organization));
    assert_eq!(raw(&leaf.ocsp_urls), ["http://ocsp.example/"]);
    assert_eq!(raw(&leaf.ca_issuers_urls), ["http://ca.example/i.crt"]);
    assert_eq!(raw(&leaf.crl_urls), ["http://crl.example/a.crl", "ldap://ldap.example/cn=crl"]);
    assert_eq!(leaf.scts, [certificate::Sct { log_id: [0xab; 32], timestamp_millis: 1_700_000_000_123 }]);
    assert!(leaf.must_staple);
    assert_eq!(
        intermediate.basic_constraints,
        Some(certificate::BasicConstraints { ca: true, path_len: Some(0) })
    );
    assert_eq!((root.is_ca(), root.must_staple, root.san.is_none()), (true, false, true));
    assert_eq!(root.key_usage.unwrap().names().collect::<Vec<_>>(), ["keyCertSign", "cRLSign"]);
}

#[test]
fn keys_and_signatures_of_every_kind_are_named_and_checked() {
    use SignatureCheck::{Unsupported, Verified};
    use SignatureHash::{Md5, Sha1, Sha224, Sha256, Sha384, Sha512};
    let cases: [(&[u8], _, _, _, _, _, _); 17] = [
        (fixture!("rsa1024.pem"), "RSA", 1024, None, "sha256WithRSAEncryption", Some(Sha256), Verified),
        (
            fixture!("rsa1024-sha384.pem"),
            "RSA",
            1024,
            None,
            "sha384WithRSAEncryption",
            Some(Sha384),
            Unsupported,
        ),
        (fixture!("sha1.pem"), "RSA", 2048, None, "sha1WithRSAEncryption", Some(Sha1), Verified),
        (fixture!("md5.pem"), "RSA", 2048, None, "md5WithRSAEncryption", Some(Md5), Unsupported),
        (fixture!("pss-salt20.pem"), "RSA", 2048, None, "RSASSA-PSS", Some(Sha256), Verified),
        (fixture!("pss-key.pem"), "RSA", 2048, None, "RSASSA-PSS", Some(Sha384), Verified),
        (fixture!("pss-mask.pem"), "RSA", 2048, None, "RSASSA-PSS", Some(Sha256), Unsupported),
        (
            fixture!("brainpool.pem"),
            "EC",
            256,
            Some("brainpoolP256r1"),
            "ecdsa-with-SHA256",
            Some(Sha256),
            Unsupported,
        ),
        (
            fixture!("secp256k1.pem"),
            "EC",
            256,
            Some("secp256k1"),
            "ecdsa-with-SHA256",
            Some(Sha256),
            Verified,
        ),
        (fixture!("p224.pem"), "EC", 224, Some("P-224"), "ecdsa-with-SHA224", Some(Sha224), Unsupported),
        (fixture!("p521.pem"), "EC", 521, Some("P-521"), "ecdsa-with-SHA512", Some(Sha512), Verified),
        (
            fixture!("explicit.pem"),
            "EC",
            256,
            Some("explicit"),
            "ecdsa-with-SHA256",
            Some(Sha256),
            Unsupported,
        ),
        (
            fixture!("sect283r1.pem"),
            "EC",
            283,
            Some("explicit"),
            "ecdsa-with-SHA256",
            Some(Sha256),
            Unsupported,
        ),
        (fixture!("ed25519.pem"), "Ed25519", 256, None, "Ed25519", None, Verified),
        (fixture!("ed448.pem"), "Ed448", 456, None, "Ed448", None, Unsupported),
        (fixture!("dsa.pem"), "DSA", 2048, None, "dsa-with-sha256", Some(Sha256), Unsupported),
        (fixture!("v1.pem"), "RSA", 2048, None, "sha256WithRSAEncryption", Some(Sha256), Verified),
    ];
    for (pem, key_name, bits, curve, signature, hash, check) in cases {
        let certificate = &certificates(pem)[0];
        let label = certificate.label().terminal();
        assert_eq!(certificate.unreadable, [], "{label}");
        let key = certificate.key.as_ref().unwrap();
        assert_eq!((key.algorithm.as_str(), key.bits), (key_name, Some(bits)), "{label}");
        assert_eq!(key.curve.as_deref(), curve, "{label}");
        assert_eq!(
            key.rsa_exponent.as_deref(),
            (key_name == "RSA").then_some([1, 0, 1].as_slice()),
            "{label}"
        );
        assert_eq!(
            key.rsa_modulus.as_ref().map(|m| m.len() * 8),
            (key_name == "RSA").then_some(bits as usize)
        );
        let algorithm = certificate.signature.as_ref().unwrap();
        assert_eq!((algorithm.name.as_str(), algorithm.hash), (signature, hash), "{label}");
        assert_eq!(certificate.is_self_signed(), check, "{label}");
    }
}

#[test]
fn a_version_one_certificate_has_no_extensions() {
    let certificate = &certificates(fixture!("v1.pem"))[0];
    assert_eq!((certificate.version, certificate.basic_constraints, &certificate.san), (1, None, &None));
}

#[test]
fn subjects_in_old_string_types_are_text() {
    for (pem, name) in [
        (fixture!("bmp.pem"), "bmp.example"),
        (fixture!("t61.pem"), "t61.example"),
        (fixture!("universal.pem"), "universal.example"),
    ] {
        let certificate = &certificates(pem)[0];
        assert_eq!(certificate.subject.text.raw(), format!("CN={name},O=Zürich Fixture"));
        assert_eq!(certificate.label().raw(), name);
        assert_eq!(certificate.unreadable, []);
    }
}

#[test]
fn hostile_names_stay_as_they_are_for_the_sink_to_render() {
    let hostile = "a\0b\u{1b}]52;c;x\u{7}\r\n\u{202e}=cmd".as_bytes();
    let san = sequence([element(tag::context(2), hostile)]);
    let certificate = Draft {
        subject: common_name(tag::UTF8_STRING, hostile),
        extensions: vec![extension(&[0x55, 0x1d, 17], san)],
        ..Draft::default()
    }
    .read();
    assert_eq!(certificate.subject.text.raw(), "CN=a\\00b\u{1b}]52\\;c\\;x\u{7}\r\n\u{202e}=cmd");
    assert_eq!(certificate.label().raw().as_bytes(), hostile);
    assert!(!certificate.label().terminal().contains(char::is_control));
}

#[test]
fn post_quantum_keys_are_named_with_their_size() {
    // 2.16.840.1.101.3.4.3.n
    for (arc, length, name) in
        [(18, 1_952, "ML-DSA-65"), (20, 32, "SLH-DSA-SHA2-128s"), (33, 1_952, "HashML-DSA-65-with-SHA512")]
    {
        let oid = [0x60, 0x86, 0x48, 1, 0x65, 3, 4, 3, arc];
        let draft =
            Draft { algorithm: algorithm(&oid), key: key_info(&oid, &vec![1; length]), ..Draft::default() };
        let certificate = draft.read();
        assert_eq!(certificate.unreadable, []);
        let key = certificate.key.unwrap();
        assert_eq!((key.algorithm.as_str(), key.bits), (name, u32::try_from(length * 8).ok()));
        assert_eq!(certificate.signature.unwrap().name, name);
    }
}

#[test]
fn unknown_algorithms_keep_their_identifier() {
    let oid = [0x2a, 3, 4];
    let certificate =
        Draft { algorithm: algorithm(&oid), key: key_info(&oid, &[1]), ..Draft::default() }.read();
    assert_eq!(certificate.unreadable, []);
    assert_eq!(certificate.signature.as_ref().unwrap().name, "1.2.3.4");
    assert_eq!(
        (certificate.key.as_ref().unwrap().algorithm.as_str(), certificate.key.as_ref().unwrap().bits),
        ("1.2.3.4", None)
    );
    assert_eq!(certificate.is_self_signed(), SignatureCheck::Unsupported);
}

#[test]
fn dates_are_read_from_year_0_to_9999() {
    for (tag, text, seconds) in [
        (UTC_TIME, "500101000000Z", -631_152_000),
        (UTC_TIME, "491231235959Z", 2_524_607_999),
        (UTC_TIME, "700101000000Z", 0),
        (GENERALIZED_TIME, "00000101000000Z", -62_167_219_200),
        (GENERALIZED_TIME, "20500101000000Z", 2_524_608_000),
        (GENERALIZED_TIME, "99991231235959Z", 253_402_300_799),
    ] {
        let certificate = Draft { not_after: element(tag, text), ..Draft::default() }.read();
        assert_eq!(certificate.not_after, Some(UnixTime(seconds)), "{text}");
        assert_eq!(certificate.unreadable, []);
    }
}

#[test]
fn a_date_that_is_none_costs_only_itself() {
    for (tag, text) in [
        (UTC_TIME, "260230000000Z"),
        (UTC_TIME, "2601010000Zxx"),
        (UTC_TIME, "soon"),
        (GENERALIZED_TIME, "20261301000000Z"),
        (tag::OCTET_STRING, "260101000000Z"),
    ] {
        let certificate = Draft { not_before: element(tag, text), ..Draft::default() }.read();
        assert_eq!(
            (certificate.not_before, fields(&certificate)),
            (None, vec!["validity.notBefore"]),
            "{text}"
        );
        assert!(certificate.not_after.is_some() && certificate.key.is_some());
    }
}

#[test]
fn serial_numbers_are_kept_as_encoded() {
    for content in [vec![0xff], vec![0, 0x80], vec![0x7f; 40], vec![0, 0, 0]] {
        let certificate = Draft { serial: element(tag::INTEGER, &content), ..Draft::default() }.read();
        assert_eq!((&*certificate.serial, certificate.unreadable.len()), (content.as_slice(), 0));
    }
    let certificate = Draft { serial: element(tag::INTEGER, []), ..Draft::default() }.read();
    assert_eq!(fields(&certificate), ["serialNumber"]);
}

#[test]
fn versions_are_told() {
    for (version, expected) in [(vec![], 1), (element(0xa0, [2, 1, 0]), 1), (element(0xa0, [2, 1, 1]), 2)] {
        assert_eq!(Draft { version, ..Draft::default() }.read().version, expected);
    }
    let certificate = Draft { version: element(0xa0, [2, 1, 9]), ..Draft::default() }.read();
    assert_eq!((certificate.version, fields(&certificate)), (0, vec!["version"]));
}

#[test]
fn a_broken_extension_costs_only_itself() {
    let certificate = Draft {
        extensions: vec![
            extension(&[0x55, 0x1d, 15], [0xff]),
            extension(&[0x55, 0x1d, 19], sequence([element(tag::BOOLEAN, [0xff])])),
            extension(&[0x55, 0x1d, 14], element(tag::OCTET_STRING, [1, 2])),
            extension(&[0x55, 0x1d, 14], element(tag::OCTET_STRING, [3])),
            extension(&[0x55, 0x1d, 31], [0x30, 1]),
            extension(&[0x55, 0x1d, 37], sequence([element(tag::INTEGER, [1])])),
            element(tag::INTEGER, [1]),
            extension(&[0x2a, 3, 4], b"unknown"),
        ],
        ..Draft::default()
    }
    .read();
    assert_eq!(
        fields(&certificate),
        ["keyUsage", "subjectKeyIdentifier", "cRLDistributionPoints", "extKeyUsage", "extensions"]
    );
    assert!(certificate.is_ca());
    assert_eq!(certificate.ski.as_deref(), Some([1, 2].as_slice()));
    assert_eq!((certificate.key_usage, &certificate.extended_key_usage), (None, &None));
}

#[test]
fn extensions_without_number_are_cut() {
    let many = (0..200_u8).map(|n| extension(&[0x2a, 3, n & 0x7f, n >> 7], b"x")).collect();
    let certificate = Draft { extensions: many, ..Draft::default() }.read();
    assert_eq!(certificate.unreadable[0].error, "more than 128");
}

#[test]
fn what_is_wholly_broken_is_still_in_the_inventory() {
    for bytes in [b"".as_slice(), b"\0", b"hello", &[0x30], &[0x30, 0x80, 0, 0], &[0x30, 3, 2, 1, 1]] {
        let certificate = read(bytes);
        assert_eq!((&*certificate.der, certificate.sha256), (bytes, Fingerprint::of(bytes)));
        assert_eq!(fields(&certificate), ["certificate"]);
    }
}

#[test]
fn a_certificate_that_is_cut_short_gives_what_is_left() {
    let whole = &certificates(fixture!("full.pem"))[0];
    let cut = read(&whole.der[..whole.der.len() - 200]);
    assert_eq!(cut.subject, whole.subject);
    assert_eq!(cut.key, whole.key);
    assert_eq!(cut.spki_sha256, whole.spki_sha256);
    assert!(fields(&cut).contains(&"certificate"));
    for length in 0..whole.der.len() {
        check_invariants(&whole.der[..length]);
    }
}

#[test]
fn octets_behind_a_certificate_are_noted() {
    let mut der = Draft::default().der();
    der.push(0);
    assert_eq!(fields(&read(&der)), ["certificate"]);
}

#[test]
fn two_different_signature_algorithms_are_noted_and_never_verify() {
    let draft = Draft::default();
    let der = sequence([draft.tbs(), algorithm(&[0x2a, 3]), element(tag::BIT_STRING, [0, 1])]);
    let certificate = read(&der);
    assert_eq!(fields(&certificate), ["signatureAlgorithm"]);
    assert_eq!(certificate.is_self_signed(), SignatureCheck::Failed);
}

#[test]
fn the_strictest_validation_level_wins() {
    let policy = |last: &[u8]| sequence([element(tag::OID, [&[0x67, 0x81, 0x0c, 1], last].concat())]);
    for (policies, level) in [
        (vec![policy(&[2, 1])], Some(ValidationLevel::Domain)),
        (vec![policy(&[2, 3])], Some(ValidationLevel::Individual)),
        (vec![policy(&[2, 2]), policy(&[1])], Some(ValidationLevel::Extended)),
        (vec![policy(&[1]), policy(&[2, 2])], Some(ValidationLevel::Extended)),
        (vec![policy(&[9])], None),
    ] {
        let value = element(tag::SEQUENCE, policies.concat());
        let extensions = vec![extension(&[0x55, 0x1d, 32], value)];
        assert_eq!(Draft { extensions, ..Draft::default() }.read().validation_level, level);
    }
}

#[test]
fn a_chain_is_read_in_the_order_served() {
    let raw = &parse_bundle(fixture!("full.pem"), None).unwrap()[0];
    let chain = read_chain(raw);
    assert_eq!(chain.digest, raw.digest());
    assert_eq!(chain.end_entity().unwrap().label().raw(), "full.example");
    assert_eq!(chain.certificates.len(), 3);
}

#[test]
fn mutants_never_panic_and_keep_the_invariants() {
    const MUTANTS: usize = if cfg!(debug_assertions) { 20_000 } else { 200_000 };
    let mut seeds: Vec<Certificate> = certificates(fixture!("full.pem"));
    for pem in [fixture!("pss-key.pem"), fixture!("explicit.pem"), fixture!("bmp.pem"), fixture!("dsa.pem")] {
        seeds.extend(certificates(pem));
    }
    let mut numbers = Numbers(0x5eed);
    for _ in 0..MUTANTS {
        let seed = numbers.below(seeds.len());
        let mutant = numbers.mutant(&seeds[seed].der);
        check_invariants(&mutant);
    }
}

fn check_invariants(der: &[u8]) {
    let certificate = read(der);
    assert_eq!((&*certificate.der, certificate.sha256), (der, Fingerprint::of(der)));
    assert!(certificate.version <= 3);
    assert!(certificate.unreadable.len() <= 64);
    assert!(
        certificate.unreadable.iter().all(|u| !u.field.is_empty() && !u.error.contains(char::is_control))
    );
    assert!(certificate.subject.attributes.len() <= DistinguishedName::MAX_ATTRIBUTES);
    assert!(certificate.scts.len() <= 64 && certificate.policies.len() <= 256);
    if certificate.unreadable.is_empty() {
        assert!(
            certificate.version > 0 && certificate.not_before.is_some() && certificate.not_after.is_some()
        );
        assert!(
            certificate.key.is_some() && certificate.spki_sha256.is_some() && certificate.signature.is_some()
        );
        assert!(!certificate.serial.is_empty() && !certificate.issuer.der.is_empty());
    }
    let _ = certificate.label();
}
