//! The lock file beside a store: who writes it. The kernel's lock decides; the number inside is for the message.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use super::StoreError;

/// A held lock; released when dropped, and by the kernel when the process dies. The file stays: removing it would
/// let a third process lock a new one beside it.
#[derive(Debug)]
pub(super) struct WriterLock {
    _file: File,
}

impl WriterLock {
    /// Takes the lock of the store at `store`.
    ///
    /// # Errors
    /// [`StoreError::InUse`] with the holder's process id.
    pub(super) fn take(store: &Path) -> Result<Self, StoreError> {
        let path = lock_path(store);
        // A lock file that was replaced between opening and locking is no lock: try again on the new one.
        for _ in 0..8 {
            let mut file =
                open_lock_file(&path).map_err(|source| StoreError::from_io(source, path.clone()))?;
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => {
                    return Err(StoreError::InUse { path: store.to_owned(), pid: read_pid(&mut file) });
                }
                Err(TryLockError::Error(source)) => return Err(StoreError::Unwritable { path, source }),
            }
            if is_same_file(&file, &path) {
                // The number is for a message only: a full disk must not keep anyone from the store.
                let _ = write_pid(&mut file);
                return Ok(Self { _file: file });
            }
        }
        Err(StoreError::InUse { path: store.to_owned(), pid: None })
    }
}

/// The process that holds the lock of `store`, as far as its lock file tells.
pub(super) fn holder(store: &Path) -> Option<u32> {
    read_pid(&mut File::open(lock_path(store)).ok()?)
}

fn lock_path(store: &Path) -> PathBuf {
    let mut name = store.as_os_str().to_owned();
    name.push(".lock");
    name.into()
}

fn open_lock_file(path: &Path) -> std::io::Result<File> {
    OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .custom_flags(nix::fcntl::OFlag::O_NOFOLLOW.bits())
        .open(path)
}

fn is_same_file(file: &File, path: &Path) -> bool {
    match (file.metadata(), std::fs::symlink_metadata(path)) {
        (Ok(held), Ok(named)) => held.dev() == named.dev() && held.ino() == named.ino(),
        _ => false,
    }
}

fn read_pid(file: &mut File) -> Option<u32> {
    let mut text = String::new();
    file.rewind().ok()?;
    file.take(16).read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}

fn write_pid(file: &mut File) -> std::io::Result<()> {
    file.set_len(0)?;
    file.rewind()?;
    writeln!(file, "{}", std::process::id())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_holder_is_told_who_has_the_lock() {
        let folder = tempfile::tempdir().unwrap();
        let store = folder.path().join("store");
        let first = WriterLock::take(&store).unwrap();
        let refused = WriterLock::take(&store).unwrap_err();
        assert!(matches!(refused, StoreError::InUse { pid: Some(pid), .. } if pid == std::process::id()));
        assert_eq!(holder(&store), Some(std::process::id()));
        drop(first);
        WriterLock::take(&store).unwrap();
    }

    #[test]
    fn a_lock_file_with_nonsense_inside_is_no_obstacle() {
        let folder = tempfile::tempdir().unwrap();
        let store = folder.path().join("store");
        std::fs::write(lock_path(&store), "not a number at all, and long").unwrap();
        WriterLock::take(&store).unwrap();
        assert_eq!(holder(&store), Some(std::process::id()));
    }
}
