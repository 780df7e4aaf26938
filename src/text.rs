//! Text that somebody else wrote: certificate names, banners, alerts, DNS answers.
//!
//! Never prints itself: there is no `Display`. Each sink asks for its own rendering, so that no
//! certificate can move a cursor, forge a line, or start a formula in a spreadsheet.

use std::fmt;

/// Text from the network, a certificate or a file. Compared and hashed by its bytes as read.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Untrusted(Box<str>);

impl Untrusted {
    /// Takes text as it is.
    pub fn new(text: impl Into<Box<str>>) -> Self {
        Self(text.into())
    }

    /// Takes bytes that ought to be UTF-8; what is not becomes `\xNN`, so nothing is lost.
    pub fn from_bytes(bytes: &[u8]) -> Self {
        let mut text = String::with_capacity(bytes.len());
        for chunk in bytes.utf8_chunks() {
            text.push_str(chunk.valid());
            for byte in chunk.invalid() {
                text.push_str(&format!("\\x{byte:02x}"));
            }
        }
        Self(text.into())
    }

    /// The text as read, for comparing and for formats that escape by themselves (JSON).
    pub fn raw(&self) -> &str {
        &self.0
    }

    /// One line for a terminal: control, format and bidirectional characters become `\u{..}`.
    pub fn terminal(&self) -> String {
        escape_for_terminal(&self.0)
    }

    /// One cell for a spreadsheet, see [`escape_for_csv`]. Quoting is the writer's work.
    pub fn csv(&self) -> String {
        escape_for_csv(&self.0)
    }

    /// Text inside an element or a quoted attribute of a page, see [`escape_for_html`].
    pub fn html(&self) -> String {
        escape_for_html(&self.0)
    }

    /// Part of a mail's header, at most `most` characters, see [`mail_header`].
    pub fn mail_header(&self, most: usize) -> String {
        mail_header(&self.0, most)
    }
}

impl fmt::Debug for Untrusted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl From<&str> for Untrusted {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl From<String> for Untrusted {
    fn from(text: String) -> Self {
        Self::new(text)
    }
}

/// Escapes what a terminal would act on or hide: C0, DEL, C1, line and paragraph separators, zero-width and
/// bidirectional controls, tags, variation selectors and the byte order mark.
pub fn escape_for_terminal(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if is_unsafe_for_terminal(c) {
            out.push_str(&format!("\\u{{{:x}}}", c as u32));
        } else {
            out.push(c);
        }
    }
    out
}

/// The terminal rendering, with a `'` where a spreadsheet could start a formula (OWASP, CSV injection): at the
/// start, and after a semicolon, which separates cells where the comma is the decimal point.
pub fn escape_for_csv(text: &str) -> String {
    let text = escape_for_terminal(text);
    let mut out = String::with_capacity(text.len() + 1);
    if text.trim_start_matches(is_skipped_before_formula).starts_with(is_formula_start) {
        out.push('\'');
    }
    let mut after_separator = false;
    for c in text.chars() {
        if after_separator && is_formula_start(c) {
            out.push('\'');
        }
        after_separator = c == ';' || (after_separator && is_skipped_before_formula(c));
        out.push(c);
    }
    out
}

/// The terminal rendering with `&`, `<`, `>` and both quotes as character references: text inside an element or a
/// quoted attribute (HTML Living Standard, section 13.1.4). Never for scripts, styles, URLs or bare attributes.
pub fn escape_for_html(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c if is_unsafe_for_terminal(c) => out.push_str(&format!("\\u{{{:x}}}", c as u32)),
            c => out.push(c),
        }
    }
    out
}

/// The terminal rendering as the value of a mail's header: one line of at most `most` characters, cut with `…`. What
/// a mail reader would decode by itself (RFC 2047 encoded words, `=?…?=`) is broken, too.
pub fn mail_header(text: &str, most: usize) -> String {
    let text = escape_for_terminal(text).replace("=?", "=\\u{3f}");
    let text = text.trim();
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let mut cut: String = text.chars().take(most.saturating_sub(1)).collect();
    cut.truncate(cut.trim_end().len());
    cut.push('…');
    cut
}

/// One word of a POSIX shell (IEEE 1003.1 section 2.2.2): bare where no character means anything to it. What a
/// terminal would act on is for the caller to escape.
pub fn shell_word(text: &str) -> String {
    let is_plain =
        |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | ':' | '/' | '-' | '_' | '@' | ',' | '+');
    if !text.is_empty() && text.chars().all(is_plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', "'\\''"))
}

fn is_formula_start(c: char) -> bool {
    matches!(c, '=' | '+' | '-' | '@' | '\u{ff1d}' | '\u{ff0b}' | '\u{ff0d}' | '\u{ff20}')
}

fn is_skipped_before_formula(c: char) -> bool {
    c.is_whitespace() || c == '"'
}

/// A terminal would act on this character or hide it.
pub fn is_unsafe_for_terminal(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_never_sees_a_control_character() {
        let hostile = Untrusted::new("a\u{1b}[2Jb\r\nc\u{202e}d\u{9b}e\u{0}");
        assert_eq!(hostile.terminal(), "a\\u{1b}[2Jb\\u{d}\\u{a}c\\u{202e}d\\u{9b}e\\u{0}");
    }

    #[test]
    fn a_spreadsheet_never_starts_a_formula() {
        for start in ["=", "+", "-", "@", " ="] {
            assert!(Untrusted::new(format!("{start}cmd|' /C calc'!A0")).csv().starts_with('\''));
        }
        assert_eq!(Untrusted::new("plain").csv(), "plain");
        assert_eq!(Untrusted::new("a; =cmd;\"-x").csv(), "a; '=cmd;\"'-x");
        assert_eq!(Untrusted::new("\u{ff1d}cmd").csv(), "'\u{ff1d}cmd");
        assert_eq!(Untrusted::new("a-b; c=d").csv(), "a-b; c=d");
    }

    #[test]
    fn a_page_never_gets_an_element() {
        let hostile = Untrusted::new("<script>alert('1')</script>&\"\u{202e}\r\n");
        let page = "&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&amp;&quot;\\u{202e}\\u{d}\\u{a}";
        assert_eq!(hostile.html(), page);
    }

    #[test]
    fn a_header_of_a_mail_is_one_line() {
        let hostile = Untrusted::new(" a\r\nBcc: x@y.example\u{2028}=?utf-8?q?=0D?= ");
        assert_eq!(hostile.mail_header(200), "a\\u{d}\\u{a}Bcc: x@y.example\\u{2028}=\\u{3f}utf-8?q?=0D?=");
        assert_eq!(mail_header("one two three", 8), "one two…");
        assert_eq!(mail_header("one two three", 9), "one two…");
        assert_eq!(mail_header("one two", 7), "one two");
        assert_eq!(mail_header("ééé", 2), "é…");
    }

    #[test]
    fn a_shell_sees_one_word() {
        assert_eq!(shell_word("/srv/a_b.toml"), "/srv/a_b.toml");
        assert_eq!(shell_word("a b'; $(c)"), "'a b'\\''; $(c)'");
        assert_eq!(shell_word(""), "''");
    }

    #[test]
    fn invalid_utf8_is_kept_as_hexadecimal() {
        assert_eq!(Untrusted::from_bytes(b"a\xff\xfeb").raw(), "a\\xff\\xfeb");
    }
}
