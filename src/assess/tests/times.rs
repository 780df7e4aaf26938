//! Expired, expiring, not yet valid, too long.

use super::pki::{Authority, Judge, NOW, Recipe, rules, store, verdict};
use crate::model::{Rule, Severity, Subject};
use crate::time::DAY_SECONDS;

fn judged(recipe: Recipe) -> crate::model::Assessment {
    let corp = Authority::new("Corp");
    let end = recipe.signed_by(&corp.intermediate);
    Judge::with(vec![corp.store()]).judge(&[&end.der, &corp.intermediate.der])
}

#[test]
fn expired_is_critical_for_ninety_days_and_high_after() {
    for (days_left, severity) in [(-1, Severity::Critical), (-89, Severity::Critical), (-90, Severity::High)]
    {
        let assessment = judged(Recipe { days_ago: 400, days_left, ..Recipe::end_entity("a.example") });
        assert_eq!(rules(&assessment), [Rule::Expired], "{days_left}");
        assert_eq!(assessment.verdicts[0].severity, severity, "{days_left}");
    }
}

#[test]
fn expiring_follows_the_steps_and_says_days_and_share() {
    for (days_left, severity) in
        [(22, Some(Severity::Medium)), (5, Some(Severity::High)), (2, Some(Severity::Critical)), (30, None)]
    {
        let assessment =
            judged(Recipe { days_ago: 90 - days_left, days_left, ..Recipe::end_entity("a.example") });
        assert_eq!(assessment.worst(), severity, "{days_left}");
        if severity.is_some() {
            assert_eq!(rules(&assessment), [Rule::Expiring]);
            let detail = &verdict(&assessment, Rule::Expiring).detail;
            assert!(
                detail.contains(&format!("in {days_left} d")) && detail.contains("% of its life"),
                "{detail}"
            );
        }
    }
}

#[test]
fn the_last_second_counts_as_valid() {
    let corp = Authority::new("Corp");
    let end = corp.end_entity();
    let mut judge = Judge::with(vec![corp.store()]);
    judge.now = NOW.plus_seconds(80 * DAY_SECONDS);
    assert_eq!(rules(&judge.judge(&[&end.der, &corp.intermediate.der])), [Rule::Expiring]);
    judge.now = judge.now.plus_seconds(1);
    assert_eq!(rules(&judge.judge(&[&end.der, &corp.intermediate.der])), [Rule::Expired]);
}

#[test]
fn a_ca_certificate_in_the_path_has_its_own_steps_and_the_root_has_none() {
    let root = Recipe { days_left: 100, ..Recipe::ca("Corp Root") }.self_signed();
    let intermediate = Recipe { days_left: 80, ..Recipe::ca("Corp Intermediate") }.signed_by(&root);
    let end = Recipe { days_left: 50, ..Recipe::end_entity("a.example") }.signed_by(&intermediate);
    let judge = Judge::with(vec![store("corp", &[&root], false)]);
    let assessment = judge.judge(&[&end.der, &intermediate.der, &root.der]);
    assert_eq!(rules(&assessment), [Rule::Expiring, Rule::Superfluous]);
    let expiring = verdict(&assessment, Rule::Expiring);
    assert_eq!(
        (expiring.severity, expiring.subject),
        (Severity::High, Subject::Certificate(intermediate.sha256()))
    );
}

#[test]
fn not_yet_valid_is_high() {
    let assessment = judged(Recipe { days_ago: -2, ..Recipe::end_entity("a.example") });
    assert_eq!(rules(&assessment), [Rule::NotYetValid]);
    assert_eq!(assessment.verdicts[0].severity, Severity::High);
    assert!(assessment.verdicts[0].detail.contains("in 2 d"));
}

#[test]
fn a_certificate_that_ends_before_it_begins_has_one_finding() {
    let assessment = judged(Recipe { days_ago: 5, days_left: -10, ..Recipe::end_entity("a.example") });
    assert!(rules(&assessment).contains(&Rule::Expired));
    assert!(!rules(&assessment).contains(&Rule::NotYetValid));
    assert!(verdict(&assessment, Rule::Expired).detail.contains("ends before it begins"));
}

#[test]
fn only_public_authorities_are_bound_to_a_length() {
    let corp = Authority::new("Corp");
    let end = Recipe { days_ago: 100, days_left: 300, ..Recipe::end_entity("a.example") }
        .signed_by(&corp.intermediate);
    let ders: [&[u8]; 2] = [&end.der, &corp.intermediate.der];
    assert_eq!(rules(&Judge::with(vec![corp.store()]).judge(&ders)), []);
    let public = Judge::with(vec![store("mozilla", &[&corp.root], true)]);
    let assessment = public.judge(&ders);
    let detail = &verdict(&assessment, Rule::TooLong).detail;
    assert!(detail.contains("401 days") && detail.contains("200"), "{detail}");
    // Installed in the system's store only: a private authority.
    let other = Authority::new("Other");
    let stores =
        vec![store("mozilla", &[&other.root], true), store("system", &[&corp.root, &other.root], true)];
    assert_eq!(rules(&Judge::with(stores).judge(&ders)), []);
}
