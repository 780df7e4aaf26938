//! The served list itself: order and what is too much in it.

use super::pki::{Authority, Judge, Recipe, rules, verdict};
use crate::model::{Rule, Severity};

#[test]
fn a_wrong_order_is_low_and_still_trusted() {
    let corp = Authority::new("Corp");
    let second = Recipe::ca("Corp Issuing").signed_by(&corp.intermediate);
    let end = Recipe::end_entity("a.example").signed_by(&second);
    let judge = Judge::with(vec![corp.store()]);
    let wrong = judge.judge(&[&end.der, &corp.intermediate.der, &second.der]);
    assert_eq!(rules(&wrong), [Rule::Misordered]);
    let misordered = verdict(&wrong, Rule::Misordered);
    assert_eq!(misordered.severity, Severity::Low);
    assert!(misordered.detail.contains("1, 3, 2"));
    assert_eq!(wrong.chains[0].trust.is_trusted(), Some(true));
    let right = judge.judge(&[&end.der, &second.der, &corp.intermediate.der]);
    assert_eq!(rules(&right), []);
}

#[test]
fn a_wrong_order_is_seen_without_any_store() {
    let corp = Authority::new("Corp");
    let second = Recipe::ca("Corp Issuing").signed_by(&corp.intermediate);
    let end = Recipe::end_entity("a.example").signed_by(&second);
    let assessment = Judge::with(Vec::new()).judge(&[&end.der, &corp.intermediate.der, &second.der]);
    assert_eq!(rules(&assessment), [Rule::Misordered]);
}

#[test]
fn roots_strangers_and_repetitions_are_superfluous() {
    let (corp, other) = (Authority::new("Corp"), Authority::new("Other"));
    let end = corp.end_entity();
    let judge = Judge::with(vec![corp.store()]);
    for (extra, count) in [
        (vec![&corp.root.der], 1),
        (vec![&other.intermediate.der], 1),
        (vec![&corp.intermediate.der], 1),
        (vec![&end.der, &corp.root.der, &other.root.der], 3),
    ] {
        let mut served: Vec<&[u8]> = vec![&end.der, &corp.intermediate.der];
        served.extend(extra.iter().map(|der| der.as_slice()));
        let assessment = judge.judge(&served);
        assert_eq!(rules(&assessment), [Rule::Superfluous], "{count}");
        let superfluous = verdict(&assessment, Rule::Superfluous);
        assert_eq!(superfluous.severity, Severity::Info);
        assert!(superfluous.detail.contains(&format!("({count} in all")), "{}", superfluous.detail);
    }
}

#[test]
fn a_certificate_between_the_right_ones_breaks_the_order_too() {
    let (corp, other) = (Authority::new("Corp"), Authority::new("Other"));
    let judge = Judge::with(vec![corp.store()]);
    let assessment = judge.judge(&[&corp.end_entity().der, &other.root.der, &corp.intermediate.der]);
    assert_eq!(rules(&assessment), [Rule::Misordered, Rule::Superfluous]);
}

#[test]
fn an_empty_or_senseless_list_is_judged_without_harm() {
    let judge = Judge::with(vec![Authority::new("Corp").store()]);
    assert!(judge.judge(&[]).verdicts.is_empty());
    let assessment = judge.judge(&[b"\x30\x03\x02\x01\x01", b"x"]);
    assert!(rules(&assessment).contains(&Rule::Unreadable));
    assert_eq!(assessment.chains[0].trust.is_trusted(), Some(false));
    assert_eq!(assessment.chains[0].name_match, None);
}
