//! Hooks: programs of the settings that are told of an event, to renew a certificate or to pass the news on.
//!
//! A hook has fixed arguments. What it is told comes on its standard input as `certvigil.event/v1`, and a part of it
//! in its environment. Into the environment goes only what no program takes for an option or a command: hashes, times,
//! and names and endpoints that are valid host names or addresses. Everything else, as the certificate has it, stands
//! in the JSON. A script still quotes its variables, since a wildcard name is a pattern to a shell.
//!
//! Never runs a shell, never puts text of a certificate among the arguments, never decides when a hook is tried again.

use std::borrow::Borrow;
use std::collections::HashSet;
use std::net::{IpAddr, Ipv6Addr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use nix::sys::signal::Signal;

use crate::exec::{self, Ended, Program, Status};
use crate::model::{Alert, EventName, News, ServerName, WatchNews};
use crate::report::{JsonLayout, write_document};
use crate::text::{Untrusted, escape_for_terminal};
use crate::wire::v1::EventDocument;

/// The longest list in the environment, bytes. The kernel takes no single variable above 128 KiB.
pub const LIST_LIMIT: usize = 64 * 1024;

/// EX_TEMPFAIL of sysexits.h: asks for a retry.
const TEMPORARY_FAILURE: i32 = 75;

/// A hook of the settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HookProgram {
    /// As the settings call it.
    pub name: String,
    /// The program and its arguments.
    pub command: Vec<String>,
    /// Where it starts; `None`: in `/`, so that it does the same by a timer and by hand.
    pub directory: Option<PathBuf>,
    pub deadline: Duration,
    /// Bytes of its output that are kept.
    pub output_limit: usize,
}

impl HookProgram {
    /// A hook with the usual limits.
    pub fn new(name: impl Into<String>, command: Vec<String>) -> Self {
        Self {
            name: name.into(),
            command,
            directory: None,
            deadline: Program::DEADLINE,
            output_limit: Program::OUTPUT_LIMIT,
        }
    }
}

/// How one run of a hook ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HookOutcome {
    pub fate: HookFate,
    /// One line: `exited with 3 after 2 s`.
    pub words: String,
    /// What it wrote, its standard error included; cut in the middle where it is long.
    pub output: Untrusted,
    /// Bytes of its output left out.
    pub cut: u64,
}

/// What a run means for the next one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum HookFate {
    /// Exit code 0.
    Succeeded,
    /// Exit code 75: it asks for a retry.
    Retry,
    /// Any other exit code, a signal, the deadline, or it did not start.
    Failed,
}

/// Starts `hook` for the alerts of one certificate (or one piece of news of the watch) and waits for its end.
///
/// Every name and endpoint that the alerts have reaches the hook; a caller that knows more of them than an [`Alert`]
/// keeps adds them first. Dropping the future ends the hook.
pub async fn run<A: Borrow<Alert>>(hook: &HookProgram, event: EventName, alerts: &[A]) -> HookOutcome {
    let environment = environment(event, alerts);
    let document = document(event, alerts);
    let program = Program {
        environment: &environment,
        directory: Some(hook.directory.as_deref().unwrap_or(Path::new("/"))),
        stdin: &document,
        deadline: hook.deadline,
        output_limit: hook.output_limit,
        ..Program::new(&hook.command)
    };
    outcome(exec::run(&program).await, hook.deadline)
}

/// What a hook reads on its standard input: one line of JSON.
pub fn document<A: Borrow<Alert>>(event: EventName, alerts: &[A]) -> Vec<u8> {
    let mut bytes = Vec::new();
    // A vector takes whatever is written to it.
    let _ = write_document(&mut bytes, &EventDocument::of(event, alerts), JsonLayout::Compact);
    bytes
}

