//! Lifetimes of public certificates against the limits to come: 200 days from 2026-03-15, 100 from 2027-03-15, 47
//! from 2029-03-15 (CA/Browser Forum TLS Baseline Requirements 6.3.2, ballot SC-081v3).
//!
//! Renewals are counted as if each certificate were renewed when a third of its life is left.

use std::collections::HashMap;

use crate::model::readiness::{LifetimeLimit, LifetimeTally, Lifetimes, LongLived};
use crate::text::Untrusted;
use crate::time::{DAY_SECONDS, UnixTime};
use crate::x509::Certificate;

/// Owners or issuers told apart.
const MOST_NAMES: usize = 4_096;

/// Certificates named as the longest.
const LONGEST: usize = 50;

/// Renewed when so many thirds of the life are gone.
const THIRDS_LIVED: f64 = 2.0 / 3.0;

const WEEK_DAYS: f64 = 7.0;

/// Collects lifetimes.
#[derive(Debug)]
pub(super) struct LifetimeCollector {
    limits: [LifetimeLimit; 3],
    renewals_per_week: f64,
    longest: Vec<LongLived>,
    owners: HashMap<Option<String>, LifetimeTally>,
    issuers: HashMap<Untrusted, LifetimeTally>,
}

impl Default for LifetimeCollector {
    fn default() -> Self {
        let limit =
            |days, from| LifetimeLimit { days, from: UnixTime(from), longer: 0, renewals_per_week: 0.0 };
        Self {
            // 2026-03-15, 2027-03-15, 2029-03-15.
            limits: [limit(200, 1_773_532_800), limit(100, 1_805_068_800), limit(47, 1_868_227_200)],
            renewals_per_week: 0.0,
            longest: Vec::new(),
            owners: HashMap::new(),
            issuers: HashMap::new(),
        }
    }
}

impl LifetimeCollector {
    pub(super) fn observe(&mut self, certificate: &Certificate, endpoint: &str, owner: Option<&str>) {
        let (Some(seconds), Some(not_after)) = (certificate.validity_seconds(), certificate.not_after) else {
            return;
        };
        let days = seconds.saturating_add(DAY_SECONDS - 1).div_euclid(DAY_SECONDS);
        if days <= 0 {
            return;
        }
        self.renewals_per_week += renewals_per_week(days);
        let mut over = [false; 3];
        for (limit, over) in self.limits.iter_mut().zip(&mut over) {
            *over = days > i64::from(limit.days);
            limit.longer += u64::from(*over);
            limit.renewals_per_week += renewals_per_week(days.min(i64::from(limit.days)));
        }
        let owner = owner.map(str::to_owned);
        add(&mut self.owners, owner.clone(), over);
        add(&mut self.issuers, certificate.issuer.label().clone(), over);
        self.keep_longest(LongLived {
            sha256: certificate.sha256,
            label: certificate.label(),
            days,
            not_after,
            owner,
            endpoint: endpoint.to_owned(),
        });
    }

    pub(super) fn finish(self) -> Lifetimes {
        Lifetimes {
            limits: self.limits.to_vec(),
            renewals_per_week: self.renewals_per_week,
            owners: ranked(self.owners),
            issuers: ranked(self.issuers),
            longest: self.longest,
        }
    }

    fn keep_longest(&mut self, one: LongLived) {
        if one.days <= self.limits.iter().map(|limit| i64::from(limit.days)).min().unwrap_or_default() {
            return;
        }
        let order = |a: &LongLived, b: &LongLived| b.days.cmp(&a.days).then_with(|| a.sha256.cmp(&b.sha256));
        let at = self.longest.partition_point(|kept| order(kept, &one).is_lt());
        if at < LONGEST {
            self.longest.insert(at, one);
            self.longest.truncate(LONGEST);
        }
    }
}

/// Renewals a week of one certificate that lives so many days.
fn renewals_per_week(days: i64) -> f64 {
    let days = u32::try_from(days).unwrap_or(u32::MAX);
    WEEK_DAYS / (f64::from(days.max(1)) * THIRDS_LIVED)
}

/// Names beyond [`MOST_NAMES`] are left out of the list, never out of the counts.
fn add<K: std::hash::Hash + Eq>(tallies: &mut HashMap<K, LifetimeTally>, name: K, over: [bool; 3]) {
    if tallies.len() >= MOST_NAMES && !tallies.contains_key(&name) {
        return;
    }
    let tally = tallies.entry(name).or_default();
    tally.certificates += 1;
    for (count, over) in tally.longer.iter_mut().zip(over) {
        *count += u64::from(over);
    }
}

fn ranked<K: Ord>(tallies: HashMap<K, LifetimeTally>) -> Vec<(K, LifetimeTally)> {
    let mut ranked: Vec<_> = tallies.into_iter().collect();
    ranked.sort_by(|(a, one), (b, other)| {
        other.longer.iter().rev().cmp(one.longer.iter().rev()).then_with(|| a.cmp(b))
    });
    ranked
}
