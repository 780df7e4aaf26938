//! A line of the mail about findings: what, until when, what to do, where, whose, since when, and how to say
//! "I know".

use std::cmp::Ordering;

use super::MailOptions;
use super::document::{Block, Tone, Value};
use super::gather::Tally;
use super::group::Group;
use super::words::{
    command, date_and_time, distance, expiry, life_left, listed, lower_first, moment, quoted, span,
};
use crate::model::{FindingNews, Occasion, Rule, Severity};
use crate::report::phrases::{counted, date, number};
use crate::x509::Fingerprint;

/// Digits of a SHA-256 that a person compares.
const SHORT_SHA256: usize = 16;

/// Findings of one line that were last seen further apart than this are told apart.
const SEEN_TOGETHER_SECONDS: i64 = 3_600;

/// The block of one line.
pub(super) fn block(severity: Severity, tally: &Tally, group: &Group, options: &MailOptions<'_>) -> Block {
    if group.class.is_over() {
        return over(severity, tally, group, options);
    }
    let headline = match remark(group) {
        Some(remark) => format!("{} ({remark})", what(tally, group, options)),
        None => what(tally, group, options),
    };
    let is_expiry = matches!(group.rule, Rule::Expiring | Rule::Expired) && has_end(group);
    let ends = ends(group, options);
    let block = Block::new(badge(severity), tone(severity), headline);
    // The end is the reason, and the rule's own sentence counts from the scan instead of from the mail.
    let (block, ends) = if is_expiry {
        (block.values("Ends", ends), Vec::new())
    } else {
        (block.text("Why", example(group, group.details_differ, &group.detail)), ends)
    };
    block
        .text("Do", example(group, group.remedies_differ, &group.remediation))
        .values("Check", checks(tally, group))
        .values("Where", places(tally, group))
        .text("Owner", owner(group))
        .values("Certificate", certificate(group))
        .values("Begins", begins(group, options))
        .values("Ends", ends)
        .values("Seen", seen(group, options))
        .text("From", from(group))
        .text("Flapping", flapping(group))
        .values("I know", known(tally, group))
}

/// What there is, in a sentence that begins with where: `pay.example.com:443 expires in 2 d 6 h`.
pub(super) fn what(tally: &Tally, group: &Group, options: &MailOptions<'_>) -> String {
    let place = place(tally, group);
    let end = group.certificate.as_ref().and_then(|certificate| certificate.not_after);
    match (group.rule, end) {
        (Rule::Expiring | Rule::Expired, Some(end)) if is_about_ca(group) => {
            format!("{place}: a CA certificate {}", expiry(end, options.now, false))
        }
        (Rule::Expiring | Rule::Expired, Some(end)) => {
            format!("{place} {}", expiry(end, options.now, tally.labels > 1))
        }
        _ => format!("{place}: {}", lower_first(&group.title)),
    }
}

/// What there was.
pub(super) fn what_was(tally: &Tally, group: &Group) -> String {
    let place = place(tally, group);
    match group.occasion {
        Some(Occasion::Retired) => {
            let verb = if tally.labels > 1 { "are" } else { "is" };
            format!("{place} {verb} no longer a target")
        }
        _ => format!("{place} ({})", lower_first(&group.title)),
    }
}

/// The severity in words.
pub(super) fn badge(severity: Severity) -> &'static str {
    match severity {
        Severity::Info => "INFO",
        Severity::Low => "LOW",
        Severity::Medium => "MEDIUM",
        Severity::High => "HIGH",
        Severity::Critical => "CRITICAL",
    }
}

/// How a line that is over is marked.
pub(super) fn badge_over(group: &Group) -> &'static str {
    if group.occasion == Some(Occasion::Retired) { "RETIRED" } else { "RESOLVED" }
}

fn tone(severity: Severity) -> Tone {
    match severity {
        Severity::Info | Severity::Low => Tone::Low,
        Severity::Medium => Tone::Medium,
        Severity::High => Tone::High,
        Severity::Critical => Tone::Critical,
    }
}

/// The first name, and how many others.
fn place(tally: &Tally, group: &Group) -> String {
    let label = group.label();
    match tally.labels.saturating_sub(1) {
        0 => label.to_owned(),
        1 => format!("{label} and one other"),
        others => format!("{label} and {} others", number(others)),
    }
}

fn remark(group: &Group) -> Option<String> {
    match group.occasion {
        Some(Occasion::Reminder) => Some(format!("still, since {}", date(group.first_seen))),
        Some(Occasion::Worse) => Some("got worse".to_owned()),
        Some(Occasion::SilenceEnded) => Some("no longer silenced".to_owned()),
        Some(_) => None,
        None => Some("new, worse or no longer silenced".to_owned()),
    }
}

/// The titles are our own words: those of the rules on validity begin so where a CA certificate is meant.
fn is_about_ca(group: &Group) -> bool {
    group.title.starts_with("A CA certificate")
}

fn has_end(group: &Group) -> bool {
    group.certificate.as_ref().is_some_and(|certificate| certificate.not_after.is_some())
}

/// A sentence that is about one of several findings says about which.
fn example(group: &Group, differs: bool, text: &str) -> String {
    if !differs || text.is_empty() {
        return text.to_owned();
    }
    format!("For example {}: {text}", group.example)
}

fn begins(group: &Group, options: &MailOptions<'_>) -> Vec<Value> {
    let begin = group.certificate.as_ref().and_then(|certificate| certificate.not_before);
    let begin = begin.filter(|begin| *begin > options.now);
    let words = |begin| format!("{}, {}", moment(begin, options.zone), distance(begin, options.now));
    begin.map(words).map(Value::Text).into_iter().collect()
}

