//! JSON (RFC 8259) that is safe wherever it is shown: what a terminal would act on or hide, and the angle brackets
//! that could end a script element of a page, are written as `\uXXXX`. It reads back as the same text.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::ser::{Formatter, Serializer};

use crate::text::is_unsafe_for_terminal;

/// One member a line, or no space at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JsonLayout {
    Pretty,
    Compact,
}

/// Appends `value` to `out`, as it stands `depth` levels deep in a document.
pub(super) fn push_json(
    out: &mut Vec<u8>,
    value: &impl Serialize,
    layout: JsonLayout,
    depth: usize,
) -> io::Result<()> {
    let formatter = SafeFormatter { layout, depth, has_value: false };
    value.serialize(&mut Serializer::with_formatter(out, formatter)).map_err(io::Error::from)
}

/// Starts a line at `depth` in a pretty document.
pub(super) fn push_line_start(out: &mut Vec<u8>, layout: JsonLayout, depth: usize) {
    if layout == JsonLayout::Pretty {
        out.push(b'\n');
        out.extend(std::iter::repeat_n(b' ', 2 * depth));
    }
}

struct SafeFormatter {
    layout: JsonLayout,
    depth: usize,
    /// The array or object that is open has a member.
    has_value: bool,
}

impl SafeFormatter {
    fn open<W: ?Sized + Write>(&mut self, writer: &mut W, bracket: &[u8]) -> io::Result<()> {
        self.depth += 1;
        self.has_value = false;
        writer.write_all(bracket)
    }

    fn close<W: ?Sized + Write>(&mut self, writer: &mut W, bracket: &[u8]) -> io::Result<()> {
        self.depth = self.depth.saturating_sub(1);
        if self.has_value {
            self.start_line(writer)?;
        }
        writer.write_all(bracket)
    }

    fn begin_member<W: ?Sized + Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        if !first {
            writer.write_all(b",")?;
        }
        self.start_line(writer)
    }

    fn start_line<W: ?Sized + Write>(&self, writer: &mut W) -> io::Result<()> {
        if self.layout == JsonLayout::Pretty {
            writer.write_all(b"\n")?;
            for _ in 0..self.depth {
                writer.write_all(b"  ")?;
            }
        }
        Ok(())
    }
}

impl Formatter for SafeFormatter {
    fn write_string_fragment<W: ?Sized + Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        if fragment.bytes().all(is_plain_ascii) {
            return writer.write_all(fragment.as_bytes());
        }
        let mut plain = 0;
        for (at, c) in fragment.char_indices().filter(|(_, c)| needs_escape(*c)) {
            writer.write_all(fragment.get(plain..at).unwrap_or_default().as_bytes())?;
            for unit in c.encode_utf16(&mut [0; 2]) {
                write!(writer, "\\u{unit:04x}")?;
            }
            plain = at + c.len_utf8();
        }
        writer.write_all(fragment.get(plain..).unwrap_or_default().as_bytes())
    }

    fn begin_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.open(writer, b"[")
    }

    fn end_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.close(writer, b"]")
    }

    fn begin_array_value<W: ?Sized + Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.begin_member(writer, first)
    }

    fn end_array_value<W: ?Sized + Write>(&mut self, _writer: &mut W) -> io::Result<()> {
        self.has_value = true;
        Ok(())
    }

    fn begin_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.open(writer, b"{")
    }

    fn end_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.close(writer, b"}")
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.begin_member(writer, first)
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        match self.layout {
            JsonLayout::Pretty => writer.write_all(b": "),
            JsonLayout::Compact => writer.write_all(b":"),
        }
    }

    fn end_object_value<W: ?Sized + Write>(&mut self, _writer: &mut W) -> io::Result<()> {
        self.has_value = true;
        Ok(())
    }
}

fn is_plain_ascii(byte: u8) -> bool {
    byte < 0x7f && byte != b'<' && byte != b'>'
}

fn needs_escape(c: char) -> bool {
    matches!(c, '<' | '>') || is_unsafe_for_terminal(c)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn text(value: &Value, layout: JsonLayout) -> String {
        let mut out = Vec::new();
        push_json(&mut out, value, layout, 0).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn hostile_text_is_escaped_and_reads_back() {
        let value = json!({"a\u{9b}": "\u{1b}]52;c;\u{7}</script>\u{202e}\u{7f}\u{e0041}é\r\n\"\\"});
        let text = text(&value, JsonLayout::Compact);
        assert_eq!(
            text,
            "{\"a\\u009b\":\"\\u001b]52;c;\\u0007\\u003c/script\\u003e\\u202e\\u007f\\udb40\\udc41é\\r\\n\\\"\\\\\"}"
        );
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), value);
    }

    #[test]
    fn the_layout_is_that_of_other_printers() {
        let value = json!({"a": [], "b": {}, "c": [1, [2, {"d": null}]], "e": {"f": [true]}});
        assert_eq!(text(&value, JsonLayout::Pretty), serde_json::to_string_pretty(&value).unwrap());
        assert_eq!(text(&value, JsonLayout::Compact), serde_json::to_string(&value).unwrap());
    }
}
