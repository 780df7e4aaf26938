//! One block of a sweep: up to 65,536 singly named targets beside a slice of the ranges, each unit once.

use std::collections::hash_map::Entry as Slot;
use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::sync::Arc;

use super::source::{Entry, Gathered};
use super::{AddressRange, DiscoverError, IntervalSet, Place, PortSet};
use crate::discover::exclude::Exclusions;
use crate::model::{StartTlsChoice, Transport};
use crate::tls::StartTls;
use crate::x509::Fingerprint;

/// What every block of a plan shares.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rules<'a> {
    pub(super) ports: &'a PortSet,
    pub(super) exclusions: &'a Exclusions,
    /// Ranges of the plan, without what is excluded.
    pub(super) ranges: &'a IntervalSet,
    /// What exclusions took from the ranges.
    pub(super) excluded_ranges: &'a IntervalSet,
    /// How often one visit of an address asks it: without a name and with each server name.
    pub(super) names: u128,
    /// How each target is reached.
    pub(super) transports: &'a [Transport],
    /// The way to TLS of targets that do not say theirs.
    pub(super) starttls: StartTlsChoice,
}

impl Rules<'_> {
    /// Connections that one visit of an address takes.
    pub(super) fn per_address(&self) -> u128 {
        self.names.saturating_mul(wide(self.transports.len()))
    }

    /// Connections that one visit of an entry takes, a name counted as one address. An endpoint of its own has no
    /// further transports.
    fn probes_of(&self, entry: &Entry) -> u128 {
        let names = match entry.place {
            Place::Address(_) => self.names,
            Place::Name(_) => 1,
        };
        let transports = if self.own_way(entry).is_some() { 1 } else { wide(self.transports.len()) };
        names.saturating_mul(transports)
    }

    /// The way to TLS that an entry says, where the plan would go another way on that port: then it is an endpoint
    /// of its own, beside what the plan visits there.
    fn own_way(&self, entry: &Entry) -> Option<Option<StartTls>> {
        // Upgrades are of TCP alone.
        self.transports.contains(&Transport::Tcp).then_some(())?;
        let (choice, port) = (entry.starttls?, entry.port?);
        let way = first_way(choice, port);
        (way != first_way(self.starttls, port)).then_some(way)
    }
}

/// The protocol that leads to TLS on `port`, or is tried first there; `None` for direct TLS.
pub(super) fn first_way(choice: StartTlsChoice, port: u16) -> Option<StartTls> {
    match choice {
        StartTlsChoice::Auto => StartTls::by_port(port),
        StartTlsChoice::Never => None,
        StartTlsChoice::Always(protocol) => Some(protocol),
    }
}

/// Singly named targets that a range covers: visited within the range, in their own name.
pub(super) type Promoted = HashMap<IpAddr, Vec<(Option<u16>, Arc<str>)>>;

/// Units beside the slice of the plan's ranges.
#[derive(Debug, Default)]
pub(super) struct Block {
    /// Ranges that came through a pipe, without what the plan's ranges hold.
    pub(super) ranges: IntervalSet,
    pub(super) range_texts: Vec<Arc<str>>,
    /// Visited on each port of the plan.
    pub(super) spread: Vec<Entry>,
    /// Visited on their own port only.
    pub(super) fixed: Vec<(Entry, u16)>,
    /// Text of a target with its own port that was named before the same place without one.
    pub(super) earlier: BTreeMap<(Place, u16), Arc<str>>,
    /// What exclusions took from the block's ranges.
    excluded_ranges: IntervalSet,
    /// Covered by the plan's ranges.
    pub(super) covered: Vec<Entry>,
    /// Covered by the block's ranges.
    pub(super) promoted: Promoted,
    /// Probes not made because of an exclusion.
    pub(super) excluded: u128,
}

impl Block {
    /// Sorts out what was gathered: each unit once, exclusions dropped and counted.
    pub(super) fn new(gathered: Gathered, rules: &Rules<'_>) -> Result<Self, DiscoverError> {
        let mut block = Self::default();
        block.take_ranges(gathered.ranges, rules)?;
        let entries = unique(gathered.entries, rules, &mut block.earlier);
        for entry in block.earlier_within_ranges(rules) {
            block.take(entry, rules);
        }
        for entry in entries {
            block.take(entry, rules);
        }
        Ok(block)
    }

    /// Within a range the first text found counts: those named first go first.
    fn earlier_within_ranges(&self, rules: &Rules<'_>) -> Vec<Entry> {
        let within = self.earlier.iter().filter(|((place, _), _)| match place {
            Place::Address(address) => rules.ranges.contains(*address) || self.ranges.contains(*address),
            Place::Name(_) => false,
        });
        let entry = |((place, port), text): (&(Place, u16), &Arc<str>)| Entry {
            place: place.clone(),
            port: Some(*port),
            starttls: None,
            text: Arc::clone(text),
        };
        within.map(entry).collect()
    }

