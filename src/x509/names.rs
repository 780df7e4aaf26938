//! Reads distinguished names (RFC 5280 section 4.1.2.4): every string type, and the text form of RFC 4514.
//!
//! Control characters stay as they are: a sink renders them.

use super::der::{DerError, Element, Reader, tag};
use super::name::{Attribute, DistinguishedName};
use super::oid;
use crate::text::Untrusted;

/// A name, and why not all of it could be read.
pub(super) struct NameRead {
    pub(super) name: DistinguishedName,
    pub(super) error: Option<String>,
}

/// Reads a `Name` element. What can be read is kept.
pub(super) fn read_name(element: Element<'_>) -> NameRead {
    let mut name = DistinguishedName { der: element.whole.into(), ..DistinguishedName::default() };
    if element.tag != tag::SEQUENCE {
        let error = DerError::Unexpected { expected: tag::SEQUENCE, found: element.tag };
        return NameRead { name, error: Some(error.to_string()) };
    }
    let mut parts = Vec::new();
    let error = read_rdns(element.reader(), &mut name.attributes, &mut parts);
    parts.reverse();
    name.text = Untrusted::new(parts.join(","));
    NameRead { name, error: error.err() }
}

impl DistinguishedName {
    /// Reads a name from its DER, as a TLS server lists the authorities it accepts; `None` if it is no name or
    /// not all of it can be read.
    pub fn from_der(der: &[u8]) -> Option<Self> {
        let read = read_name(Reader::new(der).any().ok()?);
        read.error.is_none().then_some(read.name)
    }
}

/// The text of a string element of any kind; `None` for an element that is no string.
pub(super) fn string(element: Element<'_>) -> Option<Untrusted> {
    let content = element.content;
    match element.tag {
        tag::UTF8_STRING
        | tag::NUMERIC_STRING
        | tag::PRINTABLE_STRING
        | tag::IA5_STRING
        | tag::VISIBLE_STRING
        | tag::GENERAL_STRING => Some(Untrusted::from_bytes(content)),
        // Issuers write ISO 8859-1 where T.61 is announced, and every reader takes it so.
        tag::TELETEX_STRING => {
            Some(content.iter().map(|octet| char::from(*octet)).collect::<String>().into())
        }
        tag::BMP_STRING => Some(utf16(content)),
        tag::UNIVERSAL_STRING => Some(utf32(content)),
        _ => None,
    }
}

fn read_rdns(
    mut rdns: Reader<'_>,
    attributes: &mut Vec<Attribute>,
    parts: &mut Vec<String>,
) -> Result<(), String> {
    while !rdns.is_empty() {
        let rdn = rdns.expect(tag::SET).map_err(|error| error.to_string())?;
        let mut part = String::new();
        let read = read_rdn(rdn.reader(), attributes, &mut part);
        if !part.is_empty() {
            parts.push(part);
        }
        read?;
    }
    Ok(())
}

fn read_rdn(
    mut members: Reader<'_>,
    attributes: &mut Vec<Attribute>,
    part: &mut String,
) -> Result<(), String> {
    while !members.is_empty() {
        if attributes.len() == DistinguishedName::MAX_ATTRIBUTES {
            return Err(format!("more than {} attributes", DistinguishedName::MAX_ATTRIBUTES));
        }
        let attribute = members
            .expect(tag::SEQUENCE)
            .and_then(|member| read_attribute(member, part))
            .map_err(|e| e.to_string())?;
        attributes.push(attribute);
    }
    Ok(())
}

/// Reads `AttributeTypeAndValue` and adds it to its RDN's text.
fn read_attribute(element: Element<'_>, part: &mut String) -> Result<Attribute, DerError> {
    let mut fields = element.reader();
    let oid = oid::dotted(fields.expect(tag::OID)?.content);
    let encoded = fields.any()?;
    fields.end()?;
    let known = oid::attribute_name(&oid);
    let text = string(encoded);
    if !part.is_empty() {
        part.push('+');
    }
    part.push_str(known.unwrap_or(&oid));
    part.push('=');
    match (&text, known) {
        (Some(text), Some(_)) => escape(text.raw(), part),
        // A type without a short name has its value in hexadecimal (RFC 4514 section 2.4).
        _ => {
            part.push('#');
            part.push_str(&oid::hex(encoded.whole));
        }
    }
    let value = text.unwrap_or_else(|| format!("#{}", oid::hex(encoded.whole)).into());
    Ok(Attribute { name: known.map_or_else(|| oid.clone(), str::to_owned), oid, value })
}

/// RFC 4514 section 2.4.
fn escape(text: &str, out: &mut String) {
    let last = text.char_indices().next_back().map(|(at, _)| at);
    for (at, c) in text.char_indices() {
        match c {
            '\0' => out.push_str("\\00"),
            '"' | '+' | ',' | ';' | '<' | '>' | '\\' => out.extend(['\\', c]),
            '#' if at == 0 => out.push_str("\\#"),
            ' ' if at == 0 || Some(at) == last => out.push_str("\\ "),
            _ => out.push(c),
        }
    }
}

fn utf16(content: &[u8]) -> Untrusted {
    let units = content.chunks_exact(2);
    let rest = units.remainder();
    let units = units.map(|pair| pair.iter().fold(0_u16, |unit, octet| unit << 8 | u16::from(*octet)));
    let mut text = String::with_capacity(content.len());
    for unit in char::decode_utf16(units) {
        match unit {
            Ok(c) => text.push(c),
            Err(error) => push_octets(&error.unpaired_surrogate().to_be_bytes(), &mut text),
        }
    }
    push_octets(rest, &mut text);
    text.into()
}

