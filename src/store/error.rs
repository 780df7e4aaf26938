//! What can go wrong with the record, each with the place and the remedy in one line.

use std::io;
use std::path::{Path, PathBuf};

use crate::x509::Fingerprint;

/// Why the record could not be opened, read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// There is no store yet and none was to be made.
    #[error("there is no store at {}: run a scan first, or name another one with --store", .0.display())]
    Missing(PathBuf),
    /// The disk or the quota is full. What was committed is kept.
    #[error("the disk is full at {}: free some space and run the same command again; what was committed is kept", .0.display())]
    Full(PathBuf),
    /// A file or folder cannot be made, opened or written.
    #[error("cannot write the store at {}: {source}; check the permissions or name another place with --store", path.display())]
    Unwritable { path: PathBuf, source: io::Error },
    /// A file cannot be read.
    #[error("cannot read the store at {}: {source}", path.display())]
    Unreadable { path: PathBuf, source: io::Error },
    /// The file is something else.
    #[error("{} is not a certvigil store: name another file with --store", .0.display())]
    NotAStore(PathBuf),
    /// A newer program wrote the store.
    #[error("the store at {} has schema version {found}, this program knows up to {known}: use a newer certvigil", path.display())]
    Newer { path: PathBuf, found: u32, known: u32 },
    /// The store needs a migration, which a reader must not do.
    #[error("the store at {} has the older schema version {found}: run any command that writes it (a scan, doctor) once", path.display())]
    NeedsMigration { path: PathBuf, found: u32 },
    /// Another process writes the store.
    #[error("the store at {} is being written by {}: wait until it ends, or name another store with --store", path.display(), holder(.pid))]
    InUse { path: PathBuf, pid: Option<u32> },
    /// The store was opened for reading.
    #[error("the store at {} is open for reading only", .0.display())]
    ReadOnly(PathBuf),
    /// One writer per store, also within one process.
    #[error("a scan is being written to the store at {} already", .0.display())]
    ScanInProgress(PathBuf),
    /// The operation needs the store for itself.
    #[error("the store at {} is still in use by this program", .0.display())]
    Busy(PathBuf),
    /// An earlier write failed, so nothing more is written until the store is opened again.
    #[error("an earlier write to the store at {} failed: run the same command again; what was committed is kept", .0.display())]
    Stopped(PathBuf),
    /// The engine found damage.
    #[error("the store at {} is damaged ({detail}): restore a backup, or run `certvigil doctor`", path.display())]
    Damaged { path: PathBuf, detail: String },
    /// A record does not match its checksum, or does not decode.
    #[error(
        "a record of the store is damaged (table {table}, key {key}): run `certvigil doctor`, or restore a backup"
    )]
    Corrupt { table: &'static str, key: String },
    /// An observation names a certificate that was never handed over.
    #[error("certificate {0} was observed but not handed to the store")]
    UnknownCertificate(Fingerprint),
    /// No scan has this id.
    #[error("there is no scan {0} in the store: `certvigil report --scan latest` takes the newest")]
    UnknownScan(String),
    /// A scan with this id is in the store already.
    #[error("scan {0} is in the store already")]
    DuplicateScan(String),
    /// A file stands where a new one was to be made.
    #[error("{} exists already: move it away first", .0.display())]
    Exists(PathBuf),
    /// The engine failed in a way that has no remedy of its own.
    #[error("the store failed: {0}")]
    Engine(Box<redb::Error>),
}

fn holder(pid: &Option<u32>) -> String {
    match pid {
        Some(pid) => format!("process {pid}"),
        None => "another process".to_owned(),
    }
}

impl StoreError {
    /// Says where the engine failed, and turns its error into one with a remedy.
    pub(super) fn at(self, path: &Path) -> Self {
        let Self::Engine(error) = self else { return self };
        let path = path.to_owned();
        match *error {
            redb::Error::Io(source) => Self::from_io(source, path),
            redb::Error::PreviousIo => Self::Stopped(path),
            redb::Error::Corrupted(detail) => Self::Damaged { path, detail },
            redb::Error::UpgradeRequired(_) => Self::NotAStore(path),
            redb::Error::DatabaseAlreadyOpen | redb::Error::LockProtocolMismatch => {
                Self::InUse { path, pid: None }
            }
            redb::Error::TransactionInProgress => Self::Busy(path),
            error @ (redb::Error::TableTypeMismatch { .. } | redb::Error::TableDoesNotExist(_)) => {
                Self::Damaged { path, detail: error.to_string() }
            }
            error => Self::Engine(Box::new(error)),
        }
    }

    /// An input or output error at `path`.
    pub(super) fn from_io(source: io::Error, path: PathBuf) -> Self {
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::Full(path),
            io::ErrorKind::NotFound => Self::Missing(path),
            io::ErrorKind::InvalidData => Self::NotAStore(path),
            io::ErrorKind::UnexpectedEof => {
                Self::Damaged { path, detail: "the file ends too early".to_owned() }
            }
            _ => Self::Unwritable { path, source },
        }
    }
}

macro_rules! from_engine {
    ($($error:ty),*) => {
        $(impl From<$error> for StoreError {
            fn from(error: $error) -> Self {
                Self::Engine(Box::new(error.into()))
            }
        })*
    };
}

from_engine!(
    redb::StorageError,
    redb::TableError,
    redb::TransactionError,
    redb::CommitError,
    redb::DatabaseError,
    redb::CursorError
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_told_from_other_failures() {
        let full = StoreError::from(redb::StorageError::Io(io::Error::from_raw_os_error(28)));
        let line = full.at(Path::new("/data/store")).to_string();
        assert!(line.contains("disk is full at /data/store") && !line.contains('\n'), "{line}");
        let latched = StoreError::from(redb::StorageError::PreviousIo).at(Path::new("/s"));
        assert!(matches!(latched, StoreError::Stopped(_)));
    }

    #[test]
    fn the_holder_is_named_where_it_is_known() {
        let line = StoreError::InUse { path: "/s".into(), pid: Some(42) }.to_string();
        assert!(line.contains("process 42"), "{line}");
        let line = StoreError::InUse { path: "/s".into(), pid: None }.to_string();
        assert!(line.contains("another process"), "{line}");
    }
}
