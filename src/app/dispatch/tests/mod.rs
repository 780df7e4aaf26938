//! Delivery against a mail server that does what it is told, in a clock that is moved by hand.

mod crash;
mod fake;
mod mails;

use std::sync::Arc;
use std::time::Duration;

use fake::{FakePost, Nobody};

use super::*;
use crate::app::parts::StoreChoice;
use crate::clock::ManualClock;
use crate::config::Settings;
use crate::model::{
    Alert, AlertEndpoint, AlertKey, Channel, FindingKey, FindingNews, News, Occasion, Outgoing, Rule,
    Severity, Urgency,
};
use crate::store::{Flow, Options};

pub(in crate::app) const START: UnixTime = UnixTime(1_795_510_800);

const SETTINGS: &str = "\
[mail]\nserver = \"127.0.0.1\"\nsecurity = \"plain\"\nplain_is_accepted = true\nfrom = \"certvigil@a.example\"\n\
[[route]]\nname = \"default\"\nto = [\"ops@a.example\"]\ndefault = true\n\
[[route]]\nname = \"web\"\nto = [\"web@a.example\", \"ops@a.example\"]\nowner = \"web\"\n";

/// A store in a folder of its own, and who is told.
pub(in crate::app) struct Desk {
    pub(in crate::app) folder: tempfile::TempDir,
    pub(in crate::app) clock: Arc<ManualClock>,
    pub(in crate::app) parts: Parts,
    pub(in crate::app) alerting: Alerting,
    pub(in crate::app) store: Store,
}

impl Desk {
    fn new() -> Self {
        Self::with(SETTINGS)
    }

    pub(in crate::app) fn with(settings: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("certvigil.toml");
        std::fs::write(&file, settings).unwrap();
        let settings = Settings::load(Some(&file)).unwrap();
        let alerting = Alerting::new(&settings, None).unwrap().unwrap();
        let path = folder.path().join("record.redb");
        let mut parts = Parts::new(settings, StoreChoice::At(path.clone())).unwrap();
        let clock = Arc::new(ManualClock::at(START));
        parts.clock = clock.clone();
        let store = Store::open(&path, &Options::default()).unwrap();
        Self { folder, clock, parts, alerting, store }
    }

    /// As if the process had ended here.
    fn restart(self) -> Self {
        let Self { folder, clock, parts, alerting, store } = self;
        drop(store);
        let store = Store::open(&folder.path().join("record.redb"), &Options::default()).unwrap();
        Self { folder, clock, parts, alerting, store }
    }

    pub(in crate::app) fn later(&self, seconds: i64) {
        self.clock.set(self.parts.clock.now().plus_seconds(seconds));
    }

    fn queue(&self, to: &str, urgency: Urgency, host: &str) {
        let alert = alert(host, self.parts.clock.now());
        let channel = Channel::Mail(to.to_owned());
        let row = Outgoing { channel, urgency, route: "default".to_owned(), alert };
        self.store.queue(&[row], None).unwrap();
    }

    async fn deliver(&self, post: &FakePost, hurry: Hurry) -> Delivery {
        let round = Round::new(&self.parts, &self.store, &self.alerting, Duration::from_secs(120));
        deliver_by(&round, Some(post), &Nobody, &Nobody, hurry).await.unwrap()
    }

    pub(in crate::app) fn audit(&self, action: &str) -> Vec<String> {
        let mut found = Vec::new();
        self.store
            .audit(0, |entry| {
                if entry.event.action == action {
                    found.push(format!("{}: {}", entry.event.object, entry.event.detail));
                }
                Flow::Continue(())
            })
            .unwrap();
        found
    }
}

/// A certificate of `host` that expires.
pub(in crate::app) fn alert(host: &str, at: UnixTime) -> Arc<Alert> {
    let finding = FindingKey(format!("{host}:443/{}", Rule::Expiring.id()));
    let news = FindingNews {
        occasion: Occasion::Opened,
        rule: Rule::Expiring,
        severity: Severity::Critical,
        title: "Certificate expires soon".to_owned(),
        detail: String::new(),
        remediation: String::new(),
        first_seen: at,
        last_seen: at,
        owner: None,
        tags: Vec::new(),
        endpoints: vec![AlertEndpoint { label: format!("{host}:443"), address: None }],
        endpoint_count: 1,
        certificate: None,
        returns: 0,
        finding: finding.clone(),
    };
    Arc::new(Alert {
        key: AlertKey::of(&[&finding.0, &at.to_string()]),
        at,
        profile: Some("web".to_owned()),
        scan: None,
        vantage: "here".to_owned(),
        news: News::Finding(Box::new(news)),
    })
}
