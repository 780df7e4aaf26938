//! TLS 1.3, against servers that are tables.

use proptest::prelude::*;

use super::super::testing::{Quirk, Table, any_server, interrogate};
use super::*;

fn found(server: &Table) -> (Tls13Found, usize) {
    let mut tls13 = Tls13::default();
    let asked = interrogate(server, &mut tls13);
    (tls13.finish(), asked)
}

proptest! {
    #[test]
    fn suites_and_groups_are_found_together(server in any_server()) {
        let (found, asked) = found(&server);
        let (mine, groups) = (&server.versions[1].1, &server.groups);
        prop_assert_eq!(found.offered, Some(true));
        prop_assert!(found.suites_complete && found.groups_complete);
        let most = mine.len().max(groups.len()) + 2 + 1 + 2;
        prop_assert!(asked <= most, "{} questions for {} and {}", asked, mine.len(), groups.len());
        let mut suites = [found.cipher_suites.clone(), mine.clone()];
        suites.iter_mut().for_each(|suites| suites.sort());
        prop_assert_eq!(&suites[0], &suites[1]);
        let mut sorted = [found.groups.clone(), groups.clone()];
        sorted.iter_mut().for_each(|groups| groups.sort());
        prop_assert_eq!(&sorted[0], &sorted[1]);
        if mine.len() > 1 && found.server_order.is_some() {
            prop_assert_eq!(found.server_order, Some(server.server_order));
        }
        if groups.len() > 1 {
            prop_assert_eq!(found.group_order, Some(server.group_order));
        }
        if server.server_order {
            prop_assert_eq!(&found.cipher_suites, mine);
        }
        if server.group_order {
            prop_assert_eq!(&found.groups, groups);
        }
    }
}

proptest! {
    #[test]
    fn suites_alone_are_found_without_a_question_about_groups(server in any_server()) {
        let mut tls13 = Tls13::suites_only();
        let asked = interrogate(&server, &mut tls13);
        let mine = &server.versions[1].1;
        prop_assert!(asked <= mine.len() + 1 + 2, "{} questions for {}", asked, mine.len());
        let found = tls13.finish();
        prop_assert!(found.suites_complete && !found.groups_complete && found.groups.len() <= 1);
        let mut suites = [found.cipher_suites, mine.clone()];
        suites.iter_mut().for_each(|suites| suites.sort());
        prop_assert_eq!(&suites[0], &suites[1]);
    }
}

#[test]
fn a_modern_server_costs_as_many_questions_as_it_has_groups_and_a_few() {
    let (found, asked) = found(&Table::modern());
    assert_eq!((found.cipher_suites.len(), found.groups.len()), (3, 3));
    // One for each pair, the refusal, one for each list alone, one for both orders.
    assert_eq!(asked, 3 + 1 + 2 + 1);
}

#[test]
fn a_server_without_tls_1_3_says_so_in_its_own_version_or_by_an_alert() {
    let (older, asked) = found(&Table::legacy());
    assert_eq!((older.offered, older.suites_complete, asked), (Some(false), true, 1));
    let mut none = Table::modern();
    none.versions.pop();
    let (refusing, asked) = found(&none);
    assert_eq!((refusing.offered, asked), (Some(false), 1));
}

#[test]
fn a_server_that_wants_a_share_gets_one_and_the_order_of_its_groups_stays_open() {
    let (found, _) = found(&Table::modern().but(Quirk::WantsShare));
    assert_eq!(found.offered, Some(true));
    assert_eq!((found.cipher_suites.len(), found.groups.len()), (3, 3));
    assert_eq!((found.groups_complete, found.group_order), (false, None));
}

#[test]
fn silence_is_neither_yes_nor_no() {
    let (silent, asked) = found(&Table::modern().but(Quirk::Silent));
    assert_eq!((silent.offered, silent.suites_complete, asked), (None, false, 2));
    let (later, _) = found(&Table::modern().but(Quirk::SilentAfter(2)));
    assert_eq!((later.offered, later.suites_complete, later.groups_complete), (Some(true), false, false));
}

#[test]
fn the_second_hello_is_small() {
    let mut tls13 = Tls13::default();
    tls13.hear(&Answer::Reset);
    let (_, question) = tls13.question().unwrap();
    assert!(question.hello(&[0; 96], Some("www.frankfurt.example")).as_bytes().len() <= 255);
    assert_eq!(question.offer.key_shares, Some(vec![NamedGroup::x25519]));
}

#[test]
fn a_server_that_chooses_what_it_was_not_offered_ends_the_enumeration() {
    let mut tls13 = Tls13::default();
    let mut answer = super::super::testing::answer(ProtocolVersion::TLSv1_3, CipherSuite(0x1399));
    answer.group = Some(NamedGroup(0xabcd));
    tls13.hear(&Answer::Chose(Box::new(answer)));
    assert!(tls13.question().is_none());
    assert!(!tls13.finish().suites_complete);
}