fn utf32(content: &[u8]) -> Untrusted {
    let units = content.chunks_exact(4);
    let rest = units.remainder();
    let mut text = String::with_capacity(content.len());
    for octets in units {
        let unit = octets.iter().fold(0_u32, |unit, octet| unit << 8 | u32::from(*octet));
        match char::from_u32(unit) {
            Some(c) => text.push(c),
            None => push_octets(octets, &mut text),
        }
    }
    push_octets(rest, &mut text);
    text.into()
}

/// Octets that are no text, as [`Untrusted::from_bytes`] shows them.
fn push_octets(octets: &[u8], text: &mut String) {
    for octet in octets {
        text.push_str(&format!("\\x{octet:02x}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An element with content under 128 octets.
    fn element(tag: u8, content: &[u8]) -> Vec<u8> {
        let mut bytes = vec![tag, u8::try_from(content.len()).unwrap()];
        bytes.extend_from_slice(content);
        bytes
    }

    fn attribute(oid: &[u8], value: &[u8]) -> Vec<u8> {
        element(tag::SEQUENCE, &[element(tag::OID, oid), value.to_vec()].concat())
    }

    fn name(rdns: &[Vec<Vec<u8>>]) -> NameRead {
        let sets: Vec<u8> = rdns.iter().flat_map(|rdn| element(tag::SET, &rdn.concat())).collect();
        let mut der = vec![tag::SEQUENCE, 0x82];
        der.extend_from_slice(&u16::try_from(sets.len()).unwrap().to_be_bytes());
        der.extend(sets);
        read_name(Reader::new(&der).any().unwrap())
    }

    fn text_of(tag: u8, content: &[u8]) -> String {
        string(Reader::new(&element(tag, content)).any().unwrap()).unwrap().raw().to_owned()
    }

    #[test]
    fn the_most_specific_part_comes_first() {
        let cn = attribute(&[0x55, 4, 3], &element(tag::UTF8_STRING, b"a.example"));
        let o = attribute(&[0x55, 4, 10], &element(tag::PRINTABLE_STRING, b"Example"));
        let ou = attribute(&[0x55, 4, 11], &element(tag::PRINTABLE_STRING, b"Ops"));
        let read = name(&[vec![o, ou], vec![cn]]);
        assert_eq!(read.error, None);
        assert_eq!(read.name.text.raw(), "CN=a.example,O=Example+OU=Ops");
        assert_eq!(read.name.attribute("CN").map(Untrusted::raw), Some("a.example"));
        assert_eq!(read.name.label().raw(), "a.example");
        assert_eq!(DistinguishedName::from_der(&read.name.der), Some(read.name));
        assert_eq!(DistinguishedName::from_der(&[0x30, 0x82]), None);
        assert_eq!(DistinguishedName::from_der(&[5, 0]), None);
    }

    #[test]
    fn special_characters_are_escaped() {
        let cn = attribute(&[0x55, 4, 3], &element(tag::UTF8_STRING, b" #a,b+c\"d\\e<f>g;h\0i\x1b "));
        let o = attribute(&[0x55, 4, 10], &element(tag::UTF8_STRING, b"# x"));
        let read = name(&[vec![cn], vec![o]]);
        assert_eq!(read.name.text.raw(), "O=\\# x,CN=\\ #a\\,b\\+c\\\"d\\\\e\\<f\\>g\\;h\\00i\u{1b}\\ ");
    }

    #[test]
    fn unknown_types_are_kept_in_hexadecimal() {
        let odd = attribute(&[0x2a, 3], &element(tag::UTF8_STRING, b"v"));
        let bits = attribute(&[0x55, 4, 45], &element(tag::BIT_STRING, &[0, 1]));
        let read = name(&[vec![odd], vec![bits]]);
        assert_eq!(read.name.text.raw(), "x500UniqueIdentifier=#03020001,1.2.3=#0c0176");
        assert_eq!(read.name.attributes[0].value.raw(), "v");
        assert_eq!(read.name.attributes[0].name, "1.2.3");
        assert_eq!(read.name.attributes[1].value.raw(), "#03020001");
    }

    #[test]
    fn every_string_type_is_read() {
        assert_eq!(text_of(tag::TELETEX_STRING, b"Z\xfcrich"), "Zürich");
        assert_eq!(text_of(tag::BMP_STRING, &[0, b'Z', 0, 0xfc, 0xd8, 0x3d, 0xde, 0x00]), "Zü😀");
        assert_eq!(text_of(tag::BMP_STRING, &[0, b'Z', 0xd8, 0x3d, 7]), "Z\\xd8\\x3d\\x07");
        assert_eq!(
            text_of(tag::UNIVERSAL_STRING, &[0, 0, 0, b'Z', 0, 1, 0xf6, 0, 0xff, 0, 0, 0]),
            "Z😀\\xff\\x00\\x00\\x00"
        );
        assert_eq!(text_of(tag::UTF8_STRING, b"a\xff"), "a\\xff");
        assert_eq!(text_of(tag::IA5_STRING, b"a@b.example"), "a@b.example");
    }

    #[test]
    fn a_broken_part_leaves_the_rest() {
        let cn = attribute(&[0x55, 4, 3], &element(tag::UTF8_STRING, b"kept"));
        let read = name(&[vec![cn], vec![vec![0x02, 1, 1]]]);
        assert_eq!(read.name.text.raw(), "CN=kept");
        assert!(read.error.is_some());
    }

    #[test]
    fn attributes_without_number_are_cut() {
        let one = attribute(&[0x55, 4, 3], &element(tag::UTF8_STRING, b"x"));
        let read = name(&vec![vec![one]; 100]);
        assert_eq!(read.name.attributes.len(), DistinguishedName::MAX_ATTRIBUTES);
        assert!(read.error.unwrap().contains("64"));
    }
}
