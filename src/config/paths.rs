//! Where the store and the settings are, when nobody says: the platform's directories.

use std::path::PathBuf;

use etcetera::BaseStrategy as _;

use super::ConfigError;

/// The settings file's name in the settings directory.
pub const SETTINGS_FILE: &str = "certvigil.toml";

/// The profiles' folder in the settings directory.
pub const PROFILES: &str = "profiles";

/// `certvigil/certvigil.redb` in the platform's data directory.
///
/// # Errors
/// No home directory is known.
pub fn default_store() -> Result<PathBuf, ConfigError> {
    let base = etcetera::choose_base_strategy().map_err(|_| ConfigError::NoHome)?;
    Ok(base.data_dir().join("certvigil").join("certvigil.redb"))
}

/// `certvigil` in the platform's settings directory; `None` where no home directory is known.
pub fn settings_directory() -> Option<PathBuf> {
    let base = etcetera::choose_base_strategy().ok()?;
    Some(base.config_dir().join("certvigil"))
}
