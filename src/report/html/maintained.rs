//! The page of an inventory that was kept: accounts that add up, what was mended and how fast, what stands open.

use std::io::{self, Write};

use super::super::phrases::{counted, date, duration, number};
use super::chart::{Bar, timeline};
use super::element::{Table, more, paragraph, section, severity_word, text, when};
use super::{masthead, write_page};
use crate::wire::v1::{FindingRow, MaintainedDocument};

/// Writes the page.
///
/// # Errors
/// Whatever the writer says.
pub fn write_maintained<W: Write>(mut out: W, document: &MaintainedDocument<'_>) -> io::Result<()> {
    let span = format!("{} to {}", date(document.from.0), date(document.to.0));
    write_page(&mut out, &format!("Certificates kept, {span}"), |out| {
        let kicker = format!("Maintenance of the certificate inventory · {span}");
        let title = document.profile.as_deref().map_or("How the inventory was kept".to_owned(), |name| {
            format!("How the inventory of “{name}” was kept")
        });
        writeln!(out, "<header>\n{}</header>\n<main>", masthead(&kicker, &title, &lead(document)))?;
        for (id, heading, body) in [
            ("accounts", "Accounts", accounts(document)),
            ("closing", "Findings, opened and closed", closing(document)),
            ("open", "Still open", findings(&document.findings_open, document.findings.at_to, document)),
            (
                "closed",
                "Closed in this time",
                findings(&document.findings_closed, document.findings.went, document),
            ),
            ("moves", "Certificates and endpoints", moves(document)),
        ] {
            out.write_all(section(id, heading, &body).as_bytes())?;
        }
        let tool = format!("{} {}", document.tool.name, document.tool.version);
        writeln!(
            out,
            "</main>\n<footer><div>{}</div></footer>",
            text(&format!("{tool}. As at {}.", document.to.0))
        )
    })
}

fn lead(document: &MaintainedDocument<'_>) -> String {
    let closed = counted(document.findings.went, "finding was closed", "findings were closed");
    let open = counted(document.findings.at_to, "is", "are");
    let scans = counted(document.scans.complete + document.scans.incomplete, "scan", "scans");
    format!("{scans} in this time. {closed}, {open} open at its end.")
}

fn accounts(document: &MaintainedDocument<'_>) -> String {
    let mut table = Table::new(&["", "#At first", "#Came", "#Went", "#At last"]);
    for (name, one) in [
        ("Endpoints with a certificate", document.endpoints),
        ("Certificates in use", document.certificates),
        ("Findings", document.findings),
    ] {
        table.row([
            name,
            &*number(one.at_from),
            &format!("+{}", number(one.came)),
            &format!("−{}", number(one.went)),
            &format!("<b>{}</b>", number(one.at_to)),
        ]);
    }
    let scans = document.scans;
    let words = format!(
        "{} replaced by another; {} ended, {} of them incomplete.",
        counted(document.replaced, "certificate", "certificates"),
        counted(scans.complete + scans.incomplete, "scan", "scans"),
        number(scans.incomplete),
    );
    table.end() + &paragraph("note", &words)
}

fn closing(document: &MaintainedDocument<'_>) -> String {
    let mut table =
        Table::new(&["Severity", "#Closed", "#Half of them within", "#Longest", "#Open", "#Oldest open"]);
    let shown = |seconds: Option<i64>| seconds.map_or("–".to_owned(), duration);
    for one in &document.time_to_close {
        table.row([
            &*severity_word(Some(&one.severity)),
            &number(one.closed),
            &shown(one.median_seconds),
            &shown(one.longest_seconds),
            &number(one.open),
            &shown(one.oldest_open_seconds),
        ]);
    }
    let mut out = table.end();
    if !document.months.is_empty() {
        let first = document.months.len().saturating_sub(18);
        let months = || document.months.iter().skip(first);
        let label = |month: &str| month.get(2..).unwrap_or(month).to_owned();
        let opened = months().map(|one| Bar { label: label(&one.month), value: one.opened, class: "medium" });
        out.push_str(&timeline("Findings opened, by month", &opened.collect::<Vec<_>>()));
        let closed = months().map(|one| Bar { label: label(&one.month), value: one.closed, class: "good" });
        out.push_str(&timeline("Findings closed, by month", &closed.collect::<Vec<_>>()));
    }
    out
}

fn findings(rows: &[FindingRow<'_>], total: u64, document: &MaintainedDocument<'_>) -> String {
    if rows.is_empty() {
        return paragraph("", "None.");
    }
    let mut table = Table::new(&["Severity", "Finding", "Opened", "Closed", "Stood open", "Owner"]);
    for row in rows {
        let closed = row.resolved_at.filter(|at| at.0 <= document.to.0);
        let until = closed.map_or(document.to.0, |at| at.0);
        table.row([
            &*severity_word(Some(&row.severity)),
            &format!("{}<br><span class=\"soft\">{}</span>", text(&row.title), text(&row.key)),
            &format!("<span class=\"w\">{}</span>", text(&date(row.first_seen.0))),
            &closed.map(|at| format!("<span class=\"w\">{}</span>", text(&date(at.0)))).unwrap_or_default(),
            &text(&duration(until.seconds_since(row.first_seen.0))),
            &text(row.owner.as_deref().unwrap_or_default()),
        ]);
    }
    let shown = u64::try_from(rows.len()).unwrap_or(u64::MAX);
    table.end() + &more(total.saturating_sub(shown), "findings")
}

fn moves(document: &MaintainedDocument<'_>) -> String {
    let mut out = String::from("<h3>Replaced certificates</h3>\n");
    let mut table = Table::new(&["Endpoint", "Before, ended", "After, ends"]);
    for one in &document.certificates_replaced {
        table.row([
            &*text(&one.endpoint.label),
            &when(one.before.not_after.map(|end| end.0), document.to.0),
            &when(one.after.not_after.map(|end| end.0), document.to.0),
        ]);
    }
    let shown = u64::try_from(document.certificates_replaced.len()).unwrap_or(u64::MAX);
    out.push_str(&table.end());
    out.push_str(&more(document.replaced.saturating_sub(shown), "replaced certificates"));
    for (heading, list, total) in [
        ("Endpoints that came", &document.endpoints_came, document.endpoints.came),
        ("Endpoints that went, or fell silent", &document.endpoints_went, document.endpoints.went),
    ] {
        out.push_str(&format!("<h3>{}</h3>\n", text(heading)));
        let labels: Vec<String> = list.iter().map(|one| format!("<li>{}</li>", text(&one.label))).collect();
        let body =
            if labels.is_empty() { "None.".to_owned() } else { format!("<ul>{}</ul>", labels.concat()) };
        out.push_str(&format!("<div class=\"names\">{body}</div>\n"));
        let shown = u64::try_from(list.len()).unwrap_or(u64::MAX);
        out.push_str(&more(total.saturating_sub(shown), "endpoints"));
    }
    out
}
