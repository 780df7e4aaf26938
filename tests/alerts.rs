//! From a scan to the mailbox and the hook, told by the built program: sent, deferred, refused, repeated, verified.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by a panic"
)]
#![allow(clippy::cast_possible_truncation, reason = "labels are short")]

mod support;

#[path = "alerts/hooks.rs"]
mod hooks;
#[path = "alerts/kills.rs"]
mod kills;
#[path = "alerts/mail.rs"]
mod mail;
#[path = "alerts/verbs.rs"]
mod verbs;

use certvigil::estate::{Authority, Host, Leaf};
use certvigil::time::DAY_SECONDS;
use support::mailbox::Mailbox;
use support::program::Home;
use support::stage::Stage;

const OPS: &str = "ops@company.test";

/// A profile of a few hosts, and where its alerts go.
struct Watch {
    home: Home,
    stage: Stage,
    authority: Authority,
    mailbox: Mailbox,
    hosts: Vec<Option<Host>>,
}

impl Watch {
    /// `count` hosts with sound certificates, and settings with `more` at their end.
    fn new(count: u8, more: &str) -> Self {
        let (home, stage, mailbox) = (Home::new(), Stage::new(), Mailbox::start());
        let authority = support::authority();
        let settings = format!(
            "vantage = \"scanner.test\"\n\
             [mail]\nserver = \"{}\"\nport = {}\nfrom = \"Certvigil <certvigil@scanner.test>\"\nca_file = \"{}\"\n\
             [[route]]\nname = \"default\"\ndefault = true\nto = [\"{OPS}\"]\n{more}",
            mailbox.host(),
            mailbox.port(),
            mailbox.ca_file().display(),
        );
        home.write("certvigil.toml", settings);
        home.write("root.pem", authority.root_pem());
        let targets: Vec<String> = (1..=count).map(|last| format!("\"{}\"", stage.target(last))).collect();
        let profile = format!(
            "targets = [{}]\ntrust = [\"root.pem\"]\n[pace]\nrate = \"max\"\nconnect_timeout = \"5s\"\n",
            targets.join(", ")
        );
        home.write("own.toml", profile);
        let mut watch = Self { home, stage, authority, mailbox, hosts: Vec::new() };
        for last in 1..=count {
            watch.hosts.push(None);
            watch.serve(last, 80);
        }
        watch
    }

    /// From now on the host serves a new certificate of 90 days with `days_left`.
    fn serve(&mut self, last: u8, days_left: i64) {
        let name = self.stage.address(last).to_string();
        let leaf = Leaf::new(&name).valid((days_left - 90) * DAY_SECONDS, days_left * DAY_SECONDS);
        let identity = self.authority.issue(&leaf).unwrap();
        let place = &mut self.hosts[usize::from(last) - 1];
        // The old one leaves first.
        *place = None;
        *place = Some(self.stage.tls(last, &identity));
    }

    fn arguments<'a>(&self, arguments: &[&'a str]) -> Vec<&'a str> {
        [&["--config", "certvigil.toml"], arguments].concat()
    }

    fn expect(&self, code: i32, arguments: &[&str]) -> support::program::Done {
        self.home.expect(code, &self.arguments(arguments))
    }

    /// Scans; whatever is found, only alerts that are left change the exit code.
    fn scan(&self, code: i32) -> support::program::Done {
        self.expect(code, &["scan", "--profile", "./own.toml", "--fail-on", "none", "--alert-wait", "60s"])
    }

    fn flush(&self, code: i32) -> support::program::Done {
        self.expect(code, &["notify", "outbox", "flush"])
    }

    fn outbox(&self) -> serde_json::Value {
        self.expect(0, &["notify", "outbox", "list", "-f", "json"]).json()
    }
}
