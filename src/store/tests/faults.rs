//! Storage that fails and power that is cut: no acknowledged batch is lost, nothing half-written is believed.

use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex};

use redb::StorageBackend;

use super::*;

/// A disk in memory. Writes are live at once and durable at the next sync; a chosen operation fails.
#[derive(Debug, Clone, Default)]
pub(super) struct Disk(pub(super) Arc<Mutex<DiskState>>);

pub(super) type Pending = Vec<(usize, Vec<u8>)>;

#[derive(Debug, Default)]
pub(super) struct DiskState {
    pub(super) live: Vec<u8>,
    durable: Vec<u8>,
    /// Written since the last sync: where, and what.
    pending: Pending,
    pub(super) operations: usize,
    pub(super) fail_at: Option<usize>,
    /// Images of the disk at each sync: what was durable, and what was on its way.
    pub(super) record: bool,
    pub(super) syncs: Vec<(Vec<u8>, Pending)>,
}

impl DiskState {
    fn step(&mut self) -> io::Result<()> {
        self.operations += 1;
        // Once full, it stays full.
        match self.fail_at {
            Some(fail_at) if self.operations >= fail_at => Err(io::Error::from_raw_os_error(28)),
            _ => Ok(()),
        }
    }
}

impl StorageBackend for Disk {
    fn len(&self) -> io::Result<u64> {
        Ok(self.0.lock().unwrap().live.len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let state = self.0.lock().unwrap();
        let from = usize::try_from(offset).unwrap();
        let found = state.live.get(from..from + out.len());
        out.copy_from_slice(found.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }

    fn set_len(&self, length: u64) -> io::Result<()> {
        let mut state = self.0.lock().unwrap();
        state.step()?;
        let length = usize::try_from(length).unwrap();
        state.live.resize(length, 0);
        // A file system's journal orders growth before the data in it.
        state.durable.resize(length, 0);
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        let mut state = self.0.lock().unwrap();
        state.step()?;
        if state.record {
            let image = (state.durable.clone(), state.pending.clone());
            state.syncs.push(image);
        }
        state.durable = state.live.clone();
        state.pending.clear();
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let mut state = self.0.lock().unwrap();
        state.step()?;
        let from = usize::try_from(offset).unwrap();
        state.live[from..from + data.len()].copy_from_slice(data);
        state.pending.push((from, data.to_vec()));
        Ok(())
    }
}

impl Disk {
    pub(super) fn of(image: Vec<u8>) -> Self {
        let state = DiskState { live: image.clone(), durable: image, ..DiskState::default() };
        Self(Arc::new(Mutex::new(state)))
    }

    pub(super) fn open(&self) -> Result<Store, StoreError> {
        // Little cache, so that pages are written early and read back.
        let options = Options { cache_bytes: 64 << 10, ..Options::default() };
        Store::on_backend(self.clone(), Path::new("disk"), &options).map_err(|e| e.at(Path::new("disk")))
    }

    pub(super) fn durable(&self) -> Vec<u8> {
        self.0.lock().unwrap().durable.clone()
    }
}

/// Two scans in small batches. Gives the number of observations acknowledged in each.
fn two_scans(disk: &Disk, acknowledged: &mut [u32; 2]) -> Result<(), StoreError> {
    let store = disk.open()?;
    for (scan, acknowledged) in (0..).zip(acknowledged.iter_mut()) {
        let at = 100 * (i64::from(scan) + 1);
        let mut writer = store.begin_scan(&scan_named(&format!("scan {scan}"), at), 1, input())?;
        for first in (0..24u32).step_by(8) {
            let hosts =
                (first..first + 8).map(|host| inspected(host, at, &[host + scan * (host % 2), 300], host));
            let mut batch = batch(first.into(), hosts.collect());
            batch
                .certificates
                .retain(|c| c.not_after < Some(UnixTime(30_000)) || c.sha256 == certificate(300).sha256);
            writer.commit(batch)?;
            *acknowledged += 8;
        }
        writer.finish(Counts::default(), ScanState::Complete, UnixTime(at + 10))?;
    }
    Ok(())
}

/// What was acknowledged is there and sound, and the scan can be gone on with.
fn assert_kept(disk: &Disk, acknowledged: [u32; 2], context: &str) {
    let mut store = match disk.open() {
        Ok(store) => store,
        Err(error) if acknowledged == [0, 0] => {
            assert!(!matches!(error, StoreError::Corrupt { .. }), "{context}: {error}");
            return;
        }
        Err(error) => panic!("{context}: {error}"),
    };
    let report = store.check().unwrap();
    assert!(report.is_clean(), "{context}: {report:?}");
    for (sequence, expected) in (1..).zip(acknowledged) {
        let kept = observations(&store, sequence).len();
        assert!(kept >= expected as usize, "{context}: {kept} of {expected}");
    }
    if let Some(resumable) = store.resumable(input(), Some("web")).unwrap() {
        let done = resumable.progress.next.index;
        assert_eq!(observations(&store, resumable.scan.sequence).len() as u128, done, "{context}");
        let writer = store.resume(&resumable, "tester", UnixTime(900)).unwrap();
        writer.finish(Counts::default(), ScanState::Incomplete, UnixTime(901)).unwrap();
        assert!(store.check().unwrap().is_clean(), "{context}");
    }
}

#[test]
fn a_disk_that_fills_up_at_any_write_loses_nothing_acknowledged() {
    let healthy = Disk::default();
    two_scans(&healthy, &mut [0, 0]).unwrap();
    let operations = healthy.0.lock().unwrap().operations;
    assert!(operations > 200, "{operations}");
    for fail_at in (1..=operations).step_by(3) {
        let disk = Disk::default();
        disk.0.lock().unwrap().fail_at = Some(fail_at);
        let mut acknowledged = [0, 0];
        let result = two_scans(&disk, &mut acknowledged);
        if let Err(error) = result {
            let line = error.to_string();
            assert!(matches!(error, StoreError::Full(_) | StoreError::Stopped(_)), "{fail_at}: {line}");
            assert!(line.contains("what was committed is kept") && !line.contains('\n'), "{line}");
        }
        // The process ends; what it wrote is in the file, synced or not.
        let live = disk.0.lock().unwrap().live.clone();
        assert_kept(&Disk::of(live), acknowledged, &format!("live after {fail_at}"));
        assert_kept(&Disk::of(disk.durable()), acknowledged, &format!("durable after {fail_at}"));
    }
}

#[test]
fn a_power_cut_at_any_sync_loses_nothing_acknowledged() {
    let disk = Disk::default();
    disk.0.lock().unwrap().record = true;
    let mut acknowledged_at = Vec::new();
    let store = disk.open().unwrap();
    let syncs = |disk: &Disk| disk.0.lock().unwrap().syncs.len();
    let mut writer = store.begin_scan(&scan_named("one", 100), 1, input()).unwrap();
    for first in (0..40u32).step_by(8) {
        writer
            .commit(batch(first.into(), (first..first + 8).map(|host| served(host, 100, &[host])).collect()))
            .unwrap();
        acknowledged_at.push(syncs(&disk));
    }
    writer.finish(Counts::default(), ScanState::Complete, UnixTime(150)).unwrap();
    drop(store);
    let syncs = std::mem::take(&mut disk.0.lock().unwrap().syncs);
    let mut random = 0x9e37_79b9_u64;
    for (number, (durable, pending)) in syncs.into_iter().enumerate() {
        // All earlier syncs are done; of this one any sectors have landed, in any order.
        let acknowledged = acknowledged_at.iter().filter(|done| **done <= number).count();
        for _ in 0..8 {
            let image = after_power_cut(&durable, &pending, &mut random);
            let acknowledged = u32::try_from(acknowledged * 8).unwrap();
            assert_kept(&Disk::of(image), [acknowledged, 0], &format!("sync {number}"));
        }
    }
}

/// The disk after the power was cut: any sectors of what was on its way have landed.
pub(super) fn after_power_cut(durable: &[u8], pending: &Pending, random: &mut u64) -> Vec<u8> {
    let mut image = durable.to_vec();
    for (from, data) in pending {
        for (sector, bytes) in data.chunks(512).enumerate() {
            *random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            if *random >> 63 == 0 {
                let from = from + sector * 512;
                image[from..from + bytes.len()].copy_from_slice(bytes);
            }
        }
    }
    image
}
