//! Assess: the verdicts on what was seen, under the chosen trust stores, with owners and severities of the profile.

use std::collections::HashSet;
use std::sync::Arc;

use crate::assess::{self, Blocklist, Context, Inventory, NoBlocklist, PathCache, Policies, PolicyContext};
use crate::config::{OwnerRule, Ownership, Period, Profile, SeverityRule, ownership::ownership};
use crate::discover::Target;
use crate::lifecycle::{SeverityOverride, SeverityOverrides, Traits, verdict_key};
use crate::model::finding::EvidenceValue;
use crate::model::{
    Assessment, Endpoint, Finding, FindingKey, FindingState, Observation, Policy, PolicyDefinition, Rule,
    Thresholds, TrustStore, Verdict,
};
use crate::time::UnixTime;
use crate::wire::v1::{EndpointView, ExceptionView, FindingView, StoreView};
use crate::x509::Fingerprint;

/// Judges observations; one for each report or scan, shared by its threads.
#[derive(Debug)]
pub(super) struct Judge {
    stores: Arc<[TrustStore]>,
    paths: PathCache,
    owners: Vec<OwnerRule>,
    severities: SeverityOverrides,
    interval_seconds: Option<i64>,
    thresholds: Thresholds,
    policies: Policies,
    /// All that is judged under, as a report names them.
    named_policies: Vec<Arc<Policy>>,
    blocklist: Arc<dyn Blocklist + Send + Sync>,
}

/// One observation with everything judged about it.
#[derive(Debug)]
pub(super) struct Judged {
    pub(super) observation: Observation,
    pub(super) assessment: Assessment,
    pub(super) ownership: Ownership,
    /// One for each verdict, in their order.
    pub(super) keys: Vec<FindingKey>,
    /// Of an endpoint that gave no chain: when one was seen last. What is judged of that chain was seen then.
    pub(super) last_chain_seen: Option<UnixTime>,
}

/// What the record knows of an endpoint that gave no chain this time.
#[derive(Debug, Default)]
pub(super) struct Past {
    /// It gave none the time before, either: that is worth a finding.
    pub(super) fallen_silent: bool,
    /// What it showed last. Time goes on for it while nobody sees it.
    pub(super) last_chain: Option<LastChain>,
    /// It is asked for beside TCP, so that its silence alone is no fault.
    pub(super) is_beside_tcp: bool,
}

/// The last chain that an endpoint showed.
#[derive(Debug)]
pub(super) struct LastChain {
    pub(super) observation: Observation,
    /// When it was seen last.
    pub(super) until: UnixTime,
}

impl Judge {
    /// A judge with these stores, and the owners, severities, interval and steps of expiry of `profile`.
    pub(super) fn new(stores: Vec<TrustStore>, profile: Option<&Profile>) -> Self {
        Self {
            stores: stores.into(),
            paths: PathCache::default(),
            owners: profile.map(|p| p.owner.clone()).unwrap_or_default(),
            severities: SeverityOverrides(
                profile.map(|p| p.severity.iter().map(severity_override).collect()).unwrap_or_default(),
            ),
            interval_seconds: profile.and_then(|p| p.every).map(Period::seconds),
            thresholds: profile.map(|p| p.expiry).unwrap_or_default(),
            policies: Policies::default(),
            named_policies: vec![Arc::new(Policy::certvigil_default())],
            blocklist: Arc::new(NoBlocklist),
        }
    }

    /// The policies judged under, as a report names them.
    pub(super) fn policies(&self) -> &[Arc<Policy>] {
        &self.named_policies
    }

    /// The same judge, under these policies, too.
    #[must_use]
    pub(super) fn under(mut self, definitions: Vec<PolicyDefinition>) -> Self {
        self.policies = Policies::new(definitions);
        self.named_policies.extend(self.policies.named().map(Arc::clone));
        self
    }

    /// The same judge, with keys that are known to be compromised.
    #[must_use]
    pub(super) fn with_blocklist(self, blocklist: Arc<dyn Blocklist + Send + Sync>) -> Self {
        Self { blocklist, ..self }
    }

