//! Lines of a target or exclusion file, one at a time: UTF-8, `#` comments, CRLF and a byte order mark allowed.
//!
//! Never holds more than one line; a line has at most [`MAX_LINE`] bytes.

use std::io::{BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::Arc;

use super::{DiscoverError, Origin};
use crate::text::escape_for_terminal;

/// Longest line, in bytes, its end not counted.
pub const MAX_LINE: usize = 4_096;

/// Bytes read at once.
const READ_AHEAD: usize = 64 * 1024;

/// One line that says something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Line<'a> {
    /// Without blanks around it and without its comment.
    pub(super) text: &'a str,
    /// What follows `#` on the same line.
    pub(super) comment: Option<&'a str>,
    /// From 1.
    pub(super) number: u64,
}

/// A reader of lines that knows where it is.
#[derive(Debug)]
pub(super) struct Lines<R> {
    reader: BufReader<R>,
    file: Arc<str>,
    buffer: Vec<u8>,
    /// Lines read so far.
    number: u64,
    /// Bytes read so far.
    offset: u64,
}

impl Lines<std::fs::File> {
    /// Opens `path`, shown as `file` in errors.
    pub(super) fn open(path: &Path, file: Arc<str>) -> Result<Self, DiscoverError> {
        let opened = std::fs::File::open(path);
        match opened {
            Ok(opened) => Ok(Self::new(opened, file)),
            Err(source) => Err(DiscoverError::File { file, source }),
        }
    }

    /// Goes to a place that [`Lines::position`] told.
    pub(super) fn seek(&mut self, (offset, number): (u64, u64)) -> Result<(), DiscoverError> {
        self.reader
            .seek(SeekFrom::Start(offset))
            .map_err(|source| DiscoverError::File { file: self.file.clone(), source })?;
        (self.offset, self.number) = (offset, number);
        Ok(())
    }
}

impl<R: Read> Lines<R> {
    /// Reads from `reader`, shown as `file` in errors.
    pub(super) fn new(reader: R, file: Arc<str>) -> Self {
        let reader = BufReader::with_capacity(READ_AHEAD, reader);
        Self { reader, file, buffer: Vec::new(), number: 0, offset: 0 }
    }

    /// Bytes and lines read so far.
    pub(super) fn position(&self) -> (u64, u64) {
        (self.offset, self.number)
    }

    /// The next line that says something; `None` at the end.
    pub(super) fn next(&mut self) -> Result<Option<Line<'_>>, DiscoverError> {
        loop {
            if !self.fill()? {
                return Ok(None);
            }
            if !is_silent(&self.buffer) {
                break;
            }
        }
        let number = self.number;
        let text = match std::str::from_utf8(&self.buffer) {
            Ok(text) => text,
            Err(_) => return Err(self.wrong("it is not UTF-8; save the file as UTF-8")),
        };
        let (text, comment) = split_comment(text);
        Ok(Some(Line { text, comment, number }))
    }

    /// Reads one line into the buffer, without its end; `false` at the end of the file.
    fn fill(&mut self) -> Result<bool, DiscoverError> {
        self.buffer.clear();
        let at_start = self.offset == 0;
        let mut complete = false;
        while !complete {
            let chunk = match self.reader.fill_buf() {
                Ok(chunk) => chunk,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
                Err(source) => return Err(DiscoverError::File { file: self.file.clone(), source }),
            };
            if chunk.is_empty() {
                if self.buffer.is_empty() {
                    return Ok(false);
                }
                break;
            }
            let (line, used) = match chunk.iter().position(|b| *b == b'\n') {
                Some(end) => {
                    complete = true;
                    (chunk.get(..end).unwrap_or_default(), end + 1)
                }
                None => (chunk, chunk.len()),
            };
            if self.buffer.len() + line.len() > MAX_LINE + 1 {
                self.number += 1;
                return Err(self.wrong(&format!("the line is longer than {MAX_LINE} bytes")));
            }
            self.buffer.extend_from_slice(line);
            self.reader.consume(used);
            self.offset = self.offset.saturating_add(u64::try_from(used).unwrap_or(u64::MAX));
        }
        self.number += 1;
        if self.buffer.last() == Some(&b'\r') {
            self.buffer.pop();
        }
        if at_start {
            if self.buffer.starts_with(&[0xff, 0xfe]) || self.buffer.starts_with(&[0xfe, 0xff]) {
                return Err(self.wrong("the file is UTF-16; save it as UTF-8"));
            }
            if self.buffer.starts_with(&[0xef, 0xbb, 0xbf]) {
                self.buffer.drain(..3);
            }
        }
        if self.buffer.len() > MAX_LINE {
            return Err(self.wrong(&format!("the line is longer than {MAX_LINE} bytes")));
        }
        Ok(true)
    }

    fn wrong(&self, why: &str) -> DiscoverError {
        let origin = Origin::Line { file: self.file.clone(), number: self.number };
        DiscoverError::Line { origin, why: why.to_owned() }
    }
}

