//! Opening a store: to write, to read beside a writer, or a temporary one that leaves nothing behind.

use std::fs::{DirBuilder, File, OpenOptions, Permissions};
use std::io::Read;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use redb::backends::FileBackend;
use redb::{Builder, ConcurrencyMode, Database, ReadableDatabase, StorageBackend};

use super::lock::{WriterLock, holder};
use super::record::audit::AuditEvent;
use super::schema::{self, Schema};
use super::{Engine, Inner, Store, StoreError, audit};
use crate::clock::{Clock, SystemClock};

/// What every file of the engine starts with.
const MAGIC: &[u8] = b"redb";

/// How to open a store.
#[derive(Debug, Clone)]
pub struct Options {
    /// Memory for pages, read and unwritten ones together.
    pub cache_bytes: usize,
    /// Makes the store, and the folders above it, where there is none.
    pub create: bool,
    /// Checks every page against the engine's checksums before anything is read: slow, for `doctor`.
    pub verify: bool,
}

impl Options {
    /// Default of [`Options::cache_bytes`]: a larger one makes a scan no cheaper (`benches/store.rs`), for the
    /// system caches the file anyway.
    pub const CACHE_BYTES: usize = 16 << 20;
}

impl Default for Options {
    fn default() -> Self {
        Self { cache_bytes: Self::CACHE_BYTES, create: true, verify: false }
    }
}

impl Store {
    /// Opens the store at `path` to read and write. Other processes may read it meanwhile, none may write.
    ///
    /// # Errors
    /// One line with the place and the remedy: no store, another writer, not a store, newer schema, no permission.
    pub fn open(path: &Path, options: &Options) -> Result<Self, StoreError> {
        if options.create {
            make_folder(path)?;
        } else if !path.exists() {
            return Err(StoreError::Missing(path.to_owned()));
        }
        refuse_foreign(path)?;
        let lock = WriterLock::take(path)?;
        let database = open_database(path, options).map_err(|error| match error.at(path) {
            StoreError::InUse { path, .. } => StoreError::InUse { pid: holder(&path), path },
            error => error,
        })?;
        Self::with_database(database, path, Some(lock)).map_err(|error| error.at(path))
    }

    /// A store that no other process can see, and that is gone with this one however it ends.
    ///
    /// # Errors
    /// If no file can be made in `folder`, by default the system's folder for temporary files.
    pub fn temporary(folder: Option<&Path>, options: &Options) -> Result<Self, StoreError> {
        let folder = folder.map_or_else(std::env::temp_dir, PathBuf::from);
        let unlinked = tempfile::tempfile_in(&folder)
            .map_err(|source| StoreError::Unwritable { path: folder.clone(), source })?;
        let open = || Self::on_backend(FileBackend::new(unlinked)?, &folder, options);
        open().map_err(|error: StoreError| error.at(&folder))
    }

    /// Opens the store at `path` to read, beside a process that may be writing it. Each read sees the newest commit.
    ///
    /// # Errors
    /// As for [`Store::open`]. After a crash of the writer the file is recovered first, which needs the right to write.
    pub fn open_reader(path: &Path, options: &Options) -> Result<Self, StoreError> {
        if !path.exists() {
            return Err(StoreError::Missing(path.to_owned()));
        }
        let open =
            || builder(options, ConcurrencyMode::SingleWriter).open_read_only(path).map_err(StoreError::from);
        let database = match open() {
            Err(StoreError::Engine(error)) if matches!(*error, redb::Error::RepairAborted) => {
                drop(Self::open(path, &Options { create: false, ..options.clone() })?);
                open()
            }
            other => other,
        };
        let database = database.map_err(|error| match error.at(path) {
            StoreError::InUse { path, .. } => StoreError::InUse { pid: holder(&path), path },
            StoreError::Unwritable { path, source } => StoreError::Unreadable { path, source },
            error => error,
        })?;
        let store = Self::new(Engine::Reader(database), path, None);
        match schema::inspect(&store.read()?).map_err(|error| error.at(path))? {
            Schema::Current => Ok(store),
            Schema::Older(found) => Err(StoreError::NeedsMigration { path: path.to_owned(), found }),
            Schema::Newer(found) => Err(newer(path, found)),
            Schema::Empty => Err(StoreError::Missing(path.to_owned())),
            Schema::Foreign => Err(StoreError::NotAStore(path.to_owned())),
        }
    }

