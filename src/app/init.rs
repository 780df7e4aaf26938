//! Init: a first settings file, and a profile from what a first scan of the targets found.
//!
//! Never overwrites a file, sends nothing, and opens no finding: the scan has no profile. What hosts and certificates
//! say stands in comments only, where it cannot end its line.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use super::AppError;
use super::parts::{for_shell, rooted};
use super::request::ScanRequest;
use super::scan::Finished;
use crate::config::template::{comment, quoted, settings_text};
use crate::config::{Profile, paths};
use crate::discover::{Place, PortSet, Target};
use crate::model::{Rule, ServerName, Severity};
use crate::report::counted;
use crate::wire::v1::EndpointView;

/// What to begin with.
#[derive(Debug, Clone, Default)]
pub struct InitRequest {
    pub targets: Vec<String>,
    /// Ports to try at targets that name none; `None`: those of the built-in profile `internal`.
    pub ports: Option<String>,
    /// Who gets the mail.
    pub to: Option<String>,
    /// Name of the profile.
    pub profile: String,
    /// The settings file to write; `None`: where the platform has it.
    pub file: Option<PathBuf>,
    /// The store that only this command knows.
    pub store: Option<PathBuf>,
}

/// An initialisation with its places checked; nothing is written yet.
#[derive(Debug)]
pub struct Init {
    request: InitRequest,
    settings: PathBuf,
    /// There already, and left as it is.
    keeps_settings: bool,
    profile: PathBuf,
    ports: PortSet,
}

/// What was written, and what to do next.
#[derive(Debug, Default)]
pub struct Initialised {
    /// A sentence for each file.
    pub written: Vec<String>,
    pub next: Vec<String>,
}

/// Keys that somebody may want next.
const MORE_KEYS: &str = "
# What to leave alone, with a reason that the report repeats.
# exclude = [{ what = \"10.20.0.0/16\", reason = \"fragile printers\" }]

# Exit with 1 when a finding is at least this bad: info, low, medium, high, critical or none.
# fail_on = \"high\"

# Hooks of the settings file that may run for this profile; without this key all of them.
# hooks = [\"certbot\"]
";

/// Names that are listed in comments; more would bury them.
const LISTED: usize = 10;

impl Init {
    /// Checks what is asked, and that nothing is in the way.
    ///
    /// # Errors
    /// A file is there already, a target, a port, the address or the profile's name cannot be used, or no home
    /// directory is known.
    pub fn new(mut request: InitRequest) -> Result<Self, AppError> {
        let settings = match &request.file {
            Some(file) => rooted(file),
            None => paths::settings_directory()
                .ok_or_else(|| {
                    AppError::Usage("no home directory is known; give --directory DIR".to_owned())
                })?
                .join(paths::SETTINGS_FILE),
        };
        let name = &request.profile;
        if name.is_empty()
            || name.starts_with('.')
            // `--profile` would take it for a file.
            || name.ends_with(".toml")
            || !name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
        {
            return Err(AppError::Usage(
                "a profile's name has letters, digits, `-`, `_` and `.`, and not .toml at its end; give e.g. --profile \
                 main".to_owned(),
            ));
        }
        settings_text(request.to.as_deref()).map_err(AppError::Usage)?;
        for target in &mut request.targets {
            *target = lasting(target)?;
        }
        let ports = match &request.ports {
            Some(ports) => PortSet::parse(ports)?,
            None => PortSet::parse(Profile::load("internal")?.ports.as_deref().unwrap_or("443"))?,
        };
        let folder = settings.parent().unwrap_or(Path::new(""));
        let profile = folder.join(paths::PROFILES).join(format!("{name}.toml"));
        let keeps_settings = settings.exists() && !request.targets.is_empty() && request.to.is_none();
        if settings.exists() && !keeps_settings {
            return Err(is_there(&settings, "edit it, or name another place with --directory DIR"));
        }
        if !request.targets.is_empty() && profile.exists() {
            return Err(is_there(&profile, "edit it, or name another profile with --profile NAME"));
        }
        Ok(Self { request, settings, keeps_settings, profile, ports })
    }

