//! A small estate that is watched day by day: real hosts, a real mail server, a name server, and a clock that is
//! moved by hand.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use certvigil::app::AppError;
use certvigil::app::findings::{self, Acknowledgement, NewSilence, Selection, Until};
use certvigil::app::parts::{Parts, StoreChoice};
use certvigil::app::progress::ScanProgress;
use certvigil::app::report::ListForm;
use certvigil::app::request::ScanRequest;
use certvigil::app::scan::{self, Finished};
use certvigil::clock::{Clock, ManualClock};
use certvigil::config::duration::HumanDuration;
use certvigil::config::{Profile, Settings};
use certvigil::estate::{Authority, Host, Identity, Leaf};
use certvigil::model::{Finding, FindingKey, FindingState, Matcher};
use certvigil::store::{Flow, Options, Store};
use certvigil::time::{DAY_SECONDS, UnixTime};

use super::mailbox::{Mailbox, Received};
use super::stage::{NameServer, Stage};

/// Everything to one address.
pub(crate) const ON_CALL: &str = "[[route]]\nname = \"default\"\ndefault = true\nmin_severity = \"low\"\nto = [\"on-call@company.test\"]\n";

/// Tuesday 2026-11-24, six in the morning; any day would do, but the same each time.
pub(crate) const BEGAN: UnixTime = UnixTime(1_795_500_000);

/// Name of the profile that is watched.
pub(crate) const PROFILE: &str = "days";

pub(crate) struct Days {
    pub(crate) stage: Stage,
    pub(crate) authority: Authority,
    pub(crate) names: NameServer,
    pub(crate) mailbox: Mailbox,
    /// Six in the morning of day 0.
    pub(crate) began: UnixTime,
    pub(crate) parts: Parts,
    pub(crate) folder: tempfile::TempDir,
    clock: Arc<ManualClock>,
    runtime: tokio::runtime::Runtime,
    hosts: BTreeMap<u8, Host>,
    identities: BTreeMap<u8, Identity>,
    mails_read: Cell<usize>,
    /// How long a run waits for its alerts; `None`: as long as it does.
    pub(crate) alert_wait: Option<Duration>,
    /// Runs go on with what was interrupted.
    pub(crate) resume: bool,
}

/// What one run brought.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) mails: Vec<Received>,
    pub(crate) warnings: Vec<String>,
    /// What was not sent.
    pub(crate) left: Vec<String>,
    pub(crate) is_complete: bool,
    /// Endpoints that showed a chain.
    pub(crate) with_chain: u64,
}

impl Run {
    /// Recipient and subject of each mail.
    pub(crate) fn told(&self) -> Vec<(String, String)> {
        self.mails.iter().map(|mail| (mail.rcpt_to.join(","), mail.subject().to_owned())).collect()
    }

    /// The only mail.
    pub(crate) fn mail(&self) -> &Received {
        assert_eq!(self.mails.len(), 1, "{:?}", self.told());
        &self.mails[0]
    }

    /// The one mail that this address got.
    pub(crate) fn mail_to(&self, address: &str) -> &Received {
        let mut mails = self.mails.iter().filter(|mail| mail.rcpt_to == [address]);
        let mail = mails.next().unwrap_or_else(|| panic!("nothing to {address}: {:?}", self.told()));
        assert!(mails.next().is_none(), "{:?}", self.told());
        mail
    }
}

impl Days {
    /// All mail goes to on-call.
    pub(crate) fn new() -> Self {
        Self::with(ON_CALL)
    }

