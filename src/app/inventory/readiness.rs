//! How ready the inventory is for what is dated: each endpoint as it is now, judged, and counted.

use std::io::Write;

use super::super::AppError;
use super::super::assess::flow;
use super::super::judge::{Judge, Past};
use super::super::kept::Kept;
use super::super::parts::{Parts, trust_stores};
use super::super::report::{ListForm, write_list};
use crate::assess::readiness::ReadinessCollector;
use crate::config::Profile;
use crate::report::readiness_table;
use crate::wire::v1::ReadinessDocument;

/// Which owners and trust stores.
#[derive(Debug, Clone, Default)]
pub struct ReadinessQuery {
    /// The profile that says who owns what.
    pub profile: Option<String>,
    /// Trust stores; none: the profile's, else the default set.
    pub trust: Vec<String>,
}

/// Counts what is ready and what is not.
///
/// # Errors
/// There is no record, it cannot be read, the profile or a trust store cannot be loaded, or the answer not written.
pub fn readiness(
    parts: &Parts,
    query: &ReadinessQuery,
    form: ListForm,
    out: &mut dyn Write,
) -> Result<Vec<String>, AppError> {
    let profile = query.profile.as_deref().map(Profile::load).transpose()?;
    let named = profile.as_ref().and_then(|profile| profile.trust.as_deref()).unwrap_or_default();
    let (stores, notes) = trust_stores(if query.trust.is_empty() { named } else { &query.trust })?;
    let store = parts.read_store()?;
    let now = parts.clock.now();
    let kept = Kept::new(&store, now);
    let judge = Judge::new(stores, profile.as_ref());
    let mut collector = ReadinessCollector::default();
    let mut failed = None;
    store.inventory(|known| {
        let mut step = || -> Result<(), AppError> {
            let observation = kept.observation(known.current.observation.clone())?;
            let judged = judge.judge(observation, &kept, &Past::default(), now);
            let owner = judged.ownership.owner.as_deref();
            let context = judge.context(&kept, now);
            collector.observe(&judged.observation, &judged.assessment, owner, &context);
            Ok(())
        };
        flow(step(), &mut failed)
    })?;
    failed.map_or(Ok(()), Err)?;
    kept.check()?;
    let readiness = collector.finish();
    let document = ReadinessDocument::new(now, &readiness);
    let next = parts.next_command("certvigil inventory list --expires-within 47d");
    write_list(form, now, &document, |options| readiness_table(&document, options, &next), out)?;
    Ok(notes)
}
