//! Output of a program, kept up to a limit: its beginning and its end, and how much is missing between them.

use std::collections::VecDeque;

use crate::text::Untrusted;

/// What is kept so far.
#[derive(Debug)]
pub(super) struct Capture {
    head: Vec<u8>,
    head_limit: usize,
    tail: VecDeque<u8>,
    tail_limit: usize,
    cut: u64,
}

impl Capture {
    /// Keeps `limit` bytes: the first half of them from the start, the other from the end.
    pub(super) fn new(limit: usize) -> Self {
        let head_limit = limit / 2;
        let tail_limit = limit - head_limit;
        Self { head: Vec::new(), head_limit, tail: VecDeque::new(), tail_limit, cut: 0 }
    }

    pub(super) fn add(&mut self, bytes: &[u8]) {
        let room = self.head_limit.saturating_sub(self.head.len()).min(bytes.len());
        let (first, rest) = bytes.split_at(room);
        self.head.extend_from_slice(first);
        // Of a piece longer than the tail only its end can stay.
        let (skipped, last) = rest.split_at(rest.len().saturating_sub(self.tail_limit));
        let surplus = (self.tail.len() + last.len()).saturating_sub(self.tail_limit);
        self.tail.drain(..surplus);
        self.tail.extend(last);
        self.cut += u64::try_from(skipped.len() + surplus).unwrap_or(u64::MAX);
    }

    /// The text, and how many bytes are missing from it. Leaves nothing behind.
    pub(super) fn finish(&mut self) -> (Untrusted, u64) {
        let mut text = std::mem::take(&mut self.head);
        if self.cut > 0 {
            text.extend_from_slice(format!("\n[{} bytes of output left out]\n", self.cut).as_bytes());
        }
        text.extend(std::mem::take(&mut self.tail));
        (Untrusted::from_bytes(&text), std::mem::take(&mut self.cut))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn captured(limit: usize, pieces: &[&str]) -> (String, u64) {
        let mut capture = Capture::new(limit);
        pieces.iter().for_each(|piece| capture.add(piece.as_bytes()));
        let (text, cut) = capture.finish();
        (text.raw().to_owned(), cut)
    }

    #[test]
    fn what_fits_is_kept_whole() {
        assert_eq!(captured(6, &["ab", "", "cdef"]), ("abcdef".to_owned(), 0));
        assert_eq!(captured(6, &[]), (String::new(), 0));
    }

    #[test]
    fn of_more_the_start_and_the_end_are_kept() {
        let expected = ("abc\n[4 bytes of output left out]\nhij".to_owned(), 4);
        assert_eq!(captured(6, &["abcdefghij"]), expected);
        assert_eq!(captured(6, &["a", "bcd", "efg", "hi", "j"]), expected);
        assert_eq!(captured(0, &["abc"]), ("\n[3 bytes of output left out]\n".to_owned(), 3));
    }
}
