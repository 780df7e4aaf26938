//! One version's suites, against servers that are tables.

use proptest::prelude::*;

use super::super::testing::{Quirk, Table, any_server, interrogate, next_offer};
use super::*;

const V12: ProtocolVersion = ProtocolVersion::TLSv1_2;

fn found(server: &Table, version: ProtocolVersion) -> (SuitesFound, usize) {
    let mut suites = Suites::new(version);
    let asked = interrogate(server, &mut suites);
    (suites.finish(), asked)
}

proptest! {
    #[test]
    fn what_a_server_takes_is_found_in_its_order_with_one_question_more(server in any_server()) {
        let (found, asked) = found(&server, V12);
        let mine = server.versions[0].1.clone();
        prop_assert_eq!(found.offered, Some(true));
        prop_assert!(found.complete);
        prop_assert!(asked <= mine.len() + 1 + 2, "{} questions for {}", asked, mine.len());
        let mut sorted = [found.cipher_suites.clone(), mine.clone()];
        sorted.iter_mut().for_each(|suites| suites.sort());
        prop_assert_eq!(&sorted[0], &sorted[1]);
        if mine.len() > 1 && found.server_order.is_some() {
            prop_assert_eq!(found.server_order, Some(server.server_order));
        }
        if server.server_order {
            prop_assert_eq!(found.cipher_suites, mine);
        }
    }

    #[test]
    fn prioritised_chacha_is_found_where_it_is_and_only_there(mut server in any_server()) {
        server.server_order = true;
        let chacha = CipherSuite::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256;
        let mine = &mut server.versions[0].1;
        mine.retain(|suite| !lists::is_chacha(*suite));
        mine.push(chacha);
        prop_assume!(mine.len() > 1);
        let (found, _) = found(&server, V12);
        prop_assert_eq!(found.server_order, Some(true));
        prop_assert_eq!(found.chacha_prioritised, Some(server.prioritises_chacha));
    }
}

#[test]
fn a_version_that_is_not_there_costs_one_question() {
    for version in [ProtocolVersion::TLSv1_1, ProtocolVersion::SSLv3] {
        let (found, asked) = found(&Table::modern(), version);
        assert_eq!((found.offered, found.complete, found.nothing_older), (Some(false), true, true));
        assert_eq!(asked, 1);
    }
}

#[test]
fn a_vague_refusal_is_asked_about_once_more_in_a_small_hello() {
    let (found, asked) = found(&Table::modern().but(Quirk::Vague), ProtocolVersion::TLSv1_0);
    assert_eq!((found.offered, found.nothing_older, asked), (Some(false), false, 2));
}

#[test]
fn a_silent_server_is_not_one_that_refuses() {
    let (found, asked) = found(&Table::modern().but(Quirk::Silent), V12);
    assert_eq!((found.offered, found.complete), (None, false));
    assert_eq!(asked, 2);
}

#[test]
fn silence_and_one_reset_are_not_a_refusal_of_the_version() {
    let mut suites = Suites::new(V12);
    suites.hear(&Answer::Timeout);
    suites.hear(&Answer::Reset);
    assert!(suites.question().is_none());
    let found = suites.finish();
    assert_eq!((found.offered, found.complete), (None, false));
}

#[test]
fn a_server_that_falls_silent_leaves_an_enumeration_that_is_not_complete() {
    let (found, asked) = found(&Table::modern().but(Quirk::SilentAfter(2)), V12);
    assert_eq!((found.offered, found.complete, found.cipher_suites.len()), (Some(true), false, 2));
    assert_eq!(asked, 4);
}

#[test]
fn a_middlebox_that_chokes_on_long_hellos_is_passed_in_small_ones() {
    for quirk in [Quirk::SilentOnLong, Quirk::ResetsLong] {
        let mut server = Table::legacy().but(quirk);
        server.versions[2].1.extend([
            CipherSuite::TLS_ECDHE_RSA_WITH_ARIA_128_GCM_SHA256,
            CipherSuite::TLS_RSA_WITH_NULL_SHA,
            CipherSuite::TLS_RSA_WITH_SEED_CBC_SHA,
        ]);
        let (found, asked) = found(&server, V12);
        assert_eq!(found.cipher_suites, server.versions[2].1, "{quirk:?}");
        assert!(found.complete);
        assert_eq!(found.server_order, Some(true));
        assert!(asked < 30, "{asked}");
    }
}

