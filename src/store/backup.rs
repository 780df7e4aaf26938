//! Backups: a consistent copy while others write, and putting one back.
//!
//! A live file must not be copied with `cp`: most such copies do not open. A backup goes through a read transaction
//! into a new file, which takes its name only when it is whole and on the disk.

use std::fs::File;
use std::ops::Bound;
use std::path::Path;

use redb::backends::FileBackend;
use redb::{
    Builder, Database, Key, ReadOnlyTable, ReadTransaction, ReadableDatabase, ReadableTable, TableDefinition,
    Value, WriteTransaction,
};

use super::lock::WriterLock;
use super::open::{Options, make_folder};
use super::record::audit::AuditEvent;
use super::schema::{self, for_each_table};
use super::{Store, StoreError, audit};
use crate::time::UnixTime;

impl Store {
    /// Writes a copy of the record, as of the newest commit, to `to`. Scans may go on meanwhile.
    ///
    /// # Errors
    /// If `to` exists or cannot be written, or the disk is full; nothing is left behind then.
    pub fn backup(&self, to: &Path) -> Result<(), StoreError> {
        if to.symlink_metadata().is_ok() {
            return Err(StoreError::Exists(to.to_owned()));
        }
        let from = self.placed(|| self.read())?;
        write_copy(&from, to, |_| Ok(()))
    }

    /// Puts a backup in the place of a store. The backup is checked first, record by record.
    ///
    /// # Errors
    /// If the backup is damaged, `to` exists or is in use, or cannot be written. `to` is not touched then.
    pub fn restore(from: &Path, to: &Path, actor: &str, now: UnixTime) -> Result<(), StoreError> {
        if to.symlink_metadata().is_ok() {
            return Err(StoreError::Exists(to.to_owned()));
        }
        if let Err(source) = File::open(from) {
            return Err(StoreError::Unreadable { path: from.to_owned(), source });
        }
        make_folder(to)?;
        let _lock = WriterLock::take(to)?;
        let source = Self::open(from, &Options { create: false, verify: true, ..Options::default() })?;
        let report = source.check_records()?;
        if let Some(fault) = report.faults.first() {
            return Err(StoreError::Damaged { path: from.to_owned(), detail: fault.to_string() });
        }
        let transaction = source.placed(|| source.read())?;
        write_copy(&transaction, to, |copy| {
            let event = AuditEvent {
                at: now,
                actor: actor.to_owned(),
                action: "store.restored".to_owned(),
                object: to.display().to_string(),
                detail: format!("from {}", from.display()),
            };
            audit::append(copy, &event)
        })
    }
}

/// Copies every table to a new file beside `to`, then gives it its name.
fn write_copy(
    from: &ReadTransaction,
    to: &Path,
    finish: impl FnOnce(&WriteTransaction) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let folder = to.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let placed = |source| StoreError::from_io(source, to.to_owned());
    // Made with mode 0600; removed again if anything below fails.
    let unwritable = |source| StoreError::Unwritable { path: folder.to_owned(), source };
    std::fs::metadata(folder).map_err(unwritable)?;
    // The temporary name is of no use to anyone.
    let temporary = tempfile::Builder::new()
        .prefix(".certvigil-copy-")
        .tempfile_in(folder)
        .map_err(|error| unwritable(error.kind().into()))?;
    let copy = || -> Result<(), StoreError> {
        let file = temporary.reopen().map_err(placed)?;
        let database = Builder::new()
            .set_cache_size(Options::CACHE_BYTES)
            .create_with_backend(FileBackend::new(file)?)?;
        let mut transaction = database.begin_write()?;
        transaction.set_quick_repair(true);
        macro_rules! copy {
            ($($table:ident),*) => { $(copy_table(from, &transaction, schema::$table)?;)* };
        }
        for_each_table!(copy);
        finish(&transaction)?;
        transaction.commit()?;
        verify_schema(&database, to)?;
        Ok(database.close()?)
    };
    copy().map_err(|error| error.at(to))?;
    temporary.as_file().sync_all().map_err(placed)?;
    temporary.persist_noclobber(to).map_err(|error| placed(error.error))?;
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(placed)
}

fn verify_schema(database: &Database, to: &Path) -> Result<(), StoreError> {
    match schema::inspect(&database.begin_read()?)? {
        schema::Schema::Current => Ok(()),
        other => Err(StoreError::Damaged { path: to.to_owned(), detail: format!("copied as {other:?}") }),
    }
}

fn copy_table<K: Key + 'static, V: Value + 'static>(
    from: &ReadTransaction,
    to: &WriteTransaction,
    definition: TableDefinition<'static, K, V>,
) -> Result<(), StoreError> {
    let source: ReadOnlyTable<K, V> = from.open_table(definition)?;
    let mut target = to.open_table(definition)?;
    let mut cursor = target.upper_bound_mut(Bound::<K::SelfType<'_>>::Unbounded)?;
    for row in source.iter()? {
        let (key, value) = row?;
        cursor.insert_before(key.value(), value.value())?;
    }
    Ok(cursor.close()?)
}
