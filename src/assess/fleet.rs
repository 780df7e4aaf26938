//! Verdicts over several endpoints at once. Memory is bounded: groups are held in the order they came, and the
//! oldest are let go.
//!
//! `fleet.certificate_skew`: one name and port, several addresses, different end-entity certificates. Half of the
//! visitors of a name get the old certificate: a renewal that did not reach every machine, and the usual reason why
//! "it works here". `key.reused` stands with the lints of a chain; it asks the inventory.

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;

use super::lints::Draft;
use super::words;
use crate::model::{Endpoint, Observation, Rule, Severity, Subject, Verdict};
use crate::time::UnixTime;
use crate::x509::Fingerprint;

/// Different certificates of one name that are told apart; more are counted as the last.
const MAX_CERTIFICATES: usize = 8;
/// Addresses kept for each of them.
const MAX_ADDRESSES: usize = 8;
/// Names with different certificates that are kept until the end.
const MAX_FOUND: usize = 10_000;

/// Collects what each name serves, and finds those whose addresses differ.
#[derive(Debug)]
pub struct CertificateSkew {
    groups: HashMap<String, Group>,
    order: VecDeque<String>,
    capacity: usize,
    found: Vec<(Endpoint, Verdict)>,
}

#[derive(Debug)]
struct Group {
    /// The first endpoint seen: all members share its name, port and protocol.
    endpoint: Endpoint,
    served: Vec<Served>,
}

#[derive(Debug)]
struct Served {
    sha256: Fingerprint,
    label: String,
    not_after: Option<UnixTime>,
    addresses: Vec<IpAddr>,
    more_addresses: usize,
}

impl CertificateSkew {
    /// Names held at once: the addresses of one name are visited close together.
    pub const DEFAULT_NAMES: usize = 16_384;

    /// Holds at most `capacity` names at once.
    pub fn new(capacity: usize) -> Self {
        Self { groups: HashMap::new(), order: VecDeque::new(), capacity: capacity.max(1), found: Vec::new() }
    }

    /// Takes note of an observation; bare addresses, failures and files have no part in this.
    pub fn observe(&mut self, observation: &Observation) {
        let endpoint = &observation.endpoint;
        let (Some(_), Some(address)) = (&endpoint.server_name, endpoint.address) else { return };
        let Some(certificate) = observation.outcome.presented().and_then(|chain| chain.end_entity()) else {
            return;
        };
        let key = format!("{}/{}", endpoint.label(), endpoint.starttls.map_or("", |s| s.name()));
        if !self.groups.contains_key(&key) {
            self.make_room();
            self.order.push_back(key.clone());
        }
        let group = self
            .groups
            .entry(key)
            .or_insert_with(|| Group { endpoint: endpoint.clone(), served: Vec::new() });
        let is_full = group.served.len() >= MAX_CERTIFICATES;
        let position = group.served.iter().position(|served| served.sha256 == certificate.sha256);
        let served = match position {
            Some(position) => group.served.get_mut(position),
            None if is_full => group.served.last_mut(),
            None => {
                group.served.push(Served {
                    sha256: certificate.sha256,
                    label: words::certificate(certificate),
                    not_after: certificate.not_after,
                    addresses: Vec::new(),
                    more_addresses: 0,
                });
                group.served.last_mut()
            }
        };
        if let Some(served) = served {
            served.add(address);
        }
    }

    /// One verdict for each name whose addresses differ, with the endpoint that names its finding.
    pub fn finish(mut self) -> Vec<(Endpoint, Verdict)> {
        while let Some(key) = self.order.pop_front() {
            self.let_go(&key);
        }
        self.found
    }

    fn make_room(&mut self) {
        while self.order.len() >= self.capacity {
            match self.order.pop_front() {
                Some(key) => self.let_go(&key),
                None => return,
            }
        }
    }

    fn let_go(&mut self, key: &str) {
        if let Some(group) = self.groups.remove(key)
            && self.found.len() < MAX_FOUND
            && let Some(verdict) = group.verdict()
        {
            self.found.push((group.endpoint, verdict));
        }
    }
}

impl Default for CertificateSkew {
    fn default() -> Self {
        Self::new(Self::DEFAULT_NAMES)
    }
}

impl Group {
    fn verdict(&self) -> Option<Verdict> {
        if self.served.len() < 2 {
            return None;
        }
        let lines: Vec<_> = self.served.iter().map(Served::sentence).collect();
        let soonest = self.served.iter().min_by_key(|served| served.not_after)?;
        let name = self.endpoint.label();
        Some(
            Draft::new(
                Rule::CertificateSkew,
                Severity::Medium,
                "Addresses of one name serve different certificates",
            )
            .detail(format!("{name}: {}.", lines.join("; ")))
            .group(format!("name:{name}"))
            .facts("certificates", self.served.iter().map(|s| s.sha256.to_string()).collect())
            .facts("soonest_end", soonest.not_after.map(|end| end.to_string()).into_iter().collect())
            .remedy("Install the newest certificate on every machine behind the name, and reload each.")
            .finish(None, || Subject::Endpoint(self.endpoint.id())),
        )
    }
}

impl Served {
    fn add(&mut self, address: IpAddr) {
        if self.addresses.contains(&address) {
            return;
        }
        if self.addresses.len() < MAX_ADDRESSES {
            self.addresses.push(address);
        } else {
            self.more_addresses += 1;
        }
    }

    fn sentence(&self) -> String {
        let addresses: Vec<_> = self.addresses.iter().map(|a| a.to_string()).collect();
        let more = match self.more_addresses {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let end = self.not_after.map(|end| format!(" until {end}")).unwrap_or_default();
        format!("{}{more} serve {}{end}", addresses.join(", "), self.label)
    }
}
