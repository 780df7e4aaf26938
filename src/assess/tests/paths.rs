//! Certification paths: what holds, what does not, and why.

use rcgen::ExtendedKeyUsagePurpose;

use super::pki::{Authority, Entity, Judge, NOW, Recipe, rules, store, verdict};
use crate::model::{PathReason, Rule, Severity, Subject};
use crate::time::DAY_SECONDS;

fn reasons(judge: &Judge<'_>, ders: &[&[u8]]) -> Vec<Option<PathReason>> {
    judge.judge(ders).chains[0].trust.stores.iter().map(|s| s.reason).collect()
}

#[test]
fn a_sound_chain_is_trusted_and_silent() {
    let authority = Authority::new("Corp");
    let end = authority.end_entity();
    let judge = Judge::with(vec![authority.store()]);
    let assessment = judge.judge(&[&end.der, &authority.intermediate.der]);
    assert_eq!(assessment.verdicts, []);
    let chain = &assessment.chains[0];
    assert_eq!(chain.trust.is_trusted(), Some(true));
    assert_eq!(chain.trust.stores[0].path, [end.sha256(), authority.intermediate.sha256()]);
    assert_eq!(chain.name_match, Some(true));
}

#[test]
fn one_store_that_trusts_is_enough_and_each_says_its_own() {
    let (corp, other) = (Authority::new("Corp"), Authority::new("Other"));
    let judge = Judge::with(vec![store("other", &[&other.root], true), corp.store()]);
    let assessment = judge.judge(&[&corp.end_entity().der, &corp.intermediate.der]);
    assert_eq!(assessment.verdicts, []);
    let stores = &assessment.chains[0].trust.stores;
    assert_eq!((stores[0].reason, stores[1].reason), (Some(PathReason::UnknownIssuer), None));
    assert_eq!(stores[0].path, []);
}

#[test]
fn a_path_found_once_holds_for_every_store_with_its_anchor() {
    let corp = Authority::new("Corp");
    let judge = Judge::with(vec![corp.store(), store("again", &[&corp.intermediate, &corp.root], true)]);
    let assessment = judge.judge(&[&corp.end_entity().der, &corp.intermediate.der]);
    assert!(assessment.chains[0].trust.stores.iter().all(|s| s.reason.is_none()));
}

#[test]
fn no_store_means_not_judged() {
    let corp = Authority::new("Corp");
    let assessment = Judge::with(Vec::new()).judge(&[&corp.end_entity().der, &corp.intermediate.der]);
    assert_eq!(assessment.verdicts, []);
    assert_eq!(assessment.chains[0].trust.is_trusted(), None);
}

#[test]
fn an_expired_certificate_of_a_known_authority_is_expired_and_not_unknown() {
    let corp = Authority::new("Corp");
    let end = Recipe { days_ago: 100, days_left: -10, ..Recipe::end_entity("a.example") };
    let end = end.signed_by(&corp.intermediate);
    let other = Authority::new("Other");
    let judge = Judge::with(vec![other.store(), corp.store()]);
    let ders: [&[u8]; 2] = [&end.der, &corp.intermediate.der];
    assert_eq!(reasons(&judge, &ders), [Some(PathReason::UnknownIssuer), Some(PathReason::Expired)]);
    assert_eq!(rules(&judge.judge(&ders)), [Rule::Expired]);
}

#[test]
fn an_expired_certificate_of_an_unknown_authority_is_both() {
    let corp = Authority::new("Corp");
    let end = Recipe { days_ago: 100, days_left: -10, ..Recipe::end_entity("a.example") };
    let end = end.signed_by(&corp.intermediate);
    let judge = Judge::with(vec![Authority::new("Other").store()]);
    let assessment = judge.judge(&[&end.der, &corp.intermediate.der]);
    assert_eq!(rules(&assessment), [Rule::Expired, Rule::UnknownIssuer]);
    assert_eq!(assessment.chains[0].trust.stores[0].reason, Some(PathReason::UnknownIssuer));
}