    /// The stores asked, as a report names them.
    pub(super) fn store_views(&self) -> Vec<StoreView<'_>> {
        self.stores
            .iter()
            .map(|store| StoreView { info: &store.info, anchors: store.anchors.len() })
            .collect()
    }

    /// What the profile says of an endpoint.
    pub(super) fn ownership_of(&self, endpoint: &Endpoint) -> Ownership {
        ownership(&self.owners, endpoint)
    }

    /// What it depends on, beside what was seen, whether something is told: rules, policy, trust stores, severities,
    /// expiry, and whether there is mail at all. Who writes mail into the settings later hears of what is there then.
    pub(super) fn digest(&self, has_mail: bool) -> Fingerprint {
        let mut text = format!("rules {}\nmail {has_mail}\n", assess::RULES_EDITION);
        for store in self.stores.iter() {
            text.push_str(&format!("store {} {}\n", store.info.name, store.info.sha256));
        }
        text.push_str(&format!("severities {:?}\nexpiry {:?}\n", self.severities, self.thresholds));
        Fingerprint::of(text.as_bytes())
    }

    fn is_public(&self, name: &str) -> bool {
        self.stores.iter().any(|store| store.info.is_public && *store.info.name == *name)
    }

    fn asks_a_public_store(&self) -> bool {
        self.stores.iter().any(|store| store.info.is_public)
    }

    /// What an observation of nobody's special interest is judged against.
    pub(super) fn context<'a>(&'a self, inventory: &'a dyn Inventory, now: UnixTime) -> Context<'a> {
        Context {
            now,
            stores: &self.stores,
            inventory,
            scan_interval_seconds: self.interval_seconds,
            thresholds: self.thresholds,
            named: false,
            seen_before: false,
            paths: &self.paths,
            policies: PolicyContext::default(),
            blocklist: &*self.blocklist,
        }
    }

    /// Judges one observation as at `now`. A file, and a target that names one host or address, is worth a finding when it
    /// gave no chain; so is an endpoint that fell silent. Expiry goes on counting from the last chain seen.
    pub(super) fn judge(
        &self,
        observation: Observation,
        inventory: &dyn Inventory,
        past: &Past,
        now: UnixTime,
    ) -> Judged {
        let ownership = ownership(&self.owners, &observation.endpoint);
        let context = Context {
            named: observation.endpoint.path.is_some()
                || (is_single(&observation.target) && !past.is_beside_tcp),
            seen_before: past.fallen_silent,
            policies: PolicyContext {
                policies: &self.policies,
                owner: ownership.owner.as_deref(),
                tags: &ownership.tags,
            },
            ..self.context(inventory, now)
        };
        let mut assessment = assess::assess(&observation, &context);
        if let Some(last) = &past.last_chain {
            assessment.verdicts.extend(expiry_unseen(last, &context));
            assessment.verdicts.sort_by_key(|verdict| std::cmp::Reverse(verdict.severity));
        }
        if !self.severities.0.is_empty() && !assessment.verdicts.is_empty() {
            let traits = Traits {
                address: observation.endpoint.address,
                owner: ownership.owner.as_deref(),
                tags: &ownership.tags,
            };
            for verdict in &mut assessment.verdicts {
                verdict.severity = self.severities.apply(verdict.rule, verdict.severity, traits);
            }
            assessment.verdicts.sort_by_key(|verdict| std::cmp::Reverse(verdict.severity));
        }
        let key = |verdict: &Verdict| verdict_key(&observation.endpoint, verdict);
        let keys = assessment.verdicts.iter().map(key).collect();
        let last_chain_seen = past.last_chain.as_ref().map(|last| last.until);
        Judged { observation, assessment, ownership, keys, last_chain_seen }
    }
}

/// After so many days an expired certificate that nobody sees any more is no news.
const FORGOTTEN_AFTER_DAYS: i64 = 30;

