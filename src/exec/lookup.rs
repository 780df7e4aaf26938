//! Which file a command means, and why it cannot be started, said so that a person can mend it.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::unistd::{AccessFlags, access};

use super::{Program, StartError};

/// Where programs are where nobody says so.
pub(super) const USUAL_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// The file to start. It always has a `/`, so that the system looks nowhere else and no shell steps in for a script
/// without an interpreter.
pub(super) fn find(
    program: &Program<'_>,
    environment: &[(OsString, OsString)],
) -> Result<PathBuf, StartError> {
    let name = program.command.first().filter(|name| !name.is_empty()).ok_or(StartError::NoProgram)?;
    if let Some(directory) = program.directory
        && !directory.is_dir()
    {
        return Err(StartError::NoDirectory(directory.to_owned()));
    }
    if name.contains('/') {
        // Made absolute: what a relative path means once the directory has changed depends on the system.
        let file = program.directory.unwrap_or(Path::new("")).join(name);
        let file = std::path::absolute(&file).unwrap_or(file);
        return check(&file).map(|()| file);
    }
    let path = environment.iter().find(|(name, _)| name == "PATH").map(|(_, path)| path.as_os_str());
    let path = path.unwrap_or_default();
    let mut first_error = None;
    // An empty entry would mean the current directory.
    for folder in std::env::split_paths(path).filter(|folder| folder.is_absolute()) {
        let file = folder.join(name);
        match check(&file) {
            Ok(()) => return Ok(file),
            Err(StartError::NotFound(_)) => {}
            Err(error) => first_error = first_error.or(Some(error)),
        }
    }
    let not_in_path =
        || StartError::NotInPath { name: name.clone(), path: path.to_string_lossy().into_owned() };
    Err(first_error.unwrap_or_else(not_in_path))
}

/// Why starting `file` failed.
pub(super) fn explain(file: &Path, error: &io::Error) -> StartError {
    match error.raw_os_error().map(Errno::from_raw) {
        // The file was there a moment ago.
        Some(Errno::ENOENT) if file.exists() => StartError::NoInterpreter(file.to_owned()),
        Some(Errno::ENOENT) => StartError::NotFound(file.to_owned()),
        Some(Errno::EACCES) => StartError::NotExecutable(file.to_owned()),
        Some(Errno::ENOEXEC) => StartError::NotAProgram(file.to_owned()),
        _ => StartError::Refused { program: file.to_owned(), error: error.to_string() },
    }
}

fn check(file: &Path) -> Result<(), StartError> {
    match std::fs::metadata(file) {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            Err(StartError::NotExecutable(file.to_owned()))
        }
        Err(_) => Err(StartError::NotFound(file.to_owned())),
        Ok(facts) if facts.is_dir() => Err(StartError::IsDirectory(file.to_owned())),
        Ok(_) if access(file, AccessFlags::X_OK).is_err() => Err(StartError::NotExecutable(file.to_owned())),
        Ok(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn found(command: &str, path: &Path, directory: Option<&Path>) -> Result<PathBuf, StartError> {
        let command = [command.to_owned()];
        let program = Program { directory, ..Program::new(&command) };
        find(&program, &[("PATH".into(), path.into())])
    }

    fn write(file: &Path, mode: u32) {
        std::fs::write(file, "#!/bin/sh\n").unwrap();
        std::fs::set_permissions(file, std::fs::Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn each_reason_names_the_path() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        write(&path.join("good"), 0o755);
        write(&path.join("plain"), 0o644);
        std::fs::create_dir(path.join("folder")).unwrap();
        assert_eq!(found("good", path, None), Ok(path.join("good")));
        assert_eq!(found("./good", path, Some(path)), Ok(path.join("good")));
        assert_eq!(found("plain", path, None), Err(StartError::NotExecutable(path.join("plain"))));
        assert_eq!(found("folder", path, None), Err(StartError::IsDirectory(path.join("folder"))));
        assert_eq!(found("", path, None), Err(StartError::NoProgram));
        let missing = path.join("missing");
        let whole = missing.to_str().unwrap();
        assert_eq!(found(whole, path, None), Err(StartError::NotFound(missing.clone())));
        assert_eq!(found("good", path, Some(&missing)), Err(StartError::NoDirectory(missing.clone())));
        let error = found("missing", path, None).unwrap_err().to_string();
        assert!(error.contains("`missing`") && error.contains(path.to_str().unwrap()), "{error}");
    }
}
