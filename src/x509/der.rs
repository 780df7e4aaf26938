//! A forgiving splitter of DER (X.690): one element after the other, each kept whole. Never recurses, never copies.
//!
//! It splits so that one broken field costs only itself; what a field means is read elsewhere. Lengths may be
//! longer than need be, as some issuers write them.

use thiserror::Error;

/// Universal tags, and the context-specific ones that a certificate uses.
pub(super) mod tag {
    pub(crate) const BOOLEAN: u8 = 0x01;
    pub(crate) const INTEGER: u8 = 0x02;
    pub(crate) const BIT_STRING: u8 = 0x03;
    pub(crate) const OCTET_STRING: u8 = 0x04;
    pub(crate) const OID: u8 = 0x06;
    pub(crate) const UTF8_STRING: u8 = 0x0c;
    pub(crate) const NUMERIC_STRING: u8 = 0x12;
    pub(crate) const PRINTABLE_STRING: u8 = 0x13;
    pub(crate) const TELETEX_STRING: u8 = 0x14;
    pub(crate) const IA5_STRING: u8 = 0x16;
    pub(crate) const UTC_TIME: u8 = 0x17;
    pub(crate) const GENERALIZED_TIME: u8 = 0x18;
    pub(crate) const VISIBLE_STRING: u8 = 0x1a;
    pub(crate) const GENERAL_STRING: u8 = 0x1b;
    pub(crate) const UNIVERSAL_STRING: u8 = 0x1c;
    pub(crate) const BMP_STRING: u8 = 0x1e;
    pub(crate) const SEQUENCE: u8 = 0x30;
    pub(crate) const SET: u8 = 0x31;
    /// `[n]`, primitive.
    pub(crate) const fn context(number: u8) -> u8 {
        0x80 | number
    }
    /// `[n]`, constructed.
    pub(crate) const fn context_constructed(number: u8) -> u8 {
        0xa0 | number
    }
}

/// One element: its tag octet, its content, and both with the length between them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Element<'a> {
    pub(super) tag: u8,
    pub(super) content: &'a [u8],
    pub(super) whole: &'a [u8],
}

impl<'a> Element<'a> {
    /// A reader of the elements inside.
    pub(super) fn reader(&self) -> Reader<'a> {
        Reader::new(self.content)
    }

    /// The octets of a BIT STRING that ends on an octet's edge.
    pub(super) fn octets_of_bit_string(&self) -> Result<&'a [u8], DerError> {
        match self.content {
            [0, octets @ ..] if self.tag == tag::BIT_STRING => Ok(octets),
            _ => Err(DerError::BitString),
        }
    }
}

/// Why bytes could not be split.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub(super) enum DerError {
    #[error("missing")]
    Missing,
    #[error("cut short: {needed} octets announced, {left} left")]
    CutShort { needed: usize, left: usize },
    #[error("a length of unsupported form")]
    Length,
    #[error("a tag of unsupported form")]
    Tag,
    #[error("found tag 0x{found:02x} where 0x{expected:02x} belongs")]
    Unexpected { expected: u8, found: u8 },
    #[error("not a bit string of whole octets")]
    BitString,
    #[error("{0} octets follow that do not belong here")]
    Trailing(usize),
}

/// Takes elements off the front of some bytes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// What was not taken yet.
    pub(super) fn rest(&self) -> &'a [u8] {
        self.rest
    }

    pub(super) fn peek_tag(&self) -> Option<u8> {
        self.rest.first().copied()
    }

    /// Takes the next element. Takes nothing where it cannot be split off.
    pub(super) fn any(&mut self) -> Result<Element<'a>, DerError> {
        let (tag, header, length) = header(self.rest)?;
        let total = header.saturating_add(length);
        let (whole, rest) = self
            .rest
            .split_at_checked(total)
            .ok_or(DerError::CutShort { needed: total, left: self.rest.len() })?;
        self.rest = rest;
        Ok(Element { tag, content: whole.get(header..).unwrap_or_default(), whole })
    }

    /// Like [`Reader::any`], but takes what there is of an element that is cut short, and says so.
    pub(super) fn any_cut_short(&mut self) -> Result<(Element<'a>, Option<DerError>), DerError> {
        match self.any() {
            Ok(element) => Ok((element, None)),
            Err(error @ DerError::CutShort { .. }) => {
                let (tag, header, _) = header(self.rest)?;
                let whole = std::mem::take(&mut self.rest);
                Ok((Element { tag, content: whole.get(header..).unwrap_or_default(), whole }, Some(error)))
            }
            Err(error) => Err(error),
        }
    }

    /// Takes the next element, which must have this tag; one with another tag is taken too, and refused.
    pub(super) fn expect(&mut self, expected: u8) -> Result<Element<'a>, DerError> {
        let element = self.any()?;
        if element.tag == expected {
            Ok(element)
        } else {
            Err(DerError::Unexpected { expected, found: element.tag })
        }
    }

    /// Takes the next element only if it has this tag.
    pub(super) fn optional(&mut self, expected: u8) -> Result<Option<Element<'a>>, DerError> {
        if self.peek_tag() == Some(expected) { self.any().map(Some) } else { Ok(None) }
    }

    /// Refuses whatever follows.
    pub(super) fn end(&self) -> Result<(), DerError> {
        match self.rest.len() {
            0 => Ok(()),
            count => Err(DerError::Trailing(count)),
        }
    }
}

