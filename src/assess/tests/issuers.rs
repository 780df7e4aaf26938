//! Self-signed, unknown issuer, incomplete chain.

use std::sync::Arc;

use super::pki::{Authority, Judge, Known, Recipe, rules, store, verdict};
use crate::model::{PathReason, Rule, Severity};

#[test]
fn self_signed_is_told_by_the_signature_whatever_the_ca_flag_says() {
    let judge = Judge::with(vec![Authority::new("Corp").store()]);
    for recipe in
        [Recipe::end_entity("a.example"), Recipe { ca: Some(None), ..Recipe::end_entity("a.example") }]
    {
        let end = recipe.self_signed();
        let assessment = judge.judge(&[&end.der]);
        assert_eq!(rules(&assessment), [Rule::SelfSigned]);
        assert_eq!(assessment.verdicts[0].severity, Severity::Medium);
        assert_eq!(assessment.chains[0].trust.stores[0].reason, Some(PathReason::SelfSigned));
    }
}

#[test]
fn equal_names_do_not_make_a_certificate_self_signed() {
    // Issued by an authority that bears the name of its subject.
    let issuer = Recipe::ca("a.example").self_signed();
    let end = Recipe::end_entity("a.example").signed_by(&issuer);
    assert!(end.certificate().is_self_issued());
    let judge = Judge::with(vec![Authority::new("Corp").store()]);
    assert_eq!(rules(&judge.judge(&[&end.der])), [Rule::UnknownIssuer]);
    let trusting = Judge::with(vec![store("issuer", &[&issuer], false)]);
    assert_eq!(rules(&trusting.judge(&[&end.der])), []);
}

#[test]
fn a_self_signed_certificate_passed_as_trusted_is_trusted_while_it_is_valid() {
    for ca in [None, Some(None)] {
        let recipe = Recipe { ca, ..Recipe::end_entity("a.example") };
        let end = recipe.self_signed();
        let judge = Judge::with(vec![store("pinned", &[&end], false)]);
        let assessment = judge.judge(&[&end.der]);
        assert_eq!(assessment.verdicts, []);
        assert_eq!(assessment.chains[0].trust.stores[0].path, [end.sha256()]);

        let old = Recipe { days_ago: 100, days_left: -1, ..recipe }.self_signed();
        let judge = Judge::with(vec![store("pinned", &[&old], false)]);
        assert_eq!(rules(&judge.judge(&[&old.der])), [Rule::Expired]);
    }
}

#[test]
fn a_served_private_root_is_an_unknown_issuer_that_is_named_once() {
    let corp = Authority::new("Corp");
    let judge = Judge::with(vec![Authority::new("Other").store()]);
    let served = judge.judge(&[&corp.end_entity().der, &corp.intermediate.der, &corp.root.der]);
    assert_eq!(rules(&served), [Rule::UnknownIssuer, Rule::Superfluous]);
    let with_root = verdict(&served, Rule::UnknownIssuer);
    assert!(with_root.detail.contains("Corp Root"), "{}", with_root.detail);
    assert!(with_root.remediation.contains("--trust FILE"));
    let unserved = judge.judge(&[&corp.end_entity().der, &corp.intermediate.der]);
    assert_eq!(rules(&unserved), [Rule::UnknownIssuer]);
    assert_eq!(verdict(&unserved, Rule::UnknownIssuer).group, with_root.group);
    let elsewhere = Recipe::end_entity("b.example").signed_by(&corp.intermediate);
    let other = judge.judge(&[&elsewhere.der, &corp.intermediate.der]);
    assert_eq!(verdict(&other, Rule::UnknownIssuer).group, with_root.group);
}

#[test]
fn one_certificate_under_a_private_root_is_no_incomplete_chain() {
    let root = Recipe::ca("kubernetes").self_signed();
    let end = Recipe::end_entity("a.example").signed_by(&root);
    let judge = Judge::with(vec![Authority::new("Other").store()]);
    assert_eq!(rules(&judge.judge(&[&end.der])), [Rule::UnknownIssuer]);
    // Also where the inventory has the root from another endpoint.
    let known = Known(vec![Arc::new(root.certificate())]);
    let judge = Judge { inventory: &known, ..Judge::with(vec![Authority::new("Other").store()]) };
    assert_eq!(rules(&judge.judge(&[&end.der])), [Rule::UnknownIssuer]);
}

#[test]
fn a_missing_intermediate_that_another_endpoint_serves_is_named() {
    let root = Recipe::ca("Corp One").self_signed();
    let upper = Recipe::ca("Corp Two").signed_by(&root);
    let lower = Recipe::ca("Corp Three").signed_by(&upper);
    let end = Recipe::end_entity("a.example").signed_by(&lower);
    let stranger = Recipe::ca("Corp Three").self_signed();
    let known = Known([&stranger, &lower, &upper].map(|e| Arc::new(e.certificate())).to_vec());
    let judge = Judge { inventory: &known, ..Judge::with(vec![store("corp", &[&root], false)]) };
    let assessment = judge.judge(&[&end.der]);
    assert_eq!(rules(&assessment), [Rule::IncompleteChain]);
    let incomplete = verdict(&assessment, Rule::IncompleteChain);
    assert!(incomplete.detail.contains(&lower.sha256().short()), "{}", incomplete.detail);
    assert!(incomplete.detail.contains(&upper.sha256().short()));
    assert!(!incomplete.detail.contains(&stranger.sha256().short()));
    assert_eq!(assessment.chains[0].trust.stores[0].reason, Some(PathReason::IncompleteChain));
    // Without the root it would not hold with it either.
    let judge = Judge { inventory: &known, ..Judge::with(vec![Authority::new("Other").store()]) };
    assert_eq!(rules(&judge.judge(&[&end.der])), [Rule::UnknownIssuer]);
}

#[test]
fn an_issuer_that_calls_itself_intermediate_is_missing() {
    let corp = Authority::new("Corp");
    let judge = Judge::with(vec![corp.store()]);
    let assessment = judge.judge(&[&corp.end_entity().der]);
    assert_eq!(rules(&assessment), [Rule::IncompleteChain]);
    assert!(verdict(&assessment, Rule::IncompleteChain).detail.contains("Corp Intermediate"));
}

#[test]
fn a_certificate_that_says_where_its_issuer_is_needs_it() {
    // authorityInfoAccess: caIssuers, URI http://ca.example/i.cer
    let uri = b"http://ca.example/i.cer";
    let mut access =
        vec![0x30, 0x25, 0x30, 0x23, 0x06, 0x08, 0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x30, 0x02, 0x86, 0x17];
    assert_eq!(uri.len(), 0x17);
    access.extend_from_slice(uri);
    let issuer = Recipe::ca("Corp Two").signed_by(&Recipe::ca("Corp One").self_signed());
    let end = Recipe {
        extensions: vec![(vec![1, 3, 6, 1, 5, 5, 7, 1, 1], access, false)],
        ..Recipe::end_entity("a.example")
    };
    let end = end.signed_by(&issuer);
    let judge = Judge::with(vec![Authority::new("Other").store()]);
    let assessment = judge.judge(&[&end.der]);
    assert_eq!(rules(&assessment), [Rule::IncompleteChain]);
    assert!(verdict(&assessment, Rule::IncompleteChain).detail.contains("http://ca.example/i.cer"));
}
