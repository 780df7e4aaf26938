//! What waits for one hook, grouped by certificate: one run for each, however many endpoints and findings it has.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use super::super::AppError;
use super::super::alerting::HookWay;
use super::super::dispatch::Round;
use super::super::news::names;
use crate::lifecycle::hook_retry_at;
use crate::model::{
    Alert, AlertEndpoint, CertificateBrief, EventName, FindingKey, FindingNews, FindingState, HookRun,
    LaneId, News, Outgoing,
};
use crate::store::Flow;
use crate::time::UnixTime;
use crate::x509::{self, Fingerprint};

/// Groups taken into memory together.
const BATCH: usize = 64;

/// Endpoints told to one run; no list of a person or a program is longer.
const MOST_ENDPOINTS: usize = 65_536;

/// Names told to one run, likewise.
const MOST_NAMES: usize = 65_536;

/// Everything that waits for one run.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) event: EventName,
    /// Names the hook's history: the certificate or finding, after the event's name where it is not about a renewal.
    pub(super) subject: String,
    pub(super) certificate: Option<Fingerprint>,
    /// Numbers of the items, in order.
    pub(super) items: Vec<u64>,
    /// Oldest first.
    pub(super) alerts: Vec<Arc<Alert>>,
}

/// Whether a run is wanted now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    /// Those that are due.
    Due,
    /// All that waits, due or not.
    All,
}

/// The first groups of a lane that are wanted, in the order they came, and when the next of the others is due.
pub(super) fn waiting(
    round: &Round<'_>,
    lane: &LaneId,
    hook: &HookWay,
    wanted: Wanted,
) -> Result<(Vec<Group>, Option<UnixTime>), AppError> {
    let now = round.now();
    let name = &hook.program.name;
    let runs = round.store.hook_runs()?.into_iter().filter(|run| run.hook == *name);
    let runs: HashMap<String, HookRun> = runs.map(|run| (run.subject.clone(), run)).collect();
    let mut groups: Vec<Group> = Vec::new();
    let mut places: HashMap<String, usize> = HashMap::new();
    let mut next: Option<UnixTime> = None;
    round.store.lane_items(lane, None, |number, item| {
        let (event, subject, certificate) = subject_of(&item);
        if let Some(group) = places.get(&subject).and_then(|place| groups.get_mut(*place)) {
            group.items.push(number);
            group.alerts.push(item.alert);
            return Flow::Continue(());
        }
        let at = runs.get(&subject).map_or(now, |run| next_at(run, event, hook, now));
        if at > now && wanted == Wanted::Due {
            next = Some(next.map_or(at, |next| next.min(at)));
        } else if groups.len() < BATCH {
            places.insert(subject.clone(), groups.len());
            let (items, alerts) = (vec![number], vec![item.alert]);
            groups.push(Group { event, subject, certificate, items, alerts });
        }
        Flow::Continue(())
    })?;
    Ok((groups, next))
}

/// The earliest time of the hook's next run.
pub(super) fn next_at(run: &HookRun, event: EventName, hook: &HookWay, now: UnixTime) -> UnixTime {
    // Issuers count renewals; whoever is merely told of something may be told as often as it happens.
    let is_limited = event == EventName::CertificateExpiring || run.failures > 0;
    let per_week = if is_limited { hook.per_week } else { u32::MAX };
    hook_retry_at(&run.tries, run.failures, per_week, now)
}

fn subject_of(item: &Outgoing) -> (EventName, String, Option<Fingerprint>) {
    let event = EventName::from_name(&item.route)
        .or_else(|| EventName::of(&item.alert.news).first().copied())
        .unwrap_or(EventName::FindingOpened);
    let (certificate, thing) = match &item.alert.news {
        News::Finding(news) => match &news.certificate {
            Some(certificate) => (Some(certificate.sha256), certificate.sha256.to_string()),
            None => (None, news.finding.0.clone()),
        },
        News::Watch(_) => (None, item.alert.key.0.clone()),
    };
    let subject =
        if event == EventName::CertificateExpiring { thing } else { format!("{} {thing}", event.name()) };
    (event, subject, certificate)
}

