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

    /// One cell for a spreadsheet: the terminal rendering, and a leading `'` where a formula could start
    /// (OWASP, CSV injection). Quoting is the writer's work.
    pub fn csv(&self) -> String {
        let text = self.terminal();
        match text.trim_start().chars().next() {
            Some('=' | '+' | '-' | '@') => format!("'{text}"),
            _ => text,
        }
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

fn is_unsafe_for_terminal(c: char) -> bool {
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
    }

    #[test]
    fn invalid_utf8_is_kept_as_hexadecimal() {
        assert_eq!(Untrusted::from_bytes(b"a\xff\xfeb").raw(), "a\\xff\\xfeb");
    }
}
