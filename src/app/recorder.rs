//! What was seen, into the record: chains become certificates, the dead of a range are counted, batches are committed.

use std::sync::Arc;
use std::time::{Duration, Instant};

use quick_cache::unsync::Cache;
use tokio::sync::mpsc;

use super::AppError;
use super::ledger::{Done, Ledger};
use super::visit::Visited;
use crate::discover::Position;
use crate::model::{Counts, Observation, Outcome, Reason, Transport};
use crate::store::{Batch, KnownEndpoints, Progress, ScanWriter, StoredObservation, UnitPosition};
use crate::x509::{self, Fingerprint, RawChain};

/// Observations committed together.
const BATCH: usize = 4_096;
/// Bytes of certificates committed together: they may be large.
const BATCH_BYTES: usize = 4 << 20;
/// What was seen is on the disk at most so long after.
const COMMIT_EVERY: Duration = Duration::from_secs(1);
/// Chains recognised by their digest; about 200 bytes each.
const KNOWN_CHAINS: usize = 16_384;
/// Certificates recognised by their hash; about 50 bytes each.
const KNOWN_CERTIFICATES: usize = 65_536;
/// How often the recorder looks for visits.
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// Is told of every observation once it is in the record.
pub(super) type Listener<'a> = dyn FnMut(StoredObservation) -> Result<(), AppError> + Send + 'a;

/// Writes one scan.
pub(super) struct Recorder<'a> {
    writer: ScanWriter,
    known: Arc<KnownEndpoints>,
    list_dead: bool,
    /// Asked for by the scan.
    transports: Vec<Transport>,
    ledger: Ledger<UnitPosition>,
    counts: Counts,
    batch: Batch,
    batch_bytes: usize,
    committed_at: Instant,
    chains: Cache<Fingerprint, Arc<[Fingerprint]>>,
    certificates: Cache<Fingerprint, ()>,
    listener: Option<Box<Listener<'a>>>,
}

impl<'a> Recorder<'a> {
    /// Goes on from `progress`; a fresh scan starts from the default.
    pub(super) fn new(
        writer: ScanWriter,
        known: Arc<KnownEndpoints>,
        progress: Progress,
        list_dead: bool,
    ) -> Self {
        let Progress { next, done, counts } = progress;
        // The ledger speaks of the last unit done, the record of the first that is not.
        let through = next.index.checked_sub(1).map(|index| UnitPosition { index, ..next });
        let transports = writer.scan().scan.parameters.transports.clone();
        Self {
            writer,
            known,
            list_dead,
            transports,
            ledger: Ledger::new(Done { through, beyond: done }),
            counts,
            batch: Batch::default(),
            batch_bytes: 0,
            committed_at: Instant::now(),
            chains: Cache::new(KNOWN_CHAINS),
            certificates: Cache::new(KNOWN_CERTIFICATES),
            listener: None,
        }
    }

    /// Sets who is told of every observation.
    pub(super) fn listen(&mut self, listener: Box<Listener<'a>>) {
        self.listener = Some(listener);
    }

    /// Records until the senders are gone, then commits what is left. Blocks; runs on a thread of its own.
    ///
    /// Looks for visits every few milliseconds instead of being woken for each: waking costs more than recording.
    pub(super) fn record_all(
        mut self,
        mut visits: mpsc::Receiver<Visited>,
    ) -> Result<(ScanWriter, Counts), AppError> {
        loop {
            let ended = loop {
                match visits.try_recv() {
                    Ok(visited) => self.record(visited)?,
                    Err(mpsc::error::TryRecvError::Empty) => break false,
                    Err(mpsc::error::TryRecvError::Disconnected) => break true,
                }
                if self.batch.observations.len() >= BATCH || self.batch_bytes >= BATCH_BYTES {
                    self.commit()?;
                }
            };
            if ended || self.committed_at.elapsed() >= COMMIT_EVERY {
                self.commit()?;
            }
            if ended {
                return Ok((self.writer, self.counts));
            }
            std::thread::sleep(LOOK_EVERY);
        }
    }