fn ends(group: &Group, options: &MailOptions<'_>) -> Vec<Value> {
    let Some(certificate) = &group.certificate else { return Vec::new() };
    let Some(end) = certificate.not_after else { return Vec::new() };
    let left = life_left(certificate.not_before, end, options.now);
    let left = left.map(|left| format!(", {left}")).unwrap_or_default();
    let when = moment(end, options.zone);
    vec![Value::Text(when), Value::Text(format!("{}{left}", distance(end, options.now)))]
}

fn checks(tally: &Tally, group: &Group) -> Vec<Value> {
    let mut commands = Vec::new();
    if let Some(place) = group.places.first() {
        commands.push(Value::Command(command("certvigil scan", &place.label, "")));
    }
    if let Some(certificate) = group.certificate.as_ref().filter(|_| tally.endpoints > 1) {
        let show = command("certvigil inventory show", &short(&certificate.sha256), "");
        commands.push(Value::Command(show));
    }
    commands
}

fn places(tally: &Tally, group: &Group) -> Vec<Value> {
    let addresses = |place: &super::group::Place| match place.addresses.is_empty() {
        true => place.label.clone(),
        false => format!("{} at {}", place.label, listed(&place.addresses, place.address_count)),
    };
    let mut lines: Vec<Value> = group.places.iter().map(|place| Value::Text(addresses(place))).collect();
    let shown = u64::try_from(group.places.len()).unwrap_or(u64::MAX);
    if tally.labels > shown {
        lines.push(Value::Text(format!("and {} more", number(tally.labels - shown))));
    }
    lines
}

fn owner(group: &Group) -> String {
    let owners = match group.owners.as_slice() {
        [] => match &group.profile {
            Some(profile) => format!("none is named in profile {profile}"),
            None => "none is named".to_owned(),
        },
        owners => owners.join(", "),
    };
    if group.tags.is_empty() { owners } else { format!("{owners}; tags: {}", group.tags.join(", ")) }
}

fn certificate(group: &Group) -> Vec<Value> {
    let Some(certificate) = &group.certificate else { return Vec::new() };
    let names: Vec<String> = certificate.names.iter().map(|name| quoted(name.raw())).collect();
    let issuer = match certificate.issuer.raw() {
        "" => "issued by an issuer without a name".to_owned(),
        issuer => format!("issued by {}", quoted(issuer)),
    };
    let names = if names.is_empty() { "without names".to_owned() } else { listed(&names, group.name_count) };
    let sha256 = format!("SHA-256 {}…", short(&certificate.sha256));
    vec![Value::Text(names), Value::Text(issuer), Value::Text(sha256)]
}

fn short(sha256: &Fingerprint) -> String {
    let mut digits = sha256.to_string();
    digits.truncate(SHORT_SHA256);
    digits
}

fn seen(group: &Group, options: &MailOptions<'_>) -> Vec<Value> {
    let at = |time| format!("{}, {}", date_and_time(time, options.zone), distance(time, options.now));
    let mut lines = Vec::new();
    match group.first_seen.cmp(&group.last_seen) {
        Ordering::Less => {
            lines.push(format!("since {}", at(group.first_seen)));
            lines.push(format!("last {}", at(group.last_seen)));
        }
        Ordering::Equal => lines.push(format!("first {}", at(group.first_seen))),
        // Time alone brought it, to a certificate that nobody sees any more.
        Ordering::Greater => lines.push(format!("last {}", at(group.last_seen))),
    }
    if group.told_at.seconds_since(group.last_seen) > SEEN_TOGETHER_SECONDS {
        lines.push("nobody could look since then".to_owned());
    } else if group.last_seen.seconds_since(group.least_seen) > SEEN_TOGETHER_SECONDS {
        lines.push(format!("some of them not since {}", at(group.least_seen)));
    }
    lines.into_iter().map(Value::Text).collect()
}

fn from(group: &Group) -> String {
    match &group.profile {
        Some(profile) => format!("{}, profile {profile}", group.vantage),
        None => group.vantage.clone(),
    }
}

fn flapping(group: &Group) -> String {
    if group.returns < FindingNews::FLAPPING {
        return String::new();
    }
    format!(
        "It came back {} within days of being resolved. It is not told again each time.",
        counted(group.returns.into(), "time", "times")
    )
}

/// How to say that somebody knows.
fn known(tally: &Tally, group: &Group) -> Vec<Value> {
    let Some(member) = group.members.first() else { return Vec::new() };
    let mut lines = vec![Value::Command(command("certvigil findings ack", &member.key, "--reason TEXT"))];
    let findings = tally.findings.total();
    if findings > 1 {
        let list = match &group.profile {
            Some(profile) => command("certvigil findings list --profile", profile, ""),
            None => "certvigil findings list".to_owned(),
        };
        lines.push(Value::Text(format!(
            "for one of {}; their keys:",
            counted(findings, "finding", "findings")
        )));
        lines.push(Value::Command(list));
    }
    lines
}

fn over(severity: Severity, tally: &Tally, group: &Group, options: &MailOptions<'_>) -> Block {
    let lasted = span(group.told_at.seconds_since(group.first_seen));
    let since = date_and_time(group.first_seen, options.zone);
    let gone = date_and_time(group.told_at, options.zone);
    Block::new(badge_over(group), Tone::Good, what_was(tally, group))
        .text("Was", format!("{} for {lasted}, since {since}", severity.name()))
        .text("Gone", format!("{gone}, {}", distance(group.told_at, options.now)))
        .values("Where", places(tally, group))
        .text("Owner", owner(group))
        .text("From", from(group))
}
