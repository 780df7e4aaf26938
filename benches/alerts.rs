//! What it costs to make mail of many findings that change in one scan.
//!
//! `cargo bench --bench alerts -- [findings]`, by default 10,000: the mail alone. Each finding has a certificate of its
//! own, with four names and two addresses. Then the whole way, from the scan to the mail server, against the same scan
//! without mail. Figures are CPU milliseconds (user + system) of this process; the ratio is to formatting
//! one line for each finding in the same run, which moves less from machine to machine.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a bench prints figures")]

use std::fmt::Write;
use std::net::{IpAddr, Ipv4Addr};

use certvigil::model::{
    Alert, AlertEndpoint, AlertKey, CertificateBrief, FindingKey, FindingNews, News, Occasion, Rule, ScanId,
    Severity, Urgency,
};
use certvigil::report::{MailBuilder, MailOptions};
use certvigil::time::{DAY_SECONDS, UnixTime};
use certvigil::x509::Fingerprint;
use jiff::tz::TimeZone;
use nix::sys::resource::{UsageWho, getrusage};

const NOW: UnixTime = UnixTime(1_795_510_800);
const ROUNDS: usize = 5;
const PORTION: u32 = 1_000;

mod farm;
mod pipeline;

fn main() {
    if let Some(ports) = farm::asked_to_serve() {
        return farm::serve(ports);
    }
    let findings = std::env::args().skip(1).find_map(|argument| argument.parse().ok()).unwrap_or(10_000);
    println!("{findings} findings change in one scan; medians of {ROUNDS} rounds\n");
    let before = peak_memory_mib();
    let (floor, _) = median(|| floor(findings));
    println!("formatting a line for each          {floor:8.1} CPU ms");
    for (name, digest) in
        [("one mail, all kinds of news        ", true), ("one mail, new and critical         ", false)]
    {
        let (cost, bytes) = median(|| compose(findings, digest));
        println!(
            "{name} {cost:8.1} CPU ms, {:.2} times the floor, {} KiB of mail",
            cost / floor,
            bytes / 1024
        );
    }
    println!("\npeak memory {:.1} MiB, {:.1} MiB of it before", peak_memory_mib(), before);
    whole_way();
}

/// Every endpoint of a farm has a new finding: the scan with mail, as a ratio to the scan without.
fn whole_way() {
    let farm = farm::Farm::start();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let cost = |tells| {
        let start = cpu_millis();
        let bytes = pipeline::scan_and_tell(&runtime, &farm, tells);
        (cpu_millis() - start, usize::try_from(bytes).unwrap())
    };
    // Warms the farm and the caches. Later rounds share this process's heap, which only grows.
    cost(true);
    let memory = peak_memory_mib();
    println!("\n{} endpoints, each with a new finding; medians of {ROUNDS} rounds", pipeline::ENDPOINTS);
    let (silent, _) = median(|| cost(false));
    let (telling, bytes) = median(|| cost(true));
    println!("scan, nobody is told                {silent:8.1} CPU ms");
    println!(
        "scan, told and mailed               {telling:8.1} CPU ms, {:.2} times as much: {:.1} ms for telling, {} KiB of mail",
        telling / silent,
        telling - silent,
        bytes / 1024
    );
    println!("peak memory after one such scan {memory:.1} MiB");
}

/// CPU milliseconds of `work` without those of making up the alerts.
fn median(mut work: impl FnMut() -> (f64, usize)) -> (f64, usize) {
    let mut rounds: Vec<(f64, usize)> = (0..ROUNDS).map(|_| work()).collect();
    rounds.sort_by(|(a, _), (b, _)| a.total_cmp(b));
    rounds.get(ROUNDS / 2).copied().unwrap()
}

fn floor(findings: u32) -> (f64, usize) {
    let mut out = String::new();
    let cost = fed(findings, true, |alerts| {
        for alert in alerts {
            let News::Finding(news) = &alert.news else { continue };
            let end = news.certificate.as_ref().and_then(|certificate| certificate.not_after).unwrap();
            let (severity, owner) = (news.severity.name(), news.owner.as_deref().unwrap_or_default());
            writeln!(out, "{severity} {} {} {end} {owner}", news.finding, news.title).unwrap();
        }
    });
    (cost, out.len())
}

