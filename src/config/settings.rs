//! The settings file: what holds for every scan on this machine.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::{ConfigError, paths};

/// Settings of this machine; every key is optional.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Path of the store; a relative one starts at the settings file's folder.
    pub store: Option<PathBuf>,
    /// What this scanner is called in reports, instead of the host's name.
    pub vantage: Option<String>,
}

impl Settings {
    /// Reads `file`, or, without one, `certvigil.toml` in the platform's settings directory if it is there.
    ///
    /// # Errors
    /// The file cannot be read, or a key is unknown or wrong; a default file that is not there is no error.
    pub fn load(file: Option<&Path>) -> Result<Self, ConfigError> {
        if let Some(path) = file {
            return Self::read(path);
        }
        match paths::settings_directory().map(|directory| directory.join("certvigil.toml")) {
            Some(path) if path.exists() => Self::read(&path),
            _ => Ok(Self::default()),
        }
    }

    fn read(path: &Path) -> Result<Self, ConfigError> {
        let mut settings: Self = super::parse(path, &super::read_file(path)?)?;
        if let (Some(store), Some(folder)) = (&settings.store, path.parent()) {
            settings.store = Some(folder.join(store));
        }
        Ok(settings)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_relative_store_starts_at_the_settings_file() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("certvigil.toml");
        std::fs::write(&file, "store = \"record.redb\"\n").unwrap();
        assert_eq!(Settings::load(Some(&file)).unwrap().store, Some(folder.path().join("record.redb")));
    }

    #[test]
    fn an_unknown_key_names_its_line() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("certvigil.toml");
        std::fs::write(&file, "vantage = \"here\"\n\nstroe = \"x\"\n").unwrap();
        let error = Settings::load(Some(&file)).unwrap_err().to_string();
        assert!(error.contains("certvigil.toml:3: unknown field `stroe`"), "{error}");
        assert_eq!(error.lines().count(), 1);
        let missing = Settings::load(Some(&folder.path().join("none"))).unwrap_err().to_string();
        assert!(missing.contains("none: cannot be read"), "{missing}");
    }
}
