//! Findings led through scans of a temporary store.

use std::sync::Arc;

use super::*;
use crate::app::testing::scan;
use crate::model::{
    Assessment, Counts, Endpoint, Evidence, Failure, Handshake, Inspection, Observation, Outcome, Probe,
    ProbeName, Reaction, Reason, ScanState, ServerName, Stage, Subject, TlsFacts,
};
use crate::store::{Batch, Options, StoredObservation, UnitPosition};
use crate::x509::{self, Fingerprint};

/// What one scan met at one endpoint.
struct Met {
    address: &'static str,
    name: Option<&'static str>,
    has_chain: bool,
    inspection: Option<Inspection>,
    verdicts: Vec<(Rule, Severity)>,
}

fn served(address: &'static str, verdicts: &[(Rule, Severity)]) -> Met {
    Met { address, name: Some("a.example"), has_chain: true, inspection: None, verdicts: verdicts.to_vec() }
}

fn silent(address: &'static str) -> Met {
    Met { address, name: Some("a.example"), has_chain: false, inspection: None, verdicts: Vec::new() }
}

fn endpoint(met: &Met) -> Endpoint {
    let name = met.name.map(|name| ServerName::parse(name).unwrap());
    Endpoint::tcp(format!("{}:443", met.address).parse().unwrap(), name)
}

fn certificate() -> Arc<x509::Certificate> {
    Arc::new(x509::read(b"a certificate"))
}

fn observation<C>(met: &Met, at: i64, presented: C) -> Observation<C> {
    let outcome = if met.has_chain {
        let tls = TlsFacts::default();
        Outcome::Handshake(Box::new(Handshake {
            tls,
            presented,
            other_chains: Vec::new(),
            inspection: met.inspection.clone().map(Box::new),
            gathered: None,
        }))
    } else {
        Outcome::Failure(Failure::new(Stage::Connect, Reason::Timeout, ""))
    };
    Observation { endpoint: endpoint(met), target: "a.example".into(), observed_at: UnixTime(at), outcome }
}

fn verdict(rule: Rule, severity: Severity, endpoint: &Endpoint) -> Verdict {
    Verdict {
        rule,
        severity,
        title: rule.id().to_owned(),
        detail: format!("{} at {:?}", severity.name(), endpoint.address),
        evidence: Evidence::default(),
        subject: Subject::Endpoint(endpoint.id()),
        offered_for: None,
        group: "spki:00".to_owned(),
        remediation: String::new(),
        references: Vec::new(),
    }
}

fn judged(met: &Met, at: i64) -> Judged {
    let chain = x509::read_chain(&x509::RawChain::from_ders([b"a certificate".as_slice()]));
    let observation = observation(met, at, chain);
    let verdicts: Vec<Verdict> =
        met.verdicts.iter().map(|&(rule, severity)| verdict(rule, severity, &observation.endpoint)).collect();
    let key = |verdict: &Verdict| crate::lifecycle::verdict_key(&observation.endpoint, verdict);
    let keys = verdicts.iter().map(key).collect();
    let assessment = Assessment { verdicts, ..Assessment::default() };
    Judged { observation, assessment, ownership: Default::default(), keys, last_chain_seen: None }
}

/// The record, and scans of one profile a day apart.
struct Days {
    store: Store,
    day: i64,
    batch: usize,
}

impl Days {
    fn new(batch: usize) -> Self {
        Self { store: Store::temporary(None, &Options::default()).unwrap(), day: 0, batch }
    }

    fn scan(&mut self, met: &[Met]) -> Changes {
        self.day += 1;
        let at = self.day * 86_400;
        let observations = (0..).zip(met).map(|(index, met)| {
            let stored: StoredObservation = observation(met, at, vec![certificate().sha256]);
            (UnitPosition { block: 0, index }, 0, stored)
        });
        let batch =
            Batch { observations: observations.collect(), certificates: vec![certificate()], progress: None };
        let mut writer = self.store.begin_scan(&scan(UnixTime(at)), 1, Fingerprint::of(b"input")).unwrap();
        writer.commit(batch).unwrap();
        let stored = writer.finish(Counts::default(), ScanState::Complete, UnixTime(at)).unwrap();
        let (kept, judge) = (Kept::new(&self.store, UnixTime(at)), Judge::new(Vec::new(), None));
        let circumstances = Circumstances { actor: "tester", now: UnixTime(at), alerting: None, leads: true };
        let mut leading =
            Leading::new(&self.store, &kept, &stored, &judge, "web", circumstances, self.batch).unwrap();
        met.iter().for_each(|met| leading.take(judged(met, at)).unwrap());
        leading.finish().unwrap()
    }

