//! Reads the text of a mail back, line by line as its reader does.

use super::mailbox::Received;

/// The badges that begin a line of a mail.
const BADGES: [&str; 15] = [
    "CRITICAL",
    "HIGH",
    "MEDIUM",
    "LOW",
    "INFO",
    "RESOLVED",
    "RETIRED",
    "BASELINE",
    "STILL WATCHING",
    "CUT OFF",
    "CLOCK",
    "NOT SCANNED",
    "HOOK FAILED",
    "MAIL REFUSED",
    "TEST",
];

/// One line of a mail: a badge, what there is, and the fields below it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) badge: String,
    pub(crate) headline: String,
    /// Names and values; a value of several lines is joined by spaces.
    pub(crate) fields: Vec<(String, String)>,
}

impl Line {
    /// The value of a field; empty where it is not there.
    pub(crate) fn field(&self, name: &str) -> &str {
        let found = self.fields.iter().find(|(field, _)| field == name);
        found.map_or("", |(_, value)| value.as_str())
    }

    /// The key that the reader is to type to say "I know"; only of what is there.
    pub(crate) fn key(&self) -> Option<&str> {
        self.field("I know").strip_prefix("certvigil findings ack ")?.split(' ').next()
    }

    /// A finding that is there now, told for the first time or worse than before.
    pub(crate) fn is_news(&self) -> bool {
        self.is_finding() && !self.headline.contains("(still, since")
    }

    pub(crate) fn is_finding(&self) -> bool {
        ["CRITICAL", "HIGH", "MEDIUM", "LOW", "INFO"].contains(&self.badge.as_str())
    }

    pub(crate) fn is_over(&self) -> bool {
        ["RESOLVED", "RETIRED"].contains(&self.badge.as_str())
    }
}

impl Received {
    /// The lines of the text part.
    pub(crate) fn lines(&self) -> Vec<Line> {
        let mut lines: Vec<Line> = Vec::new();
        let text = self.text.replace("\r\n", "\n");
        let (body, _) = text.rsplit_once("\n-- \n").unwrap_or_else(|| panic!("no footer in {text}"));
        for text in body.lines() {
            if let Some((badge, headline)) = text.split_once("  ")
                && BADGES.contains(&badge)
            {
                let (badge, headline) = (badge.to_owned(), headline.to_owned());
                lines.push(Line { badge, headline, fields: Vec::new() });
            } else if let Some(line) = lines.last_mut() {
                line.go_on(text);
            }
        }
        lines
    }

    /// Badge and headline of each line.
    pub(crate) fn headlines(&self) -> Vec<String> {
        self.lines().iter().map(|line| format!("{} {}", line.badge, line.headline)).collect()
    }
}

impl Line {
    fn go_on(&mut self, text: &str) {
        let value = text.trim_start().trim_start_matches("| ").trim_end();
        let indent = text.len() - text.trim_start().len();
        if indent == 2 {
            let name = text.get(2..15).unwrap_or(text).trim_end();
            let value = text.get(15..).unwrap_or_default().trim();
            self.fields.push((name.trim().to_owned(), value.to_owned()));
        } else if let Some((_, last)) = self.fields.last_mut() {
            *last = format!("{last} {value}").trim().to_owned();
        } else if !value.is_empty() {
            self.headline = format!("{} {value}", self.headline);
        }
    }
}