    fn record(&mut self, visited: Visited) -> Result<(), AppError> {
        let position = unit_position(visited.position);
        for (sub, observation) in (0..).zip(visited.observations) {
            self.count(&observation.outcome);
            if self.is_unlisted(&observation, visited.named)? {
                self.counts.unlisted += 1;
                continue;
            }
            let stored = self.identify(observation);
            self.batch.observations.push((position, sub, stored));
        }
        self.ledger.complete(visited.ordinal, position);
        Ok(())
    }

    fn count(&mut self, outcome: &Outcome<RawChain>) {
        self.counts.endpoints += 1;
        match outcome {
            Outcome::Handshake(_) => self.counts.handshake += 1,
            Outcome::Read(_) => self.counts.read += 1,
            Outcome::Failure(failure) => {
                self.counts.failure += 1;
                let code = failure.code();
                *self.counts.failures.entry(code).or_default() += 1;
            }
        }
    }

    /// A dead address of a range that nobody named and nobody knows; also where there is no QUIC or DTLS beside TCP.
    fn is_unlisted(&self, observation: &Observation<RawChain>, named: bool) -> Result<bool, AppError> {
        let Outcome::Failure(failure) = &observation.outcome else { return Ok(false) };
        let is_beside_tcp = observation.endpoint.transport.is_beside_tcp(&self.transports);
        // What speaks something else over UDP is another service.
        let is_dead = failure.is_dead() || (is_beside_tcp && failure.reason == Reason::NotTls);
        if self.list_dead || !is_dead || (named && !is_beside_tcp) {
            return Ok(false);
        }
        Ok(self.known.is_empty() || !self.known.contains(&observation.endpoint.id())?)
    }

    fn identify(&mut self, observation: Observation<RawChain>) -> StoredObservation {
        let Observation { endpoint, target, observed_at, mut outcome } = observation;
        if let Outcome::Handshake(handshake) = &mut outcome {
            // A stapled response that nobody wanted to look at.
            handshake.gathered.take_if(|gathered| gathered.revocation.is_empty());
        }
        let outcome = outcome.map_chains(|chain| self.identify_chain(&chain));
        Observation { endpoint, target, observed_at, outcome }
    }

    fn identify_chain(&mut self, chain: &RawChain) -> Vec<Fingerprint> {
        let digest = chain.digest();
        if let Some(known) = self.chains.get(&digest) {
            return known.to_vec();
        }
        let mut fingerprints = Vec::new();
        for der in chain.ders() {
            let sha256 = Fingerprint::of(der);
            fingerprints.push(sha256);
            if self.certificates.get(&sha256).is_none() {
                self.certificates.insert(sha256, ());
                self.batch_bytes += der.len();
                self.batch.certificates.push(Arc::new(x509::read(der)));
            }
        }
        self.chains.insert(digest, fingerprints.as_slice().into());
        fingerprints
    }

    fn commit(&mut self) -> Result<(), AppError> {
        let Done { through, beyond } = self.ledger.done();
        let next =
            through.map_or_else(UnitPosition::default, |last| UnitPosition { index: last.index + 1, ..last });
        self.batch.progress = Some(Progress { next, done: beyond, counts: self.counts.clone() });
        let batch = std::mem::take(&mut self.batch);
        let told = self.listener.is_some().then(|| batch.observations.clone());
        self.writer.commit(batch)?;
        if let Some(listener) = &mut self.listener {
            told.into_iter().flatten().try_for_each(|(_, _, observation)| listener(observation))?;
        }
        self.batch_bytes = 0;
        self.committed_at = Instant::now();
        Ok(())
    }
}

/// The record's form of a sweep's position.
pub(super) fn unit_position(position: Position) -> UnitPosition {
    UnitPosition { block: position.block, index: position.index }
}
