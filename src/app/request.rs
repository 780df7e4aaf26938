//! What a scan is asked to do: the command line over the profile over the defaults.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use ipnetwork::IpNetwork;

use super::AppError;
use super::revocation::FetchPlan;
use crate::assess::forbidden;
use crate::config::profile::{FailOn, KeyShareChoice, LeaveChoice, Rate};
use crate::config::{FetchSettings, PaceSettings, Profile};
use crate::discover::{PortSet, Request};
use crate::model::{
    Depth, Exclusion, RevocationChoice, Scope, ServerName, Severity, StartTlsChoice, Transport,
};
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
    /// What is enumerated at deep depth.
    pub enumerate: Option<Scope>,
    pub starttls: Option<StartTlsChoice>,
    /// None leaves them to the profile.
    pub transports: Vec<Transport>,
    /// Ask for post-quantum groups, whatever the profile says.
    pub post_quantum: bool,
    pub concurrency: Option<usize>,
    pub rate: Option<Rate>,
    pub timeout: Option<Duration>,
    pub trust: Vec<String>,
    /// Policies to judge under; none leaves them to the profile.
    pub policies: Vec<String>,
    pub resolver: Option<SocketAddr>,
    /// How revocation is looked up.
    pub revocation: Option<RevocationChoice>,
    /// Special networks that may be asked about it, beside those of the profile.
    pub fetch_allow: Vec<IpNetwork>,
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
        if self.enumerate.is_some() && self.depth() != Depth::Deep {
            let words = "--enumerate says what deep inspection asks for: add --depth deep";
            return Err(AppError::Usage(words.to_owned()));
        }
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
            starttls: self.starttls(),
            transports: self.transports(),
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

    pub(super) fn starttls(&self) -> StartTlsChoice {
        self.starttls.or(self.profile().starttls).unwrap_or_default()
    }

    fn transports(&self) -> Vec<Transport> {
        if self.transports.is_empty() {
            self.profile().transports.clone().unwrap_or_default()
        } else {
            self.transports.clone()
        }
    }

    pub(super) fn trust(&self) -> Vec<String> {
        if self.trust.is_empty() {
            self.profile().trust.clone().unwrap_or_default()
        } else {
            self.trust.clone()
        }
    }

    pub(super) fn policies(&self) -> Vec<String> {
        if self.policies.is_empty() { self.profile().policies.clone() } else { self.policies.clone() }
    }

    pub(super) fn resolver(&self) -> Option<SocketAddr> {
        self.resolver.or(self.profile().resolver)
    }

    pub(super) fn revocation(&self) -> RevocationChoice {
        self.revocation.or(self.profile().revocation.check).unwrap_or_default()
    }

    /// What may be fetched, and at what cost.
    pub(super) fn fetch(&self) -> FetchPlan {
        let FetchSettings { allow, timeout, list_timeout, largest_list_mib, per_host_rate } =
            &self.profile().fetch;
        let mebibytes = largest_list_mib.map_or(128, std::num::NonZeroU32::get);
        FetchPlan {
            allow: allow.iter().map(|network| network.0).chain(self.fetch_allow.iter().copied()).collect(),
            timeout: timeout.map_or(Duration::from_secs(10), |timeout| timeout.0),
            list_timeout: list_timeout.map_or(Duration::from_secs(60), |timeout| timeout.0),
            largest_list: u64::from(mebibytes) << 20,
            per_host_rate: per_host_rate.map(std::num::NonZeroU32::get),
        }
    }

    /// Two minutes unless asked otherwise.
    pub(super) fn alert_wait(&self) -> Duration {
        self.alert_wait.unwrap_or(Duration::from_secs(120))
    }

    pub(super) fn probe_settings(&self) -> ProbeSettings {
        let profile = self.profile();
        let mut settings = ProbeSettings::at(self.depth());
        if let Some(timeout) = profile.pace.connect_timeout {
            settings.connect_timeout = timeout.0;
        }
        if let Some(timeout) = profile.pace.total_timeout {
            settings.total_timeout = timeout.0;
        }
        if let Some(timeout) = self.timeout {
            settings.connect_timeout = timeout;
            let times = match settings.depth {
                Depth::Sweep | Depth::Standard => 3,
                // A hundred connections, some of them to servers that think long.
                Depth::Deep => 24,
            };
            settings.total_timeout = timeout.saturating_mul(times);
        }
        if let Some(retries) = profile.pace.retries {
            settings.retries = retries;
        }
        match profile.probe.key_shares {
            Some(KeyShareChoice::BasePoint) => settings.key_shares = KeyShares::BasePoint,
            Some(KeyShareChoice::Fresh) => settings.key_shares = KeyShares::Fresh,
            None => {}
        }
        settings.ask_post_quantum = self.post_quantum || profile.probe.post_quantum == Some(true);
        match profile.probe.leave {
            Some(LeaveChoice::Polite) => settings.leave = Leave::Polite,
            Some(LeaveChoice::Reset) => settings.leave = Leave::Reset,
            None => {}
        }
        if let Some(parts) = &profile.deep.parts {
            settings.parts.clone_from(parts);
        }
        settings.enumerate = self.enumerate.or(profile.deep.enumerate).unwrap_or_default();
        settings.forbidden = forbidden();
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
    fn what_to_enumerate_is_said_by_flag_or_profile_and_for_deep_inspection_only() {
        let profile = crate::config::profile::DeepChoices { enumerate: Some(Scope::Forbidden), parts: None };
        let profile = Profile { deep: profile, targets: vec!["a.test".to_owned()], ..Profile::default() };
        let request = ScanRequest { profile: Some(profile), ..ScanRequest::default() };
        assert_eq!(request.probe_settings().enumerate, Scope::Forbidden);
        assert!(!request.probe_settings().forbidden.cipher_suites.is_empty());
        assert!(request.targets().is_ok(), "a profile may be run at another depth");
        let flag = ScanRequest { enumerate: Some(Scope::Everything), ..request };
        assert_eq!(flag.probe_settings().enumerate, Scope::Everything);
        assert!(flag.targets().unwrap_err().to_string().contains("add --depth deep"));
        assert!(ScanRequest { depth: Some(Depth::Deep), ..flag }.targets().is_ok());
    }

    #[test]
    fn a_deep_visit_has_more_time_unless_somebody_says_how_much() {
        let seconds = |request: &ScanRequest| request.probe_settings().total_timeout.as_secs();
        let request = ScanRequest::default();
        assert_eq!(seconds(&request), 15);
        let deep = ScanRequest { depth: Some(Depth::Deep), ..request };
        assert_eq!(seconds(&deep), 120);
        let pace = PaceSettings { total_timeout: "40s".parse().ok(), ..PaceSettings::default() };
        let profile = Some(Profile { pace, ..Profile::default() });
        assert_eq!(seconds(&ScanRequest { profile, ..deep.clone() }), 40);
        let by_flag = ScanRequest { timeout: Some(Duration::from_secs(20)), ..deep };
        assert_eq!(seconds(&by_flag), 480);
    }

    #[test]
    fn post_quantum_groups_are_asked_for_where_the_profile_or_the_command_line_wants_it() {
        let asks = |request: &ScanRequest| request.probe_settings().ask_post_quantum;
        assert!(!asks(&ScanRequest::default()));
        assert!(asks(&ScanRequest { post_quantum: true, ..ScanRequest::default() }));
        let mut profile = Profile::default();
        profile.probe.post_quantum = Some(true);
        assert!(asks(&ScanRequest { profile: Some(profile), ..ScanRequest::default() }));
    }

    #[test]
    fn starttls_is_automatic_unless_the_profile_or_the_command_line_says_otherwise() {
        let profile = Profile { starttls: Some(StartTlsChoice::Never), ..Profile::default() };
        let request = ScanRequest {
            profile: Some(profile),
            targets: vec!["a.test".to_owned()],
            ..ScanRequest::default()
        };
        assert_eq!(ScanRequest::default().starttls(), StartTlsChoice::Auto);
        assert_eq!(request.targets().unwrap().starttls, StartTlsChoice::Never);
        let flag = "imap".parse::<StartTlsChoice>().unwrap();
        assert_eq!(ScanRequest { starttls: Some(flag), ..request }.targets().unwrap().starttls, flag);
    }

    #[test]
    fn the_transports_are_those_of_the_command_line_else_of_the_profile() {
        let profile = Profile { transports: Some(vec![Transport::Quic]), ..Profile::default() };
        let request = ScanRequest {
            profile: Some(profile),
            targets: vec!["a.test".to_owned()],
            ..ScanRequest::default()
        };
        assert_eq!(request.targets().unwrap().transports, [Transport::Quic]);
        let asked = ScanRequest { transports: vec![Transport::Tcp, Transport::Dtls], ..request };
        assert_eq!(asked.targets().unwrap().transports, [Transport::Tcp, Transport::Dtls]);
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
