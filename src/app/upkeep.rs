//! Keeping the store well: doctor, backup, restore.

use std::io::Write;
use std::path::Path;

use super::AppError;
use super::parts::Parts;
use super::report::{ListForm, write_list};
use crate::report::doctor_table;
use crate::store::{CheckReport, Options, Store, StoreError};
use crate::wire::v1::{CheckDocument, CheckStatus, DoctorDocument};

/// Checks the store, and with `rebuild` makes anew what is derived. Whether it is healthy.
///
/// # Errors
/// The store cannot be opened, or is being written.
pub fn doctor(parts: &Parts, rebuild: bool, form: ListForm, out: &mut dyn Write) -> Result<bool, AppError> {
    let path = parts.kept_store()?;
    let now = parts.clock.now();
    let mut store = Store::open(path, &Options { create: false, verify: true, ..Options::default() })?;
    if rebuild {
        store.rebuild_derived(&parts.actor, now)?;
    }
    let report = store.check()?;
    let document = DoctorDocument::new(now, checks(path, &report, rebuild));
    let next = parts.next_command(match report.is_clean() {
        true => "certvigil backup FILE",
        false => "certvigil doctor --rebuild",
    });
    write_list(form, now, &document, |options| doctor_table(&document, options, &next), out)?;
    Ok(report.is_clean())
}

fn checks(path: &Path, report: &CheckReport, rebuilt: bool) -> Vec<CheckDocument<'static>> {
    let check = |name: &'static str, status, detail: String, remedy: Option<&'static str>| CheckDocument {
        name: name.into(),
        status,
        detail: detail.into(),
        remedy: remedy.map(Into::into),
    };
    let pages = if report.engine_repaired { CheckStatus::Failed } else { CheckStatus::Ok };
    let records = if report.fault_count == 0 { CheckStatus::Ok } else { CheckStatus::Failed };
    let mut checks = vec![
        check("store", CheckStatus::Ok, path.display().to_string(), None),
        check(
            "pages",
            pages,
            if report.engine_repaired {
                "damaged, and set back to an earlier commit"
            } else {
                "every page matches its checksum"
            }
            .to_owned(),
            report.engine_repaired.then_some("compare with a backup"),
        ),
        check(
            "records",
            records,
            format!(
                "{} scans, {} observations, {} certificates, {} endpoints, {} findings, {} audit entries; {} faults",
                report.scans,
                report.observations,
                report.certificates,
                report.endpoints,
                report.findings,
                report.audit_entries,
                report.fault_count
            ),
            (report.fault_count > 0).then_some("restore a backup; what is derived is made anew by --rebuild"),
        ),
    ];
    if rebuilt {
        checks.push(check("derived", CheckStatus::Ok, "made anew from the record".to_owned(), None));
    }
    checks.extend(
        report.faults.iter().map(|fault| check("fault", CheckStatus::Failed, fault.to_string(), None)),
    );
    checks
}

/// Copies the store, also while a scan writes; the sentence says where.
///
/// # Errors
/// There is no store, the file exists, or the disk is full.
pub fn backup(parts: &Parts, to: &Path) -> Result<String, AppError> {
    parts.read_store()?.backup(to).map_err(|error| match error {
        StoreError::Unwritable { path, source } => AppError::File {
            path,
            message: format!("the backup cannot be written here: {source}; name another place for it"),
        },
        other => other.into(),
    })?;
    Ok(format!("the record was copied to {}", to.display()))
}

/// Puts a checked backup in the store's place. A store that is there is kept beside it, if it may be replaced.
///
/// # Errors
/// The backup is damaged, or a store is there and was not to be replaced.
pub fn restore(parts: &Parts, from: &Path, replace: bool) -> Result<String, AppError> {
    let path = parts.kept_store()?;
    let mut kept = None;
    if !replace && path.exists() {
        return Err(AppError::Usage(format!(
            "there is a store at {} already; --replace puts the backup in its place and keeps the old one beside it",
            path.display()
        )));
    }
    if path.exists() {
        // Held for a moment, so that no running scan loses its file.
        drop(Store::open(path, &Options { create: false, ..Options::default() })?);
        let aside = path.with_extension("before-restore");
        if aside.symlink_metadata().is_ok() {
            return Err(AppError::File {
                path: aside,
                message: "is there from an earlier restore; move it away".to_owned(),
            });
        }
        std::fs::rename(path, &aside).map_err(|error| AppError::File {
            path: aside.clone(),
            message: format!("cannot be made: {error}"),
        })?;
        kept = Some(aside);
    }
    match (Store::restore(from, path, &parts.actor, parts.clock.now()), kept) {
        (Ok(()), None) => Ok(format!("{} is the record now", path.display())),
        (Ok(()), Some(aside)) => {
            Ok(format!("{} is the record now; the old one is {}", path.display(), aside.display()))
        }
        (Err(error), aside) => {
            if let Some(aside) = aside {
                // The old record goes back to its place.
                std::fs::rename(&aside, path)?;
            }
            Err(error.into())
        }
    }
}
