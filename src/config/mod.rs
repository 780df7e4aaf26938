//! Files, environment and flags to typed settings. Never scans, judges or stores.

pub mod blocklist;
pub mod duration;
mod expiry;
pub mod fetch;
pub mod hook;
pub mod mail;
pub mod ownership;
pub mod paths;
pub mod period;
mod policy;
pub mod profile;
pub mod route;
pub mod settings;
mod source;
pub mod template;
#[cfg(test)]
mod tests;
pub mod written;

pub use blocklist::BlocklistFile;
pub use fetch::{FetchSettings, RevocationSettings};
pub use hook::HookSettings;
pub use mail::{MailLogin, MailMechanism, MailSecurity, MailSettings, SecretSource};
pub use ownership::{NamePattern, OwnerRule, Ownership};
pub use period::Period;
pub use policy::{built_in_names as built_in_policies, load_policy};
pub use profile::{PaceSettings, ProbeChoices, Profile, SeverityRule};
pub use route::RouteSettings;
pub use settings::Settings;

use std::path::{Path, PathBuf};

use source::Source;

/// A setting that cannot be used; each message is one line that names the place and the remedy.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("{}: cannot be read: {source}", path.display())]
    Unreadable { path: PathBuf, source: std::io::Error },
    #[error("{}:{line}: {message}", path.display())]
    Syntax { path: PathBuf, line: usize, message: String },
    #[error("profile `{name}` is not known; built in are {}; a file is named by its path (./{name}.toml)", built_in.join(", "))]
    UnknownProfile { name: String, built_in: Vec<&'static str> },
    #[error("policy `{name}` is not known; built in are {}; a file is named by its path (./{name}.toml)", built_in.join(", "))]
    UnknownPolicy { name: String, built_in: Vec<&'static str> },
    #[error("{}: {message}", path.display())]
    Blocklist { path: PathBuf, message: String },
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