/// The variables that a hook gets for an event. All of the contract's are there always, and empty where nothing is
/// known, so that a script under `set -u` runs.
pub fn environment<A: Borrow<Alert>>(event: EventName, alerts: &[A]) -> Vec<(String, String)> {
    let first: Option<&Alert> = alerts.first().map(Borrow::borrow);
    let news = || alerts.iter().map(Borrow::borrow).filter_map(Alert::finding);
    let certificate = news().find_map(|news| news.certificate.as_ref());
    let names = certificate.map(|certificate| certificate.names.as_slice());
    let names = names.or_else(|| first.and_then(failed_names)).unwrap_or_default();
    let names = list(names.iter().map(Untrusted::raw).filter(|name| is_name(name)));
    let endpoints = news().flat_map(|news| &news.endpoints).map(|endpoint| endpoint.label.as_str());
    let endpoints = list(endpoints.filter(|label| is_endpoint(label)));
    let not_after = certificate.and_then(|certificate| certificate.not_after);

    let mut variables = vec![
        ("CERTVIGIL_EVENT", event.name().to_owned()),
        ("CERTVIGIL_KEY", first.map(|alert| escape_for_terminal(&alert.key.0)).unwrap_or_default()),
        ("CERTVIGIL_FINDING", news().next().map(|news| finding(&news.finding.0)).unwrap_or_default()),
        (
            "CERTVIGIL_CERT_SHA256",
            certificate.map(|certificate| certificate.sha256.to_string()).unwrap_or_default(),
        ),
        ("CERTVIGIL_NOT_AFTER", not_after.map(|time| time.to_string()).unwrap_or_default()),
        ("CERTVIGIL_NAMES", names.clone()),
        ("CERTVIGIL_ENDPOINTS", endpoints),
    ];
    // certbot's variable for deploy hooks means a certificate that was renewed, so it waits for one.
    if event == EventName::CertificateRenewed {
        variables.push(("RENEWED_DOMAINS", names));
    }
    variables.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// Names of the certificate that a failed hook should have renewed.
fn failed_names(alert: &Alert) -> Option<&[Untrusted]> {
    match &alert.news {
        News::Watch(WatchNews::HookFailed { names, .. }) => Some(names),
        _ => None,
    }
}

/// A finding's key in one line, with nothing in it that a terminal acts on. Keys of real endpoints pass unchanged.
fn finding(key: &str) -> String {
    let mut text = escape_for_terminal(key);
    text.truncate(text.floor_char_boundary(LIST_LIMIT));
    text
}

/// Each item once, with a space between, as many as fit.
fn list<'a>(items: impl Iterator<Item = &'a str>) -> String {
    let mut seen = HashSet::new();
    let mut text = String::new();
    for item in items.filter(|item| seen.insert(*item)) {
        if text.len() + 1 + item.len() > LIST_LIMIT {
            break;
        }
        if !text.is_empty() {
            text.push(' ');
        }
        text.push_str(item);
    }
    text
}

/// A host name, a wildcard (`*.` before a host name) or an address. A name that starts with `-` is none, so that no
/// program takes it for an option.
fn is_name(text: &str) -> bool {
    text.parse::<IpAddr>().is_ok() || is_host(text.strip_prefix("*.").unwrap_or(text))
}

/// `host:port`, with an IPv6 address in brackets.
fn is_endpoint(label: &str) -> bool {
    let Some((host, port)) = label.rsplit_once(':') else { return false };
    let is_port = port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok();
    let in_brackets = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    is_port && in_brackets.map_or_else(|| is_host(host), |host| host.parse::<Ipv6Addr>().is_ok())
}

/// A host name in A-labels; an IPv4 address reads as one.
fn is_host(text: &str) -> bool {
    text.is_ascii() && ServerName::parse(text).is_ok()
}

fn outcome(ended: Ended, deadline: Duration) -> HookOutcome {
    let fate = match ended.status {
        Status::Exited(0) => HookFate::Succeeded,
        Status::Exited(TEMPORARY_FAILURE) => HookFate::Retry,
        _ => HookFate::Failed,
    };
    let took = seconds(ended.took);
    let words = match &ended.status {
        Status::Exited(0) => format!("succeeded after {took}"),
        Status::Exited(TEMPORARY_FAILURE) => format!("asked for a retry (exit code 75) after {took}"),
        Status::Exited(code) => format!("exited with {code} after {took}"),
        Status::Signalled(number) => match Signal::try_from(*number) {
            Ok(signal) => format!("ended by {signal} after {took}"),
            Err(_) => format!("ended by signal {number} after {took}"),
        },
        Status::TimedOut => format!("stopped at its deadline of {}", seconds(deadline)),
        Status::NotStarted(error) => format!("not started: {}", escape_for_terminal(&error.to_string())),
    };
    HookOutcome { fate, words, output: ended.output, cut: ended.cut }
}