#[test]
fn an_expired_intermediate_is_named() {
    let root = Recipe::ca("Corp Root").self_signed();
    let intermediate =
        Recipe { days_ago: 900, days_left: -5, ..Recipe::ca("Corp Intermediate") }.signed_by(&root);
    // Issued while the intermediate was valid, and issued afterwards: then no moment is right for both.
    for days_ago in [10, 3] {
        let end = Recipe { days_ago, ..Recipe::end_entity("a.example") }.signed_by(&intermediate);
        let judge = Judge::with(vec![store("corp", &[&root], false)]);
        let assessment = judge.judge(&[&end.der, &intermediate.der]);
        assert_eq!(rules(&assessment), [Rule::Expired], "{days_ago}");
        let expired = verdict(&assessment, Rule::Expired);
        assert_eq!(expired.subject, Subject::Certificate(intermediate.sha256()));
        assert!(expired.title.contains("CA certificate"));
        assert_eq!(assessment.chains[0].trust.stores[0].reason, Some(PathReason::Expired), "{days_ago}");
    }
}

#[test]
fn an_expired_cross_certificate_that_no_path_needs_is_nobodys_concern() {
    let (old, new) = (Recipe::ca("Old Root").self_signed(), Recipe::ca("New Root").self_signed());
    let cross = Recipe { days_left: -50, ..Recipe::ca("New Root") }.signed_with(&old, new.key());
    let intermediate = Recipe::ca("New Intermediate").signed_by(&new);
    let end = Recipe::end_entity("a.example").signed_by(&intermediate);
    let judge = Judge::with(vec![store("both", &[&old, &new], false)]);
    let assessment = judge.judge(&[&end.der, &intermediate.der, &cross.der]);
    assert_eq!(assessment.verdicts, []);
}

#[test]
fn a_cross_signed_chain_is_trusted_by_either_root() {
    let (one, two) = (Recipe::ca("Root One").self_signed(), Recipe::ca("Root Two").self_signed());
    let by_one = Recipe::ca("Shared").signed_by(&one);
    let by_two = Recipe::ca("Shared").signed_with(&two, by_one.key());
    let end = Recipe::end_entity("a.example").signed_by(&by_one);
    for root in [&one, &two] {
        let judge = Judge::with(vec![store("one", &[root], false)]);
        assert_eq!(rules(&judge.judge(&[&end.der, &by_one.der, &by_two.der])), []);
    }
}

#[test]
fn a_usage_that_leaves_servers_out_is_refused_whoever_issued_it() {
    let corp = Authority::new("Corp");
    let end = Recipe { usage: vec![ExtendedKeyUsagePurpose::ClientAuth], ..Recipe::end_entity("a.example") };
    let end = end.signed_by(&corp.intermediate);
    let ders: [&[u8]; 2] = [&end.der, &corp.intermediate.der];
    let judge = Judge::with(vec![Authority::new("Other").store(), corp.store()]);
    assert_eq!(reasons(&judge, &ders), [Some(PathReason::UnknownIssuer), Some(PathReason::ExtendedKeyUsage)]);
    let assessment = judge.judge(&ders);
    assert_eq!(rules(&assessment), [Rule::InvalidPath]);
    let invalid = verdict(&assessment, Rule::InvalidPath);
    assert_eq!(invalid.severity, Severity::High);
    assert!(invalid.detail.contains("serverAuth"), "{}", invalid.detail);
}

#[test]
fn name_constraints_and_path_lengths_are_kept() {
    let root = Recipe::ca("Corp Root").self_signed();
    let constrained =
        Recipe { permitted: vec!["b.example".to_owned()], ..Recipe::ca("Constrained") }.signed_by(&root);
    let outside = Recipe::end_entity("a.example").signed_by(&constrained);
    let judge = Judge::with(vec![store("corp", &[&root], false)]);
    assert_eq!(reasons(&judge, &[&outside.der, &constrained.der]), [Some(PathReason::NameConstraints)]);

    let short = Recipe { ca: Some(Some(0)), ..Recipe::ca("Short") }.signed_by(&root);
    let below = Recipe::ca("Below").signed_by(&short);
    let end = Recipe::end_entity("a.example").signed_by(&below);
    let assessment = judge.judge(&[&end.der, &below.der, &short.der]);
    assert_eq!(assessment.chains[0].trust.stores[0].reason, Some(PathReason::NotACa));
    assert!(verdict(&assessment, Rule::InvalidPath).detail.contains("allows fewer"));
}

