//! Scan profiles: what to scan and how. Files of their own, and some that are built in.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::duration::HumanDuration;
use super::ownership::{Network, OwnerRule};
use super::policy::is_policy_file;
use super::source::{Places, place};
use super::written::{named, rule, severity};
use super::{ConfigError, FetchSettings, Period, RevocationSettings, RouteSettings, Source, paths, settings};
use crate::model::{Depth, Exclusion, Purpose, Rule, Scope, Severity, StartTlsChoice, Thresholds, Transport};
use crate::x509::Fingerprint;

const BUILT_IN: [(&str, &str); 5] = [
    ("quick", include_str!("../../scan-profiles/quick.toml")),
    ("web", include_str!("../../scan-profiles/web.toml")),
    ("internal", include_str!("../../scan-profiles/internal.toml")),
    ("mail", include_str!("../../scan-profiles/mail.toml")),
    ("deep", include_str!("../../scan-profiles/deep.toml")),
];

/// A profile as read; see `scan-profiles/internal.toml` for every key.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Profile {
    /// The file's name without `.toml`; findings belong to it.
    #[serde(skip)]
    pub name: String,
    /// SHA-256 of the file.
    #[serde(skip)]
    pub sha256: Option<Fingerprint>,
    /// What [`Profile::load`] takes to read it again, wherever it is called: the file's path, or a built-in name.
    #[serde(skip)]
    pub source: String,
    pub description: String,
    pub targets: Vec<String>,
    pub target_files: Vec<PathBuf>,
    pub ports: Option<String>,
    pub server_names: Vec<String>,
    pub ptr_names: bool,
    #[serde(deserialize_with = "exclusions")]
    pub exclude: Vec<Exclusion>,
    pub exclude_files: Vec<PathBuf>,
    #[serde(deserialize_with = "depth")]
    pub depth: Option<Depth>,
    #[serde(deserialize_with = "starttls")]
    pub starttls: Option<StartTlsChoice>,
    #[serde(deserialize_with = "transports")]
    pub transports: Option<Vec<Transport>>,
    pub trust: Option<Vec<String>>,
    /// Policies to judge under, beside the built-in one: names, or paths from this file's folder.
    pub policies: Vec<String>,
    pub resolver: Option<std::net::SocketAddr>,
    /// How often it is run.
    pub every: Option<Period>,
    #[serde(deserialize_with = "fail_on")]
    pub fail_on: Option<FailOn>,
    pub pace: PaceSettings,
    pub probe: ProbeChoices,
    pub deep: DeepChoices,
    pub revocation: RevocationSettings,
    pub fetch: FetchSettings,
    pub owner: Vec<OwnerRule>,
    pub severity: Vec<SeverityRule>,
    /// Tried before those of the settings; none is a default.
    pub route: Vec<RouteSettings>,
    /// Hooks of the settings that may run for this profile; `None`: all. What they run stands in the settings only.
    pub hooks: Option<Vec<String>>,
    /// Steps of expiry, from `[expiry]` or the defaults.
    #[serde(deserialize_with = "read_apart")]
    pub expiry: Thresholds,
    /// Where the names stand that [`super::Settings::check_profile`] looks up.
    #[serde(skip)]
    pub(crate) places: NamePlaces,
}

/// Lines of a profile, from 1.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct NamePlaces {
    pub(crate) path: PathBuf,
    pub(crate) hooks: Vec<usize>,
    pub(crate) routes: Vec<usize>,
}

/// From which severity on a scan fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailOn {
    Never,
    AtLeast(Severity),
}

impl FailOn {
    /// Whether `worst` makes the scan fail.
    pub fn fails(self, worst: Option<Severity>) -> bool {
        match self {
            Self::Never => false,
            Self::AtLeast(limit) => worst.is_some_and(|worst| worst >= limit),
        }
    }
}

impl std::str::FromStr for FailOn {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "none" {
            return Ok(Self::Never);
        }
        Severity::from_name(text)
            .map(Self::AtLeast)
            .ok_or_else(|| "expected info, low, medium, high, critical or none".to_owned())
    }
}