/// What time does to a certificate that was seen last some time ago.
fn expiry_unseen(last: &LastChain, context: &Context<'_>) -> Vec<Verdict> {
    let context = Context { named: false, seen_before: false, ..*context };
    let mut verdicts = assess::assess(&last.observation, &context).verdicts;
    verdicts.retain(|verdict| match verdict.rule {
        Rule::Expiring => true,
        Rule::Expired => !verdict.evidence.0.iter().any(
            |(name, value)| matches!(value, EvidenceValue::Number(days) if *name == "days_since" && *days > FORGOTTEN_AFTER_DAYS),
        ),
        _ => false,
    });
    for verdict in &mut verdicts {
        verdict
            .detail
            .push_str(&format!(" It was last seen at {}; no certificate was seen here since.", last.until));
        verdict.evidence.push("last_seen", last.until.to_string());
    }
    verdicts
}

fn severity_override(rule: &SeverityRule) -> SeverityOverride {
    SeverityOverride {
        rule: Some(rule.rule),
        tag: rule.tag.clone(),
        owner: rule.owner.clone(),
        network: rule.network.map(|network| network.0),
        severity: rule.severity,
    }
}

/// Which certificates stand in a path to a public anchor, as far as chains were judged.
#[derive(Debug, Default)]
pub(super) struct PublicCertificates {
    known: HashSet<Fingerprint>,
    /// There were more than can be remembered.
    overflowed: bool,
}

impl PublicCertificates {
    /// Certificates remembered: about 10 MiB.
    const MOST: usize = 200_000;

    /// Takes note of the paths of one observation.
    pub(super) fn learn(&mut self, judge: &Judge, judged: &Judged) {
        let verdicts = judged.assessment.chains.iter().flat_map(|chain| &chain.trust.stores);
        for verdict in verdicts.filter(|verdict| verdict.reason.is_none() && judge.is_public(&verdict.store))
        {
            for sha256 in &verdict.path {
                if self.known.len() < Self::MOST {
                    self.known.insert(*sha256);
                } else {
                    self.overflowed |= !self.known.contains(sha256);
                }
            }
        }
    }

    /// `None` where no public store was asked, or nobody can tell any more.
    pub(super) fn contains(&self, judge: &Judge, sha256: &Fingerprint) -> Option<bool> {
        if self.known.contains(sha256) {
            return Some(true);
        }
        (judge.asks_a_public_store() && !self.overflowed).then_some(false)
    }
}

/// Whether a target names one host or address, and not a network.
fn is_single(target: &str) -> bool {
    matches!(Target::parse(target), Ok(Target::Single { .. }))
}

