//! Opening: permissions, locks, foreign and newer files, readers, backups, damage.

use std::os::unix::fs::PermissionsExt;

use redb::ReadableTable;

use super::*;

fn options() -> Options {
    Options::default()
}

fn existing() -> Options {
    Options { create: false, ..options() }
}

#[test]
fn a_new_store_is_private_and_its_folders_too() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a/b/store.redb");
    let store = Store::open(&path, &options()).unwrap();
    let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&path), 0o600);
    assert_eq!(mode(path.parent().unwrap()), 0o700);
    assert_eq!(mode(&folder.path().join("a")), 0o700);
    assert_eq!(store.path(), path);
}

#[test]
fn what_was_written_is_there_after_reopening() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let store = Store::open(&path, &options()).unwrap();
    scan(&store, "one", 100, vec![served(1, 100, &[1])]);
    drop(store);
    let mut store = Store::open(&path, &Options { verify: true, ..existing() }).unwrap();
    assert_eq!(observations(&store, 1), [served(1, 100, &[1])]);
    assert_sound(&mut store);
}

#[test]
fn a_missing_store_is_not_made_for_a_reader() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    assert!(matches!(Store::open_reader(&path, &options()), Err(StoreError::Missing(_))));
    assert!(matches!(Store::open(&path, &existing()), Err(StoreError::Missing(_))));
    assert_eq!(folder.path().read_dir().unwrap().count(), 0);
}

#[test]
fn a_second_writer_is_told_who_writes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let _first = Store::open(&path, &options()).unwrap();
    let line = Store::open(&path, &options()).unwrap_err().to_string();
    assert!(line.contains(&format!("process {}", std::process::id())), "{line}");
}

#[test]
fn a_reader_follows_a_writer_and_cannot_write() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let writer = Store::open(&path, &options()).unwrap();
    scan(&writer, "one", 100, vec![served(1, 100, &[1])]);
    let reader = Store::open_reader(&path, &options()).unwrap();
    assert_eq!(reader.scans().unwrap().len(), 1);
    scan(&writer, "two", 200, vec![served(1, 200, &[2])]);
    assert_eq!(observations(&reader, 2), [served(1, 200, &[2])]);
    let refused = reader.begin_scan(&scan_named("three", 300), 1, input());
    assert!(matches!(refused, Err(StoreError::ReadOnly(_))), "{refused:?}");
}

#[test]
fn foreign_files_are_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let text = folder.path().join("text");
    std::fs::write(&text, "certificates are fun\n".repeat(2_000)).unwrap();
    for refused in [Store::open(&text, &options()), Store::open_reader(&text, &options())] {
        assert!(matches!(refused, Err(StoreError::NotAStore(_))), "{refused:?}");
    }
    assert!(std::fs::read_to_string(&text).unwrap().starts_with("certificates are fun"));

    let other = folder.path().join("other");
    let database = redb::Database::create(&other).unwrap();
    let transaction = database.begin_write().unwrap();
    transaction.open_table(redb::TableDefinition::<u64, u64>::new("things")).unwrap();
    transaction.commit().unwrap();
    drop(database);
    assert!(matches!(Store::open(&other, &options()), Err(StoreError::NotAStore(_))));

    assert!(matches!(Store::open(folder.path(), &options()), Err(StoreError::Unwritable { .. })));
    let empty = folder.path().join("empty");
    std::fs::write(&empty, "").unwrap();
    assert!(matches!(Store::open(&empty, &existing()), Err(StoreError::NotAStore(_))));
}

#[test]
fn a_store_of_a_newer_program_is_refused_by_both_doors() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    write_schema(&path, 7);
    for refused in [Store::open(&path, &options()), Store::open_reader(&path, &options())] {
        let line = refused.unwrap_err().to_string();
        assert!(line.contains("schema version 7") && line.contains("newer certvigil"), "{line}");
    }
}

#[test]
fn a_store_of_version_0_is_migrated_by_a_writer_and_refused_to_a_reader() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    write_schema(&path, 0);
    let refused = Store::open_reader(&path, &options());
    assert!(matches!(refused, Err(StoreError::NeedsMigration { found: 0, .. })), "{refused:?}");
    let mut store = Store::open(&path, &existing()).unwrap();
    assert_eq!(actions(&store), ["store.migrated"]);
    scan(&store, "one", 100, vec![served(1, 100, &[1])]);
    assert_sound(&mut store);
}

