//! Rules on an endpoint: versions, suites, groups, signature schemes, primes, features, findings. What was seen is
//! enough to break a rule; to keep it, all that it speaks of must have been looked at.

use std::fmt::Display;

use super::facts::{Facts, as_tls};
use super::features;
use super::said::{Said, Why, asked, listed};
use crate::assess::determined::is_determined;
use crate::model::{Choice, Demand, Outcome, Rule, When};
use crate::tls::ProtocolVersion;

/// What SSL and TLS there is. Many servers are silent about SSL 2, and nothing follows from that: a rule that allows
/// only others does not wait for it.
const VERSIONS: [ProtocolVersion; 5] = [
    ProtocolVersion::SSLv3,
    ProtocolVersion::TLSv1_0,
    ProtocolVersion::TLSv1_1,
    ProtocolVersion::TLSv1_2,
    ProtocolVersion::TLSv1_3,
];

/// What a demand on the endpoint says.
pub(super) fn judge(demand: &Demand, when: &When, facts: &Facts<'_>) -> Said {
    if let Demand::NoFinding(rules) = demand {
        return findings(rules, facts);
    }
    if let Demand::Unseen(why) = demand {
        return Said::NotDetermined(std::sync::Arc::clone(why));
    }
    if matches!(facts.observation.outcome, Outcome::Read(_)) {
        return Why::File.not_applicable();
    }
    if let Some(said) = facts.version_condition(when) {
        return said;
    }
    match demand {
        Demand::Protocol(choice) => protocol(choice, facts),
        Demand::Suites(choice) => set(
            choice,
            Accepted {
                items: facts.suites(when),
                is_whole: || facts.suites_are_whole(when),
                noun: "cipher suite",
                missing: Why::SomeSuites,
            },
        ),
        Demand::Groups(choice) => set(
            choice,
            Accepted {
                items: facts.groups(when),
                is_whole: || facts.groups_are_whole(when),
                noun: "group",
                missing: Why::SomeGroups,
            },
        ),
        Demand::SignatureSchemes(choice) => set(
            choice,
            Accepted {
                items: facts.schemes(when),
                is_whole: || facts.schemes_are_whole(when),
                noun: "signature scheme",
                missing: Why::SomeSchemes,
            },
        ),
        Demand::DhBits(least) => primes(*least, facts),
        Demand::Features { required, forbidden } => features::judge(required, forbidden, when, facts),
        _ => Said::Kept,
    }
}

fn protocol(choice: &Choice<ProtocolVersion>, facts: &Facts<'_>) -> Said {
    let speaks = |version: ProtocolVersion| facts.speaks(version);
    let said = |versions: &[ProtocolVersion], verb: &str| {
        Said::broken(format!("The server {verb} {}; {}.", listed(versions), asked(choice)))
    };
    let of = |versions: &[ProtocolVersion], state: Option<bool>| -> Vec<ProtocolVersion> {
        versions.iter().copied().filter(|version| speaks(*version) == state).collect()
    };
    let items = choice.items();
    let is_open = |versions: &[ProtocolVersion]| versions.iter().any(|version| speaks(*version).is_none());
    match choice {
        Choice::Allow(_) => {
            let all = facts.inspection().into_iter().flat_map(|inspection| inspection.offered());
            let negotiated = facts.tls().and_then(|tls| tls.version);
            let is_outside = |version: &ProtocolVersion| !items.contains(version);
            let spoken = all.map(|facts| facts.version).chain(negotiated).map(as_tls);
            let mut outside: Vec<ProtocolVersion> = spoken.filter(is_outside).collect();
            if !outside.is_empty() {
                outside.sort();
                outside.dedup();
                return said(&outside, "speaks");
            }
            if VERSIONS.into_iter().any(|version| is_outside(&version) && speaks(version).is_none()) {
                return Why::SomeVersions.not_determined();
            }
        }
        Choice::Forbid(_) => {
            let forbidden = of(items, Some(true));
            if !forbidden.is_empty() {
                return said(&forbidden, "speaks");
            }
            if is_open(items) {
                return Why::SomeVersions.not_determined();
            }
        }
        Choice::AnyOf(_) | Choice::AllOf(_) => {
            let missing = of(items, Some(false));
            let is_any = matches!(choice, Choice::AnyOf(_));
            if is_any && items.iter().any(|version| speaks(*version) == Some(true)) {
                return Said::Kept;
            }
            if !missing.is_empty() && (!is_any || missing.len() == items.len()) {
                return said(&missing, "does not speak");
            }
            if is_open(items) {
                return Why::SomeVersions.not_determined();
            }
        }
    }
    Said::Kept
}

