//! Hooks that do what they are told, and endpoints that serve what is said, in a clock that is moved by hand.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use super::*;
use crate::app::dispatch::tests::{Desk, START, alert};
use crate::app::dispatch::{Delivery, Hurry, Round, SmtpPost, deliver_by};
use crate::app::testing::scan;
use crate::model::{
    CertificateBrief, Counts, EndpointId, Finding, FindingState, Handshake, HookRun, News, Observation,
    Outgoing, ScanState, Severity, Subject, TlsFacts, Urgency, WatchNews,
};
use crate::notify::hook::HookFate;
use crate::store::{Batch, FindingUpdate, FindingsCommit, Flow, UnitPosition};
use crate::text::Untrusted;
use crate::time::DAY_SECONDS;
use crate::x509::{self, Fingerprint};

const SETTINGS: &str = "\
[mail]\nserver = \"127.0.0.1\"\nsecurity = \"plain\"\nplain_is_accepted = true\nfrom = \"certvigil@a.example\"\n\
[[route]]\nname = \"default\"\nto = [\"ops@a.example\"]\ndefault = true\n\
[[hook]]\nname = \"renew\"\ncommand = [\"/bin/true\"]\n\
[[hook]]\nname = \"after\"\ncommand = [\"/bin/true\"]\non = [\"certificate.renewed\", \"renewal.failed\"]\n";

const OLD: &[u8] = b"the old certificate";
const NEW: &[u8] = b"the new certificate";

/// Programs that end as told, and endpoints that serve what is said.
#[derive(Default)]
struct World {
    fates: RefCell<VecDeque<HookFate>>,
    ran: RefCell<Vec<(String, String, String, usize)>>,
    serves: RefCell<VecDeque<Option<&'static [u8]>>>,
}

impl Run for World {
    async fn run(&self, hook: &HookProgram, event: EventName, alerts: &[Arc<Alert>]) -> HookOutcome {
        let endpoints = alerts.iter().map(|alert| match &alert.news {
            News::Finding(news) => news.endpoints.len(),
            News::Watch(_) => 0,
        });
        let told = (hook.name.clone(), event.name().to_owned(), alerts[0].key.0.clone(), endpoints.sum());
        self.ran.borrow_mut().push(told);
        let fate = self.fates.borrow_mut().pop_front().unwrap_or(HookFate::Succeeded);
        HookOutcome {
            fate,
            words: format!("{fate:?}"),
            output: Untrusted::new("what it \u{1b}[2J wrote"),
            cut: 0,
        }
    }
}

impl Look for World {
    async fn leaves(&self, _: &Endpoint) -> Result<Option<Vec<Vec<u8>>>, AppError> {
        let mut serves = self.serves.borrow_mut();
        let now = if serves.len() > 1 { serves.pop_front() } else { serves.front().copied() };
        Ok(now.flatten().map(|der| vec![der.to_vec()]))
    }
}

impl World {
    fn hooks(&self) -> Vec<String> {
        self.ran.borrow().iter().map(|(hook, event, ..)| format!("{hook}: {event}")).collect()
    }
}

/// A finding of the old certificate at `a.example`, as a scan left it.
fn desk() -> Desk {
    desk_at(&[endpoint()], OLD)
}

/// The same at several endpoints, with a certificate of this DER.
fn desk_at(endpoints: &[Endpoint], der: &[u8]) -> Desk {
    let desk = Desk::with(SETTINGS);
    let observation = |endpoint: &Endpoint| Observation {
        endpoint: endpoint.clone(),
        target: "a.example".into(),
        observed_at: START,
        outcome: Outcome::Handshake(Box::new(Handshake {
            tls: TlsFacts::default(),
            presented: vec![Fingerprint::of(der)],
            other_chains: Vec::new(),
            inspection: None,
            gathered: None,
        })),
    };
    let certificates = vec![Arc::new(x509::read(der))];
    let units = (0..).map(|index| UnitPosition { block: 0, index });
    let observations =
        units.zip(endpoints).map(|(unit, endpoint)| (unit, 0, observation(endpoint))).collect();
    let mut writer = desk.store.begin_scan(&scan(START), 1, Fingerprint::of(b"input")).unwrap();
    writer.commit(Batch { observations, certificates, progress: None }).unwrap();
    writer.finish(Counts::default(), ScanState::Complete, START).unwrap();
    let members: Vec<EndpointId> = endpoints.iter().map(Endpoint::id).collect();
    put_finding(&desk, FindingState::Open, &members);
    desk
}