#[test]
fn a_store_of_version_1_is_migrated_with_all_it_holds() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let key = make_version_1(&path);
    let refused = Store::open_reader(&path, &options());
    assert!(matches!(refused, Err(StoreError::NeedsMigration { found: 1, .. })), "{refused:?}");

    let mut store = Store::open(&path, &existing()).unwrap();
    assert_eq!(actions(&store).last().unwrap(), "store.migrated");
    assert_eq!(observations(&store, 1), [served(1, 100, &[1])]);
    let Finding { state, owner, tags, decision, told_at, returns, .. } =
        store.finding("web", &key).unwrap().unwrap().finding;
    assert_eq!(
        (state, owner, tags, decision, told_at, returns),
        (FindingState::Open, None, vec![], None, None, 0)
    );
    assert_eq!((store.lanes().unwrap(), store.silences().unwrap()), (vec![], vec![]));
    assert_eq!((store.watch().unwrap(), store.profile_watch("web").unwrap()), Default::default());
    let lane = outbox::mail("ops@example.com", Urgency::Digest);
    store.queue(&outbox::outgoing(&lane, [10]), None).unwrap();
    assert_sound(&mut store);
    drop(store);
    let store = Store::open(&path, &existing()).unwrap();
    assert_eq!(actions(&store).iter().filter(|action| *action == "store.migrated").count(), 1);
    assert_eq!(outbox::items(&store, &lane, None), [(1, 10)]);
}

/// A store as version 1 left it: none of the newer tables, and a finding in its first form.
fn make_version_1(path: &Path) -> FindingKey {
    let store = Store::open(path, &options()).unwrap();
    scan(&store, "one", 100, vec![served(1, 100, &[1])]);
    let transaction = store.write().unwrap();
    transaction.delete_table(schema::SILENCES).unwrap();
    for table in [schema::OUTBOX, schema::LANES, schema::HOOK_RUNS, schema::WATCH] {
        transaction.delete_table(table).unwrap();
    }
    let finding = FindingKey("a:443/x509.validity.expired".to_owned());
    let key = record::finding::key("web", &finding);
    let mut encoder = record::Encoder::default();
    let out = encoder.begin(record::Table::Finding, &key, 1);
    out.extend_from_slice(b"\x03web\x1ba:443/x509.validity.expired\x15x509.validity.expired\x03\0");
    out.extend_from_slice(b"\x07Expired\x09a day ago\x01abcdefghijklmnop\xc8\x01\xc8\x01\0\x01");
    transaction.open_table(schema::FINDINGS).unwrap().insert(key.as_slice(), encoder.finish()).unwrap();
    schema::Mark::Schema.write(&transaction, 1).unwrap();
    transaction.commit().unwrap();
    finding
}

#[test]
fn a_store_of_version_2_is_migrated_and_reads_as_before() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    make_version_2(&path);
    let line = Store::open_reader(&path, &options()).unwrap_err().to_string();
    assert!(line.contains("schema version 2"), "{line}");

    let mut store = Store::open(&path, &existing()).unwrap();
    assert_eq!(actions(&store).last().unwrap(), "store.migrated");
    let stored = store.scan("one").unwrap();
    assert_eq!(stored.scan.parameters, scan_named("one", 100).parameters);
    assert_eq!(stored.scan.state, ScanState::Complete);
    assert_eq!(observations(&store, 1), [served(1, 100, &[1])]);
    // What an older program wrote is what the same answer is compared with.
    scan(&store, "two", 200, vec![served(1, 200, &[1])]);
    assert_eq!(changes(&store, "one", "two"), []);
    assert_eq!(store.history(&endpoint(1).id()).unwrap().len(), 1);
    assert_sound(&mut store);
}

/// A store as version 2 left it: scan and observation byte for byte.
fn make_version_2(path: &Path) {
    let store = Store::open(path, &options()).unwrap();
    scan(&store, "one", 100, vec![served(1, 100, &[1])]);
    let transaction = store.write().unwrap();
    let mut encoder = record::Encoder::default();
    let key = record::scan::key(1);
    let out = encoder.begin(record::Table::Scan, &key, 1);
    out.push(1);
    out.extend_from_slice(&input().0);
    out.extend_from_slice(b"\x03one\x01\x03web\xc8\x01\x01\xac\x02\x01\x04here\x06tester");
    out.extend_from_slice(b"\x02\x0b127.0.0.0/8\ta.example\x03443\0\0\0\0\0\0\0");
    out.extend_from_slice(b"\0\0\0\0\0\0\0\0\x01\0");
    transaction.open_table(schema::SCANS).unwrap().insert(&key, encoder.finish()).unwrap();

    let key = Position { scan: 1, unit: unit(0), sub: 0 }.key();
    let out = encoder.begin(record::Table::Observation, key.as_slice(), 1);
    out.push(0);
    out.extend_from_slice(&endpoint(1).id().0);
    out.extend_from_slice(b"\xc8\x01\x01\x01\xf4\x01\x01\0\x03\x04");
    out.extend_from_slice(b"\x82}\x92\xc8TG\xed?\xe8\x82\xd8},@!\x15");
    out.extend_from_slice(b"\0\x04\x7f\0\0\x01\x01\xbb\x03\0\0\0\x01");
    let mut observations = transaction.open_table(schema::OBSERVATIONS).unwrap();
    assert!(observations.insert(key.as_slice(), encoder.finish()).unwrap().is_some());
    drop(observations);
    schema::Mark::Schema.write(&transaction, 2).unwrap();
    transaction.commit().unwrap();
}

