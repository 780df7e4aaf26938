//! Judgement: the verdicts on one observation at one `now`. Pure: no clock, no IO.
//!
//! Trust (does a path lead to an anchor, is the name right, is it the time) and strength (keys, signatures,
//! versions) are separate verdicts. What was not looked at is not judged. A grade takes deep inspection: one handshake
//! does not earn one.

mod determined;
pub mod expiry;
pub mod fleet;
mod forbidden;
mod grade;
mod issuer;
pub mod keys;
mod lints;
pub mod name;
mod offered;
pub mod path;
mod policy;
pub mod readiness;
pub mod revocation;
mod structure;
#[cfg(test)]
pub(crate) mod tests;
mod view;
mod words;

use std::sync::Arc;

pub use determined::is_determined;
pub use forbidden::forbidden;
pub use lints::certificate::{Applies, Requirement, requirements};
pub use path::PathCache;
pub use policy::{Policies, PolicyContext, certvigil_default};

use policy::{ChainFacts, Facts};

use crate::model::{Assessment, Observation, OfferedFor, Outcome, Thresholds, TrustStore};
use crate::time::UnixTime;
use crate::x509::{Certificate, Chain, Fingerprint};
use view::{ChainView, EndpointView};

/// Counts the rules' editions: to be raised when a rule is added, dropped, or judges otherwise than before, so that
/// what is found only by that is told as one baseline and wakes nobody.
pub const RULES_EDITION: u32 = 3;

/// What other endpoints taught us.
pub trait Inventory {
    /// Certificates with this subject, as encoded; best few, in any order.
    fn issuers(&self, subject_der: &[u8]) -> Vec<Arc<Certificate>>;

    /// End-entity certificates with this SubjectPublicKeyInfo hash that are in use: served when last looked at, and
    /// not expired.
    fn certificates_with_key(&self, spki: &Fingerprint) -> Vec<Fingerprint>;

    /// Certificates whose RSA modulus shares a prime with that of this SubjectPublicKeyInfo hash, as far as moduli were
    /// compared; best few, in any order.
    fn sharing_a_factor(&self, _spki: &Fingerprint) -> Vec<Fingerprint> {
        Vec::new()
    }

    /// Endpoints that serve a certificate with this key; `None` where nobody counted.
    fn endpoints_with_key(&self, _spki: &Fingerprint) -> Option<u64> {
        None
    }
}

/// Keys whose private half is known, or can be guessed.
pub trait Blocklist: std::fmt::Debug {
    /// The list that has this key, if any; `hash` is as [`keys::blocklist_hash`] makes it.
    fn find(&self, hash: &[u8; 15]) -> Option<ListedKey>;
}

/// Where a key was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedKey {
    /// What its list is called: `debianopenssl`, `list 7`.
    pub list: String,
    /// It comes from Debian's broken generator (CVE-2008-0166).
    pub is_debian: bool,
}

/// No list at all.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoBlocklist;

impl Blocklist for NoBlocklist {
    fn find(&self, _: &[u8; 15]) -> Option<ListedKey> {
        None
    }
}

/// An inventory that knows nothing: each observation is judged for itself.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoInventory;

impl Inventory for NoInventory {
    fn issuers(&self, _: &[u8]) -> Vec<Arc<Certificate>> {
        Vec::new()
    }

    fn certificates_with_key(&self, _: &Fingerprint) -> Vec<Fingerprint> {
        Vec::new()
    }
}

/// What an observation is judged against.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    pub now: UnixTime,
    /// Chosen trust stores, in the order chosen; none: trust is not judged.
    pub stores: &'a [TrustStore],
    pub inventory: &'a dyn Inventory,
    /// Time to the next look, which makes the steps of expiry earlier. `None` for a single scan.
    pub scan_interval_seconds: Option<i64>,
    /// The steps of expiry.
    pub thresholds: Thresholds,
    /// The user named this very target: that it could not be measured is a finding.
    pub named: bool,
    /// A chain was captured here before: that there is none now is a finding.
    pub seen_before: bool,
    pub paths: &'a PathCache,
    pub policies: PolicyContext<'a>,
    /// Keys that are known to be compromised.
    pub blocklist: &'a dyn Blocklist,
}

impl std::fmt::Debug for Context<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Context").field("now", &self.now).field("named", &self.named).finish_non_exhaustive()
    }
}

/// Judges one observation. The same observation and context give the same verdicts.
///
/// [`Context::inventory`] grows during a scan, and with it what is known of missing intermediates and shared keys:
/// an observation with such a verdict, or one made before the others, is best judged again at the end.
pub fn assess<'a>(observation: &'a Observation, context: &'a Context<'a>) -> Assessment {
    let mut assessment = Assessment::default();
    let endpoint = EndpointView { observation, context };
    let mut facts = Vec::new();
    let has_policies = !context.policies.policies.is_empty();
    let mut judge = |chain: &'a Chain, offered_for: Option<OfferedFor>| {
        let view = ChainView::new(observation, chain, offered_for, context);
        if has_policies {
            facts.push(ChainFacts::of(&view));
        }
        assessment.chains.push(view.verdict());
        assessment.verdicts.extend(lints::CHAIN.iter().filter_map(|lint| lint(&view)));
        lints::certificate::judge(&view, &mut assessment.verdicts);
    };
    match &observation.outcome {
        Outcome::Handshake(handshake) => {
            judge(&handshake.presented, None);
            for other in &handshake.other_chains {
                judge(&other.presented, Some(other.offered_for));
            }
        }
        Outcome::Read(chain) => judge(chain, None),
        Outcome::Failure(_) => {}
    }
    assessment.verdicts.extend(lints::ENDPOINT.iter().filter_map(|lint| lint(&endpoint)));
    assessment.verdicts.sort_by_key(|verdict| std::cmp::Reverse(verdict.severity));
    assessment.policies.push(certvigil_default(observation, &assessment.verdicts));
    if has_policies {
        let facts = Facts::new(observation, facts, &assessment.verdicts, context.now);
        assessment.policies.extend(context.policies.policies.judge(&facts, context.policies));
    }
    assessment.grade = grade::grade(&endpoint, &assessment).map(Box::new);
    assessment
}
