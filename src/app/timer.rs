//! Units for systemd that scan by a profile and send what waits: text, printed and never installed.
//!
//! Quoting as in systemd.syntax(7) and systemd.service(5). Never holds a secret.

use std::path::{Path, PathBuf};

use super::AppError;
use super::parts::{Parts, for_shell, rooted};
use crate::config::{Profile, SecretSource, Settings};

/// What the units are for.
#[derive(Debug, Clone, Default)]
pub struct TimerRequest {
    /// As the command line named it.
    pub profile: Profile,
    /// Units of the user's own manager, instead of the system's.
    pub for_user: bool,
    /// The program to run; `None`: this one.
    pub binary: Option<PathBuf>,
}

/// The units, and what a person should know about them.
#[derive(Debug)]
pub struct TimerUnits {
    pub text: String,
    pub notes: Vec<String>,
}

/// Open files allowed: connections in flight, the store and the rest.
const OPEN_FILES: u32 = 65_536;

/// Prints the units of a profile.
///
/// # Errors
/// The profile has no targets or no `every`, it names something that the settings do not have, or a path cannot stand
/// in a unit.
pub fn timer_units(parts: &Parts, request: &TimerRequest) -> Result<TimerUnits, AppError> {
    let profile = &request.profile;
    let settings = &parts.settings;
    settings.check_profile(profile)?;
    let usage = |message: String| Err(AppError::Usage(message));
    let Some(every) = profile.every else {
        return usage(format!("{}: says not how often; add `every = \"1d\"`", profile.source));
    };
    if profile.targets.is_empty() && profile.target_files.is_empty() {
        return usage(format!("{}: has no targets; a timer names none", profile.source));
    }
    let binary = match &request.binary {
        Some(binary) => rooted(binary),
        None => std::env::current_exe().map_err(|error| {
            AppError::Usage(format!("this program's place is not known: {error}; give --binary PATH"))
        })?,
    };
    let units = Units {
        binary,
        store: rooted(parts.kept_store()?),
        config: settings.file.as_deref().map(rooted),
        name: unit_name(&profile.name),
        profile,
        settings,
        seconds: every.seconds(),
        for_user: request.for_user,
        user: Some(parts.actor.strip_prefix("uid ").unwrap_or(&parts.actor)).filter(|user| *user != "root"),
    };
    Ok(TimerUnits { text: units.text()?, notes: units.notes() })
}

struct Units<'a> {
    binary: PathBuf,
    store: PathBuf,
    config: Option<PathBuf>,
    /// What the units are called.
    name: String,
    profile: &'a Profile,
    settings: &'a Settings,
    seconds: i64,
    for_user: bool,
    /// Whose record it is; `None`: root's.
    user: Option<&'a str>,
}

