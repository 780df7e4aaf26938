//! What hooks did for certificates and findings. A run that takes news out of the outbox is in `outbox`.

use redb::ReadableTable;

use super::record::audit::AuditEvent;
use super::record::hook_run;
use super::schema::HOOK_RUNS;
use super::{Store, StoreError, outbox};
use crate::model::{HookRun, Outgoing};

impl Store {
    /// The history of `hook` with a certificate or finding.
    ///
    /// # Errors
    /// If a record is damaged or cannot be read.
    pub fn hook_run(&self, hook: &str, subject: &str) -> Result<Option<HookRun>, StoreError> {
        self.placed(|| {
            let key = hook_run::key(hook, subject);
            match self.read()?.open_table(HOOK_RUNS)?.get(key.as_slice())? {
                Some(record) => hook_run::decode(&key, record.value()).map(Some),
                None => Ok(None),
            }
        })
    }

    /// Every history that is kept, hook by hook.
    ///
    /// # Errors
    /// If a record is damaged or cannot be read.
    pub fn hook_runs(&self) -> Result<Vec<HookRun>, StoreError> {
        self.placed(|| {
            let table = self.read()?.open_table(HOOK_RUNS)?;
            table
                .iter()?
                .map(|row| {
                    let (key, record) = row?;
                    hook_run::decode(key.value(), record.value())
                })
                .collect()
        })
    }

    /// Keeps a history with the news that it brings, in one transaction with the entry of the audit log, if any.
    ///
    /// # Errors
    /// Nothing is changed then.
    pub fn put_hook_run(
        &self,
        run: &HookRun,
        outgoing: &[Outgoing],
        event: Option<&AuditEvent>,
    ) -> Result<(), StoreError> {
        self.placed(|| {
            let transaction = self.write()?;
            outbox::put_run(&transaction, run)?;
            outbox::append(&transaction, outgoing)?;
            outbox::commit(transaction, event)
        })
    }

    /// Forgets these histories, in one transaction; what is not there is no error.
    ///
    /// # Errors
    /// Nothing is changed then.
    pub fn remove_hook_runs(&self, runs: &[HookRun]) -> Result<(), StoreError> {
        if runs.is_empty() {
            return Ok(());
        }
        self.placed(|| {
            let transaction = self.write()?;
            let mut table = transaction.open_table(HOOK_RUNS)?;
            for run in runs {
                table.remove(hook_run::key(&run.hook, &run.subject).as_slice())?;
            }
            drop(table);
            Ok(transaction.commit()?)
        })
    }
}