#[test]
fn uncommon_suites_alone_are_found_behind_a_middlebox_that_chokes_on_long_hellos() {
    for quirk in [Quirk::SilentOnLong, Quirk::ResetsLong] {
        let mut server = Table::legacy().but(quirk);
        let mine = vec![CipherSuite::TLS_PSK_WITH_NULL_SHA, CipherSuite::TLS_RSA_WITH_SEED_CBC_SHA];
        assert!(mine.iter().all(|suite| !lists::COMMON_SUITES.contains(suite)));
        server.versions[2].1.clone_from(&mine);
        let (there, _) = found(&server, V12);
        assert_eq!((there.offered, there.complete), (Some(true), true), "{quirk:?}");
        assert_eq!(there.cipher_suites, mine);
        // Every small hello is refused before the version is.
        server.versions[2].1 = vec![CipherSuite(0x5a5a)];
        let (none, asked) = found(&server, V12);
        assert_eq!((none.offered, none.complete), (Some(false), true));
        assert_eq!(asked, 1 + lists::OLD_SUITES.len().div_ceil(SMALL_CHUNK));
    }
}

#[test]
fn resets_to_the_long_and_to_the_small_hello_refuse_the_version() {
    let (none, asked) = found(&Table::modern().but(Quirk::ResetsToRefuse), ProtocolVersion::TLSv1_1);
    assert_eq!((none.offered, none.complete, asked), (Some(false), true, 2));
}

#[test]
fn small_hellos_are_small() {
    let mut suites = Suites::new(V12);
    let mut lengths = Vec::new();
    suites.hear(&Answer::Timeout);
    while let Some((_, question)) = suites.question() {
        lengths.push(question.hello(&[0; 96], Some("mail-relay-07.frankfurt.example.org")).as_bytes().len());
        let first = question.offer.cipher_suites[0];
        suites.hear(&Answer::Chose(Box::new(super::super::testing::answer(V12, first))));
    }
    assert!(lengths.iter().all(|length| *length <= 255), "{lengths:?}");
    assert!(lengths.len() > 300);
}

#[test]
fn a_server_that_refuses_many_suites_is_asked_with_few() {
    let server = Table::modern().but(Quirk::FewSuites);
    let (found, _) = found(&server, V12);
    assert_eq!((found.complete, found.cipher_suites), (true, server.versions[0].1.clone()));
}

#[test]
fn a_server_that_resets_instead_of_refusing_is_asked_once_more_each_time() {
    let (found, asked) = found(&Table::modern().but(Quirk::ResetsToRefuse), V12);
    assert_eq!((found.complete, found.cipher_suites.len()), (true, 3));
    assert_eq!(asked, 3 + 2 + 1);
}

#[test]
fn a_moody_server_tells_all_the_same() {
    let server = Table::modern().but(Quirk::Moody);
    let (found, _) = found(&server, V12);
    assert_eq!((found.complete, found.cipher_suites), (true, server.versions[0].1.clone()));
}

#[test]
fn a_server_that_chooses_what_it_was_not_offered_ends_the_enumeration_at_once() {
    let suite = CipherSuite::TLS_RSA_WITH_AES_128_CBC_SHA;
    let (found, asked) = found(&Table::modern().but(Quirk::Stubborn(suite)), V12);
    assert_eq!((found.offered, found.complete), (Some(true), false));
    assert_eq!((found.cipher_suites, asked), (vec![suite], 2));
}

#[test]
fn an_answer_in_an_older_version_says_that_this_one_is_not_there() {
    let mut server = Table::legacy();
    server.versions.pop();
    let (found, asked) = found(&server, V12);
    assert_eq!((found.offered, asked), (Some(false), 1));
    assert_eq!(found.fell_back.unwrap().version, ProtocolVersion::TLSv1_1);
}

#[test]
fn groups_and_schemes_come_by_the_way() {
    let (found, _) = found(&Table::modern(), V12);
    assert_eq!(found.groups, [NamedGroup::secp384r1, NamedGroup::x25519, NamedGroup::secp256r1]);
    let schemes = [SignatureScheme::rsa_pss_rsae_sha256, SignatureScheme::rsa_pkcs1_sha256];
    assert_eq!(found.schemes, schemes);
}

#[test]
fn each_version_gets_the_hello_of_its_time() {
    let ssl3 = next_offer(&Suites::new(ProtocolVersion::SSLv3));
    assert!(
        ssl3.groups.is_empty() && ssl3.signature_schemes.is_empty() && ssl3.further_extensions.is_empty()
    );
    assert!(ssl3.cipher_suites.contains(&CipherSuite::TLS_EMPTY_RENEGOTIATION_INFO_SCSV));
    let tls10 = next_offer(&Suites::new(ProtocolVersion::TLSv1_0));
    assert!(!tls10.groups.is_empty() && tls10.signature_schemes.is_empty());
    let tls12 = next_offer(&Suites::new(V12));
    assert!(tls12.signature_schemes.contains(&SignatureScheme::rsa_pkcs1_sha384));
    assert!(tls12.supported_versions.is_empty());
}
