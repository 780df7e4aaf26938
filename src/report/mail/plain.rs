//! The text part: at most 78 columns but for commands, safe for a terminal.
//!
//! Each line begins with our own words or spaces. A paragraph that quotes somebody else goes on behind a bar, so
//! that no certificate can write a line that looks like one of ours.

use super::document::{Document, Value};
use crate::report::layout::{clean, wrap};

/// RFC 5322 section 2.1.1.
const WIDTH: usize = 78;

/// Where the values of fields begin.
const VALUE_COLUMN: usize = 15;

/// Lines that one paragraph takes at most.
const MOST_LINES: usize = 14;

/// Characters of one line of a program's output.
const OUTPUT: usize = WIDTH - VALUE_COLUMN - BAR.len();

/// Begins what goes on with somebody else's words.
const BAR: &str = "| ";

/// The text part of `document`.
pub(super) fn render(document: &Document) -> String {
    let mut out = String::new();
    for sentence in &document.opening {
        paragraph(&mut out, "", 0, sentence);
    }
    for block in &document.blocks {
        gap(&mut out);
        paragraph(&mut out, block.badge, block.badge.len() + 2, &block.headline);
        for (name, values) in &block.fields {
            let mut name = format!("  {name}");
            for each in values {
                value(&mut out, &name, each);
                name.clear();
            }
        }
    }
    if !document.rest.is_empty() {
        gap(&mut out);
        document.rest.iter().for_each(|each| match each {
            Value::Command(command) => line(&mut out, "", 2, &clean(command)),
            _ => paragraph(&mut out, "", 0, each.raw()),
        });
    }
    // The separator of a signature (RFC 3676 section 4.3).
    out.push_str("\n-- \n");
    for sentence in &document.footer {
        paragraph(&mut out, "", 0, sentence);
    }
    out
}

/// An empty line between two things.
fn gap(out: &mut String) {
    if !out.is_empty() {
        out.push('\n');
    }
}

fn value(out: &mut String, name: &str, value: &Value) {
    match value {
        Value::Text(text) => paragraph(out, name, VALUE_COLUMN, text),
        Value::Command(command) => line(out, name, VALUE_COLUMN, &clean(command)),
        Value::Output(text) => {
            let text = clean(text);
            let shown = wrap(&text, OUTPUT, 2);
            for part in if shown.is_empty() { vec![String::new()] } else { shown } {
                line(out, name, VALUE_COLUMN, format!("{BAR}{part}").trim_end());
            }
        }
    }
}

/// `text` from column `indent` on, behind `name`.
fn paragraph(out: &mut String, name: &str, indent: usize, text: &str) {
    let text = clean(text);
    let mut parts = wrap(&text, WIDTH - indent, MOST_LINES);
    let bar = if parts.len() > 1 && text.contains('"') { BAR } else { "" };
    if !bar.is_empty() {
        parts = wrap(&text, WIDTH - indent - bar.len(), MOST_LINES);
    }
    let (mut name, mut bar_before) = (name, "");
    for part in parts {
        line(out, name, indent, &format!("{bar_before}{part}"));
        (name, bar_before) = ("", bar);
    }
}

fn line(out: &mut String, name: &str, indent: usize, text: &str) {
    let padding = indent.saturating_sub(name.len());
    out.push_str(name);
    out.extend(std::iter::repeat_n(' ', padding));
    out.push_str(text);
    out.push('\n');
}
