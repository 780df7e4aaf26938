//! Where data goes: standard output, or a file that appears whole. An error says which of them failed.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::app::AppError;

/// An open place for a report.
#[derive(Debug)]
pub(crate) struct Output {
    /// As the user named it; `None` for standard output.
    path: Option<PathBuf>,
    sink: Sink,
}

#[derive(Debug)]
enum Sink {
    Stdout(BufWriter<io::Stdout>),
    /// Written beside its place and moved there once complete.
    Whole(BufWriter<NamedTempFile>, PathBuf),
    /// A pipe or a device, which must not be replaced by a file.
    Device(BufWriter<File>),
    /// Written line by line as it becomes known.
    StdoutLines(io::Stdout),
    FileLines(File),
}

impl Output {
    /// Opens `path`, else standard output, for a report that is complete or nothing.
    ///
    /// # Errors
    /// The folder is missing or not writable.
    pub(crate) fn whole(path: Option<&Path>) -> anyhow::Result<Self> {
        let Some(path) = path else {
            return Ok(Self { path: None, sink: Sink::Stdout(BufWriter::new(io::stdout())) });
        };
        let sink = open_whole(path).map_err(|error| cannot_write(Some(path), &error))?;
        Ok(Self { path: Some(path.to_owned()), sink })
    }

    /// Opens `path`, else standard output, for lines that are each complete.
    ///
    /// # Errors
    /// The file cannot be made.
    pub(crate) fn lines(path: Option<&Path>) -> anyhow::Result<Self> {
        let sink = match path {
            None => Sink::StdoutLines(io::stdout()),
            Some(path) => {
                Sink::FileLines(File::create(path).map_err(|error| cannot_write(Some(path), &error))?)
            }
        };
        Ok(Self { path: path.map(Path::to_owned), sink })
    }

    /// Flushes, and moves a whole file to its place.
    ///
    /// # Errors
    /// The disk is full, or the place is not writable.
    pub(crate) fn finish(mut self) -> anyhow::Result<()> {
        self.flush()?;
        if let Sink::Whole(out, place) = self.sink {
            let moved = out.into_inner().map_err(io::IntoInnerError::into_error).and_then(|temporary| {
                temporary.as_file().sync_all()?;
                temporary.persist(place).map_err(|error| error.error)
            });
            moved.map_err(|error| cannot_write(self.path.as_deref(), &error))?;
        }
        Ok(())
    }
}

fn open_whole(path: &Path) -> io::Result<Sink> {
    let there = fs::metadata(path).ok();
    match &there {
        Some(there) if there.is_dir() => {
            return Err(io::Error::new(io::ErrorKind::IsADirectory, "it is a folder"));
        }
        Some(there) if !there.is_file() => {
            return Ok(Sink::Device(BufWriter::new(File::options().write(true).open(path)?)));
        }
        _ => {}
    }
    // A symbolic link goes on pointing to the file.
    let place = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let folder = place.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::metadata(folder)?;
    let mut builder = tempfile::Builder::new();
    builder.prefix(".certvigil-");
    // The temporary name is of no use to anyone.
    let temporary =
        with_mode(&mut builder).tempfile_in(folder).map_err(|error| io::Error::from(error.kind()))?;
    if let Some(there) = there {
        temporary.as_file().set_permissions(there.permissions())?;
    }
    Ok(Sink::Whole(BufWriter::new(temporary), place))
}

#[cfg(unix)]
fn with_mode<'a, 'b, 'c>(builder: &'a mut tempfile::Builder<'b, 'c>) -> &'a mut tempfile::Builder<'b, 'c> {
    use std::os::unix::fs::PermissionsExt as _;
    builder.permissions(fs::Permissions::from_mode(0o666))
}

#[cfg(not(unix))]
fn with_mode<'a, 'b, 'c>(builder: &'a mut tempfile::Builder<'b, 'c>) -> &'a mut tempfile::Builder<'b, 'c> {
    builder
}

/// The same kind of error with the place and the remedy.
fn cannot_write(path: Option<&Path>, error: &io::Error) -> io::Error {
    let sentence = match path {
        Some(path) => format!("{}: cannot be written: {error}; give another path with -o", path.display()),
        None => format!("standard output cannot be written: {error}; give a file with -o"),
    };
    io::Error::new(error.kind(), sentence)
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = match &mut self.sink {
            Sink::Stdout(out) => out.write(bytes),
            Sink::Whole(out, _) => out.write(bytes),
            Sink::Device(out) => out.write(bytes),
            Sink::StdoutLines(out) => out.write(bytes),
            Sink::FileLines(out) => out.write(bytes),
        };
        written.map_err(|error| cannot_write(self.path.as_deref(), &error))
    }

    fn flush(&mut self) -> io::Result<()> {
        let flushed = match &mut self.sink {
            Sink::Stdout(out) => out.flush(),
            Sink::Whole(out, _) => out.flush(),
            Sink::Device(out) => out.flush(),
            Sink::StdoutLines(out) => out.flush(),
            Sink::FileLines(out) => out.flush(),
        };
        flushed.map_err(|error| cannot_write(self.path.as_deref(), &error))
    }
}

/// The reader went away: no fault of ours.
pub(crate) fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let is_broken = |error: &io::Error| error.kind() == io::ErrorKind::BrokenPipe;
    error.chain().any(|cause| {
        let written = cause.downcast_ref::<AppError>();
        cause.downcast_ref::<io::Error>().is_some_and(is_broken)
            || matches!(written, Some(AppError::Write(error)) if is_broken(error))
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
    fn an_unwritable_place_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let missing = folder.path().join("none").join("report.json");
        let error = Output::whole(Some(&missing)).unwrap_err().to_string();
        assert!(error.contains("report.json: cannot be written"), "{error}");
        assert!(!error.contains(".certvigil-"), "{error}");
        assert!(Output::whole(Some(folder.path())).unwrap_err().to_string().contains("is a folder"));
    }

    #[cfg(unix)]
    #[test]
    fn links_and_modes_of_an_earlier_report_are_kept() {
        use std::os::unix::fs::{PermissionsExt as _, symlink};
        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("report.json"), folder.path().join("latest"));
        fs::write(&file, "old").unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
        symlink(&file, &link).unwrap();
        let mut output = Output::whole(Some(&link)).unwrap();
        output.write_all(b"new").unwrap();
        output.finish().unwrap();
        assert_eq!(fs::read(&file).unwrap(), b"new");
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o640);
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_device_is_written_and_not_replaced() {
        use std::os::unix::fs::FileTypeExt as _;
        let mut output = Output::whole(Some(Path::new("/dev/full"))).unwrap();
        output.write_all(b"{}").unwrap();
        let error = output.finish().unwrap_err().to_string();
        assert!(error.contains("/dev/full: cannot be written"), "{error}");
        assert!(fs::metadata("/dev/full").unwrap().file_type().is_char_device());
    }

    #[test]
    fn a_reader_that_left_is_found_under_every_wrapping() {
        let broken = || io::Error::from(io::ErrorKind::BrokenPipe);
        assert!(is_broken_pipe(&broken().into()));
        assert!(is_broken_pipe(&AppError::Write(cannot_write(None, &broken())).into()));
        assert!(!is_broken_pipe(&AppError::Write(io::ErrorKind::StorageFull.into()).into()));
    }
}
