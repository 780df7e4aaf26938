//! Groups up to TLS 1.2, against servers that are tables.

use proptest::prelude::*;

use super::super::Suites;
use super::super::testing::{Quirk, Table, any_server, interrogate};
use super::*;

const X: NamedGroup = NamedGroup::x25519;
const P256: NamedGroup = NamedGroup::secp256r1;
const P384: NamedGroup = NamedGroup::secp384r1;

fn found(server: &Table) -> ((Vec<NamedGroup>, bool, Option<bool>), usize) {
    let mut suites = Suites::new(ProtocolVersion::TLSv1_2);
    interrogate(server, &mut suites);
    let mut groups = OldGroups::new(&suites.finish());
    let asked = interrogate(server, &mut groups);
    (groups.finish(), asked)
}

fn ecdsa(groups: &[NamedGroup], group_order: bool) -> Table {
    let mut server = Table::modern();
    server.versions[0].1 = vec![
        CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
        CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
    ];
    server.schemes = vec![crate::tls::SignatureScheme::ecdsa_secp256r1_sha256];
    Table { ecdsa_curve: Some(P256), groups: groups.to_vec(), group_order, ..server }
}

proptest! {
    #[test]
    fn the_groups_of_a_server_with_an_rsa_key_are_found(mut server in any_server()) {
        server.versions[0].1.insert(0, CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256);
        server.versions[0].1.sort();
        server.versions[0].1.dedup();
        let ((found, complete, order), asked) = found(&server);
        prop_assert!(complete);
        let mut sorted = [found.clone(), server.groups.clone()];
        sorted.iter_mut().for_each(|groups| groups.sort());
        prop_assert_eq!(&sorted[0], &sorted[1]);
        prop_assert!(asked <= server.groups.len() + 3, "{} for {}", asked, server.groups.len());
        if let Some(order) = order {
            prop_assert_eq!(order, server.group_order);
        }
        if server.group_order {
            prop_assert_eq!(&found, &server.groups);
        }
    }
}

#[test]
fn what_the_suites_showed_is_not_asked_again() {
    let ((groups, complete, order), asked) = found(&Table::modern());
    assert_eq!((groups.len(), complete, order, asked), (3, true, Some(false), 1));
}

#[test]
fn with_an_ecdsa_key_the_certificates_curve_stays_on_offer() {
    let ((groups, complete, order), _) = found(&ecdsa(&[X, P256, P384], false));
    assert_eq!((groups.len(), complete, order), (3, true, Some(false)));
}

#[test]
fn what_a_servers_own_order_hides_behind_its_certificates_curve_stays_open() {
    let ((groups, complete, order), _) = found(&ecdsa(&[X, P256, P384], true));
    assert_eq!((groups, complete, order), (vec![X, P256], false, Some(true)));
}

#[test]
fn silence_leaves_the_groups_open() {
    let mut suites = Suites::new(ProtocolVersion::TLSv1_2);
    interrogate(&Table::modern(), &mut suites);
    let mut groups = OldGroups::new(&suites.finish());
    interrogate(&Table::modern().but(Quirk::Silent), &mut groups);
    assert!(!groups.finish().1);
}

#[test]
fn silence_on_finite_fields_leaves_the_groups_open_although_the_curves_are_known() {
    let mut suites = Suites::new(ProtocolVersion::TLSv1_2);
    interrogate(&Table::legacy(), &mut suites);
    let mut groups = OldGroups::new(&suites.finish());
    assert_eq!((groups.stage, groups.complete), (Stage::Fields, true));
    interrogate(&Table::legacy().but(Quirk::Silent), &mut groups);
    assert_eq!(groups.finish(), (Vec::new(), false, None));
}

#[test]
fn silence_on_the_order_of_curves_does_not_pass_over_finite_fields() {
    let mut server = Table { group_order: true, ..Table::modern() };
    server.versions[0].1.push(CipherSuite::TLS_DHE_RSA_WITH_AES_128_GCM_SHA256);
    let mut suites = Suites::new(ProtocolVersion::TLSv1_2);
    interrogate(&server, &mut suites);
    let mut groups = OldGroups::new(&suites.finish());
    (groups.stage, groups.complete) = (Stage::Order, true);
    groups.hear(&Answer::Timeout);
    groups.hear(&Answer::Timeout);
    assert_eq!(groups.stage, Stage::Fields);
    interrogate(&server.but(Quirk::Silent), &mut groups);
    assert!(!groups.finish().1);
}

#[test]
fn behind_a_middlebox_that_chokes_on_long_hellos_the_groups_stay_open() {
    for quirk in [Quirk::ResetsLong, Quirk::SilentOnLong] {
        let ((groups, complete, order), asked) = found(&Table::modern().but(quirk));
        assert!(!groups.is_empty(), "what the suites showed stays found");
        assert_eq!((complete, order, asked), (false, None, 0), "{quirk:?}");
        let ((groups, complete, _), asked) = found(&Table::legacy().but(quirk));
        assert_eq!((groups, complete, asked), (Vec::new(), false, 0), "{quirk:?}");
    }
}

#[test]
fn a_server_with_parameters_of_its_own_does_not_negotiate_finite_fields() {
    let ((groups, complete, _), asked) = found(&Table::legacy());
    assert_eq!((groups, complete, asked), (Vec::new(), true, 1));
    // RFC 7919's prime of 2,048 bits by its beginning, sent whatever is offered.
    let mut server = Table::legacy();
    server.prime = vec![0xfb; 256];
    server.prime[..16].copy_from_slice(&[
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xad, 0xf8, 0x54, 0x58, 0xa2, 0xbb, 0x4a, 0x9a,
    ]);
    let ((groups, ..), asked) = found(&server);
    assert_eq!((groups, asked), (Vec::new(), 2));
}