/// The one element of `bytes`, with this tag and nothing behind it.
pub(super) fn only(bytes: &[u8], expected: u8) -> Result<Element<'_>, DerError> {
    let mut reader = Reader::new(bytes);
    let element = reader.expect(expected)?;
    reader.end()?;
    Ok(element)
}

/// Big-endian without leading zeros.
pub(super) fn without_leading_zeros(mut octets: &[u8]) -> &[u8] {
    while let [0, rest @ ..] = octets {
        octets = rest;
    }
    octets
}

/// Bits of a big-endian number.
pub(super) fn bit_length(octets: &[u8]) -> Option<u32> {
    let octets = without_leading_zeros(octets);
    let leading = octets.first().map_or(0, |first| first.leading_zeros());
    u32::try_from(octets.len()).ok()?.checked_mul(8)?.checked_sub(leading)
}

/// Tag octet, octets of the header, octets of the content.
pub(super) fn header(bytes: &[u8]) -> Result<(u8, usize, usize), DerError> {
    let [tag, first, rest @ ..] = bytes else {
        return Err(if bytes.is_empty() {
            DerError::Missing
        } else {
            DerError::CutShort { needed: 2, left: 1 }
        });
    };
    if tag & 0x1f == 0x1f {
        return Err(DerError::Tag);
    }
    if *first < 0x80 {
        return Ok((*tag, 2, usize::from(*first)));
    }
    let count = usize::from(first & 0x7f);
    if count == 0 || count > 8 {
        return Err(DerError::Length);
    }
    let octets = rest.get(..count).ok_or(DerError::CutShort { needed: 2 + count, left: bytes.len() })?;
    let length = octets.iter().fold(0_u64, |length, octet| length << 8 | u64::from(*octet));
    let length = usize::try_from(length).map_err(|_| DerError::Length)?;
    Ok((*tag, 2 + count, length))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_are_split_with_short_and_long_lengths() {
        let bytes = [0x02, 1, 7, 0x04, 0x82, 0, 2, 8, 9, 0x05, 0];
        let mut reader = Reader::new(&bytes);
        assert_eq!(reader.any().map(|e| (e.tag, e.content)), Ok((0x02, &[7][..])));
        assert_eq!(reader.any().map(|e| (e.tag, e.content)), Ok((0x04, &[8, 9][..])));
        assert_eq!(reader.optional(0x30), Ok(None));
        assert_eq!(reader.end(), Err(DerError::Trailing(2)));
        assert_eq!(reader.expect(0x30), Err(DerError::Unexpected { expected: 0x30, found: 0x05 }));
        assert_eq!(reader.any(), Err(DerError::Missing));
    }

    #[test]
    fn hostile_lengths_are_refused() {
        assert_eq!(Reader::new(&[0x30, 0x80]).any(), Err(DerError::Length));
        assert_eq!(Reader::new(&[0x30, 0xff]).any(), Err(DerError::Length));
        assert!(Reader::new(&[0x30, 0x88, 255, 255, 255, 255, 255, 255, 255, 255]).any().is_err());
        assert_eq!(Reader::new(&[0x1f, 0x81, 0]).any(), Err(DerError::Tag));
        assert_eq!(Reader::new(&[0x30]).any(), Err(DerError::CutShort { needed: 2, left: 1 }));
        assert!(matches!(Reader::new(&[0x30, 0x82, 1]).any(), Err(DerError::CutShort { .. })));
    }

    #[test]
    fn what_is_left_of_a_cut_element_is_taken() {
        let mut reader = Reader::new(&[0x30, 5, 1, 2]);
        let (element, error) = reader.any_cut_short().unwrap();
        assert_eq!(element.content, [1, 2]);
        assert_eq!(error, Some(DerError::CutShort { needed: 7, left: 4 }));
        assert!(reader.is_empty());
    }

    #[test]
    fn bits_are_counted_without_leading_zeros() {
        assert_eq!(bit_length(&[0, 0x80, 0]), Some(16));
        assert_eq!(bit_length(&[1, 0, 1]), Some(17));
        assert_eq!(bit_length(&[0, 0]), Some(0));
    }
}