    /// With these routes, hooks and other settings.
    pub(crate) fn with(settings: &str) -> Self {
        let began = BEGAN;
        let clock = Arc::new(ManualClock::at(began));
        let authority = Authority::new(began, "Days").unwrap();
        let mailbox = Mailbox::start();
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("root.pem"), authority.root_pem()).unwrap();
        let settings_file = folder.path().join("certvigil.toml");
        std::fs::write(&settings_file, settings_text(&mailbox, settings)).unwrap();
        let store = StoreChoice::At(folder.path().join("record.redb"));
        let mut parts = Parts::new(Settings::load(Some(&settings_file)).unwrap(), store).unwrap();
        parts.clock = Arc::clone(&clock) as Arc<dyn Clock>;
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        Self {
            stage: Stage::new(),
            authority,
            names: NameServer::start(),
            mailbox,
            began,
            parts,
            folder,
            clock,
            runtime: runtime.unwrap(),
            hosts: BTreeMap::new(),
            identities: BTreeMap::new(),
            mails_read: Cell::new(0),
            alert_wait: None,
            resume: false,
        }
    }

    /// Writes the profile: targets, further keys, then tables.
    pub(crate) fn profile(&self, targets: &[&str], keys: &str, tables: &str) {
        let (resolver, port) = (self.names.address, self.stage.port);
        let trust = if keys.contains("trust = ") { "" } else { "trust = [\"root.pem\"]\n" };
        let text = format!(
            "resolver = \"{resolver}\"\ntargets = {targets:?}\nports = \"{port}\"\ndepth = \"sweep\"\nevery = \"1d\"\n\
             {trust}{keys}\n\
             [pace]\nrate = \"max\"\nconnect_timeout = \"1s\"\nretries = 0\nsecond_look = \"1ms\"\n{tables}"
        );
        std::fs::write(self.profile_file(), text).unwrap();
    }

    /// Where the profile stands.
    pub(crate) fn profile_file(&self) -> PathBuf {
        self.folder.path().join(format!("{PROFILE}.toml"))
    }

    pub(crate) fn address(&self, last: u8) -> Ipv4Addr {
        self.stage.address(last)
    }

    /// How the host at this address is called, where it has no name.
    pub(crate) fn bare(&self, last: u8) -> String {
        self.stage.target(last)
    }

    /// How the endpoint of this name is called.
    pub(crate) fn label(&self, name: &str) -> String {
        format!("{name}:{}", self.stage.port)
    }

    /// Serves a certificate for `name`, which leads to this host, from day `from` to day `to`.
    pub(crate) fn serve(&mut self, last: u8, name: &str, from: i64, to: i64) {
        self.names.set(name, &[self.address(last)]);
        self.serve_leaf(last, &Leaf::new(name).valid(from * DAY_SECONDS, to * DAY_SECONDS));
    }

    /// Serves a certificate for the host's address.
    pub(crate) fn serve_bare(&mut self, last: u8, from: i64, to: i64) {
        let name = self.address(last).to_string();
        self.serve_leaf(last, &Leaf::new(&name).valid(from * DAY_SECONDS, to * DAY_SECONDS));
    }

    pub(crate) fn serve_leaf(&mut self, last: u8, leaf: &Leaf) {
        let identity = self.authority.issue(leaf).unwrap();
        self.serve_identity(last, identity);
    }

    pub(crate) fn serve_identity(&mut self, last: u8, identity: Identity) {
        self.stop(last);
        self.hosts.insert(last, self.stage.tls(last, &identity));
        self.identities.insert(last, identity);
    }

    /// The host is switched off.
    pub(crate) fn stop(&mut self, last: u8) {
        self.hosts.remove(&last);
    }

    /// The host is back, as it was.
    pub(crate) fn restart(&mut self, last: u8) {
        if !self.hosts.contains_key(&last) {
            let identity = self.identities[&last].clone();
            self.serve_identity(last, identity);
        }
    }

    /// Sets the clock to this moment of the given day.
    pub(crate) fn set_clock(&self, day: i64, seconds: i64) {
        self.clock.set(self.began.plus_seconds(day * DAY_SECONDS + seconds));
    }

    /// Scans at six in the morning of this day and delivers the news.
    pub(crate) fn day(&self, day: i64) -> Run {
        self.set_clock(day, 0);
        self.scan()
    }

    /// Days without a mail.
    pub(crate) fn quiet(&self, days: impl IntoIterator<Item = i64>) {
        for day in days {
            let run = self.day(day);
            assert!(run.mails.is_empty(), "day {day}: {:?}", run.told());
        }
    }

    /// Scans now and delivers the news.
    pub(crate) fn scan(&self) -> Run {
        self.scan_with(&Arc::default())
    }

    /// As [`Self::scan`]; the progress may have been stopped before.
    pub(crate) fn scan_with(&self, progress: &Arc<ScanProgress>) -> Run {
        self.scan_profile(PROFILE, progress)
    }

    /// As [`Self::scan`], of another profile beside that one.
    pub(crate) fn scan_profile(&self, profile: &str, progress: &Arc<ScanProgress>) -> Run {
        let finished = self.try_scan(profile, progress).unwrap();
        let left = self.deliver(&finished);
        Run {
            mails: self.new_mails(),
            warnings: finished.warnings().to_vec(),
            left,
            is_complete: finished.is_complete(),
            with_chain: finished.counts().handshake,
        }
    }

    /// Scans now; nothing is delivered afterwards.
    pub(crate) fn finish(&self, progress: &Arc<ScanProgress>) -> Finished {
        self.try_scan(PROFILE, progress).unwrap()
    }

    /// As [`Self::finish`], where that may fail.
    pub(crate) fn try_finish(&self, progress: &Arc<ScanProgress>) -> Result<Finished, AppError> {
        self.try_scan(PROFILE, progress)
    }

    fn try_scan(&self, profile: &str, progress: &Arc<ScanProgress>) -> Result<Finished, AppError> {
        let profile = self.folder.path().join(format!("{profile}.toml"));
        let profile = Profile::load(profile.to_str().unwrap()).unwrap();
        let (alert_wait, resume) = (self.alert_wait, self.resume);
        let request = ScanRequest { profile: Some(profile), alert_wait, resume, ..ScanRequest::default() };
        let prepared = scan::prepare(request, &self.parts).unwrap();
        self.runtime.block_on(scan::run(prepared, Arc::clone(progress), None))
    }

    /// Sends what a scan brought.
    pub(crate) fn deliver(&self, finished: &Finished) -> Vec<String> {
        let delivery = self.runtime.block_on(finished.deliver()).unwrap();
        delivery.map(|delivery| delivery.left).unwrap_or_default().into_iter().map(|left| left.what).collect()
    }

    /// Mails that came since this was asked last.
    pub(crate) fn new_mails(&self) -> Vec<Received> {
        let mails: Vec<Received> = self.mailbox.mails().into_iter().skip(self.mails_read.get()).collect();
        self.mails_read.set(self.mails_read.get() + mails.len());
        mails
    }

    /// Somebody at the command line silences what matches, for so many seconds.
    pub(crate) fn silence(&self, endpoint: &str, seconds: u64) {
        let matcher = Matcher { endpoint: Some(endpoint.to_owned()), ..Matcher::default() };
        let wanted = NewSilence {
            selection: Selection { matcher, ..Selection::default() },
            reason: "maintenance".to_owned(),
            until: Until::In(HumanDuration(Duration::from_secs(seconds))),
        };
        findings::silence(&self.parts, &wanted, ListForm::Json, &mut Vec::new()).unwrap();
    }

    /// Somebody acknowledges a finding, for so many seconds.
    pub(crate) fn acknowledge(&self, key: &str, seconds: u64) {
        let wanted = Acknowledgement {
            selection: Selection { keys: vec![key.to_owned()], ..Selection::default() },
            reason: "known".to_owned(),
            until: Some(Until::In(HumanDuration(Duration::from_secs(seconds)))),
        };
        findings::acknowledge(&self.parts, &wanted, ListForm::Json, &mut Vec::new()).unwrap();
    }

    pub(crate) fn store(&self) -> Store {
        let options = Options { create: false, ..Options::default() };
        Store::open_reader(&self.folder.path().join("record.redb"), &options).unwrap()
    }

    /// All findings of the record by key.
    pub(crate) fn findings(&self) -> BTreeMap<String, Finding> {
        let mut findings = BTreeMap::new();
        let visit = |stored: certvigil::store::StoredFinding| {
            findings.insert(stored.finding.key.0.clone(), stored.finding);
            Flow::Continue(())
        };
        self.store().findings(PROFILE, visit).unwrap();
        findings
    }

    /// The finding of a rule on what is called so.
    pub(crate) fn finding(&self, label: &str, rule: &str) -> Option<Finding> {
        let key = FindingKey(format!("{label}/{rule}"));
        self.store().finding(PROFILE, &key).unwrap().map(|stored| stored.finding)
    }

    pub(crate) fn state(&self, label: &str, rule: &str) -> Option<FindingState> {
        self.finding(label, rule).map(|finding| finding.state)
    }
}

fn settings_text(mailbox: &Mailbox, more: &str) -> String {
    format!(
        "vantage = \"scanner.test\"\n\
         [mail]\nserver = \"{}\"\nport = {}\nfrom = \"certvigil@scanner.test\"\nca_file = \"{}\"\n{more}",
        mailbox.host(),
        mailbox.port(),
        mailbox.ca_file().display()
    )
}
