//! Files, environment and flags to typed settings. Never scans, judges or stores.

pub mod duration;
pub mod ownership;
pub mod paths;
pub mod profile;
pub mod settings;

pub use ownership::{OwnerRule, Ownership};
pub use profile::{PaceSettings, ProbeChoices, Profile, SeverityRule};
pub use settings::Settings;

use std::path::{Path, PathBuf};

/// A setting that cannot be used; each message is one line that names the place and the remedy.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("{}: cannot be read: {source}", path.display())]
    Unreadable { path: PathBuf, source: std::io::Error },
    #[error("{}:{line}: {message}", path.display())]
    Syntax { path: PathBuf, line: usize, message: String },
    #[error("profile `{name}` is not known; built in are {}; a file is named by its path (./{name}.toml)", built_in.join(", "))]
    UnknownProfile { name: String, built_in: Vec<&'static str> },
    #[error("no home directory is known; give --store PATH (or set CERTVIGIL_STORE)")]
    NoHome,
}

/// Reads a settings file of at most 1 MiB; larger is a mistake.
fn read_file(path: &Path) -> Result<String, ConfigError> {
    use std::io::Read as _;
    const LIMIT: u64 = 1 << 20;
    let unreadable = |source| ConfigError::Unreadable { path: path.to_owned(), source };
    let mut text = String::new();
    let mut file = std::fs::File::open(path).map_err(unreadable)?.take(LIMIT + 1);
    file.read_to_string(&mut text).map_err(unreadable)?;
    if text.len() as u64 > LIMIT {
        return Err(unreadable(std::io::Error::other("larger than 1 MiB; that is no settings file")));
    }
    Ok(text)
}

/// Parses TOML into `T`; an error is one line with the line number.
fn parse<T: serde::de::DeserializeOwned>(path: &Path, text: &str) -> Result<T, ConfigError> {
    toml::from_str(text).map_err(|error| {
        let start = error.span().map_or(0, |span| span.start).min(text.len());
        let line = 1 + text.as_bytes().iter().take(start).filter(|byte| **byte == b'\n').count();
        let message = crate::text::escape_for_terminal(&error.message().replace('\n', "; "));
        ConfigError::Syntax { path: path.to_owned(), line, message }
    })
}