/// What a server accepts of one kind.
struct Accepted<I, F> {
    items: I,
    /// Nothing else is accepted.
    is_whole: F,
    noun: &'static str,
    /// Why it is not whole.
    missing: Why,
}

fn set<T, I, F>(choice: &Choice<T>, accepted: Accepted<I, F>) -> Said
where
    T: Ord + Copy + Display,
    I: Iterator<Item = T>,
    F: Fn() -> bool,
{
    let Accepted { items, is_whole, noun, missing } = accepted;
    let wanted = choice.items();
    let is_wanted = |item: &T| wanted.binary_search(item).is_ok();
    let plural = |count: usize| if count == 1 { "" } else { "s" };
    let breach = |mut found: Vec<T>, verb: &str| {
        found.sort();
        found.dedup();
        let count = found.len();
        Said::broken(format!(
            "The server {verb} the {noun}{} {}; {}.",
            plural(count),
            listed(&found),
            asked(choice)
        ))
    };
    match choice {
        Choice::Allow(_) | Choice::Forbid(_) => {
            let forbids = matches!(choice, Choice::Forbid(_));
            let wrong: Vec<T> = items.filter(|item| is_wanted(item) == forbids).collect();
            if !wrong.is_empty() {
                return breach(wrong, "accepts");
            }
        }
        Choice::AnyOf(_) => {
            let mut items = items;
            if items.any(|item| is_wanted(&item)) {
                return Said::Kept;
            }
            if is_whole() {
                return Said::broken(format!(
                    "The server accepts none of the {noun}s asked for; {}.",
                    asked(choice)
                ));
            }
        }
        Choice::AllOf(_) => {
            let there: Vec<T> = items.filter(is_wanted).collect();
            let lacking: Vec<T> = wanted.iter().copied().filter(|item| !there.contains(item)).collect();
            if lacking.is_empty() {
                return Said::Kept;
            }
            if is_whole() {
                return breach(lacking, "does not accept");
            }
        }
    }
    if is_whole() { Said::Kept } else { missing.not_determined() }
}

fn primes(least: u32, facts: &Facts<'_>) -> Said {
    let primes = facts.inspection().map(|inspection| inspection.dh_parameters.as_slice()).unwrap_or_default();
    let shortest = primes.iter().map(|prime| prime.bits).min();
    match shortest {
        Some(bits) if bits < least => Said::broken(format!(
            "The server uses a Diffie-Hellman prime of {bits} bits; at least {least} are asked for."
        )),
        _ if !facts.primes_are_whole() => Why::DhUnknown.not_determined(),
        Some(_) => Said::Kept,
        None => Why::NoDh.not_applicable(),
    }
}

fn findings(rules: &[Rule], facts: &Facts<'_>) -> Said {
    let mut found = facts.verdicts.iter().filter(|verdict| rules.contains(&verdict.rule));
    if let Some(first) = found.next() {
        let mut others: Vec<&str> =
            found.map(|verdict| verdict.rule.id()).filter(|id| *id != first.rule.id()).collect();
        others.sort_unstable();
        others.dedup();
        let beside =
            if others.is_empty() { String::new() } else { format!(" Beside it: {}.", listed(&others)) };
        return Said::broken(format!("{}: {}{beside}", first.rule.id(), first.detail));
    }
    let is_file = matches!(facts.observation.outcome, Outcome::Read(_));
    let is_of_protocol = |rule: &Rule| rule.id().starts_with("tls.");
    if is_file && rules.iter().all(is_of_protocol) {
        return Why::File.not_applicable();
    }
    if rules.iter().all(|rule| is_determined(*rule, facts.observation)) {
        Said::Kept
    } else {
        Why::FindingUnknown.not_determined()
    }
}