    /// The first scan; `None` where no target is named.
    pub fn scan(&self) -> Option<ScanRequest> {
        (!self.request.targets.is_empty()).then(|| ScanRequest {
            targets: self.request.targets.clone(),
            ports: Some(self.ports.to_string()),
            ..ScanRequest::default()
        })
    }

    /// The settings file, where it is there already.
    pub fn kept_settings(&self) -> Option<&Path> {
        self.keeps_settings.then_some(self.settings.as_path())
    }

    /// Writes the settings, and the profile from what `first` found.
    ///
    /// # Errors
    /// A file has come in between, or cannot be written; or the record cannot be read.
    pub fn write(&self, first: Option<&Finished>) -> Result<Initialised, AppError> {
        let mut done = Initialised::default();
        let (text, guessed) = settings_text(self.request.to.as_deref()).map_err(AppError::Usage)?;
        let found = first.map(|finished| self.find(finished)).transpose()?;
        if self.keeps_settings {
            done.written.push(format!("{}: there already, left as it is", self.settings.display()));
        } else {
            write_new(&self.settings, &text, 0o600)?;
            done.written.push(format!("{}: every setting, documented", self.settings.display()));
        }
        if let Some(found) = &found {
            write_new(&self.profile, &self.profile_text(found), 0o644)?;
            done.written.push(format!("{}: {}", self.profile.display(), found.sentence()));
        }
        done.next = self.next(found.is_some(), guessed.as_deref());
        Ok(done)
    }

    fn find(&self, finished: &Finished) -> Result<Found, AppError> {
        let singles: Vec<Single> = self.request.targets.iter().filter_map(|text| Single::of(text)).collect();
        let mut found = Found { singles, certificates: finished.counts().certificates, ..Found::default() };
        finished.each_endpoint(|view| {
            found.add(view);
            Ok(())
        })?;
        Ok(found)
    }

    fn next(&self, with_profile: bool, guessed: Option<&str>) -> Vec<String> {
        let is_default = paths::settings_directory()
            .is_some_and(|folder| folder.join(paths::SETTINGS_FILE) == self.settings);
        let mut config = match is_default {
            true => String::new(),
            false => format!(" --config {}", for_shell(&self.settings.to_string_lossy())),
        };
        if let Some(store) = &self.request.store {
            config.push_str(&format!(" --store {}", for_shell(&store.to_string_lossy())));
        }
        let profile = match is_default {
            true => self.request.profile.clone(),
            false => for_shell(&self.profile.to_string_lossy()),
        };
        let settings = for_shell(&self.settings.to_string_lossy());
        let mut next = vec![match guessed {
            Some(server) => format!("edit {settings}: is {server} your mail server?"),
            None if self.keeps_settings => format!("look at [mail] in {settings}"),
            None => format!("edit {settings}: [mail] and the default [[route]]"),
        }];
        next.push(format!("certvigil notify test{config}"));
        if with_profile {
            next.push(format!("certvigil scan --profile {profile}{config}"));
            next.push(format!("certvigil extras timer --profile {profile}{config}"));
        } else {
            next.push("certvigil init TARGET… with your hosts and networks writes a profile, too".to_owned());
        }
        next
    }

    fn profile_text(&self, found: &Found) -> String {
        let mut text = String::new();
        let mut line = |line: &str| {
            text.push_str(line);
            text.push('\n');
        };
        line(&comment(&format!("{}: what certvigil init found and left to watch.", self.request.profile)));
        line("#");
        line(&comment(&found.sentence()));
        for (severity, count) in found.severities.iter().rev() {
            line(&comment(&format!("  {}: {count}", severity.name())));
        }
        if !found.worst.is_empty() {
            line("# The worst:");
        }
        for (severity, endpoint, title) in found.worst.iter().rev() {
            line(&comment(&format!("  {} {endpoint}: {title}", severity.name())));
        }
        line("");
        line("targets = [");
        for (target, is_silent) in found.targets(&self.request.targets) {
            let note = if is_silent { " # did not answer" } else { "" };
            line(&format!("  {},{note}", quoted(&target)));
        }
        line("]");
        line("");
        line(&comment(&format!("Ports for targets that name none. Tried were {}.", self.ports)));
        line(&format!("ports = {}", quoted(&found.ports())));
        line("");
        line("# How often `certvigil extras timer` runs it.");
        line("every = \"1d\"");
        text.push_str(MORE_KEYS);
        text.push_str(&found.trust_text());
        text.push_str(&found.owners_text());
        text
    }
}