impl Judged {
    /// The report's view, with the life of each finding where the record has one.
    pub(super) fn with_view<T>(
        &self,
        life: impl Fn(&FindingKey) -> Option<Finding>,
        show: impl FnOnce(&EndpointView<'_>) -> T,
    ) -> T {
        let seen = self.observation.observed_at;
        let lives: Vec<Option<Finding>> = self.keys.iter().map(life).collect();
        let pairs = self.assessment.verdicts.iter().zip(&self.keys).zip(&lives);
        let findings: Vec<FindingView<'_>> = pairs
            .map(|((verdict, key), kept)| FindingView {
                verdict,
                key,
                state: kept.as_ref().map_or(FindingState::Open, |kept| kept.state),
                first_seen: kept.as_ref().map_or(seen, |kept| kept.first_seen.min(seen)),
                last_seen: seen,
                resolved_at: kept.as_ref().and_then(|kept| kept.resolved_at),
                exception: kept.as_ref().and_then(|kept| kept.decision.as_ref()).map(ExceptionView::of),
            })
            .collect();
        show(&EndpointView {
            observation: &self.observation,
            assessment: &self.assessment,
            owner: self.ownership.owner.as_deref(),
            tags: &self.ownership.tags,
            findings: &findings,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assess::NoInventory;
    use crate::model::{Failure, Outcome, Reason, Severity, Stage};

    const NOW: UnixTime = UnixTime(1_795_510_800);

    fn profile(text: &str) -> Profile {
        let file = tempfile::Builder::new().suffix(".toml").tempfile().unwrap();
        std::fs::write(file.path(), text).unwrap();
        Profile::load(file.path().to_str().unwrap()).unwrap()
    }

    fn silent(target: &str) -> Observation {
        Observation {
            endpoint: Endpoint::tcp("127.0.0.1:443".parse().unwrap(), None),
            target: target.into(),
            observed_at: NOW,
            outcome: Outcome::Failure(Failure::new(Stage::Connect, Reason::Timeout, "")),
        }
    }

    fn rules(judged: &Judged) -> Vec<(Rule, Severity)> {
        judged.assessment.verdicts.iter().map(|verdict| (verdict.rule, verdict.severity)).collect()
    }

    #[test]
    fn only_what_was_named_or_known_is_missed_when_silent() {
        let judge = Judge::new(Vec::new(), None);
        let judged = |target: &str, known| {
            let past = Past { fallen_silent: known, ..Past::default() };
            rules(&judge.judge(silent(target), &NoInventory, &past, NOW))
        };
        assert_eq!(judged("127.0.0.1", false), [(Rule::NotMeasured, Severity::High)]);
        assert_eq!(judged("127.0.0.0/24", false), []);
        assert_eq!(judged("127.0.0.1-127.0.0.9", false), []);
        assert_eq!(judged("127.0.0.0/24", true), [(Rule::Unreachable, Severity::Medium)]);
    }

    #[test]
    fn what_is_looked_for_beside_tcp_is_missed_only_where_it_was_known() {
        let judge = Judge::new(Vec::new(), None);
        let judged = |fallen_silent| {
            let past = Past { fallen_silent, is_beside_tcp: true, ..Past::default() };
            rules(&judge.judge(silent("127.0.0.1"), &NoInventory, &past, NOW))
        };
        assert_eq!(judged(false), []);
        assert_eq!(judged(true), [(Rule::Unreachable, Severity::Medium)]);
    }

    #[test]
    fn a_file_is_always_named_whatever_its_path_looks_like() {
        let mut observation = silent("./old certificates/a.pem");
        observation.endpoint.path = Some(observation.target.clone());
        let judged = Judge::new(Vec::new(), None).judge(observation, &NoInventory, &Past::default(), NOW);
        assert_eq!(rules(&judged), [(Rule::NotMeasured, Severity::High)]);
    }

    #[test]
    fn owners_tags_and_severities_are_those_of_the_profile() {
        let profile = profile(
            "[[owner]]\nnetworks = [\"127.0.0.0/8\"]\nowner = \"me\"\ntags = [\"lab\"]\n\
             [[severity]]\nrule = \"scan.not_measured\"\ntag = \"lab\"\nseverity = \"info\"\n",
        );
        let judge = Judge::new(Vec::new(), Some(&profile));
        let judged = judge.judge(silent("127.0.0.1"), &NoInventory, &Past::default(), NOW);
        assert_eq!(rules(&judged), [(Rule::NotMeasured, Severity::Info)]);
        assert_eq!(judged.ownership.owner.as_deref(), Some("me"));
        assert_eq!(judged.keys[0].0, "127.0.0.1:443/scan.not_measured");
    }

    #[test]
    fn a_view_shows_the_life_of_a_finding_where_it_has_one() {
        let judged =
            Judge::new(Vec::new(), None).judge(silent("127.0.0.1"), &NoInventory, &Past::default(), NOW);
        let states = |life: Option<Finding>| {
            judged.with_view(
                |_| life.clone(),
                |view| {
                    view.findings.iter().map(|f| (f.state, f.first_seen, f.resolved_at)).collect::<Vec<_>>()
                },
            )
        };
        assert_eq!(states(None), [(FindingState::Open, NOW, None)]);
        let verdict = &judged.assessment.verdicts[0];
        let kept = Finding {
            profile: "web".to_owned(),
            key: judged.keys[0].clone(),
            rule: verdict.rule,
            severity: verdict.severity,
            state: FindingState::Resolved,
            title: String::new(),
            detail: String::new(),
            remediation: String::new(),
            subject: verdict.subject,
            first_seen: UnixTime(1),
            last_seen: NOW,
            resolved_at: Some(UnixTime(2)),
            owner: None,
            tags: Vec::new(),
            decision: None,
            told_at: None,
            told_severity: None,
            returns: 0,
        };
        assert_eq!(states(Some(kept)), [(FindingState::Resolved, UnixTime(1), Some(UnixTime(2)))]);
    }
}