    fn finding(&self, key: &str) -> Finding {
        self.store.finding("web", &FindingKey(key.to_owned())).unwrap().unwrap().finding
    }
}

fn changes(opened: u64, worse: u64, resolved: u64, worst_opened: Option<Severity>) -> Changes {
    Changes { opened, worse, resolved, worst_opened, cut_off: false }
}

const EXPIRING: &str = "a.example:443/x509.validity.expiring";
const MEDIUM: (Rule, Severity) = (Rule::Expiring, Severity::Medium);
const HIGH: (Rule, Severity) = (Rule::Expiring, Severity::High);

#[test]
fn a_finding_opens_gets_worse_gets_better_and_is_resolved() {
    let mut days = Days::new(BATCH);
    assert_eq!(days.scan(&[served("127.0.0.1", &[MEDIUM])]), changes(1, 0, 0, Some(Severity::Medium)));
    assert_eq!(days.scan(&[served("127.0.0.1", &[MEDIUM])]), Changes::default());
    assert_eq!(days.scan(&[served("127.0.0.1", &[HIGH])]), changes(0, 1, 0, None));
    assert_eq!(days.scan(&[served("127.0.0.1", &[MEDIUM])]), Changes::default());
    let finding = days.finding(EXPIRING);
    assert_eq!((finding.severity, finding.first_seen), (Severity::Medium, UnixTime(86_400)));
    assert_eq!(days.scan(&[served("127.0.0.1", &[])]), changes(0, 0, 1, None));
    let finding = days.finding(EXPIRING);
    assert_eq!((finding.state, finding.resolved_at), (FindingState::Resolved, Some(UnixTime(5 * 86_400))));
    assert_eq!(days.scan(&[served("127.0.0.1", &[HIGH])]), changes(1, 0, 0, Some(Severity::High)));
}

#[test]
fn silence_is_not_a_repair() {
    let mut days = Days::new(BATCH);
    days.scan(&[served("127.0.0.1", &[HIGH]), served("127.0.0.2", &[])]);
    assert_eq!(days.scan(&[silent("127.0.0.1"), served("127.0.0.2", &[])]), Changes::default());
    assert_eq!(days.finding(EXPIRING).state, FindingState::Open);
    assert_eq!(days.scan(&[]), Changes::default(), "nobody looked");
    assert_eq!(days.scan(&[served("127.0.0.1", &[]), silent("127.0.0.2")]), changes(0, 0, 1, None));
}

#[test]
fn a_silent_address_does_not_make_the_finding_of_its_name_better() {
    let mut days = Days::new(BATCH);
    days.scan(&[served("127.0.0.1", &[HIGH]), served("127.0.0.2", &[MEDIUM])]);
    days.scan(&[silent("127.0.0.1"), served("127.0.0.2", &[MEDIUM])]);
    assert_eq!(days.finding(EXPIRING).severity, Severity::High);
    days.scan(&[served("127.0.0.1", &[]), served("127.0.0.2", &[MEDIUM])]);
    assert_eq!(days.finding(EXPIRING).severity, Severity::Medium);
}

#[test]
fn a_name_that_moved_to_other_addresses_leaves_its_findings_behind() {
    let mut days = Days::new(BATCH);
    days.scan(&[served("127.0.0.1", &[HIGH])]);
    assert_eq!(days.scan(&[silent("127.0.0.2")]), Changes::default(), "the new place was not measured");
    assert_eq!(days.scan(&[served("127.0.0.2", &[MEDIUM])]), Changes::default());
    assert_eq!(days.finding(EXPIRING).severity, Severity::Medium);
    assert_eq!(days.scan(&[served("127.0.0.3", &[])]), changes(0, 0, 1, None));
}

