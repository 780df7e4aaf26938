//! Text inside XML 1.0 and HTML: references for what has a meaning there, escapes for what no reader should see.

use crate::text::escape_for_html;

/// Text inside an element or a quoted attribute of XML 1.0 (section 2.2 lists the characters it may hold) or HTML.
pub(super) fn xml(text: &str) -> String {
    let text = escape_for_html(text);
    if !text.contains(['\u{fffe}', '\u{ffff}']) {
        return text;
    }
    text.replace('\u{fffe}', "\\u{fffe}").replace('\u{ffff}', "\\u{ffff}")
}
