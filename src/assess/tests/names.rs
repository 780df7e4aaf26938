//! Names, from the certificate to the verdict.

use super::pki::{Authority, Judge, Recipe, chain, rules, served, verdict};
use crate::model::{Endpoint, OfferedFor, OtherChain, Outcome, Rule, ServerName, TlsFacts};

fn mismatch(names: &[&str], asked: Option<&str>) -> Option<bool> {
    let corp = Authority::new("Corp");
    let recipe =
        Recipe { names: names.iter().map(|n| (*n).to_owned()).collect(), ..Recipe::end_entity("cn.example") };
    let end = recipe.signed_by(&corp.intermediate);
    let mut observation = served(chain(&[&end.der, &corp.intermediate.der]), TlsFacts::default());
    observation.endpoint =
        Endpoint::tcp("127.0.0.1:443".parse().unwrap(), asked.map(|n| ServerName::parse(n).unwrap()));
    let assessment = Judge::with(vec![corp.store()]).assess(&observation);
    let answer = assessment.chains[0].name_match;
    assert_eq!(rules(&assessment).contains(&Rule::NameMismatch), answer == Some(false));
    answer
}

#[test]
fn names_match_as_rfc_9525_says() {
    assert_eq!(mismatch(&["a.example"], Some("a.example")), Some(true));
    assert_eq!(mismatch(&["a.example"], Some("A.Example.")), Some(true));
    assert_eq!(mismatch(&["a.example"], Some("b.example")), Some(false));
    assert_eq!(mismatch(&["*.a.example"], Some("www.a.example")), Some(true));
    assert_eq!(mismatch(&["xn--bcher-kva.example"], Some("bücher.example")), Some(true));
    assert_eq!(mismatch(&["127.0.0.1"], Some("127.0.0.1")), Some(true));
    assert_eq!(mismatch(&["127.0.0.1"], Some("127.0.0.2")), Some(false));
    assert_eq!(mismatch(&["127.0.0.1"], Some("a.example")), Some(false));
}

#[test]
fn no_name_asked_for_is_no_mismatch() {
    assert_eq!(mismatch(&["a.example"], None), None);
}

#[test]
fn a_common_name_does_not_count() {
    assert_eq!(mismatch(&[], Some("cn.example")), Some(false));
    let corp = Authority::new("Corp");
    let end = Recipe { names: Vec::new(), ..Recipe::end_entity("a.example") }.signed_by(&corp.intermediate);
    let assessment = Judge::with(vec![corp.store()]).judge(&[&end.der, &corp.intermediate.der]);
    assert!(verdict(&assessment, Rule::NameMismatch).detail.contains("common name only"));
}

#[test]
fn a_hostile_name_stays_inside_its_sentence() {
    let corp = Authority::new("Corp");
    let end = Recipe { name: "a\u{1b}[2J\nFORGED".to_owned(), names: Vec::new(), ..Recipe::end_entity("x") };
    let end = end.signed_by(&corp.intermediate);
    let assessment = Judge::with(vec![corp.store()]).judge(&[&end.der, &corp.intermediate.der]);
    for verdict in &assessment.verdicts {
        assert!(!verdict.detail.contains('\u{1b}') && !verdict.detail.contains('\n'), "{}", verdict.detail);
    }
}

#[test]
fn every_chain_is_judged_and_the_one_without_a_name_is_not_matched() {
    let corp = Authority::new("Corp");
    let (good, other) =
        (corp.end_entity(), Recipe::end_entity("default.example").signed_by(&corp.intermediate));
    let expired = Recipe { days_ago: 99, days_left: -9, ..Recipe::end_entity("a.example") };
    let expired = expired.signed_by(&corp.intermediate);
    let mut observation = served(chain(&[&good.der, &corp.intermediate.der]), TlsFacts::default());
    let Outcome::Handshake(handshake) = &mut observation.outcome else { unreachable!() };
    handshake.other_chains = vec![
        OtherChain {
            offered_for: OfferedFor::Rsa,
            presented: chain(&[&expired.der, &corp.intermediate.der]),
        },
        OtherChain {
            offered_for: OfferedFor::NoSni,
            presented: chain(&[&other.der, &corp.intermediate.der]),
        },
    ];
    let assessment = Judge::with(vec![corp.store()]).assess(&observation);
    assert_eq!(rules(&assessment), [Rule::Expired]);
    assert_eq!(assessment.verdicts[0].offered_for, Some(OfferedFor::Rsa));
    let matches: Vec<_> = assessment.chains.iter().map(|c| (c.offered_for, c.name_match)).collect();
    assert_eq!(
        matches,
        [(None, Some(true)), (Some(OfferedFor::Rsa), Some(true)), (Some(OfferedFor::NoSni), None)]
    );
}