/// How a path is shown in messages.
pub(super) fn shown(path: &Path) -> Arc<str> {
    escape_for_terminal(&path.to_string_lossy()).into()
}

/// Blank, or nothing but a comment.
fn is_silent(line: &[u8]) -> bool {
    matches!(line.trim_ascii_start().first(), None | Some(b'#'))
}

/// A comment starts at a `#` behind a blank; a `#` inside a word belongs to it (URL fragments).
fn split_comment(line: &str) -> (&str, Option<&str>) {
    for (at, _) in line.match_indices('#') {
        let (before, after) = line.split_at_checked(at).unwrap_or((line, ""));
        if before.is_empty() || before.ends_with(char::is_whitespace) {
            let comment = after.trim_start_matches('#').trim();
            return (before.trim(), Some(comment).filter(|c| !c.is_empty()));
        }
    }
    (line.trim(), None)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> Result<Vec<(String, Option<String>, u64)>, String> {
        let mut lines = Lines::new(bytes, "targets.txt".into());
        let mut out = Vec::new();
        while let Some(line) = lines.next().map_err(|error| error.to_string())? {
            out.push((line.text.to_owned(), line.comment.map(str::to_owned), line.number));
        }
        Ok(out)
    }

    #[test]
    fn comments_blanks_and_line_ends_are_understood() {
        let text = "\u{feff}a.example\r\n\r\n  # note\n\t b.example \t# why\nhttps://c.example/#x\n#\nd.example #\ne.example";
        let lines = read(text.as_bytes()).unwrap();
        let shown: Vec<String> = lines.iter().map(|(t, c, n)| format!("{n} {t} {c:?}")).collect();
        assert_eq!(
            shown,
            [
                "1 a.example None",
                "4 b.example Some(\"why\")",
                "5 https://c.example/#x None",
                "7 d.example None",
                "8 e.example None",
            ]
        );
    }

    #[test]
    fn what_is_no_text_is_refused_with_its_line() {
        assert_eq!(
            read(b"a.example\nb\xff\n").unwrap_err(),
            "targets.txt:2: it is not UTF-8; save the file as UTF-8"
        );
        assert_eq!(
            read(b"\xff\xfea\0\n\0").unwrap_err(),
            "targets.txt:1: the file is UTF-16; save it as UTF-8"
        );
        let long = vec![b'a'; 10_000_000];
        assert_eq!(read(&long).unwrap_err(), "targets.txt:1: the line is longer than 4096 bytes");
        let mut second = b"a\n".to_vec();
        second.extend(vec![b'a'; MAX_LINE + 1]);
        assert_eq!(read(&second).unwrap_err(), "targets.txt:2: the line is longer than 4096 bytes");
    }

    #[test]
    fn the_longest_line_is_read_with_either_end() {
        for end in ["", "\n", "\r\n"] {
            let text = format!("{}{end}", "a".repeat(MAX_LINE));
            assert_eq!(read(text.as_bytes()).unwrap()[0].0.len(), MAX_LINE);
        }
    }

    #[test]
    fn a_position_leads_back_to_the_same_line() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "a\n# c\n\nb\nc\n").unwrap();
        let mut lines = Lines::open(file.path(), "f".into()).unwrap();
        lines.next().unwrap();
        let position = lines.position();
        assert_eq!(lines.next().unwrap().map(|l| (l.text.to_owned(), l.number)), Some(("b".to_owned(), 4)));
        lines.seek(position).unwrap();
        assert_eq!(lines.next().unwrap().map(|l| (l.text.to_owned(), l.number)), Some(("b".to_owned(), 4)));
    }
}
