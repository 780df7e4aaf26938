//! The settings file: what holds for every scan on this machine. Holds no secret.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::source::{Places, place};
use super::{
    ConfigError, HookSettings, MailSettings, Period, Profile, RouteSettings, Source, mail, paths, period,
};

/// Settings of this machine; every key is optional. `certvigil.toml` beside this file
/// documents each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Path of the store; a relative one starts at the settings file's folder.
    pub store: Option<PathBuf>,
    /// What this scanner is called in reports, instead of the host's name.
    pub vantage: Option<String>,
    /// There if and only if there are routes.
    pub mail: Option<MailSettings>,
    /// In the order of the file; exactly one is the default, if there are any.
    pub route: Vec<RouteSettings>,
    pub hook: Vec<HookSettings>,
    /// How often the default route hears that somebody is still looking; `None`: never.
    pub still_watching: Option<Period>,
    /// Lists of compromised keys, in badkeys' format.
    pub blocklists: Vec<PathBuf>,
    /// The file that was read.
    pub file: Option<PathBuf>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            store: None,
            vantage: None,
            mail: None,
            route: Vec::new(),
            hook: Vec::new(),
            still_watching: Some(Period::WEEK),
            blocklists: Vec::new(),
            file: None,
        }
    }
}

/// The file as it is written.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Written {
    store: Option<PathBuf>,
    vantage: Option<String>,
    mail: Option<mail::Written>,
    route: Vec<RouteSettings>,
    hook: Vec<HookSettings>,
    watch: WatchSection,
    blocklists: Vec<PathBuf>,
}

/// `[watch]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct WatchSection {
    #[serde(default = "weekly", deserialize_with = "period::or_never")]
    still_watching: Option<Period>,
}

impl Default for WatchSection {
    fn default() -> Self {
        Self { still_watching: weekly() }
    }
}

fn weekly() -> Option<Period> {
    Some(Period::WEEK)
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
        match paths::settings_directory().map(|directory| directory.join(paths::SETTINGS_FILE)) {
            Some(path) if path.exists() => Self::read(&path),
            _ => Ok(Self::default()),
        }
    }

    /// The route that takes what no other takes; `None` where there is no mail at all.
    pub fn default_route(&self) -> Option<&RouteSettings> {
        self.route.iter().find(|route| route.is_default)
    }

    /// Checks what `profile` names of these settings: its hooks, and the mail that its routes need.
    ///
    /// # Errors
    /// A hook is not known, a route's name is taken, or there is no mail; the error names the profile's line.
    pub fn check_profile(&self, profile: &Profile) -> Result<(), ConfigError> {
        let wrong = |line: Option<&usize>, message: String| {
            let path = profile.places.path.clone();
            Err(ConfigError::Syntax { path, line: line.copied().unwrap_or(1), message })
        };
        let file =
            self.file.as_ref().map_or_else(|| "the settings file".to_owned(), |f| f.display().to_string());
        for (index, name) in profile.hooks.iter().flatten().enumerate() {
            if !self.hook.iter().any(|hook| hook.name == *name) {
                let name = crate::text::escape_for_terminal(name);
                return wrong(
                    profile.places.hooks.get(index),
                    format!("hook `{name}` is not known; add a [[hook]] of this name to {file}"),
                );
            }
        }
        for (index, route) in profile.route.iter().enumerate() {
            let line = profile.places.routes.get(index);
            if self.mail.is_none() {
                return wrong(line, format!("a route needs a mail server; add [mail] to {file}"));
            }
            if self.route.iter().any(|known| known.name == route.name) {
                return wrong(line, format!("{file} has a route `{}`, too; rename one", route.name));
            }
        }
        Ok(())
    }

    fn read(path: &Path) -> Result<Self, ConfigError> {
        Self::parse(path, &super::read_file(path)?)
    }

    pub(super) fn parse(path: &Path, text: &str) -> Result<Self, ConfigError> {
        let source = Source { path, text };
        let places: Places = source.parse()?;
        if let Some(password) = places.mail.as_ref().and_then(|mail| mail.get_ref().password.as_ref()) {
            return Err(source.error(
                password.span(),
                "a password does not belong in this file; put it in a file of its own and name that as \
                 `password_file`, or in the environment as `password_env`",
            ));
        }
        let mut written: Written = source.parse()?;
        check_routes(&written.route, &places, &source)?;
        check_default(&written, &places, &source)?;
        check_hooks(&written.hook, &places, &source)?;
        let folder = path.parent().unwrap_or(Path::new(""));
        for hook in &mut written.hook {
            hook.start_at(folder);
        }
        Ok(Self {
            store: written.store.map(|store| folder.join(store)),
            vantage: written.vantage,
            mail: written.mail.map(|mail| mail.check(&source, folder)).transpose()?,
            route: written.route,
            hook: written.hook,
            still_watching: written.watch.still_watching,
            blocklists: written.blocklists.into_iter().map(|file| folder.join(file)).collect(),
            file: Some(path.to_owned()),
        })
    }
}

/// No two routes have one name.
pub(super) fn check_routes(
    routes: &[RouteSettings],
    places: &Places,
    source: &Source<'_>,
) -> Result<(), ConfigError> {
    for (index, route) in routes.iter().enumerate() {
        if routes.iter().take(index).any(|earlier| earlier.name == route.name) {
            return Err(source.error(
                place(&places.route, index, "name"),
                &format!("a route `{}` is there already; give each a name of its own", route.name),
            ));
        }
    }
    Ok(())
}

/// Mail and exactly one default route belong together.
fn check_default(written: &Written, places: &Places, source: &Source<'_>) -> Result<(), ConfigError> {
    if let (None, Some(first)) = (&written.mail, places.route.first()) {
        return Err(source.error(first.span(), "a route needs a mail server; add a [mail] section"));
    }
    let mut defaults = written.route.iter().enumerate().filter(|(_, route)| route.is_default);
    let Some((index, route)) = defaults.next() else {
        return match &places.mail {
            Some(mail) => Err(source.error(
                mail.span(),
                "there is mail, but no default route: news that no route takes would be lost; add a [[route]] with \
                 name, to and `default = true`",
            )),
            None => Ok(()),
        };
    };
    let conditions = [
        ("owner", route.owner.is_some()),
        ("tag", route.tag.is_some()),
        ("profile", route.profile.is_some()),
        ("rule", route.rule.is_some()),
    ];
    if let Some((key, _)) = conditions.iter().find(|(_, is_given)| *is_given) {
        return Err(source.error(
            place(&places.route, index, key),
            &format!("the default route takes what no other route takes; leave out `{key}`, or `default`"),
        ));
    }
    match defaults.next() {
        Some((second, _)) => Err(source.error(
            place(&places.route, second, "default"),
            &format!("route `{}` is the default already; there is one", route.name),
        )),
        None => Ok(()),
    }
}

fn check_hooks(hooks: &[HookSettings], places: &Places, source: &Source<'_>) -> Result<(), ConfigError> {
    for (index, hook) in hooks.iter().enumerate() {
        if hooks.iter().take(index).any(|earlier| earlier.name == hook.name) {
            return Err(source.error(
                place(&places.hook, index, "name"),
                &format!("a hook `{}` is there already; give each a name of its own", hook.name),
            ));
        }
        if hook.is_idle() {
            return Err(source.error(
                place(&places.hook, index, "name"),
                &format!("hook `{}` would never run; name an event in `on` or a rule in `rules`", hook.name),
            ));
        }
    }
    Ok(())
}
