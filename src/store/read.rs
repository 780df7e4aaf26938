//! Reading scans and their observations.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use redb::{ReadOnlyTable, ReadTransaction, ReadableTable, ReadableTableMetadata};

use super::position::Position;
use super::record::observation::{self, Decoded, Target};
use super::record::scan::{self, StoredScan};
use super::record::state::EndpointState;
use super::record::{Table, certificate, open_version};
use super::schema::{CERTIFICATE_FINGERPRINTS, ENDPOINTS, OBSERVATIONS, SCAN_IDS, SCANS};
use super::{Flow, Store, StoreError, StoredObservation};
use crate::model::{EndpointId, Observation, Outcome, ScanState};
use crate::x509::Fingerprint;

impl Store {
    /// Every scan, oldest first.
    ///
    /// # Errors
    /// If a record is damaged or cannot be read.
    pub fn scans(&self) -> Result<Vec<StoredScan>, StoreError> {
        self.placed(|| {
            let table = self.read()?.open_table(SCANS)?;
            table
                .iter()?
                .map(|row| {
                    let (key, record) = row?;
                    scan::decode(key.value(), record.value())
                })
                .collect()
        })
    }

    /// The scan with this id, or with `latest` the newest that has ended.
    ///
    /// # Errors
    /// [`StoreError::UnknownScan`] if there is none.
    pub fn scan(&self, id: &str) -> Result<StoredScan, StoreError> {
        self.placed(|| {
            let transaction = self.read()?;
            let scans = transaction.open_table(SCANS)?;
            let found = if id == "latest" { latest(&scans)? } else { by_id(&transaction, &scans, id)? };
            found.ok_or_else(|| StoreError::UnknownScan(id.to_owned()))
        })
    }

    /// Walks the observations of the scan with this sequence number in the order of its units, until `visit` breaks.
    /// Of a running scan, those committed so far.
    ///
    /// # Errors
    /// If a record is damaged or cannot be read.
    pub fn observations_of(
        &self,
        sequence: u64,
        mut visit: impl FnMut(StoredObservation) -> Flow,
    ) -> Result<(), StoreError> {
        self.placed(|| {
            let transaction = self.read()?;
            let mut resolver = Resolver::open(&transaction)?;
            let walked = transaction.open_table(OBSERVATIONS)?;
            let start = Position::scan_start(sequence);
            let end = Position::scan_start(sequence.saturating_add(1));
            for row in walked.range::<&[u8]>(start.as_slice()..end.as_slice())? {
                let (key, record) = row?;
                if visit(resolver.resolve(key.value(), record.value())?).is_break() {
                    break;
                }
            }
            Ok(())
        })
    }

    /// A filter over the endpoints that have ever shown a chain, for telling the dead of a range that nobody knows
    /// from a server that fell silent.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub fn known_endpoints(&self) -> Result<KnownEndpoints, StoreError> {
        self.placed(|| KnownEndpoints::load(self))
    }
}

fn latest(scans: &ReadOnlyTable<&'static [u8; 8], &'static [u8]>) -> Result<Option<StoredScan>, StoreError> {
    for row in scans.iter()?.rev() {
        let (key, record) = row?;
        let stored = scan::decode(key.value(), record.value())?;
        if stored.scan.state != ScanState::Running {
            return Ok(Some(stored));
        }
    }
    Ok(None)
}

fn by_id(
    transaction: &ReadTransaction,
    scans: &ReadOnlyTable<&'static [u8; 8], &'static [u8]>,
    id: &str,
) -> Result<Option<StoredScan>, StoreError> {
    let ids = transaction.open_table(SCAN_IDS)?;
    let Some(record) = ids.get(id.as_bytes())? else { return Ok(None) };
    let mut decoder = open_version(Table::ScanId, id.as_bytes(), record.value(), 1)?;
    let key = scan::key(decoder.varint()?);
    let record = scans.get(&key)?.ok_or_else(|| Table::Scan.corrupt(&key))?;
    scan::decode(&key, record.value()).map(Some)
}