fn endpoint() -> Endpoint {
    Endpoint::tcp("127.0.0.1:443".parse().unwrap(), crate::model::ServerName::parse("a.example").ok())
}

fn put_finding(desk: &Desk, state: FindingState, members: &[EndpointId]) {
    let News::Finding(news) = expiring("a.example").news.clone() else { unreachable!() };
    let finding = Finding {
        profile: "web".to_owned(),
        key: news.finding,
        rule: news.rule,
        severity: Severity::Critical,
        state,
        title: news.title,
        detail: news.detail,
        remediation: String::new(),
        subject: Subject::Certificate(Fingerprint::of(OLD)),
        first_seen: START,
        last_seen: START,
        resolved_at: None,
        owner: None,
        tags: Vec::new(),
        decision: None,
        told_at: None,
        told_severity: None,
        returns: 0,
    };
    let updates = [FindingUpdate { finding, members: members.to_vec() }];
    desk.store
        .put_findings(&FindingsCommit { sequence: 1, updates: &updates, ..Default::default() })
        .unwrap();
}

/// News that the old certificate expires at `host`.
fn expiring(host: &str) -> Arc<Alert> {
    let mut told = (*alert(host, START)).clone();
    if let News::Finding(news) = &mut told.news {
        news.certificate = Some(CertificateBrief {
            sha256: Fingerprint::of(OLD),
            names: vec![Untrusted::new(host)],
            issuer: Untrusted::new("CN=Authority"),
            not_before: Some(START),
            not_after: Some(START.plus_seconds(DAY_SECONDS)),
        });
    }
    Arc::new(told)
}

fn queue(desk: &Desk, alert: &Arc<Alert>) {
    let rows: Vec<Outgoing> = desk.alerting.outgoing(alert, Urgency::Digest);
    let hooks = rows.into_iter().filter(|row| matches!(row.channel, Channel::Hook(_)));
    desk.store.queue(&hooks.collect::<Vec<_>>(), None).unwrap();
}