fn write_schema(path: &Path, version: u64) {
    let database = redb::Database::create(path).unwrap();
    let transaction = database.begin_write().unwrap();
    schema::Mark::Schema.write(&transaction, version).unwrap();
    transaction.commit().unwrap();
}

#[test]
fn a_place_that_cannot_be_written_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    let line = Store::open(&file.join("store"), &options()).unwrap_err().to_string();
    assert!(line.contains("cannot write") && line.contains("file") && !line.contains('\n'), "{line}");
}

#[test]
fn a_temporary_store_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::temporary(Some(folder.path()), &options()).unwrap();
    scan(&store, "one", 100, vec![served(1, 100, &[1])]);
    assert_eq!(folder.path().read_dir().unwrap().count(), 0);
}

#[test]
fn a_backup_under_load_is_whole_and_can_be_put_back() {
    let folder = tempfile::tempdir().unwrap();
    let [path, copy, restored] = ["store", "copy", "restored"].map(|name| folder.path().join(name));
    let store = Store::open(&path, &options()).unwrap();
    scan(&store, "one", 100, vec![served(1, 100, &[1])]);
    let mut writer = store.begin_scan(&scan_named("two", 200), 1, input()).unwrap();
    writer.commit(batch(0, vec![served(2, 200, &[2])])).unwrap();
    std::thread::scope(|scope| {
        let busy = scope.spawn(|| {
            for round in 1..20 {
                writer.commit(batch(round, vec![served(3, 200, &[3])])).unwrap();
            }
        });
        store.backup(&copy).unwrap();
        busy.join().unwrap();
    });
    assert!(matches!(store.backup(&copy), Err(StoreError::Exists(_))));
    assert_eq!(copy.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    assert!(matches!(Store::restore(&copy, &path, "tester", UnixTime(1)), Err(StoreError::Exists(_))));

    Store::restore(&copy, &restored, "tester", UnixTime(1)).unwrap();
    let mut back = Store::open(&restored, &existing()).unwrap();
    assert_eq!(observations(&back, 1), [served(1, 100, &[1])]);
    assert_eq!(observations(&back, 2)[0], served(2, 200, &[2]));
    assert_eq!(actions(&back).last().unwrap(), "store.restored");
    assert!(back.resumable(input(), Some("web")).unwrap().is_some());
    assert_sound(&mut back);
    let left: Vec<_> = folder.path().read_dir().unwrap().map(|e| e.unwrap().file_name()).collect();
    assert!(left.iter().all(|name| !name.to_string_lossy().starts_with(".certvigil")), "{left:?}");
}

#[test]
fn damage_is_found_and_never_read_as_a_value() {
    let mut store = temporary();
    scan(&store, "one", 100, vec![served(1, 100, &[1]), served(2, 100, &[2])]);
    // One byte of the first observation, behind the engine's back.
    let transaction = store.write().unwrap();
    {
        let mut table = transaction.open_table(schema::OBSERVATIONS).unwrap();
        let (key, mut value) = {
            let (key, value) = table.first().unwrap().unwrap();
            (key.value().to_vec(), value.value().to_vec())
        };
        value[20] ^= 1;
        table.insert(key.as_slice(), value.as_slice()).unwrap();
    }
    transaction.commit().unwrap();
    let error = store.observations_of(1, |_| Flow::Continue(())).unwrap_err();
    assert!(matches!(error, StoreError::Corrupt { table: "observations", .. }), "{error:?}");
    let report = store.check().unwrap();
    assert!(!report.is_clean());
    assert_eq!(report.faults[0].table, "observations");
    assert!(report.faults[0].to_string().contains("damaged record"));
}

#[test]
fn missing_references_are_found() {
    let mut store = temporary();
    scan(&store, "one", 100, vec![served(1, 100, &[1]), served(2, 100, &[2])]);
    let transaction = store.write().unwrap();
    transaction.open_table(schema::CERTIFICATE_STATES).unwrap().pop_first().unwrap();
    transaction.open_table(schema::BY_EXPIRY).unwrap().pop_first().unwrap();
    transaction.open_table(schema::AUDIT).unwrap().pop_first().unwrap();
    transaction.open_table(schema::OBSERVATIONS).unwrap().pop_last().unwrap();
    transaction.commit().unwrap();
    let report = store.check().unwrap();
    let tables: std::collections::BTreeSet<_> = report.faults.iter().map(|fault| fault.table).collect();
    for table in ["audit", "certificates_by_expiry", "endpoints"] {
        assert!(tables.contains(table), "{tables:?}");
    }
    let shared = store.clone();
    assert!(matches!(store.check(), Err(StoreError::Busy(_))));
    drop(shared);
}
