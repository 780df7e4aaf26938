//! Pieces of a page. Every text goes through [`text`]; nothing else writes what a peer said.

use std::fmt::Write as _;

use super::super::layout::clean;
use super::super::markup::xml;
use super::super::phrases::{date, from_now, number};
use crate::model::Severity;
use crate::time::UnixTime;

/// Characters shown of one text; the JSON report has it whole.
const LONGEST_TEXT: usize = 600;

/// Any text inside an element or an attribute: escaped, marks that pile up cut, long text cut.
pub(super) fn text(any: &str) -> String {
    let mut shown = clean(any);
    if shown.chars().count() > LONGEST_TEXT {
        shown = shown.chars().take(LONGEST_TEXT).chain(['…']).collect();
    }
    xml(&shown)
}

/// A section with its heading.
pub(super) fn section(id: &str, heading: &str, body: &str) -> String {
    format!("<section id=\"{id}\">\n<h2>{}</h2>\n{body}</section>\n", text(heading))
}

/// A paragraph.
pub(super) fn paragraph(class: &str, sentence: &str) -> String {
    let class = if class.is_empty() { String::new() } else { format!(" class=\"{class}\"") };
    format!("<p{class}>{}</p>\n", text(sentence))
}

/// What is not shown, and where it is.
pub(super) fn more(left_out: u64, what: &str) -> String {
    if left_out == 0 {
        return String::new();
    }
    paragraph("more", &format!("{} more {what}: the JSON report has them all.", number(left_out)))
}

/// A severity's word with its mark.
pub(super) fn severity(severity: Severity) -> String {
    let name = severity.name();
    format!("<span class=\"sev {name}\">{name}</span>")
}

/// A severity by its name; `-` for none.
pub(super) fn severity_word(name: Option<&str>) -> String {
    match name.and_then(Severity::from_name) {
        Some(known) => severity(known),
        None => "<span class=\"soft\">–</span>".to_owned(),
    }
}

/// A name that is short enough to stay on one line.
pub(super) fn place(label: &str) -> String {
    if label.chars().count() <= 40 {
        return format!("<span class=\"w\">{}</span>", text(label));
    }
    text(label)
}

/// A date and how far it is.
pub(super) fn when(time: Option<UnixTime>, now: UnixTime) -> String {
    match time {
        Some(time) => format!(
            "<span class=\"w\">{}</span> <span class=\"soft w\">{}</span>",
            text(&date(time)),
            text(&from_now(time, now))
        ),
        None => "<span class=\"soft\">unreadable</span>".to_owned(),
    }
}

/// A table; cells are markup.
#[derive(Debug)]
pub(super) struct Table {
    out: String,
    /// Which columns hold numbers.
    numeric: Vec<bool>,
}

impl Table {
    /// Columns by their headings; those that start with `#` hold numbers.
    pub(super) fn new(headings: &[&str]) -> Self {
        let numeric: Vec<bool> = headings.iter().map(|heading| heading.starts_with('#')).collect();
        let mut out = String::from("<div class=\"scroll\"><table>\n<thead><tr>");
        for (heading, is_number) in headings.iter().zip(&numeric) {
            let class = if *is_number { " class=\"n\"" } else { "" };
            let _ = write!(out, "<th scope=\"col\"{class}>{}</th>", text(heading.trim_start_matches('#')));
        }
        out.push_str("</tr></thead>\n<tbody>\n");
        Self { out, numeric }
    }

    pub(super) fn row<'c>(&mut self, cells: impl IntoIterator<Item = &'c str>) {
        self.classed("", cells);
    }

    /// A sum under what adds up to it.
    pub(super) fn sum<'c>(&mut self, cells: impl IntoIterator<Item = &'c str>) {
        self.classed(" class=\"sum\"", cells);
    }

    fn classed<'c>(&mut self, class: &str, cells: impl IntoIterator<Item = &'c str>) {
        let _ = write!(self.out, "<tr{class}>");
        for (cell, is_number) in cells.into_iter().zip(&self.numeric) {
            let class = if *is_number { " class=\"n\"" } else { "" };
            let _ = write!(self.out, "<td{class}>{cell}</td>");
        }
        self.out.push_str("</tr>\n");
    }

    pub(super) fn end(mut self) -> String {
        self.out.push_str("</tbody></table></div>\n");
        self.out
    }
}

/// A list of names and values; values are markup.
#[derive(Debug, Default)]
pub(super) struct Facts(String);

impl Facts {
    pub(super) fn add(&mut self, name: &str, value: &str) {
        let _ = writeln!(self.0, "<dt>{}</dt><dd>{value}</dd>", text(name));
    }

    /// A fact that is plain text; none for empty text.
    pub(super) fn say(&mut self, name: &str, value: &str) {
        if !value.is_empty() {
            self.add(name, &text(value));
        }
    }

    pub(super) fn end(self) -> String {
        format!("<dl>\n{}</dl>\n", self.0)
    }
}