/// `[pace]`: `None` leaves the default.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PaceSettings {
    pub rate: Option<Rate>,
    pub concurrency: Option<std::num::NonZeroUsize>,
    pub per_host_in_flight: Option<std::num::NonZeroUsize>,
    pub per_host_rate: Option<std::num::NonZeroU32>,
    pub per_network_rate: Option<std::num::NonZeroU32>,
    pub connect_timeout: Option<HumanDuration>,
    pub total_timeout: Option<HumanDuration>,
    pub retries: Option<u32>,
    pub second_look: Option<HumanDuration>,
}

/// New connections a second, or no limit at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rate {
    PerSecond(std::num::NonZeroU32),
    Max,
}

impl std::str::FromStr for Rate {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "max" => Ok(Self::Max),
            number => number
                .parse()
                .map(Self::PerSecond)
                .map_err(|_| "expected connections a second (1 or more), or `max`".to_owned()),
        }
    }
}

impl<'de> Deserialize<'de> for Rate {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged, expecting = "expected connections a second (1 or more), or \"max\"")]
        enum Written {
            Number(std::num::NonZeroU32),
            Word(String),
        }
        match Written::deserialize(deserializer)? {
            Written::Number(number) => Ok(Self::PerSecond(number)),
            Written::Word(word) => word.parse().map_err(serde::de::Error::custom),
        }
    }
}

/// `[probe]`: `None` leaves the default.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ProbeChoices {
    pub key_shares: Option<KeyShareChoice>,
    pub leave: Option<LeaveChoice>,
    /// Ask every server whether it takes a post-quantum group.
    pub post_quantum: Option<bool>,
}

/// `[deep]`: what deep inspection looks at.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DeepChoices {
    #[serde(deserialize_with = "scope")]
    pub enumerate: Option<Scope>,
    /// What is looked at; `None`: all there is.
    #[serde(deserialize_with = "parts")]
    pub parts: Option<Vec<Purpose>>,
}

/// How the sweep's key shares are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum KeyShareChoice {
    BasePoint,
    Fresh,
}

/// How the sweep leaves a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LeaveChoice {
    Polite,
    Reset,
}

/// `[[severity]]`: a severity of one's own, where every condition given holds.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SeverityRule {
    #[serde(deserialize_with = "rule")]
    pub rule: Rule,
    #[serde(default)]
    pub tag: Option<String>,
    #[serde(default)]
    pub owner: Option<String>,
    #[serde(default)]
    pub network: Option<Network>,
    #[serde(deserialize_with = "severity")]
    pub severity: Severity,
}

impl Profile {
    /// Names of the built-in profiles.
    pub fn built_in_names() -> Vec<&'static str> {
        BUILT_IN.iter().map(|(name, _)| *name).collect()
    }

    /// Loads a profile by path (it has a slash or ends in `.toml`), else by name: first from `profiles/` in the
    /// settings directory, then from those built in.
    ///
    /// # Errors
    /// The file cannot be read, the name is not known, or a key is unknown or wrong.
    pub fn load(name: &str) -> Result<Self, ConfigError> {
        if name.contains(std::path::MAIN_SEPARATOR) || name.ends_with(".toml") {
            return Self::read(Path::new(name));
        }
        if let Some(folder) = paths::settings_directory() {
            let path = folder.join(paths::PROFILES).join(format!("{name}.toml"));
            if path.exists() {
                return Self::read(&path);
            }
        }
        match BUILT_IN.iter().find(|(built_in, _)| *built_in == name) {
            Some((name, text)) => Self::parse(&PathBuf::from(format!("{name}.toml")), text),
            None => Err(ConfigError::UnknownProfile {
                name: crate::text::escape_for_terminal(name),
                built_in: Self::built_in_names(),
            }),
        }
    }

    fn read(path: &Path) -> Result<Self, ConfigError> {
        let mut profile = Self::parse(path, &super::read_file(path)?)?;
        profile.source =
            std::path::absolute(path).unwrap_or_else(|_| path.to_owned()).to_string_lossy().into_owned();
        if let Some(folder) = path.parent() {
            for file in profile.target_files.iter_mut().chain(&mut profile.exclude_files) {
                *file = folder.join(&*file);
            }
            for store in profile.trust.iter_mut().flatten().filter(|store| !is_named_store(store)) {
                *store = folder.join(&*store).to_string_lossy().into_owned();
            }
            for policy in profile.policies.iter_mut().filter(|policy| is_policy_file(policy)) {
                *policy = folder.join(&*policy).to_string_lossy().into_owned();
            }
        }
        Ok(profile)
    }

    fn parse(path: &Path, text: &str) -> Result<Self, ConfigError> {
        let source = Source { path, text };
        let places: Places = source.parse()?;
        let mut profile: Self = source.parse()?;
        profile.expiry = places.expiry.check(&source)?;
        check_routes(&profile.route, &places, &source)?;
        profile.places = NamePlaces {
            path: path.to_owned(),
            hooks: places.hooks.iter().map(|name| source.line(&name.span())).collect(),
            routes: (0..profile.route.len())
                .map(|index| source.line(&place(&places.route, index, "name")))
                .collect(),
        };
        profile.name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        profile.sha256 = Some(Fingerprint::of(text.as_bytes()));
        profile.source.clone_from(&profile.name);
        Ok(profile)
    }
}

