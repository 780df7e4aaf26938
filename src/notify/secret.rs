//! Passwords and tokens: where they stand, and how they are read at the moment of use.
//! Invariant: a value is never shown, never kept longer than its use, and wiped from this module's memory after it.

use std::io::Read;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

/// More than any password or token has.
const MOST_BYTES: u64 = 64 * 1024;

/// Mode bit: everybody may read the file.
const READABLE_BY_ALL: u32 = 0o004;

/// A password or token, known by where it stands.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Place);

#[derive(Clone, PartialEq, Eq)]
enum Place {
    File(PathBuf),
    Variable(String),
}

/// Why a secret cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    #[error("secret file {path}: {reason}")]
    Unreadable { path: String, reason: String },
    #[error("secret file {path}: everybody on this machine can read it; run: chmod o-rwx {path}")]
    ReadableByAll { path: String },
    #[error("secret file {path}: more than {MOST_BYTES} bytes are no password")]
    TooLong { path: String },
    #[error("secret {place}: not set in the environment; set it, or keep the secret in a `password_file`")]
    NotSet { place: String },
    #[error("secret {place}: empty; write the secret there")]
    Empty { place: String },
    #[error("secret {place}: it has to be one line of UTF-8 text")]
    NotOneLine { place: String },
}

impl Secret {
    /// A file that holds nothing else; one line break at its end is not part of the secret.
    pub fn in_file(path: impl Into<PathBuf>) -> Self {
        Self(Place::File(path.into()))
    }

    /// An environment variable.
    pub fn in_variable(name: impl Into<String>) -> Self {
        Self(Place::Variable(name.into()))
    }

    /// Reads it now; the result is wiped when dropped.
    ///
    /// # Errors
    /// [`SecretError`] if it is not there, empty, more than one line, or in a file that everybody can read.
    pub fn read(&self) -> Result<Zeroizing<String>, SecretError> {
        let bytes = match &self.0 {
            Place::File(path) => read_file(path)?,
            Place::Variable(name) => match std::env::var_os(name) {
                Some(value) => Zeroizing::new(value.into_encoded_bytes()),
                None => return Err(SecretError::NotSet { place: self.place() }),
            },
        };
        let text =
            std::str::from_utf8(&bytes).map_err(|_| SecretError::NotOneLine { place: self.place() })?;
        let line = text.strip_suffix('\n').map_or(text, |line| line.strip_suffix('\r').unwrap_or(line));
        if line.is_empty() {
            return Err(SecretError::Empty { place: self.place() });
        }
        if line.contains(['\n', '\r', '\0']) {
            return Err(SecretError::NotOneLine { place: self.place() });
        }
        Ok(Zeroizing::new(line.to_owned()))
    }

    /// Where it stands, for messages.
    pub fn place(&self) -> String {
        match &self.0 {
            Place::File(path) => format!("file {}", path.display()),
            Place::Variable(name) => format!("${name}"),
        }
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(..)")
    }
}

fn read_file(path: &Path) -> Result<Zeroizing<Vec<u8>>, SecretError> {
    let name = || path.display().to_string();
    let unreadable = |reason: String| SecretError::Unreadable { path: name(), reason };
    // A FIFO without a writer must not hang the watch.
    let file = std::fs::File::options()
        .read(true)
        .custom_flags(nix::fcntl::OFlag::O_NONBLOCK.bits())
        .open(path)
        .map_err(|error| unreadable(error.to_string()))?;
    let metadata = file.metadata().map_err(|error| unreadable(error.to_string()))?;
    if !metadata.is_file() {
        return Err(unreadable("not a regular file".to_owned()));
    }
    if metadata.mode() & READABLE_BY_ALL != 0 {
        return Err(SecretError::ReadableByAll { path: name() });
    }
    // Room from the start, so that no half-read copy is left behind by growing.
    let mut bytes = Zeroizing::new(Vec::with_capacity(usize::try_from(MOST_BYTES).unwrap_or(usize::MAX) + 1));
    file.take(MOST_BYTES + 1).read_to_end(&mut bytes).map_err(|error| unreadable(error.to_string()))?;
    if bytes.len() as u64 > MOST_BYTES {
        return Err(SecretError::TooLong { path: name() });
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn file(text: impl AsRef<[u8]>, mode: u32) -> (tempfile::TempDir, Secret) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("password");
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        (folder, Secret::in_file(path))
    }

    #[test]
    fn one_line_break_at_the_end_is_not_part_of_it() {
        for text in [" pass word ", " pass word \n", " pass word \r\n"] {
            let (_folder, secret) = file(text, 0o600);
            assert_eq!(secret.read().unwrap().as_str(), " pass word ");
        }
        // Root's file, read by a service in its group.
        assert!(file("x", 0o640).1.place().starts_with("file "));
    }

    #[test]
    fn what_is_no_secret_is_refused_by_name() {
        for (text, mode, part) in [
            ("x\n".as_bytes(), 0o644, "chmod o-rwx"),
            (b"\n", 0o600, "empty"),
            (b"a\nb\n", 0o600, "one line"),
            (b"\xff", 0o600, "UTF-8"),
            (&[b'x'; 65_537], 0o600, "more than 65536 bytes"),
        ] {
            let error = file(text, mode).1.read().unwrap_err().to_string();
            assert!(error.contains(part) && error.contains("password"), "{error}");
        }
        let error = Secret::in_file("/proc").read().unwrap_err().to_string();
        assert_eq!(error, "secret file /proc: not a regular file");
        let error = Secret::in_variable("CERTVIGIL_NEVER_SET").read().unwrap_err().to_string();
        assert!(error.starts_with("secret $CERTVIGIL_NEVER_SET: not set in the environment; "), "{error}");
    }

    #[test]
    fn a_secret_reads_the_environment_and_shows_nothing() {
        let secret = Secret::in_variable("PATH");
        assert_eq!(secret.read().unwrap().as_str(), std::env::var("PATH").unwrap());
        assert_eq!(format!("{secret:?}"), "Secret(..)");
    }
}