/// Hooks and looks only: there is no way for mail.
async fn deliver(desk: &Desk, world: &World) -> Delivery {
    let round = Round::new(&desk.parts, &desk.store, &desk.alerting, Duration::from_secs(120));
    deliver_by(&round, None::<&SmtpPost<'_>>, world, world, Hurry::Due).await.unwrap()
}

fn run(desk: &Desk) -> HookRun {
    desk.store.hook_run("renew", &Fingerprint::of(OLD).to_string()).unwrap().unwrap()
}

/// Hook, outcome and tries of each failure that is told by mail.
fn failures_told(desk: &Desk) -> Vec<(String, u32)> {
    let mut told = Vec::new();
    for lane in desk.store.lanes().unwrap() {
        if matches!(lane.id.channel, Channel::Mail(_)) {
            let visit = |_, item: Outgoing| {
                if let News::Watch(WatchNews::HookFailed { hook, tries, .. }) = &item.alert.news {
                    told.push((hook.clone(), *tries));
                }
                Flow::Continue(())
            };
            desk.store.lane_items(&lane.id, None, visit).unwrap();
        }
    }
    told
}

#[tokio::test(start_paused = true)]
async fn one_certificate_on_two_endpoints_is_one_run_and_is_verified() {
    let (desk, world) = (desk(), World::default());
    let first = expiring("a.example");
    queue(&desk, &first);
    queue(&desk, &expiring("b.example"));
    // The server loads its new certificate after a moment.
    world.serves.replace([Some(OLD), None, Some(NEW)].into());
    let delivery = deliver(&desk, &world).await;
    assert_eq!((delivery.ran, delivery.left.len()), (2, 0), "{delivery:?}");
    assert_eq!(world.hooks(), ["renew: certificate.expiring", "after: certificate.renewed"]);
    assert_eq!(world.ran.borrow()[0].2, first.key.0);
    assert_eq!(world.ran.borrow()[0].3, 2);
    assert_eq!(run(&desk).verification, None);
    assert!(desk.audit("hook.verified")[0].contains(&Fingerprint::of(NEW).to_string()));
    let entry = &desk.audit("hook.ran")[0];
    assert!(entry.contains("certificate.expiring") && entry.contains("wrote"), "{entry}");
    desk.later(8 * DAY_SECONDS);
    deliver(&desk, &world).await;
    assert!(desk.store.hook_runs().unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_still_serves_the_old_certificate_stays_to_be_verified() {
    let (desk, world) = (desk(), World::default());
    queue(&desk, &expiring("a.example"));
    world.serves.replace([Some(OLD)].into());
    let delivery = deliver(&desk, &world).await;
    assert_eq!((delivery.ran, delivery.left.len()), (1, 0));
    let verification = run(&desk).verification.unwrap();
    assert_eq!(verification.until, START.plus_seconds(1_800));
    desk.later(3_600);
    let round = Round::new(&desk.parts, &desk.store, &desk.alerting, Duration::from_secs(120));
    let overdue = no_effect_members(&round, &world).await.unwrap();
    assert_eq!(overdue[0].1.old, [endpoint()]);
    world.serves.replace([None].into());
    assert!(no_effect_members(&round, &world).await.unwrap().is_empty());
    deliver(&desk, &world).await;
    assert!(run(&desk).verification.is_some(), "nobody answered: nothing is known");
}

#[tokio::test(start_paused = true)]
async fn what_there_was_no_time_to_look_at_is_not_verified() {
    /// The first endpoint is new; the second takes longer than there is.
    struct Slow;
    impl Look for Slow {
        async fn leaves(&self, looked_at: &Endpoint) -> Result<Option<Vec<Vec<u8>>>, AppError> {
            if *looked_at == endpoint() {
                return Ok(Some(vec![NEW.to_vec()]));
            }
            std::future::pending().await
        }
    }
    let other = Endpoint::tcp("127.0.0.2:443".parse().unwrap(), endpoint().server_name);
    let (desk, world) = (desk_at(&[endpoint(), other], OLD), World::default());
    queue(&desk, &expiring("a.example"));
    let round = Round::new(&desk.parts, &desk.store, &desk.alerting, Duration::from_secs(120));
    deliver_by(&round, None::<&SmtpPost<'_>>, &world, &Slow, Hurry::Due).await.unwrap();
    assert!(run(&desk).verification.is_some(), "one of two was seen");
}

#[tokio::test(start_paused = true)]
async fn a_hook_is_told_all_names_of_a_certificate() {
    let names: Vec<String> = (0..100).map(|number| format!("n{number}.example")).collect();
    let key = rcgen::KeyPair::generate().unwrap();
    let issued = rcgen::CertificateParams::new(names).unwrap().self_signed(&key).unwrap();
    let desk = desk_at(&[endpoint()], issued.der());
    let mut told = (*expiring("a.example")).clone();
    let News::Finding(news) = &mut told.news else { unreachable!() };
    news.certificate = Some(crate::app::news::brief(&x509::read(issued.der())));
    let alerts = vec![Arc::new(told)];
    let names = |alert: &Alert| alert.finding().unwrap().certificate.as_ref().unwrap().names.len();
    assert_eq!(names(&alerts[0]), CertificateBrief::NAMES);
    let event = EventName::CertificateExpiring;
    let group = group::Group { event, subject: String::new(), certificate: None, items: Vec::new(), alerts };
    let round = Round::new(&desk.parts, &desk.store, &desk.alerting, Duration::from_secs(120));
    assert_eq!(names(&group::whole(&round, &group).unwrap()[0]), 100);
}

#[tokio::test(start_paused = true)]
async fn a_failure_is_told_kept_and_tried_again_at_most_five_times_a_week() {
    let (desk, world) = (desk(), World::default());
    queue(&desk, &expiring("a.example"));
    world.fates.replace(vec![HookFate::Failed; 100].into());
    let delivery = deliver(&desk, &world).await;
    assert!(delivery.left.iter().any(|left| left.what.contains("hook renew: 1 item since")), "{delivery:?}");
    assert_eq!(world.hooks()[..2], ["renew: certificate.expiring", "after: renewal.failed"]);
    assert_eq!(failures_told(&desk), [("renew".to_owned(), 1)]);
    let renewals = |world: &World| world.hooks().iter().filter(|hook| hook.starts_with("renew")).count();
    for _ in 0..7 * 24 - 1 {
        desk.later(3_600);
        deliver(&desk, &world).await;
    }
    assert_eq!((renewals(&world), run(&desk).failures), (5, 5));
    // The first failure, and later ones on days of their own.
    let told = failures_told(&desk).len();
    assert!((2..=4).contains(&told), "{told}");
    world.fates.replace(VecDeque::new());
    desk.later(3_600);
    let delivery = deliver(&desk, &world).await;
    assert_eq!((renewals(&world), run(&desk).failures), (6, 0), "{delivery:?}");
}

#[tokio::test(start_paused = true)]
async fn who_asks_for_a_retry_gets_one_and_some_patience() {
    let (desk, world) = (desk(), World::default());
    queue(&desk, &expiring("a.example"));
    world.fates.replace([HookFate::Retry, HookFate::Retry].into());
    deliver(&desk, &world).await;
    assert_eq!(deliver(&desk, &world).await.ran, 0);
    desk.later(600);
    assert_eq!(deliver(&desk, &world).await.ran, 1);
    desk.later(3_600);
    assert_eq!(deliver(&desk, &world).await.left.len(), 0);
    assert_eq!(failures_told(&desk), []);
    let ran = world.ran.borrow();
    assert!(ran.iter().all(|(_, _, key, _)| *key == ran[0].2), "a retry keeps its key");
}

#[tokio::test(start_paused = true)]
async fn what_has_resolved_meanwhile_is_not_run() {
    let (desk, world) = (desk(), World::default());
    queue(&desk, &expiring("a.example"));
    put_finding(&desk, FindingState::Resolved, &[]);
    let delivery = deliver(&desk, &world).await;
    assert_eq!((delivery.ran, delivery.left.len()), (0, 0));
    assert!(desk.audit("hook.dropped")[0].contains("resolved"));
}

#[tokio::test(start_paused = true)]
async fn a_death_while_a_hook_runs_counts_as_a_try() {
    /// Never ends.
    struct Death;
    impl Run for Death {
        async fn run(&self, _: &HookProgram, _: EventName, _: &[Arc<Alert>]) -> HookOutcome {
            std::future::pending().await
        }
    }
    let (desk, world) = (desk(), World::default());
    queue(&desk, &expiring("a.example"));
    let round = Round::new(&desk.parts, &desk.store, &desk.alerting, Duration::from_secs(120));
    tokio::select! {
        biased;
        _ = run_due(&round, &Death) => unreachable!("it never ends"),
        () = std::future::ready(()) => {}
    }
    assert!(run(&desk).outcome.starts_with("started"));
    assert_eq!(deliver(&desk, &world).await.ran, 0, "it may have renewed");
    desk.later(600);
    assert_eq!(deliver(&desk, &world).await.ran, 1);
    assert_eq!(run(&desk).tries.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_hook_of_other_settings_keeps_its_items_and_is_named() {
    let (desk, world) = (desk(), World::default());
    let row = Outgoing {
        channel: Channel::Hook("gone".to_owned()),
        urgency: Urgency::Digest,
        route: String::new(),
        alert: expiring("a.example"),
    };
    desk.store.queue(&[row], None).unwrap();
    let delivery = deliver(&desk, &world).await;
    assert!(delivery.left[0].what.contains("outbox drop gone --reason TEXT"), "{delivery:?}");
}

#[tokio::test(start_paused = true)]
async fn what_resolves_while_it_waits_for_its_next_try_is_dropped_at_once() {
    let (desk, world) = (desk(), World::default());
    queue(&desk, &expiring("a.example"));
    world.fates.replace([HookFate::Failed].into());
    assert_eq!(deliver(&desk, &world).await.left.len(), 2, "the item, and mail of the failure");
    put_finding(&desk, FindingState::Resolved, &[endpoint().id()]);
    let delivery = deliver(&desk, &world).await;
    assert!(!delivery.left.iter().any(|left| left.what.contains("hook renew")), "{delivery:?}");
    assert_eq!(world.hooks(), ["renew: certificate.expiring", "after: renewal.failed"]);
}

#[tokio::test(start_paused = true)]
async fn a_lane_sleeps_until_its_next_try_and_is_woken_by_news_of_another_certificate() {
    let (desk, world) = (desk(), World::default());
    queue(&desk, &expiring("a.example"));
    world.fates.replace([HookFate::Failed].into());
    deliver(&desk, &world).await;
    let lane = |desk: &Desk| {
        let mut lanes = desk.store.lanes().unwrap();
        lanes.retain(|lane| lane.id.channel == Channel::Hook("renew".to_owned()));
        lanes.pop().unwrap()
    };
    let LaneState::Deferred(setback) = lane(&desk).state else { unreachable!("{:?}", lane(&desk)) };
    assert_eq!(setback.next_at, run(&desk).next_at);
    let mut other = (*expiring("b.example")).clone();
    if let News::Finding(news) = &mut other.news
        && let Some(certificate) = &mut news.certificate
    {
        certificate.sha256 = Fingerprint::of(NEW);
    }
    queue(&desk, &Arc::new(other));
    assert_eq!(lane(&desk).state, LaneState::Ready);
    deliver(&desk, &world).await;
    assert_eq!(world.hooks().iter().filter(|hook| hook.starts_with("renew")).count(), 2);
    assert_eq!(lane(&desk).waiting, 1, "the failed one waits on");
}