#[test]
fn an_end_entity_that_signs_is_not_a_ca() {
    let root = Recipe::ca("Corp Root").self_signed();
    let middle = Recipe::end_entity("middle.example").signed_by(&root);
    let end = Recipe::end_entity("a.example").signed_by(&middle);
    let judge = Judge::with(vec![store("corp", &[&root], false)]);
    let assessment = judge.judge(&[&end.der, &middle.der]);
    assert_eq!(assessment.chains[0].trust.stores[0].reason, Some(PathReason::NotACa));
    assert!(verdict(&assessment, Rule::InvalidPath).detail.contains("middle.example"));
}

#[test]
fn a_forged_signature_is_told_from_an_unknown_issuer() {
    let corp = Authority::new("Corp");
    let forged = corp.end_entity().forged();
    for stores in [vec![corp.store()], vec![Authority::new("Other").store()]] {
        let assessment = Judge::with(stores).judge(&[&forged, &corp.intermediate.der]);
        assert_eq!(rules(&assessment), [Rule::InvalidPath]);
        assert_eq!(assessment.chains[0].trust.stores[0].reason, Some(PathReason::BadSignature));
    }
}

#[test]
fn an_authority_made_anew_under_its_old_name_is_unknown() {
    let (old, new) = (Recipe::ca("Corp CA").self_signed(), Recipe::ca("Corp CA").self_signed());
    let end = Recipe::end_entity("a.example").signed_by(&new);
    let judge = Judge::with(vec![store("old", &[&old], false)]);
    let assessment = judge.judge(&[&end.der]);
    assert_eq!(rules(&assessment), [Rule::UnknownIssuer]);
    assert!(verdict(&assessment, Rule::UnknownIssuer).detail.contains("with another key"));
}

#[test]
fn an_unknown_critical_extension_is_refused_and_a_stranger_in_the_list_is_not() {
    let corp = Authority::new("Corp");
    let odd = Recipe {
        extensions: vec![(vec![1, 3, 6, 1, 4, 1, 99_999, 1], vec![5, 0], true)],
        ..Recipe::end_entity("a.example")
    };
    let odd = odd.signed_by(&corp.intermediate);
    let judge = Judge::with(vec![corp.store()]);
    let assessment = judge.judge(&[&odd.der, &corp.intermediate.der]);
    assert!(rules(&assessment).contains(&Rule::InvalidPath));
    let sound = judge.judge(&[&corp.end_entity().der, &corp.intermediate.der, b"not a certificate"]);
    assert_eq!(sound.chains[0].trust.is_trusted(), Some(true));
    let unknown = Judge::with(vec![Authority::new("Other").store()]);
    let assessment = unknown.judge(&[&corp.end_entity().der, &corp.intermediate.der, b"not a certificate"]);
    assert_eq!(assessment.chains[0].trust.stores[0].reason, Some(PathReason::UnknownIssuer));
}

/// End entity, eight intermediates, root.
fn ten(change: impl Fn(usize, Recipe) -> Recipe) -> Vec<Entity> {
    let mut chain = vec![Recipe::ca("Deep Root").self_signed()];
    for level in (1..=8).rev() {
        let recipe = change(level, Recipe::ca(&format!("Deep CA {level}")));
        let next = recipe.signed_by(chain.last().unwrap());
        chain.push(next);
    }
    let end = Recipe::end_entity("a.example").signed_by(chain.last().unwrap());
    chain.push(end);
    chain.reverse();
    chain
}