/// Whole seconds from ten on, tenths below.
fn seconds(duration: Duration) -> String {
    if duration.as_secs() >= 10 || duration.subsec_nanos() == 0 {
        format!("{} s", duration.as_secs())
    } else {
        format!("{:.1} s", duration.as_secs_f64())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_host_names_wildcards_and_addresses_are_names() {
        for good in
            ["a.example", "*.a.example", "A-1.example", "_dmarc.a.example", "192.0.2.1", "2001:db8::1"]
        {
            assert!(is_name(good), "{good}");
        }
        for bad in [
            "",
            "--help",
            "-a.example",
            "*",
            "*.",
            "a.*.example",
            "$(touch x)",
            "a b",
            "a;b",
            "a\nb",
            "a\u{0}b",
            "a/b",
            "CN=a",
            "bücher.example",
            "*.*.example",
            "`id`",
            "a'b",
            "a\u{1b}[2Jb",
            "x@a.example",
        ] {
            assert!(!is_name(bad), "{bad:?}");
        }
    }

    #[test]
    fn only_a_host_with_a_port_is_an_endpoint() {
        for good in ["a.example:443", "192.0.2.1:8443", "[2001:db8::1]:443"] {
            assert!(is_endpoint(good), "{good}");
        }
        for bad in [
            "a.example",
            "a.example:",
            "a.example:+443",
            "a.example:65536",
            "[::1",
            "::1:443",
            "[a]:1",
            "/etc/chain.pem",
            "*.a.example:443",
            "?:443",
            "--help:443",
            "a b:443",
        ] {
            assert!(!is_endpoint(bad), "{bad:?}");
        }
    }

    #[test]
    fn a_list_ends_with_a_whole_item() {
        let items: Vec<String> = (0..5_000).map(|n| format!("host-{n:04}.long-name.example")).collect();
        let text = list(items.iter().chain(&items).map(String::as_str));
        assert!(text.len() <= LIST_LIMIT && text.len() > LIST_LIMIT - 40, "{}", text.len());
        assert!(text.split(' ').all(|item| items.iter().any(|known| known == item)));
        assert_eq!(list(["a", "b", "a"].into_iter()), "a b");
        assert_eq!(list(["x".repeat(LIST_LIMIT + 1).as_str()].into_iter()), "");
    }

    #[test]
    fn the_exit_code_decides() {
        let of = |status| {
            let ended = Ended { status, output: "".into(), cut: 0, took: Duration::from_millis(1_240) };
            let outcome = outcome(ended, Duration::from_secs(600));
            (outcome.fate, outcome.words)
        };
        assert_eq!(of(Status::Exited(0)), (HookFate::Succeeded, "succeeded after 1.2 s".to_owned()));
        let retry = "asked for a retry (exit code 75) after 1.2 s";
        assert_eq!(of(Status::Exited(75)), (HookFate::Retry, retry.to_owned()));
        assert_eq!(of(Status::Exited(3)), (HookFate::Failed, "exited with 3 after 1.2 s".to_owned()));
        assert_eq!(of(Status::Signalled(9)), (HookFate::Failed, "ended by SIGKILL after 1.2 s".to_owned()));
        assert_eq!(
            of(Status::Signalled(40)),
            (HookFate::Failed, "ended by signal 40 after 1.2 s".to_owned())
        );
        let late = "stopped at its deadline of 600 s";
        assert_eq!(of(Status::TimedOut), (HookFate::Failed, late.to_owned()));
        let error = exec::StartError::NotFound("/a\nb".into());
        let not_started = "not started: /a\\u{a}b does not exist";
        assert_eq!(of(Status::NotStarted(error)), (HookFate::Failed, not_started.to_owned()));
    }
}
