//! Folding a finished scan into what is known: endpoint states and history, certificate states and indexes.
//!
//! Runs inside the transaction that closes the scan. Killed half-way, nothing of it is there and the scan is
//! finished again from the start; done twice, it changes nothing the second time. Memory is bounded: observations
//! are read in chunks, each sorted by endpoint so that the tables are walked in their own order, and the engine
//! writes pages out once its cache is full.
//!
//! Scans follow one another by their sequence numbers, not by the clock, which may jump by years and come back: what
//! a later scan saw is what is known now, whatever the time it says. Only a scan that was resumed after another one
//! needs the clock to tell which of the two looked last.

use std::collections::HashMap;

use redb::{ReadableTable, Table as OpenTable, WriteTransaction};

use super::numbers::NumberSet;
use super::position::Position;
use super::record::certificate::{CertificateRecord, CertificateState};
use super::record::observation::{self, Body, Decoded, Digest, Head};
use super::record::scan::StoredScan;
use super::record::state::{EndpointState, Span};
use super::record::{Encoder, Table};
use super::schema::{
    BY_EXPIRY, BY_KEY, CERTIFICATE_STATES, CERTIFICATES, ENDPOINTS, HISTORY, META, Mark, OBSERVATIONS,
};
use super::{StoreError, expiry_key, index_key};
use crate::time::UnixTime;

/// Observations sorted at once: about 6 MB.
const CHUNK: usize = 1 << 15;
/// Certificates whose changes are gathered before they are written: about 3 MB.
const CERTIFICATES_AT_ONCE: usize = 57_344;

type Bytes = &'static [u8];
type Observations<'t> = OpenTable<'t, Bytes, Bytes>;

/// Which of two scans looked later at an endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    /// The one with the higher sequence number.
    BySequence,
    /// What the clock says: a scan begun earlier was resumed after this one.
    ByTime,
}

/// Folds the scan and fills in the counts that only the record knows.
pub(super) fn merge_scan(
    transaction: &WriteTransaction,
    stored: &mut StoredScan,
    order: Order,
) -> Result<(), StoreError> {
    let mut merge = Merge::open(transaction, order)?;
    merge.run(stored.sequence)?;
    stored.scan.counts.certificates = merge.seen.count();
    stored.scan.counts.known_not_reached = merge.known_not_reached;
    drop(merge);
    index_certificates(transaction)
}

/// One observation's head, waiting in a chunk.
struct Entry {
    head: Head,
    position: Position,
    /// Where its certificates stand in the chunk's list.
    certificates: std::ops::Range<usize>,
}

struct Merge<'t> {
    observations: Observations<'t>,
    endpoints: OpenTable<'t, &'static [u8; 16], Bytes>,
    history: OpenTable<'t, Bytes, Bytes>,
    certificates: CertificateChanges<'t>,
    seen: NumberSet,
    known_not_reached: u64,
    order: Order,
    encoder: Encoder,
}

impl<'t> Merge<'t> {
    fn open(transaction: &'t WriteTransaction, order: Order) -> Result<Self, StoreError> {
        Ok(Self {
            observations: transaction.open_table(OBSERVATIONS)?,
            endpoints: transaction.open_table(ENDPOINTS)?,
            history: transaction.open_table(HISTORY)?,
            certificates: CertificateChanges {
                states: transaction.open_table(CERTIFICATE_STATES)?,
                changes: HashMap::new(),
            },
            seen: NumberSet::default(),
            known_not_reached: 0,
            order,
            encoder: Encoder::default(),
        })
    }

    fn run(&mut self, scan: u64) -> Result<(), StoreError> {
        let mut from = Position::scan_start(scan).as_slice().to_vec();
        let mut entries = Vec::new();
        let mut numbers = Vec::new();
        loop {
            entries.clear();
            numbers.clear();
            read_chunk(&self.observations, scan, &from, &mut entries, &mut numbers)?;
            let Some(last) = entries.last() else { break };
            // The least key after the last one.
            from = [last.position.key().as_slice(), &[0]].concat();
            entries.sort_unstable_by_key(|entry| (entry.head.endpoint, entry.position));
            for entry in &entries {
                let certificates = numbers.get(entry.certificates.clone()).unwrap_or_default();
                self.apply(entry, certificates)?;
            }
        }
        self.certificates.write()
    }

