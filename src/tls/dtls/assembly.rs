//! Handshake messages out of their fragments, which may come in any order, twice and overlapping (RFC 6347 section
//! 4.2.3). Holds no more than what came.

use std::collections::BTreeMap;

/// Messages ahead of the one that is waited for which are held: a flight has six.
const AHEAD: u16 = 16;

/// A fragment with its header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Fragment<'a> {
    pub(super) kind: u8,
    /// Length of the whole message.
    pub(super) length: usize,
    /// Number of the message.
    pub(super) sequence: u16,
    pub(super) offset: usize,
    pub(super) content: &'a [u8],
}

/// Messages on their way.
#[derive(Debug, Default)]
pub(super) struct Assembly {
    /// Number of the message that is waited for.
    next: u16,
    partial: BTreeMap<u16, Partial>,
}

#[derive(Debug)]
struct Partial {
    kind: u8,
    length: usize,
    pieces: BTreeMap<usize, Vec<u8>>,
    /// Bytes in the pieces, overlaps counted twice.
    held: usize,
}

impl Assembly {
    /// Messages that begin with this number.
    pub(super) fn starting_at(next: u16) -> Self {
        Self { next, partial: BTreeMap::new() }
    }

    /// Takes a fragment. One that was there before, comes too early, or does not fit to the others is dropped, as the
    /// standard asks.
    pub(super) fn add(&mut self, fragment: Fragment<'_>) {
        let Fragment { kind, length, sequence, offset, content } = fragment;
        let fits = offset.checked_add(content.len()).is_some_and(|end| end <= length);
        if !fits || sequence.checked_sub(self.next).is_none_or(|ahead| ahead > AHEAD) {
            return;
        }
        let partial = self.partial.entry(sequence).or_insert_with(|| Partial {
            kind,
            length,
            pieces: BTreeMap::new(),
            held: 0,
        });
        let is_known = partial.pieces.get(&offset).is_some_and(|piece| piece.len() >= content.len());
        if (partial.kind, partial.length) != (kind, length) || is_known || content.is_empty() {
            return;
        }
        partial.held += content.len();
        if let Some(shorter) = partial.pieces.insert(offset, content.to_vec()) {
            partial.held -= shorter.len();
        }
    }

    /// The next message, type and body, once it is whole.
    pub(super) fn next_message(&mut self) -> Option<(u8, Vec<u8>)> {
        let partial = self.partial.get(&self.next)?;
        let body = partial.body()?;
        let kind = partial.kind;
        self.partial.remove(&self.next);
        self.next = self.next.checked_add(1)?;
        Some((kind, body))
    }
}

impl Partial {
    fn body(&self) -> Option<Vec<u8>> {
        if self.held < self.length {
            return None;
        }
        let mut body = Vec::with_capacity(self.length);
        for (offset, piece) in &self.pieces {
            // A hole: the piece begins beyond what is there.
            let known = body.len().checked_sub(*offset)?;
            body.extend_from_slice(piece.get(known..).unwrap_or_default());
        }
        (body.len() == self.length).then_some(body)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn fragment(sequence: u16, body: &[u8], from: usize, to: usize) -> Fragment<'_> {
        Fragment { kind: 11, length: body.len(), sequence, offset: from, content: &body[from..to] }
    }

    #[test]
    fn a_message_without_a_body_is_whole_at_once() {
        let mut assembly = Assembly::starting_at(3);
        assert_eq!(assembly.next_message(), None);
        assembly.add(fragment(3, &[], 0, 0));
        assert_eq!(assembly.next_message(), Some((11, Vec::new())));
    }

    #[test]
    fn what_does_not_fit_is_dropped() {
        let mut assembly = Assembly::starting_at(1);
        assembly.add(Fragment { kind: 11, length: 2, sequence: 1, offset: 1, content: &[1, 2] });
        assembly.add(Fragment { kind: 11, length: 9, sequence: 0, offset: 0, content: &[1] });
        assembly.add(Fragment { kind: 11, length: 9, sequence: 90, offset: 0, content: &[1] });
        assert!(assembly.partial.is_empty());
        assembly.add(fragment(1, b"abc", 0, 2));
        assembly.add(Fragment { kind: 12, length: 3, sequence: 1, offset: 2, content: b"x" });
        assembly.add(Fragment { kind: 11, length: 4, sequence: 1, offset: 2, content: b"xy" });
        assert_eq!(assembly.next_message(), None);
        assembly.add(fragment(1, b"abc", 2, 3));
        assert_eq!(assembly.next_message(), Some((11, b"abc".to_vec())));
    }

    proptest! {
        #[test]
        fn fragments_in_any_order_make_the_same_messages(
            bodies in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..60), 1..5),
            size in 1_usize..20,
            overlap in 0_usize..5,
            order in any::<u64>(),
        ) {
            let mut fragments = Vec::new();
            for (sequence, body) in (0..).zip(&bodies) {
                let mut from = 0;
                loop {
                    let to = (from + size).min(body.len());
                    fragments.push(fragment(sequence, body, from.saturating_sub(overlap), to));
                    if to == body.len() {
                        break;
                    }
                    from = to;
                }
            }
            fragments.extend(fragments.clone());
            let turn = usize::try_from(order % 97).unwrap() % fragments.len();
            fragments.rotate_left(turn);
            if order % 2 == 0 {
                fragments.reverse();
            }
            let mut assembly = Assembly::starting_at(0);
            let mut got = Vec::new();
            for fragment in fragments {
                assembly.add(fragment);
                while let Some((kind, body)) = assembly.next_message() {
                    prop_assert_eq!(kind, 11);
                    got.push(body);
                }
            }
            prop_assert_eq!(got, bodies);
        }
    }
}
