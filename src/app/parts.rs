//! Builds the parts of a use case from the settings: who acts, from where, on which store.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::AppError;
use crate::clock::{Clock, SystemClock};
use crate::config::{Settings, paths};
use crate::model::TrustStore;
use crate::store::{self, Store};
use crate::text::{escape_for_terminal, shell_word};
use crate::trust;

/// Which store a command works on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoreChoice {
    /// The settings' store, else the platform's data directory.
    Default,
    /// The command's own.
    At(PathBuf),
    /// The environment's.
    Environment(PathBuf),
    /// A temporary one that goes with the program.
    Temporary,
}

/// What every use case needs to know about where it runs.
#[derive(Debug, Clone)]
pub struct Parts {
    pub clock: Arc<dyn Clock>,
    /// The acting principal: the operating system's user.
    pub actor: String,
    /// What this scanner is called.
    pub vantage: String,
    /// Settings of this machine.
    pub settings: Arc<Settings>,
    /// `None` for a temporary store.
    store: Option<PathBuf>,
    /// Only this command knows where the store is.
    is_elsewhere: bool,
    /// The settings file, where only this command knows it.
    named_settings: Option<PathBuf>,
}

impl Parts {
    /// Resolves the store's place and the names of this machine and user.
    ///
    /// # Errors
    /// No store was named and no home directory is known.
    pub fn new(settings: Settings, store: StoreChoice) -> Result<Self, AppError> {
        let is_elsewhere = matches!(store, StoreChoice::At(_));
        let store = match store {
            StoreChoice::Temporary => None,
            StoreChoice::At(path) | StoreChoice::Environment(path) => Some(path),
            StoreChoice::Default => Some(match &settings.store {
                Some(path) => path.clone(),
                None => paths::default_store()?,
            }),
        };
        let vantage = settings.vantage.clone().unwrap_or_else(host_name);
        let (clock, actor, settings) = (Arc::new(SystemClock), user_name(), Arc::new(settings));
        Ok(Self { clock, actor, vantage, settings, store, is_elsewhere, named_settings: None })
    }

    /// The same, where the command named its settings file.
    #[must_use]
    pub fn with_named_settings(self, file: Option<PathBuf>) -> Self {
        Self { named_settings: file, ..self }
    }

    /// Whether anything is left when the program ends.
    pub(super) fn keeps_a_store(&self) -> bool {
        self.store.is_some()
    }

    /// A command to type next, for the settings and the store that this one worked with.
    pub(super) fn next_command(&self, command: &str) -> String {
        let flags = self.flags(Path::to_owned);
        if flags.is_empty() { command.to_owned() } else { format!("{command} {flags}") }
    }

    /// What a command typed anywhere on this machine needs to find the same settings and store; perhaps nothing.
    pub(super) fn command_flags(&self) -> String {
        self.flags(|path| std::path::absolute(path).unwrap_or_else(|_| path.to_owned()))
    }

    fn flags(&self, shown: impl Fn(&Path) -> PathBuf) -> String {
        let store = self.store.as_deref().filter(|_| self.is_elsewhere);
        let named = [("--config", self.named_settings.as_deref()), ("--store", store)];
        let flag = |(flag, path): (&str, Option<&Path>)| {
            Some(format!("{flag} {}", for_shell(&shown(path?).to_string_lossy())))
        };
        named.into_iter().filter_map(flag).collect::<Vec<_>>().join(" ")
    }

    /// Opens the store to write a scan, making it if it is not there.
    pub(super) fn open_store(&self) -> Result<Store, AppError> {
        Ok(match &self.store {
            Some(path) => Store::open(path, &options())?,
            None => Store::temporary(None, &options())?,
        })
    }

    /// Opens the kept store to read, also while another process writes.
    pub(super) fn read_store(&self) -> Result<Store, AppError> {
        Ok(Store::open_reader(self.kept_store()?, &store::Options { create: false, ..options() })?)
    }

    /// Opens the kept store to write, which must be there.
    pub(super) fn write_store(&self) -> Result<Store, AppError> {
        Ok(Store::open(self.kept_store()?, &store::Options { create: false, ..options() })?)
    }

    /// Path of the store that is kept.
    pub(super) fn kept_store(&self) -> Result<&Path, AppError> {
        self.store.as_deref().ok_or(AppError::NothingKept)
    }
}

/// Memory for the store's pages: a scan appends and a report walks, so a large cache would gain nothing.
fn options() -> store::Options {
    store::Options { cache_bytes: 10 << 20, ..store::Options::default() }
}

/// Loads the trust stores named, or the default set: Mozilla's and the system's. The second value holds notes
/// about stores of the default set that are not there.
pub(super) fn trust_stores(names: &[String]) -> Result<(Vec<TrustStore>, Vec<String>), AppError> {
    if names.is_empty() {
        let (stores, missing) = trust::default_set();
        return Ok((stores, missing.iter().map(ToString::to_string).collect()));
    }
    let mut stores = Vec::with_capacity(names.len());
    for name in names {
        stores.push(trust::load(name)?);
    }
    Ok((stores, Vec::new()))
}

/// One word for a shell, and nothing that a terminal acts on.
pub(super) fn for_shell(word: &str) -> String {
    shell_word(&escape_for_terminal(word))
}

/// A path that means the same wherever it is read.
pub(super) fn rooted(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

/// What this machine is called.
pub(super) fn host_name() -> String {
    nix::unistd::gethostname()
        .map_or_else(|_| "unknown".to_owned(), |name| name.to_string_lossy().into_owned())
}

/// The operating system's user.
pub(super) fn user_name() -> String {
    let user = nix::unistd::User::from_uid(nix::unistd::getuid()).ok().flatten();
    user.map_or_else(|| format!("uid {}", nix::unistd::getuid()), |user| user.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_next_command_names_settings_and_a_store_that_only_this_one_knew() {
        let next = |store| Parts::new(Settings::default(), store).unwrap().next_command("certvigil report");
        assert_eq!(next(StoreChoice::Temporary), "certvigil report");
        assert_eq!(next(StoreChoice::Environment("/srv/a.redb".into())), "certvigil report");
        assert_eq!(next(StoreChoice::At("/srv/a.redb".into())), "certvigil report --store /srv/a.redb");
        let named = Parts::new(Settings::default(), StoreChoice::At("/srv/a.redb".into())).unwrap();
        let named = named.with_named_settings(Some("/srv/a.toml".into()));
        assert_eq!(
            named.next_command("certvigil report"),
            "certvigil report --config /srv/a.toml --store /srv/a.redb"
        );
        let odd = next(StoreChoice::At("a b; rm 'x'\u{1b}".into()));
        assert_eq!(odd, "certvigil report --store 'a b; rm '\\''x'\\''\\u{1b}'");
    }
}