    /// A store on any storage; `path` is for messages.
    pub(super) fn on_backend(
        backend: impl StorageBackend,
        path: &Path,
        options: &Options,
    ) -> Result<Self, StoreError> {
        let database = builder(options, ConcurrencyMode::ExclusiveWriter).create_with_backend(backend)?;
        Self::with_database(database, path, None)
    }

    fn with_database(database: Database, path: &Path, lock: Option<WriterLock>) -> Result<Self, StoreError> {
        let schema = schema::inspect(&database.begin_read()?)?;
        let store = Self::new(Engine::Writer(database), path, lock);
        match schema {
            Schema::Current => {}
            Schema::Empty => store.migrate(0, "store.created")?,
            Schema::Older(version) => store.migrate(version, "store.migrated")?,
            Schema::Newer(found) => return Err(newer(path, found)),
            Schema::Foreign => return Err(StoreError::NotAStore(path.to_owned())),
        }
        Ok(store)
    }

    fn new(engine: Engine, path: &Path, lock: Option<WriterLock>) -> Self {
        let path = path.to_owned();
        Self { inner: Arc::new(Inner { engine, path, writing: AtomicBool::new(false), _lock: lock }) }
    }

    fn migrate(&self, from: u32, action: &str) -> Result<(), StoreError> {
        let transaction = self.write()?;
        schema::migrate(&transaction, from)?;
        let event = AuditEvent {
            at: SystemClock.now(),
            actor: "certvigil".to_owned(),
            action: action.to_owned(),
            object: self.inner.path.display().to_string(),
            detail: format!("schema version {from} to {}", schema::SCHEMA_VERSION),
        };
        audit::append(&transaction, &event)?;
        transaction.commit()?;
        Ok(())
    }
}

fn newer(path: &Path, found: u32) -> StoreError {
    StoreError::Newer { path: path.to_owned(), found, known: schema::SCHEMA_VERSION }
}

fn builder(options: &Options, mode: ConcurrencyMode) -> Builder {
    let mut builder = Builder::new();
    builder.set_cache_size(options.cache_bytes);
    builder.set_concurrency_mode(mode);
    builder.set_check_integrity_on_open(options.verify);
    builder
}

/// A file of something else is told before anything is made beside it.
fn refuse_foreign(path: &Path) -> Result<(), StoreError> {
    let mut start = Vec::new();
    let read = File::open(path).and_then(|file| file.take(MAGIC.len() as u64).read_to_end(&mut start));
    // What cannot be read is for the opening to tell.
    let is_foreign = read.is_ok() && !start.is_empty() && start != MAGIC;
    if is_foreign { Err(StoreError::NotAStore(path.to_owned())) } else { Ok(()) }
}

/// Where the file system has no byte-range locks, readers are shut out instead.
fn open_database(path: &Path, options: &Options) -> Result<Database, StoreError> {
    for mode in [ConcurrencyMode::SingleWriter, ConcurrencyMode::ExclusiveWriter] {
        let backend = FileBackend::new(open_file(path, options)?)?;
        match builder(options, mode).create_with_backend(backend) {
            Err(redb::DatabaseError::Storage(redb::StorageError::Unsupported)) => {}
            other => return Ok(other?),
        }
    }
    Err(StoreError::from(redb::StorageError::Unsupported))
}

fn open_file(path: &Path, options: &Options) -> Result<File, StoreError> {
    let unwritable = |source| StoreError::from_io(source, path.to_owned());
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(options.create)
        .truncate(false)
        .mode(0o600)
        .open(path)
        .map_err(unwritable)?;
    let metadata = file.metadata().map_err(unwritable)?;
    if !metadata.is_file() || (metadata.len() == 0 && !options.create) {
        return Err(StoreError::NotAStore(path.to_owned()));
    }
    if metadata.len() == 0 {
        file.set_permissions(Permissions::from_mode(0o600)).map_err(unwritable)?;
    }
    Ok(file)
}

pub(super) fn make_folder(path: &Path) -> Result<(), StoreError> {
    let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) else { return Ok(()) };
    if folder.is_dir() {
        return Ok(());
    }
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .map_err(|source| StoreError::Unwritable { path: folder.to_owned(), source })
}