/// A profile's routes hold for this profile, and the settings' default stays the only one.
fn check_routes(routes: &[RouteSettings], places: &Places, source: &Source<'_>) -> Result<(), ConfigError> {
    settings::check_routes(routes, places, source)?;
    for (index, route) in routes.iter().enumerate() {
        let wrong = |key, message| Err(source.error(place(&places.route, index, key), message));
        if route.is_default {
            return wrong("default", "the default route stands in the settings file; leave out `default`");
        }
        if route.profile.is_some() {
            return wrong("profile", "a route of a profile holds for this profile; leave out `profile`");
        }
    }
    Ok(())
}

/// `[expiry]` is read with its places, see [`super::expiry::Written`].
fn read_apart<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Thresholds, D::Error> {
    serde::de::IgnoredAny::deserialize(deserializer).map(|_| Thresholds::default())
}

/// A trust store that has a name of its own, and is not a file.
fn is_named_store(store: &str) -> bool {
    matches!(store, "mozilla" | "system")
}

fn depth<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Depth>, D::Error> {
    named(deserializer, Depth::from_name, "sweep, standard or deep").map(Some)
}

fn parts<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<Purpose>>, D::Error> {
    let names: Vec<String> = Deserialize::deserialize(deserializer)?;
    let expected = Purpose::CHOICES.map(Purpose::name).join(", ");
    let read = |name: &String| {
        let found = Purpose::CHOICES.into_iter().find(|purpose| purpose.name() == name);
        found.ok_or_else(|| serde::de::Error::custom(format!("`{name}`: expected some of {expected}")))
    };
    names.iter().map(read).collect::<Result<_, _>>().map(Some)
}

fn scope<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Scope>, D::Error> {
    named(deserializer, Scope::from_name, "everything or forbidden").map(Some)
}

fn starttls<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<StartTlsChoice>, D::Error> {
    named(deserializer, StartTlsChoice::from_name, &StartTlsChoice::expected()).map(Some)
}

fn transports<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<Transport>>, D::Error> {
    let names = Vec::<String>::deserialize(deserializer)?;
    let read =
        |name: &String| name.parse().map_err(|why| serde::de::Error::custom(format!("`{name}`: {why}")));
    let transports = names.iter().map(read).collect::<Result<Vec<Transport>, D::Error>>()?;
    if transports.is_empty() {
        return Err(serde::de::Error::custom("expected one of tcp, quic and dtls, or more"));
    }
    Ok(Some(transports))
}

fn fail_on<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<FailOn>, D::Error> {
    named(deserializer, |text| text.parse().ok(), "info, low, medium, high, critical or none").map(Some)
}

