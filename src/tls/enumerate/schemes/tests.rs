//! Signature schemes of TLS 1.2, against servers that are tables.

use super::super::Suites;
use super::super::testing::{Quirk, Table, interrogate};
use super::*;

fn found(server: &Table) -> ((Vec<SignatureScheme>, bool), usize) {
    let mut suites = Suites::new(ProtocolVersion::TLSv1_2);
    interrogate(server, &mut suites);
    let mut schemes = OldSchemes::new(&suites.finish());
    let asked = interrogate(server, &mut schemes);
    (schemes.finish(), asked)
}

#[test]
fn what_the_suites_showed_is_not_asked_again() {
    let ((schemes, complete), asked) = found(&Table::modern());
    assert_eq!(schemes.len(), 2);
    assert!(complete);
    assert_eq!(asked, 1);
}

#[test]
fn the_schemes_of_both_keys_of_a_server_are_found() {
    let mut server = Table::modern();
    server.versions[0].1.push(CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256);
    server.schemes = vec![
        SignatureScheme::rsa_pss_rsae_sha256,
        SignatureScheme::rsa_pkcs1_sha1,
        SignatureScheme::ecdsa_secp256r1_sha256,
        SignatureScheme::ecdsa_sha1,
    ];
    let ((mut schemes, complete), _) = found(&server);
    schemes.sort();
    let mut mine = server.schemes.clone();
    mine.sort();
    assert_eq!((schemes, complete), (mine, true));
}

#[test]
fn a_server_that_signs_as_it_likes_is_found_out_by_one_question() {
    let ((schemes, complete), asked) = found(&Table::modern().but(Quirk::SignsAsItLikes));
    assert_eq!((schemes, complete, asked), (vec![SignatureScheme::rsa_pkcs1_sha1], true, 1));
}

#[test]
fn behind_a_middlebox_that_chokes_on_long_hellos_the_schemes_stay_open() {
    for quirk in [Quirk::ResetsLong, Quirk::SilentOnLong] {
        let ((schemes, complete), asked) = found(&Table::modern().but(quirk));
        assert!(!schemes.is_empty(), "what the suites showed stays found");
        assert_eq!((complete, asked), (false, 0), "{quirk:?}");
    }
}

#[test]
fn silence_leaves_the_schemes_open() {
    let mut suites = Suites::new(ProtocolVersion::TLSv1_2);
    interrogate(&Table::modern(), &mut suites);
    let mut schemes = OldSchemes::new(&suites.finish());
    interrogate(&Table::modern().but(Quirk::Silent), &mut schemes);
    assert!(!schemes.finish().1);
}
