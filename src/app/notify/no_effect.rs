//! Opens the finding `hook.no_effect` without a scan, so that its mail goes out minutes after the time was over.

use std::collections::BTreeMap;

use super::super::AppError;
use super::super::alerting::Alerting;
use super::super::assess::no_effect;
use super::super::dispatch::Round;
use super::super::hook_runs::{Look, no_effect_members};
use super::super::kept::Kept;
use super::super::news::{Herald, Origin, Told};
use crate::config::Profile;
use crate::lifecycle::{Member, Sighting, reconcile, tell, verdict_key};
use crate::model::{EndpointId, FindingKey, HookRun, Verdict};
use crate::store::{FindingUpdate, FindingsCommit};

/// Looks where a hook should have had its effect by now, and opens findings as a scan of their profile would: its own
/// routes are asked first, and only the hooks that it allows are told.
pub(super) async fn open_findings<L: Look>(
    round: &Round<'_>,
    profiles: &[(String, Option<Profile>)],
    look: &L,
) -> Result<(), AppError> {
    for (run, checked) in no_effect_members(round, look).await? {
        let Some(verification) = &run.verification else { continue };
        let mut found: BTreeMap<FindingKey, (Verdict, Vec<EndpointId>)> = BTreeMap::new();
        for endpoint in &checked.old {
            let verdict = no_effect(&run, verification.old);
            let key = verdict_key(endpoint, &verdict);
            found.entry(key).or_insert_with(|| (verdict, Vec::new())).1.push(endpoint.id());
        }
        let profile = profiles.iter().find(|(name, _)| *name == verification.profile);
        // A profile that cannot be read, or used any more, has no routes and forbids no hook.
        let own =
            profile.and_then(|(_, profile)| Alerting::new(&round.parts.settings, profile.as_ref()).ok()?);
        let alerting = own.as_ref().unwrap_or(round.alerting);
        for (key, (verdict, members)) in found {
            open(round, alerting, &run, &key, &verdict, &members)?;
        }
    }
    Ok(())
}

fn open(
    round: &Round<'_>,
    alerting: &Alerting,
    run: &HookRun,
    key: &FindingKey,
    verdict: &Verdict,
    members: &[EndpointId],
) -> Result<(), AppError> {
    let Some(verification) = &run.verification else { return Ok(()) };
    let (store, now, profile) = (round.store, round.now(), verification.profile.as_str());
    let previous = store.finding(profile, key)?;
    let cause = verification.findings.first().map(|key| store.finding(profile, key)).transpose()?.flatten();
    let (owner, tags) = cause.map(|cause| (cause.finding.owner, cause.finding.tags)).unwrap_or_default();
    let silences = store.silences()?;
    let sighting = Sighting {
        profile,
        key,
        at: now,
        members: &[Member { measured: true, verdict: Some(verdict) }],
        owner: owner.as_deref(),
        tags: &tags,
        silences: &silences,
        retired: false,
    };
    let previous_finding = previous.as_ref().map(|stored| &stored.finding);
    let Some((transition, mut finding)) = reconcile(previous_finding, &sighting) else { return Ok(()) };
    let occasion = tell(previous_finding, transition, &mut finding, now, false);
    let kept = Kept::new(store, now);
    let origin = Origin { profile: Some(profile), scan: None, vantage: &round.parts.vantage, now };
    let herald = Herald { store, kept: &kept, alerting, profile, origin };
    let outgoing = match occasion {
        Some(occasion) => herald.finding(&Told { occasion, finding: &finding, members, last_seen: now })?,
        None => Vec::new(),
    };
    let detail = format!("{}: {} still serves the old certificate", run.hook, members.len());
    let event = outgoing.first().map(|_| round.event("hook.no_effect", &key.0, detail));
    // As the last scan leaves it: the next one leads it on.
    let sequence = match previous {
        Some(stored) => stored.scan,
        None => store.profile_watch(profile)?.last_complete.unwrap_or(0),
    };
    let updates = [FindingUpdate { finding, members: members.to_vec() }];
    Ok(store.put_findings(&FindingsCommit {
        sequence,
        updates: &updates,
        outgoing: &outgoing,
        event: event.as_ref(),
        profile_watch: None,
    })?)
}