fn compose(findings: u32, digest: bool) -> (f64, usize) {
    let zone = TimeZone::get("Europe/Berlin").unwrap();
    let options = MailOptions {
        flags: "",
        to: "oncall@example.com",
        urgency: if digest { Urgency::Digest } else { Urgency::Immediate },
        now: NOW,
        zone: &zone,
        vantage: "scanner-1",
        show_rest: "certvigil findings list --profile web",
    };
    let mut builder = MailBuilder::new(options);
    let cost = fed(findings, digest, |alerts| alerts.iter().for_each(|alert| builder.add(alert)));
    let start = cpu_millis();
    let mail = builder.finish();
    (cost + cpu_millis() - start, mail.text.len() + mail.html.len())
}

/// CPU milliseconds that `eat` takes for alerts of `findings`, which come in portions, as they do from the store.
fn fed(findings: u32, digest: bool, mut eat: impl FnMut(&[Alert])) -> f64 {
    let mut cost = 0.0;
    for first in (0..findings).step_by(PORTION as usize) {
        let portion = first..findings.min(first.saturating_add(PORTION));
        let alerts: Vec<Alert> = portion.map(|number| alert(number, digest)).collect();
        let start = cpu_millis();
        eat(&alerts);
        cost += cpu_millis() - start;
    }
    cost
}

fn alert(number: u32, digest: bool) -> Alert {
    let (severity, occasion) = match (digest, number % 4) {
        (false, _) => (Severity::Critical, Occasion::Opened),
        (true, 0) => (Severity::High, Occasion::Opened),
        (true, 1) => (Severity::Medium, Occasion::Worse),
        (true, 2) => (Severity::High, Occasion::Reminder),
        (true, _) => (Severity::Medium, Occasion::Resolved),
    };
    let host = format!("host-{number}.example.com");
    let end = NOW.plus_seconds(DAY_SECONDS + i64::from(number % 1_000) * 600);
    let address = |last: u32| Some(IpAddr::V4(Ipv4Addr::from(0x0a00_0000 + number * 2 + last)));
    let endpoint = |last| AlertEndpoint { label: format!("{host}:443"), address: address(last) };
    let news = FindingNews {
        occasion,
        finding: FindingKey(format!("{host}:443/{}", Rule::Expiring.id())),
        rule: Rule::Expiring,
        severity,
        title: "Certificate expires soon".to_owned(),
        detail: format!("\"{host}\" (3fa2b1c9) ends at {end} (in 2 d, 2 % of its life left)."),
        remediation: "Renew the certificate now, install it, and reload the server.".to_owned(),
        first_seen: NOW,
        last_seen: NOW,
        owner: Some("platform@example.com".to_owned()),
        tags: vec!["production".to_owned()],
        endpoints: vec![endpoint(0), endpoint(1)],
        endpoint_count: 2,
        certificate: Some(CertificateBrief {
            sha256: Fingerprint::of(&number.to_be_bytes()),
            names: (0..4).map(|at| format!("name-{at}.{host}").into()).collect(),
            issuer: "CN=R11,O=Example Trust Services".into(),
            not_before: Some(end.plus_seconds(-90 * DAY_SECONDS)),
            not_after: Some(end),
        }),
        returns: 0,
    };
    Alert {
        key: AlertKey::of(&["web", &news.finding.0, occasion.name()]),
        at: NOW,
        profile: Some("web".to_owned()),
        scan: Some(ScanId("20261124T085400Z-5f0c2a91".to_owned())),
        vantage: "scanner-1".to_owned(),
        news: News::Finding(Box::new(news)),
    }
}

/// CPU milliseconds of this process, user and system.
fn cpu_millis() -> f64 {
    let usage = getrusage(UsageWho::RUSAGE_SELF).unwrap();
    let millis = |time: nix::sys::time::TimeVal| time.tv_sec() as f64 * 1e3 + time.tv_usec() as f64 / 1e3;
    millis(usage.user_time()) + millis(usage.system_time())
}

/// The most memory this process has had; the kernel's other figure, maxrss, keeps that of whoever started it.
fn peak_memory_mib() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<f64>().unwrap() / 1024.0
}