fn exclusions<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Vec<Exclusion>, D::Error> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Full {
        what: String,
        reason: Option<String>,
    }
    #[derive(Deserialize)]
    #[serde(untagged, expecting = "expected \"10.0.0.0/24\" or { what = \"10.0.0.0/24\", reason = \"…\" }")]
    enum Written {
        Short(String),
        Full(Full),
    }
    let written = Vec::<Written>::deserialize(deserializer)?;
    let read = |entry| match entry {
        Written::Short(what) => Exclusion { what, reason: None },
        Written::Full(full) => Exclusion { what: full.what, reason: full.reason },
    };
    Ok(written.into_iter().map(read).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Profile, ConfigError> {
        Profile::parse(Path::new("own.toml"), text)
    }

    #[test]
    fn every_profile_that_ships_is_read() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scan-profiles");
        let mut files = 0;
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let from_file = Profile::read(&path).unwrap();
            assert_eq!(Profile::load(&from_file.name).unwrap().sha256, from_file.sha256);
            files += 1;
        }
        assert_eq!(files, BUILT_IN.len());
    }

    #[test]
    fn commented_examples_are_true() {
        let internal = BUILT_IN[2].1;
        let uncommented = internal
            .lines()
            .map(|line| match line.trim_start().strip_prefix("# ") {
                Some(code)
                    if code.starts_with("[[") || code.contains(" = ") || code.starts_with("{ what") =>
                {
                    code
                }
                _ => line,
            })
            .collect::<Vec<_>>()
            .join("\n");
        let profile = parse(&uncommented).unwrap();
        assert_eq!(profile.owner.len(), 1);
        assert_eq!(profile.severity.len(), 1);
        assert_eq!(profile.exclude[0].reason.as_deref(), Some("fragile printers"));
        assert!(profile.resolver.is_some());
        assert_eq!(profile.hooks.as_deref(), Some(&["certbot".to_owned()][..]));
        assert_eq!((profile.route.len(), profile.expiry), (1, Thresholds::default()));
    }

    #[test]
    fn a_wrong_key_or_value_names_its_line() {
        for (text, expected) in [
            ("ports = \"443\"\nprots = \"1\"\n", "own.toml:2: unknown field `prots`"),
            ("depth = \"deepest\"", "own.toml:1: `deepest`: expected sweep, standard or deep"),
            ("[deep]\nenumerate = \"some\"", "own.toml:2: `some`: expected everything or forbidden"),
            ("starttls = \"gopher\"", "own.toml:1: `gopher`: expected auto, none or one of smtp, lmtp, imap"),
            ("transports = [\"tcp\", \"carrier\"]", "own.toml:1: `carrier`: expected tcp, quic or dtls"),
            ("transports = []", "own.toml:1: expected one of tcp, quic and dtls"),
            ("[pace]\nrate = 0", "own.toml:2: expected connections a second"),
            ("[pace]\nconnect_timeout = \"soon\"", "`soon` is not a duration"),
            ("[[severity]]\nrule = \"x\"\nseverity = \"low\"", "expected a rule's id"),
            ("fail_on = \"bad\"", "expected info"),
            ("a = = 1", "own.toml:1:"),
        ] {
            let error = parse(text).unwrap_err().to_string();
            assert!(error.contains(expected), "{text}: {error}");
            assert_eq!(error.lines().count(), 1, "{error}");
        }
        let unknown = Profile::load("nosuch").unwrap_err().to_string();
        assert!(unknown.contains("built in are quick, web, internal, mail, deep"), "{unknown}");
    }

    #[test]
    fn relative_files_start_at_the_profile() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("own.toml");
        std::fs::write(&path, "target_files = [\"hosts.txt\"]\nexclude = [\"10.0.0.0/24\"]\ntrust = [\"mozilla\", \"ca.pem\"]\n").unwrap();
        let profile = Profile::load(path.to_str().unwrap()).unwrap();
        assert_eq!(profile.target_files, [folder.path().join("hosts.txt")]);
        assert_eq!(profile.exclude, [Exclusion { what: "10.0.0.0/24".into(), reason: None }]);
        assert_eq!(
            profile.trust.unwrap(),
            ["mozilla".into(), folder.path().join("ca.pem").display().to_string()]
        );
        assert_eq!(profile.source, path.to_string_lossy());
        assert_eq!(profile.name, "own");
    }
}
