//! What a scan did with the endpoints that are members of findings: measured, silent, or not visited at all.

use std::collections::HashMap;

use super::AppError;
use crate::assess;
use crate::model::{Endpoint, EndpointId, Rule, Transport};
use crate::store::{EndpointRecord, Flow, Store};

/// Looks up what one scan did.
pub(super) struct Visits<'a> {
    pub(super) store: &'a Store,
    /// Of the scan.
    pub(super) sequence: u64,
}

/// What a scan did with a member of a finding.
pub(super) enum Visit {
    Measured,
    /// Visited, and no chain came.
    Silent,
    /// Visited, and it could not be told.
    InDoubt,
    /// Not visited. The label is there if the endpoint has a name: the name may have moved to other addresses.
    NotMade(Last, Option<String>),
}

/// The last scans that did something with a member.
pub(super) struct Last {
    /// Visited it, for this profile or another.
    visited: u64,
    /// Reported the finding there, for this profile.
    reported: u64,
}

/// What a scan saw of all addresses of one name and port.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Name {
    visited: bool,
    silent: bool,
}

impl Visits<'_> {
    /// What the scan did with an endpoint where a finding of `rule` was `reported` last by that scan.
    pub(super) fn visit(&self, id: &EndpointId, reported: u64, rule: Rule) -> Result<Visit, AppError> {
        let Some(EndpointRecord { current, .. }) = self.store.endpoint(id)? else {
            return Ok(Visit::NotMade(Last { visited: 0, reported }, None));
        };
        let endpoint = &current.observation.endpoint;
        Ok(if current.last_scan != self.sequence {
            let last = Last { visited: current.last_scan, reported };
            Visit::NotMade(last, endpoint.server_name.as_ref().map(|_| endpoint.label()))
        } else {
            let has_chain = current.observation.outcome.presented().is_some();
            match (assess::is_determined(rule, &current.observation), has_chain) {
                (true, _) => Visit::Measured,
                (false, true) => Visit::InDoubt,
                (false, false) => Visit::Silent,
            }
        })
    }

    /// What the scan saw of the names that members without a visit have. Reads the scan only where there are any.
    pub(super) fn names(
        &self,
        visits: &[Vec<(EndpointId, Visit)>],
    ) -> Result<HashMap<String, Name>, AppError> {
        let mut names: HashMap<String, Name> = HashMap::new();
        for (_, visit) in visits.iter().flatten() {
            if let Visit::NotMade(_, Some(label)) = visit {
                names.entry(label.clone()).or_default();
            }
        }
        if names.is_empty() {
            return Ok(names);
        }
        self.store.observations_of(self.sequence, |observation| {
            let endpoint = &observation.endpoint;
            if endpoint.server_name.is_some() {
                let is_silent = observation.outcome.presented().is_none();
                for label in labels(endpoint) {
                    if let Some(name) = names.get_mut(&label) {
                        name.visited = true;
                        name.silent |= is_silent;
                    }
                }
            }
            Flow::Continue(())
        })?;
        Ok(names)
    }
}

/// The labels that a visit is about: one that found no address stands for every transport.
fn labels(endpoint: &Endpoint) -> Vec<String> {
    if endpoint.address.is_some() {
        return vec![endpoint.label()];
    }
    let over = |transport| Endpoint { transport, ..endpoint.clone() }.label();
    [Transport::Tcp, Transport::Quic, Transport::Dtls].into_iter().map(over).collect()
}

/// Whether a member was measured. In the place of an address that its name has left stand the name's addresses now.
pub(super) fn is_measured(visit: &Visit, names: &HashMap<String, Name>) -> bool {
    match visit {
        Visit::Measured => true,
        Visit::Silent | Visit::InDoubt => false,
        Visit::NotMade(_, label) => {
            let name = label.as_ref().and_then(|label| names.get(label)).copied().unwrap_or_default();
            name.visited && !name.silent
        }
    }
}

/// Whether nobody visits these endpoints any more: neither this scan nor the complete one before, `last`, did.
pub(super) fn is_gone(visits: &[(EndpointId, Visit)], names: &HashMap<String, Name>, last: u64) -> bool {
    visits.iter().all(|(_, visit)| match visit {
        Visit::Measured | Visit::Silent | Visit::InDoubt => false,
        Visit::NotMade(by, label) => {
            let name = label.as_ref().and_then(|label| names.get(label));
            // After it, only another profile's scan can have been there.
            let unseen = by.visited < last || (by.visited > last && by.reported < last);
            unseen && name.is_none_or(|name| !name.visited)
        }
    })
}
