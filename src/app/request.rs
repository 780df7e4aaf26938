//! What a scan is asked to do: the command line over the profile over the defaults.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use super::AppError;
use crate::config::profile::{FailOn, KeyShareChoice, LeaveChoice, Rate};
use crate::config::{PaceSettings, Profile};
use crate::discover::{PortSet, Request};
use crate::model::{Depth, Exclusion, ServerName, Severity};
use crate::probe::{Pace, ProbeSettings};
use crate::tls::{KeyShares, Leave};

/// A scan as asked for; `None` leaves it to the profile, then to the default.
#[derive(Debug, Clone, Default)]
pub struct ScanRequest {
    pub profile: Option<Profile>,
    pub targets: Vec<String>,
    pub target_files: Vec<PathBuf>,
    pub ports: Option<String>,
    pub server_names: Vec<String>,
    pub exclude: Vec<String>,
    pub exclude_files: Vec<PathBuf>,
    pub depth: Option<Depth>,
    pub concurrency: Option<usize>,
    pub rate: Option<Rate>,
    pub timeout: Option<Duration>,
    pub trust: Vec<String>,
    pub resolver: Option<SocketAddr>,
    /// Go on with the interrupted scan of the same input.
    pub resume: bool,
    /// List dead addresses of ranges one by one.
    pub list_dead: bool,
    pub fail_on: Option<FailOn>,
    pub fail_on_new: Option<FailOn>,
    /// How long to wait for alerts to be sent.
    pub alert_wait: Option<Duration>,
}