/// Turns stored observations into whole ones: repeats into what they repeat, numbers into fingerprints.
pub(super) struct Resolver {
    observations: ReadOnlyTable<&'static [u8], &'static [u8]>,
    scans: ReadOnlyTable<&'static [u8; 8], &'static [u8]>,
    fingerprints: ReadOnlyTable<&'static [u8; 8], &'static [u8]>,
    /// Targets of the scans met so far.
    targets: HashMap<u64, Arc<[Arc<str>]>>,
    /// Fingerprints met lately.
    known: HashMap<u64, Fingerprint>,
}

impl Resolver {
    /// Fingerprints kept at once: what a table of 65,536 places holds, about 3 MB.
    const KNOWN: usize = 57_344;
    /// Scans whose targets are kept at once.
    const SCANS: usize = 16;

    pub(super) fn open(transaction: &ReadTransaction) -> Result<Self, StoreError> {
        Ok(Self {
            observations: transaction.open_table(OBSERVATIONS)?,
            scans: transaction.open_table(SCANS)?,
            fingerprints: transaction.open_table(CERTIFICATE_FINGERPRINTS)?,
            targets: HashMap::new(),
            known: HashMap::new(),
        })
    }

    /// A record of the observations' table.
    pub(super) fn resolve(&mut self, key: &[u8], record: &[u8]) -> Result<StoredObservation, StoreError> {
        match observation::decode(key, record)? {
            Decoded::Full { observation, target, .. } => self.complete(key, *observation, target),
            Decoded::Same { endpoint, seen_at, outcome, gathered, connections } => {
                let mut found = self.at(&outcome)?;
                if found.endpoint.id() != endpoint {
                    return Err(Table::Observation.corrupt(key));
                }
                found.observed_at = seen_at;
                if let (Some(connections), Some(inspection)) = (connections, found.outcome.inspection_mut()) {
                    inspection.connections = connections;
                }
                if let Outcome::Handshake(handshake) = &mut found.outcome {
                    handshake.gathered = gathered;
                }
                Ok(found)
            }
        }
    }

    /// The full observation at `position`.
    pub(super) fn at(&mut self, position: &Position) -> Result<StoredObservation, StoreError> {
        let key = position.key();
        let corrupt = || Table::Observation.corrupt(key.as_slice());
        let record = self.observations.get(key.as_slice())?.ok_or_else(corrupt)?;
        match observation::decode(key.as_slice(), record.value())? {
            Decoded::Full { observation, target, .. } => self.complete(key.as_slice(), *observation, target),
            Decoded::Same { .. } => Err(corrupt()),
        }
    }

    fn complete(
        &mut self,
        key: &[u8],
        observation: Observation<Vec<u64>>,
        target: Target<'_>,
    ) -> Result<StoredObservation, StoreError> {
        let target = match target {
            Target::Written(text) => Arc::from(text),
            Target::Listed(index) => {
                let scan = Position::from_key(key).ok_or_else(|| Table::Observation.corrupt(key))?.scan;
                let targets = self.targets_of(scan)?;
                let target = usize::try_from(index).ok().and_then(|index| targets.get(index).cloned());
                target.ok_or_else(|| Table::Observation.corrupt(key))?
            }
        };
        let mut failed = None;
        let Observation { endpoint, observed_at, outcome, .. } = observation;
        let outcome = outcome.map_chains(|chain| {
            let resolved: Result<Vec<_>, _> = chain.iter().map(|&number| self.fingerprint(number)).collect();
            resolved.unwrap_or_else(|error| {
                failed = Some(error);
                Vec::new()
            })
        });
        match failed {
            Some(error) => Err(error),
            None => Ok(Observation { endpoint, target, observed_at, outcome }),
        }
    }