impl Units<'_> {
    fn text(&self) -> Result<String, AppError> {
        let scan = format!("certvigil-scan-{}", self.name);
        let files = [
            (format!("{scan}.service"), self.scan_service()?),
            (format!("{scan}.timer"), self.scan_timer()),
            ("certvigil-outbox.service".to_owned(), self.outbox_service()?),
            ("certvigil-outbox.timer".to_owned(), OUTBOX_TIMER.to_owned()),
        ];
        let mut text = self.instructions(&scan);
        for (file, unit) in files {
            text.push_str(&format!("\n# FILE {file}\n{unit}"));
        }
        Ok(text)
    }

    /// How to install what follows; each part begins with the line that names its file.
    fn instructions(&self, scan: &str) -> String {
        let (manager, folder) = match self.for_user {
            true => ("systemctl --user", "\"${XDG_CONFIG_HOME:-$HOME/.config}/systemd/user\""),
            false => ("systemctl", "/etc/systemd/system"),
        };
        let root = if self.for_user || self.user.is_none() { "" } else { "sudo " };
        let folder_of_store = for_shell(&self.store_folder().to_string_lossy());
        // A timer's command line is printed again, so that it can be piped.
        let mut again = format!("certvigil extras timer --profile {}", for_shell(&self.profile.source));
        if let Some(config) = &self.config {
            again.push_str(&format!(" --config {}", for_shell(&config.to_string_lossy())));
        }
        again.push_str(&format!(" --store {}", for_shell(&self.store.to_string_lossy())));
        if self.for_user {
            again.push_str(" --user");
        }
        again.push_str(&format!(" --binary {}", for_shell(&self.binary.to_string_lossy())));
        let mut lines = vec![
            "# Units for systemd: each of the four parts goes to a file of its own, named in its `# FILE` line. These"
                .to_owned(),
            "# commands put them there and start the timers:".to_owned(),
            "#".to_owned(),
            match self.for_user {
                true => format!("#   mkdir -p {folder} {folder_of_store}"),
                false => format!("#   mkdir -p {folder_of_store}"),
            },
            format!("#   {again} |"),
            format!("#     (cd {folder} && {root}awk '/^# FILE /{{file = $3}} file {{print > file}}')"),
            format!("#   {root}{manager} daemon-reload"),
            format!("#   {root}{manager} enable --now {} certvigil-outbox.timer", for_shell(&format!("{scan}.timer"))),
        ];
        if self.for_user {
            lines.push(
                "#   loginctl enable-linger    # so that the timers run while you are logged out".to_owned(),
            );
        }
        lines.iter().map(|line| format!("{line}\n")).collect()
    }

    fn scan_service(&self) -> Result<String, AppError> {
        let what = escaped(&self.profile.name).replace('%', "%%");
        let profile = ["scan", "--profile", &self.profile.source, "--no-progress"];
        self.service(&format!("Certvigil: scan of profile {what}"), &profile)
    }

    fn outbox_service(&self) -> Result<String, AppError> {
        self.service("Certvigil: mail and hooks that wait", &["notify", "outbox", "flush", "--due"])
    }

    fn service(&self, description: &str, arguments: &[&str]) -> Result<String, AppError> {
        let mut command = vec![quoted(&self.binary.to_string_lossy(), Word::Program)?];
        for argument in arguments {
            command.push(quoted(argument, Word::Argument)?);
        }
        let mut lines = vec!["[Unit]".to_owned(), format!("Description={description}")];
        if !self.for_user {
            lines.extend(["Wants=network-online.target", "After=network-online.target"].map(str::to_owned));
        }
        lines.extend(["", "[Service]", "Type=oneshot"].map(str::to_owned));
        if let Some(user) = self.user.filter(|_| !self.for_user) {
            lines.push(format!("User={}", quoted(user, Word::Setting)?));
        }
        lines.push(format!("ExecStart={}", command.join(" ")));
        lines.extend(self.environment()?);
        lines.extend([
            "# Findings at or above the profile's limit (exit code 1) are a result, not a failure of this unit.",
            "SuccessExitStatus=1",
            "# The record keeps the report: `certvigil report` shows it. What went wrong is in the journal.",
            "StandardOutput=null",
            "UMask=0077",
        ].map(str::to_owned));
        lines.push(format!("LimitNOFILE={OPEN_FILES}"));
        lines.extend(self.hardening()?);
        Ok(lines.iter().map(|line| format!("{line}\n")).collect())
    }

    /// A service has no home directory to look in.
    fn environment(&self) -> Result<Vec<String>, AppError> {
        let variable = |name: &str, path: &Path| {
            quoted(&format!("{name}={}", path.display()), Word::Setting)
                .map(|word| format!("Environment={word}"))
        };
        let mut lines = vec![variable("CERTVIGIL_STORE", &self.store)?];
        if let Some(config) = &self.config {
            lines.push(variable("CERTVIGIL_CONFIG", config)?);
        }
        if let Some(name) = self.secret_variable() {
            lines.push(format!("# {name} comes from a file that only this unit's user can read:"));
            lines.push("# EnvironmentFile=/etc/certvigil/environment".to_owned());
        }
        Ok(lines)
    }

    fn secret_variable(&self) -> Option<&str> {
        match &self.settings.mail.as_ref()?.login.as_ref()?.password {
            SecretSource::Environment(name) => Some(name),
            SecretSource::File(_) => None,
        }
    }

    fn hardening(&self) -> Result<Vec<String>, AppError> {
        let mut lines: Vec<String> = [
            "NoNewPrivileges=yes",
            "RestrictSUIDSGID=yes",
            "RestrictRealtime=yes",
            "LockPersonality=yes",
            "SystemCallArchitectures=native",
        ]
        .map(str::to_owned)
        .into();
        if self.for_user {
            // These need namespaces, which many systems do not let users make: the unit would not start.
            return Ok(lines);
        }
        lines.extend(
            [
                "PrivateTmp=yes",
                "PrivateDevices=yes",
                "ProtectHome=read-only",
                "ProtectKernelTunables=yes",
                "ProtectKernelModules=yes",
                "ProtectControlGroups=yes",
                "RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX AF_NETLINK",
                "# The whole system is read-only, but for the record.",
                "ProtectSystem=strict",
            ]
            .map(str::to_owned),
        );
        match self.state_directory() {
            Some(name) => {
                lines.extend([format!("StateDirectory={name}"), "StateDirectoryMode=0700".to_owned()])
            }
            None => {
                let folder = self.store_folder().to_string_lossy();
                lines.push(format!("ReadWritePaths={}", quoted(&folder, Word::Path)?));
            }
        }
        if !self.settings.hook.is_empty() {
            let names: Vec<&str> = self.settings.hook.iter().map(|hook| hook.name.as_str()).collect();
            lines.push(format!(
                "# Hooks run in this unit: {}. Name what they write, e.g. for certbot:",
                names.join(", ")
            ));
            lines.push(
                "# ReadWritePaths=/etc/letsencrypt /var/lib/letsencrypt /var/log/letsencrypt".to_owned(),
            );
        }
        Ok(lines)
    }

    fn store_folder(&self) -> &Path {
        self.store.parent().unwrap_or(Path::new("/"))
    }

    /// The record's folder below `/var/lib`, which systemd makes by itself.
    fn state_directory(&self) -> Option<&str> {
        let name = self.store_folder().strip_prefix("/var/lib").ok()?.to_str()?;
        let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        (!name.is_empty() && !name.starts_with('.') && name.chars().all(is_plain)).then_some(name)
    }

    fn scan_timer(&self) -> String {
        let what = escaped(&self.profile.name).replace('%', "%%");
        let when = match calendar(self.seconds) {
            // A run that was missed, because the machine was off, is made up for.
            Some(calendar) => format!("OnCalendar={calendar}\nPersistent=true"),
            None => format!("OnActiveSec=1min\nOnUnitActiveSec={}s", self.seconds),
        };
        let delay = (self.seconds / 20).clamp(1, 1_800);
        format!(
            "[Unit]\nDescription=Certvigil: when profile {what} is scanned\n\n[Timer]\n{when}\n\
             # Not all machines at once; on this one always by the same delay, so that the times between runs stay \
             even.\nRandomizedDelaySec={delay}s\nFixedRandomDelay=true\nAccuracySec=1s\n\n\
             [Install]\nWantedBy=timers.target\n"
        )
    }

    fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        if self.settings.mail.is_none() {
            notes.push("the settings have no [mail]: the timer scans, and nobody is told".to_owned());
        }
        if let Some(name) = self.secret_variable() {
            notes.push(format!("the units do not know {name}: see EnvironmentFile in them"));
        }
        if !self.for_user && !self.settings.hook.is_empty() {
            notes.push("hooks run in a read-only system: see ReadWritePaths in the units".to_owned());
        }
        notes
    }
}