    fn apply(&mut self, entry: &Entry, certificates: &[u64]) -> Result<(), StoreError> {
        certificates.iter().for_each(|&number| self.seen.insert(number));
        let id = entry.head.endpoint;
        let known = match self.endpoints.get(&id.0)? {
            Some(record) => Some(EndpointState::decode(&id.0, record.value())?),
            None => None,
        };
        let seen_at = entry.head.seen_at;
        self.certificates.see(certificates, seen_at)?;
        let state = match known {
            None => {
                self.certificates.serve(&[], certificates, seen_at)?;
                EndpointState {
                    first_seen: seen_at,
                    current: self.new_span(entry)?,
                    last_chain: None,
                    serving: certificates.to_vec(),
                }
            }
            Some(state) => self.fold(entry, certificates, state)?,
        };
        let had_chain_before = state.last_chain.is_some_and(|chain| chain.last_scan < entry.position.scan);
        if !entry.head.kind.has_chain() && had_chain_before {
            self.known_not_reached += 1;
        }
        self.endpoints.insert(&id.0, state.encode(&mut self.encoder, &id))?;
        Ok(())
    }

    /// The state after one more observation.
    fn fold(
        &mut self,
        entry: &Entry,
        certificates: &[u64],
        mut state: EndpointState,
    ) -> Result<EndpointState, StoreError> {
        let Head { kind, seen_at, endpoint, .. } = entry.head;
        let current = state.current;
        let is_newer_scan = self.order == Order::BySequence && entry.position.scan > current.last_scan;
        state.first_seen = state.first_seen.min(seen_at);
        if (is_newer_scan || seen_at >= current.since) && self.is_same(entry, &current)? {
            state.current.since = current.since.min(seen_at);
            // A clock that ran ahead for a while is forgotten as soon as a later scan has looked.
            state.current.last = if is_newer_scan { seen_at } else { current.last.max(seen_at) };
            state.current.last_scan = current.last_scan.max(entry.position.scan);
            return Ok(state);
        }
        if !is_newer_scan {
            let key = Span::history_key(&endpoint, &entry.position);
            if self.history.get(key.as_slice())?.is_some() {
                // Folded when the scan was interrupted, before it was resumed.
                return Ok(state);
            }
            if seen_at < current.last || (seen_at == current.last && entry.position <= current.first) {
                return self.fold_late(entry, certificates, state);
            }
        }
        let key = Span::history_key(&endpoint, &current.first);
        self.history.insert(key.as_slice(), current.encode_history(&mut self.encoder, &key))?;
        if current.kind.has_chain() {
            state.last_chain = Some(current);
        }
        state.current = self.new_span(entry)?;
        if kind.has_chain() {
            self.certificates.serve(&state.serving, certificates, seen_at)?;
            state.serving = certificates.to_vec();
            state.last_chain = None;
        }
        Ok(state)
    }

    /// An observation older than what is known, from a scan that was resumed after another one.
    fn fold_late(
        &mut self,
        entry: &Entry,
        certificates: &[u64],
        mut state: EndpointState,
    ) -> Result<EndpointState, StoreError> {
        let Head { kind, seen_at, endpoint, .. } = entry.head;
        let span = self.new_span(entry)?;
        let key = Span::history_key(&endpoint, &span.first);
        if self.history.get(key.as_slice())?.is_none() {
            self.history.insert(key.as_slice(), span.encode_history(&mut self.encoder, &key))?;
        }
        let is_newest_chain = state.chain().is_none_or(|chain| chain.last < seen_at);
        if kind.has_chain() && is_newest_chain {
            self.certificates.serve(&state.serving, certificates, seen_at)?;
            state.serving = certificates.to_vec();
            state.last_chain = Some(span);
        }
        Ok(state)
    }

    fn is_same(&self, entry: &Entry, current: &Span) -> Result<bool, StoreError> {
        match entry.head.body {
            Body::Same(outcome) if outcome == current.outcome => Ok(true),
            _ => Ok(self.digest(entry)? == current.digest),
        }
    }

    fn digest(&self, entry: &Entry) -> Result<Digest, StoreError> {
        let outcome = match entry.head.body {
            Body::Full(digest) => return Ok(digest),
            Body::Same(outcome) => outcome,
        };
        let key = outcome.key();
        let corrupt = || Table::Observation.corrupt(key.as_slice());
        let record = self.observations.get(key.as_slice())?.ok_or_else(corrupt)?;
        match observation::decode(key.as_slice(), record.value())? {
            Decoded::Full { digest, .. } => Ok(digest),
            Decoded::Same { .. } => Err(corrupt()),
        }
    }

    fn new_span(&self, entry: &Entry) -> Result<Span, StoreError> {
        Ok(Span {
            kind: entry.head.kind,
            since: entry.head.seen_at,
            last: entry.head.seen_at,
            last_scan: entry.position.scan,
            first: entry.position,
            outcome: match entry.head.body {
                Body::Full(_) => entry.position,
                Body::Same(outcome) => outcome,
            },
            digest: self.digest(entry)?,
        })
    }
}

