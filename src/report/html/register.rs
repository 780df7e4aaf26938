//! The page of a register: what the regulation asks, what is missing, the lines.

use std::io::{self, Write};

use super::super::phrases::{counted, date};
use super::element::{Facts, Table, more, paragraph, section, text};
use super::{masthead, write_page};
use crate::time::UnixTime;
use crate::wire::v1::ReportHead;

/// What the page tells.
pub(in crate::report) struct RegisterPage<'a> {
    pub(in crate::report) head: &'a ReportHead<'a>,
    pub(in crate::report) now: UnixTime,
    pub(in crate::report) title: &'static str,
    pub(in crate::report) lead: &'static str,
    pub(in crate::report) columns: &'static [&'static str],
    pub(in crate::report) rows: &'a [Vec<String>],
    /// Lines in all.
    pub(in crate::report) total: u64,
    /// Lines without owner, purpose, reviewer or a review in time.
    pub(in crate::report) lacking: u64,
    /// Endpoints that gave no certificate.
    pub(in crate::report) unreached: u64,
}

/// Writes the page.
pub(in crate::report) fn write_register<W: Write>(out: &mut W, page: &RegisterPage<'_>) -> io::Result<()> {
    write_page(out, page.title, |out| {
        let kicker = format!("Certificate register · as at {}", date(page.now));
        write!(out, "<header>\n{}</header>\n<main>\n", masthead(&kicker, page.title, page.lead))?;
        let mut facts = Facts::default();
        facts.say("Lines", &counted(page.total, "certificate at a place", "certificates at their places"));
        let lacking = match page.lacking {
            0 => "every line has owner, purpose, reviewer and a review within twelve months".to_owned(),
            some => format!(
                "{} without owner, purpose, reviewer or a review within twelve months: complete [[owner]] in the profile",
                counted(some, "line", "lines")
            ),
        };
        facts.say("Completeness", &lacking);
        if page.unreached > 0 {
            let words = counted(page.unreached, "endpoint gave", "endpoints gave");
            facts.say("Not in the register", &format!("{words} no certificate; what they hold is not known"));
        }
        facts.say("Scan", &page.head.scan.id);
        facts.say("Seen", &page.head.scan.finished_at.unwrap_or(page.head.scan.started_at).0.to_string());
        facts.say("Program", &format!("{} {}", page.head.tool.name, page.head.tool.version));
        out.write_all(facts.end().as_bytes())?;
        let headings: Vec<String> = page.columns.iter().map(|column| heading(column)).collect();
        let headings: Vec<&str> = headings.iter().map(String::as_str).collect();
        let mut table = Table::new(&headings);
        for row in page.rows {
            let cells: Vec<String> = row.iter().map(|cell| text(cell)).collect();
            table.row(cells.iter().map(String::as_str));
        }
        let shown = u64::try_from(page.rows.len()).unwrap_or(u64::MAX);
        let mut body = table.end();
        if page.total > shown {
            body.push_str(&paragraph(
                "more",
                "The CSV of the same register has the lines that are not shown here.",
            ));
        }
        body.push_str(&more(page.total.saturating_sub(shown), "lines"));
        out.write_all(section("register", "The register", &body).as_bytes())?;
        out.write_all(b"</main>\n")
    })
}

/// `issuing_ca` as `Issuing CA`.
fn heading(column: &str) -> String {
    let words = column.replace('_', " ").replace(" ca", " CA").replace("sha256", "SHA-256");
    let mut chars = words.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}
