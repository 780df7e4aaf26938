//! The HTML part: tables with inline styles, readable without colours and on a dark ground.
//!
//! Never an image, a link, a script or a style sheet; every text goes through `escape`.

use super::document::{Block, Document, Tone, Value};
use crate::report::layout::clean;
use crate::text::escape_for_html;

const BODY: &str = "font-family:sans-serif;font-size:14px;line-height:1.4;margin:12px";
const TABLE: &str = "border-collapse:collapse;margin:0 0 20px 0;max-width:760px";
const NAME: &str = "padding:2px 12px 2px 10px;vertical-align:top;white-space:nowrap;opacity:0.75";
const VALUE: &str = "padding:2px 0;vertical-align:top;word-break:break-word";
const CODE: &str = "font-family:monospace;font-size:13px;white-space:pre-wrap;word-break:break-all";
const FOOTER: &str = "border-top:1px solid #888888;padding-top:8px;font-size:12px;opacity:0.75";

/// The HTML part of `document`.
pub(super) fn render(document: &Document, subject: &str) -> String {
    let mut out = String::from("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
    out.push_str("<meta name=\"viewport\" content=\"width=device-width\">\n");
    out.push_str("<meta name=\"color-scheme\" content=\"light dark\">\n");
    out.push_str(&format!("<title>{}</title>\n</head>\n<body style=\"{BODY}\">\n", escape(subject)));
    for sentence in &document.opening {
        out.push_str(&format!("<p>{}</p>\n", escape(sentence)));
    }
    for block in &document.blocks {
        table(&mut out, block);
    }
    if !document.rest.is_empty() {
        out.push_str(&format!("<p>{}</p>\n", values(&document.rest)));
    }
    out.push_str(&format!("<div style=\"{FOOTER}\">\n"));
    for sentence in &document.footer {
        out.push_str(&format!("<div>{}</div>\n", escape(sentence)));
    }
    out.push_str("</div>\n</body>\n</html>\n");
    out
}

fn table(out: &mut String, block: &Block) {
    let colour = colour(block.tone);
    out.push_str(&format!(
        "<table role=\"presentation\" style=\"{TABLE};border-left:5px solid {colour}\">\n\
         <tr><td colspan=\"2\" style=\"padding:2px 0 6px 10px;font-size:16px\">\
         <span style=\"background-color:{colour};color:#ffffff;font-size:12px;font-weight:bold;padding:2px 6px\">{}</span> \
         <b>{}</b></td></tr>\n",
        block.badge,
        escape(&block.headline)
    ));
    for (name, each) in &block.fields {
        out.push_str(&format!(
            "<tr><td style=\"{NAME}\">{name}</td><td style=\"{VALUE}\">{}</td></tr>\n",
            values(each)
        ));
    }
    out.push_str("</table>\n");
}

fn values(values: &[Value]) -> String {
    let parts: Vec<String> = values
        .iter()
        .map(|value| match value {
            Value::Text(text) => escape(text),
            Value::Command(text) | Value::Output(text) => {
                format!("<code style=\"{CODE}\">{}</code>", escape(text))
            }
        })
        .collect();
    parts.join("<br>\n")
}

/// Dark enough for white text, light enough for a dark ground.
fn colour(tone: Tone) -> &'static str {
    match tone {
        Tone::Critical => "#b3261e",
        Tone::High => "#b54708",
        Tone::Medium => "#7a6200",
        Tone::Low => "#4a5a6a",
        Tone::Good => "#1b6e3c",
        Tone::Watch => "#3b4fa0",
    }
}

/// The only way for text into the page.
fn escape(text: &str) -> String {
    escape_for_html(&clean(text))
}
