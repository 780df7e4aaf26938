//! The sections of a report's page, from the judgement down to how it was made.

use std::collections::BTreeMap;
use std::io::{self, Write};

use super::super::phrases::{counted, date, number};
use super::chart::{Bar, bars, parts, timeline};
use super::element::{Facts, Table, more, paragraph, place, section, severity, severity_word, text, when};
use super::gather::{Counts, Gathered, month};
use super::masthead;
use crate::model::Severity;
use crate::time::UnixTime;
use crate::wire::v1::ReportHead;

/// Months after this one that the timeline shows.
const MONTHS: u32 = 12;
/// Bars of one chart; what is rarer is one bar.
const MOST_BARS: usize = 8;
/// Rules listed under one policy.
const MOST_RULES: usize = 15;

/// A whole report.
pub(super) struct Page<'a> {
    pub(super) head: &'a ReportHead<'a>,
    pub(super) gathered: &'a Gathered,
    pub(super) now: UnixTime,
    /// SHA-256 of the JSON report, and the command that makes it.
    pub(super) evidence: Option<(String, String)>,
}

impl Page<'_> {
    pub(super) fn title(&self) -> String {
        match self.head.scan.profile.as_deref() {
            Some(profile) => format!("TLS certificates: {profile}, {}", date(self.now)),
            None => format!("TLS certificates, {}", date(self.now)),
        }
    }

    pub(super) fn write(&self, out: &mut impl Write) -> io::Result<()> {
        let mut sections = vec![
            ("findings", "Findings, worst first", self.gathered.findings.render()),
            ("coverage", "What was looked at, and what was not", self.coverage()),
            ("pictures", "The estate in pictures", self.pictures()),
        ];
        if !self.gathered.policies.is_empty() {
            sections.push(("policies", "Policies", self.policies()));
        }
        if self.gathered.findings.accepted.total() > 0 {
            sections.push(("accepted", "Accepted findings", self.gathered.findings.render_accepted()));
        }
        sections.push(("certificates", "Certificates, first to expire", self.certificates()));
        sections.push(("endpoints", "Endpoints, worst first", self.endpoints()));
        sections.push(("method", "How this report was made", self.method()));
        out.write_all(b"<header>\n")?;
        out.write_all(self.opening().as_bytes())?;
        out.write_all(b"<nav aria-label=\"Sections\"><ul>\n")?;
        for (id, heading, _) in &sections {
            writeln!(out, "<li><a href=\"#{id}\">{}</a></li>", text(heading))?;
        }
        out.write_all(b"</ul></nav>\n</header>\n<main>\n")?;
        for (id, heading, body) in &sections {
            out.write_all(section(id, heading, body).as_bytes())?;
        }
        out.write_all(b"</main>\n")?;
        let tool = format!("{} {}", self.head.tool.name, self.head.tool.version);
        writeln!(
            out,
            "<footer><div>{}</div></footer>",
            text(&format!("{tool}. Scan {}. Generated at {}.", self.head.scan.id, self.head.generated_at.0))
        )
    }

    fn opening(&self) -> String {
        let scan = &self.head.scan;
        let mut kicker = format!("TLS certificate report · judged as at {}", date(self.now));
        if scan.state != "complete" {
            kicker.push_str(" · the scan is incomplete");
        }
        let title = scan
            .profile
            .as_deref()
            .map_or("Certificates in use".to_owned(), |name| format!("Certificates of “{name}”"));
        masthead(&kicker, &title, &self.judgement()) + &self.figures()
    }

    /// The sentence that a reader in a hurry takes away.
    fn judgement(&self) -> String {
        let found = self.gathered;
        let looked_at = counted(found.with_chain, "endpoint", "endpoints");
        let at = |severity| found.findings.open.get(&severity).copied().unwrap_or_default();
        let grave = at(Severity::Critical) + at(Severity::High);
        let silent = self.head.scan.counts.failure;
        let mut sentence = match (found.findings.open_total(), grave) {
            (0, _) => format!("No open finding on the {looked_at} whose certificates were read."),
            (all, 0) => format!(
                "{} on the {looked_at} whose certificates were read, none of them high or critical.",
                counted(all, "open finding", "open findings")
            ),
            (_, grave) => format!(
                "{} of {} {} critical or high.",
                number(grave),
                counted(found.findings.open_total(), "open finding", "open findings"),
                if grave == 1 { "is" } else { "are" }
            ),
        };
        if silent > 0 {
            let them = counted(silent, "endpoint", "endpoints");
            sentence.push_str(&format!(" {them} gave no certificate; what they serve is not known."));
        }
        sentence
    }

    fn figures(&self) -> String {
        let found = self.gathered;
        let open = |severity| found.findings.open.get(&severity).copied().unwrap_or_default();
        let mut out = String::from("<div class=\"figures\">\n");
        let mut figure = |class: &str, value: u64, words: &str| {
            let class = if value == 0 { "" } else { class };
            out.push_str(&format!(
                "<div class=\"figure\"><b class=\"{class}\">{}</b><span>{}</span></div>\n",
                number(value),
                text(words)
            ));
        };
        figure("", found.with_chain, "endpoints with a certificate");
        figure("", found.leaves, "certificates in use");
        figure("critical", open(Severity::Critical), "critical findings");
        figure("high", open(Severity::High), "high findings");
        figure("critical", found.ended, "expired, still served");
        figure("medium", found.ending, "end within 30 days");
        out.push_str("</div>\n");
        out
    }

    fn coverage(&self) -> String {
        let counts = &self.head.scan.counts;
        let part = |label: &str, value, class| Bar { label: label.to_owned(), value, class };
        let read = counts.handshake + counts.read;
        let mut out =
            parts("", &[part("with a certificate", read, "good"), part("without", counts.failure, "medium")]);
        let mut table = Table::new(&["", "#Endpoints", ""]);
        let targets = format!("{} named", counted(counts.targets, "target", "targets"));
        table.row(["<span class=\"sev good\">Certificate read</span>", &number(read), &text(&targets)]);
        for (code, count) in &counts.failures {
            let known = self.gathered.failures.get(&**code);
            let mut examples = known.map(|known| known.examples.join(", ")).unwrap_or_default();
            let listed = known.map_or(0, |known| known.count);
            if listed > u64::try_from(known.map_or(0, |known| known.examples.len())).unwrap_or(u64::MAX) {
                examples.push_str(", …");
            }
            let detail = known.map(|known| known.detail.clone()).unwrap_or_default();
            let words = [examples, detail].into_iter().filter(|part| !part.is_empty());
            let words = words.map(|part| text(&part)).collect::<Vec<_>>().join("<br>");
            let words = format!("<span class=\"soft\">{words}</span>");
            let label =
                format!("<span class=\"sev medium\">No certificate: <code>{}</code></span>", text(code));
            table.row([&*label, &number(*count), &words]);
        }
        let sum = number(counts.endpoints + counts.read);
        table.sum(["Attempted", &sum, ""]);
        out.push_str(&table.end());
        out.push_str(&self.beyond());
        out
    }

    /// What no row of the coverage shows.
    fn beyond(&self) -> String {
        let scan = &self.head.scan;
        let counts = &scan.counts;
        let mut out = String::from("<h3>Not tested</h3>\n");
        let mut facts = Facts::default();
        if counts.unlisted > 0 {
            let words = "dead addresses of ranges, counted above and not listed one by one";
            facts.say("Unlisted", &format!("{} {words}", number(counts.unlisted)));
        }
        facts.say("Left out", &format!("{} by exclusions", counted(counts.excluded, "probe", "probes")));
        for exclusion in scan.exclusions.iter().take(MOST_RULES) {
            facts.say(
                "Exclusion",
                &match exclusion.reason.as_deref() {
                    Some(reason) => format!("{}: {reason}", exclusion.what),
                    None => format!("{} (no reason given)", exclusion.what),
                },
            );
        }
        if counts.known_not_reached > 0 {
            let known = counted(counts.known_not_reached, "endpoint", "endpoints");
            facts.say("Fallen silent", &format!("{known} seen before gave no certificate this time"));
        }
        if scan.state != "complete" {
            facts.say("Interrupted", "the scan ended before it had come to every target");
        }
        if scan.parameters.depth != "deep" {
            let words = "versions, cipher suites, groups and known weaknesses were not enumerated";
            facts.say("Depth", &format!("{}: {words}", scan.parameters.depth));
        }
        let unchecked = self.gathered.revocation.get("not_checked").copied().unwrap_or_default();
        if unchecked > 0 {
            let endpoints = counted(unchecked, "endpoint", "endpoints");
            facts.say("Revocation", &format!("not checked at {endpoints}"));
        }
        let unjudged = self.gathered.trust.get("not_checked").copied().unwrap_or_default();
        if unjudged > 0 {
            facts.say("Trust", &format!("not judged at {}", counted(unjudged, "endpoint", "endpoints")));
        }
        out.push_str(&facts.end());
        out
    }

    fn pictures(&self) -> String {
        let found = self.gathered;
        let mut out = timeline("Certificates by the month in which they end", &self.months());
        out.push_str("<div class=\"charts\">\n");
        let severities = Severity::ALL.into_iter().rev().map(|severity| Bar {
            label: severity.name().to_owned(),
            value: found.findings.open.get(&severity).copied().unwrap_or_default(),
            class: severity.name(),
        });
        out.push_str(&bars("Open findings by severity", &severities.collect::<Vec<_>>()));
        let mut chart = |caption: &str, counts: &Counts| {
            if !counts.is_empty() {
                out.push_str(&bars(caption, &largest(counts)));
            }
        };
        chart("Protocol version negotiated", &found.versions);
        chart("Keys of certificates", &found.keys);
        chart("Signatures of certificates", &found.signatures);
        chart("Trust in the chosen stores", &found.trust);
        chart("Grades", &found.grades);
        let [hybrid, classical, unknown] = found.post_quantum;
        let exchange =
            [("hybrid post-quantum", hybrid), ("classical only", classical), ("not determined", unknown)];
        let exchange = exchange.map(|(label, value)| (label.to_owned(), value));
        chart("Key exchange", &exchange.into_iter().filter(|(_, value)| *value > 0).collect());
        out.push_str("</div>\n");
        out
    }

    /// The month of the report and those that follow, what is before and what is after.
    fn months(&self) -> Vec<Bar> {
        let counts = &self.gathered.months;
        let first = month(self.now);
        let wanted: Vec<String> = std::iter::successors(Some(first.clone()), |month| next_month(month))
            .take(MONTHS as usize + 1)
            .collect();
        let last = wanted.last().cloned().unwrap_or_default();
        let between = |from: &str, to: &str| {
            counts
                .iter()
                .filter(|(name, _)| name.as_str() >= from && name.as_str() < to)
                .map(|(_, n)| n)
                .sum::<u64>()
        };
        let mut bars =
            vec![Bar { label: "before".to_owned(), value: between("", &first), class: "critical" }];
        for name in &wanted {
            let value = counts.get(name).copied().unwrap_or_default();
            let class = if *name == first { "medium" } else { "bar" };
            bars.push(Bar { label: name.get(2..).unwrap_or(name).to_owned(), value, class });
        }
        let after = counts.iter().filter(|(name, _)| **name > last).map(|(_, n)| n).sum();
        bars.push(Bar { label: "later".to_owned(), value: after, class: "quiet" });
        bars
    }

    fn policies(&self) -> String {
        let sources: BTreeMap<&str, &str> =
            self.head.policies.iter().map(|one| (&*one.name, &*one.source)).collect();
        let mut table = Table::new(&["Policy", "Version", "#Pass", "#Fail", "#Not determined", "Source"]);
        let mut broken = String::new();
        for ((name, version), tally) in &self.gathered.policies {
            let source = sources.get(name.as_str()).copied().unwrap_or_default();
            let fail = if tally.fail > 0 { "high" } else { "" };
            table.row([
                &*format!("<b>{}</b>", text(name)),
                &text(version),
                &number(tally.pass),
                &format!("<span class=\"{fail}\">{}</span>", number(tally.fail)),
                &number(tally.not_determined),
                &format!("<span class=\"soft\">{}</span>", text(source)),
            ]);
            if !tally.failed.is_empty() {
                broken.push_str(&format!("<h3>{}: rules broken</h3>\n", text(name)));
                broken.push_str(&broken_rules(tally));
            }
        }
        table.end() + &broken
    }

    fn certificates(&self) -> String {
        let rows = &self.gathered.certificates;
        let mut out = paragraph(
            "note",
            &format!(
                "{} in use, and {} of authorities that were served with them.",
                counted(self.gathered.leaves, "certificate", "certificates"),
                counted(self.gathered.authorities, "certificate", "certificates")
            ),
        );
        let mut table =
            Table::new(&["Ends", "Certificate", "Issuer", "Key", "Signature", "#Endpoints", "SHA-256"]);
        for row in rows.iter() {
            let short: String = row.sha256.chars().take(12).collect();
            table.row([
                &*when(row.not_after, self.now),
                &text(&row.label),
                &text(&row.issuer),
                &text(&row.key),
                &text(&row.signature),
                &number(row.endpoints),
                &format!("<code>{}</code>", text(&short)),
            ]);
        }
        out.push_str(&table.end());
        out + &more(rows.left_out(), "certificates")
    }

    fn endpoints(&self) -> String {
        let rows = &self.gathered.endpoints;
        let has =
            |value: fn(&super::gather::EndpointRow) -> &String| rows.iter().any(|row| !value(row).is_empty());
        let (owned, graded) = (has(|row| &row.owner), has(|row| &row.grade));
        let mut headings = vec!["Endpoint", "Worst", "Seen"];
        headings.extend(graded.then_some("Grade"));
        headings.extend(["Certificate", "Ends", "Trust"]);
        headings.extend(owned.then_some("Owner"));
        let mut table = Table::new(&headings);
        for row in rows.iter() {
            let beside = |word: &str| match word {
                "" => String::new(),
                word => format!("<br><span class=\"soft\">{}</span>", text(word)),
            };
            let mut cells = vec![
                format!("{}{}", place(&row.label), beside(&row.address)),
                severity_word(row.worst.map(Severity::name)),
                text(&row.outcome),
            ];
            cells.extend(graded.then(|| text(&row.grade)));
            cells.push(format!("{}{}", text(&row.certificate), beside(&row.issuer)));
            cells.push(if row.has_chain { when(row.not_after, self.now) } else { String::new() });
            cells.push(text(&row.trust));
            cells.extend(owned.then(|| text(&row.owner)));
            table.row(cells.iter().map(String::as_str));
        }
        table.end() + &more(rows.left_out(), "endpoints")
    }

    fn method(&self) -> String {
        let (head, scan) = (self.head, &self.head.scan);
        let mut facts = Facts::default();
        facts.say("Scan", &scan.id);
        facts.say("Started", &scan.started_at.0.to_string());
        facts.say("Finished", &scan.finished_at.map_or("not finished".to_owned(), |end| end.0.to_string()));
        facts.say("Judged as at", &self.now.to_string());
        facts.say("From", &scan.vantage);
        facts.say("By", &scan.actor);
        let parameters = &scan.parameters;
        facts.say("Profile", scan.profile.as_deref().unwrap_or("none"));
        facts.say("Profile SHA-256", parameters.profile_sha256.as_deref().unwrap_or_default());
        let shown: Vec<&str> = parameters.targets.iter().take(20).map(|target| &**target).collect();
        let beyond = parameters.targets.len().saturating_sub(shown.len());
        let beyond = if beyond > 0 { format!(" and {beyond} more") } else { String::new() };
        facts.say("Targets", &format!("{}{beyond}", shown.join(", ")));
        facts.say("Ports", &parameters.ports);
        facts.say("Depth", &parameters.depth);
        facts.say("STARTTLS", &parameters.starttls);
        facts.say("Transports", &parameters.transports.join(", "));
        let rate = parameters
            .rate
            .map_or("unlimited".to_owned(), |rate| format!("at most {rate} connections a second"));
        facts.say("Rate", &rate);
        facts.say("Resolver", parameters.resolver.as_deref().unwrap_or_default());
        facts.say("Program", &format!("{} {}", head.tool.name, head.tool.version));
        if let Some((sha256, command)) = &self.evidence {
            let command = format!("<code>{}</code> gives", text(command));
            facts.add(
                "Evidence",
                &format!("{command} the JSON report with SHA-256 <code>{}</code>", text(sha256)),
            );
        }
        facts.end() + &self.judged_by()
    }

    fn judged_by(&self) -> String {
        let mut out = String::from("<h3>Trust stores</h3>\n");
        let mut stores = Table::new(&["Name", "Version", "Date", "#Anchors", "SHA-256"]);
        for store in &self.head.trust_stores {
            stores.row([
                &*text(&store.name),
                &text(&store.version),
                &text(store.date.as_deref().unwrap_or("not told")),
                &number(store.anchors),
                &format!("<code>{}</code>", store.sha256.0),
            ]);
        }
        out.push_str(&stores.end());
        out.push_str("<h3>Policies judged under</h3>\n");
        let mut policies = Table::new(&["Name", "Version", "Status", "Read", "Source"]);
        for policy in &self.head.policies {
            policies.row([
                &*text(&policy.name),
                &text(&policy.version),
                &text(&policy.status),
                &text(policy.retrieved.as_deref().unwrap_or_default()),
                &text(&policy.source),
            ]);
        }
        out.push_str(&policies.end());
        out.push_str("<h3>Severities</h3>\n");
        let words = [
            (Severity::Critical, "fails, or will within days; act now"),
            (Severity::High, "clients fail or can be deceived; act this week"),
            (Severity::Medium, "plan the repair"),
            (Severity::Low, "mend it when you are there"),
            (Severity::Info, "good to know"),
        ];
        out.push_str("<dl>\n");
        for (level, meaning) in words {
            out.push_str(&format!("<dt>{}</dt><dd>{}</dd>\n", severity(level), text(meaning)));
        }
        out.push_str("</dl>\n");
        out
    }
}

