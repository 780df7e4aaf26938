//! Which findings a person means.

use crate::model::{Finding, Matcher, OfferedFor};

/// Whether every condition of `matcher` holds. One without conditions matches nothing: nobody silences everything by
/// leaving something out.
///
/// The endpoint is the key's part before the rule, with or without the name of the chain after `#`; letters of either
/// case are the same.
pub fn matches(matcher: &Matcher, finding: &Finding) -> bool {
    let Matcher { key, profile, rule, endpoint, owner, tag, max_severity } = matcher;
    *matcher != Matcher::default()
        && key.as_ref().is_none_or(|key| *key == finding.key.0)
        && profile.as_ref().is_none_or(|profile| *profile == finding.profile)
        && rule.is_none_or(|rule| rule == finding.rule)
        && endpoint.as_ref().is_none_or(|pattern| is_at(pattern, finding))
        && owner.as_ref().is_none_or(|owner| finding.owner.as_ref() == Some(owner))
        && tag.as_ref().is_none_or(|tag| finding.tags.contains(tag))
        && max_severity.is_none_or(|most| finding.severity <= most)
}

fn is_at(pattern: &str, finding: &Finding) -> bool {
    let key = finding.key.0.as_str();
    let label = key.strip_suffix(finding.rule.id()).and_then(|rest| rest.strip_suffix('/')).unwrap_or(key);
    let endpoint = label
        .rsplit_once('#')
        .filter(|(_, chain)| OfferedFor::ALL.iter().any(|offer| offer.name() == *chain))
        .map(|(endpoint, _)| endpoint);
    fits(pattern, label) || endpoint.is_some_and(|endpoint| fits(pattern, endpoint))
}

/// Whether `text` is `pattern`, in which `*` stands for any run of characters. What lies between two stars is taken
/// where it comes first, so the time is at most the product of both lengths, whoever wrote them.
fn fits(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.to_ascii_lowercase(), text.to_ascii_lowercase());
    let Some((start, rest)) = pattern.split_once('*') else { return pattern == text };
    let (between, end) = rest.rsplit_once('*').unwrap_or(("", rest));
    let Some(text) = text.strip_prefix(start) else { return false };
    let Some(mut text) = text.strip_suffix(end) else { return false };
    for part in between.split('*') {
        let Some((_, after)) = text.split_once(part) else { return false };
        text = after;
    }
    true
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::tests::finding;
    use super::*;
    use crate::model::{FindingKey, Rule, Severity};

    #[test]
    fn every_condition_must_hold_and_none_is_not_all() {
        let finding = Finding {
            owner: Some("payments".to_owned()),
            tags: vec!["shop".to_owned(), "lab".to_owned()],
            ..finding("pay.example:443", Rule::Expired, Severity::High)
        };
        let text = |text: &str| Some(text.to_owned());
        let none = Matcher::default();
        assert!(!matches(&none, &finding));
        let fitting = Matcher {
            key: text("pay.example:443/x509.validity.expired"),
            profile: text("web"),
            rule: Some(Rule::Expired),
            endpoint: text("*.example:443"),
            owner: text("payments"),
            tag: text("lab"),
            max_severity: Some(Severity::High),
        };
        assert!(matches(&fitting, &finding));
        for other in [
            Matcher { key: text("pay.example:443"), ..fitting.clone() },
            Matcher { profile: text("mail"), ..fitting.clone() },
            Matcher { rule: Some(Rule::Expiring), ..fitting.clone() },
            Matcher { endpoint: text("pay.example:8443"), ..fitting.clone() },
            Matcher { owner: text("web"), ..fitting.clone() },
            Matcher { tag: text("la"), ..fitting.clone() },
            Matcher { max_severity: Some(Severity::Medium), ..fitting.clone() },
        ] {
            assert!(!matches(&other, &finding), "{other:?}");
        }
        let nobodys = Finding { owner: None, ..finding };
        assert!(!matches(&Matcher { owner: text("payments"), ..none }, &nobodys));
    }

    #[test]
    fn an_endpoint_is_meant_with_all_its_chains_or_with_one() {
        let mut finding = finding("pay.example:443", Rule::Expired, Severity::High);
        finding.key = FindingKey("pay.example:443#rsa/x509.validity.expired".to_owned());
        for (pattern, expected) in [
            ("pay.example:443", true),
            ("PAY.example:443", true),
            ("pay.example:443#rsa", true),
            ("pay.example:443#ecdsa", false),
            ("pay.example", false),
            ("pay.example:*", true),
            ("*", true),
        ] {
            assert_eq!(is_at(pattern, &finding), expected, "{pattern}");
        }
    }

    #[test]
    fn a_star_stands_for_any_run_of_characters() {
        for (pattern, text, expected) in [
            ("a*c", "abc", true),
            ("a*c", "ac", true),
            ("a*a", "a", false),
            ("*b*", "abc", true),
            ("*ab*ab*", "abab", true),
            ("*ab*ab*", "aab", false),
            ("a*b*c", "axbxc", true),
            ("a*b*c", "acb", false),
            ("**", "", true),
            ("", "", true),
            ("", "a", false),
        ] {
            assert_eq!(fits(pattern, text), expected, "{pattern} {text}");
        }
    }

    /// The plain definition, slow.
    fn fits_plainly(pattern: &[char], text: &[char]) -> bool {
        match pattern.split_first() {
            None => text.is_empty(),
            Some(('*', rest)) => (0..=text.len()).any(|skip| fits_plainly(rest, &text[skip..])),
            Some((c, rest)) => text.first() == Some(c) && fits_plainly(rest, &text[1..]),
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn patterns_mean_what_the_plain_definition_says(pattern in "[ab*]{0,8}", text in "[ab]{0,10}") {
            let chars = |text: &str| text.chars().collect::<Vec<_>>();
            prop_assert_eq!(fits(&pattern, &text), fits_plainly(&chars(&pattern), &chars(&text)));
        }
    }
}