fn read_chunk(
    table: &Observations<'_>,
    scan: u64,
    from: &[u8],
    entries: &mut Vec<Entry>,
    numbers: &mut Vec<u64>,
) -> Result<(), StoreError> {
    let end = Position::scan_start(scan.saturating_add(1));
    for row in table.range::<&[u8]>(from..end.as_slice())?.take(CHUNK) {
        let (key, record) = row?;
        let position =
            Position::from_key(key.value()).ok_or_else(|| Table::Observation.corrupt(key.value()))?;
        let start = numbers.len();
        let head = observation::decode_head(key.value(), record.value(), numbers)?;
        entries.push(Entry { head, position, certificates: start..numbers.len() });
    }
    Ok(())
}

/// What happened to certificates, gathered and written in the order of their numbers.
struct CertificateChanges<'t> {
    states: OpenTable<'t, &'static [u8; 8], Bytes>,
    changes: HashMap<u64, Change>,
}

struct Change {
    first: UnixTime,
    last: UnixTime,
    endpoints: i64,
}

impl CertificateChanges<'_> {
    fn see(&mut self, numbers: &[u64], at: UnixTime) -> Result<(), StoreError> {
        for &number in numbers {
            self.change(number, at, 0);
        }
        if self.changes.len() > CERTIFICATES_AT_ONCE { self.write() } else { Ok(()) }
    }

    /// An endpoint serves the one set now, and the other no more.
    fn serve(&mut self, before: &[u64], after: &[u64], at: UnixTime) -> Result<(), StoreError> {
        for number in after.iter().filter(|number| before.binary_search(number).is_err()) {
            self.change(*number, at, 1);
        }
        for number in before.iter().filter(|number| after.binary_search(number).is_err()) {
            if let Some(change) = self.changes.get_mut(number) {
                change.endpoints -= 1;
            } else {
                let never = Change { first: UnixTime(i64::MAX), last: UnixTime(i64::MIN), endpoints: -1 };
                self.changes.insert(*number, never);
            }
        }
        Ok(())
    }

    fn change(&mut self, number: u64, at: UnixTime, endpoints: i64) {
        let change = self.changes.entry(number).or_insert(Change { first: at, last: at, endpoints: 0 });
        change.first = change.first.min(at);
        change.last = change.last.max(at);
        change.endpoints += endpoints;
    }

    fn write(&mut self) -> Result<(), StoreError> {
        let mut changes: Vec<(u64, Change)> = self.changes.drain().collect();
        changes.sort_unstable_by_key(|(number, _)| *number);
        let mut encoder = Encoder::default();
        for (number, change) in changes {
            let key = number.to_be_bytes();
            let mut state = match self.states.get(&key)? {
                Some(record) => CertificateState::decode(&key, record.value())?,
                None => CertificateState { first_seen: change.first, last_seen: change.last, endpoints: 0 },
            };
            state.first_seen = state.first_seen.min(change.first);
            state.last_seen = state.last_seen.max(change.last);
            state.endpoints = state.endpoints.saturating_add_signed(change.endpoints);
            self.states.insert(&key, state.encode(&mut encoder, number))?;
        }
        Ok(())
    }
}

/// Brings the indexes of certificates up to date, from the first certificate that is not in them.
pub(super) fn index_certificates(transaction: &WriteTransaction) -> Result<(), StoreError> {
    let mut next = Mark::IndexedCertificates.read(&transaction.open_table(META)?)?.unwrap_or(0);
    let certificates = transaction.open_table(CERTIFICATES)?;
    let mut by_expiry = transaction.open_table(BY_EXPIRY)?;
    let mut by_key = transaction.open_table(BY_KEY)?;
    loop {
        let mut expiries = Vec::new();
        let mut keys = Vec::new();
        let start = next;
        for row in certificates.range::<&[u8; 8]>(&start.to_be_bytes()..)?.take(CERTIFICATES_AT_ONCE) {
            let (key, record) = row?;
            let number = u64::from_be_bytes(*key.value());
            let certificate = CertificateRecord::decode(key.value(), record.value())?;
            expiries.extend(certificate.not_after.map(|time| expiry_key(time, number)));
            keys.extend(certificate.spki_sha256.map(|hash| index_key(&hash, number)));
            next = number.saturating_add(1);
        }
        if next == start {
            break;
        }
        expiries.sort_unstable();
        keys.sort_unstable();
        for key in &expiries {
            by_expiry.insert(key, ())?;
        }
        for key in &keys {
            by_key.insert(key, ())?;
        }
    }
    Mark::IndexedCertificates.write(transaction, next)
}
