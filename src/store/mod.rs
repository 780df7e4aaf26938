//! The record: what was seen, when, and what is known of each endpoint and certificate. One redb file. Never sends
//! or probes.
//!
//! # Ground truth
//! * **certificates**: number (in the order they came) to DER and first sight. Observations name certificates by
//!   number: three bytes instead of thirty-two.
//! * **observations**: keyed by scan, unit and endpoint of the unit, so that a running scan only appends. An outcome
//!   equal to what is known of the endpoint is stored as the position of that earlier observation.
//! * **scans**, **findings** with their members, and the **audit** log.
//! * **outbox**: news on its way, in **lanes** (see `outbox` for what holds of them). **hook runs**, **silences**, and
//!   what the **watch** remembers of itself.
//!
//! # Derived, and rebuilt by [`Store::rebuild_derived`]
//! * **endpoints**: id to current span (a run of equal outcomes), last span with a chain, certificates served.
//!   **endpoint_history**: the spans before. An endpoint that never changed has no history.
//! * **certificate states** (first and last seen, endpoints serving) and indexes: by SHA-256, by expiry, by key, and
//!   of CA certificates by subject.
//! * **shared_factors**: RSA keys that have a prime in common, as far as moduli were compared; comparing them again finds
//!   them again.
//!
//! # The life of a scan
//! [`Store::begin_scan`] → [`ScanWriter::commit`] for each batch → [`ScanWriter::finish`], which merges. States and
//! indexes move in the finishing transaction only: readers see the record as of the last finished scan, and a kill at
//! any point costs at most the batch that was not committed. Progress is committed with each batch;
//! [`Store::resumable`] finds it.
//!
//! # Durability
//! Each commit is fsynced (redb's two phases) and carries the engine's allocator state, so that opening after a crash
//! takes milliseconds. `Durability::None` is never used. Each record has its own checksum (see `record`).
//!
//! # Processes
//! One process writes, others read beside it. The writer holds a lock file with its process id, and redb's own locks.

mod audit;
mod backup;
mod certificates;
mod check;
mod check_alerts;
mod diff;
mod error;
mod findings;
mod history;
mod hook_runs;
mod ingest;
mod lock;
mod merge;
mod numbers;
mod open;
mod outbox;
mod position;
mod read;
mod rebuild;
mod record;
mod row;
mod schema;
mod shared_factors;
mod silences;
#[cfg(test)]
mod tests;
mod watch;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use redb::{Database, ReadOnlyDatabase, ReadTransaction, ReadableDatabase, WriteTransaction};

pub use certificates::StoredCertificate;
pub use check::{CheckReport, Fault};
pub use diff::{Change, ChangeKind};
pub use error::StoreError;
pub use findings::{FindingUpdate, FindingsCommit};
pub use history::{EndpointRecord, EndpointSpan};
pub use ingest::{Batch, Resumable, ScanWriter};
pub use open::Options;
pub use position::{Position, UnitPosition};
pub use read::KnownEndpoints;
pub use record::audit::{AuditEntry, AuditEvent};
pub use record::finding::StoredFinding;
pub use record::progress::Progress;
pub use record::scan::StoredScan;
pub use shared_factors::{KeyName, key_name};
pub use silences::DecisionCommit;

use crate::model::Observation;
use crate::time::UnixTime;
use crate::x509::Fingerprint;

/// An observation as the record gives it: chains are fingerprints in the order served.
pub type StoredObservation = Observation<Vec<Fingerprint>>;

/// Whether a walk goes on.
pub type Flow = std::ops::ControlFlow<()>;

/// An open store. Clones share it; it closes with the last of them.
#[derive(Debug, Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    // Closed before the lock below is given back.
    engine: Engine,
    /// For messages.
    path: PathBuf,
    /// A scan is being written.
    writing: AtomicBool,
    _lock: Option<lock::WriterLock>,
}

enum Engine {
    Writer(Database),
    Reader(ReadOnlyDatabase),
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Writer(_) => "Writer",
            Self::Reader(_) => "Reader",
        })
    }
}

impl Store {
    /// Where the store is; for a temporary one, the folder it was made in.
    pub fn path(&self) -> &Path {
        &self.inner.path
    }

    fn read(&self) -> Result<ReadTransaction, StoreError> {
        Ok(match &self.inner.engine {
            Engine::Writer(database) => database.begin_read()?,
            Engine::Reader(database) => database.begin_read()?,
        })
    }

    fn write(&self) -> Result<WriteTransaction, StoreError> {
        let Engine::Writer(database) = &self.inner.engine else {
            return Err(StoreError::ReadOnly(self.inner.path.clone()));
        };
        let mut transaction = database.begin_write()?;
        // Opening after a crash then needs no walk over the whole file.
        transaction.set_quick_repair(true);
        Ok(transaction)
    }

    /// Runs `work` and adds the place to its error.
    fn placed<T>(&self, work: impl FnOnce() -> Result<T, StoreError>) -> Result<T, StoreError> {
        work().map_err(|error| error.at(&self.inner.path))
    }
}

/// Half of a hash, then a certificate's number: no two names or keys share 128 bits by accident or by design.
fn index_key(hash: &Fingerprint, number: u64) -> [u8; 24] {
    let mut key = [0; 24];
    for (place, byte) in key.iter_mut().zip(hash.0.iter().take(16).chain(&number.to_be_bytes())) {
        *place = *byte;
    }
    key
}

/// A time in an order that bytes keep, then a certificate's number.
fn expiry_key(time: UnixTime, number: u64) -> [u8; 16] {
    let biased = u64::from_ne_bytes(time.0.to_ne_bytes()) ^ (1 << 63);
    (u128::from(biased) << 64 | u128::from(number)).to_be_bytes()
}