#[test]
fn ten_certificates_make_a_path_like_any_other() {
    let sound = ten(|_, recipe| recipe);
    let judge = |chain: &[Entity], root: bool| {
        let judge = Judge::with(vec![store("deep", &[&chain[9]], false)]);
        let served: Vec<&[u8]> = chain.iter().take(if root { 10 } else { 9 }).map(|e| &*e.der).collect();
        judge.judge(&served)
    };
    let assessment = judge(&sound, false);
    assert_eq!(assessment.verdicts, []);
    assert_eq!(assessment.chains[0].trust.stores[0].path.len(), 9);
    let with_root = judge(&sound, true);
    assert_eq!(rules(&with_root), [Rule::Superfluous]);
    assert_eq!(with_root.chains[0].trust.stores[0].path.len(), 10);

    let reason = |change: &dyn Fn(usize, Recipe) -> Recipe| {
        judge(&ten(change), false).chains[0].trust.stores[0].reason
    };
    let at = |level: usize, wanted: usize, recipe: Recipe, change: fn(&mut Recipe)| {
        let mut recipe = recipe;
        if level == wanted {
            change(&mut recipe);
        }
        recipe
    };
    assert_eq!(reason(&|l, r| at(l, 8, r, |r| r.days_left = -1)), Some(PathReason::Expired));
    assert_eq!(reason(&|l, r| at(l, 7, r, |r| r.ca = None)), Some(PathReason::NotACa));
    assert_eq!(reason(&|l, r| at(l, 8, r, |r| r.ca = Some(Some(3)))), Some(PathReason::NotACa));
    assert_eq!(reason(&|l, r| at(l, 8, r, |r| r.ca = Some(Some(7)))), None);
    let names = |r: &mut Recipe| r.permitted = vec!["b.example".to_owned()];
    assert_eq!(reason(&|l, r| at(l, 8, r, names)), Some(PathReason::NameConstraints));
    assert_eq!(reason(&|l, r| at(l, 2, r, names)), Some(PathReason::NameConstraints));
    let usage = |r: &mut Recipe| r.usage = vec![ExtendedKeyUsagePurpose::ClientAuth];
    assert_eq!(reason(&|l, r| at(l, 8, r, usage)), Some(PathReason::ExtendedKeyUsage));

    let mut late = Judge::with(vec![store("deep", &[&sound[9]], false)]);
    late.now = NOW.plus_seconds(90 * DAY_SECONDS);
    let served: Vec<&[u8]> = sound.iter().take(9).map(|e| &*e.der).collect();
    let assessment = late.judge(&served);
    assert_eq!(rules(&assessment), [Rule::Expired]);
    assert_eq!(assessment.chains[0].trust.stores[0].reason, Some(PathReason::Expired));
}

#[test]
fn a_deep_chain_to_a_stranger_is_an_unknown_issuer() {
    let chain = ten(|_, recipe| recipe);
    let judge = Judge::with(vec![Authority::new("Other").store()]);
    let served: Vec<&[u8]> = chain.iter().map(|e| &*e.der).collect();
    assert_eq!(judge.judge(&served).chains[0].trust.stores[0].reason, Some(PathReason::UnknownIssuer));
}

#[test]
fn many_certificates_of_one_name_cost_little() {
    let root = Recipe::ca("Same").self_signed();
    let others: Vec<_> = (0..30).map(|_| Recipe::ca("Same").self_signed()).collect();
    let end = Recipe::end_entity("a.example").signed_by(&root);
    let mut served: Vec<&[u8]> = vec![&end.der];
    served.extend(others.iter().map(|e| &*e.der));
    let judge = Judge::with(vec![Authority::new("Other").store()]);
    assert!(!judge.judge(&served).verdicts.is_empty());
}

#[test]
fn the_cache_asks_again_when_a_certificate_ends() {
    let corp = Authority::new("Corp");
    let mut judge = Judge::with(vec![corp.store()]);
    let end = corp.end_entity();
    let ders: [&[u8]; 2] = [&end.der, &corp.intermediate.der];
    assert_eq!(reasons(&judge, &ders), [None]);
    judge.now = NOW.plus_seconds(80 * DAY_SECONDS);
    assert_eq!(reasons(&judge, &ders), [None]);
    judge.now = NOW.plus_seconds(80 * DAY_SECONDS + 1);
    assert_eq!(reasons(&judge, &ders), [Some(PathReason::Expired)]);
    judge.now = NOW.plus_seconds(-11 * DAY_SECONDS);
    assert_eq!(reasons(&judge, &ders), [Some(PathReason::NotYetValid)]);
}