/// A target with neither port nor network: it is tried on every port.
#[derive(Debug)]
struct Single {
    text: String,
    answered: BTreeSet<u16>,
}

impl Single {
    fn of(text: &str) -> Option<Self> {
        match Target::parse(text) {
            Ok(Target::Single { port: None, .. }) => {
                Some(Self { text: text.to_owned(), answered: BTreeSet::new() })
            }
            _ => None,
        }
    }
}

/// What the first scan found.
#[derive(Debug, Default)]
struct Found {
    singles: Vec<Single>,
    endpoints: u64,
    certificates: u64,
    /// Of targets that name no port.
    ports: BTreeSet<u16>,
    severities: BTreeMap<Severity, u64>,
    /// At most [`LISTED`], the worst last.
    worst: BTreeSet<(Severity, String, String)>,
    /// Issuers that no trust store knows, as they call themselves.
    issuers: BTreeSet<String>,
    domains: BTreeSet<String>,
}

impl Found {
    fn add(&mut self, view: &EndpointView<'_>) {
        let observation = view.observation;
        let Some(presented) = observation.outcome.presented() else { return };
        self.endpoints += 1;
        if let Some(port) = observation.endpoint.socket_address().map(|address| address.port()) {
            self.learn_port(&observation.target, port);
        }
        for finding in view.findings {
            let (severity, rule) = (finding.verdict.severity, finding.verdict.rule);
            *self.severities.entry(severity).or_default() += 1;
            if severity >= Severity::Medium {
                self.worst.insert((severity, observation.endpoint.label(), finding.verdict.title.clone()));
            }
            while self.worst.len() > LISTED {
                self.worst.pop_first();
            }
            if matches!(rule, Rule::UnknownIssuer | Rule::SelfSigned)
                && self.issuers.len() < LISTED
                && let Some(last) = presented.certificates.last()
            {
                self.issuers.insert(last.issuer.text.terminal());
            }
        }
        let names = presented.end_entity().and_then(|certificate| certificate.san.as_ref());
        let names = names.into_iter().flat_map(|san| san.dns.iter().map(crate::text::Untrusted::raw));
        for name in observation.endpoint.server_name.iter().map(ServerName::as_str).chain(names) {
            if self.domains.len() < LISTED {
                self.domains.extend(domain(name));
            }
        }
    }

    /// A target that names its port has it already.
    fn learn_port(&mut self, target: &str, port: u16) {
        if matches!(Target::parse(target), Ok(Target::Single { port: Some(_), .. })) {
            return;
        }
        self.ports.insert(port);
        for single in self.singles.iter_mut().filter(|single| single.text == target) {
            single.answered.insert(port);
        }
    }

    fn sentence(&self) -> String {
        let worst = self.severities.keys().next_back();
        let worst =
            worst.map_or_else(String::new, |worst| format!(", the worst finding is {}", worst.name()));
        let endpoints = counted(self.endpoints, "endpoint", "endpoints");
        let certificates = counted(self.certificates, "certificate", "certificates");
        format!("{endpoints} answered with {certificates}{worst}")
    }

    fn ports(&self) -> String {
        if self.ports.is_empty() {
            return "443".to_owned();
        }
        self.ports.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
    }

    /// The targets as they were given. One that did not answer on each of the ports says on which it did: a named
    /// target that is silent is a finding. The second value says that none was open.
    fn targets(&self, given: &[String]) -> Vec<(String, bool)> {
        let mut targets = Vec::new();
        for text in given {
            match self.singles.iter().find(|single| single.text == *text).map(|single| &single.answered) {
                Some(answered) if !answered.is_empty() && *answered != self.ports => {
                    targets.extend(answered.iter().map(|port| (with_port(text, *port), false)));
                }
                answered => targets.push((text.clone(), answered.is_some_and(BTreeSet::is_empty))),
            }
        }
        targets
    }