fn broken_rules(tally: &super::gather::PolicyTally) -> String {
    let mut rules: Vec<_> = tally.failed.iter().collect();
    rules.sort_by(|a, b| b.1.count.cmp(&a.1.count).then(a.0.cmp(b.0)));
    let mut table = Table::new(&["Rule", "#Endpoints", "For example", "Why", "Source"]);
    for (rule, failed) in rules.iter().take(MOST_RULES) {
        table.row([
            &*format!("<code>{}</code>", text(rule)),
            &number(failed.count),
            &text(&failed.example),
            &text(&failed.reason),
            &text(&failed.source),
        ]);
    }
    let left = u64::try_from(rules.len().saturating_sub(MOST_RULES)).unwrap_or(u64::MAX);
    table.end() + &more(left, "rules")
}

/// The most frequent first; what is rare is one bar.
fn largest(counts: &Counts) -> Vec<Bar> {
    let mut order: Vec<(&String, u64)> = counts.iter().map(|(name, count)| (name, *count)).collect();
    order.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
    let bar = |(name, value): (&String, u64)| Bar { label: name.replace('_', " "), value, class: "bar" };
    let rest: u64 = order.iter().skip(MOST_BARS).map(|(_, count)| count).sum();
    let mut bars: Vec<Bar> = order.into_iter().take(MOST_BARS).map(bar).collect();
    if rest > 0 {
        bars.push(Bar { label: "others".to_owned(), value: rest, class: "quiet" });
    }
    bars
}

/// `2026-12` to `2027-01`; `None` for what is no month.
fn next_month(month: &str) -> Option<String> {
    let (year, number) = month.split_once('-')?;
    let (year, number): (u32, u32) = (year.parse().ok()?, number.parse().ok()?);
    Some(if number >= 12 { format!("{:04}-01", year + 1) } else { format!("{year:04}-{:02}", number + 1) })
}