    /// The fingerprint of a certificate.
    pub(super) fn fingerprint(&mut self, number: u64) -> Result<Fingerprint, StoreError> {
        if self.known.len() >= Self::KNOWN {
            self.known.clear();
        }
        match self.known.entry(number) {
            Entry::Occupied(known) => Ok(*known.get()),
            Entry::Vacant(place) => {
                let key = number.to_be_bytes();
                let record =
                    self.fingerprints.get(&key)?.ok_or_else(|| Table::CertificateNumber.corrupt(&key))?;
                Ok(*place.insert(certificate::decode_fingerprint(&key, record.value())?))
            }
        }
    }

    fn targets_of(&mut self, scan: u64) -> Result<Arc<[Arc<str>]>, StoreError> {
        if let Some(targets) = self.targets.get(&scan) {
            return Ok(targets.clone());
        }
        if self.targets.len() >= Self::SCANS {
            self.targets.clear();
        }
        let key = scan::key(scan);
        let record = self.scans.get(&key)?.ok_or_else(|| Table::Scan.corrupt(&key))?;
        let stored = scan::decode(&key, record.value())?;
        let targets: Arc<[Arc<str>]> = stored.scan.parameters.targets.into_iter().map(Arc::from).collect();
        self.targets.insert(scan, targets.clone());
        Ok(targets)
    }
}

/// Tells whether an endpoint has ever shown a chain. A "no" costs no look at the store; memory is bounded at
/// [`KnownEndpoints::MAX_BYTES`], beyond which only speed is lost.
#[derive(Debug)]
pub struct KnownEndpoints {
    store: Store,
    /// A Bloom filter of a power of two of bits; ids are hashes already, so their parts are the hash functions.
    words: Box<[u64]>,
    /// No endpoint has shown a chain yet.
    is_empty: bool,
}

impl KnownEndpoints {
    /// Upper bound of the filter's memory.
    pub const MAX_BYTES: usize = 16 << 20;

    fn load(store: &Store) -> Result<Self, StoreError> {
        let table = store.read()?.open_table(ENDPOINTS)?;
        let endpoints = usize::try_from(table.len()?).unwrap_or(usize::MAX);
        let words = (endpoints / 4).clamp(1, Self::MAX_BYTES / 8).next_power_of_two();
        let mut this = Self { store: store.clone(), words: vec![0; words].into(), is_empty: true };
        for row in table.iter()? {
            let (key, record) = row?;
            if EndpointState::decode(key.value(), record.value())?.chain().is_some() {
                this.is_empty = false;
                for (word, bit) in this.places(&EndpointId(*key.value())) {
                    if let Some(word) = this.words.get_mut(word) {
                        *word |= bit;
                    }
                }
            }
        }
        Ok(this)
    }

    /// Whether `id` has ever shown a chain, as of the last finished scan.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub fn contains(&self, id: &EndpointId) -> Result<bool, StoreError> {
        let may_be = self
            .places(id)
            .into_iter()
            .all(|(word, bit)| self.words.get(word).is_some_and(|word| word & bit != 0));
        if !may_be {
            return Ok(false);
        }
        self.store.placed(|| {
            let table = self.store.read()?.open_table(ENDPOINTS)?;
            let Some(record) = table.get(&id.0)? else { return Ok(false) };
            Ok(EndpointState::decode(&id.0, record.value())?.chain().is_some())
        })
    }

    /// Whether nothing is known: then nobody needs to work out an id to ask for.
    pub fn is_empty(&self) -> bool {
        self.is_empty
    }

    fn places(&self, id: &EndpointId) -> [(usize, u64); 4] {
        let whole = u128::from_be_bytes(id.0);
        [0, 32, 64, 96].map(|shift| {
            let part = (whole >> shift) & u128::from(u32::MAX);
            let bits = u128::try_from(self.words.len()).unwrap_or(1) * 64;
            let place = part % bits;
            (usize::try_from(place / 64).unwrap_or(0), 1 << (place % 64))
        })
    }
}