const OUTBOX_TIMER: &str = "\
[Unit]
Description=Certvigil: when mail and hooks that wait are tried again

[Timer]
OnCalendar=*:0/15
RandomizedDelaySec=60s
AccuracySec=1s

[Install]
WantedBy=timers.target
";

/// A calendar that comes round every `seconds`; `None` where no even one does (systemd.time(7)).
fn calendar(seconds: i64) -> Option<String> {
    const HOUR: i64 = 3_600;
    match seconds {
        604_800 => Some("weekly".to_owned()),
        86_400 => Some("daily".to_owned()),
        HOUR => Some("hourly".to_owned()),
        _ if seconds % HOUR == 0 && 86_400 % seconds == 0 => Some(format!("0/{}:00:00", seconds / HOUR)),
        _ if seconds % 60 == 0 && HOUR % seconds == 0 => Some(format!("*:0/{}", seconds / 60)),
        _ => None,
    }
}

/// Where a word stands in a unit; each place has its own signs with a meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Word {
    /// The first word of a command: no variable is put in.
    Program,
    /// A further word: `$` starts a variable.
    Argument,
    Setting,
    /// Backslashes are not taken away again.
    Path,
}

/// One word of a unit's line.
fn quoted(text: &str, word: Word) -> Result<String, AppError> {
    let cannot = |what: &str| {
        let text = crate::text::escape_for_terminal(text);
        AppError::Usage(format!("`{text}`: {what} cannot stand in a unit; name another place"))
    };
    if text.chars().any(|c| c.is_control() || c == '\u{fffd}') {
        return Err(cannot("a control character or what is not UTF-8"));
    }
    if word == Word::Path && text.contains(['"', '\'', '\\']) {
        return Err(cannot("a quote or backslash"));
    }
    let is_plain =
        |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '.' | '_' | '-' | '+' | ',' | '=' | ':');
    if !text.is_empty() && text.chars().all(is_plain) {
        return Ok(text.to_owned());
    }
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '%' => out.push_str("%%"),
            '$' if word == Word::Argument => out.push_str("$$"),
            '"' | '\\' => out.extend(['\\', c]),
            c => out.push(c),
        }
    }
    out.push('"');
    Ok(out)
}