    fn take_ranges(
        &mut self,
        ranges: Vec<(AddressRange, Arc<str>)>,
        rules: &Rules<'_>,
    ) -> Result<(), DiscoverError> {
        if ranges.is_empty() {
            return Ok(());
        }
        let (ranges, texts): (Vec<_>, Vec<_>) = ranges.into_iter().unzip();
        let before = IntervalSet::union(ranges.into_iter().zip(0..))
            .subtract(rules.ranges)
            .subtract(rules.excluded_ranges);
        self.ranges = before.subtract(&rules.exclusions.addresses);
        self.excluded_ranges = before.subtract(&self.ranges);
        self.range_texts = texts;
        let too_many = DiscoverError::TooManyAddresses;
        let (Some(before), Some(after)) = (before.count(), self.ranges.count()) else { return Err(too_many) };
        let probes = rules.per_address().checked_mul(ports(rules.ports)).and_then(|p| p.checked_mul(before));
        if probes.is_none() {
            return Err(too_many);
        }
        self.excluded += (before - after) * ports(rules.ports) * rules.per_address();
        Ok(())
    }

    fn take(&mut self, entry: Entry, rules: &Rules<'_>) {
        let on_plan_ports = entry.port.is_none_or(|port| rules.ports.contains(port));
        if let Place::Address(address) = entry.place
            && on_plan_ports
            && rules.own_way(&entry).is_none()
        {
            if rules.ranges.contains(address) {
                return self.covered.push(entry);
            }
            // Already counted as excluded from the ranges.
            if rules.excluded_ranges.contains(address) || self.excluded_ranges.contains(address) {
                return;
            }
            if self.ranges.contains(address) {
                return self.promoted.entry(address).or_default().push((entry.port, entry.text));
            }
        }
        if rules.exclusions.covers(&entry.place) {
            let units = if entry.port.is_some() { 1 } else { ports(rules.ports) };
            self.excluded += units * rules.probes_of(&entry);
            return;
        }
        match entry.port {
            Some(port) => self.fixed.push((entry, port)),
            None => self.spread.push(entry),
        }
    }

    /// Units beside the slice of the plan's ranges.
    pub(super) fn units(&self, rules: &Rules<'_>) -> u128 {
        self.range_units(rules) + wide(self.spread.len()) * ports(rules.ports) + wide(self.fixed.len())
    }

    /// Units of the block's own ranges.
    pub(super) fn range_units(&self, rules: &Rules<'_>) -> u128 {
        self.ranges.count().unwrap_or(0) * ports(rules.ports)
    }

    /// Connections that the units take, a name counted as one address.
    pub(super) fn probes(&self, rules: &Rules<'_>) -> u128 {
        let spread: u128 = self.spread.iter().map(|e| rules.probes_of(e)).sum();
        let fixed: u128 = self.fixed.iter().map(|(e, _)| rules.probes_of(e)).sum();
        self.range_units(rules) * rules.per_address() + spread * ports(rules.ports) + fixed
    }

    /// Tells the block from another with other units.
    pub(super) fn fingerprint(&self, rules: &Rules<'_>) -> Fingerprint {
        let mut text = String::new();
        let covered = self.covered.iter().map(|e| (e, e.port));
        let fixed = self.fixed.iter().map(|(e, port)| (e, Some(*port)));
        for (entry, port) in self.spread.iter().map(|e| (e, None)).chain(fixed).chain(covered) {
            match &entry.place {
                Place::Address(address) => text.push_str(&address.to_string()),
                Place::Name(name) => text.push_str(name.as_str()),
            }
            if let Some(port) = port {
                text.push_str(&format!(" {port}"));
            }
            if let Some(way) = rules.own_way(entry) {
                text.push_str(&format!(" {}", way.map_or("none", StartTls::name)));
            }
            text.push('\n');
        }
        Fingerprint::of(text.as_bytes())
    }
}

/// Each place and port once, in the order named. A place with its own port is dropped where the same place is
/// visited on that port anyway; if it was named first, its text is kept for that unit.
fn unique(
    entries: Vec<Entry>,
    rules: &Rules<'_>,
    earlier: &mut BTreeMap<(Place, u16), Arc<str>>,
) -> Vec<Entry> {
    let mut seen: HashMap<Place, usize> = HashMap::new();
    let mut seen_with_port: HashMap<(Place, u16, Option<Option<StartTls>>), usize> = HashMap::new();
    let mut kept = Vec::with_capacity(entries.len());
    for entry in entries {
        let new = match entry.port {
            None => claim(seen.entry(entry.place.clone()), kept.len()),
            Some(port) => {
                let key = (entry.place.clone(), port, rules.own_way(&entry));
                claim(seen_with_port.entry(key), kept.len())
            }
        };
        if new {
            kept.push(entry);
        }
    }
    let mut at = 0;
    kept.retain(|entry| {
        let index = at;
        at += 1;
        let Some(port) = entry.port.filter(|port| rules.ports.contains(*port)) else { return true };
        if rules.own_way(entry).is_some() {
            return true;
        }
        let Some(spread) = seen.get(&entry.place) else { return true };
        if index < *spread {
            earlier.insert((entry.place.clone(), port), Arc::clone(&entry.text));
        }
        false
    });
    kept
}

fn claim<K>(slot: Slot<'_, K, usize>, index: usize) -> bool {
    match slot {
        Slot::Occupied(_) => false,
        Slot::Vacant(slot) => {
            slot.insert(index);
            true
        }
    }
}

pub(super) fn ports(ports: &PortSet) -> u128 {
    wide(ports.len())
}

pub(super) fn wide(number: usize) -> u128 {
    u128::try_from(number).unwrap_or(u128::MAX)
}