/// Whether nothing is left to renew: every finding has been resolved since.
pub(super) fn is_moot(round: &Round<'_>, group: &Group) -> Result<bool, AppError> {
    if group.event != EventName::CertificateExpiring {
        return Ok(false);
    }
    for (profile, news) in findings(&group.alerts) {
        let kept = round.store.finding(profile, &news.finding)?;
        if kept.is_none_or(|kept| kept.finding.state != FindingState::Resolved) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Each finding of a group once, with the profile that has it.
pub(super) fn findings(alerts: &[Arc<Alert>]) -> impl Iterator<Item = (&str, &FindingNews)> {
    let mut seen: HashSet<(&str, &FindingKey)> = HashSet::new();
    alerts.iter().filter_map(move |alert| {
        let News::Finding(news) = &alert.news else { return None };
        let profile = alert.profile.as_deref().unwrap_or_default();
        seen.insert((profile, &news.finding)).then_some((profile, news.as_ref()))
    })
}

/// The group's alerts as a hook is told them: the latest of each finding, with all of its endpoints and all names of
/// its certificate. The first has the key of the group's first, so that a retry is known as one.
pub(super) fn whole(round: &Round<'_>, group: &Group) -> Result<Vec<Arc<Alert>>, AppError> {
    let mut latest: Vec<Arc<Alert>> = Vec::new();
    let mut places: HashMap<FindingKey, usize> = HashMap::new();
    for alert in &group.alerts {
        let News::Finding(news) = &alert.news else {
            latest.push(Arc::clone(alert));
            continue;
        };
        match places.get(&news.finding).and_then(|place| latest.get_mut(*place)) {
            Some(place) => *place = Arc::clone(alert),
            None => {
                places.insert(news.finding.clone(), latest.len());
                latest.push(Arc::clone(alert));
            }
        }
    }
    let mut room = MOST_ENDPOINTS;
    for alert in &mut latest {
        if let News::Finding(news) = &alert.news
            && news.endpoint_count > news.endpoints.len() as u64
        {
            let all = endpoints(round, alert.profile.as_deref().unwrap_or_default(), news, room)?;
            if let News::Finding(news) = &mut Arc::make_mut(alert).news {
                news.endpoints = all;
            }
        }
        add_names(round, alert)?;
        if let News::Finding(news) = &alert.news {
            room = room.saturating_sub(news.endpoints.len());
        }
    }
    if let (Some(first), Some(told)) = (group.alerts.first(), latest.first_mut())
        && told.key != first.key
    {
        Arc::make_mut(told).key = first.key.clone();
    }
    Ok(latest)
}

/// All names of the certificate, where the alert has no more than its first ones.
fn add_names(round: &Round<'_>, alert: &mut Arc<Alert>) -> Result<(), AppError> {
    let certificate = alert.finding().and_then(|news| news.certificate.as_ref());
    let Some(short) = certificate.filter(|certificate| certificate.names.len() >= CertificateBrief::NAMES)
    else {
        return Ok(());
    };
    let Some(stored) = round.store.certificate(&short.sha256)? else { return Ok(()) };
    let all = names(&x509::read(&stored.der), MOST_NAMES);
    if let News::Finding(news) = &mut Arc::make_mut(alert).news
        && let Some(certificate) = &mut news.certificate
    {
        certificate.names = all;
    }
    Ok(())
}

/// The endpoints that an alert lists, and the others that the record knows.
fn endpoints(
    round: &Round<'_>,
    profile: &str,
    news: &FindingNews,
    most: usize,
) -> Result<Vec<AlertEndpoint>, AppError> {
    let mut all: BTreeSet<AlertEndpoint> = news.endpoints.iter().cloned().collect();
    for (id, _) in round.store.finding_members(profile, &news.finding)? {
        if all.len() >= most {
            break;
        }
        if let Some(known) = round.store.endpoint(&id)? {
            let endpoint = &known.current.observation.endpoint;
            all.insert(AlertEndpoint { label: endpoint.label(), address: endpoint.address });
        }
    }
    Ok(all.into_iter().collect())
}