/// A profile's name as part of a unit's name: what has no place there is written as `\xNN` (systemd-escape(1)).
fn unit_name(profile: &str) -> String {
    let mut name = String::new();
    for byte in profile.bytes() {
        match byte {
            b if b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b':' | b'-') => {
                name.push(char::from(b))
            }
            b => name.push_str(&format!("\\x{b:02x}")),
        }
    }
    name
}

fn escaped(text: &str) -> String {
    crate::text::escape_for_terminal(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_period_is_a_calendar_where_it_comes_round_evenly() {
        for (seconds, expected) in [
            (604_800, Some("weekly")),
            (86_400, Some("daily")),
            (43_200, Some("0/12:00:00")),
            (3_600, Some("hourly")),
            (900, Some("*:0/15")),
            (60, Some("*:0/1")),
            (5_400, None),
            (172_800, None),
            (90, None),
        ] {
            assert_eq!(calendar(seconds).as_deref(), expected, "{seconds}");
        }
    }

    #[test]
    fn words_mean_themselves() {
        let word = |text: &str, word| quoted(text, word).unwrap();
        assert_eq!(word("/usr/bin/certvigil", Word::Program), "/usr/bin/certvigil");
        assert_eq!(word("/a b/100%/$x", Word::Program), "\"/a b/100%%/$x\"");
        assert_eq!(word("/a b/100%/$x\"\\", Word::Argument), "\"/a b/100%%/$$x\\\"\\\\\"");
        assert_eq!(word("A=/a $b", Word::Setting), "\"A=/a $b\"");
        assert_eq!(word("", Word::Argument), "\"\"");
        assert!(quoted("/a\nExecStart=/bin/sh", Word::Argument).is_err());
        assert!(quoted("/a\"b", Word::Path).is_err());
        assert_eq!(unit_name("my scan/1"), "my\\x20scan\\x2f1");
    }
}