#[test]
fn each_store_says_in_a_sentence_which_certificate_which_rule_and_what_to_do() {
    let corp = Authority::new("Corp");
    let ca = |recipe: Recipe| recipe.signed_by(&corp.root);
    let narrow = ca(Recipe { permitted: vec!["b.example".to_owned()], ..Recipe::ca("Narrow") });
    let expired = Recipe { days_ago: 100, days_left: -10, ..Recipe::end_entity("a.example") };
    let for_clients =
        Recipe { usage: vec![ExtendedKeyUsagePurpose::ClientAuth], ..Recipe::end_entity("a.example") };
    let under = |issuer: &Entity, recipe: Recipe| recipe.signed_by(issuer);
    let sentence = |judge: &Judge<'_>, ders: &[&[u8]]| {
        let store = judge.judge(ders).chains.remove(0).trust.stores.remove(0);
        assert_eq!(store.reason.is_some(), store.detail.is_some());
        store.detail.unwrap_or_default()
    };
    let judge = Judge::with(vec![corp.store()]);
    let stranger = Authority::new("Stranger");
    let own = Recipe::end_entity("a.example").self_signed();
    let [end, late, client] = [Recipe::end_entity("a.example"), expired, for_clients]
        .map(|recipe| under(&corp.intermediate, recipe));
    let outside = under(&narrow, Recipe::end_entity("a.example"));
    let intermediate = &*corp.intermediate.der;
    let name = |entity: &Entity| crate::assess::words::certificate(&entity.certificate());
    for (ders, named, words) in [
        (vec![&*late.der, intermediate], name(&late), "has expired (RFC 5280 section 4.1.2.5): renew it"),
        (vec![&*client.der, intermediate], name(&client), "(RFC 5280 section 4.2.1.12): have it issued anew"),
        (vec![&*outside.der, &*narrow.der], name(&narrow), "(RFC 5280 section 4.2.1.10)"),
        (vec![&*own.der], name(&own), "is signed by its own key and is not in the store"),
        (vec![&*end.der], name(&end), "is not served (RFC 8446 section 4.4.2): append"),
        (
            vec![&*end.forged(), intermediate],
            crate::assess::words::certificate(&crate::x509::read(&end.forged())),
            "(RFC 5280 section 6.1.3): compare the served files",
        ),
    ] {
        let detail = sentence(&judge, &ders);
        assert!(detail.contains(&named) && detail.contains(words) && detail.ends_with('.'), "{detail}");
    }
    assert_eq!(sentence(&judge, &[&*end.der, intermediate]), "");
    let elsewhere = Judge::with(vec![stranger.store()]);
    let detail = sentence(&elsewhere, &[&*end.der, intermediate, &*corp.root.der]);
    let expected = format!("the root {} that the server sends is not in the store", name(&corp.root));
    assert!(detail.starts_with(&expected) && detail.contains("--trust FILE"), "{detail}");
    let detail = sentence(&elsewhere, &[&*end.der, intermediate]);
    assert!(
        detail.contains(&format!("which issued {}, is not in the store", name(&corp.intermediate))),
        "{detail}"
    );
}

/// As with the root that expired under half the web in 2020: the server goes on sending a cross-certificate of its root
/// under an older one, and both have expired, while the root itself is an anchor.
#[test]
fn an_expired_cross_sign_under_an_expired_root_hides_no_path() {
    let old = Recipe { days_left: -50, ..Recipe::ca("Old Root") }.self_signed();
    let new = Recipe::ca("New Root").self_signed();
    let cross = Recipe { days_left: -50, ..Recipe::ca("New Root") }.signed_with(&old, new.key());
    let intermediate = Recipe::ca("New Intermediate").signed_by(&new);
    let end = Recipe::end_entity("a.example").signed_by(&intermediate);
    let orders: [[&[u8]; 4]; 2] = [
        [&end.der, &intermediate.der, &cross.der, &old.der],
        [&end.der, &cross.der, &old.der, &intermediate.der],
    ];
    for ders in orders {
        for roots in [vec![&new], vec![&old, &new]] {
            let assessment = Judge::with(vec![store("new", &roots, false)]).judge(&ders);
            let verdict = &assessment.chains[0].trust.stores[0];
            assert_eq!((verdict.reason, verdict.detail.as_deref()), (None, None));
            assert!(!rules(&assessment).contains(&Rule::Expired), "{:?}", rules(&assessment));
        }
    }
    // A client that has the old root alone is told what has expired.
    let assessment = Judge::with(vec![store("old", &[&old], false)]).judge(&orders[0]);
    let verdict = &assessment.chains[0].trust.stores[0];
    assert_eq!(verdict.reason, Some(PathReason::Expired));
    assert!(verdict.detail.as_ref().unwrap().contains("New Root"), "{verdict:?}");
}