#[test]
fn a_bare_address_that_was_not_visited_keeps_its_findings() {
    let mut days = Days::new(BATCH);
    let bare = |address, verdicts: &[_]| Met { name: None, ..served(address, verdicts) };
    days.scan(&[bare("127.0.0.1", &[HIGH])]);
    assert_eq!(days.scan(&[bare("127.0.0.2", &[])]), Changes::default());
    assert_eq!(days.finding("127.0.0.1:443/x509.validity.expiring").state, FindingState::Open);
}

#[test]
fn the_addresses_of_a_name_are_one_finding_as_bad_as_the_worst_however_small_the_batch() {
    for [first, second] in [[MEDIUM, HIGH], [HIGH, MEDIUM]] {
        let mut days = Days::new(1);
        let met = || [served("127.0.0.1", &[first]), served("127.0.0.2", &[second])];
        assert_eq!(days.scan(&met()), changes(1, 0, 0, Some(Severity::High)));
        let finding = days.finding(EXPIRING);
        assert!(finding.detail.starts_with("high at"), "{}", finding.detail);
        assert_eq!(days.store.finding_members("web", &finding.key).unwrap().len(), 2);
        // The next day nothing has changed, in whichever order they come.
        assert_eq!(days.scan(&met()), Changes::default());
    }
}

#[test]
fn a_finding_led_on_in_two_batches_is_as_bad_as_the_worse_one() {
    let reused = |severity| [(Rule::KeyReused, severity)];
    for [first, second] in [[Severity::Low, Severity::High], [Severity::High, Severity::Low]] {
        let mut days = Days::new(1);
        let other = Met { name: Some("b.example"), ..served("127.0.0.2", &reused(second)) };
        let opened = days.scan(&[served("127.0.0.1", &reused(first)), other]);
        assert_eq!(opened, changes(1, 0, 0, Some(Severity::High)));
        let finding = days.finding("spki:00/key.reused");
        assert_eq!(finding.severity, Severity::High);
        assert!(finding.detail.starts_with("high at"), "{}", finding.detail);
    }
}

#[test]
fn a_key_on_many_endpoints_is_one_finding() {
    let mut days = Days::new(1);
    let reused = &[(Rule::KeyReused, Severity::Medium)];
    let other = |verdicts: &[_]| Met { name: Some("b.example"), ..served("127.0.0.2", verdicts) };
    let opened = days.scan(&[served("127.0.0.1", reused), other(reused)]);
    assert_eq!(opened, changes(1, 0, 0, Some(Severity::Medium)));
    assert_eq!(days.scan(&[served("127.0.0.1", &[]), silent("127.0.0.9")]), Changes::default());
    assert_eq!(days.scan(&[served("127.0.0.1", &[]), other(&[])]), changes(0, 0, 1, None));
}

#[test]
fn every_scan_leaves_one_entry_in_the_audit_log() {
    let mut days = Days::new(1);
    days.scan(&[served("127.0.0.1", &[HIGH]), served("127.0.0.2", &[HIGH])]);
    let mut details = Vec::new();
    days.store
        .audit(1, |entry| {
            if entry.event.action == "findings.reconciled" {
                details.push(entry.event.detail);
            }
            Flow::Continue(())
        })
        .unwrap();
    assert_eq!(details, ["1 opened, 0 worse, 0 resolved"]);
}

#[test]
fn a_weakness_is_not_repaired_because_a_scan_did_not_look_or_could_not_tell() {
    let mut days = Days::new(10);
    let key = "a.example:443/tls.vuln.heartbleed";
    let looked = |reaction| {
        let probe = Probe { name: ProbeName::Heartbleed, reaction, evidence: Evidence::default() };
        let inspection = Inspection { probes: vec![probe], ..Inspection::default() };
        Met { inspection: Some(inspection), ..served("127.0.0.1", &[]) }
    };
    let weak = Met { verdicts: vec![(Rule::Heartbleed, Severity::Critical)], ..looked(Reaction::Weak) };
    assert_eq!(days.scan(&[weak]).opened, 1);
    for met in [served("127.0.0.1", &[]), looked(Reaction::not_determined("no answer in time"))] {
        assert_eq!(days.scan(&[met]).resolved, 0);
        assert_eq!(days.finding(key).state, FindingState::Open);
    }
    assert_eq!(days.scan(&[looked(Reaction::Sound)]).resolved, 1);
    assert_eq!(days.finding(key).state, FindingState::Resolved);
}