impl ScanRequest {
    fn profile(&self) -> std::borrow::Cow<'_, Profile> {
        self.profile
            .as_ref()
            .map_or_else(|| std::borrow::Cow::Owned(Profile::default()), std::borrow::Cow::Borrowed)
    }

    /// What `discover/` plans from.
    pub(super) fn targets(&self) -> Result<Request, AppError> {
        let profile = self.profile();
        let mut targets = profile.targets.clone();
        targets.extend(self.targets.iter().cloned());
        let mut target_files = profile.target_files.clone();
        target_files.extend(self.target_files.iter().cloned());
        let mut exclude = profile.exclude.clone();
        exclude.extend(self.exclude.iter().map(|what| Exclusion { what: what.clone(), reason: None }));
        let mut exclude_files = profile.exclude_files.clone();
        exclude_files.extend(self.exclude_files.iter().cloned());
        if targets.is_empty() && target_files.is_empty() {
            return Err(AppError::NoTargets);
        }
        let ports = self.ports.as_deref().or(profile.ports.as_deref()).unwrap_or("443");
        let names = profile.server_names.iter().chain(&self.server_names);
        let server_names = names
            .map(|name| ServerName::parse(name).map_err(|why| AppError::bad_name(name, &why)))
            .collect::<Result<_, _>>()?;
        Ok(Request {
            targets,
            target_files,
            stdin: false,
            ports: PortSet::parse(ports)?,
            server_names,
            ptr_names: profile.ptr_names,
            exclude,
            exclude_files,
        })
    }

    pub(super) fn profile_name(&self) -> Option<&str> {
        self.profile.as_ref().map(|profile| profile.name.as_str())
    }

    pub(super) fn depth(&self) -> Depth {
        self.depth.or(self.profile().depth).unwrap_or(Depth::Standard)
    }

    pub(super) fn trust(&self) -> Vec<String> {
        if self.trust.is_empty() {
            self.profile().trust.clone().unwrap_or_default()
        } else {
            self.trust.clone()
        }
    }

    pub(super) fn resolver(&self) -> Option<SocketAddr> {
        self.resolver.or(self.profile().resolver)
    }

    /// Two minutes unless asked otherwise.
    pub(super) fn alert_wait(&self) -> Duration {
        self.alert_wait.unwrap_or(Duration::from_secs(120))
    }

    pub(super) fn probe_settings(&self) -> ProbeSettings {
        let profile = self.profile();
        let mut settings = ProbeSettings { depth: self.depth(), ..ProbeSettings::default() };
        if let Some(timeout) = profile.pace.connect_timeout {
            settings.connect_timeout = timeout.0;
        }
        if let Some(timeout) = profile.pace.total_timeout {
            settings.total_timeout = timeout.0;
        }
        if let Some(timeout) = self.timeout {
            settings.connect_timeout = timeout;
            settings.total_timeout = timeout.saturating_mul(3);
        }
        if let Some(retries) = profile.pace.retries {
            settings.retries = retries;
        }
        match profile.probe.key_shares {
            Some(KeyShareChoice::BasePoint) => settings.key_shares = KeyShares::BasePoint,
            Some(KeyShareChoice::Fresh) => settings.key_shares = KeyShares::Fresh,
            None => {}
        }
        match profile.probe.leave {
            Some(LeaveChoice::Polite) => settings.leave = Leave::Polite,
            Some(LeaveChoice::Reset) => settings.leave = Leave::Reset,
            None => {}
        }
        settings
    }

    /// Two seconds unless the profile says otherwise.
    pub(super) fn second_look_after(&self) -> Duration {
        self.profile().pace.second_look.map_or(Duration::from_secs(2), |after| after.0)
    }

    pub(super) fn pace(&self) -> Pace {
        let mut pace = Pace::default();
        let PaceSettings { rate, concurrency, per_host_in_flight, per_host_rate, per_network_rate, .. } =
            self.profile().pace;
        if let Some(limit) = per_host_rate {
            pace.per_host_rate = Some(limit.get());
        }
        if let Some(limit) = per_network_rate {
            pace.per_network_rate = Some(limit.get());
        }
        if let Some(limit) = per_host_in_flight {
            pace.per_host_in_flight = limit.get();
        }
        match self.rate.or(rate) {
            Some(Rate::PerSecond(limit)) => pace.rate = Some(limit.get()),
            Some(Rate::Max) => (pace.rate, pace.per_host_rate, pace.per_network_rate) = (None, None, None),
            None => {}
        }
        if let Some(limit) = self.concurrency.or(concurrency.map(std::num::NonZeroUsize::get)) {
            pace.concurrency = limit;
        }
        pace
    }

    /// Whether a scan with these findings fails. A limit for new findings takes the place of the usual one, unless
    /// both are given.
    pub fn fails(&self, worst: Option<Severity>, worst_new: Option<Severity>) -> bool {
        let usual = match (self.fail_on, self.fail_on_new) {
            (None, Some(_)) => FailOn::Never,
            (limit, _) => limit.or(self.profile().fail_on).unwrap_or(FailOn::AtLeast(Severity::High)),
        };
        usual.fails(worst) || self.fail_on_new.is_some_and(|limit| limit.fails(worst_new))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_wins_over_the_profile() {
        let mut profile = Profile::load("internal").unwrap();
        profile.targets = vec!["10.0.0.0/24".to_owned()];
        let request = ScanRequest {
            profile: Some(profile),
            targets: vec!["a.test".to_owned()],
            ports: Some("8443".to_owned()),
            rate: Some(Rate::Max),
            timeout: Some(Duration::from_secs(1)),
            ..ScanRequest::default()
        };
        let targets = request.targets().unwrap();
        assert_eq!(targets.targets, ["10.0.0.0/24", "a.test"]);
        assert_eq!(targets.ports.to_string(), "8443");
        let pace = request.pace();
        assert_eq!((pace.rate, pace.per_host_rate, pace.per_network_rate), (None, None, None));
        assert_eq!(pace.per_host_in_flight, 2);
        assert_eq!(request.probe_settings().total_timeout, Duration::from_secs(3));
        assert!(request.fails(Some(Severity::High), None));
        assert!(!request.fails(Some(Severity::Medium), Some(Severity::Critical)));
    }

    #[test]
    fn a_profile_may_lift_and_tighten_the_pace() {
        let pace = PaceSettings { rate: Some(Rate::Max), ..PaceSettings::default() };
        let request =
            ScanRequest { profile: Some(Profile { pace, ..Profile::default() }), ..ScanRequest::default() };
        assert_eq!(request.pace().per_network_rate, None);
        let limited = ScanRequest { rate: "7".parse().ok(), ..request };
        assert_eq!(limited.pace().rate, Some(7));
    }

    #[test]
    fn a_limit_for_new_findings_stands_alone_or_beside_the_usual_one() {
        let high = FailOn::AtLeast(Severity::High);
        let request = ScanRequest { fail_on_new: Some(high), ..ScanRequest::default() };
        assert!(!request.fails(Some(Severity::Critical), Some(Severity::Medium)));
        assert!(request.fails(Some(Severity::High), Some(Severity::High)));
        let both = ScanRequest { fail_on: Some(FailOn::AtLeast(Severity::Critical)), ..request };
        assert!(both.fails(Some(Severity::Critical), None));
        assert!(!both.fails(Some(Severity::High), None));
        assert!(both.fails(Some(Severity::High), Some(Severity::High)));
    }

    #[test]
    fn a_scan_without_targets_says_so() {
        assert!(ScanRequest::default().targets().unwrap_err().to_string().contains("no targets"));
    }
}