    fn trust_text(&self) -> String {
        if self.issuers.is_empty() {
            return String::new();
        }
        let mut text = "\n# Some chains end at issuers that neither Mozilla nor this system knows. Where that is your own \
                        authority,\n# name a PEM file with its root; a relative path starts at this file's folder. \
                        Seen were:\n"
            .to_owned();
        for issuer in &self.issuers {
            text.push_str(&comment(&format!("  {issuer}")));
            text.push('\n');
        }
        text.push_str("# trust = [\"mozilla\", \"system\", \"corporate-root.pem\"]\n");
        text
    }

    fn owners_text(&self) -> String {
        let mut text = "\n# Who looks after what: owners stand in mail and choose routes.\n".to_owned();
        for domain in &self.domains {
            // Writing to a string cannot fail. A domain is a host name, which has no sign that TOML knows.
            let _ = write!(
                text,
                "# [[owner]]\n# names = [\"{domain}\", \"*.{domain}\"]\n# owner = \"team of {domain}\"\n"
            );
        }
        if self.domains.is_empty() {
            text.push_str("# [[owner]]\n# networks = [\"10.1.0.0/16\"]\n# owner = \"team\"\n");
        }
        text
    }
}

/// The domain that a host is in: its name without the first label, where two are left.
fn domain(name: &str) -> Option<String> {
    let name = ServerName::parse(name.strip_prefix("*.").unwrap_or(name)).ok()?;
    match name.as_str().split_once('.') {
        Some((_, rest)) if rest.contains('.') => Some(rest.to_owned()),
        Some(_) => Some(name.to_string()),
        None => None,
    }
}

fn with_port(target: &str, port: u16) -> String {
    match Target::parse(target) {
        Ok(Target::Single { place: Place::Address(address), .. }) => {
            std::net::SocketAddr::new(address, port).to_string()
        }
        _ => format!("{}:{port}", target.trim_end_matches('.')),
    }
}

/// A target that means the same in a file, read from anywhere.
fn lasting(target: &str) -> Result<String, AppError> {
    if target == "-" {
        return Err(AppError::Usage(
            "a profile cannot read standard input; put the targets in a file and name it as @FILE".to_owned(),
        ));
    }
    Ok(match target.strip_prefix('@') {
        Some(file) => format!("@{}", rooted(Path::new(file)).display()),
        None => target.to_owned(),
    })
}

fn is_there(path: &Path, remedy: &str) -> AppError {
    AppError::File {
        path: path.to_owned(),
        message: format!("is there already and is not overwritten; {remedy}"),
    }
}

/// Writes a file that appears whole or not at all, and never in the place of another.
fn write_new(path: &Path, text: &str, mode: u32) -> Result<(), AppError> {
    let cannot = |error: std::io::Error| AppError::File {
        path: path.to_owned(),
        message: format!("cannot be written: {error}; name another place with --directory DIR"),
    };
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder).map_err(cannot)?;
    let mut builder = tempfile::Builder::new();
    builder.prefix(".certvigil-");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        builder.permissions(std::fs::Permissions::from_mode(mode));
    }
    #[cfg(not(unix))]
    let _ = mode;
    // The temporary name is of no use to anyone.
    let mut file = builder.tempfile_in(folder).map_err(|error| cannot(error.kind().into()))?;
    file.write_all(text.as_bytes()).and_then(|()| file.as_file().sync_all()).map_err(cannot)?;
    match file.persist_noclobber(path) {
        Ok(_) => Ok(()),
        Err(failed) if failed.error.kind() == std::io::ErrorKind::AlreadyExists => {
            Err(is_there(path, "edit it, or name another place with --directory DIR"))
        }
        Err(failed) => Err(cannot(failed.error)),
    }
}
