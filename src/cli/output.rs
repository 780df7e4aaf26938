//! Where data goes: standard output, or a file that appears whole.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::app::AppError;

/// An open place for a report.
#[derive(Debug)]
pub(crate) enum Output {
    Stdout(BufWriter<io::Stdout>),
    /// A pipe, a terminal or another device: it cannot be replaced, and must not be.
    Device(BufWriter<File>, PathBuf),
    /// Written beside its place and moved there once complete.
    Whole(BufWriter<NamedTempFile>, PathBuf),
    /// Written line by line as it becomes known, straight to standard output or the file.
    Lines(LineOutput),
}

/// A sink of whole lines.
#[derive(Debug)]
pub(crate) enum LineOutput {
    Stdout(io::Stdout),
    File(File, PathBuf),
}

impl Output {
    /// Opens `path`, else standard output, for a report that is complete or nothing.
    ///
    /// # Errors
    /// The folder is missing or not writable.
    pub(crate) fn whole(path: Option<&Path>) -> anyhow::Result<Self> {
        let Some(path) = path else { return Ok(Self::Stdout(BufWriter::new(io::stdout()))) };
        if path.is_dir() {
            anyhow::bail!("{}: is a folder; name a file in it", path.display());
        }
        if std::fs::metadata(path).is_ok_and(|there| !there.is_file()) {
            let device = File::options().write(true).open(path).map_err(|error| unwritable(path, &error))?;
            return Ok(Self::Device(BufWriter::new(device), path.to_owned()));
        }
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let mut builder = tempfile::Builder::new();
        builder.prefix(".certvigil-");
        let temporary =
            with_ordinary_mode(&mut builder).tempfile_in(folder).map_err(|error| unwritable(path, &error))?;
        Ok(Self::Whole(BufWriter::new(temporary), path.to_owned()))
    }

    /// Opens `path`, else standard output, for lines that are each complete.
    ///
    /// # Errors
    /// The file cannot be made.
    pub(crate) fn lines(path: Option<&Path>) -> anyhow::Result<Self> {
        Ok(Self::Lines(match path {
            None => LineOutput::Stdout(io::stdout()),
            Some(path) => {
                let file = File::create(path).map_err(|error| unwritable(path, &error))?;
                LineOutput::File(file, path.to_owned())
            }
        }))
    }

    /// Flushes, and moves a whole file to its place.
    ///
    /// # Errors
    /// The disk is full, or the place is not writable.
    pub(crate) fn finish(self) -> anyhow::Result<()> {
        match self {
            mut out @ (Self::Stdout(_) | Self::Device(..) | Self::Lines(_)) => out.flush()?,
            Self::Whole(out, path) => {
                let temporary = out.into_inner().map_err(|error| unwritable(&path, error.error()))?;
                temporary.as_file().sync_all().map_err(|error| unwritable(&path, &error))?;
                temporary.persist(&path).map_err(|error| unwritable(&path, &error.error))?;
            }
        }
        Ok(())
    }
}

#[cfg(unix)]
fn with_ordinary_mode<'a, 'b, 'c>(
    builder: &'a mut tempfile::Builder<'b, 'c>,
) -> &'a mut tempfile::Builder<'b, 'c> {
    use std::os::unix::fs::PermissionsExt as _;
    builder.permissions(std::fs::Permissions::from_mode(0o666))
}

#[cfg(not(unix))]
fn with_ordinary_mode<'a, 'b, 'c>(
    builder: &'a mut tempfile::Builder<'b, 'c>,
) -> &'a mut tempfile::Builder<'b, 'c> {
    builder
}

fn unwritable(path: &Path, error: &io::Error) -> anyhow::Error {
    if error.kind() == io::ErrorKind::BrokenPipe {
        return io::Error::from(io::ErrorKind::BrokenPipe).into();
    }
    anyhow::anyhow!("{}: cannot be written: {error}; give another path with -o", path.display())
}

impl Output {
    fn sink(&mut self) -> (&mut dyn Write, Option<&Path>) {
        match self {
            Self::Stdout(out) => (out, None),
            Self::Lines(LineOutput::Stdout(out)) => (out, None),
            Self::Lines(LineOutput::File(out, path)) => (out, Some(path)),
            Self::Device(out, path) => (out, Some(path)),
            Self::Whole(out, path) => (out, Some(path)),
        }
    }
}

/// The same error, saying where.
fn at(path: Option<&Path>, error: &io::Error) -> io::Error {
    let place = path.map_or_else(|| "standard output".to_owned(), |path| path.display().to_string());
    io::Error::new(error.kind(), format!("{place}: cannot be written: {error}"))
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let (out, path) = self.sink();
        out.write(bytes).map_err(|error| at(path, &error))
    }

    fn flush(&mut self) -> io::Result<()> {
        let (out, path) = self.sink();
        out.flush().map_err(|error| at(path, &error))
    }
}

/// The reader went away: no fault of ours.
pub(crate) fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        // A transparent error shows its cause's causes, and not the cause itself.
        let written = match cause.downcast_ref::<AppError>() {
            Some(AppError::Write(error)) => Some(error),
            _ => cause.downcast_ref::<io::Error>(),
        };
        written.is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_appears_only_when_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("report.json");
        let mut output = Output::whole(Some(&path)).unwrap();
        output.write_all(b"{}").unwrap();
        assert!(!path.exists());
        output.finish().unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"{}");
        drop(Output::whole(Some(&folder.path().join("other"))).unwrap());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_device_is_written_to_and_not_replaced() {
        let mut output = Output::whole(Some(Path::new("/dev/null"))).unwrap();
        assert!(matches!(output, Output::Device(..)));
        output.write_all(b"{}").unwrap();
        output.finish().unwrap();
        assert!(!std::fs::metadata("/dev/null").unwrap().is_file());
    }

    #[test]
    fn a_broken_pipe_is_known_in_whatever_it_is_wrapped() {
        let broken = || io::Error::from(io::ErrorKind::BrokenPipe);
        assert!(is_broken_pipe(&broken().into()));
        assert!(is_broken_pipe(&AppError::from(broken()).into()));
        assert!(is_broken_pipe(&unwritable(Path::new("report"), &broken())));
        assert!(!is_broken_pipe(&AppError::from(io::Error::from(io::ErrorKind::StorageFull)).into()));
    }

    #[test]
    fn an_unwritable_place_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let missing = folder.path().join("none").join("report.json");
        let error = Output::whole(Some(&missing)).unwrap_err().to_string();
        assert!(error.contains("report.json: cannot be written"), "{error}");
        assert!(Output::whole(Some(folder.path())).unwrap_err().to_string().contains("is a folder"));
    }
}
